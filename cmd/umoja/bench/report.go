package bench

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
)

// ErrFound means that a run found what must not be.
var ErrFound = errors.New("the run found what must not be")

// Latency is a distribution, in milliseconds. P90, P999 and Max are 0, and absent, where they are not measured: of phones.
type Latency struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms,omitzero"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p999_ms,omitzero"`
	Max   float64 `json:"max_ms,omitzero"`
}

func latencyOf(h *hdrhistogram.Histogram) Latency {
	at := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1e3 }
	return Latency{Count: h.TotalCount(), P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: float64(h.Max()) / 1e3}
}

// Report is what one run found.
type Report struct {
	// Row and Part are of a suite: which run this is.
	Row  string `json:"row,omitempty"`
	Part int    `json:"part,omitempty"`

	Workload   string `json:"workload"`
	Validators int    `json:"validators"`
	// Rate is what was asked for; 0 is a closed loop of so many Callers.
	Rate    float64 `json:"rate,omitempty"`
	Callers int     `json:"callers,omitempty"`
	Payers  int     `json:"payers"`
	// Leaves is how long the history was before the run.
	Leaves uint64 `json:"leaves"`

	Calibration Calibration `json:"calibration"`
	// NaiveBound is Calibration.NaiveBound.
	NaiveBound float64 `json:"naive_bound_per_s"`

	// Seconds is how long what was measured took, Transfers how many became final in it.
	Seconds   float64 `json:"seconds"`
	Transfers int64   `json:"transfers"`
	PerSecond float64 `json:"transfers_per_s"`
	// ToNaive is PerSecond over NaiveBound.
	ToNaive  float64 `json:"ratio_to_naive"`
	Accepted Latency `json:"accepted"`
	Final    Latency `json:"final"`
	Reads    Latency `json:"reads,omitzero"`
	// Shadowed is how long those took of which not all counts in Final: what a kill was about to hold up.
	Shadowed Latency `json:"shadowed,omitzero"`

	// CPU is in microseconds a transfer, by process; Resident in bytes at the end.
	CPU      map[string]float64 `json:"cpu_us_per_transfer"`
	Resident map[string]uint64  `json:"resident_bytes"`
	// Wire is what crossed the loopback for a transfer, in bytes: between validators, and from and to the generator.
	Wire float64 `json:"wire_bytes_per_transfer"`

	// Others is which part of the processors was used by programs that have nothing to do with the run, or kept by the machine's host.
	Others float64 `json:"others_share"`

	// Failed counts what was not made final with the code OK, by outcome; Unknown what had no outcome at the end.
	Failed  map[string]int `json:"failed,omitempty"`
	Unknown int            `json:"unknown"`
	// WrongBalances are those that are not what the answers say, of BalancesChecked; Receipts were verified, and WrongReceipts were not there or did not verify.
	WrongBalances   int `json:"wrong_balances"`
	BalancesChecked int `json:"balances_checked"`
	Receipts        int `json:"receipts_verified"`
	WrongReceipts   int `json:"wrong_receipts,omitempty"`
	// Audited is how many validators' histories were replayed and found right; absent when the network goes on running.
	Audited *int `json:"audited,omitempty"`
	// RootsDiffer says that histories that are right by themselves do not end alike.
	RootsDiffer bool `json:"roots_differ,omitempty"`
}

// TransactionsPerSecond is PerSecond in transactions, which may carry many transfers.
func (r *Report) TransactionsPerSecond() float64 {
	w, _ := workloadOf(r.Workload)
	return r.PerSecond / float64(max(w.legs, 1))
}

// Check says what must not be.
func (r *Report) Check() error {
	switch {
	case r.Unknown > 0:
		return fmt.Errorf("%d payments have no outcome: %w", r.Unknown, ErrFound)
	case r.WrongBalances > 0:
		return fmt.Errorf("%d balances are not what the answers say: %w", r.WrongBalances, ErrFound)
	case r.WrongReceipts > 0:
		return fmt.Errorf("%d receipts do not prove what was answered: %w", r.WrongReceipts, ErrFound)
	case r.Transfers == 0:
		return fmt.Errorf("nothing became final: %w", ErrFound)
	case r.Audited != nil && *r.Audited < r.Validators:
		return fmt.Errorf("%d of %d audits passed: %w", *r.Audited, r.Validators, ErrFound)
	case r.RootsDiffer:
		return fmt.Errorf("the validators' roots differ: %w", ErrFound)
	}
	return nil
}

// measured fills in what the meters say.
func (r *Report) measured(before, after sandbox.Usage) {
	r.Seconds = after.At.Sub(before.At).Seconds()
	r.PerSecond = float64(r.Transfers) / r.Seconds
	r.ToNaive = r.PerSecond / r.NaiveBound
	r.CPU, r.Resident = make(map[string]float64), after.Resident
	if r.Transfers == 0 {
		return
	}
	// Of a process that has ended all its time is in Ended, with what it had used before.
	own := after.Ended - before.Ended
	for _, used := range before.CPU {
		own -= used
	}
	for name, used := range after.CPU {
		own += used
		if after.Pids[name] == before.Pids[name] { // Else it was started again: what the one before used is told of nobody.
			used -= before.CPU[name]
		}
		r.CPU[name] = float64(used.Microseconds()) / float64(r.Transfers)
	}
	own += after.Beside - before.Beside
	all := float64(runtime.NumCPU()) * r.Seconds // Not the cores that Go was told to use: others use all.
	r.Others = max(0, (after.Machine-before.Machine-own).Seconds()/all)
	r.Wire = float64(after.Wire-before.Wire) / float64(r.Transfers)
}

// digits are those behind the point that say something.
func digits(f float64) int {
	if f < 100 {
		return 1
	}
	return 0
}

// Print writes the report for people.
func (r *Report) Print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t"+format+"\n", append([]any{name}, args...)...)
	}
	how := fmt.Sprintf("%d at a time", r.Callers)
	if r.Rate > 0 {
		how = fmt.Sprintf("%g transactions a second", r.Rate)
	}
	line("workload", "%s, %s, %d validators, %d payers, %d leaves before", r.Workload, how, r.Validators, r.Payers, r.Leaves)
	c := r.Calibration
	line("machine", "%d cores; sha256 %.0f MB/s; verify %.0f us, %.0f us with all cores busy; fsync %.0f us; echo %.0f/s",
		c.Cores, c.SHA256MBps, c.VerifyMicros, c.VerifyBusyMicros, c.FsyncMicros, c.EchoPerSecond)
	line("final", "%.*f transfers/s, %.2f x the naive bound of %.0f/s (%d in %s)",
		digits(r.PerSecond), r.PerSecond, r.ToNaive, r.NaiveBound, r.Transfers, time.Duration(r.Seconds*float64(time.Second)).Round(time.Millisecond))
	for _, l := range []struct {
		name string
		of   Latency
	}{{"accepted after", r.Accepted}, {"final after", r.Final}, {"reads took", r.Reads}, {"final after a kill", r.Shadowed}} {
		switch {
		case l.of.Count > 0 && l.of.Max == 0: // The phones' histogram is coarser.
			line(l.name, "p50 %.0f ms, p99 %.0f", l.of.P50, l.of.P99)
		case l.of.Count > 0:
			line(l.name, "p50 %.1f ms, p90 %.1f, p99 %.1f, p99.9 %.1f, max %.1f", l.of.P50, l.of.P90, l.of.P99, l.of.P999, l.of.Max)
		}
	}
	sum, parts := 0.0, ""
	for _, name := range slices.Sorted(maps.Keys(r.CPU)) {
		sum += r.CPU[name]
		if r.CPU[name] < 0.5 {
			continue // An attestor that nobody asks.
		}
		parts += fmt.Sprintf("  %s %.0f", name, r.CPU[name])
	}
	line("CPU", "%.0f us a transfer:%s", sum, parts)
	line("on the wire", "%.0f bytes a transfer, over the loopback, all included", r.Wire)
	line("other programs", "used %.0f %% of the processors", 100*r.Others)
	for _, name := range slices.Sorted(maps.Keys(r.Failed)) {
		line("not made", "%d: %s", r.Failed[name], name)
	}
	line("unknown", "%d", r.Unknown)
	line("balances", "%d of %d are what the answers say", r.BalancesChecked-r.WrongBalances, r.BalancesChecked)
	line("receipts", "%d of %d verified", r.Receipts, r.Receipts+r.WrongReceipts)
	if r.Audited != nil {
		roots := "with one root"
		if r.RootsDiffer {
			roots = "and their roots differ"
		}
		line("audits", "%d of %d passed, %s", *r.Audited, r.Validators, roots)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	return nil
}
