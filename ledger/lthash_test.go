package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/zeebo/blake3"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// entryOf makes entries of many lengths, some longer than BLAKE3's blocks and chunks.
func entryOf(i int) Entry {
	return Entry{Key: fmt.Appendf(nil, "key %d", i), Value: bytes.Repeat([]byte{byte(i)}, i*i%3000)}
}

// plainExpand is keyed BLAKE3 as SPEC.md 6 gives it, by another implementation.
func plainExpand(t *testing.T, network tx.NetworkID, e Entry) (words [1024]uint16) {
	t.Helper()
	secret := key.TaggedHash("umoja/state/v1", network[:])
	fresh, err := blake3.NewKeyed(secret[:])
	if err != nil {
		t.Fatal(err)
	}
	fresh.Write([]byte{byte(len(e.Key) >> 8), byte(len(e.Key))})
	fresh.Write(append(bytes.Clone(e.Key), e.Value...))
	var raw [2048]byte
	if _, err := fresh.Digest().Read(raw[:]); err != nil {
		t.Fatal(err)
	}
	for i := range words {
		words[i] = binary.LittleEndian.Uint16(raw[2*i:])
	}
	return words
}

// TestLtHashIsThePlainSum: entries of every length expand to plain keyed BLAKE3, whatever came before them, and every one
// of the 1,024 sums is the plain sum of 16 bits, over and under its ends.
func TestLtHashIsThePlainSum(t *testing.T) {
	network := tx.NetworkID{1}
	var want, got LtHash
	h := newStateHasher(network)
	for i := range 200 {
		e := entryOf(i)
		words := plainExpand(t, network, e)
		change := Change{Key: e.Key, After: e.Value}
		if i%3 == 2 {
			change.Before, change.After = change.After, nil
		}
		for n := range want {
			if change.After != nil {
				want[n] += words[n]
			} else {
				want[n] -= words[n]
			}
		}
		if got.change(h, []Change{change}); got != want {
			t.Fatalf("entry %d of %d bytes moves the sums otherwise than it should", i, len(e.Value))
		}
		if root := blake3.Sum256(got.Bytes()); got.Root() != root {
			t.Fatalf("root is %x, plain BLAKE3 of the sums is %x", got.Root(), root)
		}
	}
}

// TestLtHashSumsManyAtOnce: lanes that went over, or under, thousands of times before they are folded are what they would be one by one.
func TestLtHashSumsManyAtOnce(t *testing.T) {
	network := tx.NetworkID{1}
	e := entryOf(3)
	words := plainExpand(t, network, e)
	for _, n := range []int{1, 2, maxSummed - 1, maxSummed, maxSummed + 1, 3*maxSummed + 5} {
		in, out := make([]Change, n), make([]Change, n)
		for i := range in {
			in[i], out[i] = Change{Key: e.Key, After: e.Value}, Change{Key: e.Key, Before: e.Value}
		}
		var up, down LtHash
		up.change(newStateHasher(network), in)
		down.change(newStateHasher(network), out)
		for i, word := range words {
			if want := word * uint16(n); up[i] != want || down[i] != -want {
				t.Fatalf("%d times in, sum %d is %d, out %d, not %d and %d", n, i, up[i], down[i], want, -want)
			}
		}
		if up.change(newStateHasher(network), out); up != (LtHash{}) {
			t.Errorf("%d times in and out leaves something", n)
		}
	}
}

// TestLtHashIsOfTheSet: the order does not matter, what is taken out was never in, and a byte moved from key to value
// makes another entry.
func TestLtHashIsOfTheSet(t *testing.T) {
	h := newStateHasher(tx.NetworkID{1})
	var forth, back, zero LtHash
	for i := range 50 {
		forth.change(h, []Change{{Key: entryOf(i).Key, After: entryOf(i).Value}})
		back.change(h, []Change{{Key: entryOf(49 - i).Key, After: entryOf(49 - i).Value}})
	}
	if forth != back || forth == zero {
		t.Error("the order of the entries changes the hash")
	}
	for i := range 50 {
		forth.change(h, []Change{{Key: entryOf(i).Key, Before: entryOf(i).Value}})
	}
	if forth != zero {
		t.Error("the entries were taken out and are still there")
	}
	var a, b, c LtHash
	a.change(h, []Change{{Key: []byte("ab"), After: []byte("c")}})
	b.change(h, []Change{{Key: []byte("a"), After: []byte("bc")}})
	c.change(newStateHasher(tx.NetworkID{2}), []Change{{Key: []byte("ab"), After: []byte("c")}})
	if a == b || a == c || a.Root() == b.Root() {
		t.Error("two entries, or two networks, have one hash")
	}
	a.change(h, []Change{{Key: []byte("ab"), Before: []byte("c"), After: []byte("d")}, {Key: []byte("ab"), Before: []byte("d")}})
	if a != zero {
		t.Error("a change and its end leave something")
	}
}

// BenchmarkLtHashChange is what a batch pays for one balance that changes: one entry out, one in.
func BenchmarkLtHashChange(b *testing.B) {
	h := newStateHasher(tx.NetworkID{1})
	var l LtHash
	changes := make([]Change, 400)
	for i := range changes {
		changes[i] = Change{Key: make([]byte, 21), Before: make([]byte, 24), After: bytes.Repeat([]byte{byte(i)}, 24)}
	}
	for b.Loop() {
		l.change(h, changes)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(changes)), "ns/change")
}

func TestLtHashBytes(t *testing.T) {
	var a LtHash
	a.change(newStateHasher(tx.NetworkID{1}), []Change{{Key: []byte("k"), After: []byte("v")}})
	again, err := LtHashOf(a.Bytes())
	if err != nil || again != a {
		t.Errorf("the bytes read back to another hash: %v", err)
	}
	for _, raw := range [][]byte{nil, a.Bytes()[1:], append(a.Bytes(), 0)} {
		if _, err := LtHashOf(raw); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d bytes: %v", len(raw), err)
		}
	}
}
