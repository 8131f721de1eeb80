package sim

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// setFaults are changes of the validator set, alone and under other troubles.
func setFaults() []Fault {
	fault := func(name, says string, liars int, trouble func(context.Context, *chaos)) Fault {
		return Fault{
			Name: name, Says: says, Liars: liars, Newcomers: 4, Lasts: 45 * time.Second, Alone: true,
			Run:     func(ctx context.Context, c *chaos) { c.work.Go(func() { trouble(ctx, c) }); c.changeSets(ctx) },
			Count:   func(c *chaos) int { return c.cluster.sets.changes() },
			Verdict: stillPays,
		}
	}
	crashes := fault("set-change-crash", "the same, with crashes between the steps of carrying it out", 0, crashBetween)
	crashes.Count = func(c *chaos) int { return c.cluster.crashesOf(stepsOfChange...) }
	cuts := fault("set-change-cut", "the same, while the network falls apart and mends", 0, cutBetween)
	cuts.Count = func(c *chaos) int { return min(c.cluster.sets.changes(), c.cluster.weather.troubles("stopped")) }
	return []Fault{
		fault("set-change", "ballots exchange, add and remove validators while people pay", 0, func(context.Context, *chaos) {}),
		crashes, cuts,
		fault("set-change-liar", "the same, with f liars, who may be voted out", 1, lieBetween),
	}
}

// changeSets has ballots decide for one set after another, until the trouble is over.
func (c *chaos) changeSets(ctx context.Context) {
	for c.sleep(ctx, c.between(300*time.Millisecond, 4*time.Second)) {
		set := c.nextSet()
		c.cluster.log.Info("trouble", "ballot for", set)
		c.invite(ctx, set)
		if !c.workload.decide(ctx, set) {
			continue
		}
		// The next ballot comes when the set has begun, while raft's members still follow; or when they have.
		done := c.begun
		if c.intN(2) == 0 {
			done = c.followed
		}
		for !done(set) && c.sleep(ctx, 100*time.Millisecond) {
			continue
		}
	}
}

// begun says whether a set reigns at somebody.
func (c *chaos) begun(set []string) bool {
	return slices.ContainsFunc(c.cluster.honest(), func(m *member) bool {
		n := m.running()
		return n != nil && slices.Equal(n.Members().Reigning, set)
	})
}

// followed says whether raft's members are a set, for somebody who is in it.
func (c *chaos) followed(set []string) bool {
	return slices.ContainsFunc(c.cluster.honest(), func(m *member) bool {
		n := m.running()
		return n != nil && slices.Contains(set, m.name) && slices.Equal(n.Members().Voters, set) && len(n.Members().Learners) == 0
	})
}

// nextSet is one that may follow: f at most go and as many come, or three come, or three go. No more of it lie than may.
func (c *chaos) nextSet() []string {
	set := names(c.cluster.sets.newest())
	var outside []string
	for _, name := range c.cluster.names {
		if !slices.Contains(set, name) && !c.cluster.liars[name] {
			outside = append(outside, name)
		}
	}
	lies := func(name string) bool { return c.cluster.liars[name] }
	go1 := func(most int) {
		i := c.intN(len(set))
		if l := c.cluster.leader(); l != nil && c.intN(2) == 0 {
			i = max(0, slices.Index(set, l.name))
		}
		if len(slices.DeleteFunc(slices.Clone(set), func(name string) bool { return !lies(name) })) > most {
			i = slices.IndexFunc(set, lies)
		}
		set = slices.Delete(set, i, i+1)
	}
	come := func() {
		i := c.intN(len(outside))
		set, outside = append(set, outside[i]), slices.Delete(outside, i, i+1)
	}
	faults := (len(set) - 1) / 3
	switch kind := c.intN(2); {
	case kind == 0 && len(set) > 4:
		most := faults - 1
		for range 3 {
			go1(most)
		}
	case kind == 0 && len(outside) >= 3:
		for range 3 {
			come()
		}
	default:
		for range min(1+c.intN(faults), len(outside)) {
			go1(faults)
			come()
		}
	}
	slices.Sort(set)
	return set
}

// invite has the operators of a set start those who do not run: at once, so that they follow the log; or late, so that they get a snapshot
// from others who are past the change.
func (c *chaos) invite(ctx context.Context, set []string) {
	c.cluster.sets.want(set)
	for _, name := range set {
		late := time.Duration(0)
		if c.intN(2) == 0 {
			late = c.between(time.Second, 12*time.Second)
		}
		c.work.Go(func() {
			c.sleep(ctx, late)
			c.cluster.members[name].stayAway(false)
		})
	}
}

// stillPays sees that after all the set in force makes one more payment final.
func stillPays(c *chaos) {
	if err := c.workload.payOnce(30 * time.Second); err != nil {
		c.cluster.violate("I12", "with validators %v: %v%s", names(c.cluster.sets.newest()), err, c.cluster.standing())
	}
}

// stepsOfChange are how the points begin that only a change of the set passes.
var stepsOfChange = []string{"members:", "set:"}

// crashBetween crashes whoever passes a step of a change, each step up to twice, and now and then somebody anywhere.
func crashBetween(ctx context.Context, c *chaos) {
	var mu sync.Mutex
	had, last := make(map[string]int), c.cluster.now()
	take := func(name string) bool {
		now := c.cluster.now()
		mu.Lock()
		defer mu.Unlock()
		if !of(name, stepsOfChange...) || had[name] >= 2 || now.Sub(last) < crashPause || c.intN(2) == 0 {
			return false
		}
		had[name], last = had[name]+1, now
		return true
	}
	for c.sleep(ctx, 500*time.Millisecond) {
		c.cluster.plan(&crashPlan{among: take})
		if c.intN(20) == 0 {
			c.cluster.pick().crash()
		}
	}
}

// cutBetween is all shapes of partitions in turn.
func cutBetween(ctx context.Context, c *chaos) {
	shapes := []shape{halves, leaderAlone, ring, bridge, oneWay}
	for c.sleep(ctx, c.between(500*time.Millisecond, 4*time.Second)) {
		c.cluster.weather.partition(c.cluster.names, shapes[c.intN(len(shapes))](c))
		if !c.sleep(ctx, c.between(time.Second, 5*time.Second)) {
			return
		}
		c.cluster.weather.partition(c.cluster.names, func(string, string) bool { return false })
	}
}

// lieBetween is one lie of those that a change of the set could help. Term bombs are for who has no vote, or has come back: raft asks nobody without a vote for one.
func lieBetween(ctx context.Context, c *chaos) {
	lies := []func(context.Context, *chaos){termBombs, doubleSign, timeoutNows, forgedAppends, leading(equivocation), leading(falseMembers), leading(stalling)}
	lies[c.seed%uint64(len(lies))](ctx, c)
}

// falseMembers is a leader that makes raft's members others than the ledger says: who has left comes back, somebody who stays goes, or
// all are there at once.
func falseMembers(c *chaos, l liar) tap {
	false_ := &changed{data: make(map[string][]byte)}
	return func(_, method string, m protoMessage) protoMessage {
		r, ok := m.(*peerv1.AppendEntriesRequest)
		if !ok || method != callAppend || len(r.GetEntries()) == 0 {
			return m
		}
		out := rewrite(r, func(*peerv1.RaftEntry) []byte { return nil })
		for _, e := range out.GetEntries() {
			key := fmt.Sprint(e.GetTerm(), "/", e.GetIndex())
			data := false_.of(key, func() []byte {
				if raft.LogType(e.GetType()) != raft.LogConfiguration && c.intN(6) > 0 {
					return []byte{}
				}
				return c.someMembers(l)
			})
			if len(data) > 0 {
				e.Type, e.Data = uint32(raft.LogConfiguration), data
				c.took(1)
			}
		}
		return out
	}
}

func (c *chaos) someMembers(l liar) []byte {
	var servers []raft.Server
	all := c.cluster.names
	if c.intN(2) == 0 {
		all = names(c.cluster.sets.newest())
	}
	gone := all[c.intN(len(all))]
	for _, name := range all {
		if name != gone || name == l.name {
			servers = append(servers, raft.Server{ID: raft.ServerID(name), Address: raft.ServerAddress(name), Suffrage: raft.ServerSuffrage(c.intN(2))})
		}
	}
	return raft.EncodeConfiguration(raft.Configuration{Servers: servers})
}

// crashesOf counts the crashes at points that begin so.
func (c *cluster) crashesOf(begins ...string) (total int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, n := range c.crashes {
		if of(name, begins...) {
			total += n
		}
	}
	return total
}
