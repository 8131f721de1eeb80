package sim

import (
	"context"
	"io"
	"time"

	"github.com/hashicorp/raft"

	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// liarFaults are validators that lie.
func liarFaults() []Fault {
	return append([]Fault{
		{Name: "forged-append", Says: "a stranger to the throne sends entries of a new term", Liars: 1, Run: forgedAppends, Lasting: forgedAppends},
		{Name: "false-leader", Says: "a liar wins votes by a log that it does not have, and replaces entries", Liars: 1, Run: falseLeader, Lasting: falseLeader},
		{Name: "term-bomb", Says: "votes are asked for in terms up to 2^64-1, with the flag of a transfer, and what others ask is answered in such terms", Liars: 1, Run: termBombs, Lasting: termBombs},
		{Name: "timeout-now", Says: "a flood of orders to call an election", Liars: 1, Run: timeoutNows, Lasting: timeoutNows},
		{Name: "malformed", Says: "entries of unknown types, gaps and broken configurations", Liars: 1, Run: malformed, Lasting: malformed},
		{Name: "fake-snapshot", Says: "snapshots of nonsense, too long and too short", Liars: 1, Run: func(ctx context.Context, c *chaos) { fakeSnapshots(ctx, c, false) },
			Lasting: func(ctx context.Context, c *chaos) { fakeSnapshots(ctx, c, true) }},
	}, append(leaderFaults(), wordFaults()...)...)
}

// each lets every liar do something to a random victim, again and again.
func each(ctx context.Context, c *chaos, pause time.Duration, do func(l liar, to string)) {
	for c.sleep(ctx, pause/2+time.Duration(c.intN(int(pause)))) {
		for _, l := range c.liars() {
			to := c.cluster.pickHonest().name
			do(l, to)
		}
	}
}

// tell makes a call that lies and counts it if it got to somebody.
func (c *chaos) tell(ctx context.Context, l liar, to, method string, args, reply protoMessage) {
	c.work.Go(func() {
		if err := l.say(ctx, to, method, args, reply); err != errUnreachable && err != errGone && ctx.Err() == nil {
			c.took(1)
		}
	})
}

func forgedAppends(ctx context.Context, c *chaos) {
	each(ctx, c, 400*time.Millisecond, func(l liar, to string) {
		node, prev, ok := l.tail(c, c.intN(4))
		if !ok {
			return
		}
		term := l.disk.term() + uint64(1+c.intN(3))
		c.tell(ctx, l, to, callAppend, l.append(prev, term, nil, c.batch(l, term, node, c.pays())), &peerv1.AppendEntriesResponse{})
	})
}

// entry says where an entry of the log stands.
type entry struct{ index, term uint64 }

// far is a place far behind it.
func (e entry) far() entry { return entry{e.index + 1000, e.term} }

// tail is the head of the liar's own ledger and an entry near the end of its log.
func (l liar) tail(_ *chaos, back int) (head headOf, prev entry, ok bool) {
	node := l.running()
	last, any := l.disk.last()
	if node == nil || !any || last.Index <= uint64(back)+1 {
		return head, prev, false
	}
	var e raft.Log
	if l.disk.GetLog(last.Index-uint64(back), &e) != nil {
		return head, prev, false
	}
	return node.Head(), entry{e.Index, e.Term}, true
}

// append is a request to append a command.
func (l liar) append(prev entry, term uint64, certificate *peerv1.ElectionCertificate, data ...[]byte) *peerv1.AppendEntriesRequest {
	r := &peerv1.AppendEntriesRequest{
		Header: l.header(), Term: term, Leader: []byte(l.name), PrevLogEntry: prev.index, PrevLogTerm: prev.term,
		LeaderCommitIndex: prev.index + uint64(len(data)), Certificate: certificate,
	}
	for i, d := range data {
		r.Entries = append(r.Entries, &peerv1.RaftEntry{Index: prev.index + uint64(i) + 1, Term: term, Type: uint32(raft.LogCommand), Data: d})
	}
	return r
}

// falseLeader asks for votes with a log that is longer than any, and uses the votes it gets.
func falseLeader(ctx context.Context, c *chaos) {
	for c.sleep(ctx, c.between(2*time.Second, 5*time.Second)) {
		for _, l := range c.liars() {
			c.reign(ctx, l)
		}
	}
}

// reign is one candidacy of a liar and what it does with the throne.
func (c *chaos) reign(ctx context.Context, l liar) {
	head, prev, ok := l.tail(c, 2)
	if !ok {
		return
	}
	term := l.disk.term() + 1
	certificate := &peerv1.ElectionCertificate{LastLogIndex: prev.index + 1000, LastLogTerm: term - 1}
	for _, to := range c.cluster.names {
		answer := &peerv1.RequestVoteResponse{}
		err := l.say(ctx, to, callVote, &peerv1.RequestVoteRequest{
			Header: l.header(), Term: term, Candidate: []byte(l.name), LastLogIndex: certificate.LastLogIndex, LastLogTerm: certificate.LastLogTerm,
		}, answer)
		if err == nil && answer.GetGranted() && len(answer.GetSignature()) == 64 {
			certificate.Signatures = append(certificate.Signatures, &peerv1.ElectionSignature{Validator: to, Signature: answer.GetSignature()})
		}
	}
	for _, to := range c.cluster.names {
		if to != l.name {
			c.tell(ctx, l, to, callAppend, l.append(prev, term, certificate, c.batch(l, term, head, c.pays())), &peerv1.AppendEntriesResponse{})
		}
	}
}

func termBombs(ctx context.Context, c *chaos) {
	defer c.tap(termAnswers)()
	if c.intN(2) == 0 {
		c.work.Go(func() { parting(ctx, c) })
	}
	each(ctx, c, 300*time.Millisecond, func(l liar, to string) {
		local := l.disk.term()
		c.tell(ctx, l, to, callVote, &peerv1.RequestVoteRequest{
			Header: l.header(), Term: c.higher(local), Candidate: []byte(l.name), LastLogIndex: 1 << 40, LastLogTerm: local,
			LeadershipTransfer: true,
		}, &peerv1.RequestVoteResponse{})
	})
}

// believedStep is how far beyond what it knows of honest ones a validator believes one other, nearly.
const believedStep = 1000

// parting drives up the terms of some, step by step and as far as a request is believed, past what the others believe of an answer; then it is
// silent until they should be together again.
func parting(ctx context.Context, c *chaos) {
	for c.sleep(ctx, c.between(500*time.Millisecond, 3*time.Second)) {
		for _, l := range c.liars() {
			victims := c.cluster.honest()
			victims = victims[:1+c.intN(len(victims)-1)]
			for _, to := range victims {
				term := to.disk.term()
				for range 4 {
					term += believedStep / 4
					c.tell(ctx, l, to.name, callVote, &peerv1.RequestVoteRequest{
						Header: l.header(), Term: term, Candidate: []byte(l.name), LastLogIndex: 1 << 40, LastLogTerm: term - 1, LeadershipTransfer: true,
					}, &peerv1.RequestVoteResponse{})
					c.sleep(ctx, 20*time.Millisecond)
				}
			}
		}
		c.sleep(ctx, 20*time.Second)
	}
}

// higher is a term that nobody is in: near, within what is believed of one, or far.
func (c *chaos) higher(term uint64) uint64 {
	terms := []uint64{^uint64(0), term + 1, term + believedStep, term + 1<<40}
	return terms[c.intN(len(terms))]
}

// termAnswers is who answers now and then in a term that nobody is in.
func termAnswers(c *chaos, _ liar) tap {
	return func(_, _ string, m protoMessage) protoMessage {
		if c.intN(3) > 0 {
			return m
		}
		switch r := m.(type) {
		case *peerv1.RequestVoteResponse:
			r.Term, r.Granted = c.higher(r.GetTerm()), false
		case *peerv1.RequestPreVoteResponse:
			r.Term, r.Granted = c.higher(r.GetTerm()), false
		case *peerv1.AppendEntriesResponse:
			r.Term, r.Success = c.higher(r.GetTerm()), false
		default:
			return m
		}
		c.took(1)
		return m
	}
}

func timeoutNows(ctx context.Context, c *chaos) {
	each(ctx, c, 60*time.Millisecond, func(l liar, to string) {
		c.tell(ctx, l, to, callTimeoutNow, &peerv1.TimeoutNowRequest{Header: l.header()}, &peerv1.TimeoutNowResponse{})
	})
}

func malformed(ctx context.Context, c *chaos) {
	each(ctx, c, 200*time.Millisecond, func(l liar, to string) {
		_, prev, ok := l.tail(c, 0)
		if !ok {
			return
		}
		term := l.disk.term()
		r := l.append(prev, term, nil, []byte{1, 2, 3})
		switch c.intN(6) {
		case 0:
			r.Entries[0].Type = 99
		case 1:
			r.Entries[0].Type = uint32(raft.LogConfiguration)
		case 2:
			r.Entries[0].Index += 5
		case 3:
			r.Entries[0].Term = term + 9
		case 4:
			r.Header = nil
		case 5:
			r.Entries[0].Data = make([]byte, 5<<20)
		}
		c.tell(ctx, l, to, callAppend, r, &peerv1.AppendEntriesResponse{})
	})
}

// fakeSnapshots spare, if they should, who needs a true one: a leader may starve one validator, and the others do not need it.
func fakeSnapshots(ctx context.Context, c *chaos, spare bool) {
	// A liar that leads has votes to show; they come by its own heartbeats.
	shown := c.certificates()
	each(ctx, c, 1500*time.Millisecond, func(l liar, to string) {
		_, prev, ok := l.tail(c, 0)
		if !ok || spare && c.cluster.members[to].behind(l.member) {
			return
		}
		c.work.Go(func() { c.fakeSnapshot(ctx, l, to, prev, shown(l.name)) })
	})
}

// fakeSnapshot sends one to a victim.
func (c *chaos) fakeSnapshot(ctx context.Context, l liar, to string, prev entry, certificate *peerv1.ElectionCertificate) {
	sizes := []int64{0, 1000, 256 << 10, 1 << 50}
	size := sizes[c.intN(len(sizes))]
	data := make([]byte, min(size, frameBytes))
	for i := range data {
		data[i] = byte(c.intN(256))
	}
	if sent, _, _ := c.sendSnapshot(ctx, l, to, prev.far(), certificate, data, size); sent {
		c.took(1)
	}
}

// frameBytes is how much of a snapshot a frame takes.
const frameBytes = 256 << 10

// sendSnapshot sends what is said to be a snapshot of a size, and to end at an entry. Sent says that all of it was, whatever came back.
func (c *chaos) sendSnapshot(ctx context.Context, l liar, to string, end entry, certificate *peerv1.ElectionCertificate, data []byte, size int64) (sent bool, res *peerv1.InstallSnapshotResponse, err error) {
	link := l.link(to)
	if link == nil {
		return false, nil, errUnreachable
	}
	call, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	stream, err := peerv1.NewRaftServiceClient(link).InstallSnapshot(call)
	if err != nil {
		return false, nil, err
	}
	var servers []raft.Server
	for _, name := range c.cluster.names {
		servers = append(servers, raft.Server{ID: raft.ServerID(name), Address: raft.ServerAddress(name)})
	}
	header := &peerv1.SnapshotHeader{
		Header: l.header(), SnapshotVersion: 1, Term: l.disk.term(), Leader: []byte(l.name), LastLogIndex: end.index, LastLogTerm: end.term,
		Configuration: raft.EncodeConfiguration(raft.Configuration{Servers: servers}), ConfigurationIndex: 1, Size: size, Certificate: certificate,
	}
	err = stream.Send(&peerv1.InstallSnapshotRequest{Frame: &peerv1.InstallSnapshotRequest_Header{Header: header}})
	for ; err == nil && len(data) > 0; data = data[min(len(data), frameBytes):] {
		frame := data[:min(len(data), frameBytes)]
		err = stream.Send(&peerv1.InstallSnapshotRequest{Frame: &peerv1.InstallSnapshotRequest_Data{Data: frame}})
	}
	if err != nil && err != io.EOF {
		return false, nil, err
	}
	res, err = stream.CloseAndRecv()
	return true, res, err
}

// certificates listens to the liars' own nodes for the votes that elected them.
func (c *chaos) certificates() func(name string) *peerv1.ElectionCertificate {
	return c.listen(func(_ liar, _, _ string, m protoMessage) protoMessage { return m })
}

// listen is certificates with a tap.
func (c *chaos) listen(lie func(l liar, to, method string, m protoMessage) protoMessage) func(name string) *peerv1.ElectionCertificate {
	seen := make(map[string]*peerv1.ElectionCertificate)
	for _, l := range c.liars() {
		c.cluster.wire.setTap(l.name, func(to, method string, m protoMessage) protoMessage {
			if h, ok := m.(*peerv1.HeartbeatRequest); ok && h.GetCertificate() != nil {
				c.mu.Lock()
				seen[l.name] = h.GetCertificate()
				c.mu.Unlock()
			}
			return lie(l, to, method, m)
		})
	}
	return func(name string) *peerv1.ElectionCertificate {
		c.mu.Lock()
		defer c.mu.Unlock()
		return seen[name]
	}
}
