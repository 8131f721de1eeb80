package attestor

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/sms"
	"github.com/umoja-ledger/umoja/ussd/store"
)

// world is a network with three providers (mwanga serves Juma and Amina, tumaini wants to, nyoka is a rogue that calls itself MWANGA) and three
// attestors, of which the third is mwanga's.
type world struct {
	t         *testing.T
	net       *sdktest.Network
	providers map[string]key.Private
	attestors []*desk
	log       *strings.Builder
	logMu     sync.Mutex
}

// desk is one attestor's process.
type desk struct {
	world   *world
	number  int
	dir     string
	limits  Limits
	service *Service
	store   *store.Badger
	server  *httptest.Server
	// outbox holds messages in the order of their coming, and sent what went through the route.
	outbox outbox
	read   int
}

// outbox keeps messages in memory; the store decides which of them were put in it for good.
type outbox struct {
	mu       sync.Mutex
	messages []ussd.Message
}

// Enqueue implements ussd.Outbox.
func (o *outbox) Enqueue(_ ussd.Writer, m ussd.Message, _ uint64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !slices.ContainsFunc(o.messages, func(have ussd.Message) bool { return have.Reference == m.Reference }) {
		o.messages = append(o.messages, m)
	}
	return nil
}

// mast is a carrier that takes everything.
type mast struct{ taken []ussd.Message }

// Send implements sms.Sender.
func (r *mast) Send(_ context.Context, m ussd.Message) (sms.Taken, error) {
	r.taken = append(r.taken, m)
	return sms.Taken{}, nil
}

func newWorld(t *testing.T, limits Limits) *world {
	t.Helper()
	w := &world{t: t, providers: make(map[string]key.Private), log: new(strings.Builder)}
	lw := ledgertest.NetworkOf(t, t.Name(), 4, func(lw *ledgertest.World, g *genesis.Genesis) {
		g.Providers[0].Codes = []string{"*384*2050#"}
		w.providers["mwanga"] = lw.Provider
		for _, p := range []struct{ name, called, code string }{{"tumaini", "Tumaini", "*384*3060#"}, {"nyoka", "MWANGA", "*384*6666#"}} {
			k := lw.Key(t, p.name)
			w.providers[p.name] = k
			open := tx.OpenAccount{Authority: tx.SingleKey(k.Public()), Salt: [16]byte{byte(len(p.name))}}
			g.Accounts = append(g.Accounts, genesis.Account{ID: open.Account(), Salt: open.Salt[:], Authority: genesis.AuthorityOf(open.Authority)})
			g.Providers = append(g.Providers, genesis.Provider{
				Account: open.Account(), Name: p.called, Key: k.Public(), Codes: []string{p.code}, Shares: 1,
				Schedules: []genesis.FeeSchedule{{Asset: ledgertest.KES, Bands: genesis.FlatFee(1), EffectiveAtUnixMs: ledgertest.GenesisTimeUnixMs}},
			})
		}
		g.Attestors[2].Provider = &lw.ProviderAccount
		g.Parameters.MoveDelayMs = 60_000
	})
	w.net = sdktest.NewWith(t, lw)
	for i := range 3 {
		d := &desk{world: w, number: i, dir: filepath.Join(t.TempDir(), fmt.Sprint("attestor", i+1)), limits: limits}
		w.attestors = append(w.attestors, d)
		d.open()
	}
	return w
}

// Write collects the logs of all.
func (w *world) Write(p []byte) (int, error) {
	w.logMu.Lock()
	defer w.logMu.Unlock()
	return w.log.Write(p)
}

func (d *desk) open() {
	t, w := d.world.t, d.world
	t.Helper()
	log := slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
	kept, err := store.Open(d.dir, log)
	if err != nil {
		t.Fatal(err)
	}
	d.store = kept
	client, err := sdk.Open(w.net.Config())
	if err != nil {
		t.Fatal(err)
	}
	d.service, err = New(Config{
		Client: client, Store: kept, Outbox: &d.outbox, Key: w.net.Attestors[d.number], AliasKey: w.net.AliasKey, Secret: [32]byte{byte(d.number + 1)},
		Limits: d.limits, UTCOffsetMinutes: 180, Rand: rand.Reader, Log: log, NowUnixMs: w.net.NowUnixMs,
	})
	if err != nil {
		t.Fatal(err)
	}
	d.server = httptest.NewServer(d.service.Handler())
	t.Cleanup(func() {
		d.close()
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (d *desk) close() {
	if d.server == nil {
		return
	}
	d.server.Close()
	if err := d.store.Close(); err != nil {
		d.world.t.Error(err)
	}
	d.server = nil
}

// restart is a crash and a new process on the same disk.
func (d *desk) restart() {
	d.close()
	d.open()
}

func (d *desk) client(provider string) *Client {
	d.world.t.Helper()
	c, err := NewClient(ClientConfig{
		Name: fmt.Sprint("attestor ", d.number+1), Address: d.server.URL, Key: d.world.net.Attestors[d.number].Public(), Network: d.world.net.Network,
		Signer: d.world.providers[provider], NowUnixMs: d.world.net.NowUnixMs,
	})
	if err != nil {
		d.world.t.Fatal(err)
	}
	return c
}

// delivered are the messages that came since the last time, with their codes in them.
func (d *desk) delivered() []ussd.Message {
	d.world.t.Helper()
	d.outbox.mu.Lock()
	fresh := slices.Clone(d.outbox.messages[d.read:])
	d.read = len(d.outbox.messages)
	d.outbox.mu.Unlock()
	var r mast
	for _, m := range fresh {
		if _, err := d.service.Codes(&r).Send(d.world.t.Context(), m); err != nil {
			r.taken = append(r.taken, ussd.Message{To: m.To, Text: "(not sent: the code is over)"})
		}
	}
	return r.taken
}

// rightCode is the code of an ask, as only the attestor and the phone know it.
func (d *desk) rightCode(provider string, id tx.ID) string {
	d.world.t.Helper()
	a, err := d.service.findAsk(d.world.t.Context(), id, d.world.providers[provider].Public())
	if err != nil {
		d.world.t.Fatal(err)
	}
	if a == nil {
		return "000000"
	}
	return d.service.code(*a).Reveal()
}

// body makes a transaction's canonical bytes.
func (w *world) body(life uint64, operations ...tx.Operation) []byte {
	w.t.Helper()
	body, err := sdk.NewBody(rand.Reader, w.net.NowUnixMs()+life, operations...)
	if err != nil {
		w.t.Fatal(err)
	}
	raw, err := body.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	return raw
}

// move is a StartMove of Juma's number from one provider's grant to another's.
func (w *world) move(old, to string) tx.StartMove {
	juma := w.net.Juma
	op := tx.StartMove{Alias: juma.Alias, From: juma.Account, To: juma.Account, Grant: &tx.IssueGrant{
		Account: juma.Account, Grantee: w.providers[to].Public(), Operations: []tx.GrantedOperation{tx.GrantTransfer, tx.GrantCancel}, Asset: ledgertest.KES,
		CapTransaction: ledgertest.CapTransaction, CapDay: ledgertest.CapDay, FeeCeiling: 5, ExpiresAtUnixMs: w.net.NowUnixMs() + 400*24*3600_000,
	}}
	if old != "" {
		k := w.providers[old].Public()
		op.OldGrantee = &k
	}
	return op
}
