package sdk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Entry is one leaf of the history, as one validator tells it; Client.Receipt proves it.
type Entry struct {
	LeafIndex  uint64
	TimeUnixMs uint64
	// Code is the receipt code.
	Code string
	// Leaf is the leaf's bytes.
	Leaf []byte
	// Signed is the transaction with its record; nil for every other leaf.
	Signed *tx.Signed
	Record tx.Record
	// Effect is what ledger time did by itself; nil for every other leaf.
	Effect *tx.Effect
	// Header is set for a header leaf, which ends a batch, only.
	Header *tx.Header
}

// History lists the leaves of an account with an index below before (0: from the newest on), newest first, at most limit
// (1 to 100).
func (c *Client) History(ctx context.Context, account tx.AccountID, before uint64, limit int) ([]Entry, error) {
	if limit < 1 || limit > 100 {
		return nil, fmt.Errorf("list history: limit must be 1 to 100, not %d", limit)
	}
	var entries []Entry
	err := c.read(ctx, func(ctx context.Context, v *validator) error {
		res, err := v.ListHistory(ctx, &apiv1.ListHistoryRequest{Account: account[:], BeforeLeaf: before, Limit: uint32(limit)})
		if err != nil {
			return err
		}
		if len(res.GetEntries()) > limit {
			return fmt.Errorf("%d leaves, not %d: %w", len(res.GetEntries()), limit, ErrBadAnswer)
		}
		entries = make([]Entry, 0, len(res.GetEntries()))
		below := before
		for _, m := range res.GetEntries() {
			e, err := c.entryOf(m)
			if err != nil {
				return err
			}
			if below != 0 && e.LeafIndex >= below {
				return fmt.Errorf("leaves out of order: %w", ErrBadAnswer)
			}
			below = e.LeafIndex
			entries = append(entries, e)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list history: %w", err)
	}
	return entries, nil
}

func (c *Client) entryOf(m *apiv1.HistoryEntry) (Entry, error) {
	leaf, err := tx.ParseLeaf(m.GetLeaf())
	if err != nil {
		return Entry{}, fmt.Errorf("leaf %d: %v: %w", m.GetLeafIndex(), err, ErrBadAnswer)
	}
	e := Entry{
		LeafIndex: m.GetLeafIndex(), TimeUnixMs: m.GetTimeUnixMs(), Leaf: m.GetLeaf(), Effect: leaf.Effect, Header: leaf.Header,
		Code: checkpoint.ReceiptCode(checkpoint.LeafHash(m.GetLeaf())),
	}
	if leaf.Record != nil {
		e.Record = *leaf.Record
		if e.Signed, err = tx.Parse(c.config.Genesis.Network(), leaf.Record.Envelope); err != nil {
			return Entry{}, fmt.Errorf("leaf %d: %v: %w", m.GetLeafIndex(), err, ErrBadAnswer)
		}
	}
	return e, nil
}

// Watch calls fn with every final leaf from an index on, header leaves included, in order, each exactly once, and goes on
// until fn fails or the context ends; it returns that error. When a validator stops, skips or falls silent, the next goes
// on where it left off.
func (c *Client) Watch(ctx context.Context, from uint64, fn func(Entry) error) error {
	next, tries := from, 0
	for place := 0; ; place++ {
		v := c.validators[(int(c.last.Load())+place)%len(c.validators)]
		before := next
		err := c.watch(ctx, v, &next, fn)
		var stop *stopError
		switch {
		case errors.As(err, &stop):
			return stop.err
		case ctx.Err() != nil:
			return ctx.Err()
		}
		if tries++; next > before {
			tries = 0
		}
		c.log.Debug("validator stopped to tell final leaves", "validator", v.address, "next", next, "error", err)
		// All have the same to tell, so the next is asked at once; only after a whole round is there a pause.
		if n := len(c.validators); tries > 0 && tries%n == 0 {
			if err := pause(ctx, c.retryDelay(tries/n-1)); err != nil {
				return err
			}
		}
	}
}

// stopError is the error of the caller's function, which ends a Watch.
type stopError struct{ err error }

func (e *stopError) Error() string { return e.err.Error() }

// watch listens to one validator.
func (c *Client) watch(ctx context.Context, v *validator, next *uint64, fn func(Entry) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silence := time.AfterFunc(c.config.WatchSilence, cancel)
	defer silence.Stop()
	stream, err := v.Watch(ctx, &apiv1.WatchRequest{FromLeaf: *next})
	if err != nil {
		return err
	}
	for {
		res, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("stream ended: %w", ErrUnavailable)
		}
		if err != nil {
			return err
		}
		e, err := c.entryOf(res.GetEntry())
		if err != nil {
			return err
		}
		if e.LeafIndex != *next {
			return fmt.Errorf("leaf %d after leaf %d was asked for: %w", e.LeafIndex, *next, ErrBadAnswer)
		}
		silence.Stop() // The caller may take its time.
		if err := fn(e); err != nil {
			return &stopError{err}
		}
		*next++
		silence.Reset(c.config.WatchSilence)
	}
}
