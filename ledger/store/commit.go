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

// foundingPart is how many state entries of a genesis go into one transaction: a genesis has no limit of a batch.
const foundingPart = 10_000

// Found writes the effects of the genesis into an empty store. A founding that a crash interrupted is cleared away first.
func (s *Store) Found(network tx.NetworkID, fx *ledger.Effects) error {
	s.write.Lock()
	defer s.write.Unlock()
	if s.Founded() {
		if err := s.CheckNetwork(network); err != nil {
			return err
		}
		return fmt.Errorf("found a ledger in %s: there is one: %w", s.dir, ErrMismatch)
	}
	if err := s.writable(); err != nil {
		return err
	}
	if err := continues(ledger.Head{BatchHash: tx.BatchHash(network)}, fx); err != nil {
		return err
	}
	// A crash in here leaves entries without the format, which is written last: an empty store.
	if err := s.clear(); err != nil {
		return s.fail(fmt.Errorf("clear %s: %w", s.dir, err))
	}
	rest := fx.Changes
	for ; len(rest) > foundingPart; rest = rest[foundingPart:] {
		err := s.put(s.standing.Load(), moves{changes: rest[:foundingPart]}, func(txn *badger.Txn) error { return setState(txn, rest[:foundingPart]) })
		if err != nil {
			return fmt.Errorf("write genesis: %w", err)
		}
	}
	sets, err := foundedSets(fx)
	if err != nil {
		return err
	}
	next := &standing{
		founded: true, sets: sets, network: network, head: fx.After, final: foundedFinal(fx.After), hashes: new(hashes).after(fx),
	}
	added := new(volume)
	err = s.put(next, moves{rest, added}, func(txn *badger.Txn) error {
		var w writes
		if err := w.effects(fx, rest); err != nil {
			return err
		}
		if err := s.lead(txn, added, fx.Leaves); err != nil {
			return err
		}
		w.replace(metaHead, nil, encodeHead(fx.After))
		w.replace(metaNetwork, nil, network[:])
		w.replace(metaApplied, nil, next.applied.encode())
		w.replace(metaFinal, nil, next.final.encode())
		w.replace(metaIndexed, nil, bytes64(next.indexed))
		w.replace(metaFormat, nil, []byte(format))
		return setAll(txn, w.all)
	})
	if err != nil {
		return fmt.Errorf("write genesis: %w", err)
	}
	return nil
}

// clear drops what an interrupted founding left.
func (s *Store) clear() error {
	empty := true
	err := s.disk.read(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.DefaultIteratorOptions)
		defer it.Close()
		it.Rewind()
		empty = !it.Valid()
		return nil
	})
	if err != nil || empty {
		return err
	}
	defer s.disk.merges.finish()() // Badger waits for the merge under way.
	return s.disk.db.DropAll()
}

// Commit writes the effects of a batch that raft put at the index. It returns when they are on disk. ErrMismatch when they
// do not continue the head or the applied index.
func (s *Store) Commit(raftIndex, raftTerm uint64, fx *ledger.Effects) error {
	s.write.Lock()
	defer s.write.Unlock()
	now := s.standing.Load()
	if len(fx.Leaves) == 0 {
		return s.openEpoch(place{raftIndex, raftTerm}, fx)
	}
	if err := now.follows(raftIndex); err != nil {
		return fmt.Errorf("commit batch %d: %w", fx.After.Batch, err)
	}
	if err := continues(now.head, fx); err != nil {
		return fmt.Errorf("commit batch %d: %w", fx.After.Batch, err)
	}
	next := *now
	next.head, next.applied, next.hashes = fx.After, at(place{raftIndex, raftTerm}), now.hashes.after(fx)
	if err := s.writable(); err != nil {
		return fmt.Errorf("commit batch %d: %w", fx.After.Batch, err)
	}
	w, added := writes{recording: true}, new(volume)
	err := w.effects(fx, fx.Changes)
	if err == nil {
		err = s.disk.read(func(txn *badger.Txn) error { return s.lead(txn, added, fx.Leaves) })
	}
	if err != nil {
		return s.fail(fmt.Errorf("commit batch %d: %w", fx.After.Batch, err))
	}
	w.replace(metaHead, encodeHead(now.head), encodeHead(fx.After))
	w.replace(metaApplied, at(now.applied.made).encode(), next.applied.encode()) // Void entries in between come again.
	record := undoRecord(fx.After.Batch, w.before)
	next.pending = append(now.pending, undoOf(fx, now.applied.made, len(record)))
	if err := s.options.point("batch not written"); err != nil {
		return s.fail(err)
	}
	if err := s.putBatch(&next, moves{fx.Changes, added}, fx.After.Batch, record, w.all); err != nil {
		return fmt.Errorf("commit batch %d: %w", fx.After.Batch, err)
	}
	return s.options.point("batch written")
}

// openEpoch moves the head to an epoch that was opened without a batch. Nothing undoes it for itself: whoever takes batches back to here, or
// below, gives the entry again, which is void where the epoch is in force already.
func (s *Store) openEpoch(by place, fx *ledger.Effects) error {
	now := s.standing.Load()
	if err := now.follows(by.index); err != nil {
		return fmt.Errorf("open epoch %d: %w", fx.After.Epoch, err)
	}
	next := *now
	next.head.Epoch = fx.After.Epoch
	next.applied.index, next.applied.term = by.index, by.term
	if fx.Before != now.head || fx.After != next.head || next.head.Epoch <= now.head.Epoch || len(fx.Changes) > 0 {
		return fmt.Errorf("open epoch %d in epoch %d without a batch: %w", fx.After.Epoch, now.head.Epoch, ErrMismatch)
	}
	if err := s.options.point("epoch not opened"); err != nil {
		return s.fail(err)
	}
	err := s.put(&next, moves{}, func(txn *badger.Txn) error {
		return errors.Join(txn.Set(metaHead, encodeHead(next.head)), txn.Set(metaApplied, next.applied.encode()))
	})
	if err != nil {
		return fmt.Errorf("open epoch %d: %w", fx.After.Epoch, err)
	}
	return nil
}

// Advance notes a raft entry that changed nothing.
func (s *Store) Advance(raftIndex, raftTerm uint64) error {
	s.write.Lock()
	defer s.write.Unlock()
	now := s.standing.Load()
	if err := now.follows(raftIndex); err != nil {
		return err
	}
	next := *now
	next.applied.index, next.applied.term = raftIndex, raftTerm
	if err := s.options.point("void batch not noted"); err != nil {
		return s.fail(err)
	}
	if err := s.put(&next, moves{}, func(txn *badger.Txn) error { return txn.Set(metaApplied, next.applied.encode()) }); err != nil {
		return fmt.Errorf("write applied index %d: %w", raftIndex, err)
	}
	return nil
}

func (now *standing) follows(raftIndex uint64) error {
	if !now.founded || raftIndex <= now.applied.index {
		return fmt.Errorf("raft index %d after %d: %w", raftIndex, now.applied.index, ErrMismatch)
	}
	return nil
}

// continues says whether the effects are of the head, and whole.
func continues(head ledger.Head, fx *ledger.Effects) error {
	before, after := fx.Before, fx.After
	switch {
	case before != head:
		return fmt.Errorf("effects are of batch %d, the head is batch %d: %w", before.Batch, head.Batch, ErrMismatch)
	case head.Size > 0 && after.Batch != before.Batch+1:
		return fmt.Errorf("batch %d follows batch %d: %w", after.Batch, before.Batch, ErrMismatch)
	case len(fx.Leaves) == 0 || after.Size != before.Size+uint64(len(fx.Leaves)):
		return fmt.Errorf("%d leaves lead from %d to %d: %w", len(fx.Leaves), before.Size, after.Size, ErrMismatch)
	case int64(len(fx.Hashes)) != tlog.StoredHashCount(int64(after.Size))-tlog.StoredHashCount(int64(before.Size)):
		return fmt.Errorf("%d stored hashes lead from %d leaves to %d: %w", len(fx.Hashes), before.Size, after.Size, ErrMismatch)
	}
	for i, leaf := range fx.Leaves {
		if leaf.Index != before.Size+uint64(i) {
			return fmt.Errorf("leaf %d is at place %d: %w", leaf.Index, before.Size+uint64(i), ErrMismatch)
		}
	}
	return nil
}

// writes collects what is written and, when recording, what was there before.
type writes struct {
	recording   bool
	all, before []image
}

// replace writes a key over a known value; nil is absent, on both sides.
func (w *writes) replace(key, before, value []byte) {
	if w.recording {
		w.before = append(w.before, image{key, before})
	}
	w.all = append(w.all, image{key, value})
}

// effects writes a batch but for the head; of the state only the changes given.
func (w *writes) effects(fx *ledger.Effects, changes []ledger.Change) error {
	expected := len(changes) + len(fx.Leaves)/2 + 8
	w.all = make([]image, 0, expected)
	if w.recording {
		w.before = make([]image, 0, expected)
	}
	keyBytes := 0
	for _, c := range changes {
		keyBytes += 1 + len(c.Key)
	}
	keys := make([]byte, 0, keyBytes)
	for _, c := range changes {
		first := len(keys)
		keys = append(append(keys, spaceState), c.Key...)
		w.replace(keys[first:len(keys):len(keys)], c.Before, c.After)
	}
	return chapterOf(fx).entries(packer(), func(key, value []byte) error {
		w.replace(key, nil, value)
		return nil
	})
}

// lead collects what leads to the leaves of a batch.
func (s *Store) lead(txn *badger.Txn, added *volume, leaves []ledger.Leaf) error {
	indexed := s.standing.Load().indexed
	for _, leaf := range leaves {
		if err := s.recent.take(txn, indexed, added, leaf); err != nil {
			return err
		}
	}
	return nil
}

// undoOf is what stays in memory of the undo record of a batch.
func undoOf(fx *ledger.Effects, made place, parts int) undo {
	u := undo{batch: fx.After.Batch, parts: parts, made: made, changes: make([]ledger.Change, 0, len(fx.Changes))}
	for _, c := range fx.Changes {
		u.changes = append(u.changes, ledger.Change{Key: c.Key, Before: c.Before})
	}
	return u
}

func setState(txn *badger.Txn, changes []ledger.Change) error {
	var errs error
	for _, c := range changes {
		errs = errors.Join(errs, set(txn, keyState(c.Key), c.After))
	}
	return errs
}

func headerValue(batch, timeUnixMs uint64) []byte {
	return binary.BigEndian.AppendUint64(bytes64(batch), timeUnixMs)
}
