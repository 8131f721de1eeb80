package bench

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
)

// TestOptions: each wrong option is named with its rule.
func TestOptions(t *testing.T) {
	good := Options{Workload: "stream", Count: 10, Payers: 2}
	if err := good.Check(); err != nil || good.Callers == 0 {
		t.Fatalf("good options: %v, %d callers", err, good.Callers)
	}
	rated := Options{Workload: "unary", Rate: 10, For: 2 * time.Second, Payers: 2}
	if err := rated.Check(); err != nil || rated.Count != 20 {
		t.Fatalf("a run at a rate: %v, %d transactions", err, rated.Count)
	}
	for field, change := range map[string]func(*Options){
		"workload": func(o *Options) { o.Workload = "all" },
		"count":    func(o *Options) { o.Count = 0 },
		"rate":     func(o *Options) { o.Rate = -1 },
		"for":      func(o *Options) { o.Rate, o.Count = 5, 10 },
		"callers":  func(o *Options) { o.Callers = -1 },
		"payers":   func(o *Options) { o.Payers = 1 },
		"warm-up":  func(o *Options) { o.WarmUp = 1 },
	} {
		bad := good
		change(&bad)
		if err := bad.Check(); !errors.Is(err, ErrOptions) || !strings.HasPrefix(err.Error(), field+":") {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// TestForms: nobody pays himself, every transaction has its legs, and a hot account is paid by all others.
func TestForms(t *testing.T) {
	for _, w := range Workloads {
		for _, payers := range []int{2, 3, 1000} {
			form := w.form(payers)
			for i := range 3 * payers {
				debit, credits := form(i)
				if len(credits) != w.legs {
					t.Fatalf("%s: %d legs, want %d", w.Name, len(credits), w.legs)
				}
				for _, c := range credits {
					if c == debit || c < 0 || c >= payers || w.hot && c != 0 {
						t.Fatalf("%s of %d payers: %d pays %d", w.Name, payers, debit, c)
					}
				}
			}
		}
	}
}

func sample(perSecond, p50 float64) *Report {
	r := &Report{Workload: "stream", Validators: 4, Transfers: 100, PerSecond: perSecond, CPU: map[string]float64{"validator1": 100, "load": 20}}
	r.Calibration = Calibration{Cores: 2, VerifyBusyMicros: 250}
	r.Final, r.Accepted = Latency{P50: p50, P99: 4 * p50}, Latency{P50: p50 / 2, P99: p50}
	return r
}

// TestCompare: two files are compared by what they have in common, and a file compared with itself is the same.
func TestCompare(t *testing.T) {
	var file bytes.Buffer
	d := Document{Reports: []*Report{sample(1000, 20)}}
	if err := d.Write(&file); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Compare(&out, d, Document{Reports: []*Report{sample(2000, 10)}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"transfers/s  1000.00  2000.00            2.00", "final p99 ms    80.00    40.00            0.50", "CPU, in verifications     0.48"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "warning") {
		t.Errorf("what is alike is warned of:\n%s", out.String())
	}
}

// TestCompareUnlike: what was measured in another way is not compared, and what is only longer is, with a warning.
func TestCompareUnlike(t *testing.T) {
	const refused = "no workload in common"
	for _, c := range []struct {
		what          string
		first, second func(*Report)
		want          string
	}{
		{"another workload", nil, func(r *Report) { r.Workload = "hot" }, refused},
		{"more validators", nil, func(r *Report) { r.Validators = 7 }, refused},
		{"more callers", nil, func(r *Report) { r.Callers = 64 }, refused},
		{"fewer payers", nil, func(r *Report) { r.Payers = 20 }, refused},
		{"another rate", func(r *Report) { r.Rate = 10 }, func(r *Report) { r.Rate = 20 }, refused},
		{"another rate of the hour", func(r *Report) { r.Row, r.Rate = "hour", 10 }, func(r *Report) { r.Row, r.Rate = "hour", 20 }, refused},
		{"another half of the peak", func(r *Report) { r.Row, r.Rate = "latency", 10 }, func(r *Report) { r.Row, r.Rate = "latency", 20 }, ""},
		{"a little longer", func(r *Report) { r.Seconds, r.Leaves = 30, 1000 }, func(r *Report) { r.Seconds, r.Leaves = 16, 1900 }, ""},
		{"a quick look", func(r *Report) { r.Seconds = 30 }, func(r *Report) { r.Seconds = 3 }, "warning: stream: 30.0 seconds measured in the first, 3.0 in the second\n"},
		{"a longer history", func(r *Report) { r.Leaves = 1011 }, func(r *Report) { r.Leaves = 500_011 }, "warning: stream: 1011 leaves before in the first, 500011 in the second\n"},
	} {
		x, y := sample(1000, 20), sample(1000, 20)
		for change, r := range map[*func(*Report)]*Report{&c.first: x, &c.second: y} {
			if *change != nil {
				(*change)(r)
			}
		}
		var out bytes.Buffer
		err := Compare(&out, Document{Reports: []*Report{x}}, Document{Reports: []*Report{y}})
		switch {
		case c.want == refused:
			if err == nil || !strings.Contains(err.Error(), refused) {
				t.Errorf("%s: %v", c.what, err)
			}
		case err != nil || !strings.HasSuffix(out.String(), c.want) || c.want == "" && strings.Contains(out.String(), "warning"):
			t.Errorf("%s: %v\n%s", c.what, err, out.String())
		}
	}
}

// TestPlot: the picture is XML, and says what each line is.
func TestPlot(t *testing.T) {
	var out bytes.Buffer
	if err := Plot(&out, []*Report{sample(900, 40), sample(100, 9), sample(500, 12)}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"final p99", "accepted p50", "transfers a second", "final p50 12.0 ms at 500/s"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in the picture", want)
		}
	}
	for d := xml.NewDecoder(&out); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := Plot(io.Discard, []*Report{sample(1, 1)}); err == nil {
		t.Error("one point was drawn")
	}
}

// TestCheck: what must not be is found.
func TestCheck(t *testing.T) {
	none := 0
	for what, change := range map[string]func(*Report){
		"no outcome": func(r *Report) { r.Unknown = 1 }, "a wrong balance": func(r *Report) { r.WrongBalances = 1 },
		"a wrong receipt": func(r *Report) { r.WrongReceipts = 1 },
		"nothing made":    func(r *Report) { r.Transfers = 0 }, "other roots": func(r *Report) { r.RootsDiffer = true }, "an audit": func(r *Report) { r.Audited = &none },
	} {
		r := sample(1, 1)
		if err := r.Check(); err != nil {
			t.Fatal(err)
		}
		change(r)
		if err := r.Check(); !errors.Is(err, ErrFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestLatencyOfPhones: what is not measured is not written down as 0, and what is measured is.
func TestLatencyOfPhones(t *testing.T) {
	for want, l := range map[string]Latency{
		`{"count":7,"p50_ms":600,"p99_ms":1300}`:                              {Count: 7, P50: 600, P99: 1300},
		`{"count":7,"p50_ms":1,"p90_ms":2,"p99_ms":3,"p999_ms":4,"max_ms":5}`: {Count: 7, P50: 1, P90: 2, P99: 3, P999: 4, Max: 5},
	} {
		if raw, err := json.Marshal(l); err != nil || string(raw) != want {
			t.Errorf("%s, want %s: %v", raw, want, err)
		}
	}
}

// TestNaiveBound: two cores, four validators, 250 us each: 2,000 a second.
func TestNaiveBound(t *testing.T) {
	if got := (Calibration{Cores: 2, VerifyBusyMicros: 250}).NaiveBound(4); got != 2000 {
		t.Errorf("got %g", got)
	}
}

// TestMeasuredOverARestart: what a validator used before it was killed is the network's, and nobody else's; and so is what a network beside it used.
func TestMeasuredOverARestart(t *testing.T) {
	const s = time.Second
	begun := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	before := sandbox.Usage{
		At: begun, CPU: map[string]time.Duration{"validator1": 50 * s, "validator2": 10 * s, "load": 5 * s},
		Pids: map[string]int{"validator1": 1, "validator2": 2, "load": 3}, Ended: 7 * s, Machine: 100 * s,
	}
	before.Beside = 3 * s
	after := sandbox.Usage{ // The first used 20 more before it was killed, and its successor 60.
		At: begun.Add(100 * s), Beside: 4 * s, CPU: map[string]time.Duration{"validator1": 60 * s, "validator2": 40 * s, "load": 15 * s},
		Pids: map[string]int{"validator1": 4, "validator2": 2, "load": 3}, Ended: 77 * s, Machine: 230 * s,
	}
	cores := runtime.NumCPU()
	r := &Report{Transfers: 1_000_000, Calibration: Calibration{Cores: cores + 1}} // As with GOMAXPROCS set to another number.
	r.measured(before, after)
	if math.Abs(r.Others-9.0/float64(100*cores)) > 1e-9 || r.CPU["validator1"] != 60 || r.CPU["validator2"] != 30 || r.CPU["load"] != 10 {
		t.Errorf("others %.3f, %v", r.Others, r.CPU)
	}
}
