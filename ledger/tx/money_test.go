package tx_test

import (
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

func TestAssetRules(t *testing.T) {
	asset := func(change func(*tx.DefineAsset)) tx.Operation { return but(sampleAsset(), change) }
	limits := func(l ...tx.TierLimit) tx.Operation { return tx.SetLimits{Asset: 1, Limits: l} }
	var all []tx.TierLimit
	for tier := range uint32(10) {
		all = append(all, tx.TierLimit{Tier: tier, CapTransaction: 1, CapDay: amount.Max})
	}
	checkRules(t, []rule{
		{"vouchers", sampleAsset(), ""},
		{"money", asset(func(o *tx.DefineAsset) { o.Kind, o.SpendUntilUnixMs = tx.Money, 0 }), ""},
		{"money with a last day", asset(func(o *tx.DefineAsset) { o.Kind = tx.Money }), "define_asset spend_until_unix_ms must be zero exactly for money"},
		{"vouchers for ever", asset(func(o *tx.DefineAsset) { o.SpendUntilUnixMs = 0 }), "define_asset spend_until_unix_ms"},
		{"of no kind", asset(func(o *tx.DefineAsset) { o.Kind, o.SpendUntilUnixMs = 0, 0 }), "define_asset kind is unknown"},
		{"of an unknown kind", asset(func(o *tx.DefineAsset) { o.Kind = 3 }), "define_asset kind is unknown"},
		{"without code", asset(func(o *tx.DefineAsset) { o.Code = "" }), "define_asset code"},
		{"code of 12", asset(func(o *tx.DefineAsset) { o.Code = "0123456789AZ" }), ""},
		{"code of 13", asset(func(o *tx.DefineAsset) { o.Code = "0123456789AZZ" }), "define_asset code"},
		{"code of small letters", asset(func(o *tx.DefineAsset) { o.Code = "KeS" }), "define_asset code"},
		{"code of two words", asset(func(o *tx.DefineAsset) { o.Code = "K S" }), "define_asset code"},
		{"scale 18", asset(func(o *tx.DefineAsset) { o.Scale = 18 }), ""},
		{"scale 19", asset(func(o *tx.DefineAsset) { o.Scale = 19 }), "define_asset scale is 19, above 18"},
		{"limits that break a rule", asset(func(o *tx.DefineAsset) { o.Limits[0].CapDay = 1 }), "define_asset limit caps"},
		{"inflow of 2^63", asset(func(o *tx.DefineAsset) { o.ProvisionalInflowDay = amount.Max + 1 }), "define_asset provisional_inflow_day"},

		{"no limits", limits(), ""},
		{"a limit for each tier", limits(all...), ""},
		{"limit of tier 10", limits(tx.TierLimit{Tier: 10, CapTransaction: 1, CapDay: 1}), "set_limits limit tier is 10, above 9"},
		{"limits descend", limits(all[2], all[1]), "set_limits limits must be ascending"},
		{"two limits of a tier", limits(all[2], all[2]), "set_limits limits must be ascending by tier, each once"},
		{"limit of nothing", limits(tx.TierLimit{CapDay: 1}), "set_limits limit caps"},
		{"limit whose day is less than a transaction", limits(tx.TierLimit{CapTransaction: 2, CapDay: 1}), "set_limits limit caps"},
		{"limit of 2^63", limits(tx.TierLimit{CapTransaction: 1, CapDay: amount.Max + 1}), "set_limits limit caps"},
		{"limits of asset 0", tx.SetLimits{}, "set_limits names no asset"},
		{"inflow of 2^63 - 1", tx.SetLimits{Asset: 1, ProvisionalInflowDay: amount.Max}, ""},
		{"inflow above it", tx.SetLimits{Asset: 1, ProvisionalInflowDay: amount.Max + 1}, "set_limits provisional_inflow_day"},

		{"payee of asset 0", tx.ListPayee{}, "list_payee names no asset"},
		{"issue of asset 0", tx.Issue{Amount: 1}, "issue names no asset"},
		{"issue of nothing", tx.Issue{Asset: 1}, "issue amount"},
		{"issue of 2^63 - 1", tx.Issue{Asset: 1, Amount: amount.Max}, ""},
		{"issue of 2^63", tx.Issue{Asset: 1, Amount: amount.Max + 1}, "issue amount"},
		{"redemption of asset 0", tx.Redeem{Amount: 1}, "redeem names no asset"},
		{"redemption of nothing", tx.Redeem{Asset: 1}, "redeem amount"},
		{"redemption of 2^63", tx.Redeem{Asset: 1, Amount: amount.Max + 1}, "redeem amount"},
		{"reserve of nothing", tx.StateReserve{Asset: 1, AsOfUnixMs: 1}, ""},
		{"reserve of asset 0", tx.StateReserve{AsOfUnixMs: 1}, "state_reserve names no asset"},
		{"reserve of 2^63", tx.StateReserve{Asset: 1, AsOfUnixMs: 1, Reserve: amount.Max + 1}, "state_reserve reserve"},
		{"reserve of no day", tx.StateReserve{Asset: 1}, "state_reserve as_of_unix_ms is zero"},
	})
}

func TestTransferRules(t *testing.T) {
	transfer := func(change func(*tx.Transfer)) tx.Operation { return but(sampleTransfer(), change) }
	checkRules(t, []rule{
		{"everything", sampleTransfer(), ""},
		{"least", tx.Transfer{Asset: 1, Amount: 1}, ""},
		{"asset 0", transfer(func(o *tx.Transfer) { o.Asset = 0 }), "transfer names no asset"},
		{"amount 0", transfer(func(o *tx.Transfer) { o.Amount = 0 }), "transfer amount"},
		{"amount 2^63 - 1, fee 0", transfer(func(o *tx.Transfer) { o.Amount, o.Fee.Amount = amount.Max, 0 }), ""},
		{"amount 2^63", transfer(func(o *tx.Transfer) { o.Amount, o.Fee = amount.Max+1, nil }), "transfer amount"},
		{"amount and fee 2^63 - 1", transfer(func(o *tx.Transfer) { o.Amount = amount.Max - 100 }), ""},
		{"amount and fee 2^63", transfer(func(o *tx.Transfer) { o.Amount = amount.Max - 99 }), "transfer amount and fee"},
		{"fee 2^64 - 1", transfer(func(o *tx.Transfer) { o.Fee.Amount = 1<<64 - 1 }), "transfer amount and fee"},
		{"fee of no schedule", transfer(func(o *tx.Transfer) { o.Fee.ScheduleVersion = 0 }), "transfer fee names no schedule version"},
		{"reference of 64 bytes", transfer(func(o *tx.Transfer) { o.Reference = strings.Repeat("é", 32) }), ""},
		{"reference of 65 bytes", transfer(func(o *tx.Transfer) { o.Reference = strings.Repeat("x", 65) }), "transfer reference"},
		{"reference not UTF-8", transfer(func(o *tx.Transfer) { o.Reference = "\xff" }), "transfer reference"},
		{"to oneself: the ledger's to refuse, with a code", transfer(func(o *tx.Transfer) { o.Credit = o.Debit }), ""},
	})
}

func TestBulkTransferRules(t *testing.T) {
	bulk := func(change func(*tx.BulkTransfer)) tx.Operation { return but(sampleBulk(), change) }
	legs := func(n int, each amount.Amount) tx.Operation {
		return bulk(func(o *tx.BulkTransfer) {
			o.Legs, o.Fee = nil, nil
			for range n {
				o.Legs = append(o.Legs, tx.BulkLeg{Credit: account(2), Amount: each})
			}
		})
	}
	checkRules(t, []rule{
		{"each", sampleBulk(), ""},
		{"atomic", bulk(func(o *tx.BulkTransfer) { o.Mode = tx.Atomic }), ""},
		{"of no mode", bulk(func(o *tx.BulkTransfer) { o.Mode = 0 }), "bulk_transfer mode is unknown"},
		{"of an unknown mode", bulk(func(o *tx.BulkTransfer) { o.Mode = 3 }), "bulk_transfer mode is unknown"},
		{"asset 0", bulk(func(o *tx.BulkTransfer) { o.Asset = 0 }), "bulk_transfer names no asset"},
		{"no leg", legs(0, 1), "bulk_transfer has 0 legs, not 1 to 400"},
		{"400 legs", legs(400, 1), ""},
		{"401 legs", legs(401, 1), "bulk_transfer has 401 legs, not 1 to 400"},
		{"leg of nothing", bulk(func(o *tx.BulkTransfer) { o.Legs[1].Amount = 0 }), "bulk_transfer leg 1 amount"},
		{"leg of 2^63", bulk(func(o *tx.BulkTransfer) { o.Legs[1].Amount = amount.Max + 1 }), "bulk_transfer leg 1 amount"},
		{"legs of 2^63 - 1 together", bulk(func(o *tx.BulkTransfer) { o.Legs[1].Amount, o.Fee.Amount = amount.Max-5, 0 }), ""},
		{"legs of 2^63 together", bulk(func(o *tx.BulkTransfer) { o.Legs[1].Amount, o.Fee = amount.Max-4, nil }), "bulk_transfer amount and fee"},
		{"legs that overflow 64 bits together", legs(3, amount.Max), "bulk_transfer amount and fee"},
		{"fee that passes 2^63 - 1", bulk(func(o *tx.BulkTransfer) { o.Legs[1].Amount, o.Fee.Amount = amount.Max-5, 1 }), "bulk_transfer amount and fee"},
		{"fee of no schedule", bulk(func(o *tx.BulkTransfer) { o.Fee.ScheduleVersion = 0 }), "bulk_transfer fee names no schedule version"},
		{"reference of 65 bytes", bulk(func(o *tx.BulkTransfer) { o.Reference = strings.Repeat("x", 65) }), "bulk_transfer reference"},
		{"reference not UTF-8", bulk(func(o *tx.BulkTransfer) { o.Reference = "\xff" }), "bulk_transfer reference"},
	})
}

func TestReturnRules(t *testing.T) {
	back := func(change func(*tx.Return)) tx.Operation { return but(sampleReturn(), change) }
	checkRules(t, []rule{
		{"by a provider", sampleReturn(), ""},
		{"by the owner", back(func(o *tx.Return) { o.Carrier = nil }), ""},
		{"of no leaf", back(func(o *tx.Return) { o.Leaf = nil }), "return leaf is empty"},
		{"of asset 0", back(func(o *tx.Return) { o.Asset = 0 }), "return names no asset"},
		{"of nothing", back(func(o *tx.Return) { o.Amount = 0 }), "return amount"},
		{"of 2^63", back(func(o *tx.Return) { o.Amount = amount.Max + 1 }), "return amount"},
	})
}
