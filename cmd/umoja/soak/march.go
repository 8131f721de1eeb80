package soak

import (
	"context"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/cmd/internal/daemon"
)

// A march is a run at a rate: sessions begin when their time has come, whatever the answers to others take, and within a session the
// next input comes a moment after the answer.

const (
	// reading is the time between an answer and the next input.
	reading = 500 * time.Millisecond
	// lookRequests are the requests of a session that looks at a balance.
	lookRequests = 2
)

// march begins sessions by the clock.
func (c *crew) march(ctx context.Context) error {
	working, stop := context.WithCancel(ctx)
	defer stop()
	beside := c.besides(working)
	free := make(chan *person, len(c.people))
	for _, p := range c.people {
		free <- p
	}
	m := &marching{crew: c, free: free}
	pays, looks := c.o.PINRate, (c.o.Rate-c.o.PINRate*payRequests)/lookRequests
	var clocks sync.WaitGroup
	for goal, rate := range map[goal]float64{toPay: pays, toBalance: looks} {
		if rate > 0 {
			clocks.Go(func() { m.clock(ctx, goal, rate) })
		}
	}
	clocks.Wait()
	m.sessions.Wait()
	stop()
	if err := beside.Wait(); err != nil {
		return err
	}
	c.behind.Wait()
	return m.err
}

// marching is a march under way.
type marching struct {
	crew     *crew
	free     chan *person
	sessions sync.WaitGroup

	mu  sync.Mutex
	err error
}

// clock begins sessions at a rate until the time is over.
func (m *marching) clock(ctx context.Context, g goal, rate float64) {
	every := time.Duration(float64(time.Second) / rate)
	for i := 0; ; i++ {
		due := m.crew.began.Add(time.Duration(i) * every)
		if due.Sub(m.crew.began) >= m.crew.o.For || daemon.Sleep(ctx, time.Until(due)) != nil {
			return
		}
		select {
		case p := <-m.free:
			m.sessions.Go(func() { m.one(ctx, p, g) })
		default:
			m.crew.tally.count(func(c *counts) { c.Missed++ })
		}
	}
}

// one is a session, and what it takes to know how it ended.
func (m *marching) one(ctx context.Context, p *person, g goal) {
	v := &visit{person: p, format: p.anyFormat(), goal: g, gap: reading}
	err := v.play(ctx)
	v.count()
	if err == nil {
		err = p.settleAll(ctx)
	}
	if err != nil {
		m.mu.Lock()
		m.err = err
		m.mu.Unlock()
	}
	m.free <- p
}
