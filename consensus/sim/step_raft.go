package sim

import (
	"crypto/ed25519"
	"slices"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/consensus/complaint"
	"github.com/umoja-ledger/umoja/consensus/transport"
)

// stepNode is one validator: a small raft behind the transport's own filter. Term, vote, log and what was applied outlive a crash.
type stepNode struct {
	w    *stepWorld
	name string
	liar bool

	term  uint64
	voted string
	log   []*raft.Log
	// waiting are the commands that are not committed here.
	waiting []waiting
	crashes int
	// reigns are the terms that it led.
	reigns map[uint64]bool

	filter *transport.Filter
	book   *complaint.Book
	watch  *complaint.Watch
	commit uint64
	// leader is who leads the term, as this node knows; leading says that it is this node.
	leader  string
	leading bool
	// votes and wishes are what it was given as a candidate, in the term and for the next one.
	votes, wishes map[string]bool
	// match is how much of the log each follower has.
	match map[string]uint64
	// heard is when a leader was last heard, sent when this leader last sent, patience how long either may be past.
	heard, sent time.Time
	patience    time.Duration
}

type waiting struct {
	command string
	since   time.Time
}

const (
	// stepBeat is how often a leader sends.
	stepBeat = 250 * time.Millisecond
	// stepGrievance is how long a command waits before the leader is complained of.
	stepGrievance = 5 * time.Second
)

func newStepNode(w *stepWorld, name string) *stepNode {
	n := &stepNode{w: w, name: name, term: 1, reigns: make(map[uint64]bool), log: []*raft.Log{{Index: 1, Term: 1, Type: raft.LogNoop}}}
	n.start()
	return n
}

// start begins a life with what is durable.
func (n *stepNode) start() {
	keys := make(map[string]ed25519.PublicKey)
	for _, v := range n.w.world.Set {
		keys[v.Name] = v.PublicKey()
	}
	filter, err := transport.NewFilter(n.w.world.Network, n.name, n.w.world.Validators[n.name], keys, transport.Local{
		Term: func() uint64 { return n.term }, Leader: func() string { return n.leader }, CommitIndex: func() uint64 { return n.commit },
		LastIndex: func() uint64 { return uint64(len(n.log)) }, OnEvidence: n.w.accuse,
		Entry: func(index uint64, into *raft.Log) error {
			if index == 0 || index > uint64(len(n.log)) {
				return raft.ErrLogNotFound
			}
			*into = *n.log[index-1]
			return nil
		},
	}, transport.Limits{})
	if err != nil {
		n.w.violate("setup", "make filter of %s: %v", n.name, err)
	}
	n.filter, n.leader, n.leading = filter, "", false
	n.book = complaint.New(n.w.world.Network, n.w.world.Set, n.name, n.w.world.Validators[n.name])
	n.watch = complaint.NewWatch(stepGrievance)
	n.rest()
}

// rest gives leaders a new patience.
func (n *stepNode) rest() {
	n.heard, n.patience = n.w.now, time.Second+time.Duration(n.w.rand.IntN(1000))*time.Millisecond
}

func (n *stepNode) last() *raft.Log { return n.log[len(n.log)-1] }

func (n *stepNode) header() raft.RPCHeader {
	return raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte(n.name), Addr: []byte(n.name)}
}

// tick lets a node look at the time.
func (n *stepNode) tick() {
	switch {
	case n.leading && n.w.now.Sub(n.sent) >= stepBeat:
		n.order()
		n.sent = n.w.now
		for _, to := range n.w.nodes {
			n.replicate(to)
		}
	case !n.leading && n.w.now.Sub(n.heard) > n.patience:
		n.rest()
		n.leader, n.wishes = "", map[string]bool{n.name: true}
		n.ask(&raft.RequestPreVoteRequest{RPCHeader: n.header(), Term: n.term + 1, LastLogIndex: n.last().Index, LastLogTerm: n.last().Term})
	}
	n.grumble()
}

// order packs what waits. A liar that leads packs nothing.
func (n *stepNode) order() {
	for _, c := range n.waiting {
		if !n.liar && !slices.ContainsFunc(n.log, func(l *raft.Log) bool { return string(l.Data) == c.command }) {
			n.add(raft.LogCommand, c.command)
		}
	}
}

func (n *stepNode) add(kind raft.LogType, data string) {
	n.log = append(n.log, &raft.Log{Index: n.last().Index + 1, Term: n.term, Type: kind, Data: []byte(data)})
}

// ask sends a request to all others.
func (n *stepNode) ask(command any) {
	for _, to := range n.w.nodes {
		n.request(to, command)
	}
}

func (n *stepNode) request(to *stepNode, command any) {
	if to == n {
		return
	}
	words, err := n.filter.Outgoing(n.w.now, to.name, command)
	if err == nil {
		n.w.send(stepPacket{from: n, to: to, command: command, words: words})
	}
}

func (n *stepNode) replicate(to *stepNode) {
	prev := n.log[max(n.match[to.name], 1)-1]
	n.request(to, &raft.AppendEntriesRequest{
		RPCHeader: n.header(), Term: n.term, PrevLogEntry: prev.Index, PrevLogTerm: prev.Term,
		Entries: slices.Clone(n.log[prev.Index:min(uint64(len(n.log)), prev.Index+64)]), LeaderCommitIndex: n.commit,
	})
}

// grumble is the part of a node that watches the leader.
func (n *stepNode) grumble() {
	seen := complaint.Seen{Now: n.w.now, Leader: n.leader, Term: n.term, Moved: n.commit}
	if len(n.waiting) > 0 {
		seen.Waiting = n.waiting[0].since
	}
	n.book.Lead(n.leader, n.term)
	if n.liar || !n.watch.Look(seen) {
		return
	}
	drop, _ := n.book.Complain(n.leader, n.term)
	n.drop(drop)
}

// drop lets the filter take nothing more of a leader, and says so to all.
func (n *stepNode) drop(d *complaint.Drop) {
	if d != nil {
		n.w.note("drop "+d.Leader, n, n, d.Term)
		n.filter.Drop(n.w.now, d.Leader, n.watch.Patience())
	}
	if own, ok := n.book.Own(); ok && !n.liar {
		for _, to := range n.w.nodes {
			if to != n {
				n.w.send(stepPacket{from: n, to: to, command: own})
			}
		}
	}
}

// asked is a request that arrives: the filter judges it before raft sees it.
func (n *stepNode) asked(p stepPacket) {
	var response any
	err := n.filter.Incoming(n.w.now, p.from.name, p.command, p.words)
	if err == nil {
		switch c := p.command.(type) {
		case *raft.AppendEntriesRequest:
			response = n.append(p.from, c)
		case *raft.RequestVoteRequest:
			response = n.vote(p.from, c)
		case *raft.RequestPreVoteRequest:
			lively := n.leader != "" && n.w.now.Sub(n.heard) < time.Second
			response = &raft.RequestPreVoteResponse{RPCHeader: n.header(), Term: n.term, Granted: !lively && c.Term > n.term && n.upToDate(c.LastLogIndex, c.LastLogTerm)}
		case *raft.TimeoutNowRequest:
			n.campaign()
			response = &raft.TimeoutNowResponse{RPCHeader: n.header()}
		}
	}
	answer := stepPacket{from: n, to: p.from, command: p.command, response: response, failed: err}
	if err == nil {
		if answer.words, err = n.filter.Answering(p.from.name, p.command, response); err != nil {
			if !n.liar {
				return
			}
			answer.words.Signature = n.w.voteOf(n, p.command.(*raft.RequestVoteRequest), p.from.name) // Its own filter would not let it lie.
		}
	}
	n.w.send(answer)
}

func (n *stepNode) upToDate(index, term uint64) bool {
	return term > n.last().Term || term == n.last().Term && index >= n.last().Index
}

// follow takes a higher term.
func (n *stepNode) follow(term uint64) {
	if term > n.term {
		n.term, n.voted, n.leader, n.leading = term, "", "", false
	}
}

func (n *stepNode) vote(from *stepNode, c *raft.RequestVoteRequest) *raft.RequestVoteResponse {
	if c.Term > n.term && (c.LeadershipTransfer || n.leader == "" || n.w.now.Sub(n.heard) > time.Second) {
		n.follow(c.Term)
	}
	granted := c.Term == n.term && (n.voted == "" || n.voted == from.name) && !n.leading && n.upToDate(c.LastLogIndex, c.LastLogTerm)
	if granted {
		n.voted = from.name
		n.rest()
	}
	return &raft.RequestVoteResponse{RPCHeader: n.header(), Term: n.term, Granted: granted}
}

// append takes entries, as hashicorp's raft does: it cuts its own log at the first difference, committed or not.
func (n *stepNode) append(from *stepNode, c *raft.AppendEntriesRequest) *raft.AppendEntriesResponse {
	out := &raft.AppendEntriesResponse{RPCHeader: n.header(), Term: n.term, LastLog: n.last().Index}
	if c.Term < n.term {
		return out
	}
	n.follow(c.Term)
	out.Term, n.leader, n.leading = n.term, from.name, false
	n.rest()
	if c.PrevLogEntry > uint64(len(n.log)) || c.PrevLogEntry > 0 && n.log[c.PrevLogEntry-1].Term != c.PrevLogTerm {
		return out
	}
	for _, e := range c.Entries {
		if e.Index <= uint64(len(n.log)) && n.log[e.Index-1].Term != e.Term {
			n.log = n.log[:e.Index-1]
		}
		if e.Index == uint64(len(n.log))+1 {
			n.log = append(n.log, e)
		}
	}
	n.reach(min(c.LeaderCommitIndex, uint64(len(n.log))))
	out.Success, out.LastLog = true, n.last().Index
	return out
}

// answered is what a node does with an answer, after the filter.
func (n *stepNode) answered(p stepPacket) {
	if p.failed != nil {
		n.filter.Failed(p.from.name, p.failed)
		return
	}
	if n.filter.Answered(n.w.now, p.from.name, p.command, p.response, p.words) != nil {
		return
	}
	switch r := p.response.(type) {
	case *raft.RequestPreVoteResponse:
		if c := p.command.(*raft.RequestPreVoteRequest); r.Granted && c.Term == n.term+1 && !n.leading && n.wishes != nil {
			if n.wishes[p.from.name] = true; len(n.wishes) > len(n.w.nodes)/2 {
				n.campaign()
			}
			return
		}
		n.follow(r.Term)
	case *raft.RequestVoteResponse:
		if c := p.command.(*raft.RequestVoteRequest); r.Granted && c.Term == n.term && n.voted == n.name {
			if n.votes[p.from.name] = true; len(n.votes) > len(n.w.nodes)/2 && !n.leading {
				n.reign()
			}
			return
		}
		n.follow(r.Term)
	case *raft.AppendEntriesResponse:
		n.matched(p.from, p.command.(*raft.AppendEntriesRequest), r)
	}
}

// campaign is an election.
func (n *stepNode) campaign() {
	n.follow(n.term + 1)
	n.voted, n.wishes, n.votes = n.name, nil, map[string]bool{n.name: true}
	n.rest()
	n.ask(&raft.RequestVoteRequest{RPCHeader: n.header(), Term: n.term, LastLogIndex: n.last().Index, LastLogTerm: n.last().Term})
}

// reign begins with an entry of the own term, as raft does.
func (n *stepNode) reign() {
	n.leading, n.leader = true, n.name
	n.match, n.reigns[n.term] = make(map[string]uint64), true
	for _, m := range n.w.nodes {
		n.match[m.name] = n.last().Index
	}
	n.add(raft.LogNoop, "")
}

// matched counts what a follower has.
func (n *stepNode) matched(from *stepNode, c *raft.AppendEntriesRequest, r *raft.AppendEntriesResponse) {
	if n.follow(r.Term); !n.leading || c.Term != n.term {
		return
	}
	if !r.Success {
		// As hashicorp's: one step back was too slow for a leader that may keep others waiting for five seconds.
		n.match[from.name] = max(1, min(n.match[from.name]-1, c.PrevLogEntry-1, r.LastLog))
		return
	}
	n.match[from.name] = max(n.match[from.name], min(c.PrevLogEntry+uint64(len(c.Entries)), uint64(len(n.log))))
	have := []uint64{n.last().Index}
	for _, m := range n.w.nodes {
		if m != n {
			have = append(have, n.match[m.name])
		}
	}
	slices.Sort(have)
	if at := have[(len(have)-1)/2]; n.log[at-1].Term == n.term {
		n.reach(at)
	}
}

// reach commits up to an index, and holds honest nodes to what others have committed (I5).
func (n *stepNode) reach(index uint64) {
	for ; n.commit < index; n.commit++ {
		e := n.log[n.commit]
		n.waiting = slices.DeleteFunc(n.waiting, func(c waiting) bool { return c.command == string(e.Data) })
		if n.liar {
			continue
		}
		said := string(e.Data)
		if was, ok := n.w.committed[e.Index]; ok && was != said {
			n.w.violate("I5", "%s commits %q at %d, others %q", n.name, said, e.Index, was)
		}
		n.w.committed[e.Index] = said
	}
}
