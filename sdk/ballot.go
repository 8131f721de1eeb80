package sdk

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Ballot is a decision that the validators make on the ledger, or have made and wait to carry out.
type Ballot struct {
	ID       tx.BallotID
	Decision tx.Decision
	// ExpiresAtUnixMs is after when it can no longer pass; EffectiveAtUnixMs the earliest time of its effect, 0 as soon as it has passed;
	// PassedAtUnixMs when a quorum had said yes, 0 while it has not.
	ExpiresAtUnixMs, EffectiveAtUnixMs, PassedAtUnixMs uint64
	// Votes are ascending by validator.
	Votes []BallotVote
}

// BallotVote is the word of a validator.
type BallotVote struct {
	Validator string
	Yes       bool
}

// Ballots lists the ballots that have not ended; f+1 validators must answer alike.
func (c *Client) Ballots(ctx context.Context) ([]Ballot, error) {
	var all []Ballot
	req := &apiv1.ListBallotsRequest{Limit: pageSize}
	for range maxPages {
		answers, err := agreeSoon(ctx, c, func(m *apiv1.ListBallotsResponse) string { return word(m) },
			func(ctx context.Context, v *validator) (*apiv1.ListBallotsResponse, error) {
				return v.ListBallots(ctx, req)
			})
		if err != nil {
			return nil, fmt.Errorf("list ballots: %w", err)
		}
		page := answers[0].GetBallots()
		for _, m := range page {
			if bytes.Compare(m.GetId(), req.GetAfter()) <= 0 {
				return nil, fmt.Errorf("list ballots: out of order: %w", ErrBadAnswer)
			}
			b, err := ballotOf(m)
			if err != nil {
				return nil, fmt.Errorf("list ballots: %w", err)
			}
			req = &apiv1.ListBallotsRequest{After: b.ID[:], Limit: pageSize}
			all = append(all, b)
		}
		if len(page) < pageSize {
			return all, nil
		}
	}
	return nil, fmt.Errorf("list ballots: %w", ErrTooMany)
}

// Ballot finds a ballot; ErrNotFound means that it was never proposed, or has ended.
func (c *Client) Ballot(ctx context.Context, id tx.BallotID) (Ballot, error) {
	all, err := c.Ballots(ctx)
	if err != nil {
		return Ballot{}, err
	}
	for _, b := range all {
		if b.ID == id {
			return b, nil
		}
	}
	return Ballot{}, fmt.Errorf("ballot %s: %w", id, ErrNotFound)
}

func ballotOf(m *apiv1.Ballot) (Ballot, error) {
	if len(m.GetId()) != 16 {
		return Ballot{}, fmt.Errorf("id: %w", ErrBadAnswer)
	}
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m.GetDecision())
	if err != nil {
		return Ballot{}, fmt.Errorf("decision: %v: %w", err, ErrBadAnswer)
	}
	decision, err := tx.DecodeDecision(raw)
	if err != nil {
		return Ballot{}, fmt.Errorf("decision: %v: %w", err, ErrBadAnswer)
	}
	b := Ballot{
		ID: tx.BallotID(m.GetId()), Decision: decision, ExpiresAtUnixMs: m.GetExpiresAtUnixMs(), EffectiveAtUnixMs: m.GetEffectiveAtUnixMs(),
		PassedAtUnixMs: m.GetPassedAtUnixMs(),
	}
	for _, v := range m.GetVotes() {
		b.Votes = append(b.Votes, BallotVote{Validator: v.GetValidator(), Yes: v.GetYes()})
	}
	return b, nil
}

// Governors lists the validators of the newest set that was decided, each with the account that speaks for it; f+1 validators must answer alike.
func (c *Client) Governors(ctx context.Context) ([]tx.Governor, error) {
	answers, err := agreeSoon(ctx, c, func(m *apiv1.ListValidatorsResponse) string { return word(m) },
		func(ctx context.Context, v *validator) (*apiv1.ListValidatorsResponse, error) {
			return v.ListValidators(ctx, &apiv1.ListValidatorsRequest{})
		})
	if err != nil {
		return nil, fmt.Errorf("list validators: %w", err)
	}
	var all []tx.Governor
	for _, m := range answers[0].GetValidators() {
		if len(m.GetKey()) != 32 || len(m.GetTlsKeyHash()) != 32 || len(m.GetAccount()) != 16 {
			return nil, fmt.Errorf("list validators: a field: %w", ErrBadAnswer)
		}
		all = append(all, tx.Governor{
			Name: m.GetName(), Key: m.GetKey(), TLSKeyHash: [32]byte(m.GetTlsKeyHash()), Account: tx.AccountID(m.GetAccount()), PeerAddress: m.GetPeerAddress(),
		})
	}
	return all, nil
}

// Proposal is what a ballot shall be.
type Proposal struct {
	// Validator is who proposes; the wallet's account speaks for it.
	Validator string
	Decision  tx.Decision
	// Open is how long the others have to vote, at most 30 days.
	Open time.Duration
	// After is how long it takes at least until the decision takes effect, at most 90 days; 0 is none.
	After time.Duration
	// EvidenceHash is of what the decision rests on, such as Evidence.Hash; nil names nothing.
	EvidenceHash *[32]byte
}

// NewProposal makes the operation that opens a ballot.
func (w *Wallet) NewProposal(ctx context.Context, p Proposal) (tx.Propose, error) {
	o := tx.Propose{Validator: p.Validator, Decision: p.Decision, EvidenceHash: p.EvidenceHash}
	var err error
	if o.ExpiresAtUnixMs, err = w.client.ExpiryIn(ctx, p.Open); err != nil || p.After == 0 {
		return o, err
	}
	o.EffectiveAtUnixMs, err = w.client.ExpiryIn(ctx, p.After)
	return o, err
}

// Propose opens a ballot with the validator's yes, and gives its id beside the outcome.
func (w *Wallet) Propose(ctx context.Context, p Proposal) (tx.BallotID, Outcome, error) {
	o, err := w.NewProposal(ctx, p)
	if err != nil {
		return tx.BallotID{}, Outcome{}, err
	}
	outcome, err := w.Do(ctx, o)
	return tx.NewBallotID(outcome.ID, 0), outcome, err
}

// Vote gives the word of a validator that the wallet's account speaks for, once and for good.
func (w *Wallet) Vote(ctx context.Context, ballot tx.BallotID, validator string, yes bool) (Outcome, error) {
	return w.Do(ctx, tx.Vote{Ballot: ballot, Validator: validator, Yes: yes})
}
