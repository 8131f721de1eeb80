package server

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"golang.org/x/time/rate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"

	"github.com/umoja-ledger/umoja/consensus"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// What one address, and all together, may take of the server. A provider's gateway is one address with all its users.
const (
	// Look-ups by phone number in a second, and at once. They tell whether a number has an account.
	lookupsOfOne, lookupsOfOneAtOnce = 5, 30
	lookupsOfAll, lookupsOfAllAtOnce = 50, 200
	// Calls in flight.
	callsOfOne, callsOfAll = 2048, 8192
	// Streams, which may stay open for as long as the caller likes.
	streamsOfOne, streamsOfAll = 64, 1024
	// Envelopes of streams that wait for an outcome. A validator has room for 4,096 to be verified, and for as many to be ordered: the
	// streams of one address leave a quarter of it to others, and have more than the window of one.
	envelopesOfOne, envelopesOfAll = 3072, 16384
	// Connections.
	connsOfOne, connsOfAll = 256, 4096
	// limitersOfOne bounds how many addresses are remembered, in each of two generations.
	limitersOfOne = 4096
)

// address is who calls, as far as limits go. A host has a whole /64 of IPv6. The zero value stands for all whose address
// is not known.
type address struct{ prefix netip.Prefix }

func addressOf(a net.Addr) address {
	if a == nil {
		return address{}
	}
	var port netip.AddrPort
	if tcp, ok := a.(*net.TCPAddr); ok {
		port = tcp.AddrPort() // Every call asks, so no text is made of it.
	} else {
		var err error
		if port, err = netip.ParseAddrPort(a.String()); err != nil {
			return address{}
		}
	}
	ip, bits := port.Addr().Unmap().WithZone(""), 32
	if ip.Is6() {
		bits = 64
	}
	prefix, err := ip.Prefix(bits)
	if err != nil {
		return address{}
	}
	return address{prefix}
}

func callerOf(ctx context.Context) address {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return address{}
	}
	return addressOf(p.Addr)
}

// rates bounds how often something is done: by each address, so that nobody takes what others need, and by all together.
type rates struct {
	each      rate.Limit
	eachBurst int
	all       *rate.Limiter

	// mu guards the maps; held for a look-up only.
	mu sync.Mutex
	// recent and older are two generations. Invariant: each holds at most limitersOfOne.
	recent, older map[address]*rate.Limiter
}

func newRates(each rate.Limit, eachBurst int, all rate.Limit, allBurst int) *rates {
	return &rates{each: each, eachBurst: eachBurst, all: rate.NewLimiter(all, allBurst), recent: make(map[address]*rate.Limiter)}
}

// allow says whether the address may go on. One that asks too often takes nothing of what all share.
func (r *rates) allow(a address) bool { return r.of(a).Allow() && r.all.Allow() }

func (r *rates) of(a address) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.recent[a]
	if l != nil {
		return l
	}
	if l = r.older[a]; l == nil {
		l = rate.NewLimiter(r.each, r.eachBurst)
	}
	if len(r.recent) >= limitersOfOne {
		r.older, r.recent = r.recent, make(map[address]*rate.Limiter)
	}
	r.recent[a] = l
	return l
}

// places bounds how much is under way: of each address and of all together.
type places struct {
	each, all int

	// mu guards the rest; held for a look-up only.
	mu    sync.Mutex
	taken map[address]int // Invariant: no zero; the sum is total.
	total int
	// own are those who wait for a place of their address, line those who wait for one of all: both in order, and each stream once.
	// Invariants: while anybody stands in line total is all; while anybody waits in own[a], as many of a have a place, or stand in line,
	// as may have one. So nobody is passed over, and whoever gives a place back knows whose turn it is.
	own  map[address][]*waiter
	line []*waiter
}

func newPlaces(each, all int) *places {
	return &places{each: each, all: all, taken: make(map[address]int), own: make(map[address][]*waiter)}
}

func (p *places) take(a address) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.takeNow(a)
}

// takeNow is take for who holds mu.
func (p *places) takeNow(a address) bool {
	if p.total >= p.all || p.taken[a] >= p.each {
		return false
	}
	p.taken[a]++
	p.total++
	return true
}

func (p *places) give(a address) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.giveNow(a)
}

// giveNow is give for who holds mu.
func (p *places) giveNow(a address) {
	p.total--
	if p.taken[a]--; p.taken[a] == 0 {
		delete(p.taken, a)
	}
	p.stepUp(a)
	p.serve()
}

// unary gives every call a place and an end. The calls that wait have an end of their own (margin).
func (p *places) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	a := callerOf(ctx)
	if !p.take(a) {
		return nil, tooMany("calls")
	}
	defer p.give(a)
	switch info.FullMethod {
	case apiv1.LedgerService_Submit_FullMethodName, apiv1.LedgerService_GetTransaction_FullMethodName:
		return handler(ctx, req)
	}
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	return handler(ctx, req)
}

// stream gives every stream a place.
func (p *places) stream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	a := callerOf(stream.Context())
	if !p.take(a) {
		return tooMany("streams")
	}
	defer p.give(a)
	return handler(srv, stream)
}

func tooMany(what string) error {
	return consensus.ToStatus(fmt.Errorf("%s in flight: %w", what, consensus.ErrRateLimited))
}

// listener closes connections for which there is no place.
type listener struct {
	net.Listener
	places *places
}

// Accept gives the next connection that has a place.
func (l listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		a := addressOf(c.RemoteAddr())
		if l.places.take(a) {
			return &placedConn{Conn: c, give: sync.OnceFunc(func() { l.places.give(a) })}, nil
		}
		_ = c.Close() // It was never used.
	}
}

// placedConn gives its place back when it is closed.
type placedConn struct {
	net.Conn
	give func()
}

// Close closes the connection.
func (c *placedConn) Close() error {
	defer c.give()
	return c.Conn.Close()
}
