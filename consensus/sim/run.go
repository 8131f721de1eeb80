package sim

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// Result is what became of one run.
type Result struct {
	Seed  uint64 `json:"seed"`
	Fault string `json:"fault"`
	// Effects is how often the fault truly took effect.
	Effects int `json:"effects"`
	// Payments is how many were begun, and Final how many of them a validator called final.
	Payments int `json:"payments"`
	Final    int `json:"final"`
	// Crashes is how many lives ended in the middle of something.
	Crashes int `json:"crashes"`
	// Points are the points that were passed, and Crashed those at which there was a crash, with how often.
	Points  map[string]int `json:"points,omitempty"`
	Crashed map[string]int `json:"crashed,omitempty"`
	// Named are the validators that evidence proves guilty.
	Named []string `json:"named,omitempty"`
	// Trace is the hash of everything that happened, where a seed repeats itself exactly; else "".
	Trace string `json:"trace,omitempty"`
	// Violations are the invariants that did not hold.
	Violations []string `json:"violations,omitempty"`
}

// The lengths of a run's phases, in virtual time.
const (
	// chaosTime is how long the fault works.
	chaosTime = 25 * time.Second
	// calmTime is how long the network has, once it is healed, to make everything final (I12): some 90 seconds may pass before a validator that
	// is sent nothing takes its log for another one.
	calmTime = 150 * time.Second
	// lookEvery is how often the final checkpoints are looked at.
	lookEvery = 500 * time.Millisecond
)

// Run is one run: a network of the seed, with the fault. It must be called outside of a bubble of synctest, and makes its own. The
// folder is used and removed. Log hears what the validators say; nil discards it.
func Run(t *testing.T, seed uint64, fault Fault, dir string, log io.Writer) *Result {
	r := &Result{Seed: seed, Fault: fault.Name}
	if fault.Steps {
		playSteps(t, seed, r)
		return r
	}
	if log == nil {
		log = io.Discard
	}
	defer os.RemoveAll(dir)
	synctest.Test(t, func(t *testing.T) {
		logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelInfo}))
		if log == io.Discard {
			logger = slog.New(slog.DiscardHandler)
		}
		validators := 4
		if seed%16 == 15 && fault.Liars < 2 && fault.Name != "narrow" {
			validators = 7
		}
		c, err := newCluster(t, seed, lineUp{validators, fault.Newcomers, fault.liars(validators)}, dir, logger)
		if err != nil {
			r.Violations = append(r.Violations, err.Error())
			return
		}
		c.forks = fault.Forks
		if fault.Timing != nil {
			c.timing = *fault.Timing
		}
		c.play(fault, r, seed)
	})
	return r
}

// liars is how many validators lie.
func (f Fault) liars(validators int) int {
	switch f.Liars {
	case 0:
		return 0
	case 1:
		return (validators - 1) / 3
	}
	return (validators-1)/3 + 1
}

// play runs the phases: chaos, calm, the end.
func (c *cluster) play(fault Fault, r *Result, seed uint64) {
	all, end := context.WithCancel(context.Background())
	pay, endPay := context.WithCancel(all)
	c.run(all)
	w := newWorkload(all, c)
	w.work.Go(func() { w.run(pay) })
	w.work.Go(func() { c.keepLooking(all) })
	w.work.Go(func() { c.keepReading(all, w) })

	ctx, calm := context.WithTimeout(all, max(chaosTime, fault.Lasts))
	ch := &chaos{cluster: c, workload: w, seed: seed, rand: rand.New(rand.NewPCG(seed, 17)), mayPart: (seed^seed>>4)&1 == 0}
	time.Sleep(3 * time.Second) // An election first: most faults need a network that works.
	fault.Run(ctx, ch)
	<-ctx.Done()
	calm()
	ch.work.Wait()

	c.heal()
	if fault.Lasting != nil {
		lasting, stop := context.WithCancel(all)
		ch.work.Go(func() { fault.Lasting(lasting, ch) })
		defer ch.work.Wait()
		defer stop()
	}
	settled := c.settle(fault, w, endPay)
	endPay()
	if settled {
		c.receipts(w)
	}
	if fault.Verdict != nil {
		fault.Verdict(ch)
		if settled { // What was paid for it is to be everywhere as well.
			c.await(fault, w)
		}
	}
	end()
	w.work.Wait()
	c.work.Wait()
	if !fault.Forks {
		c.ledgers(w)
		w.orders()
	}
	if fault.Count != nil {
		ch.effects += fault.Count(ch)
	}
	if r.Named = c.hold().named(); fault.Proves && ch.count() > 0 && len(r.Named) < len(c.liars) {
		c.violate("I14", "%d validators lied, and evidence names %v", len(c.liars), r.Named)
	}
	r.Payments, r.Final = w.counts()
	r.Effects, r.Crashes, r.Points, r.Crashed, r.Violations = ch.count(), c.countCrashes(), c.visited, c.crashes, c.violations
	if r.Final == 0 && !fault.Forks {
		r.Violations = append(r.Violations, "I12: no payment became final")
	}
}

// settle is the liveness phase: payments go on for a while in good weather, then everything has to become final.
func (c *cluster) settle(fault Fault, w *workload, endPay func()) bool {
	time.Sleep(5 * time.Second)
	endPay()
	return c.await(fault, w)
}

// await waits until everything is final everywhere.
func (c *cluster) await(fault Fault, w *workload) bool {
	deadline, why := time.Now().Add(calmTime-5*time.Second), ""
	for time.Now().Before(deadline) {
		if why = c.unsettled(w); why == "" {
			return true
		}
		time.Sleep(250 * time.Millisecond)
	}
	if !fault.Forks {
		c.violate("I12", "%s after healing: %s%s", calmTime, why, c.standing())
	}
	return false
}

// standing tells where everybody stands.
func (c *cluster) standing() string {
	out := ""
	for _, name := range c.names {
		m := c.members[name]
		starts, marred, refused := m.state()
		out += fmt.Sprintf("; %s (starts %d", name, starts)
		if c.liars[name] {
			out += ", liar"
		}
		if marred {
			out += ", marred"
		}
		if !c.sets.has(name) {
			out += ", outside"
		}
		if refused != nil {
			out += fmt.Sprintf(", refused: %v", refused)
		}
		if n := m.running(); n != nil {
			head := n.Head()
			if c.changes {
				out += fmt.Sprintf(", %+v", n.Members())
			}
			out += fmt.Sprintf(", size %d, epoch %d, final %d, leader %q", head.Size, head.Epoch, n.FinalSize(), n.Leader())
		}
		out += ")"
	}
	return out
}

// heal takes every trouble away that is not a lie.
func (c *cluster) heal() {
	c.weather.clear()
	for _, m := range c.members {
		m.planCrash(nil)
		m.hold(false)
		if c.sets.has(m.name) {
			m.stayAway(false)
		}
		m.setSkew(0)
		m.disk.repair()
	}
}

func (c *cluster) keepLooking(ctx context.Context) {
	for ctx.Err() == nil {
		for _, m := range c.honest() {
			if n := m.running(); n != nil {
				c.watch.look(n)
			}
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
		}
	}
}
