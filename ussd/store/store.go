// Package store keeps a gateway's records in a badger database of its own.
//
// A Badger is opened on a directory, which it locks; Update returns only when the write is fsynced; Close flushes. The
// settings are for a machine with little memory: an empty store takes some 30 MB, and 100,000 sessions of 2 KiB, all of them just
// written, 210 MB, of which 120 MB are pages of its files (BenchmarkOpenSessions). It promises what ussd.Store
// promises, and runs an update that met another one again, in the end alone; change must not begin another. An update writes 512 KiB and 2,000 keys at most. It refuses a directory that another process has open. A read
// or write error is returned and means that the process should end: nothing may be answered on a store that did not keep
// it.
package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/umoja-ledger/umoja/ussd"
)

const (
	// memTableBytes and tableBytes are small because badger keeps up to eight buffers of several times that for making tables. An
	// update writes at most a seventh of a memtable, which is 600 KB; a value above largeValueBytes goes to the value log.
	memTableBytes   = 4 << 20
	tableBytes      = 1 << 20
	largeValueBytes = 256 << 10
	valueLogBytes   = 16 << 20
	blockCacheBytes = 8 << 20
	indexCacheBytes = 4 << 20
	// together is how often an update is run beside others. When another got in between each time, it is run alone.
	together = 4
)

// Badger is a ussd.Store on disk.
type Badger struct {
	db *badger.DB
	// alone is held for reading by updates that run beside others, and for writing by one that nobody may meet.
	alone sync.RWMutex
}

// Open opens or makes the store in dir. What badger has to say of warnings and errors goes to log.
func Open(dir string, log *slog.Logger) (*Badger, error) {
	settings := badger.DefaultOptions(dir).
		WithSyncWrites(true).
		WithDetectConflicts(true).
		WithNumVersionsToKeep(1).
		WithMemTableSize(memTableBytes).
		WithNumMemtables(2).
		WithBaseTableSize(tableBytes).
		WithValueThreshold(largeValueBytes).
		WithValueLogFileSize(valueLogBytes).
		WithBlockCacheSize(blockCacheBytes).
		WithIndexCacheSize(indexCacheBytes).
		WithNumCompactors(2).
		WithCompactL0OnClose(true).
		WithVerifyValueChecksum(true).
		// Screens and JSON halve, and with them the pages of tables that are resident.
		WithCompression(options.ZSTD).
		WithZSTDCompressionLevel(1).
		// Each block when it is read: reading every table at the start would make all of them resident.
		WithChecksumVerificationMode(options.OnBlockRead).
		WithMetricsEnabled(false).
		WithLogger(logger{log})
	if err := shrink(dir, settings); err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	db, err := open(settings)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	return &Badger{db: db}, nil
}

// shrink makes tables of what a killed process with larger memtables left: badger ends the process when it does not fit into one of
// this size. A memtable's file is twice as large as the memtable, from the start.
func shrink(dir string, settings badger.Options) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.mem"))
	if err != nil {
		return err
	}
	largest := int64(0)
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		largest = max(largest, info.Size())
	}
	if largest <= 2*memTableBytes {
		return nil
	}
	db, err := open(settings.WithMemTableSize(largest / 2))
	if err != nil {
		return err
	}
	return db.Close()
}

// open opens also what was left by a process that was killed when it had made a file for a new table in memory and written
// nothing to it. Badger stumbles over such a file once, and has made it whole by then.
func open(settings badger.Options) (*badger.DB, error) {
	db, err := badger.Open(settings)
	if err != nil && strings.Contains(err.Error(), "Create a new file") {
		db, err = badger.Open(settings)
	}
	return db, err
}

// Close flushes and releases the directory.
func (b *Badger) Close() error {
	if err := b.db.Close(); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// View implements ussd.Store.
func (b *Badger) View(ctx context.Context, read func(ussd.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("read store: %w", err)
	}
	return b.db.View(func(txn *badger.Txn) error { return read(transaction{txn}) })
}

// Update implements ussd.Store. Once badger has begun to write, the context does not stop it. An update that others got ahead of a few times is
// run while no other is, so that a record which many change at a time, such as a counter, delays them and fails none.
func (b *Badger) Update(ctx context.Context, change func(ussd.Writer) error) error {
	for range together {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("update store: %w", err)
		}
		if err := b.update(b.alone.RLocker(), change); !errors.Is(err, badger.ErrConflict) {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("update store: %w", err)
	}
	return b.update(&b.alone, change)
}

func (b *Badger) update(place sync.Locker, change func(ussd.Writer) error) error {
	place.Lock()
	defer place.Unlock()
	return b.db.Update(func(txn *badger.Txn) error { return change(transaction{txn}) })
}

// transaction is a ussd.Writer within one badger transaction.
type transaction struct {
	txn *badger.Txn
}

func (t transaction) Get(key []byte) ([]byte, error) {
	item, err := t.txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, ussd.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	value, err := item.ValueCopy(nil)
	if err != nil {
		return nil, fmt.Errorf("get value: %w", err)
	}
	return value, nil
}

// Scan reads all before it calls take, because a badger transaction has one iterator at a time and take may scan too.
func (t transaction) Scan(prefix, from []byte, limit int, take func(key, value []byte) error) error {
	type pair struct{ key, value []byte }
	var pairs []pair
	opts := badger.DefaultIteratorOptions
	opts.Prefix = prefix
	opts.PrefetchSize = min(max(limit, 1), opts.PrefetchSize)
	if bytes.Compare(from, prefix) < 0 {
		from = prefix
	}
	err := func() error {
		iterator := t.txn.NewIterator(opts)
		defer iterator.Close()
		for iterator.Seek(from); iterator.Valid() && len(pairs) < limit; iterator.Next() {
			item := iterator.Item()
			value, err := item.ValueCopy(nil)
			if err != nil {
				return fmt.Errorf("scan value: %w", err)
			}
			pairs = append(pairs, pair{item.KeyCopy(nil), value})
		}
		return nil
	}()
	if err != nil {
		return err
	}
	for _, p := range pairs {
		if err := take(p.key, p.value); err != nil {
			return err
		}
	}
	return nil
}

func (t transaction) Set(key, value []byte) error {
	// Badger keeps the slices until the commit; the caller may use them again.
	if err := t.txn.Set(bytes.Clone(key), bytes.Clone(value)); err != nil {
		return fmt.Errorf("set: %w", err)
	}
	return nil
}

func (t transaction) Delete(key []byte) error {
	if err := t.txn.Delete(bytes.Clone(key)); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	return nil
}

// logger passes badger's warnings and errors on.
type logger struct {
	log *slog.Logger
}

func (l logger) Errorf(format string, args ...any)   { l.log.Error(line(format, args)) }
func (l logger) Warningf(format string, args ...any) { l.log.Warn(line(format, args)) }
func (l logger) Infof(string, ...any)                {}
func (l logger) Debugf(string, ...any)               {}

func line(format string, args []any) string {
	return "store: " + strings.TrimSpace(fmt.Sprintf(format, args...))
}
