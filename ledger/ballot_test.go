package ledger_test

import (
	"errors"
	"testing"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestABallotForRulesStopsProgramsThatDoNotKnowThem: the batch that the ballot takes effect in is still under the rules before, and its header
// leaf names those after; this program does not go on.
func TestABallotForRulesStopsProgramsThatDoNotKnowThem(t *testing.T) {
	s := newScript(t)
	s.run(`Rules.

propose V1 rules 2 until +1d | name rules
vote V2 yes rules
vote V3 yes rules
----
`)
	s.chain.Tick(1)
	fx := s.chain.Batch(t)
	leaf, err := tx.ParseLeaf(fx.Leaves[len(fx.Leaves)-1].Raw)
	if err != nil || leaf.Header.RulesVersion != 2 {
		t.Fatalf("header leaf %+v: %v, want rules version 2", leaf.Header, err)
	}
	batch, err := tx.ParseBatch(s.world.Network, tx.SealBatch(s.world.Network, s.chain.Header(), nil, s.world.Validators[s.chain.Leader]))
	if err != nil {
		t.Fatal(err)
	}
	_, err = ledger.Apply(s.chain.Memory, s.chain.Memory.Head(), s.world.Network, s.chain.Verify, batch)
	if !errors.Is(err, ledger.ErrRulesVersion) {
		t.Errorf("apply under rules version 2: %v, want %v", err, ledger.ErrRulesVersion)
	}
}
