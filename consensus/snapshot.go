package consensus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger/store"
)

// snapshotPatience is how long Persist waits for its state to be final. It must end, since raft's Shutdown waits for it.
const snapshotPatience = 30 * time.Second

// fsmSnapshot is the state at a moment, on its way to disk. Only a final state is written: what is in a snapshot cannot be
// undone any more.
type fsmSnapshot struct {
	node     *Node
	snapshot *store.Snapshot
	size     uint64
	// turns is how often batches had been taken back when it was captured.
	turns uint64
}

// errTakenBack means that the state of a snapshot may be one that was taken back since.
var errTakenBack = errors.New("batches were taken back")

// Persist waits for the state to be final and writes it to raft's snapshot folder.
func (s *fsmSnapshot) Persist(sink raft.SnapshotSink) error {
	own, raftCuts := sink.(*snapshotSink)
	if raftCuts {
		own.local = true
	}
	ctx, cancel := context.WithTimeout(s.node.ctx, snapshotPatience)
	defer cancel()
	err := s.node.progress.until(ctx, func() (bool, error) {
		final := s.node.FinalSize() >= s.size
		if s.node.turns.Load() != s.turns { // Looked at after the size, which may be of another tree.
			return false, errTakenBack
		}
		return final, nil
	})
	w, size := diskWriter{to: sink}, int64(0)
	if err == nil {
		err = s.node.point("snapshot: not written")
	}
	if err == nil {
		size, err = s.snapshot.WriteTo(&w)
	}
	if w.err != nil {
		err = s.node.Fatal(fmt.Errorf("write snapshot to disk: %w", w.err))
	}
	if err == nil && s.node.failed() {
		err = errFatal
	}
	if err != nil {
		// A crash here leaves a folder that the next start removes.
		_ = sink.Cancel()
		return fmt.Errorf("persist snapshot of size %d: %w", s.size, err)
	}
	if err := s.node.point("snapshot: written, not closed"); err != nil {
		return s.node.Fatal(err)
	}
	if err := sink.Close(); err != nil {
		return s.node.Fatal(fmt.Errorf("close snapshot: %w", err))
	}
	if err := s.node.snapshots.reap(); err != nil {
		return s.node.Fatal(err)
	}
	if err := s.node.point("snapshot: closed"); err != nil || !raftCuts {
		return err
	}
	return s.node.trail(own.index, size)
}

// renewPause is how often the same peer's refusal of a snapshot may be the reason for a newer one. A liar that refuses all of them costs
// its leader that much while payments go on; and who is slow, and meets a newer one after each interruption, must begin it anew.
const renewPause = time.Minute

// watchRefused makes a snapshot when a peer has not taken the newest one and there is more to put into it. A peer rightly refuses one
// that ends before what it knows: its disk lost the end of raft's log and not the state, so that more is final there; or it has
// heard of a promotion. Raft sends its newest snapshot again and again, and makes the next one when much has been
// paid, which may be never.
func (n *Node) watchRefused() {
	next := make(map[string]time.Time)
	for {
		select {
		case <-n.ctx.Done():
			return
		case peer := <-n.refused:
			if now := time.Now(); now.After(next[peer]) {
				next[peer] = now.Add(renewPause)
				n.renew(peer)
			}
		}
	}
}

// errNotNewer means that the newest snapshot holds all that is final.
var errNotNewer = errors.New("the newest snapshot holds all that is final")

// renew makes a snapshot of what is final, unless the newest one is of that. Raft's own would be of all that is committed: it would have to wait
// until that is final too, and the peer that needs it may be the one without which nothing becomes final.
func (n *Node) renew(peer string) {
	cuts := n.cuts.Load()
	still := func() error {
		if n.cuts.Load() != cuts {
			return errTakenBack // A resync cuts the log that goes on after it.
		}
		return n.ctx.Err()
	}
	captured, err := n.final()
	if err == nil {
		defer captured.Release()
		var at base
		if at, err = n.finalBase(captured); err == nil {
			err = n.point("snapshot: not renewed")
		}
		if err == nil {
			err = n.snapshots.writeFinal(captured, at, lasting{n.transport}, still, func(string) error { return n.snapshots.reapOld() })
		}
	}
	switch {
	case errors.Is(err, errNotNewer):
	case err != nil:
		n.log.Warn("made no newer snapshot", "refused_by", peer, "reason", err)
	default:
		n.log.Info("made a newer snapshot", "refused_by", peer)
	}
}

// finalBase is where raft's log goes on after the final state that was captured.
func (n *Node) finalBase(captured *store.Snapshot) (b base, err error) {
	index, term, err := n.placeOf(captured)
	if err != nil {
		return b, err
	}
	list, err := n.snapshots.List()
	if err != nil {
		return b, fmt.Errorf("list raft snapshots: %w", err)
	}
	if len(list) > 0 && list[0].Index >= index {
		// A state that was made ready to be given entries again may have more at the same place.
		header, err := n.snapshots.header(list[0].ID)
		if err != nil || list[0].Index > index || header.Head.Size >= captured.Head().Size {
			return b, errors.Join(err, errNotNewer)
		}
	}
	b, err = n.baseAt(index)
	if err == nil && b.Term != term {
		err = fmt.Errorf("entry %d of term %d: %w", index, term, errNoEntry)
	}
	return b, err
}

// placeOf is an entry of raft's log after which the state is the one that was captured, and the entry's term. It is the one that made it, unless the state was there
// before this log: then all that the log has of it was void, and any entry will do that is before what is not final, and after as many as the state has batches.
func (n *Node) placeOf(captured *store.Snapshot) (index, term uint64, err error) {
	least := captured.Head().Batch + 1
	if index, term = captured.Made(); index >= least {
		return index, term, nil
	}
	index = captured.Until()
	term, ok, err := n.termAt(index)
	if err == nil && (!ok || index < least) {
		err = fmt.Errorf("entry %d after %d batches: %w", index, least-1, errNoEntry)
	}
	if err == nil {
		captured.SetMade(index, term)
	}
	return index, term, err
}

// askingWriter asks before each write whether to go on.
type askingWriter struct {
	to    io.Writer
	still func() error
}

func (w askingWriter) Write(p []byte) (int, error) {
	if err := w.still(); err != nil {
		return 0, err
	}
	return w.to.Write(p)
}

// diskWriter remembers an error of the disk, to tell it from one of the source.
type diskWriter struct {
	to  io.Writer
	err error
}

func (w *diskWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if err != nil {
		w.err = err
	}
	return n, err
}

// Release lets go of the read view.
func (s *fsmSnapshot) Release() { s.snapshot.Release() }
