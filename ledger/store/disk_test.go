package store

import "testing"

// TestTurns: four validators that write the same merge one after the other, and any number is a turn.
func TestTurns(t *testing.T) {
	for turn, want := range map[int]int{0: 14, 1: 13, 2: 12, 3: 11, 4: 14, 6: 12, -1: 11, -4: 14} {
		if got := (Options{Turn: turn}).loose(); got != want {
			t.Errorf("in turn %d %d tables gather, want %d", turn, got, want)
		}
	}
}
