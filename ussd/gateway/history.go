package gateway

import (
	"context"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
)

// Bounds of one look at an account's history. Past these pages of refusals and grants nobody looks for a payment.
const (
	pageLeaves = 20
	maxPages   = 5
)

// LastPayments lists the newest movements of money from and to an account.
func (r *remote) LastPayments(ctx context.Context, account tx.AccountID, limit int) ([]ussd.PastPayment, error) {
	var all []ussd.PastPayment
	before := uint64(0)
	for range maxPages {
		entries, err := r.client.History(ctx, account, before, pageLeaves)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			before = e.LeafIndex
			for _, t := range r.moved(e) {
				past, ours := pastPayment(account, t)
				if !ours {
					continue
				}
				if past.OtherNumber, err = r.NumberOf(ctx, past.Other); err != nil {
					return nil, err
				}
				if all = append(all, past); len(all) == limit {
					return all, nil
				}
			}
		}
		if len(entries) < pageLeaves || before == 0 {
			break
		}
	}
	return all, nil
}

// pastPayment is what moved as one account sees it. What was kept and given back never left the account.
func pastPayment(account tx.AccountID, t ussd.FinalTransfer) (ussd.PastPayment, bool) {
	past := ussd.PastPayment{ID: t.ID, Amount: t.Amount, ReceiptCode: t.ReceiptCode, Other: t.Credit}
	switch {
	case t.How == ussd.HoldReturned:
		return past, false
	case account == t.Debit:
		return past, t.How != ussd.ByIssue // The issuer has not less for it.
	case account == t.Credit:
		past.Incoming, past.Other = true, t.Debit
		return past, true
	}
	return past, false
}

// WatchFinal gives every final leaf from an index on.
func (r *remote) WatchFinal(ctx context.Context, from uint64, take func(ussd.FinalLeaf) error) error {
	return r.client.Watch(ctx, from, func(e sdk.Entry) error {
		return take(ussd.FinalLeaf{Index: e.LeafIndex, TimeUnixMs: e.TimeUnixMs, Transfers: r.moved(e), Notices: r.noticed(e)})
	})
}
