package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

func TestReopenedStoreIsTheSame(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "reopen"))
	b.commit(b.pay(1_00), b.pay(2_00))
	b.final(b.store.Head().Size)
	b.commit(b.pay(3_00))
	if err := b.store.Advance(7, 3); err != nil {
		t.Fatal(err)
	}
	before, head := b.dump(), b.store.Head()
	b.reopen()
	if after := b.dump(); !equal(before, after) {
		t.Error("the store holds something else after it was opened again")
	}
	index, term := b.store.Applied()
	if b.store.Head() != head || index != 7 || term != 3 || b.store.Pending() != 1 || !b.store.Founded() {
		t.Errorf("head %d, applied %d %d, pending %d", b.store.Head().Batch, index, term, b.store.Pending())
	}
	if _, size, ok := b.store.Final(); !ok || size != b.store.FinalHead().Size || size == head.Size {
		t.Errorf("final size %d, %v", size, ok)
	}
	b.audit()
}

// TestKilledWhileMakingATable: the process ended when it had made a file and written nothing to it.
func TestKilledWhileMakingATable(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "empty table"))
	b.commit(b.pay(1_00))
	before := b.dump()
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "00077.mem"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b.open()
	if after := b.dump(); !equal(before, after) {
		t.Error("the store holds something else")
	}
	b.audit()
}

// A power loss must not take what Commit returned for: syncing is what one gets without asking.
func TestSettings(t *testing.T) {
	d, err := openDisk(t.TempDir(), Options{Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	o := d.db.Opts()
	if !o.SyncWrites || o.DetectConflicts || o.NumVersionsToKeep != 1 || !o.VerifyValueChecksum ||
		o.ChecksumVerificationMode != options.OnBlockRead || o.ValueThreshold < undoPart || o.ValueThreshold < tx.MaxLeafBytes {
		t.Errorf("settings %+v", o)
	}
}

func equal(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if w, ok := b[k]; !ok || v != w {
			return false
		}
	}
	return true
}

func TestOtherNetworkIsRefused(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "one"))
	other := ledgertest.Network(t, "another")
	if err := b.store.CheckNetwork(b.world.Network); err != nil {
		t.Error(err)
	}
	if err := b.store.CheckNetwork(other.Network); !errors.Is(err, ErrOtherNetwork) {
		t.Errorf("check: %v", err)
	}
	fx, err := ledger.Found(other.Genesis)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.store.Found(other.Network, fx); !errors.Is(err, ErrOtherNetwork) {
		t.Errorf("found: %v", err)
	}
}

func TestOneProcessPerFolder(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "lock"))
	for _, o := range []Options{{NoSync: true, VolumeLeaves: testVolume}, {ReadOnly: true, VolumeLeaves: testVolume}} {
		if _, err := Open(b.dir, o); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), b.dir) {
			t.Errorf("open a folder in use: %v", err)
		}
	}
	if err := Restore(b.dir, Options{}, nil, nil); !errors.Is(err, ErrInUse) {
		t.Errorf("restore into a folder in use: %v", err)
	}
}

func TestOtherFormatIsRefused(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "format"))
	b.store.Close()
	tamper(t, b.dir, metaFormat, []byte("umoja-store/v0"))
	if _, err := Open(b.dir, Options{NoSync: true, VolumeLeaves: testVolume}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), b.dir) {
		t.Errorf("open: %v", err)
	}
}

// A founding that a crash cut is no founding, and leaves nothing for the next.
func TestInterruptedFounding(t *testing.T) {
	w := ledgertest.Network(t, "founding")
	clean := newBook(t, w)
	b := &book{testing1: t, world: w, dir: filepath.Join(t.TempDir(), "state")}
	b.open()
	err := b.store.disk.db.Update(func(txn *badger.Txn) error { return txn.Set(keyState([]byte("stray")), []byte("x")) })
	if err != nil {
		t.Fatal(err)
	}
	b.crash(filepath.Join(t.TempDir(), "state"))
	defer func() { b.store.Close() }()
	if b.store.Founded() {
		t.Fatal("half a founding counts as one")
	}
	b.found()
	if !bytes.Equal(b.export(), clean.export()) {
		t.Error("the founding that was cut left something behind")
	}
}

// A genesis may name more than fits one transaction of badger.
func TestLargeGenesis(t *testing.T) {
	w := ledgertest.Network(t, "large genesis")
	fx, err := ledger.Found(w.Genesis)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60_000 {
		fx.Changes = append(fx.Changes, ledger.Change{Key: append([]byte("z"), bytes64(uint64(i))...), After: make([]byte, 64)})
	}
	b := &book{testing1: t, world: w, dir: filepath.Join(t.TempDir(), "state")}
	b.open()
	defer func() { b.store.Close() }()
	if err := b.store.Found(w.Network, fx); err != nil {
		t.Fatal(err)
	}
	v := b.store.View()
	defer v.Close()
	if n := len(entries(t, v, 1000)); n != len(fx.Changes) {
		t.Errorf("%d of %d entries were written", n, len(fx.Changes))
	}
}

// What badger may lose or change without a word is found when the folder is opened.
func TestOpenFindsDamage(t *testing.T) {
	balance := func(b *book) []byte {
		for key := range b.dump() {
			if key[0] == spaceState && key[1] == 'b' {
				return []byte(key)
			}
		}
		return nil
	}
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, b *book, dir string)
		want   error
	}{
		{"nothing", func(*testing.T, *book, string) {}, nil},
		{"state entry gone", func(t *testing.T, b *book, dir string) {
			key := balance(b)
			b.store.Close()
			tamper(t, dir, key, nil)
		}, ErrCorrupt},
		{"stored hash changed", func(t *testing.T, b *book, dir string) {
			last := key64(spaceHash, uint64(tlog.StoredHashCount(int64(b.store.Head().Size)))-1)
			page := []byte(b.dump()[string(last)])
			page[len(page)-1] ^= 1
			tamper(t, dir, last, page)
		}, ErrCorrupt},
		{"head changed", func(t *testing.T, b *book, dir string) {
			h := b.store.Head()
			h.Batch++
			tamper(t, dir, metaHead, encodeHead(h))
		}, ErrCorrupt},
		{"undo record gone", func(t *testing.T, b *book, dir string) { tamper(t, dir, keyUndo(b.store.Head().Batch, 0), nil) }, ErrCorrupt},
		{"undo record cut", func(t *testing.T, b *book, dir string) {
			tamper(t, dir, keyUndo(b.store.Head().Batch, 0), []byte{0, 3, 's'})
		}, ErrCorrupt},
		{"final checkpoint lost", func(t *testing.T, b *book, dir string) {
			f, err := os.OpenFile(filepath.Join(dir, watermarkFile), os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if err := writeWatermark(f, b.store.Head().Size, false); err != nil {
				t.Fatal(err)
			}
		}, ErrCorrupt},
		{"watermark torn", func(t *testing.T, b *book, dir string) {
			if err := os.WriteFile(filepath.Join(dir, watermarkFile), []byte("0123456789abcdef"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, ErrCorrupt},
		{"closed at another head", func(t *testing.T, b *book, dir string) {
			h := b.store.Head()
			h.Batch++
			if err := markStop(dir, h); err != nil {
				t.Fatal(err)
			}
		}, ErrCorrupt},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBook(t, ledgertest.Network(t, "damage"))
			b.commit(b.pay(1_00))
			b.final(b.store.Head().Size)
			b.commit(b.pay(2_00))
			dir := filepath.Join(t.TempDir(), "state")
			copyFolder(t, b.dir, dir)
			c.damage(t, b, dir)
			s, err := Open(dir, Options{NoSync: true, VolumeLeaves: testVolume})
			if !errors.Is(err, c.want) {
				t.Errorf("open: %v, want %v", err, c.want)
			}
			if err == nil {
				s.Close()
			}
		})
	}
}

// An audit of a stopped validator changes nothing, also when the validator was killed.
func TestReadOnly(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "read only"))
	b.commit(b.pay(1_00))
	fx, export := b.effects(b.pay(2_00)), b.export()
	killed := filepath.Join(t.TempDir(), "state")
	copyFolder(t, b.dir, killed)
	b.store.Close()
	for _, dir := range []string{b.dir, killed, killed} {
		s, err := Open(dir, Options{ReadOnly: true, VolumeLeaves: testVolume})
		if err != nil {
			t.Fatal(err)
		}
		again := &book{testing1: t, store: s}
		again.audit()
		if !bytes.Equal(again.export(), export) {
			t.Error("another state is read")
		}
		for _, err := range []error{s.Commit(9, 1, fx), s.Advance(9, 1), s.Rollback(0), s.SetFinal(nil, 1, [32]byte{})} {
			if err == nil {
				t.Error("a write was taken")
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(b.dir, stopFile)); err != nil {
		t.Errorf("the mark of the orderly stop is gone: %v", err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "nowhere"), Options{ReadOnly: true, VolumeLeaves: testVolume}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("open nothing for reading: %v", err)
	}
}

func TestClosedStore(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "closed"))
	fx, view := b.effects(b.pay(1)), b.store.View()
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.store.Close(); err != nil {
		t.Errorf("close twice: %v", err)
	}
	_, leafErr := b.store.Leaf(0)
	_, getErr := view.Get([]byte("r"))
	_, newestErr := b.store.Get([]byte("never read"))
	_, scanErr := b.store.FinalView().Scan(nil, nil, 1)
	_, snapshotErr := b.store.Snapshot()
	for _, err := range []error{leafErr, getErr, newestErr, scanErr, snapshotErr, b.store.Commit(1, 1, fx), b.store.Replace(nil)} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("on a closed store: %v", err)
		}
	}
	view.Close()
	view.Close()
}
