package suite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/umoja-ledger/umoja/cmd/umoja/bench"
	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
)

// TestParts: a row that is gone on from numbers its parts as one that was not cut off, and what finds out how fast a workload is has no number.
func TestParts(t *testing.T) {
	o := Options{Suite: "soak", Duration: time.Hour}
	numbers := func(j *journal, steps int) (parts []int) {
		r := &run{o: o, row: row{name: "growth", keep: true}, result: &Result{}, journal: j, told: teller{out: t.Output()}}
		n := &network{run: r}
		for k := range steps {
			report, err := r.step(fmt.Sprintf("look %d", k+1), func() (*bench.Report, error) {
				_ = n.options(bench.Options{}) // A probe: its report is not kept.
				report := &bench.Report{Part: n.options(bench.Options{}).Part}
				r.result.Reports = append(r.result.Reports, report)
				return report, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, report.Part)
		}
		return parts
	}
	for _, before := range []int{0, 1, 3} {
		path := filepath.Join(t.TempDir(), "journal.jsonl")
		for _, steps := range []int{before, 4} {
			j, err := openJournal(path, begin{Suite: o.Suite, Duration: o.Duration, At: time.Now()})
			if err != nil {
				t.Fatal(err)
			}
			if parts := numbers(j, steps); !slices.Equal(parts, []int{1, 2, 3, 4}[:steps]) {
				t.Errorf("cut off after %d: parts %v", before, parts)
			}
			if err := j.file.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestCount: what is measured takes as long as was asked for, behind a warm-up of one payment for each caller, or a tenth of all.
func TestCount(t *testing.T) {
	for _, c := range []struct {
		workload string
		rate     float64
		length   time.Duration
		want     int
	}{
		{"stream", 5000, 3 * time.Second, 15_000 + 4096},
		{"stream", 5000, 18 * time.Second, 100_000},
		{"stream", 5000, 200 * time.Millisecond, 4096 + 4096},
		{"bulk", 225, 6 * time.Second, 1500},
		{"bulk", 10, time.Second, 100 + 64},
	} {
		n := &network{rates: map[string]float64{c.workload: c.rate}}
		if got := n.count(c.workload, c.length); got != c.want {
			t.Errorf("%s at %g/s for %s: %d, want %d", c.workload, c.rate, c.length, got, c.want)
		}
	}
}

// TestBeside: the other networks of a row that run are no other programs, and those that were stopped have no processes.
func TestBeside(t *testing.T) {
	r, runs := &run{o: Options{Suite: "full", Duration: time.Second}, result: &Result{}}, func() error { return nil }
	few, many := &network{run: r, folder: "few", stop: runs}, &network{run: r, folder: "many", stop: runs}
	r.networks = []*network{few, many, {run: r, folder: "stopped"}}
	for n, want := range map[*network]sandbox.Folder{few: "many", many: "few"} {
		if got := n.options(bench.Options{}).Beside; !slices.Equal(got, []sandbox.Folder{want}) {
			t.Errorf("beside %s are %v", n.folder, got)
		}
	}
}

// TestRestless: a network whose validators never come to one final size is stopped and audited all the same, and fails: the row is wrong, and not to be tried
// again. A run that is cut off meanwhile says nothing of it.
func TestRestless(t *testing.T) {
	for _, c := range []struct {
		name      string
		cut       bool
		histories error
		verdict   Verdict
		wrong     bool
	}{
		{"every history is right", false, nil, Missed, true},
		{"the histories are wrong too", false, errors.New("a bad root"), Missed, true},
		{"cut off", true, nil, Unjudged, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				stopped, audited := 0, 0
				r := &run{result: &Result{}, told: teller{out: t.Output()}, o: Options{Audit: func(context.Context, string) (Root, error) { audited++; return Root{}, c.histories }}}
				r.networks = []*network{{run: r, folder: sandbox.Folder(dir), validators: 1, stop: func() error { stopped++; return nil }}} // An empty folder is never at rest.
				if c.cut {
					cancel()
				}
				err := r.audit(ctx)
				if err != nil {
					r.result.Error = err.Error()
				}
				if r.result.judge(); r.result.Verdict != c.verdict || r.result.Wrong != c.wrong || c.cut != errors.Is(err, context.Canceled) {
					t.Errorf("%s, wrong %v: %s; %v", r.result.Verdict, r.result.Wrong, r.result.Why, err)
				}
				if !c.cut && (stopped != 1 || audited != 1) {
					t.Errorf("stopped %d times, %d histories audited", stopped, audited)
				}
			})
		})
	}
}
