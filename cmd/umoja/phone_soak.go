package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
	"github.com/umoja-ledger/umoja/cmd/umoja/soak"
)

const soakHelp = `--soak has a crowd of phones use the sandbox of --dir, which is started if it does not run: they register, get money, look, pay, mistype
PINs, hang up and dial again, over all aggregators, with every --fault (each at 0.01 unless named), and with --kill while the
gateway and the leader are killed. At the end whoever was not told dials until told, the ledger is compared with what people were told, every
validator is audited, and the report is printed. It ends with 1 when a payment was made twice, lost, or unknown after redial. With --state a
run that was stopped goes on when it is started again.

--rate makes it a load: so many requests a second, of which --pin-rate are PINs, whatever the answers take. --open-sessions opens so many
sessions and prints what memory the gateway has.`

// soakFlags are those of a crowd.
type soakFlags struct {
	on         bool
	o          soak.Options
	kill       []string
	openCount  int
	faultsGone bool
}

func (f *soakFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.on, "soak", false, "have a crowd of phones use the sandbox, and compare with the ledger")
	flags.IntVar(&f.o.Users, "users", 200, "how many phones")
	flags.DurationVar(&f.o.For, "for", 0, "how long they go on, such as 10m")
	flags.IntVar(&f.o.Sessions, "sessions", 0, "how many sessions they have, those of earlier runs of the state included")
	flags.StringVar(&f.o.State, "state", "", "a file to go on from when the run is stopped")
	flags.StringSliceVar(&f.kill, "kill", nil, "what is killed: gateway, leader, each with how often if you like: gateway:20s,leader:45s")
	flags.Float64Var(&f.o.PINs, "pins", 0.3, "which part of the sessions reaches a PIN")
	flags.IntVar(&f.o.Parallel, "parallel", 32, "how many sessions are open at a time")
	flags.Float64Var(&f.o.Rate, "rate", 0, "requests a second, whatever the answers take")
	flags.Float64Var(&f.o.PINRate, "pin-rate", 15, "how many of --rate are PINs")
	flags.IntVar(&f.openCount, "open-sessions", 0, "open so many sessions and print the gateway's memory")
	flags.BoolVar(&f.faultsGone, "no-faults", false, "nothing goes wrong on the way")
}

// options makes what the crowd is told of the flags.
func (f *soakFlags) options(cmd *cobra.Command, p *phoneFlags) (soak.Options, error) {
	o := f.o
	for _, name := range []string{"url", "code", "format", "script"} {
		if cmd.Flags().Changed(name) {
			return o, fmt.Errorf("--%s is for one phone: a crowd uses the sandbox of --dir", name)
		}
	}
	o.Folder, o.Seed, o.Out, o.Progress, o.Audit = sandbox.Folder(p.dir), p.seed, cmd.OutOrStdout(), cmd.ErrOrStderr(), auditFolder
	var err error
	if o.Kill, err = soak.ReadKill(f.kill); err != nil {
		return o, fmt.Errorf("--kill: %w", err)
	}
	faults, err := readFaults(p.faults, p.seed)
	if err != nil {
		return o, err
	}
	switch {
	case f.faultsGone && len(p.faults) > 0:
		return o, errors.New("--no-faults and --fault cannot both be")
	case f.faultsGone, o.Rate > 0 && len(p.faults) == 0:
		o.Faults = nil
	default:
		o.Faults = soak.AllFaults(0.01)
		for i, fault := range faults.faults {
			o.Faults[fault] = faults.rates[i]
		}
	}
	if o.Rate == 0 {
		o.PINRate = 0
	} else if !cmd.Flags().Changed("parallel") {
		o.Parallel = o.Users // The clock decides.
	}
	if !cmd.Flags().Changed("for") && !cmd.Flags().Changed("sessions") {
		o.For = time.Minute
	}
	return o, nil
}

// run has the crowd use the sandbox.
func (f *soakFlags) run(cmd *cobra.Command, p *phoneFlags) error {
	o, err := f.options(cmd, p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	stop, err := runningSandbox(ctx, o.Folder, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if f.openCount > 0 {
		err = soak.OpenSessions(ctx, o, f.openCount)
	} else {
		_, err = soak.Run(ctx, o)
	}
	return errors.Join(err, stop())
}

// runningSandbox finds the sandbox of a folder, or starts it until stop is called.
func runningSandbox(ctx context.Context, folder sandbox.Folder, progress io.Writer) (stop func() error, err error) {
	if s, err := folder.Status(ctx); err == nil && s.Ready {
		return func() error { return nil }, nil
	}
	return runningNetwork(ctx, sandbox.Options{Folder: folder}, progress)
}

// runningNetwork starts a sandbox, on ports that are free, and runs it until stop is called.
func runningNetwork(ctx context.Context, o sandbox.Options, progress io.Writer) (stop func() error, err error) {
	ctx, cancel := context.WithCancel(ctx)
	out, lines := io.Pipe()
	o.HTTP, o.GRPC, o.Out, o.Progress = "127.0.0.1:0", "127.0.0.1:0", lines, progress
	ended := make(chan error, 1)
	go func() {
		err := sandbox.Run(ctx, o)
		ended <- errors.Join(err, lines.Close())
	}()
	ready := make(chan struct{})
	go func() {
		said := false
		for scan := bufio.NewScanner(out); scan.Scan(); {
			if !said && strings.HasPrefix(scan.Text(), "ready ") {
				said = true
				close(ready)
			}
		}
		_, _ = io.Copy(io.Discard, out) // A line that is too long must not stop the sandbox.
	}()
	stop = func() error { cancel(); return <-ended }
	select {
	case <-ready:
		return stop, nil
	case err := <-ended:
		cancel()
		return nil, errors.Join(errors.New("the sandbox did not start"), err)
	}
}

// auditFolder audits a stopped validator.
func auditFolder(ctx context.Context, dir string) error {
	_, err := auditOf(ctx, dir)
	return err
}

// auditOf audits a stopped validator and tells what it found.
func auditOf(ctx context.Context, dir string) (auditDocument, error) {
	g, err := auditGenesis(dir, "")
	if err != nil {
		return auditDocument{}, err
	}
	s, err := openState(dir)
	if err != nil {
		return auditDocument{}, err
	}
	return replay(ctx, s, g, func(_, _ uint64) {})
}
