package sdk

import (
	"context"
	"errors"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// ErrNothingToReturn means that the leaf moved nothing to the wallet's account at that position that a return can give back.
var ErrNothingToReturn = errors.New("nothing that can be returned: not a transfer, capture or completed hold that credited this account")

// Return gives back some or all of what a leaf of the account's history moved to it: a transfer, a capture or a completed hold; operation is its
// position in the leaf's transaction, 0 for a completed hold. An amount of 0 is all of it. The leaf is fetched from one validator, and the
// ledger refuses one that is not in the history. All returns together are never above what was moved.
func (w *Wallet) Return(ctx context.Context, leafIndex uint64, operation uint32, a amount.Amount) (Outcome, error) {
	entries, err := w.client.History(ctx, w.account, leafIndex+1, 1)
	if err != nil {
		return Outcome{}, err
	}
	if len(entries) == 0 || entries[0].LeafIndex != leafIndex {
		return Outcome{}, fmt.Errorf("leaf %d: %w", leafIndex, ErrNotFound)
	}
	back, err := w.NewReturn(entries[0], operation, a)
	if err != nil {
		return Outcome{}, err
	}
	return w.Do(ctx, back)
}

// NewReturn makes the operation that gives back what an entry of the account's history moved to it.
func (w *Wallet) NewReturn(e Entry, operation uint32, a amount.Amount) (tx.Return, error) {
	back, ok := returnOf(e, operation)
	if !ok || back.Debit != w.account {
		return tx.Return{}, fmt.Errorf("leaf %d, operation %d: %w", e.LeafIndex, operation, ErrNothingToReturn)
	}
	if a != 0 {
		back.Amount = a
	}
	return back, nil
}

// returnOf is the return of all that an entry moved at a position.
func returnOf(e Entry, operation uint32) (tx.Return, bool) {
	back := tx.Return{LeafIndex: e.LeafIndex, Leaf: e.Leaf, Operation: operation}
	switch {
	case e.Effect != nil && e.Effect.Kind == tx.HoldCompleted && operation == 0 && e.Effect.Debit != nil && e.Effect.Credit != nil:
		back.Debit, back.Credit, back.Asset, back.Amount = *e.Effect.Credit, *e.Effect.Debit, e.Effect.Asset, e.Effect.Amount
		return back, true
	case e.Signed == nil || e.Record.Result.Code != tx.OK || uint64(operation) >= uint64(len(e.Signed.Body.Operations)):
		return back, false
	}
	switch o := e.Signed.Body.Operations[operation].(type) {
	case tx.Transfer:
		back.Debit, back.Credit, back.Asset, back.Amount = o.Credit, o.Debit, o.Asset, o.Amount
	case tx.CaptureHold:
		back.Debit, back.Credit, back.Asset, back.Amount = o.Credit, o.Debit, o.Asset, o.Amount
	default:
		return back, false
	}
	return back, true
}
