package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/attestor"
	"github.com/umoja-ledger/umoja/ussd/handset"
	"github.com/umoja-ledger/umoja/ussd/sms"
	"github.com/umoja-ledger/umoja/ussd/store"
)

const secondCode = "*384*3060#"

// market is a network with two providers' gateways, Mwanga's and Tumaini's, a third provider without one, Nyoka, and three attestors.
type market struct {
	t         *testing.T
	network   *sdktest.Network
	old, next *site
	nyoka     key.Private
	attestors []*booth
}

// moveDelay is that of the network.
const moveDelay = 4 * time.Second

func newMarket(t *testing.T) *market {
	t.Helper()
	m := &market{t: t}
	var tumaini key.Private
	var accounts [2]tx.AccountID
	w := ledgertest.NetworkOf(t, t.Name(), 4, func(w *ledgertest.World, g *genesis.Genesis) {
		g.Parameters.MoveDelayMs = uint64(moveDelay.Milliseconds())
		g.Providers[0].Codes = []string{serviceCode}
		accounts[0] = w.ProviderAccount
		tumaini, m.nyoka = w.Key(t, "tumaini"), w.Key(t, "nyoka")
		for i, p := range []struct {
			k          key.Private
			name, code string
		}{{tumaini, "Tumaini", secondCode}, {m.nyoka, "Nyoka", "*384*6666#"}} {
			open := tx.OpenAccount{Authority: tx.SingleKey(p.k.Public()), Salt: [16]byte{byte(i + 1)}}
			g.Accounts = append(g.Accounts, genesis.Account{ID: open.Account(), Salt: open.Salt[:], Authority: genesis.AuthorityOf(open.Authority)})
			g.Providers = append(g.Providers, genesis.Provider{Account: open.Account(), Name: p.name, Key: p.k.Public(), Codes: []string{p.code}, Shares: 1,
				Schedules: []genesis.FeeSchedule{{Asset: ledgertest.KES, Bands: genesis.FlatFee(50), EffectiveAtUnixMs: ledgertest.GenesisTimeUnixMs}}})
			if i == 0 {
				accounts[1] = open.Account()
			}
		}
		g.Assets[0].ProvisionalInflowDay = 1_000_000_00
	})
	m.network = sdktest.NewWith(t, w)
	for i := range 3 {
		m.attestors = append(m.attestors, m.open(i))
	}
	var fronts [2]string
	for i, s := range []**site{&m.old, &m.next} {
		front := httptest.NewServer(&httputil.ReverseProxy{ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0), Rewrite: func(r *httputil.ProxyRequest) {
			target, err := url.Parse((*s).url)
			if err == nil {
				r.SetURL(target)
			}
		}})
		t.Cleanup(front.Close)
		fronts[i] = front.URL
	}
	common := func(c *Config) {
		for i, b := range m.attestors {
			c.Attestors = append(c.Attestors, Attestor{Name: fmt.Sprint("Attestor ", i+1), URL: b.server.URL, Key: w.Attestors[i].Public().String()})
		}
		for i, front := range fronts {
			c.Providers = append(c.Providers, Provider{Account: accounts[i].String(), URL: front})
		}
	}
	m.old = newSiteOn(t, m.network, w.Provider, common)
	m.next = newSiteOn(t, m.network, tumaini, func(c *Config) {
		common(c)
		c.Phones, c.ServiceCode, c.Provider = nil, secondCode, "Tumaini"
	})
	m.old.deadline, m.next.deadline = 8*time.Second, 8*time.Second
	m.old.start()
	m.next.start()
	return m
}

// booth is an attestor's process, but for the process.
type booth struct {
	t       *testing.T
	service *attestor.Service
	server  *httptest.Server
	mu      sync.Mutex
	waiting []ussd.Message
	sent    []ussd.Message
}

func (m *market) open(number int) *booth {
	t := m.t
	t.Helper()
	b := &booth{t: t}
	log := slog.New(slog.DiscardHandler)
	kept, err := store.Open(filepath.Join(t.TempDir(), fmt.Sprint("attestor", number+1)), log)
	check(t, err)
	client, err := sdk.Open(m.network.Config())
	check(t, err)
	b.service, err = attestor.New(attestor.Config{
		Client: client, Store: kept, Outbox: b, Key: m.network.Attestors[number], AliasKey: m.network.AliasKey, Secret: [32]byte{byte(number + 1)},
		UTCOffsetMinutes: 180, Rand: rand.Reader, Log: log, Limits: attestor.Limits{ResendSeconds: 1},
	})
	check(t, err)
	b.server = httptest.NewServer(b.service.Handler())
	t.Cleanup(func() {
		b.server.Close()
		check(t, errors.Join(kept.Close(), client.Close()))
	})
	return b
}

// Enqueue implements ussd.Outbox.
func (b *booth) Enqueue(_ ussd.Writer, m ussd.Message, _ uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.ContainsFunc(b.waiting, func(have ussd.Message) bool { return have.Reference == m.Reference }) {
		b.waiting = append(b.waiting, m)
	}
	return nil
}

// Send implements sms.Sender: the message leaves with its code in it.
func (b *booth) Send(_ context.Context, m ussd.Message) (sms.Taken, error) {
	b.sent = append(b.sent, m)
	return sms.Taken{}, nil
}

var codeIn = regexp.MustCompile(`\b(\d{6})\b`)

// messages are what the attestor sent to a phone.
func (b *booth) messages(number string) (texts []string) {
	b.mu.Lock()
	waiting := b.waiting
	b.waiting = nil
	b.mu.Unlock()
	for _, m := range waiting {
		_, err := b.service.Codes(b).Send(b.t.Context(), m)
		if err != nil && !errors.Is(err, sms.ErrRefused) {
			b.t.Fatal(err)
		}
	}
	for _, m := range b.sent {
		if string(m.To) == number {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// codes are the newest codes that two attestors sent to a phone.
func (m *market) codes(number string) (codes []string) {
	m.t.Helper()
	for _, b := range m.attestors[:2] {
		texts := b.messages(number)
		code := ""
		for _, text := range texts {
			if found := codeIn.FindStringSubmatch(text); found != nil {
				code = found[1]
			}
		}
		if code == "" {
			m.t.Fatalf("an attestor sent no code, only %q", texts)
		}
		codes = append(codes, code)
	}
	return codes
}

// kill ends a gateway and deletes its disk.
func (m *market) kill(s *site) {
	m.t.Helper()
	s.phone(amina).play() // It has started.
	s.stop()
	s.url = "http://127.0.0.1:1"
	check(m.t, os.RemoveAll(s.config.Dir))
}

// tick has a batch made, so that what is due happens.
func (m *market) tick() { m.network.Fund(m.t, m.network.Amina.Account, 1) }

// grantees are the keys with a grant on an account.
func (m *market) grantees(account tx.AccountID) (keys []key.Public) {
	m.t.Helper()
	grants, err := m.network.Client(m.t).Grants(m.t.Context(), account)
	check(m.t, err)
	for _, g := range grants {
		keys = append(keys, g.Grantee)
	}
	return keys
}

func (m *market) binding(number string) sdk.Binding {
	m.t.Helper()
	b, err := m.network.Client(m.t).Binding(m.t.Context(), m.network.AliasKey.Alias(number))
	check(m.t, err)
	return b
}

// typed types on, and gives the screen.
func (p *phone) typed(inputs ...string) string {
	p.t.Helper()
	var screen handset.Screen
	var err error
	for _, input := range inputs {
		screen, err = p.Type(p.t.Context(), input)
		check(p.t, err)
	}
	return screen.Text
}
