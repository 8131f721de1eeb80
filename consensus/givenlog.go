package consensus

import (
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/hashicorp/raft"
)

// begun is the log as raft is given it. Raft begins with its newest snapshot and the log that follows, and compares what a leader sends with the entry
// before: the last it has, or one that it reads in the log. The snapshot's end it knows only while nothing follows it. So if the log begins right behind a
// snapshot, with entries that only one leader sent, nobody could ever replace them: whoever leads would be refused at the snapshot's end, and this validator be
// stuck. So raft reads there what it knows anyway, and compares when it handles the append: a filter that did it before could meet a raft that has been started
// again since. Nothing of that is on disk, and nobody but raft reads it.
type begun struct {
	*raftLog
	snapshots *snapshotStore
}

// noEntry is the type of an entry of which nothing but the term is known. A leader does not come to send it: it reads the entry before it first, which is not
// there, and sends its snapshot. If the log is cut in between, the other's filter refuses it.
const noEntry = raft.LogType(math.MaxUint8)

// GetLog reads an entry, or the term of the one before the first. Raft wants ErrLogNotFound itself, and no error that wraps it: it sends a snapshot then.
func (l begun) GetLog(index uint64, log *raft.Log) error {
	err := l.raftLog.GetLog(index, log)
	if !errors.Is(err, raft.ErrLogNotFound) || index <= 1 { // Before entry 1 a leader reads none.
		return err
	}
	if first, failed := l.FirstIndex(); failed != nil {
		return failed
	} else if first != index+1 {
		return err
	}
	list, failed := l.snapshots.List()
	if failed != nil {
		return l.fatal(fmt.Errorf("list raft snapshots: %w", failed))
	}
	if len(list) == 0 || list[0].Index != index {
		return err
	}
	*log = raft.Log{Index: index, Term: list[0].Term, Type: noEntry}
	return nil
}

// sentLog is raft's log as a leader sends it: without the first entry, for a while after a peer has asked for a snapshot by having nothing (cutAll), and if there
// is one. Raft sends its snapshot to who needs an entry that it has not.
type sentLog struct {
	begun
	node *Node
}

// sendsTime is for how long after a peer was found to have nothing, or a snapshot to it was lost on the way, it is sent a snapshot: longer than raft waits to try
// again. A newcomer that comes in that time is, too.
const sendsTime = 30 * time.Second

// sends says whether that time is now.
func (n *Node) sends() bool { return time.Now().UnixNano()-n.emptyAt.Load() <= int64(sendsTime) }

// sending is the transport as raft is given it.
type sending struct {
	lasting
	node *Node
}

// InstallSnapshot is the transport's.
func (s sending) InstallSnapshot(id raft.ServerID, addr raft.ServerAddress, args *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader) error {
	since, wanted := s.node.emptyAt.Load(), s.node.sends()
	err := s.lasting.InstallSnapshot(id, addr, args, resp, data)
	if wanted {
		s.node.snapshotSent(since, err)
	}
	return err
}

// snapshotSent hears how a snapshot ended that was sent to who has nothing. On a slow line that began long ago: the next try is to be one again, unless it was
// refused (OnSnapshotRefused).
func (n *Node) snapshotSent(since int64, err error) {
	if err != nil {
		n.emptyAt.CompareAndSwap(since, time.Now().UnixNano())
	}
}

// sendsAll hears of a peer that has no log. One that has sealed checkpoints has had one, and wants this leader's place for what is final.
func (n *Node) sendsAll(peer string) {
	if n.finality.Status().Finals[peer] == 0 {
		return
	}
	n.emptyAt.Store(time.Now().UnixNano())
	select {
	case n.refused <- peer: // There may be no snapshot, or a smaller one.
	default:
	}
}

// GetLog is begun's. Raft reads here what it applies, too, and panics if that is not there: so nothing is left out before this node's raft is past the first entry.
func (l sentLog) GetLog(index uint64, log *raft.Log) error {
	if index != 1 || l.node.given.Load() == 0 || !l.node.sends() {
		return l.begun.GetLog(index, log)
	}
	newest, err := l.snapshots.newest()
	if err != nil {
		return l.fatal(err)
	}
	last, err := l.LastIndex()
	if err == nil && newest > 0 && last > 1 { // Raft reads the last entry when it starts.
		return raft.ErrLogNotFound
	}
	return l.begun.GetLog(index, log)
}
