package consensus

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// orders are the submissions that this node is bringing to the leader. Each envelope of a transaction is one by itself: anybody who has seen a body can sign
// it too, and what is refused for his signature is not what its payer brings.
type orders struct {
	// mu guards the rest; held for a look-up only.
	mu sync.Mutex
	// byEnvelope counts who brings each. Invariant: no zero.
	byEnvelope map[tx.EnvelopeHash]*order
	// envelopes counts those of each transaction. Invariant: no zero; the sum is the length of byEnvelope.
	envelopes map[tx.ID]int
	// background is how many are brought without anybody waiting. Invariant: at most maxBackground.
	background int
	// left are those that nobody brings any more, for as long as whoever gave up may try again. Invariant: at most maxLeft.
	left map[tx.EnvelopeHash]leftOrder
	// leftFrom is when the oldest of left gave up, or before: until its time is over, looking through them frees no place.
	leftFrom time.Time
}

// leftOrder says since when a submission waited, and when the last who brought it gave up.
type leftOrder struct{ begun, at time.Time }

const (
	// maxLeft bounds the memory; past it a submission that is tried again counts as a new one.
	maxLeft = 1024
	// comeBack is how soon a caller whose time was up tries again. What is brought again so soon has waited all the while: a leader
	// that stalls may not hide behind its victims' impatience.
	comeBack = 3 * time.Second
)

type order struct {
	carriers   int
	background bool
	signed     *tx.Signed
	// begun is when the first carrier took it.
	begun time.Time
}

// maxBackground bounds the submissions that nobody waits for.
const maxBackground = 1024

func newOrders() *orders {
	return &orders{byEnvelope: make(map[tx.EnvelopeHash]*order), envelopes: make(map[tx.ID]int), left: make(map[tx.EnvelopeHash]leftOrder)}
}

// begin notes one who waits.
func (s *orders) begin(signed *tx.Signed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of(signed).carriers++
}

// beginBackground takes a place for a submission that nobody waits for. Already is whether it has one.
func (s *orders) beginBackground(signed *tx.Signed) (already bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.byEnvelope[signed.EnvelopeHash()]; o != nil && o.background {
		return true, nil
	}
	if s.background >= maxBackground {
		return false, ErrOverloaded
	}
	o := s.of(signed)
	o.carriers++
	o.background = true
	s.background++
	return false, nil
}

func (s *orders) of(signed *tx.Signed) *order {
	hash := signed.EnvelopeHash()
	o := s.byEnvelope[hash]
	if o == nil {
		o = &order{signed: signed, begun: time.Now()}
		if was, ok := s.left[hash]; ok && o.begun.Sub(was.at) <= comeBack {
			o.begun = was.begun
		}
		delete(s.left, hash)
		s.byEnvelope[hash] = o
		s.envelopes[signed.ID()]++
	}
	return o
}

// oldest are the submissions that have waited longest, at most so many, and since when the first of them has.
func (s *orders) oldest(most int) (all []*tx.Signed, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	byAge := slices.SortedFunc(maps.Values(s.byEnvelope), func(a, b *order) int { return a.begun.Compare(b.begun) })
	for _, o := range byAge[:min(most, len(byAge))] {
		all = append(all, o.signed)
	}
	if len(byAge) > 0 {
		since = byAge[0].begun
	}
	return all, since
}

// waiting is since when the oldest submission waits; zero when none does.
func (s *orders) waiting() (since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.byEnvelope {
		if since.IsZero() || o.begun.Before(since) {
			since = o.begun
		}
	}
	return since
}

// excused is which part of the time that a submission found no room counts as waiting for the leader: one that is honest serves others meanwhile, and one that
// says so for ever is complained of all the same.
const excused = 8

// excuse notes that a submission has found no room, and stayed away for a while.
func (s *orders) excuse(signed *tx.Signed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.byEnvelope[signed.EnvelopeHash()]; o != nil {
		o.begun = o.begun.Add(leisure - leisure/excused)
	}
}

// end gives a place back. Last is whether nobody else brings the envelope.
func (s *orders) end(signed *tx.Signed, background bool) (last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hash, id := signed.EnvelopeHash(), signed.ID()
	o := s.byEnvelope[hash]
	o.carriers--
	if background {
		o.background = false
		s.background--
	}
	if o.carriers > 0 {
		return false
	}
	delete(s.byEnvelope, hash)
	s.leave(hash, o.begun)
	if s.envelopes[id]--; s.envelopes[id] == 0 {
		delete(s.envelopes, id)
	}
	return true
}

// leave remembers a submission that nobody brings any more.
func (s *orders) leave(hash tx.EnvelopeHash, begun time.Time) {
	now := time.Now()
	if len(s.left) >= maxLeft && now.Sub(s.leftFrom) > comeBack {
		s.leftFrom = now
		maps.DeleteFunc(s.left, func(_ tx.EnvelopeHash, was leftOrder) bool {
			if now.Sub(was.at) > comeBack {
				return true
			}
			if was.at.Before(s.leftFrom) {
				s.leftFrom = was.at
			}
			return false
		})
	}
	if len(s.left) < maxLeft {
		s.left[hash] = leftOrder{begun, now}
	}
}

// has says whether a transaction is under way.
func (s *orders) has(id tx.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.envelopes[id] > 0
}
