package consensus

import (
	"runtime"
	"strings"
	"testing"
)

// TestNobodyWaitsForARaftThatHasEnded: raft takes what it is asked also when it has ended, and never answers it. Nobody is left waiting,
// nor is the goroutine that waited for them.
func TestNobodyWaitsForARaftThatHasEnded(t *testing.T) {
	c := newAlone(t, Snapshots{}) // It looks at all goroutines.
	c.startAll()
	c.leader()
	m := c.nodes["v1"].member()
	c.stop("v1")
	for range 64 { // As many as raft's queue takes; each is put there, or refused.
		if err := m.await(t.Context(), m.VerifyLeader()); err == nil {
			t.Error("an ended raft leads")
		}
	}
	waiting := func() int {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		return strings.Count(string(stacks), "(*deferError).Error(")
	}
	c.eventually("nobody waits", func() bool { return waiting() == 0 })
}
