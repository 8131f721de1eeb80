package sdk_test

import (
	"errors"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/compact"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
)

// open opens the wallet of a label.
func open(t *testing.T, n *sdktest.Network, client *sdk.Client, label string) *sdk.Wallet {
	t.Helper()
	w := sdk.NewWallet(client, n.Key(t, label), sdk.WalletOptions{})
	done(t, tx.OK)(w.OpenAccount(within(t, 10*time.Second)))
	return w
}

// done checks how a transaction ended.
func done(t *testing.T, want tx.Code) func(sdk.Outcome, error) sdk.Outcome {
	return func(o sdk.Outcome, err error) sdk.Outcome {
		t.Helper()
		if err != nil || !o.Final || o.Result.Code != want {
			t.Fatalf("%+v, %v; want %s", o, err, want)
		}
		return o
	}
}

// has checks a wallet's balance.
func has(t *testing.T, w *sdk.Wallet, posted, held amount.Amount) {
	t.Helper()
	b, err := w.Balance(within(t, 10*time.Second), ledgertest.KES)
	if err != nil || b.Posted != posted || b.Held != held {
		t.Errorf("balance %+v, %v; want %d, %d of it held", b, err, posted, held)
	}
}

func TestPayMany(t *testing.T) {
	n := sdktest.New(t)
	client, ctx := n.Client(t), within(t, 20*time.Second)
	w := funded(t, n, client, nil)
	legs := []sdk.Leg{{n.Amina.Number, 10_00}, {n.Juma.Account.String(), 999_00}, {tx.AccountNumber(3).Text(), 5_00}}
	done(t, tx.InsufficientBalance)(w.PayMany(ctx, legs, ledgertest.KES, tx.Atomic, "wages"))
	has(t, w, 250_00, 0)
	o := done(t, tx.OK)(w.PayMany(ctx, legs, ledgertest.KES, tx.Each, "wages"))
	if want := (tx.Result{Code: tx.OK, Legs: []tx.LegResult{{Leg: 1, Code: tx.InsufficientBalance}}}); !o.Result.Equal(want) {
		t.Errorf("result %+v", o.Result)
	}
	has(t, w, 235_00, 0)
	paid(t, n, 10_00)
	legs[2].To = tx.AccountNumber(99).Text()
	var leg *sdk.LegError
	if _, err := w.PayMany(ctx, legs, ledgertest.KES, tx.Each, ""); !errors.As(err, &leg) || leg.Leg != 2 || !errors.Is(err, sdk.ErrNotFound) {
		t.Errorf("a leg to nobody: %v", err)
	}
	if _, err := w.PayMany(ctx, make([]sdk.Leg, tx.MaxLegs+1), ledgertest.KES, tx.Each, ""); !errors.Is(err, tx.ErrMalformed) {
		t.Errorf("too many legs: %v", err)
	}
	has(t, w, 235_00, 0)
}

func TestHold(t *testing.T) {
	n := sdktest.New(t)
	client, ctx := n.Client(t), within(t, 20*time.Second)
	payer, shop := funded(t, n, client, nil), open(t, n, client, "shop")
	order := sdk.HoldOrder{To: shop.Account().String(), Asset: ledgertest.KES, Amount: 100_00, Lasts: time.Hour, Reference: "order 7"}
	id, o, err := payer.PlaceHold(ctx, order)
	done(t, tx.OK)(o, err)
	has(t, payer, 250_00, 100_00)
	done(t, tx.OK)(shop.CaptureHold(ctx, id, sdk.Capture{Amount: 30_00}))
	h, err := client.Hold(ctx, id)
	if err != nil || h.Left != 70_00 || h.Debit != payer.Account() || *h.Credit != shop.Account() || h.PayerMayRelease {
		t.Errorf("hold %+v, %v", h, err)
	}
	if _, err := payer.ReleaseHold(ctx, id); reasonIs(err, "UNAUTHORISED") {
		t.Errorf("payer released what is promised: %v", err)
	}
	done(t, tx.OK)(shop.ReleaseHold(ctx, id))
	has(t, payer, 220_00, 0)
	if _, err := shop.CaptureHold(ctx, id, sdk.Capture{}); !errors.Is(err, sdk.ErrNotFound) {
		t.Errorf("captured after its end: %v", err)
	}

	// With a secret; the payer may take it back.
	secret := [32]byte{1, 2, 3}
	order.Secret, order.PayerMayRelease = &secret, true
	id, o, err = payer.PlaceHold(ctx, order)
	done(t, tx.OK)(o, err)
	done(t, tx.PreimageMismatch)(shop.CaptureHold(ctx, id, sdk.Capture{Secret: &[32]byte{9}}))
	done(t, tx.OK)(shop.CaptureHold(ctx, id, sdk.Capture{Secret: &secret, Amount: 20_00, ReleaseRest: true}))
	has(t, payer, 200_00, 0)
	has(t, shop, 50_00, 0)
	id, o, err = payer.PlaceHold(ctx, order)
	done(t, tx.OK)(o, err)
	done(t, tx.OK)(payer.ReleaseHold(ctx, id))
	has(t, payer, 200_00, 0)

	// Completed and given back by ledger time: the history says so.
	order.Secret, order.OnExpiry, order.Amount = nil, tx.ExpiryCompletes, 5_00
	_, o, err = payer.PlaceHold(ctx, order)
	done(t, tx.OK)(o, err)
	order.OnExpiry = tx.ExpiryReturns
	_, o, err = payer.PlaceHold(ctx, order)
	done(t, tx.OK)(o, err)
	n.Advance(2 * time.Hour)
	n.Fund(t, n.Amina.Account, 1) // Ledger time moves by batches.
	has(t, payer, 195_00, 0)
	entries, err := payer.History(ctx, 0, 2)
	check(t, err)
	kinds := make(map[tx.EffectKind]bool)
	for _, e := range entries {
		if e.Effect == nil || e.Signed != nil || e.Effect.Amount != 5_00 {
			t.Fatalf("entry %+v", e)
		}
		kinds[e.Effect.Kind] = true
	}
	if !kinds[tx.HoldCompleted] || !kinds[tx.HoldReturned] {
		t.Errorf("effects %v", kinds)
	}
	// What came by ledger time can be given back like what came by a payment.
	index := entries[0].LeafIndex
	if entries[1].Effect.Kind == tx.HoldCompleted {
		index = entries[1].LeafIndex
	}
	done(t, tx.OK)(shop.Return(ctx, index, 0, 2_00))
	has(t, payer, 197_00, 0)
}

// reasonIs says whether a refusal is not for the reason.
func reasonIs(err error, reason string) bool {
	var refused *sdk.RefusedError
	return !errors.As(err, &refused) || refused.Reason != reason
}

// A hold for a number that nobody has registered: the wallet has no alias key and asks, and one validator that lies is not believed.
func TestHoldForANumberNotYetBound(t *testing.T) {
	n := sdktest.New(t)
	client, ctx := n.Client(t), within(t, 20*time.Second)
	payer := funded(t, n, client, nil)
	n.Validators[0].Refuse("ResolveAlias", "OVERLOADED")
	id, o, err := payer.PlaceHold(ctx, sdk.HoldOrder{To: "+254799999999", Asset: ledgertest.KES, Amount: 40_00, Lasts: time.Hour})
	done(t, tx.OK)(o, err)
	h, err := client.Hold(ctx, id)
	if err != nil || h.Credit != nil || *h.Alias != n.AliasKey.Alias("+254799999999") {
		t.Errorf("hold %+v, %v", h, err)
	}
	n.Advance(2 * time.Hour)
	n.Fund(t, n.Amina.Account, 1)
	has(t, payer, 250_00, 0)
	if _, err := client.Alias(ctx, "0799999999"); !errors.Is(err, sdk.ErrBadPayee) {
		t.Errorf("alias of a number in national form: %v", err)
	}
}

func TestRequest(t *testing.T) {
	n := sdktest.New(t)
	client, ctx := n.Client(t), within(t, 20*time.Second)
	payer, shop := funded(t, n, client, nil), open(t, n, client, "shop")
	id, o, err := shop.RequestPayment(ctx, sdk.RequestOrder{
		From: payer.Account().String(), Asset: ledgertest.KES, Amount: 12_00, Lasts: time.Hour, Reference: "bill 3",
	})
	done(t, tx.OK)(o, err)
	r, err := client.Request(ctx, id)
	if err != nil || r.Amount != 12_00 || r.Credit != shop.Account() || r.Debit != payer.Account() {
		t.Fatalf("request %+v, %v", r, err)
	}
	done(t, tx.OK)(payer.PayRequest(ctx, r, "bill 3"))
	done(t, tx.RequestUnknown)(payer.PayRequest(ctx, r, "bill 3"))
	has(t, payer, 238_00, 0)
	id, o, err = shop.RequestPayment(ctx, sdk.RequestOrder{From: payer.Account().String(), Asset: ledgertest.KES, Amount: 1_00, Lasts: time.Hour})
	done(t, tx.OK)(o, err)
	done(t, tx.OK)(payer.DeclineRequest(ctx, id))
	if _, err := client.Request(ctx, id); !errors.Is(err, sdk.ErrNotFound) {
		t.Errorf("a request that was declined: %v", err)
	}
}

func TestReturn(t *testing.T) {
	n := sdktest.New(t)
	client, ctx := n.Client(t), within(t, 20*time.Second)
	payer, shop := funded(t, n, client, nil), open(t, n, client, "shop")
	o := done(t, tx.OK)(payer.Pay(ctx, shop.Account().String(), ledgertest.KES, 30_00, ""))
	n.Fund(t, shop.Account(), 100_00)
	done(t, tx.OK)(shop.Return(ctx, o.LeafIndex, 0, 10_00))
	done(t, tx.ReturnAboveTransfer)(shop.Return(ctx, o.LeafIndex, 0, 20_01))
	has(t, payer, 230_00, 0)
	if _, err := payer.Return(ctx, o.LeafIndex, 0, 0); !errors.Is(err, sdk.ErrNothingToReturn) {
		t.Errorf("the payer gives back: %v", err)
	}
	if _, err := shop.Return(ctx, o.LeafIndex, 1, 0); !errors.Is(err, sdk.ErrNothingToReturn) {
		t.Errorf("an operation that is not there: %v", err)
	}
	if _, err := shop.Return(ctx, o.LeafIndex-1, 0, 0); !errors.Is(err, sdk.ErrNotFound) && !errors.Is(err, sdk.ErrNothingToReturn) {
		t.Errorf("another leaf: %v", err)
	}
}

func TestGrantAndAuthority(t *testing.T) {
	n := sdktest.New(t)
	// A third validator that is asked meanwhile could take what is refused now, when there is a grant.
	client, ctx := n.Client(t, func(c *sdk.Config) { c.HedgeDelay = time.Minute }), within(t, 20*time.Second)
	owner := funded(t, n, client, nil)
	account, clerk := owner.Account(), n.Key(t, "clerk")
	till := sdk.NewWallet(client, clerk, sdk.WalletOptions{Account: &account})
	if _, err := till.Pay(ctx, n.Amina.Number, ledgertest.KES, 1_00, ""); reasonIs(err, "UNAUTHORISED") {
		t.Errorf("without a grant: %v", err)
	}
	done(t, tx.OK)(owner.IssueGrant(ctx, tx.IssueGrant{
		Grantee: clerk.Public(), Operations: []tx.GrantedOperation{tx.GrantTransfer}, Asset: ledgertest.KES, CapTransaction: 20_00, CapDay: 30_00,
		ExpiresAtUnixMs: n.NowUnixMs() + uint64(time.Hour.Milliseconds()),
	}))
	done(t, tx.OK)(till.Pay(ctx, n.Amina.Number, ledgertest.KES, 20_00, ""))
	done(t, tx.CapDay)(till.Pay(ctx, n.Amina.Number, ledgertest.KES, 11_00, ""))
	g, err := client.Grant(ctx, account, clerk.Public())
	if err != nil || g.LeftToday != 10_00 || len(g.Operations) != 1 || g.Operations[0] != tx.GrantTransfer {
		t.Errorf("grant %+v, %v", g, err)
	}
	done(t, tx.OK)(owner.RevokeGrant(ctx, clerk.Public()))
	if _, err := client.Grant(ctx, account, clerk.Public()); !errors.Is(err, sdk.ErrNotFound) {
		t.Errorf("a grant that was revoked: %v", err)
	}
	next := n.Key(t, "next")
	done(t, tx.OK)(owner.SetAuthority(ctx, tx.SingleKey(next.Public())))
	if _, err := owner.Pay(ctx, n.Amina.Number, ledgertest.KES, 1_00, ""); reasonIs(err, "UNAUTHORISED") {
		t.Errorf("the old key pays: %v", err)
	}
	heir := sdk.NewWallet(client, next, sdk.WalletOptions{Account: &account})
	done(t, tx.OK)(heir.Do(ctx, tx.Transfer{Debit: account, Credit: n.Amina.Account, Asset: ledgertest.KES, Amount: 1_00},
		tx.Transfer{Debit: account, Credit: n.Juma.Account, Asset: ledgertest.KES, Amount: 1_00}))
	paid(t, n, 21_00)
}

// Want of credits is no outcome: the same bytes are taken when there are credits again.
func TestWantOfCredits(t *testing.T) {
	w := ledgertest.NetworkOf(t, t.Name(), 4, func(_ *ledgertest.World, g *genesis.Genesis) {
		g.Parameters.CreditIntervalMs, g.Parameters.CreditBurst = 60_000, 1
	})
	n := sdktest.NewWith(t, w)
	client := n.Client(t)
	if o, err := client.Submit(within(t, 10*time.Second), payment(t, n, 1_00)); err != nil || !o.Applied() {
		t.Fatalf("%+v, %v", o, err)
	}
	second := payment(t, n, 2_00, n.Provider)
	if _, err := client.Submit(within(t, time.Second), second); !errors.Is(err, sdk.ErrUnknown) || !errors.Is(err, sdk.ErrQuotaExhausted) {
		t.Errorf("without credits: %v", err)
	}
	paid(t, n, 1_00)
	n.Validators[0].Hang("Submit")
	n.Validators[1].Hang("Submit")
	if _, err := client.Submit(within(t, time.Second), second); !errors.Is(err, sdk.ErrUnknown) || errors.Is(err, sdk.ErrQuotaExhausted) {
		t.Errorf("with two that may have taken it: %v", err)
	}
	n.Validators[0].On("Submit", nil)
	n.Validators[1].On("Submit", nil)
	n.Advance(59 * time.Second) // One credit is back, and the payment lives one second more.
	go n.Advance(500 * time.Millisecond)
	third := payment(t, n, 3_00)
	if o, err := client.Submit(within(t, 10*time.Second), third); err != nil || !o.Applied() {
		t.Errorf("with a credit: %+v, %v", o, err)
	}
	n.Advance(2 * time.Second)
	if o, err := client.Submit(within(t, 10*time.Second), second); err != nil || !o.Expired {
		t.Errorf("expired while it waited: %+v, %v", o, err)
	}
	paid(t, n, 4_00)
}

// A transfer that travels as a text message is paid once, by whoever submits it and however often.
func TestShort(t *testing.T) {
	n := sdktest.New(t)
	client, ctx := n.Client(t), within(t, 20*time.Second)
	outbox, err := sdk.NewFileOutbox(t.TempDir())
	check(t, err)
	w := funded(t, n, client, outbox)
	payment, err := w.NewPayment(ctx, n.Amina.Number, ledgertest.KES, 25_00, "")
	check(t, err)
	signed, err := w.Sign(ctx, payment)
	check(t, err)
	if _, err := client.Short(ctx, signed); !errors.Is(err, compact.ErrCannotCarry) {
		t.Errorf("with an alias: %v", err)
	}
	payment.Alias = nil
	signed, err = w.Sign(ctx, payment)
	check(t, err)
	m, err := client.Short(ctx, signed)
	check(t, err)
	for range 2 {
		rebuilt, err := client.Rebuild(ctx, "  "+m.String()[:80]+"\n"+m.String()[80:])
		check(t, err)
		if rebuilt.ID() != signed.ID() {
			t.Fatal("another transaction was rebuilt")
		}
		done(t, tx.OK)(client.Submit(ctx, rebuilt))
	}
	paid(t, n, 25_00)
	wrong := "A"
	if m.String()[0] == 'A' {
		wrong = "B"
	}
	if _, err := client.Rebuild(ctx, wrong+m.String()[1:]); !errors.Is(err, compact.ErrChecksum) && !errors.Is(err, compact.ErrText) {
		t.Errorf("with a letter changed: %v", err)
	}
	if left, err := outbox.Left(); err != nil || len(left) != 2 {
		t.Errorf("outbox has %d, %v", len(left), err)
	}
}
