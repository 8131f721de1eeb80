package sms

import "sync/atomic"

// RouteStats counts what a route did since the process began.
type RouteStats struct {
	Name string
	// Taken, Refused, NotTaken and Unknown count the tries by what the carrier did with the message.
	Taken, Refused, NotTaken, Unknown uint64
	// Resting is set while the route is left alone after failures.
	Resting bool
}

// Stats counts what an outbox did since the process began.
type Stats struct {
	// Routes are in the order of the configuration.
	Routes []RouteStats
	// GivenUp counts messages, Moved those that went to another route.
	GivenUp, Moved uint64
	// Delivered, Failed and Buffered count the delivery reports that changed a record; Repeated those that told nothing new, and
	// Unmatched those that name no message known here.
	Delivered, Failed, Buffered, Repeated, Unmatched uint64
}

// counters are the atomics behind Stats.
type counters struct {
	givenUp, moved                                   atomic.Uint64
	delivered, failed, buffered, repeated, unmatched atomic.Uint64
}

// Stats tells the counts.
func (o *Outbox) Stats() Stats {
	c := &o.counters
	s := Stats{
		GivenUp: c.givenUp.Load(), Moved: c.moved.Load(), Delivered: c.delivered.Load(), Failed: c.failed.Load(),
		Buffered: c.buffered.Load(), Repeated: c.repeated.Load(), Unmatched: c.unmatched.Load(),
	}
	for _, r := range o.routes {
		_, resting := r.rests()
		r.mu.Lock()
		one := r.stats
		r.mu.Unlock()
		one.Resting = resting
		s.Routes = append(s.Routes, one)
	}
	return s
}
