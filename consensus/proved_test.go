package consensus

import "testing"

// TestHolds: a tree that is final is held by one that goes on from it, and by none that is shorter, another, or on its way back.
func TestHolds(t *testing.T) {
	s := newScribe(t)
	first, _ := s.pays()
	head, _ := s.pays()
	other := head.Root
	other[0] ^= 1
	for _, row := range []struct {
		name string
		of   proof
		want bool
	}{
		{"nothing", proof{}, true},
		{"a batch before", proof{first.Size, first.Root}, true},
		{"the head", proof{head.Size, head.Root}, true},
		{"another of that length", proof{head.Size, other}, false},
		{"inside of a batch", proof{head.Size - 1, head.Root}, false},
		{"longer", proof{head.Size + 1, head.Root}, false},
	} {
		if got := s.n.holds(row.of); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
	s.n.turns.begun.Add(1)
	if s.n.holds(proof{head.Size, head.Root}) {
		t.Error("while batches are taken back")
	}
	s.n.turned()
	if !s.n.holds(proof{head.Size, head.Root}) {
		t.Error("when that is over")
	}
	s.final(head)
	if !s.n.holds(proof{first.Size, other}) {
		t.Error("what is final here was looked at again")
	}
}
