package consensus

import (
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/consensus/finality"
)

// TestFedAnEmptyLie: a validator was made to commit an entry without a batch where the others have one with a batch. Its tree
// is right but stays behind, and the commit guard refuses every leader's truth. When that has lasted and a quorum has gone
// on, it forgets what is not final and follows again.
func TestFedAnEmptyLie(t *testing.T) {
	c := newCluster(t)
	c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	victim := c.follower().Name()
	c.calm(victim)
	n := c.nodes[victim]
	last, err := n.raftLog.LastIndex()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.store.Advance(last+1, 1); err != nil { // As applied, so committed.
		t.Fatal(err)
	}
	c.stop(victim)
	w := c.stoppedLog(victim)
	if err := w.StoreLogs([]*raft.Log{{Index: last + 1, Term: 1, Type: raft.LogNoop}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	}
	c.restart(victim)
	newest := c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	n = c.nodes[victim]
	for deadline := time.Now().Add(30 * time.Second); n.store.Head().Size <= newest.LeafIndex; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come back")
		}
	}
	c.agree(newest.LeafIndex + 1)
	n.astray.mu.Lock()
	defer n.astray.mu.Unlock()
	if n.astray.last.IsZero() {
		t.Error("it came through without a resync: the lie did not bite")
	}
}

// A dispute lasts from the first contradiction to the newest, and a long silence ends it.
func TestDispute(t *testing.T) {
	var d dispute
	start := time.Unix(1000, 0)
	for _, row := range []struct {
		after time.Duration
		lasts bool
	}{
		{0, false}, {suspectPatience, false}, {suspectPatience + 1, true}, {suspectPatience + disputePause, true},
		{suspectPatience + 2*disputePause + 1, false}, {2*suspectPatience + 2*disputePause + 2, true},
	} {
		now := start.Add(row.after)
		d.again(now)
		if got := d.lasts(now, suspectPatience); got != row.lasts {
			t.Errorf("after %v: %v, want %v", row.after, got, row.lasts)
		}
	}
	now := start.Add(time.Hour)
	if d.lasts(now, suspectPatience) {
		t.Error("lasts after a long silence")
	}
	d.over()
	d.again(now)
	if d.lasts(now, suspectPatience) {
		t.Error("lasts after its end")
	}
}

// One refused snapshot is a dispute until something goes on. It proves nothing.
func TestDisputeByASnapshot(t *testing.T) {
	s := newScribe(t)
	head, _ := s.pays()
	overrun := func(long time.Duration) {
		s.n.astray.overrun.over()
		s.n.astray.overrun.begins(time.Now().Add(-long))
		s.n.astray.overrun.begins(time.Now())
	}
	overrun(suspectPatience - time.Second)
	if s.n.lookAt(finality.Status{Wished: 1}); s.n.asked() {
		t.Error("it goes back at once")
	}
	overrun(suspectPatience + time.Second)
	if s.n.lookAt(finality.Status{Proved: head.Size + 1}); s.n.asked() {
		t.Error("it goes back though it may say more, since more is final")
	}
	more, _ := s.pays()
	if s.n.lookAt(finality.Status{Wished: 1}); s.n.asked() {
		t.Error("it goes back though the log has gone on")
	}
	overrun(suspectPatience + time.Second)
	s.final(more)
	if s.n.lookAt(finality.Status{Wished: 1}); s.n.asked() {
		t.Error("it goes back though there is nothing to take back")
	}
	s.pays()
	overrun(suspectPatience + time.Second)
	if s.n.lookAt(finality.Status{Wished: 1}); !s.n.asked() {
		t.Error("it does not go back")
	}
	s.settled()
	if s.n.astray.overrun.lasts(time.Now().Add(time.Hour), 0) {
		t.Error("it goes on after that")
	}
}
