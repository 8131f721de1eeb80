package consensus

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/raft"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// FinalCheckpoint is the newest final checkpoint with its note; ErrNotFinal before the first.
func (n *Node) FinalCheckpoint() ([]byte, checkpoint.Checkpoint, error) {
	note, size, ok := n.store.Final()
	if !ok {
		return nil, checkpoint.Checkpoint{}, ErrNotFinal
	}
	root, err := n.store.Root(size)
	if err != nil {
		return nil, checkpoint.Checkpoint{}, n.Fatal(err)
	}
	return note, checkpoint.Checkpoint{Network: n.network, Size: size, Root: root}, nil
}

// FinalLeaf reads a leaf of the final history; ErrNotFound past its end.
func (n *Node) FinalLeaf(index uint64) ([]byte, error) {
	if index >= n.FinalSize() {
		return nil, fmt.Errorf("leaf %d: %w", index, ErrNotFound)
	}
	raw, err := n.store.Leaf(index)
	if err != nil {
		return nil, n.Fatal(err)
	}
	return raw, nil
}

// ReadHashes reads stored hashes of the history tree (tlog.HashReader).
func (n *Node) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes, err := n.store.ReadHashes(indexes)
	if err != nil {
		return nil, n.Fatal(err)
	}
	return hashes, nil
}

// Consistency proves that the final tree of one size begins with that of a smaller one.
func (n *Node) Consistency(small, size uint64) ([][32]byte, error) {
	if small == 0 || small > size || size > n.FinalSize() {
		return nil, fmt.Errorf("consistency of %d in %d, final are %d: %w", small, size, n.FinalSize(), ErrNotFound)
	}
	proof, err := n.store.Consistency(small, size)
	if err != nil {
		return nil, n.Fatal(err)
	}
	return proof, nil
}

// Growth proves how the final tree grew, with the root that it had.
func (n *Node) Growth(from, to uint64) (checkpoint.Growth, error) {
	hashes, err := n.Consistency(from, to)
	if err != nil {
		return checkpoint.Growth{}, err
	}
	root, err := n.store.Root(from)
	if err != nil {
		return checkpoint.Growth{}, n.Fatal(err)
	}
	return checkpoint.Growth{From: from, FromRoot: root, Hashes: hashes}, nil
}

// ValidatorSet is who may cosign what comes after the final checkpoint.
func (n *Node) ValidatorSet() checkpoint.ValidatorSet { return n.store.Succession().Newest() }

// Succession is the validator sets, up to the last one whose boundary is final here.
func (n *Node) Succession() checkpoint.Succession { return n.store.Succession() }

// Members is who takes part, as one node sees it.
type Members struct {
	// Reigning are the validators that make the head final, and Coming those of a set that was decided and has not begun; nil when none.
	Reigning, Coming []string
	// Voters are raft's members with a vote, and Learners those without.
	Voters, Learners []string
	// Heard are all whose words the node takes, itself included.
	Heard []string
}

// Members says who takes part, each list in order of name.
func (n *Node) Members() Members {
	m := n.reignNow()
	out := Members{Reigning: names(m.reign.Validators), Coming: names(m.coming), Heard: slices.Sorted(maps.Keys(n.transport.Peers()))}
	for _, s := range n.configurations().latest.Servers {
		if s.Suffrage == raft.Voter {
			out.Voters = append(out.Voters, string(s.ID))
		} else {
			out.Learners = append(out.Learners, string(s.ID))
		}
	}
	slices.Sort(out.Voters)
	slices.Sort(out.Learners)
	return out
}

// SignAsLog signs a final checkpoint of this node as the log itself.
func (n *Node) SignAsLog(c checkpoint.Checkpoint) string { return c.LogLine(n.key) }
