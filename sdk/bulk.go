package sdk

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Leg is one payee of a payment to many.
type Leg struct {
	// To names the payee as in Pay.
	To     string
	Amount amount.Amount
}

// LegError is a leg whose payee was not found. Nothing was sent.
type LegError struct {
	// Leg is its place, counted from 0.
	Leg int
	Err error
}

// Error does not repeat what named the payee, which may be a phone number.
func (e *LegError) Error() string { return fmt.Sprintf("leg %d: %v", e.Leg, e.Err) }

// Unwrap gives the reason.
func (e *LegError) Unwrap() error { return e.Err }

// findAtOnce is how many payees are looked for at once.
const findAtOnce = 8

// NewBulk finds the payees of a payment to many and makes its operation. *LegError says which one was not found.
func (w *Wallet) NewBulk(ctx context.Context, legs []Leg, asset tx.Asset, mode tx.BulkMode, reference string) (tx.BulkTransfer, error) {
	bulk := tx.BulkTransfer{Debit: w.account, Asset: asset, Mode: mode, Legs: make([]tx.BulkLeg, len(legs)), Reference: reference}
	if len(legs) == 0 || len(legs) > tx.MaxLegs {
		return bulk, fmt.Errorf("a payment to many has 1 to %d legs, not %d: %w", tx.MaxLegs, len(legs), tx.ErrMalformed)
	}
	group, finding := errgroup.WithContext(ctx)
	group.SetLimit(findAtOnce)
	for i, leg := range legs {
		group.Go(func() error {
			payee, err := w.client.findPayeeSlowly(finding, leg.To)
			if err != nil {
				return &LegError{Leg: i, Err: err}
			}
			bulk.Legs[i] = tx.BulkLeg{Credit: payee.Account, Amount: leg.Amount, Alias: payee.Alias}
			return nil
		})
	}
	return bulk, group.Wait()
}

// findPayeeSlowly is FindPayee for many at once: validators bound how many phone numbers one caller looks up in a second, so it waits for
// its turn until the context ends.
func (c *Client) findPayeeSlowly(ctx context.Context, text string) (Payee, error) {
	for {
		payee, err := c.FindPayee(ctx, text)
		if reasonOf(err) != reasonRateLimited {
			return payee, err
		}
		if pause(ctx, c.retryDelay(maxRetryDelay)) != nil {
			return payee, err
		}
	}
}

// PayMany pays many payees in one transaction. With tx.Atomic one leg that is refused refuses all; with tx.Each the others stand, and
// Outcome.Result.Legs lists those that do not.
func (w *Wallet) PayMany(ctx context.Context, legs []Leg, asset tx.Asset, mode tx.BulkMode, reference string) (Outcome, error) {
	bulk, err := w.NewBulk(ctx, legs, asset, mode, reference)
	if err != nil {
		return Outcome{}, err
	}
	return w.Do(ctx, bulk)
}
