package sdktest

import (
	"context"
	"errors"
	"net"
	"path"
	"sync"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Validator is one validator's public service. Its switches are named by method, such as "Submit".
type Validator struct {
	// Name is the one in the validator set.
	Name    string
	network *Network

	mu       sync.Mutex // guards all below
	listener *bufconn.Listener
	server   *grpc.Server
	acts     map[string]Act
	sending  func(sent int, m *apiv1.WatchResponse) error
	calls    map[string]int
	evidence [][]byte
}

// Act stands in for a method: handle does what an honest validator does.
type Act func(ctx context.Context, request any, handle func() (any, error)) (any, error)

func newValidator(n *Network, name string) *Validator {
	v := &Validator{Name: name, network: n, acts: make(map[string]Act), calls: make(map[string]int)}
	v.Start()
	return v
}

// Address is what a client dials.
func (v *Validator) Address() string { return v.Name + ".test:7070" }

// Start serves again after Stop.
func (v *Validator) Start() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.server != nil {
		return
	}
	v.listener = bufconn.Listen(1 << 20)
	v.server = grpc.NewServer(grpc.UnaryInterceptor(v.unary), grpc.StreamInterceptor(v.stream))
	apiv1.RegisterLedgerServiceServer(v.server, &service{network: v.network, validator: v})
	go func(s *grpc.Server, l net.Listener) { _ = s.Serve(l) }(v.server, v.listener) // Ends with Stop.
}

// Stop cuts all connections and takes no more.
func (v *Validator) Stop() {
	v.mu.Lock()
	server := v.server
	v.server, v.listener = nil, nil
	v.mu.Unlock()
	if server != nil {
		server.Stop()
	}
}

func (v *Validator) dial(ctx context.Context) (net.Conn, error) {
	v.mu.Lock()
	l := v.listener
	v.mu.Unlock()
	if l == nil {
		return nil, errors.New("connection refused")
	}
	return l.DialContext(ctx)
}

// On lets act stand in for a method; nil is honest again.
func (v *Validator) On(method string, act Act) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.acts[method] = act
}

// Drop does what is asked and loses the answer, n times.
func (v *Validator) Drop(method string, n int) {
	var mu sync.Mutex
	v.On(method, func(_ context.Context, _ any, handle func() (any, error)) (any, error) {
		res, err := handle()
		mu.Lock()
		defer mu.Unlock()
		if n == 0 {
			return res, err
		}
		n--
		return nil, status.Error(codes.Unavailable, "connection lost")
	})
}

// Hang never answers and does nothing.
func (v *Validator) Hang(method string) {
	v.On(method, func(ctx context.Context, _ any, _ func() (any, error)) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
}

// Refuse answers with a reason and does nothing.
func (v *Validator) Refuse(method, reason string) {
	v.On(method, func(context.Context, any, func() (any, error)) (any, error) { return nil, Refusal(reason) })
}

// Sending stands before each message of Watch; it may change the message, or end the stream with an error. nil is honest.
func (v *Validator) Sending(f func(sent int, m *apiv1.WatchResponse) error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sending = f
}

// Calls counts the calls of a method, those refused by a switch included.
func (v *Validator) Calls(method string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.calls[method]
}

func (v *Validator) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	method := path.Base(info.FullMethod)
	v.mu.Lock()
	act := v.acts[method]
	v.calls[method]++
	v.mu.Unlock()
	if act == nil {
		return handler(ctx, req)
	}
	return act(ctx, req, func() (any, error) { return handler(ctx, req) })
}

func (v *Validator) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	v.mu.Lock()
	sending := v.sending
	v.calls[path.Base(info.FullMethod)]++
	v.mu.Unlock()
	if sending != nil {
		ss = &sender{ServerStream: ss, before: sending}
	}
	return handler(srv, ss)
}

// sender puts a test's function before each message.
type sender struct {
	grpc.ServerStream
	sent   int
	before func(sent int, m *apiv1.WatchResponse) error
}

// SendMsg sends what the function leaves of the message.
func (s *sender) SendMsg(m any) error {
	if res, ok := m.(*apiv1.WatchResponse); ok {
		if err := s.before(s.sent, res); err != nil {
			return err
		}
	}
	s.sent++
	return s.ServerStream.SendMsg(m)
}

// kinds are the gRPC codes of reasons.
var kinds = map[string]codes.Code{
	"TOO_LARGE": codes.InvalidArgument, "NOT_CANONICAL": codes.InvalidArgument, "MALFORMED": codes.InvalidArgument,
	"BAD_SIGNATURE": codes.Unauthenticated, "EXPIRED": codes.FailedPrecondition, "NOT_EXPIRED": codes.FailedPrecondition,
	"NOT_FOUND": codes.NotFound, "NOT_FINAL": codes.FailedPrecondition, "OVERLOADED": codes.ResourceExhausted,
	"NO_LEADER": codes.Unavailable,
}

// Refusal is a validator's error with a reason.
func Refusal(reason string) error {
	code, ok := kinds[reason]
	if !ok {
		code = codes.PermissionDenied
	}
	s, err := status.New(code, reason).WithDetails(&errdetails.ErrorInfo{Domain: "umoja", Reason: reason})
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	return s.Err()
}
