package sdktest

import (
	"context"

	"github.com/umoja-ledger/umoja/consensus/server/answer"
	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// GetAsset describes an asset.
func (s *service) GetAsset(_ context.Context, req *apiv1.GetAssetRequest) (res *apiv1.GetAssetResponse, err error) {
	err = s.read(req.GetFreshness(), func(m *ledgertest.Memory) (err error) {
		res = &apiv1.GetAssetResponse{AsOf: asOf(m)}
		if by, ok := req.GetAsset().(*apiv1.GetAssetRequest_Code); ok {
			res.Asset, err = answer.AssetByCode(ledger.Read(m), by.Code)
		} else {
			res.Asset, err = answer.Asset(ledger.Read(m), tx.Asset(req.GetNumber()))
		}
		if err == nil && res.Asset == nil {
			err = Refusal("NOT_FOUND")
		}
		return err
	})
	return res, err
}

// ListAssets lists the assets.
func (s *service) ListAssets(_ context.Context, req *apiv1.ListAssetsRequest) (*apiv1.ListAssetsResponse, error) {
	res := &apiv1.ListAssetsResponse{}
	err := s.read(req.GetFreshness(), func(m *ledgertest.Memory) (err error) {
		res.Assets, err = answer.Assets(ledger.Read(m), req.GetAfter(), int(req.GetLimit()))
		return err
	})
	return res, err
}

// GetProvider describes a provider.
func (s *service) GetProvider(_ context.Context, req *apiv1.GetProviderRequest) (res *apiv1.GetProviderResponse, err error) {
	byKey, keyed := req.GetProvider().(*apiv1.GetProviderRequest_Key)
	if !keyed && len(req.GetAccount()) != 16 || keyed && len(byKey.Key) != 32 {
		return nil, invalid("account must be 16 bytes, key 32")
	}
	err = s.read(req.GetFreshness(), func(m *ledgertest.Memory) error {
		state, asset := ledger.Read(m), tx.Asset(req.GetAsset())
		var id tx.AccountID
		if !keyed {
			id = tx.AccountID(req.GetAccount())
		} else if found, err := state.ProviderByKey(key.Public(byKey.Key)); err != nil || found == nil {
			return Refusal("NOT_FOUND")
		} else {
			id = *found
		}
		res = &apiv1.GetProviderResponse{AsOf: asOf(m)}
		if known, err := state.Asset(asset); err != nil || asset != 0 && known == nil {
			return Refusal("NOT_FOUND")
		}
		var err error
		if res.Provider, err = answer.Provider(state, id, asset); err == nil && res.Provider == nil {
			err = Refusal("NOT_FOUND")
		}
		if err == nil && req.GetWorstDay() {
			res.WorstDay, err = answer.WorstDay(state, id, asset)
		}
		return err
	})
	return res, err
}

// ListProviders lists the providers.
func (s *service) ListProviders(_ context.Context, req *apiv1.ListProvidersRequest) (*apiv1.ListProvidersResponse, error) {
	var after *tx.AccountID
	if raw := req.GetAfter(); len(raw) == 16 {
		id := tx.AccountID(raw)
		after = &id
	}
	res := &apiv1.ListProvidersResponse{}
	err := s.read(req.GetFreshness(), func(m *ledgertest.Memory) (err error) {
		res.Providers, err = answer.Providers(m, after, int(req.GetLimit()))
		return err
	})
	return res, err
}

// GetHold reads a hold.
func (s *service) GetHold(_ context.Context, req *apiv1.GetHoldRequest) (res *apiv1.GetHoldResponse, err error) {
	err = s.read(req.GetFreshness(), func(m *ledgertest.Memory) error {
		if res, err = answer.Hold(ledger.Read(m), tx.HoldID(req.GetHold()), m.Head().TimeUnixMs); err == nil && res == nil {
			err = Refusal("NOT_FOUND")
		}
		return err
	})
	return res, err
}

// GetRequest reads a request to pay.
func (s *service) GetRequest(_ context.Context, req *apiv1.GetRequestRequest) (res *apiv1.GetRequestResponse, err error) {
	err = s.read(req.GetFreshness(), func(m *ledgertest.Memory) error {
		if res, err = answer.Request(ledger.Read(m), tx.RequestID(req.GetRequest()), m.Head().TimeUnixMs); err == nil && res == nil {
			err = Refusal("NOT_FOUND")
		}
		return err
	})
	return res, err
}
