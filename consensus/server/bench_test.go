package server

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// spent is the processor time of this process so far.
func spent(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// single is the processor time of one verification by itself.
func single(b *testing.B, s *tx.Signed) time.Duration {
	begun := spent(b)
	for range 200 {
		if err := s.VerifySignatures(); err != nil {
			b.Fatal(err)
		}
	}
	return (spent(b) - begun) / 200
}

// BenchmarkStream is single signed transfers that come by streams and are answered when they are final: four validators on loopback with
// their disks, and the callers, in one process.
//
//	go test ./consensus/server -run '^$' -bench Stream -benchtime 20000x
//
// bound compares the rate with the naive one: two processors that do nothing but verify each signature four times, one by one. On a busy
// machine payments/s says little; cpu-us is processor time for each payment over all, and cpu-bound what the rate would be if two
// processors had nothing else to do, again over the naive one.
func BenchmarkStream(b *testing.B) {
	for _, way := range []struct {
		name string
		// off are the places of the validators that get a stream, from the leader's on.
		off []int
	}{{"the leader", []int{0}}, {"another", []int{1}}, {"all", []int{0, 1, 2, 3}}} {
		b.Run(way.name, func(b *testing.B) {
			n := theNetwork(b)
			var clients []apiv1.LedgerServiceClient
			leader := n.leader(b)
			for _, off := range way.off {
				clients = append(clients, n.client(b, (leader+off)%len(n.nodes)))
			}
			payments := make([]*tx.Signed, max(b.N, len(clients)))
			for i := range payments {
				payments[i] = n.payment(b, time.Hour)
			}
			alone := single(b, payments[0])
			for _, c := range clients { // A leader is there, and everybody is connected.
				stream(b, c, []*tx.Signed{n.payment(b, time.Hour)})
			}
			batches := n.nodes[leader].Head().Batch
			before, begun := spent(b), time.Now()
			b.ResetTimer()
			var all sync.WaitGroup
			var mu sync.Mutex
			var took []time.Duration
			part := (len(payments) + len(clients) - 1) / len(clients)
			for i, c := range clients {
				mine := payments[min(i*part, len(payments)):min((i+1)*part, len(payments))]
				all.Go(func() {
					times := stream(b, c, mine)
					mu.Lock()
					defer mu.Unlock()
					took = append(took, times...)
				})
			}
			all.Wait()
			elapsed, cpu := time.Since(begun), spent(b)-before
			b.StopTimer()
			batches = max(1, n.nodes[leader].Head().Batch-batches)
			slices.Sort(took)
			each := cpu / time.Duration(len(payments))
			rate := float64(len(payments)) / elapsed.Seconds()
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(rate, "payments/s")
			b.ReportMetric(float64(len(payments))/float64(batches), "payments/batch")
			b.ReportMetric(rate*4*alone.Seconds()/2, "bound")
			b.ReportMetric(float64(each.Microseconds()), "cpu-us")
			b.ReportMetric(4*float64(alone)/float64(each), "cpu-bound")
			b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-ms")
		})
	}
}

// BenchmarkCall is what a call costs both sides that asks for little: a thousand wait for their answers at a time.
//
//	go test ./consensus/server -run '^$' -bench Call -benchtime 100000x -benchmem
func BenchmarkCall(b *testing.B) {
	n := theNetwork(b)
	c := n.client(b, n.leader(b))
	signed, _ := n.pay(b, c)
	id := signed.ID()
	before := spent(b)
	b.ReportAllocs()
	b.ResetTimer()
	var all sync.WaitGroup
	const callers = 1000
	for i := range callers {
		all.Go(func() {
			for range (b.N + i) / callers {
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				if _, err := c.GetTransaction(ctx, &apiv1.GetTransactionRequest{Id: id[:], Wait: apiv1.Stage_STAGE_FINAL}); err != nil {
					b.Error(err)
				}
				cancel()
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64((spent(b)-before).Nanoseconds())/1000/float64(b.N), "cpu-us")
}

// stream brings payments over one stream and waits until all are final.
func stream(b *testing.B, c apiv1.LedgerServiceClient, payments []*tx.Signed) (took []time.Duration) {
	s, err := c.SubmitStream(b.Context())
	if err != nil {
		b.Error(err)
		return nil
	}
	sent := make([]time.Time, len(payments))
	var mu sync.Mutex
	go func() {
		const together = 16
		for at := 0; at < len(payments); at += together {
			var some [][]byte
			mu.Lock()
			for i := at; i < min(at+together, len(payments)); i++ {
				some, sent[i] = append(some, payments[i].Envelope()), time.Now()
			}
			mu.Unlock()
			if err := s.Send(&apiv1.SubmitStreamRequest{Envelopes: some, Wait: apiv1.Stage_STAGE_FINAL}); err != nil {
				b.Error(err)
				return
			}
		}
		_ = s.CloseSend()
	}()
	for {
		res, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return took
		}
		if err != nil {
			b.Error(err)
			return took
		}
		mu.Lock()
		for _, r := range res.GetResults() {
			if r.GetStatus().GetStage() != apiv1.Stage_STAGE_FINAL {
				b.Errorf("payment %d: %v %v", r.GetPlace(), r.GetStatus(), r.GetFailure())
			}
			took = append(took, time.Since(sent[r.GetPlace()]))
		}
		mu.Unlock()
	}
}

// leader is the place of who leads.
func (n *network) leader(b *testing.B) int {
	for range 1000 {
		for i, node := range n.nodes {
			if node.Leader() == node.Name() {
				return i
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.Fatal("nobody leads")
	return 0
}
