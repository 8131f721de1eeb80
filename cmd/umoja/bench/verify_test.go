package bench

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
)

// paidOn is a load that had one payment made on a network in memory.
func paidOn(t *testing.T, n *sdktest.Network) *load {
	t.Helper()
	payee := n.Key(t, "payee")
	n.Apply(t, []key.Signer{payee}, sdk.Opening(payee.Public()))
	outcome := n.Apply(t, []key.Signer{n.Issuer}, tx.Transfer{Debit: n.IssuerAccount, Credit: sdk.AccountOf(payee.Public()), Asset: ledgertest.KES, Amount: 1})
	if outcome.Result.Code != tx.OK {
		t.Fatal(outcome.Result.Code)
	}
	l := &load{network: &network{client: n.Client(t)}, ids: []tx.ID{outcome.ID}}
	for _, v := range n.Validators {
		conn, err := grpc.NewClient("passthrough:///"+v.Address(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithContextDialer(n.Dial))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		l.network.validators = append(l.network.validators, apiv1.NewLedgerServiceClient(conn))
	}
	return l
}

// spoilt is a validator's receipt, for another place of the history.
func spoilt(_ context.Context, _ any, handle func() (any, error)) (any, error) {
	res, err := handle()
	if err != nil {
		return nil, err
	}
	res.(*apiv1.GetReceiptResponse).Receipt.LeafIndex++
	return res, nil
}

// TestReceipts: a receipt that does not verify at any validator is what must not be; one that nobody could be asked for is an error.
func TestReceipts(t *testing.T) {
	for _, c := range []struct {
		name            string
		change          func(n *sdktest.Network)
		verified, wrong int
		fails           bool
	}{
		{"all are honest", func(*sdktest.Network) {}, 1, 0, false},
		{"one lies", func(n *sdktest.Network) { n.Validators[0].On("GetReceipt", spoilt) }, 1, 0, false},
		{"all lie", func(n *sdktest.Network) { each(n, func(v *sdktest.Validator) { v.On("GetReceipt", spoilt) }) }, 0, 1, false},
		{"all lie whom one can ask", func(n *sdktest.Network) {
			each(n, func(v *sdktest.Validator) { v.On("GetReceipt", spoilt) })
			n.Validators[0].Stop()
		}, 0, 1, false},
		{"nobody knows the payment", func(n *sdktest.Network) { each(n, func(v *sdktest.Validator) { v.Refuse("GetReceipt", "NOT_FOUND") }) }, 0, 1, false},
		{"nobody is there", func(n *sdktest.Network) { each(n, (*sdktest.Validator).Stop) }, 0, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := sdktest.New(t)
			l := paidOn(t, n)
			c.change(n)
			verified, wrong, err := l.receipts(t.Context())
			if verified != c.verified || wrong != c.wrong || (err != nil) != c.fails {
				t.Errorf("%d verified, %d wrong, %v", verified, wrong, err)
			}
		})
	}
}

// TestSettle: what a dead validator left open is settled in time though each takes seconds, and is booked as it came out.
func TestSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &load{net: make([]int64, 2)}
		for range 1000 {
			l.open = append(l.open, item{signed: new(tx.Signed), credits: []int{1}})
		}
		var asked atomic.Int64
		unknown, err := l.settle(t.Context(), func(ctx context.Context, _ *tx.Signed) (sdk.Outcome, error) {
			k := asked.Add(1)
			select {
			case <-time.After(5 * time.Second):
			case <-ctx.Done():
				return sdk.Outcome{}, ctx.Err()
			}
			switch k % 10 {
			case 0:
				return sdk.Outcome{}, sdk.ErrUnknown
			case 1:
				return sdk.Outcome{Expired: true}, nil
			}
			return sdk.Outcome{Final: true, Result: tx.Result{Code: tx.OK}}, nil
		})
		if err != nil || asked.Load() != 1000 || unknown != 100 || l.net[0] != -800 || l.net[1] != 800 {
			t.Errorf("of %d asked for %d are unknown, and the balances changed by %d: %v", asked.Load(), unknown, l.net, err)
		}
	})
}

func each(n *sdktest.Network, do func(v *sdktest.Validator)) {
	for _, v := range n.Validators {
		do(v)
	}
}
