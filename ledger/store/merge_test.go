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
	value := make([]byte, 8<<10)
	for i := 0; d.merges.rested.Load() < int64(20*time.Millisecond); i++ {
		if i == 100_000 {
			t.Fatal("after 800 MB no merge has rested: badger does not tell any more, or not so")
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
		size  int64 // Of level 0.
		score float64
		want  float64
	}{{0, 0, 0, 2}, {10, 0, 0, 2}, {11, 0, 0, 1.5}, {14, 0, 0, 0}, {28, 0, 0, 0}, {1, 12 * memTableBytes, 0, 1}, {0, 0, 2.7, 2}, {3, 0, 2.7, 1}, {6, 0, 1, 0}, {10, 0, 1, 0}} {
		levels := []badger.LevelInfo{{Level: 0, NumTables: c.loose, Size: c.size}, {Level: 1}, {Level: 5, Score: c.score}}
		if got := m.rests(levels); got < c.want-1e-9 || got > c.want+1e-9 {
			t.Errorf("%d loose tables of %d bytes and %g times a level: rests %g times, want %g", c.loose, c.size, c.score, got, c.want)
		}
	}
	for turn := range turns {
		if o := (Options{Turn: turn}); o.loose()+mergeLag >= 2*looseTables {
			t.Errorf("in turn %d merges hurry from %d tables on, and writes wait from %d", turn, o.loose()+mergeLag, 2*looseTables)
		}
	}
	m.told(time.Hour) // Badger is not open yet: nobody rests.
	again := m.finish()
	if !ended(m.hurry()) {
		t.Error("nobody hurries")
	}
	again()
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
