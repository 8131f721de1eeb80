package consensus

import (
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/consensus/finality"
	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestWhoStandsWhileMoreIsFinal: who missed a batch and led for a moment takes its own batches for good ones. While nobody pays only time tells it.
func TestWhoStandsWhileMoreIsFinal(t *testing.T) {
	s := newScribe(t)
	size := s.n.store.Head().Size
	final := finality.Status{Proved: size + 10}
	wait := func(d time.Duration) {
		s.n.astray.mu.Lock()
		defer s.n.astray.mu.Unlock()
		s.n.astray.standsSince = s.n.astray.standsSince.Add(-d)
	}
	for _, step := range []struct {
		name string
		look finality.Status
		do   func()
	}{
		{"with nothing to lose", final, func() { s.n.lookAt(final); wait(2 * standPatience) }},
		{"at once", final, func() { s.pays() }},
		{"before it is long", final, func() { wait(standPatience / 2) }},
		{"when no more is final", finality.Status{Proved: size}, func() { wait(standPatience) }},
		{"at once after that", final, func() {}},
		{"when a batch has come", final, func() { wait(2 * standPatience); s.pays() }},
	} {
		step.do()
		if s.n.lookAt(step.look); s.n.asked() {
			t.Fatalf("it goes back %s", step.name)
		}
	}
	wait(2 * standPatience)
	if s.n.lookAt(final); !s.n.asked() {
		t.Error("it waits for ever")
	}
	s.settled()
	if s.n.store.Pending() > 0 {
		t.Error("something is not final here")
	}
}

// TestWhoHasAllOfALeadersLog: that alone says nothing, nor while more is final for a moment.
func TestWhoHasAllOfALeadersLog(t *testing.T) {
	s := newScribe(t)
	size := s.n.store.Head().Size
	more := finality.Status{Proved: size + 10}
	end, goesOn := transport.Append{Before: 1, Taken: true, Ends: true}, transport.Append{Before: 1, Taken: true}
	wait := func(d time.Duration) {
		e := &s.n.astray.exhausted
		e.mu.Lock()
		defer e.mu.Unlock()
		e.first = e.first.Add(-d)
	}
	for _, step := range []struct {
		name string
		look finality.Status
		do   func()
	}{
		{"at once", more, func() {}},
		{"before it is long", more, func() { wait(standPatience / 2) }},
		{"while entries come", more, func() { wait(2 * standPatience); s.n.appended(goesOn) }},
		{"while what came is applied", more, func() { wait(2 * standPatience); s.pays() }},
		{"while it is void", more, func() { wait(2 * standPatience); s.order([]byte("no batch")) }},
		{"after one that raft refused", more, func() { wait(2 * standPatience); s.n.appended(transport.Append{Before: 1, Ends: true}) }},
		{"when no more is final", finality.Status{Proved: size}, func() { wait(2 * standPatience) }},
		{"when more has become final only now", more, func() {}},
		{"while a snapshot is being verified", more, func() { wait(2 * standPatience); s.n.snapshots.sinks.Add(1) }},
	} {
		s.n.appended(end)
		step.do()
		if s.n.lookAt(step.look); s.n.asked() {
			t.Fatalf("it goes back %s", step.name)
		}
	}
	s.n.snapshots.sinks.Add(-1)
	s.n.appended(end) // The node looks by itself each second, and knows of nothing more.
	wait(2 * standPatience)
	if s.n.lookAt(more); !s.n.asked() {
		t.Fatal("it waits for ever")
	}
	s.settled()
	s.n.aMinuteLater()
	s.n.appended(end)
	if s.n.lookAt(more); asking(s.n) {
		t.Error("it goes back again before what it asked for can come")
	}
}

// TestAnotherEntryInABatchsPlace: a liar put an entry that is no batch where a batch belongs. Raft has all that the leader sends, all that this validator has is
// final, and nobody pays any more.
func TestAnotherEntryInABatchsPlace(t *testing.T) {
	c := newCluster(t)
	c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	victim := c.follower().Name()
	c.calm(victim)
	c.stop(victim)
	c.putAfter(victim, func(uint64) raft.Log { return raft.Log{Type: raft.LogNoop} })
	last := c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	c.restart(victim)
	n := c.nodes[victim]
	c.eventually("it knows that more is final, and a leader", func() bool {
		return n.finality.Status().Proved > last.LeafIndex && n.Leader() != ""
	})
	if end, err := n.raftLog.LastIndex(); err != nil || n.store.Pending() > 0 || n.store.Head().Size > last.LeafIndex {
		t.Fatalf("the lie does not bite: entries to %d, size %d, %d not final, %v", end, n.store.Head().Size, n.store.Pending(), err)
	}
	if n.asked() {
		t.Fatal("it does not wait")
	}
	c.eventually("it has what is final", func() bool {
		n.astray.exhausted.mu.Lock()
		n.astray.exhausted.first = n.astray.exhausted.first.Add(-standPatience)
		n.astray.exhausted.mu.Unlock()
		return n.FinalSize() > last.LeafIndex
	})
	n.astray.mu.Lock()
	tried := n.astray.tried
	n.astray.mu.Unlock()
	if tried != 1 {
		t.Errorf("it went back %d times", tried)
	}
}

// TestAMissedFirstBatchOfASet: the entry that was put in a batch's place is where a set begins to reign, so that whoever was given it knows the set before, and not
// who signs what is final now.
func TestAMissedFirstBatchOfASet(t *testing.T) {
	c := newCluster(t)
	c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	var followers, after []string
	for name, n := range c.nodes {
		if n == c.leader() || len(followers) == 2 {
			after = append(after, name)
		} else {
			followers = append(followers, name)
		}
	}
	victim, leaves := followers[0], followers[1]
	after = slices.Sorted(slices.Values(append(after, victim, "v5")))
	c.calm(victim)
	c.stop(victim)
	end := c.lastEntry(victim).Index
	c.newcomer("v5")
	c.decide(c.set(after...), "v1", "v2", "v3")
	c.joins = map[string]bool{"v5": true}
	c.restart("v5")
	c.reigns(after...)
	left := c.nodes[leaves]
	delete(c.nodes, leaves)
	t.Cleanup(func() { left.Close() })
	last := c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	leader, first := c.leader(), c.leader().reignNow().reign.First
	w := c.stoppedLog(victim)
	for missed := false; !missed; {
		var e raft.Log
		if err := leader.raftLog.GetLog(end+1, &e); err != nil {
			t.Fatal(err)
		}
		end++
		if e.Type == raft.LogCommand {
			b, err := tx.ParseBatch(leader.network, e.Data)
			if missed = err == nil && b.Header.Epoch >= first; missed {
				e.Type, e.Data = raft.LogNoop, nil
			}
		}
		if err := w.StoreLogs([]*raft.Log{&e}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c.restart(victim)
	n := c.nodes[victim]
	c.eventually("it is where the set begins", func() bool { return n.FinalSize() == leader.reignNow().reign.Boundary.Size })
	c.within(3*time.Minute, "it has what is final", func() bool { // A leader's raft makes pauses of ten seconds for who was long away.
		n.astray.exhausted.mu.Lock()
		n.astray.exhausted.first = n.astray.exhausted.first.Add(-standPatience)
		n.astray.exhausted.mu.Unlock()
		return n.FinalSize() > last.LeafIndex
	})
}

// TestALeaderBehindWhatIsFinal: who leads has applied all that was ordered. When more is final for a while, its log is not the others', and no entry
// of others comes to show it.
func TestALeaderBehindWhatIsFinal(t *testing.T) {
	var a astray
	start := time.Now()
	for _, step := range []struct {
		term  uint64
		now   bool
		after time.Duration
		want  bool
	}{
		{3, true, 0, false},
		{3, true, suspectPatience, false},
		{3, true, suspectPatience + 1, true},
		{4, true, suspectPatience + 2, false}, // It may have applied the rest only now.
		{4, false, suspectPatience + 3, false},
		{4, true, 2*suspectPatience + 3, false},
		{4, true, 3*suspectPatience + 4, true},
	} {
		if got := a.behind(step.term, step.now, start.Add(step.after)); got != step.want {
			t.Errorf("term %d after %v: %v", step.term, step.after, got)
		}
	}
}
