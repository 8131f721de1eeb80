package consensus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/ledger/store"
)

// diskPatience is how long one write to the raft log or the state may take. A leader whose disk hangs keeps its place,
// since its heartbeats go on; so it must end.
const diskPatience = 20 * time.Second

func (n *Node) watchDisk(ctx context.Context) {
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		select {
		case <-again.C:
			if hung := n.disk.stalled(time.Now()); hung > diskPatience {
				_ = n.Fatal(fmt.Errorf("a write has not returned for %s: the disk hangs", hung))
			}
		case <-ctx.Done():
			return
		}
	}
}

// Fatal ends the node: the state or a disk can no longer be trusted. It returns the error. A read that fails because the
// state was closed or replaced under it is no reason to end.
func (n *Node) Fatal(err error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if errors.Is(err, ErrReplaced) {
		return err
	}
	if errors.Is(err, store.ErrClosed) {
		if n.ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ErrStopped, err)
		}
		return fmt.Errorf("%w: %w", ErrReplaced, err)
	}
	if n.fatal == nil && n.ctx.Err() == nil {
		n.fatal = err
		n.log.Error("fatal", "error", err)
		close(n.dead)
	}
	return err
}

// Dead is closed when the node has met a fatal error; the process must end then.
func (n *Node) Dead() <-chan struct{} { return n.dead }

// Err is the fatal error, if any.
func (n *Node) Err() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.fatal
}

// failed says whether the node has met a fatal error.
func (n *Node) failed() bool { return n.Err() != nil }

// Close stops the node and closes its files. Whoever still waits is told ErrStopped. Calling it again changes nothing.
func (n *Node) Close() error {
	n.closing.Do(func() { n.closed = n.close() })
	return n.closed
}

func (n *Node) close() error {
	n.mu.Lock()
	n.cancel()
	n.mu.Unlock()
	if n.transport != nil {
		n.transport.Close()
	}
	if n.peers != nil {
		n.peers.Stop()
	}
	n.astray.running.Lock() // A resync that has begun ends first; no other begins.
	var errs []error
	if m := n.member(); m != nil {
		// Raft's shutdown forgets batches that are on their way to the state, and their futures with them. Cut off from
		// its peers, a leader steps down within its lease and answers all of them, so the packer comes first.
		select {
		case <-n.packer.done:
		case <-time.After(n.packerPatience):
		}
		errs = append(errs, m.end())
	}
	n.astray.running.Unlock()
	n.work.Wait()
	if n.raftLog != nil {
		errs = append(errs, n.raftLog.Close())
	}
	if n.store != nil {
		errs = append(errs, n.store.Close())
	}
	return errors.Join(errs...)
}

// spawn runs work that Close waits for; false when the node is stopping.
func (n *Node) spawn(f func()) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ctx.Err() != nil {
		return false
	}
	n.work.Go(f)
	return true
}
