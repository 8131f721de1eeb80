package sim

import (
	"context"
	"time"
)

// diskFaults are troubles of one validator's disk. At most one is hit, as f allows: a disk that lies makes its validator a
// liar against its will.
func diskFaults() []Fault {
	return []Fault{
		{Name: "disk-error", Says: "a disk answers with errors: the node must end itself", Run: diskErrors, Count: failstops},
		{Name: "disk-stall", Says: "a disk takes up to 8 s for a write", Run: diskStalls},
		{Name: "torn-write", Says: "a crash leaves half of the entries that were being written", Run: tornWrites, Count: func(c *chaos) int {
			return c.cluster.crashesAt("raft log: entries half written")
		}},
	}
}

func failstops(c *chaos) int { return c.cluster.countFailstops() }

func (c *cluster) crashesAt(point string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.crashes[point]
}

func diskErrors(ctx context.Context, c *chaos) {
	for c.sleep(ctx, c.between(2*time.Second, 6*time.Second)) {
		m := c.cluster.pickHonest()
		m.mar()
		m.disk.trouble(true, 0)
	}
}

func diskStalls(ctx context.Context, c *chaos) {
	for c.sleep(ctx, c.between(time.Second, 4*time.Second)) {
		m := c.cluster.pickHonest()
		m.disk.trouble(false, c.between(200*time.Millisecond, 8*time.Second))
		c.took(1)
		if !c.sleep(ctx, c.between(time.Second, 5*time.Second)) {
			return
		}
		m.disk.repair()
	}
}

func tornWrites(ctx context.Context, c *chaos) {
	for c.sleep(ctx, c.between(500*time.Millisecond, 3*time.Second)) {
		c.cluster.pick().planCrash(&crashPlan{point: "raft log: entries half written", after: 1 + c.intN(4)})
	}
}
