package sim

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"sync"
	"text/tabwriter"
	"time"
)

// Campaign is many runs in several processes: a panic, or a loop that stops virtual time, ends one process, is a violation of the run
// that it played, and the others go on.
type Campaign struct {
	// Seeds is how many runs, from First on.
	Seeds, First uint64
	// Fault is the only fault, or "" for all in turn.
	Fault string
	// Within is after what time no more runs are begun; zero is never.
	Within time.Duration
	// Workers is how many processes.
	Workers int
	// Command makes the process of a worker, which writes what Work writes to its standard output.
	Command func(ctx context.Context, s Share) *exec.Cmd
	// Progress hears of every run; Out gets the table.
	Progress, Out io.Writer

	// mu guards the rest.
	mu      sync.Mutex
	results []*Result
	began   time.Time
}

// ErrFailed means that an invariant did not hold, a fault never took effect, or a run made no progress.
var ErrFailed = errors.New("the simulation failed")

// Run plays the campaign and prints its table.
func (c *Campaign) Run(ctx context.Context) error {
	c.began = time.Now()
	var workers sync.WaitGroup
	errs := make([]error, c.Workers)
	for i := range c.Workers {
		workers.Go(func() {
			errs[i] = c.share(ctx, Share{Fault: c.Fault, First: c.First + uint64(i), Step: uint64(c.Workers), End: c.First + c.Seeds})
		})
	}
	workers.Wait()
	if err := errors.Join(append(errs, ctx.Err())...); err != nil {
		return err
	}
	return c.table()
}

// share plays one worker's share, in a new process after each that ended before its time.
func (c *Campaign) share(ctx context.Context, s Share) error {
	for s.First < s.End && ctx.Err() == nil {
		if c.Within > 0 {
			if s.Within = c.Within - time.Since(c.began); s.Within <= 0 {
				return nil
			}
		}
		last, done, err := c.process(ctx, s)
		if err == nil {
			return nil
		}
		if last == nil {
			return fmt.Errorf("start worker: %w", err)
		}
		if !done {
			c.took(&Result{Seed: last.Seed, Fault: last.Fault, Violations: []string{"I11: " + err.Error()}})
		}
		s.First = last.Seed + s.Step
	}
	return nil
}

// process runs one process. Last is the run it began last, and done whether that one ended.
func (c *Campaign) process(ctx context.Context, s Share) (last *begun, done bool, err error) {
	cmd := c.Command(ctx, s)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, false, err
	}
	if err := cmd.Start(); err != nil {
		return nil, false, err
	}
	in := bufio.NewScanner(out)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var l line
		if json.Unmarshal(in.Bytes(), &l) != nil {
			continue // Package testing says PASS.
		}
		if l.Begin != nil {
			last, done = l.Begin, false
		}
		if l.Result != nil {
			done = true
			c.took(l.Result)
		}
	}
	if err := cmd.Wait(); err != nil {
		return last, done, fmt.Errorf("%w: %s", err, head(said.String(), 6000))
	}
	return last, done, nil
}

func head(s string, most int) string {
	if len(s) > most {
		return s[:most] + " …"
	}
	return s
}

// took notes a result.
func (c *Campaign) took(r *Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.results = append(c.results, r)
	for _, v := range r.Violations {
		fmt.Fprintf(c.Progress, "seed %d, %s: %s\n", r.Seed, r.Fault, v)
	}
	if n := uint64(len(c.results)); n%20 == 0 || n == c.Seeds {
		fmt.Fprintf(c.Progress, "%d of %d runs, %s\n", n, c.Seeds, time.Since(c.began).Round(time.Second))
	}
}

// row is one fault's line of the table.
type row struct {
	runs, effects, payments, final, crashes, named, violations int
}

// table prints what happened and judges it.
func (c *Campaign) table() error {
	rows := make(map[string]*row)
	points, crashed := make(map[string]int), make(map[string]int)
	total := &row{}
	var failed []string
	for _, r := range c.results {
		if rows[r.Fault] == nil {
			rows[r.Fault] = &row{}
		}
		for _, to := range []*row{rows[r.Fault], total} {
			to.runs++
			to.effects += r.Effects
			to.payments += r.Payments
			to.final += r.Final
			to.crashes += r.Crashes
			to.named += len(r.Named)
			to.violations += len(r.Violations)
		}
		for name, n := range r.Points {
			points[name] += n
		}
		for name, n := range r.Crashed {
			crashed[name] += n
		}
		if len(r.Violations) > 0 {
			failed = append(failed, fmt.Sprintf("seed %d: umoja sim --fault %s --first %d --seeds 1 --log run.log", r.Seed, r.Fault, r.Seed))
		}
	}
	t := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "fault\truns\ttook effect\tpayments\tfinal\tcrashes\tproved guilty\tviolations")
	print := func(name string, r *row) {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", name, r.runs, r.effects, r.payments, r.final, r.crashes, r.named, r.violations)
	}
	var idle, unlucky []string
	for _, f := range Faults() {
		if r := rows[f.Name]; r != nil {
			print(f.Name, r)
			switch {
			case r.effects > 0:
			case r.runs >= f.enough():
				idle = append(idle, f.Name)
			default:
				unlucky = append(unlucky, f.Name)
			}
		}
	}
	print("all", total)
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print table: %w", err)
	}
	if uint64(total.runs) < c.Seeds {
		fmt.Fprintf(c.Out, "%d of %d runs were begun within %s\n", total.runs, c.Seeds, c.Within)
	}
	fmt.Fprintf(c.Out, "%d named points were passed, and there were crashes at %d of them; %s of real time\n",
		len(points), pointsCrashed(crashed, points), time.Since(c.began).Round(time.Second))
	for _, name := range unlucky {
		fmt.Fprintf(c.Out, "%s took no effect, in too few runs to say more\n", name)
	}
	slices.Sort(failed)
	for _, f := range failed {
		fmt.Fprintln(c.Out, "failed:", f)
	}
	for _, name := range idle {
		fmt.Fprintf(c.Out, "failed: %s never took effect\n", name)
	}
	if len(failed)+len(idle) > 0 || total.runs == 0 {
		return fmt.Errorf("%d of %d runs with violations, %d faults without effect: %w", len(failed), total.runs, len(idle), ErrFailed)
	}
	return nil
}

// pointsCrashed counts the named points at which there were crashes.
func pointsCrashed(crashed, points map[string]int) int {
	n := 0
	for name := range crashed {
		if points[name] > 0 {
			n++
		}
	}
	return n
}
