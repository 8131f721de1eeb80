package ledger

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// scheduleGraceMs is how long a replaced fee schedule may still be named: seven days.
const scheduleGraceMs = 7 * 24 * 3600 * 1000

// maxRetiredKeys bounds the keys that a provider has given up: its entry lists them for ever.
const maxRetiredKeys = 8

// Provider is a provider entry: shares(4) last version(4) count(1) retired keys(32 each) directory entry (canonical).
type Provider struct {
	// Shares is the size of its pool of credits. Invariant: 1 to tx.MaxShares.
	Shares uint32
	// LastVersion is the highest version of its fee schedules; 0 when it has published none.
	LastVersion uint32
	// Retired are the keys that it had before, the first first. Grants to them stay what they were. Invariant: at most maxRetiredKeys.
	Retired []key.Public
	// Entry is what the directory says of it.
	Entry tx.RegisterProvider
}

// Keys are all keys under which the provider can act: the one that it has and those that it has retired.
func (p Provider) Keys() []key.Public { return append([]key.Public{p.Entry.Key}, p.Retired...) }

func (p Provider) encode() []byte {
	out := append(put32(put32(nil, p.Shares), p.LastVersion), byte(len(p.Retired)))
	for _, k := range p.Retired {
		out = append(out, k[:]...)
	}
	return append(out, tx.EncodeProviderEntry(p.Entry)...)
}

func decodeProvider(raw []byte) (Provider, error) {
	r := reader{rest: raw}
	p := Provider{Shares: r.u32(), LastVersion: r.u32()}
	for n := r.u8(); n > 0 && !r.bad; n-- {
		p.Retired = append(p.Retired, key.Public(r.take(32)))
	}
	if r.bad {
		return p, r.end("provider")
	}
	entry, err := tx.DecodeProviderEntry(r.all())
	if err != nil {
		return p, fmt.Errorf("provider entry: %v: %w", err, ErrCorrupt)
	}
	p.Entry = entry
	return p, nil
}

// providerKey is an entry for a key of a provider: account(16) retired(1). A key that was a provider's once is never another's: the grants to
// it stay bound to the fees of that provider, and count into what that provider can take.
type providerKey struct {
	Account tx.AccountID
	Retired bool
}

func (k providerKey) encode() []byte {
	retired := byte(0)
	if k.Retired {
		retired = 1
	}
	return append(append([]byte(nil), k.Account[:]...), retired)
}

func decodeProviderKey(raw []byte) (providerKey, error) {
	r := reader{rest: raw}
	k := providerKey{Account: tx.AccountID(r.take(16)), Retired: r.u8() == 1}
	return k, r.end("provider key")
}

// ProviderByKey finds the provider that has the key now; nil when there is none.
func (s State) ProviderByKey(k key.Public) (*tx.AccountID, error) {
	entry, err := lookup(s, keyProviderKey(k), decodeProviderKey)
	if err != nil || entry == nil || entry.Retired {
		return nil, err
	}
	return &entry.Account, nil
}

// keptKey finds the provider that has the key, or has retired it; nil when there is none.
func (s State) keptKey(k key.Public) (*tx.AccountID, error) {
	entry, err := lookup(s, keyProviderKey(k), decodeProviderKey)
	if err != nil || entry == nil {
		return nil, err
	}
	return &entry.Account, nil
}

// FeeSchedule is a fee schedule entry: asset(4) effective(8) replaced(8), then for each band up to(8) flat(8) basis points(4).
type FeeSchedule struct {
	Asset             tx.Asset
	EffectiveAtUnixMs uint64
	// ReplacedAtUnixMs is when the next schedule for the asset takes effect; 0 while none was published.
	ReplacedAtUnixMs uint64
	// Bands as in tx.PublishFees. Invariant: at least one; only the last has no bound.
	Bands []tx.FeeBand
}

func (f FeeSchedule) encode() []byte {
	out := put64(put64(put32(nil, uint32(f.Asset)), f.EffectiveAtUnixMs), f.ReplacedAtUnixMs)
	for _, b := range f.Bands {
		out = put32(put64(put64(out, uint64(b.UpTo)), uint64(b.Flat)), b.BasisPoints)
	}
	return out
}

func decodeFeeSchedule(raw []byte) (FeeSchedule, error) {
	r := reader{rest: raw}
	f := FeeSchedule{Asset: tx.Asset(r.u32()), EffectiveAtUnixMs: r.u64(), ReplacedAtUnixMs: r.u64()}
	for !r.bad && len(r.rest) > 0 {
		f.Bands = append(f.Bands, tx.FeeBand{UpTo: amount.Amount(r.u64()), Flat: amount.Amount(r.u64()), BasisPoints: r.u32()})
	}
	if len(f.Bands) == 0 {
		r.bad = true
	}
	return f, r.end("fee schedule")
}

// ValidAt says whether a transfer may name the schedule: it is in effect, or was replaced less than seven days ago.
func (f FeeSchedule) ValidAt(timeUnixMs uint64) bool {
	return f.EffectiveAtUnixMs <= timeUnixMs && (f.ReplacedAtUnixMs == 0 || f.ReplacedAtUnixMs+scheduleGraceMs > timeUnixMs)
}

// registerProvider enters a provider into the directory. Whoever owns an account may: what a provider can do to others is bounded by
// what they grant it.
func (d *draft) registerProvider(o tx.RegisterProvider) (tx.Code, error) {
	holder, err := d.keptKey(o.Key)
	if err != nil {
		return 0, err
	}
	if holder != nil && *holder != o.Account {
		return tx.KeyTaken, nil
	}
	provider, err := d.Provider(o.Account)
	if err != nil {
		return 0, err
	}
	if provider == nil {
		provider = &Provider{Shares: 1}
	} else if old := provider.Entry.Key; old != o.Key {
		// It may take up again a key that it has retired.
		provider.Retired = slices.DeleteFunc(provider.Retired, func(k key.Public) bool { return k == o.Key })
		if len(provider.Retired) == maxRetiredKeys {
			return tx.NothingToChange, nil
		}
		provider.Retired = append(provider.Retired, old)
		d.put(keyProviderKey(old), providerKey{Account: o.Account, Retired: true}.encode())
	}
	provider.Entry = o
	d.put(keyProvider(o.Account), provider.encode())
	d.put(keyProviderKey(o.Key), providerKey{Account: o.Account}.encode())
	return tx.OK, nil
}

const (
	// maxFeesAheadMs is how far ahead a fee schedule may take effect: a year. One that is pending keeps the provider from publishing another.
	maxFeesAheadMs = 365 * 24 * 3600 * 1000
	// raiseNoticeMs is how long before a raise takes effect it is published: eight days. The schedule before may be named for seven more,
	// and a payment lives for seven, so nobody pays more than he could have read before he agreed.
	raiseNoticeMs = 8 * 24 * 3600 * 1000
)

// publishFees writes the provider's next schedule for an asset. The first for an asset raises nothing: without a schedule the provider
// can carry nothing in that asset, so nobody has agreed to less.
func (d *draft) publishFees(o tx.PublishFees) (tx.Code, error) {
	asset, err := d.overlay.get(keyAsset(o.Asset))
	if err != nil {
		return 0, err
	}
	if asset == nil {
		return tx.AssetUnknown, nil
	}
	provider, err := d.Provider(o.Provider)
	if err != nil {
		return 0, err
	}
	if provider == nil {
		return tx.ProviderUnknown, nil
	}
	version, latest, err := d.LatestFees(o.Provider, o.Asset)
	if err != nil {
		return 0, err
	}
	switch {
	case o.EffectiveAtUnixMs < d.timeUnixMs || o.EffectiveAtUnixMs > d.timeUnixMs+maxFeesAheadMs,
		latest != nil && o.EffectiveAtUnixMs <= latest.EffectiveAtUnixMs:
		return tx.TimeNotValid, nil
	case o.Version-1 != provider.LastVersion:
		return tx.VersionNotNext, nil
	case latest != nil && latest.EffectiveAtUnixMs > d.timeUnixMs:
		return tx.FeeSchedulePending, nil
	case latest != nil && raises(latest.Bands, o.Bands) && o.EffectiveAtUnixMs < d.timeUnixMs+raiseNoticeMs:
		return tx.FeeRaiseTooSoon, nil
	}
	if latest != nil {
		latest.ReplacedAtUnixMs = o.EffectiveAtUnixMs
		d.put(keyFees(o.Provider, version), latest.encode())
	}
	provider.LastVersion = o.Version
	d.put(keyProvider(o.Provider), provider.encode())
	d.put(keyLatestFees(o.Provider, o.Asset), put32(nil, o.Version))
	d.put(keyFees(o.Provider, o.Version), FeeSchedule{Asset: o.Asset, EffectiveAtUnixMs: o.EffectiveAtUnixMs, Bands: o.Bands}.encode())
	return tx.OK, nil
}

// LatestFees reads the schedule of a provider for an asset that was published last, with its version; nil when there is none.
func (s State) LatestFees(provider tx.AccountID, asset tx.Asset) (uint32, *FeeSchedule, error) {
	version, err := lookup(s, keyLatestFees(provider, asset), func(raw []byte) (uint32, error) {
		r := reader{rest: raw}
		v := r.u32()
		return v, r.end("latest fees")
	})
	if err != nil || version == nil {
		return 0, nil, err
	}
	schedule, err := s.FeeSchedule(provider, *version)
	if err != nil || schedule == nil {
		return 0, nil, corrupt(err, "latest fees without a schedule")
	}
	return *version, schedule, nil
}

// raises says whether new bands are above old ones for any amount, before they are rounded down. Rounding keeps order, so what
// raises nothing before it raises nothing after it. Between two bounds both are straight lines, so the ends decide: 1, each bound and the
// amount after it, and the largest amount.
func raises(old, new []tx.FeeBand) bool {
	above := func(a amount.Amount) bool {
		oldHigh, oldLow := exactFee(old, a)
		newHigh, newLow := exactFee(new, a)
		return newHigh > oldHigh || newHigh == oldHigh && newLow > oldLow
	}
	if above(1) || above(amount.Max) {
		return true
	}
	for _, bands := range [][]tx.FeeBand{old, new} {
		for _, b := range bands[:len(bands)-1] {
			if above(b.UpTo) || b.UpTo < amount.Max && above(b.UpTo+1) {
				return true
			}
		}
	}
	return false
}

// exactFee is the fee in ten-thousandths of a minor unit, high and low word.
func exactFee(bands []tx.FeeBand, a amount.Amount) (high, low uint64) {
	for _, b := range bands {
		if b.UpTo != 0 && a > b.UpTo {
			continue
		}
		flatHigh, flatLow := bits.Mul64(uint64(b.Flat), 10_000)
		shareHigh, shareLow := bits.Mul64(uint64(a), uint64(b.BasisPoints))
		low, carry := bits.Add64(flatLow, shareLow, 0)
		return flatHigh + shareHigh + carry, low
	}
	return 0, 0
}

// Worst is the most that a provider can take of an asset in any 24 hours without anybody's help: its grants, and its word for phone numbers.
// Tier limits and balances may leave it less, never more.
type Worst struct {
	// Grants is how many grants its keys have, retired keys too.
	Grants uint64
	// Debits is twice the sum of their day caps: any 24 hours lie in two calendar days.
	Debits Bound
	// Inflow is twice what provisional aliases that it vouches for alone may receive a day.
	Inflow Bound
	// Total is both together.
	Total Bound
}

// Bound is an amount that something does not pass, unless Open says that nothing bounds it, or that the bound is above 2^63 - 1.
type Bound struct {
	Most amount.Amount // amount.Max when Open
	Open bool
}

func (a Bound) add(b Bound) Bound {
	sum, ok := a.Most.Add(b.Most)
	if !ok || a.Open || b.Open {
		return Bound{Most: amount.Max, Open: true}
	}
	return Bound{Most: sum}
}

// WorstDay is what the ledger says of a provider for an asset: what its users trust it with, printed for everybody to read.
func (s State) WorstDay(provider tx.AccountID, asset tx.Asset) (Worst, error) {
	rules, err := s.Asset(asset)
	if err != nil || rules == nil {
		return Worst{}, corrupt(err, "worst day of an asset without an entry")
	}
	p, err := s.Provider(provider)
	if err != nil || p == nil {
		return Worst{}, corrupt(err, "worst day of a provider without an entry")
	}
	worst := Worst{Inflow: Bound{Most: amount.Max, Open: true}}
	if rules.ProvisionalInflowDay != 0 {
		day := Bound{Most: rules.ProvisionalInflowDay}
		worst.Inflow = day.add(day)
	}
	for _, k := range p.Keys() {
		exposure, err := s.Exposure(k, asset)
		if err != nil {
			return Worst{}, err
		}
		day := exposure.dayCaps()
		worst.Grants += exposure.Grants
		worst.Debits = worst.Debits.add(day).add(day)
	}
	worst.Total = worst.Debits.add(worst.Inflow)
	return worst, nil
}

// dayCaps is the sum of the day caps.
func (e Exposure) dayCaps() Bound {
	if e.High != 0 || e.Low > uint64(amount.Max) {
		return Bound{Most: amount.Max, Open: true}
	}
	return Bound{Most: amount.Amount(e.Low)}
}
