package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Keyspaces.
const (
	spaceHeader  = 'b' // header's leaf index(8) → batch(8) time(8)
	spaceHash    = 'h' // stored index(8) of the last → hashes
	spaceLookup  = 'i' // id or envelope hash(32) → index(8) of its first leaf
	spaceLeaf    = 'l' // index(8) of the last → leaves, each behind its length, packed
	spaceMeta    = 'm'
	spaceState   = 's' // state key → value
	spaceUndo    = 'u' // batch(8) part(4) → undo record
	spaceHistory = 'y' // account(16) ^index(8) of the newest in a volume → steps back to the others in it
)

var (
	metaApplied = []byte("mapplied")
	metaArrived = []byte("marrived") // The header of the snapshot that the state came by.
	metaFinal   = []byte("mfinal")
	metaFormat  = []byte("mformat")
	metaHead    = []byte("mhead")
	metaIndexed = []byte("mindexed") // size(8) up to which volumes have been written
	metaNetwork = []byte("mnetwork")
	metaPart    = []byte("mpart")   // A batch that is being written in parts.
	metaTarget  = []byte("mtarget") // A rollback under way.
)

// format is the version of the layout above.
const format = "umoja-store/v3"

// memTableBytes is the size of badger's table in memory. Badger takes transactions up to 15 % of it, here 1.6 MB; a larger
// batch is written in parts. Whoever writes tables out takes buffers of 2, 4 and 8 MB for one of this size, and badger
// keeps several of them: from 12 MB on it would be twice as much memory.
const memTableBytes = 10 << 20

// tableBytes is the size of badger's smallest tables on disk. The first sorted level takes baseLevelBytes, and looseTables gather before they
// are merged into it: with two of them and 10 MB, badger rewrote each byte three times as often. With eight, a payment wrote 2,300
// bytes of the disk, with fourteen it writes 1,800, since ids lie all over the level and a merge rewrites it. A look-up of what is not there
// asks the filter of each. A merge takes seconds of a processor (merges), and validators that write the same would merge at the same moment: so of four, each has one
// fewer than the next (Options.Turn).
const (
	tableBytes     = 1 << 20
	baseLevelBytes = 64 << 20
	looseTables    = 14
	turns          = 4
)

// loose is how many tables gather in a turn.
func (o Options) loose() int { return looseTables - ((o.Turn%turns)+turns)%turns }

// disk is an open badger with the views on it.
type disk struct {
	// mu is held shared for the length of a read, and alone to close: a reader that is late finds closed set.
	mu     sync.RWMutex
	closed bool
	db     *badger.DB
	merges *merges

	// viewsMu guards views, those to let go of at the end: badger does not close under an open transaction.
	viewsMu sync.Mutex
	views   map[*View]struct{}
}

// openDisk opens badger with the settings of a ledger: every transaction synced, values beside their keys so that the value
// log is never rewritten, and every block checked whenever it is read. They are not checked when a table is opened, since a
// start would read the whole history. Nothing is compressed by badger: an entry would cost the unpacking of its block, or
// a cache of blocks, where now it is read in place.
func openDisk(dir string, o Options) (*disk, error) {
	m := &merges{loose: o.loose()}
	b := badger.DefaultOptions(dir).
		WithSyncWrites(!o.NoSync).WithReadOnly(o.ReadOnly).
		WithDetectConflicts(false).WithNumVersionsToKeep(1).
		WithMemTableSize(memTableBytes).WithNumMemtables(2).WithNumLevelZeroTables(o.loose()).WithNumLevelZeroTablesStall(2 * looseTables).
		WithBaseTableSize(tableBytes).WithBaseLevelSize(baseLevelBytes).WithValueLogFileSize(16 << 20).
		WithCompression(options.None).WithBlockSize(2 << 10).WithBlockCacheSize(0).WithIndexCacheSize(0).
		WithNumCompactors(2).WithCompactL0OnClose(false).
		WithVerifyValueChecksum(true).WithChecksumVerificationMode(options.OnBlockRead).
		WithMetricsEnabled(false).WithLogger(badgerLog{o.Log, m})
	db, err := badger.Open(b)
	if says(err, "Create a new file") {
		// The process was killed when it had made a file for a new table in memory and written nothing to it. Badger stumbles over such a
		// file once, and has made it whole by then.
		db, err = badger.Open(b)
	}
	if o.ReadOnly && says(err, badger.ErrTruncateNeeded.Error()) {
		// The process was killed: badger must write once to cut its log at the last whole transaction.
		if db, err = badger.Open(b.WithReadOnly(false)); err == nil {
			err = db.Close()
		}
		if err == nil {
			db, err = badger.Open(b)
		}
	}
	if says(err, "Cannot acquire directory lock") {
		err = ErrInUse
	}
	if err != nil {
		return nil, fmt.Errorf("open state in %s: %w", dir, err)
	}
	m.db.Store(db)
	return &disk{db: db, merges: m, views: make(map[*View]struct{})}, nil
}

// says finds an error of badger by its text: badger wraps without a chain.
func says(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }

// read runs a function on the newest state.
func (d *disk) read(f func(txn *badger.Txn) error) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return ErrClosed
	}
	return d.db.View(f)
}

// close waits for reads under way, lets go of views and closes badger.
func (d *disk) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.viewsMu.Lock()
	for v := range d.views {
		v.txn.Discard()
	}
	clear(d.views)
	d.viewsMu.Unlock()
	d.merges.finish()
	return d.db.Close()
}

// moves are what a transaction changes in memory beside the standing.
type moves struct {
	changes []ledger.Change
	// added leads to the leaves of a new batch; nil when there is none.
	added *volume
}

// move lets readers see what has just been written. The caller holds write and visible.
func (s *Store) move(next *standing, m moves) {
	before := s.standing.Load()
	s.standing.Store(next)
	s.cache.commit(m.changes)
	if m.added != nil {
		s.recent.add(next.head.Size, m.added)
	}
	if next.indexed > before.indexed {
		s.recent.drop(next.indexed)
	}
}

// put writes one transaction, which moves this in memory; then the store stands where next says. The caller holds write. When it fails the store
// takes no more writes: badger does not say whether what failed will be there after a restart.
func (s *Store) put(next *standing, m moves, f func(txn *badger.Txn) error) error {
	if err := s.writable(); err != nil {
		return err
	}
	txn := s.disk.db.NewTransaction(true)
	defer txn.Discard()
	if err := f(txn); err != nil {
		return s.fail(err)
	}
	if err := s.options.point("transaction not written"); err != nil {
		return s.fail(err)
	}
	s.visible.Lock()
	defer s.visible.Unlock()
	// A crash before this is on disk leaves nothing of the transaction; a crash after it leaves all of it, and what is in
	// memory is loaded from it again.
	if err := txn.Commit(); err != nil {
		return s.fail(err)
	}
	if err := s.options.point("transaction written"); err != nil {
		return s.fail(err)
	}
	s.move(next, m)
	return nil
}

func (s *Store) writable() error {
	switch {
	case s.failed != nil:
		return fmt.Errorf("an earlier write failed: %w", s.failed)
	case s.disk == nil:
		return ErrClosed
	case s.options.ReadOnly:
		return fmt.Errorf("%s is open for reading only: %w", s.dir, ErrMismatch)
	}
	return nil
}

func (s *Store) fail(err error) error {
	s.failed = err
	return err
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
	return valueOf(item)
}

// valueOf copies a value; never nil, since nil means absent.
func valueOf(item *badger.Item) ([]byte, error) {
	value, err := item.ValueCopy(nil)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", item.Key()[:1], err)
	}
	if value == nil {
		value = []byte{}
	}
	return value, nil
}

// set writes a value, or deletes the key when it is nil.
func set(txn *badger.Txn, key, value []byte) error {
	if value == nil {
		return txn.Delete(key)
	}
	return txn.Set(key, value)
}

// each runs over the keys of a prefix in order.
func each(txn *badger.Txn, prefix []byte, f func(item *badger.Item) error) error {
	o := badger.DefaultIteratorOptions
	o.Prefix, o.PrefetchValues = prefix, false
	it := txn.NewIterator(o)
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		if err := f(it.Item()); err != nil {
			return err
		}
	}
	return nil
}

func bytes64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func key64(space byte, n uint64) []byte { return binary.BigEndian.AppendUint64([]byte{space}, n) }

func keyState(k []byte) []byte { return append([]byte{spaceState}, k...) }

func keyLookup(id [32]byte) []byte { return append([]byte{spaceLookup}, id[:]...) }

func keyHistory(account tx.AccountID, index uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte{spaceHistory}, account[:]...), ^index)
}

func (p place) encode() []byte { return binary.BigEndian.AppendUint64(bytes64(p.index), p.term) }

func (a applied) encode() []byte { return append(place{a.index, a.term}.encode(), a.made.encode()...) }

func readApplied(txn *badger.Txn) (applied, error) {
	raw, err := get(txn, metaApplied)
	if err != nil {
		return applied{}, err
	}
	return decodeApplied(raw)
}

func decodeApplied(raw []byte) (applied, error) {
	if len(raw) != 16 && len(raw) != 32 {
		return applied{}, fmt.Errorf("applied index of %d bytes: %w", len(raw), ErrCorrupt)
	}
	a := at(place{binary.BigEndian.Uint64(raw), binary.BigEndian.Uint64(raw[8:])})
	if len(raw) == 32 { // Earlier programs wrote the first half only.
		a.made = place{binary.BigEndian.Uint64(raw[16:]), binary.BigEndian.Uint64(raw[24:])}
	}
	return a, nil
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
