package consensus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/store"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// draftBatch is a batch being filled. The leader fills it the way every validator will apply it, so that nothing in it makes it void.
type draftBatch struct {
	timeUnixMs uint64
	builder    *ledger.Builder
	packed     []*submission
	// byID are the transactions packed; a second submission of one waits for the first.
	byID map[tx.ID]bool
}

// draft begins a batch on the state of a view.
func (p *packer) draft(view *store.View, head ledger.Head) (*draftBatch, error) {
	d := &draftBatch{timeUnixMs: max(p.node.nowUnixMs(), head.TimeUnixMs), byID: make(map[tx.ID]bool)}
	var err error
	if d.builder, err = ledger.Build(view, head, d.timeUnixMs); err != nil {
		return nil, fmt.Errorf("begin batch %d: %w", head.Batch+1, err)
	}
	return d, nil
}

// pack makes one batch of the submissions, if any, and of what is due, and waits until it is applied. An error ends this reign.
func (p *packer) pack(all []*submission) error {
	n := p.node
	head, view := n.store.HeadView()
	closeView := sync.OnceFunc(view.Close)
	defer closeView()
	d, err := p.fill(view, head, all)
	if err != nil {
		for _, s := range all {
			s.reply(Status{}, ErrNotLeader) // Nothing was handed to raft. Whoever was answered before does not look again.
		}
		return n.Fatal(err)
	}
	begins := n.reignNow().coming != nil
	empty := len(d.builder.Envelopes()) == 0 && !d.builder.Due() && !begins
	if empty && len(d.packed) == 0 {
		return nil
	}
	if empty && !p.empty.Allow() {
		for _, s := range d.packed {
			s.reply(Status{}, ErrOverloaded)
		}
		return nil
	}
	if begins {
		if err := n.point("set: first batch not handed to raft"); err != nil {
			return n.Fatal(err)
		}
	}
	if err := n.point("pack: batch not handed to raft"); err != nil {
		return n.Fatal(err)
	}
	header := p.header(d, head)
	if err := p.sign(header.Epoch, header.Number); err != nil {
		for _, s := range d.packed {
			s.reply(Status{}, ErrNotLeader)
		}
		return err
	}
	m := n.member()
	p.pace.begin(time.Now(), len(d.packed), 0)
	defer func() { p.pace.end(time.Now()) }()
	b := p.seal(d, header)
	n.built.Store(b)
	defer n.built.Store(nil)
	future := m.Apply(b.raw, raftPatience)
	b.find(n.network, d.builder) // While raft has it written and agreed on.
	closeView()
	err = m.await(context.Background(), future) // Close gives raft the time to answer.
	if err == nil {
		err = n.point("pack: batch applied, nobody answered")
	}
	if err == nil {
		return p.answer(d, future.Response())
	}
	told := fmt.Errorf("%w: %v", ErrUnknownOutcome, err)
	if errors.Is(err, raft.ErrEnqueueTimeout) || errors.Is(err, raft.ErrNotLeader) {
		told = ErrNotLeader // Raft never took it, and nobody has seen it.
		p.signed = batchPlace{}
	}
	// Else the entry may or may not be committed by the next leader: nobody here knows.
	for _, s := range d.packed {
		s.reply(Status{}, told)
	}
	return fmt.Errorf("order batch %d: %w", head.Batch+1, err)
}

// fill packs what fits; the rest waits for the next batch.
func (p *packer) fill(view *store.View, head ledger.Head, all []*submission) (*draftBatch, error) {
	d, err := p.draft(view, head)
	if err != nil {
		return nil, err
	}
	for i, s := range all {
		fits, err := p.add(d, s, head)
		if err != nil {
			return nil, err
		}
		if !fits && s.signed != nil && !d.byID[s.signed.ID()] {
			// One may lean on another: none gets before one that came before it.
			p.carried = append(p.carried, all[i:]...)
			break
		}
		if !fits {
			p.carried = append(p.carried, s)
		}
	}
	return d, nil
}

// header is that of a batch that follows the head.
func (p *packer) header(d *draftBatch, head ledger.Head) tx.BatchHeader {
	n := p.node
	h := tx.BatchHeader{
		Epoch: head.Epoch, Number: head.Batch + 1, PreviousHash: head.BatchHash, TimeUnixMs: d.timeUnixMs, Leader: n.name, Term: p.term.Load(),
	}
	if n.reignNow().coming != nil {
		h.Epoch = checkpoint.FirstEpoch(head.Epoch)
		h.SetCheckpoint, _, _ = n.store.Final() // Of the head: wait has seen to it.
	}
	return h
}

// seal makes the entry of a batch.
func (p *packer) seal(d *draftBatch, h tx.BatchHeader) *builtBatch {
	all := make([]*tx.Signed, 0, len(d.packed))
	for _, s := range d.packed {
		if s.signed != nil {
			all = append(all, s.signed)
		}
	}
	b := &builtBatch{done: make(chan struct{})}
	b.raw, b.batch = tx.SealSigned(p.node.network, h, all, p.node.key)
	return b
}

// add decides about one submission; false means it waits for the next batch.
func (p *packer) add(d *draftBatch, s *submission, head ledger.Head) (bool, error) {
	n := p.node
	if n.leavesOut(s.signed) || n.refuses(s) {
		return true, nil
	}
	if s.signed == nil {
		if head.TimeUnixMs > s.pastUnixMs {
			s.reply(Status{}, nil) // Somebody asked before.
			return true, nil
		}
		if d.timeUnixMs <= s.pastUnixMs {
			s.reply(Status{}, ErrNotExpired)
			return true, nil
		}
		d.packed = append(d.packed, s)
		return true, nil
	}
	id, body := s.signed.ID(), s.signed.Body
	if d.byID[id] || !d.builder.Fits(s.signed) {
		return false, nil
	}
	// The rules look for the id as long as it has not expired: one that they do not find nobody has to look up.
	expired, recorded := body.ExpiresAtUnixMs < d.timeUnixMs, false
	if !expired {
		var err error
		if recorded, err = d.builder.Recorded(s.signed); err != nil {
			return false, fmt.Errorf("look for transaction: %w", err)
		}
	}
	if _, quiet := n.turns.look(); expired || recorded || !quiet {
		if status, err := n.lookup(id); err != nil || status.Stage >= Accepted {
			s.reply(status, err)
			return true, nil
		}
	}
	if expired {
		s.reply(Status{}, ErrExpired)
		return true, nil
	}
	code, err := d.builder.Add(s.signed)
	if err != nil {
		return false, fmt.Errorf("pack transaction: %w", err)
	}
	if code != tx.OK {
		s.reply(Status{}, &Refusal{Code: code})
		return true, nil
	}
	d.byID[id] = true
	d.packed = append(d.packed, s)
	return true, nil
}

// answer tells the packed submissions what became of them.
func (p *packer) answer(d *draftBatch, response any) error {
	a, ok := response.(*applied)
	if ok && a.void != nil {
		for _, s := range d.packed {
			// It left no trace, since the state was not the one it was made for; but it is in the log, and is packed again.
			s.reply(Status{}, fmt.Errorf("%w: %v", ErrUnknownOutcome, a.void))
		}
		return fmt.Errorf("own batch: %w", a.void)
	}
	if !ok {
		for _, s := range d.packed {
			s.reply(Status{}, ErrUnknownOutcome)
		}
		return errFatal
	}
	codes := make(map[tx.EnvelopeHash]tx.Code, len(a.outcomes))
	for _, o := range a.outcomes {
		codes[o.Envelope] = o.Result.Code
	}
	for _, s := range d.packed {
		if s.signed == nil {
			s.reply(Status{}, nil)
			continue
		}
		status, err := p.node.lookup(s.signed.ID())
		if err == nil && status.Stage < Accepted {
			err = &Refusal{Code: codes[s.signed.EnvelopeHash()]}
		}
		s.reply(status, err)
	}
	return nil
}
