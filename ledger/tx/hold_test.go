package tx_test

import (
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

func TestHoldRules(t *testing.T) {
	hold := func(change func(*tx.PlaceHold)) tx.Operation { return but(sampleHold(), change) }
	capture := func(asset tx.Asset, a amount.Amount) tx.Operation { return tx.CaptureHold{Asset: asset, Amount: a} }
	checkRules(t, []rule{
		{"everything", sampleHold(), ""},
		{"for an account", hold(func(o *tx.PlaceHold) { o.Alias = nil }), ""},
		{"for a number that nobody has bound", hold(func(o *tx.PlaceHold) { o.Credit = nil }), ""},
		{"for nobody", hold(func(o *tx.PlaceHold) { o.Credit, o.Alias = nil, nil }), "place_hold names neither credit nor alias"},
		{"of asset 0", hold(func(o *tx.PlaceHold) { o.Asset = 0 }), "place_hold names no asset"},
		{"of nothing", hold(func(o *tx.PlaceHold) { o.Amount = 0 }), "place_hold amount"},
		{"of 2^63", hold(func(o *tx.PlaceHold) { o.Amount, o.Fee = amount.Max+1, nil }), "place_hold amount"},
		{"amount and fee 2^63 - 1", hold(func(o *tx.PlaceHold) { o.Amount = amount.Max - 100 }), ""},
		{"amount and fee 2^63", hold(func(o *tx.PlaceHold) { o.Amount = amount.Max - 99 }), "place_hold amount and fee"},
		{"fee of no schedule", hold(func(o *tx.PlaceHold) { o.Fee.ScheduleVersion = 0 }), "place_hold fee names no schedule version"},
		{"that returns", hold(func(o *tx.PlaceHold) { o.OnExpiry = tx.ExpiryReturns }), ""},
		{"that does not say what its expiry does", hold(func(o *tx.PlaceHold) { o.OnExpiry = 0 }), "place_hold on_expiry is unknown"},
		{"that does something unknown", hold(func(o *tx.PlaceHold) { o.OnExpiry = 3 }), "place_hold on_expiry is unknown"},
		{"for ever", hold(func(o *tx.PlaceHold) { o.ExpiresAtUnixMs = 0 }), "place_hold expires_at_unix_ms is zero"},
		{"reference of 65 bytes", hold(func(o *tx.PlaceHold) { o.Reference = strings.Repeat("x", 65) }), "place_hold reference"},
		{"reference not UTF-8", hold(func(o *tx.PlaceHold) { o.Reference = "\xff" }), "place_hold reference"},

		{"capture", capture(1, amount.Max), ""},
		{"capture of asset 0", capture(0, 1), "capture_hold names no asset"},
		{"capture of nothing", capture(1, 0), "capture_hold amount"},
		{"capture of 2^63", capture(1, amount.Max+1), "capture_hold amount"},
	})
}

func TestRequestRules(t *testing.T) {
	request := func(change func(*tx.RequestPayment)) tx.Operation { return but(sampleRequest(), change) }
	checkRules(t, []rule{
		{"everything", sampleRequest(), ""},
		{"of asset 0", request(func(o *tx.RequestPayment) { o.Asset = 0 }), "request_payment names no asset"},
		{"of nothing", request(func(o *tx.RequestPayment) { o.Amount = 0 }), "request_payment amount"},
		{"of 2^63", request(func(o *tx.RequestPayment) { o.Amount = amount.Max + 1 }), "request_payment amount"},
		{"for ever", request(func(o *tx.RequestPayment) { o.ExpiresAtUnixMs = 0 }), "request_payment expires_at_unix_ms is zero"},
		{"reference of 65 bytes", request(func(o *tx.RequestPayment) { o.Reference = strings.Repeat("x", 65) }), "request_payment reference"},
		{"reference not UTF-8", request(func(o *tx.RequestPayment) { o.Reference = "\xff" }), "request_payment reference"},
		{"of oneself: the ledger's to refuse, with a code", request(func(o *tx.RequestPayment) { o.Debit = o.Credit }), ""},
	})
}

// TestMadeIDs: the first 16 bytes of a tagged hash of transaction and position, under a tag of its own for each kind.
func TestMadeIDs(t *testing.T) {
	id := tx.ID(fill(3, 32))
	for _, row := range []struct {
		tag string
		got [16]byte
	}{
		{"umoja/hold/v1", tx.NewHoldID(id, 258)},
		{"umoja/request/v1", tx.NewRequestID(id, 258)},
		{"umoja/ballot/v1", tx.NewBallotID(id, 258)},
	} {
		want := key.TaggedHash(row.tag, cat(id[:], []byte{0, 0, 1, 2}))
		if row.got != [16]byte(want[:16]) {
			t.Errorf("%s: got %x, want %x", row.tag, row.got, want[:16])
		}
	}
	if tx.NewHoldID(id, 0) == tx.NewHoldID(id, 1) || tx.NewHoldID(id, 0) == tx.NewHoldID(tx.ID{}, 0) {
		t.Error("two holds share an id")
	}
	if got := (tx.HoldID{0xab}).String(); got != "ab"+strings.Repeat("0", 30) {
		t.Errorf("text of a hold is %s", got)
	}
}
