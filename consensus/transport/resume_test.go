package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"google.golang.org/grpc"

	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// glutton is a follower that never has anything, and takes every snapshot.
type glutton struct {
	peerv1.UnimplementedRaftServiceServer
	name               string
	appends, snapshots atomic.Int32
}

func (g *glutton) AppendEntries(_ context.Context, in *peerv1.AppendEntriesRequest) (*peerv1.AppendEntriesResponse, error) {
	g.appends.Add(1)
	return appendResponseToProto(&raft.AppendEntriesResponse{RPCHeader: headerOf(g.name), Term: in.GetTerm(), NoRetryBackoff: true}), nil
}

func (g *glutton) Heartbeat(_ context.Context, in *peerv1.HeartbeatRequest) (*peerv1.HeartbeatResponse, error) {
	return heartbeatResponseToProto(&raft.AppendEntriesResponse{RPCHeader: headerOf(g.name), Term: in.GetTerm(), Success: true}), nil
}

func (g *glutton) OfferSnapshot(context.Context, *peerv1.OfferSnapshotRequest) (*peerv1.OfferSnapshotResponse, error) {
	return &peerv1.OfferSnapshotResponse{}, nil
}

func (g *glutton) InstallSnapshot(stream peerv1.RaftService_InstallSnapshotServer) error {
	g.snapshots.Add(1)
	first, err := stream.Recv()
	for term := first.GetHeader().GetTerm(); ; {
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(snapshotResponseToProto(&raft.InstallSnapshotResponse{RPCHeader: headerOf(g.name), Term: term, Success: true}))
		}
		if err != nil {
			return err
		}
		_, err = stream.Recv()
	}
}

// play serves something else than raft under a validator's true key.
func (w *network) play(v *validator, service peerv1.RaftServiceServer) {
	w.t.Helper()
	identity, err := New(w.config(v))
	if err != nil {
		w.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", v.address)
	if err != nil {
		w.t.Fatal(err)
	}
	server := grpc.NewServer(identity.ServerOptions()...)
	peerv1.RegisterRaftServiceServer(server, service)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()
	w.t.Cleanup(func() {
		server.Stop()
		<-served
		identity.Close()
	})
}

// A follower that says for ever that it has nothing gets one snapshot in a while, and the others are served meanwhile. On
// plain raft it gets thousands in the time of this test.
func TestForcedSnapshotLoop(t *testing.T) {
	w := newNetwork(t, 4)
	liar := &glutton{name: w.validators[3].name}
	w.play(w.validators[3], liar)
	w.begin(w.validators, w.validators[:3])
	for range 10 {
		w.apply("line")
	}
	leader := w.leader()
	if err := leader.raft.Load().Snapshot().Error(); err != nil {
		t.Fatal(err)
	}
	w.eventually("the first snapshot", func() bool { return liar.snapshots.Load() > 0 })
	begun, before := time.Now(), liar.appends.Load()
	for liar.appends.Load() < before+300 && time.Since(begun) < 2*time.Second {
		w.apply("more")
	}
	allowed := 1 + int32(time.Since(begun)/w.config(leader).Limits.SnapshotPause)
	if got := liar.snapshots.Load(); got > 1+allowed {
		t.Errorf("%d snapshots in %v, want at most %d", got, time.Since(begun), 1+allowed)
	}
	t.Logf("%d appends, %d snapshots in %v", liar.appends.Load()-before, liar.snapshots.Load(), time.Since(begun))
}

// A snapshot is taken from the elected leader only, not far beyond all logs, and not in a loop; raft hears of none that is not
// whole.
func TestFakeSnapshotIsRefused(t *testing.T) {
	w, victim := newLonely(t)
	liar, term := w.validators[1], victim.raft.Load().CurrentTerm()+2
	client := w.clientOf(liar, victim)
	install := func(c *Certificate, mutate func(*raft.InstallSnapshotRequest), data ...[]byte) error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		stream, err := client.InstallSnapshot(ctx)
		if err != nil {
			t.Fatal(err)
		}
		r := goodSnapshot(liar.name, 5)
		r.Term, r.LastLogIndex, r.LastLogTerm = term, 50, 1
		mutate(r)
		header := snapshotRequestToProto(r)
		header.Certificate = certificateToProto(c)
		_ = stream.Send(&peerv1.InstallSnapshotRequest{Frame: &peerv1.InstallSnapshotRequest_Header{Header: header}})
		for _, d := range data {
			_ = stream.Send(&peerv1.InstallSnapshotRequest{Frame: &peerv1.InstallSnapshotRequest_Data{Data: d}})
		}
		_, err = stream.CloseAndRecv()
		return fromStatusOrNil(err)
	}
	as := func(*raft.InstallSnapshotRequest) {}
	elected := w.certificate(liar, term, w.validators[1:]...)
	fake := linesOf("FORGED")
	for _, row := range []struct {
		name   string
		with   *Certificate
		mutate func(*raft.InstallSnapshotRequest)
		want   error
	}{
		{"of a stranger", nil, as, ErrUncertified},
		{"of nothing", elected, func(r *raft.InstallSnapshotRequest) { r.LastLogIndex, r.ConfigurationIndex = 0, 0 }, ErrEntryTerm},
		{"index bomb", elected, func(r *raft.InstallSnapshotRequest) { r.LastLogIndex = math.MaxUint64 }, ErrTooLarge},
		{"size bomb", elected, func(r *raft.InstallSnapshotRequest) { r.Size = math.MaxInt64 }, ErrTooLarge},
		{"cut short", elected, as, ErrSnapshotSize},
	} {
		if err := install(row.with, row.mutate); !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", row.name, err, row.want)
		}
	}
	whole := func(r *raft.InstallSnapshotRequest) { r.Size = int64(len(fake)) }
	if err := install(elected, whole, fake); !errors.Is(err, ErrRate) {
		t.Errorf("too soon after the last: got %v, want %v", err, ErrRate)
	}
	if victim.fsm.restoredTimes() != 0 {
		t.Error("raft has restored what was refused")
	}

	// The content is for the snapshot store, which is believing here.
	w.eventually("the pause to be over", func() bool { return !errors.Is(install(elected, whole, fake), ErrRate) })
	w.eventually("the restore", func() bool { return victim.fsm.last() == "FORGED" })
	answer, err := w.send(liar, victim, &raft.AppendEntriesRequest{
		Term: term, PrevLogEntry: 50, PrevLogTerm: 1, LeaderCommitIndex: 51, Entries: []*raft.Log{{Index: 51, Term: term, Data: []byte("pay")}},
	})
	if err != nil || !answer.GetSuccess() {
		t.Fatalf("append after the snapshot: %v %v", answer, err)
	}
	w.eventually("the payment", func() bool { return victim.fsm.last() == "pay" })

	// An honest leader whose snapshot is behind one that a liar made up can still lead the node back.
	behind := func(r *raft.InstallSnapshotRequest) { r.Size, r.LastLogIndex = int64(len(fake)), 40 }
	w.eventually("an older snapshot", func() bool { return install(elected, behind, fake) == nil })
	w.eventually("the state to go back", func() bool { return victim.fsm.restoredTimes() == 2 })
}

// linesOf is the snapshot of a state machine of one line.
func linesOf(line string) []byte {
	l := lines{applied: []string{line}}
	s, _ := l.Snapshot()
	return s.(linesSnapshot)
}

// keeper stands where raft would, and keeps the snapshots that it is given.
type keeper struct {
	mu   sync.Mutex
	kept [][]byte
}

func (k *keeper) serve(ctx context.Context, t *Transport) {
	for {
		select {
		case <-ctx.Done():
			return
		case rpc := <-t.Consumer():
			data, err := io.ReadAll(rpc.Reader)
			k.mu.Lock()
			k.kept = append(k.kept, data)
			k.mu.Unlock()
			rpc.Respond(&raft.InstallSnapshotResponse{Term: rpc.Command.(*raft.InstallSnapshotRequest).Term, Success: true}, err)
		}
	}
}

// brittle is a snapshot whose reader fails after some bytes: to the peer it is a leader that has died.
type brittle struct {
	io.Reader
	left int
	// died waits until the peer has what was sent.
	died func()
}

func (b *brittle) Read(p []byte) (int, error) {
	if b.left == 0 {
		b.died()
		return 0, errors.New("the leader's disk has died")
	}
	n, err := b.Reader.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// An interrupted snapshot goes on where it stopped, also after the follower's restart; what the follower has of another one,
// or a damaged part, is not built upon.
func TestSnapshotResumes(t *testing.T) {
	const frames = 8
	random := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, frames*frameBytes+1000)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	for _, row := range []struct {
		name string
		// between happens between the interruption and the second try, to the follower's spool.
		between func(t *testing.T, spool string)
		// second is what the leader then sends. offered is how many frames the follower says it has, and tries how often the
		// leader begins until the snapshot is whole.
		second         []byte
		offered, tries int64
	}{
		{"goes on", func(*testing.T, string) {}, data, 5, 1},
		{"torn by a crash", func(t *testing.T, spool string) {
			if err := os.Truncate(spool, 4*frameBytes+77); err != nil {
				t.Fatal(err)
			}
		}, data, 4, 1},
		{"gone", func(t *testing.T, spool string) {
			if err := os.Remove(spool); err != nil {
				t.Fatal(err)
			}
		}, data, 0, 1},
		{"damaged", func(t *testing.T, spool string) {
			f, err := os.OpenFile(spool, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			_, err = f.WriteAt([]byte{data[9] ^ 1}, 9)
			if err = errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
		}, data, 5, 2},
		{"another snapshot of the same place", func(*testing.T, string) {}, bytes.Repeat([]byte{7}, len(data)), 5, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newNetwork(t, 2)
			caller, callee := w.validators[0], w.validators[1]
			for _, v := range w.validators {
				cfg := w.config(v)
				cfg.Limits.SnapshotPause = time.Nanosecond
				w.open(v, cfg)
			}
			w.elect(caller, 10)
			send := func(r io.Reader) error {
				var resp raft.InstallSnapshotResponse
				id := raft.ServerID(callee.name)
				return caller.transport.InstallSnapshot(id, raft.ServerAddress(id), goodSnapshot(caller.name, int64(len(data))), &resp, r)
			}
			var files []string
			arrived := func() {
				w.eventually("five frames", func() bool {
					files, _ = filepath.Glob(filepath.Join(callee.spool, "*"))
					info, err := os.Stat(strings.Join(files, " "))
					return err == nil && info.Size() == 5*frameBytes
				})
			}
			if err := send(&brittle{bytes.NewReader(data), 5*frameBytes + 100, arrived}); !errors.Is(err, errReadSnapshot) {
				t.Fatalf("interrupted: %v", err)
			}

			// The follower restarts.
			_ = callee.transport.Close()
			callee.server.Stop()
			row.between(t, files[0])
			cfg := w.config(callee)
			cfg.Limits.SnapshotPause = time.Nanosecond
			w.open(callee, cfg)
			ctx, stop := context.WithCancel(t.Context())
			ended, raft := make(chan struct{}), &keeper{}
			go func() { defer close(ended); raft.serve(ctx, callee.transport) }()
			defer func() { stop(); <-ended }()

			header := snapshotRequestToProto(goodSnapshot(caller.name, int64(len(data))))
			header.Certificate = certificateToProto(w.certificate(caller, 10, w.validators...))
			w.eventually("the offer", func() bool {
				answer, err := w.clientOf(caller, callee).OfferSnapshot(t.Context(), &peerv1.OfferSnapshotRequest{Header: header})
				if err == nil && answer.GetOffset() != row.offered*frameBytes {
					t.Fatalf("%d bytes are there, want %d frames", answer.GetOffset(), row.offered)
				}
				return err == nil
			})
			tries := int64(0)
			w.eventually("the snapshot", func() bool {
				tries++
				err := send(bytes.NewReader(row.second))
				if err != nil && !errors.Is(err, ErrSnapshot) {
					tries-- // Not yet connected again.
				}
				return err == nil
			})
			if tries != row.tries {
				t.Errorf("%d tries, want %d", tries, row.tries)
			}
			if len(raft.kept) != 1 || !bytes.Equal(raft.kept[0], row.second) {
				t.Errorf("raft was given %d snapshots, or another than was sent", len(raft.kept))
			}
			if left, _ := filepath.Glob(filepath.Join(callee.spool, "*")); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
