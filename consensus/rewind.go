package consensus

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// resyncFile holds the target.
const resyncFile = "resync"

// target says how a resync goes.
type target string

// What the target says: from where, and whether what is cut is kept aside. Another one is resyncPutBack.
const (
	resyncShallow  target = "umoja-resync/v1 from the final batch\n"
	resyncTail     target = "umoja-resync/v1 from the snapshot\n"
	resyncDeep     target = "umoja-resync/v1 from nothing but what is final\n"
	resyncKept     target = "umoja-resync/v1 from the final batch, the rest kept aside\n"
	resyncDeepKept target = "umoja-resync/v1 from nothing but what is final, the rest kept aside\n"
	resyncNone     target = "umoja-resync/v1 from a leader's snapshot\n"
	resyncNoneKept target = "umoja-resync/v1 from a leader's snapshot, the rest kept aside\n"
	resyncNoPlace  target = "umoja-resync/v1 from a leader's snapshot, unless something has followed\n"
	resyncLeast    target = "umoja-resync/v1 from the least place that was written down\n"
)

const putBackFormat = "umoja-resync/v1 put back epoch %d\n"

// resyncPutBack is to put back the log kept aside of an epoch.
func resyncPutBack(epoch uint64) target { return target(fmt.Sprintf(putBackFormat, epoch)) }

func (t target) deep() bool { return t == resyncDeep || t == resyncDeepKept }

func (t target) none() bool { return t == resyncNone || t == resyncNoneKept || t == resyncNoPlace }

func (t target) keeps() bool { return t == resyncKept || t == resyncDeepKept || t == resyncNoneKept }

// putsBack is the epoch of which the log kept aside is put back.
func (t target) putsBack() (epoch uint64, ok bool) {
	n, err := fmt.Sscanf(string(t), putBackFormat, &epoch)
	return epoch, n == 1 && err == nil
}

// known says whether it is a target that this program writes, and no damaged one: that says nothing of what may be cut.
func (t target) known() bool {
	epoch, ok := t.putsBack()
	return ok && t == resyncPutBack(epoch) || slices.Contains([]target{resyncShallow, resyncTail, resyncDeep, resyncKept, resyncDeepKept, resyncNone, resyncNoneKept, resyncNoPlace, resyncLeast}, t)
}

// deeper is what is tried when it does not help.
func (t target) deeper() target {
	switch t {
	case resyncShallow:
		return resyncDeep
	case resyncKept:
		return resyncDeepKept
	case resyncDeep:
		return resyncNone
	case resyncDeepKept:
		return resyncNoneKept
	}
	return t
}

// finishResync does what is left on disk of a resync, if one has begun. Raft does not run, and nothing becomes final meanwhile (turns).
func (n *Node) finishResync() error {
	path := filepath.Join(n.dir, resyncFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read target of resync: %w", err)
	}
	goes, err := n.prepare(target(raw))
	if err != nil {
		return err
	}
	if goes {
		err = n.cut(target(raw))
	}
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove target of resync: %w", err)
	}
	if err := syncDir(n.dir); err != nil {
		return fmt.Errorf("remove target of resync: %w", err)
	}
	return n.point("resync: target removed")
}

// prepare writes down what a resync cuts and may be needed again. A crash leaves all of it or nothing, and state and log as they were. False when
// nothing may be cut.
func (n *Node) prepare(to target) (bool, error) {
	if !to.known() {
		n.log.Error("a resync of which the target is not known goes no further", "target", string(to))
		return false, nil
	}
	if epoch, ok := to.putsBack(); ok {
		if may, err := n.mayPutBack(epoch); err != nil || !may {
			return false, err
		}
	}
	switch to {
	case resyncNoPlace: // What came meanwhile may be attested, and nothing of it would be kept aside.
		if last, err := n.raftLog.LastIndex(); err != nil || last > 0 {
			return false, err
		}
	case resyncLeast:
		if may, err := n.mayStandAtLeast(); err != nil || !may {
			return false, err
		}
	}
	if to.keeps() {
		if kept, err := n.keepAside(); err != nil || !kept {
			return false, err
		}
		if err := n.point("resync: kept aside"); err != nil {
			return false, err
		}
	}
	return true, n.point("resync: nothing undone")
}

// cut takes back what is not final, in state and log. A crash before the end leaves the target, and does it again with what is left.
func (n *Node) cut(to target) error {
	if err := n.disk.run(func() error { return n.store.Rollback(n.store.Floor().Batch) }); err != nil {
		return fmt.Errorf("take back what is not final: %w", err)
	}
	if err := n.point("resync: state undone"); err != nil {
		return err
	}
	n.transport.ResetCommitGuard() // What was committed is not in the log any more.
	if epoch, ok := to.putsBack(); ok {
		if err := n.putBack(epoch); err != nil {
			return fmt.Errorf("put back what was kept aside: %w", err)
		}
	} else if err := n.cutLog(to); err != nil {
		return err
	}
	n.transport.ResetCommitGuard()
	return n.point("resync: log cut")
}

// cutLog cuts raft's log behind what made the state, or deep all of it, so that raft begins at the least place with what is final. A crash
// before the end leaves the target, and cuts again what is left.
func (n *Node) cutLog(to target) error {
	switch {
	case to.none() && n.store.Floor().Batch > 0:
		return n.cutAll()
	case to == resyncLeast:
		return n.standAtLeast()
	}
	deep := to.deep() || to.none()                       // Before anything is final, the first entry stays: it names raft's members.
	arrived := n.store.Arrived() == n.store.Floor().Size // Where it came is what one leader said.
	if deep || to != resyncTail && arrived {
		b, err := n.least()
		may := err == nil && (arrived || n.leadsOn(b))
		if may {
			may, err = n.mayGoOnAfter(b)
		}
		if err != nil {
			return err
		}
		if may {
			return n.goOnAfter(b)
		}
	}
	keep, term, err := n.cutAt(deep)
	if err != nil {
		return err
	}
	if deep && keep < n.store.Made() {
		// What is in the state already is void when it comes again, wherever the others have it in their log.
		if err := n.disk.run(func() error { return n.store.Rewind(keep, term) }); err != nil {
			return err
		}
	}
	return n.cutBehind(keep)
}

// cutAll leaves raft with no log and no snapshot, and the state with what is final. A leader sends its snapshot to who has nothing (sentLog), so that this
// validator comes to the leader's own place for what is final: at the least place an entry may be good that the leader's log had before that
// place, and found void. If nobody sends one, it goes back to the least place (nothing.go). Raft's term and vote stay.
func (n *Node) cutAll() error {
	if err := n.keepLeast(); err != nil {
		return err
	}
	if err := n.disk.run(func() error { return n.store.Rewind(0, 0) }); err != nil {
		return err
	}
	if err := n.snapshots.removeAllBut(""); err != nil {
		return err
	}
	if err := syncDir(n.snapshots.dir); err != nil {
		return fmt.Errorf("remove raft snapshots: %w", err)
	}
	if err := n.point("resync: no snapshot, log not cut"); err != nil {
		return err
	}
	return n.raftLog.clear()
}

// cutAt is the entry behind which the log is cut. The first entry stays: by it all validators know each other.
func (n *Node) cutAt(deep bool) (keep, term uint64, err error) {
	keep, err = n.snapshots.newest()
	if err != nil {
		return 0, 0, err
	}
	if keep = max(keep, 1); !deep {
		keep = max(keep, n.store.FloorMade())
	}
	term, _, err = n.termAt(keep)
	return keep, term, err
}

// cutBehind cuts the log behind an entry.
func (n *Node) cutBehind(keep uint64) error {
	last, err := n.raftLog.LastIndex()
	if err != nil || last <= keep {
		return err
	}
	first, err := n.raftLog.FirstIndex()
	if err != nil {
		return err
	}
	return n.raftLog.DeleteRange(max(first, keep+1), last)
}
