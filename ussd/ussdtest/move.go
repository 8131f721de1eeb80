package ussdtest

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ussd"
)

// Refusals are the outcomes that Refuse may be told, by name.
var Refusals = map[string]ussd.OutcomeCode{
	"payee_full": ussd.OutcomePayeeFull, "frozen": ussd.OutcomeFrozen, "not_listed": ussd.OutcomePayeeNotListed,
	"voucher_over": ussd.OutcomeVoucherOver, "resting": ussd.OutcomeAliasResting, "over": ussd.OutcomeHoldOver, "other": ussd.OutcomeRefused,
	"cap": ussd.OutcomeCapTransaction, "cap_day": ussd.OutcomeCapDay, "ended": ussd.OutcomeRequestEnded, "returned": ussd.OutcomeReturned,
}

// Refuse ends the next transaction with an outcome.
func (l *Ledger) Refuse(outcome ussd.OutcomeCode) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusal = outcome
}

// Ways are how money moves other than by a phone's payment, by name.
var Ways = map[string]ussd.How{"transfer": ussd.ByPayment, "bulk": ussd.ByBulk, "issue": ussd.ByIssue, "hold": ussd.ByHold, "returned": ussd.HoldReturned}

// MoveMoney moves money between phones as others than this gateway do. A hold that returned credits nobody; from and to are its payer then.
func (l *Ledger) MoveMoney(how ussd.How, from, to ussd.Phone, value amount.Amount) {
	l.mu.Lock()
	defer l.mu.Unlock()
	payer, payee := l.phones[from], l.phones[to]
	t := ussd.FinalTransfer{How: how, Debit: payer.id, Amount: value, ReceiptCode: fmt.Sprintf("7HM4P%03d", len(l.history))}
	if how != ussd.HoldReturned {
		payer.balance -= value
		payee.balance += value
		t.Credit, t.CreditBalance = payee.id, payee.balance
	}
	t.DebitBalance = payer.balance
	l.append(entry{from: payer, to: payee, leaf: ussd.FinalLeaf{Transfers: []ussd.FinalTransfer{t}}})
}

// WatchedFrom is the leaf from which the gateway watched last.
func (l *Ledger) WatchedFrom() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.watchedFrom
}
