package consensus

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/store"
)

// Raft begins from its newest snapshot and the log that goes on after it: its base. A crash, or a liar's snapshot, may have parted
// the two, or put both beyond what this validator has attested.

// undoes says whether a final state would take back something of the own tree, so that liars could make a certificate of it when nobody has it any
// more. One of a later epoch may: what is final there outranks all that was certified before. A leader that has honest reasons to send such a
// snapshot makes a newer one when more is final (renew); and if nothing becomes final without this validator, it goes back as in any
// dispute, and keeps aside what it has attested.
func (n *Node) undoes(to ledger.Head) bool {
	head := n.store.Head()
	if to.Size == head.Size {
		return to.Epoch < head.Epoch // Where a validator set waits to begin: an epoch was opened since.
	}
	return to.Size < head.Size && to.Epoch <= head.Epoch
}

// settle says whether the state must be restored from a snapshot before raft starts: a crash came between a snapshot's
// arrival and its installation. One that would take back what has become final or was applied meanwhile is removed, unless raft needs it.
func (s *snapshotStore) settle(log *raftLog) (restore bool, err error) {
	list, err := s.List()
	if err != nil {
		return false, fmt.Errorf("list raft snapshots: %w", err)
	}
	applied, _ := s.state.Applied()
	for i, meta := range list {
		header, err := s.header(meta.ID)
		if err != nil {
			return false, err
		}
		spare, err := s.spare(log, list[i:])
		if err != nil {
			return false, err
		}
		back := header.Head.Size < s.state.Floor().Size || s.undoes(header.Head)
		switch ahead := header.AppliedIndex > applied || header.Head.Size > s.state.Head().Size; {
		case ahead && !back:
			return true, nil
		case !back || !spare:
			return false, nil
		}
		if err := s.remove(meta.ID); err != nil {
			return false, err
		}
	}
	return false, nil
}

// spare says of the first snapshot of a list that the log does not lead to it, or raft cannot stand on it, and that raft can begin without it: if it is not one
// whose end the log has lost, it came and was not installed.
func (s *snapshotStore) spare(log *raftLog, list []*raft.SnapshotMeta) (bool, error) {
	made, pending := firstMade(s.state)
	if leads, err := log.leadsTo(list[0]); err != nil || leads && !(pending && list[0].Index >= made) {
		return false, err
	}
	first, err := log.FirstIndex()
	return first == 1 || len(list) > 1 && first <= list[1].Index+1, err
}

// settleState has the state take entries again that raft's log lost or never had, since others may stand in their place: a crash may have cut a
// put-back of which the file was damaged. What comes twice is void.
func (n *Node) settleState() error {
	newest, err := n.snapshots.newest()
	if err != nil {
		return err
	}
	last, err := n.raftLog.LastIndex()
	if err != nil {
		return err
	}
	end := max(newest, last)
	if applied, _ := n.store.Applied(); applied <= end || end == 0 || n.store.Pending() > 0 {
		return nil
	}
	term, _, err := n.termAt(end)
	if err != nil {
		return err
	}
	if err := n.disk.run(func() error { return n.store.Rewind(end, term) }); err != nil {
		return err
	}
	n.transport.ResetCommitGuard() // What was applied beyond is not in the log.
	return nil
}

// settleLog cuts what a crash has left of the log that the newest snapshot took the place of: raft cuts it when it has
// installed one, and does not look again. A log that leads to the snapshot's end, or begins after it, stays.
func (s *snapshotStore) settleLog(log *raftLog) error {
	list, err := s.List()
	if err != nil {
		return fmt.Errorf("list raft snapshots: %w", err)
	}
	if len(list) == 0 {
		return nil
	}
	if leads, err := log.leadsTo(list[0]); err != nil || leads {
		return err
	}
	return log.clear()
}

// leadsTo says whether raft can go on from a snapshot with this log: the snapshot's end is in it, or it begins there, or it is empty.
func (l *raftLog) leadsTo(at *raft.SnapshotMeta) (bool, error) {
	first, err := l.FirstIndex()
	if err != nil {
		return false, err
	}
	last, err := l.LastIndex()
	if err != nil {
		return false, err
	}
	if last == 0 || first == at.Index+1 {
		return true, nil
	}
	if first > at.Index || last < at.Index {
		return false, nil
	}
	var entry raft.Log
	err = l.GetLog(at.Index, &entry)
	return err == nil && entry.Term == at.Term, err
}

// rebase writes a snapshot of a final state as if it ended at an entry, and removes all others.
func (s *snapshotStore) rebase(captured *store.Snapshot, at base, trans raft.Transport) error {
	return s.writeFinal(captured, at, trans, func() error { return nil }, func(id string) error {
		if err := s.removeAllBut(id); err != nil {
			return err
		}
		return syncDir(s.dir)
	})
}

// base is an entry that raft's log goes on after, and raft's members there, since MembersIndex.
type base struct {
	Index, Term  uint64
	Members      raft.Configuration
	MembersIndex uint64
}

// writeFinal writes a snapshot of what is final beside those that there are. Still is asked before each write, and ends it by an error; then does the rest
// when it has come to be one, before anybody else changes them.
func (s *snapshotStore) writeFinal(captured *store.Snapshot, end base, trans raft.Transport, still func() error, then func(id string) error) error {
	if err := wellFormed(end.Members); err != nil {
		return fmt.Errorf("%w: %w", errSnapshotConfiguration, err)
	}
	sink, err := s.create(raft.SnapshotVersionMax, end.Index, end.Term, end.Members, end.MembersIndex, trans)
	if err != nil {
		return fmt.Errorf("make raft snapshot: %w", err)
	}
	w := diskWriter{to: sink}
	if _, err = captured.WriteTo(askingWriter{&w, still}); w.err != nil {
		err = s.fatal(fmt.Errorf("write snapshot to disk: %w", w.err))
	}
	s.publishing.Lock()
	defer s.publishing.Unlock()
	if err == nil {
		err = still()
	}
	if err != nil {
		return errors.Join(err, sink.Cancel())
	}
	if err := sink.Close(); err != nil {
		return s.fatal(fmt.Errorf("close raft snapshot: %w", err))
	}
	return then(sink.ID())
}

// removeAllBut removes all snapshots but one.
func (s *snapshotStore) removeAllBut(id string) error {
	list, err := s.List()
	for _, meta := range list {
		if err == nil && meta.ID != id {
			err = s.remove(meta.ID)
		}
	}
	return err
}

// final captures what is final, if it can be proved to others.
func (n *Node) final() (*store.Snapshot, error) {
	captured, err := n.store.FinalSnapshot()
	if err != nil {
		return nil, err
	}
	head := captured.Head()
	last, err := n.spotAt(head.Size - 1)
	if err == nil && last.epoch < head.Epoch {
		err = errOpenedAgain // No leaf tells of that epoch.
	}
	if err == nil {
		err = captured.Proven()
	}
	if err != nil {
		captured.Release()
		return nil, err
	}
	return captured, nil
}

// leastTerm is the term of the least place. In it is the first entry alone, which names raft's members: the first leader is elected in the
// next.
const leastTerm = 1

// least is the least place in raft's log at which what is final can stand. The first entry is no batch, so no honest log has a batch
// before the entry after its number; and what comes of batches that are final is void. So the entries after that place, of whichever
// honest log, lead on from the final state: the transport takes its term for that of any leader (Local.Base). And who stands there is
// elected by nobody who has more, while two who stand there with the same have the same state.
//
// That holds for batches. Changes of raft's members between that place and the one where the members were read would come again, and
// be refused for ever. If there may be some, MembersIndex is the place itself: then no leader's log goes on there (leadsOn), and a snapshot has to come.
func (n *Node) least() (b base, err error) {
	keep, _, err := n.cutAt(false)
	if err != nil {
		return b, err
	}
	b = base{Index: n.store.Floor().Batch + 1, Term: leastTerm}
	if b.Members, b.MembersIndex, err = n.membersAt(keep); err != nil {
		return b, err
	}
	then, since, err := n.membersAt(b.Index)
	if err == nil && (len(then.Servers) == 0 || since != b.MembersIndex) {
		b.MembersIndex = b.Index
	}
	return b, err
}

// standsAtLeast says of raft's newest snapshot whether it is at the least place for what it holds, so that any leader's log goes on there. What a liar says of
// its own snapshot's place is not enough.
func (n *Node) standsAtLeast() (index uint64, ok bool, err error) {
	list, err := n.snapshots.List()
	if err != nil || len(list) == 0 || list[0].Term != leastTerm {
		return 0, false, err
	}
	header, err := n.snapshots.header(list[0].ID)
	if err != nil {
		return 0, false, err
	}
	b := base{Index: list[0].Index, Members: list[0].Configuration, MembersIndex: list[0].ConfigurationIndex}
	return b.Index, b.Index == header.Head.Batch+1 && n.leadsOn(b), nil
}

// tellBase tells the transport whether raft begins at the least place.
func (n *Node) tellBase() error {
	index, ok, err := n.standsAtLeast()
	if err != nil {
		return err
	}
	if !ok {
		index = 0
	}
	n.base.Store(index)
	return nil
}

// leadsOn says whether any leader's log goes on at a least place, by raft's members there and where they were written: none of it changes them between
// that place and the one at which they were read.
func (n *Node) leadsOn(b base) bool {
	changes := n.store.Succession().Changes
	if len(changes) == 0 {
		return true
	}
	voters, newest := votersOf(b.Members), names(changes[len(changes)-1].Set)
	slices.Sort(voters)
	return b.MembersIndex < b.Index && len(voters) == len(b.Members.Servers) && slices.Equal(voters, slices.Sorted(slices.Values(newest)))
}

// leadsTo says whether raft's log has the entry of a base, and whether it is to be found there without a new snapshot.
func (n *Node) leadsTo(b base) (inLog, leads bool, err error) {
	var entry raft.Log
	err = n.raftLog.GetLog(b.Index, &entry)
	if err != nil && !errors.Is(err, raft.ErrLogNotFound) {
		return false, false, err
	}
	inLog = err == nil && entry.Term == b.Term
	newest, err := n.snapshots.newest()
	return inLog, inLog && newest <= b.Index, err
}

// mayGoOnAfter says whether goOnAfter can be done.
func (n *Node) mayGoOnAfter(b base) (bool, error) {
	if _, leads, err := n.leadsTo(b); err != nil || leads {
		return leads, err
	}
	return n.mayBeginAt(b), nil
}

// goOnAfter has raft's log end at an entry. If it does not lead there, a snapshot of what is final takes its place: which entries made that is
// nobody's concern. A crash in between leaves snapshots and log of which one does not lead to the other; who comes here again ends it, and if
// nobody does, settle takes what undoes nothing.
func (n *Node) goOnAfter(b base) error {
	if err := n.disk.run(func() error { return n.store.Rewind(b.Index, b.Term) }); err != nil {
		return err
	}
	if err := n.point("resync: state at another place, log not"); err != nil {
		return err
	}
	inLog, leads, err := n.leadsTo(b)
	if err != nil {
		return err
	}
	if !leads {
		captured, err := n.final()
		if err != nil {
			return err
		}
		err = n.snapshots.rebase(captured, b, lasting{n.transport})
		captured.Release()
		if err == nil {
			err = n.point("resync: snapshot put back, log not cut")
		}
		if err != nil {
			return err
		}
	}
	if inLog {
		return n.cutBehind(b.Index)
	}
	return n.raftLog.clear()
}

// errNoEntry means that raft's log does not have an entry, or another in its place.
var errNoEntry = errors.New("the entry is not in raft's log")

// baseAt is an entry that the log has or that the newest snapshot ends with.
func (n *Node) baseAt(index uint64) (b base, err error) {
	term, ok, err := n.termAt(index)
	if err != nil {
		return b, err
	}
	if !ok {
		return b, fmt.Errorf("entry %d: %w", index, errNoEntry)
	}
	b = base{Index: index, Term: term}
	b.Members, b.MembersIndex, err = n.membersAt(index)
	return b, err
}

// membersAt are raft's members as of an entry, as far as log and snapshots tell; none if nothing reaches so far back.
func (n *Node) membersAt(index uint64) (members raft.Configuration, since uint64, err error) {
	last, err := n.raftLog.LastIndex()
	if err != nil {
		return members, 0, err
	}
	for at := min(index, last); at > 0; at-- {
		var entry raft.Log
		if err := n.raftLog.GetLog(at, &entry); errors.Is(err, raft.ErrLogNotFound) {
			break
		} else if err != nil {
			return members, 0, err
		}
		if entry.Type == raft.LogConfiguration {
			return raft.DecodeConfiguration(entry.Data), at, nil
		}
	}
	list, err := n.snapshots.List()
	if err != nil {
		return members, 0, fmt.Errorf("list raft snapshots: %w", err)
	}
	for _, meta := range list {
		if meta.Index <= index {
			return meta.Configuration, meta.ConfigurationIndex, nil
		}
	}
	return members, 0, nil
}

// termAt is the term of an entry that the log has, or that the newest snapshot ends with.
func (n *Node) termAt(index uint64) (term uint64, ok bool, err error) {
	var entry raft.Log
	if err := n.raftLog.GetLog(index, &entry); err == nil {
		return entry.Term, true, nil
	} else if !errors.Is(err, raft.ErrLogNotFound) {
		return 0, false, err
	}
	list, err := n.snapshots.List()
	if err != nil {
		return 0, false, fmt.Errorf("list raft snapshots: %w", err)
	}
	if len(list) == 0 || list[0].Index != index {
		return 0, false, nil
	}
	return list[0].Term, true, nil
}
