package transport

import (
	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// Local is what a filter asks of the node that it guards. The functions may be called at any time from several goroutines.
type Local struct {
	// Term is raft's current term.
	Term func() uint64
	// Leader is the name of the leader raft knows, or "".
	Leader func() string
	// CommitIndex is the highest index that raft has committed or the state has applied.
	CommitIndex func() uint64
	// Applied is the last entry that the state has seen, and its term; nil tells followers only of what raft itself knows to be committed.
	Applied func() (index, term uint64)
	// Holds says whether the log has an entry of that term at the index, or ends there in a snapshot. Invariant: not nil if Applied is not.
	Holds func(index, term uint64) bool
	// Base is an entry, with a term, at which raft begins with a state that the entries after it lead on from, of whichever leader, so that any
	// term of the leader's entry there is taken for that one; zero when there is none. May be nil.
	Base func() (index, term uint64)
	// LastIndex is the end of raft's log, or of its newest snapshot if that is later.
	LastIndex func() uint64
	// Stale says that raft has the end of a log in mind that is gone, so that it must be given no entries until it has started again. May be nil.
	Stale func() bool
	// Short says that raft's log lacks what its state was made of, so that nobody may elect this node. May be nil.
	Short func() bool
	// HasVote says whether raft's log gives this node a vote; nil means that it does. Raft stands for whoever tells it to, and keeps no own vote of one that has none.
	HasVote func() bool
	// Entry reads an entry of the log; any error means that it is not there.
	Entry func(index uint64, into *raft.Log) error
	// Enough is how many votes elect; nil means a majority of all validators. Invariant: more than may lie.
	Enough func() int
	// VotesAs is the name by which raft is asked for its vote for a candidate; nil means the candidate's own. Raft refuses whom its own log gives no vote.
	VotesAs func(candidate string) string
	// Sets are the validator set that reigns and those that are known to come; nil means one, of all keys.
	Sets func() []checkpoint.ValidatorSet
	// Approve says whether raft may be configured so; nil approves of all validators as voters and nothing else. ErrTooEarly says that
	// it may be later, when what was ordered before has been applied.
	Approve func(raft.Configuration) error
	// ApproveSnapshot says whether a snapshot may leave raft configured so, as far as can be said before its content is known; nil
	// asks Approve.
	ApproveSnapshot func(raft.Configuration) error
	// OnEvidence takes proof that a validator voted for two candidates in one term; once for each term. May be nil.
	OnEvidence func(checkpoint.DoubleVote)
	// OnEntries is shown the entries of each append that passed the filter, before raft has them. It must not wait, and may keep Data,
	// which nobody changes. May be nil.
	OnEntries func([]*raft.Log)
	// OnConflict hears that the elected leader of a term sends another entry than the one committed here at the index: it
	// lies, or this node was fed a lie before. It is called again for every such append. May be nil.
	OnConflict func(leader string, index uint64)
	// OnSnapshotRefused hears that a peer's raft has not taken a snapshot that was sent to it: it lies, or needs another one. It must not
	// wait. May be nil.
	OnSnapshotRefused func(peer string)
	// OnAppend hears of each append of the elected leader that passed the filter, when raft has answered it. It must not wait. May be nil.
	OnAppend func(Append)
	// OnEmptyLog hears, as this node leads, that a peer's raft has no entry and no snapshot, before raft sends it anything. It must not wait. May be nil.
	OnEmptyLog func(peer string)
}

// Append is an append of the elected leader, and what raft made of it.
type Append struct {
	// Before is the entry before it, at which raft compares the logs.
	Before uint64
	// Committed is up to which entry the leader says that all is committed: its word alone, and of entries too that are not here.
	Committed uint64
	// Taken says whether raft took it.
	Taken bool
	// Ends says that it brings nothing to a log that is as far: the one before it is the last entry here and committed, and what comes after is nothing, or too early
	// (Local.Approve).
	Ends bool
}

// voteless is Local.HasVote, denied.
func (f *Filter) voteless() bool { return f.local.HasVote != nil && !f.local.HasVote() }

// votesAs is Local.VotesAs. Raft keeps its vote by address, which stays the candidate's; by the id it only looks whether the candidate may be elected.
func (f *Filter) votesAs(candidate string) []byte {
	if f.local.VotesAs == nil {
		return []byte(candidate)
	}
	return []byte(f.local.VotesAs(candidate))
}
