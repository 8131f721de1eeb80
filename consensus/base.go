package consensus

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/store"
)

// Raft begins from its newest snapshot and the log that goes on after it: its base. A crash, or a liar's snapshot, may have parted
// the two, or put both beyond what this validator has attested.

// undoes says whether a state would take back the newest tree that this validator has attested and that its own tree holds, so that
// liars could make a certificate of it when nobody has it any more. One of a later epoch would not: what is final there outranks all that
// was attested before. A leader that has honest reasons to send such a snapshot waits: it makes a newer one when more is final; and if
// nothing becomes final without this validator, it goes back as in any dispute, and keeps aside what it forgets.
func (n *Node) undoes(to ledger.Head) bool {
	s := n.finality.Status()
	if s.Attested <= to.Size || to.Epoch > s.AttestedIn || s.Attested > n.store.Head().Size {
		return false
	}
	root, err := n.store.Root(s.Attested)
	return err != nil || root == s.AttestedRoot
}

// settle says whether the state must be restored from a snapshot before raft starts: a crash came between a snapshot's
// arrival and its installation. One that would take back what has become final or was attested meanwhile is removed.
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
		if header.AppliedIndex <= applied && !(spare && s.undoes(header.Head)) {
			return false, nil
		}
		if header.Head.Size >= s.state.Floor().Size && !s.undoes(header.Head) {
			return true, nil
		}
		if err := s.remove(meta.ID); err != nil {
			return false, err
		}
	}
	return false, nil
}

// spare says of the first snapshot of a list that the log does not lead to it, and that raft can begin without it: if it is not one whose end
// the log has lost, it came and was not installed.
func (s *snapshotStore) spare(log *raftLog, list []*raft.SnapshotMeta) (bool, error) {
	if leads, err := log.leadsTo(list[0]); err != nil || leads {
		return false, err
	}
	first, err := log.FirstIndex()
	return first <= 1 || len(list) > 1 && first <= list[1].Index+1, err
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

// rebase writes a snapshot of a final state as if it ended where a log kept aside begins, and removes all others.
func (s *snapshotStore) rebase(state *store.Store, a aside, trans raft.Transport) error {
	// Raft's own folder of snapshots would remove this one at once, if two are newer.
	files, err := raft.NewFileSnapshotStoreWithLogger(filepath.Dir(s.dir), math.MaxInt, s.logger)
	if err != nil {
		return fmt.Errorf("open raft snapshots: %w", err)
	}
	captured, err := state.Snapshot()
	if err != nil {
		return err
	}
	defer captured.Release()
	sink, err := files.Create(raft.SnapshotVersionMax, a.Before, a.BeforeTerm, a.Members, a.MembersIndex, trans)
	if err != nil {
		return fmt.Errorf("make raft snapshot: %w", err)
	}
	if _, err := captured.WriteTo(sink); err != nil {
		return errors.Join(err, sink.Cancel())
	}
	if err := sink.Close(); err != nil {
		return fmt.Errorf("close raft snapshot: %w", err)
	}
	if err := s.removeAllBut(sink.ID()); err != nil {
		return err
	}
	return syncDir(s.dir)
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

// goOnAfter has raft's log end where a log kept aside begins. If it does not lead there (a snapshot was taken meanwhile, or another log below),
// a snapshot of what is final takes its place: which entries made that is nobody's concern. A crash in between leaves snapshots and log of which one
// does not lead to the other; who comes here again ends it, and if nobody does, settle takes what undoes nothing.
func (n *Node) goOnAfter(a aside) error {
	var entry raft.Log
	err := n.raftLog.GetLog(a.Before, &entry)
	if err != nil && !errors.Is(err, raft.ErrLogNotFound) {
		return err
	}
	inLog := err == nil && entry.Term == a.BeforeTerm
	newest, err := n.snapshots.newest()
	if err != nil {
		return err
	}
	if newest > a.Before || !inLog {
		if err := n.snapshots.rebase(n.store, a, lasting{n.transport}); err != nil {
			return err
		}
		if err := n.point("resync: snapshot put back, log not cut"); err != nil {
			return err
		}
	}
	if inLog {
		return n.cutBehind(a.Before)
	}
	return n.raftLog.clear()
}

// membersAt are raft's members as of an entry that the log has or that the newest snapshot ends with.
func (n *Node) membersAt(index uint64) (members raft.Configuration, since uint64, err error) {
	for at := index; at > 0; at-- {
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
