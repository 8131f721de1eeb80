//lint:file-ignore SA1019 raft still fills and reads the fields that its header replaces, so the wire carries both.

package transport

import (
	"errors"
	"fmt"

	"github.com/hashicorp/raft"
)

// maxConfigurationBytes bounds what is given to raft's decoder of configurations. Ten validators need about a kilobyte.
const maxConfigurationBytes = 64 << 10

// indexWindow is how far beyond the own log a snapshot may end. No honest log grows so far in the life of a network, and
// a liar must not push indexes to the end of their range.
const indexWindow = 1 << 44

// facts is what the filter knows of this node when it judges a request. The functions below are pure: the same request,
// peer and facts always give the same answer, so each rule is tested without a network.
type facts struct {
	// approve says whether raft may be configured so.
	approve func(raft.Configuration) error
	// approveSnapshot says so of the configuration that a snapshot brings; nil is approve.
	approveSnapshot func(raft.Configuration) error
	// termLimit is the highest term that one peer is believed, where one is judged.
	termLimit uint64
	// certified says whether the sender has proved that it leads the term of its request.
	certified bool
	// dropped says whether the sender is not to lead for now.
	dropped bool
	// leader is the name of the known leader, if it is the certified one of the current term; else empty.
	leader string
	// transfer says whether the leader has announced that the sender takes over.
	transfer bool
	// voteless says that raft gives this node no vote. See Local.HasVote.
	voteless bool
	// commit is the highest committed index, and last the end of log and snapshot.
	commit, last uint64
	// base is where raft begins in any leader's log, with the term that it has there; zero when that is nowhere. See Local.Base.
	base, baseTerm uint64
	// stale says that raft has the end of a log in mind that is gone. See Local.Stale.
	stale bool
	// stored returns an entry of the log, or false when it is not there any more.
	stored func(index uint64) (*raft.Log, bool)
	// maxEntries and maxEntryBytes bound one append.
	maxEntries    int
	maxEntryBytes int
	// maxSnapshotBytes bounds a snapshot.
	maxSnapshotBytes int64
}

// filterHeader holds a header to the identity that the TLS connection proved. legacy is the field in which older raft
// versions named the sender: raft reads it when the address is empty, so it may not say anything else.
func filterHeader(h raft.RPCHeader, legacy []byte, peer string) error {
	if string(h.ID) != peer || string(h.Addr) != peer {
		return fmt.Errorf("%w: id and address must be %q", ErrIdentity, peer)
	}
	if len(legacy) > 0 && string(legacy) != peer {
		return fmt.Errorf("%w: leader or candidate must be %q", ErrIdentity, peer)
	}
	if h.ProtocolVersion < raft.ProtocolVersionMin || h.ProtocolVersion > raft.ProtocolVersionMax {
		return fmt.Errorf("%w: raft protocol version %d", ErrMalformed, h.ProtocolVersion)
	}
	return nil
}

// filterLeader lets only the elected leader of a term speak for it. The term window does not apply to it: a majority has
// seen the term, so a node that was cut off for days is let back in.
func filterLeader(term uint64, peer string, f facts) error {
	if f.dropped {
		return fmt.Errorf("%w: %q in term %d", ErrDropped, peer, term)
	}
	if !f.certified {
		return fmt.Errorf("%w: %q in term %d", ErrUncertified, peer, term)
	}
	return nil
}

// filterTerm comes last where no certificate is due, so that only a request sound in all else counts as a peer's word on the term.
func filterTerm(term uint64, f facts) error {
	if term > f.termLimit {
		return fmt.Errorf("%w: %d, want at most %d", ErrTermWindow, term, f.termLimit)
	}
	return nil
}

// filterAppend judges an append: raft panics on unknown types and bad configurations, stores gaps as they come, and asks
// nobody whether the sender was elected. It may shorten the request; see commitGuard.
func filterAppend(r *raft.AppendEntriesRequest, peer string, f facts) error {
	if err := filterHeader(r.RPCHeader, r.Leader, peer); err != nil {
		return err
	}
	if r.Term == 0 {
		return fmt.Errorf("%w: append in term 0", ErrMalformed)
	}
	if r.PrevLogTerm > r.Term || (r.PrevLogEntry == 0) != (r.PrevLogTerm == 0) {
		return fmt.Errorf("%w: previous entry %d of term %d in term %d", ErrEntryTerm, r.PrevLogEntry, r.PrevLogTerm, r.Term)
	}
	if len(r.Entries) > f.maxEntries {
		return fmt.Errorf("%w: %d entries, want at most %d", ErrTooLarge, len(r.Entries), f.maxEntries)
	}
	index, term, room := r.PrevLogEntry, r.PrevLogTerm, f.maxEntryBytes
	for i, e := range r.Entries {
		if e == nil {
			return fmt.Errorf("%w: entry %d is absent", ErrMalformed, i)
		}
		if e.Index != index+1 || e.Index == 0 {
			return fmt.Errorf("%w: index %d after %d", ErrEntryGap, e.Index, index)
		}
		if e.Term == 0 || e.Term < term || e.Term > r.Term {
			return fmt.Errorf("%w: entry %d of term %d after %d in term %d", ErrEntryTerm, e.Index, e.Term, term, r.Term)
		}
		size := len(e.Data) + len(e.Extensions)
		if size > room {
			return fmt.Errorf("%w: entries of more than %d bytes", ErrTooLarge, f.maxEntryBytes)
		}
		if err := filterEntry(e, f); errors.Is(err, ErrTooEarly) {
			r.Entries = r.Entries[:i] // What comes before may be what it waits for.
			break
		} else if err != nil {
			return err
		}
		index, term, room = e.Index, e.Term, room-size
	}
	if err := filterLeader(r.Term, peer, f); err != nil {
		return err
	}
	if f.stale {
		return ErrStale // It would follow the end of a log that is gone, and raft panics when it applies what lies between.
	}
	if err := commitGuard(r, f); err != nil {
		return err
	}
	// Raft takes the end of its log for committed when it hears of more, and what is there behind the entries of the request may be another leader's.
	r.LeaderCommitIndex = min(r.LeaderCommitIndex, endOf(r))
	return nil
}

// filterEntry judges the kind and content of one entry. The content of a command is the ledger's to judge.
func filterEntry(e *raft.Log, f facts) error {
	if e.Index == 1 && e.Type != raft.LogConfiguration {
		return fmt.Errorf("%w: entry 1 is of type %d, and names no members", ErrEntryType, uint8(e.Type))
	}
	switch e.Type {
	case raft.LogCommand, raft.LogNoop, raft.LogBarrier:
		return nil
	case raft.LogConfiguration:
		if own, ok := f.stored(e.Index); ok && sameEntry(own, e) || !ok && e.Index <= min(f.commit, f.last) {
			return nil // It was judged when it came, or a snapshot covers it: the commit guard takes it off.
		}
		if err := filterConfiguration(e.Data, f); err != nil {
			return fmt.Errorf("entry %d: %w", e.Index, err)
		}
		return nil
	}
	return fmt.Errorf("%w: entry %d is of type %d", ErrEntryType, e.Index, uint8(e.Type))
}

// filterConfiguration allows only what decodes and is approved.
func filterConfiguration(data []byte, f facts) error {
	if len(data) > maxConfigurationBytes {
		return fmt.Errorf("%w: %d bytes, want at most %d", ErrConfiguration, len(data), maxConfigurationBytes)
	}
	configuration, err := decodeConfiguration(data)
	if err != nil {
		return err
	}
	if err := f.approve(configuration); err != nil {
		return fmt.Errorf("%w: %w", ErrConfiguration, err)
	}
	return nil
}

// allValidators approves of exactly the configuration in which every validator is a voter, under its name.
func allValidators(validators map[string]bool) func(raft.Configuration) error {
	return func(c raft.Configuration) error {
		seen := make(map[raft.ServerID]bool, len(c.Servers))
		for _, s := range c.Servers {
			if !validators[string(s.ID)] {
				return fmt.Errorf("%q is no validator", s.ID)
			}
			if string(s.Address) != string(s.ID) {
				return fmt.Errorf("address of %q is not its name", s.ID)
			}
			if seen[s.ID] {
				return fmt.Errorf("%q stands twice", s.ID)
			}
			seen[s.ID] = true
			if s.Suffrage != raft.Voter {
				return fmt.Errorf("%q is no voter", s.ID)
			}
		}
		if len(seen) != len(validators) {
			return fmt.Errorf("%d voters, want all %d validators", len(seen), len(validators))
		}
		return nil
	}
}

// decodeConfiguration turns the panic of raft's decoder into an error. The decoder touches nothing but its result, so
// nothing is left half done.
func decodeConfiguration(data []byte) (c raft.Configuration, err error) {
	defer func() {
		if r := recover(); r != nil {
			c, err = raft.Configuration{}, fmt.Errorf("%w: does not decode", ErrConfiguration)
		}
	}()
	return raft.DecodeConfiguration(data), nil
}

// filterHeartbeat judges a heartbeat. It reaches raft beside the main loop, so it may carry nothing that touches the log;
// the wire form sees to that.
func filterHeartbeat(r *raft.AppendEntriesRequest, peer string, f facts) error {
	if !isHeartbeat(r) {
		return fmt.Errorf("%w: heartbeat in term %d", ErrMalformed, r.Term)
	}
	if err := filterHeader(r.RPCHeader, r.Leader, peer); err != nil {
		return err
	}
	return filterLeader(r.Term, peer, f)
}

// filterCandidate refuses who must not lead.
func filterCandidate(term uint64, peer string, f facts) error {
	if f.dropped {
		return fmt.Errorf("%w: %q in term %d", ErrDropped, peer, term)
	}
	return nil
}

// filterVote judges a request for a vote. The flag of a leadership transfer, which makes raft vote against a leader that it
// knows, is cleared unless that leader has announced the transfer: what is left is an ordinary request, which an honest
// candidate whose leader is gone meanwhile may still win.
func filterVote(r *raft.RequestVoteRequest, peer string, f facts) error {
	if err := filterHeader(r.RPCHeader, r.Candidate, peer); err != nil {
		return err
	}
	if r.LastLogTerm > r.Term {
		return fmt.Errorf("%w: last entry of term %d in term %d", ErrEntryTerm, r.LastLogTerm, r.Term)
	}
	if err := filterCandidate(r.Term, peer, f); err != nil {
		return err
	}
	r.LeadershipTransfer = r.LeadershipTransfer && f.transfer
	return filterTerm(r.Term, f)
}

// filterPreVote judges a request for a pre-vote.
func filterPreVote(r *raft.RequestPreVoteRequest, peer string, f facts) error {
	if err := filterHeader(r.RPCHeader, nil, peer); err != nil {
		return err
	}
	if r.LastLogTerm > r.Term {
		return fmt.Errorf("%w: last entry of term %d in term %d", ErrEntryTerm, r.LastLogTerm, r.Term)
	}
	if err := filterCandidate(r.Term, peer, f); err != nil {
		return err
	}
	return filterTerm(r.Term, f)
}

// filterTimeoutNow lets only the certified leader of the current term start an election, and only with its signed word for
// this node, because raft itself asks neither who nor when. Nor does it ask whether this node has a vote: without one it would stand in vain, and
// its term make the leader give up.
func filterTimeoutNow(r *raft.TimeoutNowRequest, peer string, f facts) error {
	if err := filterHeader(r.RPCHeader, nil, peer); err != nil {
		return err
	}
	if f.leader == "" || f.leader != peer {
		return fmt.Errorf("%w: TimeoutNow from %q", ErrNotLeader, peer)
	}
	if !f.transfer {
		return fmt.Errorf("%w: TimeoutNow from %q", ErrTransfer, peer)
	}
	if f.voteless {
		return fmt.Errorf("%w: TimeoutNow from %q", ErrVoteless, peer)
	}
	return nil
}

// filterSnapshot judges the announcement of a snapshot. Whether its content is true is for the snapshot store.
func filterSnapshot(r *raft.InstallSnapshotRequest, peer string, f facts) error {
	if err := filterHeader(r.RPCHeader, r.Leader, peer); err != nil {
		return err
	}
	// Version 0 describes peers in a form whose decoder is not guarded, and nobody sends it.
	if r.SnapshotVersion != raft.SnapshotVersionMax {
		return fmt.Errorf("%w: snapshot version %d, want %d", ErrMalformed, r.SnapshotVersion, raft.SnapshotVersionMax)
	}
	if r.LastLogIndex == 0 || r.LastLogTerm == 0 || r.LastLogTerm > r.Term {
		return fmt.Errorf("%w: snapshot at entry %d of term %d in term %d", ErrEntryTerm, r.LastLogIndex, r.LastLogTerm, r.Term)
	}
	if r.ConfigurationIndex > r.LastLogIndex {
		return fmt.Errorf("%w: written at %d, after the snapshot's end at %d", ErrConfiguration, r.ConfigurationIndex, r.LastLogIndex)
	}
	if f.approveSnapshot != nil {
		f.approve = f.approveSnapshot
	}
	if err := filterConfiguration(r.Configuration, f); err != nil {
		return err
	}
	if len(r.Peers) > maxConfigurationBytes {
		return fmt.Errorf("%w: peers of %d bytes, want at most %d", ErrTooLarge, len(r.Peers), maxConfigurationBytes)
	}
	if r.Size < 0 || r.Size > f.maxSnapshotBytes {
		return fmt.Errorf("%w: snapshot of %d bytes, want at most %d", ErrTooLarge, r.Size, f.maxSnapshotBytes)
	}
	if err := filterLeader(r.Term, peer, f); err != nil {
		return err
	}
	if r.LastLogIndex > f.commit && r.LastLogIndex-f.commit > indexWindow {
		return fmt.Errorf("%w: snapshot ends at %d, committed is %d", ErrTooLarge, r.LastLogIndex, f.commit)
	}
	return nil
}

// filterAnswer holds an answer to the identity that the TLS connection proved.
func filterAnswer(h raft.RPCHeader, peer string) error {
	if string(h.ID) != peer || string(h.Addr) != peer {
		return fmt.Errorf("%w: answer's id and address must be %q", ErrIdentity, peer)
	}
	return nil
}
