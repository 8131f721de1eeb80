package complaint

import (
	"slices"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// MaxListed is how many submissions each validator's list of what is overdue holds; a longer list forgets its oldest.
const MaxListed = 16

// Overdue is what each validator says a leader leaves out. What f+1 of them list is overdue: at least one honest validator has
// it, and has seen it wait past its patience. A tree that leaves out what is overdue gets no honest attestation, so that a censor
// that is not dropped yet makes nothing final (the idea of FOCIL, EIP-7805). It is not safe for concurrent use.
type Overdue struct {
	// enough is f+1.
	enough int
	// lists holds each validator's, oldest first. Invariant: at most MaxListed each, none twice, and none of a stranger.
	lists map[string][]*tx.Signed
}

// NewOverdue makes empty lists for a set of validators.
func NewOverdue(set checkpoint.ValidatorSet) *Overdue {
	o := &Overdue{enough: set.Faults() + 1, lists: make(map[string][]*tx.Signed, len(set))}
	for _, v := range set {
		o.lists[v.Name] = nil
	}
	return o
}

// List puts a submission, whose signatures are verified, on a validator's list. A stranger's word is not taken.
func (o *Overdue) List(validator string, signed *tx.Signed) {
	list, known := o.lists[validator]
	if !known || slices.ContainsFunc(list, func(s *tx.Signed) bool { return s.EnvelopeHash() == signed.EnvelopeHash() }) {
		return
	}
	if len(list) == MaxListed {
		list = slices.Delete(list, 0, 1)
	}
	o.lists[validator] = append(list, signed)
}

// Strike takes a submission off all lists: it has been ordered, or can not be any more.
func (o *Overdue) Strike(id tx.ID) {
	for name, list := range o.lists {
		o.lists[name] = slices.DeleteFunc(list, func(s *tx.Signed) bool { return s.ID() == id })
	}
}

// All is what is overdue, in no order: envelopes, since anybody who has seen a transaction can sign it too, and what the rules say of his says nothing
// of its payer's.
func (o *Overdue) All() []*tx.Signed { return o.listedBy(o.enough) }

// Listed is what anybody lists, each once, in no order.
func (o *Overdue) Listed() []*tx.Signed { return o.listedBy(1) }

func (o *Overdue) listedBy(enough int) []*tx.Signed {
	var all []*tx.Signed
	count := make(map[tx.EnvelopeHash]int)
	for _, list := range o.lists {
		for _, signed := range list {
			hash := signed.EnvelopeHash()
			if count[hash]++; count[hash] == enough {
				all = append(all, signed)
			}
		}
	}
	return all
}
