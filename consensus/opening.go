package consensus

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// epochReady takes what opens the next epoch. It never blocks.
func (p *packer) epochReady(c checkpoint.EpochChange) {
	p.opening.Store(&c)
	select {
	case p.look <- struct{}{}:
	default:
	}
}

// open packs the batch that opens an epoch, alone, and then what it has taken back.
func (p *packer) open(c checkpoint.EpochChange) error {
	n := p.node
	if head := n.store.Head(); c.Epoch <= head.Epoch {
		return nil // Opened by who led before.
	}
	turns, quiet := n.turns.look()
	at, found, err := n.startOf(c)
	if !quiet || turns != n.turns.Load() {
		return fmt.Errorf("look for the start of epoch %d: %w", c.Epoch, ErrReplaced) // By who leads now.
	}
	if err != nil {
		return n.Fatal(err)
	}
	if !found {
		n.strayed(fmt.Errorf("epoch %d, size %d: %w", c.Epoch, c.Start().Size, errNoStart))
		return errNoStart
	}
	header, err := p.openingHeader(c, at)
	if err != nil {
		return err
	}
	entry := tx.SealBatch(n.network, header, nil, n.key)
	if err := p.sign(c.Epoch, at.Batch+1); err != nil {
		return err
	}
	m := n.member()
	future := m.Apply(entry, raftPatience)
	if err := m.await(context.Background(), future); err != nil {
		p.epochReady(c) // It may be ordered or not; if it is, nothing is left to do.
		return fmt.Errorf("order the opening of epoch %d: %w", c.Epoch, err)
	}
	if a, ok := future.Response().(*applied); !ok {
		return errFatal
	} else if a.void != nil {
		return fmt.Errorf("own opening of epoch %d: %w", c.Epoch, a.void)
	}
	return p.recall()
}

// openingHeader is that of the batch that opens an epoch. One that goes on from where the set began begins the set again.
func (p *packer) openingHeader(c checkpoint.EpochChange, at spot) (tx.BatchHeader, error) {
	n := p.node
	h := tx.BatchHeader{
		Epoch: c.Epoch, Number: at.Batch + 1, PreviousHash: at.hash, TimeUnixMs: max(n.nowUnixMs(), at.TimeUnixMs), Leader: n.name,
		EpochChange: c.Encode(), Term: p.term.Load(),
	}
	m := n.reignNow()
	if m.spotsBoundary(at.Head) {
		h.SetCheckpoint = m.reign.BoundaryNote
	}
	if _, in := m.reign.Validators.Find(n.name); !in {
		return h, n.handOver(m.reign.Validators)
	}
	return h, nil
}

// maxRecalled bounds the transactions that are packed again at once; what is above it is up to who submitted it.
const maxRecalled = 64 * batchLength

// recall puts before all else what the log holds above the final batch and the state does not: transactions that an
// epoch took back, in their order, and those of batches that were void. The log has them wherever they were accepted, after
// a restart too. Whatever has expired or is recorded is left out when its turn comes.
func (p *packer) recall() error {
	n := p.node
	last, _ := n.store.Applied()
	recalled := p.carried
	p.carried = nil
	defer func() { p.carried = append(p.carried, recalled...) }() // After an error too: they are to be answered.
	for i := n.store.FloorMade() + 1; i <= last && len(p.carried) < maxRecalled; i++ {
		var entry raft.Log
		if err := n.raftLog.GetLog(i, &entry); errors.Is(err, raft.ErrLogNotFound) {
			continue
		} else if err != nil {
			return err
		}
		if entry.Type != raft.LogCommand {
			continue
		}
		if err := p.recallEntry(entry.Data); err != nil {
			return err
		}
	}
	if again := len(p.carried); again > 0 {
		n.log.Info("packing again what was taken back", "transactions", again)
	}
	return nil
}

// recallAtOnce is how many transactions of an entry are judged together.
const recallAtOnce = 128

// recallEntry takes what is not recorded of one entry, up to the first that does not verify: no honest leader packs one, and who looks at all of a liar's
// would be long in coming to lead.
func (p *packer) recallEntry(data []byte) error {
	n := p.node
	batch, err := tx.ParseBatch(n.network, data)
	if err != nil {
		return nil // Void, and nothing to be read in it.
	}
	envelopes, hashes := batch.Envelopes, batch.EnvelopeHashes()
	for from := 0; from < len(envelopes); from += recallAtOnce {
		to := min(from+recallAtOnce, len(envelopes))
		for _, v := range n.checker.all(envelopes[from:to], hashes[from:to]) {
			if v.Err != nil {
				return nil
			}
			status, err := n.lookup(v.Signed.ID())
			if err != nil {
				return err
			}
			if status.Stage < Accepted {
				// Nobody waits for this answer: who submitted it waits for the transaction.
				p.carried = append(p.carried, &submission{signed: v.Signed, answer: make(chan answer, 1)})
			}
		}
	}
	return nil
}
