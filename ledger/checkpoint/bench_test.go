package checkpoint_test

import (
	"slices"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// BenchmarkReceipt is what a reader of a receipt file does, over what its signatures alone cost: "ratio" is to be at most 1.2. The
// two take turns, and the medians are compared, so that a neighbour on the machine slows both.
func BenchmarkReceipt(b *testing.B) {
	h, r := receipt(b)
	raw, err := r.Encode()
	if err != nil {
		b.Fatal(err)
	}
	trust := h.world.Genesis.Trust()
	c, cosigs, err := checkpoint.Open(trust.Network, trust.Validators, r.Checkpoint)
	if err != nil {
		b.Fatal(err)
	}
	leaf, err := tx.ParseLeaf(r.Leaf)
	if err != nil {
		b.Fatal(err)
	}
	signed, err := tx.Parse(trust.Network, leaf.Record.Envelope)
	if err != nil {
		b.Fatal(err)
	}
	var whole, signatures []time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := verifyBytes(raw, trust); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		for _, cosig := range cosigs {
			if err := c.VerifyCosignature(trust.Validators, cosig); err != nil {
				b.Fatal(err)
			}
		}
		if err := signed.VerifySignatures(); err != nil {
			b.Fatal(err)
		}
		whole, signatures = append(whole, middle.Sub(start)), append(signatures, time.Since(middle))
	}
	b.ReportMetric(float64(median(whole))/float64(median(signatures)), "ratio")
	b.ReportMetric(float64(median(signatures).Nanoseconds()), "ns/signatures")
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
