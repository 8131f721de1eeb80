package ledger

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// One validator set follows another at a boundary: the end of the batch that changed it, whose header leaf names the new set. What the
// old set says counts up to and including the boundary, what the new one says above it. Until the boundary is final the change may be
// taken back, so the first batch of the new set carries its checkpoint with a quorum of the old set; it begins the first epoch of
// that set (checkpoint.FirstEpoch), so that no word of one set is taken for one of the other. Should the old set have to open an epoch at
// the boundary before that, it does so without a batch: the head is of the new epoch, and nothing else changes. So there is never
// anything above the boundary that the old set could make final, whoever lies.

// Position is what the head takes from a batch's header.
type Position struct {
	Hash              tx.BatchHash
	Epoch, TimeUnixMs uint64
}

func positionOf(b *tx.Batch) Position {
	return Position{Hash: b.Hash(), Epoch: b.Header.Epoch, TimeUnixMs: b.Header.TimeUnixMs}
}

// SetBefore is the set that still judges the head, while the one that ValidatorSet gives has been decided and has not begun; nil when
// the set in force judges it.
func (s State) SetBefore() (checkpoint.ValidatorSet, error) {
	raw, err := s.get(keySetBefore)
	if err != nil || raw == nil {
		return nil, err
	}
	set, err := checkpoint.ParseValidatorSet(raw)
	if err != nil {
		return nil, fmt.Errorf("entry of the validator set before: %v: %w", err, ErrCorrupt)
	}
	return set, nil
}

// PeerAddress is where a validator of the set listens for others, as the ballot said; empty when none did.
func (s State) PeerAddress(validator string) (string, error) {
	raw, err := s.get(keyGovernor(validator))
	if err != nil || len(raw) <= 16 {
		return "", err
	}
	return string(raw[16:]), nil
}

// judges gives the set by which a batch is judged, and whether a set that was decided waits on, so that the batch may only open an epoch.
// ErrVoid when the batch begins a set without the proof that it may, or brings one where none begins.
func judges(view View, head Head, network tx.NetworkID, h tx.BatchHeader) (set checkpoint.ValidatorSet, waits bool, err error) {
	s := Read(view)
	if set, err = s.ValidatorSet(); err != nil {
		return nil, false, err
	}
	before, err := s.SetBefore()
	switch {
	case err != nil:
		return nil, false, err
	case before == nil && len(h.SetCheckpoint) > 0:
		return nil, false, fmt.Errorf("brings a checkpoint where no validator set begins: %w", ErrVoid)
	case before == nil:
		return set, false, nil
	case len(h.SetCheckpoint) > 0:
		c, _, err := checkpoint.Open(network, before, h.SetCheckpoint)
		if err != nil {
			return nil, false, fmt.Errorf("set_checkpoint: %v: %w", err, ErrVoid)
		}
		if c.Size != head.Size || c.Root != head.Root {
			return nil, false, fmt.Errorf("set_checkpoint is of size %d, not of the head at %d: %w", c.Size, head.Size, ErrVoid)
		}
		return set, false, nil
	case len(h.EpochChange) > 0:
		return before, true, nil
	}
	return nil, false, fmt.Errorf("begins a validator set without the checkpoint of the set before: %w", ErrVoid)
}

// checkEpoch holds a batch to the epoch in force, or to one that it may begin. Whether what opens an epoch is true is for who takes batches back.
func checkEpoch(head Head, h tx.BatchHeader) error {
	opens, begins := len(h.EpochChange) > 0, len(h.SetCheckpoint) > 0
	first := checkpoint.FirstEpoch(head.Epoch)
	switch {
	case begins && !opens && h.Epoch != first:
		return fmt.Errorf("a set begins epoch %d, not %d: %w", h.Epoch, first, ErrVoid)
	case begins && opens && (h.Epoch <= first || !checkpoint.OneSet(h.Epoch, first)):
		return fmt.Errorf("opens epoch %d of a set that begins in epoch %d: %w", h.Epoch, first, ErrVoid)
	case !begins && opens && (h.Epoch <= head.Epoch || !checkpoint.OneSet(h.Epoch, head.Epoch)):
		return fmt.Errorf("opens epoch %d in epoch %d: %w", h.Epoch, head.Epoch, ErrVoid)
	case !begins && !opens && h.Epoch != head.Epoch:
		return fmt.Errorf("epoch %d, not %d: %w", h.Epoch, head.Epoch, ErrVoid)
	}
	return nil
}

// beginSet lets the set that was decided hold from this batch on.
func (b *batch) beginSet() error {
	before, err := b.overlay.get(keySetBefore)
	if err == nil && before != nil {
		b.put(keySetBefore, nil)
		b.keep()
	}
	return err
}
