package consensus

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/store"
)

// snapshotStore is raft's folder of snapshots, and the door that a snapshot of another validator must pass. Raft copies one
// to its sink, closes the sink, and only then touches its log and the state; so the sink verifies, and an error of its Close
// is the end of the matter.
//
// Verifying is building: while the frames come in, the store makes the whole state of them in a folder beside the one that
// serves, since nothing less recomputes the hashes. What is wrong ends the copy at the first byte that shows it, so that a
// liar gets to write little. FSM.Restore then swaps the folders and neither reads nor writes anything twice. The packed
// bytes are kept as well, because raft opens them: to restore after a crash, and to send them to others.
//
// What a crash leaves: before Close returns, a folder of raft and one of the store that the next start removes; between
// Close and Restore, a verified snapshot that settle finds ahead of the state, and raft restores it then, or removes since it takes back something (uninstalled.go).
type snapshotStore struct {
	*raft.FileSnapshotStore
	dir   string
	state *store.Store
	fatal func(error) error
	// approve says whether raft may have these members after a snapshot of a size that proves these sets.
	approve func(c raft.Configuration, sets checkpoint.Succession, size uint64) error
	// undoes says whether a state would take back something of the own tree, and disputed hears of a snapshot that is refused for that.
	undoes   func(to ledger.Head) bool
	disputed func()
	log      *slog.Logger

	// publishing is held while a snapshot comes to be one and others go.
	publishing sync.Mutex
	// creating is held while a folder is made, and guards createdUnixMs, when the last one was.
	creating      sync.Mutex
	createdUnixMs int64

	// mu guards arrived: the snapshot that is verified and not installed yet.
	mu      sync.Mutex
	arrived *arrival
	// sinks is how many snapshots of others, which are here whole, are on their way into raft's folder.
	sinks atomic.Int32
}

// arrival is a snapshot that a sink has let in.
type arrival struct {
	id    string
	head  ledger.Head
	state *store.Received
}

// keptSnapshots is how many of its own a node keeps: a newer one that turns out damaged leaves the one before. Raft would count one that has just come
// among them, which may end before them.
const keptSnapshots = 2

var (
	errSnapshotConfiguration = errors.New("snapshot names other members than the validators")
	errSnapshotIndex         = errors.New("snapshot is announced at another place than it holds")
	errNoBatch               = errors.New("nothing was ordered yet that a snapshot could hold")
	errSnapshotCancelled     = errors.New("snapshot is cancelled")
	errUndoes                = fmt.Errorf("snapshot would take back what was applied: %w", store.ErrMismatch)
)

func openSnapshots(dir string, n *Node, logger hclog.Logger) (*snapshotStore, error) {
	files, err := raft.NewFileSnapshotStoreWithLogger(dir, math.MaxInt, logger)
	if err != nil {
		return nil, fmt.Errorf("open raft snapshots: %w", err)
	}
	s := &snapshotStore{FileSnapshotStore: files, dir: filepath.Join(dir, "snapshots"), state: n.store, fatal: n.Fatal, approve: n.approveArrived, undoes: n.undoes,
		disputed: func() { n.astray.overrun.begins(time.Now()) }, log: n.log}
	return s, s.sweep()
}

// unfinishedEnd is the end of the names that raft gives to snapshots that are none yet.
const unfinishedEnd = ".tmp"

// sweep removes the folders of snapshots that a crash cut off: raft leaves them.
func (s *snapshotStore) sweep() error {
	unfinished, err := filepath.Glob(filepath.Join(s.dir, "*"+unfinishedEnd))
	for _, path := range unfinished {
		err = errors.Join(err, os.RemoveAll(path))
	}
	if err != nil {
		return fmt.Errorf("remove unfinished snapshots: %w", err)
	}
	return nil
}

// newest is the place in raft's log of the newest snapshot; 0 when there is none.
func (s *snapshotStore) newest() (index uint64, err error) {
	list, err := s.List()
	if err != nil {
		return 0, fmt.Errorf("list raft snapshots: %w", err)
	}
	if len(list) > 0 {
		index = list[0].Index
	}
	return index, nil
}

func (s *snapshotStore) header(id string) (store.SnapshotHeader, error) {
	f, err := os.Open(filepath.Join(s.dir, id, "state.bin"))
	if err != nil {
		return store.SnapshotHeader{}, fmt.Errorf("open raft snapshot: %w", err)
	}
	defer f.Close()
	h, err := store.ReadSnapshotHeader(f)
	if err != nil {
		return store.SnapshotHeader{}, fmt.Errorf("raft snapshot %s: %w", id, err)
	}
	return h, nil
}

// remove takes a snapshot's name away first: a crash in the middle would leave one that is listed and cannot be read. Sweep removes what it leaves so.
func (s *snapshotStore) remove(id string) error {
	path := filepath.Join(s.dir, id)
	err := os.Rename(path, path+unfinishedEnd)
	if err == nil {
		err = os.RemoveAll(path + unfinishedEnd)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove raft snapshot: %w", err)
	}
	return nil
}

// Create opens a sink, for a snapshot of this node's or of another's: Persist tells its sink that it is this node's own.
func (s *snapshotStore) Create(version raft.SnapshotVersion, index, term uint64, configuration raft.Configuration, configurationIndex uint64, trans raft.Transport) (raft.SnapshotSink, error) {
	if err := wellFormed(configuration); err != nil {
		return nil, fmt.Errorf("%w: %w", errSnapshotConfiguration, err)
	}
	file, err := s.create(version, index, term, configuration, configurationIndex, trans)
	if err != nil {
		return nil, err
	}
	return &snapshotSink{SnapshotSink: file, store: s, index: index, term: term, members: configuration}, nil
}

// create makes a folder whose name no other has: raft names it by the place and the millisecond.
func (s *snapshotStore) create(version raft.SnapshotVersion, index, term uint64, members raft.Configuration, since uint64, trans raft.Transport) (raft.SnapshotSink, error) {
	s.creating.Lock()
	for time.Now().UnixMilli() == s.createdUnixMs {
		s.creating.Unlock()
		time.Sleep(time.Millisecond)
		s.creating.Lock()
	}
	defer s.creating.Unlock()
	defer func() { s.createdUnixMs = time.Now().UnixMilli() }()
	return s.FileSnapshotStore.Create(version, index, term, members, since, trans)
}

// reap removes all but the newest ones and the one that has just come.
func (s *snapshotStore) reap() error {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	return s.reapOld()
}

// reapOld is called with publishing held.
func (s *snapshotStore) reapOld() error {
	s.mu.Lock()
	arrived := s.arrived
	s.mu.Unlock()
	list, err := s.List()
	if err != nil {
		return fmt.Errorf("list raft snapshots: %w", err)
	}
	kept := 0
	for _, meta := range list {
		if arrived != nil && meta.ID == arrived.id {
			continue
		}
		if kept++; kept > keptSnapshots {
			if err := s.remove(meta.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// coming says whether a snapshot of another validator is being verified.
func (s *snapshotStore) coming() bool { return s.sinks.Load() > 0 }

// arrive keeps a verified snapshot for install.
func (s *snapshotStore) arrive(a *arrival) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrived = a
}

// install puts the snapshot that arrived last into the place of the state; false when there is none, as at a start. Then it
// removes all other snapshots: they are older, or came from a liar who gave them too high an index.
func (s *snapshotStore) install() (bool, error) {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	a := s.take()
	if a == nil {
		return false, nil
	}
	err := errUndoes
	if s.undoes(a.head) {
		s.disputed()
	} else {
		err = a.state.Install()
	}
	if err != nil {
		if errors.Is(err, store.ErrMismatch) {
			// More was applied, or has become final, since it was verified. Raft goes on without it, and so does a restart.
			err = errors.Join(err, a.state.Discard(), s.remove(a.id))
		}
		return true, err
	}
	return true, s.removeAllBut(a.id)
}

// snapshotSink takes one snapshot. It belongs to one goroutine.
type snapshotSink struct {
	raft.SnapshotSink
	store       *snapshotStore
	index, term uint64
	members     raft.Configuration
	// head is where the snapshot ends, once its header was read by the builder.
	head ledger.Head
	// local is set for a snapshot of this node's own state, which needs no proof.
	local bool
	ended bool
	// to is where the builder reads; nil before the first byte.
	to    *io.PipeWriter
	built chan built
}

type built struct {
	state *store.Received
	err   error
}

// Write keeps the bytes, and has them verified.
func (s *snapshotSink) Write(p []byte) (int, error) {
	if !s.local {
		s.begin()
		if _, err := s.to.Write(p); err != nil {
			return 0, s.refused(err)
		}
	}
	n, err := s.SnapshotSink.Write(p)
	if err != nil {
		err = s.store.fatal(fmt.Errorf("write snapshot to disk: %w", err))
	}
	return n, err
}

// begin starts the builder.
func (s *snapshotSink) begin() {
	if s.to != nil {
		return
	}
	from, to := io.Pipe()
	s.to, s.built = to, make(chan built, 1)
	s.store.sinks.Add(1)
	go func() {
		state, err := s.store.state.Receive(from, s.checkPlace)
		from.CloseWithError(err) // A writer that is not done meets the reason.
		s.built <- built{state, err}
	}()
}

// checkPlace compares what raft was told with what the snapshot says: raft would go on after the announced index.
func (s *snapshotSink) checkPlace(h store.SnapshotHeader) error {
	// Entries of raft's own (configurations, barriers) may stand between the last batch and the snapshot's place.
	if h.AppliedIndex > s.index || h.AppliedTerm > s.term {
		return fmt.Errorf("entry %d of term %d, and holds %d of term %d: %w", s.index, s.term, h.AppliedIndex, h.AppliedTerm, errSnapshotIndex)
	}
	// Each batch takes an entry, and the first is none. Who took less would have batches where nobody else has them, and no leader's log went
	// on at the least place any more.
	if s.index <= h.Head.Batch {
		return fmt.Errorf("entry %d, and holds batch %d: %w", s.index, h.Head.Batch, errSnapshotIndex)
	}
	if h.Head.Batch == 0 {
		return fmt.Errorf("entry %d: %w", s.index, errNoBatch) // Nobody could give such a place up: no certificate is of the genesis alone.
	}
	if err := s.store.approve(s.members, h.Sets, h.Head.Size); err != nil {
		return fmt.Errorf("%w: %w", errSnapshotConfiguration, err)
	}
	if s.store.undoes(h.Head) {
		s.store.disputed()
		return fmt.Errorf("of size %d: %w", h.Head.Size, errUndoes)
	}
	s.head = h.Head
	return nil
}

// refused logs why a snapshot is not taken. A fork ends the node: it must not choose between two final histories.
func (s *snapshotSink) refused(err error) error {
	s.store.log.Error("refused a snapshot", "raft_index", s.index, "reason", err)
	var fork *store.Fork
	if errors.As(err, &fork) {
		s.store.log.Error("two final histories", "own", string(fork.Own), "other", string(fork.Other))
		return s.store.fatal(fmt.Errorf("take snapshot: %w", err))
	}
	return fmt.Errorf("refuse snapshot: %w", err)
}

// Close lets the snapshot in if it is verified, and leaves no trace of it otherwise. Closing again changes nothing.
func (s *snapshotSink) Close() error {
	if s.ended || s.local {
		s.ended = true
		return s.SnapshotSink.Close()
	}
	s.ended = true
	s.begin()
	defer s.store.sinks.Add(-1)
	_ = s.to.Close() // The builder meets the end, and must find the snapshot whole.
	b := <-s.built
	if b.err != nil {
		return errors.Join(s.refused(b.err), s.SnapshotSink.Cancel())
	}
	// A crash in here leaves a folder that sweep removes or, once it is renamed, one that settle finds.
	if err := s.SnapshotSink.Close(); err != nil {
		return s.store.fatal(errors.Join(fmt.Errorf("close snapshot: %w", err), b.state.Discard()))
	}
	s.store.arrive(&arrival{id: s.ID(), head: s.head, state: b.state})
	return nil
}

// Cancel drops what came.
func (s *snapshotSink) Cancel() error {
	if s.ended || s.to == nil {
		s.ended = true
		return s.SnapshotSink.Cancel()
	}
	s.ended = true
	defer s.store.sinks.Add(-1)
	_ = s.to.CloseWithError(errSnapshotCancelled)
	err := s.SnapshotSink.Cancel()
	if b := <-s.built; b.state != nil {
		err = errors.Join(err, b.state.Discard())
	}
	return err
}
