package store

import (
	"math/bits"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
)

// recentHashes bounds the stored hashes that are kept in memory, 32 bytes each.
const recentHashes = 1 << 15

// hashes are the stored hashes that are wanted most, in memory: the edge of the tree, by which it grows, and the newest,
// by which the receipts of the last batches are made. They are never changed, only replaced.
//
// Invariant: equal to what is on disk.
type hashes struct {
	edge frontier
	// runs are the hashes of the newest batches, oldest first.
	runs []hashRun
	held int
}

// hashRun are consecutive stored hashes.
type hashRun struct {
	first  int64
	hashes []tlog.Hash
}

// readEdge loads the edge of the tree of a size.
func readEdge(txn *badger.Txn, size uint64) (*hashes, error) {
	var indexes []int64
	for level := range bits.Len64(size) {
		indexes = append(indexes, tlog.StoredHashIndex(level, int64(size>>level)-1))
	}
	slices.Reverse(indexes)
	read, err := readHashes(txn, indexes)
	if err != nil {
		return nil, err
	}
	h := &hashes{edge: frontier{size: int64(size)}}
	for i, hash := range read {
		level := len(read) - 1 - i
		h.edge.newest[level].n, h.edge.newest[level].hash = int64(size>>level)-1, hash
	}
	return h, nil
}

// after are the hashes when a batch has been added.
func (h *hashes) after(fx *ledger.Effects) *hashes {
	next := &hashes{edge: h.edge}
	rest := fx.Hashes
	for next.edge.size < int64(fx.After.Size) {
		rest = rest[next.edge.add(rest):]
	}
	run := hashRun{tlog.StoredHashCount(int64(fx.Before.Size)), fx.Hashes}
	next.runs, next.held = append(h.runs, run), h.held+len(run.hashes)
	for len(next.runs) > 1 && next.held > recentHashes {
		next.held -= len(next.runs[0].hashes)
		next.runs = next.runs[1:]
	}
	return next
}

// get finds a stored hash in memory.
func (h *hashes) get(index int64) (tlog.Hash, bool) {
	if n := len(h.runs); n > 0 && index >= h.runs[0].first {
		i, found := slices.BinarySearchFunc(h.runs, index, func(r hashRun, index int64) int {
			return int(min(max(r.first-index, -1), 1))
		})
		if !found {
			i--
		}
		if r := h.runs[i]; index-r.first < int64(len(r.hashes)) {
			return r.hashes[index-r.first], true
		}
	}
	return h.edge.get(index)
}

// read gives stored hashes from memory, and those that are not there from disk.
func (h *hashes) read(txn *badger.Txn, indexes []int64) ([]tlog.Hash, error) {
	if h == nil {
		return readHashes(txn, indexes) // Nothing is founded.
	}
	out := make([]tlog.Hash, len(indexes))
	var missing []int64
	var places []int
	for i, index := range indexes {
		hash, ok := h.get(index)
		if !ok {
			missing, places = append(missing, index), append(places, i)
		}
		out[i] = hash
	}
	if len(missing) == 0 {
		return out, nil
	}
	read, err := readHashes(txn, missing)
	if err != nil {
		return nil, err
	}
	for i, hash := range read {
		out[places[i]] = hash
	}
	return out, nil
}
