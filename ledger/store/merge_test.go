package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// TestMergesRest: badger tells of each table that a merge has written, in the goroutine that writes, and so has it rest; and whoever closes does not wait for rests.
func TestMergesRest(t *testing.T) {
	d, err := openDisk(t.TempDir(), Options{Log: discard, NoSync: true, Turn: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	value := make([]byte, 1<<10)
	for i := 0; d.merges.rested.Load() < int64(20*time.Millisecond); i++ {
		if i == 400_000 {
			t.Fatal("after 400 MB no merge has rested: badger does not tell any more, or not so")
		}
		if i%1000 == 0 { // Merges do not rest when far too much has gathered.
			for wait := 0; wait < 1000 && d.db.Levels()[0].NumTables > d.merges.loose; wait++ {
				time.Sleep(time.Millisecond)
			}
		}
		key := fmt.Appendf(nil, "%08x", uint32(i)*2654435761) // All over the keys.
		if err := d.db.Update(func(txn *badger.Txn) error { return txn.Set(key, value) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	if !ended(d.merges.hurry()) {
		t.Error("merges rest while the store is being closed")
	}
	begun := time.Now()
	if d.merges.told(mergeLongest); time.Since(begun) > mergeLongest/2 {
		t.Error("who has written a table while the store is being closed rests")
	}
}

func ended(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// TestMergesHurry: a merge rests twice as long as it works, less the more has gathered, and not at all long before writes would have to wait, or when a sorted level
// is over its size and level 0 will soon be due; and while somebody waits for its end.
func TestMergesHurry(t *testing.T) {
	m := &merges{loose: 10}
	for _, c := range []struct {
		loose int
		below float64 // How many times its size the level has that level 0 is merged into.
		other float64 // Another's.
		want  float64
	}{
		{0, 0, 0, 2}, {10, 0.9, 0, 2}, {11, 0, 0, 1.5}, {14, 0, 0, 0}, {28, 0, 0, 0}, {10, 0, 1.1, 2}, {12, 0, 3, 1},
		{0, 2.7, 0, 2}, {3, 2.7, 0, 1}, {6, 1, 0, 0}, {10, 1, 0, 0},
	} {
		size := func(times float64) int64 { return int64(times * (1 << 20)) }
		levels := []badger.LevelInfo{
			{Level: 0, NumTables: c.loose}, {Level: 1, TargetSize: 1 << 20}, {Level: 2, IsBaseLevel: true, TargetSize: 1 << 20, Size: size(c.below)},
			{Level: 3, TargetSize: 1 << 20, Size: size(c.other)}, {Level: 4, TargetSize: 1 << 20, Size: 1 << 20},
		}
		if got := m.rests(levels); got < c.want-1e-9 || got > c.want+1e-9 {
			t.Errorf("%d loose tables, %g times the level below and %g times another: rests %g times, want %g", c.loose, c.below, c.other, got, c.want)
		}
		last := []badger.LevelInfo{{Level: 0, NumTables: c.loose}, {Level: 1, IsBaseLevel: true, TargetSize: 1 << 20, Size: 1 << 20}}
		if want := m.rests(levels[:1]); m.rests(last) != want {
			t.Errorf("%d loose tables and the last level below: rests %g times, want %g", c.loose, m.rests(last), want)
		}
	}
	for turn := range turns {
		if o := (Options{Turn: turn}); o.loose()+mergeLag >= 2*looseTables {
			t.Errorf("in turn %d merges hurry from %d tables on, and writes wait from %d", turn, o.loose()+mergeLag, 2*looseTables)
		}
	}
	m.told(time.Hour) // Badger is not open yet: nobody rests.
	again, too := m.finish(), m.finish()
	again()
	if !ended(m.hurry()) {
		t.Error("nobody hurries")
	}
	too()
	if ended(m.hurry()) {
		t.Error("merges hurry for ever")
	}
}

// TestMergesTakeTurns: the goroutines of a merge rest one after the other, so that many take no more than one; when there is hurry nobody waits for earlier rests.
func TestMergesTakeTurns(t *testing.T) {
	m := &merges{}
	now := time.Now()
	for i, want := range []time.Duration{20, 40, 60} {
		if got := m.book(now, 20); got != want {
			t.Errorf("goroutine %d rests %d, want %d", i, got, want)
		}
	}
	if got := m.book(now.Add(50), 20); got != 30 {
		t.Errorf("50 later one rests %d, want 30", got)
	}
	if got := m.book(now.Add(500), 20); got != 20 {
		t.Errorf("long after that one rests %d, want 20", got)
	}
	if m.book(now.Add(501), 0) != 0 || m.book(now.Add(501), 20) != 20 {
		t.Error("who is in a hurry, or comes after such a one, waits for earlier rests")
	}
}
