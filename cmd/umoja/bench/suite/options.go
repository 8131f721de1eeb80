package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
)

// ErrOptions means that the options of a run are not valid.
var ErrOptions = errors.New("not valid")

// Options are what a run is told.
type Options struct {
	// Suite is the name of one of Suites.
	Suite string
	// Rows are the names of those that are run; none is all.
	Rows []string
	// Duration is how long each measurement takes; 0 is the suite's own, which is what figures are for. Numbers of accounts and leaves shrink with it.
	Duration time.Duration
	// Rate is how many payments a second the hour of suite soak has; 0 is 1,000.
	Rate float64
	// Dir is where networks and journal are.
	Dir string
	// Start founds or resumes a network and runs it until stop is called.
	Start func(ctx context.Context, o sandbox.Options) (stop func() error, err error)
	// Audit replays the history in a stopped validator's folder.
	Audit func(ctx context.Context, folder string) (Root, error)
	// Progress hears what goes on.
	Progress io.Writer
}

// Root is what an audit ends with.
type Root struct {
	Leaves uint64 `json:"leaves"`
	Tree   string `json:"tree_root"`
	State  string `json:"state_root"`
}

// Suite is a table of rows.
type Suite struct {
	Name, Says string
	// duration is that of a measurement, unless the options say otherwise.
	duration time.Duration
	rows     []row
}

// row is one line of the table.
type row struct {
	name, measure, goal string
	// keep says that the row's networks and steps are kept until it has finished.
	keep bool
	run  func(ctx context.Context, r *run) error
}

const defaultRate = 1000

// Suites are all of them.
func Suites() []Suite { return []Suite{full(), soak()} }

func full() Suite {
	return Suite{Name: "full", Says: "what fits in half an hour", duration: 30 * time.Second, rows: []row{
		{name: "stream", measure: "final single signed transfers, stream", goal: "≥ 4,000/s, ≥ 2 × naive bound", run: stream},
		{name: "unary", measure: "final single signed transfers, unary", goal: "≥ 3,000/s, ≥ 1.5 × naive bound", run: unary},
		{name: "bulk", measure: "bulk, 400 transfers a transaction", goal: "≥ 25,000 transfers/s", run: bulk},
		{name: "hot", measure: "hot account, beside spread", goal: "≥ 0.9 × spread", run: hot},
		{name: "latency", measure: "at half of the peak, stream: accepted p50 / p99; final p99", goal: "≤ 15 ms / ≤ 60 ms; ≤ 150 ms", run: latency},
		{name: "batch", measure: "batch verification, n = 64 / 256 / 1024", goal: "≥ 3 × / 5 × / 6 × single", run: batches},
		{name: "shares", measure: "consensus and finality, share of the validators' CPU", goal: "≤ 8 %", run: shares},
		{name: "validators", measure: "4 → 7 validators: transfers applied a core-second", goal: "≥ 0.85 × those of 4", run: validators},
		{name: "growth", measure: "growth, 10 k → 300 k transactions", goal: "throughput ≥ 0.9 ×", run: growth(10_000, 300_000, 3*time.Second, 10*time.Second)},
		{name: "ussd", measure: "USSD payments end to end", goal: "", run: ussd},
		{name: "mixed", measure: "unary, nine reads to a payment", goal: "", run: mixed},
	}}
}

func soak() Suite {
	return Suite{Name: "soak", Says: "what takes hours; goes on where it was stopped", duration: time.Hour, rows: []row{
		{name: "hour", measure: "one hour at a rate, the leader killed every 5 minutes", goal: "p99 < 1 s outside the 3 s after a kill, 0 lost, 0 double", keep: true, run: hour},
		{name: "growth", measure: "growth, 1 M → 10 M transactions", goal: "throughput ≥ 0.9 ×", keep: true, run: growth(1_000_000, 10_000_000, 30*time.Second, 30*time.Second)},
	}}
}

// Names are the names of all suites.
func Names() []string {
	var all []string
	for _, s := range Suites() {
		all = append(all, s.Name)
	}
	return all
}

// RowNames are the names of a suite's rows.
func (s Suite) RowNames() []string {
	var all []string
	for _, r := range s.rows {
		all = append(all, r.name)
	}
	return all
}

// Check says which option is wrong, and fills in what was left out.
func (o *Options) Check() error {
	all := Suites()
	i := slices.IndexFunc(all, func(s Suite) bool { return s.Name == o.Suite })
	if i < 0 {
		return fmt.Errorf("suite: %q is none of %s: %w", o.Suite, strings.Join(Names(), ", "), ErrOptions)
	}
	s := all[i]
	for _, name := range o.Rows {
		if !slices.Contains(s.RowNames(), name) {
			return fmt.Errorf("row: suite %s has no %q; its rows are %s: %w", s.Name, name, strings.Join(s.RowNames(), ", "), ErrOptions)
		}
	}
	if o.Duration == 0 {
		o.Duration = s.duration
	}
	if o.Rate == 0 {
		o.Rate = defaultRate
	}
	switch {
	case o.Duration < time.Second || o.Duration > s.duration:
		return fmt.Errorf("duration: %s is not from 1s to %s, which is what the goals are for: %w", o.Duration, s.duration, ErrOptions)
	case o.Rate < 1 || o.Rate > 100_000:
		return fmt.Errorf("rate: %g is not from 1 to 100000: %w", o.Rate, ErrOptions)
	}
	return nil
}

// suite is the one that is meant; the options were checked.
func (o Options) suite() Suite {
	all := Suites()
	return all[slices.IndexFunc(all, func(s Suite) bool { return s.Name == o.Suite })]
}

// rows are those that are run.
func (o Options) rows() []row {
	all := slices.Clone(o.suite().rows)
	return slices.DeleteFunc(all, func(r row) bool { return len(o.Rows) > 0 && !slices.Contains(o.Rows, r.name) })
}

// scale is which part of its full length a measurement has.
func (o Options) scale() float64 { return float64(o.Duration) / float64(o.suite().duration) }
