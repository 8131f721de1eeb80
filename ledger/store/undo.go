package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// undo is what takes a batch back: where the ledger stood before it, and the value before of every state entry it changed.
type undo struct {
	batch   uint64
	applied applied
	before  ledger.Head
	changes []ledger.Change // After is not kept.
}

// undoPart bounds one value of a record, so that it stays in the tables.
const undoPart = 256 << 10

// write puts the record beside its batch, in parts.
func (u undo) write(txn *badger.Txn) error {
	raw := u.encode()
	for part := uint32(0); len(raw) > 0; part++ {
		n := min(len(raw), undoPart)
		key := binary.BigEndian.AppendUint32(key64(spaceUndo, u.batch), part)
		if err := txn.Set(key, raw[:n]); err != nil {
			return err
		}
		raw = raw[n:]
	}
	return nil
}

// encode writes applied index and term, head, and per entry: key length(2), key, value length + 1 (4; 0 for absent), value.
func (u undo) encode() []byte {
	out := append(u.applied.encode(), encodeHead(u.before)...)
	for _, c := range u.changes {
		out = binary.BigEndian.AppendUint16(out, uint16(len(c.Key)))
		out = append(out, c.Key...)
		if c.Before == nil {
			out = binary.BigEndian.AppendUint32(out, 0)
			continue
		}
		out = binary.BigEndian.AppendUint32(out, uint32(len(c.Before))+1)
		out = append(out, c.Before...)
	}
	return out
}

func decodeUndo(batch uint64, raw []byte) (undo, error) {
	bad := fmt.Errorf("undo record of batch %d: %w", batch, ErrCorrupt)
	if len(raw) < 16+headBytes {
		return undo{}, bad
	}
	u := undo{batch: batch, applied: applied{binary.BigEndian.Uint64(raw), binary.BigEndian.Uint64(raw[8:])}}
	var err error
	if u.before, err = decodeHead(raw[16 : 16+headBytes]); err != nil {
		return undo{}, err
	}
	for raw = raw[16+headBytes:]; len(raw) > 0; {
		if len(raw) < 2 {
			return undo{}, bad
		}
		n := int(binary.BigEndian.Uint16(raw))
		if raw = raw[2:]; len(raw) < n+4 {
			return undo{}, bad
		}
		c := ledger.Change{Key: raw[:n]}
		length := int(binary.BigEndian.Uint32(raw[n:]))
		if raw = raw[n+4:]; length > 0 {
			if len(raw) < length-1 {
				return undo{}, bad
			}
			c.Before, raw = raw[:length-1:length-1], raw[length-1:]
		}
		u.changes = append(u.changes, c)
	}
	return u, nil
}

// readUndo loads every record, oldest first.
func readUndo(txn *badger.Txn) ([]undo, error) {
	o := badger.DefaultIteratorOptions
	o.Prefix = []byte{spaceUndo}
	it := txn.NewIterator(o)
	defer it.Close()
	var all []undo
	var batch uint64
	var raw []byte
	flush := func() error {
		if raw == nil {
			return nil
		}
		u, err := decodeUndo(batch, raw)
		all, raw = append(all, u), nil
		return err
	}
	for it.Rewind(); it.Valid(); it.Next() {
		if b := binary.BigEndian.Uint64(it.Item().Key()[1:]); b != batch || raw == nil {
			if err := flush(); err != nil {
				return nil, err
			}
			batch = b
		}
		part, err := it.Item().ValueCopy(nil)
		if err != nil {
			return nil, fmt.Errorf("read undo record: %w", err)
		}
		raw = append(raw, part...)
	}
	return all, flush()
}

// deleteUndo takes a record away.
func deleteUndo(txn *badger.Txn, u undo) error {
	parts := (len(u.encode()) + undoPart - 1) / undoPart
	for part := range parts {
		if err := txn.Delete(binary.BigEndian.AppendUint32(key64(spaceUndo, u.batch), uint32(part))); err != nil {
			return err
		}
	}
	return nil
}

// Rollback takes back every batch above the one given, newest first. The target is on disk before anything is undone, so
// that Open goes on with it after a crash. ErrMismatch below the final checkpoint: what is final stays.
func (s *Store) Rollback(toBatch uint64) error {
	s.mu.RLock()
	final, head := s.final.batch, s.head.Batch
	s.mu.RUnlock()
	if toBatch < final || toBatch > head {
		return fmt.Errorf("roll back to batch %d between final %d and head %d: %w", toBatch, final, head, ErrMismatch)
	}
	s.swap.RLock()
	defer s.swap.RUnlock()
	target := key64(0, toBatch)[1:]
	if err := s.db.Update(func(txn *badger.Txn) error { return txn.Set(metaTarget, target) }); err != nil {
		return fmt.Errorf("write target of rollback: %w", err)
	}
	return s.rollback(toBatch)
}

// resumeRollback finishes what a crash interrupted.
func (s *Store) resumeRollback() error {
	var target []byte
	err := s.db.View(func(txn *badger.Txn) (err error) {
		target, err = get(txn, metaTarget)
		return err
	})
	if err != nil || target == nil {
		return err
	}
	if len(target) != 8 {
		return fmt.Errorf("target of rollback: %w", ErrCorrupt)
	}
	return s.rollback(binary.BigEndian.Uint64(target))
}

func (s *Store) rollback(toBatch uint64) error {
	for {
		s.mu.RLock()
		head := s.head
		var record *undo
		if n := len(s.pending); n > 0 {
			record = &s.pending[n-1]
		}
		s.mu.RUnlock()
		if head.Batch <= toBatch {
			break
		}
		if record == nil || record.batch != head.Batch {
			return fmt.Errorf("undo record of batch %d is missing: %w", head.Batch, ErrCorrupt)
		}
		// A crash in here leaves this batch whole or gone, and the target says how to go on.
		if err := s.db.Update(func(txn *badger.Txn) error { return undoBatch(txn, *record, head) }); err != nil {
			return fmt.Errorf("undo batch %d: %w", head.Batch, err)
		}
		s.mu.Lock()
		s.head, s.applied = record.before, record.applied
		s.pending = s.pending[: len(s.pending)-1 : len(s.pending)-1]
		s.mu.Unlock()
	}
	if err := s.db.Update(func(txn *badger.Txn) error { return txn.Delete(metaTarget) }); err != nil {
		return fmt.Errorf("end rollback: %w", err)
	}
	return nil
}

// undoBatch restores everything that a batch wrote.
func undoBatch(txn *badger.Txn, u undo, head ledger.Head) error {
	for _, c := range u.changes {
		if err := set(txn, keyState(c.Key), c.Before); err != nil {
			return err
		}
	}
	for index := u.before.Size; index < head.Size; index++ {
		if err := undoLeaf(txn, index); err != nil {
			return err
		}
	}
	for i := tlog.StoredHashCount(int64(u.before.Size)); i < tlog.StoredHashCount(int64(head.Size)); i++ {
		if err := txn.Delete(key64(spaceHash, uint64(i))); err != nil {
			return err
		}
	}
	return errors.Join(
		txn.Delete(key64(spaceHeader, head.Size-1)), deleteUndo(txn, u),
		txn.Set(metaHead, encodeHead(u.before)), txn.Set(metaApplied, u.applied.encode()),
	)
}

// undoLeaf takes a leaf and its indexes away. The history entries of a refusal are those of the accounts it names too.
func undoLeaf(txn *badger.Txn, index uint64) error {
	raw, err := get(txn, key64(spaceLeaf, index))
	if err != nil {
		return err
	}
	leaf, err := tx.ParseLeaf(raw)
	if err != nil {
		return fmt.Errorf("leaf %d: %v: %w", index, err, ErrCorrupt)
	}
	if leaf.Record != nil {
		if err := undoIndexes(txn, index, *leaf.Record); err != nil {
			return err
		}
	}
	return txn.Delete(key64(spaceLeaf, index))
}

func undoIndexes(txn *badger.Txn, index uint64, record tx.Record) error {
	raw, err := get(txn, metaNetwork)
	if err != nil {
		return err
	}
	network := tx.NetworkID(raw)
	signed, err := tx.Parse(network, record.Envelope)
	if err != nil {
		return fmt.Errorf("leaf %d: %v: %w", index, err, ErrCorrupt)
	}
	for _, account := range signed.Body.Accounts() {
		if err := txn.Delete(keyHistory(account, index)); err != nil {
			return err
		}
	}
	// The id's leaf or the envelope's: whichever points here.
	for _, lookup := range [][32]byte{signed.ID(), signed.EnvelopeHash()} {
		key := append([]byte{spaceLookup}, lookup[:]...)
		at, err := get(txn, key)
		if err != nil {
			return err
		}
		if len(at) == 8 && binary.BigEndian.Uint64(at) == index {
			if err := txn.Delete(key); err != nil {
				return err
			}
		}
	}
	return nil
}
