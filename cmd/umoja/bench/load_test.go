package bench

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

var paid = &apiv1.TransactionStatus{Stage: apiv1.Stage_STAGE_FINAL, Result: &umojav1.Result{Code: umojav1.ResultCode(tx.OK)}}

// till is a validator that makes payments final one after the other, each in a millisecond: no two are answered at the same time. Reads take none.
type till struct {
	apiv1.LedgerServiceClient

	mu       sync.Mutex
	free     time.Time
	answered int64
	// refuses is every how many-eth payment fails; 0 is none.
	refuses int64
}

func (v *till) Submit(context.Context, *apiv1.SubmitRequest, ...grpc.CallOption) (*apiv1.SubmitResponse, error) {
	v.mu.Lock()
	if now := time.Now(); v.free.Before(now) {
		v.free = now
	}
	v.free = v.free.Add(time.Millisecond)
	free := v.free
	v.mu.Unlock()
	time.Sleep(time.Until(free))
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answered++
	if v.refuses > 0 && v.answered%v.refuses == 0 {
		return nil, status.Error(codes.ResourceExhausted, "as scripted")
	}
	return &apiv1.SubmitResponse{Status: paid}, nil
}

// soFar is how many have been answered.
func (v *till) soFar() int64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.answered
}

func (v *till) GetTransaction(context.Context, *apiv1.GetTransactionRequest, ...grpc.CallOption) (*apiv1.GetTransactionResponse, error) {
	return &apiv1.GetTransactionResponse{Status: paid}, nil
}

func (v *till) GetBalance(context.Context, *apiv1.GetBalanceRequest, ...grpc.CallOption) (*apiv1.GetBalanceResponse, error) {
	return &apiv1.GetBalanceResponse{}, nil
}

// stocked is so many payments of one payer to another, ready to be sent.
func stocked(count int) *stock {
	s := &stock{ready: make(chan item, count), group: new(errgroup.Group)}
	for range count {
		s.ready <- item{signed: new(tx.Signed), credits: []int{1}}
	}
	close(s.ready)
	return s
}

// TestWhatCounts: measuring begins when the warm-up has been answered, and what counts is what was answered between the two readings of the meters.
func TestWhatCounts(t *testing.T) {
	for _, c := range []struct {
		name    string
		o       Options
		refuses int64
		// begins is how many have been answered when measuring begins.
		begins int64
	}{
		{"one caller", Options{Count: 100, Callers: 1, WarmUp: 0.2}, 0, 20},
		{"more callers than the warm-up has payments", Options{Count: 1000, Callers: 400, WarmUp: 0.1}, 0, 400},
		{"more callers than payments", Options{Count: 300, Callers: 4096, WarmUp: 0.1}, 0, 150},
		{"nearly all is warm-up", Options{Count: 100, Callers: 10, WarmUp: 0.99}, 0, 99},
		{"one payment", Options{Count: 1, Callers: 10, WarmUp: 0.5}, 0, 0},
		{"no warm-up", Options{Count: 100, Callers: 10}, 0, 0},
		{"some are refused", Options{Count: 1000, Callers: 100, WarmUp: 0.1}, 3, 100},
		{"at a rate", Options{Count: 100, Callers: 50, Rate: 10, WarmUp: 0.1}, 0, 10},
		{"at a rate, too fast", Options{Count: 1000, Callers: 50, Rate: 1e6, WarmUp: 0.1}, 0, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := &till{refuses: c.refuses}
				w, _ := workloadOf("unary")
				l, err := (&network{validators: []apiv1.LedgerServiceClient{v}}).newLoad(t.Context(), w, c.o, make([]payer, 2))
				if err != nil {
					t.Fatal(err)
				}
				begun, refused := int64(-1), int64(0)
				if err := l.run(t.Context(), stocked(c.o.Count), func() error {
					begun = v.soFar() // Time stands still now.
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				if begun != c.begins {
					t.Errorf("measuring begins when %d have been answered, not %d", begun, c.begins)
				}
				if c.refuses > 0 {
					refused = v.answered/c.refuses - begun/c.refuses
				}
				if counts := v.answered - begun - refused; l.paid.Load() != counts || l.toFinal.TotalCount() != counts {
					t.Errorf("%d count and %d were timed, of %d that were made while it was measured", l.paid.Load(), l.toFinal.TotalCount(), counts)
				}
			})
		})
	}
}

// TestMetersThatCannotBeRead: when measuring cannot begin the run ends, and sends nothing more.
func TestMetersThatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, broken := new(till), errors.New("the meters are broken")
		w, _ := workloadOf("unary")
		l, err := (&network{validators: []apiv1.LedgerServiceClient{v}}).newLoad(t.Context(), w, Options{Count: 1000, Callers: 10, WarmUp: 0.1}, make([]payer, 2))
		if err != nil {
			t.Fatal(err)
		}
		if err := l.run(t.Context(), stocked(1000), func() error { return broken }); !errors.Is(err, broken) || v.answered > 110 {
			t.Errorf("%v, after %d answers", err, v.answered)
		}
	})
}

// TestReadsOfTheWarmUp: of what is sent before measuring begins neither the payments nor the reads that go with them are counted.
func TestReadsOfTheWarmUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := workloadOf("mixed")
		n := &network{validators: []apiv1.LedgerServiceClient{new(till)}}
		l, err := n.newLoad(t.Context(), w, Options{Count: 100, Callers: 1, WarmUp: 0.2}, make([]payer, 2))
		if err != nil {
			t.Fatal(err)
		}
		if err := l.run(t.Context(), stocked(100), func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		if paid, reads := l.paid.Load(), l.reads.TotalCount(); paid != 80 || reads != paid*int64(w.reads) {
			t.Errorf("%d payments and %d reads", paid, reads)
		}
	})
}
