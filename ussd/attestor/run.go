package attestor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd/custody"
	"github.com/umoja-ledger/umoja/ussd/door"
	"github.com/umoja-ledger/umoja/ussd/route"
	"github.com/umoja-ledger/umoja/ussd/sms"
	"github.com/umoja-ledger/umoja/ussd/store"
)

// process is an attestor's parts.
type process struct {
	config  FileConfig
	log     *slog.Logger
	client  *sdk.Client
	store   *store.Badger
	service *Service
	outbox  *sms.Outbox
	// carriers is nil in a sandbox, carrier and loopback are outside of one.
	carriers *route.Set
	carrier  *route.Carrier
	loopback *route.Loopback
}

// Run is an attestor's life: it returns nil when the context ends, and otherwise why it cannot go on.
func Run(ctx context.Context, c FileConfig, log *slog.Logger) (err error) {
	raw, err := os.ReadFile(c.Genesis)
	if err != nil {
		return fmt.Errorf("read genesis: %w", err)
	}
	g, err := genesis.Parse(raw)
	if err != nil {
		return fmt.Errorf("genesis %s: %w", c.Genesis, err)
	}
	switch {
	case c.Sandbox && !g.Test:
		return fmt.Errorf("sandbox: %s is not a network for tests: %w", g.Name, ErrConfig)
	case c.ValidatorsTLS == "" && !g.Test:
		return fmt.Errorf("validators_tls: %s is not a network for tests, and plaintext is for those: %w", g.Name, ErrConfig)
	}
	keys, err := c.Source().Open()
	if err != nil {
		return err
	}
	// The port is taken first: a taken one is the likeliest mistake, and must change nothing on disk.
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen for providers: %w", err)
	}
	p := &process{config: c, log: log}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := p.open(g, keys, listener.Addr()); err != nil {
		return errors.Join(err, listener.Close())
	}
	return p.serve(ctx, listener)
}

// late is an outbox that is made after who uses it, because its routes need codes.
type late struct{ *sms.Outbox }

// open makes the parts. It asks no validator: an attestor that starts while none answers says so to who asks.
func (p *process) open(g *genesis.Genesis, keys custody.Custody, self net.Addr) error {
	c := p.config
	aliasKey := keys.AliasKey()
	secure, err := sdk.TLS(c.ValidatorsTLS)
	if err != nil {
		return fmt.Errorf("validators_tls: %w: %w", err, ErrConfig)
	}
	p.client, err = sdk.Open(sdk.Config{
		Genesis: g, Addresses: c.Validators, AliasKey: &aliasKey, TLS: secure, Logger: p.log, SetFile: filepath.Join(c.Dir, "validators.json"),
	})
	if err != nil {
		return err
	}
	if p.store, err = store.Open(filepath.Join(c.Dir, "store"), p.log); err != nil {
		return err
	}
	routes, err := p.routes(self)
	if err != nil {
		return err
	}
	var outbox late
	p.service, err = New(Config{
		Client: p.client, Store: p.store, Outbox: &outbox, Key: keys.Signer(), AliasKey: aliasKey, Secret: keys.Pepper().Derive("codes"),
		Serves: c.Providers, Limits: c.Limits, UTCOffsetMinutes: int(g.DayOffsetMinutes), Rand: rand.Reader, Log: p.log,
	})
	if err != nil {
		return err
	}
	for i := range routes {
		routes[i].Sender = p.service.Codes(routes[i].Sender)
	}
	if p.outbox, err = sms.New(sms.Config{Store: p.store, Routes: routes, Log: p.log}); err != nil {
		return err
	}
	outbox.Outbox = p.outbox
	if p.carriers != nil {
		p.carriers.Bind(route.Parts{Reports: p.outbox})
	}
	return nil
}

// routes are the carriers', or in a sandbox one whose messages come back to this process.
func (p *process) routes(self net.Addr) ([]sms.Route, error) {
	if !p.config.Sandbox {
		var err error
		if p.carriers, err = route.Open(p.config.SMS, p.config.SMPP, route.Options{Log: p.log}); err != nil {
			return nil, err
		}
		return p.carriers.Routes(), nil
	}
	var err error
	if p.carrier, err = route.OpenCarrier(p.config.Dir); err != nil {
		return nil, err
	}
	p.loopback = route.NewLoopback(self)
	return []sms.Route{{Name: "sandbox", Sender: p.loopback}}, nil
}

// serve answers providers and runs the loops until the context ends or one of them fails.
func (p *process) serve(ctx context.Context, listener net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.service.Run(ctx) })
	group.Go(func() error { return p.outbox.Run(ctx) })
	if p.carriers != nil {
		group.Go(func() error { return p.carriers.Run(ctx) })
	}
	group.Go(func() error { return door.Door{Handler: p.handler(), Log: p.log}.Serve(ctx, listener) })
	p.log.Info("attesting", "listen", listener.Addr().String(), "key", p.service.signer.Public().String())
	return group.Wait()
}

// handler serves providers, the health check, delivery reports and, in a sandbox, the carrier.
func (p *process) handler() http.Handler {
	mux := http.NewServeMux()
	answer := p.service.Handler()
	mux.Handle(codePath, answer)
	mux.Handle(confirmPath, answer)
	mux.HandleFunc("GET "+route.HealthPath, p.health)
	if p.carriers != nil {
		p.carriers.Mount(mux)
	}
	if p.carrier != nil {
		p.carrier.Mount(mux)
	}
	return mux
}

// health says whether a validator answers.
func (p *process) health(res http.ResponseWriter, req *http.Request) {
	ctx, cancel := context.WithTimeout(req.Context(), 3*time.Second)
	defer cancel()
	if _, err := p.client.Network(ctx); err != nil {
		http.Error(res, "no validator answers", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(res, "ok\n") // Who hung up does not need it.
}

func (p *process) close() error {
	var errs []error
	if p.loopback != nil {
		p.loopback.Close()
	}
	if p.carriers != nil {
		p.carriers.Close()
	}
	if p.carrier != nil {
		errs = append(errs, p.carrier.Close())
	}
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	if p.client != nil {
		errs = append(errs, p.client.Close())
	}
	return errors.Join(errs...)
}
