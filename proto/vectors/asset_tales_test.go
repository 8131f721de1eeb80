package vectors_test

import (
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// assetTales are about assets and about who carries payments in them.
func assetTales(m *maker) []vectors.Ledger {
	return []vectors.Ledger{
		m.tell("asset-defined-issued-redeemed", "four-validators", "An issuer defines an asset, issues and redeems it, and says what backs it.", assets),
		m.tell("vouchers", "four-validators", "Vouchers are spent at payees that the issuer lists, until a date; what is left then returns to the issuer by itself.", vouchers),
		m.tell("limits-replaced", "four-validators", "An issuer replaces the limits of its asset; a tier that it does not name has that of the next lower one, and without any no tier is limited.", limitsReplaced),
		m.tell("providers-and-keys", "two-providers", "Anybody who owns an account may be a provider; a key that was a provider's once is never another's.", providers),
		m.tell("fees-published", "two-providers", "A provider's schedules follow each other; a raise is published eight days before.", feesPublished),
	}
}

func assets(s *story) {
	issuer, id := by(s.Issuer), s.IssuerAccount
	s.funded(0, "Baraka")
	owner, baraka := s.wallet("Baraka")
	points := tx.DefineAsset{Issuer: id, Code: "POINTS", Scale: 0, Kind: tx.Money}
	other, nobody := points, points
	other.Code, nobody.Arbiter = "KES", ptr(s.id(1))
	const number = 2
	issue := func(to tx.AccountID, a amount.Amount) tx.Issue { return tx.Issue{Asset: number, Credit: to, Amount: a} }
	redeem := func(a amount.Amount) tx.Redeem { return tx.Redeem{Asset: number, Issuer: id, Amount: a} }
	s.batch("Assets are numbered in the order of definition.",
		s.act(tx.Unauthorised, "Who is no issuer defines nothing.", by(owner), func() tx.DefineAsset { o := points; o.Issuer = baraka; return o }()),
		s.act(tx.AssetCodeTaken, "A code that another asset has.", issuer, other),
		s.act(tx.CreditAccountUnknown, "An arbiter whom nobody knows.", issuer, nobody),
		s.ok("Asset 2.", issuer, points),
		s.act(tx.AssetCodeTaken, "Once.", issuer, points),
	)
	s.batch("Supply is what was issued and not redeemed.",
		s.act(tx.Unauthorised, "Nobody else issues.", by(owner), issue(baraka, 1)),
		s.act(tx.Unauthorised, "Nobody issues what does not exist.", issuer, tx.Issue{Asset: 77, Credit: baraka, Amount: 1}),
		s.act(tx.CreditAccountUnknown, "To nobody.", issuer, issue(s.id(1), 1)),
		s.ok("1,000 to Baraka.", issuer, issue(baraka, 1000)),
		s.act(tx.AmountOverflow, "The supply would pass 2^63 - 1.", issuer, issue(s.Juma.Account, amount.Max-999)),
		s.act(tx.InsufficientBalance, "The issuer has none to redeem.", issuer, redeem(1)),
		s.ok("Baraka gives 400 back.", by(owner), tx.Transfer{Debit: baraka, Credit: id, Asset: number, Amount: 400}),
		s.ok("Which are redeemed.", issuer, redeem(400)),
		s.ok("So there is room for as many more.", issuer, issue(s.Juma.Account, amount.Max-600)),
	)
	reserve := func(sum amount.Amount, asOf uint64) tx.StateReserve {
		return tx.StateReserve{Asset: number, Issuer: id, Reserve: sum, AsOfUnixMs: asOf, EvidenceHash: evidence("letter of the bank")}
	}
	s.batch("The issuer's word of what backs it.",
		s.act(tx.TimeNotValid, "Of tomorrow.", issuer, reserve(600, s.chain.TimeUnixMs+1)),
		s.ok("Of now.", issuer, reserve(600, s.chain.TimeUnixMs)),
		s.act(tx.TimeNotValid, "A statement is later than the one before.", issuer, reserve(500, s.chain.TimeUnixMs)),
		s.act(tx.Unauthorised, "Nobody else says it.", by(owner), reserve(1, s.chain.TimeUnixMs)),
	)
}

func vouchers(s *story) {
	issuer, id := by(s.Issuer), s.IssuerAccount
	s.funded(0, "Farmer", "Shop", "Bar")
	farmer, field := s.wallet("Farmer")
	shop, counter := s.wallet("Shop")
	bar, pub := s.wallet("Bar")
	until := s.chain.TimeUnixMs + 10*day
	seeds := tx.DefineAsset{Issuer: id, Code: "SEED26", Kind: tx.Voucher, SpendUntilUnixMs: until}
	const number = 2
	list := func(to tx.AccountID, listed bool) tx.ListPayee {
		return tx.ListPayee{Asset: number, Issuer: id, Payee: to, Listed: listed}
	}
	spend := func(from, to tx.AccountID, a amount.Amount) tx.Transfer {
		return tx.Transfer{Debit: from, Credit: to, Asset: number, Amount: a}
	}
	old := seeds
	old.SpendUntilUnixMs = s.chain.TimeUnixMs
	s.batch("",
		s.act(tx.TimeNotValid, "Vouchers that have ended already.", issuer, old),
		s.ok("Vouchers for seed, for ten days.", issuer, seeds),
		s.ok("The shop is listed.", issuer, list(counter, true)),
		s.act(tx.NothingToChange, "Once.", issuer, list(counter, true)),
		s.act(tx.CreditAccountUnknown, "Nobody is not listed.", issuer, list(s.id(1), true)),
		s.act(tx.AssetIsNoVoucher, "Money has no list.", issuer, tx.ListPayee{Asset: ledgertest.KES, Issuer: id, Payee: counter, Listed: true}),
		s.act(tx.Unauthorised, "Only the issuer lists.", by(bar), list(pub, true)),
		s.ok("100 to the farmer, 50 to Juma.", issuer, tx.Issue{Asset: number, Credit: field, Amount: 100}, tx.Issue{Asset: number, Credit: s.Juma.Account, Amount: 50}),
	)
	hold := tx.PlaceHold{Debit: field, Credit: &counter, Asset: number, Amount: 10, OnExpiry: tx.ExpiryReturns, ExpiresAtUnixMs: until}
	tooLong, forNumber, forBar := hold, hold, hold
	tooLong.ExpiresAtUnixMs++
	forNumber.Credit, forNumber.Alias = nil, &s.Amina.Alias
	forBar.Credit = &pub
	s.batch("What they are for.",
		s.act(tx.PayeeNotListed, "Not for beer.", by(farmer), spend(field, pub, 10)),
		s.ok("For seed.", by(farmer), spend(field, counter, 30)),
		s.ok("Back to the issuer at any time.", by(farmer), spend(field, id, 5)),
		s.act(tx.PayeeNotListed, "The shop pays nobody else with them.", by(shop), spend(counter, pub, 1)),
		s.act(tx.PayeeNotListed, "Nor is a fee paid with them to a provider that is not listed.", by(farmer), tx.Transfer{
			Debit: field, Credit: counter, Asset: number, Amount: 1, Fee: &tx.Fee{Provider: s.ProviderAccount, ScheduleVersion: 1, Amount: 1},
		}),
		s.act(tx.TimeNotValid, "A hold of them ends before they do.", by(farmer), tooLong),
		s.act(tx.PayeeNotListed, "Nobody knows whether who claims a number will be listed.", by(farmer), forNumber),
		s.act(tx.PayeeNotListed, "A hold is for somebody listed.", by(farmer), forBar),
		s.ok("10 are held for the shop until the end.", by(farmer), hold),
		s.ok("The shop is taken off the list.", issuer, list(counter, false)),
		s.act(tx.PayeeNotListed, "It takes no more.", by(farmer), spend(field, counter, 1)),
	)
	s.tick(until - s.chain.TimeUnixMs)
	s.pace = 1
	s.batch("Their last millisecond.", s.ok("The shop's vouchers are its own: some go to the issuer.", by(shop), spend(counter, id, 10)))
	s.does(tx.HoldReturned, tx.VoucherReturned, tx.VoucherReturned)
	s.batch("Then holds of them end first, and what is left at anybody who was never listed returns.",
		s.act(tx.VoucherExpired, "The issuer makes no more.", issuer, tx.Issue{Asset: number, Credit: field, Amount: 1}),
		s.act(tx.VoucherExpired, "The list has decided who keeps what.", issuer, list(pub, true)),
		s.act(tx.VoucherExpired, "Whoever has none cannot pay with them.", by(farmer), spend(field, counter, 1)),
		s.ok("The shop keeps what it took, and gives it to the issuer.", by(shop), spend(counter, id, 20)),
		s.ok("Who redeems all of them: the money is paid outside of the ledger.", issuer, tx.Redeem{Asset: number, Issuer: id, Amount: 150}),
	)
}

func limitsReplaced(s *story) {
	s.funded(100_000_00, "Baraka")
	owner, baraka := s.wallet("Baraka")
	limits := tx.SetLimits{Asset: ledgertest.KES, Issuer: s.IssuerAccount, Limits: []tx.TierLimit{{CapTransaction: 100_00, CapDay: 150_00}}}
	s.batch("",
		s.act(tx.Unauthorised, "Nobody but the issuer.", by(owner), func() tx.SetLimits { o := limits; o.Issuer = baraka; return o }()),
		s.ok("The lowest tier: 100.00 and 150.00 a day. Tier 1 has no limit of its own any more.", by(s.Issuer), limits),
		s.act(tx.LimitTransaction, "100.01 is too much.", by(owner), pays(baraka, s.Juma.Account, 100_01)),
		s.ok("100.00 is not.", by(owner), pays(baraka, s.Juma.Account, 100_00)),
		s.act(tx.LimitDay, "50.01 more is.", by(owner), pays(baraka, s.Juma.Account, 50_01)),
		s.ok("Baraka is checked.", by(s.Attestors[0]), tx.SetTier{Account: baraka, Tier: 1, CheckedAtUnixMs: now, EvidenceHash: evidence("passport")}),
		s.act(tx.LimitTransaction, "Tier 1 has what the tier below has.", by(owner), pays(baraka, s.Juma.Account, 100_02)),
		s.ok("No limits at all.", by(s.Issuer), tx.SetLimits{Asset: ledgertest.KES, Issuer: s.IssuerAccount}),
		s.ok("An asset without any is not limited.", by(owner), pays(baraka, s.Juma.Account, 90_000_00)),
	)
}

func providers(s *story) {
	s.funded(100_00, "Baraka", "Dada")
	owner, baraka := s.wallet("Baraka")
	other, dada := s.wallet("Dada")
	first, second := s.Key(s.t, "teller 1"), s.Key(s.t, "teller 2")
	enter := func(id tx.AccountID, k [32]byte, name string) tx.RegisterProvider {
		return tx.RegisterProvider{Account: id, Key: k, Name: name, Codes: []string{"*500#"}}
	}
	s.batch("",
		s.act(tx.Unauthorised, "A provider shows that it has the key.", by(owner), enter(baraka, first.Public(), "Baraka Pay")),
		s.act(tx.KeyTaken, "A key that another provider has.", append(by(owner), s.Provider), enter(baraka, s.Provider.Public(), "Baraka Pay")),
		s.ok("Baraka becomes a provider.", by(owner, first), enter(baraka, first.Public(), "Baraka Pay")),
		s.ok("And replaces his key.", by(owner, second), enter(baraka, second.Public(), "Baraka Pay")),
		s.act(tx.KeyTaken, "The old key stays his: nobody else gets the grants to it.", by(other, first), enter(dada, first.Public(), "Dada Pay")),
		s.act(tx.AccountUnknown, "A provider has an account.", by(other, first), enter(s.id(1), first.Public(), "Nobody")),
	)
	s.batch("A grant to a retired key holds for the provider's own fees as before.",
		s.ok("Dada grants the old key something.", by(other), tx.IssueGrant{
			Account: dada, Grantee: first.Public(), Operations: []tx.GrantedOperation{tx.GrantTransfer}, Asset: ledgertest.KES, CapTransaction: 10_00, CapDay: 10_00,
			FeeCeiling: 1_00, ExpiresAtUnixMs: s.chain.TimeUnixMs + day,
		}),
		s.ok("Baraka publishes what he takes.", by(owner), tx.PublishFees{Provider: baraka, Asset: ledgertest.KES, Version: 1, Bands: []tx.FeeBand{{Flat: 5}}, EffectiveAtUnixMs: s.chain.TimeUnixMs}),
		s.act(tx.Unauthorised, "Not for another's.", by(first), s.carried(pays(dada, s.Juma.Account, 1_00))),
		s.ok("For its own.", by(first), func() tx.Transfer {
			o := pays(dada, s.Juma.Account, 1_00)
			o.Fee = &tx.Fee{Provider: baraka, ScheduleVersion: 1, Amount: 5}
			return o
		}()),
	)
}

func feesPublished(s *story) {
	provider, id := by(s.Provider), s.ProviderAccount
	publish := func(version uint32, effective uint64, bands ...tx.FeeBand) tx.PublishFees {
		return tx.PublishFees{Provider: id, Asset: ledgertest.KES, Version: version, Bands: bands, EffectiveAtUnixMs: effective}
	}
	pay := func(version uint32, sum, fee amount.Amount) tx.Transfer {
		o := pays(s.Juma.Account, s.Amina.Account, sum)
		o.Fee = &tx.Fee{Provider: id, ScheduleVersion: version, Amount: fee}
		return o
	}
	now := s.chain.TimeUnixMs
	s.batch("The genesis has a second schedule from day ten on.",
		s.act(tx.FeeSchedulePending, "One is published already that is not in effect yet.", provider, publish(3, now+20*day, tx.FeeBand{})),
	)
	s.tick(10*day - (s.chain.TimeUnixMs - ledgertest.GenesisTimeUnixMs))
	now = s.chain.TimeUnixMs
	s.batch("Now it is: free up to 100.00, 1.00 up to 1,000.00, then 2.00 and half a percent.",
		s.ok("100.00 cost nothing.", provider, pay(2, 100_00, 0)),
		s.ok("100.01 cost 1.00.", provider, pay(2, 100_01, 1_00)),
		s.ok("1,000.01 cost 7.00: the share is rounded down.", provider, pay(2, 1_000_01, 7_00)),
		s.act(tx.FeeMismatch, "Not a unit more.", provider, pay(2, 1_000_01, 7_01)),
		s.act(tx.ProviderUnknown, "Who is no provider publishes nothing.", by(s.Issuer), tx.PublishFees{
			Provider: s.IssuerAccount, Asset: ledgertest.KES, Version: 1, Bands: []tx.FeeBand{{}}, EffectiveAtUnixMs: now,
		}),
		s.act(tx.AssetUnknown, "Nor in an asset that nobody has defined.", provider, tx.PublishFees{Provider: id, Asset: 77, Version: 3, Bands: []tx.FeeBand{{}}, EffectiveAtUnixMs: now}),
		s.act(tx.Unauthorised, "Nor does anybody else in its name.", by(s.Issuer), publish(3, now, tx.FeeBand{})),
		s.act(tx.VersionNotNext, "Version 3 is the next.", provider, publish(4, now+8*day, tx.FeeBand{})),
		s.act(tx.TimeNotValid, "Nothing takes effect in the past.", provider, publish(3, now-1, tx.FeeBand{})),
		s.act(tx.TimeNotValid, "Nor in more than a year.", provider, publish(3, now+365*day+1, tx.FeeBand{})),
		s.act(tx.FeeRaiseTooSoon, "A raise of some amounts is a raise: half a unit at 100.00.", provider, publish(3, now+8*day-1, tx.FeeBand{UpTo: 99_99}, tx.FeeBand{UpTo: 1_000_00, Flat: 1_00}, tx.FeeBand{Flat: 2_00, BasisPoints: 50})),
		s.ok("Eight days ahead it is published.", provider, publish(3, now+8*day, tx.FeeBand{UpTo: 99_99}, tx.FeeBand{UpTo: 1_000_00, Flat: 1_00}, tx.FeeBand{Flat: 2_00, BasisPoints: 50})),
	)
	s.tick(8*day - s.pace)
	s.batch("What lowers every fee takes effect at once.",
		s.ok("The raise is in effect.", provider, pay(3, 100_00, 1_00)),
		s.ok("Version 4: free.", provider, publish(4, s.chain.TimeUnixMs+1, tx.FeeBand{})),
	)
	s.batch("", s.ok("100.00 cost nothing again.", provider, pay(4, 100_00, 0)))
	tzsFees := publish(5, s.chain.TimeUnixMs, tx.FeeBand{Flat: 3})
	tzsFees.Asset = tzs
	s.batch("The first schedule for an asset raises nothing: without one the provider can carry nothing in it.", s.ok("TZS, at once.", provider, tzsFees))
}
