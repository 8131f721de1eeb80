package ussd

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

const (
	// maxWaiting bounds the turns of one phone number that wait for each other.
	maxWaiting = 128
	// maxPhones bounds the phone numbers with a turn at one moment.
	maxPhones = 8192
)

// errCrowded means that too many turns wait.
var errCrowded = errors.New("ussd: too many turns wait")

// turnstile lets one turn of each phone number through at a time. Its mutex guards the map only and is never held while
// waiting.
type turnstile struct {
	mu    sync.Mutex
	gates map[Phone]*gate
}

type gate struct {
	// pass has one place; whoever fills it is through.
	pass chan struct{}
	// users counts who is through or waits; the last to leave removes the gate.
	users int
}

func newTurnstile() *turnstile { return &turnstile{gates: make(map[Phone]*gate)} }

// enter waits for the phone's turn. The caller calls release when its turn is over.
func (t *turnstile) enter(ctx context.Context, phone Phone) (release func(), err error) {
	t.mu.Lock()
	g := t.gates[phone]
	switch {
	case g == nil && len(t.gates) >= maxPhones, g != nil && g.users >= maxWaiting:
		t.mu.Unlock()
		return nil, errCrowded
	case g == nil:
		g = &gate{pass: make(chan struct{}, 1)}
		t.gates[phone] = g
	}
	g.users++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if g.users--; g.users == 0 {
			delete(t.gates, phone)
		}
	}
	select {
	case g.pass <- struct{}{}:
		return func() { <-g.pass; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, fmt.Errorf("wait for the turn before: %w", context.Cause(ctx))
	}
}
