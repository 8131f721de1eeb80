package consensus

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// TestStallClock: a write that hangs is seen although others begin and end after it.
func TestStallClock(t *testing.T) {
	c := newStallClock()
	release, hung := make(chan struct{}), make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = c.run(func() error { close(hung); <-release; return nil })
	}()
	<-hung
	_ = c.run(func() error { return nil })
	if d := c.stalled(time.Now().Add(time.Minute)); d < 59*time.Second {
		t.Errorf("stalled for %s", d)
	}
	close(release)
	<-done
	if d := c.stalled(time.Now().Add(time.Minute)); d != 0 {
		t.Errorf("stalled for %s with nothing under way", d)
	}
}

// TestFailStop: the first error of the log ends the node, and nothing is written after it, for a retry could seem to
// succeed. No snapshot is taken of a state that lacks an entry.
func TestFailStop(t *testing.T) {
	c := newStopped(t, Snapshots{})
	c.restart("v1")
	n := c.nodes["v1"]
	broken := errors.New("input/output error")
	if err := n.raftLog.write("write raft entries", func() error { return broken }); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	select {
	case <-n.Dead():
	default:
		t.Error("the node goes on")
	}
	if err := n.Err(); !errors.Is(err, broken) {
		t.Errorf("the reason is %v", err)
	}
	if err := n.raftLog.SetUint64([]byte("term"), 7); !errors.Is(err, broken) {
		t.Errorf("a write after the error: %v", err)
	}
	if err := n.raftLog.StoreLog(&raft.Log{Index: 99}); !errors.Is(err, broken) {
		t.Errorf("an entry after the error: %v", err)
	}
	if _, err := (fsm{n}).Snapshot(); err == nil {
		t.Error("a snapshot after the error")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- n.Close() }()
	select {
	case <-ended:
	case <-ctx.Done():
		t.Error("a failed node does not stop")
	}
}

// brokenCut is a log that cannot be cut.
type brokenCut struct{ *raft.InmemStore }

var errCut = errors.New("input/output error")

func (brokenCut) DeleteRange(uint64, uint64) error { return errCut }
func (brokenCut) IsMonotonic() bool                { return true }
func (brokenCut) Close() error                     { return nil }

// TestCutThatFails: raft goes on after an error of a cut, so the log must not.
func TestCutThatFails(t *testing.T) {
	var died error
	l := &raftLog{
		wal: brokenCut{raft.NewInmemStore()}, point: func(string) error { return nil }, clock: newStallClock(), ended: func() error { return nil },
		fatal: func(err error) error { died = err; return err },
	}
	if err := l.DeleteRange(1, 2); !errors.Is(err, errCut) || !errors.Is(died, errCut) {
		t.Errorf("got %v, the node ended with %v", err, died)
	}
	if err := l.StoreLog(&raft.Log{Index: 1}); !errors.Is(err, errCut) {
		t.Errorf("an entry after it: %v", err)
	}
}
