package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
)

// steal makes a validator answer look-ups of anybody with the thief's account.
func steal(v *sdktest.Validator, thief tx.AccountID) {
	v.On("ResolveAlias", func(_ context.Context, _ any, handle func() (any, error)) (any, error) {
		res, err := handle()
		if err == nil {
			res.(*apiv1.ResolveAliasResponse).Account = thief[:]
		}
		return res, err
	})
	v.On("GetAccount", func(_ context.Context, _ any, handle func() (any, error)) (any, error) {
		res, err := handle()
		if err == nil {
			res.(*apiv1.GetAccountResponse).Id = thief[:]
		}
		return res, err
	})
}

func withAliasKey(n *sdktest.Network) func(*sdk.Config) {
	return func(c *sdk.Config) { c.AliasKey = &n.AliasKey }
}

func TestResolve(t *testing.T) {
	n := sdktest.New(t)
	ctx := within(t, 10*time.Second)
	alias := n.Amina.Alias
	want := sdk.Payee{Account: n.Amina.Account, Number: 4, Alias: &alias, ShortName: "AMINA W", Attested: true}
	same := func(p sdk.Payee) bool {
		return p.Account == want.Account && p.Number == want.Number && *p.Alias == alias && p.ShortName == want.ShortName && p.Attested
	}
	p, err := n.Client(t).Resolve(ctx, n.Amina.Number)
	if err != nil || !same(p) || p.Name != "" {
		t.Errorf("by number: %+v, %v", p, err)
	}
	p, err = n.Client(t, withAliasKey(n)).Resolve(ctx, n.Amina.Number)
	if err != nil || !same(p) || p.Name != n.Amina.Name {
		t.Errorf("by hash: %+v, %v", p, err)
	}
	for _, client := range []*sdk.Client{n.Client(t), n.Client(t, withAliasKey(n))} {
		if _, err := client.Resolve(ctx, "+254799999999"); !errors.Is(err, sdk.ErrUnknownAlias) {
			t.Errorf("a number without account: %v", err)
		}
		for _, bad := range []string{"0711000002", "254711000002", "+0711000002", "+25471100000x", "+1", "+1234567890123456", ""} {
			if _, err := client.Resolve(ctx, bad); !errors.Is(err, sdk.ErrBadPayee) {
				t.Errorf("%q: %v", bad, err)
			}
		}
	}
}

func TestResolveNeedsOneMoreThanMayLie(t *testing.T) {
	thief := tx.AccountID{6, 6, 6}
	t.Run("one liar among four", func(t *testing.T) {
		n := sdktest.New(t)
		steal(n.Validators[0], thief)
		p, err := n.Client(t).Resolve(within(t, 10*time.Second), n.Amina.Number)
		if err != nil || p.Account != n.Amina.Account {
			t.Errorf("payee %+v, error %v", p, err)
		}
		a, err := n.Client(t).AccountByNumber(within(t, 10*time.Second), p.Number)
		if err != nil || a.ID != n.Amina.Account {
			t.Errorf("account %+v, error %v", a, err)
		}
	})
	t.Run("one liar and one other", func(t *testing.T) {
		n := sdktest.New(t)
		steal(n.Validators[0], thief)
		n.Validators[2].Stop()
		n.Validators[3].Stop()
		if p, err := n.Client(t).Resolve(within(t, 10*time.Second), n.Amina.Number); !errors.Is(err, sdk.ErrDisagreement) {
			t.Errorf("payee %+v, error %v", p, err)
		}
		if a, err := n.Client(t).AccountByNumber(within(t, 10*time.Second), 4); !errors.Is(err, sdk.ErrDisagreement) {
			t.Errorf("account %+v, error %v", a, err)
		}
	})
	t.Run("one that hides an account", func(t *testing.T) {
		n := sdktest.New(t)
		n.Validators[0].Refuse("ResolveAlias", "NOT_FOUND")
		if p, err := n.Client(t).Resolve(within(t, 10*time.Second), n.Amina.Number); err != nil || p.Account != n.Amina.Account {
			t.Errorf("payee %+v, error %v", p, err)
		}
	})
	t.Run("one alone", func(t *testing.T) {
		n := sdktest.New(t)
		for _, v := range n.Validators[1:] {
			v.Stop()
		}
		if p, err := n.Client(t).Resolve(within(t, 10*time.Second), n.Amina.Number); !errors.Is(err, sdk.ErrUnavailable) {
			t.Errorf("payee %+v, error %v", p, err)
		}
	})
	t.Run("a liar by hash steals nothing", func(t *testing.T) {
		n := sdktest.New(t)
		client := n.Client(t, withAliasKey(n))
		for _, v := range n.Validators {
			steal(v, n.IssuerAccount)
		}
		wallet := sdk.NewWallet(client, n.Provider, sdk.WalletOptions{Account: &n.ProviderAccount})
		n.Fund(t, n.ProviderAccount, 10_00)
		outcome, err := wallet.Pay(within(t, 10*time.Second), n.Amina.Number, ledgertest.KES, 1_00, "")
		if err != nil || outcome.Result.Code != tx.AliasNotBoundToPayee {
			t.Errorf("outcome %+v, error %v", outcome, err)
		}
	})
}

func TestReadsFailOver(t *testing.T) {
	n := sdktest.New(t)
	client := n.Client(t, func(c *sdk.Config) { c.ReadTimeout = 300 * time.Millisecond })
	n.Validators[0].Stop()
	n.Validators[1].Hang("GetBalance")
	b, err := client.Balance(within(t, 10*time.Second), n.Juma.Account, ledgertest.KES, sdk.Final)
	if err != nil || b.Available() != ledgertest.JumaFunds || b.AsOf.Size != n.Leaves() {
		t.Fatalf("balance %+v, error %v", b, err)
	}
	// The one that answered is asked first from now on.
	before := n.Validators[1].Calls("GetBalance")
	_, err = client.Balance(within(t, 10*time.Second), n.Juma.Account, ledgertest.KES, sdk.Final)
	if err != nil || n.Validators[1].Calls("GetBalance") != before {
		t.Errorf("the validator that hangs was asked again: %v", err)
	}
	// One that was restarted is used again when it is the only one.
	for _, v := range n.Validators[1:] {
		v.Stop()
	}
	n.Validators[0].Start()
	for ctx := within(t, 10*time.Second); ; {
		if _, err = client.Balance(ctx, n.Juma.Account, ledgertest.KES, sdk.Final); err == nil {
			break
		}
		if !errors.Is(err, sdk.ErrUnavailable) || ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	n.Validators[0].Stop()
	if _, err = client.Account(within(t, 10*time.Second), n.Juma.Account); !errors.Is(err, sdk.ErrUnavailable) {
		t.Errorf("nobody there: %v", err)
	}
}

func TestOneThatDeniesIsNotBelieved(t *testing.T) {
	n := sdktest.New(t)
	n.Validators[0].Refuse("GetAccount", "NOT_FOUND")
	if a, err := n.Client(t).Account(within(t, 10*time.Second), n.Juma.Account); err != nil || a.ID != n.Juma.Account {
		t.Errorf("account %+v, %v", a, err)
	}
}

func TestReadsAreNotOlderThanWhatWasSeenFinal(t *testing.T) {
	n := sdktest.New(t)
	client := n.Client(t)
	old, err := client.Balance(within(t, 10*time.Second), n.Amina.Account, ledgertest.KES, sdk.Final)
	check(t, err)
	signed := payment(t, n, 100_00)
	_, err = client.Submit(within(t, 10*time.Second), signed)
	check(t, err)
	behind := func(context.Context, any, func() (any, error)) (any, error) {
		return &apiv1.GetBalanceResponse{Posted: uint64(old.Posted), AsOf: &apiv1.AsOf{Size: old.AsOf.Size}}, nil
	}
	n.Validators[0].On("GetBalance", behind)
	b, err := client.Balance(within(t, 10*time.Second), n.Amina.Account, ledgertest.KES, sdk.Final)
	if err != nil || b.Posted != old.Posted+100_00 {
		t.Errorf("one is behind: balance %+v, error %v", b, err)
	}
	for _, v := range n.Validators {
		v.On("GetBalance", behind)
	}
	b, err = client.Balance(within(t, 10*time.Second), n.Amina.Account, ledgertest.KES, sdk.Final)
	if err != nil || b.Posted != old.Posted || b.AsOf.Size != old.AsOf.Size {
		t.Errorf("all are behind: balance %+v, error %v", b, err)
	}
}

func TestReadsSayTheirFreshness(t *testing.T) {
	n := sdktest.New(t)
	client := n.Client(t)
	n.HoldFinality(true)
	n.Order(payment(t, n, 100_00))
	for fresh, want := range map[sdk.Freshness]uint64{
		sdk.Final: uint64(ledgertest.AminaFunds), sdk.Accepted: uint64(ledgertest.AminaFunds) + 100_00, sdk.Local: uint64(ledgertest.AminaFunds) + 100_00,
	} {
		b, err := client.Balance(within(t, 10*time.Second), n.Amina.Account, ledgertest.KES, fresh)
		if err != nil || uint64(b.Posted) != want {
			t.Errorf("freshness %d: %+v, %v", fresh, b, err)
		}
	}
}

func TestReadAccountGrantHistoryAndNetwork(t *testing.T) {
	n := sdktest.New(t)
	client, ctx := n.Client(t), within(t, 10*time.Second)
	a, err := client.Account(ctx, n.Juma.Account)
	if err != nil || a.Number != 3 || a.Authority.Attestors != 2 {
		t.Errorf("account %+v, %v", a, err)
	}
	if _, err := client.Account(ctx, tx.AccountID{1}); !errors.Is(err, sdk.ErrNotFound) {
		t.Errorf("account that is not open: %v", err)
	}
	if _, _, err := client.Receipt(ctx, tx.ID{1}); !errors.Is(err, sdk.ErrNotFound) {
		t.Errorf("receipt of nothing: %v", err)
	}
	var ids []tx.ID
	for range 3 {
		signed := payment(t, n, 100_00)
		_, err := client.Submit(ctx, signed)
		check(t, err)
		ids = append(ids, signed.ID())
	}
	g, err := client.Grant(ctx, n.Juma.Account, n.Provider.Public())
	if err != nil || g.LeftToday != ledgertest.CapDay-3*101_00 || g.CapDay != ledgertest.CapDay || g.Asset != ledgertest.KES {
		t.Errorf("grant %+v, %v", g, err)
	}
	if _, err := client.Grant(ctx, n.Juma.Account, n.Issuer.Public()); !errors.Is(err, sdk.ErrNotFound) {
		t.Errorf("grant that was not given: %v", err)
	}
	first, err := client.History(ctx, n.Juma.Account, 0, 2)
	check(t, err)
	rest, err := client.History(ctx, n.Juma.Account, first[1].LeafIndex, 100)
	check(t, err)
	if len(first) != 2 || len(rest) != 1 || first[0].Signed.ID() != ids[2] || rest[0].Signed.ID() != ids[0] || rest[0].Record.Result.Code != tx.OK {
		t.Errorf("history: %d and %d leaves", len(first), len(rest))
	}
	if _, proof, err := client.Receipt(ctx, ids[0]); err != nil || proof.Code() != rest[0].Code {
		t.Errorf("code of the history is not the receipt's: %v", err)
	}
	network, err := client.Network(ctx)
	check(t, err)
	if network.Parameters[tx.Attestations] != 2 || len(network.Parameters) != 6 {
		t.Errorf("parameters %v", network.Parameters)
	}
	if network.Leader != "v1" || network.FinalSize != n.Leaves() {
		t.Errorf("network %+v", network)
	}
	n.Validators[2].Stop()
	for i, s := range client.Status(ctx) {
		if (s.Err != nil) != (i == 2) || s.Err == nil && s.Network.Validator != fmt.Sprintf("v%d", i+1) {
			t.Errorf("status %d: %+v", i, s)
		}
	}
}

func TestFee(t *testing.T) {
	later := uint64(time.Now().Add(time.Hour).UnixMilli())
	w := ledgertest.NetworkOf(t, t.Name(), 4, func(w *ledgertest.World, g *genesis.Genesis) {
		g.Providers[0].Schedules = append(g.Providers[0].Schedules,
			genesis.FeeSchedule{Asset: ledgertest.KES, Bands: genesis.FlatFee(2_00), EffectiveAtUnixMs: g.TimeUnixMs + 1},
			genesis.FeeSchedule{Asset: ledgertest.KES, Bands: []genesis.FeeBand{{UpTo: 100_00, Flat: 3_00}, {Flat: 1_00, BasisPoints: 250}}, EffectiveAtUnixMs: later})
	})
	n := sdktest.NewWith(t, w)
	client, ctx := n.Client(t), within(t, 10*time.Second)
	n.Fund(t, n.Amina.Account, 1) // Ledger time moves by batches.
	fee, err := client.Fee(ctx, n.ProviderAccount, ledgertest.KES, 50_00)
	if err != nil || fee != (tx.Fee{Provider: n.ProviderAccount, ScheduleVersion: 2, Amount: 2_00}) {
		t.Errorf("before the raise: %+v, %v", fee, err)
	}
	n.Advance(2 * time.Hour)
	n.Fund(t, n.Amina.Account, 1)
	for amount, want := range map[amount.Amount]amount.Amount{1: 3_00, 100_00: 3_00, 100_01: 3_50, 1000_00: 26_00} {
		if fee, err = client.Fee(ctx, n.ProviderAccount, ledgertest.KES, amount); err != nil || fee.ScheduleVersion != 3 || fee.Amount != want {
			t.Errorf("after the raise, of %d: %+v, %v", amount, fee, err)
		}
	}
	for _, ask := range []struct {
		provider tx.AccountID
		asset    tx.Asset
	}{{n.IssuerAccount, ledgertest.KES}, {n.ProviderAccount, 9}} {
		if _, err := client.Fee(ctx, ask.provider, ask.asset, 1); !errors.Is(err, sdk.ErrNoFee) {
			t.Errorf("%+v: %v", ask, err)
		}
	}
}

func TestPendingIsTheUnionOfThoseReached(t *testing.T) {
	n := sdktest.New(t)
	client := n.Client(t)
	n.HoldFinality(true)
	first := payment(t, n, 1_00)
	n.Advance(time.Second)
	second := payment(t, n, 2_00)
	n.Order(first)
	n.Take(second)
	n.Validators[0].Stop()
	n.Validators[1].Refuse("ListPending", "OVERLOADED")
	n.Validators[2].On("ListPending", func(context.Context, any, func() (any, error)) (any, error) { return &apiv1.ListPendingResponse{}, nil })
	open, err := client.Pending(within(t, 10*time.Second), n.Juma.Account, n.Provider)
	if err != nil || len(open) != 2 || open[0].ID != first.ID() || open[1].ID != second.ID() || open[0].ExpiresAtUnixMs != first.Body.ExpiresAtUnixMs {
		t.Errorf("open %+v, error %v", open, err)
	}
	n.Validators[2].On("ListPending", nil)
	if _, err := client.Pending(within(t, 10*time.Second), n.Juma.Account, n.Key(t, "stranger")); err == nil {
		t.Error("a stranger was told of open payments")
	}
}

func TestOpenRefusesBadSettings(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	for name, config := range map[string]sdk.Config{
		"no genesis":     {},
		"bad address":    {Genesis: w.Genesis, Addresses: []string{"localhost"}},
		"another of two": {Genesis: w.Genesis, Addresses: []string{"localhost:1", ""}},
	} {
		if _, err := sdk.Open(config); !errors.Is(err, sdk.ErrBadConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestValidatorOfAnotherNetwork(t *testing.T) {
	n := sdktest.New(t)
	other := ledgertest.Network(t, "another")
	client := n.Client(t, func(c *sdk.Config) { c.Genesis = other.Genesis })
	if _, err := client.Network(within(t, 10*time.Second)); err == nil {
		t.Error("a validator of another network was believed")
	}
	for _, s := range client.Status(within(t, 10*time.Second)) {
		if !errors.Is(s.Err, sdk.ErrWrongNetwork) {
			t.Errorf("status %+v", s)
		}
	}
}
