package soak

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/cmd/internal/daemon"
	"github.com/umoja-ledger/umoja/ussd/handset"
)

// openGoal is the most memory that a gateway may have with MemorySessions open.
const (
	openGoal = 300 << 20
	// MemorySessions is how many sessions the goal is for.
	MemorySessions = 100_000
)

// OpenSessions opens so many sessions, each of a phone of its own, leaves them open, and prints what the gateway has resident.
func OpenSessions(ctx context.Context, o Options, count int) error {
	if count < 1 || count > 1_000_000 {
		return fmt.Errorf("open sessions: %d is not from 1 to 1000000: %w", count, ErrOptions)
	}
	o.Users, o.Sessions, o.State = 2, 1, ""
	c, err := assemble(o)
	if err != nil {
		return err
	}
	defer c.client.Close()
	before, err := c.memory()
	if err != nil {
		return err
	}
	measuring, stop := context.WithCancel(ctx)
	defer stop()
	go c.measure(measuring)
	began, formats := time.Now(), handset.Formats()
	var opened, failed atomic.Int64
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(o.Parallel)
	for i := range count {
		group.Go(func() error {
			format := formats[i%len(formats)]
			phone := handset.New(handset.Config{
				URL: c.callback(format), Format: format, Number: fmt.Sprintf("+2541%02d%06d", 20+o.Seed%60, i),
				ServiceCode: c.addresses.ServiceCode, Client: c.http,
			})
			screen, err := phone.Dial(inner)
			if inner.Err() != nil {
				return context.Cause(inner)
			}
			if err != nil || !screen.More {
				failed.Add(1)
				c.say("a session does not open: %v %s", err, screen.Text)
				return nil
			}
			if n := opened.Add(1); n%10_000 == 0 {
				c.tell("%d sessions are open", n)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := daemon.Sleep(ctx, 2*time.Second); err != nil { // The last measurement.
		return err
	}
	most := c.tally.now().Memory
	fmt.Fprintf(o.Out, "%d sessions opened in %s, %d were not\nthe gateway's resident memory: %d MB before, %d MB at most\n",
		opened.Load(), time.Since(began).Round(time.Second), failed.Load(), before>>20, most>>20)
	switch {
	case failed.Load() > 0:
		return fmt.Errorf("%d sessions did not open: %w", failed.Load(), ErrFound)
	case count <= MemorySessions && most > openGoal:
		return fmt.Errorf("the gateway's memory is above %d MB: %w", openGoal>>20, ErrFound)
	}
	return nil
}
