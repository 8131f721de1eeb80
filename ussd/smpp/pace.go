package smpp

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// firstPause and longestPause bound the rest of a link that was told to slow down.
	firstPause   = 250 * time.Millisecond
	longestPause = 8 * time.Second
)

// pace holds a link back that sends more than its peer takes. The zero value is at full speed.
type pace struct {
	// mu guards what follows, for moments.
	mu    sync.Mutex
	pause time.Duration
	until time.Time
}

// wait waits for the end of the rest.
func (p *pace) wait(ctx context.Context) error {
	for {
		p.mu.Lock()
		left := time.Until(p.until)
		p.mu.Unlock()
		if left <= 0 {
			return nil
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%w: peer is throttling: %w", ErrNotBound, ctx.Err())
		}
	}
}

// slow begins a rest, twice as long as the last one. Refusals of what was under way together count once.
func (p *pace) slow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Now().Before(p.until) {
		return
	}
	p.pause = min(max(2*p.pause, firstPause), longestPause)
	p.until = time.Now().Add(p.pause + rand.N(p.pause/4))
}

// ease follows a request that was taken.
func (p *pace) ease() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !time.Now().Before(p.until) {
		p.pause = 0
	}
}
