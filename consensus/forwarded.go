package consensus

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/umoja-ledger/umoja/ledger/tx"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// forwarded is what the leader lets each other validator bring. Others verify what they forward, so a call with something that does not
// verify is no accident: it is refused whole, and who makes such calls gets few of them looked at.
type forwarded struct {
	// mu guards the rest; held for a look-up.
	mu     sync.Mutex
	guests map[string]*guest
}

// guest is one validator that brings submissions.
type guest struct {
	// here is how many of its submissions have no answer yet: they are in the leader's queue, though the call that brought them may have ended. Guarded by forwarded.mu.
	here int
	// bytes bounds what it brings, faults how many of its false calls are looked at.
	bytes, faults *rate.Limiter
	// checking is held while one of its calls is verified: it gets no more processors than that.
	checking sync.Mutex
}

const (
	// forwardedBytes bounds the bytes of one validator's submissions in a second, with twice as many at once: many times what one can
	// verify.
	forwardedBytes = 8 << 20
	// faultsAtOnce bounds the false calls of one validator that are verified, with one more each faultPause.
	faultsAtOnce = 4
	faultPause   = time.Second
	// maxGuests bounds who is remembered, of those that have nothing here.
	maxGuests = 256
)

// Forward takes submissions for the leader.
func (p peerServer) Forward(ctx context.Context, req *peerv1.ForwardRequest) (*peerv1.ForwardResponse, error) {
	n := p.node
	from, err := n.transport.PeerName(ctx)
	if err != nil {
		return nil, ToStatus(err)
	}
	results, err := n.takeForwarded(ctx, from, req.GetEnvelopes())
	if err != nil {
		return nil, ToStatus(err)
	}
	return &peerv1.ForwardResponse{Results: results}, nil
}

// takeForwarded orders what another validator has brought. An error is of the call as a whole, of which nothing was taken.
func (n *Node) takeForwarded(ctx context.Context, from string, envelopes [][]byte) ([]*peerv1.ForwardResult, error) {
	if err := n.packer.ready(); err != nil {
		return nil, err
	}
	g, err := n.forwarded.enter(from, envelopes, 2*n.forwardsOfOne())
	if err != nil {
		return nil, fmt.Errorf("submissions of %q: %w", from, err)
	}
	signed, err := n.checkForwarded(g, envelopes)
	if err != nil {
		n.forwarded.leave(g, len(envelopes))
		n.log.Warn("a validator forwards what does not verify", "validator", from, "reason", err)
		return nil, err
	}
	all, errs := make([]*submission, len(signed)), make([]error, len(signed))
	for i, s := range signed {
		if all[i], errs[i] = n.packer.enqueue(s, 0, func() { n.forwarded.leave(g, 1) }); errs[i] != nil {
			n.forwarded.leave(g, 1)
		}
	}
	results := make([]*peerv1.ForwardResult, len(signed))
	for i, s := range all {
		if errs[i] == nil {
			_, errs[i] = n.packer.await(ctx, s)
		}
		results[i] = &peerv1.ForwardResult{}
		if errs[i] != nil {
			results[i].Failure = ToFailure(errs[i])
		}
	}
	return results, nil
}

// passFor packs a batch that another validator wants only for its time. It takes a place as a submission does: it waits in the same queue.
func (n *Node) passFor(ctx context.Context, from string, pastUnixMs uint64) error {
	g, err := n.forwarded.place(from, 1, 2*n.forwardsOfOne())
	if err != nil {
		return err
	}
	leave := func() { n.forwarded.leave(g, 1) }
	s, err := n.packer.enqueue(nil, pastUnixMs, leave)
	if err != nil {
		leave()
		return err
	}
	_, err = n.packer.await(ctx, s)
	return err
}

// checkForwarded verifies the submissions of one call.
func (n *Node) checkForwarded(g *guest, envelopes [][]byte) ([]*tx.Signed, error) {
	g.checking.Lock()
	defer g.checking.Unlock()
	if g.faults.Tokens() < 1 { // Looked at here, where its calls come one by one.
		return nil, fmt.Errorf("after false ones: %w", ErrRateLimited)
	}
	signed := make([]*tx.Signed, len(envelopes))
	for i, v := range n.checker.all(envelopes, nil) {
		if v.Err != nil {
			g.faults.Allow()
			return nil, fmt.Errorf("submission %d of %d: %w", i, len(envelopes), v.Err)
		}
		signed[i] = v.Signed
	}
	return signed, nil
}

// enter takes the room for the submissions of one call, of which the sender may have most here.
func (f *forwarded) enter(from string, envelopes [][]byte, most int) (*guest, error) {
	size := 0
	for _, e := range envelopes {
		size += len(e)
	}
	switch {
	case len(envelopes) == 0 || len(envelopes) > maxForwards:
		return nil, fmt.Errorf("envelopes are %d, not 1 to %d: %w", len(envelopes), maxForwards, ErrField)
	case size > maxForwardBytes:
		return nil, fmt.Errorf("envelopes are %d bytes, above %d: %w", size, maxForwardBytes, ErrField)
	}
	g, err := f.place(from, len(envelopes), most)
	if err == nil && !g.bytes.AllowN(time.Now(), size) {
		f.leave(g, len(envelopes))
		return nil, ErrRateLimited
	}
	return g, err
}

// place takes so many places of those that one validator may have.
func (f *forwarded) place(from string, many, most int) (*guest, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.guest(from)
	if g.here+many > most {
		return nil, ErrOverloaded
	}
	g.here += many
	return g, nil
}

func (f *forwarded) leave(g *guest, envelopes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g.here -= envelopes
}

// guest finds a validator. The caller holds mu.
func (f *forwarded) guest(name string) *guest {
	g := f.guests[name]
	if g != nil {
		return g
	}
	if len(f.guests) >= maxGuests { // Validators come and go by ballots, so this is years later.
		for other, was := range f.guests {
			if was.here == 0 {
				delete(f.guests, other)
			}
		}
	}
	g = &guest{bytes: rate.NewLimiter(forwardedBytes, 2*forwardedBytes), faults: rate.NewLimiter(rate.Every(faultPause), faultsAtOnce)}
	f.guests[name] = g
	return g
}

func newForwarded() *forwarded { return &forwarded{guests: make(map[string]*guest)} }
