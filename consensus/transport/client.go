package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/raft"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// lane is a purpose that has its own connection to each peer, so that its calls wait for no other's bytes.
type lane int

const (
	lanePrompt  lane = iota // heartbeats, votes, TimeoutNow
	laneBulk                // entries and snapshots
	laneService             // the node's other peer services
	lanes                   // how many there are
)

// Link carries calls to one peer.
type Link interface {
	grpc.ClientConnInterface
	io.Closer
}

type connKey struct {
	peer string
	lane lane
}

const (
	// firstBackoff and lastBackoff are the pauses between attempts to connect: a restarted peer is met again within a
	// second. The jitter comes on top of the last.
	firstBackoff = 50 * time.Millisecond
	lastBackoff  = 800 * time.Millisecond
	// keepaliveTime and keepaliveTimeout find a peer that vanished without a word while a call waits for it. An idle
	// connection sends nothing.
	keepaliveTime    = 10 * time.Second
	keepaliveTimeout = 5 * time.Second
)

// DialPeer returns the connection to another validator that the node's own peer services share. It belongs to the
// Transport, and must not be closed by the caller.
func (t *Transport) DialPeer(ctx context.Context, name string) (grpc.ClientConnInterface, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("dial %s: %w", name, err)
	}
	return t.conn(name, laneService)
}

// conn returns the connection of a lane, made but not yet connected at its first use.
func (t *Transport) conn(name string, l lane) (Link, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conns == nil {
		return nil, raft.ErrTransportShutdown
	}
	key := connKey{name, l}
	if c, ok := t.conns[key]; ok {
		return c, nil
	}
	p, err := t.directory().other(name)
	if err != nil {
		return nil, err
	}
	if p.Address == "" && t.cfg.Dial == nil {
		return nil, fmt.Errorf("%w: no address of %q is known", ErrUnknownPeer, name)
	}
	if t.cfg.Dial != nil {
		t.conns[key] = t.cfg.Dial(name)
		return t.conns[key], nil
	}
	// passthrough: the address is resolved anew at every attempt, without the pause of the dns resolver.
	c, err := grpc.NewClient("passthrough:///"+p.Address,
		grpc.WithTransportCredentials(credentials.NewTLS(clientTLS(t.cfg.Certificate, name, t.identify))),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: firstBackoff, Multiplier: 1.6, Jitter: 0.2, MaxDelay: lastBackoff},
			MinConnectTimeout: t.cfg.ConnectTimeout,
		}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime, Timeout: keepaliveTimeout}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessageBytes), grpc.MaxCallSendMsgSize(maxMessageBytes)),
		grpc.WithMaxHeaderListSize(maxHeaderBytes),
		grpc.WithDisableServiceConfig(),
		grpc.WithDisableRetry(),
		grpc.WithNoProxy(),
	)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", name, err)
	}
	t.conns[key] = c
	return c, nil
}

// hurry makes calls to a peer dial again at once: it has just shown that it is alive, and connections that failed wait up to lastBackoff.
// They are given up rather than told: grpc's ResetConnectBackoff reads a map that others write (grpc-go 1.85), which ends a process. Nothing is
// under way on a connection that has failed.
func (t *Transport) hurry(peer string) {
	t.hangUp(peer, func(c Link) bool {
		conn, ok := c.(*grpc.ClientConn)
		return ok && conn.GetState() == connectivity.TransientFailure
	})
}

// call makes one unary call, with the words that go with it, and judges the answer. A peer that does not know yet that this
// node was elected is shown the certificate and asked again at once. The number of calls in flight is raft's: one append
// and one heartbeat to each peer, one vote for each election, each ended by its deadline.
func call[Out any](t *Transport, id raft.ServerID, addr raft.ServerAddress, l lane, timeout time.Duration, command any,
	invoke func(context.Context, peerv1.RaftServiceClient, Words) (*Out, Words, error)) (*Out, error) {
	client, err := t.client(id, addr, l)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(t.ctx, timeout)
	defer cancel()
	for again := 0; ; again++ {
		words, err := t.filter.Outgoing(time.Now(), string(id), command)
		if err != nil {
			return nil, fmt.Errorf("call %s: %w", id, err)
		}
		out, said, err := invoke(ctx, client, words)
		if err != nil {
			err = t.callFailed(id, err)
			t.filter.Failed(string(id), err)
			if errors.Is(err, ErrUncertified) && again < 2 && t.filter.elected(command) {
				continue
			}
			return nil, err
		}
		if err := t.checkAnswer(string(id), command, out, said); err != nil {
			return nil, err
		}
		return out, nil
	}
}

// client finds the connection for a raft call. Id and address are the same name; anything else is a raft configuration
// that this transport did not let through.
func (t *Transport) client(id raft.ServerID, addr raft.ServerAddress, l lane) (peerv1.RaftServiceClient, error) {
	if string(id) != string(addr) {
		return nil, fmt.Errorf("%w: id %q at address %q", ErrUnknownPeer, id, addr)
	}
	c, err := t.conn(string(id), l)
	if err != nil {
		return nil, err
	}
	return peerv1.NewRaftServiceClient(c), nil
}

// callFailed tells a call that the transport's end cut short from one that the peer refused.
func (t *Transport) callFailed(id raft.ServerID, err error) error {
	if t.ctx.Err() != nil {
		return raft.ErrTransportShutdown
	}
	return fromStatus(string(id), err)
}

// checkAnswer judges a response.
func (t *Transport) checkAnswer(peer string, command, response any, words Words) error {
	if err := t.filter.Answered(time.Now(), peer, command, response, words); err != nil {
		t.refusals.add(peer, "answer", err)
		return fmt.Errorf("call %s: %w", peer, err)
	}
	return nil
}

// AppendEntries replicates entries, or beats the heart when there is nothing but a term to say. It may shorten
// args.Entries; see trimEntries.
func (t *Transport) AppendEntries(id raft.ServerID, addr raft.ServerAddress, args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	if isHeartbeat(args) {
		return t.beat(id, addr, args, resp)
	}
	size := trimEntries(args, t.cfg.AppendBudget)
	timeout := t.cfg.AppendTimeout + time.Duration(size)*time.Second/slowestLink
	out, err := t.append(id, addr, args, timeout)
	if err != nil {
		return err
	}
	if out.Success {
		t.took(string(id), args)
	} else if out.LastLog == 0 && t.filter.local.OnEmptyLog != nil {
		t.filter.local.OnEmptyLog(string(id))
	}
	*resp = *out
	return nil
}

// trimEntries cuts an append to its byte budget and returns the bytes left. Raft limits the number of entries only, and
// a request that is too large would be refused and built again for ever. It is sound to shorten the request in place:
// raft (v1.7.3, replicateTo) takes the follower's progress from args.Entries after the call, and goes on from there.
// One entry always stays.
func trimEntries(args *raft.AppendEntriesRequest, budget int) int {
	total := 0
	for i, e := range args.Entries {
		size := len(e.Data) + len(e.Extensions)
		if i > 0 && total+size > budget {
			args.Entries = args.Entries[:i]
			break
		}
		total += size
	}
	return total
}

func (t *Transport) beat(id raft.ServerID, addr raft.ServerAddress, args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	out, err := call(t, id, addr, lanePrompt, t.cfg.PromptTimeout, args,
		func(ctx context.Context, c peerv1.RaftServiceClient, words Words) (*raft.AppendEntriesResponse, Words, error) {
			in := heartbeatRequestToProto(args)
			in.Certificate = certificateToProto(words.Certificate)
			answer, err := c.Heartbeat(ctx, in)
			return heartbeatResponseFromProto(answer), Words{}, err
		})
	if err != nil {
		return err
	}
	*resp = *out
	return nil
}

// RequestVote asks a peer for its vote.
func (t *Transport) RequestVote(id raft.ServerID, addr raft.ServerAddress, args *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	out, err := call(t, id, addr, lanePrompt, t.cfg.PromptTimeout, args,
		func(ctx context.Context, c peerv1.RaftServiceClient, words Words) (*raft.RequestVoteResponse, Words, error) {
			in := voteRequestToProto(args)
			in.Transfer = transferToProto(words.Transfer)
			answer, err := c.RequestVote(ctx, in)
			var said Words
			if sig := answer.GetSignature(); err == nil && len(sig) == 64 {
				said.Signature = (*[64]byte)(sig)
			}
			return voteResponseFromProto(answer), said, err
		})
	if err != nil {
		return err
	}
	*resp = *out
	return nil
}

// RequestPreVote asks a peer whether it would vote.
func (t *Transport) RequestPreVote(id raft.ServerID, addr raft.ServerAddress, args *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	out, err := call(t, id, addr, lanePrompt, t.cfg.PromptTimeout, args,
		func(ctx context.Context, c peerv1.RaftServiceClient, _ Words) (*raft.RequestPreVoteResponse, Words, error) {
			answer, err := c.RequestPreVote(ctx, preVoteRequestToProto(args))
			return preVoteResponseFromProto(answer), Words{}, err
		})
	if err != nil {
		return err
	}
	*resp = *out
	return nil
}

// TimeoutNow tells a peer to call an election.
func (t *Transport) TimeoutNow(id raft.ServerID, addr raft.ServerAddress, args *raft.TimeoutNowRequest, resp *raft.TimeoutNowResponse) error {
	out, err := call(t, id, addr, lanePrompt, t.cfg.PromptTimeout, args,
		func(ctx context.Context, c peerv1.RaftServiceClient, words Words) (*raft.TimeoutNowResponse, Words, error) {
			in := timeoutNowRequestToProto(args)
			in.Transfer = transferToProto(words.Transfer)
			answer, err := c.TimeoutNow(ctx, in)
			return timeoutNowResponseFromProto(answer), Words{}, err
		})
	if err != nil {
		return err
	}
	*resp = *out
	return nil
}
