package suite

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/key/batch"
)

// batches compares verification of many signatures at once with single verification of the same, by turns, in CPU time of this process.
func batches(ctx context.Context, r *run) error {
	sizes, bounds := []int{64, 256, 1024}, []float64{3, 5, 6}
	r.told.tell("signing %d times", sizes[2])
	items, err := signed(sizes[2])
	if err != nil {
		return err
	}
	begun, err := sandbox.ReadMachine()
	if err != nil {
		return err
	}
	var fresh, known []string
	for i, n := range sizes {
		a, b, err := compareBatches(ctx, items[:n], r.o.Duration/time.Duration(len(sizes)))
		if err != nil {
			return err
		}
		fresh, known = append(fresh, fmt.Sprintf("%.1f", a)), append(known, fmt.Sprintf("%.1f", b))
		r.told.tell("n = %d: %.1f ×, and %.1f × with keys met before", n, a, b)
		r.check(Check{What: fmt.Sprintf("n = %d, ratio to single", n), Figure: a, Bound: bounds[i], Fragile: true})
	}
	ended, err := sandbox.ReadMachine()
	if err != nil {
		return err
	}
	r.result.Others = ended.Others(begun)
	r.result.Figure = strings.Join(fresh, " × / ") + " × single"
	r.result.Ratio = "with keys met before " + strings.Join(known, " × / ") + " ×, medians"
	return nil
}

// signed makes items, each with a key of its own.
func signed(count int) ([]batch.Item, error) {
	items := make([]batch.Item, count)
	for i := range items {
		k, err := key.NewPrivate(sha256.Sum256(binary.BigEndian.AppendUint64([]byte("umoja/bench-batch"), uint64(i))))
		if err != nil {
			return nil, err
		}
		items[i] = batch.Item{Key: k.Public(), Digest: sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))}
		if items[i].Signature, err = k.Sign(items[i].Digest); err != nil {
			return nil, err
		}
	}
	return items, nil
}

var errVerdict = errors.New("good signatures were refused")

// compareBatches takes turns for about so long, three at least, and gives the medians of the turns' ratios: with keys that are new, and with keys met before.
func compareBatches(ctx context.Context, items []batch.Item, length time.Duration) (fresh, known float64, err error) {
	var a, b []float64
	const singles = 64
	rounds := max(1, 256/len(items))
	familiar := batch.NewVerifier()
	if familiar.Verify(items) != nil {
		return 0, 0, errVerdict
	}
	for begun := time.Now(); time.Since(begun) < length || len(a) < 3; {
		if ctx.Err() != nil {
			return 0, 0, context.Cause(ctx)
		}
		one, err := spent(singles, func(i int) error {
			it := &items[i%len(items)]
			return it.Key.Verify(it.Digest, it.Signature)
		})
		if err != nil {
			return 0, 0, err
		}
		for _, kind := range []struct {
			to       *[]float64
			verifier func() *batch.Verifier
		}{{&a, batch.NewVerifier}, {&b, func() *batch.Verifier { return familiar }}} {
			all, err := spent(rounds, func(int) error {
				if kind.verifier().Verify(items) != nil {
					return errVerdict
				}
				return nil
			})
			if err != nil {
				return 0, 0, err
			}
			*kind.to = append(*kind.to, one/(all/float64(len(items))))
		}
	}
	return median(a), median(b), nil
}

// spent is the CPU time of doing something once, in seconds.
func spent(times int, do func(i int) error) (float64, error) {
	before, err := sandbox.OwnCPU()
	if err != nil {
		return 0, err
	}
	for i := range times {
		if err := do(i); err != nil {
			return 0, err
		}
	}
	after, err := sandbox.OwnCPU()
	return (after - before).Seconds() / float64(times), err
}
