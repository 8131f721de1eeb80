package store

import (
	"encoding/binary"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// Badger takes no transaction above a share of its table in memory. A batch that is larger is written in parts:
//
//  1. its undo record, beside a mark that says that the record is being written;
//  2. the mark changes: the record is whole;
//  3. the entries; the last part moves the head and the applied index and takes the mark away.
//
// A crash in 1 has changed nothing that counts, and the record is dropped at the next start. A crash in 2 or 3 leaves a
// whole record, which puts back what was there. Either way the state is that before the batch, and raft replays it.
const (
	recordOpen  = 1
	recordWhole = 2
)

// image is a key with a value; nil is absent.
type image struct{ key, value []byte }

// portions cuts what is to be written into what fits one transaction each, with room for a few keys more.
func (d *disk) portions(all []image) [][]image {
	maxBytes, maxCount := d.db.MaxBatchSize()*9/10, d.db.MaxBatchCount()*9/10
	var out [][]image
	first, bytes := 0, int64(0)
	for i, m := range all {
		size := int64(len(m.key)+len(m.value)) + 12 // As badger counts.
		if i > first && (bytes+size > maxBytes || int64(i-first) >= maxCount) {
			out = append(out, all[first:i])
			first, bytes = i, 0
		}
		bytes += size
	}
	return append(out, all[first:])
}

// setAll writes images in one transaction. The entries are made at once, since each for itself is more for the collector to do.
func setAll(txn *badger.Txn, images []image) error {
	entries := make([]badger.Entry, len(images))
	for i, m := range images {
		if m.value == nil {
			if err := txn.Delete(m.key); err != nil {
				return err
			}
			continue
		}
		entries[i].Key, entries[i].Value = m.key, m.value
		if err := txn.SetEntry(&entries[i]); err != nil {
			return err
		}
	}
	return nil
}

// putBatch writes a batch whole, with its undo record: what makes it visible is the last of all.
func (s *Store) putBatch(next *standing, m moves, batch uint64, record, all []image) error {
	if err := s.writable(); err != nil {
		return err
	}
	whole := append(record[:len(record):len(record)], all...)
	if len(s.disk.portions(whole)) == 1 {
		return s.put(next, m, func(txn *badger.Txn) error { return setAll(txn, whole) })
	}
	s.visible.Lock()
	defer s.visible.Unlock()
	steps := s.disk.batchSteps(batch, record, all)
	for i, step := range steps {
		err := s.options.point("part of a batch not written")
		if err == nil {
			err = s.disk.db.Update(step)
		}
		if err != nil {
			return s.fail(fmt.Errorf("write part %d of %d: %w", i+1, len(steps), err))
		}
	}
	s.move(next, m)
	return nil
}

// step is one transaction of several.
type step = func(txn *badger.Txn) error

// batchSteps write a batch that is larger than a transaction.
func (d *disk) batchSteps(batch uint64, record, all []image) []step {
	steps := append([]step{markPart(recordOpen, batch)}, d.steps(record, nil)...)
	steps = append(steps, markPart(recordWhole, batch))
	return append(steps, d.steps(all, func(txn *badger.Txn) error { return txn.Delete(metaPart) })...)
}

// undoSteps take a batch back. In more than one transaction they stand under the mark of a whole record, so that a crash between them is
// finished at the next start, before anything is compared.
func (d *disk) undoSteps(batch uint64, images []image, last step) []step {
	steps := d.steps(images, last)
	if len(steps) == 1 {
		return steps
	}
	end := steps[len(steps)-1]
	steps[len(steps)-1] = func(txn *badger.Txn) error {
		if err := end(txn); err != nil {
			return err
		}
		return txn.Delete(metaPart)
	}
	return append([]step{markPart(recordWhole, batch)}, steps...)
}

// markPart writes how far the batch is that is in parts.
func markPart(phase byte, batch uint64) step {
	return func(txn *badger.Txn) error { return txn.Set(metaPart, append([]byte{phase}, bytes64(batch)...)) }
}

// steps write images in as many transactions as it takes; last, if any, is part of the last.
func (d *disk) steps(images []image, last step) []step {
	var steps []step
	portions := d.portions(images)
	for i, portion := range portions {
		steps = append(steps, func(txn *badger.Txn) error {
			if err := setAll(txn, portion); err != nil || last == nil || i < len(portions)-1 {
				return err
			}
			return last(txn)
		})
	}
	return steps
}

// writeParts writes images in as many transactions as it takes; last is part of the last.
func (d *disk) writeParts(images []image, last step) error {
	for _, step := range d.steps(images, last) {
		if err := d.db.Update(step); err != nil {
			return err
		}
	}
	return nil
}

// finishParts takes away what a crash left of a batch that was written in parts.
func (d *disk) finishParts(readOnly bool) error {
	var mark []byte
	var images []image
	var parts int
	err := d.read(func(txn *badger.Txn) (err error) {
		if mark, err = get(txn, metaPart); err != nil || mark == nil {
			return err
		}
		if len(mark) != 9 || mark[0] != recordOpen && mark[0] != recordWhole {
			return fmt.Errorf("mark of parts %x: %w", mark, ErrCorrupt)
		}
		batch := binary.BigEndian.Uint64(mark[1:])
		if parts, err = countParts(txn, batch); err == nil && mark[0] == recordWhole {
			images, _, err = readImages(txn, batch)
		}
		return err
	})
	switch {
	case err != nil || mark == nil:
		return err
	case readOnly:
		return fmt.Errorf("a batch was being written; start the validator once: %w", ErrMismatch)
	}
	return d.writeParts(images, func(txn *badger.Txn) error {
		if err := deleteUndo(txn, undo{batch: binary.BigEndian.Uint64(mark[1:]), parts: parts}); err != nil {
			return err
		}
		return txn.Delete(metaPart)
	})
}
