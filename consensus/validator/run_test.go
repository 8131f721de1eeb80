package validator

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// hung is a node whose disk does not answer.
type hung chan struct{}

func (h hung) Close() error { <-h; return nil }

// TestHungDiskDoesNotKeepTheProcess: the process ends although closing the files does not.
func TestHungDiskDoesNotKeepTheProcess(t *testing.T) {
	h := make(hung)
	defer close(h)
	if err := closeWithin(h, time.Millisecond); !errors.Is(err, ErrHangs) {
		t.Errorf("got %v", err)
	}
}

// TestClientsPortWithTLS: with a certificate the clients' port speaks TLS and nothing else.
func TestClientsPortWithTLS(t *testing.T) {
	n := newNetwork(t)
	c := n.configs[0]
	pool := certificate(t, &c)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, c, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	conn, err := grpc.NewClient(c.Listen, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool, ServerName: "ledger.example"})))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	waitServing(t, conn)
	res, err := apiv1.NewLedgerServiceClient(conn).GetNetwork(t.Context(), &apiv1.GetNetworkRequest{})
	if err != nil || res.GetValidator() != c.Name {
		t.Errorf("over TLS: %v, %v", res, err)
	}
	short, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := n.clients[0].GetNetwork(short, &apiv1.GetNetworkRequest{}); status.Code(err) != codes.Unavailable {
		t.Errorf("in plaintext: %v", err)
	}
	old, err := tls.Dial("tcp", c.Listen, &tls.Config{RootCAs: pool, ServerName: "ledger.example", MaxVersion: tls.VersionTLS11})
	if err == nil {
		old.Close()
		t.Error("TLS 1.1 was accepted")
	}
}

// certificate makes a certificate for ledger.example and configures it.
func certificate(t *testing.T, c *Config) *x509.CertPool {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"ledger.example"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c.Certificate, c.CertificateKey = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{c.Certificate: {Type: "CERTIFICATE", Bytes: der}, c.CertificateKey: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return pool
}
