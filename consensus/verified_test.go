package consensus

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

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
		v.remember(hash(i), signed)
	}
	v.recentBytes = 0 // Bytes have a test of their own.
	if v.find(hash(0)) == nil || v.find(hash(generation-1)) == nil {
		t.Error("forgot within a generation")
	}
	for i := range generation {
		v.remember(hash(generation+i), signed)
		v.recentBytes = 0
	}
	if v.find(hash(0)) == nil {
		t.Error("forgot the generation before")
	}
	v.remember(hash(2*generation), signed)
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
		v.remember(h, signed)
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

// seal makes a transfer of some legs from the issuer.
func seal(t *testing.T, w *ledgertest.World, legs int) *tx.Signed {
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
	signed, err := tx.Seal(w.Network, body, w.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}
