package sim

import (
	"context"
	"time"
)

// clockFaults are wrong clocks. A validator attests nothing that is more than maxAhead ahead of its clock, so fewer than a quorum carry ledger
// time nowhere. Where a quorum did, time stands until the clocks come to it, and payments go on.
func clockFaults() []Fault {
	return []Fault{
		{Name: "clock-skew", Says: "f clocks are wrong by up to 10 minutes, the others by up to 4 s", Run: clockSkew, Verdict: inTime},
		{Name: "clock-jump", Says: "f clocks jump back and forth, or stand still, one at a time", Run: clockJumps, Verdict: inTime},
		{Name: "clock-ahead", Says: "all clocks are up to 25 minutes ahead and then set back", Run: clocksAhead},
		{Name: "time-liar", Says: "a leader packs batches of a time to come", Liars: 1, Run: func(ctx context.Context, c *chaos) {
			c.work.Go(func() { c.crown(ctx) })
			timeLies(ctx, c)
		}, Lasting: timeLies, Verdict: inTime, Alone: true},
	}
}

const (
	// maxAhead is how far a batch may be ahead of the clock of a validator that attests it: SPEC.md, 5.8.
	maxAhead = 10 * time.Second
	// fairSkew is how wrong a clock may be that counts as right: two are at most twice that apart.
	fairSkew = 4 * time.Second
)

func clockSkew(ctx context.Context, c *chaos) {
	names := c.cluster.names
	for i, at := range c.perm() {
		far := fairSkew
		if i < (len(names)-1)/3 {
			far = 10 * time.Minute
			c.took(1)
		}
		c.cluster.members[names[at]].setSkew(c.between(0, 2*far) - far)
	}
	<-ctx.Done()
}

// clockJumps are of the same f clocks all the time: what others attested while they were wrong would count with what these do.
func clockJumps(ctx context.Context, c *chaos) {
	wrong := c.perm()[:(len(c.cluster.names)-1)/3]
	pick := func() *member { return c.cluster.members[c.cluster.names[wrong[c.intN(len(wrong))]]] }
	m := pick()
	for c.sleep(ctx, c.between(200*time.Millisecond, 3*time.Second)) {
		switch c.intN(4) {
		case 0:
			m.setSkew(0)
			m = pick()
		case 1:
			m.freeze()
			c.took(1)
		default:
			m.setSkew(c.between(0, 4*time.Minute) - 2*time.Minute)
			c.took(1)
		}
	}
}

func clocksAhead(ctx context.Context, c *chaos) {
	ahead := c.between(15*time.Second, 25*time.Minute)
	for _, name := range c.cluster.names {
		c.cluster.members[name].setSkew(ahead)
	}
	c.took(1)
	<-ctx.Done()
}

// timeLies gives liars clocks that are far ahead.
func timeLies(ctx context.Context, c *chaos) {
	defer func() {
		for _, l := range c.liars() {
			l.setSkew(0)
		}
	}()
	for c.sleep(ctx, c.between(100*time.Millisecond, time.Second)) {
		for _, l := range c.liars() {
			l.setSkew(c.between(time.Minute, 25*time.Minute)) // Payments expire after 30.
			if n := l.running(); n != nil && n.Head().TimeUnixMs > uint64(c.cluster.now().Add(maxAhead).UnixMilli()) {
				c.took(1)
			}
		}
	}
}

// inTime holds final ledger time to the true one: no f clocks carry it further than the right ones allow.
func inTime(c *chaos) {
	for _, m := range c.cluster.honest() {
		n := m.running()
		if n == nil {
			continue
		}
		latest := uint64(c.cluster.now().Add(maxAhead + fairSkew).UnixMilli())
		if h := n.Head(); h.Size == n.FinalSize() && h.TimeUnixMs > latest {
			c.cluster.violate("I5", "%s: ledger time is %d s ahead of any right clock", m.name, (h.TimeUnixMs-latest)/1000)
		}
	}
}
