package consensus

import (
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// TestSnapshotMeetsALongerLog: a leader that was cut off has a long tail that was never committed. The others go on without it, and
// cut their logs; what they have to send is a snapshot that ends before the tail does. Raft keeps the end of the tail in mind when
// it has installed the snapshot, refuses what comes after it, and is sent the snapshot again, for ever (hashicorp/raft #697). The
// node sees that and starts raft again.
func TestSnapshotMeetsALongerLog(t *testing.T) {
	c := newClusterWith(t, Snapshots{Every: 50 * time.Millisecond, Threshold: 10, Trailing: 5})
	c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	away := c.leader().Name()
	c.stop(away)
	tail := c.lengthen(away, 400)
	for range 40 {
		c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	}
	if last := c.leader().member().LastIndex(); last >= tail {
		t.Fatalf("the others are at %d, past the tail, which ends at %d", last, tail)
	}
	for _, n := range c.nodes {
		c.cut(n, tail-400+20)
	}
	// Nothing that was sent before is under way any more, and the one snapshot that is sent now is enough.
	c.snapshots = Snapshots{}
	for name := range c.addresses {
		if name != away {
			c.stop(name)
			c.restart(name)
			c.leader()
		}
	}
	c.restart(away)
	last := c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	// A snapshot whose time runs out, on a slow machine, comes again after half a minute.
	for deadline := time.Now().Add(2 * time.Minute); c.nodes[away].FinalSize() <= last.LeafIndex && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	c.agree(last.LeafIndex + 1)
	if _, err := c.nodes[away].store.Audit(); err != nil {
		t.Error(err)
	}
}

// lengthen puts entries behind a stopped node's log, as if it had led and nobody had heard it. It gives the new end.
func (c *cluster) lengthen(name string, by uint64) uint64 {
	c.t.Helper()
	w := c.stoppedLog(name)
	defer w.Close()
	last, err := w.LastIndex()
	if err != nil {
		c.t.Fatal(err)
	}
	var entry raft.Log
	if err := w.GetLog(last, &entry); err != nil {
		c.t.Fatal(err)
	}
	for i := range by {
		next := &raft.Log{Index: last + i + 1, Term: entry.Term, Type: raft.LogCommand, Data: []byte("never committed")}
		if err := w.StoreLogs([]*raft.Log{next}); err != nil {
			c.t.Fatal(err)
		}
	}
	return last + by
}
