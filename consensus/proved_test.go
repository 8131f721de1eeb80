package consensus

import (
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

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

// TestForesee: what a set to come has made final is known before the own tree gets to that set, and nobody else's word counts.
func TestForesee(t *testing.T) {
	s := newScribe(t)
	v2, v3 := s.world.Set[1:2], s.world.Set[2:3]
	note := func(by checkpoint.ValidatorSet, size uint64) []byte {
		c := checkpoint.Checkpoint{Network: s.n.network, Size: size, Root: [32]byte{byte(size)}}
		raw, err := c.Seal(by, []checkpoint.Cosignature{c.Cosign(by[0].Name, s.world.Validators[by[0].Name], 1)})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	before := s.n.proved()
	for _, step := range []struct {
		name          string
		reigns, comes checkpoint.ValidatorSet
		note          []byte
		want          uint64
	}{
		{"no set is to come", s.world.Set, nil, note(v2, 10), before.size},
		{"none was said to be final", s.world.Set, v2, nil, before.size},
		{"another set's", s.world.Set, v2, note(v3, 10), before.size},
		{"the set's that is to come", s.world.Set, v2, note(v2, 10), 10},
		{"an older one", s.world.Set, v2, note(v2, 8), 10},
		{"the set has begun", v2, nil, nil, 10},
		{"another set is to come now", s.world.Set, v3, nil, before.size},
		{"and has made less final", s.world.Set, v3, note(v3, 7), 7},
		{"none is to come any more", s.world.Set, nil, note(v3, 9), before.size},
	} {
		m := *s.n.reignNow()
		m.reign.Validators, m.coming = step.reigns, step.comes
		s.n.members.Store(&m)
		s.n.foresee(step.note)
		if got := s.n.proved(); got.size != step.want || got != before && got.root != [32]byte{byte(got.size)} {
			t.Errorf("%s: %d", step.name, got.size)
		}
	}
}
