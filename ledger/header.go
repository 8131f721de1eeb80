package ledger

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// checkHeader says what makes a batch void before its envelopes are looked at, and whether it may only open an epoch (judges).
func checkHeader(view View, head Head, network tx.NetworkID, b *tx.Batch) (waits bool, err error) {
	h := b.Header
	set, waits, err := judges(view, head, network, h)
	if err != nil {
		return false, err
	}
	if err := checkEpoch(head, h); err != nil {
		return false, err
	}
	leader, inSet := set.Find(h.Leader)
	switch {
	case len(h.EpochChange) > 0 && len(b.Envelopes) > 0:
		// So that whether it is void is known before anything is taken back for it.
		return false, fmt.Errorf("opens epoch %d and carries transactions: %w", h.Epoch, ErrVoid)
	case h.Number != head.Batch+1:
		return false, fmt.Errorf("number %d, not %d: %w", h.Number, head.Batch+1, ErrVoid)
	case h.PreviousHash != head.BatchHash:
		return false, fmt.Errorf("hash of the batch before: %w", ErrVoid)
	case h.TimeUnixMs < head.TimeUnixMs:
		return false, fmt.Errorf("time goes back: %w", ErrVoid)
	case !inSet:
		return false, fmt.Errorf("leader %q is not in the validator set: %w", h.Leader, ErrVoid)
	}
	if err := b.VerifyLeader(leader.PublicKey()); err != nil {
		return false, fmt.Errorf("%v: %w", err, ErrVoid)
	}
	return waits, nil
}
