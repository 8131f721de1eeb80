package bench

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
)

// ErrOptions means that the options of a run are not valid.
var ErrOptions = errors.New("not valid")

// Options are what a run is told.
type Options struct {
	// Folder is the sandbox's; it must be running.
	Folder sandbox.Folder
	// Workload is the name of one of Workloads.
	Workload string
	// Count is how many transactions are sent; 0 is as many as Rate makes within For.
	Count int
	// Rate is how many transactions begin in a second, whatever the answers take; 0 is a closed loop.
	Rate float64
	// For ends a run at a rate.
	For time.Duration
	// Callers is how many transactions wait for an answer at a time, in a closed loop.
	Callers int
	// Payers is how many accounts pay and are paid; 0 is the workload's.
	Payers int
	// WarmUp is which part of the transactions is answered first and not measured, from 0 to 1. In a closed loop it is as many as there are callers at least, or
	// half of all if these are fewer; 0 is none in any case.
	WarmUp float64
	// Lifetime is how long a signed payment stays good; 0 is 12 hours. A validator that starts again reads the ids of all that are good still.
	Lifetime time.Duration
	// Persist has whoever gets no outcome ask another validator, with the same transaction, as a wallet would: validators may die meanwhile.
	Persist bool
	// Shadow says how much of the time that a payment took counts; nil is all. Of a payment of which not all counts, all is in Report.Shadowed.
	Shadow func(begun, ended time.Time) (counts time.Duration)
	// Begun is called when what is measured begins: before anything is sent, or after the last answer of the warm-up. Answers are kept waiting until it returns.
	Begun func()
	// Beside are other sandboxes of the same run that idle meanwhile: what they use is used by no other program.
	Beside []sandbox.Folder
	// Calibration is of the same machine a moment ago; nil measures it.
	Calibration *Calibration
	// Row and Part name the run within a suite.
	Row  string
	Part int
	// Progress hears what goes on.
	Progress io.Writer
}

// The bounds of a run.
const (
	minPayers, maxPayers = 2, 1_000_000
	maxCallers           = 100_000
)

// Check says which option is wrong, and fills in what depends on others.
func (o *Options) Check() error {
	w, known := workloadOf(o.Workload)
	if !known {
		return fmt.Errorf("workload: %q is none of %s: %w", o.Workload, strings.Join(Names(), ", "), ErrOptions)
	}
	if o.Rate > 0 && o.Count == 0 {
		o.Count = int(o.Rate * o.For.Seconds())
	}
	if o.Callers == 0 {
		o.Callers = w.callers
	}
	if o.Payers == 0 {
		o.Payers = w.payers
	}
	switch {
	case o.Rate < 0:
		return fmt.Errorf("rate: %g is below 0: %w", o.Rate, ErrOptions)
	case o.Rate > 0 && w.ussd:
		return fmt.Errorf("rate: workload %s has a closed loop only; umoja phone --soak --rate has an open one: %w", w.Name, ErrOptions)
	case o.Rate > 0 && o.For <= 0:
		return fmt.Errorf("for: a run at a rate needs a time: %w", ErrOptions)
	case o.Count < 1:
		return fmt.Errorf("count: %d is below 1: %w", o.Count, ErrOptions)
	case o.Callers < 1 || o.Callers > maxCallers:
		return fmt.Errorf("callers: %d is not from 1 to %d: %w", o.Callers, maxCallers, ErrOptions)
	case o.Payers < minPayers || o.Payers > maxPayers:
		return fmt.Errorf("payers: %d is not from %d to %d: %w", o.Payers, minPayers, maxPayers, ErrOptions)
	case !(o.WarmUp >= 0 && o.WarmUp < 1):
		return fmt.Errorf("warm-up: %g is not a part from 0 to below 1: %w", o.WarmUp, ErrOptions)
	}
	return nil
}
