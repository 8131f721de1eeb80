package consensus

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/store"
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

// draftBatch is a batch being filled.
type draftBatch struct {
	timeUnixMs     uint64
	bytes, entries int
	envelopes      [][]byte
	packed         []*submission
	// byID are the transactions packed; a second submission of one waits for the first.
	byID map[tx.ID]bool
	// due is whether the batch must be made even if it is empty.
	due bool
}

// pack makes one batch of the submissions and waits until it is applied. An error ends this node's leading.
func (p *packer) pack(all []*submission) error {
	n := p.node
	head := n.store.Head()
	d := &draftBatch{timeUnixMs: max(n.nowUnixMs(), head.TimeUnixMs), byID: make(map[tx.ID]bool)}
	view := n.store.View()
	for i, s := range all {
		fits, err := p.add(d, s, view, head)
		if err != nil {
			view.Close()
			for _, later := range all[i:] {
				later.reply(Status{}, ErrUnknownOutcome)
			}
			for _, earlier := range d.packed {
				earlier.reply(Status{}, ErrUnknownOutcome)
			}
			return n.Fatal(err)
		}
		if !fits {
			p.carried = append(p.carried, s)
		}
	}
	view.Close()
	if len(d.packed) == 0 {
		return nil
	}
	entry := tx.SealBatch(n.network, tx.BatchHeader{
		Epoch: head.Epoch, Number: head.Batch + 1, PreviousHash: head.BatchHash, TimeUnixMs: d.timeUnixMs, Leader: n.name,
	}, d.envelopes, n.key)
	future := n.raft.Apply(entry, raftPatience)
	if err := future.Error(); err != nil {
		// The entry may or may not be committed by the next leader: nobody here knows.
		for _, s := range d.packed {
			s.reply(Status{}, fmt.Errorf("%w: %v", ErrUnknownOutcome, err))
		}
		if errors.Is(err, raft.ErrEnqueueTimeout) {
			return nil
		}
		return fmt.Errorf("order batch %d: %w", head.Batch+1, err)
	}
	return p.answer(d, future.Response())
}

// add decides about one submission; false means it waits for the next batch.
func (p *packer) add(d *draftBatch, s *submission, view *store.View, head ledger.Head) (bool, error) {
	n := p.node
	if s.signed == nil {
		if d.timeUnixMs <= s.pastUnixMs {
			s.reply(Status{}, ErrNotExpired)
			return true, nil
		}
		d.packed = append(d.packed, s)
		return true, nil
	}
	id, body := s.signed.ID(), s.signed.Body
	if d.byID[id] {
		return false, nil
	}
	if status, err := n.lookup(id); err != nil || status.Stage >= Accepted {
		s.reply(status, err)
		return true, nil
	}
	if body.ExpiresAtUnixMs < d.timeUnixMs {
		s.reply(Status{}, ErrExpired)
		return true, nil
	}
	size, entries := len(s.signed.Envelope()), ledger.EntriesBound(body)
	if d.bytes+size > tx.MaxBatchBytes || d.entries+entries > ledger.MaxBatchEntries-ledger.MaxForgotten {
		return false, nil
	}
	code, err := ledger.Admit(view, head, s.signed, d.timeUnixMs)
	if err != nil {
		return false, fmt.Errorf("admit transaction: %w", err)
	}
	if code != tx.OK {
		s.reply(Status{}, &Refusal{Code: code})
		return true, nil
	}
	d.bytes, d.entries = d.bytes+size, d.entries+entries
	d.byID[id] = true
	d.envelopes = append(d.envelopes, s.signed.Envelope())
	d.packed = append(d.packed, s)
	return true, nil
}

// answer tells the packed submissions what became of them.
func (p *packer) answer(d *draftBatch, response any) error {
	a, ok := response.(*applied)
	for _, s := range d.packed {
		switch {
		case !ok || a.void != nil:
			s.reply(Status{}, ErrUnknownOutcome)
		case s.signed == nil:
			s.reply(Status{}, nil)
		default:
			status, err := p.node.lookup(s.signed.ID())
			if err == nil && status.Stage < Accepted {
				err = &Refusal{Code: tx.Unauthorised}
			}
			s.reply(status, err)
		}
	}
	if !ok {
		return errFatal
	}
	if a.void != nil {
		return fmt.Errorf("own batch: %w", a.void)
	}
	return nil
}
