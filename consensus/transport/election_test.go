package transport

import (
	"errors"
	"testing"

	"github.com/hashicorp/raft"
)

// TestWhoIsShortStandsForNothing: who must not be elected asks for no votes, and signs none for itself.
func TestWhoIsShortStandsForNothing(t *testing.T) {
	var short bool
	w := newElectors(t, 4)
	w.local.Short = func() bool { return short }
	standsForNothing(t, w, ErrShort, &short)
}

// TestWhoHasNoVoteStandsForNothing: raft keeps no own vote of who has none, and after a restart may give another in the same term; so a leader that
// hands over to it would have it sign two.
func TestWhoHasNoVoteStandsForNothing(t *testing.T) {
	var voteless bool
	w := newElectors(t, 4)
	w.local.HasVote = func() bool { return !voteless }
	standsForNothing(t, w, ErrVoteless, &voteless)
	w.leader = "v2"
	w.want("certificate", w.hear("v2", heartbeatOf("v2", 10), Words{Certificate: w.elected(10, "v2", "v2", "v3", "v4")}), nil)
	handOver := func() error {
		return w.hear("v2", &raft.TimeoutNowRequest{RPCHeader: headerOf("v2")}, Words{Transfer: signTransfer(testNetwork, 10, "v2", "v1", w.secret["v2"])})
	}
	voteless = true
	w.want("handed over to without a vote", handOver(), ErrVoteless)
	voteless = false
	w.want("handed over to with one", handOver(), nil)
}

// standsForNothing wants v1 refused while it is so.
func standsForNothing(t *testing.T, w *electors, want error, so *bool) {
	t.Helper()
	*so = true
	commands := []any{&raft.RequestPreVoteRequest{RPCHeader: headerOf("v1"), Term: 11}, &raft.RequestVoteRequest{RPCHeader: headerOf("v1"), Term: 11}}
	for _, c := range commands {
		if _, err := w.Outgoing(w.now, "v2", c); !errors.Is(err, want) {
			t.Errorf("%T: %v", c, err)
		}
	}
	if w.ballot != nil {
		t.Error("it has voted for itself")
	}
	*so = false
	for _, c := range commands {
		if _, err := w.Outgoing(w.now, "v2", c); err != nil {
			t.Errorf("%T: %v", c, err)
		}
	}
}
