package store

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/key/batch"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// recordedBatch is a batch as the history has it.
type recordedBatch struct {
	at        ledger.Position
	envelopes [][]byte
	verdicts  []ledger.Verdict
	// err is why there is no such batch, nor any after it.
	err error
}

// verdict is a ledger.Verifier for Reapply, which asks once for each envelope, in order.
func (b *recordedBatch) verdict([]byte) (*tx.Signed, error) {
	if len(b.verdicts) == 0 {
		return nil, errors.New("asked for more envelopes than the batch has")
	}
	v := b.verdicts[0]
	b.verdicts = b.verdicts[1:]
	return v.Signed, v.Err
}

// recordedPart is a run of batches whose signatures are verified together.
type recordedPart struct{ batches []*recordedBatch }

// partEnvelopes and partBatches are how many a part has at least, if there are so many: most batches have few envelopes, and
// signatures are the cheaper the more of them are verified at once.
const partEnvelopes, partBatches = 512, 4096

// recorded reads the batches from one leaf to another, and verifies their signatures some parts ahead of who takes them, on
// all cores. Parts come in order, each when it is verified. Stop must be called, and waits until nothing is under way.
func (s *Store) recorded(network tx.NetworkID, from, to uint64) (parts <-chan chan recordedPart, stop func()) {
	out := make(chan chan recordedPart, runtime.GOMAXPROCS(0)) // The bound of what is ahead.
	ended := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		defer close(out)
		signatures := batch.NewVerifier()
		for from < to {
			var part recordedPart
			part, from = s.recordedPart(from, to)
			verified := make(chan recordedPart, 1)
			select {
			case out <- verified:
			case <-ended:
				return
			}
			all.Go(func() {
				part.verify(network, signatures)
				verified <- part
			})
		}
	})
	return out, func() {
		close(ended)
		all.Wait()
	}
}

// recordedPart reads one part, and says where the next begins: at the end after an error.
func (s *Store) recordedPart(from, to uint64) (part recordedPart, next uint64) {
	envelopes := 0
	for from < to && envelopes < partEnvelopes && len(part.batches) < partBatches {
		var b *recordedBatch
		b, from = s.recordedBatch(from, to)
		part.batches = append(part.batches, b)
		envelopes += len(b.envelopes)
	}
	return part, from
}

func (s *Store) recordedBatch(from, to uint64) (b *recordedBatch, next uint64) {
	b = new(recordedBatch)
	for ; from < to; from++ {
		raw, err := s.Leaf(from)
		if err != nil {
			b.err = err
			return b, to
		}
		leaf, err := tx.ParseLeaf(raw)
		if err != nil {
			b.err = fmt.Errorf("leaf %d: %v: %w", from, err, ErrCorrupt)
			return b, to
		}
		switch {
		case leaf.Record != nil:
			b.envelopes = append(b.envelopes, leaf.Record.Envelope)
		case leaf.Header != nil:
			b.at = ledger.Position{Hash: leaf.Header.BatchHash, Epoch: leaf.Header.Epoch, TimeUnixMs: leaf.Header.TimeUnixMs}
			return b, from + 1
		} // Ledger time has its effects again by itself.
	}
	b.err = fmt.Errorf("the last leaf is no header: %w", ErrCorrupt)
	return b, to
}

// verify finds the verdicts on all envelopes of a part.
func (p recordedPart) verify(network tx.NetworkID, signatures *batch.Verifier) {
	var envelopes [][]byte
	for _, b := range p.batches {
		envelopes = append(envelopes, b.envelopes...)
	}
	verdicts := ledger.VerifyAll(network, signatures, envelopes)
	for _, b := range p.batches {
		b.verdicts, verdicts = verdicts[:len(b.envelopes)], verdicts[len(b.envelopes):]
	}
}
