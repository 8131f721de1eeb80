package consensus

import (
	"fmt"
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

// TestEntriesBehindALogThatIsGone: a true snapshot takes the place of a longer log, just after a resync, and an entry follows the end that raft has in mind.
// Raft would panic when it comes to apply what lies between.
func TestEntriesBehindALogThatIsGone(t *testing.T) {
	c := newCluster(t)
	c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	longer := func() *Node { // Whoever leads, with a log that is longer than its snapshot; nil when another leads by now.
		leader := c.leader()
		leader.renew("v9")
		for range 3 {
			if leader.member().Barrier(0).Error() != nil {
				return nil
			}
		}
		return leader
	}
	leader := longer()
	for ; leader == nil; leader = longer() {
	}
	victim := c.other(leader.Name())
	c.eventually("the follower's longer log", func() bool { return victim.member().LastIndex() >= leader.member().LastIndex() })
	victim.astray.mu.Lock()
	victim.astray.last, victim.astray.floor = time.Now(), victim.store.Floor().Size
	victim.astray.mu.Unlock()
	if newest, err := leader.snapshots.newest(); err != nil || newest >= victim.member().LastIndex() {
		t.Fatalf("the log ends at %d, the snapshot at %d: %v", victim.member().LastIndex(), newest, err)
	}
	err := leader.gives(victim.Name()) // Raft may end before it answers.
	c.eventually("the snapshot in the state's place", func() bool { return victim.store.Arrived() > 0 })
	t.Log("answered:", err)
	s := c.submit(leader, c.pay(c.world.Juma.Account, 2), Final)
	c.eventually("what follows", func() bool { return victim.FinalSize() > s.LeafIndex })
}

// gives sends the newest snapshot to a follower, unasked.
func (n *Node) gives(to string) error {
	list, err := n.snapshots.List()
	if err != nil || len(list) == 0 {
		return fmt.Errorf("%d snapshots: %w", len(list), err)
	}
	meta, r, err := n.snapshots.Open(list[0].ID)
	if err != nil {
		return err
	}
	defer r.Close()
	self := raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte(n.Name()), Addr: []byte(n.Name())}
	var taken raft.InstallSnapshotResponse
	return n.transport.InstallSnapshot(raft.ServerID(to), raft.ServerAddress(to), &raft.InstallSnapshotRequest{
		RPCHeader: self, SnapshotVersion: meta.Version, Term: n.term(), Leader: []byte(n.Name()), LastLogIndex: meta.Index, LastLogTerm: meta.Term,
		Configuration: raft.EncodeConfiguration(meta.Configuration), ConfigurationIndex: meta.ConfigurationIndex, Size: meta.Size,
	}, &taken, r)
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
