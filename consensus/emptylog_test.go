package consensus

import (
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestFromALeadersSnapshot: who begins with nothing is sent a snapshot by a leader whose log is whole, is as good as before, and so after a start.
func TestFromALeadersSnapshot(t *testing.T) {
	for _, snapshots := range []string{"none before", "one before"} {
		t.Run(snapshots, func(t *testing.T) {
			c := newCluster(t)
			for i := range 5 {
				c.submit(c.leader(), c.pay(c.world.Juma.Account, amount.Amount(i+1)), Final)
			}
			leader, victim := c.leader(), c.follower()
			if snapshots == "one before" {
				leader.renew("nobody")
			}
			final := victim.FinalSize()
			victim.goBack(errKilled, resyncNone)
			if snapshots == "none before" { // It is sent the log, and a snapshot is there the next time.
				c.eventually("the log and a snapshot of the leader", func() bool {
					newest, err := leader.snapshots.newest()
					// The log may be on its way still, and would be taken after the next resync in the place of the snapshot.
					return err == nil && newest > 0 && !asking(victim) && victim.member().LastIndex() >= leader.member().LastIndex()
				})
				victim.aMinuteLater()
				victim.goBack(errKilled, resyncNone)
			}
			c.eventually("the snapshot of a leader", func() bool {
				list, err := victim.snapshots.List()
				return err == nil && len(list) > 0 && !asking(victim) && victim.member().LastIndex() >= list[0].Index
			})
			if victim.FinalSize() < final {
				t.Errorf("final size %d, was %d", victim.FinalSize(), final)
			}
			for name := range c.addresses {
				if name != victim.Name() && name != c.leader().Name() {
					c.stop(name) // Three are left, and all are needed.
					break
				}
			}
			s := c.submit(victim, c.pay(c.world.Juma.Account, 77), Final)
			c.stop(victim.Name())
			c.restart(victim.Name())
			again := c.nodes[victim.Name()]
			c.eventually("it has what was final", func() bool { return again.FinalSize() > s.LeafIndex })
			c.submit(again, c.pay(c.world.Juma.Account, 78), Final)
			if _, err := again.store.Audit(); err != nil {
				t.Error(err)
			}
		})
	}
}

// aMinuteLater lets the next resync be asked for.
func (n *Node) aMinuteLater() {
	n.astray.mu.Lock()
	defer n.astray.mu.Unlock()
	n.astray.last = n.astray.last.Add(-resyncPause - time.Second)
}

// asking says whether a resync is to come or under way.
func asking(n *Node) bool {
	n.astray.mu.Lock()
	defer n.astray.mu.Unlock()
	return n.astray.due
}

// TestABatchBeforeTheOneItFollows: it is void in the log of all, and good at the least place. Who goes back a third time begins with nothing, and by the
// snapshot of a leader at that one's own place it is void there, too.
func TestABatchBeforeTheOneItFollows(t *testing.T) {
	s := newScribe(t)
	for range 4 {
		s.order([]byte("void"))
	}
	raw := s.next(s.pay(s.world.Juma.Account, 1))
	b, err := tx.ParseBatch(s.n.network, raw)
	if err != nil {
		t.Fatal(err)
	}
	head := s.n.store.Head()
	early := tx.SealBatch(s.n.network, tx.BatchHeader{
		Epoch: head.Epoch, Number: head.Batch + 2, PreviousHash: b.Hash(), TimeUnixMs: b.Header.TimeUnixMs, Leader: "v2", Term: 1,
	}, [][]byte{s.pay(s.world.Juma.Account, 7).Envelope()}, s.world.Validators["v2"])
	if a := s.order(early).(*applied); a.void == nil {
		t.Fatal("a batch without the one that it follows is good")
	}
	if a := s.order(raw).(*applied); a.void != nil {
		t.Fatal(a.void)
	}
	captured := s.captured()
	s.final(s.n.store.Head())
	snapshot := captured()
	snapshot.index, snapshot.term = uint64(len(s.log))+1, 1
	want, _ := s.pays()
	log := s.entries(1)
	given := func() {
		t.Helper()
		last := s.n.member().LastIndex()
		for _, e := range log {
			if e.Index > last {
				if err := s.n.raftLog.StoreLog(&e); err != nil {
					t.Fatal(err)
				}
				fsm{s.n}.Apply(&e)
			}
		}
	}
	s.n.goBack(errKilled, resyncDeep)
	s.settled()
	given()
	if s.n.store.Head() == want {
		t.Error("the least place leads to the tree of all: this test shows nothing")
	}
	s.n.aMinuteLater()
	s.n.goBack(errKilled, resyncShallow) // One has cut the log so far.
	s.settled()
	s.n.aMinuteLater()
	s.n.goBack(errKilled, resyncShallow)
	s.settled()
	if list, err := s.n.snapshots.List(); err != nil || len(list) > 0 || s.n.member().LastIndex() > 0 {
		t.Fatalf("it begins with %d snapshots, and entry %d: %v", len(list), s.n.member().LastIndex(), err)
	}
	if err := deliver(s.n, s.members(), snapshot); err != nil {
		t.Fatal(err)
	}
	if err := restore(s.n); err != nil {
		t.Fatal(err)
	}
	for _, e := range log {
		if e.Index > snapshot.index {
			fsm{s.n}.Apply(&e)
		}
	}
	if s.n.store.Head() != want {
		t.Errorf("batch %d, want that of all, %d", s.n.store.Head().Batch, want.Batch)
	}
}
