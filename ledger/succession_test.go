package ledger_test

import (
	"errors"
	"testing"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// changedSet is a ledger whose last batch has changed the validator set: v4 left, and v5 came.
func changedSet(t *testing.T) *script {
	t.Helper()
	s := newScript(t)
	s.run(`V5 has a key, and comes for V4.

open V5
propose V1 validators v1 v2 v3 v5 until +1d | name set
vote V2 yes set
vote V3 yes set
----
`)
	s.chain.Tick(1)
	s.chain.Batch(t)
	if before, err := s.chain.State().SetBefore(); err != nil || before == nil || before.Hash() != s.world.Set.Hash() {
		t.Fatalf("the set before: %v, %v", before, err)
	}
	return s
}

// TestASetBeginsWithTheCheckpointOfTheSetBefore: the first batch of a set proves that the set before has made its boundary final, and begins an
// epoch. Whatever else claims to be that batch is void.
func TestASetBeginsWithTheCheckpointOfTheSetBefore(t *testing.T) {
	s := changedSet(t)
	set, err := s.chain.State().ValidatorSet()
	if err != nil {
		t.Fatal(err)
	}
	head := s.chain.Memory.Head()
	smaller := head
	smaller.Size--
	for name, spoil := range map[string]func(h *tx.BatchHeader){
		"without it":                  func(h *tx.BatchHeader) { h.SetCheckpoint = nil },
		"without it, in the epoch":    func(h *tx.BatchHeader) { h.SetCheckpoint, h.Epoch = nil, head.Epoch },
		"in the epoch before":         func(h *tx.BatchHeader) { h.Epoch = head.Epoch },
		"in an epoch too far":         func(h *tx.BatchHeader) { h.Epoch = head.Epoch + 2 },
		"cosigned by the new set":     func(h *tx.BatchHeader) { h.SetCheckpoint = s.world.Note(set[1:], head) },
		"of another tree":             func(h *tx.BatchHeader) { h.SetCheckpoint = s.world.Note(s.world.Set, smaller) },
		"one cosignature too few":     func(h *tx.BatchHeader) { h.SetCheckpoint = s.world.Note(s.world.Set[:2], head) },
		"led by who left":             func(h *tx.BatchHeader) { h.Leader = "v4" },
		"no checkpoint but some text": func(h *tx.BatchHeader) { h.SetCheckpoint = []byte("umoja") },
	} {
		h := s.chain.Header()
		spoil(&h)
		if _, err := s.chain.Apply(t, h, s.world.Validators[h.Leader]); !errors.Is(err, ledger.ErrVoid) {
			t.Errorf("%s: %v, want void", name, err)
		}
	}
	s.chain.Batch(t)
	if before, err := s.chain.State().SetBefore(); err != nil || before != nil {
		t.Errorf("after the first batch of the set the set before is still there: %v, %v", before, err)
	}
	h := s.chain.Header()
	h.SetCheckpoint = s.world.Note(set, s.chain.Memory.Head())
	if _, err := s.chain.Apply(t, h, s.world.Validators[h.Leader]); !errors.Is(err, ledger.ErrVoid) {
		t.Errorf("a checkpoint where no set begins: %v, want void", err)
	}
}

// TestAnEpochMayOpenBeforeASetBegins: while the boundary is not final the set before may have to open another epoch. Its batch is the new
// boundary: the set before leads and makes it final, and the change waits.
func TestAnEpochMayOpenBeforeASetBegins(t *testing.T) {
	s := changedSet(t)
	open := s.chain.Header()
	open.SetCheckpoint, open.EpochChange, open.Epoch, open.Leader = nil, []byte{0x08, 7}, 7, "v4"
	if _, err := s.chain.Apply(t, open, s.world.Validators["v4"]); err != nil {
		t.Fatal("opens an epoch at the boundary:", err)
	}
	if before, err := s.chain.State().SetBefore(); err != nil || before == nil {
		t.Fatalf("the set before: %v, %v", before, err)
	}
	fx := s.chain.Batch(t)
	if fx.After.Epoch != 8 {
		t.Errorf("the set begins epoch %d, want 8", fx.After.Epoch)
	}
	ledgertest.Audit(t, s.chain.Memory, s.chain.Memory.Leaf, s.chain.Memory.Head(), s.world.Network)
}
