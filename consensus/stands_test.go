package consensus

import (
	"io"
	"sync"
	"sync/atomic"
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

// TestASnapshotOnItsWayIsWaitedFor: it may take minutes on a slow line, and brings what is final.
func TestASnapshotOnItsWayIsWaitedFor(t *testing.T) {
	c := newCluster(t)
	first := c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	c.agree(first.LeafIndex + 1)
	name := c.follower().Name()
	c.stop(name)
	var armed atomic.Bool
	resumed := make(chan struct{})
	c.simulated = &Simulated{Point: func(point string) error {
		if point == "seal: checkpoint not stored" && armed.Load() {
			<-resumed // It applies, and cannot make it final.
		}
		return nil
	}}
	c.restart(name)
	c.simulated = nil
	leader, victim := c.leader(), c.nodes[name]
	c.eventually("the follower", func() bool { return victim.FinalSize() > first.LeafIndex })
	armed.Store(true)
	defer sync.OnceFunc(func() { close(resumed) })()
	c.submit(leader, c.pay(c.world.Juma.Account, 2), Final)
	c.eventually("what is not final there", func() bool { return victim.store.Pending() > 0 })
	leader.renew(name)
	blocked, end := io.Pipe()
	sent := make(chan error, 1)
	go func() {
		sent <- leader.gives(name, func(r io.Reader) io.Reader { return io.MultiReader(io.LimitReader(r, 10), blocked) })
	}()
	c.eventually("the beginning of a snapshot", func() bool { return victim.transport.Receiving() })
	stands := func() bool {
		victim.astray.mu.Lock()
		victim.astray.standsSince = time.Now().Add(-2 * standPatience)
		victim.astray.mu.Unlock()
		victim.lookAt(finality.Status{Proved: victim.store.Head().Size + 10})
		return victim.asked()
	}
	if stands() {
		t.Error("it goes back while a snapshot comes")
	}
	_ = end.CloseWithError(errKilled)
	if err := <-sent; err == nil {
		t.Error("a snapshot without its end was taken")
	}
	c.eventually("the end of it", func() bool { return !victim.transport.Receiving() })
	stands() // From here on it counts.
	if !stands() {
		t.Error("it waits for what does not come")
	}
}
