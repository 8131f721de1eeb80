package ussdtest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
)

// InflowDay is what provisional numbers of one provider receive in a day.
const InflowDay amount.Amount = 6_000_00

// hold is what is kept.
type hold struct {
	placed ussd.HoldPlaced
	left   amount.Amount
	fee    amount.Amount
}

// paysFee tells which orders carry a fee.
func paysFee(k ussd.Kind) bool {
	switch k {
	case ussd.KindTransfer, ussd.KindKeep, ussd.KindDelay, ussd.KindCashIn, ussd.KindCashOut, ussd.KindFloat, ussd.KindGroupIn, ussd.KindGroupOut:
		return true
	}
	return false
}

// AliasOf implements ussd.Ledger.
func (l *Ledger) AliasOf(phone ussd.Phone) key.Alias { return sha256.Sum256([]byte(phone)) }

// Binding implements ussd.Ledger.
func (l *Ledger) Binding(ctx context.Context, alias key.Alias) (ussd.Binding, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(ctx); err != nil {
		return ussd.Binding{}, err
	}
	a := l.bound(alias)
	if a == nil {
		return ussd.Binding{}, ussd.ErrPayeeUnknown
	}
	b := ussd.Binding{Account: a.id, Attested: !a.provisional, InflowDay: InflowDay}
	if a.provisional {
		b.Provider = tx.AccountID{1}
	}
	return b, nil
}

func (l *Ledger) bound(alias key.Alias) *account {
	for phone, a := range l.phones {
		if l.AliasOf(phone) == alias {
			return a
		}
	}
	return nil
}

// OpenProvisional opens an account whose number nobody but its provider vouches for.
func (l *Ledger) OpenProvisional(phone ussd.Phone, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open(phone, name, accountOf(phone)).provisional = true
}

// Attest has attestors bind a phone's number.
func (l *Ledger) Attest(phone ussd.Phone) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.phones[phone].provisional = false
	l.append(entry{leaf: ussd.FinalLeaf{Notices: []ussd.Notice{ussd.AliasAttested{Alias: l.AliasOf(phone)}}}})
}

// HasPaid implements ussd.Ledger.
func (l *Ledger) HasPaid(ctx context.Context, payer, payee tx.AccountID) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.history {
		for _, t := range e.leaf.Transfers {
			if t.Debit == payer && t.Credit == payee {
				return true, nil
			}
		}
	}
	return false, l.reach(ctx)
}

func (l *Ledger) code() string { return fmt.Sprintf("8XK2M%03d", len(l.history)) }

// place keeps an amount until its time is over.
func (l *Ledger) place(id tx.ID, o ussd.Order) ussd.Outcome {
	from, total, bound := l.find(o.Payer), o.Amount+o.Commission+Fee, l.bound(l.AliasOf(o.Payee.Phone))
	switch {
	case o.Kind == ussd.KindDelay && o.VouchedBy == (tx.AccountID{}) && (bound == nil || bound.provisional || bound.id != o.Payee.Account):
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
	n := ussd.HoldPlaced{Hold: tx.NewHoldID(id, 0), Payment: id, Payer: o.Payer, Amount: o.Amount + o.Commission, Fee: Fee, UntilUnixMs: o.EndsAtUnixMs,
		MayRelease: true, ReceiptCode: l.code(), Balance: from.balance}
	switch o.Kind {
	case ussd.KindDelay:
		n.Payee, n.Completes = o.Payee.Account, true
	case ussd.KindCashOut:
		n.Payee = o.Payee.Account
	default:
		n.Alias = l.AliasOf(o.Payee.Phone)
	}
	l.holds[n.Hold] = &hold{placed: n, left: n.Amount, fee: Fee}
	time.AfterFunc(time.Until(time.UnixMilli(int64(o.EndsAtUnixMs)+1)), func() { l.expire(n.Hold) })
	l.append(entry{from: from, leaf: ussd.FinalLeaf{Notices: []ussd.Notice{n}}})
	return ussd.Outcome{Code: ussd.OutcomeOK, ReceiptCode: n.ReceiptCode, Balance: from.balance, HasBalance: true}
}

// expire pays what is kept, or gives it back.
func (l *Ledger) expire(id tx.HoldID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.holds[id]
	if h == nil {
		return
	}
	delete(l.holds, id)
	from := l.find(h.placed.Payer)
	t := ussd.FinalTransfer{How: ussd.HoldReturned, Debit: from.id, Amount: h.left, ReceiptCode: l.code(), Hold: id, HoldEnds: true}
	if h.placed.Completes {
		to := l.find(h.placed.Payee)
		to.balance += h.left
		t.How, t.Credit, t.CreditBalance = ussd.ByHold, to.id, to.balance
	} else {
		from.balance += h.left + h.fee
	}
	t.DebitBalance = from.balance
	l.append(entry{leaf: ussd.FinalLeaf{Transfers: []ussd.FinalTransfer{t}}})
}

// capture pays what is kept to whom the number is attested to.
func (l *Ledger) capture(id tx.ID, o ussd.Order) ussd.Outcome {
	h := l.holds[o.Hold]
	if h == nil || o.Amount > h.left {
		return ussd.Outcome{Code: ussd.OutcomeHoldOver}
	}
	to := l.bound(h.placed.Alias)
	if to == nil || to.provisional || to.id != o.Payer {
		return ussd.Outcome{Code: ussd.OutcomeRefused}
	}
	delete(l.holds, o.Hold)
	from := l.find(h.placed.Payer)
	to.balance += o.Amount
	t := ussd.FinalTransfer{ID: id, How: ussd.ByHold, Debit: from.id, Credit: to.id, Amount: o.Amount, Hold: o.Hold, HoldEnds: true,
		DebitBalance: from.balance, CreditBalance: to.balance, ReceiptCode: l.code()}
	l.append(entry{leaf: ussd.FinalLeaf{Transfers: []ussd.FinalTransfer{t}}})
	return ussd.Outcome{Code: ussd.OutcomeOK, ReceiptCode: t.ReceiptCode, Balance: to.balance, HasBalance: true}
}

// release gives what is kept back to its payer.
func (l *Ledger) release(o ussd.Order) ussd.Outcome {
	h := l.holds[o.Hold]
	if h == nil || h.placed.Payer != o.Payer {
		return ussd.Outcome{Code: ussd.OutcomeHoldOver}
	}
	delete(l.holds, o.Hold)
	from := l.find(o.Payer)
	from.balance += h.left + h.fee
	n := ussd.HoldReleased{Hold: o.Hold, Payer: o.Payer, ReceiptCode: l.code(), Balance: from.balance, HasBalance: true}
	l.append(entry{leaf: ussd.FinalLeaf{Notices: []ussd.Notice{n}}})
	return ussd.Outcome{Code: ussd.OutcomeOK, ReceiptCode: n.ReceiptCode, Balance: from.balance, HasBalance: true}
}

// giveBack returns what a leaf moved, once.
func (l *Ledger) giveBack(id tx.ID, o ussd.Order) ussd.Outcome {
	of := ussd.Movement{Leaf: o.Leaf, Position: o.Position}
	from, to := l.find(o.Payer), l.find(o.Payee.Account)
	switch {
	case l.returned[of]:
		return ussd.Outcome{Code: ussd.OutcomeReturned}
	case o.Amount > from.balance:
		return ussd.Outcome{Code: ussd.OutcomeInsufficientBalance}
	}
	l.returned[of] = true
	from.balance -= o.Amount
	to.balance += o.Amount
	t := ussd.FinalTransfer{ID: id, How: ussd.ByReturn, Debit: from.id, Credit: to.id, Amount: o.Amount, Of: of, DebitBalance: from.balance,
		CreditBalance: to.balance, ReceiptCode: l.code()}
	l.append(entry{leaf: ussd.FinalLeaf{Transfers: []ussd.FinalTransfer{t}}})
	return ussd.Outcome{Code: ussd.OutcomeOK, ReceiptCode: t.ReceiptCode, Balance: from.balance, HasBalance: true}
}

// kept lists what an entry keeps still, as an account sees it.
func (l *Ledger) kept(id tx.AccountID, e entry) (past []ussd.PastPayment) {
	for _, notice := range e.leaf.Notices {
		n, ok := notice.(ussd.HoldPlaced)
		if !ok || l.holds[n.Hold] == nil || id != n.Payer && id != n.Payee {
			continue
		}
		p := ussd.PastPayment{ID: n.Payment, Amount: n.Amount, Fee: n.Fee, Other: n.Payee, ReceiptCode: n.ReceiptCode, Kept: true, Hold: n.Hold,
			UntilUnixMs: n.UntilUnixMs, MayRelease: n.MayRelease}
		if id == n.Payee {
			p.Incoming, p.Other, p.Fee = true, n.Payer, 0
		}
		if p.Other != (tx.AccountID{}) {
			p.OtherNumber = l.find(p.Other).number
		}
		past = append(past, p)
	}
	return past
}
