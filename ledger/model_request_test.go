package ledger_test

import (
	"bytes"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// openRequest is a request that has not ended.
func (a *attempt) openRequest(id *tx.RequestID) (tx.RequestPayment, bool) {
	if id == nil {
		return tx.RequestPayment{}, false
	}
	q, there := a.requests[*id]
	return q, there && a.now <= q.ExpiresAtUnixMs
}

func (a *attempt) requestPayment(o tx.RequestPayment) tx.Code {
	code := first(
		broken{tx.AssetUnknown, !a.known(o.Asset)},
		broken{tx.SelfTransfer, o.Debit == o.Credit},
		broken{tx.TimeNotValid, !a.ahead(o.ExpiresAtUnixMs)},
	)
	if code == tx.OK {
		a.requests[tx.NewRequestID(a.id, a.position)] = o
	}
	return code
}

func (a *attempt) declineRequest(o tx.DeclineRequest) tx.Code {
	q, open := a.openRequest(&o.Request)
	code := first(
		broken{tx.RequestUnknown, !open},
		broken{tx.RequestMismatch, o.Account != q.Debit && o.Account != q.Credit},
	)
	if code == tx.OK {
		delete(a.requests, o.Request)
	}
	return code
}

// place is an operation in the history.
type place struct {
	leaf      uint64
	operation uint32
}

// movement is what a transfer, a capture or a completed hold moved, and can be given back.
type movement struct {
	debit, credit tx.AccountID
	asset         tx.Asset
	amount        uint64
}

// remember notes what an operation moved.
func (a *attempt) remember(op tx.Operation, at place) {
	switch o := op.(type) {
	case tx.Transfer:
		a.movements[at] = movement{o.Debit, o.Credit, o.Asset, uint64(o.Amount)}
	case tx.CaptureHold:
		a.movements[at] = movement{o.Debit, o.Credit, o.Asset, uint64(o.Amount)}
	}
}

// mayReturn: who was paid gives it back, or the arbiter of the asset takes it back.
func (a *attempt) mayReturn(o tx.Return) tx.Code {
	code := a.mayDebitBy(o.Debit, o.Asset, tx.GrantReturn, o.Carrier)
	if code == tx.Unauthorised && a.arbitrates(o) {
		return tx.OK
	}
	return code
}

func (a *attempt) arbitrates(o tx.Return) bool {
	arbiter := a.assets[o.Asset].arbiter
	return arbiter != nil && a.owns(*arbiter)
}

// giver pays the credits of a return.
func (a *attempt) giver(o tx.Return) tx.AccountID {
	if a.arbitrates(o) {
		return *a.assets[o.Asset].arbiter
	}
	return o.Debit
}

func (a *attempt) giveBack(o tx.Return) tx.Code {
	at := place{o.LeafIndex, o.Operation}
	moved := a.movements[at]
	found := o.LeafIndex < a.head && bytes.Equal(o.Leaf, a.truth(o.LeafIndex))
	registered := true
	if o.Carrier != nil {
		_, registered = a.providers[*o.Carrier]
	}
	arbitrated := a.arbitrates(o)
	p := payment{debit: o.Debit, asset: o.Asset, what: tx.GrantReturn, amount: uint64(o.Amount), carrier: o.Carrier}
	code := first(
		broken{tx.CreditAccountUnknown, !a.exists(o.Credit)},
		broken{tx.AssetUnknown, !a.known(o.Asset)},
		broken{tx.ProviderUnknown, !registered},
		broken{tx.TransferUnknown, !found || moved != movement{o.Credit, o.Debit, o.Asset, moved.amount} || moved.amount == 0},
		broken{tx.AccountFrozen, !arbitrated && a.frozen(o.Debit)},
		broken{tx.VoucherExpired, !arbitrated && a.outlived(o.Debit, o.Asset) ||
			a.vouchers(o.Asset) && a.now > a.assets[o.Asset].until && o.Credit != a.assets[o.Asset].issuer},
		broken{tx.InsufficientBalance, arbitrated && p.amount > a.available(o.Debit, o.Asset)},
	)
	if code == tx.OK && !arbitrated {
		code = a.draw(p, 0)
	}
	code = lowest(code, first(broken{tx.ReturnAboveTransfer, a.returned[at]+p.amount > moved.amount}))
	if code == tx.OK {
		a.returned[at] += p.amount
		a.pay(o.Debit, o.Credit, o.Asset, p.amount)
	}
	return code
}
