package store

import (
	"encoding/binary"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// SetFinal stores a final checkpoint with its cosignatures. The size must be the end of a batch and the root this tree's;
// a smaller size than the one known is ignored. Undo records at and below it are dropped in the same transaction: what is
// final is never taken back.
func (s *Store) SetFinal(note []byte, size uint64, root [32]byte) error {
	s.mu.RLock()
	known, pending := s.final, s.pending
	s.mu.RUnlock()
	if known.note != nil && size <= known.size {
		return nil
	}
	own, err := s.Root(size)
	if err != nil {
		return err
	}
	h, err := s.HeaderAfter(size - 1)
	if err != nil {
		return err
	}
	if own != root || h.Size != size {
		return fmt.Errorf("final checkpoint of size %d has another root, or is no batch's end: %w", size, ErrMismatch)
	}
	next := final{note: note, size: size, batch: h.Batch, timeUnixMs: h.TimeUnixMs}
	keep := 0
	for keep < len(pending) && pending[keep].batch <= next.batch {
		keep++
	}
	s.swap.RLock()
	defer s.swap.RUnlock()
	err = s.db.Update(func(txn *badger.Txn) error {
		for _, u := range pending[:keep] {
			if err := deleteUndo(txn, u); err != nil {
				return err
			}
		}
		return txn.Set(metaFinal, next.encode())
	})
	if err != nil {
		return fmt.Errorf("write final checkpoint of size %d: %w", size, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.final = next
	// A batch may have been committed meanwhile: drop from what is there now.
	rest := s.pending
	for len(rest) > 0 && rest[0].batch <= next.batch {
		rest = rest[1:]
	}
	s.pending = append([]undo(nil), rest...)
	return nil
}

// Final is the final checkpoint's note and size; false before the first.
func (s *Store) Final() (note []byte, size uint64, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.final.note, s.final.size, s.final.note != nil
}

// FinalHead is where the ledger stood at the final checkpoint; before the first, that is the genesis.
func (s *Store) FinalHead() Head {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Head{Batch: s.final.batch, Size: s.final.size, TimeUnixMs: s.final.timeUnixMs}
}

// Pending counts the batches above the final checkpoint.
func (s *Store) Pending() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.pending)
}

// encode writes size, batch, time and the note.
func (f final) encode() []byte {
	out := binary.BigEndian.AppendUint64(nil, f.size)
	out = binary.BigEndian.AppendUint64(out, f.batch)
	out = binary.BigEndian.AppendUint64(out, f.timeUnixMs)
	return append(out, f.note...)
}

func readFinal(txn *badger.Txn) (final, error) {
	raw, err := get(txn, metaFinal)
	if err != nil {
		return final{}, err
	}
	if raw == nil {
		o := badger.DefaultIteratorOptions
		o.Prefix, o.PrefetchSize = []byte{spaceHeader}, 1
		it := txn.NewIterator(o)
		defer it.Close()
		if it.Rewind(); !it.Valid() {
			return final{}, fmt.Errorf("genesis header is missing: %w", ErrCorrupt)
		}
		h, err := headerOf(it.Item())
		return final{size: h.Size, batch: h.Batch, timeUnixMs: h.TimeUnixMs}, err
	}
	if len(raw) < 24 {
		return final{}, fmt.Errorf("final checkpoint: %w", ErrCorrupt)
	}
	return final{
		size: binary.BigEndian.Uint64(raw), batch: binary.BigEndian.Uint64(raw[8:]), timeUnixMs: binary.BigEndian.Uint64(raw[16:]), note: raw[24:],
	}, nil
}
