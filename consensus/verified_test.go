package consensus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestVerifiedGenerations: what was checked lately is not checked again, and what is remembered is bounded by count.
func TestVerifiedGenerations(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	v := newVerified(w.Network)
	signed := seal(t, w, 1)
	hash := func(i int) (h tx.EnvelopeHash) {
		binary.BigEndian.PutUint64(h[:], uint64(i)+1)
		return h
	}
	for i := range generation {
		v.keep(hash(i), signed)
	}
	v.recentBytes = 0 // Bytes have a test of their own.
	if v.find(hash(0)) == nil || v.find(hash(generation-1)) == nil {
		t.Error("forgot within a generation")
	}
	for i := range generation {
		v.keep(hash(generation+i), signed)
		v.recentBytes = 0
	}
	if v.find(hash(0)) == nil {
		t.Error("forgot the generation before")
	}
	v.keep(hash(2*generation), signed)
	if v.find(hash(0)) != nil || v.find(hash(generation)) == nil {
		t.Error("want the oldest generation forgotten, and no other")
	}
	if n := len(v.recent) + len(v.older); n > 2*generation {
		t.Errorf("%d envelopes remembered", n)
	}
}

// TestVerifiedBytes: the largest envelopes, which anybody can sign, fill no more memory than small ones.
func TestVerifiedBytes(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	v := newVerified(w.Network)
	signed := seal(t, w, 200)
	size := len(signed.Envelope())
	for i := range 4 * generationBytes / size {
		var h tx.EnvelopeHash
		binary.BigEndian.PutUint64(h[:], uint64(i))
		v.keep(h, signed)
		if held := (len(v.recent) + len(v.older)) * size; held > 2*(generationBytes+size) {
			t.Fatalf("%d bytes remembered", held)
		}
	}
}

// TestVerifiedRemembersNoBadVerdict: a bad envelope is an error each time, and costs no memory.
func TestVerifiedRemembersNoBadVerdict(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	v := newVerified(w.Network)
	bad := append([]byte(nil), seal(t, w, 1).Envelope()...)
	bad[len(bad)-1] ^= 1
	for range 2 {
		if _, err := v.verify(bad); !errors.Is(err, tx.ErrBadSignature) {
			t.Error(err)
		}
	}
	if n := len(v.recent) + len(v.older); n != 0 {
		t.Errorf("%d envelopes remembered", n)
	}
}

// TestVerifyAll: many at once get the verdicts that each gets alone from ledger.Verify, and only the good are remembered.
func TestVerifyAll(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	v := newVerified(w.Network)
	second, err := key.NewPrivate([32]byte{31: 9})
	if err != nil {
		t.Fatal(err)
	}
	flipped := func(s *tx.Signed, fromEnd int) []byte {
		raw := slices.Clone(s.Envelope())
		raw[len(raw)-fromEnd] ^= 1
		return raw
	}
	known, two := seal(t, w, 1), seal(t, w, 2, second)
	if _, err := v.verify(known.Envelope()); err != nil {
		t.Fatal(err)
	}
	last := bytes.LastIndex(two.Envelope(), two.Signatures[0].Signature[:]) + 64
	envelopes := [][]byte{
		known.Envelope(),
		flipped(seal(t, w, 3), 1),
		seal(t, w, 4).Envelope(),
		two.Envelope(),
		flipped(two, 1),
		flipped(two, len(two.Envelope())-last+1),
		two.Envelope(),
		nil,
		make([]byte, tx.MaxEnvelopeBytes+1),
		flipped(seal(t, w, 5), len(seal(t, w, 5).Envelope())),
		seal(t, w, 6).Envelope(),
	}
	reference := ledger.Verify(w.Network)
	verdicts := v.verifyAll(envelopes)
	good := make(map[tx.EnvelopeHash]bool)
	for i, envelope := range envelopes {
		signed, want := reference(envelope)
		got := verdicts[i]
		if (got.Err == nil) != (want == nil) || errors.Is(got.Err, tx.ErrBadSignature) != errors.Is(want, tx.ErrBadSignature) {
			t.Errorf("envelope %d: %v, want %v", i, got.Err, want)
		}
		if want == nil {
			good[signed.EnvelopeHash()] = true
			if got.Signed == nil || got.Signed.ID() != signed.ID() {
				t.Errorf("envelope %d: another transaction", i)
			}
		}
	}
	if len(good) != 4 || len(v.recent) != len(good) {
		t.Errorf("%d are remembered, and %d are good", len(v.recent), len(good))
	}
	if all := v.verifyAll(nil); len(all) != 0 {
		t.Errorf("verdicts on nothing: %v", all)
	}
}

// seal makes a transfer of some legs from the issuer.
func seal(t *testing.T, w *ledgertest.World, legs int, others ...key.Signer) *tx.Signed {
	t.Helper()
	var ops []tx.Operation
	for range legs {
		ops = append(ops, tx.Transfer{
			Debit: w.IssuerAccount, Credit: w.Juma.Account, Asset: ledgertest.KES, Amount: 1, Reference: strings.Repeat("x", 20),
		})
	}
	body, err := tx.Body{ExpiresAtUnixMs: ledgertest.GenesisTimeUnixMs, Operations: ops}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := tx.Seal(w.Network, body, append(others, w.Issuer)...)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}
