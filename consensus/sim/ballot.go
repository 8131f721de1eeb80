package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// decide has a quorum of those who speak for the validators decide for a set, by transactions like any other: each becomes final. False
// when the ledger refuses it, or the context has ended before.
func (w *workload) decide(ctx context.Context, set []string) bool {
	c := w.cluster
	decision, err := c.world.SetOf(set...)
	if err != nil {
		c.violate("setup", "make a ballot: %v", err)
		return false
	}
	now := c.sets.newest()
	voters := names(now)[len(now)-now.Quorum():]
	propose, signed, err := w.bringSigned(tx.Propose{
		Validator: voters[0], Decision: decision, ExpiresAtUnixMs: uint64(c.now().Add(time.Hour).UnixMilli()),
	}, voters[0])
	if err != nil || !w.becomesFinal(ctx, propose) {
		return false
	}
	ballot := tx.NewBallotID(signed.ID(), 0)
	votes := make([]*payment, 0, len(voters))
	for _, v := range voters[1:] {
		vote, _, err := w.bringSigned(tx.Vote{Validator: v, Ballot: ballot, Yes: true}, v)
		if err != nil {
			return false
		}
		votes = append(votes, vote)
	}
	for _, vote := range votes {
		if !w.becomesFinal(ctx, vote) {
			return false
		}
	}
	return true
}

// becomesFinal waits for a transaction, and says whether it was done.
func (w *workload) becomesFinal(ctx context.Context, p *payment) bool {
	select {
	case <-p.done:
		w.mu.Lock()
		defer w.mu.Unlock()
		w.cluster.log.Info("trouble", "ballot", p.id, "result", p.final.Result.Code)
		return p.final.Result.Code == tx.OK
	case <-ctx.Done():
		return false
	}
}

// bringSigned has a validator's governor sign a transaction of one operation, and lets it be brought to all, as long as the run lasts.
func (w *workload) bringSigned(op tx.Operation, speaksFor string) (*payment, *tx.Signed, error) {
	w.mu.Lock()
	w.nonce++
	n := 2_000_000 + w.nonce
	w.mu.Unlock()
	signed, err := w.seal(n, op, w.cluster.world.GovernorOf(speaksFor))
	if err != nil {
		w.cluster.violate("setup", "make a transaction: %v", err)
		return nil, nil, err
	}
	return w.deliver(signed, speaksFor), signed, nil
}

var errNotFinal = errors.New("a payment is not final")

// payOnce pays once more, and waits for it.
func (w *workload) payOnce(patience time.Duration) error {
	w.mu.Lock()
	w.nonce++
	signed, err := w.sign(5 * w.nonce)
	w.mu.Unlock()
	if err != nil {
		return err
	}
	p := w.deliver(signed, "")
	select {
	case <-p.done:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("%w after %s", errNotFinal, patience)
	}
}

// keeps says whether a validator's promise verifies, under a set that it is in.
func (c *cluster) keeps(r checkpoint.SubmissionReceipt, id tx.ID) error {
	return c.sets.verified(func(set checkpoint.ValidatorSet) error { return r.Verify(c.world.Network, set, id) })
}
