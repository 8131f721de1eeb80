package ussdtest

import (
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
)

// transfer pays, by whatever kind of order.
func (l *Ledger) transfer(id tx.ID, o ussd.Order) ussd.Outcome {
	if o.Request != nil && !l.endRequest(*o.Request, o.Payer, true) {
		return ussd.Outcome{Code: ussd.OutcomeRequestEnded}
	}
	from, to := l.find(o.Debit()), l.find(o.Payee.Account)
	total := o.Amount + Fee
	switch {
	case o.Payee.Phone != "" && l.phones[o.Payee.Phone] != to:
		return ussd.Outcome{Code: ussd.OutcomeAliasNotBound}
	case total > CapTransaction+l.raised:
		return ussd.Outcome{Code: ussd.OutcomeCapTransaction}
	case total > CapDay+l.raised-from.spent:
		return ussd.Outcome{Code: ussd.OutcomeCapDay}
	case total > from.balance:
		return ussd.Outcome{Code: ussd.OutcomeInsufficientBalance}
	}
	from.balance -= total
	from.spent += total
	to.balance += o.Amount
	code := l.code()
	l.append(entry{from: from, to: to, leaf: ussd.FinalLeaf{Transfers: []ussd.FinalTransfer{{
		ID: id, Debit: from.id, Credit: to.id, Amount: o.Amount, Fee: Fee,
		DebitBalance: from.balance, CreditBalance: to.balance, ReceiptCode: code,
	}}}})
	return ussd.Outcome{Code: ussd.OutcomeOK, ReceiptCode: code, Balance: from.balance, HasBalance: true}
}
