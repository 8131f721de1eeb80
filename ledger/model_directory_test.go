package ledger_test

import (
	"math/big"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

type provider struct {
	key    key.Public
	shares uint64
	last   uint32 // version of its fees
}

type scheduleName struct {
	provider tx.AccountID
	version  uint32
}

type schedule struct {
	asset tx.Asset
	bands []tx.FeeBand
	from  uint64
}

// providerOf finds the provider whose key it is now.
func (m *model) providerOf(k key.Public) *tx.AccountID {
	id, kept := m.providerKeys[k]
	if !kept || m.providers[id].key != k {
		return nil
	}
	return &id
}

// registerProvider: a key that was a provider's once is never another's.
func (a *attempt) registerProvider(o tx.RegisterProvider) tx.Code {
	holder, kept := a.providerKeys[o.Key]
	p, there := a.providers[o.Account]
	retired := 0
	for k, of := range a.providerKeys {
		if of == o.Account && k != o.Key {
			retired++
		}
	}
	code := first(broken{tx.KeyTaken, kept && holder != o.Account}, broken{tx.NothingToChange, retired > 8})
	if code != tx.OK {
		return code
	}
	if !there {
		p.shares = 1
	}
	p.key = o.Key
	a.providers[o.Account], a.providerKeys[o.Key] = p, o.Account
	return tx.OK
}

// latest is the schedule that a provider published last for an asset.
func (m *model) latest(id tx.AccountID, n tx.Asset) (schedule, bool) {
	for v := m.providers[id].last; v > 0; v-- {
		if s := m.schedules[scheduleName{id, v}]; s.asset == n {
			return s, true
		}
	}
	return schedule{}, false
}

// replaced is when the schedule after this one, for the same asset, takes effect.
func (m *model) replaced(id tx.AccountID, version uint32) (at uint64, is bool) {
	asset := m.schedules[scheduleName{id, version}].asset
	for v := version + 1; v <= m.providers[id].last && v > 0; v++ {
		if s := m.schedules[scheduleName{id, v}]; s.asset == asset {
			return s.from, true
		}
	}
	return 0, false
}

func (a *attempt) publishFees(o tx.PublishFees) tx.Code {
	p, registered := a.providers[o.Provider]
	before, published := a.latest(o.Provider, o.Asset)
	code := first(
		broken{tx.AssetUnknown, !a.known(o.Asset)},
		broken{tx.ProviderUnknown, !registered},
		broken{tx.TimeNotValid, o.EffectiveAtUnixMs < a.now || o.EffectiveAtUnixMs > a.now+365*aDay || published && o.EffectiveAtUnixMs <= before.from},
		broken{tx.VersionNotNext, o.Version != p.last+1},
		broken{tx.FeeSchedulePending, published && before.from > a.now},
		broken{tx.FeeRaiseTooSoon, published && o.EffectiveAtUnixMs < a.now+8*aDay && raisesAny(before.bands, o.Bands)},
	)
	if code == tx.OK {
		p.last = o.Version
		a.providers[o.Provider] = p
		a.schedules[scheduleName{o.Provider, o.Version}] = schedule{o.Asset, o.Bands, o.EffectiveAtUnixMs}
	}
	return code
}

// smallBounds is above the bounds of all bands that are drawn: it is enough to look at each amount below, and at the largest.
const smallBounds = 1100

// raisesAny looks at all amounts one by one, before the share is rounded.
func raisesAny(old, new []tx.FeeBand) bool {
	for a := uint64(1); a <= smallBounds; a++ {
		if exactFee(new, a).Cmp(exactFee(old, a)) > 0 {
			return true
		}
	}
	return exactFee(new, maxAmount).Cmp(exactFee(old, maxAmount)) > 0
}

// exactFee is a fee in ten-thousandths.
func exactFee(bands []tx.FeeBand, amount uint64) *big.Int {
	for _, b := range bands {
		if b.UpTo == 0 || amount <= uint64(b.UpTo) {
			share := new(big.Int).Mul(new(big.Int).SetUint64(amount), big.NewInt(int64(b.BasisPoints)))
			flat := new(big.Int).Mul(new(big.Int).SetUint64(uint64(b.Flat)), big.NewInt(10_000))
			return share.Add(share, flat)
		}
	}
	return new(big.Int)
}
