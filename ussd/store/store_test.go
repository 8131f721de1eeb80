package store

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/ussdtest"
)

func open(t *testing.T, dir string) *Badger {
	t.Helper()
	b, err := Open(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBadgerIsAStore(t *testing.T) {
	ussdtest.CheckStore(t, func(t *testing.T) ussd.Store {
		b := open(t, t.TempDir())
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
	b := open(t, dir)
	if err := b.Update(ctx, func(w ussd.Writer) error { return w.Set([]byte("a"), []byte("1")) }); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "00077.mem"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b = open(t, dir)
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

func TestWhatWasWrittenIsThereAfterReopening(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	b := open(t, dir)
	if err := b.Update(ctx, func(w ussd.Writer) error { return w.Set([]byte("a"), []byte("1")) }); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a second process opened the same directory")
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = open(t, dir)
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
