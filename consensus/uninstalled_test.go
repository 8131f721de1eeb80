package consensus

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger"
)

// uninstalledAt are places in the log that a liar gives to a true snapshot of what is final: behind all, where the last entry is, and, in a later term, at
// the final batch, of which the log has gone behind an own snapshot.
var uninstalledAt = []string{"far", "in the log", "below an own one"}

// leavesBehind is a node that has attested a tree above what is final, and left the epoch; a snapshot that a liar has for it; and what made the tree.
func leavesBehind(t *testing.T, place string) (s *scribe, snapshot sent, attested, head ledger.Head, log []raft.Log) {
	t.Helper()
	s = newScribe(t)
	_, snapshot = s.paysFinal()
	begins := s.n.store.FloorMade()
	if place == "below an own one" {
		snapshot.index = begins
		s.order([]byte("void"))
		s.order([]byte("void"))
		begins += 2
		at, err := s.n.baseAt(begins)
		if err != nil {
			t.Fatal(err)
		}
		captured, err := s.n.final()
		if err != nil {
			t.Fatal(err)
		}
		err = errors.Join(s.n.snapshots.rebase(captured, at, s.n.transport), s.n.raftLog.DeleteRange(1, begins)) // As raft does, with no trailing entries.
		captured.Release()
		if err != nil {
			t.Fatal(err)
		}
	}
	s.pays()
	attested, _ = s.pays()
	head, _ = s.pays()
	log = s.entries(begins)
	if place == "in the log" {
		snapshot.index, snapshot.term = log[len(log)-1].Index, log[len(log)-1].Term
	}
	s.attests(attested)
	s.wishes(1)
	return s, snapshot, attested, head, log
}

// slips has a snapshot arrive before batches that it would take back are applied: raft has given them, and they wait. It is not installed.
func (s *scribe) slips(by sent) {
	s.t.Helper()
	undoes := s.n.snapshots.undoes
	s.n.snapshots.undoes = func(ledger.Head) bool { return false }
	if err := deliver(s.n, s.members(), by); err != nil {
		s.t.Fatal(err)
	}
	s.n.snapshots.undoes = undoes
	if s.n.snapshots.arrived == nil {
		s.t.Fatal("it has not arrived")
	}
}

// forgets wants the node to stand on what is final, with its own snapshots alone, and all of a log to be kept aside.
func (s *scribe) forgets(own int, attested ledger.Head, log []raft.Log) {
	s.t.Helper()
	if s.n.store.Pending() > 0 || s.n.store.Head().Batch != 1 {
		s.t.Errorf("it stands at batch %d", s.n.store.Head().Batch)
	}
	if list, err := s.n.snapshots.List(); err != nil || len(list) != own || s.n.snapshots.arrived != nil {
		s.t.Errorf("snapshots %+v, %v to be installed: %v", list, s.n.snapshots.arrived, err)
	}
	for _, left := range leftovers(s.t, filepath.Join(s.dir, "v1")) {
		s.t.Errorf("left %s", left)
	}
	a, kept := s.n.asides.find(0)
	if !kept || !a.starts(voteOf(attested)) || a.Before.Index != log[0].Index-1 || a.Last != log[len(log)-1].Index {
		s.t.Errorf("kept %v: %+v; want entries %d to %d", kept, a, log[0].Index, log[len(log)-1].Index)
	}
}

func owns(place string) int {
	if place == "below an own one" {
		return 1
	}
	return 0
}

// TestAResyncDiscardsWhatIsNotInstalled: a leader that lies sends a true snapshot of less than was attested, and the validator goes back before raft
// has installed it. What is kept aside begins at no place that only a liar has named, so what was attested comes back.
func TestAResyncDiscardsWhatIsNotInstalled(t *testing.T) {
	for _, place := range uninstalledAt {
		t.Run(place, func(t *testing.T) {
			s, snapshot, attested, head, log := leavesBehind(t, place)
			s.slips(snapshot)
			s.n.disputed(suspectPatience + time.Second)
			if s.n.lookAgain(); !s.n.asked() {
				t.Fatal("it does not go back")
			}
			s.settled()
			s.forgets(owns(place), attested, log)
			s.hears(attested)
			s.putBack(head, log)
		})
	}
}

// TestKilledBesideWhatIsNotInstalled: the same, and the power goes.
func TestKilledBesideWhatIsNotInstalled(t *testing.T) {
	for _, place := range uninstalledAt {
		for _, point := range []string{"resync: target written", "resync: raft stopped", "resync: nothing uninstalled", "resync: kept aside", "resync: state undone"} {
			t.Run(place+", "+point, func(t *testing.T) {
				s, snapshot, attested, head, log := leavesBehind(t, place)
				s.killedAt(point, func() {
					s.slips(snapshot)
					s.n.goBack(errKilled, resyncKept)
				})
				s.forgets(owns(place), attested, log)
				s.hears(attested)
				s.putBack(head, log)
			})
		}
	}
}

// TestAStartDropsWhatIsNotInstalled: a snapshot that takes something back goes at a start, even if the log leads to the place that it was given: raft
// would pass over what it was not given before.
func TestAStartDropsWhatIsNotInstalled(t *testing.T) {
	for _, place := range uninstalledAt {
		t.Run(place, func(t *testing.T) {
			s, snapshot, _, head, log := leavesBehind(t, place)
			s.slips(snapshot)
			s.stop("v1")
			s.restart("v1")
			s.n = s.nodes["v1"]
			if list, err := s.n.snapshots.List(); err != nil || len(list) != owns(place) || s.n.store.Head() != head {
				t.Errorf("snapshots %+v, batch %d: %v", list, s.n.store.Head().Batch, err)
			}
			if got := s.entries(log[0].Index - 1); len(got) != len(log) {
				t.Errorf("%d entries, want %d", len(got), len(log))
			}
		})
	}
}

// TestNothingIsKeptAsideAsNothing: a snapshot that takes nothing back stays at a start, to be restored. A resync that was begun keeps nothing aside that does
// not hold what was attested, and so cuts nothing.
func TestNothingIsKeptAsideAsNothing(t *testing.T) {
	s := newScribe(t)
	s.final(first(s.pays()))
	victim := s.copied(t)
	for range 4 {
		s.pays()
	}
	_, snapshot := s.paysFinal()
	attested, _ := victim.pays()
	victim.pays()
	victim.attests(attested)
	victim.wishes(1)
	victim.killedAt("resync: target written", func() {
		if err := deliver(victim.n, victim.members(), snapshot); err != nil {
			t.Error(err)
		}
		if kept, err := victim.n.keepAside(); err != nil || kept || len(victim.n.asides.all()) > 0 {
			t.Errorf("it may go back: %v, kept %+v: %v", kept, victim.n.asides.all(), err)
		}
		victim.n.goBack(errKilled, resyncKept)
	})
	if victim.n.store.Head() != snapshot.head {
		t.Errorf("batch %d, want %d", victim.n.store.Head().Batch, snapshot.head.Batch)
	}
	if all := victim.n.asides.all(); len(all) > 0 {
		t.Errorf("kept %+v", all)
	}
}

// TestHoldsPending: what is kept aside begins before the first entry that made something that is not final, and where the log does.
func TestHoldsPending(t *testing.T) {
	s := newScribe(t)
	s.final(first(s.pays()))
	final := s.n.store.FloorMade()
	s.order([]byte("void"))
	s.order([]byte("void"))
	look := func(after uint64, want bool) {
		t.Helper()
		if got, err := s.n.holdsPending(after); err != nil || got != want {
			t.Errorf("after %d: %v, %v", after, got, err)
		}
	}
	look(farAhead, true) // There is nothing.
	s.pays()
	look(final, true)
	look(final+2, true)
	look(final+3, false)
	look(farAhead, false)
	if err := s.n.raftLog.DeleteRange(1, final+1); err != nil {
		t.Fatal(err)
	}
	look(final, false)
	look(final+1, true)
}
