package consensus

import (
	"errors"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/store"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// An epoch is opened by a batch that carries a proof where it starts (checkpoint.EpochChange). Raft orders it like any
// other, so that all who follow one log take the same one, at the same place; and what it does is decided by the log alone,
// so that a node which is killed in the middle comes to the same state when raft gives it the entries again.
//
// A node takes back its batches above the start and applies the batch on it. In between, a crash leaves the start as the
// head and the raft entry that made it as the last one applied: raft gives all entries after it again, this one too.

var (
	// errNoStart means that an epoch starts at a tree that this node's log does not lead to: its log is not the others'.
	errNoStart = errors.New("the start of the epoch is not in the own tree")
	// errForked means that a quorum has voted for an epoch that starts below, or beside, what is final here. No q votes can,
	// unless more than f validators lie. The node must not choose between two final histories.
	errForked = errors.New("an epoch starts where it takes back what is final: more than f validators lie")
)

// spot is a batch of the own tree.
type spot struct {
	store.Head
	hash  tx.BatchHash
	epoch uint64
}

// startOf finds where a change starts in the own log: at the highest tree that the votes name, if that is of the epoch in
// force here. What was certified before that epoch, and is not in it, was given up when it was opened; so if the votes name
// nothing newer, the next epoch starts where this one did. A tree of an epoch that this log does not know is in another log.
func (n *Node) startOf(c checkpoint.EpochChange) (s spot, found bool, err error) {
	head, start := n.store.Head(), c.Start()
	if start.Size == 0 || start.Epoch < head.Epoch {
		s, err = n.epochStart(head)
		return s, err == nil, err
	}
	if start.Epoch > head.Epoch || start.Size > head.Size {
		return spot{}, false, nil
	}
	if s, err = n.spotAt(start.Size - 1); err != nil || s.Size != start.Size {
		return spot{}, false, err
	}
	root, err := n.store.Root(start.Size)
	return s, err == nil && root == start.Root, err
}

// spotAt is the batch that a leaf of the own tree is in.
func (n *Node) spotAt(leaf uint64) (s spot, err error) {
	if s.Head, err = n.store.HeaderAfter(leaf); err != nil {
		return spot{}, err
	}
	raw, err := n.store.Leaf(s.Size - 1)
	if err != nil {
		return spot{}, err
	}
	parsed, err := tx.ParseLeaf(raw)
	if err != nil || parsed.Header == nil {
		return spot{}, fmt.Errorf("leaf %d is no header: %v: %w", s.Size-1, err, ledger.ErrCorrupt)
	}
	s.hash, s.epoch = parsed.Header.BatchHash, parsed.Header.Epoch
	return s, nil
}

// epochStart is the batch at which the epoch of the head starts; that of epoch 0 is the genesis. Epochs rise along the tree.
func (n *Node) epochStart(head ledger.Head) (spot, error) {
	last, err := n.spotAt(head.Size - 1)
	if err != nil || last.epoch < head.Epoch {
		return last, err // Opened without a batch, where a set waits to begin.
	}
	below, above := uint64(0), head.Size-1 // Leaf below is of an epoch before, leaf above of this one.
	if head.Epoch == 0 {
		above = 1
	}
	for above-below > 1 {
		middle := below + (above-below)/2
		s, err := n.spotAt(middle)
		if err != nil {
			return spot{}, err
		}
		if s.epoch < head.Epoch {
			below = middle
		} else {
			above = middle
		}
	}
	return n.spotAt(above - 1)
}

// opens says whether a batch claims to open an epoch above the one in force.
func opens(b *tx.Batch, head ledger.Head) bool {
	return len(b.Header.EpochChange) > 0 && b.Header.Epoch > head.Epoch
}

// change reads the proof of a batch that opens an epoch, and checks it and all of the batch that does not depend on the
// start. ErrVoid for whatever an honest leader never packs.
func (n *Node) change(b *tx.Batch) (checkpoint.EpochChange, error) {
	reign := n.reignNow().reign // Whatever it takes back, it goes on in this reign.
	void := func(err error) (checkpoint.EpochChange, error) {
		return checkpoint.EpochChange{}, fmt.Errorf("opens epoch %d: %v: %w", b.Header.Epoch, err, ledger.ErrVoid)
	}
	leader, ok := reign.Validators.Find(b.Header.Leader)
	if !ok {
		return void(fmt.Errorf("leader %q is not in the validator set", b.Header.Leader))
	}
	if err := b.VerifyLeader(leader.PublicKey()); err != nil {
		return void(err)
	}
	c, err := checkpoint.ParseEpochChange(b.Header.EpochChange)
	if err != nil {
		return void(err)
	}
	switch {
	case c.Epoch != b.Header.Epoch:
		return void(fmt.Errorf("the change is to epoch %d", c.Epoch))
	case !checkpoint.OneSet(c.Epoch, reign.First):
		return void(fmt.Errorf("epochs of the set begin with %d", reign.First))
	case len(b.Envelopes) > 0:
		return void(errors.New("carries transactions"))
	}
	if err := c.Verify(n.network, reign.Validators); err != nil {
		return void(err)
	}
	return c, nil
}

// follows says whether a batch's header goes on after a batch.
func (s spot) follows(h tx.BatchHeader) error {
	if h.Number != s.Batch+1 || h.PreviousHash != s.hash || h.TimeUnixMs < s.TimeUnixMs {
		return fmt.Errorf("batch %d does not go on after batch %d, where epoch %d starts: %w", h.Number, s.Batch, h.Epoch, ledger.ErrVoid)
	}
	return nil
}

// turn takes the state back to where a batch opens an epoch. Any other batch changes nothing here: the rules judge it.
// Errors: ErrVoid, errNoStart, errForked; all others end the node.
func (n *Node) turn(b *tx.Batch) error {
	if !opens(b, n.store.Head()) {
		return nil
	}
	c, err := n.change(b)
	if err != nil {
		return err
	}
	at, found, err := n.startOf(c)
	if err != nil {
		return err
	}
	if floor := n.store.Floor(); found && at.Size < floor.Size || !found && c.Start().Size < floor.Size {
		return fmt.Errorf("epoch %d starts at size %d, final is %d: %w", c.Epoch, c.Start().Size, floor.Size, errForked)
	}
	if !found {
		return fmt.Errorf("epoch %d, size %d of epoch %d: %w", c.Epoch, c.Start().Size, c.Start().Epoch, errNoStart)
	}
	if err := at.follows(b.Header); err != nil {
		return err
	}
	if err := n.beginsAgain(b, at); err != nil {
		return err
	}
	n.doubt(n.store.Head().Epoch, at.Batch+1)
	undone := n.store.Head().Batch - at.Batch
	n.log.Warn("a new epoch", "epoch", c.Epoch, "from_batch", at.Batch, "taken_back", undone)
	if undone == 0 {
		return nil
	}
	return n.undo(at.Batch)
}

// turned ends one of the turns: whoever waits looks again.
func (n *Node) turned() {
	n.turns.ended.Add(1)
	n.progress.moved()
	n.waiters.everybody()
}

// beginsAgain holds a batch that opens an epoch to bring the checkpoint of the boundary if it goes on from there, and nowhere else: so
// that it is void before anything is taken back for it.
func (n *Node) beginsAgain(b *tx.Batch, at spot) error {
	m, note := n.reignNow(), b.Header.SetCheckpoint
	if m.spotsBoundary(at.Head) != (len(note) > 0) {
		return fmt.Errorf("opens epoch %d at size %d, and the validator set began at %d: set_checkpoint: %w", b.Header.Epoch, at.Size, m.reign.Boundary.Size, ledger.ErrVoid)
	}
	if len(note) == 0 {
		return nil
	}
	if c, _, err := checkpoint.Open(n.network, m.before, note); err != nil || c != m.reign.Boundary {
		return fmt.Errorf("set_checkpoint is not of the boundary: %v: %w", err, ledger.ErrVoid)
	}
	return nil
}

// undo takes back the batches above one, and everything that was told of them.
func (n *Node) undo(toBatch uint64) error {
	n.turns.begin() // What was read before may not be there any more.
	defer n.turned()
	if err := n.point("epoch: nothing undone"); err != nil {
		return err
	}
	if err := n.disk.run(func() error { return n.store.Rollback(toBatch) }); err != nil {
		return fmt.Errorf("take back to batch %d: %w", toBatch, err)
	}
	n.outcomes.clear()
	n.pending.undone(n.store.Head().Size)
	n.progress.moved()
	return n.point("epoch: undone, not opened")
}
