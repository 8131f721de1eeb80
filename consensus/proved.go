package consensus

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// A validator that was fed a lie has a log as long as the others' and another tree, so it may be elected, and may take its own word for
// what is accepted. What shows it is a sealed checkpoint, which nobody can forge.

// proof is a tree that is final, as far as this node has heard.
type proof struct {
	size uint64
	root [32]byte
}

// proved is the longest one.
func (n *Node) proved() proof {
	s := n.finality.Status()
	p := proof{s.Proved, s.ProvedRoot}
	f := n.foreseen.Load()
	if f == nil || f.size <= p.size {
		return p
	}
	if m := n.reignNow(); m.coming.Hash() != f.by && m.reign.Validators.Hash() != f.by { // Finality hears it anew when the set has begun.
		return p
	}
	return f.proof
}

// foreseen is what a set to come has made final. Finality opens what the own tree's set has signed: to whoever was given another entry in the place of
// the first batch of the next set it would look as if nothing had followed, for ever.
type foreseen struct {
	// by is the hash of that set.
	by [32]byte
	proof
	note []byte
}

// foresee hears the checkpoint that a peer says is final, or nil.
func (n *Node) foresee(note []byte) {
	coming := n.reignNow().coming
	if coming == nil || note == nil {
		return
	}
	was, by := n.foreseen.Load(), coming.Hash()
	if was != nil && was.by == by && bytes.Equal(was.note, note) {
		return
	}
	if c, _, err := checkpoint.Open(n.network, coming, note); err == nil && (was == nil || was.by != by || was.size < c.Size) {
		n.foreseen.CompareAndSwap(was, &foreseen{by, proof{c.Size, c.Root}, note}) // If another was faster, this one comes again.
	}
}

// ProvedSize is its size. The own tree may not lead there; and what a validator has heard it forgets with its set.
func (n *Node) ProvedSize() uint64 { return n.proved().size }

// holds says whether the own tree goes on from a tree that is final. False also while batches are taken back: what is read then
// may be of two trees.
func (n *Node) holds(p proof) bool {
	if n.store.Head().Size < p.size {
		return false
	}
	if n.FinalSize() >= p.size {
		return true
	}
	root, _, ok := n.rootAt(p.size)
	return ok && root == p.root
}

// giveUp has a term ceded that this node is not fit to lead: its log is not the others', and it is too soon to go back again. It
// never blocks.
func (p *packer) giveUp(term uint64) {
	p.unfit.Store(term)
	select {
	case p.look <- struct{}{}:
	default:
	}
}

// cedePause is how long one validator has to take the leadership before another is offered it.
const cedePause = time.Second

// cede offers the leadership to the next voter, and takes nothing meanwhile. Each has its turn, since a liar may say that it takes it and
// do nothing. The term goes on as it is until somebody has it: to begin another here would only cost everybody entries of the log.
func (p *packer) cede(ctx context.Context, m *member) {
	p.refuse()
	voters := votersOf(p.node.configurations().latest)
	slices.Sort(voters)
	voters = slices.DeleteFunc(voters, func(name string) bool { return name == p.node.name })
	next := slices.IndexFunc(voters, func(name string) bool { return name > p.ceded })
	if len(voters) > 0 {
		p.ceded = voters[max(0, next)]
		err := m.await(ctx, m.LeadershipTransferToServer(raft.ServerID(p.ceded), raft.ServerAddress(p.ceded)))
		p.node.log.Warn("offered the leadership", "to", p.ceded, "reason", "more is final than this leader has", "result", err)
	}
	if _, leads := p.leads(); leads {
		_ = p.node.pause(ctx, cedePause) // An end of the context is seen by wait.
	}
}
