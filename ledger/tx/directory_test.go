package tx_test

import (
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

func TestDirectoryRules(t *testing.T) {
	provider := func(change func(*tx.RegisterProvider)) tx.Operation { return but(sampleProvider(), change) }
	attestor := func(change func(*tx.Attestor)) tx.Operation {
		return propose(tx.SetAttestor{Attestor: but(sampleAttestor(), change)})
	}
	many := func(n, length int) (texts []string) {
		for range n {
			texts = append(texts, strings.Repeat("x", length))
		}
		return texts
	}
	checkRules(t, []rule{
		{"everything", sampleProvider(), ""},
		{"key and name alone", tx.RegisterProvider{Key: testPublic, Name: "x"}, ""},
		{"key off the curve", provider(func(o *tx.RegisterProvider) { o.Key = offCurve }), "register_provider key"},
		{"no name", provider(func(o *tx.RegisterProvider) { o.Name = "" }), "register_provider name is 0 bytes, not 1 to 32"},
		{"name of 32 bytes", provider(func(o *tx.RegisterProvider) { o.Name = strings.Repeat("é", 16) }), ""},
		{"name of 33 bytes", provider(func(o *tx.RegisterProvider) { o.Name = many(1, 33)[0] }), "register_provider name is 33 bytes"},
		{"name not UTF-8", provider(func(o *tx.RegisterProvider) { o.Name = "\xff" }), "register_provider name is not UTF-8"},
		{"name of two lines", provider(func(o *tx.RegisterProvider) { o.Name = "a\nb" }), "register_provider name has a character that is not seen"},
		{"name with DEL", provider(func(o *tx.RegisterProvider) { o.Name = "a\x7f" }), "register_provider name has a character that is not seen"},
		{"name with a control character of Latin-1", provider(func(o *tx.RegisterProvider) { o.Name = "a\u0085" }), "register_provider name has a character that is not seen"},
		{"8 codes of 24", provider(func(o *tx.RegisterProvider) { o.Codes = many(8, 24) }), ""},
		{"9 codes", provider(func(o *tx.RegisterProvider) { o.Codes = many(9, 1) }), "register_provider codes are 9, above 8"},
		{"code of 25", provider(func(o *tx.RegisterProvider) { o.Codes = many(2, 25) }), "register_provider codes 0 is 25 bytes, not 1 to 24"},
		{"empty code", provider(func(o *tx.RegisterProvider) { o.Codes = []string{"*1#", ""} }), "register_provider codes 1 is 0 bytes"},
		{"16 languages of 16", provider(func(o *tx.RegisterProvider) { o.Languages = many(16, 16) }), ""},
		{"17 languages", provider(func(o *tx.RegisterProvider) { o.Languages = many(17, 1) }), "register_provider languages are 17, above 16"},
		{"language of 17", provider(func(o *tx.RegisterProvider) { o.Languages = many(1, 17) }), "register_provider languages 0 is 17 bytes"},
		{"8 endpoints of 128", provider(func(o *tx.RegisterProvider) { o.Endpoints = many(8, 128) }), ""},
		{"9 endpoints", provider(func(o *tx.RegisterProvider) { o.Endpoints = many(9, 1) }), "register_provider endpoints are 9, above 8"},
		{"endpoint of 129", provider(func(o *tx.RegisterProvider) { o.Endpoints = many(1, 129) }), "register_provider endpoints 0 is 129 bytes"},
		{"no telephone", provider(func(o *tx.RegisterProvider) { o.Telephone = "" }), ""},
		{"telephone of 15 digits", provider(func(o *tx.RegisterProvider) { o.Telephone = "+123456789012345" }), ""},
		{"telephone of 16 digits", provider(func(o *tx.RegisterProvider) { o.Telephone = "+1234567890123456" }), "telephone is not in E.164 form"},
		{"telephone without country", provider(func(o *tx.RegisterProvider) { o.Telephone = "0700000000" }), "telephone is not in E.164 form"},
		{"telephone of country 0", provider(func(o *tx.RegisterProvider) { o.Telephone = "+0700000000" }), "telephone is not in E.164 form"},
		{"telephone with a space", provider(func(o *tx.RegisterProvider) { o.Telephone = "+254 7" }), "telephone is not in E.164 form"},
		{"plus alone", provider(func(o *tx.RegisterProvider) { o.Telephone = "+" }), "telephone is not in E.164 form"},

		{"attestor", attestor(func(*tx.Attestor) {}), ""},
		{"attestor of no provider", attestor(func(a *tx.Attestor) { a.Provider, a.Endpoints = nil, nil }), ""},
		{"attestor's key off the curve", attestor(func(a *tx.Attestor) { a.Key = offCurve }), "attestor key"},
		{"attestor of no name", attestor(func(a *tx.Attestor) { a.Name = "" }), "attestor name is 0 bytes"},
		{"attestor of 9 endpoints", attestor(func(a *tx.Attestor) { a.Endpoints = many(9, 1) }), "attestor endpoints are 9"},
	})
}

func TestFeeScheduleRules(t *testing.T) {
	bands := func(b ...tx.FeeBand) tx.Operation {
		return but(sampleFees(), func(o *tx.PublishFees) { o.Bands = b })
	}
	var many []tx.FeeBand
	for i := range 16 {
		many = append(many, tx.FeeBand{UpTo: amount.Amount(i + 1)})
	}
	last := tx.FeeBand{}
	checkRules(t, []rule{
		{"three bands", sampleFees(), ""},
		{"free", bands(last), ""},
		{"no bands", bands(), "publish_fees has 0 bands, not 1 to 16"},
		{"16 bands", bands(append(many[:15:15], last)...), ""},
		{"17 bands", bands(append(many[:16:16], last)...), "publish_fees has 17 bands"},
		{"last band has a bound", bands(many[0]), "publish_fees band 0: the last band, and no other, has no bound"},
		{"another band has none", bands(last, last), "publish_fees band 0: the last band, and no other"},
		{"bands descend", bands(many[1], many[0], last), "publish_fees bands must be ascending"},
		{"two bands of one bound", bands(many[0], many[0], last), "publish_fees bands must be ascending"},
		{"bound of 2^63 - 1", bands(tx.FeeBand{UpTo: amount.Max}, last), ""},
		{"bound of 2^63", bands(tx.FeeBand{UpTo: amount.Max + 1}, last), "publish_fees bands must be ascending by up_to, below 2^63"},
		{"flat part of 2^63 - 1", bands(tx.FeeBand{Flat: amount.Max}), ""},
		{"flat part of 2^63", bands(tx.FeeBand{Flat: amount.Max + 1}), "publish_fees band 0 flat"},
		{"all of the amount", bands(tx.FeeBand{BasisPoints: 10_000}), ""},
		{"more than the amount", bands(tx.FeeBand{BasisPoints: 10_001}), "publish_fees band 0 basis_points are above 10000"},
		{"asset 0", but(sampleFees(), func(o *tx.PublishFees) { o.Asset = 0 }), "publish_fees names no asset"},
		{"version 0", but(sampleFees(), func(o *tx.PublishFees) { o.Version = 0 }), "publish_fees version is zero"},
	})
}

// TestFeeFor: the first band that holds the amount decides, shares are rounded down, and nothing overflows.
func TestFeeFor(t *testing.T) {
	bands := []tx.FeeBand{{UpTo: 100}, {UpTo: 1000, Flat: 5, BasisPoints: 1}, {Flat: 10, BasisPoints: 50}}
	all := []tx.FeeBand{{BasisPoints: 10_000}}
	for _, row := range []struct {
		bands []tx.FeeBand
		a     amount.Amount
		want  amount.Amount
		ok    bool
	}{
		{bands, 1, 0, true}, {bands, 100, 0, true}, {bands, 101, 5, true}, {bands, 1000, 5, true},
		{bands, 1001, 15, true}, {bands, 10_000, 60, true}, {bands, 10_199, 60, true}, {bands, 10_200, 61, true},
		{all, amount.Max, amount.Max, true}, {[]tx.FeeBand{{Flat: 1, BasisPoints: 10_000}}, amount.Max, 0, false},
		{[]tx.FeeBand{{BasisPoints: 9_999}}, amount.Max, amount.Max - amount.Max/10_000 - 1, true},
	} {
		if got, ok := tx.FeeFor(row.bands, row.a); got != row.want || ok != row.ok {
			t.Errorf("fee for %d of %v is %d, %v; want %d, %v", row.a, row.bands, got, ok, row.want, row.ok)
		}
	}
}
