package sim

import (
	"context"
	"time"
)

// crashFaults end lives in the middle of something.
func crashFaults() []Fault {
	return []Fault{
		{Name: "crash", Says: "validators crash at any named point", Run: crashAnywhere, Count: crashed},
		{Name: "crash-leader", Says: "whoever leads crashes", Run: crashLeader, Count: crashed},
		{Name: "crash-all", Says: "all crash at once", Run: crashAll, Count: crashed},
		{Name: "crash-start", Says: "a validator crashes again while it starts", Run: crashStart, Count: crashed},
		{Name: "pause", Says: "a validator is gone for long, and comes back to a network that has cut its log", Run: gone, Count: crashed},
	}
}

func crashed(c *chaos) int { return c.cluster.countCrashes() }

// crashAnywhere picks a validator and a point out of all that were ever passed, so that rare points have their turn.
func crashAnywhere(ctx context.Context, c *chaos) {
	for c.sleep(ctx, c.between(300*time.Millisecond, 4*time.Second)) {
		m := c.cluster.pick()
		plan := &crashPlan{after: 1 + c.intN(200)}
		if c.intN(3) > 0 {
			plan = &crashPlan{point: c.cluster.somePoint(), after: 1 + c.intN(3)}
		}
		m.planCrash(plan)
	}
}

// somePoint is any point that this run has passed.
func (c *cluster) somePoint() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := sortedKeys(c.visited)
	if len(names) == 0 {
		return ""
	}
	return names[c.rand.IntN(len(names))]
}

func crashLeader(ctx context.Context, c *chaos) {
	for c.sleep(ctx, c.between(2*time.Second, 7*time.Second)) {
		if m := c.cluster.leader(); m != nil {
			m.crash()
		}
	}
}

func crashAll(ctx context.Context, c *chaos) {
	for c.sleep(ctx, c.between(4*time.Second, 10*time.Second)) {
		for _, name := range c.cluster.names {
			c.cluster.members[name].crash()
		}
	}
}

func crashStart(ctx context.Context, c *chaos) {
	for c.sleep(ctx, c.between(2*time.Second, 6*time.Second)) {
		m := c.cluster.pick()
		if m.crash() {
			m.planCrash(&crashPlan{after: 1 + c.intN(12)})
		}
	}
}

func gone(ctx context.Context, c *chaos) {
	m := c.cluster.pick()
	m.hold(true)
	m.crash()
	<-ctx.Done()
	m.hold(false)
}
