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
	// MaxSignatures bounds the signatures of one envelope.
	MaxSignatures = 8
	// MaxAuthorityKeys bounds the owner keys of one account.
	MaxAuthorityKeys = 16
	// MaxReferenceBytes bounds a transfer's reference.
	MaxReferenceBytes = 64
	// MaxLeafBytes bounds a leaf: C2SP tlog-tiles writes its length in 16 bits.
	MaxLeafBytes = 65535
	// MaxBatchBytes bounds the envelopes of a batch together.
	MaxBatchBytes = 256 << 10
	// MaxLifetimeMs is how far ahead of ledger time an expiry may lie.
	MaxLifetimeMs = 7 * 24 * 3600 * 1000
)
