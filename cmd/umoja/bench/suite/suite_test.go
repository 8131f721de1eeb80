package suite

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/cmd/umoja/bench"
	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
)

// TestOptions: each wrong option is named with its rule.
func TestOptions(t *testing.T) {
	for want, o := range map[string]Options{
		`suite: "all" is none of full, soak`:      {Suite: "all"},
		`row: suite full has no "hour"; its rows`: {Suite: "full", Rows: []string{"stream", "hour"}},
		"duration: 1m0s is not from 1s to 30s":    {Suite: "full", Duration: time.Minute},
		"duration: 1ms is not from 1s to 1h0m0s":  {Suite: "soak", Duration: time.Millisecond},
		"rate: 0.5 is not from 1 to 100000":       {Suite: "soak", Rate: 0.5},
	} {
		if err := o.Check(); !errors.Is(err, ErrOptions) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	good := Options{Suite: "full"}
	if err := good.Check(); err != nil || good.Duration != 30*time.Second || good.scale() != 1 || len(good.rows()) != 11 {
		t.Errorf("%v %+v", err, good)
	}
}

// TestRowWithoutNetwork: a row that needs none is measured and judged, and a second run has it from the journal.
func TestRowWithoutNetwork(t *testing.T) {
	o := Options{Suite: "full", Rows: []string{"batch"}, Duration: time.Second, Dir: t.TempDir(), Progress: t.Output()}
	first, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r := first.Rows[0]; len(r.Checks) != 3 || r.Checks[0].Figure < 1 || r.Verdict == Shown || r.Error != "" {
		t.Errorf("%+v", r)
	}
	second, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.Rows, second.Rows); diff != "" {
		t.Error(diff)
	}
	if !second.Begun.Equal(first.Begun) {
		t.Errorf("begun at %s, then at %s", first.Begun, second.Begun)
	}
}

// TestUnfinished: a row that cannot be measured says why, the others are measured, and the next run tries it again.
func TestUnfinished(t *testing.T) {
	starts := 0
	o := Options{
		Suite: "full", Rows: []string{"unary", "batch"}, Duration: time.Second, Dir: t.TempDir(), Progress: t.Output(),
		Start: func(context.Context, sandbox.Options) (func() error, error) {
			starts++
			return nil, errors.New("no port is free")
		},
	}
	for run := range 2 {
		d, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Rows) != 2 || d.Rows[0].Verdict != Unjudged || d.Rows[0].Why != "did not finish: no port is free" || d.Check() == nil {
			t.Errorf("run %d: %+v, %v", run, d.Rows[0], d.Check())
		}
	}
	if starts != 2 {
		t.Errorf("the row was tried %d times", starts)
	}
}

// TestWrongStaysWrong: a row whose ledger was not what it must be is not tried again until it is, and what it left is kept.
func TestWrongStaysWrong(t *testing.T) {
	o := Options{
		Suite: "soak", Rows: []string{"hour"}, Duration: time.Minute, Dir: t.TempDir(), Progress: t.Output(),
		Start: func(context.Context, sandbox.Options) (func() error, error) {
			return nil, errors.New("it was tried again")
		},
	}
	if err := o.Check(); err != nil {
		t.Fatal(err)
	}
	j, err := openJournal(filepath.Join(o.Dir, "journal.jsonl"), begin{Suite: o.Suite, Duration: o.Duration, Rate: o.Rate, At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	wrong := &Result{Row: "hour", Error: "2 balances are not what the answers say", Reports: []*bench.Report{{Transfers: 7, WrongBalances: 2}}}
	wrong.judge()
	if err := errors.Join(j.write(entry{Row: wrong}), j.file.Close()); err != nil {
		t.Fatal(err)
	}
	d, err := Run(t.Context(), o)
	if err != nil || len(d.Rows) != 1 || !d.Rows[0].Wrong || d.Rows[0].Verdict != Missed || d.Rows[0].Error != wrong.Error {
		t.Errorf("%+v, %v", d.Rows, err)
	}
}

// TestKept: the networks of a row that shows what must not be stay, and where they are is told; those of a row that is gone on from stay too, and nothing else does.
func TestKept(t *testing.T) {
	wrong := Audit{Validators: 4, Passed: 3, Error: "validator 2: a bad root"}
	broken := errors.New("the disk is full")
	for _, c := range []struct {
		name       string
		keep       bool
		run        func(r *run) error
		stay, kept bool
	}{
		{"a good row", false, func(*run) error { return nil }, false, false},
		{"a good row of hours", true, func(*run) error { return nil }, false, false},
		{"one that failed", false, func(*run) error { return broken }, false, false},
		{"one of hours that failed", true, func(*run) error { return broken }, true, false},
		{"a wrong one", false, func(r *run) error { r.result.Audits = []Audit{wrong}; return nil }, true, true},
		{"a wrong one of hours", true, func(r *run) error { r.result.Audits = []Audit{wrong}; return nil }, true, true},
		{"one whose validator has ended", false, func(r *run) error { r.ended = []string{"validator2"}; return broken }, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var told, table strings.Builder
			o := Options{Dir: t.TempDir()}
			network := filepath.Join(o.Dir, "row", "network4")
			result := measure(t.Context(), o, row{name: "row", keep: c.keep, run: func(_ context.Context, r *run) error {
				return errors.Join(os.Mkdir(network, 0o700), c.run(r))
			}}, nil, teller{out: &told})
			if err := (Document{Rows: []*Result{result}}).Print(&table); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(network); (err == nil) != c.stay {
				t.Errorf("there is still a network: %v", err)
			}
			if dir := filepath.Dir(network); (result.Kept == dir) != c.kept || strings.Contains(told.String(), dir) != c.kept || strings.Contains(table.String(), dir) != c.kept {
				t.Errorf("kept in %q; told\n%s\n%s", result.Kept, told.String(), table.String())
			}
		})
	}
}

// TestStopped: a row that was cut off is not written down as one that did not finish.
func TestStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := Options{
		Suite: "full", Rows: []string{"unary"}, Duration: time.Second, Dir: t.TempDir(), Progress: t.Output(),
		Start: func(ctx context.Context, _ sandbox.Options) (func() error, error) { cancel(); return nil, ctx.Err() },
	}
	if d, err := Run(ctx, o); !errors.Is(err, context.Canceled) || len(d.Rows) != 0 {
		t.Errorf("%v, %d rows", err, len(d.Rows))
	}
	if raw, err := os.ReadFile(filepath.Join(o.Dir, "journal.jsonl")); err != nil || strings.Contains(string(raw), `"row"`) {
		t.Errorf("%v %s", err, raw)
	}
}

// TestJournal: steps and rows come back, a line that was cut off goes, and the journal of another run is refused.
func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	b := begin{Suite: "soak", Duration: time.Hour, Rate: 1000, At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	j, err := openJournal(path, b)
	if err != nil {
		t.Fatal(err)
	}
	report := &bench.Report{Row: "hour", Part: 1, Transfers: 7}
	for _, e := range []entry{{Step: &step{"hour", "part 1 of 12", report}}, {Row: planted()}} {
		if err := j.write(e); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := j.file.WriteString(`{"row":{"row":"hour","verd`); err != nil {
		t.Fatal(err)
	}
	j.file.Close()
	later := b
	later.At = b.At.Add(time.Hour)
	j, err = openJournal(path, later)
	if err != nil {
		t.Fatal(err)
	}
	if got := j.steps[stepKey{"hour", "part 1 of 12"}]; got == nil || got.Transfers != 7 || len(j.steps) != 1 || len(j.rows) != 1 || j.rows["stream"] == nil || !j.begun.At.Equal(b.At) {
		t.Errorf("%+v", j)
	}
	if err := j.write(entry{Row: &Result{Row: "growth"}}); err != nil {
		t.Fatal(err)
	}
	j.file.Close()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not a line of JSON: %s", line)
		}
	}
	for what, change := range map[string]func(*begin){
		"suite": func(b *begin) { b.Suite = "full" }, "duration": func(b *begin) { b.Duration = time.Minute }, "rate": func(b *begin) { b.Rate = 1 },
	} {
		other := b
		change(&other)
		if _, err := openJournal(path, other); !errors.Is(err, ErrState) {
			t.Errorf("another %s: %v", what, err)
		}
	}
}
