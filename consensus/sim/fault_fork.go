package sim

import (
	"context"
	"time"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// fork is f+1 liars at their best: one leads and gives each honest validator another history, both sign everything that any of
// them has, and the honest ones do not hear each other. Then a fork may succeed; once they meet, evidence must name the liars.
func fork(ctx context.Context, c *chaos) {
	honest := c.cluster.honest()
	liars := c.liars()
	side := make(map[string]bool)
	for i, m := range honest {
		side[m.name] = i%2 == 1
	}
	for _, l := range liars {
		c.cluster.wire.setTap(l.name, twoFaced(c, l, side))
		defer c.cluster.wire.setTap(l.name, honestly)
	}
	c.work.Go(func() { c.crown(ctx) })
	for c.sleep(ctx, 100*time.Millisecond) {
		leader := c.cluster.leader()
		if leader == nil || !c.cluster.liars[leader.name] {
			continue
		}
		c.cluster.weather.partition(c.cluster.names, func(from, to string) bool {
			return !c.cluster.liars[from] && !c.cluster.liars[to] && side[from] != side[to]
		})
		for _, m := range honest {
			c.flatter(ctx, liars, leader.name, m)
		}
	}
}

// flatter tells a validator that all liars agree with it.
func (c *chaos) flatter(ctx context.Context, liars []liar, leader string, m *member) {
	n := m.running()
	if n == nil {
		return
	}
	head := n.Head()
	v := checkpoint.Vote{Epoch: head.Epoch, Size: head.Size, Root: head.Root}
	for _, l := range liars {
		words := c.agreement(l, v)
		if l.name == leader {
			words.Named = &peerv1.NamedSize{Epoch: v.Epoch, Term: l.disk.term(), Size: v.Size}
		}
		c.work.Go(func() {
			_ = l.say(ctx, m.name, callExchange, &peerv1.ExchangeRequest{Messages: words}, &peerv1.ExchangeResponse{})
		})
	}
}

// twoFaced gives one side another history than the other, and keeps the liar's own words back.
func twoFaced(c *chaos, l liar, side map[string]bool) tap {
	other := &changed{data: make(map[string][]byte)}
	return func(to, method string, m protoMessage) protoMessage {
		switch m := m.(type) {
		case *peerv1.ExchangeRequest, *peerv1.ExchangeResponse:
			return nil
		case *peerv1.AppendEntriesRequest:
			if method == callAppend && side[to] {
				return rewrite(m, func(e *peerv1.RaftEntry) []byte {
					return other.of(string(e.GetData()), func() []byte { return c.resealed(l, e.GetData(), c.pays()) })
				})
			}
		}
		return m
	}
}
