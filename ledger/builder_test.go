package ledger_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// built compares what a leader has found while it filled a batch with what others find.
func (m *machine) built(t ledgertest.TB, b *ledger.Builder) {
	t.Helper()
	batch, err := tx.ParseBatch(m.world.Network, tx.SealBatch(m.world.Network, m.chain.Header(), b.Envelopes(), m.world.Validators[m.chain.Leader]))
	if err != nil {
		t.Fatal(err)
	}
	want, err := ledger.Apply(m.chain.Memory, m.chain.Memory.Head(), m.world.Network, m.chain.Verify, batch)
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Effects(m.world.Network, batch)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Outcomes) == 0 {
		got.Outcomes = nil // What was refused stood there for a moment.
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("a leader finds other effects than others (-leader +others):\n%s", cmp.Diff(got, want))
	}
}

// TestBuilderEndsWithItsOwnBatch: of another batch a Builder tells nothing, and of its own once.
func TestBuilderEndsWithItsOwnBatch(t *testing.T) {
	m := newMachine(t, newCast(t, aMinute))
	m.begin()
	signed := m.transaction(randomDice(3, 4))
	build := func() *ledger.Builder {
		b, err := ledger.Build(m.chain.Memory, m.chain.Memory.Head(), m.chain.TimeUnixMs)
		if err != nil {
			t.Fatal(err)
		}
		if code, err := b.Add(signed); err != nil || code != tx.OK {
			t.Fatal(code, err)
		}
		return b
	}
	sealed := func(h tx.BatchHeader, envelopes ...[]byte) *tx.Batch {
		batch, err := tx.ParseBatch(m.world.Network, tx.SealBatch(m.world.Network, h, envelopes, m.world.Validators[m.chain.Leader]))
		if err != nil {
			t.Fatal(err)
		}
		return batch
	}
	own, later := m.chain.Header(), m.chain.Header()
	later.TimeUnixMs++
	for what, batch := range map[string]*tx.Batch{
		"without the transaction": sealed(own), "with it twice": sealed(own, signed.Envelope(), signed.Envelope()), "at another time": sealed(later, signed.Envelope()),
	} {
		if _, err := build().Effects(m.world.Network, batch); !errors.Is(err, ledger.ErrOtherBatch) {
			t.Errorf("%s: %v", what, err)
		}
	}
	b, batch := build(), sealed(own, signed.Envelope())
	fx, err := b.Effects(m.world.Network, batch)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Effects(m.world.Network, batch); !errors.Is(err, ledger.ErrOtherBatch) {
		t.Errorf("asked again: %v", err)
	}
	// What was found of another batch, or on another head, is not taken.
	empty, head := sealed(own), m.chain.Memory.Head()
	for what, batch := range map[string]*tx.Batch{"its own": batch, "another": empty} {
		got, err := ledger.ApplyBuilt(m.chain.Memory, head, m.world.Network, m.chain.Verify, batch, fx)
		if err != nil {
			t.Fatal(err)
		}
		if taken := got == fx; taken != (batch.Hash() == fx.After.BatchHash) {
			t.Errorf("%s: the builder's effects are taken: %t", what, taken)
		}
	}
	before := *fx
	before.Before.Root[0] ^= 1
	if got, err := ledger.ApplyBuilt(m.chain.Memory, head, m.world.Network, m.chain.Verify, batch, &before); err != nil || got == &before {
		t.Errorf("effects on another head are taken: %v", err)
	}
}
