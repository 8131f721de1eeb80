package store

import (
	"fmt"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// indexed reads from a leaf what it is found by: the same lookup and accounts that the rules gave with it. So the indexes
// need not be taken on trust from whoever sends a snapshot.
func indexed(network tx.NetworkID, index uint64, raw []byte) (ledger.Leaf, *tx.Header, error) {
	bad := func(err error) (ledger.Leaf, *tx.Header, error) {
		return ledger.Leaf{}, nil, fmt.Errorf("leaf %d: %v: %w", index, err, ErrCorrupt)
	}
	out := ledger.Leaf{Index: index, Raw: raw}
	leaf, err := tx.ParseLeaf(raw)
	if err != nil {
		return bad(err)
	}
	if leaf.Header != nil {
		return out, leaf.Header, nil
	}
	signed, err := tx.Parse(network, leaf.Record.Envelope)
	if err != nil {
		return bad(err)
	}
	switch code := leaf.Record.Result.Code; code {
	case tx.Unauthorised, tx.ExpiryTooFar, tx.AccountUnknown, tx.DebitAccountUnknown:
		// Refused before its id counted (ledger.Admit): found by its envelope, shown to nobody.
		out.Lookup = [32]byte(signed.EnvelopeHash())
	case tx.OK:
		out.Lookup, out.Accounts = [32]byte(signed.ID()), signed.Body.Accounts()
	default:
		out.Lookup, out.Accounts = [32]byte(signed.ID()), debited(signed.Body)
	}
	return out, nil, nil
}

// debited are the accounts that a refused transaction would have debited, ascending.
func debited(body tx.Body) []tx.AccountID {
	var all []tx.AccountID
	for _, op := range body.Operations {
		if t, ok := op.(tx.Transfer); ok {
			all = append(all, t.Debit)
		}
	}
	slices.SortFunc(all, func(a, b tx.AccountID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(all)
}

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
	leaf, c.last, err = indexed(c.network, uint64(c.tree.size), raw)
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
