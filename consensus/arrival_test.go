package consensus

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/store"
)

// TestSnapshotsThatLie: whatever a leader sends that is not proven ends in the sink, before raft has touched its log or the
// state, and leaves no file.
func TestSnapshotsThatLie(t *testing.T) {
	c := newCluster(t)
	good := c.snapshotOf(c.leader())
	later := c.snapshotOf(c.leader())
	strangers := snapshotElsewhere(t)
	alone := newAlone(t, Snapshots{})
	alone.restart("v1")
	n := alone.nodes["v1"]
	if err := deliver(n, alone.members(), good); err != nil {
		t.Fatalf("a true one: %v", err)
	}
	if err := restore(n); err != nil {
		t.Fatal(err)
	}
	if got := n.Head(); got.Size != good.head.Size || got.Root != good.head.Root {
		t.Fatalf("head of size %d, want %d", got.Size, good.head.Size)
	}
	with := func(raw []byte) sent { return sent{raw, later.head, later.index, later.term} }
	lie := func(change func([]entry) []entry) sent { return with(repack(t, later.raw, change)) }
	zeros := func(e []entry) []entry {
		for i := range 64 {
			e = append(e, entry{[]byte{'s', 'z', byte(i)}, make([]byte, 1<<20)})
		}
		return e
	}
	older := c.members()
	older.Servers = older.Servers[1:]
	twice := c.members()
	twice.Servers[1] = twice.Servers[0]
	for _, row := range []struct {
		name    string
		members raft.Configuration
		sent    sent
		want    error
	}{
		{"fake", c.members(), lie(func(e []entry) []entry { return e[:3] }), store.ErrCorrupt},
		{"empty", c.members(), with(nil), store.ErrCorrupt},
		{"noise", c.members(), with(bytes.Repeat([]byte{7}, 1<<20)), store.ErrFormat},
		{"truncated", c.members(), with(later.raw[:len(later.raw)-40]), store.ErrCorrupt},
		{"truncated in its header", c.members(), with(later.raw[:40]), store.ErrCorrupt},
		{"longer than it is", c.members(), with(append(bytes.Clone(later.raw), make([]byte, 5000)...)), store.ErrCorrupt},
		{"bomb", c.members(), lie(zeros), store.ErrOversized},
		{"wrong network", c.members(), with(strangers.raw), store.ErrOtherNetwork},
		{"keys out of order", c.members(), lie(func(e []entry) []entry {
			i := firstState(e)
			e[i], e[i+1] = e[i+1], e[i]
			return e
		}), store.ErrCorrupt},
		{"wrong root", c.members(), lie(func(e []entry) []entry { e[firstState(e)+3].value[0] ^= 1; return e }), store.ErrCorrupt},
		{"a leaf changed", c.members(), lie(func(e []entry) []entry { e[1].value[9] ^= 1; return e }), store.ErrCorrupt},
		{"announced before its place", c.members(), sent{later.raw, later.head, later.index - 1, later.term}, errSnapshotIndex},
		{"announced in an older term", c.members(), sent{later.raw, later.head, later.index, later.term - 1}, errSnapshotIndex},
		{"other members", older, later, errSnapshotConfiguration},
		{"a member twice", twice, later, errSnapshotConfiguration},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := deliver(n, row.members, row.sent); !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
			if list, err := n.snapshots.List(); err != nil || len(list) != 1 {
				t.Errorf("%d snapshots are kept: %v", len(list), err)
			}
			if got := n.Head(); got.Root != good.head.Root || n.Err() != nil {
				t.Errorf("head of size %d, node: %v", got.Size, n.Err())
			}
			for _, left := range leftovers(t, filepath.Join(alone.dir, "v1")) {
				t.Errorf("left %s", left)
			}
		})
	}
	t.Run("stale", func(t *testing.T) {
		if err := deliver(n, c.members(), later); err != nil {
			t.Fatal(err)
		}
		if err := restore(n); err != nil {
			t.Fatal(err)
		}
		if err := deliver(n, c.members(), good); !errors.Is(err, store.ErrMismatch) {
			t.Errorf("got %v, want %v", err, store.ErrMismatch)
		}
		if got := n.Head(); got.Root != later.head.Root {
			t.Error("what is final was taken back")
		}
		if _, err := n.store.Audit(); err != nil {
			t.Error(err)
		}
	})
}

// TestOversizedSnapshot: an operator may allow less than the default.
func TestOversizedSnapshot(t *testing.T) {
	c := newCluster(t)
	good := c.snapshotOf(c.leader())
	alone := newAlone(t, Snapshots{})
	alone.options = store.Options{NoSync: true, MaxSnapshotBytes: 1 << 10}
	alone.restart("v1")
	n := alone.nodes["v1"]
	if err := deliver(n, c.members(), good); !errors.Is(err, store.ErrOversized) {
		t.Errorf("got %v, want %v", err, store.ErrOversized)
	}
}

// TestCrashWhileASnapshotArrives: whenever the power goes, the next start has the old state or the new one, whole, and
// follows the others.
func TestCrashWhileASnapshotArrives(t *testing.T) {
	c := newCluster(t)
	good := c.snapshotOf(c.leader())
	alone := newAlone(t, Snapshots{})
	alone.restart("v1")
	n := alone.nodes["v1"]
	old := n.Head()
	ahead := raft.Log{Index: 3, Term: 1, Type: raft.LogNoop, Data: []byte{}}
	if last, err := n.raftLog.LastIndex(); err != nil || last >= good.index {
		t.Fatalf("log ends at %d: %v", last, err)
	} else {
		ahead.Index = last + 1
	}
	if err := n.raftLog.StoreLog(&ahead); err != nil { // Something of the log that the snapshot takes the place of.
		t.Fatal(err)
	}
	sink, err := n.snapshots.Create(1, good.index, good.term, c.members(), 1, n.transport)
	if err != nil {
		t.Fatal(err)
	}
	half := len(good.raw) / 2
	write := func(p []byte) func() error { return func() error { _, err := sink.Write(p); return err } }
	var list []*raft.SnapshotMeta
	for _, step := range []struct {
		name string
		do   func() error
		want ledger.Head
	}{
		{"half has come", write(good.raw[:half]), old},
		{"all has come", write(good.raw[half:]), old},
		{"closed", sink.Close, good.head},
		{"restored, the log not cut", func() error { return restore(n) }, good.head},
		{"the log cut", func() error {
			first, err := n.raftLog.FirstIndex()
			return errors.Join(err, n.raftLog.DeleteRange(first, ahead.Index))
		}, good.head},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		t.Run(step.name, func(t *testing.T) {
			again := newAgain(t, alone)
			copyTree(t, filepath.Join(alone.dir, "v1"), filepath.Join(again.dir, "v1"))
			again.restart("v1")
			m := again.nodes["v1"]
			if got := m.Head(); got.Size != step.want.Size || got.Root != step.want.Root {
				t.Errorf("size %d, want %d", got.Size, step.want.Size)
			}
			if _, err := m.store.Audit(); err != nil {
				t.Error(err)
			}
			for _, left := range leftovers(t, again.dir) {
				t.Errorf("left %s", left)
			}
			if list, err = m.snapshots.List(); err != nil || len(list) > 1 {
				t.Errorf("%d snapshots: %v", len(list), err)
			}
			if step.want.Size == good.head.Size {
				// Raft goes on after the snapshot: a log that ended before it would take no entry any more.
				next := raft.Log{Index: good.index + 1, Term: good.term, Type: raft.LogNoop}
				if err := m.raftLog.StoreLog(&next); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// newAgain is a network of one that has another's addresses and world.
func newAgain(t *testing.T, of *cluster) *cluster {
	t.Helper()
	c := newAlone(t, Snapshots{})
	c.world = of.world
	return c
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// countingFSM is a state machine that hears of restores.
type countingFSM struct{ restored chan []byte }

func (countingFSM) Apply(*raft.Log) any                 { return nil }
func (countingFSM) Snapshot() (raft.FSMSnapshot, error) { return nil, errors.New("none") }
func (f countingFSM) Restore(r io.ReadCloser) error {
	raw, err := io.ReadAll(r)
	f.restored <- raw
	return errors.Join(err, r.Close())
}

// raftOn is a raft of its own whose snapshots are verified by a node, and the leader that sends to it.
type raftOn struct {
	*raft.Raft
	leader   *raft.InmemTransport
	restored chan []byte
	members  raft.Configuration
}

func newRaftOn(t *testing.T, c *cluster, n *Node) *raftOn {
	t.Helper()
	snapshots, err := openSnapshots(t.TempDir(), n, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	logs := raft.NewInmemStore()
	_, own := raft.NewInmemTransport("v1")
	_, leader := raft.NewInmemTransport("v2")
	leader.Connect("v1", own)
	config := raft.DefaultConfig()
	config.LocalID, config.Logger = "v1", hclog.NewNullLogger()
	config.HeartbeatTimeout, config.ElectionTimeout = time.Minute, time.Minute
	f := countingFSM{make(chan []byte, 4)}
	r, err := raft.NewRaft(config, f, logs, logs, snapshots, own)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Shutdown().Error() })
	return &raftOn{r, leader, f.restored, c.members()}
}

var fromLeader = raft.RPCHeader{ProtocolVersion: 3, ID: []byte("v2"), Addr: []byte("v2")}

// install sends a snapshot, and says whether raft took it.
func (r *raftOn) install(s sent) bool {
	req := &raft.InstallSnapshotRequest{
		RPCHeader: fromLeader, SnapshotVersion: 1, Term: s.term, LastLogIndex: s.index, LastLogTerm: s.term,
		Configuration: raft.EncodeConfiguration(r.members), ConfigurationIndex: 1, Size: int64(len(s.raw)),
	}
	var resp raft.InstallSnapshotResponse
	err := r.leader.InstallSnapshot("v1", "v1", req, &resp, bytes.NewReader(s.raw))
	return err == nil && resp.Success
}

// TestRaftAbortsARefusedSnapshot holds raft itself to what the sink relies on: an error of Close ends an installation before
// log and state machine are touched.
func TestRaftAbortsARefusedSnapshot(t *testing.T) {
	c := newCluster(t)
	good := c.snapshotOf(c.leader())
	alone := newAlone(t, Snapshots{})
	alone.restart("v1")
	r := newRaftOn(t, c, alone.nodes["v1"])
	fake := good
	fake.raw = repack(t, good.raw, func(e []entry) []entry { e[len(e)-1].value = []byte{1}; return e })
	if r.install(fake) || len(r.restored) != 0 || r.AppliedIndex() != 0 || r.LastIndex() != 0 {
		t.Fatalf("raft took a refused snapshot: applied %d", r.AppliedIndex())
	}
	if !r.install(good) || r.AppliedIndex() != good.index {
		t.Fatalf("raft did not take a good snapshot: applied %d", r.AppliedIndex())
	}
	if raw := <-r.restored; !bytes.Equal(raw, good.raw) {
		t.Error("the state machine was given another snapshot")
	}
}

// TestSnapshotAtAPlaceFarAhead: indexes of raft's log are nobody's signature, so a leader that lies about one is found out by
// the next leader's snapshot only. That one is taken although it ends earlier in the log, and raft goes on after it.
func TestSnapshotAtAPlaceFarAhead(t *testing.T) {
	c := newCluster(t)
	far := c.snapshotOf(c.leader())
	far.index += 1 << 20
	later := c.snapshotOf(c.leader())
	alone := newAlone(t, Snapshots{})
	alone.restart("v1")
	n := alone.nodes["v1"]
	for _, s := range []sent{far, later} {
		if err := errors.Join(deliver(n, c.members(), s), restore(n)); err != nil {
			t.Fatal(err)
		}
	}
	list, err := n.snapshots.List()
	if err != nil || len(list) != 1 || list[0].Index != later.index {
		t.Errorf("kept %v, %v", list, err)
	}
	if index, _ := n.store.Applied(); index != later.index || n.Head().Root != later.head.Root {
		t.Errorf("applied %d, want %d", index, later.index)
	}

	other := newAlone(t, Snapshots{})
	other.restart("v2")
	r := newRaftOn(t, c, other.nodes["v2"])
	if !r.install(far) || !r.install(later) || r.AppliedIndex() != later.index {
		t.Fatalf("raft is at %d, want %d", r.AppliedIndex(), later.index)
	}
	req := &raft.AppendEntriesRequest{
		RPCHeader: fromLeader, Term: later.term, PrevLogEntry: later.index, PrevLogTerm: later.term, LeaderCommitIndex: later.index + 1,
		Entries: []*raft.Log{{Index: later.index + 1, Term: later.term, Type: raft.LogCommand, Data: []byte("next")}},
	}
	var resp raft.AppendEntriesResponse
	if err := r.leader.AppendEntries("v1", "v1", req, &resp); err != nil || !resp.Success || r.LastIndex() != later.index+1 {
		t.Errorf("the next entry: %v, %v; raft ends at %d", err, resp.Success, r.LastIndex())
	}
}

// TestASnapshotOfNoBatch: the genesis alone has no certificate, so whoever took a place with it could prove nothing, and not give that place up.
func TestASnapshotOfNoBatch(t *testing.T) {
	s := newScribe(t)
	if _, err := (fsm{s.n}).Snapshot(); !errors.Is(err, errNoBatch) {
		t.Errorf("one was made: %v", err)
	}
	genesis := s.captured() // Proved by what became final later.
	final, _ := s.pays()
	s.final(final)
	another := newAgain(t, s.cluster)
	another.restart("v1")
	if err := deliver(another.nodes["v1"], s.members(), genesis()); !errors.Is(err, errNoBatch) {
		t.Errorf("one was taken: %v", err)
	}
}

// TestASnapshotMadeByNoEntry: who has given its place up says that no entry made its state, and so may a liar. Whoever takes that may not be sent the log from its
// first entry: raft compares nothing before that, and would have it beside the snapshot.
func TestASnapshotMadeByNoEntry(t *testing.T) {
	s := newScribe(t)
	s.paysFinal()
	s.n.goBack(errKilled, resyncNone)
	s.settled()
	snapshot := s.captured()()
	another := newAgain(t, s.cluster)
	another.restart("v1")
	n := another.nodes["v1"]
	if err := errors.Join(deliver(n, s.members(), snapshot), restore(n)); err != nil {
		t.Fatal(err)
	}
	if index, _ := s.n.store.Applied(); index != 0 || n.local().CommitIndex() != 1 {
		t.Errorf("made by entry %d there, and here entries up to %d are covered", index, n.local().CommitIndex())
	}
}
