package transport

import (
	"maps"
	"math"
	"slices"
)

// termWindowSize is how far a peer's term may be ahead of ours. With pre-vote on, sixty isolations of a leader in one
// simulated hour moved the term by 62.
const termWindowSize = 64

// votelessWindow is how far the term of a request for a vote may be ahead of the last leader that this node could follow, while it has no vote
// in raft. Nobody asks it for one then, unless it has been given a vote and does not know it yet. What brings a term down is an election in a
// higher one, and raft's candidates do not ask whoever has no vote in which term it is: a liar that drives it far ahead keeps the leader out. So few are
// made up for by the leader, who gives up as often when it hears of them (deedTerm), and no further step is believed until one has been followed.
const votelessWindow = 4

// termWindow decides which terms are believed. One liar must not push the term to the end of its range, from which no
// cluster returns; a node that was away for long must get back in. So a higher term is believed once it is the word of
// enough distinct peers that one of them is honest: refused requests and answers are remembered per peer, and a node
// that is behind soon hears the term from all whom it asks for a vote.
type termWindow struct {
	// witnesses is how many distinct peers are believed. Invariant: 1 <= witnesses; more than the liars among n = 3f+1.
	witnesses int

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
	w.claims[peer] = term
}

// backed is the highest term that one honest peer at least has named; never below the node's own.
func (w *termWindow) backed(local uint64) uint64 {
	if len(w.claims) < w.witnesses {
		return local
	}
	terms := slices.Sorted(maps.Values(w.claims))
	return max(local, terms[len(terms)-w.witnesses])
}

// limit is the highest term to believe of one peer, given the node's own.
func (w *termWindow) limit(local uint64) uint64 {
	base := w.backed(local)
	if base > math.MaxUint64-termWindowSize {
		return math.MaxUint64
	}
	return base + termWindowSize
}
