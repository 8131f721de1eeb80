package sim

import (
	"context"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"
)

// crashFaults end lives in the middle of something.
func crashFaults() []Fault {
	return []Fault{
		{Name: "crash", Says: "validators crash at any named point", Run: crashAnywhere, Count: crashed},
		{Name: "crash-leader", Says: "whoever leads crashes", Run: crashLeader, Count: crashed},
		{Name: "crash-all", Says: "all crash at once", Run: crashAll, Count: crashed},
		{Name: "crash-start", Says: "a validator crashes again while it starts", Run: crashStart, Count: crashed},
		{Name: "crash-points", Says: "crashes at every point in turn, while a liar leads or a snapshot is needed", Liars: 1, Run: crashPoints, Lasting: crashRarely, Count: crashed, Alone: true},
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

// crashPoints crashes once at each of a third of the points, which the seed chooses, and at every rare one, with some time between. So that the rare ones are passed
// too, a liar leads, whose batches are taken back and whose victims fetch their log anew; or a validator is so far behind that it gets a
// snapshot.
func crashPoints(ctx context.Context, c *chaos) {
	kinds := []func(*chaos, liar) tap{equivocation, invalidBatches}
	if n := c.seed / 3 % 3; n < 2 {
		c.work.Go(func() { leading(kinds[n])(ctx, c) })
	} else {
		c.work.Go(func() {
			away, back := context.WithTimeout(ctx, 14*time.Second)
			defer back()
			gone(away, c)
		})
		c.sleep(ctx, 12*time.Second) // The others go on meanwhile, and cut their logs.
	}
	c.takeTurns(ctx, newTurn(int(c.seed%3), c.cluster.now()))
}

// crashRarely goes on at the rare points, for a part of the time that the network has: most of them are passed while it mends itself.
func crashRarely(ctx context.Context, c *chaos) {
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	c.takeTurns(ctx, newTurn(nobodys, c.cluster.now()))
	c.cluster.plan(nil)
}

func (c *chaos) takeTurns(ctx context.Context, t *turn) {
	for c.sleep(ctx, 500*time.Millisecond) {
		c.cluster.plan(&crashPlan{among: func(name string) bool { return t.take(name, c.cluster.now()) }})
	}
}

func (c *cluster) plan(p *crashPlan) {
	for _, m := range c.members {
		m.planCrash(p)
	}
}

// turn gives each point one crash.
type turn struct {
	third int
	// mu guards the rest.
	mu   sync.Mutex
	had  map[string]bool
	last time.Time
}

// nobodys is a turn of the rare points only.
const nobodys = 3

// crashPause is the least time between two crashes at points.
const crashPause = 700 * time.Millisecond

func newTurn(third int, now time.Time) *turn {
	return &turn{third: third, had: make(map[string]bool), last: now}
}

// of says whether a name begins with one of some.
func of(name string, begins ...string) bool {
	return slices.ContainsFunc(begins, func(b string) bool { return strings.HasPrefix(name, b) })
}

// take says whether a crash is due here and now.
func (t *turn) take(name string, now time.Time) bool {
	h := fnv.New32a()
	h.Write([]byte(name))
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := t.third == nobodys || int(h.Sum32()%3) == t.third
	switch {
	case t.had[name], of(name, "restore:", "store: swap") && !mine: // A snapshot comes once in 30 s: its steps are shared out too.
		return false
	case !of(name, "epoch:", "resync:", "restore:", "store: swap", "store: batch not undone", "snapshot:", "cut raft log"):
		if t.third == nobodys || !mine || now.Sub(t.last) < crashPause {
			return false
		}
	}
	t.had[name], t.last = true, now
	return true
}
