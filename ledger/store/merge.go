package store

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// merges keeps badger's merges from taking the processors from those who wait for a payment. A merge has seconds of work for five goroutines, and Go's scheduler
// knows no order between them and what is short: on processors that others use too, a validator that merged stood still for up to five seconds. So whoever writes
// tables rests after each, for as many times as long as that took as the backlog allows: that is longer when others want the processors, too.
//
// Badger has no setting for this. It tells its log after each table, in the goroutine that makes the next one when it was told; should it not any more, merges are only
// as fast as they were (TestMergesRest).
type merges struct {
	// loose is how many tables gather before they are merged.
	loose int
	// db is nil while it is being opened.
	db atomic.Pointer[badger.DB]
	// rested is the sum of all rests, in nanoseconds.
	rested atomic.Int64

	// mu guards hurried, which is closed while somebody waits for the merge under way to end; nil is not yet made.
	mu      sync.Mutex
	hurried chan struct{}
}

const (
	// mergeRests is how many times as long as its work a merge rests when nothing else has gathered: five goroutines together take half a processor.
	mergeRests = 9
	// mergeLongest bounds one rest.
	mergeLongest = 2 * time.Second
	// mergeLag is how many more tables than begin a merge may have gathered, and how many times its size a sorted level may have, before merges rest no more. Writes
	// wait only at twice looseTables.
	mergeLag = 9
)

// told hears that a table took so long.
func (m *merges) told(took time.Duration) {
	db := m.db.Load()
	if db == nil {
		return
	}
	rest := time.NewTimer(min(time.Duration(m.rests(db.Levels()))*took, mergeLongest))
	defer rest.Stop()
	begun := time.Now()
	select {
	case <-rest.C:
	case <-m.hurry():
	}
	m.rested.Add(int64(time.Since(begun)))
}

// hurry is closed while merges do not rest.
func (m *merges) hurry() chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hurried == nil {
		m.hurried = make(chan struct{})
	}
	return m.hurried
}

// finish lets merges rest no more until again is called: somebody waits for the one under way.
func (m *merges) finish() (again func()) {
	close(m.hurry())
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.hurried = nil
	}
}

// rests is how many times as long as its work a merge rests.
func (m *merges) rests(levels []badger.LevelInfo) int {
	behind := 0
	for _, l := range levels {
		switch {
		case l.Level == 0:
			behind = max(behind, l.NumTables-m.loose)
		case l.TargetSize > 0:
			behind = max(behind, int(l.Size/l.TargetSize)-1)
		}
	}
	return max(0, mergeRests-behind*mergeRests/mergeLag)
}
