package ledgertest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
)

// Memory keeps a ledger in maps: the plainest store that the rules can run on. It is a ledger.View of its newest batch.
//
// Invariant: Commit and Undo refuse effects that do not fit what is here, so a test that goes on after an error has
// lost nothing.
type Memory struct {
	head    ledger.Head
	entries map[string][]byte
	// sorted are the keys of entries, nil after the set of keys has changed.
	sorted []string
	hashes []tlog.Hash
	leaves [][]byte
}

var _ ledger.View = (*Memory)(nil)

// NewMemory is a store in which no ledger was founded yet.
func NewMemory() *Memory { return &Memory{entries: make(map[string][]byte)} }

// Head is where the ledger stands.
func (m *Memory) Head() ledger.Head { return m.head }

// Get reads a state entry.
func (m *Memory) Get(key []byte) ([]byte, error) {
	return m.entries[string(key)], nil // Not a copy: a caller that writes into it is found out by the audit.
}

// Scan reads entries in order.
func (m *Memory) Scan(prefix, from []byte, limit int) ([]ledger.Entry, error) {
	keys := m.keys()
	start, _ := slices.BinarySearch(keys, max(string(prefix), string(from)))
	var out []ledger.Entry
	for _, k := range keys[start:] {
		if len(out) == limit || !strings.HasPrefix(k, string(prefix)) {
			break
		}
		out = append(out, ledger.Entry{Key: []byte(k), Value: m.entries[k]})
	}
	return out, nil
}

func (m *Memory) keys() []string {
	if m.sorted == nil {
		m.sorted = slices.Sorted(maps.Keys(m.entries))
	}
	return m.sorted
}

// ReadHashes reads stored hashes of the history tree.
func (m *Memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range indexes {
		if i < 0 || i >= int64(len(m.hashes)) {
			return nil, fmt.Errorf("stored hash %d of %d", i, len(m.hashes))
		}
		out = append(out, m.hashes[i])
	}
	return out, nil
}

// Leaf reads a leaf of the history.
func (m *Memory) Leaf(index uint64) ([]byte, error) {
	if index >= uint64(len(m.leaves)) {
		return nil, fmt.Errorf("leaf %d of %d", index, len(m.leaves))
	}
	return m.leaves[index], nil
}

// Commit writes the effects of a batch.
func (m *Memory) Commit(fx *ledger.Effects) error {
	if fx.Before != m.head && len(m.leaves) > 0 {
		return fmt.Errorf("commit batch %d: the effects are of another head", fx.After.Batch)
	}
	if uint64(len(m.leaves)+len(fx.Leaves)) != fx.After.Size ||
		int64(len(m.hashes)+len(fx.Hashes)) != tlog.StoredHashCount(int64(fx.After.Size)) {
		return fmt.Errorf("commit batch %d: %d leaves and %d hashes do not reach size %d",
			fx.After.Batch, len(fx.Leaves), len(fx.Hashes), fx.After.Size)
	}
	for i, c := range fx.Changes {
		if i > 0 && bytes.Compare(fx.Changes[i-1].Key, c.Key) >= 0 {
			return fmt.Errorf("commit batch %d: change of %x is out of order", fx.After.Batch, c.Key)
		}
		if bytes.Equal(c.Before, c.After) && (c.Before == nil) == (c.After == nil) {
			return fmt.Errorf("commit batch %d: change of %x changes nothing", fx.After.Batch, c.Key)
		}
		if before, ok := m.entries[string(c.Key)]; ok != (c.Before != nil) || !bytes.Equal(before, c.Before) {
			return fmt.Errorf("commit batch %d: entry %x is not what the effects say", fx.After.Batch, c.Key)
		}
	}
	for _, c := range fx.Changes {
		m.set(c.Key, c.After)
	}
	for _, l := range fx.Leaves {
		m.leaves = append(m.leaves, slices.Clone(l.Raw))
	}
	m.hashes = append(m.hashes, fx.Hashes...)
	m.head = fx.After
	return nil
}

// Undo takes back the effects that were committed last.
func (m *Memory) Undo(fx *ledger.Effects) error {
	if fx.After != m.head {
		return fmt.Errorf("undo batch %d: it is not the last", fx.After.Batch)
	}
	for _, c := range fx.Changes {
		m.set(c.Key, c.Before)
	}
	m.leaves = m.leaves[:len(m.leaves)-len(fx.Leaves)]
	m.hashes = m.hashes[:len(m.hashes)-len(fx.Hashes)]
	m.head = fx.Before
	return nil
}

func (m *Memory) set(key, value []byte) {
	if _, known := m.entries[string(key)]; known == (value == nil) {
		m.sorted = nil
	}
	if value == nil {
		delete(m.entries, string(key))
		return
	}
	m.entries[string(key)] = slices.Clone(value)
}

// Export writes everything that is kept, in one order: two stores that hold the same export the same bytes.
func (m *Memory) Export() []byte {
	var out []byte
	part := func(b []byte) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(b)))
		out = append(out, b...)
	}
	part(fmt.Appendf(nil, "%d %x %d %d %d %x", m.head.Batch, m.head.BatchHash, m.head.Epoch, m.head.TimeUnixMs, m.head.Size, m.head.Root))
	part(m.head.State.Bytes())
	for _, k := range m.keys() {
		part([]byte(k))
		part(m.entries[k])
	}
	for _, h := range m.hashes {
		part(h[:])
	}
	for _, l := range m.leaves {
		part(l)
	}
	return out
}
