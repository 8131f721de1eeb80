package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
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
	kept := keeping{taken: make(map[tx.HoldID]amount.Amount), ended: make(map[tx.HoldID]bool)}
	before := uint64(0)
	for range maxPages {
		entries, err := r.client.History(ctx, account, before, pageLeaves)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			before = e.LeafIndex
			for _, past := range r.past(account, e, &kept) {
				comes, err := r.stillComes(ctx, past)
				if err != nil {
					return nil, err
				}
				if !comes {
					continue
				}
				if past.Other != (tx.AccountID{}) {
					if past.OtherNumber, err = r.NumberOf(ctx, past.Other); err != nil {
						return nil, err
					}
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

// stillComes tells whether what is kept for this account is kept still: that the payer took it back stands in the payer's history alone.
func (r *remote) stillComes(ctx context.Context, past ussd.PastPayment) (bool, error) {
	if !past.Kept || !past.Incoming {
		return true, nil
	}
	switch _, err := r.client.Hold(ctx, past.Hold); {
	case errors.Is(err, sdk.ErrNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look at money that is kept: %w", err)
	}
	return true, nil
}

// keeping is what became of amounts that were kept, as a walk through a history from its end meets it: before the leaves that placed them.
type keeping struct {
	taken map[tx.HoldID]amount.Amount
	ended map[tx.HoldID]bool
}

// past is what an entry moved from or to an account, or keeps of it still.
func (r *remote) past(account tx.AccountID, e sdk.Entry, kept *keeping) []ussd.PastPayment {
	var all []ussd.PastPayment
	for _, t := range r.moved(e) {
		if t.Hold != (tx.HoldID{}) {
			kept.taken[t.Hold] += t.Amount
			kept.ended[t.Hold] = kept.ended[t.Hold] || t.HoldEnds
		}
		if past, ours := pastPayment(account, t); ours {
			past.Leaf, past.TimeUnixMs = e.LeafIndex, e.TimeUnixMs
			all = append(all, past)
		}
	}
	for _, notice := range r.noticed(e) {
		switch n := notice.(type) {
		case ussd.HoldReleased:
			kept.ended[n.Hold] = true
		case ussd.HoldPlaced:
			if past, ours := keptPayment(account, n, kept); ours {
				past.Leaf, past.TimeUnixMs = e.LeafIndex, e.TimeUnixMs
				all = append(all, past)
			}
		}
	}
	return all
}

// Bounds of one look for a receipt: the history is told in pages of the largest size. The newest thousand entries are looked at however long
// it takes, ten thousand at most, and while there is time for it: a person waits, and a shop's history is long.
const (
	receiptPage      = 100
	receiptPages     = 100
	receiptSurePages = 10
	receiptTime      = 3 * time.Second
)

// Receipts finds what moved from or to an account under a receipt code; whole tells whether the history was looked through to its beginning.
func (r *remote) Receipts(ctx context.Context, account tx.AccountID, code string) (found []ussd.PastPayment, whole bool, err error) {
	kept := keeping{taken: make(map[tx.HoldID]amount.Amount), ended: make(map[tx.HoldID]bool)}
	before, began := uint64(0), time.Now()
	for page := range receiptPages {
		sure := page < receiptSurePages
		if !sure && time.Since(began) > receiptTime {
			break
		}
		entries, err := r.client.History(ctx, account, before, receiptPage)
		if err != nil && !sure {
			break // What was looked at stands.
		}
		if err != nil {
			return nil, false, err
		}
		for _, e := range entries {
			before = e.LeafIndex
			for _, past := range r.past(account, e, &kept) {
				if e.Code != code {
					continue
				}
				if past.Other != (tx.AccountID{}) {
					if past.OtherNumber, err = r.NumberOf(ctx, past.Other); err != nil {
						return nil, false, err
					}
				}
				found = append(found, past)
			}
			if len(found) > 0 {
				return found, true, nil
			}
		}
		if len(entries) < receiptPage || before == 0 {
			return nil, true, nil
		}
	}
	return nil, false, nil
}

// pastPayment is what moved as one account sees it. What was kept and given back never left the account.
func pastPayment(account tx.AccountID, t ussd.FinalTransfer) (ussd.PastPayment, bool) {
	past := ussd.PastPayment{
		ID: t.ID, Amount: t.Amount, Fee: t.Fee, ReceiptCode: t.ReceiptCode, Other: t.Credit, Position: t.Position, Returnable: returnable(t),
	}
	switch {
	case t.How == ussd.HoldReturned:
		return past, false
	case account == t.Debit:
		return past, t.How != ussd.ByIssue // The issuer has not less for it.
	case account == t.Credit:
		past.Incoming, past.Other, past.Fee = true, t.Debit, 0
		return past, true
	}
	return past, false
}

// keptPayment is what is kept still, as one account sees it: its own, or what will be paid to it without its doing.
func keptPayment(account tx.AccountID, n ussd.HoldPlaced, kept *keeping) (ussd.PastPayment, bool) {
	taken := kept.taken[n.Hold]
	past := ussd.PastPayment{
		ID: n.Payment, Fee: n.Fee, ReceiptCode: n.ReceiptCode, Other: n.Payee, Kept: true, Hold: n.Hold, UntilUnixMs: n.UntilUnixMs,
		MayRelease: n.MayRelease,
	}
	if kept.ended[n.Hold] || taken >= n.Amount {
		return past, false
	}
	past.Amount = n.Amount - taken
	switch account {
	case n.Payer:
		return past, true
	case n.Payee:
		past.Incoming, past.Other, past.Fee = true, n.Payer, 0
		return past, n.Completes
	}
	return past, false
}

// WatchFinal gives every final leaf from an index on.
func (r *remote) WatchFinal(ctx context.Context, from uint64, take func(ussd.FinalLeaf) error) error {
	return r.client.Watch(ctx, from, func(e sdk.Entry) error {
		return take(ussd.FinalLeaf{Index: e.LeafIndex, TimeUnixMs: e.TimeUnixMs, Transfers: r.moved(e), Notices: r.noticed(e)})
	})
}

// HasPaid tells whether a movement from one account to another is among the newest of the first one's history. What was only given back to
// somebody makes nobody known.
func (r *remote) HasPaid(ctx context.Context, payer, payee tx.AccountID) (bool, error) {
	before := uint64(0)
	for range maxPages {
		entries, err := r.client.History(ctx, payer, before, pageLeaves)
		if err != nil {
			return false, err
		}
		for _, e := range entries {
			before = e.LeafIndex
			for _, t := range r.moved(e) {
				if t.Debit == payer && t.Credit == payee && t.How != ussd.ByReturn {
					return true, nil
				}
			}
		}
		if len(entries) < pageLeaves || before == 0 {
			break
		}
	}
	return false, nil
}
