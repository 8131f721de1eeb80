package consensus

import (
	"fmt"

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

// SignAsLog signs a final checkpoint of this node as the log itself.
func (n *Node) SignAsLog(c checkpoint.Checkpoint) string { return c.LogLine(n.key) }
