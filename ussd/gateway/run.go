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
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/africastalking"
	"github.com/umoja-ledger/umoja/ussd/custody"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/sms"
	"github.com/umoja-ledger/umoja/ussd/store"
)

// pinsAtOnce bounds how many PINs are checked at once: each takes 19 MiB and tens of milliseconds of a core.
const pinsAtOnce = 2

// patience is how long the gateway waits at its start for a validator to answer.
const patience = 60 * time.Second

// gateway is a process's parts.
type gateway struct {
	config  Config
	log     *slog.Logger
	client  *sdk.Client
	store   *store.Badger
	service *ussd.Service
	outbox  *sms.Outbox
	carrier *carrier // nil outside of a sandbox
}

// Run is a gateway's life: it returns nil when the context ends, and otherwise why it cannot go on.
func Run(ctx context.Context, c Config, log *slog.Logger) (err error) {
	raw, err := os.ReadFile(c.Genesis)
	if err != nil {
		return fmt.Errorf("read genesis: %w", err)
	}
	g, err := genesis.Parse(raw)
	if err != nil {
		return fmt.Errorf("genesis %s: %w", c.Genesis, err)
	}
	if c.Sandbox && !g.Test {
		return fmt.Errorf("sandbox: %s is not a network for tests: %w", g.Name, ErrConfig)
	}
	keys, err := custody.OpenFiles(c.ProviderKey, c.AliasKey, c.Pepper)
	if err != nil {
		return err
	}
	// The port is taken first: a taken one is the likeliest mistake, and must change nothing on disk.
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen for callbacks: %w", err)
	}
	w := &gateway{config: c, log: log}
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.open(ctx, g, keys, listener.Addr()); err != nil {
		listener.Close()
		return err
	}
	return w.serve(ctx, listener)
}

// open makes the parts.
func (w *gateway) open(ctx context.Context, g *genesis.Genesis, keys custody.Custody, self net.Addr) error {
	c := w.config
	aliasKey := keys.AliasKey()
	var err error
	if w.client, err = sdk.Open(sdk.Config{Genesis: g, Addresses: c.Validators, AliasKey: &aliasKey, Logger: w.log}); err != nil {
		return err
	}
	if w.store, err = store.Open(filepath.Join(c.Dir, "store"), w.log); err != nil {
		return err
	}
	sender, err := w.sender(self)
	if err != nil {
		return err
	}
	w.outbox = sms.New(sms.Config{Store: w.store, Sender: sender, Log: w.log})
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ledger, err := awaitRemote(waiting, w.client, g, keys, c.Asset)
	if err != nil {
		return fmt.Errorf("reach the network: %w", err)
	}
	book, err := menu.Load()
	if err != nil {
		return err
	}
	_, asset, _ := g.AssetByCode(c.Asset)
	pepper := keys.Pepper()
	w.service, err = ussd.New(ussd.Config{
		Store: w.store, Ledger: ledger, Outbox: w.outbox, Book: book, Hasher: pin.NewHasher(pepper.Reveal(), pinsAtOnce),
		DigestKey: pepper.Derive("transcripts"), Rand: rand.Reader, Log: w.log, Asset: ussd.Asset{Code: asset.Code, Scale: asset.Scale},
		Dial: c.ServiceCode, Region: c.Region, UTCOffsetMinutes: int(g.DayOffsetMinutes), TurnsPerMinute: c.TurnsPerMinute,
	})
	if err != nil {
		return err
	}
	return w.enrol(waiting, ledger)
}

// awaitRemote asks until a validator answers.
func awaitRemote(ctx context.Context, client *sdk.Client, g *genesis.Genesis, keys custody.Custody, asset string) (*remote, error) {
	for {
		r, err := newRemote(ctx, client, g, keys.Signer(), keys.AliasKey(), asset)
		if err == nil || errors.Is(err, ErrConfig) {
			return r, err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// sender is the carrier's, or in a sandbox one whose messages come back to this process.
func (w *gateway) sender(self net.Addr) (sms.Sender, error) {
	c := w.config
	if !c.Sandbox {
		key, err := os.ReadFile(c.SMSAPIKey)
		if err != nil {
			return nil, fmt.Errorf("sms_api_key_file: %w", err)
		}
		return africastalking.NewSender(africastalking.SenderConfig{
			URL: c.SMSURL, Username: c.SMSUsername, APIKey: pin.NewSecret(strings.TrimSpace(string(key))), From: c.SMSFrom,
		}), nil
	}
	var err error
	if w.carrier, err = openCarrier(c.Dir); err != nil {
		return nil, err
	}
	return referencing{africastalking.NewSender(africastalking.SenderConfig{
		URL: "http://" + self.String() + carrierPath, Username: "sandbox", APIKey: pin.NewSecret("sandbox"),
		Client: &http.Client{Transport: referencing{}},
	})}, nil
}

// referencing shows the sandbox's carrier the reference of each message.
type referencing struct{ sender sms.Sender }

type referenceKey struct{}

// Send implements sms.Sender.
func (r referencing) Send(ctx context.Context, m ussd.Message) error {
	return r.sender.Send(context.WithValue(ctx, referenceKey{}, m.Reference), m)
}

// RoundTrip implements http.RoundTripper.
func (r referencing) RoundTrip(req *http.Request) (*http.Response, error) {
	if reference, ok := req.Context().Value(referenceKey{}).(string); ok {
		req = req.Clone(req.Context())
		req.Header.Set(referenceHeader, reference)
	}
	return http.DefaultTransport.RoundTrip(req)
}

// enrol makes the sandbox's phones users of this gateway, at the first start.
func (w *gateway) enrol(ctx context.Context, ledger *remote) error {
	for _, p := range w.config.Phones {
		payee, err := ledger.ResolvePhone(ctx, ussd.Phone(p.Number))
		if err != nil {
			return fmt.Errorf("phones: %s: %w", ussd.Phone(p.Number).Short(), err)
		}
		err = w.service.Enrol(ctx, ussd.Enrolment{
			Phone: ussd.Phone(p.Number), Name: p.Name, Language: menu.Language(p.Language), Account: payee.Account, Number: payee.Number,
			PIN: pin.NewSecret(p.PIN),
		})
		if err != nil {
			return fmt.Errorf("phones: %s: %w", ussd.Phone(p.Number).Short(), err)
		}
	}
	return nil
}

// serve answers callbacks and runs the loops until the context ends or one of them fails.
func (w *gateway) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: w.routes(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 20 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(w.log.Handler(), slog.LevelDebug),
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return w.service.Run(ctx) })
	group.Go(func() error { return w.outbox.Run(ctx) })
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve callbacks: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		// A turn that is under way gets its answer; what is cut off is taken up from the store.
		ending, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		if err := server.Shutdown(ending); err != nil {
			return server.Close()
		}
		return nil
	})
	w.log.Info("serving", "callbacks", "http://"+listener.Addr().String()+w.config.CallbackPath, "dial", w.config.ServiceCode)
	return group.Wait()
}

// routes are the callback, the health check and, in a sandbox, the carrier.
func (w *gateway) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(w.config.CallbackPath, africastalking.NewHandler(w.service, w.config.ServiceCode, w.log))
	mux.HandleFunc("GET /healthz", w.health)
	if w.carrier != nil {
		mux.HandleFunc("POST "+carrierPath, w.carrier.take)
		mux.HandleFunc("GET /sandbox/sms", w.carrier.inbox)
	}
	return mux
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
	if w.carrier != nil {
		errs = append(errs, w.carrier.close())
	}
	if w.store != nil {
		errs = append(errs, w.store.Close())
	}
	if w.client != nil {
		errs = append(errs, w.client.Close())
	}
	return errors.Join(errs...)
}
