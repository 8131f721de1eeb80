package sim

import (
	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// lie lets a liar send a victim something that an honest node never would. All that it can truly sign is its own name.
func (w *stepWorld) lie(l *stepNode) {
	to := w.nodes[w.rand.IntN(len(w.nodes))]
	if to.liar {
		return
	}
	w.effects++
	term := to.term + uint64(w.rand.IntN(3))
	forged := &raft.AppendEntriesRequest{
		RPCHeader: l.header(), Term: term, PrevLogEntry: 1, PrevLogTerm: 1, LeaderCommitIndex: 3,
		Entries: []*raft.Log{{Index: 2, Term: term, Type: raft.LogCommand, Data: []byte("forged")}, {Index: 3, Term: term, Type: raft.LogCommand, Data: []byte("forged")}},
	}
	kind := w.rand.IntN(8)
	if kind < 2 && l.reigns[term] {
		return // Whoever was elected may say what it likes: that is for finality to bear.
	}
	switch kind {
	case 0:
		w.send(stepPacket{from: l, to: to, command: forged})
	case 1: // With the own votes in everybody's name.
		e := checkpoint.Election{Term: term, Candidate: l.name}
		c := &transport.Certificate{Election: e}
		for _, v := range w.world.Set {
			c.Votes = append(c.Votes, transport.VoteSignature{Validator: v.Name, Signature: e.Sign(w.world.Network, w.world.Validators[l.name])})
		}
		w.send(stepPacket{from: l, to: to, command: forged, words: transport.Words{Certificate: c}})
	case 2:
		far := []uint64{1, believedStep, 1 << 40, ^uint64(0) - to.term}[w.rand.IntN(4)]
		w.send(stepPacket{from: l, to: to, command: &raft.RequestVoteRequest{RPCHeader: l.header(), Term: to.term + far, LastLogIndex: 1 << 40, LastLogTerm: to.term, LeadershipTransfer: true}})
	case 3:
		w.send(stepPacket{from: l, to: to, command: &raft.TimeoutNowRequest{RPCHeader: l.header()}})
	case 4: // An answer of a term to come, to whatever.
		w.send(stepPacket{from: l, to: to, command: &raft.AppendEntriesRequest{RPCHeader: to.header(), Term: to.term}, response: &raft.AppendEntriesResponse{RPCHeader: l.header(), Term: to.term + 1<<30}})
	case 5:
		c := checkpoint.Complaint{Validator: l.name, Term: to.term, Leader: to.leader}
		w.send(stepPacket{from: l, to: to, command: c.Sign(w.world.Network, w.world.Validators[l.name])})
	case 6: // It votes for everybody.
		l.voted = ""
	case 7: // It calls an election of its own, whoever leads.
		if w.rand.IntN(20) == 0 {
			l.campaign()
		}
	}
}

// voteOf is a vote that a liar gives, whoever else has it.
func (w *stepWorld) voteOf(l *stepNode, c *raft.RequestVoteRequest, candidate string) *[64]byte {
	sig := checkpoint.Election{Term: c.Term, Candidate: candidate, LastIndex: c.LastLogIndex, LastTerm: c.LastLogTerm}.Sign(w.world.Network, w.world.Validators[l.name])
	return &sig
}
