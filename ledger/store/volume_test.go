package store

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// compareIndexes compares what leads to leaves, in memory or in volumes, with the leaves one by one. What was ever found is in ids.
func (b *book) compareIndexes(ids map[[32]byte]bool, before uint64, limit int) {
	b.Helper()
	lookups, histories := make(map[[32]byte]uint64), make(map[tx.AccountID][]uint64)
	for index := range b.store.Head().Size {
		raw, err := b.store.Leaf(index)
		if err != nil {
			b.Fatal(err)
		}
		leaf, _, err := ledger.ReadLeaf(b.world.Network, index, raw)
		if err != nil {
			b.Fatal(err)
		}
		if _, earlier := lookups[leaf.Lookup]; !earlier && leaf.Lookup != ([32]byte{}) {
			lookups[leaf.Lookup], ids[leaf.Lookup] = index, true
		}
		for _, account := range leaf.Accounts {
			histories[account] = append([]uint64{index}, histories[account]...)
		}
	}
	for id := range ids {
		want, known := lookups[id]
		if leaf, found, err := b.store.Lookup(id); err != nil || found != known || found && leaf != want {
			b.Fatalf("leaf of %x is %d, %v, not %d, %v: %v", id, leaf, found, want, known, err)
		}
	}
	for account, all := range histories {
		want := slices.DeleteFunc(all, func(leaf uint64) bool { return leaf >= before })
		want = want[:min(limit, len(want))]
		if got, err := b.store.History(account, before, limit); err != nil || !slices.Equal(got, want) {
			b.Fatalf("history of %s before %d is %d, not %d: %v", account, before, got, want, err)
		}
	}
}

// history goes on until several volumes are full.
func (b *book) history() {
	for i := range 9 {
		b.commit(b.pay(1), b.pack(b.world.Provider, tx.Transfer{Debit: b.world.IssuerAccount, Credit: b.world.Juma.Account, Asset: ledgertest.KES, Amount: 7}), b.pay(2))
		if i == 4 {
			b.final(b.store.Head().Size)
		}
	}
}

// Leaves are found and shown from volumes, from memory and from both, whatever is asked for.
func TestIndexesAcrossVolumes(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "volumes"))
	b.history()
	for _, when := range []string{"some final", "reopened", "all final", "reopened again"} {
		switch when {
		case "all final":
			b.final(b.store.Head().Size)
		case "reopened", "reopened again":
			b.reopen()
		}
		size := b.store.Head().Size
		if indexed := b.store.standing.Load().indexed; indexed == 0 || indexed == size {
			t.Fatalf("%s: the volumes end at %d of %d leaves", when, indexed, size)
		}
		for before := range size + 2 {
			for _, limit := range []int{0, 1, 3, 100} {
				b.compareIndexes(make(map[[32]byte]bool), before, limit)
			}
		}
		b.audit()
	}
}

// A crash in the middle of a volume changes nothing for readers, and the volume is written again.
func TestCrashInVolume(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "crash in volume"))
	b.history()
	size := b.store.Head().Size
	root, err := b.store.Root(size)
	if err == nil {
		err = b.store.setFinal(b.seal(size), size, root)
	}
	if err != nil {
		t.Fatal(err)
	}
	for written := 0; ; written++ {
		dir := filepath.Join(t.TempDir(), "state")
		copyFolder(t, b.dir, dir)
		t.Run(fmt.Sprint(written), func(t *testing.T) {
			cut := &book{testing1: t, world: b.world, dir: dir}
			cut.open()
			defer func() { cut.store.Close() }()
			for _, whole := range []bool{false, true} {
				if whole {
					if err := cut.store.bind(1000); err != nil {
						t.Fatal(err)
					}
				}
				for before := range size + 1 {
					cut.compareIndexes(make(map[[32]byte]bool), before, 3)
				}
				cut.audit()
			}
			if next, err := cut.store.nextVolume(); next != nil || err != nil {
				t.Errorf("a volume is left: %v", err)
			}
		})
		if b.store.binding == nil {
			next, err := b.store.nextVolume()
			if err != nil {
				t.Fatal(err)
			}
			if next == nil {
				return
			}
			images := slices.Concat(next.portions...)
			next.portions = slices.Collect(slices.Chunk(images, 4))
			b.store.binding = next
		}
		if _, err := b.store.bindSome(); err != nil {
			t.Fatal(err)
		}
	}
}

// A volume that leads to nothing, since its batches are empty, ends like any other.
func TestVolumeOfEmptyBatches(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "empty volume"))
	b.commit(b.pay(1), b.pay(2))
	for range 3 * testVolume {
		b.commit()
	}
	b.commit(b.pay(3))
	b.final(b.store.Head().Size)
	for range 2 {
		size := b.store.Head().Size
		if indexed := b.store.standing.Load().indexed; size-indexed >= testVolume {
			t.Fatalf("the volumes end at %d of %d leaves", indexed, size)
		}
		b.compareIndexes(make(map[[32]byte]bool), size, 100)
		b.audit()
		b.reopen()
	}
}

// One final checkpoint writes a part of what waits, and those after it the rest.
func TestManyVolumesAtOnce(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "many volumes"))
	for range 3 * finalPortions {
		var all [][]byte
		for range 3 * testVolume {
			all = append(all, b.pay(1))
		}
		b.commit(all...)
	}
	size := b.store.Head().Size
	b.final(size)
	for written := 0; ; written++ {
		indexed := b.store.standing.Load().indexed
		b.compareIndexes(make(map[[32]byte]bool), size, 100)
		b.audit()
		if size-indexed < testVolume {
			if written == 0 {
				t.Error("one checkpoint wrote all")
			}
			break
		}
		if written > 5 {
			t.Fatalf("the volumes end at %d of %d leaves", indexed, size)
		}
		if written == 1 {
			b.reopen()
		}
		b.commit(b.pay(1))
		size = b.store.Head().Size
		b.final(size)
	}
}

// What many histories show ends a volume early, and a state made from a snapshot has the same volumes.
func TestVolumeOfPayroll(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "payroll"))
	payroll := tx.BulkTransfer{Mode: tx.Each, Debit: b.world.IssuerAccount, Asset: ledgertest.KES}
	for i := range shownPerLeaf * testVolume {
		payroll.Legs = append(payroll.Legs, tx.BulkLeg{Credit: tx.AccountID{byte(i + 1)}, Amount: 1})
	}
	payroll.Legs = append(payroll.Legs, tx.BulkLeg{Credit: b.world.Juma.Account, Amount: 1})
	b.commit(b.pack(b.world.Issuer, payroll))
	size := b.store.Head().Size
	b.final(size)
	if indexed := b.store.standing.Load().indexed; indexed != size || size >= testVolume {
		t.Fatalf("the volumes end at %d of %d leaves", indexed, size)
	}
	b.compareIndexes(make(map[[32]byte]bool), size, 100)
	b.audit()
	other := &book{testing1: t, world: b.world, dir: filepath.Join(t.TempDir(), "state")}
	o := Options{NoSync: true, VolumeLeaves: testVolume}
	if err := Restore(other.dir, o, bytes.NewReader(snapshotOf(t, b)), func(SnapshotHeader) error { return nil }); err != nil {
		t.Fatal(err)
	}
	other.open()
	defer func() { other.store.Close() }()
	if indexed := other.store.standing.Load().indexed; indexed != size {
		t.Errorf("from a snapshot, the volumes end at %d of %d leaves", indexed, size)
	}
	other.compareIndexes(make(map[[32]byte]bool), size, 100)
	other.audit()
}

// TestLookupInABatch: an unauthorised envelope, which nobody's history shows, may be packed twice in a batch; it is found where it came first.
func TestLookupInABatch(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, t.Name()))
	txn := b.store.disk.db.NewTransaction(false)
	defer txn.Discard()
	r, open, id := newRecent(), new(volume), [32]byte{7}
	for _, index := range []uint64{10, 11} {
		if err := r.lookup(txn, 0, open, ledger.Leaf{Index: index, Lookup: id}); err != nil {
			t.Fatal(err)
		}
	}
	if want := []found{{id, 10}}; !slices.Equal(open.lookups, want) {
		t.Errorf("found at %v, want %v", open.lookups, want)
	}
}

// TestShownLeaves: a history entry leads back from each leaf to the one before, and never to itself or beyond the first.
func TestShownLeaves(t *testing.T) {
	for _, row := range []struct {
		value []byte
		want  []uint64
	}{
		{nil, []uint64{300}}, {[]byte{1, 99}, []uint64{300, 299, 200}}, {[]byte{0xac, 2}, []uint64{300, 0}},
		{[]byte{0}, nil}, {[]byte{1, 0}, nil}, {[]byte{0xad, 2}, nil}, {[]byte{0x80}, nil},
	} {
		got, err := shownLeaves(300, row.value)
		if !slices.Equal(got, row.want) || (row.want == nil) != errors.Is(err, ErrCorrupt) {
			t.Errorf("%x: %v, %v, want %v", row.value, got, err, row.want)
		}
	}
}
