package consensus

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/umoja-ledger/umoja/consensus/finality"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// A node that was fed a lie has a log that is not the others': what a quorum has signed contradicts its tree, or an epoch
// starts where its tree never was. Nothing final is lost by it, and nothing that it signed was wrong twice. It forgets
// what is not final, and asks the others again: resync. Raft would not do that by itself, since it takes an entry of
// the same index and term for the same entry.
//
//  1. The target is written. From here on a crash leaves it, and the next start goes on.
//  2. Raft is stopped. What was handed to it has an outcome that nobody knows here. A snapshot that it had not installed yet is discarded (uninstalled.go).
//  3. In a dispute: what is to be cut is kept aside.
//  4. The state goes back to the last final batch.
//  5. The log is cut behind the entry that made it. The second time without anything new being final, because the lie may be older, and
//     where that batch came with a snapshot, whose place in the log is what one leader said: all of it is cut, and raft begins with what is
//     final at the least place for it (least). If that does not help either, raft begins with nothing, and gets a leader's snapshot. Or what
//     was kept aside is put back, and applied.
//  6. The commit guard forgets what was committed.
//  7. The target is removed, and raft starts again.

// resyncPause is the least time between two resyncs between which nothing has become final.
const resyncPause = time.Minute

// astray is the node's suspicion of its own log.
type astray struct {
	// mu guards all but running, gap and tail; held for a look or a set.
	mu sync.Mutex
	// suspect is what makes this node doubt; nil when nothing does.
	suspect *suspect
	// due says that a resync is to come or under way, and target how the last one goes.
	due    bool
	target target
	// last is when the last one was asked for, and floor what was final then; tried is how many have cut the log since that is final.
	last  time.Time
	floor uint64
	tried int
	wake  chan struct{}
	// gap says that the newest batch in the log does not go on after the head.
	gap atomic.Bool
	// tail says that raft has the end of a log in mind that is gone (forgetTail), until it starts again. Invariant: a resync is to come or under way.
	tail atomic.Bool
	// behindSince is when this node was first seen to lead a term, behindIn, with less than is final; zero when it is not so.
	behindSince time.Time
	behindIn    uint64
	// standsAt is the own size since standsSince, while more is final and something here is not; when it is not so, the last look.
	standsAt    uint64
	standsSince time.Time
	// idle is since when raft has no log, or the beginning of one, and nothing to begin with that a leader's goes on after (nothing.go); zero when it is not so.
	idle time.Time
	// idleAt is how many entries raft had then.
	idleAt uint64
	// dispute is with leaders, about what is committed, overrun about what was attested, and lacking how long the own tree has not held what is
	// certified.
	dispute dispute
	overrun overrun
	lacking lacking
	// misplaced is with leaders, about the place of the newest snapshot.
	misplaced dispute
	// exhausted is that leaders have nothing more to send that may be taken, and nothing was applied since, while more is final than is here. One that waits with what is too early sends
	// it again after a pause of its own, which takes long on a slow line.
	exhausted dispute

	// running is held over a resync, and by who must not meet one.
	running sync.Mutex
}

// strayed asks for a resync, because something proves that this node's log is not the others'. False when the last one is too near
// and has brought nothing: then there is none.
func (n *Node) strayed(reason error) bool {
	return n.goBack(reason, n.putsBackOr(resyncShallow))
}

// putsBackOr is to put back a log kept aside, if one is needed: it is not to be asked for in a minute. Otherwise it is the target given.
func (n *Node) putsBackOr(to target) target {
	if s := n.finality.Status(); !n.startsHere(s.Certified) {
		if a, kept := n.keptFor(s.Certified); kept {
			return resyncPutBack(a.AttestedIn)
		}
	}
	return to
}

// goBack is strayed for any resync.
func (n *Node) goBack(reason error, to target) bool {
	a := &n.astray
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.due {
		return true
	}
	floor := n.store.Floor().Size
	again := !a.last.IsZero() && a.floor == floor
	if again && time.Since(a.last) < resyncPause {
		return false
	}
	n.log.Error("this node's log is not the others': it goes back to what is final", "final", floor, "reason", reason)
	if !again {
		a.tried = 0
	}
	for range a.tried {
		to = to.deeper()
	}
	if _, back := to.putsBack(); !back {
		a.tried++ // Also over put-backs: what was put back may be contradicted again, and only a deeper one may help.
	}
	a.last, a.floor = time.Now(), floor
	a.gap.Store(false)
	a.dispute.over()
	a.overrun.over()
	a.misplaced.over()
	a.exhausted.over()
	n.goTo(to)
	return true
}

// goTo has a resync done. Called with astray.mu held.
func (n *Node) goTo(to target) {
	n.astray.due, n.astray.target = true, to
	n.suspended.Store(true)
	n.doubt(n.store.Head().Epoch, n.store.Floor().Batch+1)
	select {
	case n.astray.wake <- struct{}{}:
	default:
	}
}

// suspectPatience is how long a contradiction must last before the node takes its own log for the wrong one: its log may
// only be late, and the epoch still to come that takes back what contradicts.
const suspectPatience = 5 * time.Second

// anyEpoch stands for the epoch of a sealed tree, which does not tell it.
const anyEpoch = math.MaxUint64

// suspect is a tree that a quorum has signed and the own log has not led to.
type suspect struct {
	checkpoint.Vote
	since time.Time
}

// contradicted hears that a quorum has signed another tree than this node's. Within one epoch that is certain; a tree of a
// later one may be still to come. It is said once, so when the last resync is too near it is looked at again.
func (n *Node) contradicted(at checkpoint.Vote) {
	if !n.contradicts(at) {
		return // Taken back meanwhile.
	}
	if at.Epoch <= n.store.Head().Epoch {
		if n.strayed(fmt.Errorf("a quorum signed another tree of size %d in epoch %d", at.Size, at.Epoch)) {
			return
		}
	}
	a := &n.astray
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.suspect == nil || a.suspect.Vote != at && !n.contradicts(a.suspect.Vote) {
		a.suspect = &suspect{at, time.Now()}
	}
}

// contradicts says whether the own tree is another than one that a quorum has signed.
func (n *Node) contradicts(at checkpoint.Vote) bool {
	turns, quiet := n.turns.look()
	if at.Size > n.store.Head().Size {
		return false
	}
	root, _, ok := n.rootAt(at.Size)
	return !(ok && root == at.Root) && quiet && turns == n.turns.Load()
}

// lookAgain asks for a resync when a contradiction has lasted, or when what is sealed is beyond the own tree and the log does
// not lead there, or leaders' entries have long contradicted it, or what is certified was kept aside.
func (n *Node) lookAgain() {
	s, p := n.finality.Status(), n.proved()
	s.Proved, s.ProvedRoot = p.size, p.root
	n.lookAt(s)
}

func (n *Node) lookAt(proved finality.Status) {
	head := n.store.Head()
	if n.astray.gap.Load() && proved.Proved > head.Size {
		n.strayed(fmt.Errorf("the log does not go on after batch %d, and more is final", head.Batch))
	}
	if n.astray.dispute.lasts(time.Now(), suspectPatience) && proved.Proved > head.Size {
		n.strayed(fmt.Errorf("leaders contradict what is committed here after batch %d, and more is final", head.Batch))
	}
	if n.astray.stands(head.Size, n.store.Pending() > 0 && head.Size < proved.Proved && !n.snapshots.coming(), time.Now()) {
		n.strayed(fmt.Errorf("nothing has come after batch %d for long, and more is final", head.Batch))
	}
	if head.Size >= proved.Proved {
		n.astray.exhausted.over()
	}
	if n.astray.exhausted.lasts(time.Now(), standPatience) && !n.snapshots.coming() {
		n.strayed(fmt.Errorf("a leader's log ends here with batch %d, and more is final", head.Batch))
	}
	n.lookAtPlace()
	n.lookAtNothing()
	n.lookAtDispute(proved)
	n.lookAtCertified(proved)
	if term, leads := n.packer.leads(); n.astray.behind(term, leads && head.Size < proved.Proved, time.Now()) {
		if !n.strayed(fmt.Errorf("all that is committed is applied here up to batch %d, and more is final", head.Batch)) {
			n.packer.giveUp(term)
		}
	}
	if proved.Proved > n.FinalSize() {
		// Of a tree of which the own one has no batch that ends there, finality cannot tell whether it is still to come.
		n.contradicted(checkpoint.Vote{Epoch: anyEpoch, Size: proved.Proved, Root: proved.ProvedRoot})
	}
	a := &n.astray
	a.mu.Lock()
	s := a.suspect
	if s != nil && !n.contradicts(s.Vote) {
		a.suspect, s = nil, nil
	}
	a.mu.Unlock()
	if s != nil && time.Since(s.since) > suspectPatience {
		back := n.strayed(fmt.Errorf("a quorum signed another tree of size %d", s.Size))
		if term, leads := n.packer.leads(); leads && !back {
			n.packer.giveUp(term)
		}
	}
}

// behind says whether this node has led a term for a while and more is final than it has. What is final was ordered before, and a leader packs
// only when it has applied all that was: so its log was never the others', though it takes its own batches for good ones, and nothing
// else comes to show the gap.
func (a *astray) behind(term uint64, now bool, at time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case !now:
		a.behindSince = time.Time{}
	case a.behindSince.IsZero() || a.behindIn != term:
		a.behindIn, a.behindSince = term, at
	}
	return now && at.Sub(a.behindSince) > suspectPatience
}

// standPatience is how long a validator waits for what is final to come after its tree: longer than the largest append takes on the
// slowest line (transport.Config), since what has come before it is sent again then.
const standPatience = 90 * time.Second

// stands says whether nothing has come after the own tree for that long, though more is final. What comes next would show a log that is not the others', but
// nothing need come: nobody pays, and this validator's own batches may go on after its head, once it has led. Going back takes nothing from anybody: what it has
// attested is in the final tree, which is larger, or outranked by it. A snapshot that is on its way meanwhile is not lost: the transport has it until it is whole.
func (a *astray) stands(size uint64, now bool, at time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !now || a.standsSince.IsZero() || a.standsAt != size {
		a.standsAt, a.standsSince = size, at
		return false
	}
	return at.Sub(a.standsSince) > standPatience
}

// forgetTail has raft start again when a snapshot was installed into a log that did not end before it: one of a leader that was cut off,
// or that a liar made long. Raft removes such a log from disk and goes on to have its end in mind, so that it refuses what follows the
// snapshot, and is sent the snapshot again, for ever (hashicorp/raft #697), or panics at what follows that end. A raft that starts reads its log again; until
// then it is given no entries (transport.Local.Stale). That proves nothing of the log, and nothing here is not final: so it may be as often as snapshots
// come, and leads to no deeper resync.
func (n *Node) forgetTail() {
	list, err := n.snapshots.List()
	m := n.member()
	if err != nil || len(list) == 0 || m == nil {
		return
	}
	last, err := strconv.ParseUint(m.Stats()["last_log_index"], 10, 64)
	if err != nil || last < list[0].Index {
		return
	}
	n.log.Warn("raft starts again, since a snapshot took the place of a longer log", "ended", last, "snapshot", list[0].Index)
	n.astray.tail.Store(true)
	n.astray.mu.Lock()
	defer n.astray.mu.Unlock()
	if !n.astray.due {
		n.goTo(resyncTail)
	}
}

// watchAstray carries resyncs out.
func (n *Node) watchAstray() {
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		select {
		case <-n.ctx.Done():
			return
		case <-again.C:
			if err := n.asides.drop(n.FinalSize()); err != nil {
				_ = n.Fatal(err)
				return
			}
			n.lookAgain()
			continue
		case <-n.astray.wake:
		}
		if err := n.resync(); err != nil {
			_ = n.Fatal(fmt.Errorf("resync: %w", err))
			return
		}
	}
}

func (n *Node) resync() error {
	a := &n.astray
	a.running.Lock()
	defer a.running.Unlock()
	if n.ctx.Err() != nil || n.failed() {
		return nil
	}
	a.mu.Lock()
	to := a.target
	a.mu.Unlock()
	if err := n.point("resync: nothing written"); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(n.dir, resyncFile), []byte(to)); err != nil {
		return fmt.Errorf("write target: %w", err)
	}
	if err := n.point("resync: target written"); err != nil {
		return err
	}
	n.cuts.Add(1)
	n.turns.begin() // A snapshot under way is cancelled: raft waits for it.
	n.progress.moved()
	if err := n.member().end(); err != nil {
		return fmt.Errorf("stop raft: %w", err)
	}
	if err := n.point("resync: raft stopped"); err != nil {
		return err
	}
	if err := n.snapshots.discard(); err != nil {
		return err
	}
	if err := n.point("resync: nothing uninstalled"); err != nil {
		return err
	}
	if err := n.finishResync(); err != nil {
		return err
	}
	n.outcomes.clear()
	n.pending.undone(n.store.Head().Size)
	n.turned()
	n.committedMembers.Store(nil)
	n.tellGoverned()
	if epoch, ok := to.putsBack(); ok {
		if c := n.finality.Status().Certified; !n.startsHere(c) {
			n.asides.vain(epoch, c)
		}
	}
	a.mu.Lock()
	a.due = false
	n.suspended.Store(false)
	a.mu.Unlock()
	if err := n.point("resync: raft not begun"); err != nil {
		return err
	}
	if err := n.joinAgain(); err != nil {
		return err
	}
	n.progress.moved()
	return nil
}
