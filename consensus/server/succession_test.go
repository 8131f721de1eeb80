package server

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// changing is a network of its own whose validators change, each with a service.
type changing struct {
	network
	t                   *testing.T
	dir                 string
	listeners           map[string]net.Listener
	addresses, services map[string]string
}

func newChanging(t *testing.T, names []string) *changing {
	t.Helper()
	c := &changing{
		t: t, dir: t.TempDir(), network: network{world: ledgertest.Network(t, t.Name())},
		listeners: make(map[string]net.Listener), addresses: make(map[string]string), services: make(map[string]string),
	}
	t.Cleanup(func() {
		if err := c.close(); err != nil && !errors.Is(err, consensus.ErrRemoved) {
			t.Error(err)
		}
	})
	for _, name := range names {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c.listeners[name], c.addresses[name] = l, l.Addr().String()
		if _, known := c.world.Validators[name]; !known {
			for into, label := range map[*map[string]ed25519.PrivateKey]string{&c.world.Validators: "validator ", &c.world.TLS: "tls "} {
				seed := sha256.Sum256([]byte(t.Name() + label + name))
				(*into)[name] = ed25519.NewKeyFromSeed(seed[:])
			}
		}
	}
	return c
}

// start opens validators; those that the genesis does not name join.
func (c *changing) start(names ...string) {
	c.t.Helper()
	for _, name := range names {
		certificate, err := transport.NewCertificate(c.world.TLS[name], name)
		if err != nil {
			c.t.Fatal(err)
		}
		_, founded := c.world.Set.Find(name)
		node, err := consensus.Open(consensus.Config{
			Dir: filepath.Join(c.dir, name), Genesis: c.world.Genesis, Name: name, Key: c.world.Validators[name], Certificate: certificate,
			Joins: !founded, Peers: c.addresses, Listener: c.listeners[name], Log: slog.New(slog.DiscardHandler),
			Timing: consensus.Timing{Heartbeat: 500 * time.Millisecond, Commit: 10 * time.Millisecond},
		})
		if err != nil {
			c.t.Fatal(err)
		}
		c.nodes = append(c.nodes, node)
		c.services[name] = c.serve(c.t, len(c.nodes)-1, nil)
	}
}

func (c *changing) asks(file string, names ...string) *sdk.Client {
	c.t.Helper()
	config := sdk.Config{Genesis: c.world.Genesis, SetFile: file, ReadTimeout: 5 * time.Second}
	for _, name := range names {
		config.Addresses = append(config.Addresses, c.services[name])
	}
	client, err := sdk.Open(config)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { client.Close() })
	return client
}

// sign makes a transaction.
func (c *changing) sign(op tx.Operation, life time.Duration, signer key.Signer) *tx.Signed {
	c.t.Helper()
	body, err := sdk.NewBody(rand.Reader, uint64(time.Now().Add(life).UnixMilli()), op)
	if err != nil {
		c.t.Fatal(err)
	}
	raw, err := body.Encode()
	if err != nil {
		c.t.Fatal(err)
	}
	signed, err := tx.Seal(c.world.Network, raw, signer)
	if err != nil {
		c.t.Fatal(err)
	}
	return signed
}

func (c *changing) do(client *sdk.Client, op tx.Operation, signer key.Signer) tx.ID {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Minute)
	defer cancel()
	signed := c.sign(op, time.Hour, signer)
	o, err := client.Submit(ctx, signed)
	if err != nil || !o.Applied() {
		c.t.Fatalf("%T: %+v, %v", op, o, err)
	}
	return signed.ID()
}

func (c *changing) governor(name string) key.Signer {
	if k, known := c.world.Governors[name]; known {
		return k
	}
	return c.world.Governors["v2"]
}

// decide lets voters propose and vote for a set of these names.
func (c *changing) decide(client *sdk.Client, voters []string, names ...string) {
	c.t.Helper()
	var set tx.SetValidators
	for _, name := range names {
		spki, err := x509.MarshalPKIXPublicKey(c.world.TLS[name].Public())
		if err != nil {
			c.t.Fatal(err)
		}
		account, known := c.world.GovernorAccounts[name]
		if !known {
			account = c.world.GovernorAccounts["v2"]
		}
		set.Validators = append(set.Validators, tx.Governor{
			Name: name, Key: c.world.Validators[name].Public().(ed25519.PublicKey), TLSKeyHash: sha256.Sum256(spki), Account: account, PeerAddress: c.addresses[name],
		})
	}
	expires := uint64(time.Now().Add(time.Hour).UnixMilli())
	id := c.do(client, tx.Propose{Validator: voters[0], Decision: set, ExpiresAtUnixMs: expires}, c.governor(voters[0]))
	for _, v := range voters[1:] {
		c.do(client, tx.Vote{Validator: v, Ballot: tx.NewBallotID(id, 0), Yes: true}, c.governor(v))
	}
}

// reigns pays until the client has met the set of these names.
func (c *changing) reigns(client *sdk.Client, names ...string) {
	c.t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for {
		c.do(client, tx.Transfer{Debit: c.world.IssuerAccount, Credit: c.world.Juma.Account, Asset: ledgertest.KES, Amount: 1}, c.world.Issuer)
		var now []string
		for _, v := range client.ValidatorSet() {
			now = append(now, v.Name)
		}
		if slices.Equal(now, names) {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("the client knows %v, want %v", now, names)
		}
	}
}

// settled says whether a client takes a transaction for one that was never made, once somebody can say so.
func (c *changing) settled(client *sdk.Client, signed *tx.Signed, patience time.Duration) bool {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	o, err := client.Submit(ctx, signed)
	if err == nil && !o.Expired || o.Final {
		c.t.Errorf("outcome %+v", o)
	}
	return err == nil && o.Expired
}

// TestClientsFollowTheValidators: four become seven and then another four, by ballot, under clients that were opened before, know the
// addresses of some only, or know nothing but the genesis. What has expired is settled by those in force and by nobody else.
func TestClientsFollowTheValidators(t *testing.T) {
	if testing.Short() {
		t.Skip("seven validators of raft")
	}
	seven := []string{"v1", "v2", "v3", "v4", "v5", "v6", "v7"}
	four := []string{"v2", "v4", "v5", "v7"}
	gone := []string{"v1", "v3", "v6"}
	c := newChanging(t, seven)
	c.start(seven[:4]...)
	old := c.asks("", seven[:4]...)
	c.reigns(old, seven[:4]...)
	c.decide(old, []string{"v2", "v1", "v3"}, seven...)
	c.start(seven[4:]...)
	c.reigns(old, seven...) // By a receipt of the new set.
	late := c.sign(tx.Transfer{Debit: c.world.IssuerAccount, Credit: c.world.Juma.Account, Asset: ledgertest.KES, Amount: 7}, time.Second, c.world.Issuer)
	time.Sleep(time.Until(time.UnixMilli(int64(late.Body.ExpiresAtUnixMs))))
	if c.settled(c.asks("", "v1", "v2"), late, 5*time.Second) {
		t.Error("two of seven, who were enough of the four, have settled a transaction")
	}
	if !c.settled(old, late, 2*time.Minute) {
		t.Error("a client of before the change does not settle what has expired")
	}
	if !c.settled(c.asks("", "v5", "v6", "v7"), late, 2*time.Minute) {
		t.Error("three newcomers do not settle what has expired")
	}
	file := filepath.Join(t.TempDir(), "validators.json")
	all := c.asks(file, seven...)
	c.decide(all, []string{"v2", "v1", "v3", "v4", "v5"}, four...)
	c.reigns(all, four...)
	for what, row := range map[string]struct {
		client  *sdk.Client
		settles bool
	}{
		"who has left":     {c.asks("", gone...), false},
		"one and who left": {c.asks("", append([]string{"v4"}, gone...)...), false},
		"two newcomers":    {c.asks("", "v5", "v7"), true},
		"everybody":        {all, true},
	} {
		patience := 2 * time.Minute
		if !row.settles {
			patience = 5 * time.Second
		}
		if c.settled(row.client, late, patience) != row.settles {
			t.Errorf("%s: settled is not %v", what, row.settles)
		}
	}
	if got := fmt.Sprint(len(c.asks(file, four...).ValidatorSet())); got != "4" {
		t.Errorf("in the next run the client knows a set of %s", got)
	}
	promises, err := all.Promises(t.Context(), c.sign(tx.Transfer{Debit: c.world.IssuerAccount, Credit: c.world.Juma.Account, Asset: ledgertest.KES, Amount: 9}, time.Hour, c.world.Issuer))
	if err != nil {
		t.Error(err)
	}
	for _, p := range promises {
		if !slices.Contains(four, p.Validator) {
			t.Errorf("a promise of %s, who has left", p.Validator)
		}
	}
}
