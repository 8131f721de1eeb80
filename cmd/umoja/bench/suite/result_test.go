package suite

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/cmd/umoja/bench"
)

// planted is a row that meets its goal: a figure of 5 where 4 was wanted, audited.
func planted() *Result {
	root := Root{Leaves: 1200, Tree: "aa", State: "bb"}
	return &Result{
		Row: "stream", Measure: "payments | stream", Goal: "≥ 4/s", Figure: "5.00/s", Ratio: "2.00 × naive bound",
		Checks:  []Check{{What: "transfers a second", Figure: 5, Bound: 4, Fragile: true}},
		Audits:  []Audit{{Validators: 2, Passed: 2, Roots: []Root{root, root}, Same: true}},
		Reports: []*bench.Report{{Workload: "stream", Validators: 2, Transfers: 10, Calibration: bench.Calibration{Cores: 2, VerifyMicros: 200}}},
	}
}

// TestJudge: every way in which a row can end.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(r *Result)
		want   Verdict
		why    string
		wrong  bool
	}{
		{"met", func(*Result) {}, Met, "", false},
		{"met on a busy machine", func(r *Result) { r.Reports[0].Others = 0.9 }, Met, "", false},
		{"missed", func(r *Result) { r.Checks[0].Figure = 3 }, Missed, "transfers a second 3.00, wanted at least 4.00", false},
		{"missed from above", func(r *Result) { r.Checks = []Check{{What: "p99 in ms", Figure: 1200, Bound: 1000, AtMost: true}} }, Missed, "p99 in ms 1,200, wanted at most 1,000", false},
		{"missed on a busy machine", func(r *Result) { r.Checks[0].Figure, r.Reports[0].Others = 3, 0.5 }, Unjudged, "other programs used 50 % of the processors", false},
		{"a ratio that others do not change, on a busy machine", func(r *Result) {
			r.Checks[0] = Check{What: "ratio", Figure: 0.5, Bound: 0.9}
			r.Reports[0].Others = 0.5
		}, Missed, "ratio 0.50", false},
		{"no number", func(r *Result) { r.Checks[0].Figure = math.NaN() }, Missed, "transfers a second", false},
		{"no goal", func(r *Result) { r.Checks = nil }, Shown, "", false},
		{"too little", func(r *Result) { r.Doubt = "the profiles are short" }, Unjudged, "the profiles are short", false},
		{"unfinished", func(r *Result) { r.Error = "the sandbox did not start" }, Unjudged, "did not finish: the sandbox did not start", false},
		{"audit failed", func(r *Result) { r.Audits[0].Passed, r.Audits[0].Error = 1, "validator 2: a bad root" }, Missed, "validator 2: a bad root", true},
		{"an audit is missing", func(r *Result) { r.Audits[0].Passed = 1 }, Missed, "1 of 2 audits passed", true},
		{"roots differ", func(r *Result) { r.Audits[0].Same = false }, Missed, "the validators' roots differ", true},
		{"a payment is lost", func(r *Result) { r.Reports[0].Unknown = 1 }, Missed, "1 payments have no outcome", true},
		{"a receipt does not verify, and unfinished", func(r *Result) { r.Reports[0].WrongReceipts, r.Error = 3, "stopped" }, Missed, "3 receipts", true},
		{"a wrong balance, and unfinished", func(r *Result) { r.Reports[0].WrongBalances, r.Error = 2, "stopped" }, Missed, "2 balances", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := planted()
			c.change(r)
			r.judge()
			if r.Verdict != c.want || !strings.Contains(r.Why, c.why) || (c.why == "") != (r.Why == "") || r.Wrong != c.wrong {
				t.Errorf("%s, %q, wrong %v", r.Verdict, r.Why, r.Wrong)
			}
			d := Document{Rows: []*Result{r}}
			if err := d.Check(); (err != nil) != (c.wrong || r.Error != "") || c.wrong && !errors.Is(err, ErrFound) {
				t.Errorf("the run ends with %v", err)
			}
		})
	}
}

// TestTable: the table says what the rows say, for people and for a README, and that a short run is no figure.
func TestTable(t *testing.T) {
	met, missed := planted(), planted()
	missed.Row, missed.Checks[0].Figure, missed.Notes = "hot", 3, []string{"the turns' ratios: [0.5]"}
	missed.Reports = append(missed.Reports, planted().Reports...)
	missed.Reports[0].Failed, missed.Reports[1].Failed = map[string]int{"OVERLOADED": 2}, map[string]int{"EXPIRED": 1, "OVERLOADED": 998}
	met.judge()
	missed.judge()
	d := Document{Suite: "full", Seconds: 1, Full: 30, Begun: time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC), Rows: []*Result{met, missed}}
	var text, markdown bytes.Buffer
	if err := errors.Join(d.Print(&text), d.Markdown(&markdown)); err != nil {
		t.Fatal(err)
	}
	for out, wants := range map[*bytes.Buffer][]string{
		&text: {
			"suite full of 2026-11-21 20:00, 1s a measurement in the place of 30s: a quick look, not a figure", "verification 200 us",
			"payments | stream  ≥ 4/s  5.00/s  2.00 × naive bound  met\n", "hot: transfers a second 3.00, wanted at least 4.00\n", "hot: the turns' ratios",
			"hot: not made: 1 EXPIRED, 1,000 OVERLOADED\n",
			"audits: 2 of 2 networks, each validator's history replayed, all with one root; 2,400 transactions\n",
		},
		&markdown: {
			"| measure | goal | figure | ratio | verdict |\n|---|---|---|---|---|\n| payments \\| stream | ≥ 4/s | 5.00/s | 2.00 × naive bound | met |\n",
			"- hot: transfers a second 3.00, wanted at least 4.00.\n", "- hot: not made: 1 EXPIRED, 1,000 OVERLOADED.\n", "a quick look",
		},
	} {
		for _, want := range wants {
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %q in\n%s", want, out.String())
			}
		}
	}
}

// TestAllMade: a row whose payments were not all made has not met its goal, however fast it was, in whichever of its measurements.
func TestAllMade(t *testing.T) {
	for _, c := range []struct {
		first, second map[string]int
		want          Verdict
	}{{nil, nil, Met}, {map[string]int{"OVERLOADED": 1}, nil, Missed}, {nil, map[string]int{"OVERLOADED": 1}, Missed}} {
		r := &run{result: planted()}
		r.result.Reports = append(r.result.Reports, planted().Reports...)
		r.result.Reports[0].Failed, r.result.Reports[1].Failed = c.first, c.second
		r.allMade()
		if r.result.judge(); r.result.Verdict != c.want {
			t.Errorf("%v and %v: %s %s", c.first, c.second, r.result.Verdict, r.result.Why)
		}
	}
}

// TestNumbers: as many digits as say something.
func TestNumbers(t *testing.T) {
	for f, want := range map[float64]string{0.456: "0.46", 12.34: "12.3", 345.6: "346", 1234567.8: "1,234,568", 25000: "25,000"} {
		if got := number(f); got != want {
			t.Errorf("%g: %s, want %s", f, got, want)
		}
	}
}

// TestShadow: three seconds after a kill do not count, and what a payment waited before and after them does.
func TestShadow(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	after := func(ms int) time.Time { return at.Add(time.Duration(ms) * time.Millisecond) }
	for _, c := range []struct{ begun, ended, counts int }{
		{-500, -100, 400}, {-500, 900, 500}, {100, 2900, 0}, {2900, 4500, 1500}, {-100, 5000, 2100}, {3000, 3040, 40},
	} {
		k := &killer{at: at}
		if counts := k.shadow(after(c.begun), after(c.ended)); counts != time.Duration(c.counts)*time.Millisecond {
			t.Errorf("from %d to %d: %s", c.begun, c.ended, counts)
		}
	}
	if counts := new(killer).shadow(after(0), after(5000)); counts != 5*time.Second {
		t.Errorf("before a kill: %s", counts)
	}
}

// TestInterleaved: each of two is first as often as the other, about, and the ratio is that of one turn.
func TestInterleaved(t *testing.T) {
	var order string
	one := func(name string, perSecond float64) func() (*bench.Report, error) {
		return func() (*bench.Report, error) { order += name; return &bench.Report{PerSecond: perSecond}, nil }
	}
	ratios, err := interleaved(one("a", 3), one("b", 2), func(a, b *bench.Report) float64 { return a.PerSecond / b.PerSecond })
	if err != nil || order != "abbaabbaab" || median(ratios) != 1.5 {
		t.Errorf("%s %v %v", order, ratios, err)
	}
}

// TestGrown: growth is told of the lengths that were measured, and doubted when the looks at either length differ too much.
func TestGrown(t *testing.T) {
	looks := func(leaves uint64, ratios ...float64) (reports []*bench.Report) {
		for k, ratio := range ratios {
			found := 1000 - 100*float64(k%3) // The calibrations differ, of which the best counts.
			reports = append(reports, &bench.Report{NaiveBound: found, ToNaive: 1000 * ratio / found, PerSecond: 1000 * ratio, Leaves: leaves + 16_000*uint64(k)})
		}
		return reports
	}
	even, wild := []float64{1.9, 2, 2.1, 2, 2}, []float64{1, 1.2, 2, 3, 3.5}
	for _, c := range []struct {
		name         string
		small, large []float64
		figure       string
		want         Verdict
		doubts       int
	}{
		{"as fast as before", even, even, "1.00 × from 50,000 to 532,000 leaves", Met, 0},
		{"slower", even, []float64{1, 1, 1, 1, 1}, "0.50 × from 50,000 to 532,000 leaves", Missed, 0},
		{"the small ones differ", wild, even, "1.00 × from 50,000 to 532,000 leaves", Unjudged, 1},
		{"the large ones differ", even, wild, "1.00 × from 50,000 to 532,000 leaves", Unjudged, 1},
		{"all differ", wild, wild, "1.00 × from 50,000 to 532,000 leaves", Unjudged, 2},
	} {
		r := &run{result: &Result{}}
		r.grown(looks(18_000, c.small...), looks(500_000, c.large...))
		if r.result.judge(); r.result.Figure != c.figure || r.result.Verdict != c.want || strings.Count(r.result.Why, "too far apart") != c.doubts {
			t.Errorf("%s: %s, %s %s", c.name, r.result.Figure, r.result.Verdict, r.result.Why)
		}
	}
}

// TestThroughput: a row of throughput is judged by the median of its turns beside the best that the machine could do, and doubted when ratios that are judged differ too much.
func TestThroughput(t *testing.T) {
	for _, c := range []struct {
		name   string
		rates  []float64
		bounds []float64
		ratio  float64
		want   Verdict
		figure string
	}{
		{"even turns", []float64{4100, 4200, 4300, 4400, 4500}, []float64{2000, 2000, 2000, 2000, 2000}, 2, Met, "4,300/s; 2.15 × naive bound of 2,000/s, median of 5 turns"},
		{"one turn strays", []float64{4300, 1000, 4200, 4300, 9000}, []float64{2000, 2000, 2000, 2000, 2000}, 2, Met, "4,300/s; 2.15 × naive bound of 2,000/s, median of 5 turns"},
		{"one calibration strays", []float64{3900, 3900, 3900, 3900, 3900}, []float64{2000, 2000, 1000, 2000, 2000}, 2, Missed, "3,900/s; 1.95 × naive bound of 2,000/s, median of 5 turns"},
		{"calibrations that were held up", []float64{4100, 4100, 4100, 4100, 4100}, []float64{2100, 1700, 1700, 1700, 1700}, 2, Missed, "4,100/s; 1.95 × naive bound of 2,100/s, median of 5 turns"},
		{"turns that differ", []float64{3000, 4000, 4300, 6000, 7000}, []float64{2000, 2000, 2000, 2000, 2000}, 2, Unjudged, "4,300/s; 2.15 × naive bound of 2,000/s, median of 5 turns"},
		{"turns that differ, with no goal for the ratio", []float64{3000, 4000, 4300, 6000, 7000}, []float64{2000, 2000, 2000, 2000, 2000}, 0, Met, "4,300/s; 2.15 × naive bound of 2,000/s, median of 5 turns"},
	} {
		var reports []*bench.Report
		for k, rate := range c.rates {
			reports = append(reports, &bench.Report{Transfers: 1, PerSecond: rate, NaiveBound: c.bounds[k], ToNaive: rate / c.bounds[k], Wire: rate})
		}
		r := &run{result: &Result{Reports: reports}}
		r.throughput(reports, 3900, c.ratio)
		if r.result.judge(); r.result.Verdict != c.want || r.result.Figure+"; "+r.result.Ratio != c.figure {
			t.Errorf("%s: %s %s: %s; %s", c.name, r.result.Verdict, r.result.Why, r.result.Figure, r.result.Ratio)
		}
		if want := fmt.Sprintf("%.0f bytes on the wire", median(c.rates)); !strings.Contains(r.result.Notes[0], want) {
			t.Errorf("%s: not the middle turn is described: %s", c.name, r.result.Notes[0])
		}
	}
}

// TestSteady: turns that lie far apart are doubted, and one that strays is not enough for that.
func TestSteady(t *testing.T) {
	for _, c := range []struct {
		ratios []float64
		doubt  bool
	}{{[]float64{0.9, 1, 1.1, 1, 0.95}, false}, {[]float64{0.1, 1, 1.1, 1, 3}, false}, {[]float64{0.44, 1.16, 1.56, 0.44, 2.07}, true}} {
		r := &run{result: planted()}
		r.steady(turnsRatios, c.ratios)
		if r.result.judge(); (r.result.Verdict == Unjudged) != c.doubt {
			t.Errorf("%v: %s %s", c.ratios, r.result.Verdict, r.result.Why)
		}
	}
}
