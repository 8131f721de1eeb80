package gateway

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
	"github.com/umoja-ledger/umoja/ussd/custody"
	"github.com/umoja-ledger/umoja/ussd/handset"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/ussdtest"
)

// The phones of every site, and what a new one is registered with.
const (
	juma, jumaPIN     = "+254711000001", "4071"
	amina, aminaPIN   = "+254711000002", "8306"
	baraka, barakaPIN = "+254722000003", "6194"
	serviceCode       = "*384*2050#"
	callback          = "/ussd/africastalking"
)

// soon bounds every wait of a test.
const soon = 15 * time.Second

// The tests wait for deadlines more than they compute, so more of them run at once than there are cores.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(ussdtest.Main(m))
}

// site is a gateway process, but for the process, in front of a network in memory.
type site struct {
	t       *testing.T
	network *sdktest.Network
	config  Config
	keys    *custody.Files
	log     *logBuffer
	// deadline is that of a turn, 0 the gateway's own; a test that runs into it has a short one.
	deadline time.Duration
	// url is where the gateway listens since the last start.
	url string
	end func() error
}

// logBuffer takes all that is logged.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// newSite makes a network and the files of a sandbox gateway; change may alter the configuration. Nothing runs yet.
func newSite(t *testing.T, change func(*Config)) *site {
	t.Helper()
	return newSiteOf(t, ledgertest.Network(t, t.Name()), change)
}

func newSiteOf(t *testing.T, w *ledgertest.World, change func(*Config)) *site {
	t.Helper()
	return newSiteOn(t, sdktest.NewWith(t, w), w.Provider, change)
}

// newSiteOn makes the files of a gateway of a provider.
func newSiteOn(t *testing.T, network *sdktest.Network, provider key.Private, change func(*Config)) *site {
	t.Helper()
	w := network.World
	s := &site{t: t, network: network, log: &logBuffer{}}
	dir := t.TempDir()
	var err error
	s.keys, err = custody.Create(filepath.Join(dir, "keys"), provider, w.AliasKey, rand.Reader)
	check(t, err)
	t.Cleanup(func() { s.secrets().Check(t) }) // After the gateway has ended.
	check(t, os.WriteFile(filepath.Join(dir, "genesis.json"), w.Raw, 0o600))
	c := Config{
		Name: "gateway", Dir: "data", Genesis: "genesis.json", Validators: s.network.Config().Addresses, Listen: "127.0.0.1:0",
		ProviderKey: "keys/grant.key", AliasKey: "keys/alias.key", Pepper: "keys/pin.pepper",
		ServiceCode: serviceCode, Region: "KE", Asset: "KES", Sandbox: true, Log: "debug", Drafts: allLanguages(),
		Aggregators: []Aggregator{{Kind: "africastalking", Path: callback}},
		Phones: []Phone{
			{Number: juma, Name: "Juma Otieno", PIN: jumaPIN, Language: "en"},
			{Number: amina, Name: "Amina Wanjiru", PIN: aminaPIN, Language: "sw"},
		},
	}
	if change != nil {
		change(&c)
	}
	file := filepath.Join(dir, "gateway.toml")
	check(t, c.Write(file))
	s.config, err = Load(file)
	check(t, err)
	return s
}

func allLanguages() (all []string) {
	for _, l := range menu.Languages() {
		all = append(all, string(l))
	}
	return all
}

// secrets looks through what the gateways of the site logged.
func (s *site) secrets() *ussdtest.Secrets {
	found := ussdtest.NewSecrets()
	found.PINs(jumaPIN, aminaPIN, barakaPIN)
	found.Phones(juma, amina, baraka)
	found.Texts("the grant key", s.network.Provider.Text())
	found.Texts("the alias key", s.network.AliasKey.Text())
	found.Key("the pepper", s.keys.Pepper().Reveal())
	_, err := found.Write([]byte(s.log.String()))
	check(s.t, err)
	return found
}

// start runs the gateway; the cleanup of the test stops it.
func (s *site) start() *site {
	s.t.Helper()
	addresses := make(chan net.Addr, 1)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	around := world{deadline: s.deadline, connect: s.connect, listen: func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, address)
		if err == nil {
			addresses <- l.Addr()
		}
		return l, err
	}}
	log := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: withoutTime}))
	go func() { done <- run(ctx, s.config, log, around) }()
	select {
	case address := <-addresses:
		s.url = "http://" + address.String()
	case err := <-done:
		cancel()
		s.t.Fatalf("gateway: %v", err)
	}
	var once sync.Once
	s.end = func() (err error) {
		once.Do(func() {
			cancel()
			err = <-done
		})
		return err
	}
	s.t.Cleanup(s.stop)
	return s
}

// stop ends the gateway and fails the test if it did not end well.
func (s *site) stop() {
	s.t.Helper()
	if err := s.end(); err != nil {
		s.t.Errorf("gateway: %v", err)
	}
}

func (s *site) connect(c sdk.Config) (*sdk.Client, error) {
	test := s.network.Config()
	c.Dial, c.NowUnixMs = test.Dial, test.NowUnixMs
	c.ReadTimeout, c.HedgeDelay, c.RetryDelay, c.SubmitTimeout = time.Second, test.HedgeDelay, 50*time.Millisecond, 2*time.Second
	return sdk.Open(c)
}

// withoutTime takes the digits out of the log that could look like a PIN by chance.
func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// phone is a handset that fails the test.
type phone struct {
	*handset.Handset
	t      *testing.T
	number string
}

func (s *site) phone(number string) *phone {
	client := &http.Client{Timeout: soon, Transport: &http.Transport{}}
	s.t.Cleanup(client.CloseIdleConnections)
	return &phone{t: s.t, number: number, Handset: handset.New(handset.Config{
		URL: s.url + callback, Number: number, ServiceCode: s.config.ServiceCode, Client: client,
	})}
}

// play dials and types, and gives the last screen.
func (p *phone) play(inputs ...string) string {
	p.t.Helper()
	screen, err := p.Dial(p.t.Context())
	check(p.t, err)
	return p.typeAfter(screen, inputs...)
}

// anew is play from the main menu, whether or not it is offered to go on with what was begun.
func (p *phone) anew(inputs ...string) string {
	p.t.Helper()
	screen, err := p.Dial(p.t.Context())
	check(p.t, err)
	if strings.HasSuffix(screen.Text, "\n1 Continue\n2 Main menu") {
		inputs = append([]string{"2"}, inputs...)
	}
	return p.typeAfter(screen, inputs...)
}

// typeAfter types after a screen, and gives the last one.
func (p *phone) typeAfter(screen handset.Screen, inputs ...string) string {
	p.t.Helper()
	for i, input := range inputs {
		next, err := p.Type(p.t.Context(), input)
		if err != nil {
			p.t.Fatalf("type input %d after %q: %v", i+1, screen.Text, err)
		}
		screen = next
	}
	return screen.Text
}

// awaitSMS waits until the phone has a message that matches.
func (p *phone) awaitSMS(pattern string) handset.Message {
	p.t.Helper()
	wanted := regexp.MustCompile("^(?:" + pattern + ")$")
	var all []handset.Message
	for until := time.Now().Add(soon); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		var err error
		all, err = p.Inbox(p.t.Context())
		check(p.t, err)
		for _, m := range all {
			if wanted.MatchString(m.Text) {
				return m
			}
		}
	}
	p.t.Fatalf("no SMS to %s like %q, only %q", p.number, pattern, all)
	return handset.Message{}
}

// matches checks a screen or a message.
func matches(t *testing.T, got, pattern string) {
	t.Helper()
	if !regexp.MustCompile("^(?:" + pattern + ")$").MatchString(got) {
		t.Errorf("got  %q\nwant %q", got, pattern)
	}
}

// funds checks the phones' balances on the true ledger.
func (s *site) funds(jumaHas, aminaHas string) {
	s.t.Helper()
	n := s.network
	if j, a := n.Balance(s.t, n.Juma.Account).Text(2), n.Balance(s.t, n.Amina.Account).Text(2); j != jumaHas || a != aminaHas {
		s.t.Errorf("Juma has %s and Amina %s, want %s and %s", j, a, jumaHas, aminaHas)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestARunThatCannotGoOnSaysWhy(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer taken.Close()
	real := func(w *ledgertest.World, g *genesis.Genesis) { g.Test = false }
	for _, c := range []struct {
		name    string
		genesis func(*ledgertest.World, *genesis.Genesis)
		change  func(*Config)
		is      error
		says    string
	}{
		{name: "port taken", change: func(c *Config) { c.Listen = taken.Addr().String() }, says: "listen for callbacks: "},
		{name: "no genesis", change: func(c *Config) { c.Genesis += "x" }, is: os.ErrNotExist, says: "read genesis: "},
		{name: "an asset that nobody issues", change: func(c *Config) { c.Asset = "UGX" }, is: ErrConfig, says: `asset: the network has no "UGX"`},
		{name: "a key readable by others", change: func(c *Config) { check(t, os.Chmod(c.Pepper, 0o644)) }, is: custody.ErrPermissions, says: "chmod 600"},
		{name: "a key that is no provider's", change: func(c *Config) {
			check(t, os.WriteFile(c.ProviderKey, []byte(strings.Repeat("07", 32)), 0o600))
		}, says: "grant.key"},
		{name: "a phone that the genesis does not know", change: func(c *Config) { c.Phones[0].Number = baraka }, is: ErrConfig, says: "phones: +…003"},
		{name: "a sandbox on a real network", genesis: real, is: ErrConfig, says: "sandbox: umoja-test is not a network for tests"},
		{name: "plaintext on a real network", genesis: real, change: func(c *Config) { c.Sandbox = false }, is: ErrConfig, says: "validators_tls: "},
		{name: "an authority that is not there", change: func(c *Config) { c.ValidatorsTLS = "/nowhere.pem" }, is: os.ErrNotExist, says: "validators_tls: "},
		{name: "an authority without a certificate", change: func(c *Config) { c.ValidatorsTLS = c.Genesis }, is: ErrConfig, says: "holds no certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSiteOf(t, ledgertest.NetworkOf(t, t.Name(), 4, c.genesis), nil)
			if c.change != nil {
				c.change(&s.config)
			}
			ctx, cancel := context.WithTimeout(t.Context(), soon)
			defer cancel()
			err := run(ctx, s.config, slog.New(slog.DiscardHandler), world{connect: s.connect, listen: net.Listen})
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q (%v)", err, c.says, c.is)
			}
		})
	}
}

func hexOf(raw []byte) string { return hex.EncodeToString(raw) }

// word finds digits that stand alone.
func word(digits string) *regexp.Regexp {
	return regexp.MustCompile(`.{0,40}(?:^|[^0-9a-zA-Z])` + digits + `(?:[^0-9a-zA-Z]|$).{0,40}`)
}
