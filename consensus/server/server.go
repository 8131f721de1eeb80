// Package server is the public side of a validator: the gRPC service that wallets, gateways and tools ask, and the final
// history as tiles over HTTP (tiles.go).
//
// A call lives briefly: its fields are parsed into the ledger's types (a wrong one is INVALID_ARGUMENT with the field and
// the rule), a consistent view of the freshness asked for is opened, the answer is made from that view alone, and the view
// is closed. Every error carries a google.rpc.ErrorInfo with a stable reason; the table is consensus.ToStatus.
//
// The package promises bounded work per call: every list has a limit, every wait ends with the caller's deadline or the
// server's own, and each address has its part of connections, calls, streams, envelopes of them and look-ups by phone number (limit.go), so
// that one caller cannot take what others need; a look-up tells whether a number has an account. It
// refuses nothing for want of a leader but what needs one: reads of FRESHNESS_ACCEPTED and submissions.
package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/ledger/key"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Config is what a server needs.
type Config struct {
	Node *consensus.Node
	// AliasKey lets the server answer look-ups by phone number; nil refuses them (observers).
	AliasKey *key.AliasKey
	// Credentials secure the listener; nil serves plaintext, for a sandbox or behind a proxy.
	Credentials credentials.TransportCredentials
}

// Server serves umoja.api.v1.
type Server struct {
	grpc   *grpc.Server
	health *health.Server
	conns  *places
}

// maxWait bounds a call, also one whose caller would wait longer.
const maxWait = 30 * time.Second

// submit hands an envelope over and waits: Node.Submit, but for tests.
type submit func(ctx context.Context, envelope []byte, wait consensus.Stage) (consensus.Status, error)

// New makes a server; Serve opens it.
func New(c Config) *Server { return newServer(c, c.Node.Submit) }

func newServer(c Config, submit submit) *Server {
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(64 << 10), grpc.MaxConcurrentStreams(1024), grpc.MaxHeaderListSize(8 << 10),
		grpc.ConnectionTimeout(10 * time.Second),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: 10 * time.Minute, Time: 30 * time.Second, Timeout: 10 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.UnaryInterceptor(newPlaces(callsOfOne, callsOfAll).unary),
		grpc.StreamInterceptor(newPlaces(streamsOfOne, streamsOfAll).stream),
	}
	if c.Credentials != nil {
		options = append(options, grpc.Creds(c.Credentials))
	}
	s := &Server{grpc: grpc.NewServer(options...), health: health.NewServer(), conns: newPlaces(connsOfOne, connsOfAll)}
	apiv1.RegisterLedgerServiceServer(s.grpc, &service{
		node: c.Node, submit: submit, aliasKey: c.AliasKey,
		lookups:   newRates(lookupsOfOne, lookupsOfOneAtOnce, lookupsOfAll, lookupsOfAllAtOnce),
		envelopes: newPlaces(envelopesOfOne, envelopesOfAll),
	})
	healthv1.RegisterHealthServer(s.grpc, s.health)
	reflection.Register(s.grpc)
	s.health.SetServingStatus("", healthv1.HealthCheckResponse_SERVING)
	s.health.SetServingStatus(apiv1.LedgerService_ServiceDesc.ServiceName, healthv1.HealthCheckResponse_SERVING)
	return s
}

// Serve answers calls until Stop.
func (s *Server) Serve(l net.Listener) error {
	if err := s.grpc.Serve(listener{l, s.conns}); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve public service: %w", err)
	}
	return nil
}

// Stop ends all calls.
func (s *Server) Stop() {
	s.health.Shutdown()
	s.grpc.Stop()
}

// service answers the calls.
type service struct {
	apiv1.UnimplementedLedgerServiceServer
	node     *consensus.Node
	submit   submit
	aliasKey *key.AliasKey
	// lookups bounds look-ups by phone number.
	lookups *rates
	// envelopes bounds those of streams that wait for an outcome.
	envelopes *places
}

// invalid is the answer to a field that breaks a rule.
func invalid(format string, args ...any) error {
	return consensus.ToStatus(fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), consensus.ErrField))
}

var freshness = map[apiv1.Freshness]consensus.Freshness{
	apiv1.Freshness_FRESHNESS_UNSPECIFIED: consensus.ReadFinal,
	apiv1.Freshness_FRESHNESS_FINAL:       consensus.ReadFinal,
	apiv1.Freshness_FRESHNESS_ACCEPTED:    consensus.ReadAccepted,
	apiv1.Freshness_FRESHNESS_LOCAL:       consensus.ReadLocal,
}

// read opens a view.
func (s *service) read(ctx context.Context, f apiv1.Freshness) (*consensus.Reading, error) {
	want, ok := freshness[f]
	if !ok {
		return nil, invalid("freshness %d is not known", f)
	}
	r, err := s.node.Read(ctx, want)
	if err != nil {
		return nil, consensus.ToStatus(err)
	}
	return r, nil
}

func asOf(r *consensus.Reading) *apiv1.AsOf {
	return &apiv1.AsOf{Size: r.Size, TimeUnixMs: r.TimeUnixMs}
}

// fatal ends the node on a storage error and answers the caller.
func (s *service) fatal(err error) error { return consensus.ToStatus(s.node.Fatal(err)) }

func notFound(what string) error {
	return consensus.ToStatus(fmt.Errorf("%s: %w", what, consensus.ErrNotFound))
}
