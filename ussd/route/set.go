package route

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/custody"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/smpp"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

// Options are what a process says of itself.
type Options struct {
	// ServiceCode is what people dial; empty for a process that serves no USSD.
	ServiceCode string
	// Inbound says that the process reads messages from people.
	Inbound bool
	Log     *slog.Logger
}

// Parts are what takes what comes in. They are made after the routes, because the outbox needs those.
type Parts struct {
	Reports sms.Reporter
	// Receiver takes messages from people. Invariant: set where Options.Inbound is.
	Receiver sms.Receiver
	// USSD answers turns. Invariant: set where a link has a dialect.
	USSD smpp.Service
}

// late hands over to parts that are bound later, before anything runs.
type late struct{ Parts }

// Report implements sms.Reporter.
func (l *late) Report(ctx context.Context, r sms.Report) error { return l.Reports.Report(ctx, r) }

// Receive implements sms.Receiver.
func (l *late) Receive(ctx context.Context, m sms.Inbound) error { return l.Receiver.Receive(ctx, m) }

// Handle implements smpp.Service.
func (l *late) Handle(ctx context.Context, turn ussd.Turn) (ussd.Reply, error) {
	return l.USSD.Handle(ctx, turn)
}

// Ended implements smpp.Service.
func (l *late) Ended(ctx context.Context, turn ussd.Turn) { l.USSD.Ended(ctx, turn) }

// Set is the routes of a process.
type Set struct {
	configs []Config
	options Options
	routes  []sms.Route
	links   []*smpp.Link
	client  *http.Client
	parts   *late
}

// Check finds what is wrong with the tables together, without opening anything.
func Check(configs []Config, links []SMPP, o Options) error {
	if len(configs) == 0 {
		return errors.New("sms: a route is needed outside of a sandbox")
	}
	names := make(map[string]bool)
	for _, l := range links {
		if err := l.check(o.ServiceCode); err != nil {
			return fmt.Errorf("smpp %q: %w", l.Name, err)
		}
		if names[l.Name] {
			return fmt.Errorf("smpp %q: name is there twice", l.Name)
		}
		names[l.Name] = true
	}
	clear(names)
	paths := make(map[string]bool)
	for _, c := range configs {
		if err := c.check(links); err != nil {
			return fmt.Errorf("sms %q: %w", c.Name, err)
		}
		if c.InboundPath != "" && !o.Inbound {
			return fmt.Errorf("sms %q: inbound_path: this process reads no messages", c.Name)
		}
		if names[c.Name] {
			return fmt.Errorf("sms %q: name is there twice", c.Name)
		}
		names[c.Name] = true
		for _, p := range []string{c.ReportsPath, c.InboundPath} {
			if p != "" && paths[p] {
				return fmt.Errorf("sms %q: path is there twice", c.Name)
			}
			paths[p] = true
		}
	}
	return nil
}

// Open makes the routes. Links connect when they are run.
func Open(configs []Config, links []SMPP, o Options) (*Set, error) {
	s := &Set{configs: configs, options: o, parts: &late{}, client: &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second,
	}}}
	byName := make(map[string]*smpp.Link)
	for _, l := range links {
		link, err := l.open(o.ServiceCode, s.parts, o.Inbound, o.Log)
		if err != nil {
			return nil, fmt.Errorf("smpp %q: %w", l.Name, err)
		}
		s.links, byName[l.Name] = append(s.links, link), link
	}
	for _, c := range configs {
		sender, err := s.sender(c, byName)
		if err != nil {
			return nil, fmt.Errorf("sms %q: %w", c.Name, err)
		}
		s.routes = append(s.routes, sms.Route{Name: c.Name, Sender: sender, PerSecond: c.PerSecond})
	}
	return s, nil
}

func (s *Set) sender(c Config, links map[string]*smpp.Link) (sms.Sender, error) {
	if c.Kind == smppKind {
		return links[c.Link], nil
	}
	key, err := custody.ReadText(c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("key_file: %w", err)
	}
	return kinds[c.Kind].open(c, pin.NewSecret(key), s.client)
}

// Routes are in the order of the tables.
func (s *Set) Routes() []sms.Route { return s.routes }

// Bind says who takes what comes in. It is called once, before Mount and Run.
func (s *Set) Bind(parts Parts) { s.parts.Parts = parts }

// Mount serves the addresses of reports and of messages from people.
func (s *Set) Mount(mux *http.ServeMux) {
	for _, c := range s.configs {
		if c.ReportsPath != "" {
			mux.Handle(c.ReportsPath, kinds[c.Kind].reports(c.Name, s.parts, s.options.Log))
		}
		if c.InboundPath != "" {
			mux.Handle(c.InboundPath, kinds[c.Kind].inbound(c.Name, s.parts, s.options.Log))
		}
	}
}

// Run keeps the links connected until the context ends. It returns nil then.
func (s *Set) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range s.links {
		group.Go(func() error { return l.Run(ctx) })
	}
	return group.Wait()
}

// Close lets go of idle connections.
func (s *Set) Close() { s.client.CloseIdleConnections() }
