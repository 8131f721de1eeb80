package transport

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// commitWord tells a follower at once how far the log is committed. Raft itself tells it with the next append, which on an
// idle network is CommitTimeout later, and finality waits for it. The word is an append without entries, as raft's own, and
// goes only to who has confirmed the entry in this term: raft takes the end of its log for committed when it hears of more, and that
// end may be another's. So it says nothing that raft would not have said. When it is lost, raft says it.
type commitWord struct {
	// mu guards stored; held for a look or a set.
	mu sync.Mutex
	// stored is the last entry that the peer has confirmed, and the term of the leader whom it told.
	stored struct{ leader, index, term uint64 }
	// saying is set while a word is on its way. The next goes out when its answer is there.
	saying atomic.Bool
}

// confirmed notes what a peer has stored after an append that it took.
func (w *commitWord) confirmed(args *raft.AppendEntriesRequest) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stored.leader, w.stored.index, w.stored.term = args.Term, args.PrevLogEntry, args.PrevLogTerm
	if len(args.Entries) > 0 {
		last := args.Entries[len(args.Entries)-1]
		w.stored.index, w.stored.term = last.Index, last.Term
	}
}

// about is the word that an entry is committed; false when the peer is not known to have stored it in the leader's term.
func (w *commitWord) about(leader, index uint64) (prev, prevTerm uint64, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stored.index, w.stored.term, w.stored.leader == leader && w.stored.index >= index
}

// Committed tells the peers that an entry is committed. It is called by who leads in a term, and does not block.
func (t *Transport) Committed(term, index uint64) {
	t.committed.mu.Lock()
	t.committed.term, t.committed.index = term, index
	t.committed.mu.Unlock()
	for peer := range t.known.Load().words {
		t.sayCommitted(peer, 0)
	}
}

// committed is what this node as the leader of a term knows to be committed.
type committed struct {
	mu          sync.Mutex
	term, index uint64
}

// sayCommitted brings a peer what it has not heard yet, if it has the entry.
func (t *Transport) sayCommitted(peer string, heard uint64) {
	t.committed.mu.Lock()
	term, index := t.committed.term, t.committed.index
	t.committed.mu.Unlock()
	w := t.known.Load().words[peer]
	if w == nil {
		return // It is no peer any more.
	}
	prev, prevTerm, ok := w.about(term, index)
	if !ok || index <= heard || !w.saying.CompareAndSwap(false, true) {
		return
	}
	args := &raft.AppendEntriesRequest{
		RPCHeader: raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte(t.cfg.Name), Addr: []byte(t.cfg.Name)},
		Term:      term, PrevLogEntry: prev, PrevLogTerm: prevTerm, LeaderCommitIndex: index,
	}
	go func() {
		_, err := t.append(raft.ServerID(peer), raft.ServerAddress(peer), args, t.cfg.PromptTimeout)
		w.saying.Store(false)
		if err == nil { // Else raft says it.
			t.sayCommitted(peer, index)
		}
	}()
}

// took notes that a peer took an append of raft's, and tells it of what was committed meanwhile.
func (t *Transport) took(peer string, args *raft.AppendEntriesRequest) {
	w := t.known.Load().words[peer]
	if w == nil {
		return
	}
	w.confirmed(args)
	t.sayCommitted(peer, args.LeaderCommitIndex)
}

// append makes one call with entries, or with the word that they are committed.
func (t *Transport) append(id raft.ServerID, addr raft.ServerAddress, args *raft.AppendEntriesRequest, timeout time.Duration) (*raft.AppendEntriesResponse, error) {
	return call(t, id, addr, laneBulk, timeout, args,
		func(ctx context.Context, c peerv1.RaftServiceClient, words Words) (*raft.AppendEntriesResponse, Words, error) {
			in := appendRequestToProto(args)
			in.Certificate = certificateToProto(words.Certificate)
			answer, err := c.AppendEntries(ctx, in)
			return appendResponseFromProto(answer), Words{}, err
		})
}
