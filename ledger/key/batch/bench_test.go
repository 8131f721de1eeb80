package batch

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"
)

// spent is the processor time of this process so far: other work on the machine takes no part in it.
func spent(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkVerify compares with single verification by btcec. The two take turns, and the ratio is the median of those of
// the turns, so that a machine that is busy for a while slows both. Known says that the keys were met before, as those of payers who
// pay again; without it each item has a key that is new.
func BenchmarkVerify(b *testing.B) {
	for _, n := range []int{2, 4, 8, 16, 64, 256, 1024} {
		items := signed(b, n, n)
		for _, known := range []bool{false, true} {
			b.Run(fmt.Sprintf("n=%d/known=%v", n, known), func(b *testing.B) {
				b.ReportAllocs()
				v := NewVerifier()
				v.Verify(items)
				var ratios, batched, single []float64
				for b.Loop() {
					before := spent(b)
					rounds := max(1, 256/n)
					for range rounds {
						if !known {
							v.keys.recent, v.keys.older = nil, nil
						}
						if bad := v.Verify(items); bad != nil {
							b.Fatal(bad)
						}
					}
					middle := spent(b)
					for i := range 64 {
						item := &items[i%n]
						if err := item.Key.Verify(item.Digest, item.Signature); err != nil {
							b.Fatal(err)
						}
					}
					each := float64((middle - before).Nanoseconds()) / float64(n*rounds) / 1000
					one := float64((spent(b) - middle).Nanoseconds()) / 64 / 1000
					batched, single, ratios = append(batched, each), append(single, one), append(ratios, one/each)
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(median(batched), "µs/batched")
				b.ReportMetric(median(single), "µs/single")
				b.ReportMetric(median(ratios), "ratio")
			})
		}
	}
}

// BenchmarkBad shows what bad items among 256 cost, beside single verification of the same.
func BenchmarkBad(b *testing.B) {
	const n = 256
	items := signed(b, n, n)
	v := NewVerifier()
	for _, bad := range []int{0, 1, 4, 16, 64, n} {
		b.Run(fmt.Sprintf("bad=%d", bad), func(b *testing.B) {
			some := slices.Clone(items)
			for i := range bad {
				some[i*n/bad].Signature[63] ^= 1
			}
			var times, single []float64
			for b.Loop() {
				before := spent(b)
				if got := v.Verify(some); len(got) != bad {
					b.Fatal(got)
				}
				middle := spent(b)
				reference(some)
				times = append(times, float64((middle-before).Nanoseconds())/n/1000)
				single = append(single, float64((spent(b)-middle).Nanoseconds())/n/1000)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(single), "µs/single")
			b.ReportMetric(median(times), "µs/item")
		})
	}
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
