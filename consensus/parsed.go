package consensus

import (
	"bytes"
	"sync"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// parsed remembers the entries that have arrived last: a batch is parsed then, and again when it is applied, and its envelopes need to be
// hashed only once.
type parsed struct {
	// mu guards the rest; held for a look-up.
	mu sync.Mutex
	// all are the last, in a ring; next is where the next one goes.
	all  [arrivalsAtOnce]parsedEntry
	next int
}

type parsedEntry struct {
	raw   []byte
	batch *tx.Batch
}

// arrived is tx.ParseBatch of what will be applied. Nobody may change the bytes, or the batch.
func (p *parsed) arrived(network tx.NetworkID, raw []byte) (*tx.Batch, error) {
	batch, err := tx.ParseBatch(network, raw)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all[p.next] = parsedEntry{raw, batch}
	p.next = (p.next + 1) % len(p.all)
	return batch, nil
}

// applied is tx.ParseBatch of what may have arrived. It is forgotten then.
func (p *parsed) applied(network tx.NetworkID, raw []byte) (*tx.Batch, error) {
	p.mu.Lock()
	for i, e := range p.all {
		if e.batch != nil && bytes.Equal(e.raw, raw) {
			p.all[i] = parsedEntry{}
			p.mu.Unlock()
			return e.batch, nil
		}
	}
	p.mu.Unlock()
	return tx.ParseBatch(network, raw)
}
