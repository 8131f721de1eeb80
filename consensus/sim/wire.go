package sim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/consensus/transport"
)

// wire is the network between validators. It carries the bytes of calls from any validator to any other, in the sender's
// true name, as TLS does; how long that takes and whether it arrives is the weather's. What a crashed node says after its
// crash goes nowhere.
type wire struct {
	weather *weather
	// overhear sees every message that an honest validator lets out.
	overhear func(from, to, method string, m proto.Message)

	// mu guards the rest; never held while time passes.
	mu       sync.Mutex
	rand     *rand.Rand
	stations map[string]*station
	// only are the validators whose requests for votes arrive; nil is all.
	only map[string]bool
}

// station is one validator's place in the network.
type station struct {
	name        string
	certificate *x509.Certificate
	// life is the node's current one; nil while it is down.
	life *life
	// tap changes or swallows what this validator sends; nil for an honest one.
	tap tap
	// ear may refuse what this validator is told; nil for an honest one.
	ear ear
}

// ear hears a call before the node does; an error is its answer.
type ear func(from, method string, raw []byte) error

// tap sees a message that leaves for another validator and says what leaves in its place; nil is nothing.
type tap func(to, method string, m proto.Message) proto.Message

// life is one run of a node, from its start to its end.
type life struct {
	wire    *wire
	station *station
	ctx     context.Context
	end     context.CancelFunc

	mu       sync.Mutex
	services map[string]service
	dead     bool
}

type service struct {
	desc *grpc.ServiceDesc
	impl any
}

func newWire(seed uint64, w *weather) *wire {
	return &wire{weather: w, rand: rand.New(rand.NewPCG(seed, 11)), stations: make(map[string]*station)}
}

func (w *wire) add(name string, c tls.Certificate) error {
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		return fmt.Errorf("parse certificate of %s: %w", name, err)
	}
	w.stations[name] = &station{name: name, certificate: leaf}
	return nil
}

// begin brings a node onto the network.
func (w *wire) begin(name string) *life {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := &life{wire: w, station: w.stations[name], services: make(map[string]service)}
	l.ctx, l.end = context.WithCancel(context.Background())
	l.station.life = l
	return l
}

// die cuts a life off, at once and for good.
func (l *life) die() {
	l.mu.Lock()
	l.dead = true
	l.mu.Unlock()
	l.end()
}

// leave ends a life in order.
func (l *life) leave() {
	l.die()
	l.wire.mu.Lock()
	if l.station.life == l {
		l.station.life = nil
	}
	l.wire.mu.Unlock()
}

func (l *life) isDead() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dead
}

// RegisterService takes a service of the node.
func (l *life) RegisterService(desc *grpc.ServiceDesc, impl any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.services[desc.ServiceName] = service{desc, impl}
}

// dial makes a link from this life to a peer.
func (l *life) dial(to string) transport.Link { return &link{from: l, to: to} }

func (w *wire) lifeOf(name string) *life {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.stations[name]; s != nil {
		return s.life
	}
	return nil
}

// setTap makes a validator a liar, or an honest one again.
func (w *wire) setTap(name string, t tap) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stations[name].tap = t
}

// setEar makes a validator deaf to some things.
func (w *wire) setEar(name string, e ear) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stations[name].ear = e
}

func (w *wire) earOf(name string) ear {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stations[name].ear
}

// candidates lets nobody else's requests for votes arrive; nil lets all.
func (w *wire) candidates(only map[string]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.only = only
}

// holdsBack says whether a request is one for a vote, of somebody who is not to be elected now.
func (w *wire) holdsBack(from, method string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.only != nil && !w.only[from] && (method == callVote || method == callPreVote)
}

func (w *wire) tapOf(name string) tap {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stations[name].tap
}

// link carries calls of one life to one peer.
type link struct {
	from *life
	to   string
	// raw links say what they are given: a liar's own words go past its tap.
	raw bool
}

// Close does nothing: there is nothing behind a link.
func (c *link) Close() error { return nil }

var (
	errUnreachable = status.Error(codes.Unavailable, "the peer cannot be reached")
	errGone        = status.Error(codes.Unavailable, "the connection is gone")
)

// keepalive is how long a call waits for a peer that has vanished.
const keepalive = 15 * time.Second

// leaves is what truly goes out when a node says something; nil is nothing.
func (c *link) leaves(method string, m proto.Message) proto.Message {
	if c.from.isDead() || c.from.wire.holdsBack(c.from.station.name, method) {
		return nil
	}
	if tap := c.from.wire.tapOf(c.from.station.name); tap != nil && !c.raw {
		return tap(c.to, method, m)
	} else if tap == nil {
		c.from.wire.overhear(c.from.station.name, c.to, method, m)
	}
	return m
}

// travel lets a message cross the network.
func (w *wire) travel(ctx context.Context, from, to string, size int) error {
	took, arrives := w.weather.cross(from, to, size)
	if !arrives {
		took = keepalive
	}
	t := time.NewTimer(took)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
	if !arrives {
		return errGone
	}
	return nil
}

// Invoke makes a unary call.
func (c *link) Invoke(ctx context.Context, method string, args, reply any, _ ...grpc.CallOption) error {
	w, from := c.from.wire, c.from.station.name
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.from.ctx, cancel)()
	said := c.leaves(method, args.(proto.Message))
	if said == nil {
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	}
	raw, err := proto.Marshal(said)
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	if err := w.travel(ctx, from, c.to, len(raw)); err != nil {
		return err
	}
	callee := w.lifeOf(c.to)
	if callee == nil || callee.isDead() {
		return errUnreachable
	}
	if w.weather.repeats() {
		go func() { _, _ = callee.serve(ctx, w.stations[from], method, raw) }()
	}
	answer, err := callee.serve(ctx, w.stations[from], method, raw)
	if err != nil {
		return err
	}
	back := (&link{from: callee, to: from}).leaves(method+" answer", answer)
	if back == nil {
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	}
	if raw, err = proto.Marshal(back); err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	if err := w.travel(ctx, c.to, from, len(raw)); err != nil {
		return err
	}
	return proto.Unmarshal(raw, reply.(proto.Message))
}

// serve runs a unary call at the callee.
func (l *life) serve(ctx context.Context, caller *station, method string, raw []byte) (proto.Message, error) {
	s, name, ok := l.find(method)
	if !ok {
		return nil, status.Error(codes.Unimplemented, method)
	}
	if ear := l.wire.earOf(l.station.name); ear != nil {
		if err := ear(caller.name, method, raw); err != nil {
			return nil, err
		}
	}
	for _, m := range s.desc.Methods {
		if m.MethodName != name {
			continue
		}
		ctx, done := l.called(ctx, caller)
		defer done()
		type result struct {
			answer any
			err    error
		}
		results := make(chan result, 1)
		go func() {
			answer, err := m.Handler(s.impl, ctx, func(into any) error { return proto.Unmarshal(raw, into.(proto.Message)) }, nil)
			results <- result{answer, err}
		}()
		select {
		case r := <-results:
			if l.isDead() {
				return nil, errGone
			}
			if r.err != nil {
				return nil, status.Convert(r.err).Err()
			}
			return r.answer.(proto.Message), nil
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		}
	}
	return nil, status.Error(codes.Unimplemented, method)
}

// called is the context in which a call is served: it names the caller's certificate and ends with the callee's life.
func (l *life) called(ctx context.Context, caller *station) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(l.ctx, cancel)
	ctx = peer.NewContext(ctx, &peer.Peer{AuthInfo: credentials.TLSInfo{
		State: tls.ConnectionState{PeerCertificates: []*x509.Certificate{caller.certificate}},
	}})
	return ctx, func() { stop(); cancel() }
}

// find splits "/package.Service/Method".
func (l *life) find(method string) (service, string, bool) {
	parts := strings.Split(strings.TrimPrefix(method, "/"), "/")
	if len(parts) != 2 {
		return service{}, "", false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.services[parts[0]]
	return s, parts[1], ok
}
