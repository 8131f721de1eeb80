package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
)

// Two small files stand beside badger's, because badger cuts its log at the first damaged record and says nothing.
const (
	// stopFile says that the folder was closed in order, and at which head. Open takes it away.
	stopFile = "CLOSED"
	// watermarkFile says how large the final checkpoint was at least: eight bytes and their complement.
	watermarkFile = "FINAL"
)

func stopMark(h ledger.Head) string {
	root := h.State.Root()
	return fmt.Sprintf("%s batch %d state %x\n", format, h.Batch, root)
}

// markStop writes the mark of an orderly end.
func markStop(dir string, h ledger.Head) error {
	f, err := os.OpenFile(filepath.Join(dir, stopFile), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(stopMark(h))
	return errors.Join(err, f.Sync(), f.Close(), syncFolder(dir))
}

// checkStop takes the mark of an orderly end away. Without one the process was killed, and the whole state is hashed
// again before it serves; with one, the state must be the one that was closed.
func (s *Store) checkStop() error {
	now := s.standing.Load()
	path := filepath.Join(s.dir, stopFile)
	mark, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if now.founded {
			return s.checkUnclean(now)
		}
		return nil
	case err != nil:
		return fmt.Errorf("read the mark of the last stop: %w", err)
	case string(mark) != stopMark(now.head):
		return fmt.Errorf("the folder was closed at %q, and is not there any more: %w", mark, ErrCorrupt)
	}
	// A crash from here on leaves no mark, so that the next start hashes again.
	if err := errors.Join(os.Remove(path), syncFolder(s.dir)); err != nil {
		return fmt.Errorf("take away the mark of the last stop: %w", err)
	}
	return nil
}

func (s *Store) checkUnclean(now *standing) error {
	state, err := s.Rescan()
	if err != nil {
		return err
	}
	if state != now.head.State {
		return fmt.Errorf("hash of the whole state is not that of batch %d: %w", now.head.Batch, ErrCorrupt)
	}
	root, err := tlog.TreeHash(int64(now.head.Size), s)
	if err != nil || root != now.head.Root {
		return fmt.Errorf("root of %d leaves is not that of batch %d: %w", now.head.Size, now.head.Batch, ErrCorrupt)
	}
	return nil
}

// openWatermark opens the file and compares: a final checkpoint that was on disk must be there.
func (s *Store) openWatermark() error {
	f, err := os.OpenFile(filepath.Join(s.dir, watermarkFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open watermark: %w", err)
	}
	size, err := readWatermark(f)
	if now := s.standing.Load(); err == nil && size > now.final.floor.Size {
		err = fmt.Errorf("%d leaves were final, %d are left: badger has lost some; remove %s and let the validator catch up: %w",
			size, now.final.floor.Size, s.dir, ErrCorrupt)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	s.watermark = f
	return nil
}

// readWatermark reads the final size; 0 when nothing was written yet.
func readWatermark(f *os.File) (uint64, error) {
	raw, err := io.ReadAll(io.LimitReader(f, 17))
	if err != nil {
		return 0, fmt.Errorf("read watermark: %w", err)
	}
	if len(raw) == 0 {
		return 0, nil
	}
	if len(raw) != 16 || binary.BigEndian.Uint64(raw) != ^binary.BigEndian.Uint64(raw[8:]) {
		return 0, fmt.Errorf("watermark: %w", ErrCorrupt)
	}
	return binary.BigEndian.Uint64(raw), nil
}

// writeWatermark raises it. It is written after the final checkpoint is on disk: a crash between leaves it lower, which is
// harmless.
func writeWatermark(f *os.File, size uint64, sync bool) error {
	if _, err := f.WriteAt(append(bytes64(size), bytes64(^size)...), 0); err != nil {
		return fmt.Errorf("write watermark: %w", err)
	}
	if !sync {
		return nil
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync watermark: %w", err)
	}
	return nil
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
