package ussdtest

import (
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
)

// request makes or ends a request to pay.
func (l *Ledger) request(id tx.ID, o ussd.Order) ussd.Outcome {
	if o.Kind == ussd.KindDecline {
		if !l.endRequest(*o.Request, o.Payer, false) {
			return ussd.Outcome{Code: ussd.OutcomeRequestEnded}
		}
		return ussd.Outcome{Code: ussd.OutcomeOK}
	}
	made := ussd.RequestMade{ID: tx.NewRequestID(id, 0), Credit: o.Payer, Debit: o.Payee.Account, Amount: o.Amount, EndsAtUnixMs: o.EndsAtUnixMs}
	l.requests[made.ID] = made
	l.append(entry{leaf: ussd.FinalLeaf{Notices: []ussd.Notice{made}}})
	return ussd.Outcome{Code: ussd.OutcomeOK}
}

// endRequest ends a request that is open.
func (l *Ledger) endRequest(id tx.RequestID, by tx.AccountID, paid bool) bool {
	if _, open := l.requests[id]; !open {
		return false
	}
	delete(l.requests, id)
	l.append(entry{leaf: ussd.FinalLeaf{Notices: []ussd.Notice{ussd.RequestEnded{ID: id, By: by, Paid: paid}}}})
	return true
}
