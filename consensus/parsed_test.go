package consensus

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestParsedOnce: what has arrived is not parsed again when it is applied, whoever holds its bytes then; other bytes are, and nothing is held
// for longer.
func TestParsedOnce(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	leader := w.Set[0].Name
	seal := func(number uint64) []byte {
		raw, _ := tx.SealSigned(w.Network, tx.BatchHeader{Number: number, Leader: leader}, []*tx.Signed{seal(t, w, 1), seal(t, w, 2)}, w.Validators[leader])
		return raw
	}
	var p parsed
	first := seal(1)
	arrived, err := p.arrived(w.Network, first)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.arrived(w.Network, []byte("nonsense")); err == nil {
		t.Error("nonsense is a batch")
	}
	if applied, err := p.applied(w.Network, bytes.Clone(first)); err != nil || applied != arrived {
		t.Errorf("parsed again: %v", err)
	}
	if again, err := p.applied(w.Network, first); err != nil || again == arrived || again.Hash() != arrived.Hash() {
		t.Errorf("not parsed again: %v", err)
	}
	if other, err := p.applied(w.Network, seal(2)); err != nil || other.Header.Number != 2 {
		t.Errorf("another batch: %v", err)
	}
	for i, h := range arrived.EnvelopeHashes() {
		if h != tx.NewEnvelopeHash(w.Network, arrived.Envelopes[i]) {
			t.Errorf("hash %d is not the envelope's", i)
		}
	}
	for i := range uint64(3 * len(p.all)) { // Its places are bounded.
		if _, err := p.arrived(w.Network, seal(i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.applied(w.Network, first); err != nil {
		t.Error(err)
	}
}

// TestSealedIsParsed: who seals a batch has what others get by parsing it.
func TestSealedIsParsed(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	leader := w.Set[0].Name
	for _, all := range [][]*tx.Signed{nil, {seal(t, w, 1)}, {seal(t, w, 1), seal(t, w, 2)}} {
		raw, sealed := tx.SealSigned(w.Network, tx.BatchHeader{Epoch: 3, Number: 7, TimeUnixMs: 5, Term: 2, Leader: leader}, all, w.Validators[leader])
		parsed, err := tx.ParseBatch(w.Network, raw)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(parsed, sealed, cmp.AllowUnexported(tx.Batch{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%d transactions: sealed is not what is parsed (-parsed +sealed):\n%s", len(all), diff)
		}
	}
}
