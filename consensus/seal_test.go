package consensus

import (
	"sync"
	"testing"
	"time"
)

// TestNothingIsSealedInAResync: others make a tree final while this validator takes it back. What has been found to be its own tree stays, and what
// comes later becomes final when its log has come again.
func TestNothingIsSealedInAResync(t *testing.T) {
	s := newScribe(t)
	s.stop("v1")
	storing, cutting, stored := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var later func()
	var one, two sync.Once
	s.simulated = &Simulated{Point: func(name string) error {
		switch name {
		case "seal: checkpoint not stored":
			one.Do(func() {
				close(storing)
				select {
				case <-cutting:
					t.Error("it is taken back while it becomes final")
				case <-time.After(200 * time.Millisecond): // The resync waits.
				}
			})
		case "resync: nothing undone":
			two.Do(func() {
				close(cutting)
				<-stored
				later()
			})
		}
		return nil
	}}
	s.restart("v1")
	s.n = s.nodes["v1"]
	first, _ := s.pays()
	second, _ := s.pays()
	later = func() { s.sealed(second) }
	log := s.entries(0)
	go func() {
		defer close(stored)
		s.sealed(first)
	}()
	<-storing
	s.n.goBack(errKilled, resyncShallow)
	s.settled()
	if s.n.store.Head() != first || s.n.FinalSize() != first.Size {
		t.Errorf("batch %d, final %d, want batch %d, final %d", s.n.store.Head().Batch, s.n.FinalSize(), first.Batch, first.Size)
	}
	for _, e := range log {
		fsm{s.n}.Apply(&e)
	}
	if s.n.FinalSize() != second.Size {
		t.Errorf("final size %d, want %d", s.n.FinalSize(), second.Size)
	}
}
