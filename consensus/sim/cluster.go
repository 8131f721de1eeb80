package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
)

// cluster is a whole network of validators in one bubble of virtual time.
type cluster struct {
	world     *ledgertest.World
	names     []string
	members   map[string]*member
	addresses map[string]string
	wire      *wire
	weather   *weather
	watch     *watch
	log       *slog.Logger
	timing    consensus.Timing
	snapshots consensus.Snapshots
	// clock is what the validators' clocks show at the beginning of the bubble.
	began, clock time.Time

	// changes says that ballots change the validator set.
	changes bool
	sets    *sets
	// forks says that more lie than the network stands, so that nothing but I14 is promised.
	forks bool
	// liars are the validators that lie in this run. Invariant: fixed before anything starts.
	liars map[string]bool

	// mu guards the rest; never held while time passes.
	mu         sync.Mutex
	rand       *rand.Rand
	visited    map[string]int
	crashes    map[string]int
	violations []string
	// failstops are the ends that nodes chose by themselves.
	failstops []string
	work      sync.WaitGroup
}

// lineUp is how many validators the genesis has, how many more there are, and how many of those of the genesis lie.
type lineUp struct{ validators, newcomers, liars int }

// newCluster makes the validators of a seed. Nobody runs yet.
func newCluster(t testing.TB, seed uint64, up lineUp, dir string, log *slog.Logger) (*cluster, error) {
	c := &cluster{
		world: ledgertest.NetworkOf(t, "simulation", up.validators, nil), changes: up.newcomers > 0,
		members: make(map[string]*member), addresses: make(map[string]string),
		weather: newWeather(seed), log: log, liars: make(map[string]bool),
		timing:    consensus.LAN,
		snapshots: consensus.Snapshots{Every: 5 * time.Second, Threshold: 40, Trailing: 20, TrailingBytes: 4 << 10},
		began:     time.Now(), clock: time.UnixMilli(int64(ledgertest.GenesisTimeUnixMs)).Add(time.Hour),
		rand: rand.New(rand.NewPCG(seed, 3)), visited: make(map[string]int), crashes: make(map[string]int),
	}
	c.wire = newWire(seed, c.weather)
	c.watch, c.sets = newWatch(c), newSets(c)
	c.wire.overhear = c.watch.overhear
	c.names = names(c.world.Set)
	for i := range up.newcomers {
		c.names = append(c.names, fmt.Sprintf("w%d", i+1))
		c.world.Newcomer(c.names[up.validators+i])
	}
	for i, name := range c.names {
		c.addresses[name] = name
		m := &member{cluster: c, name: name, dir: filepath.Join(dir, name), rand: rand.New(rand.NewPCG(seed, 100+uint64(i)))}
		m.joins = i >= up.validators
		m.away = m.joins
		m.disk = newRaftDisk(seed+uint64(i), m)
		c.members[name] = m
		certificate, err := transport.NewCertificate(c.world.TLS[name], name)
		if err != nil {
			return nil, err
		}
		if err := c.wire.add(name, certificate); err != nil {
			return nil, err
		}
	}
	for _, i := range c.rand.Perm(up.validators)[:up.liars] {
		c.liars[c.names[i]] = true
		c.wire.setTap(c.names[i], honestly)
	}
	return c, nil
}

// honestly is the tap of a liar that has nothing to lie about at the moment.
func honestly(_, _ string, m protoMessage) protoMessage { return m }

// run starts all validators; they stop when the context ends, and wait waits for that.
func (c *cluster) run(ctx context.Context) {
	for _, name := range c.names {
		c.work.Go(func() { c.members[name].supervise(ctx) })
	}
}

// now is the true time, as a validator's clock would show it.
func (c *cluster) now() time.Time { return c.clock.Add(time.Since(c.began)) }

// honest are the validators that do not lie.
func (c *cluster) honest() []*member {
	var out []*member
	for _, name := range c.names {
		if !c.liars[name] {
			out = append(out, c.members[name])
		}
	}
	return out
}

func (c *cluster) lying() []*member {
	var out []*member
	for _, name := range c.names {
		if c.liars[name] {
			out = append(out, c.members[name])
		}
	}
	return out
}

// leader is the validator that most running nodes take for the leader, or nil.
func (c *cluster) leader() *member {
	votes := make(map[string]int)
	best := ""
	for _, name := range c.names {
		n := c.members[name].running()
		if n == nil {
			continue
		}
		if l := n.Leader(); l != "" {
			if votes[l]++; votes[l] > votes[best] {
				best = l
			}
		}
	}
	return c.members[best]
}

// begun are the honest validators that have run, so that there is something on their disks.
func (c *cluster) begun() (all []*member) {
	for _, m := range c.honest() {
		if starts, _, _ := m.state(); starts > 0 {
			all = append(all, m)
		}
	}
	return all
}

func (c *cluster) pick() *member { return c.members[c.names[c.intN(len(c.names))]] }

// pickHonest picks a validator whose troubles are not its own lies.
func (c *cluster) pickHonest() *member {
	h := c.honest()
	return h[c.intN(len(h))]
}

func (c *cluster) intN(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rand.IntN(n)
}

func (c *cluster) visit(point string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.visited[point]++
}

func (c *cluster) crashedAt(point string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.crashes[point]++
}

func (c *cluster) countCrashes() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	total := 0
	for _, n := range c.crashes {
		total += n
	}
	return total
}

// ended takes note of a node that ended itself. A marred disk is a reason; anything else is not.
func (c *cluster) ended(m *member, err error) {
	_, marred, _ := m.state()
	if errors.Is(err, consensus.ErrRemoved) && c.sets.left(m) {
		return
	}
	c.mu.Lock()
	c.failstops = append(c.failstops, fmt.Sprintf("%s: %v", m.name, err))
	c.mu.Unlock()
	if !marred && !c.liars[m.name] {
		c.violate("I11", "%s ended itself: %v", m.name, err)
	}
}

func (c *cluster) countFailstops() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.failstops)
}

// maxViolations bounds what one run reports.
const maxViolations = 20

// violate notes a broken invariant.
func (c *cluster) violate(invariant, format string, args ...any) {
	if c.forks && invariant != "I14" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	text := invariant + ": " + fmt.Sprintf(format, args...)
	if len(c.violations) < maxViolations {
		c.violations = append(c.violations, text)
	}
	c.log.Error("VIOLATION", "what", text)
}
