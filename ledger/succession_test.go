package ledger_test

import (
	"crypto/ed25519"
	"errors"
	"testing"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
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
		"in the next epoch":           func(h *tx.BatchHeader) { h.Epoch = head.Epoch + 1 },
		"in its second epoch":         func(h *tx.BatchHeader) { h.Epoch++ },
		"in the epoch of a later set": func(h *tx.BatchHeader) { h.Epoch *= 2 },
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

// TestAnEpochMayOpenBeforeASetBegins: while the boundary is not final the set before may have to open another epoch. It does so without a
// batch: the boundary stays where it is, there is never anything above it that the set before could sign, and the set that waits begins in
// the same epoch as if nothing had been opened.
func TestAnEpochMayOpenBeforeASetBegins(t *testing.T) {
	s := changedSet(t)
	head, begin := s.chain.Memory.Head(), s.chain.Header()
	opens := func(epoch uint64, leader string) (tx.BatchHeader, ed25519.PrivateKey) { // Nothing but the name is wrong of one who is not in the set.
		h := s.chain.Header()
		h.SetCheckpoint, h.EpochChange, h.Epoch, h.Leader = nil, []byte{0x08, 7}, epoch, leader
		return h, s.world.Validators["v4"]
	}
	for _, epoch := range []uint64{7, 8} {
		h, key := opens(epoch, "v4")
		fx, err := s.chain.Apply(t, h, key)
		if err != nil {
			t.Fatalf("open epoch %d at the boundary: %v", epoch, err)
		}
		want := head
		want.Epoch = epoch
		if s.chain.Memory.Head() != want || len(fx.Leaves)+len(fx.Changes) > 0 {
			t.Fatalf("opening epoch %d gives %+v and %d leaves, want the same tree", epoch, s.chain.Memory.Head(), len(fx.Leaves))
		}
	}
	for name, h := range map[string]struct {
		epoch  uint64
		leader string
	}{
		"an epoch that is open":      {8, "v4"},
		"an epoch of the new set":    {begin.Epoch + 1, "v4"},
		"by a leader of the new set": {9, "v5"},
	} {
		opening, key := opens(h.epoch, h.leader)
		if _, err := s.chain.Apply(t, opening, key); !errors.Is(err, ledger.ErrVoid) {
			t.Errorf("opening %s: %v, want void", name, err)
		}
	}
	if fx := s.chain.Batch(t); fx.After.Epoch != begin.Epoch || begin.Epoch != checkpoint.FirstEpoch(0) {
		t.Errorf("the set begins epoch %d, want %d", fx.After.Epoch, begin.Epoch)
	}
	ledgertest.Audit(t, s.chain.Memory, s.chain.Memory.Leaf, s.chain.Memory.Head(), s.world.Network)
}

// TestASetMayBeginAgain: what its first batches hold may be taken back, and another epoch of it go on from the boundary.
func TestASetMayBeginAgain(t *testing.T) {
	s := changedSet(t)
	for name, h := range map[string]struct {
		epoch uint64
		want  error
	}{
		"its first epoch is not opened": {checkpoint.FirstEpoch(0), ledger.ErrVoid},
		"an epoch of the set before":    {2, ledger.ErrVoid},
		"an epoch of a later set":       {2 * checkpoint.FirstEpoch(0), ledger.ErrVoid},
		"any later epoch of it":         {checkpoint.FirstEpoch(0) + 3, nil},
	} {
		again := s.chain.Header()
		again.EpochChange, again.Epoch = []byte{0x08, 7}, h.epoch
		batch, err := tx.ParseBatch(s.world.Network, tx.SealBatch(s.world.Network, again, nil, s.world.Validators[again.Leader]))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ledger.Apply(s.chain.Memory, s.chain.Memory.Head(), s.world.Network, s.chain.Verify, batch); !errors.Is(err, h.want) {
			t.Errorf("%s: %v, want %v", name, err, h.want)
		}
	}
}
