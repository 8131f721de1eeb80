// Package transport carries hashicorp/raft between validators that do not trust each other: gRPC over mutual TLS 1.3,
// with a filter between the wire and raft.
//
// # The life of a Transport
//
// New checks the configuration and opens nothing. The node makes a gRPC server with ServerOptions, calls Register, adds
// its other peer services, and serves; then it gives the Transport to raft.NewRaft. Outgoing connections are made at the
// first call to a peer and kept, three to each peer so that none waits behind another: heartbeats and votes; entries and
// snapshots; the node's other services (DialPeer). A connection that breaks is made again by the next call after it, at
// most a second apart. Close ends all calls in both directions. One Transport serves one raft instance: raft closes it at
// the end of Shutdown. A node that stops while a snapshot is coming in closes the Transport or stops its server first,
// for raft's own shutdown waits for the reader of the snapshot.
//
// # Names
//
// A validator's name is its raft id and also its raft address. Network addresses are in the Config alone, so the raft
// log and its configurations say nothing that changes with a port.
//
// # What it promises
//
//   - Who is not a validator does not get past the TLS handshake: the certificate's key must be pinned in the Config, and
//     on the calling side be the very peer dialled. Names and dates in certificates mean nothing.
//   - Nothing reaches raft that does not name, as its sender, the validator whose key the connection proved.
//   - Nothing reaches raft that raft would panic on or store unread: see filter.go. A refusal is an error with a sentinel of
//     errors.go, which both sides can tell by errors.Is.
//   - Every call has a deadline, every message a size, every peer a number of calls in flight. A call to a dead peer fails
//     at once as soon as one attempt to connect has failed.
//   - An answer is judged like a request: by its sender's name and its term.
//
// # What it leaves to others
//
// It does not know whether a leader was elected, whether an entry replaces a committed one, or whether a snapshot's
// content is true. The first two will be further facts of the filter; the last is for the snapshot store, whose sink may
// refuse before raft touches anything. A validator may still ask for votes with the flag of a leadership transfer.
//
// # Decisions
//
// No pipelining: hashicorp/raft #612 can wedge a follower for ever, and unary calls with large batches cost one round
// trip each. Appends are cut to a byte budget here, since raft counts entries only (see trimEntries). A panic in raft's
// heartbeat path is not recovered: raft panics when it cannot store its term, and then the process must end.
package transport

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Peer is a validator as its public record describes it.
type Peer struct {
	// Name is its raft id and its raft address.
	Name string
	// Address is where its peer server listens, host and port. It may be empty for the node itself.
	Address string
	// TLSKeyHash is KeyHash of its TLS certificate.
	TLSKeyHash [32]byte
	// Key verifies its votes.
	Key [32]byte
}

// Config says who this node is, whom it knows, and how patient it is. A zero limit or timeout takes the default named.
type Config struct {
	// Name is the node's own name. Invariant: one of Peers.
	Name string
	// Certificate holds the node's TLS key (NewCertificate). Invariant: its key is the one pinned for Name.
	Certificate tls.Certificate
	// Network is what votes are signed for.
	Network tx.NetworkID
	// Key is the node's signing key. Invariant: it is the one that Peers name.
	Key ed25519.PrivateKey
	// Peers are all validators, the node itself included. Invariant: names and keys are distinct.
	Peers []Peer

	// ConnectTimeout bounds one attempt to connect; 1 s. It must exceed three round trips of the slowest link.
	ConnectTimeout time.Duration
	// PromptTimeout bounds a heartbeat, a vote and TimeoutNow; 2 s.
	PromptTimeout time.Duration
	// AppendTimeout bounds an append, over the time its bytes need on a slow link; 10 s. Invariant: not below raft's
	// HeartbeatTimeout.
	AppendTimeout time.Duration
	// FrameTimeout bounds each frame of a snapshot; 60 s, which is 256 KiB at less than 64 kbit/s.
	FrameTimeout time.Duration
	// InstallTimeout bounds the follower's work after the last frame of a snapshot; 10 min.
	InstallTimeout time.Duration

	// AppendBudget is how many bytes of entries one outgoing append carries, unless its first entry alone is larger;
	// 512 KiB.
	AppendBudget int
	// SpoolDir is where incoming snapshots are kept until they are whole; it is made at the first. Invariant: this node's
	// own, and on a disk with room for a snapshot.
	SpoolDir string
	// Limits bounds what each peer may send.
	Limits Limits
	// Local is what the filter asks of the node.
	Local Local

	// Dial makes the links to other validators; nil is TLS connections to their addresses. Simulations give their own: then the
	// node serves without ServerOptions, and the context of each call must name the peer's certificate as TLS does.
	Dial func(peer string) Link

	// Logger takes refusals, at most one line a second for each peer; nil discards them.
	Logger *slog.Logger
}

const (
	// maxMessageBytes bounds a gRPC message in both directions.
	maxMessageBytes = 8 << 20
	// maxEntryBytes bounds the entries of an incoming append, with room for framing below maxMessageBytes.
	maxEntryBytes = 4 << 20
	// maxBudget keeps an outgoing append within what a peer accepts.
	maxBudget = maxEntryBytes
	// slowestLink is the bytes a second that deadlines allow for: 64 kbit/s.
	slowestLink = 8 << 10
)

// withDefaults fills in what is zero and refuses what is negative or too large.
func (c Config) withDefaults() (Config, error) {
	for _, d := range []struct {
		name  string
		value *time.Duration
		zero  time.Duration
	}{
		{"ConnectTimeout", &c.ConnectTimeout, time.Second},
		{"PromptTimeout", &c.PromptTimeout, 2 * time.Second},
		{"AppendTimeout", &c.AppendTimeout, 10 * time.Second},
		{"FrameTimeout", &c.FrameTimeout, time.Minute},
		{"InstallTimeout", &c.InstallTimeout, 10 * time.Minute},
	} {
		if *d.value < 0 {
			return c, fmt.Errorf("%w: %s is negative", ErrConfig, d.name)
		}
		if *d.value == 0 {
			*d.value = d.zero
		}
	}
	if c.AppendBudget < 0 || c.AppendBudget > maxBudget {
		return c, fmt.Errorf("%w: AppendBudget is %d, want at most %d", ErrConfig, c.AppendBudget, maxBudget)
	}
	if c.SpoolDir == "" {
		return c, fmt.Errorf("%w: SpoolDir is empty", ErrConfig)
	}
	if c.AppendBudget == 0 {
		c.AppendBudget = 512 << 10
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Transport is one validator's end of raft's calls. All its methods may be called at once.
type Transport struct {
	cfg       Config
	directory *directory
	filter    *Filter
	rooms     map[string]*room
	refusals  *refusalLog
	incoming  *incomingConns
	// turn lets one request at a time change the log, from the moment it is judged until raft has answered: what the commit
	// guard has seen is still so when raft acts. Raft's main loop takes them one by one anyway.
	turn chan struct{}
	// anew holds the peers whose next snapshot begins at its beginning.
	anew sync.Map

	// consumer hands requests to raft's main loop. It has no buffer, so a request whose caller gave up is never handed on.
	consumer  chan raft.RPC
	heartbeat atomic.Pointer[func(raft.RPC)]

	// ctx ends with Close, and every call in both directions with it.
	ctx    context.Context
	cancel context.CancelFunc

	// mu guards conns, which is nil after Close. It is held while a connection is set up, which does no I/O.
	mu    sync.Mutex
	conns map[connKey]Link
}

var (
	_ raft.Transport   = (*Transport)(nil)
	_ raft.WithPreVote = (*Transport)(nil)
	_ raft.WithClose   = (*Transport)(nil)
	_ io.Closer        = (*Transport)(nil)
)

// New makes a transport. It opens no connection and starts no goroutine.
func New(cfg Config) (*Transport, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	d, err := newDirectory(cfg.Name, cfg.Certificate, cfg.Peers)
	if err != nil {
		return nil, err
	}
	filter, err := NewFilter(cfg.Network, cfg.Name, cfg.Key, d.keys(), cfg.Local, cfg.Limits)
	if err != nil {
		return nil, err
	}
	t := &Transport{
		cfg:       cfg,
		directory: d,
		filter:    filter,
		rooms:     make(map[string]*room, len(cfg.Peers)),
		refusals:  newRefusalLog(cfg.Logger),
		incoming:  newIncomingConns(),
		turn:      make(chan struct{}, 1),
		consumer:  make(chan raft.RPC),
		conns:     make(map[connKey]Link),
	}
	for name := range d.byName {
		t.rooms[name] = newRoom(cfg.SpoolDir, name)
	}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t, nil
}

// Close ends every call in flight and closes the connections that DialPeer gave out too. The gRPC server is the node's to
// stop. Closing twice is allowed.
func (t *Transport) Close() error {
	t.cancel()
	t.mu.Lock()
	conns := t.conns
	t.conns = nil
	t.mu.Unlock()
	for _, c := range conns {
		// The only error of Close is that it was closed before.
		_ = c.Close()
	}
	return nil
}

// Consumer is where raft takes its requests from.
func (t *Transport) Consumer() <-chan raft.RPC { return t.consumer }

// LocalAddr is the node's own name.
func (t *Transport) LocalAddr() raft.ServerAddress { return raft.ServerAddress(t.cfg.Name) }

// EncodePeer writes a name as raft's messages carry it.
func (t *Transport) EncodePeer(_ raft.ServerID, addr raft.ServerAddress) []byte { return []byte(addr) }

// DecodePeer reads it back.
func (t *Transport) DecodePeer(buf []byte) raft.ServerAddress { return raft.ServerAddress(buf) }

// SetHeartbeatHandler takes raft's way around its main loop.
func (t *Transport) SetHeartbeatHandler(handler func(raft.RPC)) {
	if handler == nil {
		t.heartbeat.Store(nil)
		return
	}
	t.heartbeat.Store(&handler)
}

// AppendEntriesPipeline says that there is none; see the package comment.
func (t *Transport) AppendEntriesPipeline(raft.ServerID, raft.ServerAddress) (raft.AppendPipeline, error) {
	return nil, raft.ErrPipelineReplicationNotSupported
}

// Drop makes this node refuse to follow or elect a validator up to and including a term; see Filter.Drop.
func (t *Transport) Drop(leader string, untilTerm uint64) { t.filter.Drop(leader, untilTerm) }

// ResetCommitGuard forgets how far the log was committed; see Filter.ResetCommitGuard.
func (t *Transport) ResetCommitGuard() { t.filter.ResetCommitGuard() }

// refusalLog writes at most one line a second for each peer, so that a peer cannot fill the disk.
type refusalLog struct {
	logger *slog.Logger
	// mu guards the rest; it is held for map operations only.
	mu   sync.Mutex
	next map[string]time.Time
	kept map[string]int
}

func newRefusalLog(logger *slog.Logger) *refusalLog {
	return &refusalLog{logger: logger, next: make(map[string]time.Time), kept: make(map[string]int)}
}

// add notes a refusal. who is a validator's name or a constant, so the maps are bounded.
func (l *refusalLog) add(who, method string, err error) {
	now := time.Now()
	l.mu.Lock()
	if now.Before(l.next[who]) {
		l.kept[who]++
		l.mu.Unlock()
		return
	}
	kept := l.kept[who]
	l.kept[who], l.next[who] = 0, now.Add(time.Second)
	l.mu.Unlock()
	l.logger.Warn("refused a raft peer", "peer", who, "method", method, "err", err, "unlogged", kept)
}
