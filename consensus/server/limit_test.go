package server

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

func host(i int) address {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(i))
	return address{netip.PrefixFrom(netip.AddrFrom4(b), 32)}
}

// TestRatesOfOneDoNotStarveOthers: one that asks without end is stopped by its own limit, before it has used up what all
// share, and the memory for callers is bounded.
func TestRatesOfOneDoNotStarveOthers(t *testing.T) {
	r := newRates(0, 5, 0, 50)
	allowed := 0
	for range 1000 {
		if r.allow(host(1)) {
			allowed++
		}
	}
	if allowed != 5 {
		t.Errorf("%d calls of one", allowed)
	}
	for i := range 1000 {
		if r.allow(host(2 + i)) {
			allowed++
		}
	}
	if allowed != 50 {
		t.Errorf("%d calls of all", allowed)
	}
	for i := range 4 * limitersOfOne {
		r.allow(host(i))
	}
	if n := len(r.recent) + len(r.older); n > 2*limitersOfOne {
		t.Errorf("%d callers remembered", n)
	}
}

// TestPlaces: each has its part, all together have a bound, and a place that is given back can be taken.
func TestPlaces(t *testing.T) {
	p := newPlaces(2, 3)
	for i, c := range []struct {
		from int
		want bool
	}{{1, true}, {1, true}, {1, false}, {2, true}, {2, false}, {3, false}} {
		if got := p.take(host(c.from)); got != c.want {
			t.Errorf("step %d: %v", i, got)
		}
	}
	p.give(host(1))
	if !p.take(host(3)) {
		t.Error("a place was free")
	}
	p.give(host(1))
	p.give(host(2))
	p.give(host(3))
	if len(p.taken) != 0 || p.total != 0 {
		t.Errorf("left: %v, %d", p.taken, p.total)
	}
}

// textAddr is an address of a kind that only its text tells.
type textAddr string

func (textAddr) Network() string  { return "text" }
func (a textAddr) String() string { return string(a) }

// TestEveryCallEnds: a call has an end, by its place or by its own wait, whatever its caller's deadline.
func TestEveryCallEnds(t *testing.T) {
	far, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	near, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, m := range apiv1.LedgerService_ServiceDesc.Methods {
		p := newPlaces(1, 1)
		own := m.MethodName == "Submit" || m.MethodName == "GetTransaction"
		for _, c := range []struct {
			ctx  context.Context
			most time.Duration
		}{{t.Context(), maxWait}, {far, maxWait}, {near, 10 * time.Second}} {
			_, err := p.unary(c.ctx, nil, &grpc.UnaryServerInfo{FullMethod: "/" + apiv1.LedgerService_ServiceDesc.ServiceName + "/" + m.MethodName}, func(ctx context.Context, _ any) (any, error) {
				most := c.most
				if own {
					var cancel context.CancelFunc
					ctx, cancel = margin(ctx)
					defer cancel()
					most -= min(c.most/10, 100*time.Millisecond)
				}
				deadline, ok := ctx.Deadline()
				if left := time.Until(deadline); !ok || left > most || left < most-8*time.Second {
					t.Errorf("%s may take %v, want %v", m.MethodName, left, most)
				}
				return nil, nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	}
}

// TestAddressOf: a caller is its IPv4 address, or its /64.
func TestAddressOf(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.7:1": "192.0.2.7/32", "[::ffff:192.0.2.7]:1": "192.0.2.7/32", "[2001:db8::1]:1": "2001:db8::/64",
		"[2001:db8::2]:9": "2001:db8::/64", "[2001:db8:0:1::2]:9": "2001:db8:0:1::/64", "[fe80::1%eth0]:9": "fe80::/64",
	} {
		for _, a := range []net.Addr{net.TCPAddrFromAddrPort(netip.MustParseAddrPort(text)), textAddr(text)} {
			if got := addressOf(a); got.prefix.String() != want {
				t.Errorf("%T %s is %s, want %s", a, text, got.prefix, want)
			}
		}
	}
	if got := addressOf(&net.TCPAddr{Port: 1}); got != (address{}) {
		t.Errorf("an address without a host is %v", got)
	}
	if got := addressOf(&net.UnixAddr{Name: "x"}); got != (address{}) {
		t.Errorf("a socket is %v", got)
	}
}

// TestLookupsAreLimitedByCaller: who tries numbers is stopped; somebody else at another address is not.
func TestLookupsAreLimitedByCaller(t *testing.T) {
	n := theNetwork(t)
	server := n.serve(t, 0, &n.world.AliasKey)
	abuser, user := dial(t, server, "127.0.0.1"), dial(t, server, "127.0.0.2")
	byNumber := func(c apiv1.LedgerServiceClient) error {
		_, err := c.ResolveAlias(t.Context(), &apiv1.ResolveAliasRequest{
			Alias:     &apiv1.ResolveAliasRequest_PhoneNumber{PhoneNumber: n.world.Juma.Number},
			Freshness: apiv1.Freshness_FRESHNESS_LOCAL,
		})
		return err
	}
	var err error
	for range 10 * lookupsOfOneAtOnce {
		if err = byNumber(abuser); err != nil {
			break
		}
	}
	refused(t, "look-ups without end", err, codes.ResourceExhausted, "RATE_LIMITED")
	if err := byNumber(user); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	if _, err := abuser.ResolveAlias(t.Context(), &apiv1.ResolveAliasRequest{
		Alias: &apiv1.ResolveAliasRequest_Hash{Hash: n.world.Juma.Alias[:]}, Freshness: apiv1.Freshness_FRESHNESS_LOCAL,
	}); err != nil {
		t.Errorf("by hash: %v", err)
	}
}

// TestStreamsAreLimitedByCaller: one address may watch with so many streams; another still finds a place, and a stream
// that ends gives its place back.
func TestStreamsAreLimitedByCaller(t *testing.T) {
	n := theNetwork(t)
	server := n.serve(t, 0, nil)
	one, other := dial(t, server, "127.0.0.1"), dial(t, server, "127.0.0.2")
	n.pay(t, one)
	watch := func(ctx context.Context, c apiv1.LedgerServiceClient) error {
		stream, err := c.Watch(ctx, &apiv1.WatchRequest{})
		if err != nil {
			return err
		}
		_, err = stream.Recv()
		return err
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i := range streamsOfOne {
		if err := watch(ctx, one); err != nil {
			t.Fatalf("stream %d: %v", i, err)
		}
	}
	refused(t, "one stream more", watch(ctx, one), codes.ResourceExhausted, "RATE_LIMITED")
	if err := watch(ctx, other); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	cancel()
	for deadline := time.Now().Add(10 * time.Second); ; {
		if err := watch(t.Context(), one); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("places were not given back: %v", err)
		}
	}
}

// TestConnectionsAreLimited: a connection without a place is closed at once, and a closed one makes place.
func TestConnectionsAreLimited(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := listener{inner, newPlaces(1, 1)}
	defer l.Close()
	accepted := make(chan net.Conn)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- c
		}
	}()
	connect := func() net.Conn {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	connect()
	first := <-accepted
	second := connect()
	_ = second.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := second.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("a second connection: %v", err)
	}
	first.Close()
	first.Close() // Twice, as gRPC may.
	connect()
	third := <-accepted
	third.Close()
	if len(l.places.taken) != 0 {
		t.Errorf("left: %v", l.places.taken)
	}
}
