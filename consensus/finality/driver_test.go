package finality

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

func TestRoundTakesFourMessageSteps(t *testing.T) {
	for _, n := range []int{4, 7} {
		synctest.Test(t, func(t *testing.T) {
			w := newNet(t, n)
			defer w.stop()
			w.lead("b", 1)
			time.Sleep(10 * time.Second) // Everybody is idle.
			start := time.Now()
			w.apply(10)
			time.Sleep(time.Second)
			for _, v := range w.set {
				w.wantSealed(10, v.Name)
				// The name, attestations, ratifications, cosignatures: no call waits for the one before.
				if took := w.nodes[v.Name].sealed.Sub(start); took > 4*latency {
					t.Errorf("%s: sealed after %v", v.Name, took)
				}
			}
		})
	}
}

func TestDeadPeersDelayNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNet(t, 7)
		defer w.stop()
		w.locked(func() { w.cut["c"], w.hanging["d"] = true, true })
		w.nodes["d"].cancel()
		w.lead("a", 1)
		time.Sleep(5 * time.Second)
		start := time.Now()
		w.apply(10)
		time.Sleep(time.Second)
		for _, name := range []string{"a", "b", "e", "f", "g"} {
			w.wantSealed(10, name)
			if took := w.sealedAfter(name, start); took > 8*latency {
				t.Errorf("%s: sealed after %v", name, took)
			}
		}
		w.wantSealed(0, "c")
	})
}

func TestBehindCatchesUpByNote(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNet(t, 4)
		defer w.stop()
		w.lead("a", 1)
		w.locked(func() { w.cut["d"] = true })
		for size := uint64(2); size <= 20; size += 2 {
			w.apply(size)
			time.Sleep(100 * time.Millisecond)
		}
		w.wantSealed(20, "a", "b", "c")
		w.wantSealed(0, "d")
		w.locked(func() { w.cut["d"] = false })
		time.Sleep(3 * time.Second)
		w.wantSealed(20, "d")
		if got, _ := w.told("d"); len(got) != 1 || got[0] != 20 {
			t.Errorf("d was told that %v are final", got)
		}
	})
}

func TestNoFinalityWithoutQuorum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNet(t, 4)
		defer w.stop()
		w.lead("a", 1)
		w.locked(func() { w.cut["c"], w.cut["d"] = true, true })
		w.apply(10)
		time.Sleep(time.Minute)
		w.wantSealed(0, "a", "b", "c", "d")
		w.locked(func() { w.cut["c"] = false })
		time.Sleep(time.Second)
		w.wantSealed(10, "a", "b", "c")
	})
}

// TestPace: a round waits for the one before, the longer the more leaves it is for, up to a bound.
func TestPace(t *testing.T) {
	for leaves, want := range map[uint64]time.Duration{0: namePause, 1: namePause, 12: namePause, 13: 52 * time.Millisecond, 20: 80 * time.Millisecond, 25: longestPause, 1 << 60: longestPause} {
		if got := roundPause(leaves); got != want {
			t.Errorf("a round for %d leaves waits %s, want %s", leaves, got, want)
		}
	}
}

func TestPaceAndCost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNet(t, 4)
		defer w.stop()
		w.lead("a", 1)
		time.Sleep(time.Second)
		for size := uint64(2); size <= 20; size += 2 { // Half a second with little to do.
			w.apply(size)
			time.Sleep(50 * time.Millisecond)
		}
		var few int
		w.locked(func() { few, w.calls = len(w.nodes["b"].finals), 0 })
		if few < 8 || few > 11 {
			t.Errorf("%d rounds in half a second with little to do", few)
		}
		for size := uint64(22); size <= 1000; size += 2 { // Half a second of load.
			w.apply(size)
			time.Sleep(time.Millisecond)
		}
		var rounds, calls int
		w.locked(func() { rounds, calls = len(w.nodes["b"].finals)-few, w.calls })
		if rounds < 4 || rounds > 7 {
			t.Errorf("%d rounds in half a second of load", rounds)
		}
		// Three words of each of four validators to each of three others, were there no answers and nothing combined.
		if calls > rounds*36 {
			t.Errorf("%d calls for %d rounds", calls, rounds)
		}
		t.Logf("%d rounds, %d calls", rounds, calls)
		time.Sleep(time.Second)
		w.wantSealed(1000, "a", "b", "c", "d")
		w.locked(func() { w.calls = 0 })
		time.Sleep(20 * time.Second)
		w.locked(func() { calls = w.calls })
		if calls > 12*11 {
			t.Errorf("%d calls in 20 idle seconds", calls)
		}
	})
}

func TestRestartTellsAgainAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNet(t, 4)
		defer w.stop()
		w.lead("a", 1)
		w.apply(10)
		time.Sleep(time.Second)
		w.stop()
		for _, v := range w.set {
			w.start(v)
		}
		w.apply(8)
		time.Sleep(time.Second)
		w.wantSealed(10, "a", "b", "c", "d")
		if finals, seals := w.told("b"); len(finals)+len(seals) > 0 {
			t.Errorf("told of %v, %v before the tree was there", finals, seals)
		}
		w.apply(10)
		time.Sleep(time.Second)
		if finals, seals := w.told("b"); len(finals) != 1 || len(seals) != 1 {
			t.Errorf("told of %v, %v after the restart", finals, seals)
		}
		w.lead("b", 2)
		w.apply(12)
		time.Sleep(time.Second)
		w.wantSealed(12, "a", "b", "c", "d")
	})
}

func TestLeaderFailsInTheRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNet(t, 4)
		defer w.stop()
		w.lead("a", 1)
		time.Sleep(5 * time.Second)
		w.apply(10)
		time.Sleep(latency + latency/2) // The others have heard the size, the leader has no answer.
		w.locked(func() { w.cut["a"] = true })
		time.Sleep(time.Second)
		w.apply(14)
		w.lead("b", 2)
		time.Sleep(time.Second)
		w.wantSealed(14, "b", "c", "d")
		w.locked(func() { w.cut["a"] = false })
		w.nodes["a"].driver.Following("b", 2)
		time.Sleep(3 * time.Second)
		w.wantSealed(14, "a")
	})
}

// TestNothingUnsavedIsSaid takes the disk away: the driver ends, and what it could not save was told to nobody.
func TestNothingUnsavedIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNet(t, 4)
		time.Sleep(time.Second)
		if err := os.RemoveAll(filepath.Dir(w.path("c"))); err != nil {
			t.Fatal(err)
		}
		w.lead("a", 1)
		w.apply(10)
		time.Sleep(time.Second)
		w.wantSealed(10, "a", "b", "d")
		select {
		case err := <-w.nodes["c"].ended:
			if err == nil {
				t.Error("c ended as if all were well")
			}
		case <-time.After(time.Second):
			t.Error("c goes on without its disk")
			w.nodes["c"].cancel()
		}
		w.nodes["c"].ended <- nil
		if said := w.nodes["c"].driver.words.Load().messages; said.GetAttestation() != nil {
			t.Errorf("c said %v", said)
		}
		w.stop()
		if _, err := w.nodes["c"].driver.Exchange(t.Context(), "a", &peerv1.ExchangeRequest{
			Messages: &peerv1.FinalityMessages{Validator: "a"},
		}); !errors.Is(err, ErrStopped) {
			t.Errorf("exchange after the end: %v", err)
		}
	})
}

func TestExchangeRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNet(t, 4)
		defer w.stop()
		good := func() *peerv1.FinalityMessages {
			return &peerv1.FinalityMessages{
				Validator:   "b",
				Attestation: &peerv1.Vote{Size: 10, Root: make([]byte, 32), Signature: make([]byte, 64)},
				Cosignature: &peerv1.Cosignature{Size: 10, Root: make([]byte, 32), Signature: make([]byte, 64)},
			}
		}
		for _, c := range []struct {
			name, from string
			mutate     func(m *peerv1.FinalityMessages)
			want       error
		}{
			{"good", "b", func(m *peerv1.FinalityMessages) {}, nil},
			{"stranger", "z", func(m *peerv1.FinalityMessages) {}, ErrStranger},
			{"itself", "a", func(m *peerv1.FinalityMessages) {}, ErrStranger},
			{"another's words", "c", func(m *peerv1.FinalityMessages) {}, ErrBadMessage},
			{"no name", "b", func(m *peerv1.FinalityMessages) { m.Validator = "" }, ErrBadMessage},
			{"zero size", "b", func(m *peerv1.FinalityMessages) { m.Attestation.Size = 0 }, ErrBadMessage},
			{"short root", "b", func(m *peerv1.FinalityMessages) { m.Attestation.Root = m.Attestation.Root[:31] }, ErrBadMessage},
			{"long signature", "b", func(m *peerv1.FinalityMessages) { m.Attestation.Signature = make([]byte, 65) }, ErrBadMessage},
			{"ratification", "b", func(m *peerv1.FinalityMessages) { m.Ratification = &peerv1.Vote{Size: 1} }, ErrBadMessage},
			{"cosignature", "b", func(m *peerv1.FinalityMessages) { m.Cosignature.Root = nil }, ErrBadMessage},
		} {
			m := good()
			c.mutate(m)
			_, err := w.nodes["a"].driver.Exchange(t.Context(), c.from, &peerv1.ExchangeRequest{Messages: m})
			if !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", c.name, err, c.want)
			}
		}
		if _, err := w.nodes["a"].driver.Exchange(t.Context(), "b", &peerv1.ExchangeRequest{}); !errors.Is(err, ErrBadMessage) {
			t.Errorf("nothing said: %v", err)
		}
		refused := 0
		for range 2 * callsPerSecond {
			if _, err := w.nodes["a"].driver.Exchange(t.Context(), "b", &peerv1.ExchangeRequest{Messages: good()}); errors.Is(err, ErrTooMany) {
				refused++
			}
		}
		if refused < callsPerSecond {
			t.Errorf("%d of %d calls at once refused", refused, 2*callsPerSecond)
		}
	})
}

func TestLiarIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNet(t, 4)
		defer w.stop()
		_, keys := members(t, 4)
		for _, branch := range []string{"main", "fork"} {
			m := Messages{Validator: "b", Attestation: signVote(keys["b"], checkpoint.Attestation, 0, 10, rootOf(branch, 10))}
			req := &peerv1.ExchangeRequest{Messages: encodeMessages(m)}
			if _, err := w.nodes["a"].driver.Exchange(t.Context(), "b", req); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if got := w.nodes["a"].accused; len(got) != 1 || got[0].Validator != "b" || len(got[0].Attestations) != 2 {
			t.Errorf("accused %v", got)
		}
	})
}

func TestNewDriverRefuses(t *testing.T) {
	set, keys := members(t, 4)
	identity := Identity{Network: testNetwork, Name: "a", Key: set[0].Key}
	file, err := CreateStateFile(filepath.Join(t.TempDir(), "signer"), identity)
	if err != nil {
		t.Fatal(err)
	}
	for name, mutate := range map[string]func(c *DriverConfig){
		"file":    func(c *DriverConfig) { c.File = nil },
		"clock":   func(c *DriverConfig) { c.NowUnixS = nil },
		"own key": func(c *DriverConfig) { c.Key = keys["b"] },
	} {
		c := DriverConfig{
			Config: Config{
				Network: testNetwork, Reign: Reign{Validators: set}, Name: "a", Key: keys["a"],
				RootAt: func(uint64) ([32]byte, uint64, bool) { return [32]byte{}, 0, false },
			},
			File: file, Peers: map[string]Peer{}, NowUnixS: func() uint64 { return 0 },
			OnFinal: func(checkpoint.Checkpoint) {}, OnSealed: func([]byte, checkpoint.Checkpoint) {},
		}
		for _, v := range set[1:] {
			c.Peers[v.Name] = PeerFunc(nil)
		}
		if _, err := NewDriver(c); err != nil {
			t.Fatal(err)
		}
		mutate(&c)
		if _, err := NewDriver(c); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzParseMessages checks that what is accepted can be said again.
func FuzzParseMessages(f *testing.F) {
	_, keys := members(f, 4)
	vote := signVote(keys["a"], checkpoint.Attestation, 0, 10, rootOf("main", 10))
	seed := encodeMessages(Messages{
		Validator: "a", Named: Named{Term: 1, Size: 12}, Attestation: vote, Ratification: vote,
		Cosignature: signCheckpoint("a", keys["a"], 10, rootOf("main", 10)), FinalSize: 8,
	})
	raw, err := proto.Marshal(seed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var p peerv1.FinalityMessages
		if proto.Unmarshal(raw, &p) != nil {
			return
		}
		m, err := parseMessages(&p)
		if err != nil {
			return
		}
		again, err := parseMessages(encodeMessages(m))
		if err == nil && m.Named.Size == 0 {
			m.Named = Named{} // A round of size zero is none.
		}
		if err != nil || !cmp.Equal(again, m) {
			t.Error(fmt.Sprint("said again it differs: ", err))
		}
	})
}

// TestEpochTicks: an epoch outlasts several tries to find a leader, however slow the network is.
func TestEpochTicks(t *testing.T) {
	for heartbeat, want := range map[time.Duration]time.Duration{time.Second: 10 * time.Second, 3 * time.Second: 12 * time.Second, 10 * time.Second: 40 * time.Second} {
		if got := time.Duration(EpochTicks(heartbeat)) * openPause; got != want {
			t.Errorf("heartbeat %s: an epoch gets %s, want %s", heartbeat, got, want)
		}
	}
}
