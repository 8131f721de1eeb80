package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// read runs a function on the newest state. One that Replace has closed under it begins again on the new one.
func (s *Store) read(f func(txn *badger.Txn) error) error {
	for {
		s.visible.RLock()
		d := s.disk
		s.visible.RUnlock()
		if d == nil {
			return ErrClosed
		}
		if err := d.read(f); !errors.Is(err, ErrClosed) {
			return err
		}
	}
}

// Leaf reads a leaf.
func (s *Store) Leaf(index uint64) (raw []byte, err error) {
	err = s.read(func(txn *badger.Txn) error {
		raw, err = readLeaf(txn, index)
		return err
	})
	return raw, err
}

// HeaderAfter tells of the batch that a leaf is in: where it ended, and when.
func (s *Store) HeaderAfter(leaf uint64) (h Head, err error) {
	err = s.read(func(txn *badger.Txn) error {
		var found bool
		if h, found, err = headerAfter(txn, leaf); err == nil && !found {
			err = fmt.Errorf("header after leaf %d is missing: %w", leaf, ErrCorrupt)
		}
		return err
	})
	return h, err
}

func headerAfter(txn *badger.Txn, leaf uint64) (h Head, found bool, err error) {
	p := openPages(txn, spaceHeader)
	defer p.close()
	found, err = p.at(leaf, func(last uint64, value []byte) error {
		if len(value) != 16 {
			return fmt.Errorf("header after leaf %d: %w", leaf, ErrCorrupt)
		}
		h = Head{Batch: binary.BigEndian.Uint64(value), TimeUnixMs: binary.BigEndian.Uint64(value[8:]), Size: last + 1}
		return nil
	})
	return h, found, err
}

// IsBoundary says whether the tree of that size ends with a header leaf.
func (s *Store) IsBoundary(size uint64) bool {
	if size == 0 {
		return false
	}
	h, err := s.HeaderAfter(size - 1)
	return err == nil && h.Size == size
}

// Lookup finds the first leaf of a transaction id or envelope hash.
func (s *Store) Lookup(id [32]byte) (leaf uint64, found bool, err error) {
	s.visible.RLock()
	indexed := s.standing.Load().indexed
	if s.disk != nil {
		leaf, found = s.recent.lookups[id]
	}
	s.visible.RUnlock()
	if found {
		return leaf, true, nil
	}
	// What has moved from memory into a volume meanwhile was found above.
	err = s.read(func(txn *badger.Txn) error {
		leaf, found, err = findIndexed(txn, indexed, id)
		return err
	})
	return leaf, found, err
}

// History lists the leaves below before that an account's history shows, newest first. With before = FinalHead().Size it
// lists what is final.
func (s *Store) History(account tx.AccountID, before uint64, limit int) (leaves []uint64, err error) {
	s.visible.RLock()
	indexed := s.standing.Load().indexed
	newest := s.recent.history(account, before, limit)
	s.visible.RUnlock()
	before = min(before, indexed)
	err = s.read(func(txn *badger.Txn) error {
		leaves, err = s.indexedHistory(txn, account, before, indexed, newest, limit)
		return err
	})
	return leaves, err
}

// indexedHistory lists on from newest with what is in the volumes up to indexed.
func (s *Store) indexedHistory(txn *badger.Txn, account tx.AccountID, before, indexed uint64, newest []uint64, limit int) ([]uint64, error) {
	leaves := slices.Clone(newest)
	if before == 0 || len(leaves) >= limit {
		return leaves, nil
	}
	// The entry that shows the leaf below before may stand under a later one of the same volume, which ends with a batch at most this much later.
	from := indexed - 1
	if h, found, err := headerAfter(txn, min(before-1+s.options.volumeLeaves()-1, from)); err != nil {
		return nil, err
	} else if found {
		from = min(from, h.Size-1)
	}
	o := badger.DefaultIteratorOptions
	o.Prefix, o.PrefetchValues = append([]byte{spaceHistory}, account[:]...), false
	it := txn.NewIterator(o)
	defer it.Close()
	for it.Seek(keyHistory(account, from)); it.Valid() && len(leaves) < limit; it.Next() {
		value, err := valueOf(it.Item())
		if err != nil {
			return nil, err
		}
		all, err := shownLeaves(^binary.BigEndian.Uint64(it.Item().Key()[17:]), value)
		if err != nil {
			return nil, err
		}
		for _, leaf := range all {
			if leaf < before && len(leaves) < limit {
				leaves = append(leaves, leaf)
			}
		}
	}
	return leaves, nil
}

// ReadHashes reads stored hashes of the history tree.
func (s *Store) ReadHashes(indexes []int64) (out []tlog.Hash, err error) {
	err = s.read(func(txn *badger.Txn) error {
		out, err = s.standing.Load().hashes.read(txn, indexes)
		return err
	})
	return out, err
}

// Root is the root of the tree at a size.
func (s *Store) Root(size uint64) ([32]byte, error) {
	if head := s.Head(); size > head.Size {
		return [32]byte{}, fmt.Errorf("root at %d of %d leaves: %w", size, head.Size, ErrMismatch)
	}
	h, err := tlog.TreeHash(int64(size), s)
	if err != nil {
		return [32]byte{}, fmt.Errorf("root at %d: %w", size, err)
	}
	return h, nil
}

// Inclusion proves that a leaf is in the tree of a size.
func (s *Store) Inclusion(leaf, size uint64) ([][32]byte, error) {
	if head := s.Head(); size > head.Size || leaf >= size {
		return nil, fmt.Errorf("inclusion of leaf %d in %d of %d: %w", leaf, size, head.Size, ErrMismatch)
	}
	proof, err := tlog.ProveRecord(int64(size), int64(leaf), s)
	if err != nil {
		return nil, fmt.Errorf("inclusion of leaf %d in %d: %w", leaf, size, err)
	}
	return proofOf(proof), nil
}

// Consistency proves that the tree of one size begins with the tree of a smaller one.
func (s *Store) Consistency(small, size uint64) ([][32]byte, error) {
	if head := s.Head(); size > head.Size || small == 0 || small > size {
		return nil, fmt.Errorf("consistency of %d in %d of %d: %w", small, size, head.Size, ErrMismatch)
	}
	proof, err := tlog.ProveTree(int64(size), int64(small), s)
	if err != nil {
		return nil, fmt.Errorf("consistency of %d in %d: %w", small, size, err)
	}
	return proofOf(proof), nil
}

func proofOf(hashes []tlog.Hash) [][32]byte {
	out := make([][32]byte, len(hashes))
	for i, h := range hashes {
		out[i] = h
	}
	return out
}
