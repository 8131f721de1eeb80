package consensus

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// TestFewest: a change of raft's members that is not committed does not count against a leader that has not heard of it.
func TestFewest(t *testing.T) {
	for _, row := range []struct{ latest, committed, want int }{{5, 5, 5}, {6, 5, 5}, {5, 6, 5}, {5, 0, 5}} {
		c := configurations{latest: membersOf(someOf(0, row.latest)), committed: membersOf(someOf(0, row.committed))}
		if got := c.fewest(); got != row.want {
			t.Errorf("%d members, %d committed: %d voters, want %d", row.latest, row.committed, got, row.want)
		}
	}
}

// TestEnough: how many votes elect, for a node that is behind or between two sets. Raft has as many voters as the smallest of the sets
// has validators, so with sets of four it takes three, and those who may lie in a set of seven are two.
func TestEnough(t *testing.T) {
	at := func(before, reigns, coming checkpoint.ValidatorSet, told ...checkpoint.ValidatorSet) *membership {
		m := &membership{before: before, coming: coming}
		m.reign.Validators = reigns
		for _, set := range told {
			m.sets.Changes = append(m.sets.Changes, checkpoint.SetChange{Set: set, Proof: checkpoint.Proof{LeafIndex: 9}})
		}
		return m
	}
	four, seven, ten, exchanged := someOf(0, 4), someOf(0, 7), someOf(0, 10), append(someOf(0, 3), someOf(4, 1)...)
	for _, row := range []struct {
		name                    string
		m                       *membership
		latest, committed, want int
	}{
		{"raft's members are the set", at(four, seven, nil), 7, 7, 4},
		{"seven have come, raft has five", at(four, seven, nil), 5, 5, 3},
		{"ten have come, raft has nine", at(seven, ten, nil), 9, 9, 4},
		{"raft's members are the set, and four are to come", at(ten, seven, four), 7, 7, 3},
		{"a newcomer without a log", at(nil, four, nil, exchanged), 0, 0, 3},
		{"a newcomer without a log, past a set of seven", at(nil, four, nil, seven, exchanged), 0, 0, 3},
		{"who was away while one of four was exchanged", at(nil, four, nil, exchanged), 4, 4, 3},
		{"who was away while three of seven left", at(nil, seven, nil, four), 7, 7, 3},
		{"three of ten may lie, and four elect by three", at(nil, ten, nil, seven, four), 10, 10, 4},
	} {
		got := row.m.enough(configurations{latest: membersOf(someOf(0, row.latest)), committed: membersOf(someOf(0, row.committed))})
		if got != row.want {
			t.Errorf("%s: %d votes, want %d", row.name, got, row.want)
		}
		if got <= row.m.reign.Validators.Faults() {
			t.Errorf("%s: %d liars elect whom they like", row.name, row.m.reign.Validators.Faults())
		}
	}
}

// TestFollowed: the next set begins when raft has given a vote to a quorum of the one that reigns, whoever else has one.
func TestFollowed(t *testing.T) {
	m := &membership{}
	m.reign.Validators = someOf(0, 7)
	for _, row := range []struct {
		name   string
		voters raft.Configuration
		want   bool
	}{
		{"all", membersOf(someOf(0, 7)), true},
		{"two are down", membersOf(someOf(0, 5)), true},
		{"three are missing", membersOf(someOf(0, 4)), false},
		{"three are missing, and who has left votes", membersOf(someOf(0, 4), someOf(7, 3)), false},
		{"two are down, and who has left votes", membersOf(someOf(0, 5), someOf(7, 2)), true},
	} {
		if got := m.followed(configurations{committed: row.voters}); got != row.want {
			t.Errorf("%s: followed: %v", row.name, got)
		}
	}
}

// TestVotesThatRaftKeeps: whoever has left a set keeps its vote in raft while there are no more than validators in the set.
func TestVotesThatRaftKeeps(t *testing.T) {
	for _, row := range []struct {
		set, voters int
		may         bool
	}{
		{4, 7, true}, {4, 5, true}, {4, 4, false}, {4, 3, false}, {7, 8, true}, {7, 7, false}, {7, 4, false}, {10, 11, true}, {10, 10, false},
	} {
		if got := mayLose(make(checkpoint.ValidatorSet, row.set), make([]string, row.voters)); got != row.may {
			t.Errorf("%d voters, %d validators: may lose one: %v", row.voters, row.set, got)
		}
	}
}

// TestNobodyGoesBeforeSomebodyComes: no node takes an entry that leaves raft with fewer voters than the set has validators: v4 has left and v5 has come.
func TestNobodyGoesBeforeSomebodyComes(t *testing.T) {
	c := newStopped(t, Snapshots{})
	c.restart("v1")
	n := c.nodes["v1"]
	m, was := *n.reignNow(), n.reignNow().reign.Validators
	m.reign.Validators = append(slices.Clone(was[:3]), checkpoint.Validator{Name: "v5"})
	n.members.Store(&m)
	four := membersOf(was)
	if err := n.approve(raft.Configuration{Servers: append(four.Servers, raft.Server{ID: "v5", Address: "v5", Suffrage: raft.Nonvoter})}); err != nil {
		t.Errorf("v5 comes: %v", err)
	}
	if err := n.approve(raft.Configuration{Servers: four.Servers[:3]}); !errors.Is(err, transport.ErrTooEarly) {
		t.Errorf("v4 goes: %v", err)
	}
}

// TestOnlyWhoHasLeftLosesItsVote: v4 has left, and raft has a voter more than it needs. That is v4 and nobody else.
func TestOnlyWhoHasLeftLosesItsVote(t *testing.T) {
	c := newStopped(t, Snapshots{})
	c.restart("v1")
	n := c.nodes["v1"]
	m, was := *n.reignNow(), n.reignNow().reign.Validators
	m.reign.Validators = was[:3]
	n.members.Store(&m)
	four := membersOf(was).Servers
	if err := n.approve(raft.Configuration{Servers: four[:3]}); err != nil {
		t.Errorf("v4 goes: %v", err)
	}
	if err := n.approve(raft.Configuration{Servers: four[1:]}); !errors.Is(err, transport.ErrTooEarly) {
		t.Errorf("v1 goes, and v4 stays: %v", err)
	}
}

// TestKnownSets: the set that reigns and each that comes, once.
func TestKnownSets(t *testing.T) {
	four, seven, other := someOf(0, 4), someOf(0, 7), append(someOf(0, 5), someOf(7, 2)...)
	at := func(set checkpoint.ValidatorSet) checkpoint.SetChange {
		return checkpoint.SetChange{Set: set, Proof: checkpoint.Proof{LeafIndex: 9}}
	}
	for _, row := range []struct {
		name           string
		reigns, coming checkpoint.ValidatorSet
		told           []checkpoint.SetChange
		boundary       uint64
		want           []checkpoint.ValidatorSet
	}{
		{name: "one set", reigns: four, want: []checkpoint.ValidatorSet{four}},
		{name: "two of seven are decided to be exchanged", reigns: seven, coming: other, want: []checkpoint.ValidatorSet{seven, other}},
		{name: "and it is sealed", reigns: seven, coming: other, told: []checkpoint.SetChange{at(other)}, want: []checkpoint.ValidatorSet{seven, other}},
		{name: "and it reigns", reigns: other, told: []checkpoint.SetChange{at(other)}, boundary: 10, want: []checkpoint.ValidatorSet{other}},
	} {
		m := &membership{coming: row.coming}
		m.reign.Validators, m.reign.Boundary.Size, m.sets.Changes = row.reigns, row.boundary, row.told
		if diff := cmp.Diff(row.want, m.known()); diff != "" {
			t.Errorf("%s: %s", row.name, diff)
		}
	}
}

// TestWhoHasLeftIsPatient: while its log counts its vote, raft may need it when its network comes back; a log without it says that it does not.
func TestWhoHasLeftIsPatient(t *testing.T) {
	c := newStopped(t, Snapshots{})
	c.newcomer("v5")
	c.joins = map[string]bool{"v5": true}
	for _, row := range []struct {
		name  string
		alone time.Duration
		want  bool
	}{
		{"v1", 30 * time.Second, true}, {"v1", 59 * time.Minute, true}, {"v1", 61 * time.Minute, false},
		{"v5", 30 * time.Second, true}, {"v5", 61 * time.Second, false},
	} {
		if c.nodes[row.name] == nil {
			c.restart(row.name)
		}
		if got := c.nodes[row.name].patient(row.alone); got != row.want {
			t.Errorf("%s after %v: %v, want %v", row.name, row.alone, got, row.want)
		}
	}
}

// TestWhoComesIsNotHandedOverTo: the transport asks raft's log whether this node has a vote.
func TestWhoComesIsNotHandedOverTo(t *testing.T) {
	c := newStopped(t, Snapshots{})
	c.newcomer("v5")
	c.joins = map[string]bool{"v5": true}
	for name, want := range map[string]bool{"v1": true, "v5": false} {
		c.restart(name)
		if hasVote := c.nodes[name].local().HasVote; hasVote == nil || hasVote() != want {
			t.Errorf("%s may be handed over to, want that %v", name, want)
		}
	}
}

// TestHears: who answers with an error hears; who does not know the one that asks, and whoever gives no answer, does not.
func TestHears(t *testing.T) {
	c := newStopped(t, Snapshots{})
	c.restart("v1")
	_, stranger := peerServer{node: c.nodes["v1"]}.ListHeaders(t.Context(), &peerv1.ListHeadersRequest{})
	for _, row := range []struct {
		err  error
		want bool
	}{
		{nil, true}, {ToStatus(ErrRateLimited), true}, {ToStatus(errors.New("disk")), true}, {stranger, false},
		{ToStatus(ErrStopped), false}, {ToStatus(context.DeadlineExceeded), false}, {ToStatus(context.Canceled), false},
	} {
		if got := hears(row.err); got != row.want {
			t.Errorf("%v: %v, want %v", row.err, got, row.want)
		}
	}
}

// TestWhoIsOutsidePromisesNothing: a newcomer takes transactions, and nobody would hear it complain of a leader that leaves them out.
func TestWhoIsOutsidePromisesNothing(t *testing.T) {
	s := newScribe(t)
	if _, promises := s.n.Promise(tx.ID{}); !promises {
		t.Error("a validator of the set promises nothing")
	}
	m := *s.n.reignNow()
	m.reign.Outside = true
	s.n.members.Store(&m)
	if _, promises := s.n.Promise(tx.ID{}); promises {
		t.Error("who is in no set promises")
	}
}

// TestWhoIsInASetIsVotedFor: when nobody has led for long, raft is asked as for somebody who votes here; who is not in the set that reigns is left to raft.
func TestWhoIsInASetIsVotedFor(t *testing.T) {
	s := newScribe(t)
	m := *s.n.reignNow()
	m.reign.Validators = append(slices.Clone(s.world.Set[:3]), checkpoint.Validator{Name: "v5"})
	m.coming = append(slices.Clone(s.world.Set[:3]), checkpoint.Validator{Name: "v6"})
	s.n.members.Store(&m)
	for candidate, want := range map[string][]string{"v2": {"v2"}, "v5": names(s.world.Set), "v6": {"v6"}, "v7": {"v7"}} {
		s.n.ledAt.Store(time.Now().UnixNano())
		if got := s.n.votesAs(candidate); got != candidate {
			t.Errorf("%s is shown as %s though there was a leader", candidate, got)
		}
		s.n.ledAt.Store(time.Now().Add(-lonePatience).UnixNano())
		if got := s.n.votesAs(candidate); !slices.Contains(want, got) {
			t.Errorf("%s is shown as %s", candidate, got)
		}
	}
}
