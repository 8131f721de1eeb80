package consensus

import (
	"context"
	"testing"
	"time"
)

// TestLevelling: rounds end with what was told when they began, and only a short one makes a node level.
func TestLevelling(t *testing.T) {
	type look struct {
		ms            int
		told, applied uint64
		level         bool
	}
	for name, looks := range map[string][]look{
		"nothing is told":        {{0, 0, 0, false}, {100, 0, 7, false}},
		"nothing was missed":     {{0, 7, 7, true}},
		"little was missed":      {{0, 9, 7, false}, {100, 12, 9, true}},
		"much was missed":        {{0, 900, 7, false}, {2000, 990, 899, false}, {2010, 1000, 900, false}, {2300, 1010, 1000, false}, {2400, 1015, 1010, true}},
		"told of more by a liar": {{0, 9000, 7, false}, {2000, 9, 9, false}, {2010, 10, 10, true}},
		"slower than the rest":   {{0, 100, 7, false}, {300, 200, 100, false}, {600, 300, 200, false}, {900, 400, 300, false}},
	} {
		t.Run(name, func(t *testing.T) {
			var l levelling
			for _, k := range looks {
				applied := func(index uint64) bool { return index <= k.applied }
				if got := l.level(time.UnixMilli(0).Add(time.Duration(k.ms)*time.Millisecond), k.told, applied); got != k.level {
					t.Errorf("after %d ms, %d told and %d applied: %v", k.ms, k.told, k.applied, got)
				}
			}
		})
	}
}

// TestWhoWasAwayIsLevelFirst: a node that lacks payments is level when it has applied them, and not before.
func TestWhoWasAwayIsLevelFirst(t *testing.T) {
	c := newCluster(t)
	c.leader()
	away := c.follower().name
	c.stop(away)
	var last Status
	for range 30 {
		last = c.submit(c.other(away), c.pay(c.world.Juma.Account, 1), Final)
	}
	c.restart(away)
	n := c.nodes[away]
	begun := time.Now()
	n.AwaitLevel(t.Context())
	if size := n.store.Head().Size; size <= last.LeafIndex {
		t.Errorf("level with %d leaves, and leaf %d was final before it began", size, last.LeafIndex)
	}
	if waited := time.Since(begun); waited > unlevel*n.heartbeat/2 {
		t.Errorf("level after %s", waited)
	}
}

// TestAloneIsNotAwaited: a node that hears of no leader is asked all the same, after a while; and waiting ends with the node.
func TestAloneIsNotAwaited(t *testing.T) {
	c := newStopped(t, Snapshots{})
	c.timing = Timing{Heartbeat: 200 * time.Millisecond, Commit: 10 * time.Millisecond}
	c.restart("v1")
	n := c.nodes["v1"]
	begun := time.Now()
	n.AwaitLevel(t.Context())
	if waited := time.Since(begun); waited < leaderless*n.heartbeat || waited > unlevel*n.heartbeat {
		t.Errorf("waited %s", waited)
	}
	n.heartbeat = time.Hour // From here on only the end of the node ends it.
	returned := make(chan struct{})
	go func() { n.AwaitLevel(context.Background()); close(returned) }()
	select {
	case <-returned:
		t.Error("level with nobody")
	case <-time.After(2 * levelRound):
	}
	c.stop("v1")
	<-returned
}

// TestAppliedTo: what raft's log ends with may be nothing of the ledger's; what it has not, and what the state has not, is not applied.
func TestAppliedTo(t *testing.T) {
	c := newCluster(t)
	n := c.leader()
	c.submit(n, c.pay(c.world.Juma.Account, 1), Final)
	if err := n.member().Barrier(time.Minute).Error(); err != nil {
		t.Fatal(err)
	}
	applied, _ := n.store.Applied()
	last := n.member().LastIndex()
	if last <= applied || !n.appliedTo(applied) || !n.appliedTo(last) || n.appliedTo(last+1) {
		t.Errorf("applied to %d of %d: %v, to the end of the log: %v, beyond it: %v", applied, last, n.appliedTo(applied), n.appliedTo(last), n.appliedTo(last+1))
	}
}
