package sim

import (
	"context"
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// What reads do meanwhile.
const (
	readEvery   = 700 * time.Millisecond
	readTimeout = 3 * time.Second
)

// keepReading reads all balances at once, of any validator and freshness. Money only moves, so their sum is always the same; and a read of
// what is accepted sees every payment that was final when it began (I1, I8).
func (c *cluster) keepReading(ctx context.Context, w *workload) {
	var total amount.Amount
	for ctx.Err() == nil {
		honest := c.honest()
		m := honest[c.intN(len(honest))]
		kind := []consensus.Freshness{consensus.ReadFinal, consensus.ReadAccepted, consensus.ReadLocal}[c.intN(3)]
		if n := m.running(); n != nil {
			sum, err := c.sum(ctx, n, kind, w.finalSize())
			switch {
			case err != nil || m.running() != n: // It went down, or there is no leader.
			case total == 0:
				total = sum
			case sum != total:
				c.violate("I8", "%s: all balances sum to %d, and to %d before", m.name, sum, total)
			}
		}
		select {
		case <-time.After(readEvery):
		case <-ctx.Done():
		}
	}
}

// sum is what all accounts of the network have together.
func (c *cluster) sum(ctx context.Context, n *consensus.Node, kind consensus.Freshness, atLeast uint64) (amount.Amount, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	told := func() bool { return len(c.liars) == 0 || n.ProvedSize() >= atLeast }
	before := told()
	reading, err := n.Read(ctx, kind)
	if err != nil {
		return 0, err
	}
	defer reading.Close()
	// What is accepted is the leader's word. One that lies may tell an old one, and who was fed a lie too; but whoever has heard that more is
	// final believes neither.
	if kind == consensus.ReadAccepted && reading.Size < atLeast && before && told() {
		c.violate("I8", "%s: a read of what is accepted ends at size %d, final were %d; leader %q", n.Name(), reading.Size, atLeast, n.Leader())
	}
	var sum amount.Amount
	for _, id := range []tx.AccountID{c.world.IssuerAccount, c.world.ProviderAccount, c.world.Juma.Account, c.world.Amina.Account} {
		b, err := reading.State().Balance(id, ledgertest.KES)
		if err != nil {
			return 0, err
		}
		more, fits := sum.Add(b.Posted)
		if !fits {
			return 0, fmt.Errorf("balances pass what an amount holds")
		}
		sum = more
	}
	return sum, nil
}

// finalSize is the least size of a tree that holds every payment that is final by now.
func (w *workload) finalSize() (size uint64) {
	for _, p := range w.all() {
		w.mu.Lock()
		if p.final != nil {
			size = max(size, p.final.LeafIndex+1)
		}
		w.mu.Unlock()
	}
	return size
}

// orders checks that the history is in the order of time where people could tell: a payment that was final before another was begun stands
// before it (I8). The history itself is the proof that there is such an order. And what an honest validator promised to include is there
// by the size that it named (I16).
func (w *workload) orders() {
	for _, p := range w.all() {
		if p.final == nil {
			continue
		}
		if p.final.LeafIndex < p.after {
			w.cluster.violate("I8", "payment %s stands at leaf %d, and before it was begun %d leaves were final", p.id, p.final.LeafIndex, p.after)
		}
		for _, r := range p.promised {
			if err := w.cluster.keeps(r, p.id); err != nil {
				w.cluster.violate("I16", "promise of %s: %v", r.Validator, err)
			}
			if p.final.LeafIndex >= r.IncludeBySize {
				w.cluster.violate("I16", "%s promised payment %s by size %d, it stands at leaf %d", r.Validator, p.id, r.IncludeBySize, p.final.LeafIndex)
			}
		}
	}
}
