package consensus

import (
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/consensus/finality"
)

// TestWhoStandsWhileMoreIsFinal: who missed a batch and led for a moment takes its own batches for good ones. While nobody pays only time tells it.
func TestWhoStandsWhileMoreIsFinal(t *testing.T) {
	s := newScribe(t)
	size := s.n.store.Head().Size
	final := finality.Status{Proved: size + 10}
	wait := func(d time.Duration) {
		s.n.astray.mu.Lock()
		defer s.n.astray.mu.Unlock()
		s.n.astray.standsSince = s.n.astray.standsSince.Add(-d)
	}
	for _, step := range []struct {
		name string
		look finality.Status
		do   func()
	}{
		{"with nothing to lose", final, func() { s.n.lookAt(final); wait(2 * standPatience) }},
		{"at once", final, func() { s.pays() }},
		{"before it is long", final, func() { wait(standPatience / 2) }},
		{"when no more is final", finality.Status{Proved: size}, func() { wait(standPatience) }},
		{"at once after that", final, func() {}},
		{"when a batch has come", final, func() { wait(2 * standPatience); s.pays() }},
	} {
		step.do()
		if s.n.lookAt(step.look); s.n.asked() {
			t.Fatalf("it goes back %s", step.name)
		}
	}
	wait(2 * standPatience)
	if s.n.lookAt(final); !s.n.asked() {
		t.Error("it waits for ever")
	}
	s.settled()
	if s.n.store.Pending() > 0 {
		t.Error("something is not final here")
	}
}
