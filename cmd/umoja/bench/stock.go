package bench

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// stockAhead is how many transactions are signed before the clock starts, and kept ahead of it. Five minutes at 1,000 a second are signed before they begin.
const stockAhead = 300_000

// item is a transaction that is ready to be sent.
type item struct {
	signed *tx.Signed
	// debit and credits say who pays and who is paid one minor unit each.
	debit   int
	credits []int
}

// stock signs transactions ahead of those who send them.
type stock struct {
	ready chan item
	group *errgroup.Group
	made  atomic.Int64
}

// newStock signs count transactions, and returns when it is as far ahead as it will be. What makes a transaction is told its number.
func (n *network) newStock(ctx context.Context, count int, all []payer, form func(i int) (debit int, credits []int)) (*stock, error) {
	s := &stock{ready: make(chan item, min(count, stockAhead))}
	ahead := make(chan struct{})
	s.group, ctx = errgroup.WithContext(ctx)
	s.group.Go(func() error {
		defer close(s.ready)
		return inParallel(ctx, count, func(i int) error {
			it, err := n.item(all, form, i)
			if err != nil {
				return err
			}
			select {
			case s.ready <- it:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			if s.made.Add(1) == int64(cap(s.ready)) {
				close(ahead)
			}
			return nil
		})
	})
	select {
	case <-ahead:
		return s, nil
	case <-ctx.Done():
		return nil, s.group.Wait()
	}
}

func (n *network) item(all []payer, form func(i int) (int, []int), i int) (it item, err error) {
	it.debit, it.credits = form(i)
	it.signed, err = n.sign([]key.Signer{all[it.debit].key}, n.payment(all, it.debit, it.credits))
	return it, err
}

// payment is a transfer to one, or a bulk transfer to many.
func (n *network) payment(all []payer, debit int, credits []int) tx.Operation {
	const one amount.Amount = 1
	if len(credits) == 1 {
		return tx.Transfer{Debit: all[debit].account, Credit: all[credits[0]].account, Asset: n.asset, Amount: one}
	}
	bulk := tx.BulkTransfer{Debit: all[debit].account, Asset: n.asset, Mode: tx.Atomic}
	for _, c := range credits {
		bulk.Legs = append(bulk.Legs, tx.BulkLeg{Credit: all[c].account, Amount: one})
	}
	return bulk
}
