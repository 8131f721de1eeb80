package validator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/consensus/server"
	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/store"
)

// Run is a validator's life: it returns nil when the context ends, and the fatal error when the node meets one.
func Run(ctx context.Context, c Config, log *slog.Logger) (err error) {
	log = log.With("validator", c.Name)
	nodeConfig, aliasKey, err := c.prepare(log)
	if err != nil {
		return err
	}
	var creds credentials.TransportCredentials
	if c.Certificate != "" {
		if creds, err = credentials.NewServerTLSFromFile(c.Certificate, c.CertificateKey); err != nil {
			return fmt.Errorf("read certificate of the clients' port: %w", err)
		}
	}
	if creds == nil && !nodeConfig.Genesis.Test {
		log.Warn("clients are served in plaintext on a network that is not for tests: set certificate and certificate_key, or put TLS in front", "listen", c.Listen)
	}
	clients, peers, tiles, err := c.listen()
	if err != nil {
		return err
	}
	nodeConfig.Listener = peers
	node, err := consensus.Open(nodeConfig)
	if err != nil {
		clients.Close()
		if tiles != nil {
			tiles.Close()
		}
		return fmt.Errorf("start validator %s: %w", c.Name, err)
	}
	defer func() { err = errors.Join(err, closeWithin(node, closePatience)) }()
	s := server.New(server.Config{Node: node, AliasKey: aliasKey, Credentials: creds})
	served := make(chan error, 1)
	opening, giveUp := context.WithCancel(ctx)
	defer giveUp()
	go func() {
		if node.AwaitLevel(opening); opening.Err() != nil {
			served <- clients.Close()
			return
		}
		log.Info("serving", "clients", clients.Addr().String(), "validators", peers.Addr().String(), "network", node.Network().String())
		served <- s.Serve(clients)
	}()
	stopTiles, err := c.serveTiles(node, tiles, log)
	if err != nil {
		giveUp()
		s.Stop()
		tiles.Close()
		return errors.Join(err, <-served)
	}
	defer stopTiles()
	select {
	case <-ctx.Done():
		log.Info("stopping")
	case <-node.Dead():
		err = node.Err()
	case err = <-served:
		return err
	}
	s.Stop()
	return errors.Join(err, <-served)
}

// listen takes the ports before anything else is done: a taken one is the likeliest mistake, and must change nothing on disk. Until they are
// served, whoever comes is turned away (door). Tiles is nil where they are not served.
func (c Config) listen() (clients, peers, tiles net.Listener, err error) {
	var taken []net.Listener
	for _, p := range []struct {
		what, address string
		to            *net.Listener
	}{{"clients", c.Listen, &clients}, {"validators", c.PeerListen, &peers}, {"tiles", c.Tiles, &tiles}} {
		if p.address == "" {
			continue
		}
		l, err := net.Listen("tcp", p.address)
		if err != nil {
			for _, l := range taken {
				l.Close()
			}
			return nil, nil, nil, fmt.Errorf("listen for %s: %w", p.what, err)
		}
		*p.to = newDoor(l.(*net.TCPListener)) // Of "tcp" it is always one.
		taken = append(taken, *p.to)
	}
	return clients, peers, tiles, nil
}

// closePatience is how long a node may take to close its files. One whose disk hangs never does, and the process must end
// all the same: what was promised is on disk already.
const closePatience = 30 * time.Second

// closeWithin closes a node, but does not wait for it longer than patience.
func closeWithin(node io.Closer, patience time.Duration) error {
	closed := make(chan error, 1)
	go func() { closed <- node.Close() }()
	select {
	case err := <-closed:
		return err
	case <-time.After(patience):
		return fmt.Errorf("close: not done after %s: %w", patience, ErrHangs)
	}
}

// ErrHangs means that the files could not be closed in time.
var ErrHangs = errors.New("the disk hangs")

// prepare reads everything that the configuration names.
func (c Config) prepare(log *slog.Logger) (consensus.Config, *key.AliasKey, error) {
	raw, err := os.ReadFile(c.Genesis)
	if err != nil {
		return consensus.Config{}, nil, fmt.Errorf("read genesis: %w", err)
	}
	g, err := genesis.Parse(raw)
	if err != nil {
		return consensus.Config{}, nil, fmt.Errorf("genesis %s: %w", c.Genesis, err)
	}
	signing, err := readKey(c.SigningKey)
	if err != nil {
		return consensus.Config{}, nil, err
	}
	tlsKey, err := readKey(c.TLSKey)
	if err != nil {
		return consensus.Config{}, nil, err
	}
	certificate, err := transport.NewCertificate(tlsKey, c.Name)
	if err != nil {
		return consensus.Config{}, nil, err
	}
	out := consensus.Config{
		Dir: c.Dir, Genesis: g, Name: c.Name, Key: signing, Certificate: certificate, Peers: make(map[string]string), Overrides: c.Peers, Joins: c.Join,
		Timing: timings[c.Timing], Store: store.Options{Log: log}, Log: log,
	}
	for _, r := range g.Validators {
		out.Peers[r.Name] = r.PeerAddress
	}
	for name := range c.Peers {
		if err := checkpoint.CheckName(name); err != nil {
			return consensus.Config{}, nil, fmt.Errorf("peers: %w: %w", err, ErrConfig)
		}
	}
	if c.AliasKey == "" {
		return out, nil, nil
	}
	text, err := os.ReadFile(c.AliasKey)
	if err != nil {
		return consensus.Config{}, nil, fmt.Errorf("read alias key: %w", err)
	}
	aliasKey, err := key.ParseAliasKey(strings.TrimSpace(string(text)))
	if err != nil {
		return consensus.Config{}, nil, fmt.Errorf("alias key %s: %w", c.AliasKey, err)
	}
	return out, &aliasKey, nil
}
