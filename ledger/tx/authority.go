package tx

import (
	"bytes"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
)

// Authority says who may act on an account without a grant (owner keys that together reach a threshold), and who may give
// it a new authority after a delay (guardians, or a number of attestors).
type Authority struct {
	// Keys in ascending order, each once. Invariant: at most MaxAuthorityKeys, each on the curve.
	Keys []AuthorityKey
	// Threshold of weights. Invariant: reachable, and zero exactly when there are no keys.
	Threshold uint32
	// Attestors that may act together. Invariant: at most MaxAttestors, and not zero when there are no keys.
	Attestors uint32
	// Guardians in ascending order, each once. Invariant: at most MaxAuthorityKeys, each on the curve.
	Guardians []AuthorityKey
	// GuardianThreshold of weights. Invariant: reachable, and zero exactly when there are no guardians.
	GuardianThreshold uint32
}

// AuthorityKey is one owner's or guardian's key.
type AuthorityKey struct {
	// Key is x-only, on the curve.
	Key key.Public
	// Weight counts towards the threshold. Invariant: at least 1.
	Weight uint32
}

// SingleKey is the authority of one key alone.
func SingleKey(k key.Public) Authority {
	return Authority{Keys: []AuthorityKey{{Key: k, Weight: 1}}, Threshold: 1}
}

// PhoneAuthority is the authority of a phone account: k attestors, no key.
func PhoneAuthority(k uint32) Authority { return Authority{Attestors: k} }

func (a Authority) check() error {
	switch {
	case len(a.Keys) == 0 && a.Attestors == 0:
		return fmt.Errorf("authority without keys needs 1 to %d attestors: %w", MaxAttestors, ErrMalformed)
	case a.Attestors > MaxAttestors:
		return fmt.Errorf("authority attestors are %d, above %d: %w", a.Attestors, MaxAttestors, ErrMalformed)
	}
	if err := checkWeights("key", a.Keys, "threshold", a.Threshold); err != nil {
		return err
	}
	return checkWeights("guardian", a.Guardians, "guardian_threshold", a.GuardianThreshold)
}

// checkWeights is the rules of keys that together reach a threshold; there may be none.
func checkWeights(of string, keys []AuthorityKey, field string, threshold uint32) error {
	switch {
	case len(keys) > MaxAuthorityKeys:
		return fmt.Errorf("authority %ss are %d, above %d: %w", of, len(keys), MaxAuthorityKeys, ErrMalformed)
	case (threshold == 0) != (len(keys) == 0):
		return fmt.Errorf("authority %s must be zero exactly when there are no %ss: %w", field, of, ErrMalformed)
	}
	var sum uint64
	for i, k := range keys {
		if i > 0 && bytes.Compare(keys[i-1].Key[:], k.Key[:]) >= 0 {
			return fmt.Errorf("authority %ss out of order or twice: %w", of, ErrMalformed)
		}
		if err := checkKey(fmt.Sprintf("authority %s %d", of, i), k.Key); err != nil {
			return err
		}
		if k.Weight == 0 {
			return fmt.Errorf("authority %s %d has no weight: %w", of, i, ErrMalformed)
		}
		sum += uint64(k.Weight)
	}
	if uint64(threshold) > sum {
		return fmt.Errorf("authority %s cannot be reached: %w", field, ErrMalformed)
	}
	return nil
}

// checkOwned is the rules of an authority that replaces another: an account is never given to nobody.
func checkOwned(of string, a Authority) error {
	if len(a.Keys) == 0 {
		return fmt.Errorf("%s authority needs keys: %w", of, ErrMalformed)
	}
	return a.check()
}

// OpenAccount opens an account.
type OpenAccount struct {
	Authority Authority
	Salt      [16]byte
}

// Account is the id of the account that is opened.
func (o OpenAccount) Account() AccountID {
	h := key.TaggedHash("umoja/account/v1", o.Salt[:], o.Authority.Encode())
	return AccountID(h[:16])
}

func (o OpenAccount) check() error                        { return o.Authority.check() }
func (o OpenAccount) accounts(to []AccountID) []AccountID { return append(to, o.Account()) }
func (o OpenAccount) entries() int                        { return 3 }

// SetAuthority replaces who may act on an account.
type SetAuthority struct {
	Account AccountID
	// Authority to be. Invariant: has keys.
	Authority Authority
}

func (o SetAuthority) check() error                        { return checkOwned("set_authority", o.Authority) }
func (o SetAuthority) accounts(to []AccountID) []AccountID { return append(to, o.Account) }
func (o SetAuthority) entries() int                        { return 6 }

// GrantedOperation names an operation that a grant allows.
type GrantedOperation uint32

// What a grant may allow.
const (
	GrantTransfer GrantedOperation = 1 // transfers and bulk transfers that debit the account
	GrantHold     GrantedOperation = 2 // holds that debit the account, and their release by the payer
	GrantCapture  GrantedOperation = 3 // captures that credit the account, and releases by the payee
	GrantRequest  GrantedOperation = 4 // requests that the account makes or declines
	GrantReturn   GrantedOperation = 5 // returns that debit the account
	GrantCancel   GrantedOperation = 6 // holding up a move or recovery of the account
)

// GrantAll is everything that a grant may allow, as a phone's provider needs it.
func GrantAll() []GrantedOperation {
	return []GrantedOperation{GrantTransfer, GrantHold, GrantCapture, GrantRequest, GrantReturn, GrantCancel}
}

// IssueGrant lets a key act on an account within caps.
type IssueGrant struct {
	Account         AccountID
	Grantee         key.Public
	Operations      []GrantedOperation // Invariant: not empty, ascending, each once.
	Asset           Asset
	CapTransaction  amount.Amount // amount and fee of one transaction
	CapDay          amount.Amount // amount and fee of one calendar day
	FeeCeiling      amount.Amount
	ExpiresAtUnixMs uint64
}

func (o IssueGrant) check() error {
	if err := checkKey("grant grantee", o.Grantee); err != nil {
		return err
	}
	if len(o.Operations) == 0 {
		return fmt.Errorf("grant allows no operation: %w", ErrMalformed)
	}
	for i, op := range o.Operations {
		switch {
		case op < GrantTransfer || op > GrantCancel:
			return fmt.Errorf("grant operation %d is unknown: %w", op, ErrMalformed)
		case i > 0 && op <= o.Operations[i-1]:
			return fmt.Errorf("grant operations must be ascending, each once: %w", ErrMalformed)
		}
	}
	switch {
	case o.Asset == 0:
		return checkAsset("grant", o.Asset)
	case o.CapTransaction == 0 || o.CapTransaction > o.CapDay || o.CapDay > amount.Max:
		return fmt.Errorf("grant caps must be 0 < transaction <= day < 2^63: %w", ErrMalformed)
	case o.FeeCeiling > o.CapTransaction:
		return fmt.Errorf("grant fee ceiling is above its cap: %w", ErrMalformed)
	case o.ExpiresAtUnixMs == 0:
		return fmt.Errorf("grant has no expiry: %w", ErrMalformed)
	}
	return nil
}
func (o IssueGrant) accounts(to []AccountID) []AccountID { return append(to, o.Account) }

// The grant, when the old and the new expiry are due, and what all grants to the key may take together.
func (o IssueGrant) entries() int { return 4 }

// RevokeGrant ends a grant.
type RevokeGrant struct {
	Account AccountID
	Grantee key.Public
}

func (o RevokeGrant) check() error                        { return nil }
func (o RevokeGrant) accounts(to []AccountID) []AccountID { return append(to, o.Account) }
func (o RevokeGrant) entries() int                        { return 4 }

// SetTier records a check of who owns an account.
type SetTier struct {
	Account AccountID
	// Tier decides the limits. Invariant: at most MaxTier.
	Tier            uint32
	CheckedAtUnixMs uint64
	EvidenceHash    [32]byte
}

func (o SetTier) check() error {
	switch {
	case o.Tier > MaxTier:
		return fmt.Errorf("set_tier tier is %d, above %d: %w", o.Tier, MaxTier, ErrMalformed)
	case o.CheckedAtUnixMs == 0:
		return fmt.Errorf("set_tier checked_at_unix_ms is zero: %w", ErrMalformed)
	}
	return nil
}
func (o SetTier) accounts(to []AccountID) []AccountID { return append(to, o.Account) }
func (o SetTier) entries() int                        { return 4 }

// StartRecovery begins to give an account a new authority.
type StartRecovery struct {
	Account AccountID
	// Authority to be. Invariant: has keys.
	Authority Authority
}

func (o StartRecovery) check() error                        { return checkOwned("start_recovery", o.Authority) }
func (o StartRecovery) accounts(to []AccountID) []AccountID { return append(to, o.Account) }
func (o StartRecovery) entries() int                        { return 6 }

// CancelRecovery ends a recovery, or holds it up.
type CancelRecovery struct{ Account AccountID }

func (o CancelRecovery) check() error                        { return nil }
func (o CancelRecovery) accounts(to []AccountID) []AccountID { return append(to, o.Account) }
func (o CancelRecovery) entries() int                        { return 6 }

// CompleteRecovery confirms a recovery that was held up.
type CompleteRecovery struct{ Account AccountID }

func (o CompleteRecovery) check() error                        { return nil }
func (o CompleteRecovery) accounts(to []AccountID) []AccountID { return append(to, o.Account) }
func (o CompleteRecovery) entries() int                        { return 6 }
