package store

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

func TestCommitRefusesWhatDoesNotFollow(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "follow"))
	b.commit(b.pay(1_00))
	for _, c := range []struct {
		name  string
		index uint64
		spoil func(fx *ledger.Effects)
	}{
		{"raft index again", b.raftIndex, func(*ledger.Effects) {}},
		{"other head", 9, func(fx *ledger.Effects) { fx.Before.State[7]++ }},
		{"batch left out", 9, func(fx *ledger.Effects) { fx.After.Batch++ }},
		{"no leaves", 9, func(fx *ledger.Effects) { fx.Leaves, fx.After.Size = nil, fx.Before.Size }},
		{"leaf left out", 9, func(fx *ledger.Effects) { fx.Leaves = fx.Leaves[1:] }},
		{"leaf at another place", 9, func(fx *ledger.Effects) { fx.Leaves[0].Index++ }},
		{"hash left out", 9, func(fx *ledger.Effects) { fx.Hashes = fx.Hashes[1:] }},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := b.dump()
			fx := b.effects(b.pay(2_00))
			c.spoil(fx)
			if err := b.store.Commit(c.index, 1, fx); !errors.Is(err, ErrMismatch) {
				t.Errorf("commit: %v", err)
			}
			if !equal(before, b.dump()) {
				t.Error("a batch that was refused left something")
			}
		})
	}
	if err := b.store.Advance(b.raftIndex, 1); !errors.Is(err, ErrMismatch) {
		t.Errorf("advance to the same index: %v", err)
	}
	b.commit(b.pay(3_00)) // A refusal is no failure of the disk: the store goes on.
}

// A view is of one batch, whatever comes after it.
func TestViewStays(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "view"))
	v := b.store.View()
	defer v.Close()
	head, before := v.Head(), entries(t, v, 7)
	b.commit(b.pay(1_00))
	if after := entries(t, v, 3); v.Head() != head || fmt.Sprint(before) != fmt.Sprint(after) {
		t.Error("a commit changed an open view")
	}
	fresh := b.store.View()
	defer fresh.Close()
	if fresh.Head().Batch != head.Batch+1 {
		t.Errorf("a new view is of batch %d", fresh.Head().Batch)
	}
	ledgertest.Audit(t, fresh, b.store.Leaf, b.store.Head(), b.world.Network)
}

// A reader of the final state keeps its before-images while batches are undone and others take their place.
func TestFinalViewStays(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "final view"))
	b.commit(b.pay(1_00))
	v := b.store.FinalView()
	defer v.Close()
	before := entries(t, v, 100)
	for range 2 {
		if err := b.store.Rollback(0); err != nil {
			t.Fatal(err)
		}
		b.commit(b.pack(b.world.Provider, tx.OpenAccount{Authority: tx.PhoneAuthority(2)}))
	}
	b.final(b.store.Head().Size)
	if after := entries(t, v, 100); v.Head().Batch != 0 || fmt.Sprint(before) != fmt.Sprint(after) {
		t.Error("an open view of the final state changed")
	}
}

func TestReads(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "reads"))
	fx := b.commit(b.pay(1_00), b.pay(2_00))
	last := b.commit(b.pay(3_00))
	head := b.store.Head()
	for _, leaf := range append(fx.Leaves, last.Leaves...) {
		raw, err := b.store.Leaf(leaf.Index)
		if err != nil || !bytes.Equal(raw, leaf.Raw) {
			t.Errorf("leaf %d: %v", leaf.Index, err)
		}
		proof, err := b.store.Inclusion(leaf.Index, head.Size)
		if err != nil {
			t.Fatal(err)
		}
		var record tlog.RecordProof
		for _, h := range proof {
			record = append(record, h)
		}
		if err := tlog.CheckRecord(record, int64(head.Size), head.Root, int64(leaf.Index), tlog.RecordHash(raw)); err != nil {
			t.Errorf("inclusion of leaf %d: %v", leaf.Index, err)
		}
		if leaf.Lookup == ([32]byte{}) {
			continue
		}
		if at, found, err := b.store.Lookup(leaf.Lookup); at != leaf.Index || !found || err != nil {
			t.Errorf("lookup of leaf %d: %d %v %v", leaf.Index, at, found, err)
		}
	}
	for size := uint64(1); size <= head.Size; size++ {
		proof, err := b.store.Consistency(size, head.Size)
		if err != nil {
			t.Fatal(err)
		}
		root, err := b.store.Root(size)
		if err != nil {
			t.Fatal(err)
		}
		var tree tlog.TreeProof
		for _, h := range proof {
			tree = append(tree, h)
		}
		if err := tlog.CheckTree(tree, int64(head.Size), head.Root, int64(size), root); err != nil {
			t.Errorf("consistency of %d: %v", size, err)
		}
	}
	if h, err := b.store.HeaderAfter(1); err != nil || h != placeOf(fx.After) {
		t.Errorf("header after leaf 1: %+v %v", h, err)
	}
	for size, want := range map[uint64]bool{0: false, 1: true, 2: false, fx.After.Size: true, head.Size: true, head.Size + 1: false} {
		if b.store.IsBoundary(size) != want {
			t.Errorf("boundary at %d: %v", size, !want)
		}
	}
	for _, c := range []struct {
		before uint64
		limit  int
		want   string
	}{{head.Size, 9, "[4 2 1]"}, {head.Size, 2, "[4 2]"}, {4, 9, "[2 1]"}, {2, 9, "[1]"}, {1, 9, "[]"}, {0, 9, "[]"}} {
		got, err := b.store.History(b.world.Juma.Account, c.before, c.limit)
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("history before %d, at most %d: %v %v, want %s", c.before, c.limit, got, err, c.want)
		}
	}
	if _, found, err := b.store.Lookup([32]byte{1}); found || err != nil {
		t.Errorf("lookup of nothing: %v %v", found, err)
	}
	_, rootErr := b.store.Root(head.Size + 1)
	_, inclusionErr := b.store.Inclusion(head.Size, head.Size)
	_, consistencyErr := b.store.Consistency(3, 2)
	for _, err := range []error{rootErr, inclusionErr, consistencyErr} {
		if !errors.Is(err, ErrMismatch) {
			t.Errorf("beyond the end: %v", err)
		}
	}
}

// widest makes effects of the size that the limits allow, wider than any batch can really be: every entry changes from and to
// a long value, and each leaf shows in many histories.
func widest(b *book, changes int) *ledger.Effects {
	before := b.store.Head()
	fx := &ledger.Effects{Before: before, After: before}
	fx.After.Batch++
	for i := range changes {
		k := append([]byte("z"), bytes.Repeat(bytes64(uint64(i)), 6)...)
		fx.Changes = append(fx.Changes, ledger.Change{Key: k, Before: make([]byte, 60), After: make([]byte, 60)})
	}
	const leaves, accounts = 1200, 10_000
	for i := range leaves {
		leaf := ledger.Leaf{Index: before.Size + uint64(i), Raw: make([]byte, (tx.MaxBatchBytes+512<<10)/leaves)}
		copy(leaf.Lookup[:], fmt.Sprint("lookup", before.Size+uint64(i)))
		for n := range accounts / leaves {
			leaf.Accounts = append(leaf.Accounts, tx.AccountID{byte(i), byte(i >> 8), byte(n)})
		}
		fx.Leaves = append(fx.Leaves, leaf)
	}
	fx.After.Size += leaves
	fx.Hashes = make([]tlog.Hash, tlog.StoredHashCount(int64(fx.After.Size))-tlog.StoredHashCount(int64(before.Size)))
	return fx
}

// The largest batch fits one transaction of badger, and can be taken back in one.
func TestLargestBatch(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "largest"))
	before := b.dump()
	for range 2 {
		if err := b.store.Commit(1, 1, widest(b, ledger.MaxBatchEntries+ledger.MaxForgotten)); err != nil {
			t.Fatal(err)
		}
		if err := b.store.Rollback(0); err != nil {
			t.Fatal(err)
		}
	}
	after := b.dump()
	for key := range after { // The entries were never there, but their effects said so.
		if key[0] == spaceState && key[1] == 'z' {
			delete(after, key)
		}
	}
	if !equal(before, after) {
		t.Error("the batch left something after it was taken back")
	}
}

// After a write has failed the store takes no more: what was being written may be there after a restart or not.
func TestFailedWriteIsTheLast(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "failed"))
	good, before := b.effects(b.pay(1_00)), b.dump()
	if err := b.store.Commit(1, 1, widest(b, 60_000)); err == nil {
		t.Fatal("badger took a transaction above its limit")
	}
	if err := b.store.Commit(1, 1, good); err == nil {
		t.Error("the store went on after a failed write")
	}
	b.crash(filepath.Join(t.TempDir(), "state"))
	defer func() { b.store.Close() }()
	if !equal(before, b.dump()) {
		t.Error("a write that failed left something")
	}
	if err := b.store.Commit(1, 1, good); err != nil {
		t.Error(err)
	}
}
