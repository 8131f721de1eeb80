package consensus

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/consensus/finality"
	"github.com/umoja-ledger/umoja/consensus/transport"
)

// disputePause is how long a leader's raft may wait before it sends a refused entry again, and more.
const disputePause = 15 * time.Second

// carrierPatience is for how long a dispute goes on before a validator goes back from a tree that it knows a certificate of. It tells
// others of that in its next vote for an epoch, and whoever leads without that tree goes back first. A quorum may also have
// opened an epoch without having heard of the certificate; then nobody will, and it is this validator that has to come after.
const carrierPatience = 2 * time.Minute

// dispute is how long leaders have sent other entries than the ones committed here. One leader may lie, but not for long while
// a quorum goes on without this node: then it is this node that was fed a lie, one that its tree does not show (an entry
// without a batch in the place of one with a batch). Where no quorum goes on without this node nothing is proved, ever. So a node that has
// nothing more to say in its tree, because it has voted for a later epoch, goes back too, and keeps aside what it may have said (aside).
type dispute struct {
	// pause is the longest time between two signs of one; disputePause if it is zero.
	pause time.Duration
	// mu guards the rest; held for a look or a set.
	mu          sync.Mutex
	first, last time.Time
}

// apart is pause, or what it stands for.
func (d *dispute) apart() time.Duration { return cmp.Or(d.pause, disputePause) }

// again notes another sign of it.
func (d *dispute) again(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Sub(d.last) > d.apart() {
		d.first = now
	}
	d.last = now
}

// lasts says whether there has been one for longer than a leader's lie need be feared, or than that patience.
func (d *dispute) lasts(now time.Time, patience time.Duration) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last.Sub(d.first) > patience && now.Sub(d.last) <= d.apart()
}

// overrun is that a leader would have this validator forget what it has applied, by a snapshot, and nothing has gone on since: no batch came after the own
// tree, and no other snapshot. It proves nothing, whatever else is final: a leader makes a newer snapshot then.
type overrun struct {
	// mu guards since; held for a look or a set.
	mu    sync.Mutex
	since time.Time
}

// begins notes a snapshot that was refused.
func (o *overrun) begins(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		o.since = now
	}
}

// lasts says whether it has gone on for longer than a patience.
func (o *overrun) lasts(now time.Time, patience time.Duration) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.since.IsZero() && now.Sub(o.since) > patience
}

// over forgets it.
func (o *overrun) over() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.since = time.Time{}
}

// over forgets it.
func (d *dispute) over() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.first, d.last = time.Time{}, time.Time{}
}

// lookAtDispute asks for a resync when a dispute has lasted and this validator has nothing more to say in its tree: it may be the one that
// everybody waits for.
func (n *Node) lookAtDispute(s finality.Status) {
	patience := suspectPatience
	if n.carries(s) {
		patience = carrierPatience
	}
	now := time.Now()
	if (n.astray.dispute.lasts(now, patience) || n.store.Pending() > 0 && n.astray.overrun.lasts(now, patience)) && n.mayKeepAside(s) {
		n.goBack(fmt.Errorf("leaders contradict what is committed here after batch %d, and nothing can be said in epoch %d any more", n.store.Head().Batch, n.store.Head().Epoch), resyncKept)
	}
}

// hasLeft says that this validator will attest nothing more in its tree, nor in the epoch in which it has attested last: it has voted for a later one.
func (n *Node) hasLeft(s finality.Status) bool {
	return s.Wished > n.store.Head().Epoch && s.Wished > s.AttestedIn
}

// carries says whether the own tree holds the highest certified tree, above what is final: it may be final elsewhere.
func (n *Node) carries(s finality.Status) bool {
	root, _, ok := n.rootAt(s.Certified.Size)
	return s.Certified.Size > n.store.Floor().Size && ok && root == s.Certified.Root
}

// appended hears what raft made of an append of the elected leader. In the log of all, whoever leads has the entry at which a true snapshot
// was made, or sends a newer one; so what raft refuses at or before the newest snapshot's place shows that one of the two is not where the others have it. And who has been
// sent all of a leader's log has what is final, or was given another entry in a batch's place before: raft takes the one for the other.
func (n *Node) appended(a transport.Append) {
	n.toldCommitted.Store(a.Committed)
	if a.Taken && a.Ends {
		n.astray.exhausted.again(time.Now())
	} else {
		n.astray.exhausted.over()
	}
	if a.Taken {
		n.astray.misplaced.over()
		return
	}
	if newest, err := n.snapshots.newest(); err == nil && a.Before > 0 && a.Before <= newest {
		n.astray.misplaced.again(time.Now())
	}
}

// lookAtPlace asks for a resync to the least place when leaders' logs have long not gone on after the newest snapshot: its place is what one leader said, a liar perhaps that
// is silent now, and nothing else comes to show it. What is not final counts as in any dispute.
func (n *Node) lookAtPlace() {
	if !n.astray.misplaced.lasts(time.Now(), suspectPatience) {
		return
	}
	if n.store.Pending() > 0 {
		n.astray.dispute.again(time.Now())
		return
	}
	n.goBack(fmt.Errorf("leaders' logs do not go on after the snapshot of batch %d", n.store.Head().Batch), n.putsBackOr(resyncDeep))
}
