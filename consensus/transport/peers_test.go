package transport

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// TestWhoHasLeftIsNotHeard: a validator that raft has still to let go is not followed and not elected, and one that is no peer any more is not
// counted, with no vote either.
func TestWhoHasLeftIsNotHeard(t *testing.T) {
	w := newElectors(t, 4)
	w.want("a leader", w.hear("v2", heartbeatOf("v2", 11), Words{Certificate: w.elected(11, "v2", "v2", "v3", "v4")}), nil)
	w.admit(w.keys, map[string]bool{"v2": true})
	w.want("the leader, when it has left", w.hear("v2", heartbeatOf("v2", 11), Words{}), ErrDropped)
	keys := maps.Clone(w.keys)
	delete(keys, "v2")
	w.admit(keys, nil)
	w.want("the leader, when it is a stranger", w.hear("v2", heartbeatOf("v2", 12), Words{Certificate: w.elected(12, "v2", "v2", "v3", "v4")}), ErrRate)
	w.want("another with a stranger's vote", w.hear("v3", heartbeatOf("v3", 13), Words{Certificate: w.elected(13, "v3", "v2", "v3")}), ErrCertificate)
	w.want("another with the votes of two of three", w.hear("v3", heartbeatOf("v3", 13), Words{Certificate: w.elected(13, "v3", "v3", "v4")}), nil)
	w.want("another with the votes of two of three, and a stranger's", w.hear("v3", heartbeatOf("v3", 14), Words{Certificate: w.elected(14, "v3", "v2", "v3", "v4")}), nil)
	many := w.elected(15, "v3", "v3", "v4")
	for i := range maxVotes {
		many.Votes = append(many.Votes, VoteSignature{Validator: fmt.Sprintf("w%03d", i)})
	}
	w.want("another with the votes of all the world", w.hear("v3", heartbeatOf("v3", 15), Words{Certificate: many}), ErrCertificate)
}

// TestWhoHasLeftLeadsForWantOfOthers: where no validator of the set can be elected, since who has left has more, somebody of those who have left is elected
// after a while, and followed as long as it leads that term.
func TestWhoHasLeftLeadsForWantOfOthers(t *testing.T) {
	w := newElectors(t, 4)
	w.admit(w.keys, map[string]bool{"v2": true, "v4": true})
	beat := func(leader string, term uint64) error {
		return w.hear(leader, heartbeatOf(leader, term), Words{Certificate: w.elected(term, leader, "v2", "v3", "v4")})
	}
	ask := func() error {
		return w.hear("v2", &raft.RequestPreVoteRequest{RPCHeader: headerOf("v2"), Term: w.term + 1}, Words{})
	}
	w.want("a candidate at first", ask(), ErrDropped)
	w.now = w.now.Add(w.limits.DropFor)
	w.want("a leader of the set", beat("v3", 10), nil)
	w.want("a candidate after it", ask(), ErrDropped)
	w.now = w.now.Add(w.limits.DropFor)
	w.want("a candidate after a while", ask(), nil)
	w.want("a leader then", beat("v2", 11), nil)
	w.want("the leader again", beat("v2", 11), nil)
	w.want("another one", beat("v4", 12), ErrDropped)
	w.want("the leader in another term", beat("v2", 13), ErrDropped)
	w.Drop(w.now, "v2", 0)
	w.want("the leader, of whom others complain", beat("v2", 11), ErrDropped)
	w.now = w.now.Add(w.limits.DropFor + 1)
	w.want("another one, after a while without a leader", beat("v4", 14), nil)
}

// TestWhoHasLeftHandsOverInTime: one that does not is followed no more, so that others may be elected; it may be in another term when they are not.
func TestWhoHasLeftHandsOverInTime(t *testing.T) {
	w := newElectors(t, 4)
	w.admit(w.keys, map[string]bool{"v2": true})
	beat := func(term uint64) error {
		return w.hear("v2", heartbeatOf("v2", term), Words{Certificate: w.elected(term, "v2", "v2", "v3", "v4")})
	}
	w.want("at first", beat(10), ErrDropped)
	w.now = w.now.Add(w.limits.DropFor + time.Second)
	w.want("for want of others", beat(10), nil)
	since := w.now
	for w.now.Sub(since) < (toleratedDrops-1)*w.limits.DropFor {
		w.want("as long as it may", beat(10), nil)
		w.now = w.now.Add(w.limits.DropFor / 2)
	}
	w.now = since.Add(toleratedDrops*w.limits.DropFor - 2*time.Second)
	w.want("the last time", beat(10), nil)
	w.now = w.now.Add(2 * time.Second)
	w.want("after that", beat(10), ErrDropped)
	w.now = w.now.Add(w.limits.DropFor / 2)
	w.want("in another term, soon", beat(11), ErrDropped)
	w.now = w.now.Add(w.limits.DropFor)
	w.want("in another term, for want of others", beat(12), nil)
}

// TestElectedBy: a leader knows how many of those who vote now have elected it, since who starts again counts no others.
func TestElectedBy(t *testing.T) {
	w := newElectors(t, 4)
	elected := func(want int, by ...string) {
		t.Helper()
		if got := w.electedBy(by); got != want {
			t.Errorf("elected by %d of %v, want %d", got, by, want)
		}
	}
	elected(0, "v1", "v2", "v3", "v4")
	ask := &raft.RequestVoteRequest{RPCHeader: headerOf("v1"), Term: w.local.Term()}
	for _, voter := range []string{"v2", "v3"} {
		if _, err := w.Outgoing(w.now, voter, ask); err != nil {
			t.Fatal(err)
		}
		granted := &raft.RequestVoteResponse{RPCHeader: headerOf(voter), Term: ask.Term, Granted: true}
		w.want("vote", w.Answered(w.now, voter, ask, granted, Words{Signature: w.vote(ask.Term, "v1", voter)}), nil)
	}
	elected(3, "v1", "v2", "v3", "v4")
	elected(2, "v1", "v3", "v4", "v5")
	w.local.Term = func() uint64 { return ask.Term + 1 }
	elected(0, "v1", "v2", "v3", "v4")
}

// TestMembersThatComeTooEarly: of an append what comes before an entry that changes members too early is taken, and commit goes no further;
// one that is in the log already is not judged again.
func TestMembersThatComeTooEarly(t *testing.T) {
	early := fmt.Errorf("not yet: %w", ErrTooEarly)
	f := testFacts()
	f.approve = func(raft.Configuration) error { return early }
	r := goodAppend()
	r.Entries = r.Entries[:2]
	r.LeaderCommitIndex = 1 << 20
	at := len(r.Entries)
	last := r.PrevLogEntry + uint64(at)
	data := raft.EncodeConfiguration(raft.Configuration{Servers: []raft.Server{{ID: "v1", Address: "v1"}}})
	r.Entries = append(r.Entries, &raft.Log{Index: last + 1, Term: r.Term, Type: raft.LogConfiguration, Data: data},
		&raft.Log{Index: last + 2, Term: r.Term, Type: raft.LogNoop})
	if err := filterAppend(r, "b", f); err != nil {
		t.Fatal(err)
	}
	if len(r.Entries) != at || r.LeaderCommitIndex != last || endOf(r) != last {
		t.Errorf("%d entries to %d and commit %d, want %d to %d", len(r.Entries), endOf(r), r.LeaderCommitIndex, at, last)
	}
}

// TestAShortenedAppendIsAnswered: of an append that is shortened the leader hears that not all was taken; but if nothing was, since this log
// ends earlier than the leader believes, it hears that, or it would send the same for ever.
func TestAShortenedAppendIsAnswered(t *testing.T) {
	w, victim := newLonely(t)
	victim.transport.filter.local.Approve = func(raft.Configuration) error { return ErrTooEarly }
	leader, term := w.validators[1], victim.raft.Load().CurrentTerm()+2
	last := victim.raft.Load().LastIndex()
	var prev raft.Log
	if err := victim.logs.GetLog(last, &prev); err != nil {
		t.Fatal(err)
	}
	members := raft.EncodeConfiguration(raft.Configuration{Servers: []raft.Server{{ID: "validator-1", Address: "validator-1"}}})
	send := func(at, atTerm uint64, kinds ...raft.LogType) (*peerv1.AppendEntriesResponse, error) {
		r := &raft.AppendEntriesRequest{Term: term, PrevLogEntry: at, PrevLogTerm: atTerm}
		for i, kind := range kinds {
			e := &raft.Log{Index: at + uint64(i) + 1, Term: term, Type: kind}
			if kind == raft.LogConfiguration {
				e.Data = members
			}
			r.Entries = append(r.Entries, e)
		}
		return w.send(leader, victim, r)
	}
	if _, err := send(last, prev.Term, raft.LogNoop, raft.LogConfiguration); !errors.Is(err, ErrTooEarly) {
		t.Errorf("one entry is taken and one is not: %v", err)
	}
	if got := victim.raft.Load().LastIndex(); got != last+1 {
		t.Fatalf("the log ends at %d, want %d", got, last+1)
	}
	out, err := send(last+9, term, raft.LogConfiguration)
	if err != nil || out.GetSuccess() || out.GetLastLog() != last+1 {
		t.Errorf("what does not follow this log: %v, %v", out, err)
	}
}

// TestWhetherALeaderHasMore: the node hears that an append brought nothing only if it was taken at the end of a log that is committed, and of how much the leader
// says that it is.
func TestWhetherALeaderHasMore(t *testing.T) {
	w, victim := newLonely(t)
	victim.transport.filter.local.Approve = func(raft.Configuration) error { return ErrTooEarly }
	var mu sync.Mutex
	var heard []Append
	victim.transport.cfg.Local.OnAppend = func(a Append) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, a)
	}
	leader, term := w.validators[1], victim.raft.Load().CurrentTerm()+2
	last := victim.raft.Load().LastIndex()
	var prev raft.Log
	if err := victim.logs.GetLog(last, &prev); err != nil {
		t.Fatal(err)
	}
	members := raft.EncodeConfiguration(raft.Configuration{Servers: []raft.Server{{ID: "validator-1", Address: "validator-1"}}})
	for _, step := range []struct {
		name       string
		at, atTerm uint64
		commit     uint64
		entry      *raft.Log
		want       Append
	}{
		{"nothing more", last, prev.Term, last, nil, Append{Before: last, Taken: true, Ends: true}},
		{"an entry", last, prev.Term, last, &raft.Log{Type: raft.LogNoop}, Append{Before: last, Taken: true}},
		{"nothing, before the end", last, prev.Term, last, nil, Append{Before: last, Taken: true}},
		{"nothing, and the end is not committed", last + 1, term, last, nil, Append{Before: last + 1, Taken: true}},
		{"nothing, and much that is not here is committed", last + 1, term, last + 50, nil, Append{Before: last + 1, Taken: true, Ends: true}},
		{"nothing, beyond the end", last + 9, term, last + 9, nil, Append{Before: last + 9}},
		{"what is too early", last + 1, term, last + 1, &raft.Log{Type: raft.LogConfiguration, Data: members}, Append{Before: last + 1, Taken: true, Ends: true}},
	} {
		r := &raft.AppendEntriesRequest{Term: term, PrevLogEntry: step.at, PrevLogTerm: step.atTerm, LeaderCommitIndex: step.commit}
		if step.entry != nil {
			step.entry.Index, step.entry.Term = step.at+1, term
			r.Entries = []*raft.Log{step.entry}
		}
		if _, err := w.send(leader, victim, r); err != nil && !errors.Is(err, ErrTooEarly) {
			t.Errorf("%s: %v", step.name, err)
		}
		step.want.Committed = step.commit
		mu.Lock()
		if len(heard) != 1 || heard[0] != step.want {
			t.Errorf("%s: heard %+v, want %+v", step.name, heard, step.want)
		}
		heard = nil
		mu.Unlock()
	}
}

// TestWhoHasNoVoteHereIsVotedFor: raft votes for whom its own log gives no vote if it is told to, keeps that vote, and refuses it otherwise.
func TestWhoHasNoVoteHereIsVotedFor(t *testing.T) {
	w := newNetwork(t, 4)
	victim := w.validators[0]
	w.begin(w.validators[:3], w.validators[:1])
	for _, v := range w.validators[1:] {
		w.open(v, w.config(v))
	}
	term := victim.raft.Load().CurrentTerm() + 2
	ask := func(from *validator) (pre, vote bool) {
		client := w.clientOf(from, victim)
		p, err := client.RequestPreVote(t.Context(), preVoteRequestToProto(&raft.RequestPreVoteRequest{RPCHeader: headerOf(from.name), Term: term, LastLogIndex: 99, LastLogTerm: term - 1}))
		if err != nil {
			t.Fatal(err)
		}
		v, err := client.RequestVote(t.Context(), voteRequestToProto(&raft.RequestVoteRequest{RPCHeader: headerOf(from.name), Term: term, LastLogIndex: 99, LastLogTerm: term - 1}))
		if err != nil {
			t.Fatal(err)
		}
		return p.GetGranted(), v.GetGranted()
	}
	come, voter := w.validators[3], w.validators[1]
	if pre, vote := ask(come); pre || vote {
		t.Fatalf("raft votes for whom it gives no vote: %v, %v", pre, vote)
	}
	victim.transport.filter.local.VotesAs = func(string) string { return voter.name }
	term = victim.raft.Load().CurrentTerm() + 2
	if pre, vote := ask(come); !pre || !vote {
		t.Errorf("it has not voted: %v, %v", pre, vote)
	}
	if _, vote := ask(voter); vote {
		t.Error("it has voted twice in a term")
	}
	if _, vote := ask(come); !vote {
		t.Error("it does not keep its vote")
	}
}
