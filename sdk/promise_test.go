package sdk_test

import (
	"context"
	"errors"
	"testing"
	"time"

	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
)

func TestPromises(t *testing.T) {
	forge := func(_ context.Context, _ any, handle func() (any, error)) (any, error) {
		res, err := handle()
		if m, ok := res.(*apiv1.SubmitResponse); ok && m.GetReceipt() != nil {
			m.Receipt.IncludeBySize++
		}
		return res, err
	}
	for _, c := range []struct {
		what   string
		liars  int
		want   error
		number int
	}{
		{"all promise", 0, nil, 4},
		{"two forge", 2, nil, 2},
		{"three forge", 3, sdk.ErrUnavailable, 1},
	} {
		t.Run(c.what, func(t *testing.T) {
			n := sdktest.New(t)
			for _, v := range n.Validators[:c.liars] {
				v.On("Submit", forge)
			}
			signed := payment(t, n, 10_00)
			got, err := n.Client(t).Promises(within(t, 10*time.Second), signed)
			if !errors.Is(err, c.want) || len(got) != c.number {
				t.Fatalf("%d promises: %v", len(got), err)
			}
			for _, r := range got {
				if r.ID != signed.ID() || r.IncludeBySize <= r.SeenSize {
					t.Errorf("%+v", r)
				}
			}
		})
	}
}
