//lint:file-ignore SA1019 raft still fills and reads the fields that its header replaces, so the wire carries both.

package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// Who is no validator, or shows no certificate, or this node's own, does not get past the handshake.
func TestHandshakeRefusesStrangers(t *testing.T) {
	w := newNetwork(t, 2)
	v := w.validators[0]
	w.open(v, w.config(v))
	tls12 := &tls.Config{MaxVersion: tls.VersionTLS12, Certificates: []tls.Certificate{w.validators[1].certificate}}
	two := w.validators[1].certificate
	two.Certificate = append(two.Certificate, v.certificate.Certificate...)
	for _, row := range []struct {
		name    string
		config  *tls.Config
		refused bool
	}{
		{"another validator", &tls.Config{Certificates: []tls.Certificate{w.validators[1].certificate}}, false},
		{"no certificate", &tls.Config{}, true},
		{"a stranger's", &tls.Config{Certificates: []tls.Certificate{testCertificate(t, 99, "validator-2")}}, true},
		{"the node's own", &tls.Config{Certificates: []tls.Certificate{v.certificate}}, true},
		{"a chain of two", &tls.Config{Certificates: []tls.Certificate{two}}, true},
		{"TLS 1.2", tls12, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.config.InsecureSkipVerify = true
			row.config.NextProtos = []string{"h2"}
			conn, err := tls.Dial("tcp", v.address, row.config)
			if err == nil {
				defer conn.Close()
				// In TLS 1.3 the client's certificate is judged after the client is done; the verdict is read. An admitted
				// client reads the server's HTTP/2 settings.
				_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
				_, err = io.ReadFull(conn, make([]byte, 9))
			}
			if refused := err != nil; refused != row.refused {
				t.Errorf("refused %v (%v), want %v", refused, err, row.refused)
			}
		})
	}
}

// A validator that answers at another's address is not taken for it.
func TestDialRefusesAnotherValidator(t *testing.T) {
	w := newNetwork(t, 3)
	caller, impostor := w.validators[0], w.validators[2]
	w.peers[1].Address = impostor.address
	w.open(impostor, w.config(impostor))
	w.open(caller, w.config(caller))
	var resp raft.AppendEntriesResponse
	err := caller.transport.AppendEntries("validator-2", "validator-2", heartbeatOf(caller.name, 1), &resp)
	if err == nil || !strings.Contains(err.Error(), ErrWrongPeer.Error()) {
		t.Errorf("got %v, want %v", err, ErrWrongPeer)
	}
	for _, name := range []string{caller.name, "nobody"} {
		if _, err := caller.transport.DialPeer(context.Background(), name); !errors.Is(err, ErrUnknownPeer) {
			t.Errorf("dial %s: got %v, want %v", name, err, ErrUnknownPeer)
		}
	}
}

// lie is a call that must be refused with an error.
type lie struct {
	name string
	call func(context.Context) error
	want error
}

// lies are what a validator that does not lead may try on another, which is in the given term and has the given last entry.
func lies(client peerv1.RaftServiceClient, liar, leader string, last, term uint64) []lie {
	appendOf := func(mutate func(*raft.AppendEntriesRequest)) func(context.Context) error {
		return func(ctx context.Context) error {
			r := &raft.AppendEntriesRequest{
				RPCHeader: headerOf(liar), Leader: []byte(liar), Term: term, PrevLogEntry: last, PrevLogTerm: term,
				Entries: []*raft.Log{{Index: last + 1, Term: term, Data: []byte("forged")}},
			}
			mutate(r)
			_, err := client.AppendEntries(ctx, appendRequestToProto(r))
			return err
		}
	}
	voteOf := func(term uint64) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := client.RequestVote(ctx, voteRequestToProto(&raft.RequestVoteRequest{
				RPCHeader: headerOf(liar), Term: term, LastLogIndex: math.MaxUint64, LeadershipTransfer: true,
			}))
			return err
		}
	}
	return []lie{
		{"in the leader's name", appendOf(func(r *raft.AppendEntriesRequest) { r.RPCHeader, r.Leader = headerOf(leader), nil }), ErrIdentity},
		{"naming the leader the old way", appendOf(func(r *raft.AppendEntriesRequest) { r.Leader = []byte(leader) }), ErrIdentity},
		{"unknown log type", appendOf(func(r *raft.AppendEntriesRequest) { r.Entries[0].Type = 99 }), ErrEntryType},
		{"bad configuration entry", appendOf(func(r *raft.AppendEntriesRequest) { r.Entries[0].Type = raft.LogConfiguration }), ErrConfiguration},
		{"gap in entries", appendOf(func(r *raft.AppendEntriesRequest) { r.Entries[0].Index += 5 }), ErrEntryGap},
		{"forged entry in the leader's term", appendOf(func(*raft.AppendEntriesRequest) {}), ErrUncertified},
		{"forged entry in the next term", appendOf(func(r *raft.AppendEntriesRequest) { r.Term++ }), ErrUncertified},
		{"term bomb by append", appendOf(func(r *raft.AppendEntriesRequest) { r.Term = math.MaxUint64 }), ErrUncertified},
		{"term bomb by vote", voteOf(math.MaxUint64), ErrTermWindow},
		{"term bomb, again", voteOf(math.MaxUint64), ErrTermWindow},
		{"term bomb by heartbeat", func(ctx context.Context) error {
			_, err := client.Heartbeat(ctx, heartbeatRequestToProto(heartbeatOf(liar, math.MaxUint64)))
			return err
		}, ErrUncertified},
		{"heartbeat in term 0", func(ctx context.Context) error {
			_, err := client.Heartbeat(ctx, heartbeatRequestToProto(heartbeatOf(liar, 0)))
			return err
		}, ErrMalformed},
		{"TimeoutNow from who does not lead", func(ctx context.Context) error {
			_, err := client.TimeoutNow(ctx, timeoutNowRequestToProto(&raft.TimeoutNowRequest{RPCHeader: headerOf(liar)}))
			return err
		}, ErrNotLeader},
	}
}

// A true validator that sends what raft must not see is told why, and the three others go on as if nothing had been said.
func TestLyingValidatorIsRefused(t *testing.T) {
	w := newNetwork(t, 4)
	honest, liar := w.validators[:3], w.validators[3]
	w.bootstrap(honest...)
	w.apply("before")
	leader := w.leader()
	term := leader.raft.Load().CurrentTerm()
	var victim *validator
	for _, v := range honest {
		if v != leader {
			victim = v
		}
	}
	w.open(liar, w.config(liar))
	conn, err := liar.transport.DialPeer(t.Context(), victim.name)
	if err != nil {
		t.Fatal(err)
	}
	client := peerv1.NewRaftServiceClient(conn)
	last := victim.raft.Load().LastIndex()
	for _, row := range lies(client, liar.name, leader.name, last, term) {
		t.Run(row.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			if err := fromStatus(victim.name, row.call(ctx)); !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
	if now := w.leader(); now != leader || now.raft.Load().CurrentTerm() != term {
		t.Errorf("led by %s in term %d, before by %s in term %d", now.name, now.raft.Load().CurrentTerm(), leader.name, term)
	}
	w.apply("after")
	w.eventually("the victim", func() bool { return victim.fsm.last() == "after" })
	if got := strings.Join(victim.fsm.applied, " "); got != "before after" {
		t.Errorf("the victim applied %q", got)
	}
}

// forger answers calls under a validator's true key with whatever it likes.
type forger struct {
	peerv1.UnimplementedRaftServiceServer
	answer *peerv1.RequestVoteResponse
}

func (f *forger) RequestVote(context.Context, *peerv1.RequestVoteRequest) (*peerv1.RequestVoteResponse, error) {
	return f.answer, nil
}

// A candidate takes over any term it is told and counts any vote, so answers are judged too.
func TestForgedAnswersAreRefused(t *testing.T) {
	w := newNetwork(t, 4)
	caller, liar := w.validators[0], w.validators[3]
	w.open(caller, w.config(caller))
	identity, err := New(w.config(liar))
	if err != nil {
		t.Fatal(err)
	}
	defer identity.Close()
	f := &forger{}
	server := grpc.NewServer(identity.ServerOptions()...)
	peerv1.RegisterRaftServiceServer(server, f)
	listener, err := net.Listen("tcp", liar.address)
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(listener)
	defer server.Stop()
	sign := func(term uint64, candidate string, by *validator) []byte {
		sig := checkpoint.Election{Term: term, Candidate: candidate}.Sign(testNetwork, by.key)
		return sig[:]
	}
	for _, row := range []struct {
		name      string
		answer    raft.RequestVoteResponse
		signature []byte
		want      error
	}{
		{"true", raft.RequestVoteResponse{RPCHeader: headerOf(liar.name), Term: 1, Granted: true}, sign(1, caller.name, liar), nil},
		{"not signed", raft.RequestVoteResponse{RPCHeader: headerOf(liar.name), Term: 1, Granted: true}, nil, ErrCertificate},
		{"signed for another", raft.RequestVoteResponse{RPCHeader: headerOf(liar.name), Term: 1, Granted: true}, sign(1, "validator-2", liar), ErrCertificate},
		{"signed for another term", raft.RequestVoteResponse{RPCHeader: headerOf(liar.name), Term: 1, Granted: true}, sign(2, caller.name, liar), ErrCertificate},
		{"signed by another", raft.RequestVoteResponse{RPCHeader: headerOf(liar.name), Term: 1, Granted: true}, sign(1, caller.name, w.validators[1]), ErrCertificate},
		{"another's name", raft.RequestVoteResponse{RPCHeader: headerOf("validator-2"), Term: 1, Granted: true}, nil, ErrIdentity},
		{"no name", raft.RequestVoteResponse{Term: 1, Granted: true}, nil, ErrIdentity},
		{"term bomb", raft.RequestVoteResponse{RPCHeader: headerOf(liar.name), Term: math.MaxUint64}, nil, nil},
		{"term bomb, again", raft.RequestVoteResponse{RPCHeader: headerOf(liar.name), Term: math.MaxUint64}, nil, nil},
	} {
		f.answer = voteResponseToProto(&row.answer)
		f.answer.Signature = row.signature
		var resp raft.RequestVoteResponse
		id := raft.ServerID(liar.name)
		err := caller.transport.RequestVote(id, raft.ServerAddress(id), &raft.RequestVoteRequest{RPCHeader: headerOf(caller.name), Term: 1}, &resp)
		if !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", row.name, err, row.want)
		}
		if resp.Term > 1+termStep {
			t.Errorf("%s: raft is told of term %d", row.name, resp.Term)
		}
		if granted := row.want == nil && row.signature != nil; resp.Granted != granted {
			t.Errorf("%s: granted %v", row.name, resp.Granted)
		}
	}
}

// A peer has a bounded number of calls in flight, and its excess costs nobody else.
func TestBusyPeerIsRefused(t *testing.T) {
	w := newNetwork(t, 3)
	callee := w.validators[2] // nobody takes from its Consumer: calls stay in flight
	w.open(callee, w.config(callee))
	places := callee.transport.room("validator-1").bulk
	for range maxBulkCalls {
		enter(places)
	}
	for i, want := range []error{ErrBusy, context.DeadlineExceeded} {
		v := w.validators[i]
		w.open(v, w.config(v))
		conn, err := v.transport.DialPeer(t.Context(), callee.name)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		r := appendRequestToProto(&raft.AppendEntriesRequest{RPCHeader: headerOf(v.name), Term: uint64(i + 1)})
		r.Certificate = certificateToProto(w.certificate(v, r.Term, w.validators...))
		_, err = peerv1.NewRaftServiceClient(conn).AppendEntries(ctx, r)
		if want == ErrBusy && !errors.Is(fromStatus(callee.name, err), ErrBusy) {
			t.Errorf("%s: got %v, want %v", v.name, err, want)
		}
		if want != ErrBusy && status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("%s: got %v, want %v", v.name, err, want)
		}
	}
}

// Connections that a peer left open give way to its new ones.
func TestIncomingConnectionsAreBounded(t *testing.T) {
	l := newIncomingConns()
	var ours, theirs []net.Conn
	for range maxIncoming + 1 {
		a, b := net.Pipe()
		ours, theirs = append(ours, l.add("p", a)), append(theirs, b)
		defer b.Close()
	}
	if len(l.open["p"]) != maxIncoming {
		t.Fatalf("%d open, want %d", len(l.open["p"]), maxIncoming)
	}
	if _, err := theirs[0].Read(make([]byte, 1)); err == nil {
		t.Error("the oldest is still open")
	}
	for _, c := range ours {
		c.Close()
	}
	if len(l.open["p"]) != 0 {
		t.Errorf("%d left after all were closed", len(l.open["p"]))
	}
}

// Every sentinel that travels arrives as itself.
func TestRefusalsTravel(t *testing.T) {
	reasons := map[string]bool{}
	for _, r := range refusals {
		if reasons[r.reason] {
			t.Errorf("reason %s stands twice", r.reason)
		}
		reasons[r.reason] = true
		if got := fromStatus("p", toStatus(r.err)); !errors.Is(got, r.err) {
			t.Errorf("%v arrived as %v", r.err, got)
		}
	}
}

// A configuration that cannot work is refused with the field named.
func TestNewRefuses(t *testing.T) {
	w := newNetwork(t, 2)
	for _, row := range []struct {
		name   string
		mutate func(*Config)
		says   string
	}{
		{"no name", func(c *Config) { c.Name = "" }, "itself"},
		{"self not among peers", func(c *Config) { c.Peers = c.Peers[1:] }, "itself"},
		{"another's key", func(c *Config) { c.Certificate = w.validators[1].certificate }, "key"},
		{"no certificate", func(c *Config) { c.Certificate = tls.Certificate{} }, "certificate"},
		{"name twice", func(c *Config) { c.Peers = append(c.Peers[:1:1], c.Peers[0]) }, "two peers"},
		{"key twice", func(c *Config) {
			c.Peers = append(c.Peers[:1:1], Peer{Name: "other", Address: "x:1", TLSKeyHash: c.Peers[0].TLSKeyHash})
		}, "same TLS key"},
		{"peer without address", func(c *Config) { c.Peers = append(c.Peers[:1:1], Peer{Name: "other"}) }, "no address"},
		{"name with a space", func(c *Config) { c.Peers = append(c.Peers[:1:1], Peer{Name: "o r", Address: "x:1"}) }, "name"},
		{"key twice to sign with", func(c *Config) {
			c.Peers = append(c.Peers[:1:1], Peer{Name: "other", Address: "x:1", TLSKeyHash: c.Peers[1].TLSKeyHash, Key: c.Peers[0].Key})
		}, "same Key"},
		{"another's signing key", func(c *Config) { c.Key = w.validators[1].key }, "Key"},
		{"no facts", func(c *Config) { c.Local.Entry = nil }, "Local"},
		{"negative limit", func(c *Config) { c.Limits.Entries = -1 }, "Limits"},
		{"no folder for snapshots", func(c *Config) { c.SpoolDir = "" }, "SpoolDir"},
		{"negative timeout", func(c *Config) { c.AppendTimeout = -1 }, "AppendTimeout"},
		{"budget over a message", func(c *Config) { c.AppendBudget = maxBudget + 1 }, "AppendBudget"},
	} {
		cfg := w.config(w.validators[0])
		row.mutate(&cfg)
		if _, err := New(cfg); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: got %v", row.name, err)
		}
	}
	if _, err := NewCertificate(make([]byte, 3), "v"); !errors.Is(err, ErrConfig) {
		t.Errorf("short key: got %v", err)
	}
}
