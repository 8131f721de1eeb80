package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
)

// snapshotOf writes the newest state, which must be final.
func snapshotOf(t *testing.T, b *book) []byte {
	t.Helper()
	p, err := b.store.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Release()
	return written(t, p)
}

func written(t *testing.T, p *Snapshot) []byte {
	t.Helper()
	var out bytes.Buffer
	n, err := p.WriteTo(&out)
	if err != nil || n != int64(out.Len()) {
		t.Fatalf("wrote %d of %d bytes: %v", n, out.Len(), err)
	}
	return out.Bytes()
}

// busy is a ledger of every kind of leaf.
func busy(t *testing.T, w *ledgertest.World) *book {
	t.Helper()
	b := newBook(t, w)
	transfer := b.pay(1 << 50)
	stranger := b.pack(w.Provider, parse(t, b, b.pay(7)).Body.Operations...)
	b.commit(b.pay(1_00), transfer, stranger)
	b.commit(stranger, b.pay(2_00))
	b.commit()
	return b
}

func TestSnapshotGivesTheSameStore(t *testing.T) {
	w := ledgertest.Network(t, "snapshot")
	from, to := busy(t, w), newBook(t, w)
	from.final(from.store.Head().Size)
	to.commit(to.pay(9)) // Something else, not final: it goes.
	if err := to.store.Replace(bytes.NewReader(snapshotOf(t, from))); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if !bytes.Equal(from.export(), to.export()) {
			t.Fatal("the snapshot makes another state")
		}
		note, size, ok := to.store.Final()
		wantNote, wantSize, _ := from.store.Final()
		index, term := to.store.Applied()
		if !bytes.Equal(note, wantNote) || size != wantSize || !ok || index != from.raftIndex || term != 1 || to.store.Pending() != 0 {
			t.Errorf("final size %d, applied %d %d, pending %d", size, index, term, to.store.Pending())
		}
		to.audit()
		to.reopen()
	}
	to.raftIndex, to.timeUnixMs = from.raftIndex, from.timeUnixMs
	to.commit(to.pay(1))
	to.audit()
}

// A snapshot is of one moment, and waits for that moment to be final; the proof may be of a later one.
func TestSnapshotBetweenCheckpoints(t *testing.T) {
	w := ledgertest.Network(t, "between")
	from, to := newBook(t, w), newBook(t, w)
	first := from.commit(from.pay(1)).After
	from.final(first.Size)
	second := from.commit(from.pay(2)).After
	p, err := from.store.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Release()
	export, fx := from.export(), from.commit(from.pay(3))
	if _, err := p.WriteTo(new(bytes.Buffer)); !errors.Is(err, ErrUnproven) {
		t.Fatalf("write before it is final: %v", err)
	}
	from.final(fx.After.Size)
	if err := to.store.Replace(bytes.NewReader(written(t, p))); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(to.export(), export) {
		t.Error("the snapshot is not of the moment it was captured")
	}
	v := to.store.FinalView()
	defer v.Close()
	if to.store.FinalHead() != placeOf(first) || v.Head() != placeOf(second) {
		t.Errorf("final note at %+v, final view at %+v", to.store.FinalHead(), v.Head())
	}
	if err := to.store.Rollback(first.Batch); !errors.Is(err, ErrMismatch) {
		t.Errorf("roll back what the proof made final: %v", err)
	}
	to.audit()
	to.reopen()
	if err := to.store.Commit(3, 1, fx); err != nil {
		t.Fatal(err)
	}
	to.final(fx.After.Size)
	to.audit()
}

// A state that came by a snapshot between two checkpoints can be passed on, with the proof that it came with, from any place in raft's log.
func TestSnapshotOfWhatArrived(t *testing.T) {
	w := ledgertest.Network(t, "passed on")
	from, over, to := newBook(t, w), newBook(t, w), newBook(t, w)
	from.final(from.commit(from.pay(1)).After.Size)
	from.commit(from.pay(2))
	p, err := from.store.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Release()
	last := from.commit(from.pay(3))
	from.final(last.After.Size)
	if err := over.store.Replace(bytes.NewReader(written(t, p))); err != nil {
		t.Fatal(err)
	}
	if err := over.store.Rewind(40, 7); err != nil {
		t.Fatalf("nothing but what is final is here: %v", err)
	}
	over.reopen()
	raw := snapshotOf(t, over)
	if h, err := ReadSnapshotHeader(bytes.NewReader(raw)); err != nil || h.AppliedIndex != 40 || h.AppliedTerm != 7 {
		t.Errorf("made by entry %d of term %d: %v", h.AppliedIndex, h.AppliedTerm, err)
	}
	if err := to.store.Replace(bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(to.export(), over.export()) {
		t.Error("another state arrived")
	}
	if err := over.store.Commit(41, 7, last); err != nil {
		t.Fatal(err)
	}
	if err := over.store.Rewind(42, 7); !errors.Is(err, ErrMismatch) {
		t.Errorf("more than what is final is here: %v", err)
	}
	next, err := over.store.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer next.Release()
	if _, err := next.WriteTo(new(bytes.Buffer)); !errors.Is(err, ErrUnproven) {
		t.Errorf("written with the proof of an earlier state: %v", err)
	}
}

// What is final can be written whatever came after it: it is as if nothing had.
func TestSnapshotOfWhatIsFinal(t *testing.T) {
	w := ledgertest.Network(t, "final of more")
	from, to := busy(t, w), newBook(t, w)
	from.final(from.commit(from.pay(1)).After.Size)
	want := snapshotOf(t, from)
	made := from.raftIndex
	for range 40 {
		from.commit(from.pay(3), from.pay(4))
	}
	from.decideSet("v1", "v2", "v3", "v5") // Entries come and go.
	if err := from.store.Advance(from.raftIndex+1, 1); err != nil {
		t.Fatal(err)
	}
	p, err := from.store.FinalSnapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Release()
	if index, term := p.Made(); index != made || term != 1 {
		t.Errorf("made by entry %d of term %d, want %d", index, term, made)
	}
	if p.Head().Size != from.store.Floor().Size {
		t.Errorf("of size %d, final are %d", p.Head().Size, from.store.Floor().Size)
	}
	from.final(from.store.Head().Size) // Its undo records go.
	got := written(t, p)
	if h, err := ReadSnapshotHeader(bytes.NewReader(got)); err != nil || h.Head != p.Head() || h.AppliedIndex != made {
		t.Errorf("%+v, %v", h, err)
	}
	if err := to.store.Replace(bytes.NewReader(got)); err != nil {
		t.Fatal(err)
	}
	again := newBook(t, w)
	if err := again.store.Replace(bytes.NewReader(want)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(to.export(), again.export()) {
		t.Error("another state than when it was the newest")
	}
	to.audit()
}

// What a lying sender can say is refused, and the state stays as it was.
func TestReplaceRefuses(t *testing.T) {
	w, stranger := ledgertest.Network(t, "refuses"), ledgertest.Network(t, "another network")
	from := busy(t, w)
	from.final(from.commit(from.pay(4)).After.Size)
	behind := snapshotOf(t, from)
	from.commit(from.pay(5))
	from.final(from.store.Head().Size)
	whole := snapshotOf(t, from)
	elsewhere := newBook(t, stranger)
	elsewhere.commit(elsewhere.pay(6))
	elsewhere.final(elsewhere.store.Head().Size)

	to := newBook(t, w)
	if err := to.store.Replace(bytes.NewReader(behind)); err != nil {
		t.Fatal(err)
	}
	before := to.dump()
	refused := func(name string, raw []byte, want error) {
		t.Helper()
		if err := to.store.Replace(bytes.NewReader(raw)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
		if _, err := os.Stat(beside(to.dir)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: left %s", name, beside(to.dir))
		}
	}
	refused("nothing", nil, ErrCorrupt)
	refused("other format", append([]byte("umoja-snapshot/v0\n"), whole...), ErrFormat)
	refused("other network", snapshotOf(t, elsewhere), ErrOtherNetwork)
	refused("byte after the end", append(bytes.Clone(whole), 0), ErrCorrupt)
	refused("twice", append(bytes.Clone(whole), whole...), ErrCorrupt)
	for _, f := range forgeries(t, w) {
		refused(f.name, forge(t, whole, f.change), f.want)
	}
	if !equal(before, to.dump()) {
		t.Error("a refused snapshot changed the state")
	}
	if err := to.store.Replace(bytes.NewReader(forge(t, whole, func(*forgery) {}))); err != nil {
		t.Fatalf("a forgery that changes nothing: %v", err)
	}
	refused("behind what is final", behind, ErrMismatch)
}

// Two quorums that signed two histories are more than f liars: the node must not choose between them.
func TestReplaceByAnotherHistory(t *testing.T) {
	w := ledgertest.Network(t, "two histories")
	one, two := newBook(t, w), newBook(t, w)
	one.final(one.commit(one.pay(1)).After.Size)
	two.commit(two.pay(2))
	two.final(two.commit(two.pay(3)).After.Size)
	before := one.dump()
	other := snapshotOf(t, two)
	var fork *Fork
	if err := one.store.Replace(bytes.NewReader(other)); !errors.Is(err, ErrCorrupt) || !errors.As(err, &fork) {
		t.Fatalf("replace: %v", err)
	}
	for _, note := range [][]byte{fork.Own, fork.Other} {
		if _, cosigners, err := checkpoint.Open(w.Network, w.Set, note); err != nil || len(cosigners) < w.Set.Quorum() {
			t.Errorf("the fork's note names %d: %v", len(cosigners), err)
		}
	}
	if !equal(before, one.dump()) {
		t.Error("a final history was replaced by another")
	}
}

// What is final here stays so when a snapshot brings an older note.
func TestReplaceKeepsTheNewerNote(t *testing.T) {
	w := ledgertest.Network(t, "newer note")
	from, to := newBook(t, w), newBook(t, w)
	for range 2 {
		fx := from.commit(from.pay(1))
		if err := to.store.Commit(fx.After.Batch, 1, fx); err != nil {
			t.Fatal(err)
		}
	}
	second := from.store.Head().Size
	from.commit(from.pay(1))
	p, err := from.store.Snapshot() // Knows no note at all.
	if err != nil {
		t.Fatal(err)
	}
	defer p.Release()
	from.final(from.commit(from.pay(1)).After.Size)
	to.final(second)
	if err := to.store.Replace(bytes.NewReader(written(t, p))); err != nil {
		t.Fatal(err)
	}
	if _, size, ok := to.store.Final(); size != second || !ok {
		t.Errorf("final size %d %v, was %d", size, ok, second)
	}
	to.audit()
}

// No prefix of a snapshot is one, and no bit of it can change.
func TestDamagedSnapshot(t *testing.T) {
	w := ledgertest.Network(t, "damaged")
	from, to := busy(t, w), newBook(t, w)
	from.final(from.store.Head().Size)
	whole, before := snapshotOf(t, from), to.dump()
	header, err := ReadSnapshotHeader(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	end := len(encoded(t, header))
	damaged := func(raw []byte) {
		t.Helper()
		if err := to.store.Replace(bytes.NewReader(raw)); err == nil {
			t.Fatal("a damaged snapshot was taken")
		}
	}
	for i := range 12 {
		at := end + i*(len(whole)-end)/12
		damaged(whole[:at])
		flipped := bytes.Clone(whole)
		flipped[at] ^= 1 << (i % 8)
		damaged(flipped)
		flipped = bytes.Clone(whole)
		flipped[i*end/12] ^= 1 << (i % 8)
		damaged(flipped)
	}
	if !equal(before, to.dump()) {
		t.Error("a damaged snapshot changed the state")
	}
}

// A crash at any point of a swap leaves the old state or the new one, whole.
func TestCrashInSwap(t *testing.T) {
	w := ledgertest.Network(t, "swap")
	from := busy(t, w)
	from.final(from.store.Head().Size)
	raw := snapshotOf(t, from)
	old := newBook(t, w)
	old.commit(old.pay(9))
	oldExport, newExport := old.export(), from.export()
	old.store.Close()
	for done := range len(swapSteps("")) + 1 {
		t.Run(fmt.Sprint(done), func(t *testing.T) {
			b := &book{testing1: t, world: w, dir: filepath.Join(t.TempDir(), "state")}
			copyFolder(t, old.dir, b.dir)
			if _, err := build(beside(b.dir), Options{NoSync: true, VolumeLeaves: testVolume, Log: discard}, bytes.NewReader(raw), ProvenBy(w.Network, w.Set)); err != nil {
				t.Fatal(err)
			}
			for _, step := range swapSteps(b.dir)[:done] {
				if err := step(); err != nil {
					t.Fatal(err)
				}
			}
			b.open()
			defer func() { b.store.Close() }()
			b.audit()
			want := newExport
			if done < 2 {
				want = oldExport
			}
			if !bytes.Equal(b.export(), want) {
				t.Errorf("after %d steps the state is another", done)
			}
			for _, left := range []string{beside(b.dir), aside(b.dir)} {
				if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("%s is left", left)
				}
			}
		})
	}
}

// A crash while the new state is built leaves the old one.
func TestCrashInBuild(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "build"))
	b.commit(b.pay(1))
	want := b.export()
	if err := os.MkdirAll(beside(b.dir), 0o700); err != nil {
		t.Fatal(err)
	}
	b.reopen()
	if _, err := os.Stat(beside(b.dir)); !errors.Is(err, os.ErrNotExist) || !bytes.Equal(b.export(), want) {
		t.Errorf("an unfinished state is left, or has taken the place: %v", err)
	}
}

// Readers go on while the state is replaced under them; only views of the old state end.
func TestReplaceUnderReaders(t *testing.T) {
	w := ledgertest.Network(t, "readers")
	from, to := busy(t, w), newBook(t, w)
	from.final(from.store.Head().Size)
	raw := snapshotOf(t, from)
	old := to.store.View()
	defer old.Close()
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				v := to.store.FinalView()
				if _, err := v.Scan(nil, nil, 5); err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
				v.Close()
				if _, err := to.store.Leaf(0); err != nil {
					t.Error(err)
				}
				if h := to.store.FinalHead(); !to.store.IsBoundary(h.Size) {
					t.Errorf("final size %d is no boundary", h.Size)
				}
			}
		})
	}
	for range 3 {
		if err := to.store.Replace(bytes.NewReader(raw)); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	readers.Wait()
	if _, err := old.Get([]byte("r")); !errors.Is(err, ErrClosed) {
		t.Errorf("read a view of the old state: %v", err)
	}
}

func TestRestoreIntoNothing(t *testing.T) {
	w := ledgertest.Network(t, "restore")
	from := busy(t, w)
	from.final(from.store.Head().Size)
	raw := snapshotOf(t, from)
	dir := filepath.Join(t.TempDir(), "deep", "state")
	if err := Restore(dir, Options{NoSync: true, VolumeLeaves: testVolume}, bytes.NewReader(raw), ProvenBy(ledgertest.Network(t, "x").Network, w.Set)); !errors.Is(err, ErrOtherNetwork) {
		t.Errorf("restore for another network: %v", err)
	}
	if err := Restore(dir, Options{NoSync: true, VolumeLeaves: testVolume}, bytes.NewReader(raw), ProvenBy(w.Network, w.Set)); err != nil {
		t.Fatal(err)
	}
	b := &book{testing1: t, world: w, dir: dir}
	b.open()
	defer func() { b.store.Close() }()
	b.audit()
	if !bytes.Equal(b.export(), from.export()) {
		t.Error("the snapshot makes another state")
	}
}

func FuzzSnapshotHeader(f *testing.F) {
	w := ledgertest.Network(f, "fuzz")
	note := sealed(f, w, checkpoint.Checkpoint{Network: w.Network, Size: 1}, 3)
	f.Add(encoded(f, SnapshotHeader{
		Network: w.Network, Note: note, NoteSize: 1, Proof: note, Consistency: make([][32]byte, 2), Sets: checkpoint.Succession{First: w.Set},
	}))
	f.Add([]byte(snapshotMagic))
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, err := ReadSnapshotHeader(bytes.NewReader(raw))
		if err != nil {
			return
		}
		if again := encoded(t, h); !bytes.HasPrefix(raw, again) {
			t.Error("a header that was read is written otherwise")
		}
	})
}

func FuzzUndoRecord(f *testing.F) {
	f.Add(encodeImages([]image{{key: []byte("sa"), value: []byte("1")}, {key: []byte("sb")}, {key: []byte("sc"), value: []byte{}}}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		images, err := decodeImages(raw)
		if err == nil && !bytes.Equal(encodeImages(images), raw) {
			t.Error("a record that was read is written otherwise")
		}
	})
}
