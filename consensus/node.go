package consensus

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	"google.golang.org/grpc"

	"github.com/umoja-ledger/umoja/consensus/finality"
	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/store"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Config is what a node needs to run.
type Config struct {
	// Dir holds everything the node keeps: state, raft log, signer state.
	Dir     string
	Genesis *genesis.Genesis
	// Name is the validator's. Invariant: some set names it, with Key and the TLS key of Certificate, or it joins.
	Name        string
	Key         ed25519.PrivateKey
	Certificate tls.Certificate
	// Joins says that the genesis need not name the validator: it comes, or came, by a ballot.
	Joins bool
	// Peers are the network addresses of validators, by name. What a ballot says comes before them, and Overrides before both.
	Peers, Overrides map[string]string
	// Listener takes the connections of other validators. The node closes it.
	Listener net.Listener
	// Timing is how patient raft is; the zero value is LAN.
	Timing Timing
	// Snapshots says how often raft's log is cut; the zero value is for production.
	Snapshots Snapshots
	// Store are the state store's options.
	Store store.Options
	// Log hears of what happens; nil discards it.
	Log *slog.Logger
	// Now is the node's clock; nil is time.Now.
	Now func() time.Time
	// Simulated puts the node into a simulation; nil outside of one.
	Simulated *Simulated
}

// Timing is a profile of raft's patience, by the network between the validators.
type Timing struct {
	// Heartbeat is how long a follower waits for its leader before it stands for election.
	Heartbeat time.Duration
	// Commit is how often an idle leader tells followers what is committed, should they have missed the word.
	Commit time.Duration
	// Connect bounds one attempt to connect: more than three round trips.
	Connect time.Duration
}

// Snapshots is how raft's log is kept short.
type Snapshots struct {
	// Every is how often a node looks whether a snapshot is due; 0 is 2 minutes.
	Every time.Duration
	// Threshold is how many entries make one due, and the more the larger the last one is, up to 64 times as many behind one of TrailingBytes; 0 is 8,192.
	Threshold uint64
	// Trailing is how many entries are kept behind a snapshot, for followers that were away; 0 is 10,240.
	Trailing uint64
	// TrailingBytes is how much they may take on disk, and how much more makes a snapshot due, unless a quarter of the last one is more; 0 is 256 MiB.
	TrailingBytes int64
}

// The profiles.
var (
	LAN       = Timing{Heartbeat: time.Second, Commit: 100 * time.Millisecond, Connect: time.Second}
	WAN       = Timing{Heartbeat: 3 * time.Second, Commit: 300 * time.Millisecond, Connect: 3 * time.Second}
	Satellite = Timing{Heartbeat: 10 * time.Second, Commit: time.Second, Connect: 10 * time.Second}
)

// Node is one validator: its raft member, its state and its part in finality.
type Node struct {
	name    string
	network tx.NetworkID
	key     ed25519.PrivateKey
	// tlsKeyHash is of the own certificate; addresses and overrides are the Config's.
	tlsKeyHash           [32]byte
	addresses, overrides map[string]string
	// governing is held while the parts of the node are told who the validators are.
	governing sync.Mutex
	members   atomic.Pointer[membership]
	// committedMembers is raft's configuration that was committed last, as far as it was told since the start; nil before.
	committedMembers atomic.Pointer[raft.Configuration]
	// ledAt is when this node last knew a leader, or was opened, in nanoseconds since 1970.
	ledAt atomic.Int64
	// foreseen is nil before a set to come has made something final.
	foreseen atomic.Pointer[foreseen]
	log      *slog.Logger
	now      func() time.Time

	store     *store.Store
	raftLog   *raftLog
	disk      *stallClock // of raft log and state together
	snapshots *snapshotStore
	trailing  trailing
	raft      atomic.Pointer[member] // Nil before the first.
	transport *transport.Transport
	finality  *finality.Driver
	packer    *packer

	verified *verified
	checker  *checker
	// expected are entries that have just arrived.
	expected chan []byte
	parsed   parsed
	built    atomic.Pointer[builtBatch] // Nil while none is with raft.
	outcomes *outcomes
	pending  *pending
	progress *progress
	peers    *grpc.Server
	orders   *orders
	// forwarded is what others bring while this node leads.
	forwarded *forwarded
	// grievances is the watch over the leader.
	grievances *grievances
	// owed is a checkpoint that the tree has not reached; nil when none is.
	owed atomic.Pointer[sealedNote]
	// waiters wait for transactions; progress is for everything else.
	waiters *waiters
	// turns says when batches are taken back.
	turns turns
	// given is the place in raft's log that raft has come to with this node: below the applied index while it gives again what it gave
	// before a restart.
	given atomic.Uint64
	// cuts counts the resyncs and the snapshots that took the place of the state.
	cuts atomic.Uint64
	// base is the place at which raft begins with what is final, if that is the least one (least), else 0.
	base atomic.Uint64
	// emptyAt is when a peer that has final checkpoints was last found to have no log, in nanoseconds.
	emptyAt atomic.Int64
	// refused names a peer that has not taken raft's newest snapshot.
	refused chan string
	// suspended is set while a resync is to come: no entry is applied, so that raft gives all of them again.
	suspended atomic.Bool
	astray    astray
	asides    *asides
	evidence  *evidence
	headers   *headers
	// toldCommitted is up to which entry the leader said last that all is committed; 0 is that none has said it.
	toldCommitted atomic.Uint64
	// heartbeat is how long raft waits for a leader's word.
	heartbeat time.Duration
	// joinAgain starts raft after a resync.
	joinAgain func() error
	dir       string
	// leads is who leads; never nil.
	leads atomic.Pointer[leadership]

	ctx    context.Context
	cancel context.CancelFunc
	// work counts the goroutines that Close waits for.
	work sync.WaitGroup

	// mu guards fatal, and that no work begins once ctx has ended; held for a look or a set.
	mu    sync.Mutex
	fatal error
	dead  chan struct{}

	// packerPatience is how long Close waits for the packer's batch: longer than a leader's lease.
	packerPatience time.Duration
	// simulated is the world of a simulation; nil outside of one.
	simulated *Simulated
	closing   sync.Once
	closed    error
}

// Open starts a node: it opens or founds the state, joins raft and begins to serve its peers. It is ready when Open
// returns, though it may not know a leader yet.
func Open(c Config) (_ *Node, err error) {
	n := &Node{
		name: c.Name, network: c.Genesis.Network(), key: c.Key, addresses: maps.Clone(c.Peers), overrides: maps.Clone(c.Overrides), log: c.Log, now: c.Now,
		verified: newVerified(c.Genesis.Network()), outcomes: newOutcomes(), pending: newPending(), orders: newOrders(), forwarded: newForwarded(), waiters: newWaiters(), simulated: c.Simulated,
		disk: newStallClock(), dead: make(chan struct{}),
		dir: c.Dir, astray: astray{wake: make(chan struct{}, 1), exhausted: dispute{pause: standPatience}}, refused: make(chan string, 1),
	}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	if n.now == nil {
		n.now = time.Now
	}
	if c.Timing == (Timing{}) {
		c.Timing = LAN
	}
	n.leads.Store(n.newLeadership(""))
	n.heartbeat, n.packerPatience = c.Timing.Heartbeat, 2*c.Timing.Heartbeat
	n.headers = newHeaders()
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.checker, n.expected = newChecker(n.verified, n.ctx.Done()), make(chan []byte, arrivalsAtOnce)
	n.progress = newProgress(n.ctx.Done())
	n.packer = newPacker(n)
	defer func() {
		if err != nil {
			c.closeListener()
			err = errors.Join(err, n.Close())
		}
	}()
	if n.tlsKeyHash, err = transport.CertificateHash(c.Certificate); err != nil {
		return nil, err
	}
	if err := n.openState(c); err != nil {
		return nil, err
	}
	n.grievances = n.newGrievances(c.Timing.Heartbeat)
	if err := n.openFinality(c); err != nil {
		return nil, err
	}
	if err := n.openRaft(c); err != nil {
		return nil, err
	}
	n.start(c)
	return n, nil
}

// start begins to serve and to work.
func (n *Node) start(c Config) {
	n.tellApplied()
	n.work.Go(func() {
		if n.peers == nil {
			return
		}
		if err := n.peers.Serve(c.Listener); err != nil && n.ctx.Err() == nil {
			_ = n.Fatal(fmt.Errorf("serve peers: %w", err))
		}
	})
	for range runtime.GOMAXPROCS(0) {
		n.work.Go(func() { n.checker.run() })
	}
	n.work.Go(func() { n.checkExpected(n.ctx) })
	n.work.Go(func() { n.packer.run(n.ctx) })
	n.work.Go(func() { n.followLeader(n.ctx) })
	n.work.Go(func() { n.watchDisk(n.ctx) })
	n.work.Go(func() { n.watchMembers(n.ctx) })
	n.work.Go(n.watchAstray)
	n.work.Go(n.watchRefused)
	n.work.Go(n.watchLog)
	n.work.Go(func() { n.watchSilence(n.ctx, c.Timing.Heartbeat) })
	n.work.Go(func() { n.compareHeaders(n.ctx) })
	n.work.Go(func() { n.watchLeader(n.ctx, c.Timing.Heartbeat/2) })
	n.work.Go(func() {
		if err := n.finality.Run(n.ctx); err != nil {
			_ = n.Fatal(fmt.Errorf("finality: %w", err))
		}
	})
}

// sealedNote is a checkpoint with its quorum of cosignatures.
type sealedNote struct {
	note []byte
	checkpoint.Checkpoint
}

// sealed takes a checkpoint with its quorum of cosignatures.
func (n *Node) sealed(note []byte, c checkpoint.Checkpoint) {
	n.owed.Store(&sealedNote{note, c})
	n.seal()
}

// seal stores the newest checkpoint when the tree has got there: now, or with the batch that brings it there. From then on
// its batches cannot be undone. It is called by finality and by raft's FSM; the store takes a checkpoint once.
func (n *Node) seal() {
	n.turns.sealing.Lock()
	defer n.turns.sealing.Unlock()
	owed := n.owed.Load()
	if owed == nil || n.store.Head().Size < owed.Size {
		return
	}
	if _, size, ok := n.store.Final(); !ok || size < owed.Size {
		if root, _, ok := n.rootAt(owed.Size); !ok || root != owed.Root {
			// Of a tree that an epoch is about to bring here, or this node's is not the others'. It stays owed.
			n.contradicted(checkpoint.Vote{Epoch: anyEpoch, Size: owed.Size, Root: owed.Root})
			return
		}
		if err := n.setFinal(owed); err != nil {
			return
		}
	}
	n.owed.CompareAndSwap(owed, nil)
}

// setFinal stores a checkpoint that the own tree has reached. Its batches cannot be undone from here on.
func (n *Node) setFinal(s *sealedNote) error {
	if err := n.point("seal: checkpoint not stored"); err != nil {
		return err
	}
	if err := n.disk.run(func() error { return n.store.SetFinal(s.note, s.Size, s.Root) }); err != nil {
		return n.Fatal(fmt.Errorf("store final checkpoint: %w", err))
	}
	if err := n.point("seal: checkpoint stored, nobody told"); err != nil {
		return err
	}
	n.pending.settle(s.Size, n.store.FinalHead().TimeUnixMs)
	n.waiters.final(s.Size)
	n.progress.moved()
	return nil
}

// Name is the validator's name.
func (n *Node) Name() string { return n.name }

// Network is the network's id.
func (n *Node) Network() tx.NetworkID { return n.network }

// FinalSize is the size of the final checkpoint.
func (n *Node) FinalSize() uint64 {
	_, size, _ := n.store.Final()
	return size
}
