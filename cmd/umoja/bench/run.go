package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/cmd/internal/daemon"
	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
)

// Run measures one workload on a running network.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	tell := func(format string, args ...any) { fmt.Fprintf(o.Progress, format+"\n", args...) }
	n, err := openNetwork(o.Folder)
	if err != nil {
		return nil, err
	}
	r, err := n.run(ctx, o, tell)
	return r, errors.Join(err, n.close())
}

func (n *network) run(ctx context.Context, o Options, tell func(format string, args ...any)) (*Report, error) {
	w, _ := workloadOf(o.Workload)
	n.lifetime = cmp.Or(o.Lifetime, lifetime)
	r := &Report{Workload: w.Name, Validators: len(n.genesis.Validators), Rate: o.Rate, Callers: o.Callers, Payers: o.Payers, Row: o.Row, Part: o.Part}
	if o.Rate > 0 {
		r.Callers = 0
	}
	if w.ussd {
		return n.ussd(ctx, o, r, tell)
	}
	all, err := n.payers(ctx, o.Payers, tell)
	if err != nil {
		return nil, err
	}
	tell("signing %d transactions (%s)", o.Count, w.Name)
	s, err := n.newStock(ctx, o.Count, all, w.form(o.Payers))
	if err != nil {
		return nil, err
	}
	if err := r.calibrate(ctx, o, tell); err != nil {
		return nil, err
	}
	// Streams live until the run is over, whatever the answers.
	streams, end := context.WithCancel(ctx)
	defer end()
	l, err := n.newLoad(streams, w, o, all)
	if err != nil {
		return nil, err
	}
	before, err := l.balances(ctx)
	if err != nil {
		return nil, err
	}
	if r.Leaves, err = n.leaves(ctx); err != nil {
		return nil, err
	}
	if err := l.measure(ctx, s, r, tell); err != nil {
		return nil, err
	}
	return r, l.verify(ctx, r, before)
}

// calibrate measures the machine, unless that has been done.
func (r *Report) calibrate(ctx context.Context, o Options, tell func(format string, args ...any)) (err error) {
	if o.Calibration != nil {
		r.Calibration = *o.Calibration
	} else {
		tell("calibrating")
		if r.Calibration, err = Calibrate(ctx, string(o.Folder)); err != nil {
			return err
		}
	}
	r.NaiveBound = r.Calibration.NaiveBound(r.Validators)
	return nil
}

// measure sends everything between two readings of the meters.
func (l *load) measure(ctx context.Context, s *stock, r *Report, tell func(format string, args ...any)) error {
	var begin sandbox.Usage
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	watching, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() { defer close(watched); giveUp(l.watch(watching, tell)) }()
	tell("sending")
	err := l.run(ctx, s, func() (err error) {
		begin, err = l.network.folder.Usage(l.o.Beside...)
		if l.o.Begun != nil {
			l.o.Begun()
		}
		return err
	})
	stop()
	<-watched
	if err != nil {
		return err
	}
	after, err := l.network.folder.Usage(l.o.Beside...)
	if err != nil {
		return err
	}
	r.Transfers, r.Final, r.Accepted, r.Reads = l.paid.Load(), latencyOf(l.toFinal), latencyOf(l.toAccepted), latencyOf(l.reads)
	r.Failed, r.Shadowed = l.failed, latencyOf(l.shadowed)
	r.measured(begin, after)
	return nil
}

// ErrNoQuorum means that too many validators have ended for anything to become final.
var ErrNoQuorum = errors.New("too few validators run")

// watch tells how it goes. The error says why there will be no more answers.
func (l *load) watch(ctx context.Context, tell func(format string, args ...any)) error {
	last, at := l.moved.Load(), time.Now()
	for daemon.Sleep(ctx, 2*time.Second) == nil {
		moved, now := l.moved.Load(), time.Now()
		tell("%d of %d answered, %.0f transfers/s now", l.done.Load(), l.o.Count, float64(moved-last)/now.Sub(at).Seconds())
		if moved == last {
			if err := l.stands(ctx, tell); err != nil {
				return err
			}
		}
		last, at = moved, now
	}
	return nil
}

// stands tells which validators have ended, and gives up when the others are too few.
func (l *load) stands(ctx context.Context, tell func(format string, args ...any)) error {
	s, err := l.network.folder.Status(ctx)
	if err != nil {
		tell("the network does not tell how it is: %v", err)
		return nil
	}
	var ended []string
	for i, v := range s.Validators {
		if v.Pid == 0 {
			ended = append(ended, v.Name)
			tell("%s has ended: its log is %s", v.Name, filepath.Join(l.network.folder.Validator(i+1), "log"))
		}
	}
	if faults := (len(s.Validators) - 1) / 3; len(ended) > faults {
		return fmt.Errorf("%s ended, and %d of %d may be missing: %w", strings.Join(ended, ", "), faults, len(s.Validators), ErrNoQuorum)
	}
	return nil
}

// leaves is how long the history is.
func (n *network) leaves(ctx context.Context) (uint64, error) {
	most := uint64(0)
	for _, s := range n.client.Status(ctx) {
		if s.Err == nil {
			most = max(most, s.Network.FinalSize)
		}
	}
	if most == 0 {
		return 0, errors.New("look how long the history is: no validator answers")
	}
	return most, nil
}
