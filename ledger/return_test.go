package ledger_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// signedBy signs one operation.
func (s *script) signedBy(t *testing.T, signer string, op tx.Operation) *tx.Signed {
	t.Helper()
	s.nonce++
	raw, err := tx.Body{Nonce: s.world.Nonce(s.nonce), ExpiresAtUnixMs: s.chain.TimeUnixMs + 60_000, Operations: []tx.Operation{op}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := tx.Seal(s.world.Network, raw, s.key(signer))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// codes applies envelopes on a view without keeping anything.
func (s *script) codes(t *testing.T, view ledger.View, all ...*tx.Signed) (codes []tx.Code, fx *ledger.Effects) {
	t.Helper()
	var envelopes [][]byte
	for _, signed := range all {
		envelopes = append(envelopes, signed.Envelope())
	}
	fx, err := ledger.Reapply(view, s.chain.Memory.Head(), s.world.Network, s.chain.Verify, ledger.Position{Hash: tx.BatchHash{1}, TimeUnixMs: s.chain.TimeUnixMs}, envelopes)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range fx.Outcomes {
		codes = append(codes, o.Result.Code)
	}
	return codes, fx
}

// TestReturnNeedsALeafBefore: who knows what the first leaf of a batch will be cannot return it in the same batch. A leader who only tries
// a batch has no hashes of its leaves, and must say the same as a validator who has.
func TestReturnNeedsALeafBefore(t *testing.T) {
	s := newScript(t)
	pay := s.signedBy(t, "ISSUER", tx.Transfer{Debit: s.account("ISSUER"), Credit: s.account("RIVAL"), Asset: ledgertest.KES, Amount: 5})
	_, fx := s.codes(t, s.chain.Memory, pay)
	back := s.signedBy(t, "RIVAL", tx.Return{
		LeafIndex: fx.Outcomes[0].LeafIndex, Leaf: fx.Leaves[0].Raw, Debit: s.account("RIVAL"), Credit: s.account("ISSUER"), Asset: ledgertest.KES, Amount: 5,
	})
	want := []tx.Code{tx.OK, tx.TransferUnknown}
	if got, _ := s.codes(t, s.chain.Memory, pay, back); !slices.Equal(got, want) {
		t.Errorf("in one batch: %v, want %v", got, want)
	}
	builder, err := ledger.Build(s.chain.Memory, s.chain.Memory.Head(), s.chain.TimeUnixMs)
	if err != nil {
		t.Fatal(err)
	}
	for _, signed := range []*tx.Signed{pay, back} {
		if code, err := builder.Add(signed); code != tx.OK || err != nil {
			t.Errorf("pack: %v %v", code, err)
		}
	}
	s.chain.Batch(t, pay.Envelope())
	if got, _ := s.codes(t, s.chain.Memory, back); !slices.Equal(got, []tx.Code{tx.OK}) {
		t.Errorf("in the next batch: %v", got)
	}
}

// taken is a view in which an entry is there already.
type taken struct {
	ledger.View
	key, value []byte
}

func (v taken) Get(key []byte) ([]byte, error) {
	if bytes.Equal(key, v.key) {
		return v.value, nil
	}
	return v.View.Get(key)
}

// TestIDTaken: ids of holds and requests have 16 bytes, so two bodies with one id can be found by who spends 2^64 hashes on it. The
// second changes nothing: else what the first holds would be lost, or its expiry would find nothing and stop every validator.
func TestIDTaken(t *testing.T) {
	s := newScript(t)
	credit := s.account("RIVAL")
	hold := tx.PlaceHold{
		Debit: s.account("ISSUER"), Credit: &credit, Asset: ledgertest.KES, Amount: 5, OnExpiry: tx.ExpiryReturns, ExpiresAtUnixMs: s.chain.TimeUnixMs + 1,
	}
	request := tx.RequestPayment{
		Credit: s.account("ISSUER"), Debit: s.account("RIVAL"), Asset: ledgertest.KES, Amount: 5, ExpiresAtUnixMs: s.chain.TimeUnixMs + 1,
	}
	for _, c := range []struct {
		name string
		op   tx.Operation
		key  func(tx.ID) []byte
	}{
		{"hold", hold, func(id tx.ID) []byte { h := tx.NewHoldID(id, 0); return append([]byte{'h'}, h[:]...) }},
		{"request", request, func(id tx.ID) []byte { r := tx.NewRequestID(id, 0); return append([]byte{'R'}, r[:]...) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			first, second := s.signedBy(t, "ISSUER", c.op), s.signedBy(t, "ISSUER", c.op)
			s.chain.Batch(t, first.Envelope())
			value, err := s.chain.Memory.Get(c.key(first.ID()))
			if err != nil || value == nil {
				t.Fatalf("the first is not there: %v", err)
			}
			codes, fx := s.codes(t, taken{s.chain.Memory, c.key(second.ID()), value}, second)
			if codes[0] != tx.NothingToChange {
				t.Errorf("the second: %v", codes[0])
			}
			for _, change := range fx.Changes {
				if change.Key[0] != 'x' {
					t.Errorf("the second changes entry %q", change.Key)
				}
			}
		})
	}
}
