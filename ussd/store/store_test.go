package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/dgraph-io/badger/v4"
	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/ussdtest"
)

func openIn(t *testing.T, dir string) *Badger {
	t.Helper()
	b, err := Open(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBadgerIsAStore(t *testing.T) {
	ussdtest.CheckStore(t, func(t *testing.T) ussd.Store {
		b := openIn(t, t.TempDir())
		t.Cleanup(func() {
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		})
		return b
	})
}

func TestWhatWasPromisedOutlivesAKill(t *testing.T) {
	ussdtest.CheckDurable(t, func(dir string) (ussdtest.DirStore, error) { return Open(dir, slog.New(slog.DiscardHandler)) })
}

// TestKilledWhileMakingATable: the process ended when it had made a file and written nothing to it.
func TestKilledWhileMakingATable(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	b := openIn(t, dir)
	if err := b.Update(ctx, func(w ussd.Writer) error { return w.Set([]byte("a"), []byte("1")) }); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "00077.mem"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b = openIn(t, dir)
	defer b.Close()
	if err := b.View(ctx, func(r ussd.Reader) error {
		value, err := r.Get([]byte("a"))
		if err == nil && string(value) != "1" {
			err = errors.New("another value")
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

// A process with memtables of 8 MiB was killed: what it wrote to them fits into none of this size.
func TestKilledWithLargerMemtables(t *testing.T) {
	const keys = 3500
	written, left := t.TempDir(), t.TempDir()
	db, err := badger.Open(badger.DefaultOptions(written).WithMemTableSize(8 << 20).WithValueLogFileSize(valueLogBytes).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	for i := range keys {
		err := db.Update(func(txn *badger.Txn) error { return txn.Set(fmt.Appendf(nil, "key/%d", i), make([]byte, 2048)) })
		if err != nil {
			t.Fatal(err)
		}
	}
	// What a kill leaves is what is there before Close.
	if err := os.CopyFS(left, os.DirFS(written)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b := openIn(t, left)
	defer b.Close()
	found := 0
	err = b.View(t.Context(), func(r ussd.Reader) error {
		return r.Scan([]byte("key/"), nil, keys+1, func(_, _ []byte) error {
			found++
			return nil
		})
	})
	if err != nil || found != keys {
		t.Errorf("%d keys of %d: %v", found, keys, err)
	}
}

func TestWhatWasWrittenIsThereAfterReopening(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	b := openIn(t, dir)
	if err := b.Update(ctx, func(w ussd.Writer) error { return w.Set([]byte("a"), []byte("1")) }); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a second process opened the same directory")
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = openIn(t, dir)
	defer b.Close()
	err := b.View(ctx, func(r ussd.Reader) error {
		value, err := r.Get([]byte("a"))
		if err == nil && string(value) != "1" {
			err = errors.New("another value")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Many update one record at a time: each is kept, and none is told that it met another one, however slow the others are.
func TestACounterThatManyChange(t *testing.T) {
	const many, each = 64, 8
	b := openIn(t, t.TempDir())
	defer b.Close()
	key := []byte("counter")
	var group errgroup.Group
	for range many {
		group.Go(func() error {
			for range each {
				err := b.Update(t.Context(), func(w ussd.Writer) error {
					value, err := w.Get(key)
					if err != nil && !errors.Is(err, ussd.ErrNotFound) {
						return err
					}
					runtime.Gosched()
					return w.Set(key, append(value, 1))
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	err := b.View(t.Context(), func(r ussd.Reader) error {
		value, err := r.Get(key)
		if len(value) != many*each {
			t.Errorf("%d of %d are kept", len(value), many*each)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
