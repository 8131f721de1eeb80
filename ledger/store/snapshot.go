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
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
	"github.com/klauspost/compress/zstd"
)

// A snapshot is zstd over: the magic line; then each key that validators share, ascending, as key length(2), key, value
// length(4), value; then a key length of 0 and SHA-256 of everything before. What is this node's alone (undo records, a
// rollback's target) is not in it.
const snapshotMagic = "umoja-snapshot/v1\n"

// Snapshot is a state captured for writing.
type Snapshot struct {
	view *View
}

// Snapshot captures the newest state; later commits do not touch it. Release lets go of it.
func (s *Store) Snapshot() (*Snapshot, error) { return &Snapshot{view: s.View()}, nil }

// Release lets go of the state.
func (p *Snapshot) Release() { p.view.Close() }

// own says whether a key is this node's alone.
func own(key []byte) bool { return key[0] == spaceUndo || bytes.Equal(key, metaTarget) }

// WriteTo writes the snapshot.
func (p *Snapshot) WriteTo(w io.Writer) (int64, error) {
	count := &counter{w: w}
	z, err := zstd.NewWriter(count, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return 0, fmt.Errorf("compress snapshot: %w", err)
	}
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(z, sum), 1<<16)
	err = errors.Join(p.entries(out), out.Flush())
	if err == nil {
		_, err = z.Write(sum.Sum(nil))
	}
	return count.n, errors.Join(err, z.Close())
}

// entries writes the magic, the keys and the mark of the end.
func (p *Snapshot) entries(out *bufio.Writer) error {
	if _, err := out.WriteString(snapshotMagic); err != nil {
		return err
	}
	it := p.view.txn.NewIterator(badger.DefaultIteratorOptions)
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		key := it.Item().Key()
		if own(key) {
			continue
		}
		header := append(binary.BigEndian.AppendUint16(nil, uint16(len(key))), key...)
		header = binary.BigEndian.AppendUint32(header, uint32(it.Item().ValueSize()))
		if _, err := out.Write(header); err != nil {
			return err
		}
		err := it.Item().Value(func(value []byte) error {
			if int64(len(value)) != it.Item().ValueSize() {
				return fmt.Errorf("value of %q changed its size: %w", key[:1], ErrCorrupt)
			}
			_, err := out.Write(value)
			return err
		})
		if err != nil {
			return err
		}
	}
	_, err := out.Write([]byte{0, 0})
	return err
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// Replace replaces the whole state by a snapshot. The new state is built and audited in a folder beside the old one; then
// the old one is renamed away and the new one into its place, so a crash leaves the one or the other, and Open removes
// what is left over. A snapshot of another network, one that does not hash to its own header, or a cut one is refused and
// the old state stays.
func (s *Store) Replace(r io.Reader) error {
	s.mu.RLock()
	network := s.network
	s.mu.RUnlock()
	beside := s.dir + ".new"
	if err := os.RemoveAll(beside); err != nil {
		return fmt.Errorf("remove an unfinished state: %w", err)
	}
	fresh := &Store{dir: beside, options: s.options}
	if err := fresh.build(r); err != nil {
		return errors.Join(fmt.Errorf("build state of a snapshot: %w", err), os.RemoveAll(beside))
	}
	err := fresh.CheckNetwork(network)
	if err == nil {
		_, err = fresh.Audit()
	}
	if err = errors.Join(err, fresh.Close()); err != nil {
		return errors.Join(fmt.Errorf("check state of a snapshot: %w", err), os.RemoveAll(beside))
	}
	s.swap.Lock()
	defer s.swap.Unlock()
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close the old state: %w", err)
	}
	s.db = nil
	old := s.dir + ".old"
	if err := errors.Join(os.RemoveAll(old), os.Rename(s.dir, old), os.Rename(beside, s.dir), syncDir(filepath.Dir(s.dir))); err != nil {
		return fmt.Errorf("swap states: %w", err)
	}
	if err := os.RemoveAll(old); err != nil {
		return fmt.Errorf("remove the old state: %w", err)
	}
	return s.open()
}

// cleanSwap finishes or forgets a swap that a crash interrupted: the new state counts once it has its place.
func (s *Store) cleanSwap() error {
	old := s.dir + ".old"
	if _, err := os.Stat(s.dir); errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(old); err == nil {
			if err := os.Rename(old, s.dir); err != nil {
				return fmt.Errorf("put the old state back: %w", err)
			}
		}
	}
	return errors.Join(os.RemoveAll(s.dir+".new"), os.RemoveAll(old))
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// build fills an empty store from a snapshot.
func (s *Store) build(r io.Reader) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return fmt.Errorf("decompress snapshot: %w", err)
	}
	defer z.Close()
	if err := s.open(); err != nil {
		return err
	}
	batch := s.db.NewWriteBatch()
	defer batch.Cancel()
	if err := readSnapshot(bufio.NewReaderSize(z, 1<<16), batch.Set); err != nil {
		return errors.Join(err, s.db.Close())
	}
	if err := batch.Flush(); err != nil {
		return errors.Join(err, s.db.Close())
	}
	return s.load()
}

// hashed reads while hashing.
type hashed struct {
	r   io.Reader
	sum hash.Hash
}

func (h hashed) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.sum.Write(p[:n])
	return n, err
}

// Bounds of what a snapshot may make this node allocate at once.
const (
	maxKeyBytes   = 1 << 10
	maxValueBytes = 1 << 20
)

// readSnapshot checks the form and gives every entry to put.
func readSnapshot(in io.Reader, put func(key, value []byte) error) error {
	r := hashed{r: in, sum: sha256.New()}
	magic := make([]byte, len(snapshotMagic))
	if _, err := io.ReadFull(r, magic); err != nil || string(magic) != snapshotMagic {
		return fmt.Errorf("snapshot does not start as one: %w", ErrFormat)
	}
	var last []byte
	for {
		var length [2]byte
		if _, err := io.ReadFull(r, length[:]); err != nil {
			return fmt.Errorf("snapshot is cut: %w", ErrCorrupt)
		}
		n := binary.BigEndian.Uint16(length[:])
		if n == 0 {
			break
		}
		if n > maxKeyBytes {
			return fmt.Errorf("snapshot key of %d bytes: %w", n, ErrCorrupt)
		}
		key := make([]byte, n)
		var size [4]byte
		if _, err := io.ReadFull(r, key); err != nil {
			return fmt.Errorf("snapshot is cut: %w", ErrCorrupt)
		}
		if _, err := io.ReadFull(r, size[:]); err != nil || binary.BigEndian.Uint32(size[:]) > maxValueBytes {
			return fmt.Errorf("snapshot is cut, or a value too large: %w", ErrCorrupt)
		}
		value := make([]byte, binary.BigEndian.Uint32(size[:]))
		if _, err := io.ReadFull(r, value); err != nil {
			return fmt.Errorf("snapshot is cut: %w", ErrCorrupt)
		}
		if bytes.Compare(last, key) >= 0 || own(key) {
			return fmt.Errorf("snapshot keys are not ascending, or not shared: %w", ErrCorrupt)
		}
		last = key
		if err := put(key, value); err != nil {
			return err
		}
	}
	want := r.sum.Sum(nil)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(in, got); err != nil || !bytes.Equal(got, want) {
		return fmt.Errorf("snapshot checksum: %w", ErrCorrupt)
	}
	return nil
}
