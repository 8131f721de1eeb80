package transport

import (
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// A bucket gives its burst at once, then one unit in every interval, and never more than the burst after a rest.
func TestBucket(t *testing.T) {
	start := time.Unix(1000, 0)
	r := rate{time.Second, 3}
	var b bucket
	for _, row := range []struct {
		after time.Duration
		n     int64
		want  bool
	}{
		{0, 1, true}, {0, 2, true}, {0, 1, false},
		{999 * time.Millisecond, 1, false}, {time.Second, 1, true}, {time.Second, 1, false},
		{3 * time.Second, 2, true}, {3 * time.Second, 1, false},
		{time.Hour, 3, true}, {time.Hour, 1, false},
		{2 * time.Hour, 10, true}, {2*time.Hour + 9*time.Second, 3, false}, {2*time.Hour + 10*time.Second, 3, true}, // More than the burst, then a debt.
	} {
		if got := b.take(start.Add(row.after), r, row.n); got != row.want {
			t.Errorf("after %v: %d units: %v, want %v", row.after, row.n, got, row.want)
		}
	}
}

// Each deed has its own allowance, and each peer its own table.
func TestRatesPerPeer(t *testing.T) {
	w := newElectors(t, 4)
	w.want("elected", w.hear("v2", heartbeatOf("v2", 11), Words{Certificate: w.elected(11, "v2", "v2", "v3", "v4")}), nil)
	many := func(what string, peer string, times int, command func() any) (passed int) {
		for range times {
			if w.Incoming(w.now, peer, command(), Words{}) == nil {
				passed++
			}
		}
		return passed
	}
	vote := func(peer string) func() any {
		return func() any { return &raft.RequestVoteRequest{RPCHeader: headerOf(peer), Term: 11} }
	}
	snapshot := func() any {
		return &raft.InstallSnapshotRequest{
			RPCHeader: headerOf("v2"), SnapshotVersion: 1, Term: 11, LastLogIndex: 7, LastLogTerm: 9, ConfigurationIndex: 1,
			Configuration: testConfiguration(server("v1"), server("v2"), server("v3"), server("v4")),
		}
	}
	big := func() any {
		return &raft.AppendEntriesRequest{
			RPCHeader: headerOf("v2"), Term: 11, PrevLogEntry: 1, PrevLogTerm: 1, Entries: []*raft.Log{{Index: 2, Term: 1, Data: make([]byte, maxEntryBytes)}},
		}
	}
	limits := w.limits
	for _, row := range []struct {
		what    string
		peer    string
		command func() any
		atOnce  int
	}{
		{"votes", "v3", vote("v3"), 4},
		{"votes of another", "v4", vote("v4"), 4},
		{"snapshots", "v2", snapshot, 1},
		{"bytes", "v2", big, int(2 * limits.BytesPerSecond / maxEntryBytes)},
		{"requests that are refused", "v3", func() any { return heartbeatOf("v3", 11) }, 0},
	} {
		if got := many(row.what, row.peer, row.atOnce+20, row.command); got != row.atOnce {
			t.Errorf("%s: %d at once, want %d", row.what, got, row.atOnce)
		}
	}
	for range 64 {
		_ = w.Incoming(w.now, "v3", heartbeatOf("v3", 11), Words{})
	}
	w.want("a liar's request", w.Incoming(w.now, "v3", heartbeatOf("v3", 11), Words{}), ErrRate)
	w.want("the leader's meanwhile", w.Incoming(w.now, "v2", heartbeatOf("v2", 11), Words{}), nil)
	w.now = w.now.Add(time.Minute)
	w.want("a liar's, later", w.Incoming(w.now, "v3", heartbeatOf("v3", 11), Words{}), ErrUncertified)
	w.want("the next snapshot", w.Incoming(w.now, "v2", snapshot(), Words{}), nil)
}

// A follower that never has anything, and says that no pause is needed, makes raft's leader send the log and then snapshots
// without end. The leader's own filter lets one snapshot out in a while, and takes the hint to hurry back.
func TestUnwillingFollower(t *testing.T) {
	w := newElectors(t, 4)
	c := &raft.AppendEntriesRequest{RPCHeader: headerOf("v1"), Term: 11, PrevLogEntry: 1, PrevLogTerm: 1}
	hurried := 0
	for range 1000 {
		r := &raft.AppendEntriesResponse{RPCHeader: headerOf("v2"), Term: 11, NoRetryBackoff: true}
		w.want("answer", w.Answered(w.now, "v2", c, r, Words{}), nil)
		if r.NoRetryBackoff {
			hurried++
		}
	}
	if hurried != 256 {
		t.Errorf("hurried %d times, want 256", hurried)
	}
	snapshot := &raft.InstallSnapshotRequest{RPCHeader: headerOf("v1"), Term: 11}
	_, err := w.Outgoing(w.now, "v2", snapshot)
	w.want("first snapshot", err, nil)
	_, err = w.Outgoing(w.now.Add(29*time.Second), "v2", snapshot)
	w.want("second snapshot", err, ErrRate)
	_, err = w.Outgoing(w.now.Add(29*time.Second), "v3", snapshot)
	w.want("snapshot to another", err, nil)
	_, err = w.Outgoing(w.now.Add(30*time.Second), "v2", snapshot)
	w.want("snapshot after the pause", err, nil)
}

// One peer's word for a higher term ends a leader's time now and then only; two peers' word, of which one is honest, counts.
func TestHigherTermsInAnswers(t *testing.T) {
	w := newElectors(t, 4)
	c := &raft.AppendEntriesRequest{RPCHeader: headerOf("v1"), Term: 10, PrevLogEntry: 1, PrevLogTerm: 1}
	answer := func(peer string, term uint64) error {
		return w.Answered(w.now, peer, c, &raft.AppendEntriesResponse{RPCHeader: headerOf(peer), Term: term}, Words{})
	}
	for range 4 {
		w.want("at first", answer("v4", 12), nil)
	}
	w.want("too often", answer("v4", 12), ErrRate)
	w.want("its own term", answer("v4", 10), nil)
	w.want("another", answer("v3", 12), nil)
	w.want("backed by another", answer("v4", 12), nil)
	w.want("above what is backed", answer("v4", 13), ErrRate)
	w.now = w.now.Add(time.Minute)
	w.want("later", answer("v4", 13), nil)
	below := &raft.AppendEntriesResponse{RPCHeader: headerOf("v4"), Term: 11}
	w.want("below what is backed", w.Answered(w.now, "v4", c, below, Words{}), nil)
	if below.Term != 12 {
		t.Errorf("below what is backed: raft is told of %d, want 12", below.Term)
	}
	beat := heartbeatOf("v1", 10)
	refused := &raft.AppendEntriesResponse{RPCHeader: headerOf("v4"), Term: 10}
	w.want("refused heartbeat", w.Answered(w.now, "v4", beat, refused, Words{}), ErrNotLeader)
}
