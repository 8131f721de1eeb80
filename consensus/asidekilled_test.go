package consensus

import (
	"errors"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger"
)

// TestKilledWhileKeepingAside: wherever it is cut, the next start goes on; nothing is cut off before it is kept, and what was kept comes back whole.
func TestKilledWhileKeepingAside(t *testing.T) {
	for _, point := range []string{"resync: target written", "resync: raft stopped", "resync: kept aside", "resync: nothing undone", "resync: state undone", "resync: log cut"} {
		t.Run(point, func(t *testing.T) {
			s := newScribe(t)
			s.pays()
			attested, _ := s.pays()
			head, _ := s.pays()
			log := s.entries(s.n.store.FloorMade())
			s.attests(attested)
			s.wishes(1)
			s.killedAt(point, func() { s.n.goBack(errKilled, resyncKept) })
			if s.n.store.Head().Batch != 0 {
				t.Fatalf("batch %d", s.n.store.Head().Batch)
			}
			if _, kept := s.n.asides.find(0); !kept {
				t.Fatal("nothing is kept")
			}
			s.hears(attested)
			s.putBack(head, log)
		})
	}
	for _, point := range []string{
		"resync: target written", "resync: nothing undone", "resync: state undone", "resync: log cut, nothing put back", "write raft entries, done", "resync: log put back",
		"apply: batch stored, nobody told", "resync: log cut", "resync: target removed",
	} {
		t.Run(point+", putting back", func(t *testing.T) {
			s, attested, head, log := wentBack(t)
			s.pays()
			s.hears(attested)
			s.killedAt(point, func() { s.n.goBack(errKilled, resyncPutBack(0)) })
			if point != "resync: target removed" && s.n.store.Head() != head {
				t.Fatalf("batch %d, want %d", s.n.store.Head().Batch, head.Batch)
			}
			s.putBack(head, log)
		})
	}
}

// killedAt kills the node at a point, and starts it again.
func (s *scribe) killedAt(point string, do func()) {
	s.t.Helper()
	s.killed(do, func(name string) bool { return name == point }, func() {})
}

// killed kills the node at the first of some points, and starts it again when something was done to its folder.
func (s *scribe) killed(do func(), at func(point string) bool, then func()) {
	s.t.Helper()
	s.stop("v1")
	var armed, killed atomic.Bool
	s.simulated = &Simulated{Point: func(name string) error {
		if armed.Load() && at(name) || killed.Load() {
			killed.Store(true)
			return errKilled
		}
		return nil
	}}
	s.restart("v1")
	s.n = s.nodes["v1"]
	armed.Store(true)
	do()
	select {
	case <-s.n.Dead():
	case <-time.After(20 * time.Second):
		s.t.Fatal("it does not come to that point")
	}
	s.simulated = nil
	if err := s.n.Close(); err != nil && !errors.Is(err, errKilled) {
		s.t.Error(err)
	}
	delete(s.nodes, "v1")
	then()
	s.restart("v1")
	s.n = s.nodes["v1"]
}

// putBack wants state and log to be what they were, at once or when that is asked for.
func (s *scribe) putBack(head ledger.Head, log []raft.Log) {
	s.t.Helper()
	if s.n.store.Head() != head {
		s.n.lacked(suspectPatience + time.Second)
		s.n.lookAgain()
		s.settled()
	}
	if s.n.store.Head() != head {
		s.t.Fatalf("batch %d, want %d", s.n.store.Head().Batch, head.Batch)
	}
	if got := s.entries(log[0].Index - 1); !reflect.DeepEqual(got, log) {
		s.t.Errorf("%d entries, want %d", len(got), len(log))
	}
}
