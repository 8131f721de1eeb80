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
	for i := 0; d.merges.rested.Load() == 0; i++ {
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
	if hurried := d.merges.hurry(); !ended(hurried) {
		t.Error("merges rest while the store is being closed")
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

// TestMergesHurry: a merge rests nine times as long as it works, less the more has gathered, and no more long before writes would have to wait; and while somebody
// waits for its end.
func TestMergesHurry(t *testing.T) {
	m := &merges{loose: 11}
	for _, c := range []struct {
		loose int
		level float64 // How many times its size the next level has.
		want  int
	}{{0, 0, 9}, {11, 1, 9}, {12, 1, 8}, {16, 1, 4}, {20, 1, 0}, {28, 1, 0}, {11, 3, 7}, {11, 10, 0}, {11, 40, 0}} {
		levels := []badger.LevelInfo{{Level: 0, NumTables: c.loose}, {Level: 1}, {Level: 5, TargetSize: 1 << 20, Size: int64(c.level * (1 << 20))}}
		if got := m.rests(levels); got != c.want {
			t.Errorf("%d loose tables and %g times a level: rests %d times, want %d", c.loose, c.level, got, c.want)
		}
	}
	if most := 2 * looseTables; m.loose+mergeLag >= most {
		t.Errorf("merges hurry from %d tables on, and writes wait from %d", m.loose+mergeLag, most)
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
