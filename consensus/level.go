package consensus

import (
	"context"
	"time"
)

// levelling is a node that has just begun: it lacks what was ordered while it was away, and may be long in getting it.
type levelling struct {
	// aim is what the leader had told to be committed when the round under way began, at since; 0 is no round yet.
	aim   uint64
	since time.Time
}

const (
	// levelRound is how short the time between hearing what is committed and having applied it has to be. Each round brings what came in the one before, so
	// that rounds get shorter for as long as this node is faster than the network (the idea of rounds is from Ongaro's dissertation on Raft, 4.2.1).
	levelRound = 250 * time.Millisecond
	// levelLook is how often the node looks.
	levelLook = 10 * time.Millisecond
	// leaderless is how many heartbeats a node that has begun waits for a leader's word, unlevel how many it waits until it is level.
	leaderless, unlevel = 3, 30
)

// AwaitLevel returns when this node is about as far as the leader: whoever asks it from then on waits for the network and not for this node. It returns
// too when the context or the node ends, when no leader is heard of for a while, since what this node knows may be read all the same, and when the leader
// has told of more for long, since it may lie.
func (n *Node) AwaitLevel(ctx context.Context) {
	look := time.NewTicker(levelLook)
	defer look.Stop()
	begun := time.Now()
	var l levelling
	for {
		if _, leads := n.packer.leads(); leads {
			return
		}
		told, applied := n.toldCommitted.Load(), uint64(0)
		if m := n.member(); m != nil {
			applied = m.AppliedIndex()
		}
		now := time.Now()
		waited := now.Sub(begun)
		if l.level(now, told, applied) || told == 0 && waited > leaderless*n.heartbeat || waited > unlevel*n.heartbeat {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		case <-n.dead:
			return
		case <-n.ctx.Done():
			return
		}
	}
}

// level says whether a short round has just ended: all that the leader had told to be committed when it began is applied.
func (l *levelling) level(now time.Time, told, applied uint64) bool {
	if told == 0 {
		return false
	}
	if l.aim == 0 {
		l.aim, l.since = told, now
	}
	if applied < l.aim {
		return false
	}
	short := now.Sub(l.since) <= levelRound
	l.aim, l.since = told, now
	return short
}
