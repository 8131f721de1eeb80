package transport

import (
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// Outgoing prepares a request to a peer: it gives the words that go with it, or an error when it must not be sent now.
func (f *Filter) Outgoing(now time.Time, peer string, command any) (Words, error) {
	switch c := command.(type) {
	case *raft.AppendEntriesRequest:
		c.LeaderCommitIndex = max(c.LeaderCommitIndex, f.outlasting(c))
		return Words{Certificate: f.proof(peer, c.Term)}, nil
	case *raft.InstallSnapshotRequest:
		// A follower that always says it has nothing must not make this node send its state in a loop.
		if err := f.take(now, peer, deedFed, 1, "snapshots to "+peer); err != nil {
			return Words{}, err
		}
		return Words{Certificate: f.proof("", c.Term)}, nil // Always shown: there are few.
	case *raft.RequestPreVoteRequest:
		return Words{}, f.mayStand(c.Term)
	case *raft.RequestVoteRequest:
		if err := f.mayStand(c.Term); err != nil {
			return Words{}, err
		}
		return Words{Transfer: f.stand(c)}, nil
	case *raft.TimeoutNowRequest:
		term := f.local.Term()
		if f.certifiedLeader(term) != f.name {
			return Words{}, fmt.Errorf("%w: this node in term %d", ErrNotLeader, term)
		}
		return Words{Transfer: signTransfer(f.network, term, f.name, peer, f.key)}, nil
	}
	return Words{}, nil
}

// mayStand is an error while this node must not be elected.
func (f *Filter) mayStand(term uint64) error {
	if f.local.Short != nil && f.local.Short() {
		return fmt.Errorf("%w: this node in term %d", ErrShort, term)
	}
	if f.voteless() {
		return fmt.Errorf("%w: term %d", ErrVoteless, term) // Raft would not keep the vote that stand signs, and after a restart might give another in the same term.
	}
	return nil
}

// outlasting is how far what an append leads to was committed before this node's raft started. Raft forgets that, and as a leader does not tell it again
// until something of its own term is committed. A follower that has to know it before it can take that (ErrTooEarly) would wait for ever. What is in
// the state, and in the log still, was committed; more than the append has shown to be the follower's too is not told.
func (f *Filter) outlasting(c *raft.AppendEntriesRequest) uint64 {
	if f.local.Applied == nil {
		return 0
	}
	index, term := f.local.Applied()
	if term >= c.Term {
		return 0 // Raft knows it: it was committed since this node leads.
	}
	told := min(index, endOf(c))
	// The disk may have lost the end of the log. And what is applied may be of a leader who came after the term of an append that is late: in
	// its own term a leader's log only grows.
	if told <= c.LeaderCommitIndex || !f.local.Holds(index, term) || f.local.Term() != c.Term {
		return 0
	}
	return told
}

// proof is the certificate of this node's term, until the peer has taken it.
func (f *Filter) proof(peer string, term uint64) *Certificate {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.shown[peer] == term || f.ballot == nil || f.ballot.Term != term {
		return nil
	}
	return f.ballot.certificate()
}

// elected says whether this node holds a certificate for the term of a request.
func (f *Filter) elected(command any) bool {
	term, ok := termOf(command)
	return ok && f.certifiedLeader(term) == f.name
}

// stand opens this node's ballot for an election, with its own vote. Raft persists that vote while the others are asked;
// it is shown to others only in a certificate, after raft has won. stand gives the transfer that the election follows.
func (f *Filter) stand(c *raft.RequestVoteRequest) *Transfer {
	e := checkpoint.Election{Term: c.Term, Candidate: f.name, LastIndex: c.LastLogIndex, LastTerm: c.LastLogTerm}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ballot == nil || f.ballot.Term < c.Term {
		own := checkpoint.ElectionVote{Election: e, Validator: f.name, Signature: e.Sign(f.network, f.key)}
		f.book.vote(own)
		f.ballot = &ballot{Election: e, votes: map[string][64]byte{f.name: own.Signature}}
	}
	if c.LeadershipTransfer && f.transfer != nil && f.transfer.Term+1 == c.Term {
		return f.transfer
	}
	return nil
}

// Answering gives the words that go with raft's answer to a peer's request: a granted vote is signed. Raft has persisted
// it. An error means that the answer must not be sent.
func (f *Filter) Answering(peer string, command, response any) (Words, error) {
	if r, ok := response.(*raft.InstallSnapshotResponse); ok && r.Success {
		f.ResetCommitGuard() // The log is gone, and the snapshot may be older: its store decides by what is final.
	}
	c, asked := command.(*raft.RequestVoteRequest)
	r, ok := response.(*raft.RequestVoteResponse)
	if !asked || !ok || !r.Granted {
		return Words{}, nil
	}
	e := checkpoint.Election{Term: c.Term, Candidate: peer, LastIndex: c.LastLogIndex, LastTerm: c.LastLogTerm}
	sig := e.Sign(f.network, f.key)
	f.mu.Lock()
	defer f.mu.Unlock()
	// Raft sees to this; the signature is the last place where a double vote can be stopped.
	if was := f.book.votedFor(f.name, c.Term); was != "" && was != peer {
		return Words{}, fmt.Errorf("%w: this node for %q in term %d", ErrDoubleVote, was, c.Term)
	}
	f.book.vote(checkpoint.ElectionVote{Election: e, Validator: f.name, Signature: sig})
	return Words{Signature: &sig}, nil
}

// Answered judges a peer's answer before raft sees it. It may change what would make raft work in vain.
func (f *Filter) Answered(now time.Time, peer string, command, response any, words Words) error {
	switch r := response.(type) {
	case *raft.AppendEntriesResponse:
		c, ok := command.(*raft.AppendEntriesRequest)
		if !ok {
			break
		}
		if isHeartbeat(c) && !r.Success {
			// Raft would step down at once if it is just proving that it leads. It learns of a higher term by an append.
			return fmt.Errorf("%w: heartbeat of term %d refused in term %d", ErrNotLeader, c.Term, r.Term)
		}
		if err := f.answer(now, peer, r.RPCHeader, c.Term, &r.Term); err != nil {
			return err
		}
		f.taken(peer, c.Term, r.Term)
		if r.Success {
			return nil
		}
		if f.take(now, peer, deedUnwilling, 1, "") != nil {
			r.NoRetryBackoff = false
		}
		return nil
	case *raft.InstallSnapshotResponse:
		c, ok := command.(*raft.InstallSnapshotRequest)
		if !ok {
			break
		}
		if err := f.answer(now, peer, r.RPCHeader, c.Term, &r.Term); err != nil {
			return err
		}
		f.taken(peer, c.Term, r.Term)
		return nil
	case *raft.RequestVoteResponse:
		c, ok := command.(*raft.RequestVoteRequest)
		if !ok {
			break
		}
		if err := f.answer(now, peer, r.RPCHeader, c.Term, &r.Term); err != nil || !r.Granted {
			return err
		}
		return f.granted(peer, c, words)
	case *raft.RequestPreVoteResponse:
		c, ok := command.(*raft.RequestPreVoteRequest)
		if !ok {
			break
		}
		err := f.answer(now, peer, r.RPCHeader, c.Term, &r.Term)
		if err == nil {
			r.Term = f.raised(c.Term, r.Term)
		}
		return err
	case *raft.TimeoutNowResponse:
		return filterAnswer(r.RPCHeader, peer)
	}
	return fmt.Errorf("%w: answer of type %T to %T", ErrMalformed, response, command)
}

// Failed hears that a request to a peer ended with an error, which may be the peer's own.
func (f *Filter) Failed(peer string, err error) {
	if !errors.Is(err, ErrUncertified) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.shown, peer)
}

// taken notes that a peer knows this node as the leader of a term, and that raft gives up if the peer is in a higher one.
func (f *Filter) taken(peer string, term, answered uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shown[peer] = max(f.shown[peer], term)
	if answered > term {
		f.window.heard = max(f.window.heard, answered)
	}
}

// raised is the term to tell raft, which has asked whether it could be elected in one and is answered in another.
func (f *Filter) raised(asked, answered uint64) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.window.heard > asked {
		return max(answered, f.window.heard)
	}
	return answered
}

// answer judges who answered, and in which term, which it lowers to the highest that is believed. A leader or candidate gives up at any
// higher term that it is told, so one peer's word for one counts only now and then: often enough for an honest one that was elected, or
// nearly, elsewhere, or whose term a liar drove up.
func (f *Filter) answer(now time.Time, peer string, h raft.RPCHeader, asked uint64, answered *uint64) error {
	if err := filterAnswer(h, peer); err != nil {
		return err
	}
	local := f.local.Term()
	w := f.words(now, local)
	defer f.mu.Unlock()
	f.claim(peer, *answered)
	if *answered <= asked {
		return nil
	}
	base := w.base()
	believed := max(min(*answered, w.limit(local, termStep)), base) // In one step to the base: each is an election.
	if believed <= asked {
		return fmt.Errorf("%w: %d in answer to %d", ErrTermWindow, *answered, asked)
	}
	if believed > max(local, base) && !f.limiter.take(now, peer, deedTerm, 1) {
		return fmt.Errorf("%w: answers of a higher term", ErrRate)
	}
	*answered = believed
	return nil
}

// granted takes a vote for this node.
func (f *Filter) granted(peer string, c *raft.RequestVoteRequest, words Words) error {
	if words.Signature == nil {
		return fmt.Errorf("%w: vote of %q is not signed", ErrCertificate, peer)
	}
	e := checkpoint.Election{Term: c.Term, Candidate: f.name, LastIndex: c.LastLogIndex, LastTerm: c.LastLogTerm}
	vote := checkpoint.ElectionVote{Election: e, Validator: peer, Signature: *words.Signature}
	if err := f.electorate().verify(vote); err != nil {
		return err
	}
	enough := f.enough()
	evidence, err := f.count(vote, enough)
	f.report(evidence...)
	return err
}

func (f *Filter) count(vote checkpoint.ElectionVote, enough int) ([]checkpoint.DoubleVote, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if twice := f.book.vote(vote); twice != nil {
		return []checkpoint.DoubleVote{*twice}, fmt.Errorf("%w: %q in term %d", ErrDoubleVote, vote.Validator, vote.Term)
	}
	if was := f.book.votedFor(vote.Validator, vote.Term); was != "" && was != f.name {
		return nil, fmt.Errorf("%w: %q in term %d", ErrDoubleVote, vote.Validator, vote.Term)
	}
	if f.ballot == nil || f.ballot.Election != vote.Election {
		return nil, nil // Of an election that is over.
	}
	f.ballot.votes[vote.Validator] = vote.Signature
	if len(f.ballot.votes) < enough {
		return nil, nil
	}
	f.window.followed = max(f.window.followed, vote.Term)
	return f.book.certify(*f.ballot.certificate())
}
