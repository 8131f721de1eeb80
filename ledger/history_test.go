package ledger

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// stored are the stored hashes of a tree, with how often they were read.
type stored struct {
	hashes []tlog.Hash
	reads  int
}

func (s *stored) ReadHashes(indexes []int64) (out []tlog.Hash, err error) {
	s.reads++
	for _, i := range indexes {
		out = append(out, s.hashes[i])
	}
	return out, nil
}

// TestHistoryIsTheTree appends to trees of all small sizes, and of sizes about a power of two, what tlog appends.
func TestHistoryIsTheTree(t *testing.T) {
	leaf := func(n int64) []byte { return binary.BigEndian.AppendUint64([]byte("leaf "), uint64(n)) }
	const most = 260
	tree := &stored{}
	var counts []int
	for n := range int64(most) {
		hashes, err := tlog.StoredHashes(n, leaf(n), tree)
		if err != nil {
			t.Fatal(err)
		}
		counts = append(counts, len(tree.hashes))
		tree.hashes = append(tree.hashes, hashes...)
	}
	for _, from := range append([]int64{127, 128, 129, 255, 256}, 0, 1, 2, 3, 4, 5, 6, 7, 8, 31, 33) {
		before := &stored{hashes: tree.hashes[:counts[from]]}
		h := newHistory(before, uint64(from))
		for n := from; n < most; n++ {
			if err := h.append(leaf(n)); err != nil {
				t.Fatal(err)
			}
			want, err := tlog.TreeHash(n+1, tree)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := h.root(); err != nil || got != [32]byte(want) {
				t.Fatalf("from %d: root of %d leaves is %x, %v, not %x", from, n+1, got, err, want)
			}
		}
		if !slices.Equal(h.hashes, tree.hashes[counts[from]:]) {
			t.Errorf("from %d: appends other hashes than tlog", from)
		}
		if before.reads > 1 {
			t.Errorf("from %d: reads the tree %d times", from, before.reads)
		}
	}
}

// TestRoomIsNotShared: what is appended beyond the room of one value does not reach the next, and a long one gets what it needs.
func TestRoomIsNotShared(t *testing.T) {
	o := newOverlay(nothing{}, 0, 0)
	var all [][]byte
	for n := range 300 {
		value := o.room(36)
		for range 36 {
			value = append(value, byte(n))
		}
		all = append(all, value)
		_ = append(value, 0xff)
	}
	for n, value := range all {
		if len(value) != 36 || slices.ContainsFunc(value, func(b byte) bool { return b != byte(n) }) {
			t.Fatalf("value %d became %x", n, value)
		}
	}
	if long := o.room(3 * valueSlab); cap(long) != 3*valueSlab || len(long) != 0 {
		t.Errorf("room for %d bytes has %d of %d", 3*valueSlab, len(long), cap(long))
	}
}

// TestKeysStay: cells keep their keys when the caller's are overwritten, over many slabs, and are found again.
func TestKeysStay(t *testing.T) {
	o := newOverlay(nothing{}, 0, 0)
	key := make([]byte, 41)
	for n := range uint64(1000) {
		binary.BigEndian.PutUint64(key[33:], n)
		o.put(key, binary.BigEndian.AppendUint64(nil, n))
	}
	o.put(bytes.Repeat([]byte{0xff}, 2*keySlab), []byte("long"))
	o.keep()
	for n := range uint64(1000) {
		binary.BigEndian.PutUint64(key[33:], n)
		if got, err := o.get(key); err != nil || binary.BigEndian.Uint64(got) != n {
			t.Fatalf("entry %d is %x, %v", n, got, err)
		}
	}
	changes, err := o.changes()
	if err != nil || len(changes) != 1001 {
		t.Fatalf("%d changes, %v", len(changes), err)
	}
	for n, c := range changes[:1000] {
		if got := binary.BigEndian.Uint64(c.Key[33:]); len(c.Key) != 41 || got != uint64(n) || binary.BigEndian.Uint64(c.After) != got {
			t.Fatalf("change %d is of %x, to %x", n, c.Key, c.After)
		}
	}
}

// TestKnownFollowsTheEntry: what an entry means is what its bytes say, in a draft, after it was dropped and after it was kept.
func TestKnownFollowsTheEntry(t *testing.T) {
	o := newOverlay(nothing{}, 0, 0)
	decodes := 0
	decode := func(raw []byte) (byte, error) { decodes++; return raw[0], nil }
	check := func(want int, wantDecodes int) {
		t.Helper()
		got, err := known(o, []byte("k"), decode)
		switch {
		case err != nil:
			t.Fatal(err)
		case want < 0 && got != nil, want >= 0 && (got == nil || int(*got) != want):
			t.Fatalf("means %v, not %d", got, want)
		case decodes != wantDecodes:
			t.Fatalf("decoded %d times, not %d", decodes, wantDecodes)
		}
	}
	check(-1, 0)
	o.put([]byte("k"), []byte{1})
	check(1, 1)
	check(1, 1)
	o.keep()
	check(1, 1)
	o.put([]byte("k"), []byte{2})
	check(2, 2)
	o.drop()
	check(1, 3)
	o.put([]byte("k"), []byte{1})
	check(1, 3)
	o.put([]byte("k"), nil)
	check(-1, 3)
}

// TestChangesAscend: keys of all lengths, with and without zeros and common beginnings, come in the order of bytes.
func TestChangesAscend(t *testing.T) {
	o := newOverlay(nothing{}, 0, 0)
	for n := range 400 {
		key := append(bytes.Repeat([]byte{byte(n % 3)}, n%12), byte(n), byte(n%2*255), 0)[:1+n%15%(n%12+3)]
		o.put(key, []byte{1})
	}
	o.keep()
	changes, err := o.changes()
	if err != nil || len(changes) < 150 {
		t.Fatalf("%d changes, %v", len(changes), err)
	}
	for i := range changes[1:] {
		if bytes.Compare(changes[i].Key, changes[i+1].Key) >= 0 {
			t.Fatalf("%x comes before %x", changes[i].Key, changes[i+1].Key)
		}
	}
}
