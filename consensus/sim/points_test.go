package sim

import "testing"

// leastPoints is at how many named points a few runs must have crashed.
const leastPoints = 40

// Everything that a crash can separate from the next step is a named point, and runs crash at nearly each of them.
func TestCrashPoints(t *testing.T) {
	if testing.Short() {
		t.Skip("the campaign counts too")
	}
	f, _ := FaultOf("crash-points")
	passed, crashed := make(map[string]int), make(map[string]int)
	for seed := range uint64(9) {
		r := Run(t, seed, f, folder(t), nil)
		for name, n := range r.Points {
			passed[name] += n
		}
		for name, n := range r.Crashed {
			if r.Points[name] > 0 {
				crashed[name] += n
			}
		}
		for _, v := range r.Violations {
			t.Errorf("seed %d: %s", seed, v)
		}
	}
	for _, name := range sortedKeys(passed) {
		t.Logf("passed %6d times, crashed %3d times: %s", passed[name], crashed[name], name)
	}
	if len(crashed) < leastPoints {
		t.Errorf("crashes at %d points of %d, want %d", len(crashed), len(passed), leastPoints)
	}
}
