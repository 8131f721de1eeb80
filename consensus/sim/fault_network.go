package sim

import (
	"context"
	"maps"
	"slices"
	"time"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// networkFaults are bad weather.
func networkFaults() []Fault {
	stopped := func(c *chaos) int { return c.cluster.weather.troubles("stopped") }
	return []Fault{
		{Name: "partition-halves", Says: "the network falls into two halves", Run: partitions(halves), Count: stopped},
		{Name: "partition-leader", Says: "the leader is alone", Run: partitions(leaderAlone), Count: stopped},
		{Name: "partition-ring", Says: "everybody hears two neighbours only", Run: partitions(ring), Count: stopped},
		{Name: "partition-bridge", Says: "two halves that only one validator hears both of", Run: partitions(bridge), Count: stopped},
		{Name: "partition-one-way", Says: "one validator is not heard, and hears; or the other way round", Run: partitions(oneWay), Count: stopped},
		{Name: "flapping", Says: "one link comes and goes every half second to 5 s", Run: flapping, Count: stopped},
		{Name: "loss", Says: "up to 30 % of messages are lost", Run: loss, Count: func(c *chaos) int { return c.cluster.weather.troubles("lost") }},
		{Name: "duplicate", Says: "up to half of the calls arrive twice", Run: duplicates, Count: func(c *chaos) int { return c.cluster.weather.troubles("repeated") }},
		{Name: "delay", Says: "messages take up to 2 s, and overtake each other", Run: delays, Count: func(c *chaos) int { return c.cluster.weather.troubles("delayed") }},
	}
}

// shape is a way to fall apart: which directions are cut.
type shape func(c *chaos) func(from, to string) bool

// partitions lets the network fall apart and mend, again and again.
func partitions(s shape) func(context.Context, *chaos) {
	return func(ctx context.Context, c *chaos) {
		for c.sleep(ctx, c.between(500*time.Millisecond, 3*time.Second)) {
			c.cluster.weather.partition(c.cluster.names, s(c))
			if !c.sleep(ctx, c.between(time.Second, 8*time.Second)) {
				return
			}
			c.cluster.weather.partition(c.cluster.names, func(string, string) bool { return false })
		}
	}
}

func halves(c *chaos) func(from, to string) bool {
	side := make(map[string]bool)
	for i, at := range c.perm() {
		side[c.cluster.names[at]] = i < len(c.cluster.names)/2
	}
	return func(from, to string) bool { return side[from] != side[to] }
}

func leaderAlone(c *chaos) func(from, to string) bool {
	alone := c.cluster.pick()
	if l := c.cluster.leader(); l != nil {
		alone = l
	}
	return func(from, to string) bool { return from == alone.name || to == alone.name }
}

func ring(c *chaos) func(from, to string) bool {
	place := make(map[string]int)
	for i, at := range c.perm() {
		place[c.cluster.names[at]] = i
	}
	n := len(place)
	return func(from, to string) bool {
		d := (place[from] - place[to] + n) % n
		return d != 1 && d != n-1
	}
}

func bridge(c *chaos) func(from, to string) bool {
	perm := c.perm()
	both := c.cluster.names[perm[0]]
	side := make(map[string]bool)
	for i, at := range perm[1:] {
		side[c.cluster.names[at]] = i < len(perm)/2
	}
	return func(from, to string) bool { return from != both && to != both && side[from] != side[to] }
}

func oneWay(c *chaos) func(from, to string) bool {
	one := c.cluster.pick()
	if l := c.cluster.leader(); l != nil && c.intN(2) == 0 {
		one = l
	}
	if c.intN(2) == 0 {
		return func(from, _ string) bool { return from == one.name }
	}
	return func(_, to string) bool { return to == one.name }
}

func (c *chaos) perm() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rand.Perm(len(c.cluster.names))
}

func flapping(ctx context.Context, c *chaos) {
	a, b := c.cluster.pick(), c.cluster.pick()
	for a == b {
		b = c.cluster.pick()
	}
	for down := true; c.sleep(ctx, c.between(500*time.Millisecond, 5*time.Second)); down = !down {
		c.cluster.weather.partition(c.cluster.names, func(from, to string) bool {
			return down && (from == a.name && to == b.name || from == b.name && to == a.name)
		})
	}
}

func loss(ctx context.Context, c *chaos) {
	for {
		c.cluster.weather.set(func(w *weather) { w.loss = 10 + c.intN(290) })
		if !c.sleep(ctx, c.between(time.Second, 6*time.Second)) {
			return
		}
	}
}

func duplicates(_ context.Context, c *chaos) {
	c.cluster.weather.set(func(w *weather) { w.repeat = 50 + c.intN(450) })
}

func delays(ctx context.Context, c *chaos) {
	for {
		most := c.between(50*time.Millisecond, 2*time.Second)
		c.cluster.weather.set(func(w *weather) { w.slow = most })
		if !c.sleep(ctx, c.between(time.Second, 6*time.Second)) {
			return
		}
	}
}
