package sdk_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
)

func TestAsset(t *testing.T) {
	n := sdktest.New(t)
	client, ctx := n.Client(t), within(t, 20*time.Second)
	a, err := client.AssetByCode(ctx, "KES")
	if err != nil || a.Number != ledgertest.KES || a.Scale != 2 || a.Kind != tx.Money || a.Issuer != n.IssuerAccount || a.Reserve != nil ||
		a.Supply != ledgertest.IssuerFunds+ledgertest.JumaFunds+ledgertest.AminaFunds || len(a.Limits) != 2 {
		t.Errorf("asset %+v, %v", a, err)
	}
	n.Apply(t, []key.Signer{n.Issuer}, tx.Issue{Asset: ledgertest.KES, Credit: n.Amina.Account, Amount: 7},
		tx.StateReserve{Asset: ledgertest.KES, Issuer: n.IssuerAccount, Reserve: 55_00, AsOfUnixMs: n.NowUnixMs() - 5000, EvidenceHash: [32]byte{8}})
	b, err := client.Asset(ctx, ledgertest.KES)
	if err != nil || b.Supply != a.Supply+7 || b.Reserve == nil || b.Reserve.Held != 55_00 || b.Reserve.EvidenceHash != [32]byte{8} {
		t.Errorf("after a statement: %+v, %v", b, err)
	}
	all, err := client.Assets(ctx)
	if err != nil || len(all) != 1 || all[0].Code != "KES" {
		t.Errorf("assets %+v, %v", all, err)
	}
	if _, err := client.AssetByCode(ctx, "UGX"); !errors.Is(err, sdk.ErrNotFound) {
		t.Errorf("an asset that nobody defined: %v", err)
	}
	// One validator that lies about the decimals is outvoted; two are noticed.
	lie := func(_ context.Context, _ any, handle func() (any, error)) (any, error) {
		res, err := handle()
		res.(*apiv1.GetAssetResponse).Asset.Scale = 0
		return res, err
	}
	n.Validators[0].On("GetAsset", lie)
	if a, err := client.Asset(ctx, ledgertest.KES); err != nil || a.Scale != 2 {
		t.Errorf("with one liar: %+v, %v", a, err)
	}
	for _, v := range n.Validators[:2] {
		v.Refuse("GetAsset", "OVERLOADED")
	}
	n.Validators[2].On("GetAsset", lie)
	if _, err := client.Asset(ctx, ledgertest.KES); !errors.Is(err, sdk.ErrDisagreement) {
		t.Errorf("two that differ: %v", err)
	}
}

func TestProvider(t *testing.T) {
	w := ledgertest.NetworkOf(t, t.Name(), 4, func(_ *ledgertest.World, g *genesis.Genesis) {
		g.Assets[0].ProvisionalInflowDay = 1000_00
		g.Providers[0].Codes = []string{"*384*1#"}
	})
	n := sdktest.NewWith(t, w)
	client, ctx := n.Client(t), within(t, 20*time.Second)
	id, err := client.FindProvider(ctx, "Mwanga")
	if err != nil || id != n.ProviderAccount {
		t.Fatalf("find provider: %s, %v", id, err)
	}
	p, worst, err := client.Provider(ctx, id, ledgertest.KES)
	if err != nil || p.Name != "Mwanga" || p.Codes[0] != "*384*1#" || p.Shares != 1 || len(p.Schedules) != 1 {
		t.Errorf("provider %+v, %v", p, err)
	}
	// Two grants of CapDay each, on two days, and twice what provisional numbers may receive.
	if want := 4 * ledgertest.CapDay; worst.Grants != 2 || worst.Debits.Most != want || worst.Inflow.Most != 2000_00 || worst.Total != (sdk.Bound{Most: want + 2000_00}) {
		t.Errorf("worst day %+v", worst)
	}
	// A validator that makes a provider look harmless is not believed; what says more stands.
	for i, v := range n.Validators {
		v.On("GetProvider", func(_ context.Context, _ any, handle func() (any, error)) (any, error) {
			res, err := handle()
			if i < 2 && err == nil {
				res.(*apiv1.GetProviderResponse).WorstDay = nil
			}
			return res, err
		})
	}
	if _, again, err := client.Provider(ctx, id, ledgertest.KES); err != nil || again.Total.Most > worst.Total.Most {
		t.Errorf("with liars: %+v, %v", again, err)
	}
	// Somebody else registers under the name.
	n.Apply(t, []key.Signer{n.Issuer}, tx.RegisterProvider{Account: n.IssuerAccount, Key: n.Issuer.Public(), Name: "Mwanga"})
	if _, err := client.FindProvider(ctx, "Mwanga"); !errors.Is(err, sdk.ErrSameName) {
		t.Errorf("a name that two have: %v", err)
	}
	if _, err := client.FindProvider(ctx, "mwanga"); !errors.Is(err, sdk.ErrNotFound) {
		t.Errorf("a name that nobody has: %v", err)
	}
	if id, err := client.FindProvider(ctx, n.ProviderAccount.String()); err != nil || id != n.ProviderAccount {
		t.Errorf("by account: %s, %v", id, err)
	}
	if _, _, err := client.Provider(ctx, n.Juma.Account, ledgertest.KES); !errors.Is(err, sdk.ErrNotFound) {
		t.Errorf("a provider that is none: %v", err)
	}
}

func TestHighestFee(t *testing.T) {
	for name, c := range map[string]struct {
		bands []tx.FeeBand
		most  amount.Amount
		want  amount.Amount
	}{
		"flat":                             {[]tx.FeeBand{{Flat: 100}}, 5000, 100},
		"a share":                          {[]tx.FeeBand{{Flat: 100, BasisPoints: 100}}, 5000, 150},
		"a lower band further up":          {[]tx.FeeBand{{UpTo: 1000, Flat: 30}, {Flat: 10}}, 5000, 30},
		"a band that ends above the bound": {[]tx.FeeBand{{UpTo: 10_000, BasisPoints: 100}, {Flat: 9999}}, 5000, 50},
		"a band that ends at the bound":    {[]tx.FeeBand{{UpTo: 5000, Flat: 1}, {Flat: 9999}}, 5000, 1},
		"a band that begins at the bound":  {[]tx.FeeBand{{UpTo: 4999, Flat: 1}, {Flat: 9999}}, 5000, 9999},
	} {
		if got := (sdk.FeeSchedule{Bands: c.bands}).Highest(c.most); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
