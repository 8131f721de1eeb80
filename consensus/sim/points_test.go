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
	for seed := range uint64(12) {
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

// What has no goroutines repeats itself exactly.
func TestStepsRepeat(t *testing.T) {
	f, _ := FaultOf("steps")
	traces := make(map[string]bool)
	for seed := range uint64(5) {
		first, again := Run(t, seed, f, "", nil), Run(t, seed, f, "", nil)
		if first.Trace != again.Trace || first.Trace == "" {
			t.Errorf("seed %d: trace %s, then %s", seed, first.Trace, again.Trace)
		}
		traces[first.Trace] = true
	}
	if len(traces) != 5 {
		t.Errorf("%d traces of 5 seeds", len(traces))
	}
}

// Thousands of schedules cost less than one network of real nodes.
func TestSteps(t *testing.T) {
	f, _ := FaultOf("steps")
	effects, crashes := 0, 0
	accused := make(map[string]bool)
	for seed := range uint64(25) {
		r := Run(t, seed, f, "", nil)
		effects, crashes = effects+r.Effects, crashes+r.Crashes
		for _, name := range r.Named {
			accused[name] = true
		}
		for _, v := range r.Violations {
			t.Errorf("seed %d: %s", seed, v)
		}
	}
	t.Logf("%d lies, %d crashes, proved guilty %v", effects, crashes, sortedKeys(accused))
	if effects == 0 || crashes == 0 || len(accused) == 0 {
		t.Error("they are worth nothing")
	}
}
