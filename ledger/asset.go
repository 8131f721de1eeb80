package ledger

import (
	"fmt"
	"math"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Asset is an asset entry: supply(8) scale(1) kind(1) issuer(16) spend until(8) arbiter(16) provisional inflow(8)
// reserve(8) as of(8) stated(8) evidence(32) code(…).
type Asset struct {
	// Supply is issued and not redeemed. Invariant: the sum of all posted balances of the asset.
	Supply amount.Amount
	Scale  uint8
	Kind   tx.AssetKind
	Issuer tx.AccountID
	// SpendUntilUnixMs ends vouchers; 0 for money.
	SpendUntilUnixMs uint64
	// Arbiter may arbitrate returns; zero when nobody may.
	Arbiter tx.AccountID
	// ProvisionalInflowDay bounds what provisional aliases receive a day, for each provider; 0 means not bounded.
	ProvisionalInflowDay amount.Amount
	// Reserve is what the issuer stated that it holds, of the time ReserveAsOfUnixMs, at ledger time ReserveStatedUnixMs; all
	// zero when it has stated nothing.
	Reserve             amount.Amount
	ReserveAsOfUnixMs   uint64
	ReserveStatedUnixMs uint64
	ReserveEvidence     [32]byte
	Code                string
}

func (a Asset) encode() []byte {
	out := append(put64(make([]byte, 0, 128), uint64(a.Supply)), a.Scale, byte(a.Kind))
	out = put64(append(out, a.Issuer[:]...), a.SpendUntilUnixMs)
	out = put64(append(out, a.Arbiter[:]...), uint64(a.ProvisionalInflowDay))
	out = put64(put64(put64(out, uint64(a.Reserve)), a.ReserveAsOfUnixMs), a.ReserveStatedUnixMs)
	return append(append(out, a.ReserveEvidence[:]...), a.Code...)
}

func decodeAsset(raw []byte) (Asset, error) {
	r := reader{rest: raw}
	a := Asset{Supply: amount.Amount(r.u64()), Scale: r.u8(), Kind: tx.AssetKind(r.u8())}
	copy(a.Issuer[:], r.take(16))
	a.SpendUntilUnixMs = r.u64()
	copy(a.Arbiter[:], r.take(16))
	a.ProvisionalInflowDay = amount.Amount(r.u64())
	a.Reserve, a.ReserveAsOfUnixMs, a.ReserveStatedUnixMs = amount.Amount(r.u64()), r.u64(), r.u64()
	copy(a.ReserveEvidence[:], r.take(32))
	a.Code = string(r.all())
	return a, r.end("asset")
}

// asset is State.Asset for who does not change it.
func (b *batch) asset(n tx.Asset) (*Asset, error) {
	return known(b.overlay, keyAsset(n), decodeAsset)
}

// Limit is a limit entry: cap transaction(8) cap day(8). It bounds what an account of a tier is debited, whoever signs.
type Limit struct {
	CapTransaction, CapDay amount.Amount
}

func (l Limit) encode() []byte {
	return put64(put64(nil, uint64(l.CapTransaction)), uint64(l.CapDay))
}

func decodeLimit(raw []byte) (Limit, error) {
	r := reader{rest: raw}
	l := Limit{CapTransaction: amount.Amount(r.u64()), CapDay: amount.Amount(r.u64())}
	return l, r.end("limit")
}

// Limit reads the limit of a tier; nil when the tier is not limited.
func (s State) Limit(n tx.Asset, tier uint8) (*Limit, error) {
	return lookup(s, keyLimit(n, tier), decodeLimit)
}

// AssetByCode finds the number of the asset with the code; nil when there is none.
func (s State) AssetByCode(code string) (*tx.Asset, error) {
	return lookup(s, keyAssetCode(code), func(raw []byte) (tx.Asset, error) {
		r := reader{rest: raw}
		n := tx.Asset(r.u32())
		return n, r.end("asset code")
	})
}

// AssetCount is how many assets are defined: their numbers are 1 to that.
func (s State) AssetCount() (uint64, error) {
	n, err := lookup(s, counterAssets, func(raw []byte) (uint64, error) {
		r := reader{rest: raw}
		n := r.u64()
		return n, r.end("counter")
	})
	if err != nil || n == nil {
		return 0, err
	}
	return *n, nil
}

// maxVoucherMs is how far ahead the last day of vouchers may lie: five years, leap days included. A date further off is more likely a
// mistake in the unit than a wish, and the asset's rules never change.
const maxVoucherMs = (5*365 + 2) * 24 * 3600 * 1000

// defineAsset gives the asset the next number. The arbiter is credited nothing, but a return that it signs credits somebody: one that
// does not exist is CREDIT_ACCOUNT_UNKNOWN.
func (d *draft) defineAsset(o tx.DefineAsset) (tx.Code, error) {
	asset := Asset{
		Scale: o.Scale, Kind: o.Kind, Issuer: o.Issuer, SpendUntilUnixMs: o.SpendUntilUnixMs, ProvisionalInflowDay: o.ProvisionalInflowDay,
		Code: o.Code,
	}
	if o.Arbiter != nil {
		arbiter, err := d.overlay.get(keyAccount(*o.Arbiter))
		if err != nil {
			return 0, err
		}
		if arbiter == nil {
			return tx.CreditAccountUnknown, nil
		}
		asset.Arbiter = *o.Arbiter
	}
	taken, err := d.overlay.get(keyAssetCode(o.Code))
	if err != nil {
		return 0, err
	}
	switch {
	case taken != nil:
		return tx.AssetCodeTaken, nil
	case o.Kind == tx.Voucher && (o.SpendUntilUnixMs <= d.timeUnixMs || o.SpendUntilUnixMs > d.timeUnixMs+maxVoucherMs):
		return tx.TimeNotValid, nil
	}
	count, err := d.AssetCount()
	if err != nil {
		return 0, err
	}
	if count >= math.MaxUint32 {
		return 0, fmt.Errorf("assets have run out of numbers: %w", ErrCorrupt) // Each costs a credit: does not happen.
	}
	number := tx.Asset(count + 1)
	d.put(counterAssets, put64(nil, count+1))
	d.put(keyAsset(number), asset.encode())
	d.put(keyAssetCode(o.Code), put32(nil, uint32(number)))
	d.putLimits(number, o.Limits)
	return tx.OK, nil
}

// putLimits writes the limit of every tier; a tier that is not named has none from now on.
func (d *draft) putLimits(number tx.Asset, limits []tx.TierLimit) {
	var named [tx.MaxTier + 1]*tx.TierLimit
	for i := range limits {
		named[limits[i].Tier] = &limits[i]
	}
	for tier, l := range named {
		if l == nil {
			d.put(keyLimit(number, uint8(tier)), nil)
			continue
		}
		d.put(keyLimit(number, uint8(tier)), Limit{CapTransaction: l.CapTransaction, CapDay: l.CapDay}.encode())
	}
}

// setLimits replaces the limits of an asset, with effect from the next transaction on.
func (d *draft) setLimits(o tx.SetLimits) (tx.Code, error) {
	asset, err := d.Asset(o.Asset)
	if err != nil || asset == nil {
		return tx.AssetUnknown, err // Does not stay: admit has found it.
	}
	asset.ProvisionalInflowDay = o.ProvisionalInflowDay
	d.put(keyAsset(o.Asset), asset.encode())
	d.putLimits(o.Asset, o.Limits)
	return tx.OK, nil
}

// issue creates units and credits them. A frozen issuer creates none: a stolen issuer's key is the case that freezes are for.
func (d *draft) issue(o tx.Issue) (tx.Code, error) {
	account, err := d.overlay.get(keyAccount(o.Credit))
	if err != nil {
		return 0, err
	}
	if account == nil {
		return tx.CreditAccountUnknown, nil
	}
	asset, err := d.Asset(o.Asset)
	if err != nil || asset == nil {
		return tx.AssetUnknown, err // Does not stay: admit has found it.
	}
	issuer, err := d.Account(asset.Issuer)
	if err != nil || issuer == nil {
		return 0, corrupt(err, "asset without an issuer")
	}
	switch {
	case d.timeUnixMs <= issuer.FrozenUntilUnixMs:
		return tx.AccountFrozen, nil
	case asset.Kind == tx.Voucher && asset.SpendUntilUnixMs < d.timeUnixMs:
		return tx.VoucherExpired, nil
	}
	supply, ok := asset.Supply.Add(o.Amount)
	if !ok {
		return tx.AmountOverflow, nil
	}
	asset.Supply = supply
	d.put(keyAsset(o.Asset), asset.encode())
	return d.credit(o.Credit, o.Asset, o.Amount)
}

// redeem destroys units of the issuer's own balance. No tier limits an issuer in its own asset; and vouchers are redeemed at any time,
// most of them after their last day.
func (d *draft) redeem(o tx.Redeem) (tx.Code, error) {
	asset, err := d.Asset(o.Asset)
	if err != nil || asset == nil {
		return tx.AssetUnknown, err // Does not stay: admit has found it.
	}
	issuer, err := d.Account(o.Issuer)
	if err != nil || issuer == nil {
		return 0, corrupt(err, "asset without an issuer")
	}
	balance, err := d.Balance(o.Issuer, o.Asset)
	if err != nil {
		return 0, err
	}
	switch {
	case d.timeUnixMs <= issuer.FrozenUntilUnixMs:
		return tx.AccountFrozen, nil
	case balance.Available() < o.Amount:
		return tx.InsufficientBalance, nil
	}
	// The supply is the sum of all balances, so it is not below this one.
	asset.Supply -= o.Amount
	balance.Posted -= o.Amount
	d.put(keyAsset(o.Asset), asset.encode())
	return tx.OK, d.touch(o.Issuer, o.Asset, balance)
}

// stateReserve writes the issuer's word down. Nothing is made to depend on it: people and programs read how old it is and whether it covers
// what was issued.
func (d *draft) stateReserve(o tx.StateReserve) (tx.Code, error) {
	asset, err := d.Asset(o.Asset)
	if err != nil || asset == nil {
		return tx.AssetUnknown, err // Does not stay: admit has found it.
	}
	if o.AsOfUnixMs > d.timeUnixMs || o.AsOfUnixMs <= asset.ReserveAsOfUnixMs {
		return tx.TimeNotValid, nil
	}
	asset.Reserve, asset.ReserveAsOfUnixMs, asset.ReserveStatedUnixMs = o.Reserve, o.AsOfUnixMs, d.timeUnixMs
	asset.ReserveEvidence = o.EvidenceHash
	d.put(keyAsset(o.Asset), asset.encode())
	return tx.OK, nil
}

// listPayee lists a payee of vouchers, or takes it off the list. After their date the list stays as it is: it has decided who keeps what.
func (d *draft) listPayee(o tx.ListPayee) (tx.Code, error) {
	payee, err := d.overlay.get(keyAccount(o.Payee))
	if err != nil {
		return 0, err
	}
	if payee == nil {
		return tx.CreditAccountUnknown, nil
	}
	asset, err := d.Asset(o.Asset)
	if err != nil || asset == nil {
		return tx.AssetUnknown, err // Does not stay: admit has found it.
	}
	listed, err := d.Listed(o.Asset, o.Payee)
	switch {
	case err != nil:
		return 0, err
	case listed == o.Listed:
		return tx.NothingToChange, nil
	case asset.Kind != tx.Voucher:
		return tx.AssetIsNoVoucher, nil
	case asset.SpendUntilUnixMs < d.timeUnixMs:
		return tx.VoucherExpired, nil
	}
	value := []byte{0}
	if o.Listed {
		value[0] = 1
	}
	d.put(keyPayee(o.Asset, o.Payee), value)
	return tx.OK, nil
}
