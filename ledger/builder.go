package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Builder fills a batch the way validators will apply it, so that an honest leader packs nothing that would be void or
// unauthorised: each transaction is judged after what is due at the batch's head and after those packed before it.
//
// What it did to find that out is what Apply would do. So a leader need not do it again: Effects gives what the whole batch does, for ApplyBuilt.
type Builder struct {
	batch *batch
	bytes int
	// entries is the static bound of what is packed.
	entries   int
	envelopes [][]byte
}

// Build starts a batch on the state of a view, at a time not before the head's.
func Build(view View, head Head, timeUnixMs uint64) (*Builder, error) {
	b, err := open(view, head, timeUnixMs, true, 0)
	if err != nil {
		return nil, err
	}
	return &Builder{batch: b}, nil
}

// Fits says whether a transaction has room in the batch.
func (b *Builder) Fits(signed *tx.Signed) bool {
	return b.bytes+len(signed.Envelope()) <= tx.MaxBatchBytes && b.entries+signed.Body.Entries() <= MaxBatchEntries
}

// Recorded says whether a transaction that has not expired was recorded before the batch, or is packed in it.
func (b *Builder) Recorded(signed *tx.Signed) (bool, error) {
	earlier, err := b.batch.seen(signed.Body.ExpiresAtUnixMs, signed.ID())
	return earlier != nil, err
}

// A record of a refusal is an envelope and a code, and fits a leaf: Add takes it back as a whole.
const _ = uint(tx.MaxLeafBytes - tx.MaxEnvelopeBytes - 1024)

// Add packs a transaction that fits and has not expired:
//
//   - tx.OK: it is packed, and what becomes of it will be recorded under its id;
//   - a code that does not decide: it is not packed, the answer is for this envelope and this moment only.
func (b *Builder) Add(signed *tx.Signed) (tx.Code, error) {
	if signed.Body.ExpiresAtUnixMs < b.batch.timeUnixMs {
		return 0, fmt.Errorf("expired: %w", ErrVoid)
	}
	before := b.batch.unauthorised
	if err := b.batch.transaction(signed); err != nil {
		return 0, err
	}
	if b.batch.unauthorised > before {
		// Nothing was kept but the leaf that would have stood under the envelope's hash.
		b.batch.unauthorised = before
		outcomes := b.batch.fx.Outcomes
		code := outcomes[len(outcomes)-1].Result.Code
		b.batch.fx.Outcomes = outcomes[:len(outcomes)-1]
		b.batch.fx.Leaves = b.batch.fx.Leaves[:len(b.batch.fx.Leaves)-1]
		b.batch.size--
		return code, nil
	}
	b.bytes += len(signed.Envelope())
	b.entries += signed.Body.Entries()
	b.envelopes = append(b.envelopes, signed.Envelope())
	return tx.OK, nil
}

// Envelopes are those packed, in order.
func (b *Builder) Envelopes() [][]byte { return b.envelopes }

// Due says whether the batch does something without any transaction. It may leave no leaf, and must be packed all the same: else the
// queue would ask for it for ever.
func (b *Builder) Due() bool { return b.batch.passed > 0 }

// Effects gives the effects of the batch that was sealed of what is packed, as Apply would on the state of the view, which must still be open. It ends the
// Builder. ErrOtherBatch when the batch is of other envelopes, or of another time.
func (b *Builder) Effects(network tx.NetworkID, sealed *tx.Batch) (*Effects, error) {
	batch := b.batch
	if !batch.trial || sealed.Header.TimeUnixMs != batch.timeUnixMs || !slices.EqualFunc(sealed.Envelopes, b.envelopes, bytes.Equal) {
		return nil, ErrOtherBatch
	}
	// What a trial leaves out. No transaction of the batch looked for an id that is forgotten here: it would have expired.
	batch.trial = false
	if err := batch.forget(batch.view); err != nil {
		return nil, err
	}
	batch.size = int64(batch.before)
	for _, l := range batch.fx.Leaves {
		if err := batch.append(l.Raw); err != nil {
			return nil, err
		}
	}
	return batch.end(network, positionOf(sealed))
}

// ErrOtherBatch means that a batch is not the one that a Builder has filled.
var ErrOtherBatch = errors.New("the batch is not what was packed")
