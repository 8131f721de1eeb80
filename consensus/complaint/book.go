// Package complaint lets honest validators be rid of a leader that stalls or censors.
//
// Raft keeps a leader for as long as its heartbeats come, whatever it leaves undone. So each validator watches what only a
// leader can do. The life of a complaint:
//
//  1. Something waits for the leader: a submission to be ordered, or what is applied to become final. Watch
//     counts for how long, while the same leader leads and is connected.
//  2. Past the patience this validator complains: it signs (term, leader) and says it to all others, again and again while
//     the term lasts. Meanwhile it gives what was not ordered to all others, so that they wait for it too.
//  3. Whoever has heard f+1 complaints of one leader in one term knows that an honest validator complains. It complains too, so
//     that all honest ones hear f+1, and drops the leader: its transport takes no append of it and gives it no vote for
//     a while (transport.Filter.Drop). Without the honest ones a leader has no majority; an ordinary election follows. As many
//     as may lie stay dropped at a time, so that there is always somebody to elect, whoever was complained of.
//
// What f+1 validators list as left out is overdue, and no tree without it is attested: Overdue. So a leader that leaves something
// out makes nothing final with it, even in the terms before it is dropped.
//
// The package promises that f liars alone drop nobody, and that a validator says one complaint at a time and keeps at most one of
// each other. It refuses complaints of strangers, in another's name, about oneself, and of terms that are past. A complaint is no
// evidence: it can be wrong, and costs the leader nothing but that while. Patience doubles with each complaint until
// something moves again, so that a network that is slow for everybody does not change leaders for ever.
//
// Everything here is a step function; package consensus drives it.
package complaint

import (
	"crypto/ed25519"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Book is what a validator has heard and says. It is not safe for concurrent use.
type Book struct {
	network tx.NetworkID
	set     checkpoint.ValidatorSet
	name    string
	key     ed25519.PrivateKey

	// leader and term are raft's, as this validator knows.
	leader string
	term   uint64
	// heard holds the newest complaint of each validator, the own included. Invariant: each was verified.
	heard map[string]checkpoint.Complaint
	// dropped is the newest term whose leader was dropped.
	dropped uint64
}

// Drop is what is to be done about a leader.
type Drop struct {
	Leader string
	// Term is the one in which it was complained of.
	Term uint64
	// By are those who complained, ascending.
	By []string
}

// New makes an empty book.
func New(network tx.NetworkID, set checkpoint.ValidatorSet, name string, key ed25519.PrivateKey) *Book {
	return &Book{network: network, set: set, name: name, key: key, heard: make(map[string]checkpoint.Complaint, len(set))}
}

// Dropped is the newest term whose leader was dropped; zero is none.
func (b *Book) Dropped() uint64 { return b.dropped }

// Govern takes the complaints of a set and of nobody else.
func (b *Book) Govern(set checkpoint.ValidatorSet) {
	b.set = set
	for name := range b.heard {
		if _, in := set.Find(name); !in && name != b.name {
			delete(b.heard, name)
		}
	}
}

// Lead takes note of raft's term and leader. Complaints of earlier terms count no more.
func (b *Book) Lead(leader string, term uint64) {
	b.leader, b.term = leader, term
	for name, c := range b.heard {
		if c.Term < term {
			delete(b.heard, name)
		}
	}
}

// Complain says that the leader of the term does not do its work. The second is false when it was said before, or the
// leader is another by now or this validator itself.
func (b *Book) Complain(leader string, term uint64) (*Drop, bool) {
	if leader == "" || leader == b.name || leader != b.leader || term != b.term {
		return nil, false
	}
	if own, said := b.heard[b.name]; said && own.Term == term {
		return nil, false
	}
	b.heard[b.name] = checkpoint.Complaint{Validator: b.name, Term: term, Leader: leader}.Sign(b.network, b.key)
	return b.judge(leader, term), true
}

// Hear takes another validator's complaint. from is whom the transport proved the sender to be.
func (b *Book) Hear(from string, c checkpoint.Complaint) *Drop {
	last, known := b.heard[from]
	if from != c.Validator || from == b.name || c.Term < b.term || known && c.Term <= last.Term {
		return nil
	}
	if c.Verify(b.network, b.set) != nil {
		return nil
	}
	b.heard[from] = c
	return b.judge(c.Leader, c.Term)
}

// Own is what this validator complains of now; false when of nothing.
func (b *Book) Own() (checkpoint.Complaint, bool) {
	c, ok := b.heard[b.name]
	return c, ok
}

// judge counts the complaints of one leader in one term.
func (b *Book) judge(leader string, term uint64) *Drop {
	var by []string
	for _, v := range b.set {
		if c, ok := b.heard[v.Name]; ok && c.Leader == leader && c.Term == term {
			by = append(by, v.Name)
		}
	}
	if len(by) <= b.set.Faults() || term <= b.dropped || leader == b.name {
		return nil
	}
	b.dropped = term
	if own, said := b.heard[b.name]; !said || own.Term < term {
		b.heard[b.name] = checkpoint.Complaint{Validator: b.name, Term: term, Leader: leader}.Sign(b.network, b.key)
	}
	return &Drop{Leader: leader, Term: term, By: by}
}
