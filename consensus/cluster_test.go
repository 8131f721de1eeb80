package consensus

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	wal "github.com/hashicorp/raft-wal"

	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/store"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// cluster is a network of real nodes in this process, over loopback, with their files in a test folder.
type cluster struct {
	t     testing.TB
	world *ledgertest.World
	dir   string
	// addresses stay the same over restarts.
	addresses map[string]string
	nodes     map[string]*Node
	nonce     uint64
	snapshots Snapshots
	options   store.Options
	// leaveOut makes every leader a liar about what it says true to.
	leaveOut func(leader string, signed *tx.Signed) bool
	// refuse makes every leader a liar that answers what it gives an error for with that.
	refuse func(leader string, signed *tx.Signed) error
	// simulated is what the nodes that are opened next have of a simulation.
	simulated *Simulated
	// joins are the nodes that the genesis does not name.
	joins map[string]bool
	// clocks are those of nodes that have another than the machine's.
	clocks map[string]func() time.Time
	// timing is that of the nodes that are opened next; zero is a patience for tests.
	timing Timing
	// wires count what the nodes say to each other; nil when nobody counts.
	wires *wires
	// events hears what a node logs; nil is the test's own output.
	events func(name string) slog.Handler
}

// atomicName is a name that may change while nodes look at it.
type atomicName struct{ name atomic.Pointer[string] }

func (a *atomicName) set(name string) { a.name.Store(&name) }

func (a *atomicName) is(name string) bool {
	now := a.name.Load()
	return now != nil && *now == name
}

func newCluster(t *testing.T) *cluster { return newClusterWith(t, Snapshots{}) }

func newClusterWith(t *testing.T, snapshots Snapshots) *cluster {
	t.Helper()
	c := newStopped(t, snapshots)
	c.startAll()
	return c
}

func (c *cluster) startAll() {
	c.t.Helper()
	for name := range c.addresses {
		c.restart(name)
	}
}

// newStopped makes a network of which no node runs yet.
func newStopped(t *testing.T, snapshots Snapshots) *cluster {
	t.Helper()
	t.Parallel() // Most of a test's time is waiting for an election.
	return newAlone(t, snapshots)
}

// newAlone is newStopped for a test that looks at the whole process.
func newAlone(t testing.TB, snapshots Snapshots) *cluster {
	t.Helper()
	c := &cluster{t: t, snapshots: snapshots, options: store.Options{NoSync: true}, world: ledgertest.Network(t, t.Name()), dir: t.TempDir(), addresses: make(map[string]string), nodes: make(map[string]*Node)}
	// All ports are held until all are known, so that no two are the same.
	for _, v := range c.world.Set {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		c.addresses[v.Name] = l.Addr().String()
	}
	t.Cleanup(func() {
		for name := range c.nodes {
			c.stop(name)
		}
	})
	return c
}

func (c *cluster) open(name string, l net.Listener) {
	c.t.Helper()
	n, err := c.tryOpen(name, l)
	if err != nil {
		c.t.Fatalf("open %s: %v", name, err)
	}
	c.nodes[name] = n
}

func (c *cluster) tryOpen(name string, l net.Listener) (*Node, error) {
	c.t.Helper()
	certificate, err := transport.NewCertificate(c.world.TLS[name], name)
	if err != nil {
		c.t.Fatal(err)
	}
	simulated := c.simulated
	if c.leaveOut != nil {
		simulated = &Simulated{LeaveOut: func(signed *tx.Signed) bool { return c.leaveOut(name, signed) }}
	}
	if c.refuse != nil {
		simulated = &Simulated{Refuse: func(signed *tx.Signed) error { return c.refuse(name, signed) }}
	}
	timing, peers := c.timing, c.addresses
	if timing == (Timing{}) {
		timing = Timing{Heartbeat: 500 * time.Millisecond, Commit: 10 * time.Millisecond}
	}
	if c.wires != nil {
		peers = c.wires.peers(name)
	}
	var events slog.Handler = slog.NewTextHandler(c.t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo})
	if c.events != nil {
		events = c.events(name)
	}
	return Open(Config{
		Simulated: simulated,
		Dir:       filepath.Join(c.dir, name), Genesis: c.world.Genesis, Name: name, Key: c.world.Validators[name], Certificate: certificate, Joins: c.joins[name],
		Peers: peers, Listener: l, Timing: timing,
		Now: c.clocks[name], Snapshots: c.snapshots, Store: c.options, Log: slog.New(events),
	})
}

// restart opens a stopped node again on its address.
func (c *cluster) restart(name string) {
	c.t.Helper()
	l, err := net.Listen("tcp", c.addresses[name])
	if err != nil {
		c.t.Fatal(err)
	}
	if c.wires != nil {
		l = c.wires.listener(name, l)
	}
	c.open(name, l)
}

func (c *cluster) stop(name string) {
	c.t.Helper()
	if c.nodes[name] == nil {
		return
	}
	if err := c.nodes[name].Close(); err != nil {
		c.t.Errorf("close %s: %v", name, err)
	}
	delete(c.nodes, name)
}

// stoppedLog opens the raft log of a stopped node, to change what a crash or a liar would. It is closed before the node starts again.
func (c *cluster) stoppedLog(name string) *wal.WAL {
	c.t.Helper()
	w, err := wal.Open(filepath.Join(c.dir, name, "raft", "log"), wal.WithSegmentSize(walSegmentBytes))
	if err != nil {
		c.t.Fatal(err)
	}
	return w
}

// leader waits for a node that leads and packs.
func (c *cluster) leader() *Node {
	c.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		for _, n := range c.nodes {
			if _, ok := n.packer.leads(); ok {
				return n
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	c.t.Fatal("no leader")
	return nil
}

// any is a node that does not lead.
func (c *cluster) follower() *Node {
	c.t.Helper()
	leader := c.leader()
	for _, n := range c.nodes {
		if n != leader {
			return n
		}
	}
	c.t.Fatal("no follower")
	return nil
}

// other is a node that is not this one.
func (c *cluster) other(name string) *Node {
	for _, n := range c.nodes {
		if n.Name() != name {
			return n
		}
	}
	c.t.Fatal("no other node")
	return nil
}

// pay makes a transfer from the issuer, signed by its owner key, to an account.
func (c *cluster) pay(to tx.AccountID, a amount.Amount) *tx.Signed {
	c.t.Helper()
	c.nonce++
	return c.sign(tx.Transfer{Debit: c.world.IssuerAccount, Credit: to, Asset: ledgertest.KES, Amount: a}, time.Hour, c.world.Issuer)
}

func (c *cluster) sign(op tx.Operation, life time.Duration, signer key.Signer) *tx.Signed {
	c.t.Helper()
	c.nonce++
	body, err := tx.Body{
		Nonce: c.world.Nonce(c.nonce), ExpiresAtUnixMs: uint64(time.Now().Add(life).UnixMilli()), Operations: []tx.Operation{op},
	}.Encode()
	if err != nil {
		c.t.Fatal(err)
	}
	signed, err := tx.Seal(c.world.Network, body, signer)
	if err != nil {
		c.t.Fatal(err)
	}
	return signed
}

func (c *cluster) submit(n *Node, signed *tx.Signed, wait Stage) Status {
	c.t.Helper()
	return c.submitWithin(20*time.Second, n, signed, wait)
}

func (c *cluster) submitWithin(patience time.Duration, n *Node, signed *tx.Signed, wait Stage) Status {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	s, err := n.Submit(ctx, signed.Envelope(), wait)
	if err != nil {
		c.t.Fatalf("submit to %s: %v", n.Name(), err)
	}
	if s.Stage < wait {
		c.t.Fatalf("submit to %s: stage %d, want %d", n.Name(), s.Stage, wait)
	}
	return s
}

// agree waits until all nodes have the size final, and checks that they have one state.
func (c *cluster) agree(size uint64) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 20*time.Second)
	defer cancel()
	roots := make(map[[32]byte]string)
	for name, n := range c.nodes {
		if err := n.WaitFinal(ctx, size-1); err != nil {
			c.t.Fatalf("%s: final size %d, want %d: %v", name, n.FinalSize(), size, err)
		}
		root, err := n.store.Root(size)
		if err != nil {
			c.t.Fatal(err)
		}
		roots[root] = name
	}
	if len(roots) != 1 {
		c.t.Fatalf("roots at %d differ: %v", size, roots)
	}
}

// TestPaymentBecomesFinalEverywhere: a payment handed to a follower is forwarded, ordered, applied and final on all four,
// and its receipt verifies offline.
func TestPaymentBecomesFinalEverywhere(t *testing.T) {
	c := newCluster(t)
	signed := c.pay(c.world.Juma.Account, 150_00)
	s := c.submit(c.follower(), signed, Final)
	if s.Result.Code != tx.OK {
		t.Fatalf("result %s", s.Result.Code)
	}
	c.agree(s.LeafIndex + 1)
	for name, n := range c.nodes {
		receipt, err := n.Receipt(signed.ID())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		verified, err := receipt.Verify(c.world.Genesis.Trust())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if verified.Transaction.ID() != signed.ID() {
			t.Errorf("%s: receipt of another transaction", name)
		}
		if _, err := n.store.Audit(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSubmittedAgainIsAppliedOnce: the same bytes to every node, twice, at once.
func TestSubmittedAgainIsAppliedOnce(t *testing.T) {
	c := newCluster(t)
	c.leader()
	signed := c.pay(c.world.Juma.Account, 1_00)
	type answer struct {
		s   Status
		err error
	}
	answers := make(chan answer)
	for range 2 {
		for _, n := range c.nodes {
			go func() {
				s, err := n.Submit(t.Context(), signed.Envelope(), Final)
				answers <- answer{s, err}
			}()
		}
	}
	leaves := make(map[uint64]bool)
	for range 2 * len(c.nodes) {
		a := <-answers
		if a.err != nil || a.s.Stage != Final {
			t.Fatalf("stage %d: %v", a.s.Stage, a.err)
		}
		leaves[a.s.LeafIndex] = true
	}
	if len(leaves) != 1 {
		t.Errorf("recorded %d times", len(leaves))
	}
}

// TestOneStoppedOfFour: payments still become final with any one validator stopped, the leader included, and the stopped
// one catches up.
func TestOneStoppedOfFour(t *testing.T) {
	c := newCluster(t)
	c.submit(c.follower(), c.pay(c.world.Juma.Account, 1_00), Final)
	stopped := c.leader().Name()
	c.stop(stopped)
	var last Status
	for i := range 5 {
		last = c.submit(c.follower(), c.pay(c.world.Amina.Account, amount.Amount(i+1)), Final)
	}
	c.restart(stopped)
	c.agree(last.LeafIndex + 1)
}

// TestTwoStoppedOfFour: without a quorum nothing is answered and nothing is lost: the outcome is unknown until the others
// are back.
func TestTwoStoppedOfFour(t *testing.T) {
	c := newCluster(t)
	c.submit(c.follower(), c.pay(c.world.Juma.Account, 1_00), Final)
	var stopped []string
	for name := range c.nodes {
		if len(stopped) < 2 && c.nodes[name] != c.leader() {
			stopped = append(stopped, name)
		}
	}
	for _, name := range stopped {
		c.stop(name)
	}
	left := c.nodes[slices.Sorted(maps.Keys(c.nodes))[0]]
	signed := c.pay(c.world.Juma.Account, 2_00)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if s, err := left.Submit(ctx, signed.Envelope(), Final); err == nil && s.Stage == Final {
		t.Fatal("final without a quorum")
	}
	// The state as of the final checkpoint can be read without a leader.
	r, err := left.Read(t.Context(), ReadFinal)
	if err != nil {
		t.Fatal(err)
	}
	balance, err := r.State().Balance(c.world.Juma.Account, ledgertest.KES)
	r.Close()
	if err != nil || balance.Posted != ledgertest.JumaFunds+1_00 {
		t.Errorf("final balance %d: %v", balance.Posted, err)
	}
	for _, name := range stopped {
		c.restart(name)
	}
	if s := c.submit(left, signed, Final); s.Result.Code != tx.OK {
		t.Errorf("result %s", s.Result.Code)
	}
}
