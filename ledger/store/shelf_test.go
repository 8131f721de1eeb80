package store

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A shelf is a sorted set, also when its boards fill up and run empty.
func TestShelf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s shelf
		model := make(map[string]bool)
		for range rapid.IntRange(0, 20).Draw(t, "acts") {
			first, count := rapid.IntRange(0, 4000).Draw(t, "first"), rapid.IntRange(1, 2000).Draw(t, "count")
			insert := rapid.Bool().Draw(t, "insert")
			for i := first; i < first+count; i++ {
				key := fmt.Sprintf("%05d", i*7919%6007)
				if insert {
					s.insert(key)
					model[key] = true
				} else {
					s.remove(key)
					delete(model, key)
				}
			}
		}
		want := slices.Sorted(maps.Keys(model))
		from := fmt.Sprintf("%05d", rapid.IntRange(0, 6007).Draw(t, "from"))
		at, _ := slices.BinarySearch(want, from)
		var got []string
		s.from(from, func(key string) bool { got = append(got, key); return true })
		if !slices.Equal(got, want[at:]) {
			t.Fatalf("from %s: %d keys, want %d", from, len(got), len(want)-at)
		}
	})
}
