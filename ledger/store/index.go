package store

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// maxChapterBytes bounds the leaves of one batch: what the limits of a batch allow is a tenth of it.
const maxChapterBytes = 16 << 20

// chapters goes through a history leaf by leaf, and gives a chapter at each header leaf. The zero value with a network is at
// the beginning.
type chapters struct {
	network tx.NetworkID
	tree    frontier
	open    chapter
	bytes   int
	// last is the header leaf that ended the newest chapter; nil while the next one is open.
	last *tx.Header
}

// add takes the next leaf; ended is nil unless it is a header leaf.
func (c *chapters) add(raw []byte) (leaf ledger.Leaf, ended *chapter, err error) {
	leaf, c.last, err = ledger.ReadLeaf(c.network, uint64(c.tree.size), raw)
	if err != nil {
		return leaf, nil, err
	}
	hashes, err := c.tree.append(raw)
	if err != nil {
		return leaf, nil, err
	}
	c.open.leaves, c.open.hashes = append(c.open.leaves, leaf), append(c.open.hashes, hashes...)
	if c.bytes += len(raw); c.bytes > maxChapterBytes {
		return leaf, nil, fmt.Errorf("batch of more than %d bytes at leaf %d: %w", maxChapterBytes, leaf.Index, ErrCorrupt)
	}
	if c.last == nil {
		return leaf, nil, nil
	}
	done := c.open
	done.batch, done.timeUnixMs = c.last.Batch, c.last.TimeUnixMs
	c.open, c.bytes = chapter{}, 0
	return leaf, &done, nil
}

// frontier is the edge of a history tree that grows leaf by leaf: the newest stored hash of each level is all that the
// next leaf and the root need.
type frontier struct {
	size   int64
	newest [64]struct {
		n    int64
		hash tlog.Hash
	}
}

// append adds a leaf and gives the stored hashes it adds.
func (f *frontier) append(leaf []byte) ([]tlog.Hash, error) {
	hashes, err := tlog.StoredHashesForRecordHash(f.size, tlog.RecordHash(leaf), f)
	if err != nil {
		return nil, fmt.Errorf("hash leaf %d: %w", f.size, err)
	}
	f.add(hashes)
	return hashes, nil
}

// add takes the stored hashes of the next leaf, the first of those given, and says how many they are.
func (f *frontier) add(hashes []tlog.Hash) int {
	count := bits.TrailingZeros64(uint64(f.size+1)) + 1
	for level, h := range hashes[:count] {
		f.newest[level].n, f.newest[level].hash = f.size>>level, h
	}
	f.size++
	return count
}

// get finds a stored hash, if it is the newest of its level.
func (f *frontier) get(index int64) (tlog.Hash, bool) {
	level, n := tlog.SplitStoredHashIndex(index)
	if n != f.size>>level-1 {
		return tlog.Hash{}, false
	}
	return f.newest[level].hash, true
}

func (f *frontier) root() ([32]byte, error) {
	h, err := tlog.TreeHash(f.size, f)
	if err != nil {
		return [32]byte{}, fmt.Errorf("hash tree of %d leaves: %w", f.size, err)
	}
	return h, nil
}

// ReadHashes reads what append and root need.
func (f *frontier) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hash, ok := f.get(index)
		if !ok {
			return nil, fmt.Errorf("stored hash %d is behind the edge: %w", index, ErrCorrupt)
		}
		out[i] = hash
	}
	return out, nil
}
