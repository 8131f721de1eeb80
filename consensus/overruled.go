package consensus

import (
	"context"
	"errors"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// passed are the leader's words on a submission that are no outcome: whoever hears one asks again, and one that is false delays.
var passed = []error{ErrNotLeader, ErrNoLeader, ErrUnknownOutcome, ErrOverloaded, ErrRateLimited, ErrStopped, ErrRemoved, ErrReplaced}

// weigh says what the leader's word on a submission is worth. Whoever asks two validators hears one leader through both, so what would end a payment is
// this node's own word or nobody's: a liar would refuse a payment, keep it, and order it when its payer has paid anew. A refusal is judged by the
// rules, on the own state; where that is behind the leader's, the next attempt finds it further, and where it lacks what is final it says nothing: a liar would keep one
// validator back that knows less than the payer. An expiry is believed as far as clocks may differ. What the own
// check of the envelope would have said is false.
func (n *Node) weigh(ctx context.Context, signed *tx.Signed, said error) error {
	for _, word := range passed {
		if errors.Is(said, word) {
			return said
		}
	}
	var refusal *Refusal
	switch {
	case errors.As(said, &refusal):
		return n.judge(ctx, signed, refusal)
	case errors.Is(said, ErrExpired) && signed.Body.ExpiresAtUnixMs <= max(n.nowUnixMs(), n.store.Head().TimeUnixMs)+maxAheadMs:
		return said
	}
	return fmt.Errorf("the leader answers %v: %w", said, ErrUnknownOutcome)
}

// judge gives the refusal of the own rules, when the own state has what was final as the leader spoke; ErrUnknownOutcome when they refuse nothing.
func (n *Node) judge(ctx context.Context, signed *tx.Signed, said *Refusal) error {
	final := n.proved() // Of what is proved meanwhile there may be more and more.
	within, cancel := context.WithTimeout(ctx, arrivalPatience)
	defer cancel()
	if n.progress.until(within, func() (bool, error) { return n.holds(final), nil }) != nil {
		return fmt.Errorf("the leader refuses with %s, and what is final is not all here: %w", said.Code, ErrUnknownOutcome)
	}
	head, view := n.store.HeadView()
	defer view.Close()
	now := max(n.nowUnixMs(), head.TimeUnixMs)
	if signed.Body.ExpiresAtUnixMs < now {
		return ErrExpired
	}
	b, err := ledger.Build(view, head, now)
	if err != nil {
		return n.Fatal(fmt.Errorf("judge a refusal: %w", err))
	}
	code, err := b.Add(signed)
	switch {
	case err != nil:
		return n.Fatal(fmt.Errorf("judge a refusal: %w", err))
	case code == tx.OK:
		return fmt.Errorf("the leader refuses with %s what the rules here would record: %w", said.Code, ErrUnknownOutcome)
	}
	return &Refusal{Code: code}
}
