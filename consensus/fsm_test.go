package consensus

import (
	"testing"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestCheckpointAheadOfTheTree: a checkpoint that a node hears of before it has the batches is stored with the batch that
// brings the tree there, although nobody tells it again.
func TestCheckpointAheadOfTheTree(t *testing.T) {
	c := newCluster(t)
	s := c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	c.agree(s.LeafIndex + 2)
	n := c.follower()
	note, size, _ := n.store.Final()
	final, _, err := checkpoint.Open(n.network, n.ValidatorSet(), note)
	if err != nil {
		t.Fatal(err)
	}
	log, err := n.raftLog.LastIndex()
	if err != nil {
		t.Fatal(err)
	}
	// A node of the same network that nobody reaches has the genesis only. It is given the checkpoint, and then the entries.
	alone := newAlone(t, Snapshots{})
	alone.restart("v1")
	late := alone.nodes["v1"]
	late.sealed(note, final)
	if got := late.FinalSize(); got == size {
		t.Fatal("final before it is there")
	}
	for i := uint64(1); i <= log; i++ {
		var entry raft.Log
		if err := n.raftLog.GetLog(i, &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Type == raft.LogCommand {
			fsm{late}.Apply(&entry)
		}
	}
	if got := late.FinalSize(); got < size {
		t.Errorf("final size %d, want %d", got, size)
	}
}

// TestAnUnauthorisedLeafDecidesNothing: a leaf that is of an envelope only, whatever its code, is no outcome of the
// transaction, which another envelope may still bring.
func TestAnUnauthorisedLeafDecidesNothing(t *testing.T) {
	c := newStopped(t, Snapshots{})
	c.restart("v1")
	n := c.nodes["v1"]
	head := n.Head()
	for _, code := range []tx.Code{tx.Unauthorised, tx.ExpiryTooFar, tx.AccountUnknown, tx.DebitAccountUnknown, tx.QuotaExhausted} {
		id, envelope := tx.ID{byte(code)}, tx.EnvelopeHash{byte(code), 1}
		n.committed(&ledger.Effects{
			Before: head, After: head,
			Outcomes: []ledger.Outcome{{ID: id, Envelope: envelope, Result: tx.Result{Code: code}, LeafIndex: head.Size}},
			Leaves:   []ledger.Leaf{{Index: head.Size, Lookup: envelope}},
		})
		if s, err := n.lookup(id); err != nil || s.Stage != Unknown {
			t.Errorf("%s: stage %d, %v", code, s.Stage, err)
		}
	}
}
