package suite

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/cmd/umoja/bench"
	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
)

const ordinary = 4 // validators

func stream(ctx context.Context, r *run) error { return r.closed(ctx, "stream", 4000, 2) }
func unary(ctx context.Context, r *run) error  { return r.closed(ctx, "unary", 3000, 1.5) }
func bulk(ctx context.Context, r *run) error   { return r.closed(ctx, "bulk", 25_000, 0) }

// closed measures a workload as fast as it goes, in turns that are each calibrated just before.
func (r *run) closed(ctx context.Context, workload string, rate, ratio float64) error {
	n, err := r.network(ctx, bare(ordinary))
	if err != nil {
		return err
	}
	var reports []*bench.Report
	for range turns {
		report, err := n.slice(ctx, bench.Options{Workload: workload}, r.o.Duration/turns)
		if err != nil {
			return err
		}
		reports = append(reports, report)
	}
	r.throughput(reports, rate, ratio)
	return nil
}

// throughput judges turns of a workload by the median of their rates, beside the best of their bounds. A ratio of 0 is not judged.
func (r *run) throughput(reports []*bench.Report, rate, ratio float64) {
	rates := each(reports, perSecond)
	bound := best(reports)
	ratios := besides(reports, bound)
	r.result.Figure = number(median(rates)) + "/s"
	r.result.Ratio = fmt.Sprintf("%.2f × naive bound of %s/s, median of %d turns", median(ratios), thousands(bound), len(reports))
	r.describe(reports[slices.Index(rates, median(rates))])
	r.check(Check{What: "transfers a second", Figure: median(rates), Bound: rate, Fragile: true})
	if ratio > 0 {
		r.steady(turnsRatios, ratios)
		r.check(Check{What: "ratio to the naive bound", Figure: median(ratios), Bound: ratio, Fragile: true})
	}
	r.allMade()
}

// alone measures one workload on a network of its own.
func (r *run) alone(ctx context.Context, workload string) (*bench.Report, error) {
	n, err := r.network(ctx, bare(ordinary))
	if err != nil {
		return nil, err
	}
	report, err := n.slice(ctx, bench.Options{Workload: workload}, r.o.Duration)
	if err == nil {
		r.describe(report)
	}
	return report, err
}

// describe notes what a run cost.
func (r *run) describe(report *bench.Report) {
	cpu := map[string]float64{}
	for name, used := range report.CPU {
		cpu[strings.TrimRight(name, "0123456789")] += used
	}
	var parts []string
	for _, name := range []string{"validator", "gateway", "load"} {
		if cpu[name] >= 1 {
			parts = append(parts, fmt.Sprintf("%s %.0f", name, cpu[name]))
		}
	}
	r.note("CPU us a transfer: %s (all validators together); %.0f bytes on the wire; final p50 %.0f ms, p99 %.0f ms",
		strings.Join(parts, ", "), report.Wire, report.Final.P50, report.Final.P99)
}

// allMade checks that every payment that was measured has been made: what is fast because it refuses is not fast.
func (r *run) allMade() {
	count := 0
	for _, report := range r.result.Reports {
		count += failures(report)
	}
	r.check(Check{What: "payments not made", Figure: float64(count), Bound: 0, AtMost: true, Fragile: true})
}

func (r *run) check(c Check) { r.result.Checks = append(r.result.Checks, c) }

func (r *run) note(format string, args ...any) {
	r.result.Notes = append(r.result.Notes, fmt.Sprintf(format, args...))
}

func mixed(ctx context.Context, r *run) error {
	report, err := r.alone(ctx, "mixed")
	if err != nil {
		return err
	}
	reads := float64(report.Reads.Count) / report.Seconds
	r.result.Figure = fmt.Sprintf("%s payments/s, %s reads/s", number(report.PerSecond), number(reads))
	r.result.Ratio = fmt.Sprintf("reads p50 %.1f ms, p99 %.1f ms", report.Reads.P50, report.Reads.P99)
	return nil
}

// sessions are those of the row of phones, at full length; phones is how many people there are.
const sessions, phones = 600, 64

func ussd(ctx context.Context, r *run) error {
	n, err := r.network(ctx, sandbox.Options{Validators: ordinary})
	if err != nil {
		return err
	}
	report, err := n.measure(ctx, bench.Options{
		Workload: "ussd", Count: max(20, int(sessions*r.o.scale())), Payers: max(8, int(phones*r.o.scale())), Calibration: r.machine,
	})
	if err != nil {
		return err
	}
	r.result.Figure = fmt.Sprintf("%s payments/s", number(report.PerSecond))
	r.result.Ratio = fmt.Sprintf("PIN to paid p50 %.0f ms, p99 %.0f; other screens p50 %.0f, p99 %.0f", report.Final.P50, report.Final.P99, report.Reads.P50, report.Reads.P99)
	r.describe(report)
	return nil
}

// enoughSamples is how many have to be timed for a p99.
const enoughSamples = 500

// latency is measured at half of the peak, which is found just before.
func latency(ctx context.Context, r *run) error {
	n, err := r.network(ctx, bare(ordinary))
	if err != nil {
		return err
	}
	peak, err := n.slice(ctx, bench.Options{Workload: "stream", Calibration: r.machine}, r.o.Duration/3)
	if err != nil {
		return err
	}
	half := peak.TransactionsPerSecond() / 2
	report, err := n.measure(ctx, bench.Options{Workload: "stream", Rate: max(1, half), For: max(r.o.Duration, time.Second), WarmUp: warmUp})
	if err != nil {
		return err
	}
	r.result.Figure = fmt.Sprintf("%.1f ms / %.1f ms; %.1f ms", report.Accepted.P50, report.Accepted.P99, report.Final.P99)
	r.result.Ratio = fmt.Sprintf("at %s/s of %s/s", thousands(half), thousands(peak.PerSecond))
	r.describe(report)
	if count := report.Accepted.Count; count < enoughSamples {
		r.result.Doubt = fmt.Sprintf("%d payments were timed until accepted, and a p99 is of %d at least", count, enoughSamples)
	}
	for _, c := range []Check{
		{What: "accepted p50 in ms", Figure: report.Accepted.P50, Bound: 15}, {What: "accepted p99 in ms", Figure: report.Accepted.P99, Bound: 60},
		{What: "final p99 in ms", Figure: report.Final.P99, Bound: 150}, {What: "payments not made", Figure: float64(failures(report)), Bound: 0},
	} {
		c.AtMost, c.Fragile = true, true
		r.check(c)
	}
	return nil
}

func failures(report *bench.Report) (count int) {
	for _, n := range report.Failed {
		count += n
	}
	return count
}
