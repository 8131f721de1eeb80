package consensus

import (
	"errors"
	"os"
	"testing"
	"time"
)

// TestALaterLogTakesThePlace: a log that an epoch can start in from whatever was certified before does for those kept before, so that
// there is room again; but not for itself, nor when it has lost its end.
func TestALaterLogTakesThePlace(t *testing.T) {
	s, attested, _, _ := wentBack(t)
	first, _ := s.n.asides.find(0)
	for i := uint64(1); i < maxAsides; i++ {
		if err := s.n.asides.put(aside{AttestedIn: i, Attested: 1 << 40}); err != nil {
			t.Fatal(err)
		}
	}
	s.n.asides.mu.Lock()
	s.n.asides.kept = s.n.asides.kept[:3]
	s.n.asides.kept = append(s.n.asides.kept, aside{AttestedIn: 3, Epoch: 1, Attested: 1 << 40})
	s.n.asides.mu.Unlock()
	if err := s.n.asides.put(aside{AttestedIn: 4, Attested: 1 << 40, Epoch: 3, Short: true}); err != nil || len(s.n.asides.all()) != 4 {
		t.Errorf("%d are kept: %v", len(s.n.asides.all()), err)
	}
	if got := s.n.asides.beside(5, 3); got != 2 {
		t.Errorf("%d stay", got)
	}
	if err := s.n.asides.put(aside{AttestedIn: 5, Attested: 1 << 40, Epoch: 9}); err != nil {
		t.Fatal(err)
	}
	if all := s.n.asides.all(); len(all) != 1 || all[0].AttestedIn != 5 || !all[0].starts(voteOf(attested)) || !first.starts(voteOf(attested)) {
		t.Errorf("kept are %+v", all)
	}
	if _, err := os.Stat(s.n.asides.path(0)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file of one that is covered: %v", err)
	}
}

// TestEpochAfterEpoch: liars that let nothing become final, in however many epochs, do not keep a validator from going back; and what it
// attested in the first of them can still start an epoch.
func TestEpochAfterEpoch(t *testing.T) {
	s, first, _, _ := wentBack(t)
	for epoch := uint64(1); epoch <= maxAsides+2; epoch++ {
		start := s.n.store.Head()
		s.order(s.opening(s.change(epoch, voteOf(start)), start, nil))
		attested, _ := s.pays()
		if attested.Epoch != epoch {
			t.Fatalf("in epoch %d, want %d", attested.Epoch, epoch)
		}
		s.attests(attested)
		s.wishes(epoch + 1)
		s.n.disputed(suspectPatience + time.Second)
		s.n.lookAgain()
		if !s.n.asked() {
			t.Fatalf("it goes back no more in epoch %d", epoch)
		}
		s.settled()
		s.log = s.log[:s.n.store.FloorMade()-1]
		all := s.n.asides.all()
		if len(all) != 1 || !all[0].starts(voteOf(first)) || !all[0].starts(voteOf(attested)) {
			t.Fatalf("kept in epoch %d: %+v", epoch, all)
		}
		first = attested
	}
}
