package transport

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// electors are validators v1, v2 … without network or raft: their keys, and the filter of the first.
type electors struct {
	t      testing.TB
	secret map[string]ed25519.PrivateKey
	keys   map[string]ed25519.PublicKey
	// now, term, leader and commit are the facts of v1's node; log is its log.
	now          time.Time
	term, commit uint64
	leader       string
	log          map[uint64]*raft.Log
	// evidence and conflicts are what the filter gave out.
	evidence  []checkpoint.DoubleVote
	conflicts []uint64
	*Filter
}

func newElectors(t testing.TB, n int) *electors {
	t.Helper()
	w := &electors{
		t: t, secret: map[string]ed25519.PrivateKey{}, keys: map[string]ed25519.PublicKey{}, log: map[uint64]*raft.Log{},
		now: time.Unix(1_700_000_000, 0), term: 10,
	}
	for i := range n {
		name := fmt.Sprintf("v%d", i+1)
		w.secret[name] = testKey(byte(i + 1))
		w.keys[name] = w.secret[name].Public().(ed25519.PublicKey)
	}
	w.Filter = w.filterOf("v1")
	return w
}

func (w *electors) filterOf(name string) *Filter {
	w.t.Helper()
	f, err := NewFilter(testNetwork, name, w.secret[name], w.keys, Local{
		Term: func() uint64 { return w.term }, Leader: func() string { return w.leader }, CommitIndex: func() uint64 { return w.commit },
		LastIndex: func() (last uint64) {
			for index := range w.log {
				last = max(last, index)
			}
			return last
		},
		Entry: func(index uint64, into *raft.Log) error {
			e, ok := w.log[index]
			if !ok {
				return raft.ErrLogNotFound
			}
			*into = *e
			return nil
		},
		OnEvidence: func(d checkpoint.DoubleVote) { w.evidence = append(w.evidence, d) },
		OnConflict: func(_ string, index uint64) { w.conflicts = append(w.conflicts, index) },
	}, Limits{})
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

// vote is a voter's signature for a candidate whose log is empty.
func (w *electors) vote(term uint64, candidate, voter string) *[64]byte {
	sig := checkpoint.Election{Term: term, Candidate: candidate}.Sign(testNetwork, w.secret[voter])
	return &sig
}

// elected is the certificate of a candidate with the votes of the voters.
func (w *electors) elected(term uint64, candidate string, voters ...string) *Certificate {
	b := ballot{Election: checkpoint.Election{Term: term, Candidate: candidate}, votes: map[string][64]byte{}}
	for _, voter := range voters {
		b.votes[voter] = *w.vote(term, candidate, voter)
	}
	return b.certificate()
}

// hear gives the filter a request, a second after the last.
func (w *electors) hear(peer string, command any, words Words) error {
	w.now = w.now.Add(time.Second)
	return w.Incoming(w.now, peer, command, words)
}

func (w *electors) want(what string, got, want error) {
	w.t.Helper()
	if !errors.Is(got, want) || want == nil && got != nil {
		w.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// Only who shows the votes of a majority for the term is heard, and needs to show them once.
func TestElectionCertificates(t *testing.T) {
	for _, row := range []struct {
		name   string
		voters []string
		mutate func(*Certificate)
		want   error
	}{
		{"three of four", []string{"v2", "v3", "v4"}, nil, nil},
		{"all", []string{"v1", "v2", "v3", "v4"}, nil, nil},
		{"two of four", []string{"v2", "v3"}, nil, ErrCertificate},
		{"one vote three times", []string{"v2"}, func(c *Certificate) { c.Votes = append(c.Votes, c.Votes[0], c.Votes[0]) }, ErrCertificate},
		{"out of order", []string{"v2", "v3", "v4"}, func(c *Certificate) { slices.Reverse(c.Votes) }, ErrCertificate},
		{"a vote for another term", []string{"v2", "v3", "v4"}, func(c *Certificate) { c.Term++ }, ErrCertificate},
		{"votes for another candidate", []string{"v2", "v3", "v4"}, func(c *Certificate) { c.Candidate = "v3" }, ErrCertificate},
		{"votes for a longer log", []string{"v2", "v3", "v4"}, func(c *Certificate) { c.LastIndex = 9 }, ErrCertificate},
		{"a stranger's vote", []string{"v2", "v3", "v4"}, func(c *Certificate) { c.Votes[2].Validator = "x" }, ErrCertificate},
		{"a vote under another's name", []string{"v2", "v3", "v4"}, func(c *Certificate) { c.Votes[0].Validator = "v1" }, ErrCertificate},
		{"a majority and one bad vote", []string{"v1", "v2", "v3", "v4"}, func(c *Certificate) { c.Votes[3].Signature[0] ^= 1 }, ErrCertificate},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newElectors(t, 4)
			c := w.elected(11, "v2", row.voters...)
			if row.mutate != nil {
				row.mutate(c)
			}
			w.want("heartbeat without it", w.hear("v2", heartbeatOf("v2", 11), Words{}), ErrUncertified)
			w.want("heartbeat with it", w.hear("v2", heartbeatOf("v2", 11), Words{Certificate: c}), row.want)
			after := row.want
			if after != nil {
				after = ErrUncertified
			}
			w.want("heartbeat after it", w.hear("v2", heartbeatOf("v2", 11), Words{}), after)
			w.want("append after it", w.hear("v2", &raft.AppendEntriesRequest{RPCHeader: headerOf("v2"), Term: 11, PrevLogEntry: 1, PrevLogTerm: 1}, Words{}), after)
			w.want("another's heartbeat", w.hear("v3", heartbeatOf("v3", 11), Words{}), ErrUncertified)
			w.want("heartbeat of the next term", w.hear("v2", heartbeatOf("v2", 12), Words{}), ErrUncertified)
		})
	}
}

// A certificate serves who was elected by it, and not who shows it.
func TestCertificateOfAnotherIsRefused(t *testing.T) {
	w := newElectors(t, 4)
	c := w.elected(11, "v2", "v2", "v3", "v4")
	w.want("shown by another", w.hear("v3", heartbeatOf("v3", 11), Words{Certificate: c}), ErrCertificate)
	w.want("leader after it", w.hear("v2", heartbeatOf("v2", 11), Words{}), ErrUncertified)
	w.want("shown for another term", w.hear("v2", heartbeatOf("v2", 12), Words{Certificate: c}), ErrCertificate)
}

// A node that was cut off for days follows an elected leader at once, however far its term is; a bare claim stays refused.
func TestCertificateOpensTheTermWindow(t *testing.T) {
	w := newElectors(t, 4)
	w.want("vote", w.hear("v2", &raft.RequestVoteRequest{RPCHeader: headerOf("v2"), Term: 5000}, Words{}), ErrTermWindow)
	w.want("heartbeat", w.hear("v2", heartbeatOf("v2", 5000), Words{Certificate: w.elected(5000, "v2", "v2", "v3", "v4")}), nil)
}

// With seven validators two of them liars, two candidates can each have a majority. The first is followed; the second's
// certificate is proof against whoever voted for both, and against nobody else.
func TestSecondLeaderIsEvidence(t *testing.T) {
	w := newElectors(t, 7)
	w.want("first", w.hear("v2", heartbeatOf("v2", 11), Words{Certificate: w.elected(11, "v2", "v1", "v2", "v3", "v7")}), nil)
	second := w.elected(11, "v4", "v4", "v5", "v6", "v7")
	w.want("second", w.hear("v4", heartbeatOf("v4", 11), Words{Certificate: second}), ErrSecondLeader)
	w.want("second, again", w.hear("v4", heartbeatOf("v4", 11), Words{Certificate: second}), ErrSecondLeader)
	w.want("first, again", w.hear("v2", heartbeatOf("v2", 11), Words{}), nil)
	if len(w.evidence) != 1 || w.evidence[0].Guilty() != "v7" {
		t.Fatalf("evidence: %+v", w.evidence)
	}
	var set []checkpoint.Validator
	for name, public := range w.keys {
		set = append(set, checkpoint.Validator{Name: name, Key: [32]byte(public), TLSKeyHash: [32]byte{name[1]}})
	}
	validators, err := checkpoint.NewValidatorSet(set)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.evidence[0].Verify(testNetwork, validators); err != nil {
		t.Error(err)
	}
}

// A candidate does not count a vote that it knows to be the second, and has the proof. One that others have won with is
// followed all the same: its leader is honest, and the voter is named.
func TestDoubleVoteIsEvidence(t *testing.T) {
	w := newElectors(t, 4)
	ask := &raft.RequestVoteRequest{RPCHeader: headerOf("v1"), Term: 11}
	if _, err := w.Outgoing(w.now, "v4", ask); err != nil {
		t.Fatal(err)
	}
	granted := &raft.RequestVoteResponse{RPCHeader: headerOf("v4"), Term: 11, Granted: true}
	w.want("vote for v1", w.Answered(w.now, "v4", ask, granted, Words{Signature: w.vote(11, "v1", "v4")}), nil)
	w.want("vote for v2", w.hear("v2", heartbeatOf("v2", 11), Words{Certificate: w.elected(11, "v2", "v2", "v3", "v4")}), nil)
	if len(w.evidence) != 1 || w.evidence[0].Guilty() != "v4" {
		t.Fatalf("evidence: %+v", w.evidence)
	}

	ask = &raft.RequestVoteRequest{RPCHeader: headerOf("v1"), Term: 12}
	if _, err := w.Outgoing(w.now, "v4", ask); err != nil {
		t.Fatal(err)
	}
	w.want("another leader", w.hear("v2", heartbeatOf("v2", 12), Words{Certificate: w.elected(12, "v2", "v2", "v3", "v4")}), nil)
	granted.Term = 12
	w.want("late vote for v1", w.Answered(w.now, "v4", ask, granted, Words{Signature: w.vote(12, "v1", "v4")}), ErrDoubleVote)
	w.want("and again", w.Answered(w.now, "v4", ask, granted, Words{Signature: w.vote(12, "v1", "v4")}), ErrDoubleVote)
	if len(w.evidence) != 2 {
		t.Errorf("%d pieces of evidence, want 2", len(w.evidence))
	}
}

// This node signs one vote in a term, whatever its raft says.
func TestOwnVoteIsSignedOnce(t *testing.T) {
	w := newElectors(t, 4)
	grant := &raft.RequestVoteResponse{RPCHeader: headerOf("v1"), Term: 11, Granted: true}
	for _, row := range []struct {
		name, candidate string
		granted         bool
		want            error
	}{
		{"refused", "v2", false, nil}, {"first", "v3", true, nil}, {"the same again", "v3", true, nil}, {"another", "v2", true, ErrDoubleVote},
	} {
		grant.Granted = row.granted
		words, err := w.Answering(row.candidate, &raft.RequestVoteRequest{Term: 11}, grant)
		w.want(row.name, err, row.want)
		if signed := words.Signature != nil; signed != (row.granted && row.want == nil) {
			t.Errorf("%s: signed %v", row.name, signed)
		}
	}
}

// A leader shows its certificate to each peer until that peer has answered, and again to one that has forgotten it.
func TestCertificateIsShownUntilTaken(t *testing.T) {
	w := newElectors(t, 4)
	shown := func(peer string, command any) bool {
		words, err := w.Outgoing(w.now, peer, command)
		if err != nil {
			t.Fatal(err)
		}
		return words.Certificate != nil
	}
	beat := heartbeatOf("v1", 11)
	ask := &raft.RequestVoteRequest{RPCHeader: headerOf("v1"), Term: 11}
	shown("v2", ask)
	for _, voter := range []string{"v2", "v3"} {
		answer := &raft.RequestVoteResponse{RPCHeader: headerOf(voter), Term: 11, Granted: true}
		w.want(voter, w.Answered(w.now, voter, ask, answer, Words{Signature: w.vote(11, "v1", voter)}), nil)
	}
	for _, peer := range []string{"v2", "v3", "v2"} {
		if !shown(peer, beat) {
			t.Errorf("not shown to %s before its first answer", peer)
		}
	}
	w.want("answer", w.Answered(w.now, "v2", beat, &raft.AppendEntriesResponse{RPCHeader: headerOf("v2"), Term: 11, Success: true}, Words{}), nil)
	if shown("v2", beat) || !shown("v3", beat) {
		t.Error("shown to who has it, or not to who has not")
	}
	w.Failed("v2", fmt.Errorf("call v2: %w", ErrUncertified))
	if !shown("v2", beat) {
		t.Error("not shown to who has forgotten")
	}
	if shown("v3", heartbeatOf("v1", 12)) {
		t.Error("shown for a term in which nobody was asked")
	}
	// What it shows is what others believe.
	words, _ := w.Outgoing(w.now, "v3", beat)
	w.want("at v3", w.filterOf("v3").Incoming(w.now, "v1", beat, words), nil)
}

// A transfer of leadership is the certified leader's, signed for one follower and the next term.
func TestTransferIsAnnounced(t *testing.T) {
	w := newElectors(t, 4)
	w.leader = "v2"
	announce := func(term uint64, leader, to string) *Transfer {
		return signTransfer(testNetwork, term, leader, to, w.secret[leader])
	}
	timeoutNow := func(peer string, tr *Transfer) error {
		return w.hear(peer, &raft.TimeoutNowRequest{RPCHeader: headerOf(peer)}, Words{Transfer: tr})
	}
	w.want("before the certificate", timeoutNow("v2", announce(10, "v2", "v1")), ErrNotLeader)
	w.want("certificate", w.hear("v2", heartbeatOf("v2", 10), Words{Certificate: w.elected(10, "v2", "v2", "v3", "v4")}), nil)
	w.want("from a stranger", timeoutNow("v3", announce(10, "v2", "v1")), ErrNotLeader)
	w.want("without a word", timeoutNow("v2", nil), ErrTransfer)
	w.want("for another follower", timeoutNow("v2", announce(10, "v2", "v3")), ErrTransfer)
	w.want("of another term", timeoutNow("v2", announce(9, "v2", "v1")), ErrTransfer)
	w.want("of another term, with another number on it", timeoutNow("v2", &Transfer{Term: 10, Leader: "v2", Signature: announce(9, "v2", "v1").Signature}), ErrTransfer)
	w.want("signed by another", timeoutNow("v2", &Transfer{Term: 10, Leader: "v2", Signature: announce(10, "v3", "v1").Signature}), ErrTransfer)
	w.want("announced", timeoutNow("v2", announce(10, "v2", "v1")), nil)
	words, err := w.Outgoing(w.now, "v3", &raft.RequestVoteRequest{RPCHeader: headerOf("v1"), Term: 11, LeadershipTransfer: true})
	if err != nil || words.Transfer == nil {
		t.Errorf("the transfer does not go with the request for a vote: %v", err)
	}

	for _, row := range []struct {
		name string
		peer string
		term uint64
		tr   *Transfer
		flag bool
	}{
		{"announced", "v3", 11, announce(10, "v2", "v3"), true},
		{"without a word", "v3", 11, nil, false},
		{"for another follower", "v4", 11, announce(10, "v2", "v3"), false},
		{"for a later term", "v3", 12, announce(10, "v2", "v3"), false},
		{"by itself", "v3", 11, announce(10, "v3", "v3"), false},
		{"of an earlier leader", "v3", 10, announce(9, "v2", "v3"), false},
	} {
		r := &raft.RequestVoteRequest{RPCHeader: headerOf(row.peer), Term: row.term, LeadershipTransfer: true}
		w.want(row.name, w.hear(row.peer, r, Words{Transfer: row.tr}), nil)
		if r.LeadershipTransfer != row.flag {
			t.Errorf("%s: flag %v, want %v", row.name, r.LeadershipTransfer, row.flag)
		}
	}
}

// A dropped leader is neither followed nor elected for a while, whatever term it names, and is again after it.
func TestDrop(t *testing.T) {
	w := newElectors(t, 4)
	for term := uint64(11); term <= 12; term++ {
		w.want("elected", w.hear("v2", heartbeatOf("v2", term), Words{Certificate: w.elected(term, "v2", "v2", "v3", "v4")}), nil)
	}
	w.Drop(w.now, "v2", 0)
	w.Drop(w.now, "nobody", 0)
	for _, command := range []any{
		heartbeatOf("v2", 11),
		&raft.AppendEntriesRequest{RPCHeader: headerOf("v2"), Term: 11, PrevLogEntry: 1, PrevLogTerm: 1},
		heartbeatOf("v2", 12),
		&raft.RequestVoteRequest{RPCHeader: headerOf("v2"), Term: 11},
		&raft.RequestVoteRequest{RPCHeader: headerOf("v2"), Term: 60},
		&raft.RequestPreVoteRequest{RPCHeader: headerOf("v2"), Term: 11},
	} {
		w.want(fmt.Sprintf("%T", command), w.hear("v2", command, Words{}), ErrDropped)
	}
	w.want("another", w.hear("v3", &raft.RequestVoteRequest{RPCHeader: headerOf("v3"), Term: 11}, Words{}), nil)
	w.now = w.now.Add(20 * time.Second)
	w.want("later", w.hear("v2", heartbeatOf("v2", 12), Words{}), nil)
}

// Who is dropped again soon after is dropped for longer, and for as long as the first time after a long time without.
func TestDropsGrow(t *testing.T) {
	w := newElectors(t, 4)
	start := w.now
	for _, row := range []struct {
		name          string
		at            time.Duration
		drops         int
		until, beyond time.Duration
	}{
		{"the first", 0, 1, 19 * time.Second, 21 * time.Second},
		{"soon after", 30 * time.Second, 1, 89 * time.Second, 91 * time.Second},
		{"a third time", 100 * time.Second, 1, 159 * time.Second, 161 * time.Second},
		{"long after, and while it is dropped", 300 * time.Second, 3, 319 * time.Second, 321 * time.Second},
	} {
		for range row.drops {
			w.Drop(start.Add(row.at), "v2", time.Hour)
		}
		for _, at := range []struct {
			after time.Duration
			want  error
		}{{row.until, ErrDropped}, {row.beyond, nil}} {
			w.now = start.Add(at.after - time.Second) // hear is a second later.
			w.want(fmt.Sprintf("%s, at %v", row.name, at.after), w.hear("v2", &raft.RequestPreVoteRequest{RPCHeader: headerOf("v2"), Term: 11}, Words{}), at.want)
		}
	}
}

// Two liars of seven lead in turn, and patience has grown with each: whoever leads second is dropped before the first comes back. With one liar
// there is nobody to outlast (TestDropsGrow).
func TestDropsOutlastTheOthers(t *testing.T) {
	for _, row := range []struct {
		validators int
		until      time.Duration
	}{{7, 2 * time.Minute}, {10, 4 * time.Minute}} {
		w := newElectors(t, row.validators)
		start := w.now
		w.Drop(start, "v2", time.Minute)
		for after, want := range map[time.Duration]error{row.until - time.Second: ErrDropped, row.until + time.Second: nil} {
			w.now = start.Add(after - time.Second) // hear is a second later.
			w.want(fmt.Sprintf("of %d, after %v", row.validators, after), w.hear("v2", &raft.RequestPreVoteRequest{RPCHeader: headerOf("v2"), Term: 11}, Words{}), want)
		}
	}
}

// Everybody may be complained of in turn: slow disks, wrong clocks. As many as may lie stay dropped, and none for ever, or nobody
// could ever be elected again: no term passes without an election.
func TestDropsLeaveSomebodyToElect(t *testing.T) {
	for _, n := range []int{4, 7} {
		w := newElectors(t, n)
		asks := func(peer string) error {
			return w.hear(peer, &raft.RequestPreVoteRequest{RPCHeader: headerOf(peer), Term: 11}, Words{})
		}
		for i := 2; i <= n; i++ {
			w.Drop(w.now, fmt.Sprintf("v%d", i), 0)
		}
		for i := 2; i <= n; i++ {
			var want error
			if n-i < (n-1)/3 {
				want = ErrDropped
			}
			w.want(fmt.Sprintf("v%d of %d", i, n), asks(fmt.Sprintf("v%d", i)), want)
		}
		w.now = w.now.Add(20*time.Second + 1)
		w.want("after DropFor", asks(fmt.Sprintf("v%d", n)), nil)
	}
}
