package ledger_test

import (
	"math/big"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// payment is what all debits have in common: units of an asset leave an account, or are reserved, and a fee with them.
type payment struct {
	debit   tx.AccountID
	asset   tx.Asset
	what    tx.GrantedOperation
	carrier *tx.AccountID
	amount  uint64
	// drawn is what the operation has debited before, by its other legs.
	drawn uint64
	// vouching is the provider that vouches alone for the alias that the payee was named by.
	vouching *tx.AccountID
}

type inflowDay struct {
	provider tx.AccountID
	asset    tx.Asset
	day      uint64
}

func (a *attempt) transfer(o tx.Transfer) tx.Code {
	request, requested := a.openRequest(o.Request)
	p := payment{debit: o.Debit, asset: o.Asset, what: tx.GrantTransfer, carrier: carrierOf(o.Fee), amount: uint64(o.Amount), vouching: a.vouching(o.Alias)}
	code := lowest(first(
		broken{tx.CreditAccountUnknown, !a.exists(o.Credit)},
		broken{tx.AssetUnknown, !a.known(o.Asset)},
		broken{tx.RequestUnknown, o.Request != nil && !requested},
		broken{tx.SelfTransfer, o.Debit == o.Credit},
		broken{tx.AliasNotBoundToPayee, o.Alias != nil && !a.bound(*o.Alias, o.Credit)},
		broken{tx.RequestMismatch, requested &&
			(request.Debit != o.Debit || request.Credit != o.Credit || request.Asset != o.Asset || request.Amount != o.Amount)},
		broken{tx.AccountFrozen, a.frozen(o.Debit)},
		broken{tx.VoucherExpired, a.tooLate(o.Debit, o.Credit, o.Asset) || a.feeTooLate(o.Debit, o.Asset, o.Fee)},
		broken{tx.PayeeNotListed, !a.mayReceive(o.Debit, o.Credit, o.Asset) || !a.mayReceiveFee(o.Debit, o.Asset, o.Fee)},
	), a.feeNamed(o.Asset, o.Fee), a.feeAmount(o.Fee, p.amount, feeOf(o.Fee)))
	if code == tx.OK {
		code = a.draw(p, feeOf(o.Fee))
	}
	if code != tx.OK {
		return code
	}
	a.pay(o.Debit, o.Credit, o.Asset, p.amount)
	if o.Fee != nil {
		a.pay(o.Debit, o.Fee.Provider, o.Asset, feeOf(o.Fee))
	}
	if o.Request != nil {
		delete(a.requests, *o.Request)
	}
	return tx.OK
}

func (a *attempt) bulkTransfer(o tx.BulkTransfer) tx.Code {
	fees, sum := a.legFees(o)
	code := lowest(first(
		broken{tx.AssetUnknown, !a.known(o.Asset)},
		broken{tx.AccountFrozen, a.frozen(o.Debit)},
		broken{tx.VoucherExpired, a.outlived(o.Debit, o.Asset) || a.feeTooLate(o.Debit, o.Asset, o.Fee)},
		broken{tx.PayeeNotListed, !a.mayReceiveFee(o.Debit, o.Asset, o.Fee)},
	), a.feeNamed(o.Asset, o.Fee), first(broken{tx.FeeMismatch, sum.Cmp(new(big.Int).SetUint64(feeOf(o.Fee))) != 0}))
	if code != tx.OK {
		return code
	}
	p := payment{debit: o.Debit, asset: o.Asset, what: tx.GrantTransfer, carrier: carrierOf(o.Fee)}
	paid, applied := uint64(0), 0
	for i, leg := range o.Legs {
		p.amount, p.vouching = uint64(leg.Amount), a.vouching(leg.Alias)
		code := a.leg(o, leg, p, fees[i])
		switch {
		case code == tx.OK:
			p.drawn, paid, applied = p.drawn+p.amount+fees[i], paid+fees[i], applied+1
		case o.Mode == tx.Atomic:
			return code
		default:
			a.legs = append(a.legs, tx.LegResult{Operation: a.position, Leg: uint32(i), Code: code})
		}
	}
	if o.Fee != nil {
		a.credit(o.Fee.Provider, o.Asset, paid)
	}
	return first(broken{tx.NoLegApplied, applied == 0})
}

// leg applies one leg; its fee waits until the last.
func (a *attempt) leg(o tx.BulkTransfer, leg tx.BulkLeg, p payment, fee uint64) tx.Code {
	code := first(
		broken{tx.CreditAccountUnknown, !a.exists(leg.Credit)},
		broken{tx.SelfTransfer, o.Debit == leg.Credit},
		broken{tx.AliasNotBoundToPayee, leg.Alias != nil && !a.bound(*leg.Alias, leg.Credit)},
		broken{tx.VoucherExpired, a.tooLate(o.Debit, leg.Credit, o.Asset)},
		broken{tx.PayeeNotListed, !a.mayReceive(o.Debit, leg.Credit, o.Asset)},
	)
	if code == tx.OK {
		code = a.draw(p, fee)
	}
	if code == tx.OK {
		a.pay(o.Debit, leg.Credit, o.Asset, p.amount)
		a.debit(o.Debit, o.Asset, fee)
	}
	return code
}

// legFees is what the schedule says for each leg, and in all.
func (a *attempt) legFees(o tx.BulkTransfer) ([]uint64, *big.Int) {
	fees, sum := make([]uint64, len(o.Legs)), new(big.Int)
	if o.Fee == nil {
		return fees, sum
	}
	for i, leg := range o.Legs {
		fee := feeFor(a.schedules[scheduleName{o.Fee.Provider, o.Fee.ScheduleVersion}].bands, uint64(leg.Amount))
		sum.Add(sum, fee)
		fees[i] = fee.Uint64()
	}
	return fees, sum
}

// pay moves units.
func (a *attempt) pay(debit, credit tx.AccountID, asset tx.Asset, sum uint64) {
	a.debit(debit, asset, sum)
	a.credit(credit, asset, sum)
}

func feeOf(fee *tx.Fee) uint64 {
	if fee == nil {
		return 0
	}
	return uint64(fee.Amount)
}

func (m *model) frozenAt(id tx.AccountID, now uint64) bool { return now <= m.accounts[id].frozenUntil }

func (a *attempt) frozen(id tx.AccountID) bool { return a.frozenAt(id, a.now) }

// feeNamed is about the schedule that a fee names: in effect, and replaced less than seven days ago.
func (a *attempt) feeNamed(asset tx.Asset, fee *tx.Fee) tx.Code {
	if fee == nil {
		return tx.OK
	}
	_, registered := a.providers[fee.Provider]
	s, published := a.schedules[scheduleName{fee.Provider, fee.ScheduleVersion}]
	next, replaced := a.replaced(fee.Provider, fee.ScheduleVersion)
	return first(
		broken{tx.FeeProviderUnknown, !registered},
		broken{tx.FeeScheduleNotValid, !published || s.asset != asset || a.now < s.from || replaced && a.now >= next+7*aDay},
	)
}

// feeAmount is about a fee's amount.
func (a *attempt) feeAmount(fee *tx.Fee, amount, named uint64) tx.Code {
	if fee == nil {
		return tx.OK
	}
	want := feeFor(a.schedules[scheduleName{fee.Provider, fee.ScheduleVersion}].bands, amount)
	return first(broken{tx.FeeMismatch, want.Cmp(new(big.Int).SetUint64(named)) != 0})
}

// feeFor is what bands say for an amount, in whole numbers of any size: the first band that reaches it, flat and the share rounded down.
func feeFor(bands []tx.FeeBand, amount uint64) *big.Int {
	for _, b := range bands {
		if b.UpTo == 0 || amount <= uint64(b.UpTo) {
			share := new(big.Int).Mul(new(big.Int).SetUint64(amount), big.NewInt(int64(b.BasisPoints)))
			return share.Add(share.Div(share, big.NewInt(10_000)), new(big.Int).SetUint64(uint64(b.Flat)))
		}
	}
	return new(big.Int)
}

// draw is the caps, the limits, the inflow and the balance; it counts what it allows.
func (a *attempt) draw(p payment, fee uint64) tx.Code {
	under, code := a.underGrants(p, fee)
	sum := p.amount + fee
	cap, limited := a.limitOf(p.debit, p.asset)
	day := holdingDay{holding{p.debit, p.asset}, a.day(a.now)}
	code = lowest(code, first(
		broken{tx.LimitTransaction, limited && p.drawn+sum > cap.transaction},
		broken{tx.LimitDay, limited && a.spent[day]+sum > cap.day},
		broken{tx.ProvisionalInflow, a.floods(p)},
		broken{tx.InsufficientBalance, sum > a.available(p.debit, p.asset)},
	))
	if code != tx.OK {
		return code
	}
	if under != nil {
		a.moved[*under] += sum
		a.used[grantDay{*under, a.day(a.now)}] += sum
	}
	a.spent[day] = min(a.spent[day]+sum, maxAmount)
	if p.vouching != nil && a.assets[p.asset].inflowDay != 0 {
		a.inflows[inflowDay{*p.vouching, p.asset, a.day(a.now)}] += p.amount
	}
	return tx.OK
}

// underGrants tries the grant of each signer, if the owner does not sign; the best that one of them says is the result.
func (a *attempt) underGrants(p payment, fee uint64) (*grantName, tx.Code) {
	if a.owns(p.debit) {
		return nil, tx.OK
	}
	best := tx.Unauthorised
	for _, k := range a.signers {
		if !a.carries(p.debit, k, p.what, p.asset, p.carrier) {
			continue
		}
		name := grantName{p.debit, k}
		g := a.grants[name]
		code := first(
			broken{tx.FeeAboveCeiling, fee > uint64(g.FeeCeiling)},
			broken{tx.CapTransaction, a.moved[name]+p.amount+fee > uint64(g.CapTransaction)},
			broken{tx.CapDay, a.used[grantDay{name, a.day(a.now)}]+p.amount+fee > uint64(g.CapDay)},
		)
		if code == tx.OK {
			return &name, tx.OK
		}
		best = max(best, code)
	}
	return nil, best
}

// limitOf is the limit of the account's tier, a quarter while a move or a recovery of it is pending. The asset's issuer is not limited.
func (a *attempt) limitOf(id tx.AccountID, asset tx.Asset) (limit, bool) {
	l, limited := a.tierLimit(asset, a.accounts[id].tier)
	if a.pending(id) {
		l = limit{l.transaction / 4, l.day / 4}
	}
	return l, limited && id != a.assets[asset].issuer
}

// tierLimit is that of a tier, or of the next lower one that has one.
func (m *model) tierLimit(asset tx.Asset, tier uint32) (limit, bool) {
	for t := int(tier); t >= 0; t-- {
		if l, limited := m.assets[asset].limits[uint32(t)]; limited {
			return l, true
		}
	}
	return limit{}, false
}

// vouching is the provider that vouches for an alias alone.
func (a *attempt) vouching(alias *key.Alias) *tx.AccountID {
	if alias == nil || a.alias(*alias).status != provisional {
		return nil
	}
	by := a.alias(*alias).vouchedBy
	return &by
}

// floods says whether payments to numbers that one provider vouches for alone would be too much today.
func (a *attempt) floods(p payment) bool {
	cap := a.assets[p.asset].inflowDay
	return p.vouching != nil && cap != 0 && a.inflows[inflowDay{*p.vouching, p.asset, a.day(a.now)}]+p.amount > cap
}
