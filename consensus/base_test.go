package consensus

import (
	"bytes"
	"errors"
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
	for _, point := range []string{"", "resync: state undone", "resync: snapshot put back, log not cut", "cut raft log, done", "resync: log cut, nothing put back", "resync: log put back"} {
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
	s.stop("v1")
	victim := &scribe{cluster: newAgain(t, s.cluster), log: slices.Clone(s.log)}
	copyTree(t, filepath.Join(s.dir, "v1"), filepath.Join(victim.dir, "v1"))
	victim.restart("v1")
	victim.n = victim.nodes["v1"]
	s.restart("v1")
	s.n = s.nodes["v1"]
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

// TestWhatIsAttestedIsNotOverrun: no snapshot takes back a tree that this validator has attested and has. It counts as a leader that
// contradicts what is committed here, so that the dispute decides.
func TestWhatIsAttestedIsNotOverrun(t *testing.T) {
	s := newScribe(t)
	final, _ := s.pays()
	captured := s.captured()
	s.final(final)
	snapshot := captured()
	between, _ := s.pays()
	attested, _ := s.pays()
	head, _ := s.pays()
	s.attests(attested)
	at := func(size, epoch uint64) ledger.Head { return ledger.Head{Size: size, Epoch: epoch} }
	for _, row := range []struct {
		name string
		to   ledger.Head
		want bool
	}{
		{"smaller", at(final.Size, 0), true}, {"a little smaller", at(between.Size, 0), true}, {"as large", at(attested.Size, 0), false},
		{"larger", at(head.Size, 0), false}, {"of a later epoch", at(final.Size, 1), false},
	} {
		if got := s.n.undoes(row.to); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
	if err := deliver(s.n, s.members(), snapshot); !errors.Is(err, errUndoes) {
		t.Errorf("it is taken: %v", err)
	}
	if s.n.astray.dispute.last.IsZero() {
		t.Error("it is no dispute")
	}
	if list, err := s.n.snapshots.List(); err != nil || len(list) != 0 || s.n.store.Head() != head || s.n.Err() != nil {
		t.Errorf("%d snapshots, batch %d: %v, %v", len(list), s.n.store.Head().Batch, err, s.n.Err())
	}
	s.wishes(1)
	s.n.disputed(suspectPatience + time.Second)
	s.n.lookAgain()
	s.settled()
	if s.n.undoes(at(final.Size, 0)) {
		t.Error("what was gone back from is held against a snapshot")
	}
	s.overtaken(snapshot)
}

// TestAttestedWhileASnapshotArrives: what was attested since the snapshot was verified stays too.
func TestAttestedWhileASnapshotArrives(t *testing.T) {
	s := newScribe(t)
	final, _ := s.pays()
	snapshot := s.captured()
	s.final(final)
	attested, _ := s.pays()
	log := s.entries(1)
	if err := deliver(s.n, s.members(), snapshot()); err != nil {
		t.Fatalf("before it is attested: %v", err)
	}
	var calls []string
	s.n.snapshots.quiet = func() error {
		if calls = append(calls, "quiet"); s.n.mayAttest(attested.Size) {
			t.Error("more is attested meanwhile")
		}
		return nil
	}
	s.n.snapshots.undoes = func(to ledger.Head) bool { calls = append(calls, "undoes"); return to == final }
	if !s.n.mayAttest(attested.Size) {
		t.Error("nothing can be attested")
	}
	if err := restore(s.n); !errors.Is(err, errUndoes) {
		t.Errorf("it is installed: %v", err)
	}
	if !slices.Equal(calls, []string{"quiet", "undoes"}) {
		t.Errorf("looked in the order %v", calls)
	}
	if s.n.astray.dispute.last.IsZero() {
		t.Error("it is no dispute")
	}
	if list, err := s.n.snapshots.List(); err != nil || len(list) != 0 || s.n.store.Head() != attested || s.n.Err() != nil {
		t.Errorf("%d snapshots, batch %d: %v, %v", len(list), s.n.store.Head().Batch, err, s.n.Err())
	}
	// The same, with a crash in between.
	s.n.snapshots.undoes = s.n.undoes
	if err := deliver(s.n, s.members(), snapshot()); err != nil {
		t.Fatal(err)
	}
	s.attests(attested)
	if list, err := s.n.snapshots.List(); err != nil || len(list) != 0 || s.n.store.Head() != attested || !reflect.DeepEqual(s.entries(1), log) {
		t.Errorf("%d snapshots, batch %d, %d entries: %v", len(list), s.n.store.Head().Batch, len(s.entries(1)), err)
	}
}

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
	err := errors.Join(s.n.snapshots.rebase(s.n.store, a, s.n.transport), s.n.raftLog.clear(), s.n.raftLog.StoreLog(&raft.Log{Index: a.Before + 2, Term: 1, Type: raft.LogNoop}))
	if err != nil {
		t.Fatal(err)
	}
	s.stop("v1")
	s.restart("v1")
	s.n = s.nodes["v1"]
	if last := s.n.member().LastIndex(); last != a.Before {
		t.Errorf("raft ends at %d, want %d", last, a.Before)
	}
}
