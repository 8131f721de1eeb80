package finality

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// Reign is the time in which one validator set makes trees final: those above its boundary, the last tree of the set before. Each set begins
// an epoch, so that words of one reign are never taken for words of another. Which reign a validator is in follows from its own tree.
type Reign struct {
	// Validators is the set.
	Validators checkpoint.ValidatorSet
	// First is the epoch in which the set began; 0 for that of the genesis. Invariant: the first of a set (checkpoint.FirstEpoch).
	First uint64
	// Boundary is the last checkpoint of the set before, and BoundaryNote proves it; size zero for the set of the genesis.
	Boundary     checkpoint.Checkpoint
	BoundaryNote []byte
	// Outside says that this validator is not in the set. It then hears what becomes final, and says nothing.
	Outside bool
}

// begin goes on from what is known to be final: what was persisted, or the boundary of the reign.
func (m *Machine) begin(c Config) error {
	state, base := &m.signer.state, c.Boundary
	if state.Final.Size < base.Size {
		state.Final, state.Ratifications = checkpoint.Vote{Epoch: state.Final.Epoch, Size: base.Size, Root: base.Root}, nil
		if c.First > 0 {
			state.Final.Epoch = c.First - 1 // Or an earlier one: a boundary does not tell. It is compared by its size only.
		}
	}
	if claimed := claim(state.Sealed); base.Size > 0 && claimed.Size <= base.Size {
		m.sealed, state.Sealed = base, c.BoundaryNote
		return nil
	} else if len(state.Sealed) == 0 {
		return nil
	} else if _, _, known := m.rootAt(claimed.Size); c.State.Sealed != nil && claimed.Size > 0 && !known {
		// The tree is not there yet, so it is not known which set signed it. The note comes again from others.
		if _, _, err := checkpoint.Open(c.Network, c.Validators, state.Sealed); err != nil {
			state.Sealed = nil
			if base.Size > 0 {
				m.sealed, state.Sealed = base, c.BoundaryNote
			}
			return nil
		}
	}
	sealed, cosigs, err := checkpoint.Open(c.Network, c.Validators, state.Sealed)
	if err != nil {
		return fmt.Errorf("sealed checkpoint of the state: %w: %w", ErrWrongSigner, err)
	}
	if err := m.recall(sealed, cosigs); err != nil {
		return err
	}
	m.sealed = sealed
	return nil
}
