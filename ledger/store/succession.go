package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/dgraph-io/badger/v4"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// The validator sets that followed each other are kept with the proof of each change: the final checkpoint of its boundary. Nothing else
// of the store has them, since the state knows the newest set only, and a proof is not part of it. What is kept is final.

// maxChanges bounds what a snapshot may bring.
const maxChanges = 4096

func keySets(i int) []byte { return binary.BigEndian.AppendUint32([]byte("msets"), uint32(i)) }

// Succession is the validator sets, up to the last one whose boundary is final here.
func (s *Store) Succession() checkpoint.Succession { return *s.standing.Load().sets }

// readSets reads the sets. Before the first change, the set is that of the state.
func readSets(txn *badger.Txn) (*checkpoint.Succession, error) {
	var out checkpoint.Succession
	raw, err := get(txn, keySets(0))
	if err == nil && raw == nil {
		state := ledger.ReadBy(func(key []byte) ([]byte, error) { return get(txn, append([]byte{spaceState}, key...)) })
		if out.First, err = state.SetBefore(); err == nil && out.First == nil {
			out.First, err = state.ValidatorSet()
		}
		return &out, err
	}
	if err == nil {
		out.First, err = checkpoint.ParseValidatorSet(raw)
	}
	for i := 1; err == nil; i++ {
		if raw, err = get(txn, keySets(i)); err != nil || raw == nil {
			break
		}
		var c checkpoint.SetChange
		if c, err = checkpoint.ParseSetChange(raw); err == nil {
			out.Changes = append(out.Changes, c)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read validator sets: %w", err)
	}
	return &out, nil
}

// foundedSets is the set of a genesis, by its effects.
func foundedSets(fx *ledger.Effects) (*checkpoint.Succession, error) {
	entries := make(map[string][]byte, len(fx.Changes))
	for _, c := range fx.Changes {
		entries[string(c.Key)] = c.After
	}
	first, err := ledger.ReadBy(func(key []byte) ([]byte, error) { return entries[string(key)], nil }).ValidatorSet()
	return &checkpoint.Succession{First: first}, err
}

// putSets writes what is new of a succession.
func putSets(put func(key, value []byte) error, s checkpoint.Succession, from int) error {
	err := put(keySets(0), s.First.Encode())
	for i := from; i < len(s.Changes) && err == nil; i++ {
		var raw []byte
		if raw, err = s.Changes[i].Encode(); err == nil {
			err = put(keySets(i+1), raw)
		}
	}
	return err
}

// succeed gives the sets once the checkpoint of a size is final: one more if that is the boundary of a set that waits.
func (s *Store) succeed(now *standing, note []byte, size uint64) (*checkpoint.Succession, error) {
	if size != now.head.Size {
		return now.sets, nil
	}
	v := s.View()
	defer v.Close()
	before, err := ledger.Read(v).SetBefore()
	if err != nil || before == nil {
		return now.sets, err
	}
	set, err := ledger.Read(v).ValidatorSet()
	if err != nil {
		return nil, err
	}
	c := checkpoint.SetChange{Set: set, Proof: checkpoint.Proof{LeafIndex: size - 1, Checkpoint: append([]byte{}, note...)}}
	if c.Leaf, err = s.Leaf(size - 1); err != nil {
		return nil, err
	}
	if c.Inclusion, err = s.Inclusion(size-1, size); err != nil {
		return nil, err
	}
	next := now.sets.With(c)
	return &next, nil
}

// ProvenBy checks the cosignatures of a snapshot's notes: the sets that it brings follow from the first one, and a quorum of those in
// force has made its head final.
func ProvenBy(network tx.NetworkID, first checkpoint.ValidatorSet) func(SnapshotHeader) error {
	return func(h SnapshotHeader) error {
		if h.Network != network {
			return fmt.Errorf("snapshot is of network %s, not %s: %w", h.Network, network, ErrOtherNetwork)
		}
		if h.Sets.First.Hash() != first.Hash() {
			return fmt.Errorf("snapshot begins with another validator set: %w", ErrUnproven)
		}
		if _, err := checkpoint.Follow(checkpoint.Trust{Network: network, Validators: first}, h.Sets.Changes); err != nil {
			return fmt.Errorf("validator sets of the snapshot: %v: %w", err, ErrUnproven)
		}
		c, _, err := h.Sets.Open(network, h.Proof)
		if err != nil {
			return fmt.Errorf("proof of the snapshot: %v: %w", err, ErrUnproven)
		}
		g := checkpoint.Growth{From: h.Head.Size, FromRoot: h.Head.Root, Hashes: h.Consistency}
		if err := g.Verify(c); err != nil {
			return fmt.Errorf("checkpoint of size %d does not contain the head of size %d: %w", c.Size, h.Head.Size, ErrUnproven)
		}
		if h.NoteSize == 0 {
			return nil
		}
		if c, _, err = h.Sets.Open(network, h.Note); err != nil || c.Size != h.NoteSize || c.Root != h.NoteRoot {
			return fmt.Errorf("last checkpoint of the snapshot: %v: %w", err, ErrUnproven)
		}
		return nil
	}
}

// encodeSets and sets are the sets in a snapshot's header.
func encodeSets(out []byte, s checkpoint.Succession) ([]byte, error) {
	parts := [][]byte{s.First.Encode()}
	for _, c := range s.Changes {
		raw, err := c.Encode()
		if err != nil {
			return nil, err
		}
		parts = append(parts, raw)
	}
	out = binary.BigEndian.AppendUint32(out, uint32(len(parts)))
	for _, p := range parts {
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(p))), p...)
	}
	return out, nil
}

func (r *snapshotReader) sets() (s checkpoint.Succession) {
	n := binary.BigEndian.Uint32(r.take(4))
	if n == 0 || n > maxChanges+1 {
		r.err = errors.Join(r.err, fmt.Errorf("snapshot of %d validator sets: %w", n, ErrCorrupt))
	}
	for i := uint32(0); i < n && r.err == nil; i++ {
		raw := r.note()
		if r.err != nil {
			break
		}
		if i == 0 {
			s.First, r.err = checkpoint.ParseValidatorSet(raw)
			continue
		}
		var c checkpoint.SetChange
		if c, r.err = checkpoint.ParseSetChange(raw); r.err == nil {
			s.Changes = append(s.Changes, c)
		}
	}
	if r.err != nil && !errors.Is(r.err, ErrCorrupt) && !errors.Is(r.err, io.ErrUnexpectedEOF) {
		r.err = fmt.Errorf("validator sets of the snapshot: %w: %w", r.err, ErrCorrupt)
	}
	return s
}
