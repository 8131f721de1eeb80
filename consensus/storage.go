package consensus

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
)

// raftLog is raft's log and stable store, fail-stop: the first error of any call ends the node, because after a failed
// fsync a retry can succeed without the data being on disk (Rebello et al., "Can Applications Recover from fsync
// Failures?", ATC 2020), and raft itself goes on after such an error. A call that does not return is seen by the stall clock.
type raftLog struct {
	wal   RaftStore
	point func(name string) error
	clock *stallClock
	// ended is the node's fatal error, if it has met one.
	ended func() error
	fatal func(error) error
	// panics takes the place of a panic of raft in a simulation; nil elsewhere.
	panics func()
	// failed is the first error of a write here. Every later write is refused with it.
	failed atomic.Pointer[error]
	// grown is how many bytes follow the newest snapshot of this node's, and full is told when they are the limit or more.
	grown atomic.Int64
	limit int64
	full  chan struct{}
}

// stallClock knows how long writes to disk have been under way.
type stallClock struct {
	// mu guards the rest; held for a look or a set.
	mu    sync.Mutex
	next  uint64
	begun map[uint64]time.Time
}

func newStallClock() *stallClock { return &stallClock{begun: make(map[uint64]time.Time)} }

// run times a write.
func (c *stallClock) run(f func() error) error {
	c.mu.Lock()
	id := c.next
	c.next++
	c.begun[id] = time.Now()
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.begun, id)
	}()
	return f()
}

// stalled says for how long the oldest write has been under way.
func (c *stallClock) stalled(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	var longest time.Duration
	for _, begun := range c.begun {
		longest = max(longest, now.Sub(begun))
	}
	return longest
}

// openLog opens or makes the log of a node.
func (n *Node) openLog(dir string, logger hclog.Logger) (*raftLog, error) {
	if n.simulated != nil && n.simulated.Log != nil {
		l := n.newLog(n.simulated.Log)
		l.panics = n.simulated.Panics
		return l, nil
	}
	path := filepath.Join(dir, "raft", "log")
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make folder of the raft log: %w", err)
	}
	w, err := wal.Open(path, wal.WithLogger(logger), wal.WithSegmentSize(walSegmentBytes))
	if err != nil {
		return nil, fmt.Errorf("open raft log in %s: %w", path, err)
	}
	return n.newLog(w), nil
}

func (n *Node) newLog(files RaftStore) *raftLog {
	return &raftLog{wal: files, point: n.point, clock: n.disk, ended: n.Err, fatal: n.Fatal, limit: n.trailing.bytes, full: make(chan struct{}, 1)}
}

// walSegmentBytes is how long a segment file is; it is preallocated, so a small box wants it small. A segment must hold
// the largest entry.
const walSegmentBytes = 16 << 20

// write runs a write under the stall clock and the fail-stop rule.
func (l *raftLog) write(what string, f func() error) error {
	if failed := l.failed.Load(); failed != nil {
		return *failed
	}
	err := l.point(what + ", not begun")
	if err == nil {
		err = l.clock.run(f)
	}
	if err == nil {
		err = l.point(what + ", done")
	}
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", what, err)
	l.failed.CompareAndSwap(nil, &err)
	return l.fatal(err)
}

// keep is write for what raft panics without, which ends the process.
func (l *raftLog) keep(what string, f func() error) error {
	err := l.write(what, f)
	if err != nil && l.panics != nil {
		l.panics()
		return nil
	}
	return err
}

// read passes on a read, whose error is as fatal as a write's.
func read[T any](l *raftLog, what string, value T, err error) (T, error) {
	if err != nil {
		return value, l.fatal(fmt.Errorf("%s: %w", what, err))
	}
	return value, nil
}

// FirstIndex is the first entry kept.
func (l *raftLog) FirstIndex() (uint64, error) {
	i, err := l.wal.FirstIndex()
	return read(l, "read raft log", i, err)
}

// LastIndex is the last entry written.
func (l *raftLog) LastIndex() (uint64, error) {
	i, err := l.wal.LastIndex()
	return read(l, "read raft log", i, err)
}

// look reads an entry and checks it.
func (l *raftLog) look(index uint64, log *raft.Log) error {
	if err := l.wal.GetLog(index, log); err != nil {
		return err
	}
	return openEntry(index, log)
}

// GetLog reads an entry. One that is not there is no storage error; one that is damaged is.
func (l *raftLog) GetLog(index uint64, log *raft.Log) error {
	err := l.look(index, log)
	if err != nil && !errors.Is(err, raft.ErrLogNotFound) {
		return l.fatal(fmt.Errorf("read raft entry %d: %w", index, err))
	}
	return err
}

// StoreLog writes an entry.
func (l *raftLog) StoreLog(log *raft.Log) error { return l.StoreLogs([]*raft.Log{log}) }

// StoreLogs writes entries; they are on disk when it returns. A node that has met a fatal error takes no more.
func (l *raftLog) StoreLogs(logs []*raft.Log) error {
	if err := l.ended(); err != nil {
		return err
	}
	if err := l.write("write raft entries", func() error { return l.wal.StoreLogs(sealEntries(logs)) }); err != nil {
		return err
	}
	l.grow(logs)
	return nil
}

// DeleteRange cuts the log. A node that has met a fatal error must not lose what its state may lack.
func (l *raftLog) DeleteRange(low, high uint64) error {
	if err := l.ended(); err != nil {
		return err
	}
	return l.write("cut raft log", func() error { return l.wal.DeleteRange(low, high) })
}

// clear cuts off all of it.
func (l *raftLog) clear() error {
	first, err := l.FirstIndex()
	if err != nil {
		return err
	}
	last, err := l.LastIndex()
	if err != nil || last == 0 {
		return err
	}
	return l.DeleteRange(first, last)
}

// IsMonotonic tells raft that entries must follow each other without a gap.
func (l *raftLog) IsMonotonic() bool { return l.wal.IsMonotonic() }

// Set writes a value of the stable store.
func (l *raftLog) Set(key, value []byte) error {
	return l.keep("write raft state (vote)", func() error { return l.wal.Set(key, value) })
}

// Get reads one; raft expects an empty value for a key that was never set.
func (l *raftLog) Get(key []byte) ([]byte, error) {
	value, err := l.wal.Get(key)
	return read(l, "read raft state", value, err)
}

// SetUint64 writes a number.
func (l *raftLog) SetUint64(key []byte, value uint64) error {
	return l.keep("write raft state (term)", func() error { return l.wal.SetUint64(key, value) })
}

// GetUint64 reads one.
func (l *raftLog) GetUint64(key []byte) (uint64, error) {
	value, err := l.wal.GetUint64(key)
	return read(l, "read raft state", value, err)
}

// Close closes the files.
func (l *raftLog) Close() error {
	if err := l.wal.Close(); err != nil {
		return fmt.Errorf("close raft log: %w", err)
	}
	return nil
}
