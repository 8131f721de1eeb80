package soak

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/umoja-ledger/umoja/ussd/handset"
)

// ErrFound means that a run found what must not be.
var ErrFound = errors.New("the run found what must not be")

// Goals of a gateway on two cores beside its sandbox.
const (
	plainGoal  = time.Second
	argonGoal  = 3 * time.Second
	memoryGoal = 250 << 20
)

// finish compares with the ledger, audits, and prints the report.
func (c *crew) finish(ctx context.Context, s *Summary) error {
	if err := c.settled(ctx); err != nil {
		return err
	}
	c.tell("comparing with the ledger")
	f, err := c.compare(ctx)
	if err != nil {
		return err
	}
	passed, auditErr := c.audits(ctx)
	n := c.tally.now()
	s.take(f, n)
	w := tabwriter.NewWriter(c.o.Out, 0, 8, 2, ' ', tabwriter.AlignRight)
	line := func(format string, args ...any) { fmt.Fprintf(w, format+"\t\n", args...) }
	fmt.Fprintf(c.o.Out, "%d sessions of %d phones over %d aggregators, %d reached the PIN; %d requests in %s; killed: gateway %d, leader %d\n",
		n.Sessions, c.o.Users, len(n.Formats), n.PINs, n.Requests, n.Took.Round(time.Second), n.Kills[Gateway], n.Kills[Leader])
	line("payments\t")
	for _, o := range []outcome{paid, refused, notMade, unreached} {
		for _, how := range []way{atOnce, byText, byRedial} {
			if count := f.told[o][how]; count > 0 {
				line("%s, told %s\t%d", o, how, count)
			}
		}
	}
	line("made after the PIN was thought lost\t%d", f.afterwards)
	line("unknown after redial\t%d", f.untold)
	line("against the ledger\t")
	bad := []struct {
		name string
		n    int
	}{
		{"double", f.double}, {"lost", f.lost}, {"unknown", f.untold}, {"made without a PIN", f.unasked}, {"made otherwise than told", f.otherwise},
		{"promised messages that did not come", f.untexted}, {"balances that are not the sum of their movements", f.unbalanced},
		{"right PINs called wrong", n.Refused}, {"one request, two answers", n.Differing},
	}
	found := 0
	for _, b := range bad {
		found += b.n
		line("%s\t%d", b.name, b.n)
	}
	dull := c.faultLines(line, n)
	line("answers\t")
	line("p50, p99 of %d screens without a PIN\t%s, %s", n.Plain.total(), n.Plain.percentile(50), n.Plain.percentile(99))
	line("p50, p99 of %d last steps\t%s, %s", n.Argon.total(), n.Argon.percentile(50), n.Argon.percentile(99))
	if c.o.Rate > 0 {
		line("requests a second, of %g\t%.1f", c.o.Rate, float64(n.Requests)/n.Took.Seconds())
		line("sessions that had no phone that was free\t%d", n.Missed)
	}
	line("the gateway's resident memory, at most\t%d MB", n.Memory>>20)
	line("screens that say nothing known\t%d", n.Unread)
	if c.o.Audit != nil {
		line("audits passed\t%d of %d", passed, len(c.genesis.Validators))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	for _, example := range slices.Concat(f.examples, prefixed("unread: ", c.strange)) {
		fmt.Fprintln(c.o.Out, strings.ReplaceAll(example, "\n", " / "))
	}
	switch {
	case auditErr != nil:
		return auditErr
	case found > 0:
		return fmt.Errorf("%d times: %w", found, ErrFound)
	case len(dull) > 0:
		return fmt.Errorf("faults that were to happen and never did (%s): %w", strings.Join(dull, ", "), ErrFound)
	}
	return c.fastEnough(n)
}

// fastEnough holds a run at a rate to the goals.
func (c *crew) fastEnough(n counts) error {
	if c.o.Rate == 0 {
		return nil
	}
	switch {
	case n.Missed > 0:
		return fmt.Errorf("%d sessions had no phone that was free: take more users, or a lower rate: %w", n.Missed, ErrFound)
	case n.Plain.percentile(99) > plainGoal:
		return fmt.Errorf("p99 of screens without a PIN is above %s: %w", plainGoal, ErrFound)
	case n.Argon.percentile(99) > argonGoal:
		return fmt.Errorf("p99 of last steps is above %s: %w", argonGoal, ErrFound)
	case n.Memory > memoryGoal:
		return fmt.Errorf("the gateway's memory is above %d MB: %w", memoryGoal>>20, ErrFound)
	}
	return nil
}

// faultLines print how often each fault bit, and name those that never did.
func (c *crew) faultLines(line func(string, ...any), n counts) (dull []string) {
	line("faults that bit\t")
	for _, f := range handset.Faults() {
		if c.o.Faults[f] == 0 && n.Bites[f.Name()] == 0 {
			continue
		}
		line("%s\t%d", f, n.Bites[f.Name()])
		if n.Bites[f.Name()] == 0 {
			dull = append(dull, f.String())
		}
	}
	for _, what := range slices.SortedFunc(maps.Keys(n.Broken), cmp.Compare) {
		line("without an answer: %s\t%d", what, n.Broken[what])
	}
	return dull
}

func prefixed(prefix string, texts []string) []string {
	var all []string
	for _, t := range texts {
		all = append(all, prefix+t)
	}
	return all
}
