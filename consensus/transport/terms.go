package transport

import (
	"crypto/ed25519"
	"math"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// termWindowSize is how far a peer's term may be ahead of ours. With pre-vote on, sixty isolations of a leader in one
// simulated hour moved the term by 62.
const termWindowSize = 64

// Suffrage is whether a node is asked for its vote in raft. A liar that drives the term far up of one that is not asked keeps the leader out:
// what brings a term down is an election in a higher one, and raft's candidates do not ask such a node in which term it is. So terms of
// requests for its vote, and of answers, are believed no further than a window ahead of the last leader that it could
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
// that is behind soon hears the term from all whom it asks for a vote. Who has left is in none of the sets, and has no word in it.
type termWindow struct {
	self string
	// sets are those of which enough have to name a term. While one follows another, liars of both may be about, more than either stands;
	// and newcomers without a vote in raft have no reason to name one. So the words are counted in each set by itself.
	sets []checkpoint.ValidatorSet

	// claims holds the last refused term per peer. Invariant: at most one per other validator.
	claims map[string]uint64
}

func newTermWindow(self string, keys map[string]ed25519.PublicKey) *termWindow {
	w := &termWindow{self: self, claims: make(map[string]uint64, len(keys))}
	w.admit(keys, nil)
	return w
}

// admit makes those who have not left the one set there is.
func (w *termWindow) admit(keys map[string]ed25519.PublicKey, left map[string]bool) {
	var all checkpoint.ValidatorSet
	for name := range keys {
		if !left[name] {
			all = append(all, checkpoint.Validator{Name: name})
		}
	}
	w.sets = []checkpoint.ValidatorSet{all}
}

// backed is the highest term that one honest peer at least has named; never below the node's own.
func (w *termWindow) backed(local uint64) uint64 {
	if len(w.claims) == 0 {
		return local
	}
	// More than lie in any of the sets: a small one may have become a large one that stands more liars, and they are in both. Never a single one
	// while there are two others: below four validators nobody may lie, and one peer's word would open the window at the second try.
	witnesses := 2
	for _, set := range w.sets {
		witnesses = max(witnesses, set.Faults()+1)
	}
	for _, set := range w.sets {
		var terms []uint64
		others := 0
		for _, v := range set {
			if v.Name == w.self {
				continue
			}
			others++
			if term, ok := w.claims[v.Name]; ok {
				terms = append(terms, term)
			}
		}
		if enough := max(min(witnesses, others), 1); len(terms) >= enough {
			slices.Sort(terms)
			local = max(local, terms[len(terms)-enough])
		}
	}
	return local
}

// limit is the highest term to believe of one peer, given the node's own.
func (w *termWindow) limit(local uint64) uint64 {
	base := w.backed(local)
	if base > math.MaxUint64-termWindowSize {
		return math.MaxUint64
	}
	return base + termWindowSize
}
