package store

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
)

// memory is a ledger.View in memory, for a replay that must not lean on what is on disk.
type memory struct {
	values map[string][]byte
	keys   shelf
	tree   frontier
	// leaf reads a leaf that the replay has compared already: the rule of returns asks for the hash of any.
	leaf func(index uint64) ([]byte, error)
}

var _ ledger.View = (*memory)(nil)

func newMemory(leaf func(index uint64) ([]byte, error)) *memory {
	return &memory{values: make(map[string][]byte), leaf: leaf}
}

func (m *memory) apply(fx *ledger.Effects) error {
	for _, c := range fx.Changes {
		key := string(c.Key)
		_, had := m.values[key]
		switch {
		case c.After == nil:
			m.keys.remove(key)
			delete(m.values, key)
		case !had:
			m.keys.insert(key)
			fallthrough
		default:
			m.values[key] = bytes.Clone(c.After) // It lies among others of its batch, which it would keep.
		}
	}
	for _, leaf := range fx.Leaves {
		if _, err := m.tree.append(leaf.Raw); err != nil {
			return err
		}
	}
	return nil
}

// Get reads a state entry.
func (m *memory) Get(key []byte) ([]byte, error) { return m.values[string(key)], nil }

// Scan reads state entries in order.
func (m *memory) Scan(prefix, from []byte, limit int) ([]ledger.Entry, error) {
	var entries []ledger.Entry
	m.keys.from(max(string(prefix), string(from)), func(key string) bool {
		if len(entries) == limit || !strings.HasPrefix(key, string(prefix)) {
			return false
		}
		entries = append(entries, ledger.Entry{Key: []byte(key), Value: m.values[key]})
		return true
	})
	return entries, nil
}

// ReadHashes reads the stored hashes that the next leaf and the root need, and that of any leaf.
func (m *memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hash, ok := m.tree.get(index)
		if level, n := tlog.SplitStoredHashIndex(index); !ok && level == 0 && n < m.tree.size {
			raw, err := m.leaf(uint64(n))
			if err != nil {
				return nil, err
			}
			hash, ok = tlog.RecordHash(raw), true
		}
		if !ok {
			return nil, fmt.Errorf("replay: stored hash %d is behind the edge: %w", index, ErrCorrupt)
		}
		out[i] = hash
	}
	return out, nil
}

// shelfBoard bounds a board of a shelf.
const shelfBoard = 1024

// shelf is a sorted set of keys, in boards so that an insertion moves few of them.
//
// Invariant: no board is empty; boards are ascending, and so are the keys of each.
type shelf struct {
	boards [][]string
}

// board is the one where a key is or belongs.
func (s *shelf) board(key string) int {
	i, found := slices.BinarySearchFunc(s.boards, key, func(b []string, key string) int { return strings.Compare(b[0], key) })
	if !found && i > 0 {
		i--
	}
	return i
}

func (s *shelf) insert(key string) {
	if len(s.boards) == 0 {
		s.boards = [][]string{{key}}
		return
	}
	i := s.board(key)
	at, found := slices.BinarySearch(s.boards[i], key)
	if found {
		return
	}
	s.boards[i] = slices.Insert(s.boards[i], at, key)
	if b := s.boards[i]; len(b) > shelfBoard {
		half := len(b) / 2
		s.boards[i] = b[:half:half]
		s.boards = slices.Insert(s.boards, i+1, slices.Clone(b[half:]))
	}
}

func (s *shelf) remove(key string) {
	if len(s.boards) == 0 {
		return
	}
	i := s.board(key)
	at, found := slices.BinarySearch(s.boards[i], key)
	if !found {
		return
	}
	s.boards[i] = slices.Delete(s.boards[i], at, at+1)
	if len(s.boards[i]) == 0 {
		s.boards = slices.Delete(s.boards, i, i+1)
	}
}

// from gives the keys from one on, in order, until f is false.
func (s *shelf) from(key string, f func(key string) bool) {
	if len(s.boards) == 0 {
		return
	}
	for i := s.board(key); i < len(s.boards); i++ {
		at, _ := slices.BinarySearch(s.boards[i], key)
		for _, k := range s.boards[i][at:] {
			if !f(k) {
				return
			}
		}
	}
}
