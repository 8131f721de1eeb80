package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// network is four validators that all tests of this package share; each serves on its own port.
type network struct {
	world *ledgertest.World
	nodes []*consensus.Node
	end   []func() error

	mu    sync.Mutex
	nonce uint64
}

var (
	starting sync.Mutex
	shared   *network
)

func TestMain(m *testing.M) {
	code := m.Run()
	if shared != nil {
		if err := shared.close(); err != nil {
			fmt.Fprintln(os.Stderr, "stop the network:", err)
			code = 1
		}
	}
	os.Exit(code)
}

func (n *network) close() error {
	var errs []error
	for _, node := range n.nodes {
		errs = append(errs, node.Close())
	}
	for _, end := range n.end {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

func theNetwork(t testing.TB) *network {
	t.Helper()
	starting.Lock()
	defer starting.Unlock()
	if shared != nil {
		return shared
	}
	dir, err := os.MkdirTemp("", "umoja-server")
	if err != nil {
		t.Fatal(err)
	}
	n := &network{world: ledgertest.Network(t, "consensus/server"), end: []func() error{func() error { return os.RemoveAll(dir) }}}
	listeners, addresses := make(map[string]net.Listener), make(map[string]string)
	for _, v := range n.world.Set {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners[v.Name], addresses[v.Name] = l, l.Addr().String()
	}
	shared = n
	timing := consensus.Timing{Heartbeat: 500 * time.Millisecond, Commit: 10 * time.Millisecond}
	if _, ok := t.(*testing.B); ok {
		timing = consensus.LAN
	}
	for _, v := range n.world.Set {
		certificate, err := transport.NewCertificate(n.world.TLS[v.Name], v.Name)
		if err != nil {
			t.Fatal(err)
		}
		node, err := consensus.Open(consensus.Config{
			Dir: filepath.Join(dir, v.Name), Genesis: n.world.Genesis, Name: v.Name, Key: n.world.Validators[v.Name], Certificate: certificate,
			Peers: addresses, Listener: listeners[v.Name], Log: slog.New(slog.DiscardHandler),
			Timing: timing,
		})
		if err != nil {
			t.Fatal(err)
		}
		n.nodes = append(n.nodes, node)
	}
	return n
}

// serve starts a server of a validator for one test, with fresh limits.
func (n *network) serve(t testing.TB, validator int, aliasKey *key.AliasKey) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New(Config{Node: n.nodes[validator], AliasKey: aliasKey})
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// dial connects from a loopback address, so that a test can be several callers.
func dial(t testing.TB, address, from string) apiv1.LedgerServiceClient {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, to string) (net.Conn, error) { return d.DialContext(ctx, "tcp", to) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return apiv1.NewLedgerServiceClient(conn)
}

// client is a client of a validator with the alias key.
func (n *network) client(t testing.TB, validator int) apiv1.LedgerServiceClient {
	t.Helper()
	return dial(t, n.serve(t, validator, &n.world.AliasKey), "127.0.0.1")
}

// payment makes a payment from the issuer to Juma.
func (n *network) payment(t testing.TB, life time.Duration) *tx.Signed {
	t.Helper()
	n.mu.Lock()
	n.nonce++
	nonce := n.world.Nonce(n.nonce)
	n.mu.Unlock()
	body, err := tx.Body{
		Nonce: nonce, ExpiresAtUnixMs: uint64(time.Now().Add(life).UnixMilli()),
		Operations: []tx.Operation{tx.Transfer{Debit: n.world.IssuerAccount, Credit: n.world.Juma.Account, Asset: ledgertest.KES, Amount: 1}},
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := tx.Seal(n.world.Network, body, n.world.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// pay makes a payment final.
func (n *network) pay(t testing.TB, c apiv1.LedgerServiceClient) (*tx.Signed, *apiv1.TransactionStatus) {
	t.Helper()
	signed := n.payment(t, time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	res, err := c.Submit(ctx, &apiv1.SubmitRequest{Envelope: signed.Envelope(), Wait: apiv1.Stage_STAGE_FINAL})
	if err != nil || res.GetStatus().GetStage() != apiv1.Stage_STAGE_FINAL || tx.Code(res.GetStatus().GetResult().GetCode()) != tx.OK {
		t.Fatalf("pay: %v, %v", res, err)
	}
	return signed, res.GetStatus()
}
