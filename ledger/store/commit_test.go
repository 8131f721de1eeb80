package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
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

// Where a validator set waits to begin, an epoch is opened without a batch: the head is of it and nothing else changes, and it is there after a
// crash. Batches above it are taken back to it, and raft then gives again what came after the batch below.
func TestAnEpochWithoutABatch(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "epoch"))
	b.decideSet("v1", "v2", "v3", "v5")
	head, made := b.store.Head(), b.raftIndex
	opened := head
	opened.Epoch = 3
	for name, fx := range map[string]*ledger.Effects{
		"the epoch in force": {Before: head, After: head},
		"another head":       {Before: ledger.Head{}, After: opened},
		"a change":           {Before: head, After: opened, Changes: []ledger.Change{{Key: []byte("b")}}},
	} {
		if err := b.store.Commit(b.raftIndex+1, 1, fx); !errors.Is(err, ErrMismatch) {
			t.Errorf("%s: %v, want %v", name, err, ErrMismatch)
		}
	}
	b.raftIndex++
	if err := b.store.Commit(b.raftIndex, 1, &ledger.Effects{Before: head, After: opened}); err != nil {
		t.Fatal(err)
	}
	b.crash(filepath.Join(t.TempDir(), "copy"))
	if index, _ := b.store.Applied(); b.store.Head() != opened || index != b.raftIndex {
		t.Errorf("batch %d of epoch %d at raft index %d", b.store.Head().Batch, b.store.Head().Epoch, index)
	}
	b.audit()
	b.epoch = checkpoint.FirstEpoch(0)
	b.commit(b.pay(2_00))
	if err := b.store.Rollback(head.Batch); err != nil {
		t.Fatal(err)
	}
	if index, _ := b.store.Applied(); b.store.Head() != opened || index != made {
		t.Errorf("taken back to batch %d of epoch %d at raft index %d", b.store.Head().Batch, b.store.Head().Epoch, index)
	}
	b.audit()
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

// wide makes effects of any size: every entry changes from and to a long value, and each leaf shows in many histories.
func wide(b *book, changes int) *ledger.Effects {
	before := b.store.Head()
	fx := &ledger.Effects{Before: before, After: before}
	fx.After.Batch++
	random := rand.NewChaCha8([32]byte{})
	for i := range changes {
		c := ledger.Change{Key: append([]byte("z"), bytes.Repeat(bytes64(uint64(i)), 6)...), Before: make([]byte, 60), After: make([]byte, 60)}
		random.Read(c.Before)
		random.Read(c.After)
		fx.Changes = append(fx.Changes, c)
	}
	const leaves, legs = 1200, 90
	bulk := tx.BulkTransfer{Debit: b.world.IssuerAccount, Asset: ledgertest.KES, Mode: tx.Atomic, Legs: make([]tx.BulkLeg, legs)}
	for i := range uint64(leaves) {
		for n := range bulk.Legs {
			bulk.Legs[n].Amount = 1
			random.Read(bulk.Legs[n].Credit[:])
		}
		raw := tx.Record{Envelope: b.pack(b.world.Issuer, bulk), Result: tx.Result{Code: tx.OK}}.Encode()
		if i == leaves-1 {
			raw = tx.Header{Batch: fx.After.Batch, TimeUnixMs: b.timeUnixMs}.Encode()
		}
		leaf, _, err := ledger.ReadLeaf(b.world.Network, before.Size+i, raw)
		if err != nil {
			b.Fatal(err)
		}
		fx.Leaves = append(fx.Leaves, leaf)
	}
	fx.After.Size += leaves
	fx.Hashes = make([]tlog.Hash, tlog.StoredHashCount(int64(fx.After.Size))-tlog.StoredHashCount(int64(before.Size)))
	return fx
}

// consistent makes the entries of wide new ones, and the head what follows from them: a start after a crash compares.
func consistent(b *book, fx *ledger.Effects) {
	v := b.store.View()
	defer v.Close()
	all := entries(b, v, 1000)
	for i, c := range fx.Changes {
		fx.Changes[i].Before = nil
		all = append(all, ledger.Entry{Key: c.Key, Value: c.After})
	}
	var err error
	fx.After.State, err = ledger.Rescan(b.world.Network, func() (e ledger.Entry, ok bool, err error) {
		if ok = len(all) > 0; ok {
			e, all = all[0], all[1:]
		}
		return e, ok, nil
	})
	if err != nil {
		b.Fatal(err)
	}
	first := tlog.StoredHashCount(int64(fx.Before.Size))
	fx.After.Root, err = tlog.TreeHash(int64(fx.After.Size), tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			if index >= first {
				out[i] = fx.Hashes[index-first]
				continue
			}
			old, err := v.ReadHashes([]int64{index})
			if err != nil {
				return nil, err
			}
			out[i] = old[0]
		}
		return out, nil
	}))
	if err != nil {
		b.Fatal(err)
	}
}

// made takes away the entries that wide says were there before.
func made(dump map[string]string) map[string]string {
	maps.DeleteFunc(dump, func(key, _ string) bool { return key[0] == spaceState && key[1] == 'z' })
	return dump
}

// A batch may be of any size: one above what badger takes at once is there whole after it was written, and can be taken back.
func TestBatchOfAnySize(t *testing.T) {
	for _, changes := range []int{1000, 40_000} {
		b := newBook(t, ledgertest.Network(t, "any size"))
		before := b.dump()
		fx := wide(b, changes)
		for range 2 {
			if err := b.store.Commit(1, 1, fx); err != nil {
				t.Fatal(err)
			}
			v := b.store.View()
			for _, c := range fx.Changes {
				if value, err := v.Get(c.Key); err != nil || !bytes.Equal(value, c.After) {
					t.Fatalf("entry %x: %v", c.Key, err)
				}
			}
			v.Close()
			b.reopen()
			if head := b.store.Head(); head != fx.After {
				t.Errorf("head is batch %d", head.Batch)
			}
			if err := b.store.Rollback(0); err != nil {
				t.Fatal(err)
			}
			if !equal(before, made(b.dump())) {
				t.Errorf("a batch of %d changes left something after it was taken back", changes)
			}
		}
	}
}

// A crash between the parts of a batch leaves the state before it.
func TestCrashBetweenParts(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "parts"))
	before, head := b.dump(), b.store.Head()
	fx := wide(b, 40_000)
	consistent(b, fx)
	w := writes{recording: true}
	if err := w.effects(fx, fx.Changes); err != nil {
		t.Fatal(err)
	}
	w.replace(metaHead, encodeHead(head), encodeHead(fx.After))
	w.replace(metaApplied, applied{}.encode(), at(place{1, 1}).encode())
	record := undoRecord(1, w.before)
	steps := b.store.disk.batchSteps(1, record, w.all)
	if len(steps) < 6 {
		t.Fatalf("%d steps", len(steps))
	}
	for i, step := range steps {
		if err := b.store.disk.db.Update(step); err != nil {
			t.Fatal(err)
		}
		if i == len(steps)-1 {
			break
		}
		cut := &book{testing1: t, world: b.world, dir: filepath.Join(t.TempDir(), "state")}
		copyFolder(t, b.dir, cut.dir)
		if _, err := Open(cut.dir, Options{ReadOnly: true, VolumeLeaves: testVolume}); !errors.Is(err, ErrMismatch) {
			t.Errorf("open for reading after part %d: %v", i+1, err)
		}
		cut.open()
		if after := cut.dump(); !equal(before, after) {
			t.Errorf("after part %d of %d the state is another: %s", i+1, len(steps), difference(after, before))
		}
		if i%3 == 0 { // And goes on.
			if err := cut.store.Commit(1, 1, fx); err != nil {
				t.Error(err)
			}
		}
		cut.store.Close()
	}
	b.crash(filepath.Join(t.TempDir(), "state"))
	defer func() { b.store.Close() }()
	if b.store.Head() != fx.After {
		t.Errorf("after the last part the head is batch %d", b.store.Head().Batch)
	}
}

// After a write has failed the store takes no more: what was being written may be there after a restart or not.
func TestFailedWriteIsTheLast(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "failed"))
	good, before := b.effects(b.pay(1_00)), b.dump()
	bad := *good
	bad.Changes = append(slices.Clone(bad.Changes), ledger.Change{Key: bytes.Repeat([]byte("z"), 65_200), After: []byte{1}})
	if err := b.store.Commit(1, 1, &bad); err == nil {
		t.Fatal("badger took a key above its limit")
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
