package sim

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/umoja-ledger/umoja/consensus"
)

// Fault is one kind of trouble.
type Fault struct {
	// Name is what --fault takes.
	Name string
	// Says is one line on what happens.
	Says string
	// Liars says how many validators lie: 0 nobody, 1 as many as the network stands (f), 2 one more.
	Liars int
	// Run makes the trouble until the context ends, and counts how often it took effect.
	Run func(ctx context.Context, c *chaos)
	// Lasting is what liars go on doing while the network must make progress; nil is nothing.
	Lasting func(ctx context.Context, c *chaos)
	// Count adds what is counted at the end; nil is nothing.
	Count func(c *chaos) int
	// Verdict looks at the network before it ends; nil is nothing more than the invariants.
	Verdict func(c *chaos)
	// Timing is what the validators are set to; nil is that of a local network.
	Timing *consensus.Timing
	// Newcomers is how many validators there are beside those of the genesis, whom ballots may bring in; with any, the set changes.
	Newcomers int
	// Lasts is how long the trouble lasts, if longer than others.
	Lasts time.Duration
	// Steps says that only step functions run, under a scheduler that repeats itself exactly.
	Steps bool
	// Alone says that it does not go with lies: its victim counts as a liar, or it makes liars lead itself.
	Alone bool
	// Proves says that evidence must name every liar, if the fault took effect.
	Proves bool
	// Forks says that more lie than the network stands: a fork may succeed, and progress is not asked for.
	Forks bool
}

// enough is after how many runs without an effect a fault is broken: chance no longer explains it. A fork succeeds about every second
// time, the others take effect nearly every time.
func (f Fault) enough() int {
	if f.Forks {
		return 12
	}
	return 3
}

// chaos is a fault at work.
type chaos struct {
	cluster  *cluster
	workload *workload
	seed     uint64
	work     sync.WaitGroup
	// mayPart says that the liars may part, parted when they did, in nanoseconds, or zero, and lastVictim from whom: see lyingCommits.
	mayPart    bool
	parted     atomic.Int64
	lastVictim atomic.Pointer[string]
	// troubles are those that work together in this one; nil where there is one alone.
	troubles []trouble

	// mu guards the rest.
	mu      sync.Mutex
	rand    *rand.Rand
	effects int
}

// took counts an effect.
func (c *chaos) took(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.effects += n
}

func (c *chaos) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.effects
}

func (c *chaos) intN(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rand.IntN(n)
}

func (c *chaos) between(low, high time.Duration) time.Duration {
	return low + time.Duration(c.intN(int(high-low)+1))
}

// sleep lets time pass; false when the trouble is over.
func (c *chaos) sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// Faults are all of them, in the order of the table.
func Faults() []Fault {
	var all []Fault
	all = append(all, crashFaults()...)
	all = append(all, networkFaults()...)
	all = append(all, narrowFault())
	all = append(all, clockFaults()...)
	all = append(all, diskFaults()...)
	all = append(all, liarFaults()...)
	all = append(all, setFaults()...)
	return append(all, mixedFault(), Fault{Name: "steps", Says: "the filter and complaints alone, with every lie to them, loss, crashes and cuts: repeats itself exactly", Steps: true})
}

// FaultOf finds one by its name.
func FaultOf(name string) (Fault, bool) {
	for _, f := range Faults() {
		if f.Name == name {
			return f, true
		}
	}
	return Fault{}, false
}
