package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/dgraph-io/badger/v4"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// View is a consistent state that later commits do not touch. It must be closed. It is for one goroutine.
type View struct {
	store *Store
	txn   *badger.Txn
	// before holds the values as of the final checkpoint of what changed since; nil for a view of the newest state.
	before map[string][]byte
	final  *Head
}

// Head is where a view stands.
type Head struct {
	Batch, Size, TimeUnixMs uint64
}

// View opens the newest state.
func (s *Store) View() *View {
	s.swap.RLock()
	return &View{store: s, txn: s.db.NewTransaction(false)}
}

// FinalView opens the state as of the final checkpoint; before the first, that is the genesis.
func (s *Store) FinalView() *View {
	v := s.View()
	s.mu.RLock()
	final, pending := s.final, s.pending
	s.mu.RUnlock()
	v.final = &Head{Batch: final.batch, Size: final.size, TimeUnixMs: final.timeUnixMs}
	v.before = make(map[string][]byte)
	for i := len(pending) - 1; i >= 0; i-- { // Newest first, so that the oldest before-image stays.
		if pending[i].batch <= final.batch {
			continue
		}
		for _, c := range pending[i].changes {
			v.before[string(c.Key)] = c.Before
		}
	}
	return v
}

// Close lets go of the view.
func (v *View) Close() {
	v.txn.Discard()
	v.store.swap.RUnlock()
}

// Head is where the view stands.
func (v *View) Head() Head {
	if v.final != nil {
		return *v.final
	}
	h, err := readHead(v.txn)
	if err != nil {
		return Head{}
	}
	return Head{Batch: h.Batch, Size: h.Size, TimeUnixMs: h.TimeUnixMs}
}

// Get reads a state entry.
func (v *View) Get(key []byte) ([]byte, error) {
	if value, ok := v.before[string(key)]; ok {
		return value, nil
	}
	return get(v.txn, keyState(key))
}

// Scan reads state entries in order.
func (v *View) Scan(prefix, from []byte, limit int) ([]ledger.Entry, error) {
	o := badger.DefaultIteratorOptions
	o.Prefix = keyState(prefix)
	o.PrefetchSize = min(limit, 100)
	it := v.txn.NewIterator(o)
	defer it.Close()
	start := o.Prefix
	if bytes.Compare(from, prefix) > 0 {
		start = keyState(from)
	}
	var entries []ledger.Entry
	for it.Seek(start); it.Valid() && len(entries) < limit+len(v.before); it.Next() {
		key := it.Item().KeyCopy(nil)[1:]
		if _, changed := v.before[string(key)]; changed {
			continue
		}
		value, err := it.Item().ValueCopy(nil)
		if err != nil {
			return nil, fmt.Errorf("scan state: %w", err)
		}
		entries = append(entries, ledger.Entry{Key: key, Value: value})
	}
	for key, value := range v.before {
		if value != nil && strings.HasPrefix(key, string(prefix)) && key >= string(from) {
			entries = append(entries, ledger.Entry{Key: []byte(key), Value: value})
		}
	}
	if len(v.before) > 0 {
		slices.SortFunc(entries, func(a, b ledger.Entry) int { return bytes.Compare(a.Key, b.Key) })
	}
	return entries[:min(limit, len(entries))], nil
}

// ReadHashes reads stored hashes of the history tree.
func (v *View) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		raw, err := get(v.txn, key64(spaceHash, uint64(index)))
		if err != nil {
			return nil, err
		}
		if len(raw) != len(out[i]) {
			return nil, fmt.Errorf("stored hash %d: %w", index, ErrCorrupt)
		}
		copy(out[i][:], raw)
	}
	return out, nil
}

// read runs a function on the newest state.
func (s *Store) read(f func(txn *badger.Txn) error) error {
	s.swap.RLock()
	defer s.swap.RUnlock()
	return s.db.View(f)
}

// Leaf reads a leaf.
func (s *Store) Leaf(index uint64) (raw []byte, err error) {
	err = s.read(func(txn *badger.Txn) error {
		raw, err = get(txn, key64(spaceLeaf, index))
		if err == nil && raw == nil {
			err = fmt.Errorf("leaf %d is missing: %w", index, ErrCorrupt)
		}
		return err
	})
	return raw, err
}

// HeaderAfter tells of the batch that a leaf is in: where it ended, and when.
func (s *Store) HeaderAfter(leaf uint64) (h Head, err error) {
	err = s.read(func(txn *badger.Txn) error {
		o := badger.DefaultIteratorOptions
		o.Prefix, o.PrefetchSize = []byte{spaceHeader}, 1
		it := txn.NewIterator(o)
		defer it.Close()
		it.Seek(key64(spaceHeader, leaf))
		if !it.Valid() {
			return fmt.Errorf("header after leaf %d is missing: %w", leaf, ErrCorrupt)
		}
		h, err = headerOf(it.Item())
		return err
	})
	return h, err
}

func headerOf(item *badger.Item) (Head, error) {
	value, err := item.ValueCopy(nil)
	if err != nil || len(value) != 16 {
		return Head{}, fmt.Errorf("read header index: %w", ErrCorrupt)
	}
	return Head{
		Batch: binary.BigEndian.Uint64(value), TimeUnixMs: binary.BigEndian.Uint64(value[8:]), Size: binary.BigEndian.Uint64(item.Key()[1:]) + 1,
	}, nil
}

// IsBoundary says whether the tree of that size ends with a header leaf.
func (s *Store) IsBoundary(size uint64) bool {
	if size == 0 {
		return false
	}
	h, err := s.HeaderAfter(size - 1)
	return err == nil && h.Size == size
}

// Lookup finds the leaf of a transaction id or envelope hash.
func (s *Store) Lookup(id [32]byte) (leaf uint64, found bool, err error) {
	err = s.read(func(txn *badger.Txn) error {
		raw, err := get(txn, append([]byte{spaceLookup}, id[:]...))
		if err != nil || raw == nil {
			return err
		}
		if len(raw) != 8 {
			return fmt.Errorf("lookup entry: %w", ErrCorrupt)
		}
		leaf, found = binary.BigEndian.Uint64(raw), true
		return nil
	})
	return leaf, found, err
}

// History lists the leaves below before that touched an account, newest first.
func (s *Store) History(account tx.AccountID, before uint64, limit int) (leaves []uint64, err error) {
	if before == 0 {
		return nil, nil
	}
	err = s.read(func(txn *badger.Txn) error {
		o := badger.DefaultIteratorOptions
		o.Prefix, o.PrefetchValues = append([]byte{spaceHistory}, account[:]...), false
		it := txn.NewIterator(o)
		defer it.Close()
		for it.Seek(keyHistory(account, before-1)); it.Valid() && len(leaves) < limit; it.Next() {
			leaves = append(leaves, ^binary.BigEndian.Uint64(it.Item().Key()[17:]))
		}
		return nil
	})
	return leaves, err
}

// hashes reads stored hashes of the newest state.
func (s *Store) hashes() tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		v := s.View()
		defer v.Close()
		return v.ReadHashes(indexes)
	})
}

// Root is the root of the tree at a size.
func (s *Store) Root(size uint64) ([32]byte, error) {
	if head := s.Head(); size > head.Size {
		return [32]byte{}, fmt.Errorf("root at %d of %d leaves: %w", size, head.Size, ErrMismatch)
	}
	h, err := tlog.TreeHash(int64(size), s.hashes())
	if err != nil {
		return [32]byte{}, fmt.Errorf("root at %d: %w", size, err)
	}
	return h, nil
}

// Inclusion proves that a leaf is in the tree of a size.
func (s *Store) Inclusion(leaf, size uint64) ([][32]byte, error) {
	if size > s.Head().Size || leaf >= size {
		return nil, fmt.Errorf("inclusion of leaf %d in %d: %w", leaf, size, ErrMismatch)
	}
	proof, err := tlog.ProveRecord(int64(size), int64(leaf), s.hashes())
	if err != nil {
		return nil, fmt.Errorf("inclusion of leaf %d in %d: %w", leaf, size, err)
	}
	out := make([][32]byte, len(proof))
	for i, h := range proof {
		out[i] = h
	}
	return out, nil
}
