package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/umoja-ledger/umoja/ledger"
)

// Rollback takes back every batch above the one given, newest first: every byte that they wrote is as it was before them,
// and the applied index is that of the entry which made the target: whatever raft ordered after it is to be applied again,
// void entries included. The target is on disk before anything is undone, so that Open goes on with it after a crash.
// ErrMismatch below the final checkpoint: what is final stays. Readers go on: each sees the state after some batch.
//
// Raft gives no entry twice to a running node. So whoever rolls back while raft runs must do so in the turn of an entry,
// and commit that entry on the target: a crash in between gives all entries above the target again, in the same order. Who
// rolls back for another reason must have stopped raft, and cuts its log above Applied before raft starts again.
func (s *Store) Rollback(toBatch uint64) error {
	s.write.Lock()
	defer s.write.Unlock()
	now := s.standing.Load()
	if !now.founded || toBatch < now.final.floor.Batch || toBatch > now.head.Batch {
		return fmt.Errorf("roll back to batch %d between final %d and head %d: %w", toBatch, now.final.floor.Batch, now.head.Batch, ErrMismatch)
	}
	if err := s.put(now, moves{}, func(txn *badger.Txn) error { return txn.Set(metaTarget, bytes64(toBatch)) }); err != nil {
		return fmt.Errorf("write target of rollback: %w", err)
	}
	if err := s.options.point("target of rollback written"); err != nil {
		return s.fail(err)
	}
	return s.undoAbove(toBatch)
}

// resumeRollback finishes what a crash interrupted.
func (s *Store) resumeRollback() error {
	var target []byte
	err := s.disk.read(func(txn *badger.Txn) (err error) {
		target, err = get(txn, metaTarget)
		return err
	})
	if err != nil || target == nil {
		return err
	}
	if len(target) != 8 {
		return fmt.Errorf("target of rollback: %w", ErrCorrupt)
	}
	return s.undoAbove(binary.BigEndian.Uint64(target))
}

// undoAbove undoes batch by batch. A crash between two leaves a whole state and the target.
func (s *Store) undoAbove(toBatch uint64) error {
	for s.Head().Batch > toBatch {
		if err := s.undoLast(); err != nil {
			return fmt.Errorf("undo batch %d: %w", s.Head().Batch, err)
		}
	}
	if err := s.options.point("all undone, target there"); err != nil {
		return s.fail(err)
	}
	next := *s.standing.Load()
	next.applied = at(next.applied.made)
	err := s.put(&next, moves{}, func(txn *badger.Txn) error {
		return errors.Join(txn.Set(metaApplied, next.applied.encode()), txn.Delete(metaTarget))
	})
	if err != nil {
		return fmt.Errorf("end rollback: %w", err)
	}
	return nil
}

func (s *Store) undoLast() error {
	now := s.standing.Load()
	if len(now.pending) == 0 {
		return fmt.Errorf("no undo record: %w", ErrCorrupt)
	}
	last := now.pending[len(now.pending)-1]
	var images []image
	err := s.disk.read(func(txn *badger.Txn) (err error) {
		images, _, err = readImages(txn, last.batch)
		return err
	})
	if err != nil {
		return err
	}
	next := *now
	// The array is shared with readers: what is committed next must not be written over it.
	next.pending = now.pending[: len(now.pending)-1 : len(now.pending)-1]
	changes := make([]ledger.Change, 0, len(last.changes))
	for _, c := range last.changes {
		changes = append(changes, ledger.Change{Key: c.Key, After: c.Before})
	}
	if err := s.writable(); err != nil {
		return err
	}
	if err := s.options.point("batch not undone"); err != nil {
		return s.fail(err)
	}
	s.visible.Lock()
	defer s.visible.Unlock()
	// A large batch takes several transactions; a crash in between leaves the record and its mark, and the next start does it again.
	steps := s.disk.undoSteps(last.batch, images, func(txn *badger.Txn) error {
		if err := deleteUndo(txn, last); err != nil {
			return err
		}
		var err error
		if next.applied, err = readApplied(txn); err != nil {
			return fmt.Errorf("before the batch: %w", err)
		}
		if next.head, err = readHead(txn); err == nil && next.head.Batch+1 != last.batch {
			err = fmt.Errorf("record leads to batch %d: %w", next.head.Batch, ErrCorrupt)
		}
		if err == nil {
			next.hashes, err = readEdge(txn, next.head.Size)
		}
		return err
	})
	for _, step := range steps {
		err := s.options.point("part of a batch not undone")
		if err == nil {
			err = s.disk.db.Update(step)
		}
		if err != nil {
			return s.fail(err)
		}
	}
	s.standing.Store(&next)
	s.cache.commit(changes)
	s.recent.cut(next.head.Size)
	return nil
}

// Rewind makes the store ready for raft entries that it has seen: raft is about to give all above the index again. The
// head stays, and what is in it already is void a second time. Where nothing but what is final is in it, raft may go on at any place.
// ErrMismatch when the index was not applied yet, otherwise.
func (s *Store) Rewind(raftIndex, raftTerm uint64) error {
	s.write.Lock()
	defer s.write.Unlock()
	now := s.standing.Load()
	if !now.founded || raftIndex > now.applied.index && len(now.pending) > 0 {
		return fmt.Errorf("rewind to raft index %d, applied is %d: %w", raftIndex, now.applied.index, ErrMismatch)
	}
	next := *now
	next.applied = at(place{raftIndex, raftTerm})
	if err := s.put(&next, moves{}, func(txn *badger.Txn) error { return txn.Set(metaApplied, next.applied.encode()) }); err != nil {
		return fmt.Errorf("rewind to raft index %d: %w", raftIndex, err)
	}
	return nil
}
