package sdk_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
)

// payment is a payment of Juma's to Amina, carried by the provider, with an expiry a minute ahead.
func payment(t *testing.T, n *sdktest.Network, a amount.Amount, signers ...key.Signer) *tx.Signed {
	t.Helper()
	if len(signers) == 0 {
		signers = []key.Signer{n.Provider}
	}
	alias := n.Amina.Alias
	body, err := sdk.NewTransfer(rand.Reader, n.NowUnixMs()+60_000, n.Juma.Account, sdk.Payee{Account: n.Amina.Account, Alias: &alias}, tx.Transfer{
		Asset: ledgertest.KES, Amount: a,
		Fee: &tx.Fee{Provider: n.ProviderAccount, ScheduleVersion: 1, Amount: ledgertest.FlatFee},
	})
	check(t, err)
	raw, err := body.Encode()
	check(t, err)
	signed, err := tx.Seal(n.Network, raw, signers...)
	check(t, err)
	return signed
}

// paid checks that Amina was paid so much, and the validators' history holds it once.
func paid(t *testing.T, n *sdktest.Network, a amount.Amount) {
	t.Helper()
	if got := n.Balance(t, n.Amina.Account); got != ledgertest.AminaFunds+a {
		t.Errorf("Amina has %s, want %s", got.Text(2), (ledgertest.AminaFunds + a).Text(2))
	}
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// mishaps are what validators do wrong, f at most unless they recover; each time the payment is made once and proved.
var mishaps = []struct {
	name  string
	wrong func(t *testing.T, n *sdktest.Network)
}{
	{"nothing", func(*testing.T, *sdktest.Network) {}},
	{"the first is down", func(t *testing.T, n *sdktest.Network) { n.Validators[0].Stop() }},
	{"all but the last are down", func(t *testing.T, n *sdktest.Network) {
		for _, v := range n.Validators[:3] {
			v.Stop()
		}
	}},
	{"the first hangs", func(t *testing.T, n *sdktest.Network) { n.Validators[0].Hang("Submit") }},
	{"the first applies and loses the answer", func(t *testing.T, n *sdktest.Network) { n.Validators[0].Drop("Submit", 1) }},
	{"every answer is lost twice", func(t *testing.T, n *sdktest.Network) {
		for _, v := range n.Validators {
			v.Drop("Submit", 2)
		}
	}},
	{"all are overloaded for a while", func(t *testing.T, n *sdktest.Network) {
		for _, v := range n.Validators {
			left := 2
			v.On("Submit", func(_ context.Context, _ any, handle func() (any, error)) (any, error) {
				if left--; left >= 0 { // Only the one call of this validator that is under way is here.
					return nil, sdktest.Refusal("OVERLOADED")
				}
				return handle()
			})
		}
	}},
	{"one refuses for a reason that depends on its state", func(t *testing.T, n *sdktest.Network) { n.Validators[0].Refuse("Submit", "UNAUTHORISED") }},
	{"one says the signature is bad", func(t *testing.T, n *sdktest.Network) { n.Validators[0].Refuse("Submit", "BAD_SIGNATURE") }},
	{"one says it expired", func(t *testing.T, n *sdktest.Network) { n.Validators[0].Refuse("Submit", "EXPIRED") }},
	{"one has no receipt", func(t *testing.T, n *sdktest.Network) { n.Validators[0].Hang("GetReceipt") }},
	{"one says final and the receipt is of another transaction", func(t *testing.T, n *sdktest.Network) {
		other := n.Apply(t, []key.Signer{n.Issuer}, tx.Issue{Asset: ledgertest.KES, Credit: n.IssuerAccount, Amount: 1})
		n.Validators[0].On("GetReceipt", func(_ context.Context, req any, handle func() (any, error)) (any, error) {
			req.(*apiv1.GetReceiptRequest).Id = other.ID[:]
			return handle()
		})
	}},
	{"one gives receipts with a flipped bit", func(t *testing.T, n *sdktest.Network) {
		n.Validators[0].On("GetReceipt", func(_ context.Context, _ any, handle func() (any, error)) (any, error) {
			res, err := handle()
			if err == nil {
				leaf := res.(*apiv1.GetReceiptResponse).Receipt.Leaf
				res.(*apiv1.GetReceiptResponse).Receipt.Leaf = append([]byte{leaf[0] ^ 1}, leaf[1:]...)
			}
			return res, err
		})
	}},
}

func TestSubmitSurvives(t *testing.T) {
	for _, c := range mishaps {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := sdktest.New(t)
			client := n.Client(t, func(c *sdk.Config) { c.ReadTimeout = 250 * time.Millisecond })
			c.wrong(t, n)
			signed := payment(t, n, 100_00)
			outcome, err := client.Submit(within(t, 10*time.Second), signed)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range n.Validators {
				v.On("GetReceipt", nil) // What is compared with is an honest answer.
			}
			_, proof, err := client.Receipt(within(t, 10*time.Second), signed.ID())
			check(t, err)
			if !outcome.Applied() || outcome.ReceiptCode != proof.Code() || outcome.LeafIndex != proof.LeafIndex || outcome.TimeUnixMs == 0 {
				t.Errorf("outcome %+v", outcome)
			}
			paid(t, n, 100_00)
		})
	}
}

func TestSubmitTellsTheRecordedRefusal(t *testing.T) {
	n := sdktest.New(t)
	outcome, err := n.Client(t).Submit(within(t, 10*time.Second), payment(t, n, 4_000_00))
	check(t, err)
	second, err := n.Client(t).Submit(within(t, 10*time.Second), payment(t, n, 9_000_00))
	check(t, err)
	if !outcome.Applied() || !second.Final || second.Applied() || second.Result.Code != tx.CapTransaction || second.ReceiptCode == "" {
		t.Errorf("first %+v, second %+v", outcome, second)
	}
	paid(t, n, 4_000_00)
}

func TestSubmitIsRefused(t *testing.T) {
	t.Run("a stranger's signature is refused by f+1 and burns nothing", func(t *testing.T) {
		n := sdktest.New(t)
		client := n.Client(t, func(c *sdk.Config) { c.HedgeDelay = time.Minute }) // A third that is asked meanwhile would leave it unsettled.
		signed := payment(t, n, 100_00)
		stranger, err := tx.Seal(n.Network, signed.RawBody(), n.Key(t, "stranger"))
		check(t, err)
		_, err = client.Submit(within(t, 10*time.Second), stranger)
		var refused *sdk.RefusedError
		if !errors.As(err, &refused) || refused.Reason != "UNAUTHORISED" {
			t.Fatalf("error %v", err)
		}
		asked := 0
		for _, v := range n.Validators {
			asked += v.Calls("Submit")
		}
		if asked < 2 || refused.Unsettled {
			t.Errorf("%d validators asked, %+v", asked, refused)
		}
		outcome, err := client.Submit(within(t, 10*time.Second), signed)
		if err != nil || !outcome.Applied() {
			t.Errorf("the true payment: %+v, %v", outcome, err)
		}
	})
	t.Run("a signature that is bad is refused at once", func(t *testing.T) {
		n := sdktest.New(t)
		signed := payment(t, n, 100_00)
		garbage, err := tx.Pack(n.Network, signed.RawBody(), []tx.Signature{{Signer: n.Provider.Public(), Signature: key.Signature{1}}})
		check(t, err)
		_, err = n.Client(t).Submit(within(t, 10*time.Second), garbage)
		var refused *sdk.RefusedError
		if !errors.As(err, &refused) || refused.Reason != "BAD_SIGNATURE" || n.Validators[1].Calls("Submit") != 0 {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a payment that is too early is not settled: its time comes by itself", func(t *testing.T) {
		n := sdktest.New(t)
		for _, v := range n.Validators {
			v.Refuse("Submit", "EXPIRY_TOO_FAR")
		}
		_, err := n.Client(t).Submit(within(t, 10*time.Second), payment(t, n, 100_00))
		var refused *sdk.RefusedError
		if !errors.As(err, &refused) || refused.Reason != "EXPIRY_TOO_FAR" || !refused.Unsettled {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a refusal after a lost answer is not settled", func(t *testing.T) {
		n := sdktest.New(t)
		for _, v := range n.Validators[1:] {
			v.Refuse("Submit", "UNAUTHORISED")
		}
		n.Validators[0].Refuse("Submit", "UNKNOWN_OUTCOME") // It may have brought the bytes to the leader.
		_, err := n.Client(t).Submit(within(t, 10*time.Second), payment(t, n, 100_00))
		var refused *sdk.RefusedError
		if !errors.As(err, &refused) || !refused.Unsettled {
			t.Errorf("error %v", err)
		}
	})
}

func TestSubmitDoesNotKnow(t *testing.T) {
	n := sdktest.New(t)
	client := n.Client(t)
	n.HoldFinality(true)
	signed := payment(t, n, 100_00)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	outcome, err := client.Submit(ctx, signed)
	if !errors.Is(err, sdk.ErrUnknown) || !errors.Is(err, context.DeadlineExceeded) || outcome.Final || outcome.Expired || outcome.ID != signed.ID() {
		t.Fatalf("outcome %+v, error %v", outcome, err)
	}
	open, err := client.Outcome(within(t, 10*time.Second), signed.ID(), signed.Body.ExpiresAtUnixMs)
	if err != nil || open.Final || open.Stage != sdk.StageAccepted || open.Result.Code != tx.OK {
		t.Errorf("while not final: %+v, %v", open, err)
	}
	paid(t, n, 0)
	n.HoldFinality(false)
	for _, ask := range []func() (sdk.Outcome, error){
		func() (sdk.Outcome, error) {
			return client.Outcome(within(t, 10*time.Second), signed.ID(), signed.Body.ExpiresAtUnixMs)
		},
		func() (sdk.Outcome, error) { return client.Submit(within(t, 10*time.Second), signed) },
	} {
		if outcome, err := ask(); err != nil || !outcome.Applied() {
			t.Errorf("when final: %+v, %v", outcome, err)
		}
	}
	paid(t, n, 100_00)
	for _, v := range n.Validators {
		v.Stop()
	}
	if _, err := client.Outcome(within(t, 10*time.Second), signed.ID(), signed.Body.ExpiresAtUnixMs); !errors.Is(err, sdk.ErrUnknown) {
		t.Errorf("nobody there: %v", err)
	}
}

// A leaf of an unauthorised envelope is a true leaf with a true receipt, and says nothing of the id.
func TestReceiptOfAnEnvelopeDecidesNoID(t *testing.T) {
	n := sdktest.New(t)
	signed := payment(t, n, 100_00)
	stranger, err := tx.Seal(n.Network, signed.RawBody(), n.Key(t, "stranger"))
	check(t, err)
	n.Order(stranger) // As a leader packs one by bad timing.
	hash := stranger.EnvelopeHash()
	for _, v := range n.Validators {
		v.On("GetReceipt", func(_ context.Context, req any, handle func() (any, error)) (any, error) {
			req.(*apiv1.GetReceiptRequest).Id = hash[:]
			return handle()
		})
	}
	if _, _, err := n.Client(t).Receipt(within(t, 10*time.Second), signed.ID()); err == nil {
		t.Error("the receipt of an unauthorised envelope was taken for the transaction's")
	}
}

func TestExpiryIsSettledByOneMoreThanMayLie(t *testing.T) {
	setup := func(t *testing.T) (*sdktest.Network, *sdk.Client, *tx.Signed) {
		n := sdktest.New(t)
		signed := payment(t, n, 100_00)
		n.Advance(2 * time.Minute)
		return n, n.Client(t), signed
	}
	t.Run("f+1", func(t *testing.T) {
		n, client, signed := setup(t)
		n.Validators[0].Stop()
		n.Validators[1].Stop()
		for _, ask := range []func() (sdk.Outcome, error){
			func() (sdk.Outcome, error) { return client.Submit(within(t, 10*time.Second), signed) },
			func() (sdk.Outcome, error) {
				return client.Outcome(within(t, 10*time.Second), signed.ID(), signed.Body.ExpiresAtUnixMs)
			},
		} {
			if outcome, err := ask(); err != nil || !outcome.Expired || outcome.Final {
				t.Errorf("outcome %+v, error %v", outcome, err)
			}
		}
	})
	t.Run("f is not enough", func(t *testing.T) {
		n, client, signed := setup(t)
		for _, v := range n.Validators[1:] {
			v.Stop()
		}
		if outcome, err := client.Submit(within(t, 300*time.Millisecond), signed); !errors.Is(err, sdk.ErrUnknown) || outcome.Expired {
			t.Errorf("outcome %+v, error %v", outcome, err)
		}
		if outcome, err := client.Outcome(within(t, 10*time.Second), signed.ID(), signed.Body.ExpiresAtUnixMs); outcome.Expired {
			t.Errorf("outcome %+v, error %v", outcome, err)
		}
	})
	t.Run("one statement told by two is still one", func(t *testing.T) {
		n, client, signed := setup(t)
		var statement any
		first := n.Client(t, func(c *sdk.Config) { c.Addresses = c.Addresses[:1] })
		n.Validators[0].On("GetExpiryStatement", func(_ context.Context, _ any, handle func() (any, error)) (res any, err error) {
			res, err = handle()
			statement = res
			return res, err
		})
		_, _ = first.Outcome(within(t, 10*time.Second), signed.ID(), signed.Body.ExpiresAtUnixMs)
		if statement == nil {
			t.Fatal("no statement was given")
		}
		for _, v := range n.Validators {
			v.On("GetExpiryStatement", func(context.Context, any, func() (any, error)) (any, error) { return statement, nil })
		}
		if outcome, _ := client.Outcome(within(t, 10*time.Second), signed.ID(), signed.Body.ExpiresAtUnixMs); outcome.Expired {
			t.Error("one validator's statement settled the payment")
		}
	})
}

func TestALyingStatementDoesNotHideAPayment(t *testing.T) {
	n := sdktest.New(t)
	client := n.Client(t)
	signed := payment(t, n, 100_00)
	_, err := client.Submit(within(t, 10*time.Second), signed)
	check(t, err)
	n.Advance(2 * time.Minute)
	n.Validators[0].Refuse("Submit", "EXPIRED")
	n.Validators[0].On("GetTransaction", func(_ context.Context, _ any, _ func() (any, error)) (any, error) {
		return &apiv1.GetTransactionResponse{Status: &apiv1.TransactionStatus{}}, nil
	})
	n.Validators[0].On("GetExpiryStatement", func(_ context.Context, _ any, _ func() (any, error)) (any, error) {
		return n.Validators[0].SignExpiry(checkpoint.ExpiryStatement{
			ID: signed.ID(), ExpiresAtUnixMs: signed.Body.ExpiresAtUnixMs, HeaderTimeUnixMs: n.NowUnixMs(), Size: 1,
		}), nil
	})
	if outcome, err := client.Submit(within(t, 10*time.Second), signed); err != nil || !outcome.Applied() {
		t.Errorf("outcome %+v, error %v", outcome, err)
	}
}
