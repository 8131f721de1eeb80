package server

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// BenchmarkPace is payments that begin by the clock, one by one, as people make them: so many a second, by a stream to each of four validators.
// Throughput is given; what is asked is how long one takes, and what it costs when little comes together.
//
//	go test ./consensus/server -run '^$' -bench Pace -benchtime 10000x
func BenchmarkPace(b *testing.B) {
	for _, rate := range []int{100, 500, 1000, 1500, 2000} {
		for _, stage := range []apiv1.Stage{apiv1.Stage_STAGE_ACCEPTED, apiv1.Stage_STAGE_FINAL} {
			b.Run(fmt.Sprintf("%d/%s", rate, stage), func(b *testing.B) {
				n := theNetwork(b)
				leader := n.leader(b)
				payments := make([]*tx.Signed, max(b.N, 100))
				for i := range payments {
					payments[i] = n.payment(b, time.Hour)
				}
				var senders []*paced
				for i := range n.nodes {
					c := n.client(b, i)
					stream(b, c, []*tx.Signed{n.payment(b, time.Hour)})
					senders = append(senders, openPaced(b, c, stage))
				}
				batches := n.nodes[leader].Head().Batch
				before, begun := spent(b), time.Now()
				b.ResetTimer()
				for i, p := range payments {
					at := begun.Add(time.Duration(i) * time.Second / time.Duration(rate))
					time.Sleep(time.Until(at))
					senders[i%len(senders)].send(b, p, at)
				}
				var took []time.Duration
				for _, s := range senders {
					took = append(took, s.end(b)...)
				}
				elapsed, cpu := time.Since(begun), spent(b)-before
				b.StopTimer()
				batches = max(1, n.nodes[leader].Head().Batch-batches)
				slices.Sort(took)
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(len(payments))/elapsed.Seconds(), "payments/s")
				b.ReportMetric(float64(len(payments))/float64(batches), "payments/batch")
				b.ReportMetric(float64((cpu / time.Duration(len(payments))).Microseconds()), "cpu-us")
				b.ReportMetric(cpu.Seconds()/elapsed.Seconds(), "cores")
				b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			})
		}
	}
}

// paced is one stream of payments that are sent by the clock.
type paced struct {
	stream apiv1.LedgerService_SubmitStreamClient
	wait   apiv1.Stage
	// mu guards the rest; held for one payment.
	mu   sync.Mutex
	due  []time.Time
	took []time.Duration
	done chan struct{}
}

func openPaced(b *testing.B, c apiv1.LedgerServiceClient, wait apiv1.Stage) *paced {
	s, err := c.SubmitStream(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	p := &paced{stream: s, wait: wait, done: make(chan struct{})}
	go p.read(b)
	return p
}

// send sends a payment that is due at a time.
func (p *paced) send(b *testing.B, signed *tx.Signed, at time.Time) {
	p.mu.Lock()
	p.due = append(p.due, at)
	p.mu.Unlock()
	if err := p.stream.Send(&apiv1.SubmitStreamRequest{Envelopes: [][]byte{signed.Envelope()}, Wait: p.wait}); err != nil {
		b.Error(err)
	}
}

func (p *paced) read(b *testing.B) {
	defer close(p.done)
	for {
		res, err := p.stream.Recv()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			b.Error(err)
			return
		}
		p.mu.Lock()
		for _, r := range res.GetResults() {
			if r.GetStatus().GetStage() < p.wait {
				b.Errorf("payment %d: %v %v", r.GetPlace(), r.GetStatus(), r.GetFailure())
			}
			p.took = append(p.took, time.Since(p.due[r.GetPlace()]))
		}
		p.mu.Unlock()
	}
}

// end waits until all are answered, and tells how long each took.
func (p *paced) end(b *testing.B) []time.Duration {
	if err := p.stream.CloseSend(); err != nil {
		b.Error(err)
	}
	<-p.done
	return p.took
}
