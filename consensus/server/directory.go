package server

import (
	"context"

	"github.com/umoja-ledger/umoja/consensus/server/answer"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// GetAsset describes an asset by number or code.
func (s *service) GetAsset(ctx context.Context, req *apiv1.GetAssetRequest) (*apiv1.GetAssetResponse, error) {
	r, err := s.read(ctx, req.GetFreshness())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	res := &apiv1.GetAssetResponse{AsOf: asOf(r)}
	switch by := req.GetAsset().(type) {
	case *apiv1.GetAssetRequest_Number:
		res.Asset, err = answer.Asset(r.State(), tx.Asset(by.Number))
	case *apiv1.GetAssetRequest_Code:
		if len(by.Code) == 0 || len(by.Code) > tx.MaxAssetCodeBytes {
			return nil, invalid("code must be 1 to %d bytes, not %d", tx.MaxAssetCodeBytes, len(by.Code))
		}
		res.Asset, err = answer.AssetByCode(r.State(), by.Code)
	default:
		return nil, invalid("asset: number or code must be set")
	}
	if err != nil {
		return nil, s.fatal(err)
	}
	if res.Asset == nil {
		return nil, notFound("asset")
	}
	return res, nil
}

// ListAssets lists the assets, ascending by number.
func (s *service) ListAssets(ctx context.Context, req *apiv1.ListAssetsRequest) (*apiv1.ListAssetsResponse, error) {
	if err := checkLimit(req.GetLimit()); err != nil {
		return nil, err
	}
	r, err := s.read(ctx, req.GetFreshness())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	assets, err := answer.Assets(r.State(), req.GetAfter(), int(req.GetLimit()))
	if err != nil {
		return nil, s.fatal(err)
	}
	return &apiv1.ListAssetsResponse{Assets: assets}, nil
}

// GetProvider describes a provider by account or key.
func (s *service) GetProvider(ctx context.Context, req *apiv1.GetProviderRequest) (*apiv1.GetProviderResponse, error) {
	r, err := s.read(ctx, req.GetFreshness())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	state, asset := r.State(), tx.Asset(req.GetAsset())
	var id tx.AccountID
	switch by := req.GetProvider().(type) {
	case *apiv1.GetProviderRequest_Account:
		if id, err = accountOf(by.Account); err != nil {
			return nil, err
		}
	case *apiv1.GetProviderRequest_Key:
		k, err := key.ParsePublic(by.Key)
		if err != nil {
			return nil, invalid("key: %v", err)
		}
		found, err := state.ProviderByKey(k)
		if err != nil {
			return nil, s.fatal(err)
		}
		if found == nil {
			return nil, notFound("provider")
		}
		id = *found
	default:
		return nil, invalid("provider: account or key must be set")
	}
	if req.GetWorstDay() && asset == 0 {
		return nil, invalid("asset must be named when worst_day is asked for")
	}
	if asset != 0 {
		known, err := state.Asset(asset)
		if err != nil {
			return nil, s.fatal(err)
		}
		if known == nil {
			return nil, notFound("asset")
		}
	}
	res := &apiv1.GetProviderResponse{AsOf: asOf(r)}
	if res.Provider, err = answer.Provider(state, id, asset); err != nil {
		return nil, s.fatal(err)
	}
	if res.Provider == nil {
		return nil, notFound("provider")
	}
	if req.GetWorstDay() {
		if res.WorstDay, err = answer.WorstDay(state, id, asset); err != nil {
			return nil, s.fatal(err)
		}
	}
	return res, nil
}

// ListProviders lists the providers, ascending by account.
func (s *service) ListProviders(ctx context.Context, req *apiv1.ListProvidersRequest) (*apiv1.ListProvidersResponse, error) {
	if err := checkLimit(req.GetLimit()); err != nil {
		return nil, err
	}
	var after *tx.AccountID
	if len(req.GetAfter()) > 0 {
		id, err := accountOf(req.GetAfter())
		if err != nil {
			return nil, err
		}
		after = &id
	}
	r, err := s.read(ctx, req.GetFreshness())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	providers, err := answer.Providers(r, after, int(req.GetLimit()))
	if err != nil {
		return nil, s.fatal(err)
	}
	return &apiv1.ListProvidersResponse{Providers: providers}, nil
}

// GetHold reads a hold that has not ended.
func (s *service) GetHold(ctx context.Context, req *apiv1.GetHoldRequest) (*apiv1.GetHoldResponse, error) {
	if len(req.GetHold()) != 16 {
		return nil, invalid("hold must be 16 bytes, not %d", len(req.GetHold()))
	}
	r, err := s.read(ctx, req.GetFreshness())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	res, err := answer.Hold(r.State(), tx.HoldID(req.GetHold()), r.TimeUnixMs)
	if err != nil {
		return nil, s.fatal(err)
	}
	if res == nil {
		return nil, notFound("hold")
	}
	res.AsOf = asOf(r)
	return res, nil
}

// GetRequest reads a request to pay that has not ended.
func (s *service) GetRequest(ctx context.Context, req *apiv1.GetRequestRequest) (*apiv1.GetRequestResponse, error) {
	if len(req.GetRequest()) != 16 {
		return nil, invalid("request must be 16 bytes, not %d", len(req.GetRequest()))
	}
	r, err := s.read(ctx, req.GetFreshness())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	res, err := answer.Request(r.State(), tx.RequestID(req.GetRequest()), r.TimeUnixMs)
	if err != nil {
		return nil, s.fatal(err)
	}
	if res == nil {
		return nil, notFound("request")
	}
	res.AsOf = asOf(r)
	return res, nil
}

// checkLimit is the rule of every list.
func checkLimit(limit uint32) error {
	if limit < 1 || limit > answer.MaxList {
		return invalid("limit must be 1 to %d, not %d", answer.MaxList, limit)
	}
	return nil
}
