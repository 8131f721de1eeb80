package transport

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// asked gives the filter a request for a vote, two seconds after the last. What passes is the node's own term then, as raft has it.
func (w *electors) asked(peer string, term uint64) error {
	w.t.Helper()
	w.now = w.now.Add(2 * time.Second)
	err := w.hear(peer, &raft.RequestVoteRequest{RPCHeader: headerOf(peer), Term: term}, Words{})
	if err == nil {
		w.term = max(w.term, term)
	}
	return err
}

// told gives the filter an answer to a request for a pre-vote, ten seconds after the last. What passes is the node's own term then, as raft has it.
func (w *electors) told(peer string, term uint64) error {
	w.t.Helper()
	w.now = w.now.Add(10 * time.Second)
	ask := &raft.RequestPreVoteRequest{RPCHeader: headerOf("v1"), Term: w.term + 1}
	if _, err := w.Outgoing(w.now, peer, ask); err != nil {
		w.t.Fatal(err)
	}
	answer := &raft.RequestPreVoteResponse{RPCHeader: headerOf(peer), Term: term}
	err := w.Answered(w.now, peer, ask, answer, Words{})
	if err == nil && answer.Term > ask.Term {
		w.term = answer.Term
	}
	return err
}

func (w *electors) in(what string, term uint64) {
	w.t.Helper()
	if w.term != term {
		w.t.Errorf("%s: in term %d, want %d", what, w.term, term)
	}
}

// One liar moves the window nowhere; a term that f+1 peers of a set name does, for a node that was long away.
func TestTermWindow(t *testing.T) {
	set := func(names ...string) (all checkpoint.ValidatorSet) {
		for _, name := range names {
			all = append(all, checkpoint.Validator{Name: name})
		}
		return all
	}
	four, seven := set("self", "a", "b", "c"), set("self", "a", "b", "c", "d", "e", "f")
	other := set("self", "a", "b", "c", "g", "h", "i")
	for _, row := range []struct {
		name  string
		sets  []checkpoint.ValidatorSet
		named map[string]uint64
		want  uint64
	}{
		{"at rest", []checkpoint.ValidatorSet{four}, nil, 10},
		{"one liar", []checkpoint.ValidatorSet{four}, map[string]uint64{"a": math.MaxUint64}, 10},
		{"a liar and an honest peer", []checkpoint.ValidatorSet{four}, map[string]uint64{"a": math.MaxUint64, "b": 500}, 500},
		{"a liar and two honest peers", []checkpoint.ValidatorSet{four}, map[string]uint64{"a": math.MaxUint64, "b": 500, "c": 480}, 500},
		{"two liars of four", []checkpoint.ValidatorSet{four}, map[string]uint64{"a": math.MaxUint64, "b": math.MaxUint64}, math.MaxUint64},
		{"one of four is exchanged: a liar of each", []checkpoint.ValidatorSet{four, set("self", "a", "b", "d")}, map[string]uint64{"c": 500, "d": 500}, 10},
		{"one of four is exchanged: two who stay", []checkpoint.ValidatorSet{four, set("self", "a", "b", "d")}, map[string]uint64{"a": 500, "b": 500}, 500},
		{"three of seven are exchanged: two liars of each", []checkpoint.ValidatorSet{seven, other}, map[string]uint64{"d": 500, "e": 500, "g": 500, "h": 500}, 10},
		{"three of seven are exchanged: three of the first", []checkpoint.ValidatorSet{seven, other}, map[string]uint64{"a": 500, "d": 500, "e": 500}, 500},
		{"three come to four: two liars of seven, both of the four", []checkpoint.ValidatorSet{four, seven}, map[string]uint64{"a": 500, "b": 500}, 10},
		{"three come to four: all others who vote", []checkpoint.ValidatorSet{four, seven}, map[string]uint64{"a": 500, "b": 500, "c": 500}, 500},
		{"one other", []checkpoint.ValidatorSet{set("self", "a")}, map[string]uint64{"a": 500}, 500},
		{"a stranger to all sets", []checkpoint.ValidatorSet{four}, map[string]uint64{"a": 500, "z": 500}, 10},
	} {
		w := termWindow{self: "self", sets: row.sets, named: row.named, settled: 10}
		if got := w.base(); got != row.want {
			t.Errorf("%s: base %d, want %d", row.name, got, row.want)
		}
	}
}

// One peer moves the term by a window and no further, whether it asks or answers, as long as nobody is elected and no other peer names one.
func TestOnePeerMovesTheTermOnce(t *testing.T) {
	w := newElectors(t, 4)
	w.want("near", w.asked("v2", 11), nil)
	for range 4 {
		w.want("as far as it is believed", w.asked("v2", 10+termWindowSize), nil)
		w.want("further", w.asked("v2", 11+termWindowSize), ErrTermWindow)
		w.want("before a vote", w.hear("v2", &raft.RequestPreVoteRequest{RPCHeader: headerOf("v2"), Term: 11 + termWindowSize}, Words{}), ErrTermWindow)
		w.want("in an answer", w.told("v2", math.MaxUint64), ErrTermWindow)
	}
	heartbeat := func(term uint64) error {
		return w.hear("v3", heartbeatOf("v3", term), Words{Certificate: w.elected(term, "v3", "v1", "v3", "v4")})
	}
	w.want("a leader whom raft cannot follow", heartbeat(13), nil)
	w.want("further, after it", w.asked("v2", 11+termWindowSize), ErrTermWindow)
	w.want("a leader whom raft follows", heartbeat(w.term), nil)
	w.want("after that", w.asked("v2", w.term+termWindowSize), nil)
}

// An answer in a far term brings the node nearer to it, by half of what a request does: then those who have heard nothing believe it in turn.
func TestAnswersComeNearer(t *testing.T) {
	w := newElectors(t, 4)
	w.want("far", w.told("v2", math.MaxUint64), nil)
	w.in("one peer", 10+termStep)
	w.want("far, again", w.told("v2", math.MaxUint64), ErrTermWindow)
	w.want("the next term, by a third", w.asked("v3", w.term+1), nil)
	w.want("far, after it", w.told("v2", math.MaxUint64), nil)
	w.in("beyond what another has named", 11+2*termStep)

	other := newElectors(t, 4)
	other.want("one who has heard nothing", other.asked("v1", 10+termStep+1), nil)
}

// Three honest validators of four whose terms are far apart, with the fourth silent, come together by what they answer each other.
func TestTermsComeTogether(t *testing.T) {
	terms := map[string]uint64{"v1": 10, "v2": 6 * termStep, "v3": 12}
	w := newElectors(t, 4)
	filters := map[string]*Filter{"v1": w.Filter, "v2": w.filterOf("v2"), "v3": w.filterOf("v3")}
	rounds := 0
	for ; terms["v1"] < terms["v2"] || terms["v3"] < terms["v2"]; rounds++ {
		if rounds == 30 {
			t.Fatalf("apart after %d rounds: %v", rounds, terms)
		}
		w.now = w.now.Add(2 * time.Second)
		for _, by := range []string{"v1", "v2", "v3"} {
			for _, peer := range []string{"v1", "v2", "v3"} {
				if peer == by {
					continue
				}
				w.term = terms[by]
				ask := &raft.RequestPreVoteRequest{RPCHeader: headerOf(by), Term: terms[by] + 1}
				answer := &raft.RequestPreVoteResponse{RPCHeader: headerOf(peer), Term: terms[peer]}
				if filters[by].Answered(w.now, peer, ask, answer, Words{}) == nil && answer.Term > ask.Term {
					terms[by] = answer.Term
				}
			}
		}
	}
	if terms["v2"] != 6*termStep {
		t.Errorf("%v: who is ahead has moved", terms)
	}
}

// A leader that hears of a higher term of one without a vote leads again beyond it: raft makes it give up, but does not go there.
func TestLeaderTakesOverATerm(t *testing.T) {
	w := newElectors(t, 4)
	c := &raft.AppendEntriesRequest{RPCHeader: headerOf("v1"), Term: 10, PrevLogEntry: 1, PrevLogTerm: 1}
	w.want("append", w.Answered(w.now, "v4", c, &raft.AppendEntriesResponse{RPCHeader: headerOf("v4"), Term: 300}, Words{}), nil)
	w.want("another's pre-vote", w.told("v2", 10), nil)
	w.in("after it", 300)
	w.want("in that term", w.told("v2", 300), nil)
	w.in("nothing more", 300)
}

// The window goes on from the term that this node was elected in: of three, one other's vote is enough for that, and is not enough to move it.
func TestTermWindowFromOwnLead(t *testing.T) {
	w := newElectors(t, 3)
	w.want("before", w.asked("v3", 9), nil)
	w.term = 2000
	stand := &raft.RequestVoteRequest{RPCHeader: headerOf("v1"), Term: w.term}
	if _, err := w.Outgoing(w.now, "v2", stand); err != nil {
		t.Fatal(err)
	}
	granted := &raft.RequestVoteResponse{RPCHeader: headerOf("v2"), Term: w.term, Granted: true}
	w.want("a vote", w.Answered(w.now, "v2", stand, granted, Words{Signature: w.vote(w.term, "v1", "v2")}), nil)
	w.want("as far as it is believed", w.asked("v3", 2000+termWindowSize), nil)
	w.want("further", w.asked("v3", 2001+termWindowSize), ErrTermWindow)
}

// Where two of three are left, far apart, neither a second peer nor a leader shows the way. It takes some time.
func TestTermsSettle(t *testing.T) {
	w := newElectors(t, 3)
	for asked := 0; w.term < 10*termStep; asked++ {
		if asked == 1000 {
			t.Fatalf("in term %d", w.term)
		}
		_ = w.told("v2", 10*termStep)
	}
	w.in("as the other", 10*termStep)
	took := w.now.Sub(time.Unix(1_700_000_000, 0))
	if least := 8 * settlings * w.limits.SnapshotPause; took < least {
		t.Errorf("one peer moved the term by %d in %v, want %v at least", 10*termStep, took, least)
	}
}

// Three of seven have left, two of them liars, whom four do not stand: their word on terms counts for nothing, and of four that are left two are believed.
func TestLeftSayNothingOfTerms(t *testing.T) {
	w := newElectors(t, 7)
	far := uint64(1) << 40
	w.want("of seven", w.told("v6", far), nil)
	w.in("by one of seven", 10+termStep)
	w.admit(w.keys, map[string]bool{"v5": true, "v6": true, "v7": true})
	for range 2 {
		w.want("one that has left", w.told("v6", far), ErrTermWindow)
		w.want("another", w.told("v7", far), ErrTermWindow)
	}
	w.want("one that stays", w.told("v2", far), ErrTermWindow)
	w.want("a second", w.told("v3", far), nil)
	w.in("by two of four", far)
	delete(w.keys, "v7")
	w.admit(w.keys, map[string]bool{"v5": true, "v6": true})
	w.claim("v7", far)
	if _, kept := w.window.named["v7"]; kept {
		t.Error("the word of one that is gone, and had been asked before, is kept")
	}
}

// A filter asks the node for the sets each time: they change when nobody comes or goes.
func TestSetsOfTerms(t *testing.T) {
	w := newElectors(t, 7)
	var four, seven checkpoint.ValidatorSet
	for name := range w.keys {
		seven = append(seven, checkpoint.Validator{Name: name})
	}
	slices.SortFunc(seven, func(a, b checkpoint.Validator) int { return strings.Compare(a.Name, b.Name) })
	four = seven[:4]
	sets := []checkpoint.ValidatorSet{four, seven}
	w.local.Sets = func() []checkpoint.ValidatorSet { return sets }
	far := &raft.RequestVoteRequest{RPCHeader: headerOf("v2"), Term: 5000}
	for range 2 {
		w.want("v2, between two sets", w.hear("v2", far, Words{}), ErrTermWindow)
		w.want("v3, between two sets", w.hear("v3", &raft.RequestVoteRequest{RPCHeader: headerOf("v3"), Term: 5000}, Words{}), ErrTermWindow)
	}
	sets = []checkpoint.ValidatorSet{four}
	w.want("of four", w.hear("v2", far, Words{}), nil)
}
