package store

import (
	"encoding/binary"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/umoja-ledger/umoja/ledger"
)

// final is what cannot be taken back any more.
type final struct {
	// note is the newest final checkpoint held, with its cosignatures; nil before the first.
	note []byte
	// at is where the ledger stood at the note; before the first, the genesis.
	at Head
	// floor is what is known to be final. Invariant: at or above at; above it only between Replace, by a snapshot that ends
	// between two checkpoints, and the next SetFinal.
	floor Head
}

// foundedFinal is the final state before the first final checkpoint: the genesis itself.
func foundedFinal(h ledger.Head) final {
	return final{at: placeOf(h), floor: placeOf(h)}
}

func placeOf(h ledger.Head) Head { return Head{Batch: h.Batch, Size: h.Size, TimeUnixMs: h.TimeUnixMs} }

// undoPartsPerDrop bounds the transaction that drops undo records.
const undoPartsPerDrop = 10_000

// SetFinal stores a final checkpoint with its cosignatures, which the caller has verified. The size must be the end of a
// batch and the root this tree's; one that is not larger than what is known changes nothing. Undo records at and below it
// are dropped: what is final is never taken back, and its indexes are written.
func (s *Store) SetFinal(note []byte, size uint64, root [32]byte) error {
	s.write.Lock()
	err := s.setFinal(note, size, root)
	s.write.Unlock()
	if err != nil {
		return err
	}
	return s.bind(finalPortions)
}

func (s *Store) setFinal(note []byte, size uint64, root [32]byte) error {
	now := s.standing.Load()
	if size == 0 {
		return fmt.Errorf("final checkpoint of size 0: %w", ErrMismatch)
	}
	own, err := s.Root(size)
	if err != nil {
		return err
	}
	at, err := s.HeaderAfter(size - 1)
	if err != nil {
		return err
	}
	if own != root || at.Size != size {
		return fmt.Errorf("final checkpoint of size %d has another root, or is no batch's end: %w", size, ErrMismatch)
	}
	if now.final.note != nil && size <= now.final.at.Size {
		return nil
	}
	next := *now
	next.final = final{note: append([]byte{}, note...), at: at, floor: at}
	if now.final.floor.Size > size {
		next.final.floor = now.final.floor
	}
	for len(next.pending) > 0 && next.pending[0].batch <= next.final.floor.Batch {
		next.pending = next.pending[1:]
	}
	if next.sets, err = s.succeed(now, note, size); err != nil {
		return err
	}
	drop := now.pending[:len(now.pending)-len(next.pending)]
	if err := s.options.point("final checkpoint not written"); err != nil {
		return s.fail(err)
	}
	err = s.put(&next, moves{}, func(txn *badger.Txn) error {
		if err := txn.Set(metaFinal, next.final.encode()); err != nil {
			return err
		}
		if next.sets != now.sets {
			if err := putSets(txn.Set, *next.sets, len(next.sets.Changes)-1); err != nil {
				return err
			}
		}
		drop, err = dropSome(txn, drop)
		return err
	})
	// A crash in here leaves records that nobody needs; Open drops them.
	for err == nil && len(drop) > 0 {
		err = s.put(&next, moves{}, func(txn *badger.Txn) (err error) { drop, err = dropSome(txn, drop); return err })
	}
	if err != nil {
		return fmt.Errorf("write final checkpoint of size %d: %w", size, err)
	}
	if err := s.options.point("final checkpoint written, watermark not"); err != nil {
		return s.fail(err)
	}
	if err := writeWatermark(s.watermark, next.final.floor.Size, !s.options.NoSync); err != nil {
		return s.fail(err)
	}
	return s.options.point("watermark written")
}

// dropSome deletes as many undo records as fit one transaction, and gives the rest.
func dropSome(txn *badger.Txn, drop []undo) ([]undo, error) {
	for parts := 0; len(drop) > 0 && parts < undoPartsPerDrop; drop = drop[1:] {
		if err := deleteUndo(txn, drop[0]); err != nil {
			return nil, err
		}
		parts += drop[0].parts
	}
	return drop, nil
}

// sweepUndo drops the records that a crash of SetFinal left at or below the floor.
func (s *Store) sweepUndo() error {
	floor := s.standing.Load().final.floor.Batch
	for left := true; left; {
		var keys [][]byte
		err := s.disk.read(func(txn *badger.Txn) error {
			o := badger.DefaultIteratorOptions
			o.Prefix, o.PrefetchValues = []byte{spaceUndo}, false
			it := txn.NewIterator(o)
			defer it.Close()
			for it.Rewind(); it.Valid() && len(keys) < undoPartsPerDrop; it.Next() {
				if binary.BigEndian.Uint64(it.Item().Key()[1:]) > floor {
					break
				}
				keys = append(keys, it.Item().KeyCopy(nil))
			}
			return nil
		})
		if left = len(keys) > 0; err == nil && left {
			err = s.put(s.standing.Load(), moves{}, func(txn *badger.Txn) error {
				for _, key := range keys {
					if err := txn.Delete(key); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err != nil {
			return fmt.Errorf("drop undo records: %w", err)
		}
	}
	return nil
}

// Final is the newest final checkpoint's note and size; false before the first.
func (s *Store) Final() (note []byte, size uint64, ok bool) {
	f := s.standing.Load().final
	return f.note, f.at.Size, f.note != nil
}

// FinalHead is where the ledger stood at the checkpoint that Final gives; before the first, that is the genesis.
func (s *Store) FinalHead() Head { return s.standing.Load().final.at }

// Floor is where the ledger stands at least for good: at FinalHead, or above it where a snapshot has brought a state whose
// own checkpoint is still to come.
func (s *Store) Floor() Head { return s.standing.Load().final.floor }

// Pending counts the batches that are not known to be final.
func (s *Store) Pending() int { return len(s.standing.Load().pending) }

// encode writes batch, size and time of the note and of the floor, and the note.
func (f final) encode() []byte {
	var out []byte
	for _, h := range []Head{f.at, f.floor} {
		for _, n := range []uint64{h.Batch, h.Size, h.TimeUnixMs} {
			out = binary.BigEndian.AppendUint64(out, n)
		}
	}
	return append(out, f.note...)
}

func decodeFinal(raw []byte) (final, error) {
	const places = 2 * 3 * 8
	if len(raw) < places {
		return final{}, fmt.Errorf("final checkpoint of %d bytes: %w", len(raw), ErrCorrupt)
	}
	var f final
	for i, n := range []*uint64{&f.at.Batch, &f.at.Size, &f.at.TimeUnixMs, &f.floor.Batch, &f.floor.Size, &f.floor.TimeUnixMs} {
		*n = binary.BigEndian.Uint64(raw[8*i:])
	}
	if len(raw) > places {
		f.note = raw[places:]
	}
	return f, nil
}

func readFinal(txn *badger.Txn) (final, error) {
	raw, err := get(txn, metaFinal)
	if err != nil {
		return final{}, err
	}
	return decodeFinal(raw)
}
