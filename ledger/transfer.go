package ledger

import (
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// transfer moves amount from debit to credit and the fee from debit to the provider. The rules are checked in ascending
// order of their codes.
func (d *draft) transfer(o tx.Transfer) (tx.Code, error) {
	to, code, err := d.payee(o.Debit, o.Credit, o.Asset, o.Alias)
	if err != nil || code != tx.OK && code < tx.RequestUnknown {
		return code, err
	}
	request, requested, err := d.requested(o)
	if err != nil {
		return 0, err
	}
	// SELF_TRANSFER and ALIAS_NOT_BOUND_TO_PAYEE stand between the two codes of a request.
	switch {
	case requested == tx.RequestUnknown:
		return requested, nil
	case code != tx.OK:
		return code, nil
	case requested != tx.OK:
		return requested, nil
	}
	p, code, err := d.payer(o.Debit, o.Asset, tx.GrantTransfer)
	if err != nil || code != tx.OK {
		return code, err
	}
	if code, err := p.mayPay(o.Credit); err != nil || code != tx.OK {
		return code, err
	}
	if code, err := p.carriedBy(o.Fee); err != nil || code != tx.OK {
		return code, err
	}
	fee := feeOf(o.Fee)
	if code := p.feeIs(o.Fee, o.Amount, fee); code != tx.OK {
		return code, nil
	}
	if code := p.draw(o.Amount, fee, to.inflow); code != tx.OK {
		return code, nil
	}
	p.balance.Posted -= o.Amount + fee
	if err := p.settle(); err != nil {
		return 0, err
	}
	d.receive(to.inflow)
	if request != nil {
		d.endRequest(*o.Request, *request)
	}
	if code, err := d.credit(o.Credit, o.Asset, o.Amount); err != nil || code != tx.OK {
		return code, err
	}
	return d.payFee(o.Fee, o.Asset, fee)
}

// payee is who is about to be credited.
type payee struct {
	// inflow is set when a provisional alias names the payee.
	inflow *inflow
}

// payee checks that the account credited exists and is the one that the alias is bound to.
func (d *draft) payee(debit, credit tx.AccountID, asset tx.Asset, alias *key.Alias) (payee, tx.Code, error) {
	// Whoever has a balance has an account, and the balance is read in any case.
	raw, err := d.overlay.get(keyBalance(credit, asset))
	if err == nil && raw == nil {
		raw, err = d.overlay.get(keyAccount(credit))
	}
	if err != nil {
		return payee{}, 0, err
	}
	if raw == nil {
		return payee{}, tx.CreditAccountUnknown, nil
	}
	rules, err := d.asset(asset)
	if err != nil {
		return payee{}, 0, err
	}
	switch {
	case rules == nil:
		return payee{}, tx.AssetUnknown, nil
	case debit == credit:
		return payee{}, tx.SelfTransfer, nil
	case alias == nil:
		return payee{}, tx.OK, nil
	}
	bound, err := d.Alias(*alias)
	if err != nil {
		return payee{}, 0, err
	}
	if !bound.Bound() || bound.Account != credit {
		return payee{}, tx.AliasNotBoundToPayee, nil
	}
	if bound.Status != AliasProvisional || rules.ProvisionalInflowDay == 0 {
		return payee{}, tx.OK, nil
	}
	in, err := d.inflow(bound.VouchedBy, asset, rules.ProvisionalInflowDay)
	return payee{inflow: in}, tx.OK, err
}

func feeOf(f *tx.Fee) amount.Amount {
	if f == nil {
		return 0
	}
	return f.Amount
}

// payFee credits the provider. It comes last: the provider may be the payer or the payee too.
func (d *draft) payFee(f *tx.Fee, asset tx.Asset, fee amount.Amount) (tx.Code, error) {
	if f == nil || fee == 0 {
		return tx.OK, nil
	}
	return d.credit(f.Provider, asset, fee)
}

// inflow is what payments to aliases that one provider vouches for alone have received in a day: day(4) received(8).
type inflow struct {
	key      []byte
	cap      amount.Amount
	day      uint32
	received amount.Amount
}

func (d *draft) inflow(provider tx.AccountID, asset tx.Asset, capDay amount.Amount) (*inflow, error) {
	in := &inflow{key: keyInflow(provider, asset), cap: capDay, day: d.rules.day(d.timeUnixMs)}
	raw, err := d.overlay.get(in.key)
	if err != nil || raw == nil {
		return in, err
	}
	r := reader{rest: raw}
	if day, received := r.u32(), amount.Amount(r.u64()); day == in.day {
		in.received = received
	}
	return in, r.end("inflow")
}

// takes says whether the day has room for the amount.
func (in *inflow) takes(a amount.Amount) bool {
	if in == nil {
		return true
	}
	sum, ok := in.received.Add(a)
	if !ok || sum > in.cap {
		return false
	}
	in.received = sum
	return true
}

// receive records what came in.
func (d *draft) receive(in *inflow) {
	if in != nil {
		d.put(in.key, put64(put32(nil, in.day), uint64(in.received)))
	}
}
