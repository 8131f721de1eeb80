package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
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
	hashes  *hashes
	// cache is of the newest state, which was this one at the version.
	cache   *cache
	version uint64
	done    sync.Once
}

var _ ledger.View = (*View)(nil)

// Head is where a view stands.
type Head struct {
	Batch, Size, TimeUnixMs uint64
}

// View opens the newest state.
func (s *Store) View() *View {
	_, v := s.HeadView()
	return v
}

// HeadView opens a view, and tells the head that it is of.
func (s *Store) HeadView() (ledger.Head, *View) {
	v, now := s.view()
	v.head = placeOf(now.head)
	return now.head, v
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
	v := &View{disk: s.disk, cache: s.cache, version: s.cache.now()}
	if s.disk != nil {
		v.txn = s.disk.db.NewTransaction(false)
		s.disk.viewsMu.Lock()
		s.disk.views[v] = struct{}{}
		s.disk.viewsMu.Unlock()
	}
	now := s.standing.Load()
	v.hashes = now.hashes
	return v, now
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
	if err := v.enter(); err != nil {
		return err
	}
	defer v.disk.mu.RUnlock()
	return f(v.txn)
}

// enter keeps the disk open until the caller unlocks it.
func (v *View) enter() error {
	if v.disk == nil {
		return ErrClosed
	}
	v.disk.mu.RLock()
	if v.disk.closed {
		v.disk.mu.RUnlock()
		return ErrClosed
	}
	return nil
}

// Get reads a state entry.
func (v *View) Get(key []byte) (value []byte, err error) {
	for _, u := range v.pending { // The oldest before-image is the one as of the final checkpoint.
		if value, changed := u.before(key); changed {
			return value, v.read(func(*badger.Txn) error { return nil })
		}
	}
	if err := v.enter(); err != nil {
		return nil, err
	}
	defer v.disk.mu.RUnlock()
	if value, known := v.cache.get(v.version, key); known {
		return value, nil
	}
	if value, err = get(v.txn, keyState(key)); err == nil {
		v.cache.read(v.version, key, value)
	}
	return value, err
}

// Get reads an entry of the newest state: for who reads few, and may read each of another state. A view costs more than the entry where that
// is known.
func (s *Store) Get(key []byte) ([]byte, error) {
	if value, known := s.cache.get(math.MaxUint64, key); known {
		return value, nil
	}
	for {
		view := s.View()
		value, err := view.Get(key)
		view.Close()
		if view.disk == nil || !errors.Is(err, ErrClosed) {
			return value, err
		} // Else Replace has closed it meanwhile.
	}
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
		o.Prefix, o.PrefetchValues = keyState(prefix), false // Values stand beside their keys: there is nothing to fetch.
		it := txn.NewIterator(o)
		defer it.Close()
		start := from
		if bytes.Compare(from, prefix) <= 0 {
			start = v.cache.start(v.version, prefix, prefix)
		}
		it.Seek(keyState(start))
		if bytes.Compare(from, prefix) <= 0 {
			v.scanned(prefix, it)
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

// scanned lets the cache know what a scan of a whole prefix came upon first.
func (v *View) scanned(prefix []byte, it *badger.Iterator) {
	switch {
	case len(prefix) == 0 || prefix[len(prefix)-1] == 0xff:
	case it.Valid():
		v.cache.scanned(v.version, prefix, it.Item().Key()[1:])
	default: // Nothing: the next prefix begins where this one ends.
		next := bytes.Clone(prefix)
		next[len(next)-1]++
		v.cache.scanned(v.version, prefix, next)
	}
}

// ReadHashes reads stored hashes of the history tree.
func (v *View) ReadHashes(indexes []int64) (out []tlog.Hash, err error) {
	err = v.read(func(txn *badger.Txn) error {
		out, err = v.hashes.read(txn, indexes)
		return err
	})
	return out, err
}

// walkLeaves runs over the leaves in order. ErrCorrupt when one is missing.
func (v *View) walkLeaves(f func(index uint64, raw []byte) error) error {
	index := uint64(0)
	return v.walk([]byte{spaceLeaf}, func(key, page []byte) error {
		if len(key) != 9 {
			return fmt.Errorf("page of leaves %x: %w", key, ErrCorrupt)
		}
		first, leaves, err := leavesOf(binary.BigEndian.Uint64(key[1:]), page)
		if err != nil {
			return err
		}
		if first != index {
			return fmt.Errorf("leaf %d is missing: %w", index, ErrCorrupt)
		}
		for _, raw := range leaves {
			if err := f(index, raw); err != nil {
				return err
			}
			index++
		}
		return nil
	})
}

// walkState runs over the state entries in order, each under its key on disk.
func (v *View) walkState(f func(key, value []byte) error) error {
	before := make(map[string][]byte)
	for i := len(v.pending) - 1; i >= 0; i-- { // Newest first, so that the oldest before-image stays.
		for _, c := range v.pending[i].changes {
			before[string(keyState(c.Key))] = c.Before
		}
	}
	left := slices.Sorted(maps.Keys(before))
	upTo := func(key []byte) error {
		for ; len(left) > 0 && (key == nil || left[0] < string(key)); left = left[1:] {
			if value := before[left[0]]; value != nil {
				if err := f([]byte(left[0]), value); err != nil {
					return err
				}
			}
		}
		return nil
	}
	err := v.walk([]byte{spaceState}, func(key, value []byte) error {
		if err := upTo(key); err != nil {
			return err
		}
		if _, changed := before[string(key)]; changed {
			return nil // It is the next that is left.
		}
		return f(key, value)
	})
	if err == nil {
		err = upTo(nil)
	}
	return err
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
			o.Prefix, o.PrefetchValues = prefix, false
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
