package store

import (
	"bytes"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Replay founds the ledger again from the genesis and applies the whole history to it: every signature and rule is checked
// again, and every leaf, state root and tree root must come out as it was recorded. Progress, if given, hears of each
// batch. ErrCorrupt with the first difference. The state is kept in memory.
func (s *Store) Replay(g *genesis.Genesis, progress func(batch uint64)) (Report, error) {
	if err := s.CheckNetwork(g.Network()); err != nil {
		return Report{}, err
	}
	report, err := s.Audit()
	if err != nil {
		return report, err
	}
	fx, err := ledger.Found(g)
	if err != nil {
		return report, fmt.Errorf("found the ledger again: %w", err)
	}
	m := newMemory()
	if err := s.compare(m, fx); err != nil {
		return report, err
	}
	head := fx.After
	var envelopes [][]byte
	for index := head.Size; index < report.Leaves; index++ {
		raw, err := s.Leaf(index)
		if err != nil {
			return report, err
		}
		leaf, err := tx.ParseLeaf(raw)
		if err != nil {
			return report, fmt.Errorf("leaf %d: %v: %w", index, err, ErrCorrupt)
		}
		if leaf.Record != nil {
			envelopes = append(envelopes, leaf.Record.Envelope)
			continue
		}
		// The hash of the batch is not in the history; nothing but the order of batches depends on it.
		fx, err := ledger.Reapply(m, head, g.Network(), ledger.Verify(g.Network()), tx.BatchHash{}, leaf.Header.TimeUnixMs, envelopes)
		if err != nil {
			return report, fmt.Errorf("batch %d: %v: %w", head.Batch+1, err, ErrCorrupt)
		}
		if err := s.compare(m, fx); err != nil {
			return report, err
		}
		head, envelopes = fx.After, nil
		if progress != nil {
			progress(head.Batch)
		}
	}
	if stored := s.Head(); head.State != stored.State || head.Root != stored.Root {
		return report, fmt.Errorf("the history gives another state than the one stored: %w", ErrCorrupt)
	}
	return report, nil
}

// compare checks effects against the recorded leaves and takes them into the memory.
func (s *Store) compare(m *memory, fx *ledger.Effects) error {
	for _, leaf := range fx.Leaves {
		recorded, err := s.Leaf(leaf.Index)
		if err != nil {
			return err
		}
		if !bytes.Equal(recorded, leaf.Raw) {
			return fmt.Errorf("batch %d: leaf %d is not what the rules give: %w", fx.After.Batch, leaf.Index, ErrCorrupt)
		}
	}
	root, err := s.Root(fx.After.Size)
	if err != nil {
		return err
	}
	if root != fx.After.Root {
		return fmt.Errorf("batch %d: tree root is not what the rules give: %w", fx.After.Batch, ErrCorrupt)
	}
	m.apply(fx)
	return nil
}

// memory is a ledger.View in memory.
type memory struct {
	values map[string][]byte
	// keys are those of values, ascending.
	keys   []string
	hashes []tlog.Hash
}

func newMemory() *memory { return &memory{values: make(map[string][]byte)} }

func (m *memory) apply(fx *ledger.Effects) {
	for _, c := range fx.Changes {
		key := string(c.Key)
		at, found := slices.BinarySearch(m.keys, key)
		switch {
		case c.After == nil && found:
			m.keys = slices.Delete(m.keys, at, at+1)
			delete(m.values, key)
		case c.After != nil:
			if !found {
				m.keys = slices.Insert(m.keys, at, key)
			}
			m.values[key] = c.After
		}
	}
	m.hashes = append(m.hashes, fx.Hashes...)
}

// Get reads a state entry.
func (m *memory) Get(key []byte) ([]byte, error) { return m.values[string(key)], nil }

// Scan reads state entries in order.
func (m *memory) Scan(prefix, from []byte, limit int) ([]ledger.Entry, error) {
	at, _ := slices.BinarySearch(m.keys, max(string(prefix), string(from)))
	var entries []ledger.Entry
	for ; at < len(m.keys) && len(entries) < limit; at++ {
		key := []byte(m.keys[at])
		if !bytes.HasPrefix(key, prefix) {
			break
		}
		entries = append(entries, ledger.Entry{Key: key, Value: m.values[m.keys[at]]})
	}
	return entries, nil
}

// ReadHashes reads stored hashes.
func (m *memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(m.hashes)) {
			return nil, fmt.Errorf("stored hash %d is not there yet: %w", index, ErrCorrupt)
		}
		out[i] = m.hashes[index]
	}
	return out, nil
}
