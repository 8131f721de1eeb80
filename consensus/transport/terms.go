package transport

import (
	"math"
	"slices"
	"sync"
)

// termWindowSize is how far a peer's term may be ahead of ours. With pre-vote on, sixty isolations of a leader in one
// simulated hour moved the term by 62.
const termWindowSize = 64

// termWindow decides which terms are believed. One liar must not push the term to the end of its range, from which no
// cluster returns; a node that was away for long must get back in. So a higher term is believed once it is the word of
// enough distinct peers that one of them is honest: refused requests and answers are remembered per peer, and a node
// that is behind soon hears the term from all whom it asks for a vote.
type termWindow struct {
	// witnesses is how many distinct peers are believed. Invariant: 1 <= witnesses; more than the liars among n = 3f+1.
	witnesses int

	// mu guards claims; it is held for a few map operations only.
	mu sync.Mutex
	// claims holds the last refused term per peer. Invariant: at most one per other validator.
	claims map[string]uint64
}

func newTermWindow(validators int) *termWindow {
	others := validators - 1
	// f+1, but never a single one while there are two others: below four validators f is 0, and one peer's word
	// would open the window at the second try.
	witnesses := max((validators-1)/3+1, 2)
	return &termWindow{witnesses: max(min(witnesses, others), 1), claims: make(map[string]uint64, others)}
}

// claim remembers a refused term as the peer's word.
func (w *termWindow) claim(peer string, term uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.claims[peer] = term
}

// limit is the highest term to believe of one peer, given the node's own.
func (w *termWindow) limit(local uint64) uint64 {
	w.mu.Lock()
	terms := make([]uint64, 0, len(w.claims))
	for _, term := range w.claims {
		terms = append(terms, term)
	}
	w.mu.Unlock()

	base := local
	if len(terms) >= w.witnesses {
		slices.Sort(terms)
		base = max(base, terms[len(terms)-w.witnesses])
	}
	if base > math.MaxUint64-termWindowSize {
		return math.MaxUint64
	}
	return base + termWindowSize
}
