package store

import (
	"bytes"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/genesis"
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
	m := newMemory(s.Leaf)
	if err := s.compare(m, fx); err != nil {
		return report, err
	}
	head := fx.After
	parts, stop := s.recorded(g.Network(), head.Size, report.Leaves)
	defer stop()
	for part := range parts {
		for _, batch := range (<-part).batches {
			if batch.err != nil {
				return report, batch.err
			}
			fx, err := ledger.Reapply(m, head, g.Network(), batch.verdict, batch.at, batch.envelopes)
			if err != nil {
				return report, fmt.Errorf("batch %d: %v: %w", head.Batch+1, err, ErrCorrupt)
			}
			if err := s.compare(m, fx); err != nil {
				return report, err
			}
			head = fx.After
			if progress != nil {
				progress(head.Batch)
			}
		}
	}
	if head.Root != report.Root {
		return report, fmt.Errorf("the history gives another tree than the one stored: %w", ErrCorrupt)
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
	return m.apply(fx)
}
