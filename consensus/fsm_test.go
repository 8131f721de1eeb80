package consensus

import (
	"testing"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestAnUnauthorisedLeafDecidesNothing: a leaf that is of an envelope only, whatever its code, is no outcome of the
// transaction, which another envelope may still bring.
func TestAnUnauthorisedLeafDecidesNothing(t *testing.T) {
	c := newStopped(t, Snapshots{})
	c.restart("v1")
	n := c.nodes["v1"]
	head := n.Head()
	for _, code := range []tx.Code{tx.Unauthorised, tx.ExpiryTooFar, tx.AccountUnknown, tx.DebitAccountUnknown} {
		id, envelope := tx.ID{byte(code)}, tx.EnvelopeHash{byte(code), 1}
		n.committed(&ledger.Effects{
			Before: head, After: head,
			Outcomes: []ledger.Outcome{{ID: id, Envelope: envelope, Result: tx.Result{Code: code}, LeafIndex: head.Size}},
			Leaves:   []ledger.Leaf{{Index: head.Size, Lookup: envelope}},
		})
		if s, err := n.lookup(id); err != nil || s.Stage != Unknown {
			t.Errorf("%s: stage %d, %v", code, s.Stage, err)
		}
	}
}
