package transport

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"
	"google.golang.org/grpc"

	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

const (
	// maxPromptCalls and maxBulkCalls bound one peer's calls in flight. Raft makes one heartbeat and one append at a time;
	// the rest is for votes and for calls whose caller has given up.
	maxPromptCalls = 8
	maxBulkCalls   = 2
)

// room counts one peer's calls in flight, so that none takes another's.
type room struct {
	prompt   chan struct{}
	bulk     chan struct{}
	snapshot chan struct{}
}

func newRoom() *room {
	return &room{
		prompt:   make(chan struct{}, maxPromptCalls),
		bulk:     make(chan struct{}, maxBulkCalls),
		snapshot: make(chan struct{}, 1),
	}
}

// enter takes a place if there is one. It never waits: raft tries again by itself.
func enter(places chan struct{}) bool {
	select {
	case places <- struct{}{}:
		return true
	default:
		return false
	}
}

func leave(places chan struct{}) { <-places }

// service is the wire side of a Transport.
type service struct {
	peerv1.UnimplementedRaftServiceServer
	t *Transport
}

// Register adds the raft service to the node's peer server, which must have been made with ServerOptions or at least
// ServerCredentials.
func (t *Transport) Register(s grpc.ServiceRegistrar) {
	peerv1.RegisterRaftServiceServer(s, &service{t: t})
}

// request is what differs between the unary calls.
type request[Req raft.WithRPCHeader] struct {
	method  string
	places  func(*room) chan struct{}
	timeout time.Duration
	decode  func() (Req, error)
	filter  func(Req, string, facts) error
	term    func(Req) uint64
	deliver func(context.Context, raft.RPC) error
}

func prompt(r *room) chan struct{} { return r.prompt }
func bulk(r *room) chan struct{}   { return r.bulk }

// serve runs one incoming unary call: who calls, is there room, is the request sound, what does raft say.
func serve[Req raft.WithRPCHeader, Resp any](ctx context.Context, t *Transport, r request[Req]) (*Resp, error) {
	peer, err := t.PeerName(ctx)
	if err != nil {
		return nil, toStatus(err)
	}
	resp, err := serveFrom[Req, Resp](ctx, t, peer, r)
	if err != nil {
		t.refusals.add(peer, r.method, err)
		return nil, toStatus(err)
	}
	return resp, nil
}

func serveFrom[Req raft.WithRPCHeader, Resp any](ctx context.Context, t *Transport, peer string, r request[Req]) (*Resp, error) {
	places := r.places(t.rooms[peer])
	if !enter(places) {
		return nil, ErrBusy
	}
	defer leave(places)
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()

	req, err := r.decode()
	if err != nil {
		return nil, err
	}
	if err := t.admit(peer, r.term(req), r.filter(req, peer, t.facts())); err != nil {
		return nil, err
	}
	answers := make(chan raft.RPCResponse, 1) // one place: raft never waits for a caller that gave up
	if err := r.deliver(ctx, raft.RPC{Command: req, RespChan: answers}); err != nil {
		return nil, err
	}
	return await[Resp](ctx, t, answers)
}

// admit passes on the filter's verdict, and remembers a term too high to believe.
func (t *Transport) admit(peer string, term uint64, verdict error) error {
	if errors.Is(verdict, ErrTermWindow) {
		t.window.claim(peer, term)
	}
	return verdict
}

// deliver hands a request to raft's main loop.
func (t *Transport) deliver(ctx context.Context, rpc raft.RPC) error {
	select {
	case t.consumer <- rpc:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("hand request to raft: %w", ctx.Err())
	case <-t.ctx.Done():
		return raft.ErrTransportShutdown
	}
}

// deliverHeartbeat goes around raft's main loop, or through it while raft has not said how. The handler may wait for
// raft's disk, whatever the deadline; the caller's place bounds how many do.
func (t *Transport) deliverHeartbeat(ctx context.Context, rpc raft.RPC) error {
	handler := t.heartbeat.Load()
	if handler == nil {
		return t.deliver(ctx, rpc)
	}
	(*handler)(rpc)
	return nil
}

// await waits for raft's answer. Raft answers nothing while it shuts down.
func await[Resp any](ctx context.Context, t *Transport, answers <-chan raft.RPCResponse) (*Resp, error) {
	select {
	case answer := <-answers:
		if answer.Error != nil {
			return nil, fmt.Errorf("raft: %w", answer.Error)
		}
		resp, ok := answer.Response.(*Resp)
		if !ok {
			return nil, fmt.Errorf("raft: answer of type %T", answer.Response)
		}
		return resp, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for raft: %w", ctx.Err())
	case <-t.ctx.Done():
		return nil, raft.ErrTransportShutdown
	}
}

// sign puts this node's name into an answer. Raft leaves it out of two of them.
func (t *Transport) sign(h *raft.RPCHeader) {
	if h.ProtocolVersion == 0 {
		h.ProtocolVersion = raft.ProtocolVersionMax
	}
	h.ID, h.Addr = []byte(t.cfg.Name), []byte(t.cfg.Name)
}

// AppendEntries takes entries from a peer.
func (s *service) AppendEntries(ctx context.Context, in *peerv1.AppendEntriesRequest) (*peerv1.AppendEntriesResponse, error) {
	resp, err := serve[*raft.AppendEntriesRequest, raft.AppendEntriesResponse](ctx, s.t, request[*raft.AppendEntriesRequest]{
		method: "AppendEntries", places: bulk, timeout: s.t.cfg.AppendTimeout,
		decode:  func() (*raft.AppendEntriesRequest, error) { return appendRequestFromProto(in) },
		filter:  filterAppend,
		term:    func(r *raft.AppendEntriesRequest) uint64 { return r.Term },
		deliver: s.t.deliver,
	})
	if err != nil {
		return nil, err
	}
	s.t.sign(&resp.RPCHeader)
	return appendResponseToProto(resp), nil
}

// Heartbeat takes a heartbeat from a peer.
func (s *service) Heartbeat(ctx context.Context, in *peerv1.HeartbeatRequest) (*peerv1.HeartbeatResponse, error) {
	resp, err := serve[*raft.AppendEntriesRequest, raft.AppendEntriesResponse](ctx, s.t, request[*raft.AppendEntriesRequest]{
		method: "Heartbeat", places: prompt, timeout: s.t.cfg.PromptTimeout,
		decode:  func() (*raft.AppendEntriesRequest, error) { return heartbeatRequestFromProto(in), nil },
		filter:  filterHeartbeat,
		term:    func(r *raft.AppendEntriesRequest) uint64 { return r.Term },
		deliver: s.t.deliverHeartbeat,
	})
	if err != nil {
		return nil, err
	}
	s.t.sign(&resp.RPCHeader)
	return heartbeatResponseToProto(resp), nil
}

// RequestVote takes a candidate's request.
func (s *service) RequestVote(ctx context.Context, in *peerv1.RequestVoteRequest) (*peerv1.RequestVoteResponse, error) {
	resp, err := serve[*raft.RequestVoteRequest, raft.RequestVoteResponse](ctx, s.t, request[*raft.RequestVoteRequest]{
		method: "RequestVote", places: prompt, timeout: s.t.cfg.PromptTimeout,
		decode:  func() (*raft.RequestVoteRequest, error) { return voteRequestFromProto(in), nil },
		filter:  filterVote,
		term:    func(r *raft.RequestVoteRequest) uint64 { return r.Term },
		deliver: s.t.deliver,
	})
	if err != nil {
		return nil, err
	}
	s.t.sign(&resp.RPCHeader)
	return voteResponseToProto(resp), nil
}

// RequestPreVote takes the question before a candidacy.
func (s *service) RequestPreVote(ctx context.Context, in *peerv1.RequestPreVoteRequest) (*peerv1.RequestPreVoteResponse, error) {
	resp, err := serve[*raft.RequestPreVoteRequest, raft.RequestPreVoteResponse](ctx, s.t, request[*raft.RequestPreVoteRequest]{
		method: "RequestPreVote", places: prompt, timeout: s.t.cfg.PromptTimeout,
		decode:  func() (*raft.RequestPreVoteRequest, error) { return preVoteRequestFromProto(in), nil },
		filter:  filterPreVote,
		term:    func(r *raft.RequestPreVoteRequest) uint64 { return r.Term },
		deliver: s.t.deliver,
	})
	if err != nil {
		return nil, err
	}
	s.t.sign(&resp.RPCHeader)
	return preVoteResponseToProto(resp), nil
}

// TimeoutNow takes the leader's wish for an election.
func (s *service) TimeoutNow(ctx context.Context, in *peerv1.TimeoutNowRequest) (*peerv1.TimeoutNowResponse, error) {
	resp, err := serve[*raft.TimeoutNowRequest, raft.TimeoutNowResponse](ctx, s.t, request[*raft.TimeoutNowRequest]{
		method: "TimeoutNow", places: prompt, timeout: s.t.cfg.PromptTimeout,
		decode:  func() (*raft.TimeoutNowRequest, error) { return timeoutNowRequestFromProto(in), nil },
		filter:  filterTimeoutNow,
		term:    func(*raft.TimeoutNowRequest) uint64 { return 0 },
		deliver: s.t.deliver,
	})
	if err != nil {
		return nil, err
	}
	s.t.sign(&resp.RPCHeader)
	return timeoutNowResponseToProto(resp), nil
}
