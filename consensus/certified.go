package consensus

import (
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/consensus/finality"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// A certificate says that f+1 honest validators have applied its tree. The votes for the next epoch will name the highest that is known, so the
// epoch starts in a tree that holds it, or nowhere. Nobody can say of a certified tree above the own one that it contradicts that, and raft
// compares logs by their terms, so a leader without it may be elected for ever.

// lacking is how long no epoch could start in the own tree from the highest certificate.
type lacking struct {
	// mu guards the rest; held for a look or a set.
	mu sync.Mutex
	// since is when that began; zero while one can. led is for how long this node has led raft since, and looked when that was added up.
	since, looked time.Time
	led           time.Duration
}

// ledMost bounds what one look adds to the time that was led: the next one comes after a second.
const ledMost = 2 * time.Second

// look says whether it has lasted: the own log may be on its way there. Unfit is who has led meanwhile, for as long. Terms do not matter, since a leader that gets
// nothing committed is soon dropped, and elected again.
func (l *lacking) look(now, leads bool, at time.Time) (lasts, unfit bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !now:
		l.since, l.led = time.Time{}, 0
	case l.since.IsZero():
		l.since = at
	case leads:
		l.led += min(at.Sub(l.looked), ledMost)
	}
	l.looked = at
	return now && at.Sub(l.since) > suspectPatience, now && l.led > suspectPatience
}

// startsHere says whether an epoch can start in the own tree from a certificate, as startOf does.
func (n *Node) startsHere(c checkpoint.Vote) bool {
	head := n.store.Head()
	if c.Size <= n.FinalSize() || c.Epoch < head.Epoch {
		return true
	}
	root, _, ok := n.rootAt(c.Size)
	return c.Epoch == head.Epoch && ok && root == c.Root
}

// lookAtCertified has a log put back from which an epoch can start where the votes will say, if none can in the own tree. A leader for which there
// is none goes back to what is final. What is certified was ordered before, and the log of a leader that came late to it need not be a lie: it may be that
// of others who had not got there either, and lose entries that it had acknowledged. Nothing final is lost by that, since f+1 honest
// validators have applied the certified tree, which holds all that was final when they attested it. It need not have got anything
// committed, since those who have the certified tree refuse its entries. Who has applied that tree does not come here, so it is not
// lost by this, and nothing that was certified in the leader's tree outranks it. A leader that may not go back yet gives up its term.
func (n *Node) lookAtCertified(s finality.Status) {
	m := n.member()
	leads := m != nil && m.State() == raft.Leader
	lasts, unfit := n.astray.lacking.look(!n.startsHere(s.Certified), leads, time.Now())
	if !lasts {
		return
	}
	a, kept := n.keptFor(s.Certified)
	back := kept && n.goBack(fmt.Errorf("size %d of epoch %d is certified, and in what was kept aside of epoch %d", s.Certified.Size, s.Certified.Epoch, a.AttestedIn), resyncPutBack(a.AttestedIn))
	if back || !unfit {
		return
	}
	if !kept {
		back = n.strayed(fmt.Errorf("no epoch can start in this leader's tree from size %d of epoch %d, which is certified", s.Certified.Size, s.Certified.Epoch))
	}
	if term, leads := n.packer.leads(); leads && !back {
		n.packer.giveUp(term)
	}
}

// keptFor is the log kept aside in which an epoch can start from a certificate.
func (n *Node) keptFor(c checkpoint.Vote) (aside, bool) {
	return n.asides.startFrom(c)
}
