package ledger

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// overlay collects the changes of a batch over the view before it. A transaction works on it between begin and either
// keep or drop, so that a refused transaction leaves nothing.
//
// Keys given to it are copied, so that they can lie on the caller's stack: a payment names about twenty.
type overlay struct {
	view View
	// cells are the entries that were read or written.
	cells map[string]*cell
	// found is the cell looked for last: what is read is often written next.
	found *cell
	// slab is where the next cells come from, keys where their keys do, values where values do: one at a time would be most of what a
	// batch allocates.
	slab   []cell
	keys   strings.Builder
	values []byte
	// asked is the key that the view is asked for.
	asked []byte
	// drafts are written by the open transaction, written by those before it.
	drafts, written []*cell

	history
}

// cell is a state entry in a batch; nil values are absent.
type cell struct {
	key string
	// before is the view's value once looked at, after that of the transactions kept, draft that of the open one.
	before, after, draft      []byte
	looked, written, drafting bool
	// meaning is what the value meant when it was decoded last (known).
	meaning any
}

const (
	cellSlab  = 128
	keySlab   = 4 << 10
	valueSlab = 4 << 10
)

// newOverlay makes an overlay for so many cells, more or less.
func newOverlay(view View, size uint64, cells int) *overlay {
	return &overlay{view: view, cells: make(map[string]*cell, cells), history: newHistory(view, size)}
}

func (o *overlay) cell(key []byte) *cell {
	if o.found != nil && o.found.key == string(key) {
		return o.found
	}
	c, ok := o.cells[string(key)]
	if !ok {
		c = o.newCell(key)
	}
	o.found = c
	return c
}

func (o *overlay) newCell(key []byte) *cell {
	if len(o.slab) == 0 {
		o.slab = make([]cell, cellSlab)
	}
	c := &o.slab[0]
	o.slab = o.slab[1:]
	if o.keys.Len()+len(key) > o.keys.Cap() { // The keys before stay what they are: they are not moved.
		o.keys = strings.Builder{}
		o.keys.Grow(max(keySlab, len(key)))
	}
	o.keys.Write(key)
	c.key = o.keys.String()[o.keys.Len()-len(key):]
	o.cells[c.key] = c
	return c
}

// room gives an empty slice for a value of n bytes.
func (o *overlay) room(n int) []byte {
	if cap(o.values)-len(o.values) < n {
		o.values = make([]byte, 0, max(valueSlab, n))
	}
	at := len(o.values)
	o.values = o.values[:at+n]
	return o.values[at : at : at+n]
}

// get reads through the draft, the kept changes and the view.
func (o *overlay) get(key []byte) ([]byte, error) { return o.value(o.cell(key)) }

func (o *overlay) value(c *cell) ([]byte, error) {
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
		o.asked = append(o.asked[:0], c.key...)
		v, err := o.view.Get(o.asked)
		if err != nil {
			return nil, fmt.Errorf("read state entry %x: %w", c.key, err)
		}
		c.before, c.looked = v, true
	}
	return c.before, nil
}

// meant is a decoded value with its bytes.
type meant[T any] struct {
	raw   []byte
	value T
}

// known reads and decodes an entry that many transactions of a batch read and few change. As long as its bytes are the same, it is decoded
// once; so the caller does not change what it gets. Nil when there is no entry.
func known[T any](o *overlay, key []byte, decode func([]byte) (T, error)) (*T, error) {
	c := o.cell(key)
	raw, err := o.value(c)
	if err != nil || raw == nil {
		return nil, err
	}
	if m, ok := c.meaning.(*meant[T]); ok && bytes.Equal(m.raw, raw) {
		return &m.value, nil
	}
	value, err := decode(raw)
	if err != nil {
		return nil, err
	}
	m := &meant[T]{raw, value}
	c.meaning = m
	return &m.value, nil
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

// placed is a cell with the first bytes of its key as a number, which mostly says where it stands among others.
type placed struct {
	first uint64
	*cell
}

// sort brings what was written into the order of keys.
func (o *overlay) sort() {
	all := make([]placed, len(o.written))
	for i, c := range o.written {
		var first [8]byte // A shorter key ends in zeros, which come before whatever a longer one has there.
		copy(first[:], c.key)
		all[i] = placed{binary.BigEndian.Uint64(first[:]), c}
	}
	slices.SortFunc(all, func(a, b placed) int {
		if a.first != b.first {
			return cmp.Compare(a.first, b.first)
		}
		return strings.Compare(a.key, b.key)
	})
	for i, p := range all {
		o.written[i] = p.cell
	}
}

// changes lists what the batch changed, ascending by key, without writes that came back to the value before.
func (o *overlay) changes() ([]Change, error) {
	o.sort()
	size := 0
	for _, c := range o.written {
		size += len(c.key)
	}
	keys := make([]byte, 0, size)
	changes := make([]Change, 0, len(o.written))
	for _, c := range o.written {
		before, err := o.look(c)
		if err != nil {
			return nil, err
		}
		if (before == nil) == (c.after == nil) && bytes.Equal(before, c.after) {
			continue
		}
		at := len(keys)
		keys = append(keys, c.key...)
		changes = append(changes, Change{Key: keys[at:len(keys):len(keys)], Before: before, After: c.after})
	}
	return changes, nil
}
