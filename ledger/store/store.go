// Package store keeps the ledger on disk, in badger.
//
// A Store is opened on a folder, founded once with the effects of the genesis, and then moved by Commit, batch by batch, in
// the order of raft. One badger transaction holds everything of a batch: state entries, leaves and their hashes,
// the undo record, the head and the applied raft index, so a crash leaves the state before the batch or after it, never
// between; raft replays what is missing, and the applied index makes a replay harmless. When a checkpoint is final
// (SetFinal), undo records at and below it go, and what leads to its leaves is written in volumes; until then Rollback can take batches back, newest first. Replace puts a
// snapshot of another validator in the place of the whole state, if it proves that it is final.
//
// Readers take a View: a consistent state that later commits do not touch. FinalView is the state as of the final
// checkpoint, made from the current one and the before-images of the undo records, so that it needs no leader.
//
// The package promises that what Commit returned for is on disk, and that what is wrong on disk is found: a folder that
// was not closed is hashed again before it serves, and a final checkpoint that was once there and is not any more stops
// the node. It refuses a folder of another network or format, effects that do not continue its head, finality that
// contradicts its tree, and a snapshot that does not hash to what a quorum has signed.
//
// The node stops at the first error of a write: badger goes on after a failed one, so the store remembers it and refuses
// every write after it.
package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Errors of a store. ErrOtherNetwork, ErrInUse, ErrFormat and ErrClosed are for the operator or the caller, ErrUnproven and
// ErrOversized for the sender of a snapshot. Any other error of a store means that the node must stop.
var (
	// ErrOtherNetwork means the folder or the snapshot belongs to another network.
	ErrOtherNetwork = errors.New("folder belongs to another network")
	// ErrInUse means another process has the folder open.
	ErrInUse = errors.New("folder is in use by another process")
	// ErrFormat means the folder or the snapshot was written by another version of this program.
	ErrFormat = errors.New("folder has another format")
	// ErrMismatch means that what is asked for does not fit what is there.
	ErrMismatch = errors.New("does not fit the state on disk")
	// ErrCorrupt means that what is on disk, or in a snapshot, contradicts itself.
	ErrCorrupt = ledger.ErrCorrupt
	// ErrUnproven means that a snapshot does not prove that it is final.
	ErrUnproven = errors.New("snapshot is not proved to be final")
	// ErrOversized means that a snapshot unpacks to more than it may, or than the disk has room for.
	ErrOversized = errors.New("snapshot is too large")
	// ErrClosed means the store was closed, or that Replace put another state under a view.
	ErrClosed = errors.New("state is closed")
)

// Options say how a store uses the machine. The zero value is for a validator on a small box.
type Options struct {
	// NoSync leaves syncing to the kernel: for tests, since a power loss may then lose committed batches.
	NoSync bool
	// ReadOnly is for audits of a stopped validator. Every write is refused.
	ReadOnly bool
	// MaxSnapshotBytes bounds what a snapshot may unpack to; 0 is 64 GiB.
	MaxSnapshotBytes int64
	// VolumeLeaves is how many leaves share one volume of the indexes at least; 0 is 4096. Tests and simulations have smaller ones. A folder is
	// always opened with the same.
	VolumeLeaves uint64
	// Turn is when the store merges what gathers on disk, beside those of other turns that are written the same: validators that
	// merge one after the other leave a quorum which does not. Any number; there are four turns.
	Turn int
	// Log hears badger's warnings; nil discards them.
	Log *slog.Logger
	// Point is told of each step that a crash can separate from the next, and stops the step with its error: simulations crash there. Nil
	// outside of them.
	Point func(name string) error
}

func (o Options) point(name string) error {
	if o.Point == nil {
		return nil
	}
	return o.Point("store: " + name)
}

// cacheBytes is what entries of busy accounts may take, some two hundred thousand accounts; a quarter comes on top to find them.
const cacheBytes = 128 << 20

// Store is the ledger on disk. It is safe for use by many readers and one writer.
type Store struct {
	dir     string
	options Options
	lock    *os.File
	// watermark is the file that remembers the final size apart from badger.
	watermark *os.File

	// write is held by whoever changes anything, over the write to disk: Found, Commit, Advance, SetFinal, Rollback,
	// Replace, Close. It guards failed and closed.
	write  sync.Mutex
	failed error
	closed bool

	// receive is held while a snapshot is received, installed or discarded; before write, if both. It guards received, the
	// state that is beside this one.
	receive  sync.Mutex
	received *Received

	// visible is held by a writer while a transaction becomes visible and standing moves with it, and by a reader while it
	// opens a transaction, so that the two always agree. It guards disk. A reader waits for the sync of a commit here, as
	// it would inside badger.
	visible sync.RWMutex
	disk    *disk

	// cache moves under visible, like standing.
	cache *cache

	// recent moves under visible, like standing.
	recent *recent

	// binding is the volume that is being written, under write; nil when none is.
	binding *binding

	// standing is what is kept in memory; replaced, never changed.
	standing atomic.Pointer[standing]
}

// standing is where a store stands. Invariant: equal to what is on disk.
type standing struct {
	founded bool
	network tx.NetworkID
	head    ledger.Head
	applied applied
	final   final
	hashes  *hashes
	// indexed is the end of the last volume; nothing below it is taken back.
	indexed uint64
	// pending are the undo records above the floor of final, oldest first, one for each batch up to the head.
	pending []undo
	// arrived is the size of the snapshot that the state came by.
	arrived uint64
	// sets are the validator sets; never nil once founded, and replaced whole.
	sets *checkpoint.Succession
}

// applied is the last raft entry that the state has seen, void or not, and the one that made the head. They are apart
// because a rollback must give the void entries above its target again: another log may have others in their place.
type applied struct {
	index, term uint64
	made        place
}

// place is a raft entry's.
type place struct{ index, term uint64 }

// at is the standing right after the entry that made the head.
func at(p place) applied { return applied{index: p.index, term: p.term, made: p} }

// Open opens the folder, or makes it. It finishes what a crash interrupted (a swap of folders, a rollback), and hashes the
// whole state again if the folder was not closed.
func Open(dir string, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{dir: dir, options: o, cache: newCache(cacheBytes), recent: newRecent()}
	s.standing.Store(&standing{})
	var err error
	if s.lock, err = lockFolder(dir, o.ReadOnly); err != nil {
		return nil, err
	}
	if err = s.prepare(); err == nil {
		err = s.open()
	}
	if err != nil {
		return nil, errors.Join(err, unlockFolder(s.lock))
	}
	return s, nil
}

// prepare puts the folder into its place.
func (s *Store) prepare() error {
	if s.options.ReadOnly {
		if _, err := os.Stat(s.dir); err != nil {
			return fmt.Errorf("open state: %w", err)
		}
		return nil
	}
	if err := finishSwap(s.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("make folder of the state: %w", err)
	}
	return nil
}

// open opens badger and loads what is kept in memory. The caller is alone with the store, or is Replace with a state that
// was just built: there is nothing to finish in that one, so that open takes no lock that Replace holds.
func (s *Store) open() error {
	d, err := openDisk(s.dir, s.options)
	if err != nil {
		return err
	}
	if err := s.load(d); err != nil {
		err = fmt.Errorf("load state in %s: %w", s.dir, err)
		if s.watermark != nil {
			err = errors.Join(err, s.watermark.Close())
		}
		s.disk, s.watermark = nil, nil
		return errors.Join(err, d.close())
	}
	return nil
}

func (s *Store) load(d *disk) error {
	if err := d.finishParts(s.options.ReadOnly); err != nil {
		return fmt.Errorf("put back a batch that was cut: %w", err)
	}
	var now standing
	recent := newRecent()
	err := d.read(func(txn *badger.Txn) (err error) {
		if now, err = readStanding(txn); err == nil && now.founded {
			recent, err = readRecent(txn, &now)
		}
		return err
	})
	if err != nil {
		return err
	}
	s.disk, s.recent, s.binding = d, recent, nil
	s.standing.Store(&now)
	s.cache.reset()
	if s.options.ReadOnly {
		return nil
	}
	if err := s.checkStop(); err != nil {
		return err
	}
	if err := s.openWatermark(); err != nil {
		return err
	}
	if err := s.sweepUndo(); err != nil {
		return err
	}
	return s.resumeRollback()
}

// readStanding reads what is kept in memory; the zero value when nothing was founded.
func readStanding(txn *badger.Txn) (standing, error) {
	raw, err := get(txn, metaFormat)
	if err != nil || raw == nil {
		return standing{}, err // A founding that a crash interrupted counts as none: Found clears it away.
	}
	if string(raw) != format {
		return standing{}, fmt.Errorf("format %q, not %q: %w", raw, format, ErrFormat)
	}
	now := standing{founded: true}
	if raw, err = get(txn, metaNetwork); err != nil || len(raw) != len(now.network) {
		return standing{}, errors.Join(err, fmt.Errorf("network id of %d bytes: %w", len(raw), ErrCorrupt))
	}
	copy(now.network[:], raw)
	if now.head, err = readHead(txn); err != nil {
		return standing{}, err
	}
	if now.applied, err = readApplied(txn); err != nil {
		return standing{}, err
	}
	if now.hashes, err = readEdge(txn, now.head.Size); err != nil {
		return standing{}, err
	}
	if now.final, err = readFinal(txn); err != nil {
		return standing{}, err
	}
	if raw, err = get(txn, metaIndexed); err == nil && len(raw) == 8 {
		now.indexed = binary.BigEndian.Uint64(raw)
	}
	if err != nil || len(raw) != 8 || now.indexed > now.final.floor.Size {
		return standing{}, errors.Join(err, fmt.Errorf("volumes up to %x, final are %d: %w", raw, now.final.floor.Size, ErrCorrupt))
	}
	if raw, err = get(txn, metaArrived); err != nil {
		return standing{}, err
	} else if raw != nil {
		h, err := ReadSnapshotHeader(bytes.NewReader(raw))
		if err != nil {
			return standing{}, fmt.Errorf("header of the snapshot that the state came by: %w", err)
		}
		now.arrived = h.Head.Size
	}
	if now.pending, err = readUndo(txn, now.final.floor.Batch); err != nil {
		return standing{}, err
	}
	if now.sets, err = readSets(txn); err != nil {
		return standing{}, err
	}
	for i, u := range now.pending {
		if u.batch != now.final.floor.Batch+1+uint64(i) {
			return standing{}, fmt.Errorf("undo record of batch %d is missing: %w", now.final.floor.Batch+1+uint64(i), ErrCorrupt)
		}
	}
	if now.final.floor.Batch+uint64(len(now.pending)) != now.head.Batch {
		return standing{}, fmt.Errorf("undo record of batch %d is missing: %w", now.head.Batch, ErrCorrupt)
	}
	return now, nil
}

// Close closes the files and marks the folder as closed. Views that are still open fail from here on.
func (s *Store) Close() error {
	s.write.Lock()
	defer s.write.Unlock()
	s.visible.Lock()
	defer s.visible.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var err error
	whole := s.disk != nil // A swap of folders that failed leaves no state open, and the lock held.
	if whole {
		err = s.disk.close()
		s.disk = nil
	}
	if s.watermark != nil {
		err = errors.Join(err, s.watermark.Close())
		s.watermark = nil
	}
	// A crash before the mark leaves a folder that Open hashes again, no more.
	if now := s.standing.Load(); err == nil && whole && s.failed == nil && now.founded && !s.options.ReadOnly {
		if err = s.options.point("closed, not marked"); err == nil {
			err = markStop(s.dir, now.head)
		}
	}
	if err = errors.Join(err, unlockFolder(s.lock)); err != nil {
		return fmt.Errorf("close state in %s: %w", s.dir, err)
	}
	return nil
}

// Founded says whether the genesis has been written.
func (s *Store) Founded() bool { return s.standing.Load().founded }

// CheckNetwork is ErrOtherNetwork unless the folder is of the network.
func (s *Store) CheckNetwork(network tx.NetworkID) error {
	if own := s.standing.Load().network; own != network {
		return fmt.Errorf("%s is of network %s, the genesis file of %s: %w", s.dir, own, network, ErrOtherNetwork)
	}
	return nil
}

// Head is where the ledger stands.
func (s *Store) Head() ledger.Head { return s.standing.Load().head }

// Applied is the last raft entry that the state has seen, and its term.
func (s *Store) Applied() (index, term uint64) {
	a := s.standing.Load().applied
	return a.index, a.term
}

// FloorMade is the raft entry that made the last final batch.
func (s *Store) FloorMade() (index uint64) {
	now := s.standing.Load()
	if len(now.pending) > 0 {
		return now.pending[0].made.index
	}
	return now.applied.made.index
}

// MadeOf is the raft entry that made a batch above Floor, or the one at it; false when it is not known.
func (s *Store) MadeOf(batch uint64) (index uint64, ok bool) {
	return s.standing.Load().madeOf(batch)
}

func (now *standing) madeOf(batch uint64) (index uint64, ok bool) {
	if batch == now.head.Batch {
		return now.applied.made.index, true
	}
	for _, u := range now.pending {
		if u.batch == batch+1 {
			return u.made.index, true
		}
	}
	return 0, false
}

// Arrived is the size of the snapshot that the state came by; 0 if it came by none.
func (s *Store) Arrived() uint64 { return s.standing.Load().arrived }

// Made is the raft entry that made the head; what the state has seen above it was void.
func (s *Store) Made() (index uint64) { return s.standing.Load().applied.made.index }
