// Package store keeps the ledger on disk, in badger.
//
// A Store is opened on a folder, founded once with the effects of the genesis, and then moved by Commit, batch by batch, in
// the order of raft. One badger transaction holds everything of a batch: state entries, leaves and their hashes, indexes,
// the undo record, the head and the applied raft index, so a crash leaves the state before the batch or after it, never
// between; raft replays what is missing, and the applied index makes a replay harmless. When a checkpoint is final
// (SetFinal), undo records at and below it go; until then Rollback can take batches back, newest first.
//
// Readers take a View: a consistent state that later commits do not touch. FinalView is the state as of the final
// checkpoint, made from the current one and the before-images of the undo records, so that it needs no leader.
//
// The package promises that what Commit returned for is on disk. It refuses a folder of another network or format, effects
// that do not continue its head, and finality that contradicts its tree. Every error of badger is fatal to the node: badger
// goes on after a failed write, and its caller must not.
package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Errors of a store. All but ErrOtherNetwork, ErrInUse and ErrFormat mean that the node must stop.
var (
	// ErrOtherNetwork means the folder belongs to another network.
	ErrOtherNetwork = errors.New("folder belongs to another network")
	// ErrInUse means another process has the folder open.
	ErrInUse = errors.New("folder is in use by another process")
	// ErrFormat means the folder was written by another version of this program.
	ErrFormat = errors.New("folder has another format")
	// ErrMismatch means that what is to be written does not fit what is there.
	ErrMismatch = errors.New("does not fit the state on disk")
	// ErrCorrupt means that what is on disk contradicts itself.
	ErrCorrupt = errors.New("state on disk is corrupt")
)

// Options say how a store uses the machine. The zero value is for a validator on a small box.
type Options struct {
	// NoSync leaves syncing to the kernel: for tests, since a power loss may then lose committed batches.
	NoSync bool
	// ReadOnly is for audits of a stopped validator.
	ReadOnly bool
	// Log hears badger's warnings; nil discards them.
	Log *slog.Logger
}

// Keyspaces.
const (
	spaceState   = 's' // state key → value
	spaceLeaf    = 'l' // index(8) → leaf
	spaceHash    = 'h' // stored index(8) → hash
	spaceLookup  = 'i' // id or envelope hash(32) → index(8)
	spaceHistory = 'y' // account(16) ^index(8) → nothing
	spaceHeader  = 'b' // header's leaf index(8) → batch(8) time(8)
	spaceUndo    = 'u' // batch(8) part(4) → undo record
	spaceMeta    = 'm'
)

var (
	metaFormat  = []byte("mformat")
	metaNetwork = []byte("mnetwork")
	metaHead    = []byte("mhead")
	metaApplied = []byte("mapplied")
	metaFinal   = []byte("mfinal")
	metaTarget  = []byte("mtarget") // a rollback under way
)

// format is the version of the layout above.
const format = "umoja-store/v1"

// Store is the ledger on disk. It is safe for use by many readers and one writer.
type Store struct {
	dir     string
	options Options

	// swap guards db: readers and the writer hold it shared for a call, Replace and Close alone.
	swap sync.RWMutex
	db   *badger.DB

	// mu guards what follows; held for a look or a set, never over a disk write.
	mu      sync.RWMutex
	founded bool
	network tx.NetworkID
	head    ledger.Head
	applied applied
	final   final
	// pending are the undo records above the final checkpoint, oldest first. A record is here before its batch is visible
	// to readers.
	pending []undo
}

// applied is the last raft entry whose effects are in the state.
type applied struct{ index, term uint64 }

// final is the final checkpoint and where the ledger stood then.
type final struct {
	note []byte
	size uint64
	// batch is the batch whose header leaf is size-1, with its time.
	batch, timeUnixMs uint64
}

// Open opens the folder, or makes it, and finishes a rollback that a crash interrupted.
func Open(dir string, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{dir: dir, options: o}
	if !o.ReadOnly {
		if err := s.cleanSwap(); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make folder of the state: %w", err)
		}
	}
	if err := s.open(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Store) open() error {
	o := badger.DefaultOptions(s.dir).
		WithSyncWrites(!s.options.NoSync).WithReadOnly(s.options.ReadOnly).
		WithDetectConflicts(false).WithNumVersionsToKeep(1).
		WithMemTableSize(memTableBytes).WithNumMemtables(2).WithNumLevelZeroTables(2).WithNumLevelZeroTablesStall(6).
		WithBlockCacheSize(16 << 20).WithIndexCacheSize(8 << 20).WithValueLogFileSize(16 << 20).
		WithNumCompactors(2).WithCompactL0OnClose(false).WithCompression(options.Snappy).
		WithVerifyValueChecksum(true).WithChecksumVerificationMode(options.OnTableAndBlockRead).
		WithMetricsEnabled(false).WithLogger(badgerLog{s.options.Log})
	db, err := badger.Open(o)
	if err != nil {
		if isLocked(err) {
			return fmt.Errorf("open state in %s: %w", s.dir, ErrInUse)
		}
		return fmt.Errorf("open state in %s: %w", s.dir, err)
	}
	s.db = db
	if err := s.load(); err != nil {
		return errors.Join(err, db.Close())
	}
	return nil
}

// memTableBytes makes room for the largest batch: badger takes transactions up to 15 % of it.
const memTableBytes = 32 << 20

// load reads what is kept in memory.
func (s *Store) load() error {
	err := s.db.View(func(txn *badger.Txn) error {
		raw, err := get(txn, metaFormat)
		if err != nil || raw == nil {
			return err
		}
		if string(raw) != format {
			return fmt.Errorf("%s is %q, not %q: %w", s.dir, raw, format, ErrFormat)
		}
		s.founded = true
		if raw, err = get(txn, metaNetwork); err != nil {
			return err
		}
		copy(s.network[:], raw)
		if s.head, err = readHead(txn); err != nil {
			return err
		}
		if raw, err = get(txn, metaApplied); err != nil || len(raw) != 16 {
			return errors.Join(err, fmt.Errorf("applied index: %w", ErrCorrupt))
		}
		s.applied = applied{binary.BigEndian.Uint64(raw), binary.BigEndian.Uint64(raw[8:])}
		if s.final, err = readFinal(txn); err != nil {
			return err
		}
		s.pending, err = readUndo(txn)
		return err
	})
	if err != nil {
		return fmt.Errorf("load state in %s: %w", s.dir, err)
	}
	if !s.founded || s.options.ReadOnly {
		return nil
	}
	return s.resumeRollback()
}

// Close closes the files.
func (s *Store) Close() error {
	s.swap.Lock()
	defer s.swap.Unlock()
	if s.db == nil {
		return nil
	}
	err := s.db.Close()
	s.db = nil
	if err != nil {
		return fmt.Errorf("close state in %s: %w", s.dir, err)
	}
	return nil
}

// Founded says whether the genesis has been written.
func (s *Store) Founded() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.founded
}

// CheckNetwork is ErrOtherNetwork unless the folder is of the network.
func (s *Store) CheckNetwork(network tx.NetworkID) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.network != network {
		return fmt.Errorf("%s is of network %s, the genesis file of %s: %w", s.dir, s.network, network, ErrOtherNetwork)
	}
	return nil
}

// Head is where the ledger stands.
func (s *Store) Head() ledger.Head {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.head
}

// Applied is the last raft entry whose effects are in the state, and its term.
func (s *Store) Applied() (index, term uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.applied.index, s.applied.term
}

// get reads a key; nil when absent.
func get(txn *badger.Txn, key []byte) ([]byte, error) {
	item, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", key[:1], err)
	}
	value, err := item.ValueCopy(nil)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", key[:1], err)
	}
	if value == nil {
		value = []byte{}
	}
	return value, nil
}

func key64(space byte, n uint64) []byte { return binary.BigEndian.AppendUint64([]byte{space}, n) }

func keyState(k []byte) []byte { return append([]byte{spaceState}, k...) }

func keyHistory(account tx.AccountID, index uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte{spaceHistory}, account[:]...), ^index)
}
