package store

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/dgraph-io/badger/v4"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
)

// A batch of many pages reads like one of many keys: each leaf, each stored hash, and a history from wherever it is asked.
func TestBatchOfManyPages(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "pages"))
	var leaves [][]byte
	for _, count := range []int{1, 300, 2} {
		var envelopes [][]byte
		for i := range count {
			envelopes = append(envelopes, b.pay(1), b.pay(1<<50)) // One that Juma sees, one that he does not.
			_ = i
		}
		for _, leaf := range b.commit(envelopes...).Leaves {
			leaves = append(leaves, leaf.Raw)
		}
	}
	size := b.store.Head().Size
	var shown []uint64 // To Juma, newest first.
	for i := size - 1; i > 0; i-- {
		if leaf, _, err := ledger.ReadLeaf(b.world.Network, i, leaves[i-1]); err != nil {
			t.Fatal(err)
		} else if slices.Contains(leaf.Accounts, b.world.Juma.Account) {
			shown = append(shown, i)
		}
	}
	if len(shown) != 303 {
		t.Fatalf("Juma sees %d leaves", len(shown))
	}
	pages := 0
	for key := range b.dump() {
		if key[0] == spaceLeaf {
			pages++
		}
	}
	if pages < 10 || pages > 100 {
		t.Errorf("%d leaves lie in %d pages", size, pages)
	}
	for range 2 {
		var tree frontier
		for i := range size {
			raw, err := b.store.Leaf(i)
			if err != nil || i > 0 && !bytes.Equal(raw, leaves[i-1]) {
				t.Fatalf("leaf %d: %v", i, err)
			}
			want, err := tree.append(raw)
			if err != nil {
				t.Fatal(err)
			}
			var indexes []int64
			for n := range want {
				indexes = append(indexes, tlog.StoredHashIndex(0, int64(i))+int64(n))
			}
			onDisk, diskErr := hashesOnDisk(b, indexes)
			got, err := b.store.ReadHashes(indexes)
			if err != nil || diskErr != nil || !slices.Equal(got, want) || !slices.Equal(onDisk, want) {
				t.Fatalf("stored hashes of leaf %d: %v %v", i, err, diskErr)
			}
		}
		for before := uint64(0); before <= size+1; before++ {
			below := slices.IndexFunc(shown, func(leaf uint64) bool { return leaf < before })
			if below < 0 {
				below = len(shown)
			}
			for _, limit := range []int{1, 7, 1000} {
				got, err := b.store.History(b.world.Juma.Account, before, limit)
				if want := shown[below:min(len(shown), below+limit)]; err != nil || !slices.Equal(got, want) {
					t.Fatalf("history before %d, at most %d: %v, want %v: %v", before, limit, got, want, err)
				}
			}
		}
		if _, err := hashesOnDisk(b, []int64{tlog.StoredHashCount(int64(size))}); err == nil {
			t.Error("a stored hash beyond the end is there")
		}
		b.reopen() // Now from disk alone.
	}
	b.audit()
}

func hashesOnDisk(b *book, indexes []int64) (hashes []tlog.Hash, err error) {
	err = b.store.read(func(txn *badger.Txn) error {
		hashes, err = readHashes(txn, indexes)
		return err
	})
	return hashes, err
}

func FuzzPages(f *testing.F) {
	f.Add(uint64(9), packed([]byte{1, 'a', 0, 2, 'b', 'c'}))
	f.Add(uint64(9), []byte{1, 2, 1})
	f.Add(uint64(0), []byte{0xff})
	f.Fuzz(func(t *testing.T, last uint64, raw []byte) {
		first, leaves, err := leavesOf(last, raw)
		if err == nil && (len(leaves) == 0 || first+uint64(len(leaves)) != last+1) {
			t.Errorf("%d leaves from %d to %d", len(leaves), first, last)
		}
		all, err := shownLeaves(last, raw)
		if err == nil && !slices.IsSortedFunc(all, func(a, b uint64) int { return int(int64(b - a)) }) {
			t.Error(fmt.Sprint("out of order: ", all))
		}
	})
}
