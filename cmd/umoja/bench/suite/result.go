package suite

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/umoja-ledger/umoja/cmd/umoja/bench"
)

// ErrFound means that a ledger was not what it must be.
var ErrFound = errors.New("a ledger is not what it must be")

// Verdict is how a row is judged.
type Verdict string

// The verdicts.
const (
	Met      Verdict = "met"
	Missed   Verdict = "not met"
	Unjudged Verdict = "could not be judged"
	// Shown is of a row without a goal.
	Shown Verdict = "no goal"
)

// Check is a number and the bound that was set for it.
type Check struct {
	What   string  `json:"what"`
	Figure float64 `json:"figure"`
	Bound  float64 `json:"bound"`
	// AtMost says that the bound is from above.
	AtMost bool `json:"at_most,omitempty"`
	// Fragile says that the figure is worse when other programs use the machine.
	Fragile bool `json:"fragile,omitempty"`
}

func (c Check) holds() bool {
	if c.AtMost {
		return c.Figure <= c.Bound
	}
	return c.Figure >= c.Bound // What is not a number is neither.
}

// String says what was found and what was wanted.
func (c Check) String() string {
	word := "at least"
	if c.AtMost {
		word = "at most"
	}
	return fmt.Sprintf("%s %s, wanted %s %s", c.What, number(c.Figure), word, number(c.Bound))
}

// Audit is what the replay of a network's histories found.
type Audit struct {
	Validators int `json:"validators"`
	// Passed is how many histories were replayed and found right.
	Passed int `json:"passed"`
	// Roots are what the replays ended with; Same says that all are alike.
	Roots []Root `json:"roots"`
	Same  bool   `json:"same"`
	// Error says what was wrong.
	Error string `json:"error,omitempty"`
}

func (a Audit) err() error {
	switch {
	case a.Error != "":
		return fmt.Errorf("audit: %s: %w", a.Error, ErrFound)
	case a.Passed < a.Validators:
		return fmt.Errorf("%d of %d audits passed: %w", a.Passed, a.Validators, ErrFound)
	case !a.Same:
		return fmt.Errorf("the validators' roots differ: %w", ErrFound)
	}
	return nil
}

// Result is what became of a row.
type Result struct {
	Row     string `json:"row"`
	Measure string `json:"measure"`
	Goal    string `json:"goal,omitempty"`
	// Figure is what was measured and Ratio what that is beside something else of the same run, both for people.
	Figure string   `json:"figure"`
	Ratio  string   `json:"ratio,omitempty"`
	Checks []Check  `json:"checks,omitempty"`
	Notes  []string `json:"notes,omitempty"`

	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why,omitempty"`
	// Wrong says that the ledger is not what it must be.
	Wrong bool `json:"wrong,omitempty"`
	// Error says why the row did not finish.
	Error string `json:"error,omitempty"`
	// Kept is the folder of the row's networks, which show what was wrong; empty when they are gone, or are gone on from.
	Kept string `json:"kept,omitempty"`
	// Doubt says why the figures say too little to be judged.
	Doubt string `json:"doubt,omitempty"`
	// Others is the most that other programs used of the processors, as a part.
	Others float64 `json:"others_share"`
	// Seconds is how long the row took, audits included, in the run that finished it.
	Seconds float64 `json:"seconds"`

	Audits  []Audit         `json:"audits,omitempty"`
	Reports []*bench.Report `json:"reports,omitempty"`
}

// unmade says how many payments were answered otherwise than made, and how; empty when there is none.
func (r *Result) unmade() string {
	all := make(map[string]int)
	for _, report := range r.Reports {
		for what, count := range report.Failed {
			all[what] += count
		}
	}
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(all)) {
		parts = append(parts, fmt.Sprintf("%s %s", thousands(float64(all[what])), what))
	}
	if len(parts) == 0 {
		return ""
	}
	return "not made: " + strings.Join(parts, ", ")
}

// String is a line that tells how a row ended.
func (r *Result) String() string {
	text := string(r.Verdict)
	if r.Why != "" {
		text += ": " + r.Why
	}
	for _, part := range []string{r.Ratio, r.Figure} {
		if part != "" {
			text = part + "; " + text
		}
	}
	return text
}

// muchUsed is which part of the processors other programs may use before a figure is no longer blamed on the network.
const muchUsed = 0.1

// judge decides. What is wrong with a ledger outweighs every figure.
func (r *Result) judge() {
	r.Verdict, r.Why, r.Wrong = Shown, "", false
	var wrong []error
	for _, report := range r.Reports {
		r.Others = max(r.Others, report.Others)
		wrong = append(wrong, report.Check())
	}
	for _, a := range r.Audits {
		wrong = append(wrong, a.err())
	}
	if err := errors.Join(wrong...); err != nil {
		r.Verdict, r.Wrong, r.Why = Missed, true, strings.ReplaceAll(err.Error(), "\n", "; ")
		return
	}
	if r.Error != "" {
		r.Verdict, r.Why = Unjudged, "did not finish: "+r.Error
		return
	}
	if r.Doubt != "" {
		r.Verdict, r.Why = Unjudged, r.Doubt
		return
	}
	if len(r.Checks) == 0 {
		return
	}
	var missed []string
	fragile := true
	for _, c := range r.Checks {
		if !c.holds() {
			missed, fragile = append(missed, c.String()), fragile && c.Fragile
		}
	}
	switch why := strings.Join(missed, "; "); {
	case len(missed) == 0:
		r.Verdict = Met
	case fragile && r.Others > muchUsed:
		r.Verdict, r.Why = Unjudged, fmt.Sprintf("other programs used %.0f %% of the processors: %s", 100*r.Others, why)
	default:
		r.Verdict, r.Why = Missed, why
	}
}

// number writes a figure with as many digits as say something.
func number(f float64) string {
	switch {
	case f >= 1000:
		return thousands(f)
	case f >= 100:
		return fmt.Sprintf("%.0f", f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}

// thousands writes a whole number with commas.
func thousands(f float64) string {
	text := fmt.Sprintf("%.0f", f)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
