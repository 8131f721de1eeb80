package transport

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/raft"
	"google.golang.org/grpc"

	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

const (
	// maxPromptCalls and maxBulkCalls bound one peer's calls in flight. Raft makes one heartbeat and one append at a time, and beside
	// it goes the word that entries are committed; the rest is for votes and for calls whose caller has given up.
	maxPromptCalls = 8
	maxBulkCalls   = 4
)

// room counts one peer's calls in flight, so that none takes another's.
type room struct {
	prompt   chan struct{}
	bulk     chan struct{}
	snapshot chan struct{}
	// spool is for who holds the place of the snapshot.
	spool *spool
}

func newRoom(spoolDir, peer string) *room {
	return &room{
		spool:    &spool{dir: spoolDir, peer: peer},
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
	decode  func(peer string) (Req, Words, error)
	// changesLog makes the request wait for its turn.
	changesLog bool
	deliver    func(context.Context, *door, raft.RPC) error
}

func prompt(r *room) chan struct{} { return r.prompt }
func bulk(r *room) chan struct{}   { return r.bulk }

// serve runs one incoming unary call: who calls, is there room, is the request sound, what does raft say.
func serve[Req raft.WithRPCHeader, Resp any](ctx context.Context, t *Transport, r request[Req]) (*Resp, Words, error) {
	peer, err := t.PeerName(ctx)
	if err != nil {
		return nil, Words{}, toStatus(err)
	}
	resp, words, err := serveFrom[Req, Resp](ctx, t, peer, r)
	if err != nil {
		t.refusals.add(peer, r.method, err)
		return nil, Words{}, toStatus(err)
	}
	return resp, words, nil
}

func serveFrom[Req raft.WithRPCHeader, Resp any](ctx context.Context, t *Transport, peer string, r request[Req]) (*Resp, Words, error) {
	room := t.room(peer)
	if room == nil {
		return nil, Words{}, ErrStranger
	}
	places := r.places(room)
	if !enter(places) {
		return nil, Words{}, ErrBusy
	}
	defer leave(places)
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()

	req, words, err := r.decode(peer)
	if err != nil {
		return nil, Words{}, err
	}
	end, committed := endOf(req), committedOf(req) // Of both the filter may leave less.
	ask := func(answers chan raft.RPCResponse) error {
		open := t.door.Load()
		if err := t.filter.Incoming(time.Now(), peer, req, words); err != nil {
			return err
		}
		return r.deliver(ctx, open, raft.RPC{Command: req, RespChan: answers})
	}
	var resp *Resp
	if r.changesLog {
		resp, err = inTurn[Resp](ctx, t, ask)
	} else {
		answers := make(chan raft.RPCResponse, 1) // one place: raft never waits for a caller that gave up
		if err = ask(answers); err == nil {
			resp, err = await[Resp](ctx, t, answers)
		}
	}
	if a, ok := any(req).(*raft.AppendEntriesRequest); ok && err == nil && r.changesLog && t.cfg.Local.OnAppend != nil {
		if answer, ok := any(resp).(*raft.AppendEntriesResponse); ok && answer.Term == a.Term { // Raft refuses what comes of an older term unread.
			ends := len(a.Entries) == 0 && a.PrevLogEntry == answer.LastLog && a.LeaderCommitIndex >= a.PrevLogEntry
			t.cfg.Local.OnAppend(Append{Before: a.PrevLogEntry, Committed: committed, Taken: answer.Success, Ends: ends})
		}
	}
	if err == nil && endOf(req) < end && took(resp) {
		err = ErrTooEarly // Success would say that all of it was taken. A refusal says where this log ends, and the leader has to hear that.
	}
	if err != nil {
		return nil, Words{}, err
	}
	said, err := t.filter.Answering(peer, req, resp)
	return resp, said, err
}

// endOf is the last entry that an append brings.
func endOf(command any) uint64 {
	if r, ok := command.(*raft.AppendEntriesRequest); ok {
		return r.PrevLogEntry + uint64(len(r.Entries))
	}
	return 0
}

// committedOf is up to which entry an append's leader says that all is committed.
func committedOf(command any) uint64 {
	if r, ok := command.(*raft.AppendEntriesRequest); ok {
		return r.LeaderCommitIndex
	}
	return 0
}

// took says whether an answer is that an append was taken.
func took(resp any) bool {
	r, ok := resp.(*raft.AppendEntriesResponse)
	return ok && r.Success
}

// inTurn judges a request and hands it to raft when no other one that changes the log is between these two. The turn ends
// when raft has answered, even if the caller has gone before.
func inTurn[Resp any](ctx context.Context, t *Transport, ask func(chan raft.RPCResponse) error) (*Resp, error) {
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the request before: %w", ctx.Err())
	case <-t.ctx.Done():
		return nil, raft.ErrTransportShutdown
	}
	answers := make(chan raft.RPCResponse, 1)
	if err := ask(answers); err != nil {
		<-t.turn
		return nil, err
	}
	over := make(chan raft.RPCResponse, 1)
	go func() {
		select {
		case answer := <-answers:
			<-t.turn
			over <- answer
		case <-t.ctx.Done():
			<-t.turn
		}
	}()
	return await[Resp](ctx, t, over)
}

// door is where requests wait for raft's main loop, while raft runs once. What was judged by the log that there was then must not meet one that was cut since:
// entries would be replaced that the filter has seen to be committed meanwhile.
type door struct {
	// requests has no buffer, so a request whose caller gave up is never handed on.
	requests chan raft.RPC
	// shut is closed when raft goes on with another log.
	shut chan struct{}
}

func newDoor() *door { return &door{make(chan raft.RPC), make(chan struct{})} }

// deliver hands a request to raft's main loop, at the door that was open when it was judged.
func (t *Transport) deliver(ctx context.Context, d *door, rpc raft.RPC) error {
	select {
	case d.requests <- rpc:
		return nil
	case <-d.shut:
		return fmt.Errorf("%w: raft goes on with another log", raft.ErrTransportShutdown)
	case <-ctx.Done():
		return fmt.Errorf("hand request to raft: %w", ctx.Err())
	case <-t.ctx.Done():
		return raft.ErrTransportShutdown
	}
}

// deliverEntries hands an append to raft's main loop, and shows the node what comes.
func (t *Transport) deliverEntries(ctx context.Context, d *door, rpc raft.RPC) error {
	if a, ok := rpc.Command.(*raft.AppendEntriesRequest); ok && len(a.Entries) > 0 && t.cfg.Local.OnEntries != nil {
		t.cfg.Local.OnEntries(a.Entries)
	}
	return t.deliver(ctx, d, rpc)
}

// deliverHeartbeat goes around raft's main loop, or through it while raft has not said how. The handler may wait for
// raft's disk, whatever the deadline; the caller's place bounds how many do.
func (t *Transport) deliverHeartbeat(ctx context.Context, d *door, rpc raft.RPC) error {
	handler := t.heartbeat.Load()
	if handler == nil {
		return t.deliver(ctx, d, rpc)
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
	resp, _, err := serve[*raft.AppendEntriesRequest, raft.AppendEntriesResponse](ctx, s.t, request[*raft.AppendEntriesRequest]{
		method: "AppendEntries", places: bulk, timeout: s.t.cfg.AppendTimeout, changesLog: true,
		decode: func(peer string) (*raft.AppendEntriesRequest, Words, error) {
			req, err := appendRequestFromProto(in)
			if err != nil {
				return nil, Words{}, err
			}
			c, err := certificateFromProto(in.GetCertificate(), req.Term, peer)
			return req, Words{Certificate: c}, err
		},
		deliver: s.t.deliverEntries,
	})
	if err != nil {
		return nil, err
	}
	s.t.sign(&resp.RPCHeader)
	return appendResponseToProto(resp), nil
}

// Heartbeat takes a heartbeat from a peer.
func (s *service) Heartbeat(ctx context.Context, in *peerv1.HeartbeatRequest) (*peerv1.HeartbeatResponse, error) {
	resp, _, err := serve[*raft.AppendEntriesRequest, raft.AppendEntriesResponse](ctx, s.t, request[*raft.AppendEntriesRequest]{
		method: "Heartbeat", places: prompt, timeout: s.t.cfg.PromptTimeout,
		decode: func(peer string) (*raft.AppendEntriesRequest, Words, error) {
			c, err := certificateFromProto(in.GetCertificate(), in.GetTerm(), peer)
			return heartbeatRequestFromProto(in), Words{Certificate: c}, err
		},
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
	resp, words, err := serve[*raft.RequestVoteRequest, raft.RequestVoteResponse](ctx, s.t, request[*raft.RequestVoteRequest]{
		method: "RequestVote", places: prompt, timeout: s.t.cfg.PromptTimeout,
		decode: func(string) (*raft.RequestVoteRequest, Words, error) {
			tr, err := transferFromProto(in.GetTransfer())
			return voteRequestFromProto(in), Words{Transfer: tr}, err
		},
		deliver: s.t.deliver,
	})
	if err != nil {
		return nil, err
	}
	s.t.sign(&resp.RPCHeader)
	out := voteResponseToProto(resp)
	if words.Signature != nil {
		out.Signature = words.Signature[:]
	}
	return out, nil
}

// RequestPreVote takes the question before a candidacy.
func (s *service) RequestPreVote(ctx context.Context, in *peerv1.RequestPreVoteRequest) (*peerv1.RequestPreVoteResponse, error) {
	resp, _, err := serve[*raft.RequestPreVoteRequest, raft.RequestPreVoteResponse](ctx, s.t, request[*raft.RequestPreVoteRequest]{
		method: "RequestPreVote", places: prompt, timeout: s.t.cfg.PromptTimeout,
		decode: func(string) (*raft.RequestPreVoteRequest, Words, error) {
			return preVoteRequestFromProto(in), Words{}, nil
		},
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
	resp, _, err := serve[*raft.TimeoutNowRequest, raft.TimeoutNowResponse](ctx, s.t, request[*raft.TimeoutNowRequest]{
		method: "TimeoutNow", places: prompt, timeout: s.t.cfg.PromptTimeout,
		decode: func(string) (*raft.TimeoutNowRequest, Words, error) {
			tr, err := transferFromProto(in.GetTransfer())
			return timeoutNowRequestFromProto(in), Words{Transfer: tr}, err
		},
		deliver: s.t.deliver,
	})
	if err != nil {
		return nil, err
	}
	s.t.sign(&resp.RPCHeader)
	return timeoutNowResponseToProto(resp), nil
}
