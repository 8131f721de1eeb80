package consensus

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/raft"
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
	heard := begun
	var l levelling
	for {
		if _, leads := n.packer.leads(); leads {
			return
		}
		now, told := time.Now(), n.toldCommitted.Load()
		if n.Leader() != "" {
			heard = now
		}
		if l.level(now, told, n.appliedTo) || now.Sub(heard) > leaderless*n.heartbeat || now.Sub(begun) > unlevel*n.heartbeat {
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

// appliedTo says whether the state has all up to an entry of raft's log. What raft calls applied may wait to be: its FSM has thousands of batches to come.
func (n *Node) appliedTo(index uint64) bool {
	applied, _ := n.store.Applied()
	if m := n.member(); m == nil || m.LastIndex() < index {
		return false
	}
	for ; index > applied; index-- { // The last entries may be none of the ledger's.
		var entry raft.Log
		err := n.raftLog.GetLog(index, &entry)
		if errors.Is(err, raft.ErrLogNotFound) && index <= n.given.Load() {
			return true // The state came by a snapshot that was made there.
		}
		if err != nil || entry.Type == raft.LogCommand {
			return false
		}
	}
	return true
}

// level says whether a short round has just ended: all that the leader had told to be committed when it began is applied.
func (l *levelling) level(now time.Time, told uint64, applied func(index uint64) bool) bool {
	if told == 0 {
		return false
	}
	if l.aim == 0 {
		l.aim, l.since = told, now
	}
	l.aim = min(l.aim, told) // Who told of more may have lied.
	if !applied(l.aim) {
		return false
	}
	short := now.Sub(l.since) <= levelRound
	l.aim, l.since = told, now
	return short
}
