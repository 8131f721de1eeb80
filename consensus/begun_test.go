package consensus

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// TestRaftKnowsWhereItsLogBegins: raft reads the term of a snapshot's end if its log begins right behind it, and nothing else that is not there. It
// wants the bare error then.
func TestRaftKnowsWhereItsLogBegins(t *testing.T) {
	s := newScribe(t)
	_, snapshot := s.paysFinal()
	log := begun{s.n.raftLog, s.n.snapshots}
	is := func(when string, index uint64, want raft.Log) {
		t.Helper()
		var got raft.Log
		if err := log.GetLog(index, &got); err != nil || got.Index != index || got.Term != want.Term || got.Type != want.Type {
			t.Errorf("%s: entry %d is %+v: %v", when, index, got, err)
		}
	}
	isNot := func(when string, index uint64) {
		t.Helper()
		var got raft.Log
		if err := log.GetLog(index, &got); err != raft.ErrLogNotFound { //nolint:errorlint // As raft compares.
			t.Errorf("%s: entry %d is %+v: %v", when, index, got, err)
		}
	}
	is("a log from the first entry on", 1, raft.Log{Term: 1, Type: raft.LogConfiguration})
	isNot("a log from the first entry on", 0)
	s.overtaken(snapshot)
	is("right behind a snapshot", farAhead, raft.Log{Term: snapshot.term, Type: noEntry})
	is("right behind a snapshot", farAhead+1, raft.Log{Term: snapshot.term, Type: raft.LogNoop})
	isNot("before the snapshot's end", farAhead-1)
	isNot("beyond the log", farAhead+2)
	again := func(first uint64) {
		t.Helper()
		err := s.n.raftLog.clear()
		if err == nil && first > 0 {
			err = s.n.raftLog.StoreLog(&raft.Log{Index: first, Term: snapshot.term, Type: raft.LogNoop})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	again(0)
	isNot("no log", farAhead)
	again(farAhead + 3)
	isNot("a gap", farAhead)
	isNot("a gap", farAhead+2)
	again(farAhead - 3)
	isNot("another place", farAhead-4)
}

// TestNobodyIsStuckBehindASnapshot: a liar, v4, led, and left v1 with an entry that nobody else has, right behind the place where its raft begins. Then others were elected,
// and the liar is silent: nothing is ordered or final without v1, which takes the entry that the others have there.
func TestNobodyIsStuckBehindASnapshot(t *testing.T) {
	for _, least := range []bool{false, true} {
		name := "where the leader said"
		if least {
			name = "at the least place"
		}
		t.Run(name, func(t *testing.T) { stuckBehindASnapshot(t, least) })
	}
}

func stuckBehindASnapshot(t *testing.T, least bool) {
	c := newCluster(t)
	final := c.snapshotOf(c.leader())
	for name := range c.nodes {
		c.calm(name)
	}
	for name := range c.addresses {
		c.stop(name)
	}
	term := c.lastEntry("v2").Term + 1
	c.restart("v1")
	n := c.nodes["v1"]
	if least {
		n.goBack(errKilled, resyncDeep)
	} else if err := errors.Join(deliver(n, c.members(), final), n.raftLog.clear(), restore(n)); err != nil { // The log ended there too, so that raft starts again.
		t.Fatal(err)
	}
	c.eventually("raft begins with a snapshot", func() bool {
		n.astray.mu.Lock()
		defer n.astray.mu.Unlock()
		last, err := n.raftLog.LastIndex()
		return err == nil && last == 0 && n.astray.target != "" && !n.astray.due
	})
	place, err := n.snapshots.newest()
	if err != nil {
		t.Fatal(err)
	}
	c.stop("v1")
	c.leads("v1", &raft.Log{Index: place + 1, Term: term, Type: raft.LogNoop})
	for _, name := range []string{"v2", "v3"} {
		c.leads(name, &raft.Log{Index: c.lastEntry(name).Index + 1, Term: term + 1, Type: raft.LogNoop})
	}
	for _, name := range []string{"v1", "v2", "v3"} {
		c.restart(name)
	}
	c.paysAgain("v2")
}

// paysAgain wants a payment to become final, and all to have it, though the network may have to find out first what a liar has done.
func (c *cluster) paysAgain(at string) {
	c.t.Helper()
	signed := c.pay(c.world.Juma.Account, 1)
	for deadline := time.Now().Add(50 * time.Second); ; {
		ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
		s, err := c.nodes[at].Submit(ctx, signed.Envelope(), Final)
		cancel()
		if err == nil && s.Stage == Final {
			c.agree(s.LeafIndex + 1)
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("no payment becomes final again: %v", err)
		}
	}
}

// leads puts the entry of a leader into a stopped node's log, as the first of its term.
func (c *cluster) leads(name string, entry *raft.Log) {
	c.t.Helper()
	w := c.stoppedLog(name)
	defer w.Close()
	err := w.StoreLogs([]*raft.Log{entry})
	if err == nil {
		err = w.SetUint64([]byte("CurrentTerm"), entry.Term)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}
