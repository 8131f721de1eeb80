package consensus

import (
	"errors"
	"io"
	"testing"
	"time"
)

// TestWhatWasVoidHereIsGiven: who began with nothing and was sent the log from its first entry has its final batches as void entries. Its snapshot of them is
// taken all the same: whoever needs it may be needed for more.
func TestWhatWasVoidHereIsGiven(t *testing.T) {
	s := newScribe(t)
	s.paysFinal()
	s.paysFinal()
	log := s.entries(0)
	victim := s.n
	victim.goBack(errKilled, resyncNone)
	s.settled()
	for _, e := range log {
		if err := victim.raftLog.StoreLog(&e); err != nil {
			t.Fatal(err)
		}
		fsm{victim}.Apply(&e)
		if snapshot, err := (fsm{victim}).Snapshot(); err == nil {
			snapshot.Release()
			if e.Index <= victim.store.Head().Batch {
				t.Errorf("a snapshot of batch %d is made at entry %d", victim.store.Head().Batch, e.Index)
			}
		} else if !errors.Is(err, errReplayed) || e.Index > victim.store.Head().Batch {
			t.Errorf("at entry %d: %v", e.Index, err)
		}
	}
	victim.renew("v9")
	list, err := victim.snapshots.List()
	if err != nil || len(list) != 1 || list[0].Index <= victim.store.Head().Batch {
		t.Fatalf("what is final cannot be given: %+v %v", list, err)
	}
	_, r, err := victim.snapshots.Open(list[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	another := newAgain(t, s.cluster)
	another.restart("v1")
	if err := deliver(another.nodes["v1"], s.members(), sent{index: list[0].Index, term: list[0].Term, raw: raw}); err != nil {
		t.Error("another does not take it:", err)
	}
	if err := restore(another.nodes["v1"]); err != nil || another.nodes["v1"].store.Made() != list[0].Index {
		t.Errorf("its state is said to be made by entry %d, want %d: %v", another.nodes["v1"].store.Made(), list[0].Index, err)
	}
}

// TestALeaderReadsItsFirstEntry: a peer says that it has nothing before this node's raft is past the first entry, and there is a snapshot on disk of which raft does
// not know yet. Raft panics when it cannot read what it applies.
func TestALeaderReadsItsFirstEntry(t *testing.T) {
	c := newCluster(t)
	s := c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	c.agree(s.LeafIndex + 1)
	var names []string
	for name := range c.addresses {
		names = append(names, name)
		c.stop(name)
	}
	c.restart(names[0])
	c.restart(names[1])
	for _, n := range c.nodes {
		n.renew("v9")
		if newest, err := n.snapshots.newest(); err != nil || newest == 0 {
			t.Fatal("no snapshot", err)
		}
		n.emptyAt.Store(time.Now().Add(time.Minute).UnixNano()) // As if a peer said it again and again.
	}
	c.restart(names[2])
	s = c.submit(c.leader(), c.pay(c.world.Juma.Account, 2), Final)
	for _, n := range c.nodes {
		c.eventually("what is paid then", func() bool { return n.FinalSize() > s.LeafIndex })
	}
}

// TestALostSnapshotIsSentAgain: it was on its way for longer than a snapshot is sent to who has nothing, and the line broke. The log must not be sent instead.
func TestALostSnapshotIsSentAgain(t *testing.T) {
	var n Node
	for _, c := range []struct {
		err     error
		refused bool
		want    bool
	}{{errKilled, false, true}, {nil, false, false}, {errKilled, true, false}} {
		since := time.Now().Add(-2 * sendsTime).UnixNano()
		n.emptyAt.Store(since)
		if c.refused {
			n.local().OnSnapshotRefused("v2")
		}
		if n.snapshotSent(since, c.err); n.sends() != c.want {
			t.Errorf("ended %v, refused %v: sent again %v", c.err, c.refused, n.sends())
		}
	}
}
