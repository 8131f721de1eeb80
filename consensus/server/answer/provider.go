package answer

import (
	"slices"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// Bounds of the answer about one provider.
const (
	// MaxSchedules is how many fee schedules are told: the one in force, the one before it that may still be named, and a pending one are
	// among them, for every asset unless a provider publishes for many.
	MaxSchedules = 16
	// maxVersions is how many versions are looked through for those of one asset.
	maxVersions = 256
)

// Provider describes a provider with its newest fee schedules: those of one asset, or of all when it is 0.
func Provider(s ledger.State, id tx.AccountID, asset tx.Asset) (*apiv1.Provider, error) {
	p, err := s.Provider(id)
	if err != nil || p == nil {
		return nil, err
	}
	m := entry(ledger.ProviderEntry{Account: id, Provider: *p})
	latest := p.LastVersion
	if asset != 0 {
		if latest, _, err = s.LatestFees(id, asset); err != nil {
			return nil, err
		}
	}
	for version := latest; version > 0 && latest-version < maxVersions && len(m.Schedules) < MaxSchedules; version-- {
		f, err := s.FeeSchedule(id, version)
		if err != nil {
			return nil, err
		}
		if f == nil || asset != 0 && f.Asset != asset {
			continue
		}
		m.Schedules = append(m.Schedules, schedule(version, *f))
	}
	slices.Reverse(m.Schedules)
	return m, nil
}

// Providers lists the providers after an account (nil: from the first), at most limit, without their fee schedules.
func Providers(view ledger.View, after *tx.AccountID, limit int) ([]*apiv1.Provider, error) {
	entries, err := ledger.Providers(view, after, min(limit, MaxList))
	if err != nil {
		return nil, err
	}
	var all []*apiv1.Provider
	for _, e := range entries {
		all = append(all, entry(e))
	}
	return all, nil
}

// WorstDay is the most that a provider could take of an asset that exists.
func WorstDay(s ledger.State, id tx.AccountID, asset tx.Asset) (*apiv1.WorstDay, error) {
	worst, err := s.WorstDay(id, asset)
	if err != nil {
		return nil, err
	}
	return &apiv1.WorstDay{
		Grants: worst.Grants, Debits: bound(worst.Debits), Inflow: bound(worst.Inflow), Total: bound(worst.Total),
	}, nil
}

func entry(e ledger.ProviderEntry) *apiv1.Provider {
	return &apiv1.Provider{
		Account: e.Account[:], Name: e.Entry.Name, Key: e.Entry.Key[:], Shares: e.Shares, Codes: e.Entry.Codes, Languages: e.Entry.Languages,
		Endpoints: e.Entry.Endpoints, Telephone: e.Entry.Telephone,
	}
}

func schedule(version uint32, f ledger.FeeSchedule) *apiv1.FeeSchedule {
	m := &apiv1.FeeSchedule{
		Version: version, Asset: uint32(f.Asset), EffectiveAtUnixMs: f.EffectiveAtUnixMs, ReplacedAtUnixMs: f.ReplacedAtUnixMs,
	}
	for _, b := range f.Bands {
		m.Bands = append(m.Bands, &umojav1.FeeBand{UpTo: uint64(b.UpTo), Flat: uint64(b.Flat), BasisPoints: b.BasisPoints})
	}
	return m
}

func bound(b ledger.Bound) *apiv1.Bound { return &apiv1.Bound{Most: uint64(b.Most), Open: b.Open} }
