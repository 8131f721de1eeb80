package consensus

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/consensus/finality"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// lieTo stops a follower and puts a forged batch into its log, where the next entry of the true leader belongs: of the same
// index and term, so that raft takes it for the same entry. It is what a leader can do who lies to one follower.
func (c *cluster) lieTo(name string) (forged *tx.Signed) {
	c.t.Helper()
	n := c.nodes[name]
	head := n.store.Head()
	c.stop(name)
	forged = c.pay(c.world.Amina.Account, 666)
	c.putAfter(name, func(term uint64) raft.Log {
		return raft.Log{Type: raft.LogCommand, Data: tx.SealBatch(c.world.Network, tx.BatchHeader{
			Epoch: head.Epoch, Number: head.Batch + 1, PreviousHash: head.BatchHash, TimeUnixMs: head.TimeUnixMs, Leader: "v1", Term: term,
		}, [][]byte{forged.Envelope()}, c.world.Validators["v1"])}
	})
	return forged
}

// putAfter adds an entry to the log of a node that is stopped, of the term of its last one.
func (c *cluster) putAfter(name string, entry func(term uint64) raft.Log) {
	c.t.Helper()
	w := c.stoppedLog(name)
	defer w.Close()
	last, err := w.LastIndex()
	if err != nil {
		c.t.Fatal(err)
	}
	var before raft.Log
	if err := w.GetLog(last, &before); err != nil {
		c.t.Fatal(err)
	}
	e := entry(before.Term)
	e.Index, e.Term = last+1, before.Term
	if err := w.StoreLogs([]*raft.Log{&e}); err != nil {
		c.t.Fatal(err)
	}
}

// calm waits until a follower has everything that the leader has ordered, and all of it is final.
func (c *cluster) calm(name string) {
	c.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		n, leader := c.nodes[name], c.leader()
		own, _ := n.raftLog.LastIndex()
		last, _ := leader.raftLog.LastIndex()
		head := n.store.Head()
		if own == last && head == leader.store.Head() && n.FinalSize() == head.Size {
			return
		}
	}
	c.t.Fatal("the network does not come to rest")
}

// TestFedALie: a validator that was given a forged batch applies it, finds that a quorum has signed another tree, goes back to
// what is final, and follows again. Nothing of the lie is left, nobody else is held up.
func TestFedALie(t *testing.T) {
	c := newCluster(t)
	c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	victim := c.follower().Name()
	c.calm(victim)
	forged := c.lieTo(victim)
	// The first of these has the index of the forged one.
	for range 3 {
		c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	}
	c.restart(victim)
	last := c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	c.agree(last.LeafIndex + 1)
	n := c.nodes[victim]
	if s, err := n.lookup(forged.ID()); err != nil || s.Stage != Unknown {
		t.Errorf("the forged payment: stage %d, %v", s.Stage, err)
	}
	if n.astray.last.IsZero() {
		t.Error("it came through without a resync: the lie did not bite")
	}
	if _, err := n.store.Audit(); err != nil {
		t.Error(err)
	}
	// It takes part again.
	others := 0
	for name := range c.nodes {
		if name != victim && c.nodes[name] != c.leader() && others == 0 {
			c.stop(name)
			others++
		}
	}
	c.submit(n, c.pay(c.world.Juma.Account, 1), Final)
	r, err := n.Read(t.Context(), ReadFinal)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, err := r.State().Balance(c.world.Amina.Account, ledgertest.KES); err != nil || b.Posted != ledgertest.AminaFunds {
		t.Errorf("balance %d, %v", b.Posted, err)
	}
}

var errKilled = errors.New("killed")

// TestKilledInAResync: wherever a resync is cut, the next start goes on with it.
func TestKilledInAResync(t *testing.T) {
	for _, point := range []string{
		"resync: nothing written", "resync: target written", "resync: raft stopped", "resync: state undone", "resync: log cut",
		"resync: target removed", "resync: raft not begun",
	} {
		t.Run(point, func(t *testing.T) {
			s := newScribe(t)
			s.order([]byte("void"))
			s.pays()
			want := s.n.store.Head()
			s.final(want)
			s.order([]byte("void"))
			s.pays()
			_, lost := s.pays()
			s.stop("v1")

			var killed atomic.Bool
			s.simulated = &Simulated{Point: func(name string) error {
				if name == point || killed.Load() {
					killed.Store(true)
					return errKilled
				}
				return nil
			}}
			s.restart("v1")
			s.n = s.nodes["v1"]
			s.n.strayed(errors.New("asked for by the test"))
			<-s.n.Dead()
			s.simulated = nil
			if err := s.n.Close(); err != nil && !errors.Is(err, errKilled) {
				t.Error(err)
			}
			delete(s.nodes, "v1")

			s.restart("v1")
			s.n = s.nodes["v1"]
			if point == "resync: nothing written" {
				if s.n.store.Head().Batch != want.Batch+2 {
					t.Errorf("batch %d: nothing had begun", s.n.store.Head().Batch)
				}
				return
			}
			if head := s.n.store.Head(); head != want {
				t.Errorf("batch %d, want %d", head.Batch, want.Batch)
			}
			if last, err := s.n.raftLog.LastIndex(); err != nil || last != s.n.store.FloorMade() {
				t.Errorf("the log ends at %d, %v", last, err)
			}
			if _, err := os.Stat(filepath.Join(s.dir, "v1", resyncFile)); !errors.Is(err, os.ErrNotExist) {
				t.Error("the target is still there:", err)
			}
			if got := s.stages(lost); got[0] != Unknown {
				t.Errorf("stage %v", got)
			}
		})
	}
}

// TestResyncsAreRare: a node whose log goes on to contradict the others' asks them again once a minute, or when something
// new has become final; the second time it takes nothing of its log for granted.
func TestResyncsAreRare(t *testing.T) {
	s := newScribe(t)
	s.pays()
	head, _ := s.pays()
	lie := errors.New("a lie")
	if !s.n.strayed(lie) {
		t.Fatal("the first was refused")
	}
	s.settled()
	if s.n.store.Head().Batch != 0 {
		t.Error("nothing was taken back")
	}
	if s.n.strayed(lie) {
		t.Error("the second one came at once")
	}
	s.n.astray.mu.Lock()
	s.n.astray.last = time.Now().Add(-resyncPause)
	s.n.astray.mu.Unlock()
	if !s.n.strayed(lie) || !s.n.astray.target.deep() {
		t.Error("after a minute the second one was refused, or is not deep")
	}
	s.settled()
	s.log = nil
	s.pays()
	again, _ := s.pays()
	if again.Batch != head.Batch {
		t.Errorf("batch %d", again.Batch)
	}
	s.final(again)
	if !s.n.strayed(lie) || s.n.astray.target.deep() {
		t.Error("something became final, and the next one was refused, or is deep")
	}
	s.settled()
	if s.n.store.Head() != again {
		t.Error("something final was taken back")
	}
}

// settled waits for the end of a resync.
func (s *scribe) settled() {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		s.n.astray.mu.Lock()
		due := s.n.astray.due
		s.n.astray.mu.Unlock()
		if !due {
			s.n.astray.running.Lock()
			defer s.n.astray.running.Unlock()
			return
		}
	}
	s.t.Fatal("the resync does not end: ", fmt.Sprint(s.n.Err()))
}

// asked says whether a resync was asked for.
func (n *Node) asked() bool {
	n.astray.mu.Lock()
	defer n.astray.mu.Unlock()
	return !n.astray.last.IsZero()
}

// TestALateLogIsNoLie: a tree of a later epoch may be still to come, so its contradiction must last; one of the same epoch
// need not. What a leader alone says makes nobody forget anything, however long.
func TestALateLogIsNoLie(t *testing.T) {
	s := newScribe(t)
	s.pays()
	head := s.n.store.Head()
	s.n.astray.gap.Store(true)
	s.n.lookAgain()
	if s.n.asked() {
		t.Fatal("for a batch out of place, while nothing more is final")
	}
	s.n.astray.gap.Store(false)
	s.n.astray.dispute.again(time.Now().Add(-disputePause + time.Second))
	s.n.astray.dispute.again(time.Now())
	if !s.n.astray.dispute.lasts(time.Now(), suspectPatience) {
		t.Fatal("the dispute does not last")
	}
	s.n.lookAgain()
	if s.n.asked() {
		t.Fatal("for leaders' entries, while nothing more is final")
	}
	later := checkpoint.Vote{Epoch: head.Epoch + 1, Size: head.Size, Root: [32]byte{1}}
	s.n.contradicted(later)
	s.n.lookAgain()
	if s.n.asked() {
		t.Fatal("for an epoch that may be still to come, at once")
	}
	s.n.astray.mu.Lock()
	s.n.astray.suspect.since = time.Now().Add(-suspectPatience - time.Second)
	s.n.astray.mu.Unlock()
	s.n.lookAgain()
	if !s.n.asked() {
		t.Error("not even when it has lasted")
	}
	s.settled()
}

// TestSealedBesideTheOwnBatches: what is sealed ends inside a batch of the own tree. Finality waits for a batch that ends there, and there will be none.
func TestSealedBesideTheOwnBatches(t *testing.T) {
	s := newScribe(t)
	s.pays()
	head, _ := s.pays()
	s.n.lookAt(finality.Status{Proved: head.Size - 1, ProvedRoot: [32]byte{1}})
	if s.n.asked() {
		t.Fatal("at once: an epoch may be still to come that takes the batch back")
	}
	s.n.astray.mu.Lock()
	s.n.astray.suspect.since = time.Now().Add(-suspectPatience - time.Second)
	s.n.astray.mu.Unlock()
	s.n.lookAt(finality.Status{Proved: head.Size - 1, ProvedRoot: [32]byte{1}})
	if !s.n.asked() {
		t.Error("not even when it has lasted")
	}
	s.settled()
}

// TestAnotherTreeOfThisEpoch: two quorums sign no two trees of an epoch, so the own one is the lie.
func TestAnotherTreeOfThisEpoch(t *testing.T) {
	s := newScribe(t)
	head, _ := s.pays()
	s.n.contradicted(voteOf(head))
	if s.n.asked() {
		t.Error("for the own tree")
	}
	at := voteOf(head)
	at.Root[0] ^= 1
	s.n.contradicted(at)
	if !s.n.asked() {
		t.Error("not for another one")
	}
	s.settled()
}

// TestNothingIsAppliedBeforeAResync: raft gives the entries again after it, so none may be taken for done, nor captured.
func TestNothingIsAppliedBeforeAResync(t *testing.T) {
	s := newScribe(t)
	s.pays()
	head := s.n.store.Head()
	s.n.suspended.Store(true)
	if err, ok := s.order(s.next(s.pay(s.world.Juma.Account, 1))).(error); !ok || !errors.Is(err, errFatal) {
		t.Error("an entry was applied")
	}
	if _, err := (fsm{s.n}).Snapshot(); !errors.Is(err, errFatal) {
		t.Errorf("a snapshot was captured: %v", err)
	}
	s.n.suspended.Store(false)
	if s.n.store.Head() != head {
		t.Error("the state has changed")
	}
}
