package consensus

import (
	"context"
	"sync"
)

// progress lets callers wait for the ledger to pass a point. A waiter takes the channel before it looks, so that no step
// between is missed.
type progress struct {
	// mu guards the channel; held for a swap only.
	mu   sync.Mutex
	step chan struct{}
	// stop is closed when there will be no more steps.
	stop <-chan struct{}
}

func newProgress(stop <-chan struct{}) *progress {
	return &progress{step: make(chan struct{}), stop: stop}
}

// moved wakes everybody who waits.
func (p *progress) moved() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.step)
	p.step = make(chan struct{})
}

// next is closed at the next step.
func (p *progress) next() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.step
}

// until waits for done to say true, looking again after each step; ErrStopped when the node stops.
func (p *progress) until(ctx context.Context, done func() (bool, error)) error {
	for {
		step := p.next()
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-step:
		case <-ctx.Done():
			return ctx.Err()
		case <-p.stop:
			return ErrStopped
		}
	}
}
