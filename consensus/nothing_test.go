package consensus

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger/amount"
)

// nothingFor makes it long ago that raft had anything.
func (n *Node) nothingFor(d time.Duration) {
	n.aMinuteLater()
	n.lookAtNothing()
	n.astray.mu.Lock()
	if !n.astray.idle.IsZero() {
		n.astray.idle = n.astray.idle.Add(-d)
	}
	n.astray.mu.Unlock()
	n.lookAtNothing()
}

// hasNothing says whether raft has neither log nor snapshot.
func (n *Node) hasNothing() (bool, error) {
	last, err := n.raftLog.LastIndex()
	if err != nil || last > 0 {
		return false, err
	}
	newest, err := n.snapshots.newest()
	return newest == 0, err
}

// TestNobodyHasAnything: one validator of four has the others begin with nothing, and is silent. After a minute they are at the least place, elect one of them,
// and go on; over starts as well, and when it has sent them the beginning of a log: what nobody can be elected with, or what leads them to order batches before
// any place where an honest log has them.
func TestNobodyHasAnything(t *testing.T) {
	first := func(c *cluster) raft.Log {
		return raft.Log{Index: 1, Term: 1, Type: raft.LogConfiguration, Data: raft.EncodeConfiguration(c.members())}
	}
	noop := func(index uint64) raft.Log { return raft.Log{Index: index, Term: 1, Type: raft.LogNoop} }
	for name, has := range map[string]func(c *cluster) []raft.Log{
		"running":                         nil,
		"started again":                   func(*cluster) []raft.Log { return nil },
		"with an entry":                   func(*cluster) []raft.Log { return []raft.Log{noop(1)} },
		"with the first entry":            func(c *cluster) []raft.Log { return []raft.Log{first(c)} },
		"with entries to the least place": func(*cluster) []raft.Log { return []raft.Log{noop(1), noop(2), noop(3), noop(4), noop(5)} },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			var last Status
			for i := range 3 {
				last = c.submit(c.leader(), c.pay(c.world.Juma.Account, amount.Amount(i+1)), Final)
			}
			c.agree(last.LeafIndex + 1)
			c.stop(c.leader().Name()) // The silent liar.
			for _, n := range c.nodes {
				n.goBack(errKilled, resyncNone)
			}
			for name, n := range c.nodes {
				c.eventually("raft without anything at "+name, func() bool { nothing, err := n.hasNothing(); return err == nil && nothing && !asking(n) })
			}
			if has != nil {
				for name := range c.addresses {
					if c.nodes[name] != nil {
						c.stop(name)
						w := c.stoppedLog(name)
						for _, e := range has(c) {
							if err := w.StoreLog(&e); err != nil {
								t.Fatal(err)
							}
						}
						if err := w.Close(); err != nil {
							t.Fatal(err)
						}
						c.restart(name)
					}
				}
			}
			if name == "with the first entry" {
				time.Sleep(3 * time.Second) // Several elections.
				for who, n := range c.nodes {
					if leader := n.Leader(); leader != "" {
						t.Errorf("%s follows %s, whose log lacks what is final", who, leader)
					}
				}
			}
			for _, n := range c.nodes {
				if n.nothingFor(resyncPause / 2); asking(n) {
					t.Error("it does not wait for a leader's snapshot")
				}
				n.nothingFor(2 * resyncPause)
			}
			s := c.submit(c.leader(), c.pay(c.world.Juma.Account, 50), Final)
			for _, n := range c.nodes {
				c.eventually("what is paid then", func() bool { return n.FinalSize() > s.LeafIndex })
				if _, err := n.store.Audit(); err != nil {
					t.Error(err)
				}
				if made, batch := n.store.Made(), n.store.Head().Batch; made <= batch {
					t.Errorf("entry %d made batch %d", made, batch)
				}
			}
		})
	}
}

// TestWhoIsSentTheLogWaits: who has a log and a leader gives nothing up, though nothing has become final since the least place was written down. Nor does who leads.
func TestWhoIsSentTheLogWaits(t *testing.T) {
	c := newCluster(t)
	s := c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	c.agree(s.LeafIndex + 1)
	for _, n := range []*Node{c.leader(), c.follower()} {
		c.eventually("nothing that is not final", func() bool { return n.store.Pending() == 0 })
		if err := n.keepLeast(); err != nil {
			t.Fatal(err)
		}
		if _, kept, err := n.leastToStandAt(); err != nil || !kept {
			t.Fatal("no least place: this test shows nothing", err)
		}
		c.eventually("a leader", func() bool { return n.Leader() != "" })
		if n.nothingFor(2 * resyncPause); asking(n) {
			t.Error("it gives up what it is sent")
		}
	}
}

// TestHeartbeatsAreNoLog: a liar that leads has sent who began with nothing the first entry, and sends heartbeats and nothing more. So it is gone back to the least place.
func TestHeartbeatsAreNoLog(t *testing.T) {
	c := newCluster(t)
	s := c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	c.agree(s.LeafIndex + 1)
	n := c.follower()
	var others []string
	for other := range c.nodes {
		if other != n.Name() {
			others = append(others, other)
			c.stop(other)
		}
	}
	n.goBack(errKilled, resyncNone)
	c.eventually("raft without anything", func() bool { nothing, err := n.hasNothing(); return err == nil && nothing && !asking(n) })
	n.astray.tail.Store(true) // It takes nothing until raft begins again.
	first := raft.Log{Index: 1, Term: 1, Type: raft.LogConfiguration, Data: raft.EncodeConfiguration(c.members())}
	if err := n.raftLog.StoreLog(&first); err != nil {
		t.Fatal(err)
	}
	for _, other := range others {
		c.restart(other)
	}
	c.eventually("heartbeats", func() bool { return n.Leader() != "" })
	if last, err := n.raftLog.LastIndex(); err != nil || last != 1 || !n.short() {
		t.Fatalf("it was sent a log up to %d: this test shows nothing: %v", last, err)
	}
	if n.nothingFor(2 * resyncPause); !asking(n) {
		t.Error("it waits for a leader that sends nothing")
	}
	s = c.submit(c.leader(), c.pay(c.world.Juma.Account, 2), Final)
	c.eventually("what is paid then", func() bool { return n.FinalSize() > s.LeafIndex })
}

// TestALogThatComes is waited for while a part of it comes each minute, and not for entries now and then.
func TestALogThatComes(t *testing.T) {
	for _, row := range []struct {
		entries int
		waits   bool
	}{{2, false}, {3, true}} {
		t.Run(fmt.Sprintf("%d entries", row.entries), func(t *testing.T) {
			s := newScribe(t)
			for range 2 * growth {
				s.pays()
			}
			s.final(s.n.store.Head())
			log := s.entries(0)
			s.n.goBack(errKilled, resyncNone)
			s.settled()
			s.n.nothingFor(0)
			for _, e := range log[:row.entries] {
				if err := s.n.raftLog.StoreLog(&e); err != nil {
					t.Fatal(err)
				}
			}
			s.n.astray.mu.Lock()
			s.n.astray.idle = s.n.astray.idle.Add(-2 * resyncPause)
			s.n.astray.mu.Unlock()
			if s.n.lookAtNothing(); asking(s.n) == row.waits {
				t.Errorf("%d entries of %d have come, and it waits: %v", row.entries, len(log), !row.waits)
			}
		})
	}
}

// TestALeastPlaceWithoutAWay: since the validator set has changed no leader's log goes on at the least place, and a leader that has all of its log sends no snapshot
// there. Who could not be elected there begins with nothing again, and is sent something.
func TestALeastPlaceWithoutAWay(t *testing.T) {
	c := newCluster(t)
	c.submit(c.follower(), c.pay(c.world.Juma.Account, 1), Final)
	for range 20 { // The entry that changes raft's members is to be behind the least place.
		_ = c.leader().member().Barrier(0).Error() // Another may lead by now.
	}
	c.replacesALeader()
	s := c.submit(c.leader(), c.pay(c.world.Juma.Account, 2), Final)
	c.agree(s.LeafIndex + 1)
	n := c.follower()
	for n.Name() == "v5" {
		n = c.follower()
	}
	var others []string
	for other := range c.nodes {
		if other != n.Name() {
			others = append(others, other)
		}
	}
	for _, other := range others {
		c.stop(other)
	}
	n.goBack(errKilled, resyncNone)
	c.eventually("raft without anything", func() bool { nothing, err := n.hasNothing(); return err == nil && nothing && !asking(n) })
	n.nothingFor(2 * resyncPause)
	c.eventually("the least place", func() bool { nothing, err := n.hasNothing(); return err == nil && !nothing && !asking(n) })
	if _, ok, err := n.standsAtLeast(); ok || err != nil {
		t.Fatal("leaders' logs go on there: this test shows nothing", err)
	}
	if n.nothingFor(2 * resyncPause); asking(n) {
		t.Error("it gives the place up while nobody leads")
	}
	for _, other := range others {
		c.restart(other)
	}
	c.eventually("somebody else leads", func() bool { leader := n.Leader(); return leader != "" && leader != n.Name() })
	if n.nothingFor(2 * resyncPause); !asking(n) {
		t.Error("it stays where that log does not go on")
	}
	s = c.submit(c.leader(), c.pay(c.world.Juma.Account, 3), Final)
	c.eventually("what is final elsewhere", func() bool {
		n.nothingFor(2 * resyncPause)
		return n.FinalSize() > s.LeafIndex
	})
}

// TestKilledWithNothing: wherever it is cut, on the way to nothing or from there to the least place, the next start goes on.
func TestKilledWithNothing(t *testing.T) {
	check := func(t *testing.T, s *scribe) {
		t.Helper()
		s.n.nothingFor(2 * resyncPause)
		s.settled()
		head := s.n.store.Head()
		list, err := s.n.snapshots.List()
		if err != nil || len(list) != 1 || list[0].Index != head.Batch+1 || list[0].Term != leastTerm || len(list[0].Configuration.Servers) != len(s.world.Set) {
			t.Fatalf("raft begins with %+v: %v", list, err)
		}
		if index, ok, err := s.n.standsAtLeast(); err != nil || !ok || index != list[0].Index || s.n.base.Load() != index {
			t.Errorf("no leader's log goes on there: %v", err)
		}
		if s.n.FinalSize() != head.Size || s.n.store.Pending() > 0 {
			t.Errorf("final %d of %d", s.n.FinalSize(), head.Size)
		}
	}
	for _, point := range []string{"resync: target written", "resync: nothing undone", "resync: least place written down", "resync: no snapshot, log not cut", "resync: log cut", "resync: target removed"} {
		t.Run(point, func(t *testing.T) {
			s := newScribe(t)
			s.paysFinal()
			s.pays()
			s.killedAt(point, func() { s.n.goBack(errKilled, resyncNone) })
			if nothing, err := s.n.hasNothing(); err != nil || !nothing {
				t.Fatal("raft has something", err)
			}
			check(t, s)
		})
	}
	for _, point := range []string{
		"resync: target written", "resync: nothing undone", "resync: no log, not at the least place", "resync: state at another place, log not", "resync: snapshot put back, log not cut",
		"resync: log cut", "resync: target removed",
	} {
		t.Run(point+", going to the least place", func(t *testing.T) {
			s := newScribe(t)
			s.paysFinal()
			s.n.goBack(errKilled, resyncNone)
			s.settled()
			s.killedAt(point, func() { s.n.nothingFor(2 * resyncPause) })
			check(t, s)
		})
	}
}

// TestWhoHasSomethingStaysThere: the least place that was written down is for who has nothing, and for what was final then; a damaged file is none.
func TestWhoHasSomethingStaysThere(t *testing.T) {
	s := newScribe(t)
	s.paysFinal()
	log := s.entries(0)
	s.n.goBack(errKilled, resyncNone)
	s.settled()
	path := filepath.Join(s.n.dir, leastFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		damaged := append([]byte{}, whole...)
		damaged[i] ^= 4
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := s.n.keptLeast(); ok || err != nil {
			t.Fatalf("with byte %d damaged: %v", i, err)
		}
	}
	if s.n.nothingFor(2 * resyncPause); asking(s.n) {
		t.Error("it goes to a damaged place")
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.n.keptLeast(); !ok || err != nil {
		t.Fatal("the place that was written down is none", err)
	}
	for i, e := range log {
		if err := s.n.raftLog.StoreLog(&e); err != nil {
			t.Fatal(err)
		}
		if (fsm{s.n}).Apply(&e); i < len(log)-1 && !s.n.short() {
			t.Errorf("it may be elected with %d entries of %d", i+1, len(log))
		}
	}
	if s.n.short() {
		t.Error("it may not be elected with all of the log")
	}
	s.n.nothingFor(0) // What has come leads to nothing new, so that it may be given up.
	if err := errors.Join(os.WriteFile(path, []byte(leastFormat), 0o600), s.n.keepLeast()); err != nil {
		t.Fatal(err)
	}
	if _, kept, err := s.n.keptLeast(); err != nil || !kept {
		t.Error("a damaged place is not written again", err)
	}
	written, _, err := s.n.keptLeast()
	written.Members.Servers = written.Members.Servers[1:] // As before what somebody has sent since.
	if err := errors.Join(err, s.n.writeLeast(written), s.n.keepLeast()); err != nil {
		t.Fatal(err)
	}
	if b, kept, err := s.n.keptLeast(); err != nil || !kept || len(b.Members.Servers) != len(written.Members.Servers) {
		t.Error("what was written down is written over", err)
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	s.pays()
	if may, err := s.n.mayStandAtLeast(); may || err != nil {
		t.Error("it gives up what it may have attested", err)
	}
	if s.n.nothingFor(2 * resyncPause); asking(s.n) {
		t.Error("it goes back while it has something")
	}
}

// TestAPlaceIsKeptForWhatCame: who leaves a least place after which nothing came stays there if something has come meanwhile, which it may have attested.
func TestAPlaceIsKeptForWhatCame(t *testing.T) {
	s := newScribe(t)
	s.paysFinal()
	s.pays()
	s.n.goBack(errNoLog, resyncNoPlace)
	s.settled()
	last, err := s.n.raftLog.LastIndex()
	if want := uint64(len(s.log)) + 1; err != nil || last != want || s.n.store.Pending() != 1 {
		t.Errorf("the log ends at %d, want %d; %d not final: %v", last, want, s.n.store.Pending(), err)
	}
}
