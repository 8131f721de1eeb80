package consensus

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/store"
)

// farAhead is where a liar says that its snapshots end in raft's log.
const farAhead = 1 << 20

// captured is the state of now, written when it is final, as a liar would send it.
func (s *scribe) captured() func() sent {
	s.t.Helper()
	p, err := s.n.store.Snapshot()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(p.Release)
	return func() sent {
		s.t.Helper()
		var out bytes.Buffer
		if _, err := p.WriteTo(&out); err != nil {
			s.t.Fatal(err)
		}
		h, err := store.ReadSnapshotHeader(bytes.NewReader(out.Bytes()))
		if err != nil {
			s.t.Fatal(err)
		}
		return sent{out.Bytes(), h.Head, farAhead, h.AppliedTerm + 7}
	}
}

// paysFinal makes a payment final, and gives the state after it as a liar would send it.
func (s *scribe) paysFinal() (ledger.Head, sent) {
	s.t.Helper()
	final, _ := s.pays()
	captured := s.captured()
	s.final(final)
	return final, captured()
}

// copied is another node with the same folder.
func (s *scribe) copied(t *testing.T) *scribe {
	t.Helper()
	s.stop("v1")
	again := &scribe{cluster: newAgain(t, s.cluster), log: slices.Clone(s.log)}
	copyTree(t, filepath.Join(s.dir, "v1"), filepath.Join(again.dir, "v1"))
	for _, one := range []*scribe{again, s} {
		one.restart("v1")
		one.n = one.nodes["v1"]
	}
	return again
}

// overtaken has a snapshot take the place of log and state.
func (s *scribe) overtaken(by sent) {
	s.t.Helper()
	err := errors.Join(deliver(s.n, s.members(), by), restore(s.n), s.n.raftLog.clear(),
		s.n.raftLog.StoreLog(&raft.Log{Index: farAhead + 1, Term: by.term, Type: raft.LogNoop}))
	if err != nil {
		s.t.Fatal(err)
	}
	if s.n.store.Head() != by.head {
		s.t.Fatalf("head of size %d, the snapshot's is %d", s.n.store.Head().Size, by.head.Size)
	}
}

// back wants state and log to be what they were, after a start too.
func (s *scribe) back(head ledger.Head, log []raft.Log) {
	s.t.Helper()
	for range 2 {
		s.putBack(head, log)
		if list, err := s.n.snapshots.List(); err != nil || len(list) != 1 || list[0].Index != log[0].Index-1 || list[0].Term != log[0].Term || !reflect.DeepEqual(list[0].Configuration, s.members()) {
			s.t.Errorf("raft begins with %+v, want one at %d: %v", list, log[0].Index-1, err)
		}
		if last := s.n.member().LastIndex(); last != log[len(log)-1].Index {
			s.t.Errorf("raft ends at %d", last)
		}
		if applied, _ := s.n.store.Applied(); applied != log[len(log)-1].Index {
			s.t.Errorf("applied up to %d", applied)
		}
		if _, err := s.n.store.Audit(); err != nil {
			s.t.Error(err)
		}
		s.stop("v1")
		s.restart("v1")
		s.n = s.nodes["v1"]
	}
}

// TestPutBackAfterASnapshot: a liar that leads sends a true snapshot, and says that it ends far on in raft's log. What was kept aside before comes back
// all the same, wherever it is cut.
func TestPutBackAfterASnapshot(t *testing.T) {
	for _, point := range []string{"", "resync: state undone", "resync: state at another place, log not", "resync: snapshot put back, log not cut", "cut raft log, done", "resync: log cut, nothing put back", "resync: log put back"} {
		t.Run(point, func(t *testing.T) {
			s, attested, head, log := wentBack(t)
			s.overtaken(s.captured()())
			s.hears(attested)
			if point != "" {
				s.killedAt(point, func() { s.n.goBack(errKilled, resyncPutBack(0)) })
			}
			s.back(head, log)
		})
	}
}

// TestPutBackBesideAnotherLog: raft's log is another one where that which was kept aside begins.
func TestPutBackBesideAnotherLog(t *testing.T) {
	s, attested, head, log := wentBack(t)
	for range 2 {
		s.pays()
	}
	begins := log[0].Index - 1
	last, err := s.n.raftLog.LastIndex()
	err = errors.Join(err, s.n.raftLog.DeleteRange(begins, last))
	for i := begins; i < begins+20 && err == nil; i++ {
		err = s.n.raftLog.StoreLog(&raft.Log{Index: i, Term: 9, Type: raft.LogNoop})
	}
	if err != nil {
		t.Fatal(err)
	}
	s.hears(attested)
	s.back(head, log)
}

// TestPutBackOnWhatIsNotSealedHere: the snapshot's state is final by a checkpoint of a larger tree, which this validator has not. Raft can begin with
// it all the same, since the proof that came with it is kept.
func TestPutBackOnWhatIsNotSealedHere(t *testing.T) {
	s := newScribe(t)
	s.final(first(s.pays()))
	between, _ := s.pays()
	victim := s.copied(t)
	snapshot := s.captured()
	s.final(first(s.pays()))

	attested, _ := victim.pays()
	head, _ := victim.pays()
	log := victim.entries(victim.n.store.FloorMade())
	victim.attests(attested)
	victim.wishes(1)
	victim.n.goBack(errKilled, resyncKept)
	victim.settled()
	victim.overtaken(snapshot())
	if final := victim.n.store.FinalHead().Size; final >= between.Size {
		t.Fatalf("sealed up to %d", final)
	}
	victim.hears(attested)
	victim.n.lacked(suspectPatience + time.Second)
	victim.n.lookAgain()
	victim.settled()
	if victim.n.store.Head() != head {
		t.Fatalf("batch %d, want %d", victim.n.store.Head().Batch, head.Batch)
	}
	if got := victim.entries(log[0].Index - 1); !reflect.DeepEqual(got, log) {
		t.Errorf("%d entries, want %d", len(got), len(log))
	}
	victim.stop("v1")
	victim.restart("v1")
	if n := victim.nodes["v1"]; n.store.Head() != head {
		t.Error("another state after a start")
	}
}

func first[A, B any](a A, _ B) A { return a }

// TestSpareSnapshot: a snapshot that the log does not lead to is removed only if raft can begin without it.
func TestSpareSnapshot(t *testing.T) {
	s := newScribe(t)
	for range 5 {
		s.pays()
	}
	meta := func(index, term uint64) *raft.SnapshotMeta { return &raft.SnapshotMeta{Index: index, Term: term} }
	look := func(want bool, list ...*raft.SnapshotMeta) {
		t.Helper()
		if got, err := s.n.snapshots.spare(s.n.raftLog, list); err != nil || got != want {
			t.Errorf("%v, %v", got, err)
		}
	}
	look(true, meta(50, 1))
	look(true, meta(3, 2))
	look(true, meta(3, 1)) // What it is of was never final here, or raft never stood on it.
	s.final(s.n.store.Head())
	look(false, meta(3, 1))
	s.pays()
	look(false, meta(3, 1))
	if err := s.n.raftLog.DeleteRange(1, 3); err != nil {
		t.Fatal(err)
	}
	look(false, meta(50, 1))
	look(false, meta(50, 1), meta(2, 1))
	look(true, meta(50, 1), meta(3, 1))
	look(false, meta(3, 1))
	if err := s.n.raftLog.clear(); err != nil {
		t.Fatal(err)
	}
	look(false, meta(50, 1))
}

// TestALogBeyondItsBase: raft cannot go on with a log that begins after a gap.
func TestALogBeyondItsBase(t *testing.T) {
	s, _, _, _ := wentBack(t)
	a, _ := s.n.asides.find(0)
	s.n.goBack(errKilled, resyncShallow)
	s.settled()
	captured, err := s.n.final()
	if err != nil {
		t.Fatal(err)
	}
	defer captured.Release()
	err = errors.Join(s.n.snapshots.rebase(captured, a.Before, s.n.transport), s.n.raftLog.clear(), s.n.raftLog.StoreLog(&raft.Log{Index: a.Before.Index + 2, Term: 1, Type: raft.LogNoop}))
	if err != nil {
		t.Fatal(err)
	}
	s.stop("v1")
	s.restart("v1")
	s.n = s.nodes["v1"]
	if last := s.n.member().LastIndex(); last != a.Before.Index {
		t.Errorf("raft ends at %d, want %d", last, a.Before.Index)
	}
}

// TestDamagedWhenRaftHasItsOwnSnapshot: the state was made ready for what is put back, and the file is found damaged after a crash. Raft's own snapshot is
// of less than is final, and beyond what the state says it has seen; but the log goes on after it.
func TestDamagedWhenRaftHasItsOwnSnapshot(t *testing.T) {
	for _, point := range []string{"resync: state undone", "resync: state at another place, log not", "resync: snapshot put back, log not cut"} {
		t.Run(point, func(t *testing.T) { damagedInACrash(t, point) })
	}
}

func damagedInACrash(t *testing.T, point string) {
	s := newScribe(t)
	s.final(first(s.pays()))
	for range 4 {
		s.pays()
	}
	s.attests(s.n.store.Head())
	s.wishes(1)
	s.n.disputed(suspectPatience + time.Second)
	s.n.lookAgain()
	s.settled()
	s.log = s.log[:s.n.store.FloorMade()-1]
	more, _ := s.pays()
	s.final(more)
	s.n.renew("v2")
	made := s.n.store.Made()
	last, _ := s.pays()
	s.final(last)
	s.pays()
	if err := s.n.raftLog.DeleteRange(1, made); err != nil { // As raft does, with few trailing entries.
		t.Fatal(err)
	}
	path := s.n.asides.path(0)
	s.killed(func() { s.n.goBack(errKilled, resyncPutBack(0)) }, func(name string) bool { return name == point }, func() {
		raw, err := os.ReadFile(path)
		if err == nil {
			raw[len(raw)-1] ^= 1
			err = os.WriteFile(path, raw, 0o600)
		}
		if err != nil {
			t.Error(err)
		}
	})
	if s.n.store.Head().Size < last.Size {
		t.Errorf("of size %d, final are %d", s.n.store.Head().Size, last.Size)
	}
	if list, err := s.n.snapshots.List(); err != nil || len(list) == 0 {
		t.Errorf("%d snapshots: %v", len(list), err)
	}
}

// TestAheadOfItsLog: a put-back was cut after the state was made ready for it, at a place above where raft is, and its file was damaged. What comes between
// is not passed over.
func TestAheadOfItsLog(t *testing.T) {
	s := newScribe(t)
	for range 6 {
		s.order([]byte("void"))
	}
	s.final(first(s.pays()))
	s.pays()
	s.attests(s.n.store.Head())
	s.wishes(1)
	s.n.disputed(suspectPatience + time.Second)
	s.n.lookAgain()
	s.settled()
	path := s.n.asides.path(0)
	s.calmed()
	s.n.goBack(errKilled, resyncDeep)
	s.settled()
	s.killed(func() { s.calmed(); s.n.goBack(errKilled, resyncPutBack(0)) }, func(name string) bool { return name == "resync: state at another place, log not" }, func() {
		raw, err := os.ReadFile(path)
		if err == nil {
			raw[len(raw)-1] ^= 1
			err = os.WriteFile(path, raw, 0o600)
		}
		if err != nil {
			t.Error(err)
		}
	})
	if applied, _ := s.n.store.Applied(); applied != s.n.member().LastIndex() || applied != 2 {
		t.Errorf("applied up to %d, raft's log ends at %d", applied, s.n.member().LastIndex())
	}
}

// calmed forgets when the last resync was.
func (s *scribe) calmed() {
	s.n.astray.mu.Lock()
	defer s.n.astray.mu.Unlock()
	s.n.astray.last = time.Time{}
}

// TestNoSnapshotBesideAResync: a snapshot is not made of a log that is being cut.
func TestNoSnapshotBesideAResync(t *testing.T) {
	s := newScribe(t)
	final, _ := s.pays()
	s.final(final)
	captured, err := s.n.final()
	if err != nil {
		t.Fatal(err)
	}
	defer captured.Release()
	at, err := s.n.finalBase(captured)
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []int{0, 1, 2} {
		asked := 0
		err := s.n.snapshots.writeFinal(captured, at, s.n.transport, func() error {
			if asked++; asked > after {
				return errTakenBack
			}
			return nil
		}, func(string) error { t.Error("it came to be one"); return nil })
		if left := leftovers(t, filepath.Join(s.dir, "v1")); !errors.Is(err, errTakenBack) || len(left) > 0 {
			t.Errorf("asked %d times: %v, left %q", asked, err, left)
		}
		if list, err := s.n.snapshots.List(); err != nil || len(list) != 0 {
			t.Errorf("%d snapshots: %v", len(list), err)
		}
	}
	// The same while it is being made.
	s.stop("v1")
	var n *Node
	s.simulated = &Simulated{Point: func(name string) error {
		if name == "snapshot: not renewed" {
			n.cuts.Add(1)
		}
		return nil
	}}
	s.restart("v1")
	s.n = s.nodes["v1"]
	n = s.n
	n.renew("v2")
	if list, err := n.snapshots.List(); err != nil || len(list) != 0 {
		t.Errorf("%d snapshots: %v", len(list), err)
	}
}
