package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
	"github.com/klauspost/compress/zstd"

	"github.com/umoja-ledger/umoja/ledger"
)

// Bounds of what an entry of a snapshot may make this node allocate.
const (
	maxKeyBytes   = 1 << 10
	maxValueBytes = 1 << 20
)

// Restore builds a state from a snapshot into a folder that nobody has open. Check decides whether the header is to be
// believed (ProvenBy); whether the content is that of the header is checked here. On an error, or a crash, the folder is
// what it was.
func Restore(dir string, o Options, r io.Reader, check func(SnapshotHeader) error) error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	lock, err := lockFolder(dir, false)
	if err != nil {
		return err
	}
	err = finishSwap(dir)
	if err == nil {
		_, err = build(beside(dir), o, r, check)
	}
	if err == nil {
		err = swap(dir, o)
	}
	return errors.Join(err, unlockFolder(lock))
}

// build makes a whole state in a new folder, closed and marked as such. On an error the folder is removed.
func build(dir string, o Options, r io.Reader, check func(SnapshotHeader) error) (SnapshotHeader, error) {
	if err := os.RemoveAll(dir); err != nil {
		return SnapshotHeader{}, fmt.Errorf("remove an unfinished state: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return SnapshotHeader{}, fmt.Errorf("make folder beside the state: %w", err)
	}
	header, err := buildIn(dir, o, r, check)
	if err != nil {
		return SnapshotHeader{}, errors.Join(err, os.RemoveAll(dir))
	}
	return header, nil
}

func buildIn(dir string, o Options, r io.Reader, check func(SnapshotHeader) error) (SnapshotHeader, error) {
	sum := sha256.New()
	header, err := ReadSnapshotHeader(io.TeeReader(r, sum))
	if err == nil {
		err = check(header)
	}
	if err != nil {
		return SnapshotHeader{}, err
	}
	d, err := openDisk(dir, o)
	if err != nil {
		return SnapshotHeader{}, err
	}
	b := &builder{
		dir: dir, most: o.MaxSnapshotBytes, volumeLeaves: o.volumeLeaves(), header: header,
		batch: d.db.NewWriteBatch(), refused: make(map[[32]byte]bool),
	}
	if b.most == 0 {
		b.most = maxSnapshotBytes
	}
	b.history.network = header.Network
	err = b.run(r, sum)
	b.batch.Cancel()
	if err = errors.Join(err, d.close()); err != nil {
		return SnapshotHeader{}, err
	}
	f, err := os.OpenFile(filepath.Join(dir, watermarkFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return SnapshotHeader{}, fmt.Errorf("make watermark: %w", err)
	}
	return header, errors.Join(writeWatermark(f, header.Head.Size, true), f.Close(), markStop(dir, header.Head))
}

// builder writes a state while it checks that it is what the header says.
type builder struct {
	dir string
	// most is how many bytes the snapshot may unpack to.
	most int64
	// volumeLeaves is how large volumes are.
	volumeLeaves uint64
	header       SnapshotHeader
	batch        *badger.WriteBatch
	in           *entryReader

	history chapters
	// batches are counted with the genesis; at is where the note is.
	batches uint64
	at      Head
	// open is the volume that begins at indexed.
	open    volume
	indexed uint64
	// refused are the envelopes found by their hash: only the first leaf of one is.
	refused map[[32]byte]bool
}

func (b *builder) run(r io.Reader, sum hash.Hash) error {
	packed := &counter{r: r}
	z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		return fmt.Errorf("decompress snapshot: %w", err)
	}
	defer z.Close()
	bounded := &boundedReader{r: z, packed: packed, most: b.most, dir: b.dir, free: freeBytes}
	b.in = &entryReader{in: bufio.NewReaderSize(bounded, 1<<16), sum: sum}
	if err := b.leaves(); err != nil {
		return err
	}
	if err := b.state(); err != nil {
		return err
	}
	if err := b.in.trailer(); err != nil {
		return err
	}
	if err := b.meta(); err != nil {
		return err
	}
	if err := b.batch.Flush(); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}

func (b *builder) put(key, value []byte) error {
	if err := b.batch.Set(key, value); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}

// leaves takes the history, and compares its tree.
func (b *builder) leaves() error {
	head := b.header.Head
	for size := uint64(0); size < head.Size; size++ {
		e, err := b.in.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if !bytes.Equal(e.Key, key64(spaceLeaf, size)) {
			return fmt.Errorf("snapshot lacks leaf %d: %w", size, ErrCorrupt)
		}
		leaf, ended, err := b.history.add(e.Value)
		if err == nil && ended != nil {
			err = b.closeBatch(*ended)
		} else if err == nil {
			b.lookup(leaf)
		}
		if err != nil {
			return err
		}
	}
	root, err := b.history.tree.root()
	if err != nil {
		return err
	}
	if root != head.Root || b.batches != head.Batch+1 || !head.EndsWith(b.history.last) {
		return fmt.Errorf("the snapshot's leaves do not lead to its head: %w", ErrCorrupt)
	}
	return nil
}

func (b *builder) lookup(leaf ledger.Leaf) {
	if leaf.Lookup == ([32]byte{}) || b.refused[leaf.Lookup] {
		return
	}
	if len(leaf.Accounts) == 0 { // Only an envelope that nobody's id came of can be packed again.
		b.refused[leaf.Lookup] = true
	}
	b.open.lookups = append(b.open.lookups, found{leaf.Lookup, leaf.Index})
}

// closeBatch takes the leaves of a batch.
func (b *builder) closeBatch(c chapter) error {
	if c.batch != b.batches {
		return fmt.Errorf("header of batch %d in the place of %d: %w", c.batch, b.batches, ErrCorrupt)
	}
	b.batches++
	size := uint64(b.history.tree.size)
	if size == b.header.NoteSize {
		root, err := b.history.tree.root()
		if err != nil || root != b.header.NoteRoot {
			return errors.Join(err, fmt.Errorf("the checkpoint of size %d is of another tree: %w", size, ErrCorrupt))
		}
		b.at = Head{Batch: c.batch, Size: size, TimeUnixMs: c.timeUnixMs}
	}
	if size == 1 && b.header.Note == nil {
		b.at = Head{Batch: c.batch, Size: size, TimeUnixMs: c.timeUnixMs}
	}
	for _, leaf := range c.leaves {
		b.open.shown = show(b.open.shown, leaf)
	}
	if fills(b.volumeLeaves, size-b.indexed, len(b.open.shown)) { // The head is final, and so is the volume.
		if err := b.open.entries(b.put); err != nil {
			return err
		}
		b.open, b.indexed = volume{}, size
	}
	return c.entries(packed, b.put)
}

// state takes the entries, and compares their hash.
func (b *builder) state() error {
	state, err := ledger.Rescan(b.header.Network, func() (ledger.Entry, bool, error) {
		e, err := b.in.next()
		if errors.Is(err, io.EOF) {
			return ledger.Entry{}, false, nil
		}
		if err == nil && (e.Key[0] != spaceState || len(e.Key) == 1) {
			err = fmt.Errorf("snapshot has key %x: %w", e.Key, ErrCorrupt)
		}
		if err == nil {
			err = b.put(e.Key, e.Value)
		}
		return ledger.Entry{Key: e.Key[min(1, len(e.Key)):], Value: e.Value}, true, err
	})
	if err != nil {
		return err
	}
	if state != b.header.Head.State {
		return fmt.Errorf("hash of the snapshot's state is not its head's: %w", ErrCorrupt)
	}
	return nil
}

func (b *builder) meta() error {
	h := b.header
	if h.Note != nil && b.at.Size != h.NoteSize {
		return fmt.Errorf("the checkpoint of size %d ends no batch: %w", h.NoteSize, ErrCorrupt)
	}
	f := final{note: h.Note, at: b.at, floor: placeOf(h.Head)}
	// Whoever arrives has no entry to apply before the first: made by none, it would take another for that one.
	made := place{max(h.AppliedIndex, 1), max(h.AppliedTerm, 1)}
	// Sets whose boundary is above the head come again with what follows.
	sets := h.Sets
	sets.Changes = sets.Changes[:len(sets.Changes)-len(sets.After(h.Head.Size))]
	arrived, err := h.encode()
	return errors.Join(
		err, b.put(metaArrived, arrived),
		b.put(metaNetwork, append([]byte(nil), h.Network[:]...)), b.put(metaHead, encodeHead(h.Head)),
		b.put(metaApplied, at(made).encode()), b.put(metaFinal, f.encode()),
		b.put(metaIndexed, bytes64(b.indexed)),
		b.put(metaFormat, []byte(format)), putSets(b.put, sets, 0),
	)
}

// entryReader reads the entries of a snapshot, ascending, until io.EOF.
type entryReader struct {
	in   io.Reader
	sum  hash.Hash
	last []byte
	done bool
}

func (r *entryReader) next() (ledger.Entry, error) {
	if r.done {
		return ledger.Entry{}, io.EOF
	}
	in := snapshotReader{r: io.TeeReader(r.in, r.sum)}
	n := binary.BigEndian.Uint16(in.take(2))
	if in.err == nil && n == 0 {
		r.done = true
		return ledger.Entry{}, io.EOF
	}
	if n > maxKeyBytes {
		return ledger.Entry{}, fmt.Errorf("snapshot key of %d bytes: %w", n, ErrCorrupt)
	}
	key := in.take(int(n))
	size := binary.BigEndian.Uint32(in.take(4))
	if size > maxValueBytes {
		return ledger.Entry{}, fmt.Errorf("snapshot value of %d bytes: %w", size, ErrCorrupt)
	}
	value := in.take(int(size))
	if in.err == nil && bytes.Compare(r.last, key) >= 0 {
		in.err = fmt.Errorf("snapshot key %x after %x: %w", key, r.last, ErrCorrupt)
	}
	r.last = key
	return ledger.Entry{Key: key, Value: value}, in.err
}

// trailer compares the checksum, after which there must be nothing.
func (r *entryReader) trailer() error {
	in := snapshotReader{r: r.in}
	want := r.sum.Sum(nil)
	if got := in.take(len(want)); in.err != nil || !bytes.Equal(got, want) {
		return errors.Join(in.err, fmt.Errorf("snapshot checksum: %w", ErrCorrupt))
	}
	if n, err := io.ReadFull(r.in, make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		return fmt.Errorf("bytes after the snapshot: %w", ErrCorrupt)
	}
	return nil
}
