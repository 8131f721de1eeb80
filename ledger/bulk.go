package ledger

import (
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// bulkTransfer moves units from one account to many. What concerns the payer is decided first and refuses the whole; then each leg
// in order. In mode each, a leg that is refused is recorded and the others stand; the fee is that of the legs that stand.
func (d *draft) bulkTransfer(o tx.BulkTransfer) (tx.Code, error) {
	rules, err := d.asset(o.Asset)
	if err != nil {
		return 0, err
	}
	if rules == nil {
		return tx.AssetUnknown, nil
	}
	p, code, err := d.payer(o.Debit, o.Asset, tx.GrantTransfer)
	if err != nil || code != tx.OK {
		return code, err
	}
	if code, err := p.carriedBy(o.Fee); err != nil || code != tx.OK {
		return code, err
	}
	fees, code := p.legFees(o)
	if code != tx.OK {
		return code, nil
	}
	var paid amount.Amount
	applied := 0
	for i, leg := range o.Legs {
		code, err := d.bulkLeg(p, o, leg, fees[i])
		switch {
		case err != nil:
			return 0, err
		case code == tx.OK:
			paid += fees[i]
			applied++
		case o.Mode == tx.Atomic:
			return code, nil
		default:
			d.legs = append(d.legs, tx.LegResult{Operation: d.operation, Leg: uint32(i), Code: code})
		}
	}
	if applied == 0 {
		return tx.NoLegApplied, nil
	}
	if err := p.settle(); err != nil {
		return 0, err
	}
	return d.payFee(o.Fee, o.Asset, paid)
}

// legFees are the fees of the legs, whose sum must be the fee that the payer signed.
func (p *payer) legFees(o tx.BulkTransfer) ([]amount.Amount, tx.Code) {
	fees := make([]amount.Amount, len(o.Legs))
	if o.Fee == nil {
		return fees, tx.OK
	}
	var sum amount.Amount
	for i, leg := range o.Legs {
		fee, ok := tx.FeeFor(p.schedule.Bands, leg.Amount)
		if ok {
			sum, ok = sum.Add(fee)
		}
		if !ok {
			return nil, tx.FeeMismatch
		}
		fees[i] = fee
	}
	if sum != o.Fee.Amount {
		return nil, tx.FeeMismatch
	}
	return fees, tx.OK
}

// bulkLeg applies one leg. The payer's balance is settled after the last; no leg credits it.
func (d *draft) bulkLeg(p *payer, o tx.BulkTransfer, leg tx.BulkLeg, fee amount.Amount) (tx.Code, error) {
	to, code, err := d.payee(o.Debit, leg.Credit, o.Asset, leg.Alias)
	if err != nil || code != tx.OK {
		return code, err
	}
	if code, err := p.mayPay(leg.Credit); err != nil || code != tx.OK {
		return code, err
	}
	if code := p.draw(leg.Amount, fee, to.inflow); code != tx.OK {
		return code, nil
	}
	p.balance.Posted -= leg.Amount + fee
	d.receive(to.inflow)
	// A balance is never above the supply, which is an amount, so this does not overflow.
	return d.credit(leg.Credit, o.Asset, leg.Amount)
}
