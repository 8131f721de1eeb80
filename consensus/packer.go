package consensus

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// packer makes batches while this node leads. One goroutine owns it; submissions come by a bounded queue. One batch is in
// flight at a time, so that what may be packed is always decided on the state that the batch will be applied to; under
// load the next batch is what has queued up meanwhile.
type packer struct {
	node  *Node
	queue chan *submission
	// carried is what did not fit the batch before.
	carried []*submission
	// ready is whether the node leads and has applied everything that was accepted before it led.
	ready atomic.Bool
}

const (
	// queueLength bounds the submissions that wait at the leader.
	queueLength = 4096
	// batchLength bounds the transactions of a batch.
	batchLength = 1024
	// maxTentative is how many batches may be applied and not final before the leader takes no more: each can still be
	// undone, and the records for that are in memory.
	maxTentative = 1000
	// raftPatience is how long a batch may take to be committed before the answer is "unknown".
	raftPatience = 10 * time.Second
)

// submission is one envelope waiting at the leader. A nil transaction asks for a batch whose time is later than pastUnixMs.
type submission struct {
	signed     *tx.Signed
	pastUnixMs uint64
	// answer is buffered, so that answering never waits.
	answer chan answer
}

type answer struct {
	status Status
	err    error
}

func (s *submission) reply(status Status, err error) { s.answer <- answer{status, err} }

func newPacker(n *Node) *packer {
	return &packer{node: n, queue: make(chan *submission, queueLength)}
}

// submit hands a submission over and waits for its answer.
func (p *packer) submit(ctx context.Context, signed *tx.Signed, pastUnixMs uint64) (Status, error) {
	if !p.ready.Load() {
		return Status{}, ErrNotLeader
	}
	if p.node.store.Pending() >= maxTentative {
		return Status{}, ErrOverloaded
	}
	s := &submission{signed: signed, pastUnixMs: pastUnixMs, answer: make(chan answer, 1)}
	select {
	case p.queue <- s:
	default:
		return Status{}, ErrOverloaded
	}
	select {
	case a := <-s.answer:
		return a.status, a.err
	case <-ctx.Done():
		return Status{}, fmt.Errorf("%w: %w", ErrUnknownOutcome, ctx.Err())
	}
}

// run follows leadership until the context ends.
func (p *packer) run(ctx context.Context) {
	for {
		select {
		case leads := <-p.node.raft.LeaderCh():
			if leads {
				p.lead(ctx)
			}
		case s := <-p.queue:
			s.reply(Status{}, ErrNotLeader)
		case <-ctx.Done():
			return
		}
	}
}

// lead packs until leadership is lost.
func (p *packer) lead(ctx context.Context) {
	// The barrier makes sure that everything earlier leaders had accepted is applied here before anything is packed.
	if err := p.node.raft.Barrier(raftPatience).Error(); err != nil {
		return
	}
	p.ready.Store(true)
	defer func() {
		p.ready.Store(false)
		p.drop(ErrNotLeader)
	}()
	for {
		first, ok := p.wait(ctx)
		if !ok {
			return
		}
		if err := p.pack(p.gather(first)); err != nil {
			p.node.log.Info("stop packing", "reason", err)
			return
		}
	}
}

// wait blocks for the first submission of a batch.
func (p *packer) wait(ctx context.Context) (*submission, bool) {
	if len(p.carried) > 0 {
		return nil, true
	}
	for {
		select {
		case s := <-p.queue:
			return s, true
		case leads := <-p.node.raft.LeaderCh():
			if !leads {
				return nil, false
			}
			// Lost and won again between two looks: start over with a barrier.
			if err := p.node.raft.Barrier(raftPatience).Error(); err != nil {
				return nil, false
			}
		case <-ctx.Done():
			return nil, false
		}
	}
}

// gather takes what is waiting, in order of arrival.
func (p *packer) gather(first *submission) []*submission {
	all := p.carried
	p.carried = nil
	if first != nil {
		all = append(all, first)
	}
	for len(all) < batchLength {
		select {
		case s := <-p.queue:
			all = append(all, s)
		default:
			return all
		}
	}
	return all
}

// drop answers everything that waits.
func (p *packer) drop(err error) {
	for _, s := range p.gather(nil) {
		s.reply(Status{}, err)
	}
}
