package consensus

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/hashicorp/raft"
)

// silenceSpread is the part of the heartbeat timeout over which followers spread their candidacies, so that two seldom stand at
// once: many round trips of the network that the timeout is for.
const silenceSpread = 5

// watchSilence has raft look whether its leader is gone as soon as that has been silent for the heartbeat timeout. Left alone, a
// follower looks at moments of its own, up to twice that later; and since nobody votes while it knows a leader, and with one
// of four gone all three others must vote, the last of them decides. Raft still judges by itself: it is only woken.
func (n *Node) watchSilence(ctx context.Context, heartbeat time.Duration) {
	var told time.Time // The last contact that raft was woken about.
	for {
		rest := heartbeat
		if m := n.member(); m != nil && m.State() == raft.Follower {
			last := m.LastContact()
			rest = heartbeat - time.Since(last)
			switch {
			case last.IsZero() || last == told:
				rest = heartbeat / silenceSpread
			case rest <= 0:
				told = last
				if n.pause(ctx, rand.N(heartbeat/silenceSpread)) == nil && m.LastContact() == last {
					n.wakeFollower(m)
				}
				continue
			}
		}
		if n.pause(ctx, rest) != nil {
			return
		}
	}
}

// wakeFollower makes raft's timer end: it takes a timeout that becomes shorter for a reason to look at once.
func (n *Node) wakeFollower(m *member) {
	c := m.ReloadableConfig()
	longer := c
	longer.HeartbeatTimeout++
	longer.ElectionTimeout++
	for _, c := range []raft.ReloadableConfig{longer, c} {
		if err := m.ReloadConfig(c); err != nil {
			n.log.Error("wake raft", "error", err) // It looks by itself, later.
		}
	}
}
