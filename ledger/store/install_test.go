package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
)

// What a snapshot unpacks to is bounded, whatever it claims: by the operator, and by what came over the wire.
func TestOversizedSnapshot(t *testing.T) {
	w := ledgertest.Network(t, "oversized")
	from, to := busy(t, w), newBook(t, w)
	from.final(from.store.Head().Size)
	whole, before := snapshotOf(t, from), to.dump()
	bomb := forge(t, whole, func(f *forgery) {
		for i := range 2 * expansionSlack / maxValueBytes {
			f.entries = append(f.entries, ledger.Entry{Key: fmt.Appendf(nil, "sz%04d", i), Value: make([]byte, maxValueBytes)})
		}
	})
	if len(bomb) > 1<<20 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	if err := to.store.Replace(bytes.NewReader(bomb)); !errors.Is(err, ErrOversized) {
		t.Errorf("bomb: %v", err)
	}
	to.store.options.MaxSnapshotBytes = 1 << 10
	if err := to.store.Replace(bytes.NewReader(whole)); !errors.Is(err, ErrOversized) {
		t.Errorf("more than the operator allows: %v", err)
	}
	if !equal(before, to.dump()) {
		t.Error("a refused snapshot changed the state")
	}
	to.store.options.MaxSnapshotBytes = 0
	if err := to.store.Replace(bytes.NewReader(whole)); err != nil {
		t.Error(err)
	}
}

// What one entry announces is refused before there is room made for it.
func TestEntryBounds(t *testing.T) {
	for _, c := range []struct {
		name       string
		key, value int
		fits       bool
	}{
		{"as large as may be", maxKeyBytes, maxValueBytes, true},
		{"key too long", maxKeyBytes + 1, 1, false},
		{"value too long", 1, maxValueBytes + 1, false},
	} {
		var out bytes.Buffer
		if err := writeEntry(&out, bytes.Repeat([]byte{spaceState}, c.key), make([]byte, c.value)); err != nil {
			t.Fatal(err)
		}
		r := entryReader{in: &out, sum: sha256.New()}
		if _, err := r.next(); (err == nil) != c.fits || err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Building a state stops while there is room on the disk: badger would die of a full one.
func TestSnapshotLeavesRoomOnTheDisk(t *testing.T) {
	for _, free := range []uint64{minFreeBytes, minFreeBytes - 1} {
		bounded := &boundedReader{
			r: bytes.NewReader(make([]byte, 100)), packed: &counter{n: 100}, most: 100, free: func(string) (uint64, error) { return free, nil },
		}
		if _, err := bounded.Read(make([]byte, 10)); errors.Is(err, ErrOversized) != (free < minFreeBytes) {
			t.Errorf("%d bytes are free: %v", free, err)
		}
	}
}

// A capture of a history that was taken back is not written, although another of that size has become final.
func TestSnapshotOfWhatWasTakenBack(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "taken back"))
	b.commit(b.pay(1))
	p, err := b.store.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Release()
	if err := b.store.Rollback(0); err != nil {
		t.Fatal(err)
	}
	b.final(b.commit(b.pay(2)).After.Size)
	if _, err := p.WriteTo(new(bytes.Buffer)); !errors.Is(err, ErrUnproven) {
		t.Errorf("written: %v", err)
	}
}

// The proof that a state came with is not of an epoch that was opened on it since, where the next validator set waits to begin: of that no leaf tells.
func TestSnapshotOfAnEpochOpenedSince(t *testing.T) {
	w := ledgertest.Network(t, "opened since")
	from, over := newBook(t, w), newBook(t, w)
	from.decideSet("v1", "v2", "v3", "v5")
	p, err := from.store.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Release()
	from.final(from.store.Head().Size)
	from.final(from.commit().After.Size)
	if err := over.store.Replace(bytes.NewReader(written(t, p))); err != nil {
		t.Fatal(err)
	}
	snapshotOf(t, over)
	fx := &ledger.Effects{Before: over.store.Head(), After: over.store.Head()}
	fx.After.Epoch++
	if err := over.store.Commit(from.raftIndex+1, 1, fx); err != nil {
		t.Fatal(err)
	}
	opened, err := over.store.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Release()
	if _, err := opened.WriteTo(new(bytes.Buffer)); err == nil {
		t.Error("written with the proof of the epoch before")
	}
}

// Of the place in raft's log nothing tells but the snapshot itself, so its checksum must.
func TestSnapshotOfAnotherPlace(t *testing.T) {
	w := ledgertest.Network(t, "another place")
	from, to := newBook(t, w), newBook(t, w)
	from.final(from.commit(from.pay(1)).After.Size)
	whole := snapshotOf(t, from)
	at := len(snapshotMagic) + len(w.Network) + headBytes
	for _, b := range []int{at + 7, at + 15} { // The last bytes of index and term.
		other := bytes.Clone(whole)
		other[b] ^= 2
		h, err := ReadSnapshotHeader(bytes.NewReader(other))
		if err != nil || (h.AppliedIndex == from.raftIndex) == (h.AppliedTerm == 1) {
			t.Fatalf("entry %d of term %d: %v", h.AppliedIndex, h.AppliedTerm, err)
		}
		if err := to.store.Replace(bytes.NewReader(other)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("byte %d changed: %v", b, err)
		}
	}
}

// What is final holds ids that a later batch forgets, and after them nothing stands in the state any more.
func TestSnapshotOfWhatWasForgottenSince(t *testing.T) {
	w := ledgertest.Network(t, "forgotten since")
	from, to := newBook(t, w), newBook(t, w)
	from.final(from.commit(from.pay(1), from.pay(2)).After.Size)
	want := from.export()
	from.timeUnixMs += 120_000
	from.commit()
	p, err := from.store.FinalSnapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Release()
	if err := to.store.Replace(bytes.NewReader(written(t, p))); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(to.export(), want) {
		t.Error("another state than when it was the newest")
	}
	to.audit()
}

// What was verified is installed once, and not when more has become final meanwhile, or another was received.
func TestReceivedSnapshot(t *testing.T) {
	w := ledgertest.Network(t, "received")
	from, to := newBook(t, w), newBook(t, w)
	first := from.commit(from.pay(1))
	from.final(first.After.Size)
	raw := snapshotOf(t, from)
	receive := func() *Received {
		t.Helper()
		p, err := to.store.Receive(bytes.NewReader(raw), nil)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	veto := errors.New("veto")
	if _, err := to.store.Receive(bytes.NewReader(raw), func(SnapshotHeader) error { return veto }); !errors.Is(err, veto) {
		t.Errorf("against the caller's word: %v", err)
	}
	old := receive()
	dropped := receive()
	if err := old.Install(); !errors.Is(err, ErrMismatch) {
		t.Errorf("install the one before: %v", err)
	}
	if err := errors.Join(old.Discard(), dropped.Discard()); err != nil {
		t.Error(err)
	}
	if err := dropped.Install(); !errors.Is(err, ErrMismatch) {
		t.Errorf("install what was dropped: %v", err)
	}
	late := receive()
	second := from.commit(from.pay(2))
	for i, fx := range []*ledger.Effects{first, second} {
		if err := to.store.Commit(uint64(i+1), 1, fx); err != nil {
			t.Fatal(err)
		}
	}
	to.final(second.After.Size)
	if err := late.Install(); !errors.Is(err, ErrMismatch) {
		t.Errorf("install behind what is final: %v", err)
	}
	if to.store.Head().Size != second.After.Size {
		t.Error("what is final was taken back")
	}
	if err := late.Install(); !errors.Is(err, ErrMismatch) {
		t.Errorf("install again: %v", err)
	}
}

// A store whose folders could not be swapped is closed like any other: its lock is let go of, and the next one finds a state.
func TestCloseAfterASwapThatFailed(t *testing.T) {
	w := ledgertest.Network(t, "swap fails")
	from := newBook(t, w)
	from.final(from.commit(from.pay(1)).After.Size)
	raw := snapshotOf(t, from)
	for step := range swapSteps("") {
		to, broken := newBook(t, w), errors.New("broken")
		to.store.options.Point = func(name string) error {
			if name == fmt.Sprintf("store: swap of folders before step %d", step+1) {
				return broken
			}
			return nil
		}
		if err := to.store.Replace(bytes.NewReader(raw)); !errors.Is(err, broken) {
			t.Fatalf("step %d: %v", step+1, err)
		}
		to.reopen()
		if size := to.store.Head().Size; size != from.store.Head().Size && step >= 2 {
			t.Errorf("step %d: the state ends at %d", step+1, size)
		}
	}
}

// Who has given its place up says that its state was made by no entry. Whoever takes that state has no entry before the first.
func TestSnapshotMadeByNoEntry(t *testing.T) {
	w := ledgertest.Network(t, "no entry")
	from, to := newBook(t, w), newBook(t, w)
	from.final(from.commit(from.pay(1)).After.Size)
	if err := from.store.Rewind(0, 0); err != nil {
		t.Fatal(err)
	}
	if err := to.store.Replace(bytes.NewReader(snapshotOf(t, from))); err != nil {
		t.Fatal(err)
	}
	if index, term := to.store.Applied(); index != 1 || term != 1 || to.store.Head() != from.store.Head() {
		t.Errorf("made by entry %d of term %d", index, term)
	}
}
