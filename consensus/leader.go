package consensus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"

	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// leadership is the time for which one validator led, as this node knows. Its end wakes who waits for a leader and cuts
// short who waits for the one that was: a stopped one may hold a call for as long as the caller would wait.
type leadership struct {
	// name is the leader's, "" while none is known.
	name  string
	ended context.Context
	end   context.CancelFunc
	// forwards brings submissions to it.
	forwards *forwards
}

func (n *Node) newLeadership(name string) *leadership {
	l := &leadership{name: name}
	l.ended, l.end = context.WithCancel(context.Background())
	l.forwards = &forwards{node: n, leads: l, pace: forwardPace}
	return l
}

// followLeader tells finality, and who waits for a leader, who leads.
func (n *Node) followLeader(ctx context.Context) {
	observations := make(chan raft.Observation, 16)
	observer := raft.NewObserver(observations, false, func(o *raft.Observation) bool {
		switch o.Data.(type) {
		case raft.LeaderObservation, raft.RaftState:
			return true
		}
		return false
	})
	m := n.member()
	m.RegisterObserver(observer)
	defer func() { m.DeregisterObserver(observer) }()
	again := time.NewTicker(250 * time.Millisecond)
	defer again.Stop()
	defer func() { n.leads.Load().end() }()
	var leader string
	var term uint64
	for {
		if next := n.member(); next != m {
			m = next
			m.RegisterObserver(observer)
		}
		if l, t := n.Leader(), n.term(); l != leader || t != term {
			leader, term = l, t
			n.leads.Swap(n.newLeadership(leader)).end()
			if leader == n.name {
				n.finality.Leading(term)
			} else {
				n.finality.Following(leader, term)
			}
			n.log.Info("leader", "name", leader, "term", term)
		}
		select {
		case <-observations:
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// The pauses between attempts to bring something to the leader.
const (
	firstPause = 10 * time.Millisecond
	lastPause  = 160 * time.Millisecond
)

// withLeader tries something at the leader, again and again while there is none or its outcome is not known: everything
// brought to a leader may be brought twice. It ends with the context, or with the leader's answer.
func (n *Node) withLeader(ctx context.Context, try func(context.Context, *leadership) error) error {
	unknown := false
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		leads := n.leads.Load()
		err := ErrNoLeader
		if leads.name != "" {
			err = try(ctx, leads)
		}
		if err == nil {
			return nil
		}
		again := errors.Is(err, ErrNotLeader) || errors.Is(err, ErrNoLeader) || errors.Is(err, ErrUnknownOutcome) ||
			errors.Is(err, ErrStopped) || errors.Is(err, ErrReplaced)
		if unknown && !again && !isDecided(err) {
			return fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
		}
		if !again {
			return err
		}
		unknown = unknown || errors.Is(err, ErrUnknownOutcome)
		if waited := n.pauseFor(ctx, pause, leads); waited != nil {
			switch {
			case unknown:
				return fmt.Errorf("%w: %w", ErrUnknownOutcome, waited)
			case errors.Is(waited, ErrStopped):
				return waited
			}
			return fmt.Errorf("%w: %w", ErrNoLeader, waited)
		}
	}
}

// isDecided says whether an answer holds whatever became of an attempt before: the leader gives it on a state that has
// everything earlier leaders had accepted.
func isDecided(err error) bool {
	var refusal *Refusal
	return errors.As(err, &refusal) || errors.Is(err, ErrExpired) || errors.Is(err, ErrNotExpired)
}

// atPeer calls the leader, for as long as it leads.
func (n *Node) atPeer(ctx context.Context, leads *leadership, call func(context.Context, peerv1.PeerServiceClient) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(leads.ended, cancel)()
	peer, err := n.peer(ctx, leads.name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoLeader, err)
	}
	if err := call(ctx, peer); err != nil {
		return fromStatus(err)
	}
	return nil
}

// pauseFor waits a moment, or until somebody else leads.
func (n *Node) pauseFor(ctx context.Context, d time.Duration, leads *leadership) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-n.ctx.Done():
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	default:
	}
	select {
	case <-t.C:
		return nil
	case <-leads.ended.Done():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-n.ctx.Done():
		return ErrStopped
	}
}

func (n *Node) pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// peer is a client of another validator.
func (n *Node) peer(ctx context.Context, name string) (peerv1.PeerServiceClient, error) {
	conn, err := n.transport.DialPeer(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("dial validator %s: %w", name, err)
	}
	return peerv1.NewPeerServiceClient(conn), nil
}
