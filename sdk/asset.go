package sdk

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Asset is a unit of value.
type Asset struct {
	Number tx.Asset
	Code   string
	// Scale is how many decimals a minor unit has. Invariant: at most amount.MaxScale.
	Scale  uint8
	Kind   tx.AssetKind
	Issuer tx.AccountID
	// SpendUntilUnixMs ends vouchers; 0 for money.
	SpendUntilUnixMs uint64
	Arbiter          *tx.AccountID // nil when nobody may arbitrate returns
	// Supply is issued and not redeemed.
	Supply amount.Amount
	// Limits ascend by tier; a tier without one has that of the next lower tier that has one, else it is not limited.
	Limits []tx.TierLimit
	// ProvisionalInflowDay bounds what provisionally bound aliases receive a day, for each provider; 0 means not bounded.
	ProvisionalInflowDay amount.Amount
	Reserve              *Reserve // nil when the issuer has stated nothing
	AsOf                 AsOf
}

// Reserve is the issuer's word of what backs an asset.
type Reserve struct {
	Held amount.Amount
	// AsOfUnixMs is the time that the statement is of, StatedUnixMs the ledger time at which it was made.
	AsOfUnixMs, StatedUnixMs uint64
	EvidenceHash             [32]byte
}

// Asset describes an asset; ErrNotFound means there is none with the number. Its scale and its rules decide what an amount means, so f+1
// validators must answer alike.
func (c *Client) Asset(ctx context.Context, number tx.Asset) (Asset, error) {
	return c.asset(ctx, &apiv1.GetAssetRequest{Asset: &apiv1.GetAssetRequest_Number{Number: uint32(number)}}, func(a Asset) bool { return a.Number == number })
}

// AssetByCode finds an asset by its code, such as KES; f+1 validators must answer alike.
func (c *Client) AssetByCode(ctx context.Context, code string) (Asset, error) {
	return c.asset(ctx, &apiv1.GetAssetRequest{Asset: &apiv1.GetAssetRequest_Code{Code: code}}, func(a Asset) bool { return a.Code == code })
}

func (c *Client) asset(ctx context.Context, req *apiv1.GetAssetRequest, asked func(Asset) bool) (Asset, error) {
	answers, err := agreeSoon(ctx, c, assetWord, func(ctx context.Context, v *validator) (*apiv1.GetAssetResponse, error) { return v.GetAsset(ctx, req) })
	if err != nil {
		return Asset{}, fmt.Errorf("get asset: %w", err)
	}
	a, err := assetOf(answers[0].GetAsset())
	if err == nil && !asked(a) {
		err = fmt.Errorf("another asset than asked for: %w", ErrBadAnswer)
	}
	if err != nil {
		return Asset{}, fmt.Errorf("get asset: %w", err)
	}
	a.AsOf = asOf(answers[0].GetAsOf())
	return a, nil
}

func assetWord(m *apiv1.GetAssetResponse) string { return word(m.GetAsset()) }

// Assets lists every asset; f+1 validators must answer alike.
func (c *Client) Assets(ctx context.Context) ([]Asset, error) {
	var all []Asset
	for range maxPages {
		var after uint32
		if len(all) > 0 {
			after = uint32(all[len(all)-1].Number)
		}
		req := &apiv1.ListAssetsRequest{After: after, Limit: pageSize}
		answers, err := agreeSoon(ctx, c, func(m *apiv1.ListAssetsResponse) string { return word(m) },
			func(ctx context.Context, v *validator) (*apiv1.ListAssetsResponse, error) {
				return v.ListAssets(ctx, req)
			})
		if err != nil {
			return nil, fmt.Errorf("list assets: %w", err)
		}
		page := answers[0].GetAssets()
		for _, m := range page {
			a, err := assetOf(m)
			if err == nil && uint32(a.Number) <= after {
				err = fmt.Errorf("assets out of order: %w", ErrBadAnswer)
			}
			if err != nil {
				return nil, fmt.Errorf("list assets: %w", err)
			}
			after = uint32(a.Number)
			all = append(all, a)
		}
		if len(page) < pageSize {
			return all, nil
		}
	}
	return nil, fmt.Errorf("list assets: %w", ErrTooMany)
}

func assetOf(m *apiv1.Asset) (Asset, error) {
	if m.GetNumber() == 0 || len(m.GetIssuer()) != 16 || m.GetScale() > amount.MaxScale || m.GetSupply() > uint64(amount.Max) {
		return Asset{}, fmt.Errorf("asset %q: %w", m.GetCode(), ErrBadAnswer)
	}
	a := Asset{
		Number: tx.Asset(m.GetNumber()), Code: m.GetCode(), Scale: uint8(m.GetScale()), Kind: tx.AssetKind(m.GetKind()),
		Issuer: tx.AccountID(m.GetIssuer()), SpendUntilUnixMs: m.GetSpendUntilUnixMs(), Supply: amount.Amount(m.GetSupply()),
		ProvisionalInflowDay: amount.Amount(m.GetProvisionalInflowDay()),
	}
	if raw := m.GetArbiter(); len(raw) == 16 {
		arbiter := tx.AccountID(raw)
		a.Arbiter = &arbiter
	}
	for _, l := range m.GetLimits() {
		a.Limits = append(a.Limits, tx.TierLimit{
			Tier: l.GetTier(), CapTransaction: amount.Amount(l.GetCapTransaction()), CapDay: amount.Amount(l.GetCapDay()),
		})
	}
	if m.GetReserveStatedUnixMs() != 0 {
		a.Reserve = &Reserve{
			Held: amount.Amount(m.GetReserve()), AsOfUnixMs: m.GetReserveAsOfUnixMs(), StatedUnixMs: m.GetReserveStatedUnixMs(),
		}
		copy(a.Reserve.EvidenceHash[:], m.GetReserveEvidenceHash())
	}
	return a, nil
}

// Limit is what bounds an account of a tier: the tier's own limit, or that of the next lower one that has one; false when nothing does.
func (a Asset) Limit(tier uint32) (tx.TierLimit, bool) {
	var limit tx.TierLimit
	found := false
	for _, l := range a.Limits { // They ascend by tier.
		if l.Tier <= tier {
			limit, found = l, true
		}
	}
	return limit, found
}

// LimitOf is what bounds an account now, who is not the asset's issuer: a quarter while moves and recoveries of it wait.
func (a Asset) LimitOf(account Account) (tx.TierLimit, bool) {
	limit, found := a.Limit(account.Tier)
	if account.Pending > 0 {
		limit.CapTransaction, limit.CapDay = limit.CapTransaction/4, limit.CapDay/4
	}
	return limit, found
}

// Bounds of a list that is read page by page.
const (
	pageSize = 100
	maxPages = 100
)

// word is what a message says, for comparing the answers of several validators within one process.
func word(m proto.Message) string {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return "?" + err.Error() // Strings that are not UTF-8: nothing that an honest validator says.
	}
	return string(raw)
}
