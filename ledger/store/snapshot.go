package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/klauspost/compress/zstd"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// A snapshot is a header and then, under zstd, the leaves and the state entries:
//
//	"umoja-snapshot/v2\n"  network(32)  head  applied index(8) term(8)
//	note length(4) note  size(8) root(32)           the newest checkpoint at or below the head; size 0 is none
//	proof length(4) proof  hashes(1) 32 each        a final checkpoint at or above the head, and how it contains the head
//	zstd{ key length(2) key value length(4) value … 0(2)  SHA-256 of everything before, header included }
//
// Keys are 'l' index(8) and 's' state key, ascending. Everything else that a store keeps follows from these, and whoever
// restores a snapshot derives it: an index that is not in it cannot be forged.
const snapshotMagic = "umoja-snapshot/v2\n"

// SnapshotHeader says what a snapshot holds, and why that is final.
type SnapshotHeader struct {
	Network                   tx.NetworkID
	Head                      ledger.Head
	AppliedIndex, AppliedTerm uint64
	// Note is the newest final checkpoint at or below the head; nil when there is none.
	Note     []byte
	NoteSize uint64
	NoteRoot [32]byte
	// Proof is a final checkpoint at or above the head, and Consistency proves that its tree begins with the head's.
	Proof       []byte
	Consistency [][32]byte
	// Sets are the validator sets, up to the one that cosigned Proof at least.
	Sets checkpoint.Succession
}

// Snapshot is a state captured for writing.
type Snapshot struct {
	store *Store
	view  *View
	// head is where it stands, and made the raft entry that made it.
	head ledger.Head
	made place
	// standing is that of the store when it was captured.
	standing *standing
}

// Snapshot captures the newest state; later commits do not touch it, and nothing is copied. Release lets go of it.
func (s *Store) Snapshot() (*Snapshot, error) {
	v, now := s.view()
	if v.disk == nil || !now.founded {
		v.Close()
		return nil, fmt.Errorf("capture snapshot: %w", ErrClosed)
	}
	return &Snapshot{store: s, view: v, head: now.head, made: now.applied.made, standing: now}, nil
}

// FinalSnapshot captures the state at Floor, whatever came after it.
func (s *Store) FinalSnapshot() (*Snapshot, error) {
	p, err := s.Snapshot()
	if err != nil || len(p.standing.pending) == 0 {
		return p, err
	}
	first := p.standing.pending[0]
	var images []image
	err = p.view.read(func(txn *badger.Txn) (err error) {
		images, _, err = readImages(txn, first.batch)
		return err
	})
	if err == nil {
		i := slices.IndexFunc(images, func(m image) bool { return bytes.Equal(m.key, metaHead) })
		if i < 0 {
			err = fmt.Errorf("undo record of batch %d without a head: %w", first.batch, ErrCorrupt)
		} else {
			p.head, err = decodeHead(images[i].value)
		}
	}
	if err != nil {
		p.Release()
		return nil, fmt.Errorf("capture final state: %w", err)
	}
	p.made, p.view.pending = first.made, p.standing.pending
	return p, nil
}

// Release lets go of the state.
func (p *Snapshot) Release() { p.view.Close() }

// Head is where the captured state stands: WriteTo needs a final checkpoint of at least its size.
func (p *Snapshot) Head() ledger.Head { return p.head }

// Made is the raft entry that made it, and its term.
func (p *Snapshot) Made() (index, term uint64) { return p.made.index, p.made.term }

// SetMade has the snapshot say that another entry made it, at or before Until.
func (p *Snapshot) SetMade(index, term uint64) { p.made = place{index, term} }

// Until is the last raft entry of which it holds all that came: those after the one that made it were void.
func (p *Snapshot) Until() (index uint64) {
	if made, ok := p.standing.madeOf(p.head.Batch + 1); ok {
		return max(made, 1) - 1
	}
	return p.standing.applied.index
}

// WriteTo writes the snapshot. ErrUnproven until the captured head is final.
func (p *Snapshot) WriteTo(w io.Writer) (int64, error) {
	header, err := p.header()
	if err != nil {
		return 0, err
	}
	count := &counter{w: w}
	raw, err := header.encode()
	if err != nil {
		return 0, err
	}
	if _, err := count.Write(raw); err != nil {
		return count.n, fmt.Errorf("write snapshot: %w", err)
	}
	z, err := zstd.NewWriter(count, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return count.n, fmt.Errorf("compress snapshot: %w", err)
	}
	sum := sha256.New()
	sum.Write(raw)
	out := bufio.NewWriterSize(io.MultiWriter(z, sum), 1<<16)
	err = p.entries(out)
	if err = errors.Join(err, out.Flush()); err == nil {
		_, err = z.Write(sum.Sum(nil))
	}
	if err = errors.Join(err, z.Close()); err != nil {
		return count.n, fmt.Errorf("write snapshot: %w", err)
	}
	return count.n, nil
}

// Proven is ErrUnproven unless WriteTo can write it now.
func (p *Snapshot) Proven() error {
	_, err := p.header()
	return err
}

// header finds the proof that the captured head is final.
func (p *Snapshot) header() (SnapshotHeader, error) {
	own := p.standing
	h := SnapshotHeader{
		Network: own.network, Head: p.head, AppliedIndex: p.made.index, AppliedTerm: p.made.term,
		Note: own.final.note, NoteSize: own.final.at.Size,
	}
	standing := p.store.standing.Load()
	now := standing.final
	h.Sets = *standing.sets
	if now.at.Size < p.head.Size && now.floor.Size == p.head.Size {
		return p.arrived()
	}
	if now.note == nil || now.at.Size < p.head.Size {
		return SnapshotHeader{}, fmt.Errorf("head of size %d, final are %d: %w", p.head.Size, now.at.Size, ErrUnproven)
	}
	// A rollback may have put another history into the place of the captured one.
	if root, err := p.store.Root(p.head.Size); err != nil || root != p.head.Root {
		return SnapshotHeader{}, errors.Join(err, fmt.Errorf("head of size %d was taken back: %w", p.head.Size, ErrUnproven))
	}
	h.Proof = now.note
	if now.at.Size == p.head.Size {
		h.Note, h.NoteSize = now.note, now.at.Size
	}
	if h.Note == nil {
		h.NoteSize = 0
	}
	var err error
	if h.Consistency, err = p.store.Consistency(p.head.Size, now.at.Size); err != nil {
		return SnapshotHeader{}, err
	}
	if h.NoteSize > 0 {
		h.NoteRoot, err = p.store.Root(h.NoteSize)
	}
	return h, err
}

// arrived is the header of the snapshot that the state came by, whose own checkpoint is still to come: what proved it there proves it here.
func (p *Snapshot) arrived() (h SnapshotHeader, err error) {
	var raw []byte
	err = p.view.read(func(txn *badger.Txn) error {
		raw, err = get(txn, metaArrived)
		return err
	})
	if err != nil {
		return h, err
	}
	if raw == nil {
		return h, fmt.Errorf("head of size %d came by no snapshot: %w", p.head.Size, ErrUnproven)
	}
	if h, err = ReadSnapshotHeader(bytes.NewReader(raw)); err == nil && h.Head != p.head {
		err = fmt.Errorf("head of size %d came by no snapshot: %w", p.head.Size, ErrUnproven)
	}
	if err != nil {
		return h, err
	}
	h.AppliedIndex, h.AppliedTerm = p.made.index, p.made.term
	return h, nil
}

// errAbove ends a walk over leaves.
var errAbove = errors.New("leaves above what was captured")

func (p *Snapshot) entries(out *bufio.Writer) error {
	err := p.view.walkLeaves(func(index uint64, raw []byte) error {
		if index >= p.head.Size {
			return errAbove
		}
		return writeEntry(out, key64(spaceLeaf, index), raw)
	})
	if err == nil || errors.Is(err, errAbove) {
		err = p.view.walkState(func(key, value []byte) error { return writeEntry(out, key, value) })
	}
	if err == nil {
		_, err = out.Write([]byte{0, 0})
	}
	return err
}

func writeEntry(out io.Writer, key, value []byte) error {
	line := append(binary.BigEndian.AppendUint16(nil, uint16(len(key))), key...)
	line = binary.BigEndian.AppendUint32(line, uint32(len(value)))
	if _, err := out.Write(line); err != nil {
		return err
	}
	_, err := out.Write(value)
	return err
}

// Export writes what every validator holds alike, key by key in order: equal states give equal bytes. What is a node's
// own (undo records, applied index, notes) is not in it, nor are lookups and histories: they follow from the leaves, and how many of
// them are in volumes is a matter of what this node knows to be final.
func (s *Store) Export(w io.Writer) error {
	v := s.View()
	defer v.Close()
	out := bufio.NewWriterSize(w, 1<<16)
	err := v.walk(nil, func(key, value []byte) error {
		if key[0] == spaceUndo || key[0] == spaceLookup || key[0] == spaceHistory || key[0] == spaceMeta && !bytes.Equal(key, metaHead) && !bytes.Equal(key, metaNetwork) {
			return nil
		}
		if key[0] == spaceLeaf {
			page, err := unpacked(value, maxChapterBytes)
			if err != nil {
				return err
			}
			value = page
		}
		return writeEntry(out, key, value)
	})
	if err = errors.Join(err, out.Flush()); err != nil {
		return fmt.Errorf("export state: %w", err)
	}
	return nil
}

// maxNoteBytes bounds a checkpoint with its cosignatures.
const maxNoteBytes = 64 << 10

func (h SnapshotHeader) encode() ([]byte, error) {
	out := append([]byte(snapshotMagic), h.Network[:]...)
	out = append(out, encodeHead(h.Head)...)
	out = append(out, place{h.AppliedIndex, h.AppliedTerm}.encode()...)
	out = append(binary.BigEndian.AppendUint32(out, uint32(len(h.Note))), h.Note...)
	out = append(binary.BigEndian.AppendUint64(out, h.NoteSize), h.NoteRoot[:]...)
	out = append(binary.BigEndian.AppendUint32(out, uint32(len(h.Proof))), h.Proof...)
	out = append(out, byte(len(h.Consistency)))
	for _, hash := range h.Consistency {
		out = append(out, hash[:]...)
	}
	return encodeSets(out, h.Sets)
}

// ReadSnapshotHeader reads the header of a snapshot, and believes it: ProvenBy checks.
func ReadSnapshotHeader(r io.Reader) (SnapshotHeader, error) {
	in := snapshotReader{r: r}
	if magic := in.take(len(snapshotMagic)); in.err == nil && string(magic) != snapshotMagic {
		return SnapshotHeader{}, fmt.Errorf("snapshot begins with %q: %w", magic, ErrFormat)
	}
	var h SnapshotHeader
	copy(h.Network[:], in.take(32))
	if raw := in.take(headBytes); in.err == nil {
		h.Head, in.err = decodeHead(raw)
	}
	h.AppliedIndex, h.AppliedTerm = in.u64(), in.u64()
	h.Note = in.note()
	h.NoteSize = in.u64()
	copy(h.NoteRoot[:], in.take(32))
	h.Proof = in.note()
	for n := in.take(1)[0]; n > 0 && in.err == nil; n-- {
		h.Consistency = append(h.Consistency, [32]byte(in.take(32)))
	}
	h.Sets = in.sets()
	if in.err == nil && (h.NoteSize == 0) != (h.Note == nil) {
		in.err = fmt.Errorf("snapshot has a note without size, or a size without note: %w", ErrCorrupt)
	}
	return h, in.err
}

// snapshotReader reads fields until the first error.
type snapshotReader struct {
	r   io.Reader
	err error
}

func (r *snapshotReader) take(n int) []byte {
	out := make([]byte, n)
	if r.err == nil {
		if _, err := io.ReadFull(r.r, out); err != nil {
			r.err = fmt.Errorf("read snapshot: %w: %w", err, ErrCorrupt)
		}
	}
	return out
}

func (r *snapshotReader) u64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }

// note reads a length and a note; nil for none.
func (r *snapshotReader) note() []byte {
	n := binary.BigEndian.Uint32(r.take(4))
	if n > maxNoteBytes {
		r.err = fmt.Errorf("snapshot note of %d bytes: %w", n, ErrCorrupt)
	}
	if n == 0 || r.err != nil {
		return nil
	}
	return r.take(int(n))
}
