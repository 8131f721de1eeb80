package consensus

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/umoja-ledger/umoja/consensus/complaint"
	"github.com/umoja-ledger/umoja/consensus/finality"
	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

const (
	// complaintPatience is how long, in heartbeat timeouts, something may wait for a leader before this node complains. An honest
	// leader orders within a round trip and a fsync; the rest is for slow disks and long queues.
	complaintPatience = 8
	// offered is how many of the submissions that wait longest are given to the others, each time this node complains.
	offered = 8
	// offersPerSecond bounds what one peer may offer.
	offersPerSecond = 10
	// complainTimeout bounds one call to a peer.
	complainTimeout = 2 * time.Second
	// includeBatches is within how many batches a submission is promised to be ordered: the leader's whole queue four times over.
	includeBatches = 4 * queueLength / batchLength
)

// grievances is this node's watch over the leader. See package complaint.
type grievances struct {
	// mu guards the rest; held for a step, and while a signature is checked.
	mu    sync.Mutex
	book  *complaint.Book
	watch *complaint.Watch
	// overdue is what the validators say that leaders leave out.
	overdue *complaint.Overdue
	// final is the size that is final, and unfinal since when more is applied without that size growing; zero while nothing more is.
	final   uint64
	unfinal time.Time
	// unbegun is since when a validator set that was decided has not begun; zero while none waits.
	unbegun time.Time
	// offers bounds each peer's. Invariant: one for each other validator.
	offers map[string]*rate.Limiter
}

func (n *Node) newGrievances(patience time.Duration) *grievances {
	set := n.reignNow().reign.Validators
	g := &grievances{
		book: complaint.New(n.network, set, n.name, n.key), watch: complaint.NewWatch(complaintPatience * patience), offers: make(map[string]*rate.Limiter),
	}
	g.govern(set)
	return g
}

// govern takes the words of another validator set from now on. What was listed is listed again while it waits.
func (g *grievances) govern(set checkpoint.ValidatorSet) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.book.Govern(set)
	g.overdue = complaint.NewOverdue(set)
	offers := make(map[string]*rate.Limiter, len(set))
	for _, v := range set {
		if offers[v.Name] = g.offers[v.Name]; offers[v.Name] == nil {
			offers[v.Name] = rate.NewLimiter(offersPerSecond, offered)
		}
	}
	g.offers = offers
}

// watchLeader complains of a leader that leaves something undone, and says the complaint again while it stands.
func (n *Node) watchLeader(ctx context.Context, every time.Duration) {
	again := time.NewTicker(every)
	defer again.Stop()
	for {
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
		complained, drop, own := n.grievances.look(n.seen(time.Now()))
		if complained {
			n.log.Warn("the leader leaves undone what waits", "leader", own.Leader, "term", own.Term)
			n.offer()
		}
		n.drop(drop)
		n.strike()
		if own != nil {
			n.complain(*own)
		}
	}
}

// seen is what the watch is shown: what waits for the leader, and what it has done.
func (n *Node) seen(now time.Time) complaint.Seen {
	status, g := n.finality.Status(), n.grievances
	waiting := n.orders.waiting()
	g.mu.Lock()
	defer g.mu.Unlock()
	waiting = g.undone(now, status, waiting)
	waiting = sinceWhen(&g.unbegun, now, n.reignNow().coming != nil, waiting)
	return complaint.Seen{Now: now, Leader: n.Leader(), Term: n.term(), Moved: n.store.Head().Batch + status.Named, Waiting: waiting}
}

// undone is since when finality shows that the leader leaves something undone, or waiting if that is earlier. The caller holds mu.
func (g *grievances) undone(now time.Time, s finality.Status, waiting time.Time) time.Time {
	// Rounds do not end when the leader names none, or gives each another batch, or for a reason that nobody has thought of. Where it is
	// not the leader's fault the next one has its own, longer time. Who trails behind what others have sealed sees no round end, and has nobody to complain of:
	// it reads, or raft waits before it tries again (ten seconds at most), or a snapshot is on its way.
	if g.final != s.Final {
		g.final, g.unfinal = s.Final, time.Time{}
	}
	return sinceWhen(&g.unfinal, now, s.Waits(), waiting)
}

// sinceWhen notes since when something holds, and gives the earlier of that and another time. Zero times are none.
func sinceWhen(since *time.Time, now time.Time, holds bool, other time.Time) time.Time {
	if !holds {
		*since = time.Time{}
		return other
	}
	if since.IsZero() {
		*since = now
	}
	if other.IsZero() || since.Before(other) {
		return *since
	}
	return other
}

// look takes one look at the leader; own is what this node complains of now.
func (g *grievances) look(s complaint.Seen) (complained bool, drop *complaint.Drop, own *checkpoint.Complaint) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.book.Lead(s.Leader, s.Term)
	if g.watch.Look(s) {
		drop, complained = g.book.Complain(s.Leader, s.Term)
	}
	if c, ok := g.book.Own(); ok {
		own = &c
	}
	return complained, drop, own
}

// drop lets the transport take nothing more of a leader.
func (n *Node) drop(d *complaint.Drop) {
	if d == nil {
		return
	}
	n.log.Warn("dropped the leader", "leader", d.Leader, "term", d.Term, "complained", d.By)
	g := n.grievances
	g.mu.Lock()
	patience := g.watch.Patience()
	g.mu.Unlock()
	n.transport.Drop(d.Leader, patience)
}

// complain tells all others.
func (n *Node) complain(c checkpoint.Complaint) {
	n.toPeers(func(ctx context.Context, peer peerv1.PeerServiceClient) error {
		_, err := peer.Complain(ctx, &peerv1.ComplainRequest{Validator: c.Validator, Term: c.Term, Leader: c.Leader, Signature: c.Signature[:]})
		return err
	})
}

// offer gives what waits longest to all others, so that they see for themselves whether it is left out.
func (n *Node) offer() {
	waiting, _ := n.orders.oldest(offered)
	for _, signed := range waiting {
		n.listOverdue(n.name, signed)
		n.toPeers(func(ctx context.Context, peer peerv1.PeerServiceClient) error {
			_, err := peer.Offer(ctx, &peerv1.OfferRequest{Envelope: signed.Envelope()})
			return err
		})
	}
}

// toPeers calls every other validator, and waits for none. One that can not be reached is told the next time.
func (n *Node) toPeers(call func(context.Context, peerv1.PeerServiceClient) error) {
	for _, name := range n.others() {
		n.spawn(func() {
			ctx, cancel := context.WithTimeout(n.ctx, complainTimeout)
			defer cancel()
			peer, err := n.peer(ctx, name)
			if err == nil {
				err = call(ctx, peer)
			}
			if err != nil {
				n.log.Debug("tell a validator", "validator", name, "error", err)
			}
		})
	}
}

// heardComplaint takes another validator's complaint.
func (n *Node) heardComplaint(from string, c checkpoint.Complaint) {
	g := n.grievances
	g.mu.Lock()
	drop := g.book.Hear(from, c)
	g.mu.Unlock()
	n.drop(drop)
}

// listOverdue notes that a validator says a submission is left out.
func (n *Node) listOverdue(validator string, signed *tx.Signed) {
	n.grievances.mu.Lock()
	defer n.grievances.mu.Unlock()
	n.grievances.overdue.List(validator, signed)
}

// offeredBy takes a transaction that another validator could not get ordered. From now on it waits here too, and what is
// listed by f+1 is overdue.
func (n *Node) offeredBy(from string, envelope []byte) error {
	n.grievances.mu.Lock()
	limit := n.grievances.offers[from]
	n.grievances.mu.Unlock()
	if limit == nil || !limit.Allow() {
		return fmt.Errorf("offer of %q: %w", from, ErrRateLimited)
	}
	if s, err := n.Submit(n.ctx, envelope, Taken); err != nil || s.Stage >= Accepted {
		return err
	}
	signed, err := n.verified.verify(envelope) // Known by now.
	if err == nil {
		n.listOverdue(from, signed)
	}
	return err
}

// Promise signs that a transaction that this node took will be in the history by a size, or that this node will have said why
// not, or complained of the leader. False for who is not in the validator set: nobody hears its complaints, so it promises nothing.
func (n *Node) Promise(id tx.ID) (checkpoint.SubmissionReceipt, bool) {
	if n.reignNow().reign.Outside {
		return checkpoint.SubmissionReceipt{}, false
	}
	const perBatch = batchLength + ledger.MaxDue + 1
	size := n.store.Head().Size
	return checkpoint.SubmissionReceipt{ID: id, SeenSize: size, IncludeBySize: size + includeBatches*perBatch, Validator: n.name}.Sign(n.network, n.key), true
}
