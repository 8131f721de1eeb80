package suite

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/cmd/umoja/bench"
	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
	"github.com/umoja-ledger/umoja/sdk"
)

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// turns are how often two things that are compared take turns, each first as often as second: a machine that is busy for a while slows both.
const turns = 5

// interleaved measures two things by turns, and gives what of gives for each turn of both.
func interleaved(first, second func() (*bench.Report, error), of func(a, b *bench.Report) float64) (ratios []float64, err error) {
	for turn := range turns {
		do := []func() (*bench.Report, error){first, second}
		got := make([]*bench.Report, 2)
		for k := range do {
			which := (turn + k) % 2
			if got[which], err = do[which](); err != nil {
				return nil, err
			}
		}
		ratios = append(ratios, of(got[0], got[1]))
	}
	return ratios, nil
}

// apart is how far the middle turns' ratios may lie apart, as a part of the median, before the median says nothing.
const apart = 0.3

// steady has the row doubted when ratios of one thing, which what names, differ too much.
func (r *run) steady(what string, ratios []float64) {
	v := slices.Sorted(slices.Values(ratios))
	if middle := v[len(v)-2] - v[1]; middle > apart*median(v) {
		if r.result.Doubt != "" {
			r.result.Doubt += "; "
		}
		r.result.Doubt += fmt.Sprintf("%s lie too far apart: %.2f", what, ratios)
		return
	}
	r.note("%s: %.2f", what, ratios)
}

// turnsRatios are what steady looks at in a row of turns.
const turnsRatios = "the turns' ratios"

// hot compares payments that all go to one account with payments among all.
func hot(ctx context.Context, r *run) error {
	n, err := r.network(ctx, bare(ordinary))
	if err != nil {
		return err
	}
	var perSecond []float64
	one := func(workload string) func() (*bench.Report, error) {
		return func() (*bench.Report, error) {
			return n.slice(ctx, bench.Options{Workload: workload, Calibration: r.machine}, r.o.Duration/turns)
		}
	}
	ratios, err := interleaved(one("hot"), one("stream"), func(hot, spread *bench.Report) float64 {
		perSecond = append(perSecond, hot.PerSecond)
		return hot.PerSecond / spread.PerSecond
	})
	if err != nil {
		return err
	}
	r.result.Figure = number(median(perSecond)) + "/s"
	r.result.Ratio = fmt.Sprintf("%.2f × spread, median of %d turns", median(ratios), len(ratios))
	r.steady(turnsRatios, ratios)
	r.check(Check{What: "ratio to spread", Figure: median(ratios), Bound: 0.9})
	r.allMade()
	return nil
}

// validators compares what networks of 4 and of 7 do with the CPU time of all their validators.
func validators(ctx context.Context, r *run) error {
	few, err := r.network(ctx, bare(ordinary))
	if err != nil {
		return err
	}
	many, err := r.network(ctx, bare(7))
	if err != nil {
		return err
	}
	var literal []float64
	one := func(n *network) func() (*bench.Report, error) {
		return func() (*bench.Report, error) {
			return n.slice(ctx, bench.Options{Workload: "stream", Calibration: r.machine}, r.o.Duration/turns)
		}
	}
	var applied []float64
	ratios, err := interleaved(one(few), one(many), func(a, b *bench.Report) float64 {
		literal = append(literal, perCore(b)/perCore(a))
		applied = append(applied, perCore(b)*float64(b.Validators))
		return perCore(b) * float64(b.Validators) / (perCore(a) * float64(a.Validators))
	})
	if err != nil {
		return err
	}
	r.result.Figure = number(median(applied)) + " a core-second with 7"
	r.result.Ratio = fmt.Sprintf("%.2f × those of 4, median of %d turns", median(ratios), len(ratios))
	r.steady(turnsRatios, ratios)
	r.note("each of n validators applies every transfer, so n applications a transfer are counted; payments alone a core-second of all validators together are %.2f × those of 4 (4/7 is 0.57)", median(literal))
	r.check(Check{What: "ratio of 7 to 4", Figure: median(ratios), Bound: 0.85})
	return nil
}

// perCore is how many transfers become final in a second of CPU time of all validators together.
func perCore(report *bench.Report) float64 {
	sum := 0.0
	for name, micros := range report.CPU {
		if strings.HasPrefix(name, "validator") {
			sum += micros
		}
	}
	return 1e6 / sum
}

// growth compares throughput at two lengths of the history, beside the best that the machine could do at either. Brief looks leave a short history short; long
// ones have in them what a long history costs now and then.
func growth(from, to int, brief, long time.Duration) func(ctx context.Context, r *run) error {
	return func(ctx context.Context, r *run) error {
		n, err := r.network(ctx, bare(ordinary))
		if err != nil {
			return err
		}
		from, to := max(500, int(float64(from)*r.o.scale())), max(1000, int(float64(to)*r.o.scale()))
		small, err := n.atSize(ctx, "small", from, r.lookFor(brief))
		if err != nil {
			return err
		}
		if err := n.room(ctx, to); err != nil {
			return err
		}
		large, err := n.atSize(ctx, "large", to, r.lookFor(long))
		if err != nil {
			return err
		}
		r.grown(small, large)
		return nil
	}
}

// grown compares the looks at a short history with those at a long one. How long each was is what the looks found: they make it longer themselves.
func (r *run) grown(small, large []*bench.Report) {
	ratios := func(reports []*bench.Report) []float64 { return besides(reports, best(reports)) }
	leaves := func(reports []*bench.Report) string {
		return thousands(median(each(reports, func(report *bench.Report) float64 { return float64(report.Leaves) })))
	}
	ratio := median(ratios(large)) / median(ratios(small))
	r.result.Figure = fmt.Sprintf("%.2f × from %s to %s leaves", ratio, leaves(small), leaves(large))
	r.result.Ratio = fmt.Sprintf("%.2f and %.2f × naive bound", median(ratios(small)), median(ratios(large)))
	r.steady("ratios to the naive bound at "+leaves(small)+" leaves", ratios(small))
	r.steady("ratios to the naive bound at "+leaves(large)+" leaves", ratios(large))
	r.note("the naive bound was found to be %.0f a second before each look", each(slices.Concat(small, large), naiveBound))
	r.check(Check{What: "throughput beside what it was", Figure: ratio, Bound: 0.9, Fragile: true})
}

func perSecond(report *bench.Report) float64  { return report.PerSecond }
func naiveBound(report *bench.Report) float64 { return report.NaiveBound }

// best is the largest naive bound that was found before any of some measurements. The network has work of its own after one (tables to merge), which makes the machine
// look slower than it is in the calibration of the next, and the network faster.
func best(reports []*bench.Report) float64 { return slices.Max(each(reports, naiveBound)) }

// besides are the rates as ratios to a bound.
func besides(reports []*bench.Report, bound float64) []float64 {
	return each(reports, func(report *bench.Report) float64 { return report.PerSecond / bound })
}

// each is a figure of each report.
func each(reports []*bench.Report, of func(*bench.Report) float64) []float64 {
	var all []float64
	for _, report := range reports {
		all = append(all, of(report))
	}
	return all
}

const (
	// looks are how many measurements are made at one size.
	looks = 5
	// chunk is how many transactions are sent at a time to make a history longer: no more than are signed ahead, and than go while they are good.
	chunk = 200_000
)

// lasting are payments by streams as wallets sign them: ids of a history as long as that are forgotten again.
var lasting = bench.Options{Workload: "stream", Lifetime: sdk.Lifetime}

// atSize makes the history so long and measures there, so long each time.
func (n *network) atSize(ctx context.Context, name string, size int, length time.Duration) (reports []*bench.Report, err error) {
	r := n.run
	for k := range looks {
		report, err := r.step(fmt.Sprintf("%s %d of %d", name, k+1, looks), func() (*bench.Report, error) {
			if err := n.fill(ctx, size); err != nil {
				return nil, err
			}
			return n.slice(ctx, lasting, length)
		})
		if err != nil {
			return nil, err
		}
		reports = append(reports, report)
	}
	return reports, nil
}

// lookFor is how long one of several measurements takes, of so long at full length.
func (r *run) lookFor(full time.Duration) time.Duration {
	return max(time.Second, time.Duration(float64(full)*r.o.scale()))
}

// fill sends payments until the history has so many leaves. How many it has is what a later run goes on from.
func (n *network) fill(ctx context.Context, size int) error {
	for {
		have, err := n.size(ctx)
		if err != nil || have >= size {
			return err
		}
		n.run.told.tell("%s of %s leaves", thousands(float64(have)), thousands(float64(size)))
		o := lasting
		o.Count, o.Calibration = max(fewest, min(chunk, size-have)), n.run.machine
		if _, err := n.bench(ctx, o); err != nil {
			return err
		}
	}
}

// size is how many leaves the history has.
func (n *network) size(ctx context.Context) (int, error) {
	var s sandbox.Status
	err := n.folder.Await(ctx, "an answer of the sandbox", func(now sandbox.Status) bool { s = now; return true })
	if err != nil {
		return 0, err
	}
	most := uint64(0)
	for _, v := range s.Validators {
		most = max(most, v.FinalSize)
	}
	return int(most), nil
}
