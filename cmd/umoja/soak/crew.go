package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/cmd/internal/daemon"
	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd/handset"
)

// scale is that of the sandbox's asset.
const scale = 2

// crew is all people of a run.
type crew struct {
	o         Options
	words     *words
	tally     tally
	journal   *journal
	addresses sandbox.Addresses
	genesis   *genesis.Genesis
	issuer    key.Private
	client    *sdk.Client
	http      *http.Client
	people    []*person
	// places are by number.
	places map[string]int
	// runs counts the runs of the state, this one included.
	runs int
	// slots bound the sessions at a time.
	slots chan struct{}
	// behind are the late requests on their way.
	behind sync.WaitGroup
	began  time.Time

	mu sync.Mutex
	// started counts the sessions begun, those of earlier runs included.
	started int
	// needy have too little money left for a payment.
	needy map[*person]bool
	// said bounds what is written to Progress.
	said int
	// strange are screens that could not be read.
	strange []string
}

// Run has a crew use a sandbox, and prints the report. It fails with ErrFound when money moved twice or not, or somebody never knew.
func Run(ctx context.Context, o Options) (s Summary, err error) {
	c, err := assemble(o)
	if err != nil {
		return s, err
	}
	defer func() { _, _ = c.journal.close(), c.client.Close() }()
	if err := c.prepare(ctx); err != nil {
		return s, err
	}
	c.began = time.Now()
	if s.Before, err = o.Folder.Usage(); err != nil {
		return s, err
	}
	if o.Rate > 0 {
		err = c.march(ctx)
	} else {
		err = c.work(ctx)
	}
	if err != nil {
		return s, err
	}
	if s.After, err = o.Folder.Usage(); err != nil {
		return s, err
	}
	return s, c.finish(ctx, &s)
}

// assemble makes a crew, with what earlier runs knew.
func assemble(o Options) (*crew, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	w, err := newWords()
	if err != nil {
		return nil, err
	}
	c := &crew{
		o: o, words: w, places: make(map[string]int), slots: make(chan struct{}, o.Parallel), needy: make(map[*person]bool),
		http: &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024, IdleConnTimeout: 30 * time.Second}},
	}
	if err := c.open(); err != nil {
		return nil, err
	}
	var entries []entry
	if c.journal, err = openJournal(o.State, func(e entry) error { entries = append(entries, e); return c.fits(e) }); err != nil {
		return nil, err
	}
	c.runs++
	for place := range o.Users {
		p := newPerson(c, place)
		c.people, c.places[p.number] = append(c.people, p), place
	}
	for _, e := range entries {
		switch {
		case e.Language != nil:
			c.people[e.Language.Place].language = c.words.languageOf(e.Language.Language)
		case e.Payment != nil:
			c.people[e.Payment.From].restore(*e.Payment)
		case e.Tally != nil:
			c.tally.counts = *e.Tally
		}
	}
	c.started = c.tally.Sessions
	return c, c.keep(entry{Run: &runEntry{Network: c.addresses.Network, Seed: o.Seed, Users: o.Users}})
}

// fits refuses a journal of other people.
func (c *crew) fits(e entry) error {
	switch {
	case e.Run != nil:
		c.runs++
		if *e.Run != (runEntry{Network: c.addresses.Network, Seed: c.o.Seed, Users: c.o.Users}) {
			return fmt.Errorf("network %.16s, seed %d, %d users: %w", e.Run.Network, e.Run.Seed, e.Run.Users, ErrState)
		}
	case e.Language != nil && (e.Language.Place < 0 || e.Language.Place >= c.o.Users),
		e.Payment != nil && (e.Payment.From < 0 || e.Payment.From >= c.o.Users || e.Payment.To < 0 || e.Payment.To >= c.o.Users):
		return ErrState
	}
	return nil
}

// prepare registers everybody and gives them money.
func (c *crew) prepare(ctx context.Context) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(min(c.o.Parallel, 16))
	var fresh []*person
	for _, p := range c.people {
		if p.language == "" {
			fresh = append(fresh, p)
		}
	}
	left := len(fresh)
	for _, p := range fresh {
		group.Go(func() error {
			if err := p.register(inner); err != nil {
				return err
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			if left--; left%100 == 0 {
				c.tell("%d phones are still to be registered", left)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := c.findAccounts(ctx); err != nil {
		return err
	}
	return c.fund(ctx, c.people)
}

// work has everybody dial until there was enough, and waits for what is still on its way.
func (c *crew) work(ctx context.Context) error {
	working, stop := context.WithCancel(ctx)
	defer stop()
	beside := c.besides(working)
	group, inner := errgroup.WithContext(ctx)
	for _, p := range c.people {
		group.Go(func() error { return p.live(inner) })
	}
	err := group.Wait()
	stop()
	if other := beside.Wait(); err == nil {
		err = other
	}
	c.behind.Wait()
	return err
}

// besides starts what goes on beside the people: killing, giving money, measuring, telling.
func (c *crew) besides(ctx context.Context) *errgroup.Group {
	beside := new(errgroup.Group)
	for what, every := range c.o.Kill {
		beside.Go(func() error { return c.kill(ctx, what, every) })
	}
	beside.Go(func() error { return c.fundNeedy(ctx) })
	beside.Go(func() error { c.measure(ctx); return nil })
	beside.Go(func() error { return c.report(ctx) })
	return beside
}

// another says whether there is another session to have.
func (c *crew) another() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.o.Sessions > 0 && c.started >= c.o.Sessions || c.o.For > 0 && time.Since(c.began) >= c.o.For {
		return false
	}
	c.started++
	return true
}

// notHad takes a session back that no gateway was there for.
func (c *crew) notHad() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.started--
}

// wantsPIN says whether the next session has to be one that reaches a PIN.
func (c *crew) wantsPIN() bool {
	c.tally.mu.Lock()
	defer c.tally.mu.Unlock()
	return float64(c.tally.PINs) < c.o.PINs*float64(c.tally.Sessions+1)
}

// enter takes a place in the crew's phone calls.
func (c *crew) enter(ctx context.Context) (leave func(), err error) {
	select {
	case c.slots <- struct{}{}:
		return func() { <-c.slots }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// fault decides what a step suffers.
func (c *crew) fault(random *rand.Rand) handset.Fault {
	at := random.Float64()
	for _, f := range handset.Faults() {
		if at -= c.o.Faults[f]; at < 0 {
			return f
		}
	}
	return handset.Sound
}

// poor notes that somebody has too little money.
func (c *crew) poor(p *person) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.needy[p] = true
}

// fundNeedy gives money to those who have run out of it.
func (c *crew) fundNeedy(ctx context.Context) error {
	for daemon.Sleep(ctx, 2*time.Second) == nil {
		c.mu.Lock()
		var list []*person
		for p := range c.needy {
			list = append(list, p)
		}
		clear(c.needy)
		c.mu.Unlock()
		if err := c.fund(ctx, list); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// report writes the tally to the journal, and every few seconds to Progress.
func (c *crew) report(ctx context.Context) error {
	for i := 1; ; i++ {
		over := daemon.Sleep(ctx, time.Second) != nil
		before := c.tally.now().Took
		c.tally.count(func(n *counts) { n.Took = before + time.Second })
		n := c.tally.now()
		if err := c.keep(entry{Tally: &n}); err != nil || over {
			return err
		}
		if i%10 == 0 {
			c.tell("%d sessions, %d reached the PIN, %d requests; kills %v; without answer %v", n.Sessions, n.PINs, n.Requests, n.Kills, n.Broken)
		}
	}
}

// keep writes to the journal.
func (c *crew) keep(e entry) error { return c.journal.write(e) }

var digits = regexp.MustCompile(`\d{4,}`)

// unread keeps a few screens that say nothing known, without numbers.
func (c *crew) unread(text string) {
	c.tally.count(func(n *counts) { n.Unread++ })
	c.mu.Lock()
	defer c.mu.Unlock()
	text = digits.ReplaceAllString(text, "#")
	for _, known := range c.strange {
		if known == text {
			return
		}
	}
	if len(c.strange) < 10 {
		c.strange = append(c.strange, text)
	}
}

// maxSaid bounds the incidents that are told one by one.
const maxSaid = 50

// say tells of an incident, without numbers.
func (c *crew) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.said++; c.said <= maxSaid {
		c.tell("%s", digits.ReplaceAllString(fmt.Sprintf(format, args...), "#"))
	}
}

func (c *crew) tell(format string, args ...any) {
	fmt.Fprintf(c.o.Progress, "%s "+format+"\n", append([]any{time.Now().Format("15:04:05")}, args...)...)
}
