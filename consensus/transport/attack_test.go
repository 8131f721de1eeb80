package transport

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// The tests of this file are attacks that succeed on plain hashicorp/raft. Each is made by a validator with its true keys on
// real raft nodes. Where it says "without the filter", the same request is then handed to raft directly and succeeds, so
// that the test shows what the filter is for.

// siege is a network of four of which the last lies; the others run raft.
type siege struct {
	*network
	liar, leader, victim *validator
	term                 uint64
	client               peerv1.RaftServiceClient
}

func newSiege(t *testing.T) *siege {
	w := newNetwork(t, 4)
	w.patience = time.Second // What moves the leader must be the attack, and not a slow machine.
	honest := w.validators[:3]
	w.begin(w.validators, honest)
	for _, line := range []string{"pay0", "pay1", "pay2"} {
		w.apply(line)
	}
	s := &siege{network: w, liar: w.validators[3], leader: w.leader()}
	s.term = s.leader.raft.Load().CurrentTerm()
	for _, v := range honest {
		if v != s.leader {
			s.victim = v
		}
	}
	w.eventually("the victim to catch up", func() bool { return s.victim.fsm.last() == "pay2" })
	w.open(s.liar, w.config(s.liar))
	s.client = w.clientOf(s.liar, s.victim)
	return s
}

// clientOf is how one validator calls another, without raft and filter of its own.
func (w *network) clientOf(from, to *validator) peerv1.RaftServiceClient {
	w.t.Helper()
	conn, err := from.transport.DialPeer(w.t.Context(), to.name)
	if err != nil {
		w.t.Fatal(err)
	}
	return peerv1.NewRaftServiceClient(conn)
}

// refused makes a call that must end with an error of the other side.
func refused(t *testing.T, what string, want error, call func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := fromStatus("peer", call(ctx)); !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// unmoved checks that nothing has happened: the same leader in the same term, and payments go on at all honest nodes.
func (s *siege) unmoved() {
	s.t.Helper()
	if now := s.network.leader(); now != s.leader || now.raft.Load().CurrentTerm() != s.term {
		s.t.Errorf("led by %s in term %d, before by %s in term %d", now.name, now.raft.Load().CurrentTerm(), s.leader.name, s.term)
	}
	s.apply("after")
	for _, v := range s.validators[:3] {
		s.eventually(v.name, func() bool { return v.fsm.last() == "after" })
		if got := strings.Join(v.fsm.lines(), " "); got != "pay0 pay1 pay2 after" {
			s.t.Errorf("%s applied %q", v.name, got)
		}
	}
}

// unfiltered hands a request to a validator's raft as if it had passed.
func unfiltered(t *testing.T, v *validator, command any) any {
	t.Helper()
	answers := make(chan raft.RPCResponse, 1)
	v.transport.door.Load().requests <- raft.RPC{Command: command, RespChan: answers}
	answer := <-answers
	if answer.Error != nil {
		t.Fatal(answer.Error)
	}
	return answer.Response
}

// An entry that was committed is not replaced by who was never elected.
func TestForgedAppendIsRefused(t *testing.T) {
	s := newSiege(t)
	last := s.victim.raft.Load().LastIndex()
	var before raft.Log
	if err := s.victim.logs.GetLog(last-1, &before); err != nil {
		t.Fatal(err)
	}
	forged := func() *raft.AppendEntriesRequest {
		return &raft.AppendEntriesRequest{
			RPCHeader: headerOf(s.liar.name), Term: s.term + 1, PrevLogEntry: last - 1, PrevLogTerm: before.Term, LeaderCommitIndex: last + 1,
			Entries: []*raft.Log{{Index: last, Term: s.term + 1, Data: []byte("FORGED-A")}, {Index: last + 1, Term: s.term + 1, Data: []byte("FORGED-B")}},
		}
	}
	leaders := s.leader.transport.filter.ballot.certificate()
	three := s.certificate(s.liar, s.term+1, s.liar)
	three.Votes = []VoteSignature{{s.leader.name, three.Votes[0].Signature}, {s.victim.name, three.Votes[0].Signature}, three.Votes[0]}
	slices.SortFunc(three.Votes, func(a, b VoteSignature) int { return strings.Compare(a.Validator, b.Validator) })
	for _, row := range []struct {
		name string
		with *Certificate
		want error
	}{
		{"no certificate", nil, ErrUncertified},
		{"its own vote", s.certificate(s.liar, s.term+1, s.liar), ErrCertificate},
		{"invented votes", three, ErrCertificate},
		{"the leader's certificate", leaders, ErrCertificate},
	} {
		refused(t, row.name, row.want, func(ctx context.Context) error {
			r := appendRequestToProto(forged())
			r.Certificate = certificateToProto(row.with)
			_, err := s.client.AppendEntries(ctx, r)
			return err
		})
	}
	s.unmoved()

	// Without the filter.
	for _, v := range s.validators {
		if v != s.victim {
			s.stop(v)
		}
	}
	if answer := unfiltered(t, s.victim, forged()).(*raft.AppendEntriesResponse); !answer.Success {
		t.Error("plain raft has refused: this attack is no more")
	}
}

// No term is taken from a stranger, neither with the flag of a transfer nor within the window.
func TestTermBombIsRefused(t *testing.T) {
	s := newSiege(t)
	bomb := func(term uint64) *raft.RequestVoteRequest {
		return &raft.RequestVoteRequest{RPCHeader: headerOf(s.liar.name), Term: term, LastLogIndex: math.MaxUint64, LeadershipTransfer: true}
	}
	ask := func(term uint64, tr *Transfer) (out *peerv1.RequestVoteResponse, _ error) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		r := voteRequestToProto(bomb(term))
		r.Transfer = transferToProto(tr)
		out, err := s.client.RequestVote(ctx, r)
		return out, fromStatusOrNil(err)
	}
	if _, err := ask(math.MaxUint64, nil); !errors.Is(err, ErrTermWindow) {
		t.Errorf("largest term: %v", err)
	}
	self := signTransfer(testNetwork, s.term, s.liar.name, s.liar.name, s.liar.key)
	for _, tr := range []*Transfer{nil, self} {
		answer, err := ask(s.term+1, tr)
		if err != nil || answer.GetGranted() || answer.GetTerm() != s.term || answer.GetSignature() != nil {
			t.Errorf("next term, transfer %v: %v, %v", tr, answer, err)
		}
	}
	s.unmoved()

	// Without the filter.
	unfiltered(t, s.victim, bomb(math.MaxUint64-1))
	if term := s.victim.raft.Load().CurrentTerm(); term != math.MaxUint64-1 {
		t.Errorf("plain raft is in term %d: this attack is no more", term)
	}
}

func fromStatusOrNil(err error) error {
	if err == nil {
		return nil
	}
	return fromStatus("peer", err)
}

// Nobody but the leader moves leadership, and not the leader without its signed word.
func TestTimeoutNowFromAStrangerIsRefused(t *testing.T) {
	s := newSiege(t)
	for range 10 {
		refused(t, "from a stranger", ErrNotLeader, func(ctx context.Context) error {
			r := timeoutNowRequestToProto(&raft.TimeoutNowRequest{RPCHeader: headerOf(s.liar.name)})
			r.Transfer = transferToProto(signTransfer(testNetwork, s.term, s.liar.name, s.victim.name, s.liar.key))
			_, err := s.client.TimeoutNow(ctx, r)
			if errors.Is(fromStatus("peer", err), ErrRate) {
				return toStatus(ErrNotLeader) // Too often is as good.
			}
			return err
		})
	}
	refused(t, "the leader's, not announced", ErrTransfer, func(ctx context.Context) error {
		_, err := s.clientOf(s.leader, s.victim).TimeoutNow(ctx, timeoutNowRequestToProto(&raft.TimeoutNowRequest{RPCHeader: headerOf(s.leader.name)}))
		return err
	})
	s.unmoved()

	// Without the filter.
	unfiltered(t, s.victim, &raft.TimeoutNowRequest{RPCHeader: headerOf(s.liar.name)})
	s.eventually("plain raft to call an election", func() bool { return s.victim.raft.Load().CurrentTerm() > s.term })
}

// lonely is one validator that runs raft; the test plays all others, with their keys.
func newLonely(t *testing.T) (w *network, victim *validator) {
	w = newNetwork(t, 4)
	victim = w.validators[0]
	w.begin(w.validators, w.validators[:1])
	for _, v := range w.validators[1:] {
		w.open(v, w.config(v))
	}
	return w, victim
}

// send gives an append of a validator that was elected to the victim.
func (w *network) send(from, victim *validator, r *raft.AppendEntriesRequest) (*peerv1.AppendEntriesResponse, error) {
	r.RPCHeader = headerOf(from.name)
	in := appendRequestToProto(r)
	in.Certificate = certificateToProto(w.certificate(from, r.Term, w.validators[1:]...))
	ctx, cancel := context.WithTimeout(w.t.Context(), 5*time.Second)
	defer cancel()
	out, err := w.clientOf(from, victim).AppendEntries(ctx, in)
	return out, fromStatusOrNil(err)
}

// Even an elected leader cannot make raft panic, or hand the cluster to itself by a configuration.
func TestUnknownEntryTypesAreRefused(t *testing.T) {
	w, victim := newLonely(t)
	liar, term := w.validators[1], victim.raft.Load().CurrentTerm()+2
	first := victim.raft.Load().LastIndex()
	var prev raft.Log
	if err := victim.logs.GetLog(first, &prev); err != nil {
		t.Fatal(err)
	}
	send := func(e raft.Log) error {
		e.Index, e.Term = first+1, term
		out, err := w.send(liar, victim, &raft.AppendEntriesRequest{
			Term: term, PrevLogEntry: first, PrevLogTerm: prev.Term, LeaderCommitIndex: first + 1, Entries: []*raft.Log{&e},
		})
		if err == nil && !out.GetSuccess() {
			t.Errorf("raft has refused %+v", e)
		}
		return err
	}
	for _, row := range []struct {
		name  string
		entry raft.Log
		want  error
	}{
		{"unknown type", raft.Log{Type: 99}, ErrEntryType},
		{"deprecated type", raft.Log{Type: raft.LogRemovePeerDeprecated, Data: []byte{1}}, ErrEntryType},
		{"bad configuration", raft.Log{Type: raft.LogConfiguration, Data: []byte{0xc1}}, ErrConfiguration},
		{"configuration with a stranger", raft.Log{Type: raft.LogConfiguration, Data: testConfiguration(server("x"))}, ErrConfiguration},
		{"a payment", raft.Log{Type: raft.LogCommand, Data: []byte("pay")}, nil},
	} {
		if err := send(row.entry); !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", row.name, err, row.want)
		}
	}
	w.eventually("the payment", func() bool { return victim.fsm.last() == "pay" })
}

// An elected leader can lie about what is committed: the follower then applies what no majority has. That is why what is
// applied is tentative. The next leader's truth is refused by the commit guard, and reported, until the node has taken
// back the lie and cut its log; then it follows.
func TestLyingCommitIndex(t *testing.T) {
	w, victim := newLonely(t)
	liar, honest := w.validators[1], w.validators[2]
	first, term := victim.raft.Load().LastIndex(), victim.raft.Load().CurrentTerm()+2
	var prev raft.Log
	if err := victim.logs.GetLog(first, &prev); err != nil {
		t.Fatal(err)
	}
	entry := func(term uint64, line string) *raft.AppendEntriesRequest {
		return &raft.AppendEntriesRequest{
			Term: term, PrevLogEntry: first, PrevLogTerm: prev.Term, LeaderCommitIndex: first + 1,
			Entries: []*raft.Log{{Index: first + 1, Term: term, Data: []byte(line)}},
		}
	}
	if _, err := w.send(liar, victim, entry(term, "lie")); err != nil {
		t.Fatal(err)
	}
	w.eventually("the lie to be applied", func() bool { return victim.fsm.last() == "lie" })
	if _, err := w.send(honest, victim, entry(term+1, "truth")); !errors.Is(err, ErrCommitted) {
		t.Fatalf("the truth: got %v, want %v", err, ErrCommitted)
	}
	if victim.conflicts.Load() != 1 {
		t.Errorf("%d conflicts reported, want 1", victim.conflicts.Load())
	}

	w.stop(victim)
	if err := victim.logs.DeleteRange(first+1, first+1); err != nil {
		t.Fatal(err)
	}
	w.start(victim) // With an empty state, as after a rollback.
	w.eventually("the truth to be taken", func() bool {
		_, err := w.send(honest, victim, entry(term+1, "truth"))
		return err == nil
	})
	w.eventually("the truth to be applied", func() bool { return victim.fsm.last() == "truth" })
}

// When all others drop a leader that has stalled, an ordinary election follows and payments go on; the dropped one follows.
func TestDroppedLeaderIsReplaced(t *testing.T) {
	w := newNetwork(t, 4)
	w.bootstrap(w.validators...)
	w.apply("one")
	old := w.leader()
	for _, v := range w.validators {
		if v != old {
			v.transport.Drop(old.name, 0)
		}
	}
	w.eventually("another leader", func() bool { return w.leader() != old })
	w.apply("two")
	for _, v := range w.validators {
		w.eventually(v.name, func() bool { return v.fsm.last() == "two" })
	}
}

// A follower that has forgotten the certificate in a restart is shown it again, and nobody needs an election.
func TestRestartedFollowerIsShownTheCertificate(t *testing.T) {
	w := newNetwork(t, 4)
	w.bootstrap(w.validators...)
	w.apply("one")
	leader := w.leader()
	term := leader.raft.Load().CurrentTerm()
	for _, v := range w.validators {
		if v == leader {
			continue
		}
		w.stop(v)
		w.start(v)
		w.eventually(v.name+" to follow", func() bool { return v.fsm.last() == "one" })
	}
	if now := w.leader(); now != leader || now.raft.Load().CurrentTerm() != term {
		t.Errorf("led by %s in term %d, before by %s in term %d", now.name, now.raft.Load().CurrentTerm(), leader.name, term)
	}
}
