package ledger

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// overlay collects the changes of a batch over the view before it. A transaction works on it between begin and either
// keep or drop, so that a refused transaction leaves nothing.
type overlay struct {
	view View
	// cells are the entries that were read or written.
	cells map[string]*cell
	// slab is where the next cells come from: one at a time would be most of what a batch allocates.
	slab []cell
	// drafts are written by the open transaction, written by those before it.
	drafts, written []*cell

	size   int64 // leaves, with those appended
	hashes []tlog.Hash
	first  int64 // stored index of hashes[0]
}

// cell is a state entry in a batch; nil values are absent.
type cell struct {
	key string
	// before is the view's value once looked at, after that of the transactions kept, draft that of the open one.
	before, after, draft      []byte
	looked, written, drafting bool
}

func newOverlay(view View, size uint64) *overlay {
	return &overlay{view: view, cells: make(map[string]*cell), size: int64(size), first: tlog.StoredHashCount(int64(size))}
}

func (o *overlay) cell(key []byte) *cell {
	if c, ok := o.cells[string(key)]; ok {
		return c
	}
	if len(o.slab) == 0 {
		o.slab = make([]cell, 128)
	}
	c := &o.slab[0]
	o.slab = o.slab[1:]
	c.key = string(key)
	o.cells[c.key] = c
	return c
}

// get reads through the draft, the kept changes and the view.
func (o *overlay) get(key []byte) ([]byte, error) {
	c := o.cell(key)
	switch {
	case c.drafting:
		return c.draft, nil
	case c.written:
		return c.after, nil
	}
	return o.look(c)
}

// look reads the view, once.
func (o *overlay) look(c *cell) ([]byte, error) {
	if !c.looked {
		v, err := o.view.Get([]byte(c.key))
		if err != nil {
			return nil, fmt.Errorf("read state entry %x: %w", c.key, err)
		}
		c.before, c.looked = v, true
	}
	return c.before, nil
}

// scanned takes what a scan of the view has given.
func (o *overlay) scanned(e Entry) {
	if c := o.cell(e.Key); !c.looked {
		c.before, c.looked = e.Value, true
	}
}

// put writes a value into the draft; nil deletes.
func (o *overlay) put(key, value []byte) {
	c := o.cell(key)
	if !c.drafting {
		c.drafting = true
		o.drafts = append(o.drafts, c)
	}
	c.draft = value
}

// keep makes the draft part of the batch.
func (o *overlay) keep() {
	for _, c := range o.drafts {
		if !c.written {
			o.written = append(o.written, c)
		}
		c.after, c.written, c.draft, c.drafting = c.draft, true, nil, false
	}
	o.drafts = o.drafts[:0]
}

// drop forgets the draft.
func (o *overlay) drop() {
	for _, c := range o.drafts {
		c.draft, c.drafting = nil, false
	}
	o.drafts = o.drafts[:0]
}

// changes lists what the batch changed, ascending by key, without writes that came back to the value before.
func (o *overlay) changes() ([]Change, error) {
	slices.SortFunc(o.written, func(a, b *cell) int { return strings.Compare(a.key, b.key) })
	changes := make([]Change, 0, len(o.written))
	for _, c := range o.written {
		before, err := o.look(c)
		if err != nil {
			return nil, err
		}
		if (before == nil) == (c.after == nil) && bytes.Equal(before, c.after) {
			continue
		}
		changes = append(changes, Change{Key: []byte(c.key), Before: before, After: c.after})
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
