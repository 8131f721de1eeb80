package ledger

import (
	"math/big"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// drawBands draws a fee schedule whose bounds and fees lie near those of others.
func drawBands(t *rapid.T, label string) []tx.FeeBand {
	bounds := rapid.SliceOfNDistinct(rapid.OneOf(
		rapid.Uint64Range(1, 40), rapid.Uint64Range(9_990, 20_010), rapid.Uint64Range(uint64(amount.Max)-3, uint64(amount.Max)),
	), 0, 4, rapid.ID[uint64]).Draw(t, label+" bounds")
	slices.Sort(bounds)
	var bands []tx.FeeBand
	for _, b := range append(bounds, 0) {
		bands = append(bands, tx.FeeBand{
			UpTo:        amount.Amount(b),
			Flat:        amount.Amount(rapid.OneOf(rapid.Uint64Range(0, 3), rapid.Just(uint64(amount.Max))).Draw(t, label+" flat")),
			BasisPoints: uint32(rapid.OneOf(rapid.Uint64Range(0, 3), rapid.Uint64Range(9_998, 10_000)).Draw(t, label+" points")),
		})
	}
	return bands
}

// bigFee is the fee in ten-thousandths, by another arithmetic.
func bigFee(bands []tx.FeeBand, a amount.Amount) *big.Int {
	for _, b := range bands {
		if b.UpTo == 0 || a <= b.UpTo {
			share := new(big.Int).Mul(new(big.Int).SetUint64(uint64(a)), big.NewInt(int64(b.BasisPoints)))
			flat := new(big.Int).Mul(new(big.Int).SetUint64(uint64(b.Flat)), big.NewInt(10_000))
			return share.Add(share, flat)
		}
	}
	return nil
}

// TestWhatRaisesNothingRaisesNothing: when raises says no, no amount is dearer, rounded or not; when it says yes, one of the amounts where
// the bands bend is.
func TestWhatRaisesNothingRaisesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, new := drawBands(t, "old"), drawBands(t, "new")
		dearer := false
		try := func(a amount.Amount) bool {
			above := bigFee(new, a).Cmp(bigFee(old, a)) > 0
			dearer = dearer || above
			oldFee, ok1 := tx.FeeFor(old, a)
			newFee, ok2 := tx.FeeFor(new, a)
			return above || ok1 && (!ok2 || newFee > oldFee)
		}
		raised := raises(old, new)
		for i := range 200 {
			a := amount.Amount(rapid.Uint64Range(1, uint64(amount.Max)).Draw(t, "amount"))
			if i < 100 {
				a = amount.Amount(i + 1)
			}
			if try(a) && !raised {
				t.Fatalf("%d is dearer: %v, not %v", a, new, old)
			}
		}
		for _, b := range append(append([]tx.FeeBand{{UpTo: 1}, {UpTo: amount.Max}}, old...), new...) {
			for a := max(b.UpTo, 2) - 1; a <= min(b.UpTo, amount.Max-1)+1; a++ {
				if try(a) && !raised {
					t.Fatalf("%d is dearer: %v, not %v", a, new, old)
				}
			}
		}
		if raised && !dearer {
			t.Fatalf("nothing is dearer: %v, and %v", new, old)
		}
	})
}

// TestWorstOfManyGrants: the number never wraps.
func TestWorstOfManyGrants(t *testing.T) {
	day := func(most uint64) Bound { return Bound{Most: amount.Amount(most)} }
	open := Bound{Most: amount.Max, Open: true}
	for _, c := range []struct {
		e    Exposure
		want Bound
	}{
		{Exposure{}, day(0)},
		{Exposure{Low: 7, Grants: 2}, day(7)},
		{Exposure{Low: 1<<63 - 1, Grants: 1}, day(1<<63 - 1)},
		{Exposure{Low: 1 << 63, Grants: 2}, open},
		{Exposure{High: 1, Grants: 2}, open},
	} {
		if got := c.e.dayCaps(); got != c.want {
			t.Errorf("%+v gives %+v, want %+v", c.e, got, c.want)
		}
	}
	for _, c := range []struct{ a, b, want Bound }{
		{day(3), day(4), day(7)},
		{day(1<<62 - 1), day(1 << 62), day(1<<63 - 1)},
		{day(1 << 62), day(1 << 62), open},
		{open, day(0), open},
		{day(0), open, open},
	} {
		if got := c.a.add(c.b); got != c.want {
			t.Errorf("%+v and %+v give %+v, want %+v", c.a, c.b, got, c.want)
		}
	}
}

// TestEntriesRoundTrip: what is written of providers, fees, assets and ballots is read back, and a byte more or less is not.
func TestEntriesRoundTrip(t *testing.T) {
	k := func(b byte) (k [32]byte) { k[31] = b; return k }
	asset := Asset{
		Supply: 1, Scale: 2, Kind: tx.Voucher, Issuer: tx.AccountID{3}, SpendUntilUnixMs: 4, Arbiter: tx.AccountID{5}, ProvisionalInflowDay: 6,
		Reserve: 7, ReserveAsOfUnixMs: 8, ReserveStatedUnixMs: 9, ReserveEvidence: [32]byte{10}, Code: "SEED",
	}
	provider := Provider{Shares: 1, LastVersion: 2, Retired: []key.Public{k(3), k(4)}, Entry: tx.RegisterProvider{
		Account: tx.AccountID{5}, Key: k(6), Name: "Pwani", Codes: []string{"*384*1#"}, Telephone: "+254700",
	}}
	fees := FeeSchedule{Asset: 1, EffectiveAtUnixMs: 2, ReplacedAtUnixMs: 3, Bands: []tx.FeeBand{{UpTo: 4, Flat: 5, BasisPoints: 6}, {Flat: 7}}}
	ballot := Ballot{
		ExpiresAtUnixMs: 1, EffectiveAtUnixMs: 2, PassedAtUnixMs: 3, Decision: tx.SetIssuer{Account: tx.AccountID{4}, Issuer: true},
		Votes: []BallotVote{{Validator: "v1", Yes: true}, {Validator: "v2"}},
	}
	again(t, asset, decodeAsset, asset.encode())
	again(t, provider, decodeProvider, provider.encode())
	again(t, fees, decodeFeeSchedule, fees.encode())
	again(t, ballot, decodeBallot, ballot.encode())
	again(t, Limit{1, 2}, decodeLimit, Limit{1, 2}.encode())
	again(t, providerKey{tx.AccountID{1}, true}, decodeProviderKey, providerKey{tx.AccountID{1}, true}.encode())
}

func again[T any](t *testing.T, want T, decode func([]byte) (T, error), raw []byte) {
	t.Helper()
	got, err := decode(raw)
	if err != nil {
		t.Errorf("%T: %v", want, err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(providerKey{})); diff != "" {
		t.Errorf("%T (-want +got):\n%s", want, diff)
	}
	for n := range raw {
		if short, err := decode(raw[:n]); err == nil && cmp.Equal(short, want, cmp.AllowUnexported(providerKey{})) {
			t.Errorf("%T is read from %d of %d bytes", want, n, len(raw))
		}
	}
}
