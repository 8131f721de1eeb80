package transport

import (
	"errors"
	"testing"

	"github.com/hashicorp/raft"
)

// What is committed is not replaced, whatever the terms say; what is not may be, as raft's rules have it.
func TestCommitGuard(t *testing.T) {
	entry := func(index, term uint64, data string) *raft.Log {
		return &raft.Log{Index: index, Term: term, Data: []byte(data)}
	}
	kept := map[uint64]*raft.Log{5: entry(5, 3, "five"), 6: entry(6, 3, "six"), 7: entry(7, 3, "seven"), 8: entry(8, 3, "eight")}
	// Entries up to 4 are gone: a snapshot covers them.
	for _, row := range []struct {
		name    string
		prev    uint64
		entries []*raft.Log
		want    error
		// left is where the request continues, and with how many entries, when it passes.
		prevLeft  uint64
		left      int
		committed uint64
	}{
		{"nothing", 8, nil, nil, 8, 0, 7},
		{"new entries", 8, []*raft.Log{entry(9, 4, "nine")}, nil, 8, 1, 7},
		{"the same again", 5, []*raft.Log{entry(6, 3, "six"), entry(7, 3, "seven"), entry(8, 3, "eight")}, nil, 5, 3, 7},
		{"another after the commit index", 7, []*raft.Log{entry(8, 4, "other")}, nil, 7, 1, 7},
		{"another content", 6, []*raft.Log{entry(7, 3, "other")}, ErrCommitted, 0, 0, 7},
		{"another term", 6, []*raft.Log{entry(7, 4, "seven")}, ErrCommitted, 0, 0, 7},
		{"another kind", 6, []*raft.Log{{Index: 7, Term: 3, Type: raft.LogNoop, Data: []byte("seven")}}, ErrCommitted, 0, 0, 7},
		{"other extensions", 6, []*raft.Log{{Index: 7, Term: 3, Data: []byte("seven"), Extensions: []byte{1}}}, ErrCommitted, 0, 0, 7},
		{"another behind the same", 5, []*raft.Log{entry(6, 3, "six"), entry(7, 3, "other")}, ErrCommitted, 0, 0, 7},
		{"entries under the snapshot", 0, []*raft.Log{{Index: 1, Term: 1, Type: raft.LogConfiguration}, entry(2, 1, "other")}, nil, 2, 0, 7},
		{"entries under the snapshot and kept ones", 3, []*raft.Log{entry(4, 3, "four"), entry(5, 3, "five"), entry(6, 3, "six")}, nil, 6, 0, 7},
		{"kept ones again, right behind the snapshot", 4, []*raft.Log{entry(5, 3, "five"), entry(6, 3, "six")}, nil, 6, 0, 7},
		{"all that is kept, right behind the snapshot", 4, []*raft.Log{entry(5, 3, "five"), entry(6, 3, "six"), entry(7, 3, "seven"), entry(8, 3, "eight")}, nil, 8, 0, 7},
		{"another than one not committed, right behind the snapshot", 4, []*raft.Log{entry(5, 3, "five"), entry(6, 3, "six"), entry(7, 3, "seven"), entry(8, 4, "other")}, nil, 7, 1, 7},
		{"a lie behind entries under the snapshot", 3, []*raft.Log{entry(4, 3, "four"), entry(5, 3, "other")}, ErrCommitted, 0, 0, 7},
		{"entries beyond a log that an older snapshot has replaced", 8, []*raft.Log{entry(9, 4, "nine")}, nil, 8, 1, 20},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := &raft.AppendEntriesRequest{RPCHeader: headerOf("b"), Term: 9, PrevLogEntry: row.prev, Entries: row.entries, LeaderCommitIndex: 1 << 20}
			if row.prev > 0 {
				r.PrevLogTerm = 1
			}
			f := testFacts()
			f.commit, f.last, f.stored = row.committed, 8, func(index uint64) (*raft.Log, bool) { e, ok := kept[index]; return e, ok }
			if err := filterAppend(r, "b", f); !errors.Is(err, row.want) {
				t.Fatalf("got %v, want %v", err, row.want)
			}
			if row.want == nil && (r.PrevLogEntry != row.prevLeft || len(r.Entries) != row.left) {
				t.Errorf("continues at %d with %d entries, want %d with %d", r.PrevLogEntry, len(r.Entries), row.prevLeft, row.left)
			}
			// What is in the log behind that is not shown to be the leader's too.
			if end := row.prevLeft + uint64(row.left); row.want == nil && r.LeaderCommitIndex != end {
				t.Errorf("calls %d committed, and shows what is there up to %d", r.LeaderCommitIndex, end)
			}
		})
	}
}

// The guard never goes back by itself: a node that says that less is committed than before has lost something, unless it
// says that it has cut its log.
func TestResetCommitGuard(t *testing.T) {
	w := newElectors(t, 4)
	w.log[1], w.log[2] = &raft.Log{Index: 1, Term: 1, Data: []byte("one")}, &raft.Log{Index: 2, Term: 1, Data: []byte("lie")}
	w.want("elected", w.hear("v2", heartbeatOf("v2", 11), Words{Certificate: w.elected(11, "v2", "v2", "v3", "v4")}), nil)
	truth := func() error {
		return w.hear("v2", &raft.AppendEntriesRequest{
			RPCHeader: headerOf("v2"), Term: 11, PrevLogEntry: 1, PrevLogTerm: 1, Entries: []*raft.Log{{Index: 2, Term: 2, Data: []byte("truth")}},
		}, Words{})
	}
	w.commit = 2
	w.want("committed", truth(), ErrCommitted)
	w.commit = 1
	w.want("after the commit index fell", truth(), ErrCommitted)
	if len(w.conflicts) != 2 || w.conflicts[0] != 2 {
		t.Errorf("conflicts at %v, want twice at 2", w.conflicts)
	}
	w.ResetCommitGuard()
	w.want("after the reset", truth(), nil)
	w.commit = 2
	w.want("committed again", truth(), ErrCommitted)

	// A snapshot replaces the log, so its end decides what is committed.
	w.commit = 1
	if _, err := w.Answering("v2", &raft.InstallSnapshotRequest{}, &raft.InstallSnapshotResponse{Success: true}); err != nil {
		t.Fatal(err)
	}
	w.want("after a snapshot", truth(), nil)
}

// Who begins with a final state, at the least place for it, goes on with any leader's log there; and nowhere else is a term another one.
func TestAppendAtTheBase(t *testing.T) {
	entry := func(index uint64) *raft.Log { return &raft.Log{Index: index, Term: 6, Data: []byte("data")} }
	for _, row := range []struct {
		name       string
		prev, base uint64
		entries    []*raft.Log
		at, term   uint64
		left       int
	}{
		{"right behind it", 4, 4, []*raft.Log{entry(5)}, 4, 1, 1},
		{"over it", 2, 4, []*raft.Log{entry(3), entry(4), entry(5)}, 4, 1, 1},
		{"up to it", 2, 4, []*raft.Log{entry(3), entry(4)}, 4, 1, 0},
		{"before it", 2, 4, []*raft.Log{entry(3)}, 3, 6, 0},
		{"beyond it", 5, 4, []*raft.Log{entry(6)}, 5, 5, 1},
		{"no such base", 4, 0, []*raft.Log{entry(5)}, 4, 5, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := &raft.AppendEntriesRequest{RPCHeader: headerOf("b"), Term: 9, PrevLogEntry: row.prev, PrevLogTerm: 5, Entries: row.entries}
			f := testFacts()
			f.commit, f.last, f.stored = 4, 4, func(uint64) (*raft.Log, bool) { return nil, false }
			f.base, f.baseTerm = row.base, 1
			if err := filterAppend(r, "b", f); err != nil {
				t.Fatal(err)
			}
			if r.PrevLogEntry != row.at || r.PrevLogTerm != row.term || len(r.Entries) != row.left {
				t.Errorf("continues at %d of term %d with %d entries, want %d of %d with %d", r.PrevLogEntry, r.PrevLogTerm, len(r.Entries), row.at, row.term, row.left)
			}
		})
	}
}

// What was judged by a log that has been cut since does not meet the raft that goes on with another one: it would take what the filter had no reason to refuse.
func TestResetTurnsAwayWhatWaits(t *testing.T) {
	w := newNetwork(t, 2)
	leader, follower := w.validators[0], w.validators[1]
	w.open(leader, w.config(leader))
	w.open(follower, w.config(follower))
	w.elect(leader, 3)
	say := func() chan error {
		said := make(chan error, 1)
		go func() {
			args := &raft.AppendEntriesRequest{RPCHeader: headerOf(leader.name), Term: 3, PrevLogEntry: 1, PrevLogTerm: 3, Entries: []*raft.Log{{Index: 2, Term: 3, Data: []byte("x")}}}
			said <- leader.transport.AppendEntries(raft.ServerID(follower.name), raft.ServerAddress(follower.name), args, &raft.AppendEntriesResponse{})
		}()
		return said
	}
	said := say()
	w.eventually("it waits for raft", func() bool { return len(follower.transport.turn) == 1 })
	before := follower.transport.Consumer()
	follower.transport.ResetCommitGuard()
	select {
	case <-before:
		t.Fatal("it is there for a raft of before")
	case <-follower.transport.Consumer():
		t.Fatal("raft is given what was judged before")
	case err := <-said:
		if err == nil {
			t.Error("it was taken")
		}
	}
	defer answerRaft(follower)()
	if err := <-say(); err != nil {
		t.Errorf("what is judged after: %v", err)
	}
}
