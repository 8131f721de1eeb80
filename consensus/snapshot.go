package consensus

import (
	"context"
	"fmt"
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
}

// Persist waits for the state to be final and writes it to raft's snapshot folder.
func (s *fsmSnapshot) Persist(sink raft.SnapshotSink) error {
	ctx, cancel := context.WithTimeout(s.node.ctx, snapshotPatience)
	defer cancel()
	err := s.node.progress.until(ctx, func() (bool, error) { return s.node.FinalSize() >= s.size, nil })
	if err == nil {
		_, err = s.snapshot.WriteTo(sink)
	}
	if err != nil {
		// A crash here leaves a folder that raft removes at start.
		_ = sink.Cancel()
		return fmt.Errorf("persist snapshot of size %d: %w", s.size, err)
	}
	if err := sink.Close(); err != nil {
		return fmt.Errorf("close snapshot: %w", err)
	}
	return nil
}

// Release lets go of the read view.
func (s *fsmSnapshot) Release() { s.snapshot.Release() }
