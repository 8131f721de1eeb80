package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/umoja-ledger/umoja/ussd/smpp/pdu"
)

const (
	// version is SMPP 3.4.
	version = 0x34
	// dialWait bounds connecting and the handshake of TLS.
	dialWait = 10 * time.Second
	// drainWait bounds what is under way when a link ends, unbindWait the farewell.
	drainWait  = 5 * time.Second
	unbindWait = 2 * time.Second
	// steady is how long a connection lasts for the next rest to be the first one again.
	steady = 10 * time.Second
)

// Link is a connection to a peer that is kept. It implements sms.Sender.
type Link struct {
	config Config
	log    *slog.Logger
	pace   pace
	// turns and messages have a token for each that is under way; underWay counts both.
	turns    chan struct{}
	messages chan struct{}
	underWay sync.WaitGroup
	dialogs  *dialogs
	joiner   *joiner
	sent     *unfinished
	counts   counts
	// work is the context of turns and messages: it outlives Run's by drainWait.
	work context.Context
	stop context.CancelFunc

	// mu guards what follows, for moments.
	mu sync.Mutex
	// sending is the bound connection that takes submit_sm, nil while there is none; changed is closed and replaced when it
	// changes.
	sending *session
	changed chan struct{}
	// bound counts bound connections. draining means that nothing new is taken.
	bound    int
	draining bool
}

// Stats are counts since the link was made.
type Stats struct {
	// Bound says that every connection of the link's mode is bound.
	Bound bool
	// Binds counts binds, Submitted the submit_sm that were taken, Throttled and Unanswered those that were told to wait and those
	// whose answer was lost.
	Binds, Submitted, Throttled, Unanswered uint64
	// Delivered counts the deliver_sm that were acknowledged, PutOff those that the peer was told to deliver again, and Refused those
	// that it was not.
	Delivered, PutOff, Refused uint64
}

type counts struct {
	binds, submitted, throttled, unanswered, delivered, putOff, refused atomic.Uint64
}

// New makes a link. It connects in Run.
func New(c Config) (*Link, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	l := &Link{config: c, log: c.Log.With("link", c.Name), turns: make(chan struct{}, maxTurns),
		messages: make(chan struct{}, maxMessages), dialogs: newDialogs(), joiner: newJoiner(), sent: newUnfinished(),
		changed: make(chan struct{})}
	l.work, l.stop = context.WithCancel(context.Background())
	return l, nil
}

// Stats counts.
func (l *Link) Stats() Stats {
	l.mu.Lock()
	bound := l.bound == len(binds[l.config.Mode])
	l.mu.Unlock()
	c := &l.counts
	return Stats{Bound: bound, Binds: c.binds.Load(), Submitted: c.submitted.Load(), Throttled: c.throttled.Load(),
		Unanswered: c.unanswered.Load(), Delivered: c.delivered.Load(), PutOff: c.putOff.Load(), Refused: c.refused.Load()}
}

// Run keeps the link until ctx ends, and then ends it in good order. It is called once.
func (l *Link) Run(ctx context.Context) error {
	var group sync.WaitGroup
	for _, command := range binds[l.config.Mode] {
		group.Go(func() { l.keep(ctx, command) })
	}
	group.Wait()
	l.stop()
	l.underWay.Wait()
	return nil
}

// keep has one connection of the link, over and over.
func (l *Link) keep(ctx context.Context, command pdu.Command) {
	rest := l.config.FirstRest
	for ctx.Err() == nil {
		began := time.Now()
		err := l.connect(ctx, command)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) >= steady {
			rest = l.config.FirstRest
		}
		// A refused account is not tried in haste: peers lock accounts.
		if errors.Is(err, errAccount) {
			rest = l.config.LongestRest
		}
		pause := rest + rand.N(rest/4+1)
		l.log.Error("SMPP link is down", "bind", command.String(), "error", err, "again_in", pause.Round(time.Millisecond))
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		rest = min(2*rest, l.config.LongestRest)
	}
}

// connect has one connection from dialling to its end.
func (l *Link) connect(ctx context.Context, command pdu.Command) error {
	conn, err := l.dial(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	s := newSession(conn, l.config.Window, l.config.ResponseWait, l.log, l.take)
	reading := make(chan struct{})
	go func() { defer close(reading); s.read() }()
	defer func() { s.close(errStopped); <-reading }()
	if err := l.bind(ctx, s, command); err != nil {
		return err
	}
	l.setBound(s, command, true)
	defer l.setBound(s, command, false)
	return l.hold(ctx, s)
}

func (l *Link) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWait)
	defer cancel()
	if l.config.TLS == nil {
		return (&net.Dialer{}).DialContext(ctx, "tcp", l.config.Address)
	}
	return (&tls.Dialer{Config: l.config.TLS}).DialContext(ctx, "tcp", l.config.Address)
}

func (l *Link) bind(ctx context.Context, s *session, command pdu.Command) error {
	p, err := s.ask(ctx, command, &pdu.Bind{SystemID: l.config.SystemID, Password: l.config.Password.Reveal(),
		SystemType: l.config.SystemType, InterfaceVersion: version, Range: pdu.Address{Digits: l.config.AddressRange}})
	if err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	switch p.Status {
	case pdu.OK:
		return nil
	case pdu.InvalidPassword, pdu.InvalidSystemID:
		return fmt.Errorf("%s: %w: %s", command, errAccount, p.Status)
	}
	return fmt.Errorf("%s: %w: %s", command, ErrStatus, p.Status)
}

// hold waits for the end of a bound connection and asks in between whether the peer is there.
func (l *Link) hold(ctx context.Context, s *session) error {
	ticker := time.NewTicker(l.config.EnquireEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.done:
			return s.err
		case <-ctx.Done():
			l.leave(s)
			return errStopped
		case <-ticker.C:
			if _, err := s.ask(ctx, pdu.EnquireLink, nil); err != nil && ctx.Err() == nil {
				return fmt.Errorf("peer does not answer: %w", err)
			}
		}
	}
}

// leave ends a connection in good order: what is under way may finish, nothing new is taken.
func (l *Link) leave(s *session) {
	l.mu.Lock()
	l.draining = true
	l.mu.Unlock()
	finished := make(chan struct{})
	go func() { l.underWay.Wait(); close(finished) }()
	select {
	case <-finished:
	case <-s.done:
	case <-time.After(drainWait):
		l.stop()
	}
	ctx, cancel := context.WithTimeout(context.Background(), unbindWait)
	defer cancel()
	if _, err := s.ask(ctx, pdu.Unbind, nil); err != nil {
		l.log.Warn("SMPP peer did not answer unbind", "error", err)
	}
}

// setBound says that a connection is bound, or no longer.
func (l *Link) setBound(s *session, command pdu.Command, bound bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if bound {
		l.counts.binds.Add(1)
		l.bound++
		l.log.Info("SMPP link is bound", "bind", command.String())
	} else {
		l.bound--
	}
	if command == pdu.BindReceiver {
		return
	}
	l.sending = nil
	if bound {
		l.sending = s
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// sender waits for a connection that takes submit_sm.
func (l *Link) sender(ctx context.Context) (*session, error) {
	for {
		l.mu.Lock()
		s, changed := l.sending, l.changed
		l.mu.Unlock()
		if s != nil && !s.over() {
			return s, nil
		}
		select {
		case <-changed: // One that is over is about to be replaced.
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrNotBound, ctx.Err())
		}
	}
}
