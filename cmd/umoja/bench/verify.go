package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	"github.com/umoja-ledger/umoja/sdk"
)

// verify compares the ledger with the answers.
func (l *load) verify(ctx context.Context, r *Report, before []amount.Amount) error {
	var err error
	if r.Unknown, err = l.settle(ctx, l.network.client.Submit); err != nil {
		return err
	}
	after, err := l.balances(ctx)
	if err != nil {
		return err
	}
	r.WrongBalances, r.BalancesChecked = l.wrong(before, after), len(before)
	r.Receipts, r.WrongReceipts, err = l.receipts(ctx)
	return err
}

const (
	// settleWithin is how long all that was not answered may take to have an outcome.
	settleWithin = 2 * time.Minute
	// settledAtOnce is how many are asked for at a time: of a validator that died thousands may be open.
	settledAtOnce = 64
)

// settle finds out what became of what was not answered: submit hands the same transaction over once more.
func (l *load) settle(ctx context.Context, submit func(context.Context, *tx.Signed) (sdk.Outcome, error)) (unknown int, err error) {
	within, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	var group errgroup.Group
	group.SetLimit(settledAtOnce)
	for _, it := range l.open {
		group.Go(func() error {
			o, err := submit(within, it.signed)
			l.mu.Lock()
			defer l.mu.Unlock()
			switch {
			case err != nil:
				unknown++
			case o.Applied():
				l.made(it)
			}
			return nil
		})
	}
	_ = group.Wait() // What has no outcome is counted.
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

// receipts fetches receipts of some payments, verifies them, and counts those that are wrong. An error is of those that could not be fetched.
func (l *load) receipts(ctx context.Context) (verified, wrong int, err error) {
	for _, id := range l.ids {
		_, proved, err := l.network.client.Receipt(ctx, id)
		switch {
		case err == nil && proved.Record.Result.Code == tx.OK:
			verified++
		case err == nil:
			wrong++
		case errors.Is(err, sdk.ErrNotFound) || l.refuted(ctx, id): // Too many know nothing of what was answered final.
			wrong++
		default:
			return verified, wrong, fmt.Errorf("verify the receipt of a payment: %w", err)
		}
	}
	return verified, wrong, nil
}

// refuted says that there is an answer and none that verifies. The client's error is the same when nobody answers.
func (l *load) refuted(ctx context.Context, id tx.ID) bool {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	answered := false
	for _, v := range l.network.validators {
		res, err := v.GetReceipt(ctx, &apiv1.GetReceiptRequest{Id: id[:]})
		if err != nil {
			continue
		}
		answered = true
		receipt, err := checkpoint.ReceiptOf(res.GetReceipt())
		if err != nil {
			continue
		}
		if proved, err := l.network.client.Verify(receipt); err == nil && proved.Transaction.ID() == id && proved.Record.Result.Code == tx.OK {
			return false
		}
	}
	return answered
}
