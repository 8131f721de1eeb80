package ledger

import (
	"bytes"
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

// TestStateHasherRemembersNothing: what an entry expands to does not depend on the entries before it, and is plain keyed
// BLAKE3 as SPEC.md 6 gives it.
func TestStateHasherRemembersNothing(t *testing.T) {
	network := tx.NetworkID{1}
	h := newStateHasher(network)
	for i := range 200 {
		e := entryOf(i)
		secret := key.TaggedHash("umoja/state/v1", network[:])
		fresh, err := blake3.NewKeyed(secret[:])
		if err != nil {
			t.Fatal(err)
		}
		fresh.Write([]byte{byte(len(e.Key) >> 8), byte(len(e.Key))})
		fresh.Write(append(bytes.Clone(e.Key), e.Value...))
		var want [2048]byte
		if _, err := fresh.Digest().Read(want[:]); err != nil {
			t.Fatal(err)
		}
		if *h.expand(e.Key, e.Value) != want {
			t.Fatalf("entry %d expands to other words after the entries before it", i)
		}
	}
}

// TestLtHashIsOfTheSet: the order does not matter, what is taken out was never in, and a byte moved from key to value
// makes another entry.
func TestLtHashIsOfTheSet(t *testing.T) {
	h := newStateHasher(tx.NetworkID{1})
	var forth, back, zero LtHash
	for i := range 50 {
		forth.add(h, entryOf(i).Key, entryOf(i).Value)
		back.add(h, entryOf(49-i).Key, entryOf(49-i).Value)
	}
	if forth != back || forth == zero {
		t.Error("the order of the entries changes the hash")
	}
	for i := range 50 {
		forth.remove(h, entryOf(i).Key, entryOf(i).Value)
	}
	if forth != zero {
		t.Error("the entries were taken out and are still there")
	}
	var a, b, c LtHash
	a.add(h, []byte("ab"), []byte("c"))
	b.add(h, []byte("a"), []byte("bc"))
	c.add(newStateHasher(tx.NetworkID{2}), []byte("ab"), []byte("c"))
	if a == b || a == c || a.Root() == b.Root() {
		t.Error("two entries, or two networks, have one hash")
	}
	a.change(h, []Change{{Key: []byte("ab"), Before: []byte("c"), After: []byte("d")}, {Key: []byte("ab"), Before: []byte("d")}})
	if a != zero {
		t.Error("a change and its end leave something")
	}
}

func TestLtHashBytes(t *testing.T) {
	var a LtHash
	a.add(newStateHasher(tx.NetworkID{1}), []byte("k"), []byte("v"))
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
