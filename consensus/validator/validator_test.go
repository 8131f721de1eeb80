package validator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/store"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	"github.com/umoja-ledger/umoja/sdk"
)

// network is four validators as their operators run them, from configuration files, in this process.
type network struct {
	world   *ledgertest.World
	dir     string
	configs []Config
	clients []apiv1.LedgerServiceClient
	conns   []*grpc.ClientConn
}

// ports are given to this process's tests. They lie below those that systems give to outgoing connections: one of these could be lost to another
// test's connection before the validator listens. A block of them belongs to the process that listens at its first port, until it ends: so no
// other run of these tests, at the same time, is given one of them.
var ports struct {
	mu sync.Mutex
	// blocks are the listeners at the first ports of the blocks. They stay until the process ends.
	blocks []net.Listener
	// next is the next port to give; at the first of a block, a new block is needed.
	next int
}

const portsInBlock = 500

// freePort gives a port that nobody else has, and that no test of this process was given before.
func freePort(t *testing.T) string {
	t.Helper()
	ports.mu.Lock()
	defer ports.mu.Unlock()
	for range 1000 {
		if ports.next%portsInBlock == 0 {
			first := 10_000 + portsInBlock*rand.IntN(10_000/portsInBlock)
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first))
			if err != nil {
				continue
			}
			ports.blocks, ports.next = append(ports.blocks, l), first+1
		}
		next := ports.next
		ports.next++
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", next)); err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no free port")
	return ""
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	n := &network{dir: t.TempDir()}
	var records []genesis.ValidatorRecord
	for i := range 4 {
		dir := filepath.Join(n.dir, fmt.Sprintf("validator%d", i+1))
		record, err := Init(dir, fmt.Sprintf("validator%d", i+1), freePort(t), freePort(t))
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, record)
	}
	n.world = ledgertest.NetworkOf(t, t.Name(), 4, func(_ *ledgertest.World, g *genesis.Genesis) {
		g.Validators = records
		for i, r := range records {
			g.Governors[i].Validator = r.Name
		}
	})
	for i, r := range records {
		dir := filepath.Join(n.dir, r.Name)
		for file, text := range map[string]string{"genesis.json": string(n.world.Raw), "alias.key": n.world.AliasKey.Text()} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		written := Config{
			Name: r.Name, Dir: ".", Genesis: "genesis.json", SigningKey: SigningKeyFile, TLSKey: TLSKeyFile, AliasKey: "alias.key",
			PeerListen: r.PeerAddress, Listen: r.Address,
		}
		path := filepath.Join(dir, "validator.toml")
		if err := written.Write(path); err != nil {
			t.Fatal(err)
		}
		config, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		n.configs = append(n.configs, config)
		conn, err := grpc.NewClient(records[i].Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		n.conns = append(n.conns, conn)
		n.clients = append(n.clients, apiv1.NewLedgerServiceClient(conn))
	}
	return n
}

// run starts all validators; the test's end stops them and checks that they ended well.
func (n *network) run(t *testing.T) {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	for _, c := range n.configs {
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- Run(ctx, c, log) }()
		t.Cleanup(func() {
			stop()
			if err := <-ended; err != nil {
				t.Errorf("%s ended with %v", c.Name, err)
			}
		})
	}
	for _, conn := range n.conns {
		waitServing(t, conn)
	}
}

func (n *network) client(t *testing.T) *sdk.Client {
	t.Helper()
	c, err := sdk.Open(sdk.Config{Genesis: n.world.Genesis})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestWholeNetwork: keys made on each machine, a genesis joined from the records, validators run from their files; a
// wallet finds a phone number's account, pays it, and proves it.
func TestWholeNetwork(t *testing.T) {
	n := newNetwork(t)
	n.run(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	client := n.client(t)
	issuer := sdk.NewWallet(client, n.world.Issuer, sdk.WalletOptions{Account: &n.world.IssuerAccount})
	outcome, err := issuer.Pay(ctx, n.world.Juma.Number, ledgertest.KES, 25_00, "rent")
	if err != nil || !outcome.Applied() {
		t.Fatalf("pay: %+v, %v", outcome, err)
	}
	receipt, _, err := client.Receipt(ctx, outcome.ID)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := receipt.Verify(n.world.Genesis.Trust()); err != nil || v.Code() != outcome.ReceiptCode || len(v.Cosigners) < 3 {
		t.Errorf("receipt: %+v, %v", v, err)
	}
	for i, c := range n.clients {
		b, err := c.GetBalance(ctx, &apiv1.GetBalanceRequest{
			Account: n.world.Juma.Account[:], Asset: uint32(ledgertest.KES), Freshness: apiv1.Freshness_FRESHNESS_ACCEPTED,
		})
		if want := ledgertest.JumaFunds + 25_00; err != nil || amount.Amount(b.GetPosted()) != want {
			t.Errorf("validator %d: balance %d, %v; want %d", i+1, b.GetPosted(), err, want)
		}
		health, err := healthv1.NewHealthClient(n.conns[i]).Check(ctx, &healthv1.HealthCheckRequest{})
		if err != nil || health.GetStatus() != healthv1.HealthCheckResponse_SERVING {
			t.Errorf("validator %d: health %v, %v", i+1, health.GetStatus(), err)
		}
	}
	// A validator that is a final round behind still has the payment open: it lists it until it has heard of that round.
	for {
		pending, err := client.Pending(ctx, n.world.IssuerAccount, n.world.Issuer)
		if err == nil && len(pending) == 0 {
			break
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("pending long after the payment is final: %v, %v", pending, err)
		}
	}
}

// TestBadInput: each wrong request has its own stable answer and moves nothing.
func TestBadInput(t *testing.T) {
	n := newNetwork(t)
	n.run(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	body, err := tx.Body{ExpiresAtUnixMs: uint64(time.Now().Add(time.Hour).UnixMilli()), Operations: []tx.Operation{
		tx.Transfer{Debit: n.world.IssuerAccount, Credit: n.world.Juma.Account, Asset: ledgertest.KES, Amount: 9_00},
	}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	good, err := tx.Seal(n.world.Network, body, n.world.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := tx.Seal(n.world.Network, body, n.world.Key(t, "stranger"))
	if err != nil {
		t.Fatal(err)
	}
	far, err := tx.Body{ExpiresAtUnixMs: uint64(time.Now().Add(8 * 24 * time.Hour).UnixMilli()), Operations: good.Body.Operations}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	tooFar, err := tx.Seal(n.world.Network, far, n.world.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	garbage := append([]byte(nil), good.Envelope()...)
	garbage[len(garbage)-1] ^= 0x40
	unknownField := append(append([]byte(nil), good.Envelope()...), 0x78, 1)
	for _, c := range []struct {
		name     string
		envelope []byte
		code     codes.Code
		reason   string
	}{
		{"empty", nil, codes.InvalidArgument, "MALFORMED"},
		{"cut", good.Envelope()[:50], codes.InvalidArgument, "NOT_CANONICAL"},
		{"unknown field", unknownField, codes.InvalidArgument, "NOT_CANONICAL"},
		{"oversized", make([]byte, tx.MaxEnvelopeBytes+1), codes.InvalidArgument, "TOO_LARGE"},
		{"far oversized", make([]byte, 128<<10), codes.ResourceExhausted, ""},
		{"garbage signature", garbage, codes.Unauthenticated, "BAD_SIGNATURE"},
		{"a stranger's signature", forged.Envelope(), codes.PermissionDenied, "UNAUTHORISED"},
		{"expiry too far", tooFar.Envelope(), codes.PermissionDenied, "EXPIRY_TOO_FAR"},
	} {
		for i, client := range n.clients {
			_, err := client.Submit(ctx, &apiv1.SubmitRequest{Envelope: c.envelope, Wait: apiv1.Stage_STAGE_FINAL}, grpc.WaitForReady(true))
			if code, reason := status.Code(err), reasonOf(err); code != c.code || reason != c.reason {
				t.Errorf("%s to validator %d: %s %q, want %s %q (%v)", c.name, i+1, code, reason, c.code, c.reason, err)
			}
		}
	}
	res, err := n.clients[2].Submit(ctx, &apiv1.SubmitRequest{Envelope: good.Envelope(), Wait: apiv1.Stage_STAGE_FINAL})
	if err != nil || res.GetStatus().GetStage() != apiv1.Stage_STAGE_FINAL || tx.Code(res.GetStatus().GetResult().GetCode()) != tx.OK {
		t.Fatalf("the true payment: %v, %v", res, err)
	}
	for _, call := range []func() error{
		func() error {
			_, err := n.clients[0].GetTransaction(ctx, &apiv1.GetTransactionRequest{Id: []byte{1}})
			return err
		},
		func() error { _, err := n.clients[0].GetBalance(ctx, &apiv1.GetBalanceRequest{}); return err },
		func() error { _, err := n.clients[0].GetAccount(ctx, &apiv1.GetAccountRequest{}); return err },
		func() error {
			_, err := n.clients[0].ListHistory(ctx, &apiv1.ListHistoryRequest{Account: n.world.Juma.Account[:], Limit: 101})
			return err
		},
		func() error {
			_, err := n.clients[0].ResolveAlias(ctx, &apiv1.ResolveAliasRequest{Alias: &apiv1.ResolveAliasRequest_PhoneNumber{PhoneNumber: "0711"}})
			return err
		},
	} {
		if err := call(); status.Code(err) != codes.InvalidArgument {
			t.Errorf("want INVALID_ARGUMENT, got %v", err)
		}
	}
	b, err := n.clients[1].GetBalance(ctx, &apiv1.GetBalanceRequest{
		Account: n.world.Juma.Account[:], Asset: uint32(ledgertest.KES), Freshness: apiv1.Freshness_FRESHNESS_ACCEPTED,
	})
	if want := ledgertest.JumaFunds + 9_00; err != nil || amount.Amount(b.GetPosted()) != want {
		t.Errorf("balance %d, %v; want %d: the true payment once and nothing else", b.GetPosted(), err, want)
	}
}

func reasonOf(err error) string {
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

// TestRefusesToStart: each mistake is named, and nothing is written.
func TestRefusesToStart(t *testing.T) {
	n := newNetwork(t)
	other := ledgertest.Network(t, "another network")
	log := slog.New(slog.DiscardHandler)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		name   string
		change func(t *testing.T, c *Config)
		want   string
	}{
		{"key that others can read", func(t *testing.T, c *Config) { chmod(t, c.SigningKey, 0o644) }, "chmod 600"},
		{"port taken", func(_ *testing.T, c *Config) { c.Listen = taken.Addr().String() }, "address already in use"},
		{"name not in the genesis", func(_ *testing.T, c *Config) { c.Name = "stranger" }, "not in the genesis"},
		{"another's key", func(_ *testing.T, c *Config) { c.SigningKey = n.configs[1].SigningKey }, "not the one that the genesis names"},
		{"no genesis", func(_ *testing.T, c *Config) { c.Genesis += ".not" }, "read genesis"},
		{"peer whose name is none", func(_ *testing.T, c *Config) { c.Peers = map[string]string{"../x": "y"} }, "peers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := n.configs[0]
			c.change(t, &config)
			defer chmod(t, n.configs[0].SigningKey, 0o600)
			if err := Run(t.Context(), config, log); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- Run(ctx, n.configs[0], log) }()
	waitServing(t, n.conns[0])
	if err := Run(t.Context(), withPorts(t, n.configs[0]), log); !errors.Is(err, store.ErrInUse) {
		t.Errorf("second process on a folder: %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(n.configs[0].Genesis, other.Raw, 0o600); err != nil {
		t.Fatal(err)
	}
	config := withPorts(t, n.configs[0])
	if err := Run(t.Context(), config, log); err == nil {
		t.Error("started with the genesis of another network")
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func withPorts(t *testing.T, c Config) Config {
	c.Listen, c.PeerListen = freePort(t), freePort(t)
	return c
}

func waitServing(t *testing.T, conn *grpc.ClientConn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{}, grpc.WaitForReady(true)); err != nil {
		t.Fatal(err)
	}
}

// TestStateOfAnotherVersion: a state whose first leaf this program would not have founded is refused, not served.
func TestStateOfAnotherVersion(t *testing.T) {
	n := newNetwork(t)
	config := n.configs[0]
	s, err := store.Open(filepath.Join(config.Dir, "state"), store.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	fx, err := ledger.Found(n.world.Genesis)
	if err != nil {
		t.Fatal(err)
	}
	// What an older program may have written: the header leaf without its last field.
	fx.Leaves[0].Raw = fx.Leaves[0].Raw[:len(fx.Leaves[0].Raw)-2]
	if err := errors.Join(s.Found(n.world.Network, fx), s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), config, slog.New(slog.DiscardHandler)); !errors.Is(err, store.ErrFormat) {
		t.Errorf("started on a state of another version: %v", err)
	}
}
