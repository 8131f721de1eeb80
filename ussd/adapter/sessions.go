package adapter

import (
	"net/http"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
)

// bound is what a session may not change.
type bound struct {
	phone ussd.Phone
	// code is bare; empty until it was told.
	code string
	// answered says that something else than the dial was seen.
	answered bool
	// ended says that the aggregator has ended it, or that its last screen was given.
	ended bool
}

// sessions remembers the sessions of the last minutes, in two generations: what is used moves to the young one, and the old
// one is dropped when the young one is full or old enough.
type sessions struct {
	mu sync.Mutex
	// young and old are guarded by mu, which is held for a look-up.
	young, old map[string]bound
	since      time.Time
	limit      int
	keep       time.Duration
}

const (
	// sessionLimit bounds a generation.
	sessionLimit = 1 << 16
	// sessionKeep is longer than any carrier lets a session live.
	sessionKeep = 5 * time.Minute
)

func newSessions() *sessions {
	return &sessions{young: map[string]bound{}, limit: sessionLimit, keep: sessionKeep}
}

// find gives what is remembered of a session. mu is held.
func (s *sessions) find(id string) (bound, bool) {
	if b, ok := s.young[id]; ok {
		return b, true
	}
	b, ok := s.old[id]
	return b, ok
}

// get gives what is remembered of a session.
func (s *sessions) get(id string, now time.Time) (bound, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turnOver(now)
	return s.find(id)
}

// bind remembers number and code of a session, or refuses others than those that are remembered. change, if it is not nil, is made to
// what is remembered.
func (s *sessions) bind(id string, phone ussd.Phone, code string, now time.Time, change func(*bound)) (bound, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turnOver(now)
	b, known := s.find(id)
	switch {
	case known && phone != "" && b.phone != "" && b.phone != phone:
		return bound{}, refuse(http.StatusConflict, "the session belongs to another number")
	case known && code != "" && b.code != "" && b.code != code:
		return bound{}, refuse(http.StatusConflict, "the session belongs to another service code")
	}
	if b.phone == "" {
		b.phone = phone
	}
	if b.code == "" {
		b.code = code
	}
	if change != nil {
		change(&b)
	}
	s.young[id] = b
	return b, nil
}

// end remembers that a session has had its last screen.
func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, known := s.find(id); known {
		b.ended = true
		s.young[id] = b
	}
}

// turnOver drops the old generation when the young one is full or old enough. mu is held.
func (s *sessions) turnOver(now time.Time) {
	full := len(s.young) >= s.limit
	if aged := now.Sub(s.since); !full && aged < s.keep {
		return
	} else if aged >= 2*s.keep {
		s.young = map[string]bound{}
	}
	s.old, s.young, s.since = s.young, map[string]bound{}, now
}
