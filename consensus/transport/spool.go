package transport

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/hashicorp/raft"
)

// spool keeps what has come of one peer's snapshot, in a file, until it is whole. An interrupted transfer goes on where it
// stopped, also after a restart, and raft's main loop never waits for the network. The peer compares the hash of what is
// here with its own bytes before it goes on, so a torn file or another snapshot of the same name costs a new start and
// nothing else; nothing is synced.
//
// A crash at any time leaves a file that is found again by its name, or removed when another snapshot begins.
//
// It is used by whoever holds the peer's place for snapshots.
type spool struct {
	dir, peer string
	// key names the snapshot, sum and length what the file holds of it. sum is nil when that is not known.
	key    [32]byte
	sum    hash.Hash
	length int64
	file   *os.File
}

// snapshotKey is what makes two announcements of a peer the same snapshot.
func snapshotKey(r *raft.InstallSnapshotRequest) [32]byte {
	h := sha256.New()
	for _, n := range []uint64{r.LastLogIndex, r.LastLogTerm, uint64(r.Size), r.ConfigurationIndex} {
		_ = binary.Write(h, binary.BigEndian, n) // A hash takes all.
	}
	h.Write(r.Configuration)
	return [32]byte(h.Sum(nil))
}

// path is the file of a snapshot. No validator's name contains an @.
func (s *spool) path(key [32]byte) string {
	return filepath.Join(s.dir, fmt.Sprintf("%s@%x", s.peer, key[:16]))
}

// open finds what there is of a snapshot of the given size, and makes it ready to go on.
func (s *spool) open(key [32]byte, size int64) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("make folder of incoming snapshots: %w", err)
	}
	if err := s.removeOthers(s.path(key)); err != nil {
		return err
	}
	file, err := os.OpenFile(s.path(key), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open incoming snapshot: %w", err)
	}
	s.file = file
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("open incoming snapshot: %w", err)
	}
	if s.sum == nil || s.key != key || s.length != info.Size() {
		if err := s.rehash(info.Size(), size); err != nil {
			return err
		}
	}
	s.key = key
	if _, err := file.Seek(s.length, io.SeekStart); err != nil {
		return fmt.Errorf("open incoming snapshot: %w", err)
	}
	return nil
}

// rehash reads a file left by an earlier process, without the frame that a crash may have cut.
func (s *spool) rehash(has, size int64) error {
	if has > size {
		has = 0
	} else if has < size {
		has -= has % frameBytes
	}
	s.sum, s.length = sha256.New(), has
	if err := s.file.Truncate(has); err != nil {
		return fmt.Errorf("cut incoming snapshot: %w", err)
	}
	if _, err := io.CopyN(s.sum, s.file, has); err != nil {
		return fmt.Errorf("read incoming snapshot: %w", err)
	}
	return nil
}

// removeOthers keeps one snapshot of each peer.
func (s *spool) removeOthers(keep string) error {
	others, err := filepath.Glob(filepath.Join(s.dir, s.peer+"@*"))
	if err != nil {
		return fmt.Errorf("look for incoming snapshots: %w", err)
	}
	for _, name := range others {
		if name == keep {
			continue
		}
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("remove incoming snapshot: %w", err)
		}
	}
	return nil
}

// restart forgets what there is.
func (s *spool) restart() error {
	s.sum, s.length = sha256.New(), 0
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("restart incoming snapshot: %w", err)
	}
	if err := s.file.Truncate(0); err != nil {
		return fmt.Errorf("restart incoming snapshot: %w", err)
	}
	return nil
}

// Write adds a frame. After an error nothing is known of the file.
func (s *spool) Write(frame []byte) (int, error) {
	n, err := s.file.Write(frame)
	if err != nil {
		s.sum = nil
		return n, fmt.Errorf("keep incoming snapshot: %w", err)
	}
	s.sum.Write(frame)
	s.length += int64(n)
	return n, nil
}

// rewind gives the whole from its beginning.
func (s *spool) rewind() (io.Reader, error) {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read incoming snapshot: %w", err)
	}
	return s.file, nil
}

// close keeps what there is for the next try.
func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}

// remove ends a snapshot that was handed over, or is not worth going on with.
func (s *spool) remove() error {
	s.sum = nil
	if s.file == nil {
		return nil
	}
	return errors.Join(s.close(), s.removeOthers(""))
}
