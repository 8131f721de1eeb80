package consensus

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/consensus/finality"
	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/store"
	"github.com/umoja-ledger/umoja/ledger/tx"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// openState opens the store and founds it if it is new.
func (n *Node) openState(c Config) error {
	if c.Simulated != nil {
		c.Store.Point = c.Simulated.Point
	}
	c.Store.Turn = slices.IndexFunc(c.Genesis.Validators, func(r genesis.ValidatorRecord) bool { return r.Name == c.Name }) // Who came later has the last.
	s, err := store.Open(filepath.Join(c.Dir, "state"), c.Store)
	if err != nil {
		return err
	}
	n.store = s
	fx, err := ledger.Found(c.Genesis)
	if err != nil {
		return err
	}
	if !s.Founded() {
		if err := n.mayBegin(c); err != nil {
			return err
		}
		if err := s.Found(n.network, fx); err != nil {
			return err
		}
		return n.govern()
	}
	if err := s.CheckNetwork(n.network); err != nil {
		return err
	}
	// A state that another version of the program founded would serve leaves that nobody can read.
	leaf, err := s.Leaf(0)
	if err != nil {
		return err
	}
	if !bytes.Equal(leaf, fx.Leaves[0].Raw) {
		return fmt.Errorf("the state in %s begins with another leaf than this program founds: it was made by another version; use that one, or an empty folder: %w",
			c.Dir, store.ErrFormat)
	}
	if err := n.govern(); err != nil {
		return err
	}
	return n.mayGoOn(c)
}

// mayBegin says whether a validator without a state may begin: the genesis names it with its key, or it is to come by a ballot.
func (n *Node) mayBegin(c Config) error {
	self, ok := c.Genesis.ValidatorSet().Find(c.Name)
	switch {
	case c.Joins:
		return nil
	case !ok:
		return fmt.Errorf("validator %q is not in the genesis: if it is to come by a ballot, say that it joins", c.Name)
	case !self.PublicKey().Equal(c.Key.Public()):
		return fmt.Errorf("the signing key is not the one that the genesis names for %q", c.Name)
	}
	return nil
}

// mayGoOn says whether a validator with a state is one: some set, or one to come, names it with its key.
func (n *Node) mayGoOn(c Config) error {
	for _, set := range n.allSets() {
		if self, ok := set.Find(c.Name); ok && self.PublicKey().Equal(c.Key.Public()) {
			return nil
		}
	}
	if c.Joins {
		return nil
	}
	return n.mayBegin(c)
}

// openFinality opens the signer's state. It is made together with the state store and never again: a validator that lost
// it must not sign, since it cannot know what it signed.
func (n *Node) openFinality(c Config) error {
	var err error
	if n.evidence, err = openEvidence(filepath.Join(c.Dir, "evidence"), n.network, n.allSets); err != nil {
		return err
	}
	path := filepath.Join(c.Dir, "signer.state")
	identity := finality.Identity{Network: n.network, Name: n.name, Key: [32]byte(n.key.Public().(ed25519.PublicKey))}
	file, err := finality.OpenStateFile(path, identity)
	if errors.Is(err, finality.ErrNoState) && n.store.Head().Batch == 0 {
		file, err = finality.CreateStateFile(path, identity)
	}
	if err != nil {
		return err
	}
	file.Point = n.point
	n.finality, err = finality.NewDriver(finality.DriverConfig{
		Config: finality.Config{Network: n.network, Reign: n.reignNow().reign, Name: n.name, Key: n.key, RootAt: n.rootAt, Consistency: n.store.Consistency,
			MayAttest: n.mayAttest, EpochTicks: finality.EpochTicks(c.Timing.Heartbeat)},
		File: file, OnChanges: n.foretell,
		ChangesAfter: func(size uint64) []checkpoint.SetChange { return n.store.Succession().After(size) },
		NowUnixS:     func() uint64 { return uint64(n.now().Unix()) },
		OnFinal:      func(c checkpoint.Checkpoint) { n.log.Debug("final", "size", c.Size) },
		OnSealed:     n.sealed,
		OnEvidence:   n.accuse,
		OnEpochReady: n.packer.epochReady,
		OnAstray:     n.contradicted,
		OnHalt:       func(err error) { n.log.Error("this validator signs nothing more", "reason", err) },
	})
	return err
}

// rootAt is the root of this node's own tree at the end of a batch, and the epoch of that batch; false when batches were
// taken back while it was looked at, since what was read may be of two trees.
func (n *Node) rootAt(size uint64) (root [32]byte, epoch uint64, ok bool) {
	turns, quiet := n.turns.look()
	defer func() { ok = ok && quiet && n.turns.Load() == turns }()
	if head := n.store.Head(); head.Size == size {
		return head.Root, head.Epoch, true
	}
	if size == 0 || !n.store.IsBoundary(size) {
		return [32]byte{}, 0, false
	}
	raw, err := n.store.Leaf(size - 1)
	if err != nil {
		return [32]byte{}, 0, false
	}
	leaf, err := tx.ParseLeaf(raw)
	if err != nil || leaf.Header == nil {
		return [32]byte{}, 0, false
	}
	root, err = n.store.Root(size)
	return root, leaf.Header.Epoch, err == nil
}

// local is what the transport's filter asks of this node.
func (n *Node) local() transport.Local {
	return transport.Local{
		Term: n.term, Leader: n.Leader, Entry: n.raftLog.GetLog,
		CommitIndex: func() uint64 {
			// Raft forgets at a restart what was committed; the state does not.
			index, _ := n.store.Applied()
			if r := n.member(); r != nil && r.State() != raft.Shutdown { // What one that was ended for a resync knew is not in the log any more.
				index = max(index, r.CommitIndex())
			}
			return index
		},
		Applied: n.store.Applied, Holds: n.inLog, Base: func() (index, term uint64) { return n.base.Load(), leastTerm },
		LastIndex: func() uint64 {
			if r := n.member(); r != nil {
				return r.LastIndex()
			}
			return 0
		},
		Enough: n.enough, VotesAs: n.votesAs, Sets: func() []checkpoint.ValidatorSet { return n.reignNow().known() }, Approve: n.approve, ApproveSnapshot: wellFormed,
		OnEvidence: n.accuseVoter,
		OnEntries:  n.expect,
		OnConflict: func(leader string, index uint64) {
			n.log.Error("the leader's log contradicts what is committed here", "leader", leader, "committed", index)
			n.astray.dispute.again(time.Now())
		},
		OnEmptyLog: n.sendsAll, Stale: n.astray.tail.Load, Short: n.short, HasVote: n.votes, OnAppend: n.appended,
		OnSnapshotRefused: func(peer string) {
			n.emptyAt.Store(0) // If it has nothing, the log may do.
			select {
			case n.refused <- peer:
			default: // A newer one is being made; raft sends again, and the peer refuses again.
			}
		},
	}
}

// inLog says whether raft's log has an entry of that term at the index, or ends there in the newest snapshot.
func (n *Node) inLog(index, term uint64) bool {
	was, ok, err := n.termAt(index)
	return err == nil && ok && was == term
}

func (n *Node) raftConfig(c Config, logger hclog.Logger) *raft.Config {
	config := raft.DefaultConfig()
	config.LocalID = raft.ServerID(n.name)
	config.HeartbeatTimeout, config.ElectionTimeout = c.Timing.Heartbeat, c.Timing.Heartbeat
	config.LeaderLeaseTimeout = c.Timing.Heartbeat / 2
	config.CommitTimeout = c.Timing.Commit
	config.MaxAppendEntries = 16
	config.ShutdownOnRemove = false // Who has left still answers, and ends by itself.
	config.Logger = logger
	// What is not said is as raft has it: 2 minutes, 8,192 and 10,240 entries.
	config.SnapshotInterval = cmp.Or(c.Snapshots.Every, config.SnapshotInterval)
	config.SnapshotThreshold = cmp.Or(c.Snapshots.Threshold, config.SnapshotThreshold)
	config.TrailingLogs = cmp.Or(c.Snapshots.Trailing, config.TrailingLogs)
	return config
}

// openRaft opens log and snapshots and joins the group.
func (n *Node) openRaft(c Config) error {
	logger := newRaftLogger(n.log)
	config := n.raftConfig(c, logger)
	n.trailing = trailing{entries: config.TrailingLogs, bytes: cmp.Or(c.Snapshots.TrailingBytes, defaultTrailingBytes), due: config.SnapshotThreshold}
	var err error
	if n.asides, err = openAsides(filepath.Join(c.Dir, "aside"), n.log); err != nil {
		return err
	}
	if n.raftLog, err = n.openLog(c.Dir, logger); err != nil {
		return err
	}
	if n.snapshots, err = openSnapshots(filepath.Join(c.Dir, "raft"), n, logger); err != nil {
		return err
	}
	peers := n.directory(n.reignNow())
	n.transport, err = transport.New(transport.Config{
		Name: n.name, Certificate: c.Certificate, Network: n.network, Key: n.key, Peers: peers, Logger: n.log,
		ConnectTimeout: c.Timing.Connect, SpoolDir: filepath.Join(c.Dir, "raft", "incoming"), Dial: n.dialer(),
		Limits: transport.Limits{Election: c.Timing.Heartbeat},
		Local:  n.local(),
	})
	if err != nil {
		return err
	}
	n.finality.Meet(n.finalityPeers())
	n.joinAgain = func() error {
		again := n.raftConfig(c, logger)
		if err := n.settle(again); err != nil {
			return err
		}
		return n.join(again)
	}
	if err := n.settle(config); err != nil {
		return err
	}
	if err := n.govern(); err != nil { // A resync that a crash has cut may have taken back where a set began.
		return err
	}
	existing, err := raft.HasExistingState(n.raftLog, n.raftLog, n.snapshots)
	if err != nil {
		return fmt.Errorf("look for raft state: %w", err)
	}
	if !existing {
		if index, _ := n.store.Applied(); index > 0 || n.store.Head().Batch > 0 {
			return fmt.Errorf("the raft log in %s is gone but the state is not: restore the folder, or remove all of it and let the validator catch up as a new one", c.Dir)
		}
		if n.reignNow().reign.Outside {
			return n.serveAndJoin(config) // The leader tells it raft's members.
		}
		// Every validator of the genesis starts from the same configuration.
		var servers []raft.Server
		for _, v := range c.Genesis.ValidatorSet() {
			servers = append(servers, raft.Server{ID: raft.ServerID(v.Name), Address: raft.ServerAddress(v.Name)})
		}
		if err := raft.BootstrapCluster(config, n.raftLog, n.raftLog, n.snapshots, n.transport, raft.Configuration{Servers: servers}); err != nil {
			return fmt.Errorf("bootstrap raft: %w", err)
		}
	}
	return n.serveAndJoin(config)
}

// serveAndJoin makes the services for other validators and starts raft.
func (n *Node) serveAndJoin(config *raft.Config) error {
	services := n.services()
	n.transport.Register(services)
	peerv1.RegisterPeerServiceServer(services, peerServer{node: n})
	if err := n.point("start: raft not begun"); err != nil {
		return err
	}
	return n.join(config)
}

// settle finishes on disk what a crash has cut, before raft looks at it.
func (n *Node) settle(config *raft.Config) error {
	// Before a resync cuts the tree: a snapshot that would take back something of it must not be where the log is cut, nor be restored afterwards.
	if _, err := n.snapshots.settle(n.raftLog); err != nil {
		return err
	}
	if err := n.finishResync(); err != nil {
		return err
	}
	// The state is on disk already: a snapshot is restored at start only when it is ahead of the state.
	restore, err := n.snapshots.settle(n.raftLog)
	if err != nil {
		return err
	}
	config.NoSnapshotRestoreOnStart = !restore
	if err := n.snapshots.settleLog(n.raftLog); err != nil {
		return err
	}
	return n.settleState()
}

// join starts raft on what is on disk.
func (n *Node) join(config *raft.Config) error {
	newest, err := n.snapshots.newest()
	if err != nil {
		return err
	}
	list, err := n.snapshots.List()
	if err != nil {
		return fmt.Errorf("list raft snapshots: %w", err)
	}
	if len(list) > 0 {
		config.SnapshotThreshold = n.trailing.dueAfter(list[0].Size)
	}
	n.given.Store(newest) // What it holds is not given again.
	if first, err := n.raftLog.FirstIndex(); err != nil {
		return err
	} else if first > newest+1 { // Raft would panic.
		return fmt.Errorf("raft's log begins with entry %d, and the newest snapshot that can be read ends at %d (0 is none): %w", first, newest, errDamaged)
	}
	if err := n.raftLog.countAfter(newest); err != nil {
		return err
	}
	if err := n.tellBase(); err != nil {
		return err
	}
	n.astray.tail.Store(false) // It reads its log.
	r, err := raft.NewRaft(config, fsm{n}, sentLog{begun{n.raftLog, n.snapshots}, n}, n.raftLog, n.snapshots, sending{lasting{n.transport}, n})
	if err != nil {
		return fmt.Errorf("start raft: %w", err)
	}
	n.raft.Store(&member{Raft: r, down: make(chan struct{})})
	return nil
}
