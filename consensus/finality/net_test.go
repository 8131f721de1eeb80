package finality

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// latency is one way between two validators.
const latency = time.Millisecond

var errUnreachable = errors.New("unreachable")

// A net is validators whose drivers reach each other in memory.
type net struct {
	t     *testing.T
	dir   string
	set   checkpoint.ValidatorSet
	nodes map[string]*netNode

	// lock guards what follows, for moments only.
	lock sync.Mutex
	// cut are the validators that nobody reaches; hanging never answer, so that calls end by their deadline.
	cut, hanging map[string]bool
	calls        int
}

type netNode struct {
	driver  *Driver
	cancel  context.CancelFunc
	ended   chan error
	finals  []uint64
	seals   []uint64
	sealed  time.Time
	accused []checkpoint.Evidence
	halted  error
}

func newNet(t *testing.T, n int) *net {
	w := &net{t: t, dir: t.TempDir(), nodes: make(map[string]*netNode), cut: make(map[string]bool), hanging: make(map[string]bool)}
	w.set, _ = members(t, n)
	for _, v := range w.set {
		if _, err := CreateStateFile(w.path(v.Name), w.identity(v)); err != nil {
			t.Fatal(err)
		}
		w.start(v)
	}
	return w
}

func (w *net) path(name string) string { return filepath.Join(w.dir, name, "signer") }

func (w *net) identity(v checkpoint.Validator) Identity {
	if err := os.MkdirAll(filepath.Dir(w.path(v.Name)), 0o700); err != nil {
		w.t.Fatal(err)
	}
	return Identity{Network: testNetwork, Name: v.Name, Key: v.Key}
}

func (w *net) start(v checkpoint.Validator) {
	w.t.Helper()
	_, keys := members(w.t, len(w.set))
	file, err := OpenStateFile(w.path(v.Name), w.identity(v))
	if err != nil {
		w.t.Fatal(err)
	}
	node := &netNode{ended: make(chan error, 1)}
	peers := make(map[string]Peer)
	for _, p := range w.set {
		if p.Name != v.Name {
			peers[p.Name] = PeerFunc(func(ctx context.Context, req *peerv1.ExchangeRequest) (*peerv1.ExchangeResponse, error) {
				return w.call(ctx, v.Name, p.Name, req)
			})
		}
	}
	node.driver, err = NewDriver(DriverConfig{
		Config: Config{
			Network: testNetwork, Reign: Reign{Validators: w.set}, Name: v.Name, Key: keys[v.Name],
			RootAt: func(size uint64) ([32]byte, uint64, bool) { return rootOf("main", size), 0, size%2 == 0 },
		},
		File: file, Peers: peers,
		NowUnixS:   func() uint64 { return uint64(time.Now().Unix()) },
		OnFinal:    func(c checkpoint.Checkpoint) { w.locked(func() { node.finals = append(node.finals, c.Size) }) },
		OnEvidence: func(e checkpoint.Evidence) { w.locked(func() { node.accused = append(node.accused, e) }) },
		OnHalt:     func(err error) { w.locked(func() { node.halted = err }) },
		OnSealed: func(note []byte, c checkpoint.Checkpoint) {
			if opened, _, err := checkpoint.Open(testNetwork, w.set, note); err != nil || opened != c {
				w.t.Errorf("%s sealed a bad note: %v", v.Name, err)
			}
			w.locked(func() { node.seals, node.sealed = append(node.seals, c.Size), time.Now() })
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	node.cancel = cancel
	go func() { node.ended <- node.driver.Run(ctx) }()
	w.locked(func() { w.nodes[v.Name] = node })
}

func (w *net) locked(do func()) {
	w.lock.Lock()
	defer w.lock.Unlock()
	do()
}

// call carries an exchange as the transport does: encoded, with latency, and with the caller's proven name.
func (w *net) call(ctx context.Context, from, to string, req *peerv1.ExchangeRequest) (*peerv1.ExchangeResponse, error) {
	var node *netNode
	var cut, hanging bool
	w.locked(func() {
		node, cut, hanging = w.nodes[to], w.cut[from] || w.cut[to] || w.nodes[to] == nil, w.hanging[to]
		w.calls++
	})
	if cut {
		return nil, errUnreachable
	}
	if hanging {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	time.Sleep(latency)
	res, err := node.driver.Exchange(ctx, from, copyOf(req))
	time.Sleep(latency)
	if err != nil {
		return nil, err
	}
	return copyOf(res), nil
}

func copyOf[M proto.Message](m M) M { return proto.Clone(m).(M) }

func (w *net) lead(leader string, term uint64) {
	for _, v := range w.set {
		if v.Name == leader {
			w.nodes[v.Name].driver.Leading(term)
		} else {
			w.nodes[v.Name].driver.Following(leader, term)
		}
	}
}

func (w *net) apply(size uint64) {
	for _, v := range w.set {
		w.nodes[v.Name].driver.Applied(Applied{Size: size, Root: rootOf("main", size)})
	}
}

func (w *net) stop() {
	for _, v := range w.set {
		w.stopOne(v.Name)
	}
}

func (w *net) stopOne(name string) {
	w.nodes[name].cancel()
	if err := <-w.nodes[name].ended; err != nil {
		w.t.Errorf("%s ended: %v", name, err)
	}
	w.nodes[name].ended <- nil // So that stop may come again.
}

// wantSealed checks who has sealed what.
func (w *net) wantSealed(size uint64, names ...string) {
	w.t.Helper()
	for _, name := range names {
		if s := w.nodes[name].driver.Status(); s.Sealed != size || s.Final != size {
			w.t.Errorf("%s: %+v, want final and sealed %d", name, s, size)
		}
	}
}

func (w *net) sealedAfter(name string, start time.Time) (took time.Duration) {
	w.locked(func() { took = w.nodes[name].sealed.Sub(start) })
	return took
}

// told is what the callbacks of a validator were given.
func (w *net) told(name string) (finals, seals []uint64) {
	w.locked(func() { finals, seals = slices.Clone(w.nodes[name].finals), slices.Clone(w.nodes[name].seals) })
	return finals, seals
}
