package consensus

import (
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/consensus/finality"
)

// TestFinalHereAloneIsPutBack: a liar gave one validator alone the ratification that makes a tree final. It goes back by a dispute,
// and a leader brings it another tree: that is no reason to sign nothing ever again. What was kept aside comes back.
func TestFinalHereAloneIsPutBack(t *testing.T) {
	s := newScribe(t)
	sealed, _ := s.pays()
	s.final(sealed)
	alone, _ := s.pays()
	s.attests(alone)
	s.hears(alone)
	s.n = s.signs("v1", func(state *finality.State) { state.Final = voteOf(alone) })
	s.wishes(1)
	s.n.disputed(carrierPatience + disputePause)
	s.n.lookAgain()
	if !s.n.asked() {
		t.Fatal("it does not go back")
	}
	s.settled()
	s.log = s.log[:s.n.store.FloorMade()-1]
	s.order([]byte("of another log"))
	another, _ := s.pays()
	if another.Root == alone.Root || another.Size != alone.Size {
		t.Fatal("the tree is no other one")
	}
	s.eventually("another tree is a reason to doubt the log", func() bool {
		s.n.astray.mu.Lock()
		defer s.n.astray.mu.Unlock()
		return s.n.astray.suspect != nil // Not at once: it has just gone back.
	})
	if halted := s.n.finality.Status().Halted; halted != nil {
		t.Fatalf("halted: %v", halted)
	}
	s.n.astray.mu.Lock()
	s.n.astray.last = time.Now().Add(-resyncPause)
	s.n.astray.suspect.since = time.Now().Add(-suspectPatience - time.Second)
	s.n.astray.mu.Unlock()
	s.eventually("what was kept aside is put back", func() bool { return s.n.store.Head() == alone })
	s.settled()
	if halted := s.n.finality.Status().Halted; halted != nil || s.n.Err() != nil {
		t.Errorf("halted: %v, ended: %v", halted, s.n.Err())
	}
}
