package ledger

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// history appends leaves to the tree of the history.
type history struct {
	from tlog.HashReader
	size int64 // leaves, with those appended
	// hashes are the stored hashes to append.
	hashes []tlog.Hash
	// edge are the hashes of the complete subtrees that the leaves are made of, by level: one for each bit of size. They are all that the
	// next leaf and the root need.
	edge [64]tlog.Hash
	// edged says that the edge was read.
	edged bool
}

func newHistory(from tlog.HashReader, size uint64) history {
	return history{from: from, size: int64(size)}
}

// readEdge reads the edge once, before the first leaf is appended.
func (h *history) readEdge() error {
	if h.edged {
		return nil
	}
	var levels []int
	var indexes []int64
	for rest := uint64(h.size); rest != 0; {
		level := bits.Len64(rest) - 1
		rest &^= 1 << level
		levels, indexes = append(levels, level), append(indexes, tlog.StoredHashIndex(level, h.size>>level-1))
	}
	if len(indexes) > 0 {
		stored, err := h.stored(indexes...)
		if err != nil {
			return err
		}
		for i, level := range levels {
			h.edge[level] = stored[i]
		}
	}
	h.edged = true
	return nil
}

// stored reads hashes of the tree before the batch.
func (h *history) stored(indexes ...int64) ([]tlog.Hash, error) {
	stored, err := h.from.ReadHashes(indexes)
	if err != nil {
		return nil, fmt.Errorf("read stored hashes: %w", err)
	}
	if len(stored) != len(indexes) {
		return nil, fmt.Errorf("read %d of %d stored hashes: %w", len(stored), len(indexes), ErrCorrupt)
	}
	return stored, nil
}

// append adds a leaf. It completes a subtree for each trailing bit of the size that is set, of the one before and itself.
func (h *history) append(leaf []byte) error {
	if err := h.readEdge(); err != nil {
		return fmt.Errorf("hash leaf %d: %w", h.size, err)
	}
	hash := tlog.RecordHash(leaf)
	h.hashes = append(h.hashes, hash)
	level := 0
	for rest := h.size; rest&1 == 1; rest >>= 1 {
		hash = tlog.NodeHash(h.edge[level], hash)
		h.hashes = append(h.hashes, hash)
		level++
	}
	h.edge[level] = hash
	h.size++
	return nil
}

// root is the tree's root with the leaves appended. Invariant: there is a leaf.
func (h *history) root() ([32]byte, error) {
	if err := h.readEdge(); err != nil {
		return [32]byte{}, fmt.Errorf("hash tree of %d leaves: %w", h.size, err)
	}
	level := bits.TrailingZeros64(uint64(h.size))
	root := h.edge[level]
	for level++; h.size>>level != 0; level++ {
		if h.size>>level&1 == 1 {
			root = tlog.NodeHash(h.edge[level], root)
		}
	}
	return root, nil
}
