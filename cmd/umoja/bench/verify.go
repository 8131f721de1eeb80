package bench

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/sdk"
)

// verify compares the ledger with the answers.
func (l *load) verify(ctx context.Context, r *Report, before []amount.Amount) error {
	var err error
	if r.Unknown, err = l.settle(ctx); err != nil {
		return err
	}
	after, err := l.balances(ctx)
	if err != nil {
		return err
	}
	r.WrongBalances, r.BalancesChecked = l.wrong(before, after), len(before)
	r.Receipts, err = l.receipts(ctx)
	return err
}

// settleWithin is how long all that was not answered may take to have an outcome.
const settleWithin = 2 * time.Minute

// settle finds out what became of what was not answered.
func (l *load) settle(ctx context.Context) (unknown int, err error) {
	within, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	for _, it := range l.open {
		o, err := l.network.client.Submit(within, it.signed)
		switch {
		case err != nil:
			unknown++
		case o.Applied():
			l.made(it)
		}
	}
	return unknown, context.Cause(ctx)
}

// balances reads what the payers have, once every validator has made final what was accepted: whichever is asked knows of every answer.
func (l *load) balances(ctx context.Context) ([]amount.Amount, error) {
	if err := l.network.folder.AwaitFinal(ctx); err != nil {
		return nil, err
	}
	all := make([]amount.Amount, len(l.all))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i := range all {
		group.Go(func() error {
			b, err := l.network.client.Balance(ctx, l.all[i].account, l.network.asset, sdk.Final)
			if err != nil {
				return fmt.Errorf("read the balance of payer %d: %w", i, err)
			}
			all[i] = b.Available()
			return nil
		})
	}
	return all, group.Wait()
}

// wrong counts the balances that did not change by what was answered.
func (l *load) wrong(before, after []amount.Amount) int {
	n := 0
	for i := range before {
		if int64(after[i])-int64(before[i]) != l.net[i] {
			n++
		}
	}
	return n
}

// receipts fetches receipts of some payments, and verifies them.
func (l *load) receipts(ctx context.Context) (verified int, err error) {
	for _, id := range l.ids {
		if _, _, err := l.network.client.Receipt(ctx, id); err != nil {
			return verified, fmt.Errorf("verify the receipt of a payment: %w", err)
		}
		verified++
	}
	return verified, nil
}
