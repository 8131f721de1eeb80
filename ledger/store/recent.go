package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/umoja-ledger/umoja/ledger"
)

// recent leads to the leaves that no volume has yet. It changes under visible, and whoever reads it holds visible or write.
//
// Invariant: it is what the leaves from standing.indexed to the head give, and nothing in it has a pointer that the collector would
// follow for each leaf.
type recent struct {
	lookups map[[32]byte]uint64
	// batches are oldest first; the last ends at the head.
	batches []recentBatch
}

// recentBatch leads to the leaves of a batch.
type recentBatch struct {
	// end is the size of the tree after it.
	end uint64
	// shown are by account, newest first.
	shown []shown
}

func newRecent() *recent { return &recent{lookups: make(map[[32]byte]uint64)} }

// add takes a batch.
func (r *recent) add(end uint64, v *volume) {
	for _, f := range v.lookups {
		r.lookups[f.id] = f.leaf
	}
	newestFirst(v.shown)
	r.batches = append(r.batches, recentBatch{end, v.shown})
}

// cut forgets the batches that end above a size.
func (r *recent) cut(size uint64) {
	for n := len(r.batches); n > 0 && r.batches[n-1].end > size; n = len(r.batches) {
		r.batches = r.batches[:n-1]
	}
	for id, leaf := range r.lookups {
		if leaf >= size {
			delete(r.lookups, id)
		}
	}
}

// drop forgets the batches that a volume up to a size holds. The map is made new, since one never gets smaller.
func (r *recent) drop(size uint64) {
	kept := slices.IndexFunc(r.batches, func(b recentBatch) bool { return b.end > size })
	if kept < 0 {
		kept = len(r.batches)
	}
	r.batches = slices.Clone(r.batches[kept:])
	rest := make(map[[32]byte]uint64, len(r.lookups)) // As many will come again.
	for id, leaf := range r.lookups {
		if leaf >= size {
			rest[id] = leaf
		}
	}
	r.lookups = rest
}

// volume says where the volume ends that begins at first, if it is full and final.
func (r *recent) volume(first, final, leaves uint64) (end uint64, full bool) {
	shown := 0
	for _, b := range r.batches {
		if b.end > final {
			return 0, false
		}
		if shown += len(b.shown); fills(leaves, b.end-first, shown) {
			return b.end, true
		}
	}
	return 0, false
}

// collect gives what leads to the leaves below end.
func (r *recent) collect(end uint64) *volume {
	v := new(volume)
	for id, leaf := range r.lookups {
		if leaf < end {
			v.lookups = append(v.lookups, found{id, leaf})
		}
	}
	for _, b := range r.batches {
		if b.end <= end {
			v.shown = append(v.shown, b.shown...)
		}
	}
	return v
}

// history lists the leaves below before that an account's history shows, newest first.
func (r *recent) history(account [16]byte, before uint64, limit int) (leaves []uint64) {
	for i := len(r.batches) - 1; i >= 0; i-- {
		all := r.batches[i].shown
		at, _ := slices.BinarySearchFunc(all, account, func(s shown, account [16]byte) int {
			if order := bytes.Compare(s.account[:], account[:]); order != 0 {
				return order
			}
			return 1 // The newest is the first of the account.
		})
		for ; at < len(all) && all[at].account == account; at++ {
			if len(leaves) == limit {
				return leaves
			}
			if all[at].leaf < before {
				leaves = append(leaves, all[at].leaf)
			}
		}
	}
	return leaves
}

// readRecent makes it again from the leaves.
func readRecent(txn *badger.Txn, now *standing) (*recent, error) {
	r, index := newRecent(), now.indexed
	o := badger.DefaultIteratorOptions
	o.Prefix, o.PrefetchValues = []byte{spaceLeaf}, false
	it := txn.NewIterator(o)
	defer it.Close()
	open := new(volume)
	for it.Seek(key64(spaceLeaf, index)); it.Valid() && index < now.head.Size; it.Next() {
		if len(it.Item().Key()) != 9 {
			return nil, fmt.Errorf("page of leaves %x: %w", it.Item().Key(), ErrCorrupt)
		}
		var leaves [][]byte
		err := it.Item().Value(func(page []byte) (err error) {
			var first uint64
			if first, leaves, err = leavesOf(binary.BigEndian.Uint64(it.Item().Key()[1:]), page); err == nil && first != index {
				err = fmt.Errorf("leaf %d is missing: %w", index, ErrCorrupt)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, raw := range leaves {
			leaf, header, err := ledger.ReadLeaf(now.network, index, raw)
			if err != nil && index == 0 {
				return nil, fmt.Errorf("first leaf: %v: %w", err, ErrFormat) // Another version has founded this ledger: blocks are checked when they are read.
			}
			if err == nil {
				err = r.take(txn, now.indexed, open, leaf)
			}
			if err != nil {
				return nil, err
			}
			if index++; header != nil {
				r.add(index, open)
				open = new(volume)
			}
		}
	}
	if index != now.head.Size || len(open.shown)+len(open.lookups) > 0 {
		return nil, fmt.Errorf("leaf %d is missing: %w", index, ErrCorrupt)
	}
	return r, nil
}

// take adds a leaf to an open batch.
func (r *recent) take(txn *badger.Txn, indexed uint64, open *volume, leaf ledger.Leaf) error {
	open.shown = show(open.shown, leaf)
	return r.lookup(txn, indexed, open, leaf)
}

// lookup makes a leaf findable. The first leaf under a lookup stays: an unauthorised envelope may be packed twice, and is
// shown to nobody; an id that was recorded never comes again.
func (r *recent) lookup(txn *badger.Txn, indexed uint64, open *volume, leaf ledger.Leaf) error {
	if leaf.Lookup == ([32]byte{}) {
		return nil
	}
	if len(leaf.Accounts) == 0 {
		if _, earlier, err := r.find(txn, indexed, leaf.Lookup); err != nil || earlier || open.strays[leaf.Lookup] {
			return err
		}
		if open.strays == nil {
			open.strays = make(map[[32]byte]bool)
		}
		open.strays[leaf.Lookup] = true
	}
	open.lookups = append(open.lookups, found{leaf.Lookup, leaf.Index})
	return nil
}

// find finds the first leaf under a lookup, in memory or else in the volumes up to indexed.
func (r *recent) find(txn *badger.Txn, indexed uint64, id [32]byte) (leaf uint64, ok bool, err error) {
	if leaf, ok = r.lookups[id]; ok {
		return leaf, true, nil
	}
	return findIndexed(txn, indexed, id)
}

// findIndexed finds the first leaf under a lookup in the volumes up to indexed.
func findIndexed(txn *badger.Txn, indexed uint64, id [32]byte) (leaf uint64, ok bool, err error) {
	raw, err := get(txn, keyLookup(id))
	if err != nil || raw == nil {
		return 0, false, err
	}
	if len(raw) != 8 {
		return 0, false, fmt.Errorf("lookup entry: %w", ErrCorrupt)
	}
	leaf = binary.BigEndian.Uint64(raw)
	return leaf, leaf < indexed, nil
}
