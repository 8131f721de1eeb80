package transport

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// keptTerms bounds the terms that a book remembers: the highest ones. Raft ignores what comes of any below its own.
const keptTerms = 16

// book is what this node has seen proved about elections: who leads which term, and who voted for whom. It is a step
// machine without clock and network; Filter gives it only what it has verified.
type book struct {
	// leaders holds the certified leader per term.
	leaders map[uint64]string
	// votes holds the first vote of each validator per term.
	votes map[uint64]map[string]checkpoint.ElectionVote
	// accused is the highest term for which evidence against a validator was given out. One is enough.
	accused map[string]uint64
}

func newBook() *book {
	return &book{
		leaders: make(map[uint64]string), votes: make(map[uint64]map[string]checkpoint.ElectionVote), accused: make(map[string]uint64),
	}
}

// leader is the certified leader of a term, or "".
func (b *book) leader(term uint64) string { return b.leaders[term] }

// certify notes that a certificate was verified. The first leader of a term stays it.
func (b *book) certify(c Certificate) (evidence []checkpoint.DoubleVote, err error) {
	for _, vote := range c.votes() {
		if twice := b.vote(vote); twice != nil {
			evidence = append(evidence, *twice)
		}
	}
	switch known := b.leaders[c.Term]; known {
	case "":
		if b.keeps(c.Term) {
			b.leaders[c.Term] = c.Candidate
		}
	case c.Candidate:
	default:
		err = fmt.Errorf("%w: %q was elected in term %d before %q", ErrSecondLeader, known, c.Term, c.Candidate)
	}
	return evidence, err
}

// vote notes a verified vote, and gives the evidence the first time that it contradicts an earlier one.
func (b *book) vote(v checkpoint.ElectionVote) *checkpoint.DoubleVote {
	first, ok := b.votes[v.Term][v.Validator]
	if !ok {
		if b.keeps(v.Term) {
			b.votes[v.Term][v.Validator] = v
		}
		return nil
	}
	if last, told := b.accused[v.Validator]; first.Candidate == v.Candidate || told && last >= v.Term {
		return nil
	}
	b.accused[v.Validator] = v.Term
	twice := checkpoint.NewDoubleVote(first, v)
	return &twice
}

// votedFor is whom a validator's first vote of a term was for, or "".
func (b *book) votedFor(validator string, term uint64) string {
	return b.votes[term][validator].Candidate
}

// keeps makes room for a term, unless it is below all that are kept.
func (b *book) keeps(term uint64) bool {
	if b.votes[term] != nil {
		return true
	}
	if len(b.votes) >= keptTerms {
		lowest := term
		for t := range b.votes {
			lowest = min(lowest, t)
		}
		if lowest == term {
			return false
		}
		delete(b.votes, lowest)
		delete(b.leaders, lowest)
	}
	b.votes[term] = make(map[string]checkpoint.ElectionVote)
	return true
}
