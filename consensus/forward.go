package consensus

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// forwards brings submissions to one leader, for as long as it leads. A call costs both sides as much as thirty submissions, so a call
// carries what came while others were under way: one submission when there is little to do, hundreds when there is much. One that comes
// soon after another waits some milliseconds for company (pace).
//
// The life of a submission here: it waits until a call has a place; the call carries it with what else waits; the leader answers each by
// itself. Whoever brought it may leave before: when its own ledger shows the transaction, which is the only word it takes for a result,
// when its time is up, or when the leader changes. A call that nobody waits for any more is ended. What a call carried that ended
// without an answer has an unknown outcome, and what no call carried has none.
type forwards struct {
	node  *Node
	leads *leadership

	// mu guards the rest; held for a look-up, or to take what a call carries.
	mu sync.Mutex
	// waiting are those that no call carries, in order of arrival. Invariant: at most queueLength.
	waiting []*forward
	// gathering says that a call is about to take what waits, when pace says so.
	gathering bool
	pace      pace
	// calls are those under way, and slow those among them that have taken long: they have lost their places to others, so that one
	// submission that the leader does not answer holds up only those that it came with. Invariant: at most maxCalls, slow included.
	calls, slow int
	// carried is how many submissions the calls carry.
	carried int
}

const (
	// maxForwards bounds what a call carries, maxForwardBytes their bytes.
	maxForwards, maxForwardBytes = 256, 512 << 10
	// quickCalls bounds the calls under way that have not taken long: while the leader makes a batch of one, another waits there.
	quickCalls = 4
	// maxCalls bounds all of them.
	maxCalls = 32
	// slowAfter is when a call has taken long.
	slowAfter = 500 * time.Millisecond
	// forwardPatience bounds a call: the leader answers sooner, or it has not heard what became of a batch.
	forwardPatience = raftPatience + 5*time.Second
)

// forward is one submission on its way to the leader.
type forward struct {
	signed *tx.Signed
	// answer is the leader's, nil when it has ordered the submission. Buffered, so that answering never waits.
	answer chan error
	// call carries it; nil while it waits. left is whether nobody wants it brought any more. Guarded by forwards.mu.
	call *forwardCall
	left bool
}

// forwardCall is one call with what it carries.
type forwardCall struct {
	carries []*forward
	// users are those of whom somebody still waits. Guarded by forwards.mu.
	users  int
	ctx    context.Context
	cancel context.CancelFunc
}

// add has a submission brought to the leader. ErrOverloaded when too many wait.
func (f *forwards) add(signed *tx.Signed) (*forward, error) {
	one := &forward{signed: signed, answer: make(chan error, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.waiting) >= queueLength {
		return nil, ErrOverloaded
	}
	f.waiting = append(f.waiting, one)
	f.call()
	return one, nil
}

// leave tells that nobody waits for a submission any more; sent is whether a call carried it.
func (f *forwards) leave(one *forward) (sent bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one.left {
		return one.call != nil
	}
	one.left = true
	if one.call == nil {
		return false
	}
	if one.call.users--; one.call.users == 0 {
		one.call.cancel()
	}
	return true
}

// call begins a call if something waits and there is a place. The caller holds mu.
func (f *forwards) call() {
	if len(f.waiting) == 0 || f.gathering || f.calls-f.slow >= quickCalls || f.calls >= maxCalls || f.carried >= f.node.forwardsOfOne() {
		return
	}
	f.gathering = true
	f.calls++
	if !f.node.spawn(f.run) {
		f.gathering = false
		f.calls--
		for _, one := range f.waiting {
			one.answer <- ErrStopped
		}
		f.waiting = nil
	}
}

// run is one call.
func (f *forwards) run() {
	f.rest()
	c := f.gather()
	defer c.cancel()
	slow := false
	late := time.AfterFunc(slowAfter, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		slow = true
		f.slow++
		f.call()
	})
	var results []*peerv1.ForwardResult
	var err error
	if len(c.carries) > 0 {
		err = f.node.atPeer(c.ctx, f.leads, func(ctx context.Context, peer peerv1.PeerServiceClient) error {
			req := &peerv1.ForwardRequest{Envelopes: make([][]byte, len(c.carries))}
			for i, one := range c.carries {
				req.Envelopes[i] = one.signed.Envelope()
			}
			res, err := peer.Forward(ctx, req)
			results = res.GetResults()
			return err
		})
	}
	if err == nil && len(results) != len(c.carries) {
		err = fmt.Errorf("the leader answers %d of %d: %w", len(results), len(c.carries), ErrUnknownOutcome)
	}
	for i, one := range c.carries {
		said := err
		if said == nil && results[i].GetFailure() != nil {
			said = fromFailure(results[i].GetFailure())
		}
		one.answer <- said
	}
	stopped := late.Stop()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls--; slow {
		f.slow--
	} else if !stopped {
		f.slow-- // It is about to be counted.
	}
	f.carried -= len(c.carries)
	f.call()
}

// rest waits until it is time for a call.
func (f *forwards) rest() {
	f.mu.Lock()
	rest := f.pace.rest(time.Now())
	if len(f.waiting) >= maxForwards {
		rest = 0
	}
	f.mu.Unlock()
	if rest > 0 {
		_ = f.node.pause(f.node.ctx, rest) // An end of the context ends the call, too.
	}
}

// gather takes what the call carries. While more comes each time that others are let run, it lets them: see checker.gather.
func (f *forwards) gather() *forwardCall {
	for seen := -1; ; {
		f.mu.Lock()
		if now := len(f.waiting); now == seen || now >= maxForwards {
			c := f.take()
			f.pace.begin(time.Now(), len(c.carries), len(f.waiting))
			f.gathering = false
			f.call()
			f.mu.Unlock()
			return c
		} else {
			seen = now
		}
		f.mu.Unlock()
		runtime.Gosched()
	}
}

// take moves what waits into a call, as much as one carries. The caller holds mu.
func (f *forwards) take() *forwardCall {
	c := &forwardCall{}
	c.ctx, c.cancel = context.WithTimeout(f.node.ctx, forwardPatience)
	bytes, next := 0, 0
	for ; next < len(f.waiting) && len(c.carries) < maxForwards; next++ {
		one := f.waiting[next]
		if one.left {
			continue
		}
		if bytes += len(one.signed.Envelope()); bytes > maxForwardBytes {
			break
		}
		one.call = c
		c.carries = append(c.carries, one)
	}
	clear(f.waiting[:next])
	if f.waiting = f.waiting[next:]; len(f.waiting) == 0 {
		f.waiting = nil
	}
	c.users = len(c.carries)
	f.carried += len(c.carries)
	return c
}

// forwardsOfOne bounds the submissions that a node has with the leader. The leader takes twice as many of each, so that one is never refused for what
// the leader has not heard the end of; all liars together fill half of its queue.
func (n *Node) forwardsOfOne() int {
	liars := (len(n.reignNow().reign.Validators) - 1) / 3
	return queueLength / 4 / max(1, liars)
}

// bring has the leader order a submission, and waits until this node has applied it. Not before then has it come to its end: a leader
// that says so and orders nothing, or what is void, gets it again, and the watch sees that it waits.
func (n *Node) bring(ctx context.Context, leads *leadership, signed *tx.Signed, absent *absence) (Status, error) {
	id := signed.ID()
	w := n.waiters.join(id)
	defer n.waiters.leave(w)
	one, err := leads.forwards.add(signed)
	if err != nil {
		return Status{}, err
	}
	defer leads.forwards.leave(one)
	var late <-chan time.Time
	for {
		s, err := n.lookupSince(id, absent)
		if err == nil && s.Stage >= Accepted || err != nil && !errors.Is(err, ErrReplaced) {
			return s, err
		}
		select {
		case <-w.wake:
		case err := <-one.answer:
			if err != nil {
				return Status{}, n.weigh(ctx, signed, err)
			}
			late = time.After(arrivalPatience)
		case <-late:
			return s, fmt.Errorf("the leader took it, and it has not come: %w", ErrUnknownOutcome)
		case <-ctx.Done():
			return s, fmt.Errorf("%w: %w", ErrUnknownOutcome, ctx.Err())
		case <-leads.ended.Done():
			if leads.forwards.leave(one) {
				return s, fmt.Errorf("the leader has changed: %w", ErrUnknownOutcome)
			}
			return s, ErrNoLeader
		}
	}
}

// arrivalPatience is how long a batch may take from the leader, which says that it has applied it, to this node.
const arrivalPatience = 2 * time.Second
