package tx

import (
	"fmt"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
)

// AssetKind says what rules the units of an asset follow.
type AssetKind uint32

// The kinds of assets.
const (
	Money   AssetKind = 1
	Voucher AssetKind = 2
)

// TierLimit bounds what an account of a tier may be debited, whoever signs.
//
// Invariant: Tier <= MaxTier; 0 < CapTransaction <= CapDay <= amount.Max.
type TierLimit struct {
	Tier           uint32
	CapTransaction amount.Amount
	CapDay         amount.Amount
}

func checkLimits(of string, limits []TierLimit, provisionalInflowDay amount.Amount) error {
	for i, l := range limits {
		switch {
		case l.Tier > MaxTier:
			return fmt.Errorf("%s limit tier is %d, above %d: %w", of, l.Tier, MaxTier, ErrMalformed)
		case i > 0 && l.Tier <= limits[i-1].Tier:
			return fmt.Errorf("%s limits must be ascending by tier, each once: %w", of, ErrMalformed)
		case l.CapTransaction == 0 || l.CapTransaction > l.CapDay || l.CapDay > amount.Max:
			return fmt.Errorf("%s limit caps must be 0 < transaction <= day < 2^63: %w", of, ErrMalformed)
		}
	}
	if provisionalInflowDay > amount.Max {
		return fmt.Errorf("%s provisional_inflow_day must be < 2^63: %w", of, ErrMalformed)
	}
	return nil
}

// DefineAsset defines an asset.
type DefineAsset struct {
	Issuer AccountID
	// Code is 1 to 12 of A-Z and 0-9.
	Code  string
	Scale uint8 // Invariant: at most amount.MaxScale.
	Kind  AssetKind
	// SpendUntilUnixMs ends vouchers. Invariant: zero exactly for money.
	SpendUntilUnixMs uint64
	Arbiter          *AccountID // nil when nobody may arbitrate returns
	Limits           []TierLimit
	// ProvisionalInflowDay bounds what provisionally bound aliases receive a day, for each provider; 0 means not bounded.
	ProvisionalInflowDay amount.Amount
}

func (o DefineAsset) check() error {
	switch {
	case len(o.Code) == 0 || len(o.Code) > MaxAssetCodeBytes || strings.Trim(o.Code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "":
		return fmt.Errorf("define_asset code is not 1 to %d of A-Z and 0-9: %w", MaxAssetCodeBytes, ErrMalformed)
	case o.Scale > amount.MaxScale:
		return fmt.Errorf("define_asset scale is %d, above %d: %w", o.Scale, amount.MaxScale, ErrMalformed)
	case o.Kind != Money && o.Kind != Voucher:
		return fmt.Errorf("define_asset kind is unknown: %w", ErrMalformed)
	case (o.Kind == Money) != (o.SpendUntilUnixMs == 0):
		return fmt.Errorf("define_asset spend_until_unix_ms must be zero exactly for money: %w", ErrMalformed)
	}
	return checkLimits("define_asset", o.Limits, o.ProvisionalInflowDay)
}

func (o DefineAsset) accounts(to []AccountID) []AccountID {
	to = append(to, o.Issuer)
	if o.Arbiter != nil {
		to = append(to, *o.Arbiter)
	}
	return to
}

// The asset, its code, the counter, and the limit of each tier.
func (o DefineAsset) entries() int { return MaxTier + 4 }

// SetLimits replaces the limits of an asset.
type SetLimits struct {
	Asset                Asset
	Issuer               AccountID
	Limits               []TierLimit
	ProvisionalInflowDay amount.Amount
}

func (o SetLimits) check() error {
	if err := checkAsset("set_limits", o.Asset); err != nil {
		return err
	}
	return checkLimits("set_limits", o.Limits, o.ProvisionalInflowDay)
}
func (o SetLimits) accounts(to []AccountID) []AccountID { return append(to, o.Issuer) }

// The asset and the limit of each tier: one that is not named goes.
func (o SetLimits) entries() int { return MaxTier + 2 }

// ListPayee lists a payee of a voucher asset, or takes it off the list.
type ListPayee struct {
	Asset         Asset
	Issuer, Payee AccountID
	Listed        bool
}

func (o ListPayee) check() error                        { return checkAsset("list_payee", o.Asset) }
func (o ListPayee) accounts(to []AccountID) []AccountID { return append(to, o.Issuer, o.Payee) }
func (o ListPayee) entries() int                        { return 4 }

// Issue creates units of an asset.
type Issue struct {
	Asset  Asset
	Credit AccountID
	Amount amount.Amount
}

func (o Issue) check() error                        { return checkUnits("issue", o.Asset, o.Amount) }
func (o Issue) accounts(to []AccountID) []AccountID { return append(to, o.Credit) }
func (o Issue) entries() int                        { return 6 }

// Redeem destroys units that came back to the issuer.
type Redeem struct {
	Asset  Asset
	Issuer AccountID
	Amount amount.Amount
}

func (o Redeem) check() error                        { return checkUnits("redeem", o.Asset, o.Amount) }
func (o Redeem) accounts(to []AccountID) []AccountID { return append(to, o.Issuer) }
func (o Redeem) entries() int                        { return 6 }

// StateReserve is the issuer's word of what backs an asset.
type StateReserve struct {
	Asset        Asset
	Issuer       AccountID
	Reserve      amount.Amount
	AsOfUnixMs   uint64
	EvidenceHash [32]byte
}

func (o StateReserve) check() error {
	if err := checkAsset("state_reserve", o.Asset); err != nil {
		return err
	}
	switch {
	case o.Reserve > amount.Max:
		return fmt.Errorf("state_reserve reserve must be < 2^63: %w", ErrMalformed)
	case o.AsOfUnixMs == 0:
		return fmt.Errorf("state_reserve as_of_unix_ms is zero: %w", ErrMalformed)
	}
	return nil
}
func (o StateReserve) accounts(to []AccountID) []AccountID { return append(to, o.Issuer) }
func (o StateReserve) entries() int                        { return 4 }

// Transfer moves units of an asset.
type Transfer struct {
	Debit, Credit AccountID
	Asset         Asset
	Amount        amount.Amount
	Fee           *Fee       // nil when no provider carries it
	Alias         *key.Alias // nil when the payer named an account
	Reference     string
	Request       *RequestID // nil when it pays no request
}

// Fee is the leg to the provider.
type Fee struct {
	Provider        AccountID
	ScheduleVersion uint32
	Amount          amount.Amount
}

// total is amount and fee together; false when they pass amount.Max.
func total(a amount.Amount, fee *Fee) (amount.Amount, bool) {
	if fee == nil {
		return a, a <= amount.Max
	}
	return a.Add(fee.Amount)
}

// Total is amount and fee together; false when they pass amount.Max.
func (o Transfer) Total() (amount.Amount, bool) { return total(o.Amount, o.Fee) }

func (o Transfer) check() error {
	if err := checkUnits("transfer", o.Asset, o.Amount); err != nil {
		return err
	}
	if err := checkReference("transfer", o.Reference); err != nil {
		return err
	}
	_, ok := o.Total()
	return checkFee("transfer", o.Fee, ok)
}

func (o Transfer) accounts(to []AccountID) []AccountID {
	return o.Fee.accounts(append(to, o.Debit, o.Credit))
}

// Two balances and when they return as vouchers, the grant; the provider's as well, what it received for an alias, and the request with when
// it is due.
func (o Transfer) entries() int {
	n := 5
	if o.Fee != nil {
		n += 2
	}
	if o.Alias != nil {
		n++
	}
	if o.Request != nil {
		n += 2
	}
	return n
}

// accounts appends the provider, if there is a fee.
func (f *Fee) accounts(to []AccountID) []AccountID {
	if f == nil {
		return to
	}
	return append(to, f.Provider)
}

// BulkMode says what a refused leg means for the others.
type BulkMode uint32

// The modes of a bulk transfer.
const (
	Atomic BulkMode = 1
	Each   BulkMode = 2
)

// BulkTransfer moves units from one account to many.
type BulkTransfer struct {
	Debit AccountID
	Asset Asset
	Mode  BulkMode
	// Legs are applied in order. Invariant: 1 to MaxLegs.
	Legs      []BulkLeg
	Fee       *Fee // Amount is the sum over all legs; nil when no provider carries it
	Reference string
}

// BulkLeg is one payee.
type BulkLeg struct {
	Credit AccountID
	Amount amount.Amount
	Alias  *key.Alias // nil when the payer named an account
}

// Amount is what all legs move together; false when that passes amount.Max.
func (o BulkTransfer) Amount() (amount.Amount, bool) {
	var sum amount.Amount
	for _, leg := range o.Legs {
		var ok bool
		if sum, ok = sum.Add(leg.Amount); !ok {
			return 0, false
		}
	}
	return sum, true
}

// Total is amount and fee together; false when they pass amount.Max.
func (o BulkTransfer) Total() (amount.Amount, bool) {
	sum, ok := o.Amount()
	if !ok {
		return 0, false
	}
	return total(sum, o.Fee)
}

func (o BulkTransfer) check() error {
	if err := checkAsset("bulk_transfer", o.Asset); err != nil {
		return err
	}
	switch {
	case o.Mode != Atomic && o.Mode != Each:
		return fmt.Errorf("bulk_transfer mode is unknown: %w", ErrMalformed)
	case len(o.Legs) == 0 || len(o.Legs) > MaxLegs:
		return fmt.Errorf("bulk_transfer has %d legs, not 1 to %d: %w", len(o.Legs), MaxLegs, ErrMalformed)
	}
	for i, leg := range o.Legs {
		if leg.Amount == 0 || leg.Amount > amount.Max {
			return fmt.Errorf("bulk_transfer leg %d amount must be 0 < amount < 2^63: %w", i, ErrMalformed)
		}
	}
	if err := checkReference("bulk_transfer", o.Reference); err != nil {
		return err
	}
	_, ok := o.Total()
	return checkFee("bulk_transfer", o.Fee, ok)
}

func (o BulkTransfer) accounts(to []AccountID) []AccountID {
	to = append(to, o.Debit)
	for _, leg := range o.Legs {
		to = append(to, leg.Credit)
	}
	return o.Fee.accounts(to)
}

// Each leg has a balance, for vouchers when it returns, and for an alias what its provider received; the rest is the payer's and the fee's.
func (o BulkTransfer) entries() int {
	n := 2*len(o.Legs) + 8
	for _, leg := range o.Legs {
		if leg.Alias != nil {
			n++
		}
	}
	return n
}

// Return gives back some or all of what a transfer, a capture or a completed hold moved.
type Return struct {
	LeafIndex uint64
	// Leaf is the record of what is given back.
	Leaf []byte
	// Operation is its position in that leaf's transaction; 0 for a completed hold.
	Operation     uint32
	Debit, Credit AccountID
	Asset         Asset
	Amount        amount.Amount
	Carrier       *AccountID // the provider that carries it; nil when the owner or the arbiter signs
}

func (o Return) check() error {
	if len(o.Leaf) == 0 {
		return fmt.Errorf("return leaf is empty: %w", ErrMalformed)
	}
	return checkUnits("return", o.Asset, o.Amount)
}

func (o Return) accounts(to []AccountID) []AccountID {
	to = append(to, o.Debit, o.Credit)
	if o.Carrier != nil {
		to = append(to, *o.Carrier)
	}
	return to
}
func (o Return) entries() int { return 8 }
