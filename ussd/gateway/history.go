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

// LastPayments lists the newest transfers from and to an account.
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
			for _, t := range r.transfers(e) {
				past, ours := pastPayment(account, e, t)
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

// pastPayment is a transfer as one account sees it.
func pastPayment(account tx.AccountID, e sdk.Entry, t tx.Transfer) (ussd.PastPayment, bool) {
	past := ussd.PastPayment{ID: e.Signed.ID(), Amount: t.Amount, ReceiptCode: e.Code, Other: t.Credit}
	switch account {
	case t.Debit:
		return past, true
	case t.Credit:
		past.Incoming, past.Other = true, t.Debit
		return past, true
	}
	return past, false
}

// transfers are the applied transfers of an entry in this gateway's asset.
func (r *remote) transfers(e sdk.Entry) []tx.Transfer {
	if e.Signed == nil || e.Record.Result.Code != tx.OK {
		return nil
	}
	var all []tx.Transfer
	for _, op := range e.Signed.Body.Operations {
		if t, ok := op.(tx.Transfer); ok && t.Asset == r.asset {
			all = append(all, t)
		}
	}
	return all
}

// WatchFinal gives every final leaf from an index on.
func (r *remote) WatchFinal(ctx context.Context, from uint64, take func(ussd.FinalLeaf) error) error {
	return r.client.Watch(ctx, from, func(e sdk.Entry) error {
		leaf := ussd.FinalLeaf{Index: e.LeafIndex}
		for _, t := range r.transfers(e) {
			final := ussd.FinalTransfer{ID: e.Signed.ID(), Debit: t.Debit, Credit: t.Credit, Amount: t.Amount, ReceiptCode: e.Code}
			if t.Fee != nil {
				final.Fee = t.Fee.Amount
			}
			for _, p := range e.Record.PostStates {
				switch {
				case p.Asset != r.asset:
				case p.Account == t.Debit:
					final.DebitBalance = p.Posted - p.Held
				case p.Account == t.Credit:
					final.CreditBalance = p.Posted - p.Held
				}
			}
			leaf.Transfers = append(leaf.Transfers, final)
		}
		return take(leaf)
	})
}
