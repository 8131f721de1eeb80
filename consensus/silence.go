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
// of four gone all three others must vote, the last of them decides. Raft still judges by itself: it is only woken. A node whose own
// timers come late is starved of processors, and what the leader said may wait with them: it wakes nobody.
func (n *Node) watchSilence(ctx context.Context, heartbeat time.Duration) {
	spread := heartbeat / silenceSpread
	var told time.Time // The last contact that raft was woken about.
	for {
		rest, over := heartbeat, false
		var last time.Time
		m := n.member()
		if m != nil && m.State() == raft.Follower {
			last = m.LastContact()
			rest = heartbeat - time.Since(last)
			switch {
			case last.IsZero() || last == told:
				rest = spread
			case rest <= 0:
				rest, over = rand.N(spread), true
			}
		}
		begun := time.Now()
		if n.pause(ctx, rest) != nil {
			return
		}
		if late := time.Since(begun) - rest; late > spread/4 {
			told = last // Raft looks by itself.
		} else if over && m.LastContact() == last {
			told = last
			n.wakeFollower(m)
		}
	}
}

// wakeFollower makes raft's timer end: it takes a timeout that becomes shorter for a reason to look at once.
func (n *Node) wakeFollower(m *member) {
	err := m.tune(func(now raft.ReloadableConfig) []raft.ReloadableConfig {
		longer := now
		longer.HeartbeatTimeout++
		longer.ElectionTimeout++
		return []raft.ReloadableConfig{longer, now}
	})
	if err != nil {
		n.log.Error("wake raft", "error", err) // It looks by itself, later.
	}
}
