package consensus

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"time"

	"github.com/hashicorp/raft"
	"google.golang.org/grpc"

	"github.com/umoja-ledger/umoja/consensus/finality"
	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/store"
	"github.com/umoja-ledger/umoja/ledger/tx"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// Config is what a node needs to run.
type Config struct {
	// Dir holds everything the node keeps: state, raft log, signer state.
	Dir     string
	Genesis *genesis.Genesis
	// Name is the validator's. Invariant: in the genesis set, with Key and the TLS key of Certificate.
	Name        string
	Key         ed25519.PrivateKey
	Certificate tls.Certificate
	// Peers are the network addresses of all validators, by name.
	Peers map[string]string
	// Listener takes the connections of other validators. The node closes it.
	Listener net.Listener
	// Timing is how patient raft is; the zero value is LAN.
	Timing Timing
	// Snapshots says how often raft's log is cut; the zero value is for production.
	Snapshots Snapshots
	// Store are the state store's options.
	Store store.Options
	Log   *slog.Logger
	// Now is the node's clock; nil is time.Now.
	Now func() time.Time
}

// Timing is a profile of raft's patience, by the network between the validators.
type Timing struct {
	// Heartbeat is how long a follower waits for its leader before it stands for election.
	Heartbeat time.Duration
	// Commit is how long a leader waits for more before it tells followers what is committed.
	Commit time.Duration
	// Connect bounds one attempt to connect: more than three round trips.
	Connect time.Duration
}

// Snapshots is how raft's log is kept short.
type Snapshots struct {
	// Every is how often a node looks whether a snapshot is due; 0 is 2 minutes.
	Every time.Duration
	// Threshold is how many entries make one due; 0 is 8,192.
	Threshold uint64
	// Trailing is how many entries are kept behind a snapshot, for followers that were away; 0 is 10,240.
	Trailing uint64
}

// The profiles.
var (
	LAN       = Timing{Heartbeat: time.Second, Commit: 25 * time.Millisecond, Connect: time.Second}
	WAN       = Timing{Heartbeat: 3 * time.Second, Commit: 100 * time.Millisecond, Connect: 3 * time.Second}
	Satellite = Timing{Heartbeat: 10 * time.Second, Commit: 400 * time.Millisecond, Connect: 10 * time.Second}
)

// Node is one validator: its raft member, its state and its part in finality.
type Node struct {
	name    string
	network tx.NetworkID
	set     checkpoint.ValidatorSet
	key     ed25519.PrivateKey
	log     *slog.Logger
	now     func() time.Time

	store     *store.Store
	raftLog   *raftLog
	raft      *raft.Raft
	transport *transport.Transport
	finality  *finality.Driver
	packer    *packer

	verified *verified
	outcomes *outcomes
	pending  *pending
	progress *progress
	peers    *grpc.Server
	// background holds a place for each submission that nobody waits for.
	background chan struct{}

	ctx    context.Context
	cancel context.CancelFunc
	// work counts the goroutines that Close waits for.
	work sync.WaitGroup

	// mu guards fatal; held for a look or a set.
	mu    sync.Mutex
	fatal error
	dead  chan struct{}
}

// maxBackground bounds the submissions that nobody waits for.
const maxBackground = 1024

// Open starts a node: it opens or founds the state, joins raft and begins to serve its peers. It is ready when Open
// returns, though it may not know a leader yet.
func Open(c Config) (_ *Node, err error) {
	n := &Node{
		name: c.Name, network: c.Genesis.Network(), set: c.Genesis.ValidatorSet(), key: c.Key, log: c.Log, now: c.Now,
		verified: newVerified(c.Genesis.Network()), outcomes: newOutcomes(), pending: newPending(), progress: newProgress(),
		background: make(chan struct{}, maxBackground), dead: make(chan struct{}),
	}
	if n.now == nil {
		n.now = time.Now
	}
	if c.Timing == (Timing{}) {
		c.Timing = LAN
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.packer = newPacker(n)
	defer func() {
		if err != nil {
			c.Listener.Close()
			err = errors.Join(err, n.Close())
		}
	}()
	if err := n.openState(c); err != nil {
		return nil, err
	}
	if err := n.openFinality(c); err != nil {
		return nil, err
	}
	if err := n.openRaft(c); err != nil {
		return nil, err
	}
	n.start(c)
	return n, nil
}

// openState opens the store and founds it if it is new.
func (n *Node) openState(c Config) error {
	self, ok := n.set.Find(c.Name)
	if !ok {
		return fmt.Errorf("validator %q is not in the genesis", c.Name)
	}
	if string(self.Key[:]) != string(c.Key.Public().(ed25519.PublicKey)) {
		return fmt.Errorf("the signing key is not the one that the genesis names for %q", c.Name)
	}
	s, err := store.Open(filepath.Join(c.Dir, "state"), c.Store)
	if err != nil {
		return err
	}
	n.store = s
	if !s.Founded() {
		fx, err := ledger.Found(c.Genesis)
		if err != nil {
			return err
		}
		return s.Found(n.network, fx)
	}
	return s.CheckNetwork(n.network)
}

// openFinality opens the signer's state. It is made together with the state store and never again: a validator that lost
// it must not sign, since it cannot know what it signed.
func (n *Node) openFinality(c Config) error {
	path := filepath.Join(c.Dir, "signer.state")
	identity := finality.Identity{Network: n.network, Name: n.name, Key: [32]byte(n.key.Public().(ed25519.PublicKey))}
	file, err := finality.OpenStateFile(path, identity)
	if errors.Is(err, finality.ErrNoState) && n.store.Head().Batch == 0 {
		file, err = finality.CreateStateFile(path, identity)
	}
	if err != nil {
		return err
	}
	peers := make(map[string]finality.Peer)
	for _, v := range n.set {
		if v.Name != n.name {
			peers[v.Name] = finality.PeerFunc(func(ctx context.Context, req *peerv1.ExchangeRequest) (*peerv1.ExchangeResponse, error) {
				peer, err := n.peer(ctx, v.Name)
				if err != nil {
					return nil, err
				}
				return peer.Exchange(ctx, req)
			})
		}
	}
	n.finality, err = finality.NewDriver(finality.DriverConfig{
		Config: finality.Config{Network: n.network, Validators: n.set, Name: n.name, Key: n.key, RootAt: n.rootAt},
		File:   file, Peers: peers,
		NowUnixS: func() uint64 { return uint64(n.now().Unix()) },
		OnFinal:  func(c checkpoint.Checkpoint) { n.log.Debug("final", "size", c.Size) },
		OnSealed: n.sealed,
		OnEvidence: func(e finality.Evidence) {
			n.log.Error("a validator contradicts itself", "evidence", fmt.Sprintf("%+v", e))
		},
		OnHalt: func(err error) { n.log.Error("this validator signs nothing more", "reason", err) },
	})
	return err
}

// rootAt is the root of this node's own tree at the end of a batch.
func (n *Node) rootAt(size uint64) ([32]byte, bool) {
	if head := n.store.Head(); head.Size == size {
		return head.Root, true
	}
	if size == 0 || !n.store.IsBoundary(size) {
		return [32]byte{}, false
	}
	root, err := n.store.Root(size)
	return root, err == nil
}

// openRaft opens log and snapshots and joins the group.
func (n *Node) openRaft(c Config) error {
	logger := newRaftLogger(n.log)
	var err error
	if n.raftLog, err = openLog(c.Dir, logger, func(err error) { _ = n.Fatal(err) }); err != nil {
		return err
	}
	snapshots, err := raft.NewFileSnapshotStoreWithLogger(filepath.Join(c.Dir, "raft"), 2, logger)
	if err != nil {
		return fmt.Errorf("open raft snapshots: %w", err)
	}
	var peers []transport.Peer
	var servers []raft.Server
	for _, v := range n.set {
		peers = append(peers, transport.Peer{Name: v.Name, Address: c.Peers[v.Name], TLSKeyHash: v.TLSKeyHash})
		servers = append(servers, raft.Server{ID: raft.ServerID(v.Name), Address: raft.ServerAddress(v.Name)})
	}
	n.transport, err = transport.New(transport.Config{
		Name: n.name, Certificate: c.Certificate, Peers: peers, Logger: n.log, LocalTerm: n.term, Leader: n.Leader,
		ConnectTimeout: c.Timing.Connect,
	})
	if err != nil {
		return err
	}
	config := raft.DefaultConfig()
	config.LocalID = raft.ServerID(n.name)
	config.HeartbeatTimeout, config.ElectionTimeout = c.Timing.Heartbeat, c.Timing.Heartbeat
	config.LeaderLeaseTimeout = c.Timing.Heartbeat / 2
	config.CommitTimeout = c.Timing.Commit
	config.MaxAppendEntries = 16
	config.Logger = logger
	if c.Snapshots != (Snapshots{}) {
		config.SnapshotInterval, config.SnapshotThreshold, config.TrailingLogs = c.Snapshots.Every, c.Snapshots.Threshold, c.Snapshots.Trailing
	}
	// The state is on disk already: a snapshot is restored at start only when it is ahead of the state.
	config.NoSnapshotRestoreOnStart = true
	if list, err := snapshots.List(); err != nil {
		return fmt.Errorf("list raft snapshots: %w", err)
	} else if index, _ := n.store.Applied(); len(list) > 0 && list[0].Index > index {
		config.NoSnapshotRestoreOnStart = false
	}
	existing, err := raft.HasExistingState(n.raftLog, n.raftLog, snapshots)
	if err != nil {
		return fmt.Errorf("look for raft state: %w", err)
	}
	if !existing {
		if index, _ := n.store.Applied(); index > 0 {
			return fmt.Errorf("the raft log in %s is gone but the state is not: restore the folder, or remove all of it and let the validator catch up as a new one", c.Dir)
		}
		// Every validator of the genesis starts from the same configuration.
		if err := raft.BootstrapCluster(config, n.raftLog, n.raftLog, snapshots, n.transport, raft.Configuration{Servers: servers}); err != nil {
			return fmt.Errorf("bootstrap raft: %w", err)
		}
	}
	n.peers = grpc.NewServer(n.transport.ServerOptions()...)
	n.transport.Register(n.peers)
	peerv1.RegisterPeerServiceServer(n.peers, peerServer{node: n})
	r, err := raft.NewRaft(config, fsm{n}, n.raftLog, n.raftLog, snapshots, n.transport)
	if err != nil {
		return fmt.Errorf("start raft: %w", err)
	}
	n.mu.Lock()
	n.raft = r
	n.mu.Unlock()
	return nil
}

// start begins to serve and to work.
func (n *Node) start(c Config) {
	head := n.store.Head()
	n.finality.Applied(head.Size, head.Root)
	n.work.Go(func() {
		if err := n.peers.Serve(c.Listener); err != nil && n.ctx.Err() == nil {
			_ = n.Fatal(fmt.Errorf("serve peers: %w", err))
		}
	})
	n.work.Go(func() { n.packer.run(n.ctx) })
	n.work.Go(func() { n.followLeader(n.ctx) })
	n.work.Go(func() { n.watchDisk(n.ctx) })
	n.work.Go(func() {
		if err := n.finality.Run(n.ctx); err != nil {
			_ = n.Fatal(fmt.Errorf("finality: %w", err))
		}
	})
}

// sealed stores a checkpoint with its quorum of cosignatures. From here on its batches cannot be undone.
func (n *Node) sealed(note []byte, c checkpoint.Checkpoint) {
	if _, size, ok := n.store.Final(); ok && size >= c.Size {
		return
	}
	if n.store.Head().Size < c.Size {
		return // Told again when the tree has got there.
	}
	if err := n.store.SetFinal(note, c.Size, c.Root); err != nil {
		_ = n.Fatal(fmt.Errorf("store final checkpoint: %w", err))
		return
	}
	n.pending.settle(c.Size, n.store.FinalHead().TimeUnixMs)
	n.progress.moved()
}

// followLeader tells finality who leads.
func (n *Node) followLeader(ctx context.Context) {
	observations := make(chan raft.Observation, 16)
	observer := raft.NewObserver(observations, false, func(o *raft.Observation) bool {
		switch o.Data.(type) {
		case raft.LeaderObservation, raft.RaftState:
			return true
		}
		return false
	})
	n.raft.RegisterObserver(observer)
	defer n.raft.DeregisterObserver(observer)
	again := time.NewTicker(250 * time.Millisecond)
	defer again.Stop()
	var leader string
	var term uint64
	for {
		if l, t := n.Leader(), n.term(); l != leader || t != term {
			leader, term = l, t
			if leader == n.name {
				n.finality.Leading(term)
			} else {
				n.finality.Following(leader, term)
			}
			n.log.Info("leader", "name", leader, "term", term)
		}
		select {
		case <-observations:
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// diskPatience is how long one write to the raft log may take. A leader whose disk hangs keeps its place, since its
// heartbeats go on; so it must end.
const diskPatience = 20 * time.Second

func (n *Node) watchDisk(ctx context.Context) {
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		select {
		case <-again.C:
			if for_ := n.raftLog.stalled(time.Now()); for_ > diskPatience {
				_ = n.Fatal(fmt.Errorf("a write to the raft log has not returned for %s: the disk hangs", for_))
			}
		case <-ctx.Done():
			return
		}
	}
}

// Fatal ends the node: the state or a disk can no longer be trusted. It returns the error.
func (n *Node) Fatal(err error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fatal == nil && n.ctx.Err() == nil {
		n.fatal = err
		n.log.Error("fatal", "error", err)
		close(n.dead)
	}
	return err
}

// Dead is closed when the node has met a fatal error; the process must end then.
func (n *Node) Dead() <-chan struct{} { return n.dead }

// Err is the fatal error, if any.
func (n *Node) Err() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.fatal
}

func (n *Node) failed() bool { return n.Err() != nil }

// Close stops the node and closes its files.
func (n *Node) Close() error {
	n.cancel()
	if n.transport != nil {
		n.transport.Close()
	}
	if n.peers != nil {
		n.peers.Stop()
	}
	var errs []error
	n.mu.Lock()
	r := n.raft
	n.mu.Unlock()
	if r != nil {
		errs = append(errs, r.Shutdown().Error())
	}
	n.work.Wait()
	if n.raftLog != nil {
		errs = append(errs, n.raftLog.Close())
	}
	if n.store != nil {
		errs = append(errs, n.store.Close())
	}
	return errors.Join(errs...)
}

// member is the raft member, nil while it is being made.
func (n *Node) member() *raft.Raft {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.raft
}

func (n *Node) term() uint64 {
	if r := n.member(); r != nil {
		return r.CurrentTerm()
	}
	return 0
}

// Leader is the name of the leader this node knows, or "".
func (n *Node) Leader() string {
	if r := n.member(); r != nil {
		_, id := r.LeaderWithID()
		return string(id)
	}
	return ""
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

func (n *Node) nowUnixMs() uint64 { return uint64(n.now().UnixMilli()) }
