package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/umoja-ledger/umoja/cmd/umoja/bench/suite"
	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
)

// suiteFlags are those of a table of goals.
type suiteFlags struct {
	o        suite.Options
	markdown bool
}

func (f *suiteFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.o.Suite, "suite", "", "measure goals: "+strings.Join(suite.Names(), ", "))
	flags.StringSliceVar(&f.o.Rows, "row", nil, "which rows of the suite, such as stream,unary (default all)")
	flags.DurationVar(&f.o.Duration, "duration", 0, "how long each measurement of a suite takes: less than its own is a quick look (default 30s, of soak 1h)")
	flags.StringVar(&f.o.Dir, "state", "", "the folder that a suite that was stopped goes on from (default umoja-soak for soak, none for full)")
	flags.BoolVar(&f.markdown, "markdown", false, "print the table of a suite for a README")
}

func suiteList() string {
	var b strings.Builder
	for _, s := range suite.Suites() {
		fmt.Fprintf(&b, "  %-8s %s: %s\n", s.Name, s.Says, strings.Join(s.RowNames(), ", "))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// check says which flags do not go together.
func (f *suiteFlags) check(cmd *cobra.Command) error {
	flags := cmd.Flags()
	if !flags.Changed("suite") {
		for _, name := range []string{"row", "duration", "state", "markdown"} {
			if flags.Changed(name) {
				return fmt.Errorf("--%s is for a suite: name one with --suite %s", name, strings.Join(suite.Names(), " or "))
			}
		}
		return nil
	}
	for _, name := range []string{"workload", "count", "for", "callers", "payers", "warm-up", "dir", "validators", "plot", "compare"} {
		if flags.Changed(name) {
			return fmt.Errorf("--%s and --suite cannot both be: the rows of a suite have their own; choose some with --row", name)
		}
	}
	if flags.Changed("rate") && f.o.Suite != "soak" {
		return errors.New("--rate is for suite soak, whose hour has one: the rows of the others have their own")
	}
	if err := f.o.Check(); err != nil {
		return fmt.Errorf("--%w", err)
	}
	return nil
}

// soakState is where the suite that takes hours keeps what it goes on from.
const soakState = "umoja-soak"

// run measures, and prints what there is also when it was stopped.
func (f *suiteFlags) run(cmd *cobra.Command, rate float64, jsonFile string) (err error) {
	o := f.o
	if cmd.Flags().Changed("rate") {
		o.Rate = rate
		if err := o.Check(); err != nil {
			return fmt.Errorf("--%w", err)
		}
	}
	o.Progress, o.Audit = cmd.ErrOrStderr(), rootOf
	o.Start = func(ctx context.Context, so sandbox.Options) (func() error, error) {
		return runningNetwork(ctx, so, so.Progress)
	}
	var document suite.Document
	switch {
	case o.Dir != "":
	case o.Suite == "soak":
		o.Dir = soakState
	default:
		if o.Dir, err = os.MkdirTemp("", "umoja-bench-*"); err != nil {
			return fmt.Errorf("make a folder: %w", err)
		}
		defer func() {
			if !slices.ContainsFunc(document.Rows, func(r *suite.Result) bool { return r.Kept != "" }) {
				err = errors.Join(err, os.RemoveAll(o.Dir))
			}
		}()
	}
	document, err = suite.Run(cmd.Context(), o)
	if len(document.Rows) == 0 {
		return err
	}
	show := document.Print
	if f.markdown {
		show = document.Markdown
	}
	err = errors.Join(err, show(cmd.OutOrStdout()), document.Check())
	if jsonFile != "" {
		err = errors.Join(err, writeFile(jsonFile, document.Write))
	}
	return err
}

// rootOf audits a stopped validator and tells what its history ends with.
func rootOf(ctx context.Context, dir string) (suite.Root, error) {
	d, err := auditOf(ctx, dir)
	return suite.Root{Leaves: d.Leaves, Tree: d.TreeRoot, State: d.StateRoot}, err
}
