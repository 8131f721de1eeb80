package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/consensus/sim"
)

// newSimCommand plays whole networks with faults and liars, in virtual time.
func newSimCommand() *cobra.Command {
	c := &sim.Campaign{Workers: runtime.NumCPU()}
	var log string
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "play whole networks of validators in virtual time, with crashes, bad networks, bad disks and liars, and check that nothing breaks",
		Long: `sim starts networks of validators in this process's children, lets people pay, and makes trouble, one fault a seed. Then it heals the network,
wants every payment final, and checks every ledger against the invariants. The exit code is 1 if one did not hold, if a fault never took
effect, or if a run made no progress.

The faults are:
` + faultList(),
		Args: wants(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.Seeds == 0 || c.Workers < 1 {
				return errors.New("--seeds and --workers are at least 1")
			}
			if _, ok := sim.FaultOf(c.Fault); c.Fault != "" && !ok {
				return fmt.Errorf("--fault is %q: %w; see umoja sim --help", c.Fault, sim.ErrUnknownFault)
			}
			if c.Seeds < uint64(c.Workers) {
				c.Workers = int(c.Seeds)
			}
			self, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find own program: %w", err)
			}
			c.Command = func(ctx context.Context, s sim.Share) *exec.Cmd { return simWorker(ctx, self, s, log) }
			c.Out, c.Progress = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return c.Run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.Uint64Var(&c.Seeds, "seeds", 300, "how many runs")
	f.Uint64Var(&c.First, "first", 1, "the first seed")
	f.StringVar(&c.Fault, "fault", "", "this fault only (default all in turn)")
	f.DurationVar(&c.Within, "within", 0, "begin no more runs after this time, and judge those there were (default no end)")
	f.IntVar(&c.Workers, "workers", c.Workers, "how many processes")
	f.StringVar(&log, "log", "", "write what the validators say to this file; for one worker")
	cmd.AddCommand(newSimWorkerCommand())
	return cmd
}

func faultList() string {
	var b strings.Builder
	for _, f := range sim.Faults() {
		fmt.Fprintf(&b, "  %-18s %s\n", f.Name, f.Says)
	}
	return b.String()
}

// simWorker is the process of a share. One thread makes it repeat itself more closely.
func simWorker(ctx context.Context, self string, s sim.Share, log string) *exec.Cmd {
	args := []string{"sim", "worker", "--first", fmt.Sprint(s.First), "--step", fmt.Sprint(s.Step), "--end", fmt.Sprint(s.End)}
	if s.Fault != "" {
		args = append(args, "--fault", s.Fault)
	}
	if s.Within > 0 {
		args = append(args, "--within", s.Within.String())
	}
	if log != "" {
		args = append(args, "--log", log)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "GODEBUG=randautoseed=0")
	return cmd
}

// newSimWorkerCommand plays a share of the runs in this process.
func newSimWorkerCommand() *cobra.Command {
	var s sim.Share
	var log string
	cmd := &cobra.Command{
		Use: "worker", Short: "play a share of the runs in this process", Hidden: true, Args: wants(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var file io.Writer
			if log != "" {
				f, err := os.Create(log)
				if err != nil {
					return fmt.Errorf("make log: %w", err)
				}
				file = f // The process ends with the work.
			}
			s.Log = file
			sim.Work(s, cmd.OutOrStdout())
			return nil
		},
	}
	f := cmd.Flags()
	f.Uint64Var(&s.First, "first", 1, "the first seed")
	f.Uint64Var(&s.Step, "step", 1, "how far it is to the next seed")
	f.Uint64Var(&s.End, "end", 2, "where the seeds end")
	f.StringVar(&s.Fault, "fault", "", "this fault only")
	f.DurationVar(&s.Within, "within", 0, "begin no more runs after this time")
	f.StringVar(&log, "log", "", "write what the validators say to this file")
	return cmd
}
