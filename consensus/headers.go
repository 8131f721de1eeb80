package consensus

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// A leader that gives two batches for one place gives them to different validators, and raft takes them for the same entry. So
// each remembers what leaders signed, and when something went wrong (an epoch took batches back, a quorum contradicts the own
// tree, leaders contradict the own log) it asks the others what they got. Two headers of one place are evidence.

const (
	// headersSeen bounds the headers that are remembered.
	headersSeen = 4096
	// headersAsked and headersBytes bound an answer.
	headersAsked, headersBytes = 256, 1 << 20
	// headersPerSecond and headersAtOnce bound how often one peer may ask.
	headersPerSecond, headersAtOnce = 1, 8
	// compareTries is how often a peer is asked that does not answer, and comparePause how long between; it may be down for the
	// same reason for which it is asked.
	compareTries, comparePause = 5, 3 * time.Second
)

// batchPlace is where a leader may put one batch only.
type batchPlace struct {
	leader              string
	epoch, term, number uint64
}

// headers remembers what leaders have signed, void or not. What a restart forgets, other validators have.
type headers struct {
	// mu guards the rest; held for a look or a set.
	mu    sync.Mutex
	first map[batchPlace]checkpoint.SignedHeader
	// order is that of arrival. Invariant: the keys of first.
	order []batchPlace
	// asked bounds each peer. Invariant: the keys are validators, of today or of before.
	asked map[string]*rate.Limiter
	// doubt is the place from which on the others are asked; nil when they need not be.
	doubt *batchPlace
	wake  chan struct{}
}

func newHeaders() *headers {
	return &headers{first: make(map[batchPlace]checkpoint.SignedHeader), asked: make(map[string]*rate.Limiter), wake: make(chan struct{}, 1)}
}

// allow says whether a peer, whose name the transport has proved, may ask now.
func (h *headers) allow(peer string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.asked[peer] == nil {
		h.asked[peer] = rate.NewLimiter(headersPerSecond, headersAtOnce)
	}
	return h.asked[peer].Allow()
}

// find is the first header of a place.
func (h *headers) find(at batchPlace) (checkpoint.SignedHeader, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	first, ok := h.first[at]
	return first, ok
}

// add remembers a header that is the first of its place.
func (h *headers) add(at batchPlace, header checkpoint.SignedHeader) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, known := h.first[at]; known {
		return
	}
	if len(h.order) == headersSeen {
		delete(h.first, h.order[0])
		h.order = h.order[1:]
	}
	h.first[at] = header
	h.order = append(h.order, at)
}

// from lists the headers of an epoch from a number on, within the bounds of an answer.
func (h *headers) from(epoch, number uint64) []checkpoint.SignedHeader {
	h.mu.Lock()
	defer h.mu.Unlock()
	var places []batchPlace
	for at := range h.first {
		if at.epoch == epoch && at.number >= number {
			places = append(places, at)
		}
	}
	slices.SortFunc(places, func(a, b batchPlace) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.term, b.term), cmp.Compare(a.leader, b.leader))
	})
	var out []checkpoint.SignedHeader
	for i, size := 0, 0; i < min(len(places), headersAsked); i++ {
		header := h.first[places[i]]
		if size += len(header.Header) + len(header.Signature); size > headersBytes {
			break
		}
		out = append(out, header)
	}
	return out
}

// saw notes what a leader signed, and accuses it if it has signed another batch for the same place. It does not matter from
// whom this node has it.
func (n *Node) saw(h tx.BatchHeader, header checkpoint.SignedHeader) {
	leader, ok := n.validator(h.Leader)
	if !ok || h.Term == 0 {
		return
	}
	at := batchPlace{h.Leader, h.Epoch, h.Term, h.Number}
	first, known := n.headers.find(at)
	if known && bytes.Equal(first.Header, header.Header) || tx.VerifyHeader(n.network, header.Header, header.Signature, leader.PublicKey()) != nil {
		return
	}
	if known {
		n.accuse(checkpoint.Evidence{Validator: at.leader, Batches: []checkpoint.SignedHeader{first, header}})
		return
	}
	n.headers.add(at, header)
}

// doubt asks for a look at what others got, of an epoch and from a batch on.
func (n *Node) doubt(epoch, number uint64) {
	h := n.headers
	h.mu.Lock()
	defer h.mu.Unlock()
	if d := h.doubt; d == nil || d.epoch != epoch {
		h.doubt = &batchPlace{epoch: epoch, number: number}
	} else {
		d.number = min(d.number, number)
	}
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// compareHeaders asks the others when there is doubt.
func (n *Node) compareHeaders(ctx context.Context) {
	for {
		select {
		case <-n.headers.wake:
		case <-ctx.Done():
			return
		}
		n.headers.mu.Lock()
		from := n.headers.doubt
		n.headers.doubt = nil
		n.headers.mu.Unlock()
		if from == nil {
			continue
		}
		left := n.others()
		for try := 0; len(left) > 0 && try < compareTries; try++ {
			if try > 0 && n.pause(ctx, comparePause) != nil {
				return
			}
			left = slices.DeleteFunc(left, func(name string) bool { return n.compareWith(ctx, name, *from) == nil })
		}
	}
}

// compareWith asks one peer, and looks at each header as if it had come in a batch.
func (n *Node) compareWith(ctx context.Context, name string, from batchPlace) error {
	ctx, cancel := context.WithTimeout(ctx, complainTimeout)
	defer cancel()
	peer, err := n.peer(ctx, name)
	if err != nil {
		return err
	}
	res, err := peer.ListHeaders(ctx, &peerv1.ListHeadersRequest{Epoch: from.epoch, FromNumber: from.number})
	if err != nil {
		n.log.Debug("ask a validator for headers", "validator", name, "error", err)
		return err
	}
	for i, m := range res.GetHeaders() {
		if i == headersAsked {
			break
		}
		if len(m.GetSignature()) != 64 {
			continue
		}
		signed := checkpoint.SignedHeader{Header: m.GetHeader(), Signature: [64]byte(m.GetSignature())}
		if h, ok := from.answeredBy(n.network, signed); ok {
			n.saw(h, signed)
		}
	}
	return nil
}

// answeredBy says whether a header is one that was asked for. Others may not drive out what is remembered.
func (p batchPlace) answeredBy(network tx.NetworkID, signed checkpoint.SignedHeader) (tx.BatchHeader, bool) {
	h, _, err := tx.ParseBatchHeader(network, signed.Header)
	return h, err == nil && h.Epoch == p.epoch && h.Number >= p.number
}

// ListHeaders gives what this node got of an epoch.
func (p peerServer) ListHeaders(ctx context.Context, req *peerv1.ListHeadersRequest) (*peerv1.ListHeadersResponse, error) {
	from, err := p.node.transport.PeerName(ctx)
	if err != nil {
		return nil, ToStatus(err)
	}
	if !p.node.headers.allow(from) {
		return nil, ToStatus(fmt.Errorf("headers for %q: %w", from, ErrRateLimited))
	}
	res := &peerv1.ListHeadersResponse{}
	for _, h := range p.node.headers.from(req.GetEpoch(), req.GetFromNumber()) {
		res.Headers = append(res.Headers, &umojav1.SignedHeader{Header: h.Header, Signature: h.Signature[:]})
	}
	return res, nil
}
