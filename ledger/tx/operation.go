package tx

import (
	"fmt"
	"unicode/utf8"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
)

// Asset numbers an asset in the order of definition, from 1.
type Asset uint32

// Operation is one act of a transaction: OpenAccount, IssueGrant, RevokeGrant, BindAlias, Issue or Transfer.
type Operation interface {
	// check is the rules that need no state.
	check() error
	// accounts appends the accounts that the operation names.
	accounts(to []AccountID) []AccountID
}

// Authority says who may act on an account without a grant: owner keys that together reach a threshold, or, for a phone
// account, a number of attestors after a delay.
type Authority struct {
	// Keys in ascending order, each once. Invariant: at most MaxAuthorityKeys, each on the curve.
	Keys []AuthorityKey
	// Threshold of weights. Invariant: reachable, and zero exactly when there are no keys.
	Threshold uint32
	// Attestors that may act together. Invariant: zero exactly when there are keys.
	Attestors uint32
}

// AuthorityKey is one owner key.
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
	if len(a.Keys) == 0 {
		if a.Threshold != 0 || a.Attestors < 1 || a.Attestors > 16 {
			return fmt.Errorf("authority without keys needs 1 to 16 attestors and no threshold: %w", ErrMalformed)
		}
		return nil
	}
	if a.Attestors != 0 || len(a.Keys) > MaxAuthorityKeys || a.Threshold == 0 {
		return fmt.Errorf("authority with keys needs a threshold, at most %d keys and no attestors: %w", MaxAuthorityKeys, ErrMalformed)
	}
	var sum uint64
	for i, k := range a.Keys {
		if i > 0 && string(a.Keys[i-1].Key[:]) >= string(k.Key[:]) {
			return fmt.Errorf("authority keys out of order or twice: %w", ErrMalformed)
		}
		if _, err := key.ParsePublic(k.Key[:]); err != nil {
			return fmt.Errorf("authority key %d: %v: %w", i, err, ErrMalformed)
		}
		if k.Weight == 0 {
			return fmt.Errorf("authority key %d has no weight: %w", i, ErrMalformed)
		}
		sum += uint64(k.Weight)
	}
	if uint64(a.Threshold) > sum {
		return fmt.Errorf("authority threshold cannot be reached: %w", ErrMalformed)
	}
	return nil
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

// GrantedOperation names an operation that a grant allows.
type GrantedOperation uint32

// GrantTransfer allows transfers that debit the account.
const GrantTransfer GrantedOperation = 1

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
	if _, err := key.ParsePublic(o.Grantee[:]); err != nil {
		return fmt.Errorf("grant grantee: %v: %w", err, ErrMalformed)
	}
	for i, op := range o.Operations {
		if op != GrantTransfer || i > 0 {
			return fmt.Errorf("grant operations must be ascending, each once: %w", ErrMalformed)
		}
	}
	switch {
	case len(o.Operations) == 0:
		return fmt.Errorf("grant allows no operation: %w", ErrMalformed)
	case o.Asset == 0:
		return fmt.Errorf("grant names no asset: %w", ErrMalformed)
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

// RevokeGrant ends a grant.
type RevokeGrant struct {
	Account AccountID
	Grantee key.Public
}

func (o RevokeGrant) check() error                        { return nil }
func (o RevokeGrant) accounts(to []AccountID) []AccountID { return append(to, o.Account) }

// BindAlias binds a phone number's keyed hash to an account.
type BindAlias struct {
	Alias      key.Alias
	Account    AccountID
	SealedName key.SealedName
}

func (o BindAlias) check() error                        { return nil }
func (o BindAlias) accounts(to []AccountID) []AccountID { return append(to, o.Account) }

// Issue creates units of an asset.
type Issue struct {
	Asset  Asset
	Credit AccountID
	Amount amount.Amount
}

func (o Issue) check() error {
	switch {
	case o.Asset == 0:
		return fmt.Errorf("issue names no asset: %w", ErrMalformed)
	case o.Amount == 0 || o.Amount > amount.Max:
		return fmt.Errorf("issue amount must be 0 < amount < 2^63: %w", ErrMalformed)
	}
	return nil
}
func (o Issue) accounts(to []AccountID) []AccountID { return append(to, o.Credit) }

// Transfer moves units of an asset.
type Transfer struct {
	Debit, Credit AccountID
	Asset         Asset
	Amount        amount.Amount
	Fee           *Fee       // nil when no provider carries it
	Alias         *key.Alias // nil when the payer named an account
	Reference     string
}

// Fee is the leg to the provider.
type Fee struct {
	Provider        AccountID
	ScheduleVersion uint32
	Amount          amount.Amount
}

// Total is amount and fee together; false when they pass amount.Max.
func (o Transfer) Total() (amount.Amount, bool) {
	if o.Fee == nil {
		return o.Amount, o.Amount <= amount.Max
	}
	return o.Amount.Add(o.Fee.Amount)
}

func (o Transfer) check() error {
	switch {
	case o.Asset == 0:
		return fmt.Errorf("transfer names no asset: %w", ErrMalformed)
	case o.Amount == 0 || o.Amount > amount.Max:
		return fmt.Errorf("transfer amount must be 0 < amount < 2^63: %w", ErrMalformed)
	case len(o.Reference) > MaxReferenceBytes:
		return fmt.Errorf("transfer reference is above %d bytes: %w", MaxReferenceBytes, ErrMalformed)
	case !utf8.ValidString(o.Reference):
		return fmt.Errorf("transfer reference is not UTF-8: %w", ErrMalformed)
	case o.Fee != nil && o.Fee.ScheduleVersion == 0:
		return fmt.Errorf("transfer fee names no schedule version: %w", ErrMalformed)
	}
	if _, ok := o.Total(); !ok {
		return fmt.Errorf("transfer amount and fee pass 2^63 - 1: %w", ErrMalformed)
	}
	return nil
}

func (o Transfer) accounts(to []AccountID) []AccountID {
	to = append(to, o.Debit, o.Credit)
	if o.Fee != nil {
		to = append(to, o.Fee.Provider)
	}
	return to
}
