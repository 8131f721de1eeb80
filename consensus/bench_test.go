package consensus

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/store"
	"github.com/umoja-ledger/umoja/ledger/tx"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// The benchmarks run four nodes as in production (the profile for a LAN, fsync on) in this process, over loopback:
//
//	go test ./consensus -run '^$' -bench . -benchtime 100x
//
// They print figures, and as ratio what part of its goal each takes, and hold nobody to them: on a busy machine they say little.
// sim.TestFinalFollowsAccepted and sim.TestNewLeader hold the steps and timers themselves to the goals, in virtual time.

// newMeasured makes a running network whose sockets count.
func newMeasured(b *testing.B, events func(name string) slog.Handler) *cluster {
	b.Helper()
	var names []string
	for _, v := range ledgertest.Network(b, b.Name()).Set {
		names = append(names, v.Name)
	}
	wires := newWires(b, names) // First, or they may get the ports that the validators are about to take.
	c := newAlone(b, Snapshots{})
	c.options, c.timing, c.events, c.wires = store.Options{}, LAN, events, wires
	c.startAll()
	s := c.submit(c.leader(), c.phonePayment(), Final)
	c.agree(s.LeafIndex + 1)
	return c
}

func silent(string) slog.Handler { return slog.DiscardHandler }

// phonePayment is a transfer as a gateway makes it: with a fee, and the number that was dialled.
func (c *cluster) phonePayment() *tx.Signed {
	c.t.Helper()
	return c.sign(tx.Transfer{
		Debit: c.world.IssuerAccount, Credit: c.world.Amina.Account, Asset: ledgertest.KES, Amount: 100 + amount.Amount(c.nonce%100), Alias: &c.world.Amina.Alias,
		Fee: &tx.Fee{Provider: c.world.ProviderAccount, ScheduleVersion: 1, Amount: ledgertest.FlatFee},
	}, time.Hour, c.world.Issuer)
}

// ratified notes when one node had a checkpoint final. It listens to the log, since nothing else tells of the moment.
type ratified struct {
	slog.Handler
	mu   sync.Mutex
	size uint64
	at   time.Time
	// count is how many there were.
	count int
}

func (r *ratified) counted() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// spent is the processor time of this process so far.
func spent(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (r *ratified) Enabled(context.Context, slog.Level) bool { return true }

func (r *ratified) Handle(_ context.Context, record slog.Record) error {
	if record.Message != "final" {
		return nil
	}
	record.Attrs(func(a slog.Attr) bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		if size := a.Value.Uint64(); size > r.size {
			r.size, r.at = size, record.Time
			r.count++
		}
		return true
	})
	return nil
}

func (r *ratified) since(size uint64) (time.Time, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at, r.size >= size
}

// percentile is the value that a part of all is not above.
func percentile(all []time.Duration, part float64) time.Duration {
	slices.Sort(all)
	return all[max(0, int(math.Ceil(part*float64(len(all))))-1)]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// oneWay measures half of a call between two followers that asks for nothing.
func oneWay(b *testing.B, c *cluster) time.Duration {
	b.Helper()
	leader := c.leader().Name()
	var followers []string
	for name := range c.nodes {
		if name != leader {
			followers = append(followers, name)
		}
	}
	peer, err := c.nodes[followers[0]].peer(b.Context(), followers[1])
	if err != nil {
		b.Fatal(err)
	}
	var all []time.Duration
	for range 50 {
		begun := time.Now()
		_, err := peer.ReadIndex(b.Context(), &peerv1.ReadIndexRequest{}) // "Not the leader", at once.
		if !errors.Is(fromStatus(err), ErrNoLeader) {
			b.Fatal(err)
		}
		all = append(all, time.Since(begun)/2)
	}
	return percentile(all, 0.5)
}

// fsync measures a small durable write in a folder.
func fsync(b *testing.B, dir string) time.Duration {
	b.Helper()
	f, err := os.Create(filepath.Join(dir, "fsync"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	var all []time.Duration
	for range 50 {
		begun := time.Now()
		if _, err = f.Write(make([]byte, 512)); err == nil {
			err = f.Sync()
		}
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, time.Since(begun))
	}
	return percentile(all, 0.5)
}

// BenchmarkFinalAfterAccepted is how long after accepted a payment is final at the leader, one payment at a time. p50 to p99
// are until a quorum has ratified; sealed is until its cosignatures are stored, which is one message and one write later, and what
// clients are told. ratio compares p50 with three one-way delays and two writes, as measured here before and after.
func BenchmarkFinalAfterAccepted(b *testing.B) {
	all := make(map[string]*ratified)
	c := newMeasured(b, func(name string) slog.Handler {
		all[name] = &ratified{Handler: slog.DiscardHandler}
		return all[name]
	})
	leader := c.leader()
	heard := all[leader.Name()]
	delay, write := oneWay(b, c), fsync(b, c.dir)
	var final, sealed []time.Duration
	for b.Loop() {
		s := c.submit(leader, c.phonePayment(), Accepted)
		accepted := time.Now()
		if err := leader.WaitFinal(b.Context(), s.LeafIndex); err != nil {
			b.Fatal(err)
		}
		sealed = append(sealed, time.Since(accepted))
		at, ok := heard.since(s.LeafIndex + 1)
		if !ok {
			b.Fatal("sealed and not final")
		}
		final = append(final, max(0, at.Sub(accepted)))
		time.Sleep(25 * time.Millisecond) // Past the pause between rounds, which is for load.
	}
	delay, write = (delay+oneWay(b, c))/2, (write+fsync(b, c.dir))/2
	b.ReportMetric(0, "ns/op")
	for name, part := range map[string]float64{"p50": 0.5, "p90": 0.9, "p99": 0.99} {
		b.ReportMetric(ms(percentile(final, part)), "final-"+name+"-ms")
		b.ReportMetric(ms(percentile(sealed, part)), "sealed-"+name+"-ms")
	}
	b.ReportMetric(ms(delay), "delay-ms")
	b.ReportMetric(ms(write), "fsync-ms")
	b.ReportMetric(float64(percentile(final, 0.5))/float64(3*delay+2*write), "ratio")
}

// flood puts payments into the leader's queue, faster than batches are made, and waits until the last is final everywhere. False
// when somebody else leads meanwhile.
func (c *cluster) flood(n *Node, payments []*tx.Signed) bool {
	c.t.Helper()
	term := n.term()
	var all []*submission
	var envelopes [][]byte
	for _, p := range payments {
		envelopes = append(envelopes, p.Envelope())
	}
	n.checker.all(envelopes, nil) // As at ingress under load.
	for _, e := range envelopes {
		signed, err := n.verified.verify(e)
		if err != nil {
			c.t.Fatal(err)
		}
		all = append(all, &submission{signed: signed, answer: make(chan answer, 1)})
	}
	for _, s := range all {
		n.packer.queue <- s
	}
	var last uint64
	for _, s := range all {
		a := <-s.answer
		if a.err != nil {
			return false
		}
		last = max(last, a.status.LeafIndex)
	}
	c.agree(last + 1)
	return n.term() == term
}

// floodPayments is what the leader's queue takes at once.
const floodPayments = queueLength

func (c *cluster) manyPayments() []*tx.Signed {
	c.t.Helper()
	all := make([]*tx.Signed, floodPayments)
	for i := range all {
		all[i] = c.phonePayment()
	}
	return all
}

// BenchmarkWireBytes is what a follower is sent, and sends, for each final payment at full batches: everything that goes over
// TCP between it and the three others, TLS included. With TCP and IP it is 3.6 % more: 52 bytes for each segment of 1,448 on Ethernet.
// append and service are the leader's connections to it; ratio is all that the follower is sent, with TCP and IP, to 330 bytes.
func BenchmarkWireBytes(b *testing.B) {
	const goal, framing = 330, 1 + 52./1448
	c := newMeasured(b, silent)
	envelope := len(c.phonePayment().Envelope())
	var sent, received, payments, batches float64
	var lanes [2]float64
	for b.Loop() {
		leader, all := c.leader(), c.manyPayments()
		follower := c.follower().Name()
		in, out, before := c.sentTo(follower), c.sentBy(follower), leader.Head().Batch
		fromLeader, _ := c.wires.traffic(leader.Name(), follower)
		if !c.flood(leader, all) {
			continue // Another leader: its bytes say nothing about full batches.
		}
		sent, received = sent+float64(c.sentTo(follower)-in), received+float64(c.sentBy(follower)-out)
		after, _ := c.wires.traffic(leader.Name(), follower)
		for i := range min(len(lanes), len(fromLeader), len(after)) {
			lanes[i] += float64(after[i] - fromLeader[i])
		}
		payments, batches = payments+float64(len(all)), batches+float64(leader.Head().Batch-before)
	}
	if payments == 0 {
		b.Skip("the leader changed all the time: the machine is too busy")
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(envelope), "envelope-B")
	b.ReportMetric(payments/batches, "payments/batch")
	b.ReportMetric(sent/payments, "to-follower-B/payment")
	b.ReportMetric(received/payments, "from-follower-B/payment")
	for i, name := range []string{"append", "service"} {
		b.ReportMetric(lanes[i]/payments, name+"-B/payment")
	}
	b.ReportMetric(framing*sent/payments/goal, "ratio")
}

func (c *cluster) sentTo(name string) (n int64) {
	for other := range c.addresses {
		if other != name {
			called, answered := c.wires.traffic(other, name)
			n += called.sum() + answered.sum()
		}
	}
	return n
}

func (c *cluster) sentBy(name string) (n int64) {
	for other := range c.addresses {
		if other != name {
			called, answered := c.wires.traffic(name, other)
			n += called.sum() + answered.sum()
		}
	}
	return n
}

// BenchmarkNewLeader is how long nothing becomes final when the leader dies under load: from the moment at which all its
// connections break until the next payment is final at another node.
func BenchmarkNewLeader(b *testing.B) {
	var all []time.Duration
	for b.Loop() {
		b.StopTimer()
		c := newMeasured(b, silent)
		leader, witness := c.leader(), c.follower()
		b.StartTimer()
		ctx, cancel := context.WithCancel(b.Context())
		var paying sync.WaitGroup
		for range 20 {
			payments := make([]*tx.Signed, 200)
			for i := range payments {
				payments[i] = c.phonePayment()
			}
			paying.Go(func() {
				for _, p := range payments {
					if ctx.Err() == nil {
						_, _ = witness.Submit(ctx, p.Envelope(), Final)
					}
				}
			})
		}
		c.waitPast(witness, witness.FinalSize()+100)
		c.wires.kill(leader.Name())
		killed, size := time.Now(), witness.FinalSize()
		// What the dead one had ordered can still become final without a new leader; a batch of a new one can not.
		for witness.Leader() == leader.Name() || witness.Leader() == "" {
			size = witness.FinalSize()
			time.Sleep(time.Millisecond)
		}
		c.waitPast(witness, size)
		all = append(all, time.Since(killed))
		cancel()
		paying.Wait()
		b.StopTimer()
		for name := range maps.Clone(c.nodes) {
			c.stop(name)
		}
		b.StartTimer()
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(percentile(all, 0.5).Seconds(), "p50-s")
	b.ReportMetric(slices.Max(all).Seconds(), "worst-s")
	b.ReportMetric(slices.Max(all).Seconds()/3, "ratio")
}

// waitPast waits until more than a size is final.
func (c *cluster) waitPast(n *Node, size uint64) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 30*time.Second)
	defer cancel()
	if err := n.WaitFinal(ctx, size); err != nil {
		c.t.Fatalf("final size %d, want above %d: %v", n.FinalSize(), size, err)
	}
}
