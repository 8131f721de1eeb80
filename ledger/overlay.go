package ledger

import (
	"bytes"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// overlay collects the changes of a batch over the view before it. A transaction works on it between begin and either
// keep or drop, so that a refused transaction leaves nothing.
type overlay struct {
	view View
	// before holds the view's value of every key that was read or written.
	before map[string][]byte
	// written holds the kept values; nil means deleted.
	written map[string][]byte
	// draft holds the values of the open transaction.
	draft map[string][]byte

	size   int64 // leaves, with those appended
	hashes []tlog.Hash
	first  int64 // stored index of hashes[0]
}

func newOverlay(view View, size uint64) *overlay {
	return &overlay{
		view: view, before: make(map[string][]byte), written: make(map[string][]byte), draft: make(map[string][]byte),
		size: int64(size), first: tlog.StoredHashCount(int64(size)),
	}
}

// get reads through the draft, the kept changes and the view.
func (o *overlay) get(key []byte) ([]byte, error) {
	if v, ok := o.draft[string(key)]; ok {
		return v, nil
	}
	if v, ok := o.written[string(key)]; ok {
		return v, nil
	}
	return o.viewed(key)
}

func (o *overlay) viewed(key []byte) ([]byte, error) {
	if v, ok := o.before[string(key)]; ok {
		return v, nil
	}
	v, err := o.view.Get(key)
	if err != nil {
		return nil, fmt.Errorf("read state entry %x: %w", key, err)
	}
	o.before[string(key)] = v
	return v, nil
}

// put writes a value into the draft; nil deletes.
func (o *overlay) put(key, value []byte) { o.draft[string(key)] = value }

// keep makes the draft part of the batch.
func (o *overlay) keep() {
	for k, v := range o.draft { // Order does not matter: keys are distinct.
		o.written[k] = v
	}
	clear(o.draft)
}

// drop forgets the draft.
func (o *overlay) drop() { clear(o.draft) }

// changes lists what the batch changed, ascending by key, without writes that came back to the value before.
func (o *overlay) changes() ([]Change, error) {
	keys := make([]string, 0, len(o.written))
	for k := range o.written {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	changes := make([]Change, 0, len(keys))
	for _, k := range keys {
		before, err := o.viewed([]byte(k))
		if err != nil {
			return nil, err
		}
		after := o.written[k]
		if (before == nil) == (after == nil) && bytes.Equal(before, after) {
			continue
		}
		changes = append(changes, Change{Key: []byte(k), Before: before, After: after})
	}
	return changes, nil
}

// append adds a leaf to the history tree.
func (o *overlay) append(leaf []byte) error {
	hashes, err := tlog.StoredHashesForRecordHash(o.size, tlog.RecordHash(leaf), o)
	if err != nil {
		return fmt.Errorf("hash leaf %d: %w", o.size, err)
	}
	o.hashes = append(o.hashes, hashes...)
	o.size++
	return nil
}

// root is the tree's root with the leaves appended.
func (o *overlay) root() ([32]byte, error) {
	h, err := tlog.TreeHash(o.size, o)
	if err != nil {
		return [32]byte{}, fmt.Errorf("hash tree of %d leaves: %w", o.size, err)
	}
	return h, nil
}

// ReadHashes reads stored hashes, those of this batch included.
func (o *overlay) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	var ask []int64
	for i, index := range indexes {
		if index >= o.first {
			if index-o.first >= int64(len(o.hashes)) {
				return nil, fmt.Errorf("stored hash %d is not there yet: %w", index, ErrCorrupt)
			}
			out[i] = o.hashes[index-o.first]
		} else {
			ask = append(ask, index)
		}
	}
	if len(ask) == 0 {
		return out, nil
	}
	stored, err := o.view.ReadHashes(ask)
	if err != nil {
		return nil, fmt.Errorf("read stored hashes: %w", err)
	}
	if len(stored) != len(ask) {
		return nil, fmt.Errorf("read %d of %d stored hashes: %w", len(stored), len(ask), ErrCorrupt)
	}
	for i, index := range indexes {
		if index < o.first {
			out[i], stored = stored[0], stored[1:]
		}
	}
	return out, nil
}
