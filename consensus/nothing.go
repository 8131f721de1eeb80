package consensus

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Who begins with nothing (cutAll) waits for a leader's snapshot, and cannot be a leader: its raft knows no members. If all who are not down begin so, there is
// nobody to send one, after a start as before. One liar might bring that about in an idle network, and two validators that have more final than the third would
// not take its snapshot. So the least place is written down before it is given up, and who has had nothing for a minute goes back to it: there it can be
// elected, and has a snapshot for the others. If what follows is contradicted there, or nothing can follow, it begins with nothing again: of the two, one helps.

// leastFile holds the least place, with raft's members there.
const leastFile = "least"

// leastFormat begins the file. The SHA-256 of all before it ends it.
const leastFormat = "umoja-least/v1\n"

// keepLeast writes down the least place. What was written for what is final stays: after a crash, before log and snapshots were gone, there may be less to read raft's
// members from, and of who has had nothing since they are what somebody sent. cutAll rewinds the state as the next step.
func (n *Node) keepLeast() error {
	if _, kept, err := n.keptLeast(); err != nil || kept {
		return err
	}
	if applied, _ := n.store.Applied(); applied == 0 {
		return nil
	}
	b, err := n.least()
	if err == nil {
		err = wellFormed(b.Members)
	}
	if err != nil {
		n.log.Error("the least place is not written down: only a leader's snapshot helps", "reason", err)
		return nil
	}
	if err := n.writeLeast(b); err != nil {
		return err
	}
	return n.point("resync: least place written down")
}

// writeLeast puts a place in the file.
func (n *Node) writeLeast(b base) error {
	raw, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("write down the least place: %w", err)
	}
	raw = append([]byte(leastFormat), raw...)
	sum := sha256.Sum256(raw)
	if err := writeFile(filepath.Join(n.dir, leastFile), append(raw, sum[:]...)); err != nil {
		return fmt.Errorf("write down the least place: %w", err)
	}
	return nil
}

// keptLeast is the least place that was written down; false when there is none for what is final.
func (n *Node) keptLeast() (b base, ok bool, err error) {
	raw, err := os.ReadFile(filepath.Join(n.dir, leastFile))
	if errors.Is(err, os.ErrNotExist) {
		return b, false, nil
	}
	if err != nil {
		return b, false, fmt.Errorf("read the least place: %w", err)
	}
	end := max(len(raw)-sha256.Size, 0)
	sum := sha256.Sum256(raw[:end])
	body, format := bytes.CutPrefix(raw[:end], []byte(leastFormat))
	if !format || !bytes.Equal(sum[:], raw[end:]) || json.Unmarshal(body, &b) != nil {
		n.log.Error("the file of the least place is damaged, and not looked at any more", "file", leastFile+damagedEnd)
		if err := os.Rename(filepath.Join(n.dir, leastFile), filepath.Join(n.dir, leastFile+damagedEnd)); err != nil {
			return b, false, fmt.Errorf("leave a damaged least place: %w", err)
		}
		return b, false, nil
	}
	return b, b.Index == n.store.Floor().Batch+1 && wellFormed(b.Members) == nil, nil
}

// short says whether raft has no snapshot, and fewer entries than it takes for what is final here, while there is a least place to go back to. A liar may
// have sent who began with nothing some of its log, and nothing more: a leader elected with that would order batches before any place where an honest log can
// have them.
func (n *Node) short() bool {
	last, err := n.raftLog.LastIndex()
	if err != nil || last > n.store.Floor().Batch {
		return false
	}
	newest, err := n.snapshots.newest()
	if err != nil || newest > 0 {
		return false
	}
	_, kept, err := n.keptLeast()
	return err == nil && kept
}

// growth is which part of a log that lacks what is final has to come in a minute, so that a leader is waited for: one that is silent but for heartbeats, or sends an entry
// now and then, would keep those who have nothing from standing.
const growth = 16

// lookAtNothing asks for the other of two resyncs when one has brought nothing for a minute: to the least place when raft has no snapshot, and at most a log that nobody
// goes on with and of which nothing became final; and to nothing when raft is at a least place after which the log of whoever leads does not go on (leadsOn): that leader
// has all of its log, and sends no snapshot to who has one. A snapshot on its way is taken at either, and one that is being verified is waited for: raft is not ended
// beside it.
func (n *Node) lookAtNothing() {
	last, err := n.raftLog.LastIndex()
	var to target
	var reason error
	if err == nil {
		to, reason, err = n.wayOut(last)
	}
	if err != nil {
		_ = n.Fatal(err)
		return
	}
	a := &n.astray
	a.mu.Lock()
	if to == "" || a.due || n.snapshots.coming() {
		a.idle = time.Time{}
	} else if a.idle.IsZero() || last > a.idleAt+n.store.Floor().Batch/growth {
		a.idle, a.idleAt = time.Now(), last
	}
	long := !a.idle.IsZero() && time.Since(a.idle) > resyncPause
	a.mu.Unlock()
	if long {
		n.goBack(reason, to)
	}
}

// wayOut is where to go if nothing comes after the last entry; "" when raft can wait.
func (n *Node) wayOut(last uint64) (to target, reason error, err error) {
	leader := n.Leader()
	if leader != "" && last > n.store.Floor().Batch {
		return "", nil, nil // It was sent the log.
	}
	list, err := n.snapshots.List()
	switch {
	case err != nil:
		return "", nil, fmt.Errorf("list raft snapshots: %w", err)
	case len(list) == 0:
		if _, kept, err := n.leastToStandAt(); err != nil || !kept {
			return "", nil, err
		}
		return resyncLeast, errNothing, nil
	case last == 0 && list[0].Term == leastTerm && n.base.Load() == 0:
		if leader == "" || leader == n.name {
			return "", nil, nil // It can be elected.
		}
		return resyncNoPlace, errNoLog, nil
	}
	return "", nil, nil
}

var (
	errNothing = errors.New("nobody has sent this validator anything to begin with")
	errNoLog   = errors.New("the leader's log does not go on at the least place")
)

// leastToStandAt is the least place that was written down, if raft may go there: no snapshot has come, nothing has become final since, and nothing is to be
// kept of what came of a log.
func (n *Node) leastToStandAt() (b base, ok bool, err error) {
	if newest, err := n.snapshots.newest(); err != nil || newest > 0 || n.store.Pending() > 0 {
		return b, false, err
	}
	return n.keptLeast()
}

// mayStandAtLeast says whether raft can go there.
func (n *Node) mayStandAtLeast() (bool, error) {
	b, ok, err := n.leastToStandAt()
	return ok && n.mayBeginAt(b), err
}

// mayBeginAt says whether a snapshot of what is final can be written as if it ended at an entry.
func (n *Node) mayBeginAt(b base) bool {
	captured, err := n.final()
	if err != nil {
		n.log.Error("raft cannot begin with what is final here", "at", b.Index, "reason", err)
		return false
	}
	captured.Release()
	return wellFormed(b.Members) == nil
}

// standAtLeast has raft begin at the least place that was written down. What came of a log goes first: the place itself may be in it, as whoever sent it
// liked. After a crash in it raft may have the snapshot already, and nothing is left to do.
func (n *Node) standAtLeast() error {
	b, ok, err := n.keptLeast()
	if err != nil || !ok {
		return err
	}
	if err := n.raftLog.clear(); err != nil {
		return err
	}
	if err := n.point("resync: no log, not at the least place"); err != nil {
		return err
	}
	return n.goOnAfter(b)
}
