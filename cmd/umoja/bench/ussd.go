package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/umoja-ledger/umoja/cmd/umoja/soak"
)

// ussd has a crowd of phones pay through the gateway, nothing going wrong on the way. Final is then the time from a PIN to the screen that says paid.
func (n *network) ussd(ctx context.Context, o Options, r *Report, tell func(format string, args ...any)) (*Report, error) {
	if err := r.calibrate(ctx, o, tell); err != nil {
		return nil, err
	}
	var err error
	if r.Leaves, err = n.leaves(ctx); err != nil {
		return nil, err
	}
	tell("registering %d phones, for %d sessions", o.Payers, o.Count)
	s, err := soak.Run(ctx, soak.Options{
		Folder: o.Folder, Users: o.Payers, Sessions: o.Count, Seed: uint64(o.Part) % 60, PINs: 1, Parallel: o.Callers, Out: io.Discard, Progress: untimed{o.Progress},
	})
	if err != nil && !errors.Is(err, soak.ErrFound) {
		return nil, fmt.Errorf("have phones pay: %w", err)
	}
	r.Transfers = int64(s.Paid)
	r.measured(s.Before, s.After)
	for what, d := range map[*float64]float64{&r.Final.P50: s.LastStep.P50.Seconds(), &r.Final.P99: s.LastStep.P99.Seconds(), &r.Reads.P50: s.Screen.P50.Seconds(), &r.Reads.P99: s.Screen.P99.Seconds()} {
		*what = d * 1e3
	}
	r.Final.Count, r.Reads.Count = int64(s.LastStep.Count), int64(s.Screen.Count)
	r.Unknown, r.WrongBalances, r.BalancesChecked, r.Failed = s.Unknown, s.Wrong, o.Payers, s.Unmade
	return r, nil
}

// untimed takes away the time that a line begins with: who reads it puts one there.
type untimed struct{ out io.Writer }

var clock = regexp.MustCompile(`^\d\d:\d\d:\d\d `)

func (u untimed) Write(line []byte) (int, error) {
	if _, err := u.out.Write(clock.ReplaceAll(line, nil)); err != nil {
		return 0, fmt.Errorf("tell progress: %w", err)
	}
	return len(line), nil
}
