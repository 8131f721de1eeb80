package store

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"github.com/dgraph-io/badger/v4"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
)

// View is a consistent state that later commits do not touch. It must be closed, and is for one goroutine. After Replace
// or Close of the store its reads are ErrClosed.
type View struct {
	disk *disk
	txn  *badger.Txn
	head Head
	// pending are the batches to look behind, oldest first; nil for a view of the newest state.
	pending []undo
	done    sync.Once
}

var _ ledger.View = (*View)(nil)

// Head is where a view stands.
type Head struct {
	Batch, Size, TimeUnixMs uint64
}

// View opens the newest state.
func (s *Store) View() *View {
	v, now := s.view()
	v.head = placeOf(now.head)
	return v
}

// FinalView opens the state as of the final checkpoint; before the first, that is the genesis.
func (s *Store) FinalView() *View {
	v, now := s.view()
	v.head, v.pending = now.final.floor, now.pending
	return v
}

// view opens a transaction and tells where the store stood at it.
func (s *Store) view() (*View, *standing) {
	s.visible.RLock()
	defer s.visible.RUnlock()
	v := &View{disk: s.disk}
	if s.disk != nil {
		v.txn = s.disk.db.NewTransaction(false)
		s.disk.viewsMu.Lock()
		s.disk.views[v] = struct{}{}
		s.disk.viewsMu.Unlock()
	}
	return v, s.standing.Load()
}

// Close lets go of the view.
func (v *View) Close() {
	if v.disk == nil {
		return
	}
	v.done.Do(func() {
		v.disk.viewsMu.Lock()
		defer v.disk.viewsMu.Unlock()
		if _, open := v.disk.views[v]; open {
			delete(v.disk.views, v)
			v.txn.Discard()
		}
	})
}

// Head is where the view stands.
func (v *View) Head() Head { return v.head }

// read runs a function on the view's transaction unless the store was closed under it.
func (v *View) read(f func(txn *badger.Txn) error) error {
	if v.disk == nil {
		return ErrClosed
	}
	v.disk.mu.RLock()
	defer v.disk.mu.RUnlock()
	if v.disk.closed {
		return ErrClosed
	}
	return f(v.txn)
}

// Get reads a state entry.
func (v *View) Get(key []byte) (value []byte, err error) {
	for _, u := range v.pending { // The oldest before-image is the one as of the final checkpoint.
		if value, changed := u.before(key); changed {
			return value, v.read(func(*badger.Txn) error { return nil })
		}
	}
	err = v.read(func(txn *badger.Txn) error {
		value, err = get(txn, keyState(key))
		return err
	})
	return value, err
}

// Scan reads state entries in order.
func (v *View) Scan(prefix, from []byte, limit int) ([]ledger.Entry, error) {
	before := make(map[string][]byte)
	for i := len(v.pending) - 1; i >= 0; i-- { // Newest first, so that the oldest before-image stays.
		for _, c := range v.pending[i].from(prefix, from) {
			before[string(c.Key)] = c.Before
		}
	}
	entries := make([]ledger.Entry, 0, min(limit, 256))
	for key, value := range before {
		if value != nil {
			entries = append(entries, ledger.Entry{Key: []byte(key), Value: value})
		}
	}
	unchanged := 0
	err := v.read(func(txn *badger.Txn) error {
		o := badger.DefaultIteratorOptions
		o.Prefix, o.PrefetchSize = keyState(prefix), max(1, min(limit, 100))
		it := txn.NewIterator(o)
		defer it.Close()
		it.Rewind()
		if bytes.Compare(from, prefix) > 0 {
			it.Seek(keyState(from))
		}
		for ; it.Valid() && unchanged < limit; it.Next() {
			key := it.Item().KeyCopy(nil)[1:]
			if _, changed := before[string(key)]; changed {
				continue
			}
			value, err := valueOf(it.Item())
			if err != nil {
				return fmt.Errorf("scan state: %w", err)
			}
			entries = append(entries, ledger.Entry{Key: key, Value: value})
			unchanged++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(before) > 0 {
		slices.SortFunc(entries, func(a, b ledger.Entry) int { return bytes.Compare(a.Key, b.Key) })
	}
	return entries[:min(limit, len(entries))], nil
}

// ReadHashes reads stored hashes of the history tree.
func (v *View) ReadHashes(indexes []int64) (hashes []tlog.Hash, err error) {
	err = v.read(func(txn *badger.Txn) error {
		hashes, err = readHashes(txn, indexes)
		return err
	})
	return hashes, err
}

func readHashes(txn *badger.Txn, indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		raw, err := get(txn, key64(spaceHash, uint64(index)))
		if err != nil {
			return nil, err
		}
		if len(raw) != len(out[i]) {
			return nil, fmt.Errorf("stored hash %d is missing: %w", index, ErrCorrupt)
		}
		copy(out[i][:], raw)
	}
	return out, nil
}

// walkBytes is how much walk reads before it lets others at the store.
const walkBytes = 256 << 10

// walk runs over the keys of a prefix in order, whatever their keyspace. It reads in portions, so that a slow f does not
// hold up Replace or Close; after them it is ErrClosed.
func (v *View) walk(prefix []byte, f func(key, value []byte) error) error {
	from, more := prefix, true
	for more {
		var portion []image
		err := v.read(func(txn *badger.Txn) error {
			o := badger.DefaultIteratorOptions
			o.Prefix = prefix
			it := txn.NewIterator(o)
			defer it.Close()
			size := 0
			for it.Seek(from); it.Valid() && size < walkBytes; it.Next() {
				value, err := valueOf(it.Item())
				if err != nil {
					return err
				}
				key := it.Item().KeyCopy(nil)
				portion = append(portion, image{key, value})
				size += len(key) + len(value)
			}
			more = it.Valid()
			return nil
		})
		if err != nil {
			return fmt.Errorf("walk %q: %w", prefix, err)
		}
		for _, m := range portion {
			if err := f(m.key, m.value); err != nil {
				return err
			}
			from = append(m.key, 0)
		}
	}
	return nil
}
