package consensus

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/consensus/finality"
	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/store"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// fsm is the thin bridge between raft and the ledger. Raft calls Apply, Snapshot and Restore from one goroutine.
type fsm struct {
	node *Node
}

// applied is what Apply answers the packer.
type applied struct {
	outcomes []ledger.Outcome
	// void is why the batch left no trace.
	void error
}

// errFatal is the answer once the node is ending.
var errFatal = errors.New("the node is ending")

// errReplayed means that there is no snapshot while raft gives again what is applied: it would be announced at the place of what
// was given last, which is before its end, and no other validator takes such a one.
var errReplayed = errors.New("the state is ahead of what raft has given")

// errOpenedAgain means that there is no snapshot of the state now.
var errOpenedAgain = errors.New("the epoch was opened again at the boundary of a validator set")

// Apply applies a committed entry. Raft replays entries after a restart: one that the store has applied is skipped, since
// the applied index is written in the same store transaction as the effects.
func (f fsm) Apply(entry *raft.Log) any {
	n := f.node
	if n.failed() || n.suspended.Load() {
		return errFatal
	}
	n.given.Store(entry.Index)
	if index, _ := n.store.Applied(); entry.Index <= index {
		return nil
	}
	n.tellCommitted(entry)
	if err := n.point("apply: entry taken"); err != nil {
		return n.Fatal(err)
	}
	return f.apply(entry)
}

// tellCommitted has the followers apply an entry while its leader does. A leader of which raft has made a follower meanwhile names
// a term in which it has sent nothing, and the transport tells nobody.
func (n *Node) tellCommitted(entry *raft.Log) {
	if m := n.member(); m != nil && m.State() == raft.Leader {
		n.transport.Committed(m.CurrentTerm(), entry.Index)
	}
}

// apply applies an entry that follows what was applied.
func (f fsm) apply(entry *raft.Log) any {
	n := f.node
	own := n.ownBatch(entry.Data)
	batch, err := n.parse(entry.Data, own)
	if err != nil {
		err = fmt.Errorf("%v: %w", err, ledger.ErrVoid)
	} else if n.saw(batch.Header, checkpoint.SignedHeader{Header: batch.RawHeader(), Signature: batch.Signature}); batch.Header.Term != entry.Term {
		err = fmt.Errorf("term %d, ordered in term %d: %w", batch.Header.Term, entry.Term, ledger.ErrVoid)
	} else {
		err = n.turn(batch)
	}
	if errors.Is(err, errNoStart) {
		if n.strayed(err) {
			return errFatal // Not applied: raft gives it again after the resync.
		}
		err = fmt.Errorf("%v: %w", err, ledger.ErrVoid)
	}
	var fx *ledger.Effects
	if err == nil {
		fx, err = f.effects(batch, own)
	}
	if errors.Is(err, ledger.ErrVoid) {
		return f.void(entry, batch, err)
	}
	if err != nil {
		return n.Fatal(fmt.Errorf("apply raft index %d: %w", entry.Index, err))
	}
	if note := batch.Header.SetCheckpoint; len(note) > 0 {
		// The batch proves the boundary that it begins from. A crash here leaves that final, which it is.
		if err := n.setFinal(&sealedNote{note: note, Checkpoint: boundaryOf(n.network, fx.Before)}); err != nil {
			return n.Fatal(err)
		}
		if err := n.point("set: boundary final, not begun"); err != nil {
			return n.Fatal(err)
		}
	}
	// A crash before this returns leaves the state before the batch, and raft replays the entry; a crash after it leaves
	// the state after the batch, and the applied index makes the replay a no-op.
	if err := n.disk.run(func() error { return n.store.Commit(entry.Index, entry.Term, fx) }); err != nil {
		return n.Fatal(fmt.Errorf("commit raft index %d: %w", entry.Index, err))
	}
	if err := n.point("apply: batch stored, nobody told"); err != nil {
		return n.Fatal(err)
	}
	n.committed(fx)
	return &applied{outcomes: fx.Outcomes}
}

// void passes over what an honest leader never packs. The state stays as it was; the raft log keeps the evidence.
func (f fsm) void(entry *raft.Log, b *tx.Batch, reason error) any {
	n := f.node
	n.log.Warn("void batch", "raft_index", entry.Index, "reason", reason)
	n.astray.exhausted.over()
	if err := n.disk.run(func() error { return n.store.Advance(entry.Index, entry.Term) }); err != nil {
		return n.Fatal(fmt.Errorf("advance to raft index %d: %w", entry.Index, err))
	}
	n.gap(b)
	return &applied{void: reason}
}

// gap notes that a batch of this epoch does not go on where this node's log has led: the others' may have batches that this
// one has not.
func (n *Node) gap(b *tx.Batch) {
	head := n.store.Head()
	if b == nil || b.Header.Epoch < head.Epoch || b.Header.Number <= head.Batch ||
		b.Header.Number == head.Batch+1 && b.Header.PreviousHash == head.BatchHash {
		return
	}
	n.astray.gap.Store(true)
	n.lookAgain()
}

// effects applies the rules to a batch; ErrVoid for whatever an honest leader never packs.
func (f fsm) effects(batch *tx.Batch, own *builtBatch) (*ledger.Effects, error) {
	n := f.node
	built := own.wait()
	// All are judged together when the rules ask for the first: what is void by its header costs a liar's log no more than that.
	verdicts := sync.OnceValue(func() []ledger.Verdict { return n.checker.all(batch.Envelopes, batch.EnvelopeHashes()) }) // Most were checked when they came.
	next := 0
	verdict := func(envelope []byte) (*tx.Signed, error) { // The rules ask for each once, in order.
		verdicts := verdicts()
		if next == len(verdicts) || !bytes.Equal(batch.Envelopes[next], envelope) {
			return n.verified.verify(envelope) // No verdict is taken for another envelope, whatever is asked for.
		}
		v := verdicts[next]
		next++
		return v.Signed, v.Err
	}
	view := n.store.View()
	defer view.Close()
	return ledger.ApplyBuilt(view, n.store.Head(), n.network, verdict, batch, built)
}

// Snapshot captures a read view; nothing is copied here. Raft calls it the state after the last entry given to Apply, so
// once one was not applied there are no more snapshots: a restart would take the entry for done.
func (f fsm) Snapshot() (raft.FSMSnapshot, error) {
	if f.node.failed() || f.node.suspended.Load() {
		return nil, errFatal
	}
	if err := f.node.point("snapshot: not captured"); err != nil {
		return nil, err
	}
	if f.node.store.Head().Batch == 0 {
		return nil, fmt.Errorf("capture snapshot: %w", errNoBatch)
	}
	// Each batch takes an entry, and the first is none: before that, it is given again what it had at another place.
	if index, _ := f.node.store.Applied(); f.node.given.Load() < max(index, f.node.store.Head().Batch+1) {
		return nil, fmt.Errorf("capture snapshot: %w", errReplayed)
	}
	if again, err := f.node.openedAgain(f.node.store.Head()); err != nil || again {
		// Of that epoch no leaf tells, so a snapshot could not prove it. It ends when the set begins.
		return nil, fmt.Errorf("capture snapshot: %w", errors.Join(err, errOpenedAgain))
	}
	snapshot, err := f.node.store.Snapshot()
	if err != nil {
		return nil, fmt.Errorf("capture snapshot: %w", err)
	}
	// Only raft's FSM takes batches back, and this is its goroutine: the two looks are of one state.
	return &fsmSnapshot{node: f.node, snapshot: snapshot, size: f.node.store.Head().Size, turns: f.node.turns.Load()}, nil
}

// Restore replaces the whole state by a snapshot that was verified when it arrived: the new state is there beside the old
// one, and they are swapped by rename, so a crash leaves one or the other. At a start, after a crash between arrival and
// here, it is built again from the bytes.
func (f fsm) Restore(r io.ReadCloser) error {
	defer r.Close()
	if f.node.failed() {
		return errFatal
	}
	if err := f.node.point("restore: state not replaced"); err != nil {
		return f.node.Fatal(err)
	}
	f.node.cuts.Add(1)
	f.node.turns.begin()
	defer f.node.turned()
	arrived, err := f.node.snapshots.install()
	switch {
	case arrived && errors.Is(err, store.ErrMismatch):
		return fmt.Errorf("restore snapshot: %w", err) // Nothing has changed, and raft goes on with its log.
	case !arrived:
		err = f.node.store.Replace(r)
	}
	if err != nil {
		return f.node.Fatal(fmt.Errorf("restore snapshot: %w", err))
	}
	if err := f.node.point("restore: state replaced"); err != nil {
		return f.node.Fatal(err)
	}
	newest, err := f.node.snapshots.newest()
	if err != nil {
		return f.node.Fatal(err)
	}
	f.node.given.Store(newest)
	if err := f.node.tellBase(); err != nil {
		return f.node.Fatal(err)
	}
	f.node.astray.overrun.over()
	f.node.astray.misplaced.over()
	f.node.committedMembers.Store(nil) // Raft's members are those of the snapshot now.
	f.node.restored()
	if arrived {
		f.node.forgetTail()
	}
	return nil
}

// committed tells everybody who waits that a batch was applied.
func (n *Node) committed(fx *ledger.Effects) {
	var known []Status
	var ids []tx.ID
	for _, o := range fx.Outcomes {
		if o.Duplicate {
			continue
		}
		leaf := fx.Leaves[o.LeafIndex-fx.Before.Size]
		if leaf.Lookup != [32]byte(o.ID) {
			continue // Of this envelope only: the transaction is still open.
		}
		known, ids = append(known, Status{
			ID: o.ID, Stage: Accepted, Result: o.Result, LeafIndex: o.LeafIndex,
			LeafHash: checkpoint.LeafHash(leaf.Raw), TimeUnixMs: fx.After.TimeUnixMs,
		}), append(ids, o.ID)
	}
	n.outcomes.add(fx.Before.Size, known...)
	n.pending.recorded(0, known...)
	n.waiters.moved(ids...)
	n.astray.gap.Store(false)
	n.astray.overrun.over()
	n.astray.exhausted.over() // What raft has may be long on its way here.
	n.tellGoverned()
	n.seal()
	n.progress.moved()
}

// restored tells everybody that the state is another.
func (n *Node) restored() {
	n.outcomes.clear()
	n.pending.undone(n.store.Head().Size)
	final := n.FinalSize()
	for _, id := range n.pending.unrecorded() {
		if leaf, found, err := n.store.Lookup(id); err != nil {
			_ = n.Fatal(err)
			return
		} else if found {
			n.pending.recorded(final, Status{ID: id, LeafIndex: leaf})
		}
	}
	n.tellGoverned()
	n.seal()
	n.progress.moved()
}

// tellGoverned tells who the validators are, and finality where the tree stands.
func (n *Node) tellGoverned() {
	if err := n.govern(); err != nil {
		_ = n.Fatal(fmt.Errorf("look who the validators are: %w", err))
		return
	}
	n.tellApplied()
}

// boundaryOf is the checkpoint of a head.
func boundaryOf(network tx.NetworkID, h ledger.Head) checkpoint.Checkpoint {
	return checkpoint.Checkpoint{Network: network, Size: h.Size, Root: h.Root}
}

// StoreConfiguration hears of raft's members when that is committed.
func (f fsm) StoreConfiguration(index uint64, c raft.Configuration) {
	f.node.given.Store(index)
	f.node.committedMembers.Store(&c)
	f.node.progress.moved() // A set may wait for it.
	if err := f.node.point("members: committed"); err != nil {
		_ = f.node.Fatal(err)
	}
}

// tellApplied tells finality where the tree stands.
func (n *Node) tellApplied() {
	head := n.store.Head()
	n.finality.Applied(finality.Applied{Size: head.Size, Root: head.Root, Epoch: head.Epoch, Boundary: n.reignNow().coming != nil})
}

// openedAgain says whether the epoch of the head was opened without a batch, where a validator set waits to begin.
func (n *Node) openedAgain(head ledger.Head) (bool, error) {
	if n.reignNow().coming == nil {
		return false, nil
	}
	last, err := n.spotAt(head.Size - 1)
	return last.epoch < head.Epoch, err
}
