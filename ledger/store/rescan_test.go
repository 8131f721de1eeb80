package store

import (
	"bytes"
	"testing"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
)

// The hash of a state is the same in one piece and in many, which lie side by side without a gap.
func TestRescanInRanges(t *testing.T) {
	w := ledgertest.Network(t, "rescan")
	fx, err := ledger.Found(w.Genesis)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * rescanPortion {
		k := key.TaggedHash("umoja/test", bytes64(uint64(i)))
		prefix := []string{"z", "\xff", "\xff\xff"}[i%3]
		fx.Changes = append(fx.Changes, ledger.Change{Key: append([]byte(prefix), k[:5+i%9]...), After: k[:i%32]})
	}
	b := &book{testing1: t, world: w, dir: t.TempDir() + "/state"}
	b.open()
	defer func() { b.store.Close() }()
	if err := b.store.Found(w.Network, fx); err != nil {
		t.Fatal(err)
	}
	rest := fx.Changes
	want, err := ledger.Rescan(w.Network, func() (e ledger.Entry, ok bool, err error) {
		if ok = len(rest) > 0; ok {
			e, rest = ledger.Entry{Key: rest[0].Key, Value: rest[0].After}, rest[1:]
		}
		return e, ok, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := b.store.Rescan(); err != nil || got != want {
		t.Errorf("in one piece: another hash, %v", err)
	}
	v := b.store.View()
	defer v.Close()
	ranges, err := v.ranges(-1)
	if err != nil || len(ranges) < 100 {
		t.Fatalf("%d ranges: %v", len(ranges), err)
	}
	var sum ledger.LtHash
	end := []byte{spaceState}
	for _, r := range ranges {
		if !bytes.Equal(r.from, end) {
			t.Fatalf("range from %x follows one up to %x", r.from, end)
		}
		end = r.to
		part, err := v.rescanRange(w.Network, r)
		if err != nil {
			t.Fatal(err)
		}
		sum.Add(&part)
	}
	if !bytes.Equal(end, []byte{spaceState + 1}) || sum != want {
		t.Errorf("in %d pieces up to %x: another hash", len(ranges), end)
	}
}
