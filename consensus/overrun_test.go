package consensus

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger"
)

// TestWhatIsAppliedIsNotOverrun: no snapshot takes back what was applied, which may be attested, or certified. It counts as a leader that
// contradicts what is committed here, so that the dispute decides.
func TestWhatIsAppliedIsNotOverrun(t *testing.T) {
	s := newScribe(t)
	final, snapshot := s.paysFinal()
	certified, _ := s.pays()
	s.attests(certified)
	attested, _ := s.pays()
	s.attests(attested)
	s.hears(certified)
	// What was attested last is in no tree any more, and what is certified is.
	if a, ok := s.order(s.opening(s.change(1, voteOf(certified)), certified, nil)).(*applied); !ok || a.void != nil {
		t.Fatalf("the epoch is not opened: %+v", a)
	}
	head := s.n.store.Head()
	at := func(size, epoch uint64) ledger.Head { return ledger.Head{Size: size, Epoch: epoch} }
	for _, row := range []struct {
		name string
		to   ledger.Head
		want bool
	}{
		{"smaller", at(final.Size, 0), true}, {"a little smaller", at(head.Size-1, 1), true}, {"as large", at(head.Size, 1), false},
		{"as large, before an epoch was opened", at(head.Size, 0), true}, {"larger", at(head.Size+1, 0), false}, {"of a later epoch", at(final.Size, 2), false},
	} {
		if got := s.n.undoes(row.to); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
	for range 2 {
		if err := deliver(s.n, s.members(), snapshot); !errors.Is(err, errUndoes) {
			t.Errorf("it is taken: %v", err)
		}
	}
	if list, err := s.n.snapshots.List(); err != nil || len(list) != 0 || s.n.store.Head() != head || s.n.Err() != nil {
		t.Errorf("%d snapshots, batch %d: %v, %v", len(list), s.n.store.Head().Batch, err, s.n.Err())
	}
	if s.n.astray.overrun.since.IsZero() {
		t.Error("it is no dispute")
	}
	s.wishes(2)
	if err := deliver(s.n, s.members(), snapshot); !errors.Is(err, errUndoes) {
		t.Errorf("it is taken: %v", err)
	}
	if s.n.lookAgain(); s.n.asked() {
		t.Error("it goes back at once")
	}
	s.n.astray.overrun.over()
	s.n.astray.overrun.begins(time.Now().Add(-carrierPatience - time.Minute))
	if s.n.lookAgain(); !s.n.asked() {
		t.Fatal("it does not go back")
	}
	s.settled()
	if a, kept := s.n.asides.find(0); !kept || !a.starts(voteOf(certified)) {
		t.Errorf("kept aside: %+v", a)
	}
	s.overtaken(snapshot)
}

// TestAppliedWhileASnapshotArrives: what was applied since the snapshot was verified stays too.
func TestAppliedWhileASnapshotArrives(t *testing.T) {
	s := newScribe(t)
	_, snapshot := s.paysFinal()
	if err := deliver(s.n, s.members(), snapshot); err != nil {
		t.Fatalf("before more is applied: %v", err)
	}
	head, _ := s.pays()
	log := s.entries(1)
	if err := restore(s.n); !errors.Is(err, errUndoes) {
		t.Errorf("it is installed: %v", err)
	}
	if s.n.astray.overrun.since.IsZero() {
		t.Error("it is no dispute")
	}
	unchanged := func() {
		t.Helper()
		if list, err := s.n.snapshots.List(); err != nil || len(list) != 0 || s.n.store.Head() != head || s.n.Err() != nil || !reflect.DeepEqual(s.entries(1), log) {
			t.Errorf("%d snapshots, batch %d, %d entries: %v, %v", len(list), s.n.store.Head().Batch, len(s.entries(1)), err, s.n.Err())
		}
	}
	unchanged()
	// The same, with a crash in between.
	s.n.snapshots.undoes = func(ledger.Head) bool { return false }
	if err := deliver(s.n, s.members(), snapshot); err != nil {
		t.Fatal(err)
	}
	s.stop("v1")
	s.restart("v1")
	s.n = s.nodes["v1"]
	unchanged()
}
