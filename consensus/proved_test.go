package consensus

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
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

// TestReadOfAForgedBatch: a validator was fed a forged batch in the place of a true one. Its tree is as long as the others', so that only the
// root tells. No read of what is accepted sees it once the true one is heard to be final, not even while it is being taken back.
func TestReadOfAForgedBatch(t *testing.T) {
	c := newCluster(t)
	c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	victim := c.follower().Name()
	c.calm(victim)
	c.lieTo(victim)
	c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final) // It has the index of the forged one.
	var n atomic.Pointer[Node]
	var seen, looked atomic.Bool
	c.simulated = &Simulated{Point: func(name string) error {
		if n := n.Load(); n != nil && name == "resync: target written" {
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			if r, err := n.Read(ctx, ReadAccepted); err == nil {
				seen.Store(true)
				r.Close()
			}
			looked.Store(true)
		}
		return nil
	}}
	c.restart(victim)
	n.Store(c.nodes[victim])
	last := c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	c.agree(last.LeafIndex + 1)
	if !looked.Load() {
		t.Fatal("it came through without a resync: the lie did not bite")
	}
	if seen.Load() {
		t.Error("a read of what is accepted saw the forged batch")
	}
	r, err := c.nodes[victim].Read(t.Context(), ReadAccepted)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, err := r.State().Balance(c.world.Amina.Account, ledgertest.KES); err != nil || b.Posted != ledgertest.AminaFunds {
		t.Errorf("balance %d, %v", b.Posted, err)
	}
}

// TestALeaderThatWasFedALie: a validator whose log is not the others', and that may not go back again yet, is elected. It has not got all that
// was accepted, so it answers no read of that once it has heard of what is final; and it gives the term up, since nothing that it packs
// becomes final.
func TestALeaderThatWasFedALie(t *testing.T) {
	c := newCluster(t)
	c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	victim := c.follower().Name()
	c.calm(victim)
	c.lieTo(victim)
	var last Status
	for range 3 { // The first has the index of the forged one.
		last = c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	}
	want, err := c.leader().store.Root(last.LeafIndex + 1)
	if err != nil {
		t.Fatal(err)
	}
	for name := range c.addresses {
		c.stop(name)
	}
	c.restart(victim) // Alone it hears of nothing.
	n := c.nodes[victim]
	fed := func() bool { // What it packs may make its tree as long as the others'.
		root, err := n.store.Root(last.LeafIndex + 1)
		return err != nil || root != want
	}
	n.astray.mu.Lock()
	n.astray.last, n.astray.floor = time.Now(), n.store.Floor().Size
	n.astray.mu.Unlock()
	for name := range c.addresses {
		if name != victim {
			c.restart(name)
		}
	}
	c.eventually("the victim is told what is final", func() bool { return n.ProvedSize() > last.LeafIndex })
	c.eventually("the victim leads", func() bool {
		leader := c.leader()
		if leader == n {
			return true
		}
		_ = leader.member().LeadershipTransferToServer(raft.ServerID(victim), raft.ServerAddress(victim)).Error() // It is tried again.
		return false
	})
	if !fed() {
		t.Fatal("the lie did not bite")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if r, err := n.Read(ctx, ReadAccepted); err == nil {
		r.Close()
		t.Errorf("a read of what is accepted, of size %d, at a leader that has another tree than what is final", r.Size)
	}
	c.eventually("another leads", func() bool { return c.leader() != n })
	// It votes for no size that it has not got, and the other three are enough.
	c.submit(c.other(victim), c.pay(c.world.Juma.Account, 1), Final)
	if !fed() {
		t.Error("it went back before its time")
	}
}
