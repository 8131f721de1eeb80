package consensus

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger"
)

// newBareLog is a log in memory with entries of some sizes, from the first on.
func newBareLog(t *testing.T, sizes ...int) *raftLog {
	t.Helper()
	l := &raftLog{
		wal: struct {
			*raft.InmemStore
			closing
		}{InmemStore: raft.NewInmemStore()},
		point: func(string) error { return nil }, clock: newStallClock(), ended: func() error { return nil }, fatal: func(err error) error { return err },
		limit: math.MaxInt64,
	}
	for i, size := range sizes {
		if err := l.StoreLog(&raft.Log{Index: uint64(i) + 1, Term: 1, Data: make([]byte, size)}); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

type closing struct{}

func (closing) IsMonotonic() bool { return true }
func (closing) Close() error      { return nil }

// TestWhereTheLogBegins: what is kept up to the end of a snapshot has room in the bytes and in the entries, and is never nothing.
func TestWhereTheLogBegins(t *testing.T) {
	for _, row := range []struct {
		name    string
		end     uint64
		room    trailing
		cut     uint64
		damaged uint64
		want    uint64
	}{
		{name: "room for all", end: 5, room: trailing{entries: 10, bytes: 1000}, want: 1},
		{name: "the bytes", end: 5, room: trailing{entries: 10, bytes: 200}, want: 4},
		{name: "one byte too few", end: 5, room: trailing{entries: 10, bytes: 199}, want: 5},
		{name: "what follows the snapshot does not count", end: 3, room: trailing{entries: 10, bytes: 200}, want: 2},
		{name: "the entries", end: 5, room: trailing{entries: 3, bytes: 1000}, want: 3},
		{name: "an entry that has no room", end: 5, room: trailing{entries: 10, bytes: 1}, want: 5},
		{name: "no room at all", end: 5, room: trailing{entries: 10, bytes: 0}, want: 5},
		{name: "cut before", end: 5, room: trailing{entries: 10, bytes: 1000}, cut: 2, want: 3},
		{name: "cut behind it", end: 3, room: trailing{entries: 10, bytes: 1000}, cut: 3, want: 4},
		{name: "a damaged one is not kept", end: 5, room: trailing{entries: 10, bytes: 1000}, damaged: 2, want: 3},
	} {
		t.Run(row.name, func(t *testing.T) {
			l := newBareLog(t, 100, 100, 100, 100, 100, 100)
			if row.cut > 0 {
				if err := l.DeleteRange(1, row.cut); err != nil {
					t.Fatal(err)
				}
			}
			if row.damaged > 0 {
				entry := new(raft.Log)
				err := l.wal.GetLog(row.damaged, entry)
				entry.Data[50]++
				if err := errors.Join(err, l.wal.StoreLog(entry)); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := l.begins(row.end, row.room); err != nil || got != row.want {
				t.Errorf("it begins at %d, want %d: %v", got, row.want, err)
			}
		})
	}
	l := newBareLog(t, 100, 100, 100)
	if err := l.countAfter(1); err != nil || l.grown.Load() != 200 {
		t.Errorf("%d bytes follow entry 1: %v", l.grown.Load(), err)
	}
}

// behind is what a node's log has up to the end of its newest snapshot, in bytes and entries.
func (c *cluster) behind(n *Node) (bytes int64, entries int, snapshot uint64) {
	c.t.Helper()
	snapshot, err := n.snapshots.newest()
	if err != nil {
		c.t.Fatal(err)
	}
	first, err := n.raftLog.FirstIndex()
	if err != nil {
		c.t.Fatal(err)
	}
	for i := snapshot; i >= max(first, 1); i-- {
		var entry raft.Log
		if err := n.raftLog.GetLog(i, &entry); err != nil {
			c.t.Fatal(err)
		}
		bytes, entries = bytes+entryBytes(&entry), entries+1
	}
	return bytes, entries, snapshot
}

// TestTheLogIsCutByBytes: where few entries take much, less of them stay behind a snapshot than the number allows. Who starts again goes on with its log, who
// was away for longer gets the snapshot, and payments go on.
func TestTheLogIsCutByBytes(t *testing.T) {
	const room = 4 << 10
	c := newClusterWith(t, Snapshots{Every: 50 * time.Millisecond, Threshold: 10, Trailing: 10_240, TrailingBytes: room})
	c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	away := c.follower().Name()
	c.stop(away)
	for range 40 {
		c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	}
	for name, n := range c.nodes {
		c.cut(n, 20)
		// Looked at until no snapshot comes between the looks.
		c.eventually("the log of "+name+" has been cut behind its newest snapshot", func() bool {
			bytes, entries, before := c.behind(n)
			_, _, after := c.behind(n)
			return before == after && entries > 0 && bytes <= room
		})
	}
	c.snapshots = Snapshots{} // What who was away has is from others.
	for name := range c.addresses {
		if name != away {
			c.stop(name) // Until it starts again, raft-wal gives what was cut off and is in the file that it writes to.
			c.restart(name)
		}
	}
	c.restart(away)
	last := c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	c.agree(last.LeafIndex + 1)
	if list, err := c.nodes[away].snapshots.List(); err != nil || len(list) == 0 {
		t.Errorf("it has followed without a snapshot: %v", err)
	}
	if _, err := c.nodes[away].store.Audit(); err != nil {
		t.Error(err)
	}
}

// TestAGrownLogMakesASnapshot: few entries that take much make a snapshot due, though their number does not, and also those that were written before a start.
func TestAGrownLogMakesASnapshot(t *testing.T) {
	many := Snapshots{Every: time.Hour, Threshold: 1 << 40, Trailing: 10_240}
	c := newClusterWith(t, many)
	last := c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	for range 10 {
		last = c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	}
	c.agree(last.LeafIndex + 1)
	for name, n := range c.nodes {
		if list, err := n.snapshots.List(); err != nil || len(list) > 0 {
			t.Errorf("%s has %d snapshots already: %v", name, len(list), err)
		}
	}
	c.snapshots.TrailingBytes = 2 << 10
	for name := range c.addresses {
		c.stop(name)
		c.restart(name)
	}
	last = c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	c.agree(last.LeafIndex + 1)
	for name, n := range c.nodes {
		c.eventually("a snapshot of "+name, func() bool {
			bytes, _, snapshot := c.behind(n)
			return snapshot > 0 && bytes <= c.snapshots.TrailingBytes
		})
		if grown := n.raftLog.grown.Load(); grown > 4<<10 {
			t.Errorf("%s: %d bytes are counted after the snapshot", name, grown)
		}
	}
}

// TestNoSnapshotForASmallLog: a snapshot that is larger than the log which follows it is not made again.
func TestNoSnapshotForASmallLog(t *testing.T) {
	c := newStopped(t, Snapshots{Every: time.Hour, TrailingBytes: 1})
	s := &scribe{cluster: c}
	c.restart("v1")
	s.n = c.nodes["v1"]
	head, _ := s.pays()
	s.final(head)
	s.n.renew("v2")
	list, err := s.n.snapshots.List()
	if err != nil || len(list) != 1 {
		t.Fatalf("%d snapshots: %v", len(list), err)
	}
	s.n.raftLog.grown.Store(list[0].Size/worthOf - 1)
	if err := s.n.shorten(); err != nil {
		t.Errorf("it has asked for one: %v", err)
	}
	s.n.raftLog.grown.Store(list[0].Size / worthOf)
	if err := s.n.shorten(); !errors.Is(err, raft.ErrNothingNewToSnapshot) { // Raft has given nothing here.
		t.Errorf("it has not asked for one: %v", err)
	}
}

// cuts makes a snapshot of the final head, and cuts the log as raft does then.
func (s *scribe) cuts() error {
	s.t.Helper()
	index, term := s.n.store.Applied()
	captured, err := (fsm{s.n}).Snapshot()
	if err != nil {
		return err
	}
	defer captured.Release()
	sink, err := s.n.snapshots.Create(raft.SnapshotVersionMax, index, term, s.members(), 1, lasting{s.n.transport})
	if err == nil {
		err = captured.Persist(sink)
	}
	if err != nil {
		return err
	}
	last, err := s.n.raftLog.LastIndex()
	if keep := s.n.member().ReloadableConfig().TrailingLogs; err == nil && last > keep {
		err = s.n.raftLog.DeleteRange(1, min(index, last-keep))
	}
	return err
}

// TestKilledWhileTheLogIsCut: wherever that ends, the next start takes log and snapshot for what belongs together, and the next snapshot has the log cut.
func TestKilledWhileTheLogIsCut(t *testing.T) {
	for _, point := range []string{"snapshot: not written", "snapshot: written, not closed", "snapshot: closed", "cut raft log, not begun", "cut raft log, done"} {
		t.Run(point, func(t *testing.T) {
			c := newStopped(t, Snapshots{Every: time.Hour, TrailingBytes: 1 << 10})
			s := &scribe{cluster: c}
			c.restart("v1")
			s.n = c.nodes["v1"]
			var final ledger.Head
			for range 10 {
				final, _ = s.pays()
			}
			s.final(final)
			end, _ := s.n.store.Applied()
			s.killedAt(point, func() {
				s.n.given.Store(end)
				if err := s.cuts(); !errors.Is(err, errKilled) {
					t.Errorf("cut: %v", err)
				}
				_ = s.n.Fatal(errKilled) // It is dead, wherever it has heard of it.
			})
			last, err := s.n.raftLog.LastIndex()
			if head := s.n.store.Head(); err != nil || head != final || last != end || s.n.member().LastIndex() != end {
				t.Fatalf("batch %d, the log ends at %d, for raft at %d: %v; want %d, %d", head.Batch, last, s.n.member().LastIndex(), err, final.Batch, end)
			}
			more, _ := s.pays()
			s.final(more)
			if err := s.cuts(); err != nil {
				t.Fatal(err)
			}
			if bytes, entries, at := c.behind(s.n); at != end+1 || bytes > 1<<10 || entries == 0 || entries > 5 {
				t.Errorf("behind the snapshot at %d are %d entries of %d bytes; it was to be at %d", at, entries, bytes, end+1)
			}
		})
	}
}

// TestALargeSnapshotIsDueLater: what it costs to make one grows with its size, and so does what it takes.
func TestALargeSnapshotIsDueLater(t *testing.T) {
	room := trailing{bytes: 256 << 20, due: 8192}
	for size, times := range map[int64]uint64{0: 1, 4 << 20: 1, 8 << 20: 2, 48 << 20: 12, 255 << 20: 63, 256 << 20: 64, 1 << 40: 64} {
		if got := room.dueAfter(size); got != times*room.due {
			t.Errorf("behind %d bytes %d entries make one due, want %d times %d", size, got, times, room.due)
		}
	}
}

// TestALargeSnapshotIsNotMadeForManyEntries: where it is larger than what the log may take, it takes many more entries, over a start as well.
func TestALargeSnapshotIsNotMadeForManyEntries(t *testing.T) {
	for name, c := range map[string]struct {
		bytes int64
		want  uint64
	}{"large": {1 << 10, 10 * manyMore}, "small": {1 << 20, 10}} {
		t.Run(name, func(t *testing.T) {
			s := &scribe{cluster: newStopped(t, Snapshots{Every: time.Hour, Threshold: 10, TrailingBytes: c.bytes})}
			s.restart("v1")
			s.n = s.nodes["v1"]
			due := func() uint64 { return s.n.member().ReloadableConfig().SnapshotThreshold }
			if got := due(); got != 10 {
				t.Errorf("without a snapshot %d entries make one due", got)
			}
			head, _ := s.pays()
			s.final(head)
			end, _ := s.n.store.Applied()
			s.n.given.Store(end)
			if err := s.cuts(); err != nil {
				t.Fatal(err)
			}
			list, err := s.n.snapshots.List()
			if err != nil || len(list) != 1 || list[0].Size > c.bytes != (name == "large") {
				t.Fatalf("snapshots %+v: %v", list, err)
			}
			if got := due(); got != c.want {
				t.Errorf("behind a snapshot of %d bytes %d entries make one due, want %d", list[0].Size, got, c.want)
			}
			s.stop("v1")
			s.restart("v1")
			s.n = s.nodes["v1"]
			if got := due(); got != c.want {
				t.Errorf("after a start %d, want %d", got, c.want)
			}
		})
	}
}
