package ledger_test

import (
	"github.com/umoja-ledger/umoja/ledger/tx"
)

type asset struct {
	code      string
	kind      tx.AssetKind
	issuer    tx.AccountID
	until     uint64 // the last moment of vouchers
	arbiter   *tx.AccountID
	limits    map[uint32]limit // by tier
	inflowDay uint64
	supply    uint64
	reserve   uint64
	reserveOf uint64 // the time that the reserve was stated of
}

type limit struct{ transaction, day uint64 }

type payeeName struct {
	asset tx.Asset
	payee tx.AccountID
}

func limitsOf(all []tx.TierLimit) map[uint32]limit {
	limits := make(map[uint32]limit)
	for _, l := range all {
		limits[l.Tier] = limit{uint64(l.CapTransaction), uint64(l.CapDay)}
	}
	return limits
}

func (a *attempt) defineAsset(o tx.DefineAsset) tx.Code {
	taken := false
	for _, other := range a.assets {
		taken = taken || other.code == o.Code
	}
	const fiveYears = (5*365 + 2) * aDay
	code := first(
		broken{tx.CreditAccountUnknown, o.Arbiter != nil && !a.exists(*o.Arbiter)},
		broken{tx.AssetCodeTaken, taken},
		broken{tx.TimeNotValid, o.Kind == tx.Voucher && (o.SpendUntilUnixMs <= a.now || o.SpendUntilUnixMs > a.now+fiveYears)},
	)
	if code == tx.OK {
		a.assets[tx.Asset(len(a.assets)+1)] = asset{
			code: o.Code, kind: o.Kind, issuer: o.Issuer, until: o.SpendUntilUnixMs, arbiter: o.Arbiter,
			limits: limitsOf(o.Limits), inflowDay: uint64(o.ProvisionalInflowDay),
		}
	}
	return code
}

func (a *attempt) setLimits(o tx.SetLimits) tx.Code {
	of := a.assets[o.Asset]
	of.limits, of.inflowDay = limitsOf(o.Limits), uint64(o.ProvisionalInflowDay)
	a.assets[o.Asset] = of
	return tx.OK
}

func (a *attempt) listPayee(o tx.ListPayee) tx.Code {
	name := payeeName{o.Asset, o.Payee}
	code := first(
		broken{tx.CreditAccountUnknown, !a.exists(o.Payee)},
		broken{tx.NothingToChange, a.payees[name] == o.Listed},
		broken{tx.AssetIsNoVoucher, a.assets[o.Asset].kind != tx.Voucher},
		broken{tx.VoucherExpired, a.now > a.assets[o.Asset].until},
	)
	if code == tx.OK {
		a.payees[name] = o.Listed
	}
	return code
}

func (a *attempt) issue(o tx.Issue) tx.Code {
	of := a.assets[o.Asset]
	code := first(
		broken{tx.CreditAccountUnknown, !a.exists(o.Credit)},
		broken{tx.AccountFrozen, a.frozen(of.issuer)},
		broken{tx.VoucherExpired, of.kind == tx.Voucher && a.now > of.until},
		broken{tx.AmountOverflow, uint64(o.Amount) > maxAmount-of.supply},
	)
	if code == tx.OK {
		a.issued(o.Asset, o.Credit, uint64(o.Amount))
	}
	return code
}

func (m *model) issued(n tx.Asset, to tx.AccountID, sum uint64) {
	of := m.assets[n]
	of.supply += sum
	m.assets[n] = of
	m.credit(to, n, sum)
}

func (a *attempt) redeem(o tx.Redeem) tx.Code {
	of := a.assets[o.Asset]
	code := first(
		broken{tx.AccountFrozen, a.frozen(o.Issuer)},
		broken{tx.InsufficientBalance, uint64(o.Amount) > a.available(o.Issuer, o.Asset)},
	)
	if code == tx.OK {
		of.supply -= uint64(o.Amount)
		a.assets[o.Asset] = of
		a.debit(o.Issuer, o.Asset, uint64(o.Amount))
	}
	return code
}

func (a *attempt) stateReserve(o tx.StateReserve) tx.Code {
	of := a.assets[o.Asset]
	if o.AsOfUnixMs > a.now || o.AsOfUnixMs <= of.reserveOf {
		return tx.TimeNotValid
	}
	of.reserve, of.reserveOf = uint64(o.Reserve), o.AsOfUnixMs
	a.assets[o.Asset] = of
	return tx.OK
}

// Vouchers are spent at listed payees, until a date. Whoever is or was listed keeps what is left then, and may give it to the issuer.

func (m *model) vouchers(n tx.Asset) bool { return m.assets[n].kind == tx.Voucher }

// outlived says whether an account can spend no vouchers any more.
func (a *attempt) outlived(debit tx.AccountID, n tx.Asset) bool {
	_, keeps := a.payees[payeeName{n, debit}]
	return a.vouchers(n) && a.now > a.assets[n].until && !keeps
}

// tooLate says whether it cannot spend them there.
func (a *attempt) tooLate(debit, credit tx.AccountID, n tx.Asset) bool {
	return a.outlived(debit, n) || a.vouchers(n) && a.now > a.assets[n].until && credit != a.assets[n].issuer
}

func (a *attempt) mayReceive(debit, credit tx.AccountID, n tx.Asset) bool {
	issuer := a.assets[n].issuer
	return !a.vouchers(n) || debit == issuer || credit == issuer || a.payees[payeeName{n, credit}]
}

// A fee is a payment like any other.

func (a *attempt) feeTooLate(debit tx.AccountID, n tx.Asset, fee *tx.Fee) bool {
	return feeOf(fee) > 0 && a.tooLate(debit, fee.Provider, n)
}

func (a *attempt) mayReceiveFee(debit tx.AccountID, n tx.Asset, fee *tx.Fee) bool {
	return feeOf(fee) == 0 || a.mayReceive(debit, fee.Provider, n)
}
