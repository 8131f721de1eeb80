// Package sdktest is a whole network in memory for tests of what is built on package sdk.
//
// New makes the world of a seed (package ledgertest) and serves it: one true ledger, run by the rules of package ledger, and
// one validator per record in front of it, each with a gRPC server on an in-memory listener. A submission becomes a batch of
// its own, is final at once unless a test holds it, and gets a receipt with the real cosignatures of all validators. Only
// consensus is missing: the validators share one state.
//
// A test makes a validator misbehave with the switches of Validator (stop, hang, drop the answer, refuse, lie), holds the
// order or the finality of everybody with those of Network, moves the clock with Advance, and changes the validators with Decide.
package sdktest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// Network is a network in memory.
type Network struct {
	*ledgertest.World
	// Validators are in the order of their names.
	Validators []*Validator

	// mu guards all below; it is held for the time of one read or one batch.
	mu              sync.Mutex
	accepted, final *ledgertest.Memory
	// queue are the batches that are accepted and not final.
	queue []*ledger.Effects
	// held are the transactions that were taken and not ordered.
	held    []*tx.Signed
	history history
	// sets are the validator sets up to the last one whose boundary is final.
	sets         checkpoint.Succession
	holdOrder    bool
	holdFinality bool
	ahead        time.Duration
	// changed is closed and replaced whenever anything above moves.
	changed chan struct{}
}

// New makes the network of the test's name and ends it with the test.
func New(t testing.TB) *Network {
	t.Helper()
	return NewWith(t, ledgertest.Network(t, t.Name()))
}

// NewWith serves a world.
func NewWith(t testing.TB, w *ledgertest.World) *Network {
	t.Helper()
	n := &Network{World: w, accepted: ledgertest.NewMemory(), final: ledgertest.NewMemory(), history: newHistory(), changed: make(chan struct{})}
	n.sets.First = w.Set
	fx, err := ledger.Found(w.Genesis)
	if err != nil {
		t.Fatal(err)
	}
	n.commit(fx)
	n.finalise()
	for _, v := range w.Set {
		n.Validators = append(n.Validators, newValidator(n, v.Name))
	}
	t.Cleanup(func() {
		for _, v := range n.Validators {
			v.Stop()
		}
	})
	return n
}

// Config is what a client of the network needs, with timeouts for tests.
func (n *Network) Config() sdk.Config {
	c := sdk.Config{
		Genesis: n.Genesis, NowUnixMs: n.NowUnixMs, Dial: n.Dial,
		ReadTimeout: 5 * time.Second, HedgeDelay: 100 * time.Millisecond, SubmitTimeout: 5 * time.Second, RetryDelay: 2 * time.Millisecond,
	}
	for _, v := range n.Validators {
		c.Addresses = append(c.Addresses, v.Address())
	}
	return c
}

// Client opens a client that is closed with the test; change may alter its configuration.
func (n *Network) Client(t testing.TB, change ...func(*sdk.Config)) *sdk.Client {
	t.Helper()
	config := n.Config()
	for _, f := range change {
		f(&config)
	}
	c, err := sdk.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// Dial connects to a validator by its address.
func (n *Network) Dial(ctx context.Context, address string) (net.Conn, error) {
	n.mu.Lock()
	all := n.Validators
	n.mu.Unlock()
	for _, v := range all {
		if v.Address() == address {
			return v.dial(ctx)
		}
	}
	return nil, fmt.Errorf("dial %s: nobody is there", address)
}

// NowUnixMs is the clock of all validators: the machine's, but never before the genesis, and ahead by what Advance added.
func (n *Network) NowUnixMs() uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.now()
}

func (n *Network) now() uint64 {
	return max(uint64(time.Now().UnixMilli()), ledgertest.GenesisTimeUnixMs) + uint64(n.ahead.Milliseconds())
}

// Advance moves the clock.
func (n *Network) Advance(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ahead += d
}

// HoldOrder says whether submissions are taken and not ordered; false orders what was held.
func (n *Network) HoldOrder(hold bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.holdOrder = hold; hold {
		return
	}
	for _, signed := range n.held {
		if signed.Body.ExpiresAtUnixMs >= n.now() {
			n.order(signed)
		}
	}
	n.held = nil
	n.moved()
}

// HoldFinality says whether batches stay accepted; false makes them final.
func (n *Network) HoldFinality(hold bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.holdFinality = hold; !hold {
		n.finalise()
		n.moved()
	}
}

// Apply orders operations signed by the keys, whoever may be down, and makes them final.
func (n *Network) Apply(t testing.TB, signers []key.Signer, operations ...tx.Operation) ledger.Outcome {
	t.Helper()
	body, err := sdk.NewBody(rand.Reader, n.NowUnixMs()+60_000, operations...)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := body.Encode()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := tx.Seal(n.Network, raw, signers...)
	if err != nil {
		t.Fatal(err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	outcome := n.order(signed)
	n.finalise()
	n.moved()
	return outcome
}

// Take takes a transaction without ordering it, as HoldOrder does with those submitted.
func (n *Network) Take(signed *tx.Signed) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.held = append(n.held, signed)
	n.moved()
}

// Order orders a transaction past ingress, as a leader does by bad timing, or a lying one.
func (n *Network) Order(signed *tx.Signed) ledger.Outcome {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.order(signed)
}

// Fund pays an account from the issuer's money.
func (n *Network) Fund(t testing.TB, to tx.AccountID, a amount.Amount) {
	t.Helper()
	o := n.Apply(t, []key.Signer{n.Issuer}, tx.Transfer{Debit: n.IssuerAccount, Credit: to, Asset: ledgertest.KES, Amount: a})
	if o.Result.Code != tx.OK {
		t.Fatalf("fund %s: %s", to, o.Result.Code)
	}
}

// Balance is the final balance in KES as the true ledger has it.
func (n *Network) Balance(t testing.TB, account tx.AccountID) amount.Amount {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	b, err := ledger.Read(n.final).Balance(account, ledgertest.KES)
	if err != nil {
		t.Fatal(err)
	}
	return b.Posted
}

// Leaves is the number of final leaves.
func (n *Network) Leaves() uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.final.Head().Size
}

// moved wakes those who wait.
func (n *Network) moved() {
	close(n.changed)
	n.changed = make(chan struct{})
}

// wait returns when done says so or the context ends; done is called with the lock held.
func (n *Network) wait(ctx context.Context, done func() bool) error {
	for {
		n.mu.Lock()
		ok, changed := done(), n.changed
		n.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
