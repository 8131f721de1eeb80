package ussdtest

import (
	"context"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
)

// looked is how many payments of an account Receipts looks at.
const looked = 8

// Receipts implements ussd.Ledger.
func (l *Ledger) Receipts(ctx context.Context, id tx.AccountID, code string) (found []ussd.PastPayment, whole bool, err error) {
	past, err := l.LastPayments(ctx, id, looked+1)
	for i, p := range past {
		switch {
		case i == looked:
			return nil, false, nil
		case p.ReceiptCode == code:
			return []ussd.PastPayment{p}, true, nil
		}
	}
	return nil, true, err
}
