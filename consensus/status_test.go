package consensus

import (
	"encoding/binary"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestOutcomesAreWhole: whatever was recorded at a leaf from where the outcomes begin is among them, however often a generation is forgotten in
// the middle of a batch.
func TestOutcomesAreWhole(t *testing.T) {
	const batch = 3000
	o := newOutcomes()
	id := func(leaf uint64) (id tx.ID) {
		binary.BigEndian.PutUint64(id[:], leaf+1)
		return id
	}
	if _, from, _ := o.find(tx.ID{}); from != nowhere {
		t.Fatalf("nothing was added, and all from %d on is there", from)
	}
	size := uint64(5) // Of the tree, of which outcomes have not heard.
	for range 3 * 2 * generation / batch {
		var all []Status
		for leaf := size; leaf < size+batch-1; leaf++ { // The last is the header's.
			all = append(all, Status{ID: id(leaf), LeafIndex: leaf})
		}
		o.add(size, all...)
		size += batch
		_, from, _ := o.find(tx.ID{})
		for leaf := from; leaf < size; leaf++ {
			if _, _, found := o.find(id(leaf)); !found && (leaf-5)%batch != batch-1 {
				t.Fatalf("leaf %d is not there, and all from %d on should be", leaf, from)
			}
		}
		if size-from > 2*generation+2*batch || size-from < min(generation, size-5) {
			t.Fatalf("from %d of %d", from, size)
		}
	}
	o.clear()
	if _, from, _ := o.find(tx.ID{}); from != nowhere {
		t.Fatalf("all is forgotten, and all from %d on is there", from)
	}
	o.add(7)
	if _, from, _ := o.find(tx.ID{}); from != 7 {
		t.Fatalf("from %d, not 7", from)
	}
}

// TestAbsentNoMore: whoever has seen that a transaction was absent sees when it is recorded, when that is taken back, and when it is recorded
// again at an earlier leaf than the tree had when it looked.
func TestAbsentNoMore(t *testing.T) {
	s := newScribe(t)
	start, _ := s.pays()
	s.pays()
	signed := s.pay(s.world.Juma.Account, 1)
	var absent absence
	stage := func(want Stage) {
		t.Helper()
		got, err := s.n.lookupSince(signed.ID(), &absent)
		if err != nil || got.Stage != want {
			t.Fatalf("stage %d, %v; want %d", got.Stage, err, want)
		}
	}
	stage(Unknown)
	seen := absent
	if _, from, _ := s.n.outcomes.find(signed.ID()); !absent.holds(from, s.n.turns.Load()) {
		t.Fatal("the store would be asked again")
	}
	s.pays()
	stage(Unknown)
	if absent != seen {
		t.Error("what was not asked for is noted")
	}
	record := func() uint64 {
		t.Helper()
		if a, ok := s.order(s.next(signed)).(*applied); !ok || a.void != nil {
			t.Fatal(a)
		}
		stage(Accepted)
		return s.n.store.Head().Size
	}
	record()
	s.order(s.opening(s.change(1, voteOf(start)), start, nil))
	stage(Unknown)
	absent = seen
	if size := record(); size >= seen.size+2 {
		t.Fatalf("recorded at %d, no earlier than %d", size, seen.size)
	}
	absent = seen
	s.n.outcomes.clear()
	stage(Accepted) // By the store.
}
