package ledger

import (
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// act is one leaf in the making: what a transaction, or ledger time, does to the state.
type act struct {
	*batch
	leaf uint64
	// touched are the balances changed, in order of first touch; at finds them when they are many.
	touched []touch
	at      map[holding]int
}

// holding names a balance.
type holding struct {
	account tx.AccountID
	asset   tx.Asset
}

// touch is a balance changed by an act.
type touch struct {
	holding
	previous uint64
	balance  Balance
}

// draft is one transaction being applied.
type draft struct {
	act
	signed *tx.Signed
	// founding are the accounts that this transaction opens.
	founding map[tx.AccountID]*founding
	// used is what this transaction has debited under each grant.
	used []usage
	// operation is the position of the operation being applied.
	operation uint32
	// legs are the refused legs of bulk transfers so far.
	legs []tx.LegResult
	// charged is the entry of the credits that the transaction costs; no key when it costs none.
	charged Entry
	// paying is the memory of the account that the operation debits.
	paying payer
}

// founding is an account being opened by its own keys or, when it has none, by the providers among the signers (sponsored).
type founding struct {
	authority tx.Authority
	sponsored bool
}

// begin gives the draft of a transaction, in the memory of the one before.
func (b *batch) begin(signed *tx.Signed) *draft {
	last := &b.draft
	*last = draft{
		act: act{batch: b, leaf: uint64(b.size), touched: last.touched[:0]}, signed: signed, used: last.used[:0],
		paying: payer{grants: last.paying.grants[:0]},
	}
	return last
}
