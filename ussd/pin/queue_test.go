package pin

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// served lets numbers in one after the other, once all of them wait, and tells the order.
func served(t *testing.T, q *queue, waiting [][2]string) (order []string) {
	t.Helper()
	leave, err := q.enter(t.Context(), "first", "first")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for _, w := range waiting {
		group.Go(func() {
			leave, err := q.enter(t.Context(), w[0], w[1])
			if err != nil {
				order = append(order, fmt.Sprintf("%s: %v", w[1], err))
				return
			}
			order = append(order, w[1]) // There is one slot, so one at a time.
			leave()
		})
		synctest.Wait()
	}
	leave()
	group.Wait()
	return order
}

func TestAFloodWaitsInItsOwnLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 3)
		order := served(t, q, [][2]string{{"x", "x1"}, {"x", "x2"}, {"x", "x3"}, {"x", "x4"}, {"y", "y1"}, {"z", "z1"}, {"y", "y2"}})
		want := []string{"x4: " + ErrBusy.Error(), "x1", "y1", "z1", "x2", "y2", "x3"}
		if !slices.Equal(order, want) {
			t.Errorf("got  %q\nwant %q", order, want)
		}
		if q.free != 1 || len(q.lanes) != 0 || len(q.turns) != 0 || len(q.numbers) != 0 {
			t.Errorf("left over: %+v", q)
		}
	})
}

func TestANumberHasOnePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 3)
		order := served(t, q, [][2]string{{"x", "x1"}, {"x", "x1"}, {"y", "x1"}, {"y", "first"}, {"x", "x2"}})
		busy := ": " + ErrBusy.Error()
		if want := []string{"x1" + busy, "x1" + busy, "first" + busy, "x1", "x2"}; !slices.Equal(order, want) {
			t.Errorf("got  %q\nwant %q", order, want)
		}
	})
}

func TestMoreLanesThanThereAreAggregatorsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waiting [][2]string
		for i := range maxLanes + 1 {
			waiting = append(waiting, [2]string{fmt.Sprint(i), fmt.Sprint(i)})
		}
		order := served(t, newQueue(1, 1), waiting)
		if want := fmt.Sprintf("%d: %v", maxLanes, ErrBusy); order[0] != want || len(order) != maxLanes+1 {
			t.Errorf("the first of %d answers: %q, want %q", len(order), order[0], want)
		}
	})
}

func TestHashingWaitsForASlotAndGivesUpWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hasher := NewHasher([32]byte{1}, 1)
		leave, err := hasher.queue.enter(t.Context(), "x", "first")
		if err != nil {
			t.Fatal(err)
		}
		for _, deadline := range []time.Duration{0, time.Second} {
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			if _, err := hasher.Hash(ctx, tx.AccountID{}, NewSecret("4071"), [16]byte{}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("after %s: %v", deadline, err)
			}
			cancel()
		}
		leave()
		leave() // Twice gives one slot back.
		if q := hasher.queue; q.free != 1 || len(q.lanes) != 0 || len(q.turns) != 0 || len(q.numbers) != 0 {
			t.Errorf("left over: %+v", q)
		}
	})
}

// Many at once, some of which give up: no slot is lost, and none is given twice.
func TestSlotsAreNeitherLostNorDoubled(t *testing.T) {
	q := newQueue(3, 8)
	var inside, most atomic.Int64
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			for n := range 200 {
				ctx, cancel := context.WithCancel(context.Background())
				if n%3 == 0 {
					go cancel()
				}
				leave, err := q.enter(ctx, fmt.Sprint(i%5), fmt.Sprint(i))
				if err == nil {
					if now := inside.Add(1); now > most.Load() {
						most.Store(now)
					}
					runtime.Gosched()
					inside.Add(-1)
					leave()
				} else if !errors.Is(err, ErrBusy) && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				cancel()
			}
		})
	}
	group.Wait()
	if most.Load() > 3 || q.free != 3 || len(q.lanes) != 0 || len(q.turns) != 0 || len(q.numbers) != 0 {
		t.Errorf("%d inside at once; left over: %+v", most.Load(), q)
	}
}

// BenchmarkHonestPINUnderFlood: 15 people a second pay at one aggregator while another one brings PINs as fast as it can, from
// few numbers or from many.
func BenchmarkHonestPINUnderFlood(b *testing.B) {
	for _, flood := range []struct {
		name            string
		callers, number int
	}{{"no flood", 0, 1}, {"500 callers, 5 numbers", 500, 5}, {"500 callers, 500 numbers", 500, 500}} {
		b.Run(flood.name, func(b *testing.B) {
			hasher := NewHasher([32]byte{1}, 2)
			record, err := hasher.Hash(b.Context(), tx.AccountID{}, NewSecret("4071"), [16]byte{1})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			var flooding sync.WaitGroup
			for i := range flood.callers {
				flooding.Go(func() {
					for ctx.Err() == nil {
						t := Try{Aggregator: "flood", Phone: fmt.Sprint(i % flood.number), PIN: NewSecret("4072")}
						if _, err := hasher.Compare(ctx, t, record); errors.Is(err, ErrBusy) {
							time.Sleep(10 * time.Millisecond) // The screen goes out and the next comes in.
						}
					}
				})
			}
			took := make([]time.Duration, b.N)
			var busy atomic.Int64
			var honest sync.WaitGroup
			for i := range b.N {
				time.Sleep(time.Second / 15)
				honest.Go(func() {
					began := time.Now()
					_, err := hasher.Compare(ctx, Try{Aggregator: "honest", Phone: fmt.Sprint("h", i), PIN: NewSecret("4071")}, record)
					if took[i] = time.Since(began); err != nil {
						busy.Add(1)
					}
				})
			}
			honest.Wait()
			cancel()
			flooding.Wait()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-ms")
			b.ReportMetric(float64(busy.Load()), "busy")
		})
	}
}
