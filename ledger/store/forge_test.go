package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"slices"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

var discard = slog.New(slog.DiscardHandler)

func parse(t *testing.T, b *book, envelope []byte) *tx.Signed {
	t.Helper()
	signed, err := tx.Parse(b.world.Network, envelope)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// forgery is a snapshot taken apart, to be put together again with a checksum that fits.
type forgery struct {
	SnapshotHeader
	entries []ledger.Entry
}

func forge(t *testing.T, raw []byte, change func(*forgery)) []byte {
	t.Helper()
	in := bytes.NewReader(raw)
	header, err := ReadSnapshotHeader(in)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f := &forgery{SnapshotHeader: header}
	for r := (entryReader{in: z, sum: sha256.New()}); ; {
		e, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		f.entries = append(f.entries, e)
	}
	change(f)
	out := bytes.NewBuffer(encoded(t, f.SnapshotHeader))
	sum := sha256.New()
	sum.Write(out.Bytes())
	w, err := zstd.NewWriter(out)
	if err != nil {
		t.Fatal(err)
	}
	both := io.MultiWriter(w, sum)
	for _, e := range f.entries {
		err = errors.Join(err, writeEntry(both, e.Key, e.Value))
	}
	_, writeErr := both.Write([]byte{0, 0})
	_, sumErr := w.Write(sum.Sum(nil))
	if err = errors.Join(err, writeErr, sumErr, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// of finds the first entry of a keyspace, or of a kind of state.
func (f *forgery) of(prefix string) int {
	return slices.IndexFunc(f.entries, func(e ledger.Entry) bool { return bytes.HasPrefix(e.Key, []byte(prefix)) })
}

// refuse makes the last transaction that was applied one that was refused: a leaf as good as any, of another tree.
func (f *forgery) refuse(t *testing.T) {
	t.Helper()
	for i, e := range slices.Backward(f.entries[:f.of("s")]) {
		leaf, err := tx.ParseLeaf(e.Value)
		if err != nil {
			t.Fatal(err)
		}
		if leaf.Record != nil && leaf.Record.Result.Code == tx.OK {
			f.entries[i].Value = tx.Record{Envelope: leaf.Record.Envelope, Result: tx.Result{Code: tx.InsufficientBalance}}.Encode()
			return
		}
	}
	t.Fatal("nothing was applied")
}

// rehash makes the head's hash of the state that of the entries.
func (f *forgery) rehash(t *testing.T) {
	t.Helper()
	rest := f.entries[f.of("s"):]
	state, err := ledger.Rescan(f.Network, func() (e ledger.Entry, ok bool, err error) {
		if len(rest) > 0 {
			e, ok, rest = ledger.Entry{Key: rest[0].Key[1:], Value: rest[0].Value}, true, rest[1:]
		}
		return e, ok, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Head.State = state
}

func (f *forgery) insert(key string, value string) {
	i := slices.IndexFunc(f.entries, func(e ledger.Entry) bool { return string(e.Key) > key })
	if i < 0 {
		i = len(f.entries)
	}
	f.entries = slices.Insert(f.entries, i, ledger.Entry{Key: []byte(key), Value: []byte(value)})
}

type lie struct {
	name   string
	change func(*forgery)
	want   error
}

func forgeries(t *testing.T, w *ledgertest.World) []lie {
	t.Helper()
	var others []checkpoint.Validator
	thief := ledgertest.Network(t, "thief")
	others = append(others, thief.Set...)
	own := func(size uint64, root [32]byte, signers int) []byte {
		return sealed(t, w, checkpoint.Checkpoint{Network: w.Network, Size: size, Root: root}, signers)
	}
	return []lie{
		{"no proof", func(f *forgery) { f.Proof = nil }, ErrUnproven},
		{"two of three cosignatures", func(f *forgery) { f.Proof = own(f.Head.Size, f.Head.Root, 2) }, ErrUnproven},
		{"cosigned by strangers", func(f *forgery) {
			c := checkpoint.Checkpoint{Network: w.Network, Size: f.Head.Size, Root: f.Head.Root}
			f.Proof = sealed(t, thief, c, len(others))
		}, ErrUnproven},
		{"proof of a smaller tree", func(f *forgery) { f.Proof = own(f.Head.Size-1, f.Head.Root, 3) }, ErrUnproven},
		{"proof of a tree that does not contain it", func(f *forgery) { f.Proof = own(f.Head.Size+5, [32]byte{1}, 3) }, ErrUnproven},
		{"other root", func(f *forgery) { f.Head.Root[0]++ }, ErrUnproven},
		{"size 0", func(f *forgery) { f.Head.Size = 0 }, ErrUnproven},
		{"last note of two", func(f *forgery) { f.Note = own(f.NoteSize, f.NoteRoot, 2) }, ErrUnproven},
		{"last note of another tree", func(f *forgery) { f.NoteRoot = [32]byte{1}; f.Note = own(f.NoteSize, f.NoteRoot, 3) }, ErrCorrupt},
		{"last note inside a batch", func(f *forgery) { f.NoteSize = 2; f.Note = own(2, [32]byte{}, 3); f.NoteRoot = [32]byte{} }, ErrCorrupt},
		{"last note beyond the head", func(f *forgery) {
			f.NoteSize = f.Head.Size + 1
			f.NoteRoot = [32]byte{1}
			f.Note = own(f.NoteSize, f.NoteRoot, 3)
		}, ErrCorrupt},
		{"size without note", func(f *forgery) { f.Note = nil }, ErrCorrupt},
		{"other state hash", func(f *forgery) { f.Head.State[0]++ }, ErrCorrupt},
		{"other time", func(f *forgery) { f.Head.TimeUnixMs++ }, ErrCorrupt},
		{"other batch", func(f *forgery) { f.Head.Batch++ }, ErrCorrupt},
		{"balance changed", func(f *forgery) { f.entries[f.of("sb")].Value[7] ^= 1 }, ErrCorrupt},
		{"balance changed, with the hash of it", func(f *forgery) { f.entries[f.of("sb")].Value[7] ^= 1; f.rehash(t) }, ErrCorrupt},
		{"balance where no state stands", func(f *forgery) { f.entries[len(f.entries)-1].Key[0]++ }, ErrCorrupt},
		{"balance changed, so often that the hash does not see it", func(f *forgery) {
			i := f.of("sb")
			other := ledger.Entry{Key: f.entries[i].Key, Value: bytes.Clone(f.entries[i].Value)}
			other.Value[7] ^= 1
			f.entries = slices.Insert(f.entries, i+1, slices.Repeat([]ledger.Entry{other}, 1<<16)...)
		}, ErrCorrupt},
		{"state entry gone", func(f *forgery) { i := f.of("sg"); f.entries = slices.Delete(f.entries, i, i+1) }, ErrCorrupt},
		{"state entry added", func(f *forgery) { f.insert("sz", "") }, ErrCorrupt},
		{"state entry without key", func(f *forgery) { f.insert("s", "") }, ErrCorrupt},
		{"leaf changed", func(f *forgery) { f.entries[f.of("l")+1].Value[20] ^= 1 }, ErrCorrupt},
		{"leaf that says another result", func(f *forgery) { f.refuse(t) }, ErrCorrupt},
		{"leaf that says another result, without the last note", func(f *forgery) {
			f.Note, f.NoteSize, f.NoteRoot = nil, 0, [32]byte{}
			f.refuse(t)
		}, ErrCorrupt},
		{"leaf gone", func(f *forgery) { i := f.of("l") + 1; f.entries = slices.Delete(f.entries, i, i+1) }, ErrCorrupt},
		{"leaf added", func(f *forgery) { f.insert(string(key64(spaceLeaf, f.Head.Size)), "") }, ErrCorrupt},
		{"no leaves", func(f *forgery) { f.entries = f.entries[f.of("s"):] }, ErrCorrupt},
		{"no entries", func(f *forgery) { f.entries = nil }, ErrCorrupt},
		{"lookup slipped in", func(f *forgery) { f.insert("i"+string(make([]byte, 32)), string(bytes64(1))) }, ErrCorrupt},
		{"history slipped in", func(f *forgery) { f.insert("y", "") }, ErrCorrupt},
		{"rollback target slipped in", func(f *forgery) { f.insert(string(metaTarget), string(bytes64(0))) }, ErrCorrupt},
		{"out of order", func(f *forgery) { i := f.of("s"); f.entries[i], f.entries[i+1] = f.entries[i+1], f.entries[i] }, ErrCorrupt},
		{"key twice", func(f *forgery) { i := f.of("s"); f.entries = slices.Insert(f.entries, i, f.entries[i]) }, ErrCorrupt},
		{"key too long", func(f *forgery) { f.insert("s"+string(make([]byte, maxKeyBytes)), "") }, ErrCorrupt},
		{"value too long", func(f *forgery) { f.insert("sz", string(make([]byte, maxValueBytes+1))) }, ErrCorrupt},
	}
}

// encoded is the bytes of a header.
func encoded(t testing.TB, h SnapshotHeader) []byte {
	t.Helper()
	raw, err := h.encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
