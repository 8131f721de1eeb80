package server

import (
	"context"
	"slices"
)

// waiter is one who waits for a place.
type waiter struct {
	from address
	// ready is closed when he has it.
	ready chan struct{}
}

// wait takes a place, when one is free; false when the context ends before, and nothing was taken.
func (p *places) wait(ctx context.Context, a address) bool {
	p.mu.Lock()
	if p.takeNow(a) {
		p.mu.Unlock()
		return true
	}
	w := &waiter{a, make(chan struct{})}
	if p.taken[a] >= p.each || len(p.own[a]) > 0 {
		p.own[a] = append(p.own[a], w)
	} else {
		p.line = append(p.line, w)
	}
	p.mu.Unlock()
	select {
	case <-w.ready:
		return true
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-w.ready:
		p.giveNow(a) // It came at the same moment.
	default:
		p.leave(w)
	}
	return false
}

// stepUp has the next one who waits for a place of his address stand in line. The caller holds mu.
func (p *places) stepUp(a address) {
	same := p.own[a]
	if len(same) == 0 {
		return
	}
	p.line = append(p.line, same[0])
	if same = slices.Delete(same, 0, 1); len(same) == 0 {
		delete(p.own, a)
	} else {
		p.own[a] = same
	}
}

// serve gives free places to those in line. The caller holds mu.
func (p *places) serve() {
	for len(p.line) > 0 && p.total < p.all {
		w := p.line[0]
		p.line = slices.Delete(p.line, 0, 1)
		if !p.takeNow(w.from) {
			p.own[w.from] = append(p.own[w.from], w) // One before him took the last of his address.
			continue
		}
		close(w.ready)
	}
}

// leave has one wait no more. The caller holds mu.
func (p *places) leave(w *waiter) {
	if i := slices.Index(p.line, w); i >= 0 {
		p.line = slices.Delete(p.line, i, i+1)
		p.stepUp(w.from) // Who waits behind him for their address would wait for ever.
		return
	}
	same := p.own[w.from]
	if i := slices.Index(same, w); i >= 0 {
		same = slices.Delete(same, i, i+1)
	}
	if p.own[w.from] = same; len(same) == 0 {
		delete(p.own, w.from)
	}
}
