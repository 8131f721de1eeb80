package store

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Found writes the effects of the genesis into an empty store.
func (s *Store) Found(network tx.NetworkID, fx *ledger.Effects) error {
	if s.Founded() {
		return fmt.Errorf("found a ledger in %s: there is one: %w", s.dir, ErrMismatch)
	}
	return s.write(fx, applied{}, func(txn *badger.Txn) error {
		if err := txn.Set(metaFormat, []byte(format)); err != nil {
			return err
		}
		return txn.Set(metaNetwork, network[:])
	}, func() {
		s.founded, s.network, s.final = true, network, foundedFinal(fx.After)
	})
}

// foundedFinal is the final state before the first final checkpoint: the genesis itself.
func foundedFinal(h ledger.Head) final {
	return final{size: h.Size, batch: h.Batch, timeUnixMs: h.TimeUnixMs}
}

// Commit writes the effects of a batch that raft put at the index. It returns when they are on disk. ErrMismatch when they
// do not continue the head or the applied index.
func (s *Store) Commit(raftIndex, raftTerm uint64, fx *ledger.Effects) error {
	if head := s.Head(); fx.Before != head {
		return fmt.Errorf("commit batch %d on batch %d: %w", fx.After.Batch, head.Batch, ErrMismatch)
	}
	if index, _ := s.Applied(); raftIndex <= index {
		return fmt.Errorf("commit raft index %d after %d: %w", raftIndex, index, ErrMismatch)
	}
	record := undo{batch: fx.After.Batch, before: fx.Before, changes: fx.Changes}
	s.mu.Lock()
	record.applied = s.applied
	// Before the batch is visible to readers: a reader of the final state must find the before-images.
	s.pending = append(slices.Clip(s.pending), record)
	s.mu.Unlock()
	return s.write(fx, applied{raftIndex, raftTerm}, record.write, nil)
}

// Advance notes a raft entry that changed nothing.
func (s *Store) Advance(raftIndex, raftTerm uint64) error {
	a := applied{raftIndex, raftTerm}
	s.swap.RLock()
	defer s.swap.RUnlock()
	if err := s.db.Update(func(txn *badger.Txn) error { return txn.Set(metaApplied, a.encode()) }); err != nil {
		return fmt.Errorf("write applied index %d: %w", raftIndex, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.applied = a
	return nil
}

// write commits everything of a batch in one transaction. A crash before the transaction is on disk leaves nothing of the
// batch; a crash after it leaves all of it, and what is in memory is loaded from it again.
func (s *Store) write(fx *ledger.Effects, a applied, more func(*badger.Txn) error, then func()) error {
	s.swap.RLock()
	defer s.swap.RUnlock()
	err := s.db.Update(func(txn *badger.Txn) error {
		if err := writeEffects(txn, fx); err != nil {
			return err
		}
		if err := txn.Set(metaApplied, a.encode()); err != nil {
			return err
		}
		return more(txn)
	})
	if err != nil {
		return fmt.Errorf("write batch %d: %w", fx.After.Batch, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.head, s.applied = fx.After, a
	if then != nil {
		then()
	}
	return nil
}

func writeEffects(txn *badger.Txn, fx *ledger.Effects) error {
	for _, c := range fx.Changes {
		if err := set(txn, keyState(c.Key), c.After); err != nil {
			return err
		}
	}
	for _, leaf := range fx.Leaves {
		if err := writeLeaf(txn, leaf); err != nil {
			return err
		}
	}
	first := uint64(tlog.StoredHashCount(int64(fx.Before.Size)))
	for i, h := range fx.Hashes {
		if err := txn.Set(key64(spaceHash, first+uint64(i)), append([]byte(nil), h[:]...)); err != nil {
			return err
		}
	}
	if err := txn.Set(key64(spaceHeader, fx.After.Size-1), headerValue(fx.After)); err != nil {
		return err
	}
	return txn.Set(metaHead, encodeHead(fx.After))
}

func writeLeaf(txn *badger.Txn, leaf ledger.Leaf) error {
	if err := txn.Set(key64(spaceLeaf, leaf.Index), leaf.Raw); err != nil {
		return err
	}
	if leaf.Lookup != ([32]byte{}) {
		if err := txn.Set(append([]byte{spaceLookup}, leaf.Lookup[:]...), key64(0, leaf.Index)[1:]); err != nil {
			return err
		}
	}
	for _, account := range leaf.Accounts {
		if err := txn.Set(keyHistory(account, leaf.Index), []byte{}); err != nil {
			return err
		}
	}
	return nil
}

// set writes a value, or deletes the key when it is nil.
func set(txn *badger.Txn, key, value []byte) error {
	if value == nil {
		return txn.Delete(key)
	}
	return txn.Set(key, value)
}

func headerValue(h ledger.Head) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, h.Batch), h.TimeUnixMs)
}

func (a applied) encode() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, a.index), a.term)
}

// encodeHead writes batch, epoch, time, size, batch hash, root and state hash.
func encodeHead(h ledger.Head) []byte {
	var out []byte
	for _, n := range []uint64{h.Batch, h.Epoch, h.TimeUnixMs, h.Size} {
		out = binary.BigEndian.AppendUint64(out, n)
	}
	out = append(out, h.BatchHash[:]...)
	out = append(out, h.Root[:]...)
	return append(out, h.State.Bytes()...)
}

const headBytes = 4*8 + 32 + 32 + 2048

func decodeHead(raw []byte) (ledger.Head, error) {
	if len(raw) != headBytes {
		return ledger.Head{}, fmt.Errorf("head is %d bytes, not %d: %w", len(raw), headBytes, ErrCorrupt)
	}
	var h ledger.Head
	for i, n := range []*uint64{&h.Batch, &h.Epoch, &h.TimeUnixMs, &h.Size} {
		*n = binary.BigEndian.Uint64(raw[8*i:])
	}
	copy(h.BatchHash[:], raw[32:])
	copy(h.Root[:], raw[64:])
	var err error
	h.State, err = ledger.LtHashOf(raw[96:])
	return h, err
}

func readHead(txn *badger.Txn) (ledger.Head, error) {
	raw, err := get(txn, metaHead)
	if err != nil {
		return ledger.Head{}, err
	}
	return decodeHead(raw)
}
