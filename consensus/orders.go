package consensus

import (
	"sync"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// orders are the submissions that this node is bringing to the leader.
type orders struct {
	// mu guards the rest; held for a look-up only.
	mu sync.Mutex
	// byID counts who brings each transaction. Invariant: no zero.
	byID map[tx.ID]*order
	// background is how many are brought without anybody waiting. Invariant: at most maxBackground.
	background int
}

type order struct {
	carriers   int
	background bool
}

// maxBackground bounds the submissions that nobody waits for.
const maxBackground = 1024

func newOrders() *orders { return &orders{byID: make(map[tx.ID]*order)} }

// begin notes one who waits.
func (s *orders) begin(id tx.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of(id).carriers++
}

// beginBackground takes a place for a submission that nobody waits for. Already is whether it has one.
func (s *orders) beginBackground(id tx.ID) (already bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.byID[id]; o != nil && o.background {
		return true, nil
	}
	if s.background >= maxBackground {
		return false, ErrOverloaded
	}
	o := s.of(id)
	o.carriers++
	o.background = true
	s.background++
	return false, nil
}

func (s *orders) of(id tx.ID) *order {
	o := s.byID[id]
	if o == nil {
		o = &order{}
		s.byID[id] = o
	}
	return o
}

// end gives a place back. Last is whether nobody else brings the transaction.
func (s *orders) end(id tx.ID, background bool) (last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.byID[id]
	o.carriers--
	if background {
		o.background = false
		s.background--
	}
	if o.carriers == 0 {
		delete(s.byID, id)
	}
	return o.carriers == 0
}

// has says whether a transaction is under way.
func (s *orders) has(id tx.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[id] != nil
}
