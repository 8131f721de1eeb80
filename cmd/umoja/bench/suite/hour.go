package suite

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/umoja-ledger/umoja/cmd/internal/daemon"
	"github.com/umoja-ledger/umoja/cmd/umoja/bench"
	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
	"github.com/umoja-ledger/umoja/sdk"
)

const (
	// kills is how many parts the hour has, with one kill in each.
	kills = 12
	// shortest is how long a part has to be, so that somebody can be killed and come back.
	shortest = 10 * time.Second
	// excused is how long after a kill payments may be late.
	excused = 3 * time.Second
	// deadFor is how long the leader stays dead.
	deadFor = time.Second
)

// hour pays at a rate while the leader is killed, in parts that can be gone on from: between two parts every balance is compared with the answers.
func hour(ctx context.Context, r *run) error {
	n, err := r.network(ctx, bare(ordinary))
	if err != nil {
		return err
	}
	parts := max(1, min(kills, int(r.o.Duration/shortest)))
	var worst, after float64
	var paid int64
	unmade := 0
	for i := range parts {
		report, err := r.step(fmt.Sprintf("part %d of %d", i+1, parts), func() (*bench.Report, error) {
			r.told.tell("part %d of %d", i+1, parts)
			return n.underKill(ctx, r.o.Rate, r.o.Duration/time.Duration(parts))
		})
		if err != nil {
			return err
		}
		worst, after, paid = max(worst, report.Final.P99), max(after, report.Shadowed.Max), paid+report.Transfers
		unmade += failures(report)
	}
	r.result.Figure = fmt.Sprintf("p99 %.0f ms in the worst of %d parts; %s paid", worst, parts, thousands(float64(paid)))
	r.result.Ratio = fmt.Sprintf("%g/s, %d kills; longest about a kill %.1f s", r.o.Rate, parts, after/1e3)
	r.check(Check{What: "final p99 in ms", Figure: worst, Bound: 1000, AtMost: true, Fragile: true})
	r.check(Check{What: "payments not made", Figure: float64(unmade), Bound: 0, AtMost: true})
	return nil
}

// underKill is one part. What is counted is fixed when payments begin to be sent.
func (n *network) underKill(ctx context.Context, rate float64, length time.Duration) (*bench.Report, error) {
	k := &killer{folder: n.folder}
	ended := make(chan error, 1)
	report, err := n.measure(ctx, bench.Options{
		Workload: "unary", Rate: rate, For: length, Persist: true, Lifetime: sdk.Lifetime, Shadow: k.shadow, Calibration: n.run.machine,
		Begun: func() { go func() { ended <- k.run(ctx, length/3) }() },
	})
	if err != nil {
		return nil, err
	}
	return report, <-ended
}

// killer kills the leader once.
type killer struct {
	folder sandbox.Folder
	mu     sync.Mutex
	// at is when; zero before.
	at time.Time
}

// run kills after a while, has the sandbox start the dead one again, and waits until it has caught up.
func (k *killer) run(ctx context.Context, after time.Duration) error {
	if err := daemon.Sleep(ctx, after); err != nil {
		return err
	}
	leader, pid := 0, 0
	err := k.folder.Await(ctx, "a leader to kill", func(s sandbox.Status) bool {
		if leader = s.Leader(); leader >= 0 {
			pid = s.Validators[leader].Pid
		}
		return leader >= 0
	})
	if err != nil {
		return err
	}
	k.mu.Lock()
	k.at = time.Now()
	k.mu.Unlock()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill the leader: %w", err)
	}
	if err := daemon.Sleep(ctx, deadFor); err != nil {
		return err
	}
	if err := k.folder.Restart(ctx, strconv.Itoa(leader+1)); err != nil {
		return fmt.Errorf("start validator %d again: %w", leader+1, err)
	}
	return k.folder.Await(ctx, "the validators level again", sandbox.Status.Level)
}

// shadow is bench.Options.Shadow: what lies between the kill and the end of what is excused does not count.
func (k *killer) shadow(begun, ended time.Time) (counts time.Duration) {
	k.mu.Lock()
	at := k.at
	k.mu.Unlock()
	took := ended.Sub(begun)
	if at.IsZero() {
		return took
	}
	from, to := at, at.Add(excused)
	if from.Before(begun) {
		from = begun
	}
	if to.After(ended) {
		to = ended
	}
	return took - max(0, to.Sub(from))
}
