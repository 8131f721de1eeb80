package vectors_test

import (
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// ruleTales go through the rules that several operations share, operation by operation: a program may hold one to a rule and forget another.
func ruleTales(m *maker) []vectors.Ledger {
	return []vectors.Ledger{
		m.tell("a-hold-is-a-debit", "two-providers", "Everything that refuses a transfer for its payer's sake refuses a hold as well, and is not asked again when the hold is captured.", holdRefusals),
		m.tell("a-leg-is-a-debit", "two-providers", "And each leg of a bulk transfer, by itself: what one leg was refused for, the next may keep.", legRefusals),
		m.tell("a-return-is-a-debit", "two-providers", "And a return to which the payee consents.", returnRefusals),
		m.tell("who-may", "two-providers", "Operation by operation, what the signers may not do, and what nobody may because the account does not exist.", mayNots),
		m.tell("frozen-issuer", "four-validators", "A frozen issuer makes and destroys nothing: a stolen issuer's key is what freezes are for.", frozenIssuer),
		m.tell("vouchers-held-and-returned", "four-validators", "Vouchers that were held or paid go nowhere else for it.", voucherRefusals),
	}
}

// clerk is a key with a grant of everything on an account: 100.00 and 150.00 a day, fees up to 1.00.
func (s *story) clerk(account tx.AccountID) (key.Private, tx.IssueGrant) {
	k := s.Key(s.t, "clerk")
	return k, tx.IssueGrant{
		Account: account, Grantee: k.Public(), Operations: tx.GrantAll(), Asset: ledgertest.KES, CapTransaction: 100_00, CapDay: 150_00, FeeCeiling: 1_00,
		ExpiresAtUnixMs: s.chain.TimeUnixMs + 30*day,
	}
}

func holdRefusals(s *story) {
	s.funded(10_000_00, "Baraka")
	owner, baraka := s.wallet("Baraka")
	clerk, grant := s.clerk(baraka)
	amina := s.Amina.Account
	hold := func(sum amount.Amount, fee *tx.Fee) tx.PlaceHold {
		h := s.holds(baraka, amina, sum)
		h.Fee = fee
		return h
	}
	rivals := &tx.Fee{Provider: s.accountOf("rival"), ScheduleVersion: 1, Amount: rivalsFee}
	other := hold(1_00, nil)
	other.Alias = &s.Juma.Alias
	s.batch("", s.ok("A clerk may do everything, up to 100.00 and 150.00 a day, with fees up to 1.00.", by(owner), grant))
	s.batch("What refuses a transfer refuses a hold.",
		s.act(tx.DebitAccountUnknown, "Of an account that nobody has opened.", by(clerk), s.holds(s.id(1), amina, 1)),
		s.act(tx.Unauthorised, "By a provider that has no grant.", by(s.Provider), hold(1_00, s.fee())),
		s.act(tx.AliasNotBoundToPayee, "For Amina by Juma's number.", by(owner), other),
		s.act(tx.FeeProviderUnknown, "With a fee to nobody.", by(owner), hold(1_00, &tx.Fee{Provider: amina, ScheduleVersion: 1, Amount: 1})),
		s.act(tx.FeeScheduleNotValid, "Under a schedule that was never published.", by(owner), hold(1_00, &tx.Fee{Provider: s.ProviderAccount, ScheduleVersion: 7, Amount: 1_00})),
		s.act(tx.FeeMismatch, "With another fee than it says.", by(owner), hold(1_00, &tx.Fee{Provider: s.ProviderAccount, ScheduleVersion: 1, Amount: 99})),
		s.act(tx.FeeAboveCeiling, "With a fee above the grant's ceiling.", by(clerk), hold(1_00, rivals)),
		s.act(tx.CapTransaction, "Above the cap, fee included.", by(clerk), hold(99_01, s.fee())),
		s.ok("At the cap, fee included.", by(clerk), hold(99_00, s.fee())),
		s.act(tx.CapDay, "Above what is left of the day.", by(clerk), hold(50_01, nil)),
		s.act(tx.LimitTransaction, "Above the limit of the tier, by the owner.", by(owner), hold(5_000_01, nil)),
		s.ok("At the limit.", by(owner), hold(5_000_00, nil)),
		s.act(tx.InsufficientBalance, "What is held is not there to hold again: 4,900.00 are left.", by(owner), hold(4_900_01, nil)),
		s.ok("The rest.", by(owner), hold(4_900_00, nil)),
	)
	s.tick(60 * minute)
	s.does(tx.HoldReturned, tx.HoldReturned, tx.HoldReturned)
	s.batch("Everything returns, and is used of the day all the same: who could hold and release and hold again would tie up a balance under a cap that never fills.",
		s.act(tx.CapDay, "The clerk's day is as full as before.", by(clerk), hold(50_01, nil)),
		s.ok("The tier's day is 20,000.00, of which 10,000.00 are used.", by(owner), hold(5_000_00, nil)),
		s.ok("And 5,000.00 more.", by(owner), hold(5_000_00, nil)),
		s.act(tx.LimitDay, "Now it is full.", by(owner), hold(1, nil)),
	)
}

func legRefusals(s *story) {
	s.funded(20_000_00, "Baraka")
	owner, baraka := s.wallet("Baraka")
	clerk, grant := s.clerk(baraka)
	juma, amina := s.Juma.Account, s.Amina.Account
	const number = "+254711000009"
	kofi := s.phone("Kofi")
	s.batch("",
		s.ok("A clerk may pay up to 100.00 and 150.00 a day, with fees up to 1.00.", by(owner), grant),
		s.ok("Kofi registers by phone, and his provider alone vouches for his number.", by(s.Provider), kofi, tx.BindAlias{
			Alias: s.number(number), Account: kofi.Account(), SealedName: s.sealed(number, "KOFI"),
		}),
	)
	leg := func(to tx.AccountID, sum amount.Amount) tx.BulkLeg { return tx.BulkLeg{Credit: to, Amount: sum} }
	pay := func(fee *tx.Fee, legs ...tx.BulkLeg) tx.BulkTransfer {
		return tx.BulkTransfer{Debit: baraka, Asset: ledgertest.KES, Mode: tx.Each, Legs: legs, Fee: fee}
	}
	provisional := func(sum amount.Amount) tx.BulkLeg {
		return tx.BulkLeg{Credit: kofi.Account(), Amount: sum, Alias: ptr(s.number(number))}
	}
	refused := func(leg uint32, code tx.Code) tx.LegResult { return tx.LegResult{Leg: leg, Code: code} }
	s.batch("Legs under a grant.",
		s.ok("100.01 is above the cap, 60.00 is not; with 40.01 more it would be.", by(clerk), pay(nil, leg(juma, 100_01), leg(amina, 60_00), leg(juma, 40_01), leg(amina, 30_00))).without(
			refused(0, tx.CapTransaction), refused(2, tx.CapTransaction),
		),
		s.ok("Of the day 60.00 are left.", by(clerk), pay(nil, leg(juma, 60_01), leg(amina, 60_00))).without(refused(0, tx.CapDay)),
		s.act(tx.NoLegApplied, "Each leg's fee is held to the ceiling.", by(clerk), pay(&tx.Fee{Provider: s.accountOf("rival"), ScheduleVersion: 1, Amount: rivalsFee}, leg(juma, 1))),
		s.act(tx.FeeAboveCeiling, "All or nothing says why.", by(clerk), func() tx.BulkTransfer {
			o := pay(&tx.Fee{Provider: s.accountOf("rival"), ScheduleVersion: 1, Amount: rivalsFee}, leg(juma, 1))
			o.Mode = tx.Atomic
			return o
		}()),
	)
	s.batch("Legs by the owner.",
		s.ok("The limit of the tier is for the operation: 5,000.00 over all legs.", by(owner), pay(nil, leg(juma, 4_000_00), leg(amina, 1_000_01), leg(baraka, 1), provisional(1_000_00))).without(
			refused(1, tx.LimitTransaction), refused(2, tx.SelfTransfer),
		),
		s.ok("Kofi's number has had its 1,000.00 of the day.", by(owner), pay(nil, provisional(1), leg(juma, 5_000_00))).without(refused(0, tx.ProvisionalInflow)),
		s.ok("5,000.00 more.", by(owner), pay(nil, leg(juma, 5_000_00))),
		s.ok("Of the tier's day 4,850.00 are left.", by(owner), pay(nil, leg(juma, 4_850_01), leg(juma, 4_850_00), leg(amina, 1))).without(refused(0, tx.LimitDay), refused(2, tx.LimitDay)),
	)
	s.batch("What concerns the payer refuses the whole.",
		s.act(tx.DebitAccountUnknown, "Of an account that nobody has opened.", by(clerk), tx.BulkTransfer{Debit: s.id(1), Asset: 1, Mode: tx.Each, Legs: []tx.BulkLeg{leg(juma, 1)}}),
		s.act(tx.Unauthorised, "By a provider that has no grant.", by(s.Provider), pay(s.fee(), leg(juma, 1))),
		s.act(tx.FeeProviderUnknown, "With a fee to nobody.", by(owner), pay(&tx.Fee{Provider: amina, ScheduleVersion: 1, Amount: 1}, leg(juma, 1))),
		s.act(tx.FeeScheduleNotValid, "Under a schedule that was never published.", by(owner), pay(&tx.Fee{Provider: s.ProviderAccount, ScheduleVersion: 7, Amount: 1_00}, leg(juma, 1))),
	)
	s.decided("Baraka is frozen.", tx.Freeze{Account: baraka, UntilUnixMs: s.chain.TimeUnixMs + day})
	s.does(tx.BallotEffective)
	s.batch("", s.act(tx.AccountFrozen, "No leg is looked at.", by(owner), pay(nil, leg(juma, 1))))
}

func returnRefusals(s *story) {
	s.funded(10_000_00, "Baraka")
	owner, baraka := s.wallet("Baraka")
	clerk, grant := s.clerk(baraka)
	chebet, id := s.Key(s.t, "chebet"), s.accountOf("chebet")
	fx := s.batch("",
		s.ok("Chebet pays Baraka 12,000.00.", by(chebet), pays(id, baraka, 12_000_00)),
		s.ok("And 11,000.00.", by(chebet), pays(id, baraka, 11_000_00)),
		s.ok("A clerk may give back up to 100.00 and 150.00 a day.", by(owner), grant),
	)
	back := func(sum amount.Amount) tx.Return { return given(fx, 0, baraka, id, sum) }
	asset, nobody := back(1), back(1)
	asset.Asset, nobody.Debit = tzs, s.id(1)
	unknown := back(1)
	unknown.Asset = 77
	s.batch("",
		s.act(tx.DebitAccountUnknown, "From an account that nobody has opened.", by(owner), nobody),
		s.act(tx.AssetUnknown, "Of an asset that nobody has defined.", by(owner), unknown),
		s.act(tx.TransferUnknown, "Of another asset than was paid.", by(owner), asset),
		s.act(tx.CapTransaction, "Above the clerk's cap.", by(clerk), back(100_01)),
		s.ok("At it.", by(clerk), back(100_00)),
		s.act(tx.CapDay, "Above what is left of his day.", by(clerk), back(50_01)),
		s.act(tx.LimitTransaction, "Above the limit of Baraka's tier, by himself.", by(owner), back(5_000_01)),
		s.ok("5,000.00, twice.", by(owner), back(5_000_00), back(5_000_00)),
		s.ok("And 4,900.00.", by(owner), given(fx, 1, baraka, id, 4_900_00)),
		s.act(tx.LimitDay, "5,000.00 are left of the tier's day.", by(owner), given(fx, 1, baraka, id, 5_000_00), given(fx, 1, baraka, id, 1)).at(1),
	)
	s.tick(day)
	s.batch("The next day.",
		s.ok("Baraka pays on nearly all that he has.", by(owner), pays(baraka, s.Juma.Account, 5_000_00), pays(baraka, s.Juma.Account, 5_000_00), pays(baraka, s.Juma.Account, 4_000_00)),
		s.act(tx.InsufficientBalance, "What is spent is not given back.", by(owner), given(fx, 1, baraka, id, 4_000_01)),
	)
	s.decided("Baraka is frozen.", tx.Freeze{Account: baraka, UntilUnixMs: s.chain.TimeUnixMs + day})
	s.does(tx.BallotEffective)
	s.batch("", s.act(tx.AccountFrozen, "Nor by who is frozen.", by(owner), given(fx, 1, baraka, id, 1)))
}

func mayNots(s *story) {
	thief := by(s.Key(s.t, "thief"))
	nobody, juma, amina := s.id(1), s.Juma.Account, s.Amina.Account
	attestors := by(s.Attestors[0], s.Attestors[1])
	request := tx.RequestPayment{Credit: amina, Debit: juma, Asset: ledgertest.KES, Amount: 1, ExpiresAtUnixMs: s.chain.TimeUnixMs + day}
	unasked, unborn := request, request
	unasked.Debit, unborn.Credit = nobody, nobody
	asked := s.ok("Amina asks Juma for a unit.", by(s.Provider), request)
	proposal := s.ok("v1 proposes something.", s.governor("v1"), s.proposes(tx.SetIssuer{Account: juma, Issuer: true}))
	s.batch("", asked, proposal)
	s.batch("A thief's signature, eight times.",
		s.act(tx.Unauthorised, "On a request in Amina's name.", thief, request),
		s.act(tx.Unauthorised, "On Juma's refusal of one.", thief, tx.DeclineRequest{Request: asked.request(), Account: juma}),
		s.act(tx.Unauthorised, "On a vote.", thief, tx.Vote{Ballot: proposal.ballot(), Validator: "v2", Yes: true}),
		s.act(tx.Unauthorised, "On a redemption.", thief, tx.Redeem{Asset: ledgertest.KES, Issuer: s.IssuerAccount, Amount: 1}),
		s.act(tx.Unauthorised, "On the second word for a recovery.", thief, tx.CompleteRecovery{Account: juma}),
		s.act(tx.Unauthorised, "On a grant to himself.", thief, func() tx.IssueGrant { g := s.grant(juma); g.Grantee = thief[0].Public(); return g }()),
		s.act(tx.Unauthorised, "On a tier.", thief, tx.SetTier{Account: juma, Tier: 9, CheckedAtUnixMs: now, EvidenceHash: evidence("forged")}),
		s.act(tx.Unauthorised, "On fees of a provider.", thief, tx.PublishFees{Provider: s.ProviderAccount, Asset: ledgertest.KES, Version: 3, Bands: []tx.FeeBand{{}}, EffectiveAtUnixMs: s.chain.TimeUnixMs}),
	)
	s.batch("What nobody has opened, nobody has authority over, eight times.",
		s.act(tx.DebitAccountUnknown, "Who is asked for money exists.", by(s.Provider), unasked),
		s.act(tx.AccountUnknown, "So does who asks.", thief, unborn),
		s.act(tx.AccountUnknown, "A refusal.", thief, tx.DeclineRequest{Request: asked.request(), Account: nobody}),
		s.act(tx.AccountUnknown, "A capture.", thief, capturing(tx.HoldID{9}, juma, nobody, 1)),
		s.act(tx.AccountUnknown, "A release.", thief, tx.ReleaseHold{Hold: tx.HoldID{9}, Debit: nobody}),
		s.act(tx.AccountUnknown, "The end of a number.", attestors, tx.ReleaseAlias{Alias: s.Juma.Alias, Account: nobody}),
		s.act(tx.AccountUnknown, "The end of a move.", attestors, tx.CancelMove{Alias: s.Juma.Alias, Account: nobody}),
		s.act(tx.AccountUnknown, "Its confirmation.", attestors, tx.ConfirmMove{Alias: s.Juma.Alias, Account: nobody}),
	)
	s.batch("And five more.",
		s.act(tx.AccountUnknown, "A move from it.", append(attestors, s.Provider), tx.StartMove{Alias: s.Juma.Alias, From: nobody, To: nobody, OldGrantee: ptr(s.Provider.Public())}),
		s.act(tx.AccountUnknown, "The end of a recovery.", attestors, tx.CancelRecovery{Account: nobody}),
		s.act(tx.AccountUnknown, "Its confirmation.", attestors, tx.CompleteRecovery{Account: nobody}),
		s.act(tx.AccountUnknown, "The end of a grant.", thief, tx.RevokeGrant{Account: nobody, Grantee: s.Provider.Public()}),
		s.act(tx.AccountUnknown, "A schedule of fees.", thief, tx.PublishFees{Provider: nobody, Asset: 1, Version: 1, Bands: []tx.FeeBand{{}}, EffectiveAtUnixMs: s.chain.TimeUnixMs}),
	)
	s.batch("A grant that a move would begin expires later than the move.",
		s.act(tx.TimeNotValid, "It would end one grant and begin none.", append(by(s.Attestors[0], s.Attestors[1]), s.Key(s.t, "rival")), tx.StartMove{
			Alias: s.Juma.Alias, From: juma, To: juma, OldGrantee: ptr(s.Provider.Public()), Grant: func() *tx.IssueGrant {
				g := s.grant(juma)
				g.Grantee, g.ExpiresAtUnixMs = s.Key(s.t, "rival").Public(), s.chain.TimeUnixMs+day
				return &g
			}(),
		}),
		s.act(tx.TimeNotValid, "Vouchers of more than five years are rather a mistake in the unit.", by(s.Issuer), tx.DefineAsset{
			Issuer: s.IssuerAccount, Code: "SEED99", Kind: tx.Voucher, SpendUntilUnixMs: s.chain.TimeUnixMs + 1827*day + 1,
		}),
	)
	s.retire()
}

// retire replaces a provider's key until it has retired as many as an entry has room for.
func (s *story) retire() {
	k, id := s.wallet("Teller")
	acts := []*act{s.ok("Somebody becomes a provider.", by(k), s.opens("Teller"))}
	for i := range 10 {
		next := s.Key(s.t, "key "+dec(uint64(i)))
		enter := tx.RegisterProvider{Account: id, Key: next.Public(), Name: "Teller"}
		if i < 9 {
			acts = append(acts, s.ok("With key "+dec(uint64(i))+".", by(k, next), enter))
			continue
		}
		acts = append(acts, s.act(tx.NothingToChange, "Eight keys are retired: there is no room for another.", by(k, next), enter))
	}
	s.batch("A provider replaces its key eight times.", acts...)
}

func frozenIssuer(s *story) {
	issuer, id := by(s.Issuer), s.IssuerAccount
	s.decided("The issuer is frozen.", tx.Freeze{Account: id, UntilUnixMs: s.chain.TimeUnixMs + day})
	s.does(tx.BallotEffective)
	s.batch("",
		s.act(tx.AccountFrozen, "It issues nothing.", issuer, tx.Issue{Asset: ledgertest.KES, Credit: s.Juma.Account, Amount: 1}),
		s.act(tx.AccountFrozen, "It redeems nothing.", issuer, tx.Redeem{Asset: ledgertest.KES, Issuer: id, Amount: 1}),
		s.act(tx.AccountFrozen, "It pays nothing.", issuer, pays(id, s.Juma.Account, 1)),
		s.ok("Everybody else pays in its asset as before.", by(s.Provider), s.carried(pays(s.Juma.Account, s.Amina.Account, 1_00))),
	)
	s.decided("The freeze is lifted.", tx.Freeze{Account: id})
	s.does(tx.BallotEffective)
	s.batch("", s.ok("It issues again.", issuer, tx.Issue{Asset: ledgertest.KES, Credit: s.Juma.Account, Amount: 1}))
}

func voucherRefusals(s *story) {
	issuer, id := by(s.Issuer), s.IssuerAccount
	s.funded(0, "Farmer", "Shop", "Bar")
	farmer, field := s.wallet("Farmer")
	shop, counter := s.wallet("Shop")
	_, pub := s.wallet("Bar")
	const number = 2
	until := s.chain.TimeUnixMs + 10*day
	spend := func(from, to tx.AccountID, a amount.Amount) tx.Transfer {
		return tx.Transfer{Debit: from, Credit: to, Asset: number, Amount: a}
	}
	hold := tx.PlaceHold{Debit: field, Credit: &counter, Asset: number, Amount: 10, OnExpiry: tx.ExpiryCompletes, ExpiresAtUnixMs: until}
	held := s.ok("10 are held for the shop, and will complete.", by(farmer), hold)
	fx := s.batch("",
		s.ok("Vouchers for seed, and a shop that takes them.", issuer, tx.DefineAsset{Issuer: id, Code: "SEED26", Kind: tx.Voucher, SpendUntilUnixMs: until}),
		s.ok("The shop is listed.", issuer, tx.ListPayee{Asset: number, Issuer: id, Payee: counter, Listed: true}),
		s.ok("100 to the farmer.", issuer, tx.Issue{Asset: number, Credit: field, Amount: 100}),
		held,
		s.ok("20 are paid to the shop.", by(farmer), spend(field, counter, 20)),
	)
	back := func(a amount.Amount) tx.Return {
		r := given(fx, 4, counter, field, a)
		r.Asset = number
		return r
	}
	bulk := tx.BulkTransfer{Debit: field, Asset: number, Mode: tx.Each, Legs: []tx.BulkLeg{{Credit: pub, Amount: 1}, {Credit: counter, Amount: 1}}}
	s.batch("",
		s.ok("Of two legs, the one to a bar is refused.", by(farmer), bulk).without(tx.LegResult{Code: tx.PayeeNotListed}),
		s.act(tx.PayeeNotListed, "The farmer is not listed, so nothing is paid to him; a return is a payment.", by(shop), spend(counter, field, 1)),
		s.ok("But what he paid is given back.", by(shop), back(5)),
		s.ok("The shop is taken off the list.", issuer, tx.ListPayee{Asset: number, Issuer: id, Payee: counter}),
		s.act(tx.PayeeNotListed, "What is held for it is not captured any more.", by(shop), tx.CaptureHold{Hold: held.hold(), Debit: field, Credit: counter, Asset: number, Amount: 10}),
	)
	s.tick(until - s.chain.TimeUnixMs + 1)
	s.does(tx.HoldReturned, tx.VoucherReturned)
	s.batch("After the date: the hold returns, since it cannot complete, and everything of the farmer's goes to the issuer.",
		s.act(tx.VoucherExpired, "Nothing is given back to the farmer any more.", by(shop), back(1)),
		s.act(tx.VoucherExpired, "Nor does he pay anybody.", by(farmer), bulk),
	)
}
