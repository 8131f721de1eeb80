package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/cmd/umoja/bench"
	"github.com/umoja-ledger/umoja/cmd/umoja/bench/suite"
	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
)

// benchFlags are those of a measurement.
type benchFlags struct {
	o          bench.Options
	dir        string
	validators int
	json       string
	plot       string
	compare    bool
	suite      suiteFlags
}

// newBenchCommand measures a network.
func newBenchCommand() *cobra.Command {
	f := &benchFlags{}
	cmd := &cobra.Command{
		Use:   "bench [--suite full|soak] [--compare FIRST.json SECOND.json]",
		Short: "measure how many payments a second become final, how fast, and what they cost",
		Long: `bench starts a network of its own in a temporary folder, or uses the sandbox that runs in --dir, signs payments, sends them, and
prints how many became final in a second, how long they took, what CPU and bytes each cost, and ratios to what the machine could do at the
time. Then it compares balances with the answers, verifies receipts, and audits the validators of its own network. The exit code is 1 when a
payment has no outcome, a balance is wrong, an audit does not pass or the validators' roots differ.

The workloads are:
` + workloadList() + `
Without --rate, --callers transactions wait for their answers at a time, until --count were sent. With --rate transactions begin by the
clock for --for, and latency counts from when each was to begin.

--suite measures one goal after the other, each on networks of its own, audits every ledger, and prints a table of goals, figures and
verdicts. A run that was stopped goes on behind what it has finished when it is started again with the same --state. The exit code is 1
when a ledger is wrong or a row did not finish, and 0 when a goal was missed. The suites are:
` + suiteList(),
		Example: "  umoja bench --workload stream --count 50000 --json today.json\n  umoja bench --workload unary --rate 500 --for 30s\n  umoja bench --suite full --json today.json\n  umoja bench --suite full --row stream,unary --duration 5s\n  umoja bench --compare yesterday.json today.json",
		Args: func(cmd *cobra.Command, args []string) error {
			if f.compare {
				return wants("FIRST.json", "SECOND.json")(cmd, args)
			}
			return wants()(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.suite.check(cmd); err != nil {
				return err
			}
			switch {
			case f.compare:
				return compareBenches(cmd, args)
			case f.suite.o.Suite != "":
				return f.suite.run(cmd, f.o.Rate, f.json)
			}
			return f.run(cmd)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.o.Workload, "workload", "stream", "what is sent: "+strings.Join(bench.Names(), ", "))
	flags.IntVar(&f.o.Count, "count", 20_000, "how many transactions are sent; with --rate as many as begin within --for")
	flags.Float64Var(&f.o.Rate, "rate", 0, "transactions a second, whatever the answers take")
	flags.DurationVar(&f.o.For, "for", 30*time.Second, "how long a run at a rate goes on")
	flags.IntVar(&f.o.Callers, "callers", 0, "how many transactions wait for an answer at a time (default the workload's)")
	flags.IntVar(&f.o.Payers, "payers", 0, "how many accounts pay and are paid (default the workload's)")
	flags.Float64Var(&f.o.WarmUp, "warm-up", 0.1, "which part is answered first and not measured; unless it is 0 or there is a --rate, as many as --callers at least, up to half")
	flags.StringVar(&f.dir, "dir", "", "a sandbox that runs (default a network of its own)")
	flags.IntVar(&f.validators, "validators", 4, "how many validators the own network has: 4, 7 or 10")
	flags.StringVar(&f.json, "json", "", "write the report to this file")
	flags.StringVar(&f.plot, "plot", "", "measure the peak and some loads below it, and draw latency against load in this SVG file")
	f.suite.add(flags)
	flags.BoolVar(&f.compare, "compare", false, "compare two files that --json wrote")
	return cmd
}

func workloadList() string {
	var b strings.Builder
	for _, w := range bench.Workloads {
		fmt.Fprintf(&b, "  %-8s %s\n", w.Name, w.Says)
	}
	return b.String()
}

func compareBenches(cmd *cobra.Command, args []string) error {
	a, err := bench.ReadDocument(args[0])
	if err != nil {
		return err
	}
	b, err := bench.ReadDocument(args[1])
	if err != nil {
		return err
	}
	return bench.Compare(cmd.OutOrStdout(), a, b)
}

func (f *benchFlags) run(cmd *cobra.Command) error {
	if f.o.Rate > 0 {
		if f.plot != "" {
			return errors.New("--plot and --rate cannot both be: a picture has loads of its own, each for --for")
		}
		if cmd.Flags().Changed("count") {
			return errors.New("--count and --rate cannot both be: a run at a rate ends by --for")
		}
		f.o.Count = 0
	}
	if n := f.validators; n != 4 && n != 7 && n != 10 {
		return fmt.Errorf("--validators is %d: a network has 4, 7 or 10", n)
	}
	if err := f.o.Check(); err != nil {
		return fmt.Errorf("--%w", err)
	}
	f.o.Progress = cmd.ErrOrStderr()
	reports, err := f.measure(cmd.Context())
	if err != nil {
		return err
	}
	for i, r := range reports {
		if i > 0 {
			fmt.Fprintln(cmd.OutOrStdout())
		}
		err = errors.Join(err, r.Print(cmd.OutOrStdout()), r.Check())
	}
	if f.json != "" {
		err = errors.Join(err, writeFile(f.json, bench.Document{Reports: reports}.Write))
	}
	if f.plot != "" {
		err = errors.Join(err, writeFile(f.plot, func(w io.Writer) error { return bench.Plot(w, reports) }))
	}
	return err
}

func writeFile(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return errors.Join(write(file), file.Close())
}

// measure runs on the sandbox of --dir, or on a network that is gone afterwards.
func (f *benchFlags) measure(ctx context.Context) (reports []*bench.Report, err error) {
	if f.dir != "" {
		f.o.Folder = sandbox.Folder(f.dir)
		return f.runs(ctx)
	}
	dir, err := os.MkdirTemp("", "umoja-bench-*")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	keep := false
	defer func() {
		if keep { // What was found is evidence, and so is the log of a validator that has ended.
			fmt.Fprintf(f.o.Progress, "the network is kept in %s\n", dir)
			return
		}
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	f.o.Folder = sandbox.Folder(filepath.Join(dir, "network"))
	stop, err := runningNetwork(ctx, sandbox.Options{Folder: f.o.Folder, Validators: f.validators, Roomy: true, Bare: !bench.ByPhone(f.o.Workload)}, f.o.Progress)
	if err != nil {
		return nil, err
	}
	reports, err = f.runs(ctx)
	keep = f.rest(ctx, err != nil)
	if err := errors.Join(err, stop()); err != nil {
		return nil, err
	}
	passed, differ := f.audit(ctx, rootOf)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	for _, r := range reports {
		r.Audited, r.RootsDiffer = &passed, differ
		keep = keep || r.Check() != nil
	}
	return reports, nil
}

// rest waits until all validators are at one size, but not after a failure, and says whether one has ended. If they do not come to that, the audit says so.
func (f *benchFlags) rest(ctx context.Context, failed bool) (ended bool) {
	err := f.o.Folder.Await(ctx, "all validators at one final size", func(s sandbox.Status) bool {
		for i, v := range s.Validators {
			if v.Pid == 0 {
				ended = true
				fmt.Fprintf(f.o.Progress, "%s has ended: its log is %s\n", v.Name, filepath.Join(f.o.Folder.Validator(i+1), "log"))
			}
		}
		return failed || ended || s.Quiet()
	})
	if err != nil {
		fmt.Fprintln(f.o.Progress, err)
	}
	return ended
}

// loads are the parts of the peak at which latency is drawn.
var loads = []float64{0.1, 0.25, 0.5, 0.75, 0.9}

// runs is one run; or, for a picture, one at the peak and some below it.
func (f *benchFlags) runs(ctx context.Context) ([]*bench.Report, error) {
	peak, err := bench.Run(ctx, f.o)
	if err != nil || f.plot == "" {
		return []*bench.Report{peak}, err
	}
	reports := []*bench.Report{peak}
	for _, part := range loads {
		o := f.o
		o.Count, o.Rate = 0, part*peak.TransactionsPerSecond()
		r, err := bench.Run(ctx, o)
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// audit replays each validator's history, and says how many are right, and whether those end with different roots.
func (f *benchFlags) audit(ctx context.Context, rootOf func(ctx context.Context, dir string) (suite.Root, error)) (passed int, differ bool) {
	var first suite.Root
	for i := range f.validators {
		fmt.Fprintf(f.o.Progress, "auditing validator %d\n", i+1)
		root, err := rootOf(ctx, f.o.Folder.Validator(i+1))
		if err != nil {
			fmt.Fprintf(f.o.Progress, "audit of validator %d: %v\n", i+1, err)
			continue
		}
		if passed++; passed == 1 {
			first = root
		}
		if root != first {
			differ = true
			fmt.Fprintf(f.o.Progress, "validator %d ends with %+v, one before it with %+v\n", i+1, root, first)
		}
	}
	return passed, differ
}
