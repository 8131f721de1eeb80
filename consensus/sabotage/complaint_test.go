//go:build sabotage

package sabotage_test

import "github.com/umoja-ledger/umoja/ledger/sabotage"

// complaints is how a leader that stalls or censors is dropped.
var complaints = []sabotage.Sabotage{
	{
		Name: "complaint-of-liars", File: "complaint/book.go", Line: `if len(by) <= b.set.Faults() || term <= b.dropped || leader == b.name {`,
		Instead: `if len(by) < b.set.Faults() || term <= b.dropped || leader == b.name {`, Rule: "f complaints drop nobody",
	},
	{
		Name: "complaint-in-anothers-name", File: "complaint/book.go", Line: `if from != c.Validator || from == b.name || c.Term < b.term || known && c.Term <= last.Term {`,
		Instead: `if from == b.name || c.Term < b.term || known && c.Term <= last.Term {`, Rule: "nobody complains in another's name",
	},
	{
		Name: "complaint-unsigned", File: "complaint/book.go", Line: `if c.Verify(b.network, b.set) != nil {`, Instead: `if c.Signature == [64]byte{} {`,
		Rule: "complaints are verified",
	},
	{
		Name: "complaint-of-another-term", File: "complaint/book.go", Line: `if c, ok := b.heard[v.Name]; ok && c.Leader == leader && c.Term == term {`,
		Instead: `if c, ok := b.heard[v.Name]; ok && c.Leader == leader {`, Rule: "complaints are about one term",
	},
	{
		Name: "complaint-not-joined", File: "complaint/book.go", Line: `if own, said := b.heard[b.name]; !said || own.Term < term {`, Instead: `if false {`,
		Rule: "who hears f+1 complaints complains too, so that all honest ones hear as many",
	},
	{
		Name: "overdue-by-liars", File: "complaint/overdue.go", Line: `o := &Overdue{enough: set.Faults() + 1, lists: make(map[string][]*tx.Signed, len(set))}`,
		Instead: `o := &Overdue{enough: set.Faults(), lists: make(map[string][]*tx.Signed, len(set))}`, Rule: "f lists make nothing overdue",
	},
	{
		Name: "overdue-by-id", File: "complaint/overdue.go", Line: `hash := signed.EnvelopeHash()`, Instead: `hash := tx.EnvelopeHash(signed.ID())`,
		Rule: "a stranger's signature does not hide what is overdue",
	},
	{
		Name: "overdue-without-bound", File: "complaint/overdue.go", Line: `if len(list) == MaxListed {`, Instead: `if false {`, Rule: "a list is bounded",
	},
	{
		Name: "complaint-about-oneself", File: "../ledger/checkpoint/complaint.go", Line: `if _, known := set.Find(c.Leader); !ok || !known || c.Leader == c.Validator {`,
		Instead: `if _, known := set.Find(c.Leader); !ok || !known {`, Rule: "nobody complains of itself",
	},
	{
		Name: "promise-of-another", File: "../ledger/checkpoint/submission.go", Line: `if r.ID != id || r.IncludeBySize <= r.SeenSize {`,
		Instead: `if r.IncludeBySize <= r.SeenSize {`, Rule: "a submission receipt is of what was submitted",
	},
}
