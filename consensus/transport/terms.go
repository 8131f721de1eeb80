package transport

import (
	"crypto/ed25519"
	"math"
	"slices"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// termWindowSize is how far beyond termWindow.base one peer is believed that asks for a vote. The more, the sooner those meet whose terms
// came apart; the less, the longer is the way to the end of the range. With pre-vote on, sixty isolations of a leader in one simulated hour
// moved the term by 62, so an honest peer is within it for half a day without an elected leader.
const termWindowSize = 1024

// termStep is how far one peer is believed that answers, be its term higher. It is less than the window, so that who has taken
// such a term over may ask those for their votes in the next who have heard nothing.
const termStep = termWindowSize / 2

// settlings is in how many of Limits.SnapshotPause one peer may move the term by a window, when no leader is elected and nobody else names one so far.
const settlings = 4

// termWindow decides which terms are believed. One liar must not push the term to the end of its range, from which no
// cluster returns, nor that of one validator far from those of all others; a node that was away for long must get back in, and who has been driven
// ahead must be caught up with, since raft's terms only rise. So nobody's word moves the own term by more than a window beyond what is known of honest
// peers (base); and an answer in a higher term than that is not refused but taken for the highest that is believed: whoever asks comes nearer at each answer.
// Who has left is in none of the sets, and has no word in it.
type termWindow struct {
	self string
	// sets are those of which enough have to name a term. While one follows another, liars of both may be about, more than either stands;
	// and newcomers without a vote in raft have no reason to name one. So the words are counted in each set by itself.
	sets []checkpoint.ValidatorSet

	// named holds the highest term that each peer has named. Invariant: at most one per other validator.
	named map[string]uint64
	// followed is the newest term of a proved leader that raft could follow, or of this node's own lead.
	followed uint64
	// settled is the term that the node was in at settledAt. Without it, those who are too few to count would never come together.
	settled   uint64
	settledAt time.Time
	// heard is the highest term believed of an answer to a leader. Raft makes it give up, and forgets the term, and a peer without a vote is not asked for one;
	// so pre-votes are told it (raised).
	heard uint64
}

func newTermWindow(self string, keys map[string]ed25519.PublicKey) *termWindow {
	w := &termWindow{self: self, named: make(map[string]uint64, len(keys))}
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

// settle takes over the own term now and then.
func (w *termWindow) settle(now time.Time, local uint64, pause time.Duration) {
	if w.settledAt.IsZero() || now.Sub(w.settledAt) >= settlings*pause {
		w.settled, w.settledAt = local, now
	}
}

// base is a term that an honest peer has come to, or this node a while ago.
func (w *termWindow) base() uint64 {
	base := max(w.followed, w.settled)
	if len(w.named) == 0 {
		return base
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
			if term, ok := w.named[v.Name]; ok {
				terms = append(terms, term)
			}
		}
		if enough := max(min(witnesses, others), 1); len(terms) >= enough {
			slices.Sort(terms)
			base = max(base, terms[len(terms)-enough])
		}
	}
	return base
}

// limit is the highest term to believe of one peer that may move the own one as far as width.
func (w *termWindow) limit(local, width uint64) uint64 {
	base := w.base()
	if base > math.MaxUint64-width {
		return math.MaxUint64
	}
	return max(local, base+width)
}

// claim remembers a peer's word on the term. Who has gone meanwhile has none.
func (f *Filter) claim(peer string, term uint64) {
	if f.who.keys[peer] != nil {
		f.window.named[peer] = max(f.window.named[peer], term)
	}
}

// words gives the window of terms as it is now, and mu locked: the caller unlocks it.
func (f *Filter) words(now time.Time, local uint64) *termWindow {
	var sets []checkpoint.ValidatorSet
	if f.local.Sets != nil {
		sets = f.local.Sets()
	}
	f.mu.Lock()
	if sets != nil {
		f.window.sets = sets
	}
	f.window.settle(now, local, f.limits.SnapshotPause)
	return f.window
}

// believes is the highest term in which a peer may ask for a vote.
func (f *Filter) believes(now time.Time, local uint64) uint64 {
	w := f.words(now, local)
	defer f.mu.Unlock()
	return w.limit(local, termWindowSize)
}

// candidacy is the term in which a request asks for a vote.
func candidacy(command any) (uint64, bool) {
	switch command.(type) {
	case *raft.RequestVoteRequest, *raft.RequestPreVoteRequest:
		return termOf(command)
	}
	return 0, false
}
