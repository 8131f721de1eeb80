package consensus

import (
	"bytes"
	"cmp"
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
	// mu guards the rest; held for a look-up, or for one pass over the list a second.
	mu sync.Mutex
	// byID holds each open transaction. Invariant: at most maxPending.
	byID map[tx.ID]*open
	// byAccount holds the same by account. Invariant: at most maxPendingOfAccount of one.
	byAccount map[tx.AccountID]map[tx.ID]*open
	// accepted holds those that have a leaf and wait for it to be final.
	accepted map[tx.ID]*open
	// sweptUnixMs is the final time of the last pass for what has expired.
	sweptUnixMs uint64
}

const (
	// maxPending bounds the memory; past it new ones are simply not listed.
	maxPending = 100_000
	// maxPendingOfAccount bounds an answer.
	maxPendingOfAccount = 256
	// sweepMs is how often, in ledger time, the list is looked through for what has expired.
	sweepMs = 1000
)

type open struct {
	Pending
	// envelope is the one that was listed: what is refused for a stranger's signature says nothing of it.
	envelope tx.EnvelopeHash
	accounts []tx.AccountID
	// leaf is where it was recorded, when accepted; the result may still be provisional.
	leaf uint64
}

func newPending() *pending {
	return &pending{
		byID: make(map[tx.ID]*open), byAccount: make(map[tx.AccountID]map[tx.ID]*open), accepted: make(map[tx.ID]*open),
	}
}

// add lists a transaction that was taken under the accounts; false when it is listed already, or there is no room.
func (p *pending) add(one Pending, envelope tx.EnvelopeHash, accounts []tx.AccountID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byID[one.ID] != nil || len(p.byID) >= maxPending {
		return false
	}
	o := &open{Pending: one, envelope: envelope}
	for _, a := range accounts {
		if len(p.byAccount[a]) < maxPendingOfAccount {
			o.accounts = append(o.accounts, a)
		}
	}
	if len(o.accounts) == 0 {
		return false
	}
	p.byID[o.ID] = o
	for _, a := range o.accounts {
		if p.byAccount[a] == nil {
			p.byAccount[a] = make(map[tx.ID]*open)
		}
		p.byAccount[a][o.ID] = o
	}
	return true
}

// recorded notes the leaves of transactions. What is final already is open no more.
func (p *pending) recorded(finalSize uint64, all ...Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range all {
		o := p.byID[s.ID]
		switch {
		case o == nil:
		case s.LeafIndex < finalSize:
			p.remove(o)
		default:
			o.leaf = s.LeafIndex
			p.accepted[s.ID] = o
		}
	}
}

// undone notes that the leaves from a size on are no more. Their transactions are open again.
func (p *pending) undone(size uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, o := range p.accepted {
		if o.leaf >= size {
			delete(p.accepted, id)
		}
	}
}

// drop takes a transaction off the list whose envelope will not be packed, unless it was.
func (p *pending) drop(id tx.ID, envelope tx.EnvelopeHash) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := p.byID[id]; o != nil && o.envelope == envelope && p.accepted[id] == nil {
		p.remove(o)
	}
}

// settle takes off what is final at the size, and now and then what had expired at the final time without a leaf.
func (p *pending) settle(finalSize, finalTimeUnixMs uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.accepted {
		if o.leaf < finalSize {
			p.remove(o)
		}
	}
	if finalTimeUnixMs < p.sweptUnixMs+sweepMs {
		return
	}
	p.sweptUnixMs = finalTimeUnixMs
	for id, o := range p.byID {
		if p.accepted[id] == nil && o.ExpiresAtUnixMs < finalTimeUnixMs {
			p.remove(o)
		}
	}
}

func (p *pending) remove(o *open) {
	delete(p.byID, o.ID)
	delete(p.accepted, o.ID)
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
		return cmp.Or(cmp.Compare(a.ExpiresAtUnixMs, b.ExpiresAtUnixMs), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return all
}

// unrecorded lists what has no leaf as far as the list knows.
func (p *pending) unrecorded() []tx.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []tx.ID
	for id := range p.byID {
		if p.accepted[id] == nil {
			all = append(all, id)
		}
	}
	return all
}

// has says whether a transaction is listed.
func (p *pending) has(id tx.ID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byID[id] != nil
}
