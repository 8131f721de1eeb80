//lint:file-ignore SA1019 raft still fills and reads the fields that its header replaces, so the wire carries both.

package transport

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// validator is one member of a test network: its key, its place, and a transport on a real gRPC server when it runs.
type validator struct {
	name        string
	certificate tls.Certificate
	key         ed25519.PrivateKey
	address     string
	spool       string

	transport *Transport
	server    *grpc.Server
	raft      atomic.Pointer[raft.Raft]

	logs      *raft.InmemStore
	snapshots *raft.InmemSnapshotStore
	fsm       *lines
	// evidence and conflicts count what the filter gave out.
	evidence, conflicts atomic.Int32
}

// network is n validators on loopback, on ports the system chose.
type network struct {
	t          *testing.T
	peers      []Peer
	validators []*validator
	// patience is how long a follower waits for its leader; zero is short.
	patience time.Duration
}

// testKey makes the same key for the same seed in every run, so that a failure can be read again.
func testKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func testCertificate(t testing.TB, seed byte, name string) tls.Certificate {
	t.Helper()
	certificate, err := NewCertificate(testKey(seed), name)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// newNetwork gives each validator a port by listening on it once.
func newNetwork(t *testing.T, n int) *network {
	t.Helper()
	w := &network{t: t}
	for i := range n {
		name := fmt.Sprintf("validator-%d", i+1)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		v := &validator{
			name: name, certificate: testCertificate(t, byte(i+1), name), key: testKey(byte(i + 101)), address: listener.Addr().String(),
			spool: t.TempDir(),
			logs:  raft.NewInmemStore(), snapshots: raft.NewInmemSnapshotStore(), fsm: &lines{},
		}
		listener.Close()
		w.validators = append(w.validators, v)
		w.peers = append(w.peers, Peer{
			Name: name, Address: v.address, TLSKeyHash: KeyHash(v.certificate.Leaf), Key: [32]byte(v.key.Public().(ed25519.PublicKey)),
		})
	}
	return w
}

// config is short of patience, as loopback allows.
func (w *network) config(v *validator) Config {
	return Config{
		Name: v.name, Certificate: v.certificate, Network: testNetwork, Key: v.key, Peers: w.peers, SpoolDir: v.spool,
		PromptTimeout: time.Second, AppendTimeout: 2 * time.Second, FrameTimeout: 2 * time.Second, InstallTimeout: 5 * time.Second,
		Limits: Limits{Election: 200 * time.Millisecond, SnapshotPause: 100 * time.Millisecond},
		Local:  v.local(w.t, w.peers),
	}
}

// testNetwork is the network that votes are signed for.
var testNetwork = tx.NetworkID{7}

// local gives raft's own facts, as a node does. Configurations of some of the validators are approved, since tests start with few.
func (v *validator) local(t testing.TB, peers []Peer) Local {
	var names []string
	for _, p := range peers {
		names = append(names, p.Name)
	}
	return Local{
		Term: func() uint64 {
			if r := v.raft.Load(); r != nil {
				return r.CurrentTerm()
			}
			return 0
		},
		Leader: func() string {
			if r := v.raft.Load(); r != nil {
				_, id := r.LeaderWithID()
				return string(id)
			}
			return ""
		},
		CommitIndex: func() uint64 {
			if r := v.raft.Load(); r != nil {
				return r.CommitIndex()
			}
			return 0
		},
		LastIndex: func() uint64 {
			if r := v.raft.Load(); r != nil {
				return r.LastIndex()
			}
			return 0
		},
		Entry: func(index uint64, into *raft.Log) error { return v.logs.GetLog(index, into) },
		Enough: func() int {
			if r := v.raft.Load(); r != nil && len(r.GetConfiguration().Configuration().Servers) > 0 {
				return len(r.GetConfiguration().Configuration().Servers)/2 + 1
			}
			return len(names)/2 + 1
		},
		Approve: func(c raft.Configuration) error {
			for _, s := range c.Servers {
				if !slices.Contains(names, string(s.ID)) {
					return fmt.Errorf("%q is no validator", s.ID)
				}
			}
			return nil
		},
		OnEvidence: func(d checkpoint.DoubleVote) {
			v.evidence.Add(1)
			t.Logf("%s: evidence against %s", v.name, d.Guilty())
		},
		OnConflict: func(string, uint64) { v.conflicts.Add(1) },
	}
}

// open makes the transport and serves it.
func (w *network) open(v *validator, cfg Config) {
	w.t.Helper()
	transport, err := New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", v.address)
	if err != nil {
		w.t.Fatal(err)
	}
	v.transport = transport
	v.server = grpc.NewServer(transport.ServerOptions()...)
	transport.Register(v.server)
	server := v.server
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()
	w.t.Cleanup(func() {
		_ = transport.Close()
		server.Stop()
		<-served
	})
}

// start runs raft on an opened validator. The stores are those of its last run, as after a crash.
func (w *network) start(v *validator) {
	w.t.Helper()
	w.open(v, w.config(v))
	cfg := raft.DefaultConfig()
	cfg.LocalID = raft.ServerID(v.name)
	patience := cmp.Or(w.patience, 200*time.Millisecond)
	cfg.HeartbeatTimeout, cfg.ElectionTimeout = patience, patience
	cfg.LeaderLeaseTimeout, cfg.CommitTimeout = patience*3/4, 10*time.Millisecond
	cfg.TrailingLogs = 4
	cfg.LogOutput = io.Discard
	v.fsm = &lines{}
	r, err := raft.NewRaft(cfg, v.fsm, v.logs, v.logs, v.snapshots, v.transport)
	if err != nil {
		w.t.Fatal(err)
	}
	v.raft.Store(r)
	w.t.Cleanup(func() { w.stop(v) })
}

// stop ends a validator as far as its peers can tell.
func (w *network) stop(v *validator) {
	r := v.raft.Swap(nil)
	if r == nil {
		return
	}
	v.server.Stop()
	_ = v.transport.Close()
	if err := r.Shutdown().Error(); err != nil {
		w.t.Errorf("shut raft down: %v", err)
	}
}

// bootstrap starts the named validators with a configuration of all of them.
func (w *network) bootstrap(validators ...*validator) {
	w.t.Helper()
	w.begin(validators, validators)
}

// begin starts some validators with a configuration of others too, which tests play.
func (w *network) begin(members, running []*validator) {
	w.t.Helper()
	var c raft.Configuration
	for _, v := range members {
		c.Servers = append(c.Servers, raft.Server{ID: raft.ServerID(v.name), Address: raft.ServerAddress(v.name)})
	}
	for _, v := range running {
		w.start(v)
		if err := v.raft.Load().BootstrapCluster(c).Error(); err != nil {
			w.t.Fatal(err)
		}
	}
}

// leader waits until one validator leads.
func (w *network) leader() *validator {
	w.t.Helper()
	var found *validator
	w.eventually("a leader", func() bool {
		for _, v := range w.validators {
			if r := v.raft.Load(); r != nil && r.State() == raft.Leader && r.VerifyLeader().Error() == nil {
				found = v
				return true
			}
		}
		return false
	})
	return found
}

// apply commits a line through the leader, whoever that is by now.
func (w *network) apply(line string) {
	w.t.Helper()
	w.eventually("commit of "+line[:min(len(line), 20)], func() bool {
		return w.leader().raft.Load().Apply([]byte(line), time.Second).Error() == nil
	})
}

// eventually looks again until it is so. Raft offers no event for what happens on another node.
func (w *network) eventually(what string, so func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(8 * time.Second)
	for !so() {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited too long for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// elect lets all validators vote for one in a term, as if it had asked them.
func (w *network) elect(v *validator, term uint64) {
	w.t.Helper()
	f := v.transport.filter
	ask := &raft.RequestVoteRequest{RPCHeader: headerOf(v.name), Term: term}
	if _, err := f.Outgoing(time.Now(), "", ask); err != nil {
		w.t.Fatal(err)
	}
	for _, voter := range w.validators {
		sig := checkpoint.Election{Term: term, Candidate: v.name}.Sign(testNetwork, voter.key)
		if voter == v {
			continue
		}
		if err := f.granted(voter.name, ask, Words{Signature: &sig}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// certificate is what a validator shows after elect.
func (w *network) certificate(v *validator, term uint64, voters ...*validator) *Certificate {
	b := ballot{Election: checkpoint.Election{Term: term, Candidate: v.name}, votes: map[string][64]byte{}}
	for _, voter := range voters {
		b.votes[voter.name] = b.Sign(testNetwork, voter.key)
	}
	return b.certificate()
}

func headerOf(name string) raft.RPCHeader {
	return raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte(name), Addr: []byte(name)}
}

func heartbeatOf(name string, term uint64) *raft.AppendEntriesRequest {
	return &raft.AppendEntriesRequest{RPCHeader: headerOf(name), Term: term, Leader: []byte(name)}
}

// answerRaft stands where raft would, and agrees to everything.
func answerRaft(v *validator) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	transport := v.transport
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case rpc := <-transport.Consumer():
				switch cmd := rpc.Command.(type) {
				case *raft.AppendEntriesRequest:
					rpc.Respond(&raft.AppendEntriesResponse{Term: cmd.Term, Success: true}, nil)
				case *raft.InstallSnapshotRequest:
					_, err := io.Copy(io.Discard, rpc.Reader)
					rpc.Respond(&raft.InstallSnapshotResponse{Term: cmd.Term, Success: err == nil}, err)
				default:
					rpc.Respond(nil, fmt.Errorf("unexpected %T", cmd))
				}
			}
		}
	}()
	return func() { close(done); <-ended }
}
