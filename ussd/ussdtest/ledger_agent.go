package ussdtest

import (
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
)

// giveCash captures the whole of a hold for its payee, the commission in a leg of its own.
func (l *Ledger) giveCash(id tx.ID, o ussd.Order) ussd.Outcome {
	h := l.holds[o.Hold]
	if h == nil || o.Amount+o.Commission > h.left || h.placed.Payee != o.Payer {
		return ussd.Outcome{Code: ussd.OutcomeHoldOver}
	}
	delete(l.holds, o.Hold)
	from, to := l.find(h.placed.Payer), l.find(o.Payer)
	to.balance += h.left
	code := l.code()
	var legs []ussd.FinalTransfer
	for i, leg := range []amount.Amount{o.Amount, o.Commission} {
		if leg != 0 {
			legs = append(legs, ussd.FinalTransfer{ID: id, How: ussd.ByHold, Debit: from.id, Credit: to.id, Amount: leg, Hold: o.Hold,
				Position: uint32(i), DebitBalance: from.balance, CreditBalance: to.balance, ReceiptCode: code})
		}
	}
	l.append(entry{leaf: ussd.FinalLeaf{Transfers: legs}})
	return ussd.Outcome{Code: ussd.OutcomeOK, ReceiptCode: code, Balance: to.balance, HasBalance: true}
}

// opens is the account that an order opens.
func opens(o ussd.Order, id tx.ID) (account tx.AccountID) {
	if o.Kind == ussd.KindGroupOpen {
		copy(account[:], id[:])
	}
	return account
}

// openGroup opens a group's account.
func (l *Ledger) openGroup(id tx.ID, o ussd.Order) ussd.Outcome {
	a := &account{id: opens(o, id), number: tx.AccountNumber(1000 + len(l.accounts)), name: o.Founds.Name}
	l.accounts = append(l.accounts, a)
	l.append(entry{})
	return ussd.Outcome{Code: ussd.OutcomeOK, Number: a.number}
}
