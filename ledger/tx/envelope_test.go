package tx_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

func TestSealAndParse(t *testing.T) {
	body := encode(t, payment())
	a, b, stranger := testKey("a"), testKey("b"), testKey("stranger")
	signed, err := tx.Seal(testNetwork, body, a, b)
	if err != nil {
		t.Fatal(err)
	}
	again, err := tx.Parse(testNetwork, signed.Envelope())
	if err != nil {
		t.Fatal(err)
	}
	if err := again.VerifySignatures(); err != nil {
		t.Error(err)
	}
	if again.ID() != tx.NewID(testNetwork, body) || !bytes.Equal(again.RawBody(), body) {
		t.Error("the body that was signed is not the body that was read")
	}
	if again.EnvelopeHash() != tx.NewEnvelopeHash(testNetwork, signed.Envelope()) {
		t.Error("the envelope's hash is not of its bytes")
	}
	if !again.SignedBy(a.Public()) || !again.SignedBy(b.Public()) || again.SignedBy(stranger.Public()) {
		t.Error("SignedBy does not tell signers from strangers")
	}
	other := testNetwork
	other[0] ^= 1
	if elsewhere, err := tx.Parse(other, signed.Envelope()); err != nil {
		t.Error(err)
	} else if err := elsewhere.VerifySignatures(); !errors.Is(err, tx.ErrBadSignature) {
		t.Errorf("the payment replayed on another network: %v, want ErrBadSignature", err)
	}
}

// TestSealOrder: whatever the order in which people sign, the envelope is the same, and its signers ascend.
func TestSealOrder(t *testing.T) {
	body := encode(t, payment())
	signers := []key.Signer{testKey("a"), testKey("b"), testKey("c")}
	first, err := tx.Seal(testNetwork, body, signers...)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(signers)
	second, err := tx.Seal(testNetwork, body, signers...)
	if err != nil || !bytes.Equal(first.Envelope(), second.Envelope()) {
		t.Errorf("two orders of signing made two envelopes: %v", err)
	}
	if !slices.IsSortedFunc(first.Signatures, func(x, y tx.Signature) int { return bytes.Compare(x.Signer[:], y.Signer[:]) }) {
		t.Error("signers do not ascend")
	}
	shuffled := []tx.Signature{first.Signatures[2], first.Signatures[0], first.Signatures[1]}
	packed, err := tx.Pack(testNetwork, body, shuffled)
	if err != nil || !bytes.Equal(packed.Envelope(), first.Envelope()) {
		t.Errorf("Pack of signatures made elsewhere: %v", err)
	}
	if shuffled[0].Signer != first.Signatures[2].Signer {
		t.Error("Pack changed its caller's list")
	}
}

func TestSealRefusals(t *testing.T) {
	body := encode(t, payment())
	a := testKey("a")
	var seventeen []key.Signer
	for i := range 17 {
		seventeen = append(seventeen, testKey(strings.Repeat("k", i+1)))
	}
	if _, err := tx.Seal(testNetwork, body, seventeen[:16]...); err != nil {
		t.Errorf("sixteen signers: %v", err)
	}
	for name, got := range map[string]error{
		"nobody signs":           second(tx.Seal(testNetwork, body)),
		"seventeen signers":      second(tx.Seal(testNetwork, body, seventeen...)),
		"one signer twice":       second(tx.Seal(testNetwork, body, a, a)),
		"no body":                second(tx.Seal(testNetwork, nil, a)),
		"a body that is refused": second(tx.Seal(testNetwork, cat(wireNonce, wireExpiry), a)),
	} {
		if !errors.Is(got, tx.ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, got)
		}
	}
	if _, err := tx.Seal(testNetwork, body[:20], a); !errors.Is(err, tx.ErrNotCanonical) {
		t.Errorf("a body cut short: %v, want ErrNotCanonical", err)
	}
}

func second(_ *tx.Signed, err error) error { return err }

// TestParseRefusals changes a good envelope by one thing a row.
func TestParseRefusals(t *testing.T) {
	body := encode(t, payment())
	sig := func(signer byte, n, m int) []byte { return ld(2, cat(ld(1, fill(signer, n)), ld(2, fill(9, m)))) }
	for _, row := range []struct {
		name string
		raw  []byte
		want error
		says string
	}{
		{"empty", nil, tx.ErrMalformed, "0 signatures"},
		{"body alone", ld(1, body), tx.ErrMalformed, "0 signatures"},
		{"signatures alone", sig(1, 32, 64), tx.ErrMalformed, "nonce"},
		{"signer of 31 bytes", cat(ld(1, body), sig(1, 31, 64)), tx.ErrMalformed, "signature 0 signer must be 32"},
		{"signer of 33 bytes", cat(ld(1, body), sig(1, 33, 64)), tx.ErrMalformed, "signature 0 signer must be 32"},
		{"signature of 63 bytes", cat(ld(1, body), sig(1, 32, 63)), tx.ErrMalformed, "signature 0 must be 64"},
		{"signature with a sighash byte", cat(ld(1, body), sig(1, 32, 65)), tx.ErrMalformed, "signature 0 must be 64"},
		{"signers descend", cat(ld(1, body), sig(2, 32, 64), sig(1, 32, 64)), tx.ErrMalformed, "out of order or twice"},
		{"signer twice", cat(ld(1, body), sig(1, 32, 64), sig(1, 32, 64)), tx.ErrMalformed, "out of order or twice"},
		{"seventeen signers", cat(ld(1, body), bytes.Repeat(sig(1, 32, 64), 17)), tx.ErrMalformed, "17 signatures"},
		{"body is not canonical", cat(ld(1, cat(body, vi(2, 1))), sig(1, 32, 64)), tx.ErrNotCanonical, "out of order"},
		{"envelope is not canonical", cat(sig(1, 32, 64), ld(1, body)), tx.ErrNotCanonical, "out of order"},
		{"trailing byte", cat(ld(1, body), sig(1, 32, 64), []byte{0}), tx.ErrNotCanonical, "unknown field 0"},
		{"above 16 KiB", make([]byte, tx.MaxEnvelopeBytes+1), tx.ErrTooLarge, "16384"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := tx.Parse(testNetwork, row.raw)
			if !errors.Is(err, row.want) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want %v with %q", err, row.want, row.says)
			}
		})
	}
}

// TestVerifySignatures: one bad signature spoils the envelope, and never the id.
func TestVerifySignatures(t *testing.T) {
	body := encode(t, payment())
	good, err := tx.Seal(testNetwork, body, testKey("a"), testKey("b"))
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(s []tx.Signature){
		"garbage":                   func(s []tx.Signature) { s[1].Signature = key.Signature(fill(1, 64)) },
		"another's signature":       func(s []tx.Signature) { s[1].Signature = s[0].Signature },
		"signer is no point":        func(s []tx.Signature) { s[1].Signer = key.Public(fill(0xff, 32)) },
		"signed for other purposes": func(s []tx.Signature) { s[0].Signature, _ = testKey("a").Sign([32]byte{1}) },
	} {
		signatures := slices.Clone(good.Signatures)
		spoil(signatures)
		bad, err := tx.Pack(testNetwork, body, signatures)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := bad.VerifySignatures(); !errors.Is(err, tx.ErrBadSignature) {
			t.Errorf("%s: %v, want ErrBadSignature", name, err)
		}
		if bad.ID() != good.ID() || bad.EnvelopeHash() == good.EnvelopeHash() {
			t.Errorf("%s: the id must not depend on signatures, and the envelope's hash must", name)
		}
	}
}

// FuzzParse: whatever Parse accepts means one thing and is written in one way.
func FuzzParse(f *testing.F) {
	for _, b := range []tx.Body{payment(), everyOperation()} {
		signed, err := tx.Seal(testNetwork, encode(f, b), testKey("a"), testKey("b"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(signed.Envelope())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		sameBody(t, raw)
		sameEnvelope(t, raw)
		signed, err := tx.Parse(testNetwork, raw)
		if err != nil {
			if !errors.Is(err, tx.ErrNotCanonical) && !errors.Is(err, tx.ErrMalformed) && !errors.Is(err, tx.ErrTooLarge) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		again, err := signed.Body.Encode()
		if err != nil || !bytes.Equal(again, signed.RawBody()) {
			t.Fatalf("body\n%x\nencodes again as\n%x, %v", signed.RawBody(), again, err)
		}
		packed, err := tx.Pack(testNetwork, again, signed.Signatures)
		if err != nil || !bytes.Equal(packed.Envelope(), raw) {
			t.Fatalf("envelope packs again as other bytes: %v", err)
		}
		checkOneEncoding(t, raw, &umojav1.Envelope{})
		_ = signed.VerifySignatures() // must not panic, whatever the signers' bytes are
	})
}
