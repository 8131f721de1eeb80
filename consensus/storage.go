package consensus

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
)

// raftLog is raft's log and stable store, fail-stop: the first error of any call ends the node, because after a failed
// fsync a retry can succeed without the data being on disk (Rebello et al., "Can Applications Recover from fsync
// Failures?", ATC 2020), and raft itself goes on after such an error. A call that does not return is seen by stalled.
type raftLog struct {
	wal   *wal.WAL
	fatal func(error)
	// busySince is when the oldest write under way began, in Unix nanoseconds; 0 when none is.
	busySince atomic.Int64
}

// openLog opens or makes the log in a folder.
func openLog(dir string, logger hclog.Logger, fatal func(error)) (*raftLog, error) {
	path := filepath.Join(dir, "raft", "log")
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make folder of the raft log: %w", err)
	}
	w, err := wal.Open(path, wal.WithLogger(logger), wal.WithSegmentSize(walSegmentBytes))
	if err != nil {
		return nil, fmt.Errorf("open raft log in %s: %w", path, err)
	}
	return &raftLog{wal: w, fatal: fatal}, nil
}

// walSegmentBytes is how long a segment file is; it is preallocated, so a small box wants it small. A segment must hold
// the largest entry.
const walSegmentBytes = 16 << 20

// stalled says for how long a write has been under way.
func (l *raftLog) stalled(now time.Time) time.Duration {
	since := l.busySince.Load()
	if since == 0 {
		return 0
	}
	return now.Sub(time.Unix(0, since))
}

// write runs a write under the stall clock and the fail-stop rule.
func (l *raftLog) write(what string, f func() error) error {
	l.busySince.CompareAndSwap(0, time.Now().UnixNano())
	err := f()
	l.busySince.Store(0)
	if err != nil {
		err = fmt.Errorf("%s: %w", what, err)
		l.fatal(err)
	}
	return err
}

// FirstIndex is the first entry kept.
func (l *raftLog) FirstIndex() (uint64, error) { return l.wal.FirstIndex() }

// LastIndex is the last entry written.
func (l *raftLog) LastIndex() (uint64, error) { return l.wal.LastIndex() }

// GetLog reads an entry. One that is not there is no storage error.
func (l *raftLog) GetLog(index uint64, log *raft.Log) error {
	err := l.wal.GetLog(index, log)
	if err != nil && !errors.Is(err, raft.ErrLogNotFound) {
		l.fatal(fmt.Errorf("read raft entry %d: %w", index, err))
	}
	return err
}

// StoreLog writes an entry.
func (l *raftLog) StoreLog(log *raft.Log) error { return l.StoreLogs([]*raft.Log{log}) }

// StoreLogs writes entries; they are on disk when it returns.
func (l *raftLog) StoreLogs(logs []*raft.Log) error {
	return l.write("write raft entries", func() error { return l.wal.StoreLogs(logs) })
}

// DeleteRange cuts the log.
func (l *raftLog) DeleteRange(low, high uint64) error {
	return l.write("cut raft log", func() error { return l.wal.DeleteRange(low, high) })
}

// IsMonotonic tells raft that entries must follow each other without a gap.
func (l *raftLog) IsMonotonic() bool { return l.wal.IsMonotonic() }

// Set writes a value of the stable store.
func (l *raftLog) Set(key, value []byte) error {
	return l.write("write raft state", func() error { return l.wal.Set(key, value) })
}

// Get reads one; raft expects an empty value for a key that was never set.
func (l *raftLog) Get(key []byte) ([]byte, error) { return l.wal.Get(key) }

// SetUint64 writes a number.
func (l *raftLog) SetUint64(key []byte, value uint64) error {
	return l.write("write raft state", func() error { return l.wal.SetUint64(key, value) })
}

// GetUint64 reads one.
func (l *raftLog) GetUint64(key []byte) (uint64, error) { return l.wal.GetUint64(key) }

// Close closes the files.
func (l *raftLog) Close() error {
	if err := l.wal.Close(); err != nil {
		return fmt.Errorf("close raft log: %w", err)
	}
	return nil
}
