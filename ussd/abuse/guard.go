package abuse

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"
)

var (
	// ErrPhone means that a phone number asks too often.
	ErrPhone = errors.New("abuse: too many turns of a number")
	// ErrPhoneSessions means that a phone number begins too many sessions.
	ErrPhoneSessions = errors.New("abuse: too many sessions of a number")
	// ErrAggregator means that an aggregator asks too often.
	ErrAggregator = errors.New("abuse: too many turns of an aggregator")
	// ErrAggregatorSessions means that an aggregator begins too many sessions.
	ErrAggregatorSessions = errors.New("abuse: too many sessions of an aggregator")
	// ErrNumbers means that an aggregator brings too many numbers that it did not bring lately.
	ErrNumbers = errors.New("abuse: too many new numbers of an aggregator")
	// ErrLimits means that a limit is negative, or too slow to be kept in mind.
	ErrLimits = errors.New("abuse: limits are not valid")
)

// Limits bound what is asked for. A zero rate has the value that is named.
type Limits struct {
	// PhoneTurns is for the turns of a number; 60 a minute.
	PhoneTurns Rate
	// PhoneSessions is for the sessions that a number begins; 12 a minute.
	PhoneSessions Rate
	// AggregatorTurns is for the turns of an aggregator; 30,000 a minute.
	AggregatorTurns Rate
	// AggregatorSessions is for the sessions that an aggregator begins; 12,000 a minute.
	AggregatorSessions Rate
	// NewNumbers is for the numbers that an aggregator brings and did not bring within Window; 6,000 a minute.
	NewNumbers Rate
	// SlowBy divides the rates of an aggregator while it is slowed down; 4.
	SlowBy int
}

const (
	// Window is how long a number is kept in mind at least, and the longest Per of a number's rates: one that was forgotten
	// has full buckets.
	Window = time.Minute
	// maxAggregators bounds the aggregators; a gateway has a few.
	maxAggregators = 64
	// maxPhones bounds the numbers of one aggregator that are kept in mind since a window began.
	maxPhones = 65_536
)

func (l Limits) filled() (Limits, error) {
	rates := []struct {
		name    string
		rate    *Rate
		initial Rate
	}{
		{"phone turns", &l.PhoneTurns, PerMinute(60)}, {"phone sessions", &l.PhoneSessions, PerMinute(12)},
		{"aggregator turns", &l.AggregatorTurns, PerMinute(30_000)}, {"aggregator sessions", &l.AggregatorSessions, PerMinute(12_000)},
		{"new numbers", &l.NewNumbers, PerMinute(6_000)},
	}
	for _, r := range rates {
		*r.rate = cmp.Or(*r.rate, r.initial)
		if r.rate.Burst <= 0 || r.rate.Per <= 0 || r.rate.Per > Window || int64(r.rate.Burst) > int64(r.rate.Per) {
			return Limits{}, fmt.Errorf("%w: %s: %d within %s is not 1 or more within %s at most", ErrLimits, r.name, r.rate.Burst, r.rate.Per, Window)
		}
	}
	if l.SlowBy = cmp.Or(l.SlowBy, 4); l.SlowBy < 1 {
		return Limits{}, fmt.Errorf("%w: slow by %d", ErrLimits, l.SlowBy)
	}
	return l, nil
}

// Guard counts. It may be used by many goroutines.
type Guard struct {
	limits Limits
	slowed Limits
	// mu guards what follows; it is held for a few map accesses.
	mu          sync.Mutex
	aggregators map[string]*aggregator
}

// aggregator has what is counted of one.
type aggregator struct {
	turns, sessions, numbers bucket
	slowUntilUnixNs          int64
	// phones are the numbers seen since the window began, before those seen in the window before and not since. A number that is in
	// neither was not seen for a whole window, so its buckets are full.
	phones, before map[string]*phone
	windowUnixNs   int64
}

type phone struct {
	turns, sessions bucket
}

// New makes a guard.
func New(limits Limits) (*Guard, error) {
	limits, err := limits.filled()
	if err != nil {
		return nil, err
	}
	slowed := limits
	slowed.AggregatorTurns, slowed.AggregatorSessions = limits.AggregatorTurns.slowed(limits.SlowBy), limits.AggregatorSessions.slowed(limits.SlowBy)
	slowed.PhoneTurns, slowed.PhoneSessions = limits.PhoneTurns.slowed(limits.SlowBy), limits.PhoneSessions.slowed(limits.SlowBy)
	slowed.NewNumbers = limits.NewNumbers.slowed(limits.SlowBy)
	return &Guard{limits: limits, slowed: slowed, aggregators: make(map[string]*aggregator)}, nil
}

// Allow counts a turn, or says what there is too much of and counts nothing.
func (g *Guard) Allow(aggregator, phone string, now time.Time) error {
	return g.allow(aggregator, phone, false, now.UnixNano())
}

// AllowSession counts the first turn of a session: a turn and a session. A caller that counts the turn by itself does not call Allow too.
func (g *Guard) AllowSession(aggregator, phone string, now time.Time) error {
	return g.allow(aggregator, phone, true, now.UnixNano())
}

func (g *Guard) allow(from, number string, session bool, now int64) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	a, err := g.aggregator(from, now)
	if err != nil {
		return err
	}
	limits := g.limits
	if now < a.slowUntilUnixNs {
		limits = g.slowed
	}
	p, known := a.phone(number)
	switch {
	case !p.turns.has(limits.PhoneTurns, now):
		return ErrPhone
	case session && !p.sessions.has(limits.PhoneSessions, now):
		return ErrPhoneSessions
	case !known && (len(a.phones) >= maxPhones || !a.numbers.has(limits.NewNumbers, now)):
		return ErrNumbers
	case !a.turns.has(limits.AggregatorTurns, now):
		return ErrAggregator
	case session && !a.sessions.has(limits.AggregatorSessions, now):
		return ErrAggregatorSessions
	}
	p.turns.take(limits.PhoneTurns, now)
	a.turns.take(limits.AggregatorTurns, now)
	if session {
		p.sessions.take(limits.PhoneSessions, now)
		a.sessions.take(limits.AggregatorSessions, now)
	}
	if !known {
		a.numbers.take(limits.NewNumbers, now)
		a.phones[number] = p
	}
	return nil
}

// aggregator finds or makes the counts of one, in the window of now.
func (g *Guard) aggregator(name string, now int64) (*aggregator, error) {
	a := g.aggregators[name]
	if a == nil {
		if len(g.aggregators) >= maxAggregators {
			maps.DeleteFunc(g.aggregators, func(_ string, a *aggregator) bool {
				return now-a.windowUnixNs >= 2*int64(Window) && now >= a.slowUntilUnixNs
			})
		}
		if len(g.aggregators) >= maxAggregators {
			return nil, ErrAggregator
		}
		a = &aggregator{phones: make(map[string]*phone), windowUnixNs: now}
		g.aggregators[name] = a
	}
	switch since := now - a.windowUnixNs; {
	case since >= 2*int64(Window):
		a.phones, a.before, a.windowUnixNs = make(map[string]*phone), nil, now
	case since >= int64(Window):
		a.phones, a.before, a.windowUnixNs = make(map[string]*phone), a.phones, now
	}
	return a, nil
}

// phone finds the buckets of a number, and keeps it in mind if it was; a new one is not kept yet.
func (a *aggregator) phone(number string) (p *phone, known bool) {
	if p = a.phones[number]; p != nil {
		return p, true
	}
	if p = a.before[number]; p == nil {
		return &phone{}, false
	}
	if len(a.phones) < maxPhones {
		a.phones[number] = p
		delete(a.before, number)
	}
	return p, true
}

// Slow divides the rates of an aggregator until a time: after an alarm of wrong PINs. It never shortens an earlier call's.
func (g *Guard) Slow(aggregator string, now, until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if a, err := g.aggregator(aggregator, now.UnixNano()); err == nil {
		a.slowUntilUnixNs = max(a.slowUntilUnixNs, until.UnixNano())
	}
}

// Slowed tells whether an aggregator is slowed down.
func (g *Guard) Slowed(aggregator string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.aggregators[aggregator]
	return a != nil && now.UnixNano() < a.slowUntilUnixNs
}
