package consensus

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger/store"
)

// TestSnapshots: a validator that was away while the log was cut, and one whose folder was lost, get the whole state by a
// snapshot, audit it, and follow again.
func TestSnapshots(t *testing.T) {
	c := newClusterWith(t, Snapshots{Every: 50 * time.Millisecond, Threshold: 10, Trailing: 5})
	c.submit(c.follower(), c.pay(c.world.Juma.Account, 1), Final)
	away := c.follower().Name()
	c.stop(away)
	for range 40 {
		c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	}
	c.cut(c.leader(), 20)
	c.restart(away)
	last := c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	c.agree(last.LeafIndex + 1)

	c.stop(away)
	if err := os.RemoveAll(filepath.Join(c.dir, away)); err != nil {
		t.Fatal(err)
	}
	c.restart(away)
	last = c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	c.agree(last.LeafIndex + 1)
	if _, err := c.nodes[away].store.Audit(); err != nil {
		t.Error(err)
	}
}

// cut waits until a node's raft log starts after the index.
func (c *cluster) cut(n *Node, index uint64) {
	c.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if first, err := n.raftLog.FirstIndex(); err == nil && first > index {
			return
		}
	}
	c.t.Fatal("the log was not cut")
}

// TestCloseWhileASnapshotWaits: a snapshot that waits for its state to be final does not hold up the end.
func TestCloseWhileASnapshotWaits(t *testing.T) {
	c := newClusterWith(t, Snapshots{Every: 20 * time.Millisecond, Threshold: 2, Trailing: 1})
	for range 5 {
		c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	}
	n := c.follower()
	snapshot, err := (fsm{n}).Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	snapshot.(*fsmSnapshot).size = 1 << 40 // Never final.
	sink := &sink{cancelled: make(chan struct{})}
	persisted := make(chan error, 1)
	go func() { persisted <- snapshot.Persist(sink); snapshot.Release() }()
	begun := time.Now()
	c.stop(n.Name())
	if err := <-persisted; err == nil {
		t.Error("persisted a state that is not final")
	}
	<-sink.cancelled
	if took := time.Since(begun); took > snapshotPatience/2 {
		t.Errorf("stopping took %s", took)
	}
}

// sink takes no snapshot.
type sink struct{ cancelled chan struct{} }

func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) Close() error                { return nil }
func (s *sink) ID() string                  { return "test" }
func (s *sink) Cancel() error               { close(s.cancelled); return nil }

// TestSnapshotWaitsUntilItIsFinal: raft cuts its log behind a snapshot, and what is cut cannot be taken back.
func TestSnapshotWaitsUntilItIsFinal(t *testing.T) {
	s := newScribe(t)
	s.pays()
	head, _ := s.pays()
	snapshot, err := (fsm{s.n}).Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Release()
	persisted := make(chan error, 1)
	go func() { persisted <- snapshot.Persist(&sink{cancelled: make(chan struct{})}) }()
	select {
	case err := <-persisted:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	s.final(head)
	if err := <-persisted; err != nil {
		t.Error(err)
	}
}

// TestSnapshotOfWhatIsTakenBack: a snapshot that waits for its state to be final is dropped when that state is taken back,
// though another one of the same size becomes final. What is kept is final, and the log is not cut past it.
func TestSnapshotOfWhatIsTakenBack(t *testing.T) {
	s := newScribe(t)
	start, _ := s.pays()
	s.pays()
	snapshot, err := (fsm{s.n}).Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Release()
	sink := &sink{cancelled: make(chan struct{})}
	persisted := make(chan error, 1)
	go func() { persisted <- snapshot.Persist(sink) }()
	s.order(s.opening(s.change(1, voteOf(start)), start, nil))
	again, _ := s.pays()
	s.final(again)
	if err := <-persisted; !errors.Is(err, errTakenBack) {
		t.Errorf("persisted: %v", err)
	}
	<-sink.cancelled
}

// blockingSink takes nothing until it is let.
type blockingSink struct {
	*bytes.Buffer
	begun   chan struct{}
	once    sync.Once
	release chan struct{}
}

func (s *blockingSink) Write(p []byte) (int, error) {
	s.once.Do(func() { close(s.begun) })
	<-s.release
	return s.Buffer.Write(p)
}
func (s *blockingSink) Close() error  { return nil }
func (s *blockingSink) ID() string    { return "test" }
func (s *blockingSink) Cancel() error { return nil }

// TestWritingPausesNothing: while a snapshot goes to a slow disk, payments are applied and become final; the snapshot is of
// the moment it was captured at.
func TestWritingPausesNothing(t *testing.T) {
	c := newCluster(t)
	n := c.leader()
	first := c.submit(n, c.pay(c.world.Juma.Account, 1), Final)
	c.agree(first.LeafIndex + 2)
	captured := n.Head()
	head := captured.Size
	snapshot, err := (fsm{n}).Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Release()
	sink := &blockingSink{Buffer: new(bytes.Buffer), begun: make(chan struct{}), release: make(chan struct{})}
	persisted := make(chan error, 1)
	go func() { persisted <- snapshot.Persist(sink) }()
	<-sink.begun
	for range 3 {
		c.submit(n, c.pay(c.world.Juma.Account, 1), Final)
	}
	close(sink.release)
	if err := <-persisted; err != nil {
		t.Fatal(err)
	}
	h, err := store.ReadSnapshotHeader(bytes.NewReader(sink.Bytes()))
	if err != nil || h.Head.Root != captured.Root || h.Head.Size != head {
		t.Errorf("the snapshot is of size %d, captured at %d: %v", h.Head.Size, head, err)
	}
	if n.Head().Size <= head {
		t.Error("nothing was applied meanwhile")
	}
}

// TestRefusedSnapshotIsRenewed: raft sends its newest snapshot again and again, and makes the next one when much has been paid. A peer that
// does not take it gets a newer one before, if there is more to put into it.
func TestRefusedSnapshotIsRenewed(t *testing.T) {
	c := newCluster(t)
	last := c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	c.agree(last.LeafIndex + 1)
	n, peer := c.leader(), c.follower()
	index, term := n.store.Applied()
	req := &raft.InstallSnapshotRequest{
		RPCHeader:       raft.RPCHeader{ProtocolVersion: 3, ID: []byte(n.Name()), Addr: []byte(n.Name())},
		SnapshotVersion: 1, Term: n.term(), Leader: []byte(n.Name()), LastLogIndex: index, LastLogTerm: term,
		Configuration: raft.EncodeConfiguration(c.members()), ConfigurationIndex: 1, Size: 5,
	}
	var resp raft.InstallSnapshotResponse
	err := n.transport.InstallSnapshot(raft.ServerID(peer.Name()), raft.ServerAddress(peer.Name()), req, &resp, strings.NewReader("a lie"))
	if err == nil || resp.Success {
		t.Fatalf("the peer took a lie: %v", err)
	}
	var list []*raft.SnapshotMeta
	c.eventually("a newer snapshot", func() bool {
		list, err = n.snapshots.List()
		return err == nil && len(list) == 1
	})
	if h, err := n.snapshots.header(list[0].ID); err != nil || list[0].Index != index || h.Head.Size != n.Head().Size {
		t.Errorf("at %d, of size %d: %v; want %d, %d", list[0].Index, h.Head.Size, err, index, n.Head().Size)
	}
	n.renew(peer.Name())
	if again, err := n.snapshots.List(); err != nil || len(again) != 1 || again[0].ID != list[0].ID {
		t.Errorf("made another of the same: %v", err)
	}
}

// TestSnapshotWhileReplayed: a snapshot is announced at the place of what raft gave last, so none is made of a state that is ahead of it.
func TestSnapshotWhileReplayed(t *testing.T) {
	s := newScribe(t)
	s.pays()
	first, _ := s.n.store.Applied()
	s.pays()
	last, _ := s.n.store.Applied()
	for _, row := range []struct {
		given uint64
		want  error
	}{{first, errReplayed}, {last, nil}, {last + 1, nil}} {
		s.n.given.Store(row.given)
		snapshot, err := (fsm{s.n}).Snapshot()
		if !errors.Is(err, row.want) || (err == nil) != (row.want == nil) {
			t.Errorf("given %d of %d: %v, want %v", row.given, last, err, row.want)
		}
		if err == nil {
			snapshot.Release()
		}
	}
}

// TestRenewedBelowTheHead: a leader has what is final for who needs it, though nothing becomes final any more.
func TestRenewedBelowTheHead(t *testing.T) {
	s := newScribe(t)
	s.pays()
	s.n.renew("v2")
	if list, err := s.n.snapshots.List(); err != nil || len(list) != 0 {
		t.Errorf("%d snapshots of the genesis, which nobody lacks: %v", len(list), err)
	}
	final, _ := s.pays()
	s.final(final)
	s.pays()
	s.order([]byte("void"))
	for range 2 {
		s.n.renew("v2")
		list, err := s.n.snapshots.List()
		if err != nil || len(list) != 1 || list[0].Index != s.n.store.FloorMade() || list[0].Term != 1 || list[0].ConfigurationIndex != 1 || !reflect.DeepEqual(list[0].Configuration, s.members()) {
			t.Fatalf("snapshots %+v: %v; want one at %d", list, err, s.n.store.FloorMade())
		}
		if h, err := s.n.snapshots.header(list[0].ID); err != nil || h.Head != final {
			t.Errorf("of size %d, final are %d: %v", h.Head.Size, final.Size, err)
		}
	}
	for range 3 {
		more, _ := s.pays()
		s.final(more)
		s.n.renew("v2")
	}
	list, err := s.n.snapshots.List()
	if err != nil || len(list) != keptSnapshots || list[0].Index != s.n.store.FloorMade() {
		t.Errorf("%d snapshots are kept: %v", len(list), err)
	}
	if left, err := filepath.Glob(filepath.Join(s.n.snapshots.dir, "*")); err != nil || len(left) != keptSnapshots {
		t.Errorf("on disk are %q: %v", left, err)
	}
	head := s.n.store.Head()
	s.stop("v1")
	s.restart("v1")
	if n := s.nodes["v1"]; n.store.Head() != head || n.member().LastIndex() != uint64(len(s.log))+1 {
		t.Errorf("after a start: batch %d, raft ends at %d", n.store.Head().Batch, n.member().LastIndex())
	}
}
