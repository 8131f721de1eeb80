package store

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/umoja-ledger/umoja/ussd"
)

// resident reads a line of the process's memory, in MB.
func resident(b *testing.B, line string) float64 {
	b.Helper()
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(raw), line+":")
	fields := strings.Fields(rest)
	if !ok || len(fields) == 0 {
		b.Fatalf("no %s", line)
	}
	kb, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return kb / 1024
}

// BenchmarkOpenSessions opens 100,000 sessions of 2 KiB and goes on with some of them. What is resident is that of the whole
// process, most of which is the store; the files that it maps count too, though the system takes them back when it must.
// Run it with -benchtime 1x.
func BenchmarkOpenSessions(b *testing.B) {
	const sessions, atOnce = 100_000, 4
	defer debug.SetGCPercent(debug.SetGCPercent(50)) // As a process on a small machine has it.
	for range b.N {
		s, err := Open(b.TempDir(), slog.New(slog.DiscardHandler))
		if err != nil {
			b.Fatal(err)
		}
		write := func(random *rand.Rand, numbers ...int) {
			err := s.Update(context.Background(), func(w ussd.Writer) error {
				for _, n := range numbers {
					if err := w.Set(fmt.Appendf(nil, "session/+2547%08d/%08x", n, n), session(random)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Error(err)
			}
		}
		before := resident(b, "VmRSS")
		most := before
		var mu sync.Mutex
		var group sync.WaitGroup
		for first := range atOnce {
			group.Go(func() {
				random := rand.New(rand.NewPCG(1, uint64(first)))
				for n := first * 40; n < sessions; n += 40 * atOnce { // Forty at once, for the disk's sake.
					numbers := make([]int, 0, 40)
					for i := n; i < min(n+40, sessions); i++ {
						numbers = append(numbers, i)
					}
					write(random, numbers...)
					if n%20_000 == 0 {
						mu.Lock()
						most = max(most, resident(b, "VmRSS"))
						mu.Unlock()
					}
				}
				for range 500 { // The next turns of some.
					write(random, random.IntN(sessions))
				}
			})
		}
		group.Wait()
		most = max(most, resident(b, "VmRSS"))
		b.ReportMetric(before, "MB-before")
		b.ReportMetric(most, "MB-most")
		b.ReportMetric(resident(b, "RssFile"), "MB-of-files")
		debug.FreeOSMemory()
		b.ReportMetric(resident(b, "VmRSS"), "MB-at-rest")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkUpdate is what a turn waits for: one session, durable.
func BenchmarkUpdate(b *testing.B) {
	s, err := Open(b.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	random := rand.New(rand.NewPCG(1, 1))
	value := session(random)
	for b.Loop() {
		err := s.Update(context.Background(), func(w ussd.Writer) error { return w.Set(fmt.Appendf(nil, "session/%d", random.IntN(1000)), value) })
		if err != nil {
			b.Fatal(err)
		}
	}
}

// session makes 2 KiB as the gateway stores them: for each turn a digest, which does not compress, and a screen, which does.
func session(random *rand.Rand) []byte {
	digest := make([]byte, 32)
	out := []byte(`{"phone":"+254711000001","language":"sw","prompt":"confirm","turns":[`)
	for len(out) < 2048-260 {
		for i := range digest {
			digest[i] = byte(random.Uint32())
		}
		out = fmt.Appendf(out, `{"digest":"%s","text":"Tuma %d.00 KES kwa Amina W. +…%03d?\nAda %d.00 KES. Weka PIN kutuma, au 0 kurudi.\nHakuna pesa iliyotumwa bado.","end":false},`,
			base64.StdEncoding.EncodeToString(digest), random.IntN(9999), random.IntN(999), random.IntN(99))
	}
	out = append(out, make([]byte, 2048)...)[:2048]
	for i := len(out) - 260; i < len(out); i++ { // The rest is a draft with a transaction.
		if out[i] == 0 {
			out[i] = byte(random.Uint32())
		}
	}
	return out
}
