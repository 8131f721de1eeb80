package sdk_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
)

var (
	seven     = []string{"v1", "v2", "v3", "v4", "v5", "v6", "v7"}
	otherFour = []string{"v4", "v5", "v6", "v7"}
)

// becomes lets the set be these, and makes something final under it.
func becomes(t *testing.T, n *sdktest.Network, names ...string) {
	t.Helper()
	n.Decide(t, names...)
	n.Begin()
}

// askers is a client of these validators only.
func askers(t *testing.T, n *sdktest.Network, names []string, change ...func(*sdk.Config)) *sdk.Client {
	t.Helper()
	return n.Client(t, append(change, func(c *sdk.Config) {
		c.Addresses = nil
		for _, name := range names {
			c.Addresses = append(c.Addresses, n.Validator(name).Address())
		}
	})...)
}

// knows brings a client to what a validator knows.
func knows(t *testing.T, n *sdktest.Network, c *sdk.Client, size int) {
	t.Helper()
	if outcome, err := c.Submit(within(t, 10*time.Second), payment(t, n, 1_00)); err != nil || !outcome.Applied() {
		t.Fatalf("outcome %+v, error %v", outcome, err)
	}
	if got := len(c.ValidatorSet()); got != size {
		t.Fatalf("the client knows a set of %d, want %d", got, size)
	}
}

func outcome(t *testing.T, c *sdk.Client, signed *tx.Signed) (sdk.Outcome, error) {
	t.Helper()
	return c.Outcome(within(t, 10*time.Second), signed.ID(), signed.Body.ExpiresAtUnixMs)
}

// leaked lets validators sign that any transaction was never made, of the tree that an honest one speaks of now.
func leaked(n *sdktest.Network, names ...string) {
	for _, name := range names {
		v := n.Validator(name)
		v.On("GetTransaction", func(context.Context, any, func() (any, error)) (any, error) {
			return &apiv1.GetTransactionResponse{Status: &apiv1.TransactionStatus{}}, nil
		})
		v.On("GetExpiryStatement", func(ctx context.Context, req any, _ func() (any, error)) (any, error) {
			q := req.(*apiv1.GetExpiryStatementRequest)
			head := n.Head()
			return v.SignExpiry(checkpoint.ExpiryStatement{
				ID: tx.ID(q.GetId()), ExpiresAtUnixMs: q.GetExpiresAtUnixMs(), HeaderIndex: head.Size - 1,
				HeaderTimeUnixMs: max(head.TimeUnixMs, q.GetExpiresAtUnixMs()+1), Root: head.Root, Size: head.Size,
			}), nil
		})
	}
}

// frozen lets validators hold back everything after the checkpoint of now.
func frozen(t *testing.T, n *sdktest.Network, names ...string) {
	t.Helper()
	note, changes := n.Checkpoint()
	size := n.Head().Size
	for _, name := range names {
		n.Validator(name).On("GetCheckpoint", func(_ context.Context, req any, handle func() (any, error)) (any, error) {
			req.(*apiv1.GetCheckpointRequest).ToSize = size
			res, err := handle()
			if err == nil {
				res.(*apiv1.GetCheckpointResponse).Checkpoint, res.(*apiv1.GetCheckpointResponse).Changes = note, checkpoint.ChangesProto(changes)
			}
			return res, err
		})
	}
}

// TestExpiryIsSettledByTheSetInForce: four become seven, and three of them leave again. Each time f+1 of those in force settle what has
// expired, and f of them with everybody who has left do not.
func TestExpiryIsSettledByTheSetInForce(t *testing.T) {
	n := sdktest.New(t)
	client := n.Client(t)
	knows(t, n, client, 4)
	becomes(t, n, seven...)
	signed := payment(t, n, 100_00)
	n.Advance(2 * time.Minute)
	for _, row := range []struct {
		what    string
		of      []string
		expired bool
	}{
		{"two of seven, enough of the four", []string{"v1", "v2"}, false},
		{"two newcomers", []string{"v5", "v6"}, false},
		{"three of seven", []string{"v1", "v5", "v6"}, true},
		{"three newcomers", []string{"v5", "v6", "v7"}, true},
	} {
		// One that has never heard of a change, and learns it from those whom it asks.
		if o, err := outcome(t, askers(t, n, row.of), signed); o.Expired != row.expired || o.Final {
			t.Errorf("%s: %+v, %v", row.what, o, err)
		}
	}
	becomes(t, n, otherFour...)
	for _, row := range []struct {
		what    string
		of      []string
		expired bool
	}{
		{"three who have left", []string{"v1", "v2", "v3"}, false},
		{"three who have left, and one", []string{"v1", "v2", "v3", "v4"}, false},
		{"one who was there from the start and one newcomer", []string{"v4", "v7"}, true},
		{"two newcomers", []string{"v5", "v6"}, true},
	} {
		if o, err := outcome(t, askers(t, n, row.of), signed); o.Expired != row.expired || o.Final {
			t.Errorf("%s: %+v, %v", row.what, o, err)
		}
	}
	// And what was made stays made.
	knows(t, n, askers(t, n, otherFour), 4)
}

// TestLeakedKeysSettleNothing: who has left leaks the keys, and whoever has them now says that a payment was never made, alone with the
// client or beside honest validators.
func TestLeakedKeysSettleNothing(t *testing.T) {
	setup := func(t *testing.T) (*sdktest.Network, *tx.Signed) {
		n := sdktest.New(t)
		becomes(t, n, seven...)
		return n, payment(t, n, 100_00)
	}
	gone := []string{"v1", "v2", "v3"}
	t.Run("a client that knows of the change", func(t *testing.T) {
		n, signed := setup(t)
		becomes(t, n, otherFour...)
		client := askers(t, n, gone)
		knows(t, n, client, 4)
		n.Order(signed)
		n.Advance(2 * time.Minute)
		n.Begin()
		leaked(n, gone...)
		if o, err := outcome(t, client, signed); o.Expired || !errors.Is(err, sdk.ErrUnknown) {
			t.Errorf("%+v, %v", o, err)
		}
	})
	t.Run("one honest validator is heard", func(t *testing.T) {
		n, signed := setup(t)
		client := askers(t, n, append([]string{"v4"}, gone...))
		knows(t, n, client, 7)
		frozen(t, n, gone...)
		becomes(t, n, otherFour...)
		n.Order(signed)
		n.Advance(2 * time.Minute)
		n.Begin()
		leaked(n, gone...)
		if o, err := client.Submit(within(t, 10*time.Second), signed); err != nil || !o.Applied() {
			t.Errorf("%+v, %v", o, err)
		}
	})
	t.Run("the change was before the expiry, and is held back", func(t *testing.T) {
		n, signed := setup(t)
		client := askers(t, n, gone)
		knows(t, n, client, 7)
		frozen(t, n, gone...)
		n.Order(signed)
		n.Advance(2 * time.Minute)
		becomes(t, n, otherFour...)
		leaked(n, gone...)
		if o, err := outcome(t, client, signed); o.Expired {
			t.Errorf("%+v, %v", o, err)
		}
	})
	t.Run("the change is held back for longer than a transaction lives", func(t *testing.T) {
		n, signed := setup(t)
		client := askers(t, n, gone)
		knows(t, n, client, 7)
		n.Order(signed)
		n.Advance(2 * time.Minute)
		n.Begin()
		frozen(t, n, gone...)
		leaked(n, gone...)
		head := n.Head()
		stale := func() (sdk.Outcome, error) {
			for _, name := range gone { // The true tree of then, with a true checkpoint.
				v := n.Validator(name)
				v.On("GetExpiryStatement", func(_ context.Context, req any, _ func() (any, error)) (any, error) {
					q := req.(*apiv1.GetExpiryStatementRequest)
					return v.SignExpiry(checkpoint.ExpiryStatement{
						ID: tx.ID(q.GetId()), ExpiresAtUnixMs: q.GetExpiresAtUnixMs(), HeaderIndex: head.Size - 1, HeaderTimeUnixMs: head.TimeUnixMs,
						Root: head.Root, Size: head.Size,
					}), nil
				})
			}
			return outcome(t, client, signed)
		}
		becomes(t, n, otherFour...)
		// This is what the package cannot know: all who are heard hold back what came since.
		if o, err := stale(); !o.Expired {
			t.Errorf("%+v, %v", o, err)
		}
		n.Advance(8 * 24 * time.Hour)
		if o, err := stale(); o.Expired {
			t.Errorf("eight days later: %+v, %v", o, err)
		}
	})
}

// TestStatementsAtTheBoundary: a set was decided and nothing of it is final yet. Who stays may speak of the last tree of the set before,
// who leaves may not, and what was signed of earlier trees does not count any more.
func TestStatementsAtTheBoundary(t *testing.T) {
	n := sdktest.New(t)
	becomes(t, n, seven...)
	signed := payment(t, n, 100_00)
	n.Advance(2 * time.Minute)
	early := make(map[string]any)
	for _, name := range otherFour {
		n.Validator(name).On("GetExpiryStatement", func(_ context.Context, _ any, handle func() (any, error)) (any, error) {
			res, err := handle()
			early[name] = res
			return res, err
		})
		_, _ = outcome(t, askers(t, n, []string{name}), signed)
		n.Validator(name).On("GetExpiryStatement", nil)
	}
	n.Decide(t, otherFour...)
	for _, row := range []struct {
		what    string
		of      []string
		expired bool
	}{
		{"who leaves", []string{"v1", "v2", "v3"}, false},
		{"one who stays", []string{"v3", "v4"}, false},
		{"two who stay", []string{"v4", "v5"}, true},
	} {
		if o, err := outcome(t, askers(t, n, row.of), signed); o.Expired != row.expired {
			t.Errorf("%s: %+v, %v", row.what, o, err)
		}
	}
	for name, res := range early {
		if res == nil {
			t.Fatalf("%s gave no statement", name)
		}
		n.Validator(name).On("GetExpiryStatement", func(context.Context, any, func() (any, error)) (any, error) { return res, nil })
	}
	if o, err := outcome(t, askers(t, n, otherFour), signed); o.Expired {
		t.Errorf("signed before the set was decided: %+v, %v", o, err)
	}
}

// TestStatementsOfNoTree: f+1 sign of a tree that nobody has cosigned, or that is another one.
func TestStatementsOfNoTree(t *testing.T) {
	n := sdktest.New(t)
	signed := payment(t, n, 100_00)
	n.Advance(2 * time.Minute)
	n.Begin()
	for what, wrong := range map[string]func(e *checkpoint.ExpiryStatement){
		"another root":         func(e *checkpoint.ExpiryStatement) { e.Root[0] ^= 1 },
		"another smaller root": func(e *checkpoint.ExpiryStatement) { e.Size--; e.HeaderIndex-- },
		"larger than final":    func(e *checkpoint.ExpiryStatement) { e.Size += 2 },
	} {
		for _, v := range n.Validators {
			v.On("GetExpiryStatement", func(_ context.Context, req any, _ func() (any, error)) (any, error) {
				head := n.Head()
				e := checkpoint.ExpiryStatement{
					ID: signed.ID(), ExpiresAtUnixMs: signed.Body.ExpiresAtUnixMs, HeaderIndex: head.Size - 1, HeaderTimeUnixMs: head.TimeUnixMs,
					Root: head.Root, Size: head.Size,
				}
				wrong(&e)
				return v.SignExpiry(e), nil
			})
		}
		if o, err := outcome(t, n.Client(t), signed); o.Expired {
			t.Errorf("%s: %+v, %v", what, o, err)
		}
	}
}

// TestIdleLedgerIsRoused: when nothing has happened for weeks, who asks about an expiry has a batch made that tells who the validators are.
func TestIdleLedgerIsRoused(t *testing.T) {
	n := sdktest.New(t)
	signed := payment(t, n, 100_00)
	n.Advance(2 * time.Minute)
	n.Begin()
	n.Advance(30 * 24 * time.Hour)
	before := n.Leaves()
	if o, err := outcome(t, n.Client(t), signed); err != nil || !o.Expired {
		t.Errorf("%+v, %v", o, err)
	}
	if after := n.Leaves(); after != before+1 {
		t.Errorf("%d leaves were made", after-before)
	}
}

// TestPromisesOfTheSetInForce: newcomers may promise, who has left may not, and f is that of the newest set.
func TestPromisesOfTheSetInForce(t *testing.T) {
	n := sdktest.New(t)
	old := n.Client(t)
	becomes(t, n, seven...)
	// The addresses of the genesis are those of four of seven: enough, and all of them are needed but one.
	if got, err := old.Promises(within(t, 10*time.Second), payment(t, n, 1_00)); err != nil || len(got) != 4 {
		t.Errorf("%d promises: %v", len(got), err)
	}
	n.Validator("v1").Stop()
	n.Validator("v2").Stop()
	if got, err := old.Promises(within(t, 10*time.Second), payment(t, n, 1_00)); !errors.Is(err, sdk.ErrUnavailable) || len(got) != 2 {
		t.Errorf("%d promises of seven: %v", len(got), err)
	}
	becomes(t, n, otherFour...)
	got, err := n.Client(t).Promises(within(t, 10*time.Second), payment(t, n, 1_00))
	if err != nil || len(got) != 4 || slices.ContainsFunc(got, func(r checkpoint.SubmissionReceipt) bool { return r.Validator == "v3" }) {
		t.Errorf("promises %+v: %v", got, err)
	}
}

// TestReceiptsOfRetiredSets: all keys of a set that is gone have leaked. A true receipt of its time is taken, a forged one is not.
func TestReceiptsOfRetiredSets(t *testing.T) {
	n := sdktest.New(t)
	signed := payment(t, n, 100_00)
	n.Order(signed)
	v := n.Validators[0]
	var old any
	v.On("GetReceipt", func(_ context.Context, _ any, handle func() (any, error)) (any, error) {
		res, err := handle()
		old = res
		return res, err
	})
	first := askers(t, n, []string{"v1"})
	if o, err := outcome(t, first, signed); err != nil || !o.Applied() {
		t.Fatalf("%+v, %v", o, err)
	}
	v.On("GetReceipt", nil)
	becomes(t, n, seven...)
	client := n.Client(t)
	knows(t, n, client, 7)
	for _, v := range n.Validators {
		v.On("GetReceipt", func(context.Context, any, func() (any, error)) (any, error) { return old, nil })
	}
	if o, err := outcome(t, client, signed); err != nil || !o.Applied() {
		t.Errorf("a receipt from before the change: %+v, %v", o, err)
	}
	forged := payment(t, n, 200_00)
	for _, v := range n.Validators {
		v.On("GetTransaction", func(context.Context, any, func() (any, error)) (any, error) {
			id := forged.ID()
			return &apiv1.GetTransactionResponse{Status: &apiv1.TransactionStatus{Id: id[:], Stage: apiv1.Stage_STAGE_FINAL}}, nil
		})
		v.On("GetReceipt", func(context.Context, any, func() (any, error)) (any, error) {
			return &apiv1.GetReceiptResponse{Receipt: n.Forge(t, forged, n.Set).Proto()}, nil
		})
	}
	if o, err := outcome(t, client, forged); o.Final {
		t.Errorf("a forged receipt by a client that knows of the change: %+v, %v", o, err)
	}
}
