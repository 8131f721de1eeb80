package sdk

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Promises hands a signed transaction to all validators at once, waits for no outcome, and gives their signed promises to
// have it in the history by a size: from f+1 of them, at least one is of an honest validator, who gets rid of a leader that
// leaves it out. Whoever keeps them can show later that it was left out. The set is the newest that those asked prove: who has left it
// promises nothing. ErrUnavailable when fewer than f+1 promise; the promises there are come with it. The outcome is Submit's or
// Outcome's to tell.
func (c *Client) Promises(ctx context.Context, signed *tx.Signed) ([]checkpoint.SubmissionReceipt, error) {
	// mu guards what the calls below gather.
	var mu sync.Mutex
	var all []checkpoint.SubmissionReceipt
	var last error
	var wait sync.WaitGroup
	for _, v := range c.validators {
		wait.Go(func() {
			var r checkpoint.SubmissionReceipt
			err := c.attempt(ctx, v, func(ctx context.Context, v *validator) (err error) {
				r, err = c.promise(ctx, v, signed)
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			for _, other := range all { // Two addresses may be one validator.
				if other.Validator == r.Validator {
					return
				}
			}
			if err != nil {
				last = err
				return
			}
			all = append(all, r)
		})
	}
	wait.Wait()
	set := c.light.ValidatorSet()
	all = slices.DeleteFunc(all, func(r checkpoint.SubmissionReceipt) bool {
		return r.Verify(c.config.Genesis.Network(), set, signed.ID()) != nil // Another has told of a newer set meanwhile.
	})
	if len(all) <= set.Faults() {
		return all, fmt.Errorf("%w: %d promise to have the transaction ordered: %v", ErrUnavailable, len(all), last)
	}
	return all, nil
}

func (c *Client) promise(ctx context.Context, v *validator, signed *tx.Signed) (checkpoint.SubmissionReceipt, error) {
	res, err := v.Submit(ctx, &apiv1.SubmitRequest{Envelope: signed.Envelope(), Wait: apiv1.Stage_STAGE_PENDING, WantReceipt: true})
	if err != nil {
		return checkpoint.SubmissionReceipt{}, err
	}
	m := res.GetReceipt()
	if len(m.GetId()) != 32 || len(m.GetSignature()) != 64 {
		return checkpoint.SubmissionReceipt{}, fmt.Errorf("submission receipt: %w", ErrBadAnswer)
	}
	r := checkpoint.SubmissionReceipt{
		ID: tx.ID(m.GetId()), SeenSize: m.GetSeenSize(), IncludeBySize: m.GetIncludeBySize(), Validator: m.GetValidator(),
		Signature: [64]byte(m.GetSignature()),
	}
	if err := c.learn(ctx, v); err != nil {
		c.log.Debug("validator did not prove the validator sets", "validator", v.address, "error", err)
	}
	if err := r.Verify(c.config.Genesis.Network(), c.light.ValidatorSet(), signed.ID()); err != nil {
		return checkpoint.SubmissionReceipt{}, fmt.Errorf("%w: %w", ErrBadAnswer, err)
	}
	return r, nil
}
