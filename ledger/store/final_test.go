package store

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
)

func TestSetFinal(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "final"))
	if _, _, ok := b.store.Final(); ok || b.store.FinalHead().Size != 1 {
		t.Error("something is final before the first checkpoint")
	}
	first := b.commit(b.pay(1)).After
	second := b.commit(b.pay(2)).After
	third := b.commit(b.pay(3)).After
	for _, c := range []struct {
		name string
		size uint64
		root [32]byte
		want error
	}{
		{"size 0", 0, [32]byte{}, ErrMismatch},
		{"inside a batch", first.Size + 1, rootAt(t, b.store, first.Size+1), ErrMismatch},
		{"beyond the end", third.Size + 1, third.Root, ErrMismatch},
		{"another tree", second.Size, third.Root, ErrMismatch},
		{"the second batch", second.Size, second.Root, nil},
		{"the second batch again", second.Size, second.Root, nil},
		{"the first batch after it", first.Size, first.Root, nil},
		{"the first batch of another tree", first.Size, second.Root, ErrMismatch},
	} {
		if err := b.store.SetFinal([]byte(c.name), c.size, c.root); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for range 2 {
		note, size, ok := b.store.Final()
		if string(note) != "the second batch" || size != second.Size || !ok || b.store.FinalHead() != placeOf(second) || b.store.Pending() != 1 {
			t.Errorf("final: %q, size %d, %v, pending %d", note, size, ok, b.store.Pending())
		}
		b.reopen()
	}
}

func rootAt(t *testing.T, s *Store, size uint64) [32]byte {
	t.Helper()
	root, err := s.Root(size)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// Undo records that a crash left below the final checkpoint are dropped at the next start.
func TestLeftOverUndoIsDropped(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "left over"))
	b.commit(b.pay(1))
	record := b.dump()[string(keyUndo(1, 0))]
	b.final(b.store.Head().Size)
	b.commit(b.pay(2))
	want := b.dump()
	b.store.Close()
	tamper(t, b.dir, keyUndo(1, 0), []byte(record))
	b.open()
	if got := b.dump(); !equal(got, want) {
		t.Errorf("after the start: %s", difference(got, want))
	}
}

// The watermark outlives badger: a store that has gone back behind what was final does not start.
func TestStoreThatWentBack(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "went back"))
	b.commit(b.pay(1))
	old := filepath.Join(t.TempDir(), "state")
	copyFolder(t, b.dir, old)
	b.final(b.store.Head().Size)
	if err := copyFile(filepath.Join(b.dir, watermarkFile), filepath.Join(old, watermarkFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(old, Options{NoSync: true, VolumeLeaves: testVolume}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("open: %v", err)
	}
}

// Equal ledgers export equal bytes, however far each knows them final.
func TestExport(t *testing.T) {
	w := ledgertest.Network(t, "export")
	one, two := newBook(t, w), newBook(t, w)
	for range 3 {
		one.commit(one.pay(5))
		if err := two.store.Advance(two.raftIndex+1, 1); err != nil {
			t.Fatal(err)
		}
		two.raftIndex++
		two.commit(two.pay(5))
	}
	two.final(two.store.Head().Size)
	if !bytes.Equal(one.export(), two.export()) {
		t.Error("equal ledgers export different bytes")
	}
	two.commit()
	if bytes.Equal(one.export(), two.export()) {
		t.Error("different ledgers export equal bytes")
	}
}
