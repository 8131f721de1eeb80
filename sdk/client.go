package sdk

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Config is what a Client needs. Only Genesis must be set.
type Config struct {
	// Genesis is what everything is verified against.
	Genesis *genesis.Genesis
	// Addresses are the validators' public services, host:port; empty takes them from the genesis. Where f+1 must answer
	// alike and fewer are named, all of those named must. No ballot says where a newcomer's service is: who follows a network
	// whose validators change names the new addresses, and drops those of who has left.
	Addresses []string
	// SetFile is where the client keeps the changes of the validator set that it has verified, and the highest checkpoint, over runs; the
	// file is that of a Light client. Empty keeps them in memory, or in the outbox folder of the first Wallet that has one.
	SetFile string
	// TLS secures the connections; nil is plaintext, for a sandbox.
	TLS *tls.Config
	// AliasKey lets the client resolve phone numbers by keyed hash and read full names; nil asks by number.
	AliasKey *key.AliasKey
	// Logger hears of validators that fail or lie; nil is silence.
	Logger *slog.Logger

	// ReadTimeout is how long one validator may take over a read before the next is asked; 0 is 2 s.
	ReadTimeout time.Duration
	// HedgeDelay is how long a submission waits for one validator before the same bytes go to the next as well; 0 is 1.5 s.
	HedgeDelay time.Duration
	// SubmitTimeout bounds one hand-over of a submission to one validator; 0 is 10 s.
	SubmitTimeout time.Duration
	// RetryDelay is the first pause before a validator that failed is asked again; it doubles up to ten times; 0 is 100 ms.
	RetryDelay time.Duration
	// WatchSilence is how long Watch listens to one validator that says nothing before it moves to the next; 0 is 30 s.
	WatchSilence time.Duration
	// NowUnixMs is the own clock; nil is the machine's.
	NowUnixMs func() uint64
	// Dial opens connections; nil dials TCP.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

// Client speaks to the validators of one network. It is safe for use by many goroutines.
type Client struct {
	config     Config
	log        *slog.Logger
	validators []*validator
	// last is the place of the validator that answered last: it is asked first.
	last atomic.Int32
	// final is the largest tree size that a verified receipt showed to be final; reads below it are stale.
	final atomic.Uint64
	// light knows the validator sets.
	light *Light

	background sync.WaitGroup
	looking    sync.Mutex // guards all below
	lookAt     time.Time
	looks      int
	closed     bool
}

// validator is one address with its connection.
type validator struct {
	apiv1.LedgerServiceClient
	place   int
	address string
	conn    *grpc.ClientConn
}

// maxAnswerBytes bounds an answer: a receipt with a long chain of validator sets is the largest.
const maxAnswerBytes = 8 << 20

// Open makes a client. It connects when it is first used, so a validator that is down is no error here.
func Open(config Config) (*Client, error) {
	if config.Genesis == nil {
		return nil, fmt.Errorf("genesis is missing: %w", ErrBadConfig)
	}
	addresses := slices.Clone(config.Addresses)
	if len(addresses) == 0 {
		for _, r := range config.Genesis.Validators {
			addresses = append(addresses, r.Address)
		}
	}
	light, err := OpenLight(config.Genesis, config.SetFile)
	if err != nil {
		return nil, fmt.Errorf("file of validator sets: %w: %w", err, ErrBadConfig)
	}
	c := &Client{config: config.withDefaults(), light: light}
	c.log = c.config.Logger
	for _, address := range addresses {
		if slices.ContainsFunc(c.validators, func(v *validator) bool { return v.address == address }) {
			continue // One validator named twice is still one word.
		}
		v, err := c.connect(address)
		if err != nil {
			return nil, fmt.Errorf("validator address %q: %v: %w", address, err, ErrBadConfig)
		}
		v.place = len(c.validators)
		c.validators = append(c.validators, v)
	}
	return c, nil
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		set   *time.Duration
		value time.Duration
	}{
		{&c.ReadTimeout, 2 * time.Second}, {&c.HedgeDelay, 1500 * time.Millisecond}, {&c.SubmitTimeout, 10 * time.Second},
		{&c.RetryDelay, 100 * time.Millisecond}, {&c.WatchSilence, 30 * time.Second},
	} {
		if *d.set == 0 {
			*d.set = d.value
		}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.NowUnixMs == nil {
		c.NowUnixMs = func() uint64 { return uint64(time.Now().UnixMilli()) }
	}
	return c
}

func (c *Client) connect(address string) (*validator, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, err
	}
	secure := insecure.NewCredentials()
	if c.config.TLS != nil {
		secure = credentials.NewTLS(c.config.TLS)
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(secure),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswerBytes)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 20 * time.Second, Timeout: 5 * time.Second}),
		// A validator that was restarted is used again within a second.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: 2 * time.Second,
		}),
		grpc.WithDisableServiceConfig(),
	}
	target := "dns:///" + address
	if c.config.Dial != nil {
		target = "passthrough:///" + address
		options = append(options, grpc.WithContextDialer(c.config.Dial))
	}
	conn, err := grpc.NewClient(target, options...)
	if err != nil {
		return nil, err
	}
	return &validator{LedgerServiceClient: apiv1.NewLedgerServiceClient(conn), address: address, conn: conn}, nil
}

// Close ends the connections. Calls that are under way end with an error.
func (c *Client) Close() error {
	c.looking.Lock()
	c.closed = true
	c.looking.Unlock()
	defer c.background.Wait()
	for _, v := range c.validators {
		if err := v.conn.Close(); err != nil {
			return fmt.Errorf("close connection to %s: %w", v.address, err)
		}
	}
	return nil
}

// Genesis is what the client verifies against.
func (c *Client) Genesis() *genesis.Genesis { return c.config.Genesis }

// alike is how many validators must give the same answer before it is believed: with f+1 at least one is honest.
func (c *Client) alike() int {
	return min(c.light.ValidatorSet().Faults()+1, len(c.validators))
}

// order lists the validators, the one that answered last first.
func (c *Client) order() []*validator {
	first := int(c.last.Load())
	return append(slices.Clone(c.validators[first:]), c.validators[:first]...)
}

func (c *Client) answered(v *validator) { c.last.Store(int32(v.place)) }

// seen remembers that a tree of the size is final.
func (c *Client) seen(size uint64) {
	for {
		known := c.final.Load()
		if known >= size || c.final.CompareAndSwap(known, size) {
			return
		}
	}
}

// retryDelay is the pause before the n-th further attempt, counted from 0.
func (c *Client) retryDelay(n int) time.Duration {
	return min(c.config.RetryDelay<<min(n, maxRetryDelay), 10*c.config.RetryDelay)
}

// maxRetryDelay is the attempt from which on the pause does not grow.
const maxRetryDelay = 10

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
