package consensus

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/store"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// draftBatch is a batch being filled.
type draftBatch struct {
	timeUnixMs     uint64
	bytes, entries int
	envelopes      [][]byte
	packed         []*submission
	// byID are the transactions packed; a second submission of one waits for the first.
	byID map[tx.ID]bool
	// regranted are the accounts whose grants the batch changes. What debits one waits for the next batch: the leader
	// judges on the state before the batch, every validator within it, and more than a few that only the leader would
	// admit make the batch void.
	regranted map[tx.AccountID]bool
}

func newDraft(timeUnixMs uint64) *draftBatch {
	return &draftBatch{timeUnixMs: timeUnixMs, byID: make(map[tx.ID]bool), regranted: make(map[tx.AccountID]bool)}
}

// pack makes one batch of the submissions and waits until it is applied. An error ends this reign.
func (p *packer) pack(all []*submission) error {
	n := p.node
	head := n.store.Head()
	d := newDraft(max(n.nowUnixMs(), head.TimeUnixMs))
	view := n.store.View()
	for i, s := range all {
		fits, err := p.add(d, s, view, head)
		if err != nil {
			view.Close()
			for _, s := range append(d.packed, all[i:]...) {
				s.reply(Status{}, ErrNotLeader) // Nothing was handed to raft.
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
	if len(d.envelopes) == 0 && !p.empty.Allow() {
		for _, s := range d.packed {
			s.reply(Status{}, ErrOverloaded)
		}
		return nil
	}
	future := n.raft.Apply(p.seal(d, head), raftPatience)
	err := n.await(context.Background(), future) // Close gives raft the time to answer.
	if err == nil {
		return p.answer(d, future.Response())
	}
	told := fmt.Errorf("%w: %v", ErrUnknownOutcome, err)
	if errors.Is(err, raft.ErrEnqueueTimeout) || errors.Is(err, raft.ErrNotLeader) {
		told = ErrNotLeader // Raft never took it.
	}
	// Else the entry may or may not be committed by the next leader: nobody here knows.
	for _, s := range d.packed {
		s.reply(Status{}, told)
	}
	return fmt.Errorf("order batch %d: %w", head.Batch+1, err)
}

// seal makes the entry of a batch that follows the head.
func (p *packer) seal(d *draftBatch, head ledger.Head) []byte {
	n := p.node
	return tx.SealBatch(n.network, tx.BatchHeader{
		Epoch: head.Epoch, Number: head.Batch + 1, PreviousHash: head.BatchHash, TimeUnixMs: d.timeUnixMs, Leader: n.name,
	}, d.envelopes, n.key)
}

// add decides about one submission; false means it waits for the next batch.
func (p *packer) add(d *draftBatch, s *submission, view *store.View, head ledger.Head) (bool, error) {
	n := p.node
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
	if d.byID[id] || d.debitsRegranted(body) {
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
	d.regrant(body)
	d.envelopes = append(d.envelopes, s.signed.Envelope())
	d.packed = append(d.packed, s)
	return true, nil
}

// debitsRegranted says whether the body leans on a grant that the batch may have changed.
func (d *draftBatch) debitsRegranted(body tx.Body) bool {
	for _, op := range body.Operations {
		if o, ok := op.(tx.Transfer); ok && d.regranted[o.Debit] {
			return true
		}
	}
	return false
}

// regrant notes whose grants the body changes.
func (d *draftBatch) regrant(body tx.Body) {
	for _, op := range body.Operations {
		switch o := op.(type) {
		case tx.IssueGrant:
			d.regranted[o.Account] = true
		case tx.RevokeGrant:
			d.regranted[o.Account] = true
		}
	}
}

// answer tells the packed submissions what became of them.
func (p *packer) answer(d *draftBatch, response any) error {
	a, ok := response.(*applied)
	if ok && a.void != nil {
		for _, s := range d.packed {
			s.reply(Status{}, ErrNotLeader) // It left no trace: the state was not the one it was made for.
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
