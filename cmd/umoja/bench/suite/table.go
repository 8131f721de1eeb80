package suite

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Document is what a run found.
type Document struct {
	Suite string `json:"suite"`
	// Seconds is how long a measurement was to take, Full how long it takes when the figures count.
	Seconds float64   `json:"measurement_seconds"`
	Full    float64   `json:"full_seconds"`
	Begun   time.Time `json:"begun"`
	Rows    []*Result `json:"rows"`
}

// Write writes the document.
func (d Document) Write(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// Check says which rows found what must not be, or did not finish. A goal that was missed is no error.
func (d Document) Check() error {
	var err error
	for _, r := range d.Rows {
		switch {
		case r.Wrong:
			err = errors.Join(err, fmt.Errorf("row %s: %s: %w", r.Row, r.Why, ErrFound))
		case r.Error != "":
			err = errors.Join(err, fmt.Errorf("row %s did not finish: %s", r.Row, r.Error))
		}
	}
	return err
}

// head says what the figures are of.
func (d Document) head() string {
	text := fmt.Sprintf("suite %s of %s, %s a measurement", d.Suite, d.Begun.Format("2006-01-02 15:04"), duration(d.Seconds))
	if d.Seconds < d.Full {
		text += fmt.Sprintf(" in the place of %s: a quick look, not a figure", duration(d.Full))
	}
	others := 0.0
	for _, r := range d.Rows {
		others = max(others, r.Others)
	}
	for _, r := range d.Rows {
		if len(r.Reports) > 0 {
			c := r.Reports[0].Calibration
			text += fmt.Sprintf("\n%d processors: verification %.0f us, %.0f with all busy; sha256 %.0f MB/s; fsync %.0f us; gRPC echo %.0f/s",
				c.Cores, c.VerifyMicros, c.VerifyBusyMicros, c.SHA256MBps, c.FsyncMicros, c.EchoPerSecond)
			break
		}
	}
	return text + fmt.Sprintf("; other programs used up to %.0f %%", 100*others)
}

// foot says what the ledgers came to.
func (d Document) foot() string {
	passed, all, leaves := 0, 0, uint64(0)
	for _, r := range d.Rows {
		for _, a := range r.Audits {
			all++
			if a.err() == nil {
				passed++
				leaves += a.Roots[0].Leaves
			}
		}
	}
	if all == 0 {
		return "audits: none, no ledger was finished"
	}
	return fmt.Sprintf("audits: %d of %d networks, each validator's history replayed, all with one root; %s transactions", passed, all, thousands(float64(leaves)))
}

func duration(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
}

// cells are a row of the table.
func (r *Result) cells() []string {
	verdict := string(r.Verdict)
	goal, figure, ratio := r.Goal, r.Figure, r.Ratio
	for _, cell := range []*string{&goal, &figure, &ratio} {
		if *cell == "" {
			*cell = "–"
		}
	}
	return []string{r.Measure, goal, figure, ratio, verdict}
}

var titles = []string{"measure", "goal", "figure", "ratio", "verdict"}

// Print writes the table for people.
func (d Document) Print(out io.Writer) error {
	fmt.Fprintf(out, "%s\n\n", d.head())
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(titles, "\t"))
	for _, r := range d.Rows {
		fmt.Fprintln(w, strings.Join(r.cells(), "\t"))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print table: %w", err)
	}
	fmt.Fprintln(out)
	for _, r := range d.Rows {
		for _, line := range append([]string{r.Why, r.unmade()}, r.Notes...) {
			if line != "" {
				fmt.Fprintf(out, "%s: %s\n", r.Row, line)
			}
		}
		if r.Kept != "" {
			fmt.Fprintf(out, "%s: its networks are kept in %s\n", r.Row, r.Kept)
		}
	}
	_, err := fmt.Fprintln(out, d.foot())
	return err
}

// Markdown writes the table for a README.
func (d Document) Markdown(out io.Writer) error {
	var b strings.Builder
	line := func(cells []string) {
		for i := range cells {
			cells[i] = strings.ReplaceAll(cells[i], "|", "\\|")
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	line(append([]string(nil), titles...))
	b.WriteString("|---|---|---|---|---|\n")
	for _, r := range d.Rows {
		line(r.cells())
	}
	b.WriteString("\n")
	for _, r := range d.Rows {
		for _, text := range []string{r.Why, r.unmade()} {
			if text != "" {
				fmt.Fprintf(&b, "- %s: %s.\n", r.Row, text)
			}
		}
	}
	fmt.Fprintf(&b, "\n%s. %s.\n", strings.ReplaceAll(d.head(), "\n", "; "), d.foot())
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("print table: %w", err)
	}
	return nil
}
