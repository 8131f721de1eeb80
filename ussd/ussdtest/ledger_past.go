package ussdtest

import (
	"context"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
)

// LastPayments implements ussd.Ledger.
func (l *Ledger) LastPayments(ctx context.Context, id tx.AccountID, limit int) ([]ussd.PastPayment, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(ctx); err != nil {
		return nil, err
	}
	var past []ussd.PastPayment
	for i := len(l.history) - 1; i >= 0 && len(past) < limit; i-- {
		past = append(past, l.kept(id, l.history[i])...)
		for _, t := range l.history[i].leaf.Transfers {
			if t.How == ussd.HoldReturned || t.How == ussd.ByIssue && id == t.Debit {
				continue
			}
			p := ussd.PastPayment{ID: t.ID, Amount: t.Amount, Fee: t.Fee, ReceiptCode: t.ReceiptCode, Other: t.Credit, Leaf: uint64(i),
				TimeUnixMs: l.history[i].leaf.TimeUnixMs, Returnable: t.How == ussd.ByPayment || t.How == ussd.ByHold}
			switch id {
			case t.Credit:
				p.Incoming, p.Other, p.Fee = true, t.Debit, 0
			case t.Debit:
			default:
				continue
			}
			p.OtherNumber = l.find(p.Other).number
			past = append(past, p)
		}
	}
	return past, nil
}
