package sim

import (
	"context"
	"time"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// wordFaults are liars that sign what they should not.
func wordFaults() []Fault {
	return []Fault{
		{Name: "double-sign", Says: "f validators sign every tree that they hear of, and others", Liars: 1, Run: doubleSign, Lasting: doubleSign, Proves: true},
		{Name: "fork", Says: "f+1 validators make two final histories", Liars: 2, Run: fork, Forks: true, Proves: true, Alone: true, Count: func(c *chaos) int { return c.cluster.watch.countForks() }},
	}
}

// doubleSign signs the true tree for one and another for the next.
func doubleSign(ctx context.Context, c *chaos) {
	each(ctx, c, 200*time.Millisecond, func(l liar, to string) {
		node := c.cluster.members[to].running()
		if node == nil {
			return
		}
		head := node.Head()
		v := checkpoint.Vote{Epoch: head.Epoch, Size: head.Size, Root: head.Root}
		switch c.intN(4) {
		case 0:
			v.Root[c.intN(32)] ^= 1
		case 1:
			v.Size += uint64(c.intN(5))
		case 2:
			v.Epoch += uint64(c.intN(3))
		}
		words := c.agreement(l, v)
		if c.intN(2) == 0 {
			words.Named = &peerv1.NamedSize{Epoch: v.Epoch, Term: l.disk.term(), Size: v.Size}
		}
		c.tell(ctx, l, to, callExchange, &peerv1.ExchangeRequest{Messages: words}, &peerv1.ExchangeResponse{})
	})
}
