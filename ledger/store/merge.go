package store

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// merges keeps badger's merges from taking the processors from those who wait for a payment. A merge has seconds of work for five goroutines, and Go's scheduler
// knows no order between them and what is short: on processors that others use too, a validator that merged stood still for up to seven seconds. So whoever has written a
// table rests, all of them by one clock and for as many times as long as the table took as the backlog allows: that is longer when others want the processors, too.
//
// What must not be late: while the level that level 0 is merged into is over its size, badger may not begin with that, and merges level 0 into one large table instead,
// which is work for nothing. So that level has to be back at its size before level 0 is due.
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

	// mu guards the rest; held for a look-up.
	mu sync.Mutex
	// until is when whoever has written a table goes on.
	until time.Time
	// hurried is closed while somebody waits for the merge under way to end; nil is not yet made. waiting is how many do.
	hurried chan struct{}
	waiting int
}

const (
	// mergeRests is how many times as long as its work a merge rests when there is no hurry: it takes up to half a processor then, as badger finishes a table beside.
	mergeRests = 2
	// mergeLongest bounds what is rested for one table, mergeLook is how often those who rest look whether there is a hurry now.
	mergeLongest, mergeLook = time.Second, 250 * time.Millisecond
	// mergeLag is how many more tables than begin a merge may have gathered before merges rest no more.
	mergeLag = 4
	// mergeDrained is by which part of the tables that begin a merge the level below has to be back at its size.
	mergeDrained = 0.6
)

// told hears that a table took so long.
func (m *merges) told(took time.Duration) {
	db := m.db.Load()
	if db == nil || took <= 0 { // Badger rounds what it tells.
		return
	}
	begun := time.Now()
	rest := m.book(begun, min(time.Duration(m.rests(db.Levels())*float64(took)), mergeLongest))
	if rest <= 0 {
		return
	}
	defer func() { m.rested.Add(int64(time.Since(begun))) }()
	look := time.NewTimer(0)
	defer look.Stop()
	for {
		select {
		case <-look.C:
		case <-m.hurry():
			return
		}
		left := rest - time.Since(begun)
		if left <= 0 || m.rests(db.Levels()) <= 0 {
			return
		}
		look.Reset(min(left, mergeLook))
	}
}

// book puts a rest behind those that others have, and says how long it is until its end. Without a rest of its own nobody waits for others'.
func (m *merges) book(now time.Time, rest time.Duration) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if rest <= 0 {
		m.until = now
		return 0
	}
	if m.until.Before(now) {
		m.until = now
	}
	m.until = m.until.Add(rest)
	return m.until.Sub(now)
}

// rests is how many times as long as its work a merge rests.
func (m *merges) rests(levels []badger.LevelInfo) float64 {
	gathered, over := 0.0, false
	for i, l := range levels {
		if l.Level == 0 {
			gathered = float64(l.NumTables)
		} else if l.IsBaseLevel && i < len(levels)-1 { // The last one may have any size.
			over = l.Size >= l.TargetSize
		}
	}
	room := (float64(m.loose) + mergeLag - gathered) / mergeLag
	if over {
		room = 1 - gathered/(mergeDrained*float64(m.loose))
	}
	return mergeRests * min(1, max(0, room))
}

// hurry is closed while merges do not rest.
func (m *merges) hurry() chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.hurriedNow()
}

// hurriedNow makes the channel if there is none. The caller holds mu.
func (m *merges) hurriedNow() chan struct{} {
	if m.hurried == nil {
		m.hurried = make(chan struct{})
	}
	return m.hurried
}

// finish lets merges rest no more until again is called: somebody waits for the one under way.
func (m *merges) finish() (again func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting++; m.waiting == 1 {
		close(m.hurriedNow())
	}
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.waiting--; m.waiting == 0 {
			m.hurried = nil
		}
	}
}
