package transport

import (
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// pair is a leader, whose raft the test plays, and a follower, whose raft hands over what it is told.
type pair struct {
	*network
	leader, follower *validator
	heard            chan *raft.AppendEntriesRequest
	// hold keeps the follower from answering while it has a place.
	hold chan struct{}
}

func newPair(t *testing.T) *pair {
	w := newNetwork(t, 2)
	p := &pair{network: w, leader: w.validators[0], follower: w.validators[1], heard: make(chan *raft.AppendEntriesRequest, 16), hold: make(chan struct{})}
	w.open(p.leader, w.config(p.leader))
	w.open(p.follower, w.config(p.follower))
	w.elect(p.leader, 3)
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case rpc := <-p.follower.transport.Consumer():
				args := rpc.Command.(*raft.AppendEntriesRequest)
				p.heard <- args
				if len(args.Entries) == 0 {
					select {
					case p.hold <- struct{}{}:
					case <-done:
						return
					}
				}
				rpc.Respond(&raft.AppendEntriesResponse{Term: args.Term, Success: true}, nil)
			case <-done:
				return
			}
		}
	}()
	t.Cleanup(func() { close(done); <-ended })
	return p
}

// stores has raft send entries up to an index, which the follower takes.
func (p *pair) stores(from, to, commit uint64) {
	p.t.Helper()
	args := &raft.AppendEntriesRequest{RPCHeader: headerOf(p.leader.name), Term: 3, PrevLogEntry: from - 1, LeaderCommitIndex: commit}
	if from > 1 {
		args.PrevLogTerm = 3
	}
	for i := from; i <= to; i++ {
		args.Entries = append(args.Entries, &raft.Log{Index: i, Term: 3, Data: []byte("x")})
	}
	if from == 1 {
		args.Entries[0].Type, args.Entries[0].Data = raft.LogConfiguration, testConfiguration(server(p.leader.name), server(p.follower.name))
	}
	var resp raft.AppendEntriesResponse
	id := raft.ServerID(p.follower.name)
	p.eventually("the append", func() bool {
		return p.leader.transport.AppendEntries(id, raft.ServerAddress(id), args, &resp) == nil
	})
	if got := <-p.heard; len(got.Entries) != len(args.Entries) {
		p.t.Fatalf("the follower got %d entries, want %d", len(got.Entries), len(args.Entries))
	}
}

// wantWord waits for a word.
func (p *pair) wantWord(index, stored uint64) {
	p.t.Helper()
	select {
	case got := <-p.heard:
		if len(got.Entries) > 0 || got.LeaderCommitIndex != index || got.PrevLogEntry != stored || got.PrevLogTerm != 3 || got.Term != 3 {
			p.t.Fatalf("got %+v, want the word that %d of %d entries are committed", got, index, stored)
		}
	case <-time.After(5 * time.Second):
		p.t.Fatalf("no word that %d is committed", index)
	}
}

// answered waits until the leader has the follower's answer to a word.
func (p *pair) answered() {
	p.t.Helper()
	p.eventually("the answer", func() bool { return !p.leader.transport.known.Load().words[p.follower.name].saying.Load() })
}

// wantSilence says that nothing is on its way to the follower.
func (p *pair) wantSilence(why string) {
	p.t.Helper()
	w := p.leader.transport.known.Load().words[p.follower.name]
	if w.saying.Load() || len(p.heard) > 0 {
		p.t.Fatalf("the follower was told something: %s", why)
	}
}

// A follower hears at once that what it has stored is committed, without waiting for raft's next append.
func TestCommitIsToldAtOnce(t *testing.T) {
	p := newPair(t)
	p.stores(1, 2, 0)
	p.leader.transport.Committed(3, 2)
	p.wantWord(2, 2)
	<-p.hold
}

// Who has not confirmed the entry is not told: raft would take the end of its log for committed, and that may be another's.
// It is told when it has confirmed it.
func TestCommitIsToldOnlyToWhoHasIt(t *testing.T) {
	p := newPair(t)
	p.stores(1, 2, 0)
	p.leader.transport.Committed(3, 4)
	p.wantSilence("it has two entries, and four are committed")
	p.stores(3, 4, 2)
	p.wantWord(4, 4)
	<-p.hold
	p.answered()
	p.stores(5, 5, 4)
	p.wantSilence("the append said it")
}

// What was confirmed to the leader of another term says nothing about this term's entries.
func TestCommitOfAnotherTermIsNotTold(t *testing.T) {
	p := newPair(t)
	p.stores(1, 2, 0)
	p.leader.transport.Committed(4, 2)
	p.wantSilence("the entries were confirmed in term 3")
}

// While one word is on its way the next ones wait, and only the newest of them follows.
func TestOneWordAtATime(t *testing.T) {
	p := newPair(t)
	p.stores(1, 5, 0)
	for index := uint64(1); index <= 5; index++ {
		p.leader.transport.Committed(3, index)
		if index == 1 {
			p.wantWord(1, 5)
		}
	}
	<-p.hold
	p.wantWord(5, 5)
	<-p.hold
	p.answered()
	p.wantSilence("everything is said")
}

// A leader that was started again tells what its state has seen before raft knows it to be committed: as far as the append shows that the follower has the
// same, and not if its log is another by now, or the append is of a term before: what it brings may have been replaced since.
func TestCommitOutlastsARestart(t *testing.T) {
	w := newElectors(t, 4)
	for index := uint64(1); index <= 20; index++ {
		w.log[index] = &raft.Log{Index: index, Term: 7}
	}
	w.log[19].Term = 10
	applied, term := uint64(18), uint64(7)
	w.local.Applied = func() (uint64, uint64) { return applied, term }
	w.local.Holds = func(index, term uint64) bool { return w.log[index] != nil && w.log[index].Term == term }
	for _, row := range []struct {
		name             string
		knows, prev      uint64
		entries          int
		index, term, has uint64
	}{
		{"less than the append brings", 0, 10, 10, 18, 7, 18},
		{"more than it brings", 0, 10, 4, 18, 7, 14},
		{"no entries", 0, 12, 0, 18, 7, 12},
		{"a heartbeat", 0, 0, 0, 18, 7, 0},
		{"raft knows of more", 19, 10, 10, 18, 7, 19},
		{"of the own term", 0, 10, 10, 19, 10, 0},
		{"the end of the log was lost", 0, 10, 10, 21, 7, 0},
		{"and another came in its place", 0, 10, 10, 18, 6, 0},
	} {
		applied, term = row.index, row.term
		c := &raft.AppendEntriesRequest{RPCHeader: headerOf("v1"), Term: 10, PrevLogEntry: row.prev, PrevLogTerm: 7, LeaderCommitIndex: row.knows, Entries: make([]*raft.Log, row.entries)}
		if _, err := w.Outgoing(w.now, "v2", c); err != nil {
			t.Fatal(err)
		}
		if c.LeaderCommitIndex != row.has {
			t.Errorf("%s: tells that %d is committed, want %d", row.name, c.LeaderCommitIndex, row.has)
		}
	}
	late := &raft.AppendEntriesRequest{RPCHeader: headerOf("v1"), Term: 9, PrevLogEntry: 10, PrevLogTerm: 7, LeaderCommitIndex: 5, Entries: make([]*raft.Log, 4)}
	applied, term = 18, 7
	if _, err := w.Outgoing(w.now, "v2", late); err != nil || late.LeaderCommitIndex != 5 {
		t.Errorf("an append of a term before: %v, tells that %d is committed", err, late.LeaderCommitIndex)
	}
}
