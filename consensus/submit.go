package consensus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// Submit takes an envelope and waits until its transaction has come to the stage, or the context ends. The status is what
// is known by then. Errors: those of tx.Parse and VerifySignatures, ErrExpired, *Refusal, ErrOverloaded, ErrNoLeader,
// ErrUnknownOutcome. The same envelope may be submitted any number of times.
func (n *Node) Submit(ctx context.Context, envelope []byte, wait Stage) (Status, error) {
	signed, err := n.verified.verify(envelope)
	if err != nil {
		return Status{}, err
	}
	known, err := n.lookup(signed.ID())
	if err != nil {
		return Status{}, err
	}
	if known.Stage < Accepted {
		if signed.Body.ExpiresAtUnixMs < n.store.Head().TimeUnixMs {
			return known, ErrExpired
		}
		n.pending.add(signed)
		if wait <= Taken {
			// The answer does not wait, the work goes on.
			select {
			case n.background <- struct{}{}:
			default:
				return known, ErrOverloaded
			}
			n.work.Go(func() {
				defer func() { <-n.background }()
				ctx, cancel := context.WithTimeout(n.ctx, raftPatience)
				defer cancel()
				_, _ = n.order(ctx, signed) // Whoever wants the outcome asks for the transaction.
			})
			return n.Transaction(ctx, signed.ID(), Taken)
		}
		if known, err = n.order(ctx, signed); err != nil {
			return known, err
		}
	}
	return n.Transaction(ctx, signed.ID(), wait)
}

// order brings a transaction to the leader, again and again while there is none.
func (n *Node) order(ctx context.Context, signed *tx.Signed) (Status, error) {
	for {
		s, err := n.orderOnce(ctx, signed)
		switch {
		case errors.Is(err, ErrNotLeader), errors.Is(err, ErrNoLeader):
			if waited := n.pause(ctx, 50*time.Millisecond); waited != nil {
				return s, fmt.Errorf("%w: %w", ErrNoLeader, waited)
			}
			continue
		case err != nil:
			var refusal *Refusal
			if errors.As(err, &refusal) || errors.Is(err, ErrExpired) {
				n.pending.refused(signed.ID())
			}
		}
		return s, err
	}
}

func (n *Node) orderOnce(ctx context.Context, signed *tx.Signed) (Status, error) {
	leader := n.Leader()
	if leader == n.name {
		return n.packer.submit(ctx, signed, 0)
	}
	peer, err := n.peer(ctx, leader)
	if err != nil {
		return Status{}, err
	}
	res, err := peer.Forward(ctx, &peerv1.ForwardRequest{Envelope: signed.Envelope()})
	if err != nil {
		return Status{}, fromStatus(err)
	}
	s, err := statusOf(res.GetStatus())
	if err != nil {
		return Status{}, fmt.Errorf("answer of the leader: %w", err)
	}
	// The leader's word is not taken for the result: this node answers from its own state when it has applied the batch.
	s.Stage = Taken
	return s, nil
}

func (n *Node) pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-n.ctx.Done():
		return ErrStopped
	}
}

// peer is a client of another validator.
func (n *Node) peer(ctx context.Context, name string) (peerv1.PeerServiceClient, error) {
	if name == "" {
		return nil, ErrNoLeader
	}
	conn, err := n.transport.DialPeer(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("dial validator %s: %w", name, err)
	}
	return peerv1.NewPeerServiceClient(conn), nil
}

// Transaction waits until the transaction has come to the stage as far as this node knows, or the context ends; either
// way it tells what is known.
func (n *Node) Transaction(ctx context.Context, id tx.ID, wait Stage) (Status, error) {
	var s Status
	err := n.progress.until(ctx, func() (bool, error) {
		if s.Stage < Accepted {
			var err error
			if s, err = n.lookup(id); err != nil {
				return false, err
			}
		}
		if s.Stage == Accepted && s.LeafIndex < n.FinalSize() {
			s.Stage = Final
		}
		return s.Stage >= wait, nil
	})
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		err = nil
	}
	return s, err
}

// lookup tells what this node knows of a transaction now.
func (n *Node) lookup(id tx.ID) (Status, error) {
	s, known := n.outcomes.find(id)
	if !known {
		leaf, found, err := n.store.Lookup(id)
		if err != nil {
			return Status{}, n.Fatal(err)
		}
		if !found {
			s = Status{ID: id}
			if n.pending.has(id) {
				s.Stage = Taken
			}
			return s, nil
		}
		if s, err = n.recorded(id, leaf); err != nil {
			return Status{}, n.Fatal(err)
		}
	}
	if s.LeafIndex < n.FinalSize() {
		s.Stage = Final
	}
	return s, nil
}

// recorded reads a transaction's leaf.
func (n *Node) recorded(id tx.ID, index uint64) (Status, error) {
	raw, err := n.store.Leaf(index)
	if err != nil {
		return Status{}, err
	}
	leaf, err := tx.ParseLeaf(raw)
	if err != nil || leaf.Record == nil {
		return Status{}, fmt.Errorf("leaf %d is not of a transaction: %v", index, err)
	}
	header, err := n.store.HeaderAfter(index)
	if err != nil {
		return Status{}, err
	}
	return Status{
		ID: id, Stage: Accepted, Result: leaf.Record.Result, LeafIndex: index, LeafHash: checkpoint.LeafHash(raw), TimeUnixMs: header.TimeUnixMs,
	}, nil
}
