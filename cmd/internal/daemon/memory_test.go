package daemon

import (
	"runtime/debug"
	"testing"
)

// What the operator set stays, and otherwise both are set.
func TestBoundMemory(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(1<<40)
	t.Cleanup(func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) })
	for _, c := range []struct {
		gogc, gomemlimit string
		percent          int
		limit            int64
	}{{"", "", gcPercent, 200 << 20}, {"80", "", 100, 1 << 40}, {"", "1GiB", 100, 1 << 40}} {
		debug.SetGCPercent(100)
		debug.SetMemoryLimit(1 << 40)
		t.Setenv("GOGC", c.gogc)
		t.Setenv("GOMEMLIMIT", c.gomemlimit)
		BoundMemory(200 << 20)
		if p, l := debug.SetGCPercent(100), debug.SetMemoryLimit(-1); p != c.percent || l != c.limit {
			t.Errorf("GOGC=%s GOMEMLIMIT=%s: %d %%, %d bytes", c.gogc, c.gomemlimit, p, l)
		}
	}
}
