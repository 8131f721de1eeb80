package pin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// ErrBusy means that a PIN was not hashed because too many wait. It says nothing about the PIN, and the try does not count.
var ErrBusy = errors.New("pin: too many wait")

// maxLanes bounds the aggregators whose PINs wait at one moment.
const maxLanes = 64

// queue hands out a fixed number of slots. Whoever finds none waits in the lane of its aggregator; lanes take turns, and
// within one it is first come, first served. A number has one place at most, so that a flood from few numbers is short; a
// lane has a bound, so that one from many makes its lane busy and not the others wait: whoever is first in a lane waits for
// as many hashes as there are lanes.
type queue struct {
	// bound is how many wait in one lane.
	bound int
	// mu guards what follows. It is held for a few map accesses, never while waiting.
	mu sync.Mutex
	// free counts the slots that nobody has.
	//
	// Invariant: free is 0 while anybody waits.
	free int
	// lanes are those in which somebody waits.
	lanes map[string]*lane
	// turns are the same lanes, the one whose turn is next first.
	turns []*lane
	// numbers are those that wait or have a slot.
	numbers map[string]struct{}
}

type lane struct {
	name    string
	waiting []*waiter
}

// waiter waits for ready to be closed: then it has a slot.
type waiter struct {
	number string
	ready  chan struct{}
}

func newQueue(slots, bound int) *queue {
	return &queue{bound: bound, free: slots, lanes: make(map[string]*lane), numbers: make(map[string]struct{})}
}

// enter waits for a slot. The caller calls leave when it is done with it.
func (q *queue) enter(ctx context.Context, aggregator, number string) (leave func(), err error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("wait to hash a PIN: %w", context.Cause(ctx))
	}
	q.mu.Lock()
	if _, ok := q.numbers[number]; ok {
		q.mu.Unlock()
		return nil, ErrBusy
	}
	leave = sync.OnceFunc(func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.pass(number)
	})
	if q.free > 0 {
		q.free--
		q.numbers[number] = struct{}{}
		q.mu.Unlock()
		return leave, nil
	}
	w, err := q.wait(aggregator, number)
	q.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case <-w.ready:
		return leave, nil
	case <-ctx.Done():
		q.mu.Lock()
		defer q.mu.Unlock()
		q.abandon(aggregator, w)
		return nil, fmt.Errorf("wait to hash a PIN: %w", context.Cause(ctx))
	}
}

// wait takes a place at the end of a lane. mu is held.
func (q *queue) wait(aggregator, number string) (*waiter, error) {
	l := q.lanes[aggregator]
	switch {
	case l == nil && len(q.lanes) >= maxLanes, l != nil && len(l.waiting) >= q.bound:
		return nil, ErrBusy
	case l == nil:
		l = &lane{name: aggregator}
		q.lanes[aggregator] = l
		q.turns = append(q.turns, l)
	}
	w := &waiter{number: number, ready: make(chan struct{})}
	l.waiting = append(l.waiting, w)
	q.numbers[number] = struct{}{}
	return w, nil
}

// pass gives the slot of a number that is done to the first of the next lane. mu is held.
func (q *queue) pass(number string) {
	delete(q.numbers, number)
	if len(q.turns) == 0 {
		q.free++
		return
	}
	l := q.turns[0]
	q.turns = q.turns[1:]
	close(l.waiting[0].ready)
	l.waiting = l.waiting[1:]
	if len(l.waiting) == 0 {
		delete(q.lanes, l.name)
		return
	}
	q.turns = append(q.turns, l)
}

// abandon takes back a place, or passes on the slot that came too late. mu is held.
func (q *queue) abandon(aggregator string, w *waiter) {
	select {
	case <-w.ready:
		q.pass(w.number)
		return
	default:
	}
	delete(q.numbers, w.number)
	l := q.lanes[aggregator]
	l.waiting = slices.DeleteFunc(l.waiting, func(other *waiter) bool { return other == w })
	if len(l.waiting) == 0 {
		delete(q.lanes, aggregator)
		q.turns = slices.DeleteFunc(q.turns, func(other *lane) bool { return other == l })
	}
}
