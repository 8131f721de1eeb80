package sdk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Provider carries payments.
type Provider struct {
	Account tx.AccountID
	// Name is for people; another provider may have the same.
	Name                        string
	Key                         key.Public
	Codes, Languages, Endpoints []string
	Telephone                   string
	// Shares is the size of its pool of credits.
	Shares uint32
	// Schedules are the newest of its fee schedules, ascending by version; none in a list of providers.
	Schedules []FeeSchedule
	AsOf      AsOf
}

// FeeSchedule is a published price.
type FeeSchedule struct {
	Provider          tx.AccountID
	Version           uint32
	Asset             tx.Asset
	Bands             []tx.FeeBand
	EffectiveAtUnixMs uint64
	// ReplacedAtUnixMs is when the next one takes its place; 0 while none was published.
	ReplacedAtUnixMs uint64
}

// For is the fee leg of an operation that moves an amount; false when no amount is that large.
func (s FeeSchedule) For(a amount.Amount) (tx.Fee, bool) {
	fee, ok := tx.FeeFor(s.Bands, a)
	return tx.Fee{Provider: s.Provider, ScheduleVersion: s.Version, Amount: fee}, ok
}

// Highest is the largest fee for any amount up to a bound.
func (s FeeSchedule) Highest(most amount.Amount) amount.Amount {
	var highest amount.Amount
	for _, b := range s.Bands {
		end := most // A fee does not fall within a band, so the end of each decides.
		if b.UpTo != 0 && b.UpTo < most {
			end = b.UpTo
		}
		fee, ok := tx.FeeFor(s.Bands, end)
		if !ok {
			return amount.Max
		}
		if highest = max(highest, fee); end == most {
			break
		}
	}
	return highest
}

// Bound is an amount that something does not pass; when Open, nothing bounds it.
type Bound struct {
	Most amount.Amount
	Open bool
}

// WorstDay is the most that a provider could take of an asset in any 24 hours without anybody's help.
type WorstDay struct {
	// Grants is how many grants its keys have.
	Grants uint64
	// Debits is twice the sum of the day caps, Inflow twice what the aliases it vouches for may receive, Total both.
	Debits, Inflow, Total Bound
}

// Errors about providers.
var (
	// ErrNoFee means the provider is not registered or has no fee schedule in force for the asset.
	ErrNoFee = errors.New("provider has no fee schedule in force for the asset")
	// ErrSameName means several providers have the name, so that only their accounts tell them apart.
	ErrSameName = errors.New("several providers have that name: name the account")
)

// Provider describes a provider with its newest fee schedules, and what it could take of an asset at worst; of asset 0, with the schedules of all
// assets and without a worst day. f+1 validators must answer
// alike; of what changes with every grant, the worst that any of them says stands, and one of them is honest. ErrNotFound means there is no
// such provider or asset.
func (c *Client) Provider(ctx context.Context, account tx.AccountID, asset tx.Asset) (Provider, WorstDay, error) {
	req := &apiv1.GetProviderRequest{Provider: &apiv1.GetProviderRequest_Account{Account: account[:]}, Asset: uint32(asset), WorstDay: asset != 0}
	answers, err := agreeSoon(ctx, c, func(m *apiv1.GetProviderResponse) string { return word(m.GetProvider()) },
		func(ctx context.Context, v *validator) (*apiv1.GetProviderResponse, error) {
			return v.GetProvider(ctx, req)
		})
	if err != nil {
		return Provider{}, WorstDay{}, fmt.Errorf("get provider: %w", err)
	}
	p, err := providerOf(answers[0].GetProvider())
	if err == nil && p.Account != account {
		err = fmt.Errorf("another provider than asked for: %w", ErrBadAnswer)
	}
	if err != nil {
		return Provider{}, WorstDay{}, fmt.Errorf("get provider: %w", err)
	}
	p.AsOf = asOf(answers[0].GetAsOf())
	var worst WorstDay
	for _, m := range answers {
		w := m.GetWorstDay()
		worst.Grants = max(worst.Grants, w.GetGrants())
		worst.Debits = worst.Debits.worse(w.GetDebits())
		worst.Inflow = worst.Inflow.worse(w.GetInflow())
		worst.Total = worst.Total.worse(w.GetTotal())
	}
	return p, worst, nil
}

// ProviderByKey describes the provider whose grant key it is, or was, with its newest fee schedules; f+1 validators must answer alike. ErrNotFound
// means that it is nobody's.
func (c *Client) ProviderByKey(ctx context.Context, k key.Public) (Provider, error) {
	req := &apiv1.GetProviderRequest{Provider: &apiv1.GetProviderRequest_Key{Key: k[:]}}
	answers, err := agreeSoon(ctx, c, func(m *apiv1.GetProviderResponse) string { return word(m.GetProvider()) },
		func(ctx context.Context, v *validator) (*apiv1.GetProviderResponse, error) {
			return v.GetProvider(ctx, req)
		})
	if err != nil {
		return Provider{}, fmt.Errorf("get provider by key: %w", err)
	}
	p, err := providerOf(answers[0].GetProvider())
	if err != nil {
		return Provider{}, fmt.Errorf("get provider by key: %w", err)
	}
	p.AsOf = asOf(answers[0].GetAsOf())
	return p, nil
}

// worse is the larger of two bounds.
func (b Bound) worse(m *apiv1.Bound) Bound {
	return Bound{Most: max(b.Most, amount.Amount(m.GetMost())), Open: b.Open || m.GetOpen()}
}

// FindProvider finds a provider by its account's text or by its name; f+1 validators must answer alike. ErrSameName means that the name does
// not tell it from others.
func (c *Client) FindProvider(ctx context.Context, text string) (tx.AccountID, error) {
	if id, err := tx.ParseAccountID(text); err == nil {
		return id, nil
	}
	all, err := c.Providers(ctx)
	if err != nil {
		return tx.AccountID{}, err
	}
	named := slices.DeleteFunc(all, func(p Provider) bool { return p.Name != text })
	switch len(named) {
	case 0:
		return tx.AccountID{}, fmt.Errorf("find provider %q: %w", text, ErrNotFound)
	case 1:
		return named[0].Account, nil
	}
	return tx.AccountID{}, fmt.Errorf("find provider %q (%s and %s have it): %w", text, named[0].Account, named[1].Account, ErrSameName)
}

// Providers lists the providers, without their fee schedules; f+1 validators must answer alike.
func (c *Client) Providers(ctx context.Context) ([]Provider, error) {
	var all []Provider
	req := &apiv1.ListProvidersRequest{Limit: pageSize}
	for range maxPages {
		answers, err := agreeSoon(ctx, c, func(m *apiv1.ListProvidersResponse) string { return word(m) },
			func(ctx context.Context, v *validator) (*apiv1.ListProvidersResponse, error) {
				return v.ListProviders(ctx, req)
			})
		if err != nil {
			return nil, fmt.Errorf("list providers: %w", err)
		}
		page := answers[0].GetProviders()
		for _, m := range page {
			p, err := providerOf(m)
			if err == nil && string(p.Account[:]) <= string(req.GetAfter()) {
				err = fmt.Errorf("providers out of order: %w", ErrBadAnswer)
			}
			if err != nil {
				return nil, fmt.Errorf("list providers: %w", err)
			}
			req = &apiv1.ListProvidersRequest{After: p.Account[:], Limit: pageSize}
			all = append(all, p)
		}
		if len(page) < pageSize {
			return all, nil
		}
	}
	return nil, fmt.Errorf("list providers: %w", ErrTooMany)
}

// FeeSchedule finds a provider's fee schedule for an asset that is in force, by ledger time; ErrNoFee when there is none. It is one validator's
// word: the ledger refuses a fee that is not the published one.
func (c *Client) FeeSchedule(ctx context.Context, provider tx.AccountID, asset tx.Asset) (FeeSchedule, error) {
	var found FeeSchedule
	err := c.read(ctx, func(ctx context.Context, v *validator) error {
		m, err := v.GetProvider(ctx, &apiv1.GetProviderRequest{
			Provider: &apiv1.GetProviderRequest_Account{Account: provider[:]}, Asset: uint32(asset), Freshness: apiv1.Freshness_FRESHNESS_LOCAL,
		})
		if err != nil {
			return err
		}
		p, err := providerOf(m.GetProvider())
		if err != nil {
			return err
		}
		for _, s := range p.Schedules {
			if s.Asset == asset && s.EffectiveAtUnixMs <= m.GetAsOf().GetTimeUnixMs() {
				found = s
			}
		}
		return nil
	})
	if errors.Is(err, ErrNotFound) || err == nil && found.Version == 0 {
		return FeeSchedule{}, fmt.Errorf("get fee schedule: %w", ErrNoFee)
	}
	if err != nil {
		return FeeSchedule{}, fmt.Errorf("get fee schedule: %w", err)
	}
	return found, nil
}

// Fee is the fee leg of a provider's transfer of an amount now.
func (c *Client) Fee(ctx context.Context, provider tx.AccountID, asset tx.Asset, a amount.Amount) (tx.Fee, error) {
	s, err := c.FeeSchedule(ctx, provider, asset)
	if err != nil {
		return tx.Fee{}, err
	}
	fee, ok := s.For(a)
	if !ok {
		return tx.Fee{}, fmt.Errorf("fee of an amount that is too large: %w", ErrNoFee)
	}
	return fee, nil
}

func providerOf(m *apiv1.Provider) (Provider, error) {
	if len(m.GetAccount()) != 16 || len(m.GetKey()) != 32 {
		return Provider{}, fmt.Errorf("provider %q: %w", m.GetName(), ErrBadAnswer)
	}
	p := Provider{
		Account: tx.AccountID(m.GetAccount()), Name: m.GetName(), Key: key.Public(m.GetKey()), Codes: m.GetCodes(), Languages: m.GetLanguages(),
		Endpoints: m.GetEndpoints(), Telephone: m.GetTelephone(), Shares: m.GetShares(),
	}
	for _, s := range m.GetSchedules() {
		schedule := FeeSchedule{
			Provider: p.Account, Version: s.GetVersion(), Asset: tx.Asset(s.GetAsset()), EffectiveAtUnixMs: s.GetEffectiveAtUnixMs(),
			ReplacedAtUnixMs: s.GetReplacedAtUnixMs(),
		}
		for _, b := range s.GetBands() {
			schedule.Bands = append(schedule.Bands, tx.FeeBand{
				UpTo: amount.Amount(b.GetUpTo()), Flat: amount.Amount(b.GetFlat()), BasisPoints: b.GetBasisPoints(),
			})
		}
		if len(schedule.Bands) == 0 {
			return Provider{}, fmt.Errorf("fee schedule %d of provider %q has no bands: %w", s.GetVersion(), m.GetName(), ErrBadAnswer)
		}
		p.Schedules = append(p.Schedules, schedule)
	}
	return p, nil
}
