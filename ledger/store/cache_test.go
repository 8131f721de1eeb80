package store

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/umoja-ledger/umoja/ledger"
)

// Whatever is committed, read and scanned in whatever order, a cache never says anything about a version that was not so.
func TestCacheIsOfItsVersion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCache(firstRing)
		size := rapid.IntRange(300, 3000).Draw(t, "ring") // Goes round many times.
		c.ring, c.limit = c.ring[:size], size
		c.absent.ring, c.absent.limit = c.absent.ring[:size], size
		// past[n] is the state of version n.
		past := []map[string]string{{}}
		key := rapid.Custom(func(t *rapid.T) string {
			return rapid.SampledFrom([]string{"a", "x"}).Draw(t, "prefix") + fmt.Sprint(rapid.IntRange(0, 30).Draw(t, "key"))
		})
		version := func() uint64 { return uint64(rapid.IntRange(max(0, len(past)-3), len(past)-1).Draw(t, "version")) }
		t.Repeat(map[string]func(*rapid.T){
			"commit": func(t *rapid.T) {
				next := maps.Clone(past[len(past)-1])
				var changes []ledger.Change
				for _, k := range rapid.SliceOfDistinct(key, rapid.ID).Draw(t, "keys") {
					var change ledger.Change
					change.Key = []byte(k)
					if before, ok := next[k]; ok {
						change.Before = []byte(before)
					}
					if rapid.Bool().Draw(t, "delete") {
						delete(next, k)
					} else {
						next[k] = strings.Repeat("v", rapid.IntRange(0, 80).Draw(t, "length")) + fmt.Sprint(len(past))
						change.After = []byte(next[k])
					}
					changes = append(changes, change)
				}
				c.commit(changes)
				past = append(past, next)
			},
			"replace": func(*rapid.T) {
				c.reset()
				past = append(past, map[string]string{"a1": "another"})
			},
			"get": func(t *rapid.T) {
				v, k := version(), key.Draw(t, "key")
				want, there := past[v][k]
				if got, ok := c.get(v, []byte(k)); ok && (there != (got != nil) || string(got) != want) {
					t.Fatalf("%s is %q in version %d, not %q", k, want, v, got)
				} else if !ok && there {
					c.read(v, []byte(k), []byte(want))
				} else if !ok {
					c.read(v, []byte(k), nil)
				}
			},
			"scan": func(t *rapid.T) {
				v := version()
				start := c.start(v, []byte("x"), []byte("x"))
				first := "y"
				for _, k := range slices.Sorted(maps.Keys(past[v])) {
					if strings.HasPrefix(k, "x") {
						first = k
						break
					}
				}
				if string(start) > first {
					t.Fatalf("a scan of version %d would begin at %s and miss %s", v, start, first)
				}
				c.scanned(v, []byte("x"), []byte(first))
			},
			"": func(t *rapid.T) {
				if got, want := c.now(), uint64(len(past)-1); got != want {
					t.Fatalf("version %d, not %d", got, want)
				}
			},
		})
	})
}

// A cache that forgot everything, or never held anything, would pass the test above.
func TestCacheRemembers(t *testing.T) {
	c := newCache(firstRing)
	value := bytes.Repeat([]byte("v"), 100)
	for i := range 1000 {
		c.read(0, bytes64(uint64(i)), value)
	}
	c.commit([]ledger.Change{
		{Key: bytes64(1), Before: value, After: []byte("new")}, {Key: bytes64(2), Before: value}, {Key: bytes64(5000), After: value},
	})
	for i, want := range map[uint64]string{0: string(value), 1: "new", 999: string(value)} {
		if got, ok := c.get(1, bytes64(i)); !ok || string(got) != want {
			t.Errorf("entry %d: %q %v", i, got, ok)
		}
	}
	for _, i := range []uint64{2, 5000} { // What was just made is seldom wanted again.
		if _, ok := c.get(1, bytes64(i)); ok {
			t.Errorf("entry %d is held", i)
		}
	}
	if _, ok := c.get(0, bytes64(1)); ok {
		t.Error("a view of the state before sees the new value")
	}
	lost := 0
	for i := range 100_000 { // Far more than the ring holds; one entry is wanted again and again.
		c.read(1, bytes64(uint64(10_000+i)), value)
		if _, ok := c.get(1, bytes64(999)); !ok { // Another key has taken its only places to be found: hashes differ from run to run.
			lost++
			c.read(1, bytes64(999), value)
		}
	}
	if lost > 10 {
		t.Errorf("a busy entry was gone %d times of 100,000", lost)
	}
	if _, ok := c.get(1, bytes64(0)); ok {
		t.Error("an entry that nobody wants is still there")
	}
}

// TestCacheKnowsWhatIsAbsent: what is not there is asked of the disk once, until it is there; and the stream of ids pushes out neither it nor
// what is there.
func TestCacheKnowsWhatIsAbsent(t *testing.T) {
	c := newCache(firstRing)
	lacks := func(version uint64, key []byte) bool { value, ok := c.get(version, key); return ok && value == nil }
	key := []byte("key of an owner")
	c.read(0, []byte("there"), []byte("value"))
	c.read(0, key, nil)
	id := func(i uint64) []byte { return append(bytes.Repeat([]byte{'x'}, 33), bytes64(i)...) }
	lost := 0
	for i := range uint64(300_000) {
		c.read(0, id(i), nil)
		if i%1000 == 0 && !lacks(0, key) { // Another key has taken its only places to be found.
			lost++
			c.read(0, key, nil)
		}
	}
	if lost > 10 {
		t.Errorf("a key that is asked for again and again was forgotten %d times of 300", lost)
	}
	if lacks(0, id(0)) || !lacks(0, id(299_999)) {
		t.Error("the first of many ids is still held, or the last is not")
	}
	if value, ok := c.get(0, []byte("there")); !ok || string(value) != "value" {
		t.Error("what is absent has pushed out what is there")
	}
	c.read(0, key, nil)
	c.commit([]ledger.Change{{Key: key, After: []byte("a provider's now")}})
	if _, ok := c.get(1, key); ok {
		t.Error("what was absent, and was made, is not asked of the disk")
	}
	c.read(0, key, nil) // A slow view of the state before.
	if _, ok := c.get(1, key); ok {
		t.Error("what an old view did not find is taken for the newest state's")
	}
	c.commit([]ledger.Change{{Key: key, Before: []byte("a provider's now")}})
	c.read(2, key, nil)
	if !lacks(2, key) || lacks(1, key) {
		t.Error("what was deleted is absent since then, and not before")
	}
	if c.reset(); lacks(3, key) {
		t.Error("another state is known to lack what this one does")
	}
}
