package tx

import (
	"crypto/ed25519"
	"fmt"
	"strings"

	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// Propose puts a decision to the validators.
type Propose struct {
	Validator         string
	Decision          Decision
	ExpiresAtUnixMs   uint64
	EffectiveAtUnixMs uint64 // 0 means as soon as it has passed
	// EvidenceHash is of what the decision rests on; nil when it names nothing. Nobody judges it.
	EvidenceHash *[32]byte
}

func (o Propose) check() error {
	if err := checkValidatorName("propose", o.Validator); err != nil {
		return err
	}
	switch {
	case o.Decision == nil:
		return fmt.Errorf("propose has no decision: %w", ErrMalformed)
	case o.ExpiresAtUnixMs == 0:
		return fmt.Errorf("propose expires_at_unix_ms is zero: %w", ErrMalformed)
	}
	return o.Decision.checkDecision()
}

func (o Propose) accounts(to []AccountID) []AccountID {
	if o.Decision == nil {
		return to
	}
	return o.Decision.decisionAccounts(to)
}
func (o Propose) entries() int { return 6 }

// Vote is a validator's word on a ballot.
type Vote struct {
	Ballot    BallotID
	Validator string
	Yes       bool
}

func (o Vote) check() error                        { return checkValidatorName("vote", o.Validator) }
func (o Vote) accounts(to []AccountID) []AccountID { return to }
func (o Vote) entries() int                        { return 6 }

// checkValidatorName is the rules of a validator's name; package checkpoint has the same, which files and flags rely on.
func checkValidatorName(of, name string) error {
	if len(name) == 0 || len(name) > MaxValidatorNameBytes || name[0] == '.' || name[0] == '-' ||
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		return fmt.Errorf("%s validator is not 1 to %d of [a-z0-9.-], a letter or digit first: %w", of, MaxValidatorNameBytes, ErrMalformed)
	}
	return nil
}

// Decision is what a ballot decides: SetValidators, SetParameter, SetRules, SetIssuer, SetAttestor, RemoveAttestor, Freeze or SetPool.
type Decision interface {
	checkDecision() error
	decisionAccounts(to []AccountID) []AccountID
	decisionProto() *umojav1.Decision
}

// SetValidators replaces the validator set.
type SetValidators struct {
	// Validators in ascending order of name.
	Validators []Governor
}

func (d SetValidators) checkDecision() error {
	if n := len(d.Validators); n < MinValidators || n > MaxValidators || n%3 != 1 {
		return fmt.Errorf("set_validators has %d validators, not 4, 7, 10 … %d: %w", n, MaxValidators, ErrMalformed)
	}
	keys := make(map[[32]byte]bool, 2*len(d.Validators))
	for i, v := range d.Validators {
		if err := checkValidatorName("set_validators", v.Name); err != nil {
			return err
		}
		if i > 0 && d.Validators[i-1].Name >= v.Name {
			return fmt.Errorf("set_validators names out of order or twice: %w", ErrMalformed)
		}
		if len(v.Key) != ed25519.PublicKeySize {
			return fmt.Errorf("set_validators validator %d key must be %d bytes, not %d: %w", i, ed25519.PublicKeySize, len(v.Key), ErrMalformed)
		}
		if k := [32]byte(v.Key); keys[k] || keys[v.TLSKeyHash] {
			return fmt.Errorf("set_validators validator %d has another's key: %w", i, ErrMalformed)
		}
		keys[[32]byte(v.Key)], keys[v.TLSKeyHash] = true, true
		if err := checkPeerAddress("set_validators", v.PeerAddress); err != nil {
			return err
		}
	}
	return nil
}

func (d SetValidators) decisionAccounts(to []AccountID) []AccountID {
	for _, v := range d.Validators {
		to = append(to, v.Account)
	}
	return to
}

// Governor is a validator with the account that speaks for it.
type Governor struct {
	Name       string
	Key        ed25519.PublicKey // Invariant: 32 bytes.
	TLSKeyHash [32]byte
	Account    AccountID
	// PeerAddress is where it listens for other validators; empty leaves that to each one's configuration.
	PeerAddress string
}

// MaxPeerAddressBytes bounds an address.
const MaxPeerAddressBytes = 255

// checkPeerAddress holds an address to printable ASCII without what JSON writers escape.
func checkPeerAddress(of, address string) error {
	if len(address) > MaxPeerAddressBytes {
		return fmt.Errorf("%s peer_address is %d bytes, above %d: %w", of, len(address), MaxPeerAddressBytes, ErrMalformed)
	}
	for _, c := range []byte(address) {
		if c <= ' ' || c > '~' || strings.IndexByte(`"\<>&`, c) >= 0 {
			return fmt.Errorf("%s peer_address has a character that is not printable ASCII, or is one of \" \\ < > &: %w", of, ErrMalformed)
		}
	}
	return nil
}

// Parameter names a number that ballots may change.
type Parameter uint32

// The parameters.
const (
	Attestations     Parameter = 1 // attestors that a first binding needs
	MoveDelayMs      Parameter = 2
	RecoveryDelayMs  Parameter = 3
	QuarantineMs     Parameter = 4
	CreditIntervalMs Parameter = 5 // time to earn a credit; 0 means that nothing costs credits
	CreditBurst      Parameter = 6 // credits that an account saves up at most
)

// SetParameter changes a parameter.
type SetParameter struct {
	Parameter Parameter
	Value     uint64
}

func (d SetParameter) checkDecision() error {
	switch d.Parameter {
	case Attestations:
		if d.Value == 0 || d.Value > MaxAttestors {
			return fmt.Errorf("set_parameter attestations are %d, not 1 to %d: %w", d.Value, MaxAttestors, ErrMalformed)
		}
	case MoveDelayMs, RecoveryDelayMs, QuarantineMs:
		if d.Value > MaxDelayMs {
			return fmt.Errorf("set_parameter delay is above 365 days: %w", ErrMalformed)
		}
	case CreditIntervalMs:
		if d.Value > MaxCreditIntervalMs {
			return fmt.Errorf("set_parameter credit interval is above 2^27 ms: %w", ErrMalformed)
		}
	case CreditBurst:
		if d.Value == 0 || d.Value > MaxCreditBurst {
			return fmt.Errorf("set_parameter credit burst is not 1 to 2^20: %w", ErrMalformed)
		}
	default:
		return fmt.Errorf("set_parameter parameter is unknown: %w", ErrMalformed)
	}
	return nil
}
func (d SetParameter) decisionAccounts(to []AccountID) []AccountID { return to }

// SetRules raises the version of the rules.
type SetRules struct{ Version uint32 }

func (d SetRules) checkDecision() error {
	if d.Version == 0 {
		return fmt.Errorf("set_rules version is zero: %w", ErrMalformed)
	}
	return nil
}
func (d SetRules) decisionAccounts(to []AccountID) []AccountID { return to }

// SetIssuer says whether an account may define assets.
type SetIssuer struct {
	Account AccountID
	Issuer  bool
}

func (d SetIssuer) checkDecision() error                        { return nil }
func (d SetIssuer) decisionAccounts(to []AccountID) []AccountID { return append(to, d.Account) }

// SetAttestor enters an attestor into the directory, or replaces its entry.
type SetAttestor struct{ Attestor Attestor }

func (d SetAttestor) checkDecision() error { return d.Attestor.check() }

func (d SetAttestor) decisionAccounts(to []AccountID) []AccountID {
	to = append(to, d.Attestor.Account)
	if d.Attestor.Provider != nil {
		to = append(to, *d.Attestor.Provider)
	}
	return to
}

// RemoveAttestor takes an attestor out of the directory.
type RemoveAttestor struct{ Account AccountID }

func (d RemoveAttestor) checkDecision() error                        { return nil }
func (d RemoveAttestor) decisionAccounts(to []AccountID) []AccountID { return append(to, d.Account) }

// Freeze keeps an account from being debited until a time; 0 lifts that.
type Freeze struct {
	Account      AccountID
	UntilUnixMs  uint64
	EvidenceHash [32]byte
}

func (d Freeze) checkDecision() error                        { return nil }
func (d Freeze) decisionAccounts(to []AccountID) []AccountID { return append(to, d.Account) }

// SetPool sets the size of a provider's pool of credits.
type SetPool struct {
	Provider AccountID
	Shares   uint32 // Invariant: 1 to MaxShares.
}

func (d SetPool) checkDecision() error {
	if d.Shares == 0 || d.Shares > MaxShares {
		return fmt.Errorf("set_pool shares are not 1 to 65536: %w", ErrMalformed)
	}
	return nil
}
func (d SetPool) decisionAccounts(to []AccountID) []AccountID { return append(to, d.Provider) }
