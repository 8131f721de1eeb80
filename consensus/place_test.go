package consensus

import (
	"errors"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/consensus/transport"
)

// TestAPlaceThatNobodyHas: a liar, v4, led, sent v1 a true snapshot at a false place, and is silent. The others have a newer term in their logs, so that v1 cannot lead, and have
// all of their logs, so that they send no snapshot. What they send does not go on at that place, and nothing is final without v1.
func TestAPlaceThatNobodyHas(t *testing.T) {
	for name, place := range map[string]func(final sent) raft.Log{
		"beyond all logs":   func(final sent) raft.Log { return raft.Log{Index: farAhead, Term: final.term} },
		"before their ends": func(final sent) raft.Log { return raft.Log{Index: final.index, Term: final.term + 1} },
		"with an entry after": func(final sent) raft.Log {
			return raft.Log{Index: final.index, Term: final.term + 1, Type: raft.LogNoop}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			final := c.snapshotOf(c.leader())
			for name := range c.nodes {
				c.calm(name)
			}
			for name := range c.addresses {
				c.stop(name)
			}
			at := place(final)
			final.index, final.term = at.Index, at.Term
			c.restart("v1")
			n := c.nodes["v1"]
			if err := errors.Join(deliver(n, c.members(), final), restore(n)); err != nil {
				t.Fatal(err)
			}
			c.stop("v1")
			w := c.stoppedLog("v1")
			last, err := w.LastIndex()
			if err == nil && last > 0 {
				err = w.DeleteRange(1, last)
			}
			if err == nil && at.Type == raft.LogNoop {
				err = w.StoreLog(&raft.Log{Index: at.Index + 1, Term: at.Term, Type: raft.LogNoop})
			}
			if err := errors.Join(err, w.Close()); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"v2", "v3"} {
				c.leads(name, &raft.Log{Index: c.lastEntry(name).Index + 1, Term: final.term + 3, Type: raft.LogNoop})
			}
			for _, name := range []string{"v1", "v2", "v3"} {
				c.restart(name)
			}
			c.paysAgain("v2")
		})
	}
}

// TestWhoseAppendsAreRefused: only what a leader's log cannot have beside a true snapshot counts, and only while it lasts.
func TestWhoseAppendsAreRefused(t *testing.T) {
	s := newScribe(t)
	_, snapshot := s.paysFinal()
	if err := errors.Join(deliver(s.n, s.members(), snapshot), restore(s.n)); err != nil {
		t.Fatal(err)
	}
	s.settled()
	place, err := s.n.snapshots.newest()
	if err != nil || place == 0 {
		t.Fatal("no snapshot", err)
	}
	last := func(d time.Duration) {
		s.n.astray.misplaced.mu.Lock()
		defer s.n.astray.misplaced.mu.Unlock()
		s.n.astray.misplaced.first = s.n.astray.misplaced.first.Add(-d)
	}
	for _, step := range []struct {
		name   string
		before uint64
		then   func()
	}{
		{"for what is refused behind the snapshot", place + 1, func() {}},
		{"for one without an entry before it", 0, func() {}},
		{"at once", place, func() { last(-2 * suspectPatience) }},
		{"when one was taken", place, func() { s.n.appended(transport.Append{Before: place, Taken: true}) }},
	} {
		s.n.appended(transport.Append{Before: step.before})
		last(2 * suspectPatience)
		step.then()
		if s.n.lookAtPlace(); s.n.asked() {
			t.Fatalf("it goes back %s", step.name)
		}
	}
	s.n.appended(transport.Append{Before: place - 1})
	last(2 * suspectPatience)
	if s.n.lookAtPlace(); !s.n.asked() || !s.n.astray.target.deep() {
		t.Errorf("it goes back %q", s.n.astray.target)
	}
	s.settled()
	s.pays()
	s.n.aMinuteLater()
	if place, err = s.n.snapshots.newest(); err != nil {
		t.Fatal(err)
	}
	s.n.appended(transport.Append{Before: place})
	last(2 * suspectPatience)
	s.n.lookAtPlace()
	if asking(s.n) || s.n.astray.dispute.last.IsZero() {
		t.Error("what is not final is forgotten without being kept aside")
	}
}

// TestTheLeastPlaceThatCameIsOne: who takes a snapshot that was made at the least place goes on with any leader's log, at once and not only after a start.
func TestTheLeastPlaceThatCameIsOne(t *testing.T) {
	s := newScribe(t)
	s.paysFinal()
	if err := s.n.store.Rewind(1, 1); err != nil {
		t.Fatal(err)
	}
	snapshot := s.captured()()
	snapshot.index, snapshot.term = s.n.store.Head().Batch+1, leastTerm
	other := newAgain(t, s.cluster)
	other.restart("v1")
	n := other.nodes["v1"]
	if err := errors.Join(deliver(n, s.members(), snapshot), restore(n)); err != nil {
		t.Fatal(err)
	}
	if n.base.Load() != snapshot.index {
		t.Errorf("raft begins in any log at %d, want %d", n.base.Load(), snapshot.index)
	}
}
