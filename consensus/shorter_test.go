package consensus

import (
	"testing"
	"time"
)

// TestSnapshotMeetsALostLog: a disk has lost the end of the raft log and not the state. The others have cut their logs that far, and what
// they have to send is a snapshot that ends before what is final in that state. It is refused, and nobody pays, so that raft would
// make no newer one. The leader makes one for it, and the validator counts again: the others may lose one more.
func TestSnapshotMeetsALostLog(t *testing.T) {
	c := newStopped(t, Snapshots{})
	const away = "v1"
	c.restart(away) // Without snapshots, so that its whole log is there to be lost.
	c.snapshots = Snapshots{Every: 50 * time.Millisecond, Threshold: 10, Trailing: 5}
	for name := range c.addresses {
		if name != away {
			c.restart(name)
		}
	}
	for range 40 {
		c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	}
	c.snapshots = Snapshots{}
	for name := range c.addresses {
		if name != away {
			c.cut(c.nodes[name], 20)
			c.stop(name)
			c.restart(name)
		}
	}
	for range 10 { // More is final than any snapshot holds.
		c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	}
	last := c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	c.agree(last.LeafIndex + 1)
	floor := c.nodes[away].store.Floor().Size
	c.stop(away)
	c.shorten(away, 10)
	c.restart(away)
	n := c.nodes[away]
	c.eventually("raft has the log again", func() bool {
		return n.member().LastIndex() == c.leader().member().LastIndex()
	})
	list, err := n.snapshots.List()
	if err != nil || len(list) != 1 {
		t.Fatalf("%d snapshots: %v", len(list), err)
	}
	if h, err := n.snapshots.header(list[0].ID); err != nil || h.Head.Size < floor {
		t.Fatalf("led on by a snapshot of size %d, and %d was final here: %v", h.Head.Size, floor, err)
	}
	c.stop(c.other(away).Name())
	last = c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	c.agree(last.LeafIndex + 1)
	if _, err := n.store.Audit(); err != nil {
		t.Error(err)
	}
	c.stop(away)
	c.restart(away)
	c.agree(last.LeafIndex + 1)
}

// shorten loses what follows an index in a stopped node's log.
func (c *cluster) shorten(name string, end uint64) {
	c.t.Helper()
	w := c.stoppedLog(name)
	defer w.Close()
	last, err := w.LastIndex()
	if err == nil {
		err = w.DeleteRange(end+1, last)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}
