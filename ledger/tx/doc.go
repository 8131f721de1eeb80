// Package tx is the signed transaction and the record made of it: bytes in, checked values out.
//
// A transaction is born as a Body in a wallet or gateway. Encode gives its canonical bytes, once; NewID hashes them with
// the network's id into the transaction's id; keys sign the id; Seal puts bytes and signatures into an envelope. From
// then on the received bytes are kept and never re-encoded. A validator calls Parse, which needs no state: it walks the
// wire bytes to see that they are in canonical form (SPEC.md 2), checks every static rule, and returns a Signed whose
// fields are all well formed. VerifySignatures then checks each signature. What the ledger makes of it becomes a leaf
// (leaf.go), and many travel in one batch (batch.go).
//
// The package promises: one encoding per meaning, so whatever Parse accepts encodes again to the same bytes; an error
// names the field and the rule; nothing is allocated beyond the size limits. It refuses what it does not know: an unknown
// field, operation or enum value is malformed, never ignored. Protobuf types stop here: the rules in package ledger see
// only the plain types.
package tx

import "errors"

// Errors of Parse and of the other decoders. Details are appended to them with %w.
var (
	// ErrNotCanonical means the bytes are not in canonical form.
	ErrNotCanonical = errors.New("not in canonical form")
	// ErrMalformed means a field breaks a rule that needs no state.
	ErrMalformed = errors.New("malformed")
	// ErrTooLarge means a size limit is passed.
	ErrTooLarge = errors.New("too large")
	// ErrBadSignature means a signature does not verify.
	ErrBadSignature = errors.New("signature does not verify")
)

// Limits that need no state (design: static upper bounds computed from the bytes).
const (
	// MaxEnvelopeBytes bounds an envelope.
	MaxEnvelopeBytes = 16 << 10
	// MaxOperations bounds the operations of one transaction.
	MaxOperations = 400
	// MaxAccounts bounds the distinct accounts that one transaction names.
	MaxAccounts = 512
	// MaxSignatures bounds the signatures of one envelope: all owner keys of an account can sign, or all its attestors with the
	// others that a move needs.
	MaxSignatures = 16
	// MaxAuthorityKeys bounds the owner keys of one account.
	MaxAuthorityKeys = 16
	// MaxAttestors bounds the attestors that an authority asks for.
	MaxAttestors = 8
	// MaxLegs bounds the legs of one bulk transfer.
	MaxLegs = 400
	// MaxTier is the highest tier.
	MaxTier = 9
	// MaxAssetCodeBytes bounds the code of an asset.
	MaxAssetCodeBytes = 12
	// MaxNameBytes bounds the name of a provider or attestor.
	MaxNameBytes = 32
	// MaxCodes and MaxCodeBytes bound what a provider is dialled by.
	MaxCodes, MaxCodeBytes = 8, 24
	// MaxLanguages and MaxLanguageBytes bound the languages of a provider.
	MaxLanguages, MaxLanguageBytes = 16, 16
	// MaxEndpoints and MaxEndpointBytes bound where a provider or attestor is found.
	MaxEndpoints, MaxEndpointBytes = 8, 128
	// MaxTelephoneBytes bounds a telephone number: a plus and 15 digits.
	MaxTelephoneBytes = 16
	// MinValidators and MaxValidators bound a validator set.
	MinValidators, MaxValidators = 4, 31
	// MaxValidatorNameBytes bounds the name of a validator.
	MaxValidatorNameBytes = 64
	// MaxDelayMs bounds the parameters that are delays.
	MaxDelayMs = 365 * 24 * 3600 * 1000
	// MaxCreditIntervalMs (about a day and a half), MaxCreditBurst and MaxShares bound credits, so that their product stays below
	// 2^63.
	MaxCreditIntervalMs, MaxCreditBurst, MaxShares = 1 << 27, 1 << 20, 1 << 16
	// MaxFeeBands bounds the bands of a fee schedule.
	MaxFeeBands = 16
	// MaxBasisPoints bounds the share of a fee: all of the amount.
	MaxBasisPoints = 10_000
	// MaxReferenceBytes bounds a transfer's reference.
	MaxReferenceBytes = 64
	// MaxLeafBytes bounds a leaf: C2SP tlog-tiles writes its length in 16 bits.
	MaxLeafBytes = 65535
	// MaxBatchBytes bounds the envelopes of a batch together.
	MaxBatchBytes = 256 << 10
	// MaxLifetimeMs is how far ahead of ledger time an expiry may lie.
	MaxLifetimeMs = 7 * 24 * 3600 * 1000
)
