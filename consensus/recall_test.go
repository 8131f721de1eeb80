package consensus

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestTakenBackIsPackedAgain: what an epoch takes back the leader packs again, in its term; and if it is gone by then, the next
// leader does, though nobody gives it the payment.
func TestTakenBackIsPackedAgain(t *testing.T) {
	for what, open := range map[string]func(*cluster, *Node, checkpoint.EpochChange){
		"by the leader": func(_ *cluster, n *Node, change checkpoint.EpochChange) { n.packer.epochReady(change) },
		"by the next": func(c *cluster, n *Node, change checkpoint.EpochChange) {
			at, _, err := n.startOf(change)
			if err != nil {
				t.Fatal(err)
			}
			entry := tx.SealBatch(n.network, tx.BatchHeader{
				Epoch: change.Epoch, Number: at.Batch + 1, PreviousHash: at.hash, TimeUnixMs: at.TimeUnixMs, Leader: n.name, EpochChange: change.Encode(), Term: n.term(),
			}, nil, n.key)
			if err := n.member().Apply(entry, raftPatience).Error(); err != nil {
				t.Fatal(err)
			}
			c.stop(n.name)
		},
	} {
		t.Run(what, func(t *testing.T) {
			c := newStopped(t, Snapshots{})
			ahead := c.skewed()
			c.startAll()
			first := c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
			c.agree(first.LeafIndex + 1)
			n := c.leader()
			for name, by := range ahead {
				if name != n.name {
					by.Store(-halfAnHour) // So that nobody attests what n packs now.
				}
			}
			signed := c.pay(c.world.Juma.Account, 2)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if s, err := n.packer.submit(ctx, signed, 0); err != nil || s.Stage != Accepted {
				t.Fatalf("stage %d: %v", s.Stage, err)
			}
			root, epoch, _ := n.rootAt(n.FinalSize())
			open(c, n, c.change(epoch+1, checkpoint.Vote{Epoch: epoch, Size: n.FinalSize(), Root: root}))
			other := c.other(n.name)
			err := other.progress.until(ctx, func() (bool, error) {
				s, err := other.lookup(signed.ID())
				return other.Head().Epoch > epoch && s.Stage >= Accepted, err
			})
			if err != nil {
				t.Fatalf("it was not packed again: %v", err)
			}
			if opened, packed := other.termsOf(t, signed); what == "by the leader" && packed != opened {
				t.Errorf("it was packed again in term %d, the epoch opened in term %d", packed, opened)
			}
		})
	}
}

// termsOf are the terms of the first batch that opened an epoch, and of the first after it that has a payment.
func (n *Node) termsOf(t *testing.T, signed *tx.Signed) (opened, packed uint64) {
	t.Helper()
	last, _ := n.store.Applied()
	for i := uint64(1); i <= last; i++ {
		var entry raft.Log
		if err := n.raftLog.GetLog(i, &entry); err != nil || entry.Type != raft.LogCommand {
			continue
		}
		b, err := tx.ParseBatch(n.network, entry.Data)
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Header.EpochChange) > 0 && opened == 0 {
			opened = entry.Term
		}
		has := slices.ContainsFunc(b.Envelopes, func(e []byte) bool { return string(e) == string(signed.Envelope()) })
		if has && packed == 0 && opened > 0 {
			packed = entry.Term
		}
	}
	return opened, packed
}

// TestTakenBackIsOpenAgain: a payment that was taken back is listed as open, though as much as there was with it becomes final
// without it.
func TestTakenBackIsOpenAgain(t *testing.T) {
	s := newScribe(t)
	start, _ := s.pays()
	signed := s.pay(s.world.Juma.Account, 1)
	s.n.pending.add(Pending{ID: signed.ID(), ExpiresAtUnixMs: signed.Body.ExpiresAtUnixMs}, signed.EnvelopeHash(), []tx.AccountID{s.world.IssuerAccount})
	if a, ok := s.order(s.next(signed)).(*applied); !ok || a.void != nil {
		t.Fatal(a)
	}
	s.order(s.opening(s.change(1, voteOf(start)), start, nil))
	s.pays()
	head, _ := s.pays()
	s.final(head)
	if all := s.n.pending.list(s.world.IssuerAccount); len(all) != 1 || all[0].ID != signed.ID() {
		t.Errorf("%d are listed", len(all))
	}
}

// TestAnEpochIsOpenedOnce: another batch that opens the epoch in force takes nothing of it back.
func TestAnEpochIsOpenedOnce(t *testing.T) {
	s := newScribe(t)
	start, _ := s.pays()
	change := s.change(1, voteOf(start))
	s.order(s.opening(change, start, nil))
	want, _ := s.pays()
	for what, spoil := range map[string]func(*tx.BatchHeader){"the same": nil, "later": func(h *tx.BatchHeader) { h.TimeUnixMs++ }} {
		if a, ok := s.order(s.opening(change, start, spoil)).(*applied); !ok || a.void == nil {
			t.Errorf("%s: %v", what, a)
		}
		if s.n.store.Head() != want {
			t.Errorf("%s: batch %d of epoch %d, want %d", what, s.n.store.Head().Batch, s.n.store.Head().Epoch, want.Batch)
		}
	}
}
