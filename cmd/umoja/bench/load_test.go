package bench

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

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
	v.answered++
	v.mu.Unlock()
	return &apiv1.SubmitResponse{Status: paid}, nil
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
