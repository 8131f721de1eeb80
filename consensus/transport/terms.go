package transport

import (
	"maps"
	"math"
	"slices"
)

// termWindowSize is how far a peer's term may be ahead of ours. With pre-vote on, sixty isolations of a leader in one
// simulated hour moved the term by 62.
const termWindowSize = 64

// Suffrage is whether a node is asked for its vote in raft. A liar that drives the term far up of one that is not asked keeps the leader out:
// what brings a term down is an election in a higher one, and raft's candidates do not ask such a node in which term it is. So terms of
// requests for its vote, and of the answers to its own, are believed no further than a window ahead of the last leader that it could
// follow. So few are made up for by the leader, who gives up when it hears of them (deedTerm), and no further step is believed until one has been followed.
type Suffrage int

// The suffrages.
const (
	// Voter is asked for its vote.
	Voter Suffrage = iota
	// Doubtful has a vote by its own log, which may be older than that raft took it: it knows of a set without it.
	Doubtful
	// Voteless has no vote, unless it has been given one and does not know it yet.
	Voteless
)

// window is how far ahead of the last leader a term is believed. Of the Doubtful it is less than termWindowSize, so that one answer of it lets the
// leader give up, and so much because its vote may be needed after elections that failed, where too few others are candidates (see backed).
func (s Suffrage) window() uint64 {
	if s == Doubtful {
		return termWindowSize / 2
	}
	return 4
}

// termWindow decides which terms are believed. One liar must not push the term to the end of its range, from which no
// cluster returns; a node that was away for long must get back in. So a higher term is believed once it is the word of
// enough distinct peers that one of them is honest: refused requests and answers are remembered per peer, and a node
// that is behind soon hears the term from all whom it asks for a vote. Who has left has no word in it.
type termWindow struct {
	// witnesses is how many distinct peers are believed. Invariant: 1 <= witnesses; more than the liars among those who have not left.
	witnesses int

	// claims holds the last refused term per peer. Invariant: at most one per other validator that has not left.
	claims map[string]uint64
}

func newTermWindow(validators int) *termWindow {
	w := &termWindow{claims: make(map[string]uint64, validators-1)}
	w.expect(validators, -1)
	return w
}

// expect sets how many are believed among so many, of whom some may lie; -1 are as many as a set of them stands. It is never a single one while there
// are two others: below four validators nobody may lie, and one peer's word would open the window at the second try.
func (w *termWindow) expect(validators, liars int) {
	if liars < 0 {
		liars = (validators - 1) / 3
	}
	w.witnesses = max(min(max(liars+1, 2), validators-1), 1)
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
