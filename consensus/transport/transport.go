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
// A validator's name is its raft id and also its raft address. Network addresses are the node's to say (Config, SetPeers), so the
// raft log and its configurations say nothing that changes with a port. The validators may change while the Transport lives: SetPeers.
//
// # What it promises
//
//   - Who is not a validator does not get past the TLS handshake: the certificate's key must be pinned in the Config, and
//     on the calling side be the very peer dialled. Names and dates in certificates mean nothing.
//   - Nothing reaches raft that does not name, as its sender, the validator whose key the connection proved, in requests and
//     in answers.
//   - Nothing reaches raft that raft would panic on or store unread: see rules.go. A refusal is an error with a sentinel of
//     errors.go, which both sides can tell by errors.Is.
//   - Only who was elected speaks for a term. A granted vote is signed over network, term, candidate and the candidate's last
//     entry; a leader shows the votes of a majority with its appends, heartbeats and snapshots until the peer has answered
//     once. Votes of whom this node does not know count for nothing. Without enough they are dropped. With them a node that was cut off for days follows at once, however far the term.
//   - A term has one leader here: the first whose election was proved. Two votes of one validator in a term are given out
//     as evidence (Local.OnEvidence) that anybody can check with the validator set.
//   - What is committed here is not replaced by an append (commitGuard). One that contradicts it is reported
//     (Local.OnConflict).
//   - No single peer moves the term far: not by requests or answers, beyond a window from where honest ones are (terms.go), not by the flag of a
//     transfer, and a leader gives up at its answers only now and then. Terms that came apart come together by what is answered.
//   - Every call has a deadline, every message a size, every peer a number of calls in flight and a rate of all that could be
//     done in a loop, in both directions (limits.go). A call to a dead peer fails at once as soon as one attempt to connect
//     has failed.
//   - A follower learns what is committed from the leader at once (Transport.Committed), as far as it has confirmed it.
//
// # How the parts meet
//
// Filter is the step machine that all requests and answers pass. What it decides on is gathered into facts, and the rules
// (rules.go, guard.go) are pure functions of request, peer and facts. Its memory is the book of elections (book.go), the
// claims of terms (terms.go) and the allowances (limits.go): all in memory and bounded. A restart forgets them, and loses
// nothing: raft itself persists term and vote, leaders show their certificates again, and Local.CommitIndex knows what the
// state has applied. The rest of the package is the wire.
//
// # What it leaves to others
//
// An elected leader can still lie about what is committed: what raft applies is tentative, and finality finds out. It can
// stall or censor: when enough others complain, the node calls Drop, and an ordinary election follows. It can propose
// entries that are void: the ledger judges these. Whether a snapshot's content is true is for the snapshot store, whose sink
// may refuse before raft touches anything. A validator that lost its raft folder and comes back may vote in a term in which
// it has voted already; so it counts as one that lies, as one that lost its signer's state does.
//
// # Decisions
//
// The flag of a leadership transfer, which makes raft vote against a leader that it knows, counts only with the signed word
// of the certified leader of the current term, for this candidate and the next term: the leader sends it with TimeoutNow, and
// the candidate shows it to the voters. Otherwise the flag is cleared and not the request refused: the rest is an ordinary
// request, which an honest candidate may still win if the leader has gone meanwhile, and which raft refuses if it has not.
//
// A validator that votes twice does not harm whom others elected by its vote: the certificate that comes first is followed,
// and the voter is named. To refuse it would let one liar cut an honest leader off from whoever it also voted for. Only a
// vote for this node that is known to be the second one is not counted.
//
// A majority of raft's voters elects, counted among all validators: raft counts so, and who lies is excluded by the
// rules above and not by a larger quorum. With seven or more validators and two liars, two candidates can have a
// majority each; each node follows the first, and the certificates together name the liars.
//
// A peer's word for a higher term in its answers makes raft's leader give up, so it counts four times at once and then once
// in Limits.SnapshotPause, unless enough peers say it that one of them is honest. An honest follower that is alone in a
// higher term so waits half a minute at worst.
//
// Committed entries that a snapshot covers cannot be compared. They are taken off the front of an append instead of being
// refused, since an honest leader repeats them when an answer was lost.
//
// An interrupted snapshot goes on where it stopped: the follower keeps the frames in a file (spool.go) and names the hash of
// what it has; the leader goes on only if its own bytes have the same. So nothing depends on names or sizes being the same
// snapshot, nor on the file having survived a crash. Raft is given the snapshot when it is whole, and never waits for the
// network in its main loop. Cost: it is written to disk once more, and what is wrong in its content is found only then; a
// leader that was elected can make a follower keep as much as Limits.SnapshotBytes, at Limits.BytesPerSecond.
//
// A snapshot may end behind what is committed here: the commit guard then begins anew. Only what is final decides whether it is
// stale, and the snapshot store knows that. To refuse it would lock a node out for good that has taken a snapshot under a
// raft index that a liar made up.
//
// A snapshot may not end more than 2^44 entries beyond what is committed here. Its index is the leader's word: nobody signs
// raft's numbers. A leader that was elected and lies may use up that much of their range each time, and no more.
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
	// Left says that it has left the validator set, and is a member of raft until raft has caught up: nobody elects or follows it who has had a leader lately.
	Left bool
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
	cfg    Config
	filter *Filter
	// known are the validators, with the room of each; replaced whole.
	known    atomic.Pointer[acquaintance]
	refusals *refusalLog
	incoming *incomingConns
	// turn lets one request at a time change the log, from the moment it is judged until raft has answered: what the commit
	// guard has seen is still so when raft acts. Raft's main loop takes them one by one anyway.
	turn chan struct{}
	// anew holds the peers whose next snapshot begins at its beginning.
	anew sync.Map

	// door hands requests to raft's main loop.
	door      atomic.Pointer[door]
	heartbeat atomic.Pointer[func(raft.RPC)]

	// committed is about commitWord.
	committed committed

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
	for _, p := range cfg.Peers {
		if p.Address == "" && p.Name != cfg.Name {
			return nil, fmt.Errorf("%w: peer %q has no address", ErrConfig, p.Name)
		}
	}
	filter, err := NewFilter(cfg.Network, cfg.Name, cfg.Key, d.keys(), cfg.Local, cfg.Limits)
	if err != nil {
		return nil, err
	}
	t := &Transport{
		cfg:      cfg,
		filter:   filter,
		refusals: newRefusalLog(cfg.Logger),
		incoming: newIncomingConns(),
		turn:     make(chan struct{}, 1),
		conns:    make(map[connKey]Link),
	}
	t.door.Store(newDoor())
	t.known.Store(newAcquaintance(d, cfg.SpoolDir, nil))
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
func (t *Transport) Consumer() <-chan raft.RPC { return t.door.Load().requests }

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

// Drop makes this node refuse to follow or elect a validator for a while; see Filter.Drop.
func (t *Transport) Drop(leader string, patience time.Duration) {
	t.filter.Drop(time.Now(), leader, patience)
}

// ResetCommitGuard forgets how far the log was committed (see Filter.ResetCommitGuard), and turns away what was judged by that and waits for raft, which does
// not run meanwhile.
func (t *Transport) ResetCommitGuard() {
	t.filter.ResetCommitGuard()
	close(t.door.Swap(newDoor()).shut)
}

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
