package suite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/cmd/umoja/bench"
	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
)

// run is a row under way.
type run struct {
	o        Options
	row      row
	result   *Result
	journal  *journal
	told     teller
	dir      string
	networks []*network
	// machine is what it could do when the row's first network was idle.
	machine *bench.Calibration
	// ended are the validators that ran no more when their network was stopped.
	ended []string
}

// network is one of a row.
type network struct {
	run        *run
	folder     sandbox.Folder
	validators int
	// stop is nil once it is stopped.
	stop func() error
	// rates are how many transactions a second were last made, by workload.
	rates map[string]float64
}

// begin clears what a run left that was killed, unless the row goes on from it.
func (r *run) begin() error {
	if !r.row.keep {
		if err := os.RemoveAll(r.dir); err != nil {
			return fmt.Errorf("clear the folder: %w", err)
		}
	}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	return nil
}

// bare are so many validators, and nothing else.
func bare(n int) sandbox.Options { return sandbox.Options{Validators: n, Bare: true} }

// network starts one.
func (r *run) network(ctx context.Context, o sandbox.Options) (*network, error) {
	o.Folder, o.Roomy, o.Progress = sandbox.Folder(filepath.Join(r.dir, fmt.Sprintf("network%d", o.Validators))), true, r.told
	stop, err := r.o.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	n := &network{run: r, folder: o.Folder, validators: o.Validators, stop: stop, rates: make(map[string]float64)}
	r.networks = append(r.networks, n)
	if r.machine == nil {
		c, err := bench.Calibrate(ctx, r.dir)
		if err != nil {
			return nil, err
		}
		r.machine = &c
	}
	return n, nil
}

// accounts is how many pay, of as many as the workload has.
func (r *run) accounts(full int) int { return max(20, int(float64(full)*min(1, r.o.scale()))) }

// measure makes one report, and keeps it with the row. A ledger that is wrong ends the row.
func (n *network) measure(ctx context.Context, o bench.Options) (*bench.Report, error) {
	report, err := n.bench(ctx, o)
	if err == nil {
		n.run.result.Reports = append(n.run.result.Reports, report)
	}
	return report, err
}

func (n *network) bench(ctx context.Context, o bench.Options) (*bench.Report, error) {
	report, err := bench.Run(ctx, n.options(o))
	if err != nil {
		return nil, err
	}
	n.rates[o.Workload] = report.TransactionsPerSecond()
	if err := report.Check(); err != nil {
		n.run.result.Reports = append(n.run.result.Reports, report) // The row is judged by it.
		return nil, err
	}
	return report, nil
}

// options are those of a run on this network. Parts are numbered by the reports that are kept: a row that is gone on from has those of earlier runs.
func (n *network) options(o bench.Options) bench.Options {
	o.Folder, o.Row, o.Part, o.Progress = n.folder, n.run.row.name, len(n.run.result.Reports)+1, n.run.told
	if o.Payers == 0 {
		o.Payers = n.run.accounts(1000)
	}
	for _, other := range n.run.networks {
		if other != n && other.stop != nil {
			o.Beside = append(o.Beside, other.folder)
		}
	}
	return o
}

// slice measures a workload in a closed loop for about so long. How many transactions that takes is known from the run before, or from a short one.
func (n *network) slice(ctx context.Context, o bench.Options, length time.Duration) (*bench.Report, error) {
	if err := n.warm(ctx, o.Workload); err != nil {
		return nil, err
	}
	o.Count, o.WarmUp = n.count(o.Workload, length), warmUp
	return n.measure(ctx, o)
}

const (
	// warmUp is which part of a slice is answered first and not measured.
	warmUp = 0.1
	// fewest is how many transactions are measured at least.
	fewest = 100
)

// count is how many transactions take so long, with those of the warm-up. As many as there are callers are measured at least: answers come many at once, and
// of fewer the time says nothing.
func (n *network) count(workload string, length time.Duration) int {
	callers := bench.Callers(workload)
	measured := max(fewest, callers, int(n.rates[workload]*length.Seconds()))
	return measured + max(callers, int(float64(measured)*warmUp/(1-warmUp)))
}

// warm finds out how fast a workload is about, once for each network. What it finds is no result.
func (n *network) warm(ctx context.Context, workload string) error {
	if n.rates[workload] > 0 {
		return nil
	}
	count := probes[workload]
	_, err := n.bench(ctx, bench.Options{
		Workload: workload, Count: max(fewest, int(float64(count)*min(1, n.run.o.scale()))), Calibration: n.run.machine,
	})
	return err
}

// probes are how many transactions find out how fast a workload is: some seconds' worth.
var probes = map[string]int{"stream": 8000, "unary": 6000, "hot": 8000, "bulk": 300, "mixed": 2000}

// audit lets every network come to rest, stops it, and replays the history of each validator. One that does not come to rest has failed: measured again
// it might.
func (r *run) audit(ctx context.Context) error {
	for _, n := range r.networks {
		restless := n.folder.Await(ctx, "all validators at one final size", sandbox.Status.Quiet)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		stopped := n.end(ctx)
		if restless == nil && stopped != nil {
			return stopped
		}
		r.told.tell("auditing %d validators", n.validators)
		a := n.audit(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if restless != nil {
			a.Error = strings.TrimSuffix(errors.Join(restless, stopped).Error()+"\n"+a.Error, "\n")
		}
		r.result.Audits = append(r.result.Audits, a)
	}
	return nil
}

// auditsAtOnce bounds the memory of audits.
const auditsAtOnce = 2

func (n *network) audit(ctx context.Context) Audit {
	a := Audit{Validators: n.validators, Roots: make([]Root, n.validators)}
	var mu sync.Mutex
	var found error
	var group errgroup.Group
	group.SetLimit(auditsAtOnce)
	for i := range n.validators {
		group.Go(func() error {
			root, err := n.run.o.Audit(ctx, n.folder.Validator(i+1))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				found = errors.Join(found, fmt.Errorf("validator %d: %w", i+1, err))
				return nil
			}
			a.Roots[i] = root
			a.Passed++
			return nil
		})
	}
	_ = group.Wait() // Everything that was found is in found.
	if found != nil {
		a.Error = found.Error()
	}
	a.Same = true
	for _, root := range a.Roots {
		a.Same = a.Same && root == a.Roots[0]
	}
	return a
}

// end stops the network's processes, and notes which have ended before.
func (n *network) end(ctx context.Context) error {
	if n.stop == nil {
		return nil
	}
	if s, err := n.folder.Status(ctx); err == nil {
		for i, v := range s.Validators {
			if v.Pid == 0 {
				n.run.ended = append(n.run.ended, v.Name)
				n.run.told.tell("%s has ended: its log is %s", v.Name, filepath.Join(n.folder.Validator(i+1), "log"))
			}
		}
	}
	stop := n.stop
	n.stop = nil
	return stop()
}

// stop ends every network that a row left running.
func (r *run) stop(ctx context.Context) error {
	var err error
	for _, n := range r.networks {
		err = errors.Join(err, n.end(ctx))
	}
	return err
}

// step does what an earlier run of the row has not done. The caller's row keeps its networks.
func (r *run) step(name string, do func() (*bench.Report, error)) (*bench.Report, error) {
	if done := r.journal.steps[stepKey{r.row.name, name}]; done != nil {
		r.told.tell("%s: done before", name)
		r.result.Reports = append(r.result.Reports, done)
		return done, nil
	}
	report, err := do()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if !r.row.keep {
		return report, nil
	}
	return report, r.journal.write(entry{Step: &step{Row: r.row.name, Name: name, Report: report}})
}
