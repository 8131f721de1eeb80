package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
	"github.com/umoja-ledger/umoja/ussd/handset"
)

// What can be killed.
const (
	Gateway = "gateway"
	Leader  = "leader"
)

// KillEvery is how often each is killed unless the options say otherwise.
var KillEvery = map[string]time.Duration{Gateway: 20 * time.Second, Leader: 45 * time.Second}

// ErrOptions means that the options of a run are not valid.
var ErrOptions = errors.New("not valid")

// Options are what a run is told.
type Options struct {
	// Folder is the sandbox's; it must be running.
	Folder sandbox.Folder
	// Users is how many people there are, 2 to MaxUsers.
	Users int
	// For and Sessions end the run, whichever comes first; 0 does not. Sessions counts those of earlier runs of the same state too.
	For      time.Duration
	Sessions int
	// Seed makes the people and what they do.
	Seed uint64
	// State is the journal's file; empty is none.
	State string
	// Kill says what is killed, and how often.
	Kill map[string]time.Duration
	// Faults say how often a step suffers each fault; together at most 1.
	Faults map[handset.Fault]float64
	// PINs is which part of the sessions goes on to a PIN.
	PINs float64
	// Parallel is how many sessions are open at a time.
	Parallel int
	// Rate is how many requests a second are made whatever the answers take, and PINRate how many of them are of PINs; 0 is a
	// run without a clock.
	Rate, PINRate float64
	// Audit audits a stopped validator's folder.
	Audit func(ctx context.Context, folder string) error
	// Out gets the report, Progress what goes on.
	Out, Progress io.Writer
}

// MaxUsers bounds a crew: their numbers have six digits of their own.
const MaxUsers = 100_000

// AllFaults are all faults at one rate.
func AllFaults(rate float64) map[handset.Fault]float64 {
	all := make(map[handset.Fault]float64)
	for _, f := range handset.Faults() {
		all[f] = rate
	}
	return all
}

func (o Options) check() error {
	sum := 0.0
	for _, rate := range o.Faults {
		sum += rate
	}
	switch {
	case o.Users < 2 || o.Users > MaxUsers:
		return fmt.Errorf("users: %d is not from 2 to %d: %w", o.Users, MaxUsers, ErrOptions)
	case o.For <= 0 && o.Sessions <= 0:
		return fmt.Errorf("for or sessions: one must be above 0, to end the run: %w", ErrOptions)
	case o.Parallel < 1:
		return fmt.Errorf("parallel: %d is below 1: %w", o.Parallel, ErrOptions)
	case !(o.PINs >= 0 && o.PINs <= 1):
		return fmt.Errorf("pins: %g is not from 0 to 1: %w", o.PINs, ErrOptions)
	case sum > 1:
		return fmt.Errorf("faults: the rates are %g together, above 1: %w", sum, ErrOptions)
	case o.Rate < 0 || o.PINRate < 0 || o.PINRate*payRequests > o.Rate:
		return fmt.Errorf("rate: %g requests a second leave no room for %g payments of %d requests: %w", o.Rate, o.PINRate, payRequests, ErrOptions)
	case o.Rate > 0 && o.For <= 0:
		return fmt.Errorf("for: a run at a rate needs a time: %w", ErrOptions)
	}
	for what, every := range o.Kill {
		if !slices.Contains([]string{Gateway, Leader}, what) || every <= 0 {
			return fmt.Errorf("kill: %s every %s is neither gateway nor leader every so often: %w", what, every, ErrOptions)
		}
	}
	return nil
}

// ReadKill reads what to kill: names, each with how often behind a colon where it is not the usual.
func ReadKill(list []string) (map[string]time.Duration, error) {
	kill := make(map[string]time.Duration)
	for _, one := range list {
		name, text, given := strings.Cut(one, ":")
		every, known := KillEvery[name]
		if !known {
			return nil, fmt.Errorf("kill: %q is neither %s nor %s: %w", name, Gateway, Leader, ErrOptions)
		}
		if given {
			var err error
			if every, err = time.ParseDuration(text); err != nil || every <= 0 {
				return nil, fmt.Errorf("kill: %s: %q is not a time such as 20s: %w", name, text, ErrOptions)
			}
		}
		kill[name] = every
	}
	return kill, nil
}
