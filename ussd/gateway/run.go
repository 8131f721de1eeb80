package gateway

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
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/abuse"
	"github.com/umoja-ledger/umoja/ussd/attestor"
	"github.com/umoja-ledger/umoja/ussd/consent"
	"github.com/umoja-ledger/umoja/ussd/custody"
	"github.com/umoja-ledger/umoja/ussd/door"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/route"
	"github.com/umoja-ledger/umoja/ussd/sms"
	"github.com/umoja-ledger/umoja/ussd/store"
)

// pinsAtOnce bounds how many PINs are checked at once: each takes 19 MiB and tens of milliseconds of a core.
const pinsAtOnce = 2

const (
	// slowedFor is how long an aggregator is slowed down after an alarm of wrong PINs.
	slowedFor = 10 * time.Minute
	// sandboxTurns is how many turns a minute a sandbox takes.
	sandboxTurns = 1_000_000
)

// world is what is outside of the process; a test has another one.
type world struct {
	connect func(sdk.Config) (*sdk.Client, error)
	listen  func(network, address string) (net.Listener, error)
	// deadline of a turn; 0 is the service's own.
	deadline time.Duration
}

// gateway is a process's parts.
type gateway struct {
	config  Config
	world   world
	log     *slog.Logger
	client  *sdk.Client
	store   *store.Badger
	service *ussd.Service
	outbox  *sms.Outbox
	inbox   *sms.Inbox
	// attestors are those that this provider asks, consents asks the providers that users leave.
	attestors *attestor.Panel
	consents  consent.Asker
	// signer has the provider's grant key; network is the genesis's.
	signer  key.Signer
	network tx.NetworkID
	// carriers is nil in a sandbox, carrier and loopback are outside of one.
	carriers *route.Set
	carrier  *route.Carrier
	loopback *route.Loopback
}

// Run is a gateway's life: it returns nil when the context ends, and otherwise why it cannot go on.
func Run(ctx context.Context, c Config, log *slog.Logger) error {
	return run(ctx, c, log, world{connect: sdk.Open, listen: net.Listen})
}

func run(ctx context.Context, c Config, log *slog.Logger, around world) (err error) {
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
	listener, err := around.listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen for callbacks: %w", err)
	}
	w := &gateway{config: c, world: around, log: log}
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.open(ctx, g, keys, listener.Addr()); err != nil {
		return errors.Join(err, listener.Close())
	}
	return w.serve(ctx, listener)
}

// open makes the parts. It asks no validator: a gateway that starts while none answers says so on its screens.
func (w *gateway) open(ctx context.Context, g *genesis.Genesis, keys custody.Custody, self net.Addr) error {
	c := w.config
	aliasKey, pepper := keys.AliasKey(), keys.Pepper()
	secure, err := sdk.TLS(c.ValidatorsTLS)
	if err != nil {
		return fmt.Errorf("validators_tls: %w: %w", err, ErrConfig)
	}
	w.client, err = w.world.connect(sdk.Config{
		Genesis: g, Addresses: c.Validators, AliasKey: &aliasKey, TLS: secure, Logger: w.log, SetFile: filepath.Join(c.Dir, "validators.json"),
	})
	if err != nil {
		return err
	}
	ledger, err := newRemote(w.client, g, keys.Signer(), aliasKey, c.Asset)
	if err != nil {
		return err
	}
	ledger.log = w.log
	book, err := menu.Load(c.languages()...)
	if err != nil {
		return err
	}
	if w.store, err = store.Open(filepath.Join(c.Dir, "store"), w.log); err != nil {
		return err
	}
	routes, err := w.routes(self)
	if err != nil {
		return err
	}
	if w.outbox, err = sms.New(sms.Config{Store: w.store, Routes: routes, Log: w.log}); err != nil {
		return err
	}
	if w.attestors, err = c.panel(g.Network(), keys.Signer()); err != nil {
		return err
	}
	if w.consents, err = c.asker(g.Network(), keys.Signer()); err != nil {
		return err
	}
	guard, err := w.guard()
	if err != nil {
		return err
	}
	hasher, err := pin.New(pin.Config{Peppers: keys.Peppers(), Concurrent: pinsAtOnce, Log: w.log, OnAlarm: func(a pin.Alarm) {
		// One PIN against many numbers, or too many wrong ones: that aggregator's turns come slower for a while.
		guard.Slow(a.Aggregator, time.Now(), time.Now().Add(slowedFor))
	}})
	if err != nil {
		return err
	}
	_, asset, _ := g.AssetByCode(c.Asset)
	money, err := c.money(asset.Scale)
	if err != nil {
		return err
	}
	ledger.askConsent, w.signer, w.network = w.consents.Ask, keys.Signer(), g.Network()
	var attestors ussd.Attestors
	if w.attestors.Size() > 0 {
		attestors = desk{w.attestors}
	}
	w.service, err = ussd.New(ussd.Config{
		Attestors: attestors, Rivals: rivals{client: w.client, asker: w.consents},
		Store: w.store, Ledger: ledger, Outbox: w.outbox, Book: book, Hasher: hasher, Guard: guard,
		DigestKey: pepper.Derive("transcripts"), Rand: rand.Reader, Log: w.log, Asset: ussd.Asset{Code: asset.Code, Scale: asset.Scale},
		Dial: c.ServiceCode, Provider: c.Provider, Telephone: c.Telephone, Region: c.Region, UTCOffsetMinutes: int(g.DayOffsetMinutes), Deadline: w.world.deadline,
		ProtectAbove: money.protect, Commission: money.commission, LowFloat: money.lowFloat, SMSCap: money.smsCap, SMSCapDay: money.smsCapDay,
	})
	if err != nil {
		return err
	}
	w.inbox = sms.NewInbox(sms.InboxConfig{Store: w.store, Handler: w.takeText, Log: w.log, PerMinute: c.textsPerMinute()})
	return w.people(ctx, g, aliasKey)
}

// people gives agents and tills their roles, and enrols a sandbox's phones.
func (w *gateway) people(ctx context.Context, g *genesis.Genesis, aliasKey key.AliasKey) error {
	roles, err := w.config.roles()
	if err != nil {
		return err
	}
	if err := w.service.SetRoles(ctx, roles); err != nil {
		return err
	}
	return w.enrol(ctx, g, aliasKey)
}

// takeText hands a message from a person to the session machine.
func (w *gateway) takeText(ctx context.Context, m sms.Inbound) error {
	return w.service.TakeText(ctx, ussd.Text{Number: m.Number, From: m.From, Text: m.Text})
}

// textsPerMinute bounds the messages of a number; 0 is the inbox's own. In a sandbox scripts write them.
func (c Config) textsPerMinute() int {
	if c.Sandbox {
		return 1000
	}
	return 0
}

// guard bounds what numbers and aggregators ask for. In a sandbox one machine is all the phones.
func (w *gateway) guard() (*abuse.Guard, error) {
	limits := abuse.Limits{}
	if n := w.config.TurnsPerMinute; n > 0 {
		limits.PhoneTurns, limits.PhoneSessions = abuse.PerMinute(n), abuse.PerMinute(n)
	}
	if w.config.Sandbox {
		limits.AggregatorTurns, limits.AggregatorSessions = abuse.PerMinute(sandboxTurns), abuse.PerMinute(sandboxTurns)
		limits.NewNumbers = abuse.PerMinute(sandboxTurns)
	}
	return abuse.New(limits)
}

// routes are the carriers', or in a sandbox one whose messages come back to this process.
func (w *gateway) routes(self net.Addr) ([]sms.Route, error) {
	if !w.config.Sandbox {
		var err error
		if w.carriers, err = route.Open(w.config.SMS, w.config.SMPP, route.Options{ServiceCode: w.config.ServiceCode, Inbound: true, Log: w.log}); err != nil {
			return nil, err
		}
		return w.carriers.Routes(), nil
	}
	var err error
	if w.carrier, err = route.OpenCarrier(w.config.Dir); err != nil {
		return nil, err
	}
	w.loopback = route.NewLoopback(self)
	return []sms.Route{{Name: "sandbox", Sender: w.loopback}}, nil
}

// enrol makes the sandbox's phones users of this gateway, at the first start. Their accounts are those of the genesis,
// which numbers accounts from 1 in the order of its list.
func (w *gateway) enrol(ctx context.Context, g *genesis.Genesis, aliasKey key.AliasKey) error {
	for _, p := range w.config.Phones {
		phone := ussd.Phone(p.Number)
		alias := aliasKey.Alias(p.Number)
		bound := slices.IndexFunc(g.Aliases, func(a genesis.Alias) bool { return a.Alias == alias })
		if bound < 0 {
			return fmt.Errorf("phones: %s has no account in the genesis: %w", phone.Short(), ErrConfig)
		}
		account := g.Aliases[bound].Account
		place := slices.IndexFunc(g.Accounts, func(a genesis.Account) bool { return a.ID == account })
		err := w.service.Enrol(ctx, ussd.Enrolment{
			Phone: phone, Name: p.Name, Language: menu.Language(p.Language), Account: account, Number: tx.AccountNumber(place + 1),
			PIN: pin.NewSecret(p.PIN), Role: ussd.Role(p.Role),
		})
		if err != nil {
			return fmt.Errorf("phones: %s: %w", phone.Short(), err)
		}
	}
	return nil
}

// serve answers callbacks and runs the loops until the context ends or one of them fails.
func (w *gateway) serve(ctx context.Context, listener net.Listener) error {
	handler, err := w.handler()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return w.service.Run(ctx) })
	group.Go(func() error { return w.outbox.Run(ctx) })
	group.Go(func() error { return w.inbox.Run(ctx) })
	group.Go(func() error { return w.serveControl(ctx) })
	if w.carriers != nil {
		w.carriers.Bind(route.Parts{Reports: w.outbox, Receiver: w.inbox, USSD: w.service})
		group.Go(func() error { return w.carriers.Run(ctx) })
	}
	// At the end a turn that waits for the ledger is answered at once, as at its deadline; what was submitted is taken up from the store at the
	// next start. The store is closed only after the last turn.
	group.Go(func() error {
		return door.Door{Handler: handler, Log: w.log, Stop: w.service.Stop}.Serve(ctx, listener)
	})
	w.log.Info("serving", "listen", listener.Addr().String(), "dial", w.config.ServiceCode)
	return group.Wait()
}

// handler serves the callbacks, the health check, delivery reports and, in a sandbox, the carrier.
func (w *gateway) handler() (http.Handler, error) {
	mux := http.NewServeMux()
	if err := w.mountAggregators(mux); err != nil {
		return nil, err
	}
	w.mountPeers(mux)
	mux.HandleFunc("GET "+route.HealthPath, w.health)
	if w.carriers != nil {
		w.carriers.Mount(mux)
	}
	if w.carrier != nil {
		w.carrier.Mount(mux)
		route.MountSandboxInbound(mux, w.inbox, w.log)
	}
	return mux, nil
}

// health says whether a validator answers.
func (w *gateway) health(res http.ResponseWriter, req *http.Request) {
	ctx, cancel := context.WithTimeout(req.Context(), 3*time.Second)
	defer cancel()
	if _, err := w.client.Network(ctx); err != nil {
		http.Error(res, "no validator answers", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(res, "ok\n") // Who hung up does not need it.
}

func (w *gateway) close() error {
	var errs []error
	if w.loopback != nil {
		w.loopback.Close()
	}
	if w.carrier != nil {
		errs = append(errs, w.carrier.Close())
	}
	if w.carriers != nil {
		w.carriers.Close()
	}
	if w.attestors != nil {
		w.attestors.Close()
	}
	if w.store != nil {
		errs = append(errs, w.store.Close())
	}
	if w.client != nil {
		errs = append(errs, w.client.Close())
	}
	return errors.Join(errs...)
}
