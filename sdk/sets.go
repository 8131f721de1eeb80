package sdk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// A statement of a validator that is under no checkpoint is worth what the validator set is worth in which its signer is. The client
// follows the sets by its light client: whenever it hears such a statement it first asks the same validator for its newest checkpoint with
// the changes of the set that lead there, and judges by the newest set that is proved then. So one honest validator that is heard is
// enough to know of a change, and what a validator sends for it is proved or dropped.

const (
	// maxSetAge is how old the newest checkpoint may be for f+1 words without a checkpoint to be believed: as long as a transaction may live.
	// It bounds how long who holds back a change of the set, and has keys of who left, can settle anything.
	maxSetAge = 7 * 24 * time.Hour
	// clockSkew is how far the clocks of validators may be behind ledger time.
	clockSkew = time.Minute
	// lookPause is between two looks for another set while nothing else makes the client look; lookAgain after one that failed.
	lookPause = 10 * time.Minute
	lookAgain = 10 * time.Second
)

// errOldSet means that the newest checkpoint seen is too old to tell who the validators are.
var errOldSet = errors.New("newest checkpoint is too old to tell who the validators are")

// ValidatorSet is the newest set whose chain of changes from the genesis this client has verified.
func (c *Client) ValidatorSet() checkpoint.ValidatorSet { return c.light.ValidatorSet() }

// learn goes as far as one validator is: its newest checkpoint, and the sets that lead there. That it knows less is no error.
func (c *Client) learn(ctx context.Context, v *validator) error {
	before := c.light.seen()
	err := c.light.advance(ctx, lightValidator{c, v})
	if now := c.light.seen(); now.set.Hash() != before.set.Hash() {
		c.log.Info("validator set has changed", "validators", len(now.set), "changes", len(now.changes), "told_by", v.address)
	}
	switch {
	case errors.Is(err, ErrBehind):
		return nil
	case errors.Is(err, errNotKept):
		c.log.Warn("validator sets are known in memory only", "error", err)
		return nil
	case isFork(err):
		c.log.Error("two final histories: this client stays with the one it saw first", "validator", v.address, "error", err)
	}
	return err
}

// setFileName is the file of validator sets in the folder of an outbox.
const setFileName = "validators.json"

// keepSetsIn gives the client a file for the validator sets if it has none. One that cannot be read stays as it is.
func (c *Client) keepSetsIn(path string) {
	if err := c.light.keepIn(path); err != nil {
		c.log.Warn("validator sets are known in memory only", "error", err)
	}
}

// keepUp looks for another set now and then, by one validator after the other, without anybody waiting for it.
func (c *Client) keepUp() {
	c.looking.Lock()
	defer c.looking.Unlock()
	if c.closed || time.Now().Before(c.lookAt) {
		return
	}
	c.lookAt = time.Now().Add(lookPause)
	v := c.validators[c.looks%len(c.validators)]
	c.looks++
	c.background.Go(func() {
		if err := c.learn(context.Background(), v); err != nil { // Close ends it.
			c.log.Debug("validator did not tell the validator sets", "validator", v.address, "error", err)
			c.looking.Lock()
			c.lookAt = time.Now().Add(lookAgain)
			c.looking.Unlock()
		}
	})
}

// tells says whether words without a checkpoint can be believed of the newest set: an honest validator has cosigned the highest checkpoint
// not long ago by the own clock, and, for what is said about an expiry, not before it.
func (c *Client) tells(s lightState, expiresAtUnixMs uint64) error {
	dated := s.dated(c.light.trust)
	switch {
	case dated+uint64(clockSkew.Milliseconds()) < expiresAtUnixMs:
		return fmt.Errorf("checkpoint of size %d is older than the expiry: %w", s.highest.Size, errOldSet)
	case dated+uint64(maxSetAge.Milliseconds()) < c.config.NowUnixMs():
		return fmt.Errorf("checkpoint of size %d is older than %s: %w", s.highest.Size, maxSetAge, errOldSet)
	}
	return nil
}

// within proves that a tree is of the history that was seen, by the validator that speaks of it or by another.
func (c *Client) within(ctx context.Context, by *validator, size uint64, root [32]byte) error {
	err := c.light.contains(ctx, lightValidator{c, by}, size, root)
	for _, v := range c.order() {
		if err == nil || errors.Is(err, ErrBehind) || ctx.Err() != nil {
			break
		}
		if v == by {
			continue
		}
		if again := c.light.contains(ctx, lightValidator{c, v}, size, root); again == nil {
			err = nil
		}
	}
	return err
}

// boundary is the size of the last tree of the set before the newest; 0 when that is the genesis's.
func (s lightState) boundary() uint64 {
	if n := len(s.changes); n > 0 {
		return s.changes[n-1].LeafIndex + 1
	}
	return 0
}

// judge says whether an expiry statement counts: its signer is in the newest set, and its tree is not from before that set was decided,
// so that it was signed since. That the tree is of the history is checked when the statement arrives.
func (c *Client) judge(s lightState, e checkpoint.ExpiryStatement, asked expiryOf) error {
	if err := e.Verify(c.light.trust.Network, s.set, asked.id, asked.expiresAtUnixMs); err != nil {
		return fmt.Errorf("%w: %w", err, ErrBadAnswer)
	}
	if e.Size < s.boundary() || e.Size > s.highest.Size {
		return fmt.Errorf("expiry statement of %q is of size %d, and the set in force was decided at %d, final are %d: %w",
			e.Validator, e.Size, s.boundary(), s.highest.Size, ErrBehind)
	}
	return nil
}

// never says whether statements settle that a transaction was never made: more than f of the newest set.
func (c *Client) never(statements map[*validator]checkpoint.ExpiryStatement, asked expiryOf) bool {
	s := c.light.seen()
	if c.tells(s, asked.expiresAtUnixMs) != nil {
		return false
	}
	by := make(map[string]bool)
	for _, e := range statements {
		if c.judge(s, e, asked) == nil {
			by[e.Validator] = true
		}
	}
	return len(by) > s.set.Faults()
}

// rouse makes time pass on a ledger that has been idle for so long that its newest checkpoint tells nothing any more: a validator that is
// asked about an expiry has a batch made that is later. Its answer is of no other use.
func (c *Client) rouse(ctx context.Context, v *validator, asked expiryOf) {
	dated := c.light.seen().dated(c.light.trust) + uint64(maxSetAge.Milliseconds())
	if now := c.config.NowUnixMs(); dated < now {
		id, later := asked.id, max(asked.expiresAtUnixMs, now-uint64(maxSetAge.Milliseconds())/2)
		err := c.attempt(ctx, v, func(ctx context.Context, v *validator) error {
			_, err := v.GetExpiryStatement(ctx, &apiv1.GetExpiryStatementRequest{Id: id[:], ExpiresAtUnixMs: later})
			return err
		})
		if err == nil {
			err = c.learn(ctx, v)
		}
		if err != nil {
			c.log.Debug("idle ledger was not roused", "validator", v.address, "error", err)
		}
	}
}
