package server

import (
	"bytes"
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// TestDirectory: an asset and a provider by every way that leads to them, and what no list or look-up takes.
func TestDirectory(t *testing.T) {
	n := theNetwork(t)
	c := n.client(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	w, kes := n.world, uint32(ledgertest.KES)
	byNumber := &apiv1.GetAssetRequest{Asset: &apiv1.GetAssetRequest_Number{Number: kes}}
	byCode := &apiv1.GetAssetRequest{Asset: &apiv1.GetAssetRequest_Code{Code: "KES"}}
	byAccount := func(account []byte, asset uint32) *apiv1.GetProviderRequest {
		return &apiv1.GetProviderRequest{Provider: &apiv1.GetProviderRequest_Account{Account: account}, Asset: asset, WorstDay: true}
	}
	key := w.Provider.Public()
	byKey := func(key []byte) *apiv1.GetProviderRequest {
		return &apiv1.GetProviderRequest{Provider: &apiv1.GetProviderRequest_Key{Key: key}}
	}

	asset, err := c.GetAsset(ctx, byNumber)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.GetAsset(ctx, byCode)
	assets, listed := c.ListAssets(ctx, &apiv1.ListAssetsRequest{Limit: 100})
	switch {
	case err != nil || !proto.Equal(asset.GetAsset(), again.GetAsset()):
		t.Errorf("asset by number %v, by code %v, %v", asset, again, err)
	case listed != nil || len(assets.GetAssets()) != 1 || !proto.Equal(assets.GetAssets()[0], asset.GetAsset()):
		t.Errorf("assets %v, %v", assets, listed)
	case asset.GetAsset().GetSupply() < uint64(ledgertest.IssuerFunds) || asset.GetAsset().GetKind() != umojav1.AssetKind_ASSET_KIND_MONEY,
		len(asset.GetAsset().GetLimits()) != 2, asset.GetAsset().GetReserveStatedUnixMs() != 0, asset.GetAsOf().GetTimeUnixMs() == 0:
		t.Errorf("asset %v", asset)
	}
	if rest, err := c.ListAssets(ctx, &apiv1.ListAssetsRequest{Limit: 100, After: kes}); err != nil || len(rest.GetAssets()) != 0 {
		t.Errorf("assets after the last: %v, %v", rest, err)
	}

	provider, err := c.GetProvider(ctx, byAccount(w.ProviderAccount[:], kes))
	if err != nil {
		t.Fatal(err)
	}
	p, worst := provider.GetProvider(), provider.GetWorstDay()
	if p.GetName() != "Mwanga" || p.GetShares() != 1 || len(p.GetSchedules()) != 1 || p.GetSchedules()[0].GetBands()[0].GetFlat() != uint64(ledgertest.FlatFee) {
		t.Errorf("provider %v", p)
	}
	// Two phones, whose grants allow CapDay each, on the two days that 24 hours lie in; nothing bounds what provisional aliases receive.
	if worst.GetGrants() != 2 || worst.GetDebits().GetMost() != 4*uint64(ledgertest.CapDay) || worst.GetDebits().GetOpen() || !worst.GetTotal().GetOpen() {
		t.Errorf("worst day %v", worst)
	}
	if one, err := c.GetProvider(ctx, byKey(key[:])); err != nil || !proto.Equal(one.GetProvider(), p) || one.GetWorstDay() != nil {
		t.Errorf("provider by key: %v, %v", one, err)
	}
	all, err := c.ListProviders(ctx, &apiv1.ListProvidersRequest{Limit: 1})
	if err != nil || len(all.GetProviders()) != 1 || !bytes.Equal(all.GetProviders()[0].GetAccount(), w.ProviderAccount[:]) || len(all.GetProviders()[0].GetSchedules()) != 0 {
		t.Errorf("providers %v, %v", all, err)
	}
	if rest, err := c.ListProviders(ctx, &apiv1.ListProvidersRequest{Limit: 1, After: w.ProviderAccount[:]}); err != nil || len(rest.GetProviders()) != 0 {
		t.Errorf("providers after the last: %v, %v", rest, err)
	}

	for _, bad := range []struct {
		what string
		call func() error
		code codes.Code
	}{
		{"no asset named", func() error { _, err := c.GetAsset(ctx, &apiv1.GetAssetRequest{}); return err }, codes.InvalidArgument},
		{"asset 0", func() error {
			_, err := c.GetAsset(ctx, &apiv1.GetAssetRequest{Asset: &apiv1.GetAssetRequest_Number{}})
			return err
		}, codes.NotFound},
		{"code of 13 bytes", func() error {
			_, err := c.GetAsset(ctx, &apiv1.GetAssetRequest{Asset: &apiv1.GetAssetRequest_Code{Code: "ABCDEFGHIJKLM"}})
			return err
		}, codes.InvalidArgument},
		{"unknown code", func() error {
			_, err := c.GetAsset(ctx, &apiv1.GetAssetRequest{Asset: &apiv1.GetAssetRequest_Code{Code: "XYZ"}})
			return err
		}, codes.NotFound},
		{"no provider named", func() error { _, err := c.GetProvider(ctx, &apiv1.GetProviderRequest{}); return err }, codes.InvalidArgument},
		{"provider that is none", func() error { _, err := c.GetProvider(ctx, byAccount(w.IssuerAccount[:], kes)); return err }, codes.NotFound},
		{"worst day of asset 9", func() error { _, err := c.GetProvider(ctx, byAccount(w.ProviderAccount[:], 9)); return err }, codes.NotFound},
		{"worst day of no asset", func() error { _, err := c.GetProvider(ctx, byAccount(w.ProviderAccount[:], 0)); return err }, codes.InvalidArgument},
		{"key off the curve", func() error { _, err := c.GetProvider(ctx, byKey(make([]byte, 32))); return err }, codes.InvalidArgument},
		{"a list of 0", func() error { _, err := c.ListProviders(ctx, &apiv1.ListProvidersRequest{}); return err }, codes.InvalidArgument},
		{"a list of 101", func() error { _, err := c.ListAssets(ctx, &apiv1.ListAssetsRequest{Limit: 101}); return err }, codes.InvalidArgument},
		{"after an account of 3 bytes", func() error {
			_, err := c.ListProviders(ctx, &apiv1.ListProvidersRequest{Limit: 1, After: []byte{1, 2, 3}})
			return err
		}, codes.InvalidArgument},
		{"hold of 15 bytes", func() error { _, err := c.GetHold(ctx, &apiv1.GetHoldRequest{Hold: make([]byte, 15)}); return err }, codes.InvalidArgument},
		{"hold that never was", func() error { _, err := c.GetHold(ctx, &apiv1.GetHoldRequest{Hold: make([]byte, 16)}); return err }, codes.NotFound},
		{"request that never was", func() error {
			_, err := c.GetRequest(ctx, &apiv1.GetRequestRequest{Request: make([]byte, 16)})
			return err
		}, codes.NotFound},
	} {
		reason := "INVALID_FIELD"
		if bad.code == codes.NotFound {
			reason = "NOT_FOUND"
		}
		refused(t, bad.what, bad.call(), bad.code, reason)
	}

	// Who has no alias key can learn the alias of a number that is not bound yet, and nothing else about it.
	unbound, err := c.ResolveAlias(ctx, &apiv1.ResolveAliasRequest{
		Alias: &apiv1.ResolveAliasRequest_PhoneNumber{PhoneNumber: "+254799999999"}, Unbound: true,
	})
	alias := w.AliasKey.Alias("+254799999999")
	if err != nil || !bytes.Equal(unbound.GetAlias(), alias[:]) || len(unbound.GetAccount()) != 0 {
		t.Errorf("alias of an unbound number: %v, %v", unbound, err)
	}
}
