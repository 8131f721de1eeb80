package tx_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// The wanted figure is a ratio: canonical check and decoding at most 3 % of the one verification in BenchmarkVerify.
// Parse hashes too, which is shown by itself in BenchmarkHash.

// bulkOf is a body of one bulk transfer to n payees.
func bulkOf(n int) tx.Body {
	o := tx.BulkTransfer{Debit: account(1), Asset: 1, Mode: tx.Each, Fee: sampleFee()}
	for i := range n {
		id := sha256.Sum256(fmt.Append(nil, i))
		o.Legs = append(o.Legs, tx.BulkLeg{Credit: tx.AccountID(id[:16]), Amount: 15_000})
	}
	return tx.Body{Nonce: [8]byte(fill(7, 8)), ExpiresAtUnixMs: testExp, Operations: []tx.Operation{o}}
}

// benchEnvelopes are what is measured.
func benchEnvelopes(b *testing.B) map[string]*tx.Signed {
	full := payment()
	full.Operations = []tx.Operation{sampleTransfer()}
	envelopes := map[string]*tx.Signed{}
	for name, body := range map[string]tx.Body{"transfer": payment(), "full": full, "legs400": bulkOf(400)} {
		signed, err := tx.Seal(testNetwork, encode(b, body), testKey("a"))
		if err != nil {
			b.Fatal(err)
		}
		envelopes[name] = signed
	}
	return envelopes
}

func benchEach(b *testing.B, f func(s *tx.Signed) error) {
	for name, signed := range benchEnvelopes(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f(signed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkParse is all that Parse does: form, decoding, rules and hashes.
func BenchmarkParse(b *testing.B) {
	benchEach(b, func(s *tx.Signed) error { _, err := tx.Parse(testNetwork, s.Envelope()); return err })
}

// BenchmarkCanonical is the walk alone.
func BenchmarkCanonical(b *testing.B) {
	benchEach(b, func(s *tx.Signed) error {
		if err := tx.CheckEnvelope(s.Envelope()); err != nil {
			return err
		}
		return tx.CheckBody(s.RawBody())
	})
}

// BenchmarkHash is the two hashes in Parse.
func BenchmarkHash(b *testing.B) {
	benchEach(b, func(s *tx.Signed) error {
		tx.NewID(testNetwork, s.RawBody())
		tx.NewEnvelopeHash(testNetwork, s.Envelope())
		return nil
	})
}

// BenchmarkVerify is the reference: one BIP340 verification.
func BenchmarkVerify(b *testing.B) {
	signed := benchEnvelopes(b)["transfer"]
	for b.Loop() {
		if err := signed.VerifySignatures(); err != nil {
			b.Fatal(err)
		}
	}
}
