package transport

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Words is what validators add to raft's requests and answers, to prove that they may say them.
type Words struct {
	// Certificate goes with appends, heartbeats and snapshots.
	Certificate *Certificate
	// Transfer goes with TimeoutNow, and with the request for a vote that follows it.
	Transfer *Transfer
	// Signature goes with a vote that is granted.
	Signature *[64]byte
}

// Filter stands between raft and everybody else's raft. It is a step machine: what it says depends on the calls before,
// the node's own facts (Local) and the time that the caller gives; it has no clock, goroutine or network. Each request
// that goes out passes Outgoing, its answer Answered or Failed; each that comes in passes Incoming, raft's answer Answering.
// All its methods may be called at once.
type Filter struct {
	network tx.NetworkID
	name    string
	key     ed25519.PrivateKey
	local   Local
	limits  Limits

	// mu guards the rest. It is not held while a signature is verified or a function of Local runs.
	mu sync.Mutex
	// who are the validators; replaced whole.
	who     electorate
	book    *book
	window  *termWindow
	limiter *limiter
	// ballot is the newest candidacy of this node, nil before the first.
	ballot *ballot
	// shown is the newest term for which a peer has accepted this node's certificate.
	shown map[string]uint64
	// transfer is the newest one announced to this node.
	transfer *Transfer
	dropped  drops
	// ledAt is when this node was last told something by a leader that it follows, or began. Who has left the set is elected by nobody who has
	// a leader, and then followed in that term, as which it is tolerated, since a time: it hands over. It may have an entry that nobody of the set has, and
	// refuse shorter logs.
	ledAt          time.Time
	tolerated      uint64
	toleratedSince time.Time
	// committed never falls but by ResetCommitGuard and a snapshot.
	committed uint64
}

// NewFilter makes the filter of a validator. keys are all validators', its own included.
func NewFilter(network tx.NetworkID, name string, secret ed25519.PrivateKey, keys map[string]ed25519.PublicKey, local Local, limits Limits) (*Filter, error) {
	if public, ok := keys[name]; !ok || len(secret) != ed25519.PrivateKeySize || !public.Equal(secret.Public()) {
		return nil, fmt.Errorf("%w: Key is not the one that peers know %q by", ErrConfig, name)
	}
	if local.Term == nil || local.Leader == nil || local.CommitIndex == nil || local.LastIndex == nil || local.Entry == nil {
		return nil, fmt.Errorf("%w: Local lacks Term, Leader, CommitIndex, LastIndex or Entry", ErrConfig)
	}
	if limits.Entries < 0 || limits.SnapshotBytes < 0 || limits.BytesPerSecond < 0 || limits.Election < 0 || limits.SnapshotPause < 0 || limits.DropFor < 0 {
		return nil, fmt.Errorf("%w: a field of Limits is negative", ErrConfig)
	}
	set := make(map[string]bool, len(keys))
	for n, public := range keys {
		if len(public) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("%w: key of %q is %d bytes, want %d", ErrConfig, n, len(public), ed25519.PublicKeySize)
		}
		set[n] = true
	}
	if local.Approve == nil {
		local.Approve = allValidators(set)
	}
	if local.ApproveSnapshot == nil {
		local.ApproveSnapshot = local.Approve
	}
	limits = limits.withDefaults()
	return &Filter{
		network: network, name: name, key: secret, who: electorate{network: network, keys: keys}, local: local, limits: limits,
		book: newBook(), window: newTermWindow(name, keys), limiter: newLimiter(limits, set),
		shown: make(map[string]uint64, len(keys)), dropped: newDrops(len(keys)),
	}, nil
}

// Drop makes this node refuse to follow or elect a validator for the time of Limits.DropFor, or longer (drops), because enough others complain about it.
// Patience is how long the next leader may leave undone what waits.
// One more than may lie lifts the oldest. A name that is no validator's is ignored.
func (f *Filter) Drop(now time.Time, leader string, patience time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.who.keys[leader]; !ok {
		return
	}
	f.dropped.add(leader, now, f.limits.DropFor, patience)
}

// ResetCommitGuard forgets how far the log was committed: Local.CommitIndex alone counts from now on. A node that was fed a
// lie calls it when it has cut its log and before raft starts again.
func (f *Filter) ResetCommitGuard() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.committed = 0
}

// enough is how many votes elect.
func (f *Filter) enough() int {
	if f.local.Enough != nil {
		return f.local.Enough()
	}
	return len(f.electorate().keys)/2 + 1
}

// facts gathers what the rules are to know of this node and a peer now.
func (f *Filter) facts(now time.Time, peer string) (facts, uint64) {
	term, leader, commit, last := f.local.Term(), f.local.Leader(), f.local.CommitIndex(), f.local.LastIndex()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.committed = max(f.committed, commit)
	out := facts{
		approve: f.local.Approve, dropped: f.dropped.has(peer, now),
		commit: f.committed, last: last, stored: f.stored,
		maxEntries: f.limits.Entries, maxEntryBytes: maxEntryBytes, maxSnapshotBytes: f.limits.SnapshotBytes,
	}
	if f.local.Base != nil {
		out.base, out.baseTerm = f.local.Base()
	}
	if f.ledAt.IsZero() {
		f.ledAt = now
	}
	if f.who.left[peer] && now.Sub(f.ledAt) <= f.limits.DropFor {
		out.dropped = true
	}
	out.stale = f.local.Stale != nil && f.local.Stale()
	out.approveSnapshot = f.local.ApproveSnapshot
	if leader != "" && f.book.leader(term) == leader {
		out.leader = leader
	}
	return out, term
}

func (f *Filter) stored(index uint64) (*raft.Log, bool) {
	var e raft.Log
	if f.local.Entry(index, &e) != nil {
		return nil, false
	}
	return &e, true
}

// Incoming judges a request before raft sees it. It may change what raft would take badly: see filterVote, commitGuard.
func (f *Filter) Incoming(now time.Time, peer string, command any, words Words) error {
	if err := f.judge(now, peer, command, words); err != nil {
		return err
	}
	if _, ok := command.(*raft.InstallSnapshotRequest); ok {
		return f.take(now, peer, deedSnapshot, 1, "snapshots")
	}
	return nil
}

// judge is Incoming, but does not count a snapshot.
func (f *Filter) judge(now time.Time, peer string, command any, words Words) error {
	if f.wait(now, peer, deedRefused, 1) > 0 {
		return fmt.Errorf("%w: requests that are refused", ErrRate)
	}
	err := f.verdict(now, peer, command, words)
	if errors.Is(err, ErrRate) {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.limiter.take(now, peer, deedRefused, 1)
	}
	if term, ok := candidacy(command); ok && (err == nil || errors.Is(err, ErrTermWindow)) {
		f.claim(peer, term)
	}
	return err
}

func (f *Filter) verdict(now time.Time, peer string, command any, words Words) error {
	known, term := f.facts(now, peer)
	var err error
	switch c := command.(type) {
	case *raft.AppendEntriesRequest:
		if known.certified, err = f.certified(peer, c.Term, term, words.Certificate); err != nil {
			return err
		}
		known.dropped = f.rejects(now, peer, c.Term, known)
		if isHeartbeat(c) {
			return filterHeartbeat(c, peer, known)
		}
		if err := filterAppend(c, peer, known); err != nil {
			var other *conflict
			if errors.As(err, &other) && f.local.OnConflict != nil {
				f.local.OnConflict(peer, other.index)
			}
			return err
		}
		return f.take(now, peer, deedBytes, entryBytes(c), "bytes")
	case *raft.InstallSnapshotRequest:
		if known.certified, err = f.certified(peer, c.Term, term, words.Certificate); err != nil {
			return err
		}
		known.dropped = f.rejects(now, peer, c.Term, known)
		return filterSnapshot(c, peer, known)
	case *raft.RequestVoteRequest:
		if err := f.take(now, peer, deedVote, 1, "requests for votes"); err != nil {
			return err
		}
		known.termLimit = f.believes(now, term)
		known.transfer = c.LeadershipTransfer && c.Term == term+1 &&
			f.electorate().announced(words.Transfer, term, f.certifiedLeader(term), peer)
		if err = filterVote(c, peer, known); err == nil && !c.LeadershipTransfer {
			c.ID = f.votesAs(peer)
		}
		return err
	case *raft.RequestPreVoteRequest:
		if err := f.take(now, peer, deedPreVote, 1, "requests for pre-votes"); err != nil {
			return err
		}
		known.termLimit = f.believes(now, term)
		if err = filterPreVote(c, peer, known); err == nil {
			c.ID = f.votesAs(peer)
		}
		return err
	case *raft.TimeoutNowRequest:
		if err := f.take(now, peer, deedTransfer, 1, "transfers"); err != nil {
			return err
		}
		known.transfer = f.electorate().announced(words.Transfer, term, known.leader, f.name)
		known.voteless = f.voteless()
		if err = filterTimeoutNow(c, peer, known); err == nil {
			f.mu.Lock()
			f.transfer = words.Transfer
			f.mu.Unlock()
		}
		return err
	}
	return fmt.Errorf("%w: request of type %T", ErrMalformed, command)
}

// toleratedDrops is for how many times Limits.DropFor a leader is followed that has left the set: long enough to bring those who stay what they lack. Nobody complains
// of it, so that one that lies would lead for ever though others could be elected again.
const toleratedDrops = 30

// rejects says whether an elected leader is not followed all the same, and takes note if it is.
func (f *Filter) rejects(now time.Time, peer string, term uint64, known facts) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.who.left[peer] && f.tolerated == term {
		known.dropped = f.dropped.has(peer, now) || now.Sub(f.toleratedSince) > toleratedDrops*f.limits.DropFor
	}
	if known.certified && !known.dropped {
		if f.ledAt = now; f.who.left[peer] && f.tolerated != term {
			f.tolerated, f.toleratedSince = term, now
		}
	}
	return known.dropped
}

// certified is certify for what raft is to follow.
func (f *Filter) certified(peer string, term, own uint64, c *Certificate) (bool, error) {
	proved, err := f.certify(peer, term, c)
	if proved && term >= own {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.window.followed = max(f.window.followed, term)
	}
	return proved, err
}

// certify says whether a peer has proved that it leads a term, now or before. A certificate is verified once.
func (f *Filter) certify(peer string, term uint64, c *Certificate) (bool, error) {
	if f.certifiedLeader(term) == peer {
		return true, nil
	}
	if c == nil {
		return false, nil
	}
	if c.Term != term || c.Candidate != peer {
		return false, fmt.Errorf("%w: it is of %q in term %d", ErrCertificate, c.Candidate, c.Term)
	}
	counted, err := f.electorate().certify(*c, f.enough())
	if err != nil {
		return false, err
	}
	f.mu.Lock()
	evidence, err := f.book.certify(counted)
	f.mu.Unlock()
	f.report(evidence...)
	return err == nil, err
}

func (f *Filter) certifiedLeader(term uint64) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.book.leader(term)
}

// report gives out evidence. The caller does not hold mu.
func (f *Filter) report(evidence ...checkpoint.DoubleVote) {
	if f.local.OnEvidence == nil {
		return
	}
	for _, e := range evidence {
		f.local.OnEvidence(e)
	}
}

// take counts a deed of a peer, and refuses it when there were too many.
func (f *Filter) take(now time.Time, peer string, d deed, n int64, what string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.limiter.take(now, peer, d, n) {
		return fmt.Errorf("%w: %s", ErrRate, what)
	}
	return nil
}

func (f *Filter) wait(now time.Time, peer string, d deed, n int64) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.limiter.wait(now, peer, d, n)
}

// termOf is the term that a request names.
func termOf(command any) (uint64, bool) {
	switch c := command.(type) {
	case *raft.AppendEntriesRequest:
		return c.Term, true
	case *raft.InstallSnapshotRequest:
		return c.Term, true
	case *raft.RequestVoteRequest:
		return c.Term, true
	case *raft.RequestPreVoteRequest:
		return c.Term, true
	}
	return 0, false
}

func entryBytes(r *raft.AppendEntriesRequest) int64 {
	var n int64
	for _, e := range r.Entries {
		n += int64(len(e.Data) + len(e.Extensions))
	}
	return n
}
