package consensus

import (
	"slices"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// maxForetold bounds the changes of the validator set that others have proved and the own tree has not reached.
const maxForetold = 4096

// foretell takes changes of the validator set that a peer says this node does not know, so that a validator that was away, or that has
// just come, knows today's validators, and takes its log from them. Each must be proved by the set before it, from the first set on. They
// are kept in memory only: others say them again.
func (n *Node) foretell(changes []checkpoint.SetChange) {
	n.governing.Lock()
	defer n.governing.Unlock()
	was := n.members.Load()
	m := *was
	for _, c := range changes {
		if c.LeafIndex+1 > m.sets.Boundary() {
			m.sets.Changes = append(slices.Clone(m.sets.Changes), c)
		}
	}
	if len(m.sets.Changes) == len(was.sets.Changes) || len(m.sets.Changes) > maxForetold {
		return
	}
	if _, err := checkpoint.Follow(checkpoint.Trust{Network: n.network, Validators: m.sets.First}, m.sets.Changes); err != nil {
		n.log.Warn("a peer tells of validator sets that do not follow", "reason", err)
		return
	}
	n.members.Store(&m)
	err := n.point("set: foretold, nobody told")
	if err == nil {
		err = n.meet(&m)
	}
	if err != nil {
		_ = n.Fatal(err)
	}
}
