package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// Three validators elect a leader over real TLS, replicate, lose the leader, elect another, and take the first one back
// at its old address. What it missed is larger than a peer accepts in one append, so raft must go on after each cut.
func TestClusterSurvivesItsLeader(t *testing.T) {
	w := newNetwork(t, 3)
	w.bootstrap(w.validators...)
	w.apply("one")
	old := w.leader()
	w.stop(old)

	big := bytes.Repeat([]byte{'x'}, 300<<10)
	for i := range 16 {
		w.apply(fmt.Sprintf("%d %s", i, big))
	}
	w.apply("two")
	w.start(old)
	for _, v := range w.validators {
		w.eventually(v.name+" to catch up", func() bool { return v.fsm.last() == "two" })
	}
}

// A validator that was away while the others compacted their logs gets a snapshot of several frames.
func TestClusterInstallsSnapshot(t *testing.T) {
	w := newNetwork(t, 3)
	w.bootstrap(w.validators...)
	w.apply("one")
	leader := w.leader()
	var away *validator
	for _, v := range w.validators {
		if v != leader {
			away = v
		}
	}
	w.stop(away)
	away.logs, away.snapshots = raft.NewInmemStore(), raft.NewInmemSnapshotStore()
	for i := range 10 {
		w.apply(fmt.Sprintf("%d %s", i, bytes.Repeat([]byte{'y'}, 60<<10)))
	}
	w.apply("last")
	if err := w.leader().raft.Load().Snapshot().Error(); err != nil {
		t.Fatal(err)
	}
	w.start(away)
	w.eventually("the snapshot", func() bool { return away.fsm.last() == "last" })
	away.fsm.mu.Lock()
	defer away.fsm.mu.Unlock()
	if away.fsm.restored != 1 || len(away.fsm.applied) != 12 {
		t.Fatalf("restored %d times, %d lines; want once, 12", away.fsm.restored, len(away.fsm.applied))
	}
}

// Leadership moves by TimeoutNow, which the follower takes from its leader.
func TestClusterTransfersLeadership(t *testing.T) {
	w := newNetwork(t, 3)
	w.bootstrap(w.validators...)
	w.apply("one")
	leader := w.leader()
	if err := leader.raft.Load().LeadershipTransfer().Error(); err != nil {
		t.Fatal(err)
	}
	w.eventually("another leader", func() bool { return w.leader() != leader })
}

// heartbeat is one of a leader of term 1, by its transport.
func heartbeat(from, to *validator) error {
	var resp raft.AppendEntriesResponse
	id := raft.ServerID(to.name)
	return from.transport.AppendEntries(id, raft.ServerAddress(id), heartbeatOf(from.name, 1), &resp)
}

// A call to a dead peer fails at once, and a peer that came back is met again within about a second, whoever calls.
func TestReconnect(t *testing.T) {
	w := newNetwork(t, 2)
	caller, callee := w.validators[0], w.validators[1]
	w.open(caller, w.config(caller))
	w.elect(caller, 1)
	beat := func() error { return heartbeat(caller, callee) }
	for round := range 3 {
		w.open(callee, w.config(callee))
		stop := answerRaft(callee)
		start := time.Now()
		w.eventually("the first answer", func() bool { return beat() == nil })
		if took := time.Since(start); took > 1500*time.Millisecond {
			t.Errorf("round %d: met the peer again after %v", round, took)
		}
		stop()
		_ = callee.transport.Close()
		callee.server.Stop()
		w.eventually("the first failure", func() bool { return beat() != nil })
		start = time.Now()
		if err := beat(); err == nil || time.Since(start) > 500*time.Millisecond {
			t.Errorf("round %d: call to a dead peer: %v after %v", round, err, time.Since(start))
		}
	}
}

// A peer that shows itself is called on a new connection where the old one had failed, while others call it at the same time: under the race
// detector this is what grpc's own way of hurrying does not stand.
func TestHurryWhileOthersCall(t *testing.T) {
	w := newNetwork(t, 2)
	caller, callee := w.validators[0], w.validators[1]
	w.open(caller, w.config(caller))
	w.elect(caller, 1)
	beat := func() error { return heartbeat(caller, callee) }
	w.eventually("the first failure", func() bool { return beat() != nil })
	var calls sync.WaitGroup
	for range 4 {
		calls.Go(func() {
			for range 20 {
				_ = beat()
			}
		})
	}
	for range 20 {
		caller.transport.hurry(callee.name)
	}
	calls.Wait()
	w.open(callee, w.config(callee))
	defer answerRaft(callee)()
	w.eventually("an answer once it is there", func() bool { caller.transport.hurry(callee.name); return beat() == nil })
}

// Close ends calls in flight, and later ones; the connection given to other services is closed with it.
func TestCloseEndsCalls(t *testing.T) {
	w := newNetwork(t, 2)
	caller, callee := w.validators[0], w.validators[1]
	w.open(caller, w.config(caller))
	w.open(callee, w.config(callee)) // nobody takes from its Consumer: the call hangs
	id := raft.ServerID(callee.name)
	vote := &raft.RequestVoteRequest{RPCHeader: headerOf(caller.name), Term: 1}
	result := make(chan error, 1)
	go func() {
		var resp raft.RequestVoteResponse
		result <- caller.transport.RequestVote(id, raft.ServerAddress(id), vote, &resp)
	}()
	if _, err := caller.transport.DialPeer(context.Background(), callee.name); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(caller.transport.Close(), caller.transport.Close()); err != nil {
		t.Fatal(err)
	}
	if err := <-result; !errors.Is(err, raft.ErrTransportShutdown) {
		t.Errorf("call in flight: %v", err)
	}
	if _, err := caller.transport.DialPeer(context.Background(), callee.name); !errors.Is(err, raft.ErrTransportShutdown) {
		t.Errorf("dial after close: %v", err)
	}
}
