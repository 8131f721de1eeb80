package server

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// waits has one more wait for a place; the name is told when he has it.
func waits(ctx context.Context, p *places, from int, name string, got *[]string) {
	go func() {
		if p.wait(ctx, host(from)) {
			*got = append(*got, name) // One at a time: each step of a test wakes one, and is waited for.
		}
	}()
	synctest.Wait()
}

// TestWaitForAPlace: who waits gets the place that comes free, in order, and not past the part of his address; who leaves has taken
// nothing, and holds up nobody behind him.
func TestWaitForAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(2, 3)
		var got []string
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for _, name := range []string{"a1", "a2", "a3", "a4"} {
			waits(t.Context(), p, 1, name, &got)
		}
		waits(t.Context(), p, 2, "b1", &got) // The last of all.
		waits(ctx, p, 2, "b2", &got)
		waits(t.Context(), p, 3, "c1", &got)
		want := func(names ...string) {
			t.Helper()
			synctest.Wait()
			if !slices.Equal(got, names) {
				t.Fatalf("places went to %v, want %v", got, names)
			}
		}
		want("a1", "a2", "b1")
		p.give(host(1)) // It is the turn of a3 in his address, and he stands behind b2 and c1.
		want("a1", "a2", "b1", "b2")
		p.give(host(1))
		want("a1", "a2", "b1", "b2", "c1")
		p.give(host(2))
		want("a1", "a2", "b1", "b2", "c1", "a3")
		p.give(host(3))
		want("a1", "a2", "b1", "b2", "c1", "a3", "a4")
		waits(ctx, p, 3, "c2", &got)         // In line,
		waits(ctx, p, 1, "a5", &got)         // and for his address.
		waits(t.Context(), p, 1, "a6", &got) // Behind him.
		cancel()
		synctest.Wait()
		p.give(host(1))
		want("a1", "a2", "b1", "b2", "c1", "a3", "a4", "a6")
		p.give(host(1))
		p.give(host(1))
		p.give(host(2))
		if p.total != 0 || len(p.taken) != 0 || len(p.line) != 0 || len(p.own) != 0 {
			t.Errorf("left: %+v", p)
		}
	})
}

// TestWhoLeavesTheLineHoldsUpNobody: one who leaves just before his turn leaves it to the next of his address.
func TestWhoLeavesTheLineHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(1, 2)
		var got []string
		ctx, cancel := context.WithCancel(t.Context())
		p.take(host(1))
		p.take(host(2))
		waits(t.Context(), p, 3, "c1", &got)
		waits(ctx, p, 1, "a1", &got)
		waits(t.Context(), p, 1, "a2", &got)
		p.give(host(1)) // To c1; a1 stands in line behind him.
		synctest.Wait()
		cancel()
		synctest.Wait()
		p.give(host(2)) // To a2, or to nobody.
		synctest.Wait()
		if !slices.Equal(got, []string{"c1", "a2"}) {
			t.Errorf("places went to %v", got)
		}
	})
}

// TestPlacesOfMany: however many take, wait, leave and give at once, nobody waits for ever, the bounds hold, and all is given back.
func TestPlacesOfMany(t *testing.T) {
	const each, all, addresses, streams = 3, 7, 4, 6
	p := newPlaces(each, all)
	var mine [addresses]atomic.Int64
	var total atomic.Int64
	var work sync.WaitGroup
	forever, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for a := range addresses {
		for range streams {
			work.Go(func() {
				for range 500 {
					ctx, cancel := forever, context.CancelFunc(func() {})
					if rand.N(3) == 0 {
						ctx, cancel = context.WithTimeout(ctx, rand.N(50*time.Microsecond))
					}
					got := p.wait(ctx, host(a))
					cancel()
					if !got && ctx == forever {
						t.Error("somebody waits for ever")
						return
					}
					if !got {
						continue
					}
					if m, n := mine[a].Add(1), total.Add(1); m > each || n > all {
						t.Errorf("%d places of one, %d of all", m, n)
					}
					time.Sleep(rand.N(20 * time.Microsecond))
					mine[a].Add(-1)
					total.Add(-1)
					p.give(host(a))
				}
			})
		}
	}
	work.Wait()
	if p.total != 0 || len(p.taken) != 0 || len(p.line) != 0 || len(p.own) != 0 {
		t.Errorf("left: %+v", p)
	}
}

// held is a node that answers when the test says so: envelopes that begin with 1 wait, all others are final at once.
type held struct {
	waiting atomic.Int64
	// most is how many waited when too many did.
	most   atomic.Int64
	answer chan struct{}
}

func (h *held) submit(ctx context.Context, envelope []byte, _ consensus.Stage) (consensus.Status, error) {
	final := consensus.Status{ID: tx.ID{1}, Stage: consensus.Final}
	if envelope[0] != 1 {
		return final, nil
	}
	if now := h.waiting.Add(1); now > envelopesOfOne {
		h.most.Store(now)
	}
	defer h.waiting.Add(-1)
	select {
	case <-h.answer:
		return final, nil
	case <-ctx.Done():
		return consensus.Status{}, ctx.Err()
	}
}

// settlesAt waits until so many envelopes wait at the node, and stay so many for a while.
func (h *held) settlesAt(t *testing.T, want int64) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for same := 0; same < 20; time.Sleep(10 * time.Millisecond) {
		if same++; h.waiting.Load() != want {
			same = 0
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d envelopes wait, want %d", h.waiting.Load(), want)
		}
	}
	if h.most.Load() > envelopesOfOne {
		t.Fatalf("%d envelopes of one address waited at a time", h.most.Load())
	}
}

// sendMany opens a stream and sends a window of envelopes that wait.
func sendMany(t *testing.T, ctx context.Context, c apiv1.LedgerServiceClient) apiv1.LedgerService_SubmitStreamClient {
	t.Helper()
	s, err := c.SubmitStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(&apiv1.SubmitStreamRequest{Envelopes: slices.Repeat([][]byte{{1}}, window)}); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestStreamsOfOneAddressShareItsPart: the streams of one address have no more envelopes waiting than it may, a stream of another goes on
// meanwhile, and theirs go on when places come free, with no envelope lost or refused. Streams that end give all back.
func TestStreamsOfOneAddressShareItsPart(t *testing.T) {
	h := &held{answer: make(chan struct{})}
	address := serveSubmit(t, h.submit)
	one, other := dial(t, address, "127.0.0.1"), dial(t, address, "127.0.0.2")
	ctx, cancel := context.WithCancel(t.Context())
	sendMany(t, ctx, one)
	sendMany(t, ctx, one)
	h.settlesAt(t, envelopesOfOne)
	cancel()
	h.settlesAt(t, 0)

	streams := []apiv1.LedgerService_SubmitStreamClient{sendMany(t, t.Context(), one), sendMany(t, t.Context(), one)}
	h.settlesAt(t, envelopesOfOne)
	s, err := other.SubmitStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(&apiv1.SubmitStreamRequest{Envelopes: [][]byte{{0}}}); err != nil {
		t.Fatal(err)
	}
	if res, err := s.Recv(); err != nil || res.GetResults()[0].GetStatus().GetStage() != apiv1.Stage_STAGE_FINAL {
		t.Fatalf("another address: %v, %v", res, err)
	}
	for range 100 {
		h.answer <- struct{}{}
	}
	h.settlesAt(t, envelopesOfOne) // As many more were read.
	close(h.answer)
	for _, s := range streams {
		if err := s.CloseSend(); err != nil {
			t.Fatal(err)
		}
		count := 0
		for {
			res, err := s.Recv()
			if err != nil {
				if count != window || !errors.Is(err, io.EOF) {
					t.Errorf("%d results, then %v", count, err)
				}
				break
			}
			for _, r := range res.GetResults() {
				if r.GetFailure() != nil {
					t.Fatalf("envelope %d: %v", r.GetPlace(), r.GetFailure())
				}
				count++
			}
		}
	}
}
