package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
)

// Document is a file of reports.
type Document struct {
	Reports []*Report `json:"reports"`
}

// suiteDocument is what a suite's file has of it.
type suiteDocument struct {
	Document
	Rows []Document `json:"rows"`
}

// ReadDocument reads what Write wrote, or the reports of a suite's rows.
func ReadDocument(path string) (Document, error) {
	var d suiteDocument
	raw, err := os.ReadFile(path)
	if err != nil {
		return d.Document, fmt.Errorf("read reports: %w", err)
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return d.Document, fmt.Errorf("read reports of %s: %w", path, err)
	}
	for _, row := range d.Rows {
		d.Reports = append(d.Reports, row.Reports...)
	}
	if len(d.Reports) == 0 {
		return d.Document, fmt.Errorf("read reports of %s: there is none", path)
	}
	return d.Document, nil
}

// Write writes the document.
func (d Document) Write(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		return fmt.Errorf("write reports: %w", err)
	}
	return nil
}

// Compare prints what two documents have in common: figures as ratios to what the machine could do at the time, since it may have been
// another machine, or a busier one.
func Compare(out io.Writer, a, b Document) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "workload\tfigure\tfirst\tsecond\tsecond / first\t")
	found := false
	var warnings []string
	for _, x := range a.Reports {
		for _, y := range b.Reports {
			if x.key() != y.key() {
				continue
			}
			found = true
			name := x.Workload
			if x.Row != "" {
				name = fmt.Sprintf("%s %d, %s", x.Row, x.Part, x.Workload)
			}
			warnings = append(warnings, unlike(name, x, y)...)
			for _, f := range figures {
				p, q := f.of(x), f.of(y)
				if p == 0 || q == 0 {
					continue
				}
				fmt.Fprintf(w, "%s\t%s\t%.2f\t%.2f\t%.2f\t\n", name, f.name, p, q, q/p)
				name = ""
			}
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print comparison: %w", err)
	}
	if !found {
		return fmt.Errorf("compare: the files have no workload in common, at the same rate and with as many validators, callers and payers")
	}
	for _, warning := range warnings {
		if _, err := fmt.Fprintln(out, warning); err != nil {
			return fmt.Errorf("print comparison: %w", err)
		}
	}
	return nil
}

// alike is how many times as long one of two may be that are compared without a warning.
const alike = 2

// unlike warns of what makes two figures differ whatever the network does.
func unlike(name string, x, y *Report) (warnings []string) {
	for _, c := range []struct {
		what string
		p, q float64
	}{{"seconds measured", x.Seconds, y.Seconds}, {"leaves before", float64(x.Leaves), float64(y.Leaves)}} {
		if max(c.p, c.q) > alike*min(c.p, c.q) {
			warnings = append(warnings, fmt.Sprintf("warning: %s: %.*f %s in the first, %.*f in the second", name, digits(c.p), c.p, c.what, digits(c.q), c.q))
		}
	}
	return warnings
}

// reportKey is what makes two reports comparable.
type reportKey struct {
	workload                    string
	rate                        float64
	validators, callers, payers int
	row                         string
	part                        int
}

func (r *Report) key() reportKey {
	k := reportKey{workload: r.Workload, rate: r.Rate, validators: r.Validators, callers: r.Callers, payers: r.Payers, row: r.Row, part: r.Part}
	if r.Row == "latency" {
		k.rate = 0 // It is half of what was found just before.
	}
	return k
}

var figures = []struct {
	name string
	of   func(*Report) float64
}{
	{"transfers/s", func(r *Report) float64 { return r.PerSecond }},
	{"x naive bound", func(r *Report) float64 { return r.ToNaive }},
	{"accepted p50 ms", func(r *Report) float64 { return r.Accepted.P50 }},
	{"accepted p99 ms", func(r *Report) float64 { return r.Accepted.P99 }},
	{"final p50 ms", func(r *Report) float64 { return r.Final.P50 }},
	{"final p99 ms", func(r *Report) float64 { return r.Final.P99 }},
	{"CPU us a transfer", func(r *Report) float64 { return sum(r.CPU) }},
	{"CPU, in verifications", func(r *Report) float64 { return sum(r.CPU) / r.Calibration.VerifyBusyMicros }},
	{"wire bytes a transfer", func(r *Report) float64 { return r.Wire }},
}

func sum(m map[string]float64) (total float64) {
	for _, v := range m {
		total += v
	}
	return total
}
