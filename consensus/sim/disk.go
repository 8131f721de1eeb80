package sim

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/consensus"
)

// Errors of a simulated disk.
var (
	// errCrashed is what every step of a node meets after the moment of its crash.
	errCrashed = errors.New("the node has crashed")
	// errDisk is what a broken disk answers.
	errDisk = errors.New("input/output error")
)

// raftDisk keeps what raft promised to remember: entries and stable values. It outlives its node. What it returned for is
// there after a crash; of a write that a crash cut, a part of the entries may be.
type raftDisk struct {
	// mu guards the rest; it is never held while time passes.
	mu sync.Mutex
	// entries are consecutive. Invariant: entries[i].Index = entries[0].Index + i.
	entries []*raft.Log
	stable  map[string][]byte
	numbers map[string]uint64

	// point is asked before and after each write; an error ends the write there.
	point func(name string) error
	rand  *rand.Rand

	// broken makes every write fail until the node is restarted.
	broken bool
	// stall is how long the next writes take.
	stall time.Duration
	// acknowledged are the indexes that the newest writes ended with, the newest last: what a lying disk forgets.
	acknowledged []uint64
}

var _ consensus.RaftStore = (*raftDisk)(nil)

func newRaftDisk(seed uint64, m *member) *raftDisk {
	return &raftDisk{stable: make(map[string][]byte), numbers: make(map[string]uint64), point: m.point, rand: rand.New(rand.NewPCG(seed, 7))}
}

// write lets a write take its time, and fail.
func (d *raftDisk) write() error {
	d.mu.Lock()
	stall, broken := d.stall, d.broken
	d.mu.Unlock()
	if stall > 0 {
		time.Sleep(stall)
	}
	if broken {
		return errDisk
	}
	return nil
}

// StoreLogs appends entries. A crash in the middle leaves some of them.
func (d *raftDisk) StoreLogs(logs []*raft.Log) error {
	if err := d.write(); err != nil {
		return err
	}
	written := make([]*raft.Log, 0, len(logs))
	for _, l := range logs {
		c := *l
		c.Data, c.Extensions = slices.Clone(l.Data), slices.Clone(l.Extensions)
		written = append(written, &c)
	}
	torn := d.point("raft log: entries half written")
	d.mu.Lock()
	defer d.mu.Unlock()
	if torn != nil {
		written = written[:d.rand.IntN(len(written)+1)]
	}
	for _, l := range written {
		if n := len(d.entries); n > 0 && l.Index != d.entries[n-1].Index+1 {
			return errors.New("raft log: entries do not follow each other")
		}
		d.entries = append(d.entries, l)
	}
	if n := len(d.entries); torn == nil && n > 0 {
		d.acknowledged = append(d.acknowledged, d.entries[n-1].Index)
		d.acknowledged = d.acknowledged[max(0, len(d.acknowledged)-8):]
	}
	return torn
}

// StoreLog appends one.
func (d *raftDisk) StoreLog(l *raft.Log) error { return d.StoreLogs([]*raft.Log{l}) }

// DeleteRange cuts the log at one of its ends.
func (d *raftDisk) DeleteRange(low, high uint64) error {
	if err := d.write(); err != nil {
		return err
	}
	if err := d.point("raft log: about to be cut"); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries = slices.DeleteFunc(d.entries, func(l *raft.Log) bool { return l.Index >= low && l.Index <= high })
	return nil
}

// FirstIndex is the first entry kept.
func (d *raftDisk) FirstIndex() (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.entries) == 0 {
		return 0, nil
	}
	return d.entries[0].Index, nil
}

// LastIndex is the last.
func (d *raftDisk) LastIndex() (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.entries) == 0 {
		return 0, nil
	}
	return d.entries[len(d.entries)-1].Index, nil
}

// GetLog reads an entry.
func (d *raftDisk) GetLog(index uint64, l *raft.Log) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.entries) == 0 || index < d.entries[0].Index || index > d.entries[len(d.entries)-1].Index {
		return raft.ErrLogNotFound
	}
	*l = *d.entries[index-d.entries[0].Index]
	l.Data, l.Extensions = slices.Clone(l.Data), slices.Clone(l.Extensions)
	return nil
}

// IsMonotonic is as in production.
func (d *raftDisk) IsMonotonic() bool { return true }

// Set keeps a value.
func (d *raftDisk) Set(key, value []byte) error {
	if err := d.write(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stable[string(key)] = slices.Clone(value)
	return nil
}

// Get reads one.
func (d *raftDisk) Get(key []byte) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.stable[string(key)]), nil
}

// SetUint64 keeps a number.
func (d *raftDisk) SetUint64(key []byte, value uint64) error {
	if err := d.write(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.numbers[string(key)] = value
	return nil
}

// GetUint64 reads one.
func (d *raftDisk) GetUint64(key []byte) (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.numbers[string(key)], nil
}

// Close keeps everything for the next life of the node.
func (d *raftDisk) Close() error { return nil }

// repair takes the disk's troubles away, as another disk with the same content would.
func (d *raftDisk) repair() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken, d.stall = false, 0
}

// trouble gives the disk troubles.
func (d *raftDisk) trouble(broken bool, stall time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken, d.stall = broken, stall
}

// forget loses the last writes though they were acknowledged: a disk that lies about what is synced. It says how many
// entries are gone.
func (d *raftDisk) forget(writes int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.acknowledged) <= writes || len(d.entries) == 0 {
		return 0
	}
	keep := d.acknowledged[len(d.acknowledged)-1-writes]
	before := len(d.entries)
	d.entries = slices.DeleteFunc(d.entries, func(l *raft.Log) bool { return l.Index > keep })
	d.acknowledged = nil
	return before - len(d.entries)
}

// image copies the disk, and put makes it the disk again.
func (d *raftDisk) image() (put func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	entries, stable, numbers := slices.Clone(d.entries), maps.Clone(d.stable), maps.Clone(d.numbers)
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.entries, d.stable, d.numbers, d.acknowledged = entries, stable, numbers, nil
	}
}

// flip turns one bit of one of the newest commands.
func (d *raftDisk) flip() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := len(d.entries) - 1; i >= max(0, len(d.entries)-20); i-- {
		if l := d.entries[i]; l.Type == raft.LogCommand && len(l.Data) > 0 && d.rand.IntN(3) == 0 {
			l.Data[d.rand.IntN(len(l.Data))] ^= 1 << d.rand.IntN(8)
			return true
		}
	}
	return false
}

// term is the term that raft last kept.
func (d *raftDisk) term() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.numbers["CurrentTerm"]
}

// last copies the newest entry.
func (d *raftDisk) last() (raft.Log, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.entries) == 0 {
		return raft.Log{}, false
	}
	return *d.entries[len(d.entries)-1], true
}
