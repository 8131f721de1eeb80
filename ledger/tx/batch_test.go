package tx_test

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

var testLeader = ed25519.NewKeyFromSeed(fill(1, 32))

func testHeader() tx.BatchHeader {
	return tx.BatchHeader{Epoch: 1, Number: 7, PreviousHash: tx.BatchHash(fill(2, 32)), TimeUnixMs: 1_767_225_600_000, Leader: "v1"}
}

func TestBatchRoundTrip(t *testing.T) {
	for name, envelopes := range map[string][][]byte{"empty": nil, "two": {[]byte("one"), []byte("two")}} {
		raw := tx.SealBatch(testNetwork, testHeader(), envelopes, testLeader)
		b, err := tx.ParseBatch(testNetwork, raw)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := testHeader()
		want.EnvelopesHash = tx.EnvelopesHash(testNetwork, envelopes)
		if diff := cmp.Diff(want, b.Header); diff != "" {
			t.Errorf("%s: header (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(envelopes, b.Envelopes); diff != "" {
			t.Errorf("%s: envelopes (-want +got):\n%s", name, diff)
		}
		if err := b.VerifyLeader(testLeader.Public().(ed25519.PublicKey)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		stranger := ed25519.NewKeyFromSeed(fill(9, 32)).Public().(ed25519.PublicKey)
		for _, k := range []ed25519.PublicKey{stranger, nil, stranger[:31]} {
			if err := b.VerifyLeader(k); !errors.Is(err, tx.ErrBadSignature) {
				t.Errorf("%s: a stranger leads: %v, want ErrBadSignature", name, err)
			}
		}
		checkOneEncoding(t, raw, &umojav1.Batch{})
	}
}

// TestBatchBindsEverything: nothing of a batch changes under the leader's signature.
func TestBatchBindsEverything(t *testing.T) {
	raw := tx.SealBatch(testNetwork, testHeader(), [][]byte{[]byte("one"), []byte("two")}, testLeader)
	for bit := range 8 * len(raw) {
		raw[bit/8] ^= 1 << (bit % 8)
		b, err := tx.ParseBatch(testNetwork, raw)
		if err == nil {
			err = b.VerifyLeader(testLeader.Public().(ed25519.PublicKey))
		}
		if err == nil {
			t.Errorf("bit %d flipped, and nobody saw it", bit)
		}
		raw[bit/8] ^= 1 << (bit % 8)
	}
	other := testNetwork
	other[31] ^= 1
	if _, err := tx.ParseBatch(other, raw); !errors.Is(err, tx.ErrMalformed) {
		t.Errorf("on another network: %v, want ErrMalformed", err)
	}
}

func TestEnvelopesHash(t *testing.T) {
	a, b := []byte("a"), []byte("b")
	seen := map[[32]byte]bool{}
	for _, envelopes := range [][][]byte{nil, {a}, {a, b}, {b, a}, {[]byte("ab")}, {a, nil, b}, {a, a}} {
		h := tx.EnvelopesHash(testNetwork, envelopes)
		if seen[h] {
			t.Errorf("%q shares its hash with another list", envelopes)
		}
		seen[h] = true
	}
}

func TestParseBatchRefusals(t *testing.T) {
	header := func(change ...[]byte) []byte { return cat(change...) }
	hash := tx.EnvelopesHash(testNetwork, nil)
	good := header(vi(1, 1), vi(2, 7), ld(3, fill(2, 32)), vi(4, 5), ld(5, []byte("v1")), ld(6, hash[:]))
	sig := ld(2, fill(3, 64))
	if _, err := tx.ParseBatch(testNetwork, cat(ld(1, good), sig)); err != nil {
		t.Fatal(err)
	}
	large := tx.SealBatch(testNetwork, testHeader(), [][]byte{fill(1, tx.MaxBatchBytes), {1}}, testLeader)
	for _, row := range []struct {
		name string
		raw  []byte
		want error
		says string
	}{
		{"empty", nil, tx.ErrMalformed, "previous_hash"},
		{"no signature", ld(1, good), tx.ErrMalformed, "signature must be 64"},
		{"previous hash of 31 bytes", cat(ld(1, header(ld(3, fill(2, 31)))), sig), tx.ErrMalformed, "previous_hash must be 32"},
		{"no hash of envelopes", cat(ld(1, header(ld(3, fill(2, 32)))), sig), tx.ErrMalformed, "envelopes_hash must be 32"},
		{"an envelope more than the header's", cat(ld(1, good), sig, ld(3, []byte{1})), tx.ErrMalformed, "not the header's"},
		{"header is not canonical", cat(ld(1, cat(good, vi(4, 5))), sig), tx.ErrNotCanonical, "out of order"},
		{"batch is not canonical", cat(sig, ld(1, good)), tx.ErrNotCanonical, "out of order"},
		{"envelopes above 256 KiB", large, tx.ErrTooLarge, "envelopes"},
		{"message above its bound", make([]byte, 400<<10), tx.ErrTooLarge, "batch is"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := tx.ParseBatch(testNetwork, row.raw)
			if !errors.Is(err, row.want) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want %v with %q", err, row.want, row.says)
			}
		})
	}
}

func FuzzParseBatch(f *testing.F) {
	f.Add(tx.SealBatch(testNetwork, testHeader(), nil, testLeader))
	f.Add(tx.SealBatch(testNetwork, testHeader(), [][]byte{[]byte("one"), nil}, testLeader))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := tx.ParseBatch(testNetwork, raw); err == nil {
			checkOneEncoding(t, raw, &umojav1.Batch{})
		}
	})
}
