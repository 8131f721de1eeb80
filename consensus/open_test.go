package consensus

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/umoja-ledger/umoja/consensus/finality"
)

// without starts a validator again without a part of its folder, and says why it does not start.
func (c *cluster) without(name string, part ...string) error {
	c.t.Helper()
	if err := os.RemoveAll(filepath.Join(append([]string{c.dir, name}, part...)...)); err != nil {
		c.t.Fatal(err)
	}
	l, err := net.Listen("tcp", c.addresses[name])
	if err != nil {
		c.t.Fatal(err)
	}
	n, err := c.tryOpen(name, l)
	if err == nil {
		c.nodes[name] = n // The end of the test closes it.
	}
	return err
}

// TestLostSignerState: who cannot know what it signed does not sign again, so it does not start.
func TestLostSignerState(t *testing.T) {
	s := newScribe(t)
	s.pays()
	s.stop("v1")
	if err := s.without("v1", "signer.state"); !errors.Is(err, finality.ErrNoState) {
		t.Errorf("got %v", err)
	}
}

// TestLostLog: a validator without its log does not begin a new group beside its state.
func TestLostLog(t *testing.T) {
	s := newScribe(t)
	s.pays()
	s.stop("v1")
	if err := s.without("v1", "raft"); err == nil {
		t.Error("it started")
	}
}

// TestALogWithoutItsSnapshot: a disk lost what raft's log goes on after. Raft would panic at it; the validator says what is wrong.
func TestALogWithoutItsSnapshot(t *testing.T) {
	s := newScribe(t)
	s.paysFinal()
	s.n.renew("v9")
	place, err := s.n.snapshots.newest()
	if err != nil || place < 2 {
		t.Fatalf("a snapshot at %d: %v", place, err)
	}
	s.pays()
	s.stop("v1")
	w := s.stoppedLog("v1")
	if err := errors.Join(w.DeleteRange(1, place), w.Close()); err != nil {
		t.Fatal(err)
	}
	s.restart("v1") // With the snapshot it goes on.
	s.stop("v1")
	if err := s.without("v1", "raft", "snapshots"); !errors.Is(err, errDamaged) {
		t.Errorf("got %v", err)
	}
}

// TestCommittedBeforeARestart: raft forgets what was committed, and the guard of what is must not.
func TestCommittedBeforeARestart(t *testing.T) {
	s := newScribe(t)
	s.pays()
	s.pays()
	want, _ := s.n.store.Applied()
	s.stop("v1")
	s.restart("v1")
	if got := s.nodes["v1"].local().CommitIndex(); got < want {
		t.Errorf("committed up to %d, was %d", got, want)
	}
}
