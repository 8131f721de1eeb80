package consensus

import (
	"bytes"
	"slices"
	"sync"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Pending is a transaction that this node took and has not seen resolved.
type Pending struct {
	ID              tx.ID
	ExpiresAtUnixMs uint64
}

// pending lists what this node took and has not seen final or expired, by account. It is advice for the next gateway a
// user dials ("a payment is still open"); a restart forgets it.
type pending struct {
	// mu guards the maps; held for a look-up only.
	mu sync.Mutex
	// byID holds each open transaction. Invariant: at most maxPending.
	byID map[tx.ID]*open
	// byAccount holds the same by the accounts named.
	byAccount map[tx.AccountID]map[tx.ID]*open
}

// maxPending bounds the memory; past it new ones are simply not listed.
const maxPending = 100_000

type open struct {
	Pending
	accounts []tx.AccountID
	// leaf is where it was recorded; the result may still be provisional.
	leaf     uint64
	accepted bool
}

func newPending() *pending {
	return &pending{byID: make(map[tx.ID]*open), byAccount: make(map[tx.AccountID]map[tx.ID]*open)}
}

// add lists a transaction that was taken.
func (p *pending) add(signed *tx.Signed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byID[signed.ID()] != nil || len(p.byID) >= maxPending {
		return
	}
	o := &open{
		Pending:  Pending{ID: signed.ID(), ExpiresAtUnixMs: signed.Body.ExpiresAtUnixMs},
		accounts: signed.Body.Accounts(),
	}
	p.byID[o.ID] = o
	for _, a := range o.accounts {
		if p.byAccount[a] == nil {
			p.byAccount[a] = make(map[tx.ID]*open)
		}
		p.byAccount[a][o.ID] = o
	}
}

// accepted notes the leaf of a transaction.
func (p *pending) accepted(id tx.ID, leaf uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := p.byID[id]; o != nil {
		o.accepted, o.leaf = true, leaf
	}
}

// refused takes a transaction off the list: this envelope will not be packed.
func (p *pending) refused(id tx.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := p.byID[id]; o != nil && !o.accepted {
		p.remove(o)
	}
}

// settle takes off what is final at the size, and what had expired at the final time without a leaf.
func (p *pending) settle(finalSize, finalTimeUnixMs uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.byID {
		if o.accepted && o.leaf < finalSize || !o.accepted && o.ExpiresAtUnixMs < finalTimeUnixMs {
			p.remove(o)
		}
	}
}

func (p *pending) remove(o *open) {
	delete(p.byID, o.ID)
	for _, a := range o.accounts {
		delete(p.byAccount[a], o.ID)
		if len(p.byAccount[a]) == 0 {
			delete(p.byAccount, a)
		}
	}
}

// list gives the open transactions of an account, soonest expiry first.
func (p *pending) list(account tx.AccountID) []Pending {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []Pending
	for _, o := range p.byAccount[account] {
		all = append(all, o.Pending)
	}
	slices.SortFunc(all, func(a, b Pending) int {
		if a.ExpiresAtUnixMs != b.ExpiresAtUnixMs {
			if a.ExpiresAtUnixMs < b.ExpiresAtUnixMs {
				return -1
			}
			return 1
		}
		return bytes.Compare(a.ID[:], b.ID[:])
	})
	return all
}

// has says whether a transaction is listed.
func (p *pending) has(id tx.ID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byID[id] != nil
}
