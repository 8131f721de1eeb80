package consensus

import (
	"bytes"
	"log/slog"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/consensus/profile"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// BenchmarkShares is where the CPU time of four validators goes at full batches, in percent: the filter between the wire and raft, the
// rounds of finality with their certificates, raft with its log, and so on; what no row has is mostly Go's memory and scheduler. What
// gRPC does on goroutines of its own counts as wire, whomever it is for. Rounds come by the clock, so on a machine that others use their
// share says how slow it is: round-ms is the processor time of one at all four, and ratio is the filter's share, and that of as many
// rounds as two processors make at full speed, together to 3 %. A round in here makes thousands of payments final, so it is an upper bound.
func BenchmarkShares(b *testing.B) {
	heard := make(map[string]*ratified)
	c := newMeasured(b, func(name string) slog.Handler {
		heard[name] = &ratified{Handler: slog.DiscardHandler}
		return heard[name]
	})
	var payments [][]*tx.Signed
	for range max(1, min(b.N, 4)) {
		payments = append(payments, c.manyPayments())
	}
	var cpu time.Duration
	rounds := 0
	parts, rest := profiled(b, func() {
		before, finals := spent(b), heard[c.leader().name].counted()
		defer func() { cpu, rounds = spent(b)-before, heard[c.leader().name].counted()-finals }()
		for _, all := range payments {
			c.flood(c.leader(), all)
		}
	})
	b.ReportMetric(0, "ns/op")
	for _, s := range profile.Validator {
		b.ReportMetric(parts[s.Name], s.Name+"-%")
	}
	b.ReportMetric(rest, "rest-%")
	const perSecond, processors = 20, 2
	round := parts["finality"] / 100 * ms(cpu) / float64(max(1, rounds))
	b.ReportMetric(round, "round-ms")
	b.ReportMetric((parts["filter"]+round*perSecond/1000/processors*100)/3, "ratio")
}

// profiled runs something and tells which part of its CPU time each share has, in percent, and what is left.
func profiled(t testing.TB, run func()) (parts map[string]float64, rest float64) {
	t.Helper()
	var raw bytes.Buffer
	if err := pprof.StartCPUProfile(&raw); err != nil {
		t.Fatal(err)
	}
	run()
	pprof.StopCPUProfile()
	stacks, err := profile.Read(&raw)
	if err != nil {
		t.Fatal(err)
	}
	if parts, rest, err = profile.Parts(stacks, profile.Validator); err != nil {
		t.Fatal(err)
	}
	for name := range parts {
		parts[name] *= 100
	}
	return parts, rest * 100
}
