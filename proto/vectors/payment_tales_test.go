package vectors_test

import (
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// paymentTales are about transfers: who may, how much, to whom, and what it costs.
func paymentTales(m *maker) []vectors.Ledger {
	return []vectors.Ledger{
		m.tell("transfer-and-fee", "four-validators", "Payments by phone, by number and by an owner's key, and each refusal of a transfer that needs no caps.", transfers),
		m.tell("grant-caps", "four-validators", "What a grant allows: an asset, operations, a fee, an amount for a transaction and for a day; at midnight where the network is, the day begins anew.", caps),
		m.tell("tier-limits", "four-validators", "What an account of a tier is debited at most, whoever signs; a second operation of a transaction is limited by itself, and under a grant counts together.", tierLimits),
		m.tell("provisional-inflow", "two-providers", "What numbers that one provider vouches for alone receive together in a day.", inflows),
		m.tell("bulk-transfer", "four-validators", "Many payees: atomic, where one refused leg refuses all, and each, where the others stand.", bulkTransfers),
		m.tell("duplicates-and-expiry", "four-validators", "A transaction is applied once, whatever it became; after its expiry never.", duplicates),
		m.tell("unauthorised-leaves", "four-validators", "What depends on the envelope or the moment is recorded under the envelope's hash and burns no id.", unauthorised),
		m.tell("void-batches", "four-validators", "Each reason for which a batch leaves no trace, and the batch that then follows as if nothing had been.", voidBatches),
		m.tell("credits", "credits", "A credit for each operation, leg and further signature; they come back with ledger time, and are gone for refusals too.", credits),
	}
}

func transfers(s *story) {
	juma, amina, provider := s.Juma.Account, s.Amina.Account, by(s.Provider)
	withNumber := s.carried(pays(juma, amina, 150_00))
	withNumber.Alias, withNumber.Reference = &s.Amina.Alias, "kodi ya Machi"
	s.batch("Juma pays Amina by her number, through his provider.", s.ok("150.00 and a fee of 1.00.", provider, withNumber))
	s.funded(500_00, "Baraka")
	k, baraka := s.wallet("Baraka")
	toJuma := pays(baraka, juma, 1_00)
	toJuma.Alias = &s.Amina.Alias
	fee := func(f tx.Fee) tx.Transfer {
		o := pays(juma, amina, 1_00)
		o.Fee = &f
		return o
	}
	s.batch("Refusals, each under its own id: nothing changes but the ids that are remembered.",
		s.act(tx.CreditAccountUnknown, "To an account that nobody has opened.", by(k), pays(baraka, s.id(1), 1_00)),
		s.act(tx.AssetUnknown, "Of an asset that nobody has defined.", by(k), tx.Transfer{Debit: baraka, Credit: juma, Asset: 77, Amount: 1}),
		s.act(tx.SelfTransfer, "To oneself.", by(k), pays(baraka, baraka, 1_00)),
		s.act(tx.AliasNotBoundToPayee, "To Juma's account by Amina's number.", by(k), toJuma),
		s.act(tx.FeeProviderUnknown, "With a fee to an account that is no provider.", by(s.Issuer), tx.Transfer{
			Debit: s.IssuerAccount, Credit: juma, Asset: ledgertest.KES, Amount: 1, Fee: &tx.Fee{Provider: baraka, ScheduleVersion: 1, Amount: 1},
		}),
		s.act(tx.FeeScheduleNotValid, "Under a schedule that was never published.", provider, fee(tx.Fee{Provider: s.ProviderAccount, ScheduleVersion: 9, Amount: ledgertest.FlatFee})),
		s.act(tx.FeeMismatch, "With a fee that is not the schedule's.", provider, fee(tx.Fee{Provider: s.ProviderAccount, ScheduleVersion: 1, Amount: ledgertest.FlatFee + 1})),
		s.act(tx.InsufficientBalance, "Of a minor unit more than there is.", by(k), pays(baraka, juma, 500_01)),
		s.ok("Of everything there is, by the owner's key without a fee.", by(k), pays(baraka, juma, 500_00)),
	)
	s.batch("A transaction is all or nothing: the second operation is refused, so the first did not happen.",
		s.act(tx.InsufficientBalance, "1.00 and then a million.", by(s.Issuer), pays(s.IssuerAccount, baraka, 1_00), pays(s.IssuerAccount, baraka, 1_000_000_00)).at(1),
		s.act(tx.CreditAccountUnknown, "Of two rules that are broken, the one with the lower code decides.", by(k), pays(baraka, s.id(2), 1_00)),
		s.ok("Two payments of one transaction: the second spends what the first brought.", append(by(k), s.Issuer), pays(s.IssuerAccount, baraka, 7_00), pays(baraka, amina, 7_00)),
	)
}

func caps(s *story) {
	juma, amina := s.Juma.Account, s.Amina.Account
	s.funded(100_000_00, "Baraka")
	owner, baraka := s.wallet("Baraka")
	clerk := s.Key(s.t, "clerk")
	grant := tx.IssueGrant{
		Account: baraka, Grantee: clerk.Public(), Operations: []tx.GrantedOperation{tx.GrantTransfer}, Asset: ledgertest.KES, CapTransaction: 100_00, CapDay: 150_00,
		FeeCeiling: 50, ExpiresAtUnixMs: s.chain.TimeUnixMs + 2*day,
	}
	s.batch("The owner lets a clerk pay up to 100.00, and 150.00 a day.", s.ok("A grant to a key that is no provider's.", by(owner), grant))
	bulk := tx.BulkTransfer{Debit: baraka, Asset: ledgertest.KES, Mode: tx.Atomic, Legs: []tx.BulkLeg{{Credit: juma, Amount: 40_00}, {Credit: amina, Amount: 60_01}}}
	s.batch("The edges of the caps.",
		s.act(tx.CapTransaction, "A minor unit above the cap for a transaction.", by(clerk), pays(baraka, amina, 100_01)),
		s.act(tx.CapTransaction, "Two operations that pass it together.", by(clerk), pays(baraka, amina, 60_00), pays(baraka, amina, 40_01)).at(1),
		s.act(tx.CapTransaction, "Two legs that pass it together.", by(clerk), bulk),
		s.act(tx.FeeAboveCeiling, "A fee above the grant's ceiling; the fee's provider does not sign.", by(clerk), s.carried(pays(baraka, amina, 1_00))),
		s.ok("The cap exactly.", by(clerk), pays(baraka, amina, 100_00)),
		s.act(tx.CapDay, "A minor unit above what is left of the day.", by(clerk), pays(baraka, amina, 50_01)),
		s.ok("What is left of it.", by(clerk), pays(baraka, amina, 50_00)),
		s.act(tx.CapDay, "Nothing is left.", by(clerk), pays(baraka, amina, 1)),
		s.ok("The owner is not bound by it.", by(owner), pays(baraka, amina, 1)),
	)
	grant.CapTransaction, grant.CapDay = 200_00, 200_00
	s.batch("A grant replaced on the same day keeps what was used.",
		s.ok("200.00 a day instead of 150.00.", by(owner), grant),
		s.act(tx.CapDay, "So 50.00 are left, not 200.00.", by(clerk), pays(baraka, amina, 50_01)),
		s.ok("These.", by(clerk), pays(baraka, amina, 50_00)),
	)
	// The network is three hours east of UTC; the genesis is at 3:00 there.
	s.tick(21*60*minute - (s.chain.TimeUnixMs - now) - 1)
	s.batch("A millisecond before midnight it is still today.", s.act(tx.CapDay, "Nothing is left.", by(clerk), pays(baraka, amina, 2)))
	s.batch("And then it is tomorrow.", s.ok("The whole of the day is left.", by(clerk), pays(baraka, amina, 200_00)))
	revoke := tx.RevokeGrant{Account: baraka, Grantee: clerk.Public()}
	s.batch("The end of a grant.",
		s.act(tx.Unauthorised, "Nobody else ends it.", by(s.Provider), revoke),
		s.ok("The clerk gives it back himself.", by(clerk), revoke),
		s.act(tx.GrantUnknown, "There is none any more, says the owner.", by(owner), revoke),
		s.act(tx.AssetUnknown, "A grant is for an asset that exists.", by(owner), tx.IssueGrant{
			Account: baraka, Grantee: clerk.Public(), Operations: []tx.GrantedOperation{tx.GrantTransfer}, Asset: 77, CapTransaction: 1, CapDay: 1, ExpiresAtUnixMs: now + day,
		}),
		s.ok("One that holds until noon of the third day.", by(owner), grant),
	)
	s.tick(2 * day)
	s.does(tx.GrantExpired)
	s.batch("A grant expires by ledger time.")
}

func tierLimits(s *story) {
	juma, amina := s.Juma.Account, s.Amina.Account
	s.funded(200_000_00, "Baraka")
	owner, baraka := s.wallet("Baraka")
	s.batch("The lowest tier of KES may be debited 5,000.00 by an operation and 20,000.00 a day.",
		s.act(tx.LimitTransaction, "A minor unit more, by the owner himself.", by(owner), pays(baraka, juma, 5_000_01)),
		s.ok("Two operations of 5,000.00 each.", by(owner), pays(baraka, juma, 5_000_00), pays(baraka, amina, 5_000_00)),
		s.ok("And two more.", by(owner), pays(baraka, juma, 5_000_00), pays(baraka, amina, 5_000_00)),
		s.act(tx.LimitDay, "The day is over for this account.", by(owner), pays(baraka, juma, 1)),
		s.ok("The issuer is not limited in its own asset.", by(s.Issuer), pays(s.IssuerAccount, juma, 100_000_00)),
	)
	s.batch("An attestor who is no provider's checks who Baraka is.",
		s.act(tx.TimeNotValid, "Not in the future.", by(s.Attestors[0]), tx.SetTier{Account: baraka, Tier: 1, CheckedAtUnixMs: s.chain.TimeUnixMs + 1, EvidenceHash: evidence("passport")}),
		s.ok("Today: tier 1, of 50,000.00 and 200,000.00.", by(s.Attestors[0]), tx.SetTier{Account: baraka, Tier: 1, CheckedAtUnixMs: s.chain.TimeUnixMs, EvidenceHash: evidence("passport")}),
		s.ok("What was used today still counts.", by(owner), pays(baraka, juma, 50_000_00)),
		s.act(tx.LimitTransaction, "50,000.01 is above the new limit.", by(owner), pays(baraka, juma, 50_000_01)),
	)
	s.batch("A tier without a limit has that of the next lower one.",
		s.ok("Nobody has said what tier 9 of KES may.", by(s.Attestors[1]), tx.SetTier{Account: baraka, Tier: 9, CheckedAtUnixMs: now, EvidenceHash: evidence("audit")}),
		s.act(tx.LimitTransaction, "So it has the limit of tier 1.", by(owner), pays(baraka, juma, 50_000_01)),
		s.ok("50,000.00.", by(owner), pays(baraka, juma, 50_000_00)),
	)
}

func inflows(s *story) {
	juma := s.Juma.Account
	var opens []*act
	var accounts []tx.AccountID
	for _, name := range []string{"Kofi", "Dada"} {
		open := s.phone(name)
		number := "+25471100010" + dec(uint64(len(opens)))
		accounts = append(accounts, open.Account())
		opens = append(opens, s.ok(name+" registers by phone.", by(s.Provider), open, tx.BindAlias{
			Alias: s.number(number), Account: open.Account(), SealedName: s.sealed(number, name),
		}))
	}
	s.batch("A provider opens two accounts and vouches for their numbers alone.", opens...)
	to := func(i int, sum amount.Amount) tx.Transfer {
		o := pays(juma, accounts[i], sum)
		alias := s.number("+25471100010" + dec(uint64(i)))
		o.Alias = &alias
		o.Fee = &tx.Fee{Provider: s.ProviderAccount, ScheduleVersion: 1, Amount: ledgertest.FlatFee}
		return o
	}
	s.batch("Both together receive up to 1,000.00 a day by number.",
		s.act(tx.ProvisionalInflow, "1,000.01 to the first.", by(s.Provider), to(0, 1_000_01)),
		s.ok("600.00 to the first.", by(s.Provider), to(0, 600_00)),
		s.act(tx.ProvisionalInflow, "400.01 to the second.", by(s.Provider), to(1, 400_01)),
		s.ok("400.00 to the second.", by(s.Provider), to(1, 400_00)),
		s.act(tx.ProvisionalInflow, "Nothing is left of the day.", by(s.Provider), to(0, 1)),
		s.ok("By account it is not limited: who names an account knows whose it is.", by(s.Provider), s.carried(pays(juma, accounts[0], 5_00))),
	)
	attest := tx.AttestAlias{Alias: s.number("+254711000100"), Account: accounts[0], SealedName: s.sealed("+254711000100", "Kofi")}
	s.batch("Attested, a number is limited no more.",
		s.ok("Two attestors have reached Kofi.", by(s.Attestors[0], s.Attestors[1]), attest),
		s.ok("1,500.00 by number.", by(s.Provider), to(0, 1_500_00)),
	)
	s.tick(day)
	s.batch("The next day begins anew.", s.ok("1,000.00 to the second.", by(s.Provider), to(1, 1_000_00)))
}

func bulkTransfers(s *story) {
	amina, juma := s.Amina.Account, s.Juma.Account
	s.funded(1_000_00, "Baraka", "Chebet")
	owner, baraka := s.wallet("Baraka")
	_, chebet := s.wallet("Chebet")
	pay := func(mode tx.BulkMode, legs ...tx.BulkLeg) tx.BulkTransfer {
		return tx.BulkTransfer{Debit: baraka, Asset: ledgertest.KES, Mode: mode, Legs: legs, Reference: "mishahara"}
	}
	leg := func(to tx.AccountID, sum amount.Amount) tx.BulkLeg { return tx.BulkLeg{Credit: to, Amount: sum} }
	byNumber := tx.BulkLeg{Credit: amina, Amount: 10_00, Alias: &s.Juma.Alias}
	s.batch("Atomic: every leg or none.",
		s.ok("Two payees.", by(owner), pay(tx.Atomic, leg(juma, 100_00), leg(amina, 200_00))),
		s.act(tx.CreditAccountUnknown, "The second is nobody: the first has nothing either.", by(owner), pay(tx.Atomic, leg(juma, 1_00), leg(s.id(1), 1_00))),
		s.act(tx.InsufficientBalance, "The legs together are more than there is.", by(owner), pay(tx.Atomic, leg(juma, 400_00), leg(amina, 300_01))),
		s.act(tx.SelfTransfer, "Nobody pays himself.", by(owner), pay(tx.Atomic, leg(baraka, 1_00))),
		s.act(tx.AssetUnknown, "What concerns the payer refuses the whole, whatever the mode.", by(owner), tx.BulkTransfer{
			Debit: baraka, Asset: 77, Mode: tx.Each, Legs: []tx.BulkLeg{leg(juma, 1)},
		}),
	)
	s.batch("Each: refused legs are in the result, and the others stand, in their order.",
		s.ok("Of five legs, two stand.", by(owner), pay(tx.Each, leg(juma, 500_00), leg(s.id(1), 1_00), byNumber, leg(amina, 200_01), leg(chebet, 200_00))).without(
			tx.LegResult{Leg: 1, Code: tx.CreditAccountUnknown}, tx.LegResult{Leg: 2, Code: tx.AliasNotBoundToPayee}, tx.LegResult{Leg: 3, Code: tx.InsufficientBalance},
		),
		s.act(tx.NoLegApplied, "No leg stands.", by(owner), pay(tx.Each, leg(juma, 1), leg(s.id(1), 1))),
	)
	fee := func(sum amount.Amount) *tx.Fee {
		return &tx.Fee{Provider: s.ProviderAccount, ScheduleVersion: 1, Amount: sum}
	}
	carried := func(sum amount.Amount, legs ...tx.BulkLeg) tx.BulkTransfer {
		return tx.BulkTransfer{Debit: juma, Asset: ledgertest.KES, Mode: tx.Each, Legs: legs, Fee: fee(sum)}
	}
	s.batch("The fee is that of each leg, and what is paid is that of the legs that stand.",
		s.act(tx.FeeMismatch, "Two legs cost 2.00.", by(s.Provider), carried(1_00, leg(amina, 5_00), leg(chebet, 5_00))),
		s.ok("One of two legs stands, and 1.00 is paid.", by(s.Provider), carried(2_00, leg(amina, 5_00), leg(s.id(1), 5_00))).without(
			tx.LegResult{Leg: 1, Code: tx.CreditAccountUnknown},
		),
		s.ok("Two bulk transfers of one transaction: legs are named by operation and leg.", append(by(s.Provider), s.Issuer),
			carried(1_00, leg(amina, 5_00)), tx.BulkTransfer{Debit: s.IssuerAccount, Asset: ledgertest.KES, Mode: tx.Each, Legs: []tx.BulkLeg{leg(s.id(2), 1), leg(amina, 1)}},
		).without(tx.LegResult{Operation: 1, Code: tx.CreditAccountUnknown}),
	)
}

func duplicates(s *story) {
	s.funded(100_00, "Baraka")
	owner, baraka := s.wallet("Baraka")
	juma := s.Juma.Account
	s.lifetime = 5 * minute
	paid := s.ok("Baraka pays 10.00.", by(owner), pays(baraka, juma, 10_00))
	poor := s.act(tx.InsufficientBalance, "He has not 1,000.00.", by(owner), pays(baraka, juma, 1_000_00))
	s.batch("The same envelope twice in one batch has one leaf.", paid, paid.again("The same once more."), poor)
	s.batch("And in a later batch: the recorded result stands, also that of a refusal that could now be paid.",
		s.ok("The issuer pays Baraka 2,000.00.", by(s.Issuer), pays(s.IssuerAccount, baraka, 2_000_00)),
		paid.again("Still paid once."), poor.again("Refused for ever."),
		s.by(tx.OK, "The same body with a signature more has the same id.", paid, owner, s.Key(s.t, "passer-by")),
	)
	s.tick(paid.signed.Body.ExpiresAtUnixMs - s.chain.TimeUnixMs)
	s.batch("At its expiry a transaction is still good, and its id still known.", paid.again("The last chance of a duplicate to be answered."))
	s.void("expired", "A millisecond later no honest leader packs it: the batch would be void.", func(h *tx.BatchHeader) { h.TimeUnixMs = paid.signed.Body.ExpiresAtUnixMs + 1 }, nil, paid.again("Too late."))
	s.batch("The ids of expired transactions are forgotten: nobody can send them again.")
}

func unauthorised(s *story) {
	s.funded(1_000_00, "Baraka")
	owner, baraka := s.wallet("Baraka")
	amina, juma := s.Amina.Account, s.Juma.Account
	thief := s.Key(s.t, "thief")
	body := s.ok("Baraka pays 10.00.", by(owner), pays(baraka, juma, 10_00))
	far := s.lifetime
	s.lifetime = tx.MaxLifetimeMs + 1
	early := s.act(tx.ExpiryTooFar, "An expiry a millisecond more than seven days ahead: it cannot be remembered so long.", by(owner), pays(baraka, juma, 11_00))
	s.lifetime = far
	unborn, born := s.wallet("Dada")
	s.batch("Five leaves that decide nothing: each is found by its envelope's hash, and its id stays free.",
		s.by(tx.Unauthorised, "A thief signs Baraka's payment.", body, thief),
		s.by(tx.Unauthorised, "Another account's provider has no grant on this one.", body, s.Provider),
		early,
		s.act(tx.DebitAccountUnknown, "A payment by an account that is not open yet.", by(unborn), pays(born, juma, 1)),
		s.act(tx.AccountUnknown, "A grant on it.", by(unborn), tx.IssueGrant{
			Account: born, Grantee: thief.Public(), Operations: tx.GrantAll(), Asset: 1, CapTransaction: 1, CapDay: 1, ExpiresAtUnixMs: now + day,
		}),
	)
	s.batch("The same body by who may sign it.",
		body,
		s.by(tx.OK, "The thief's envelope again: now the id is decided, and this is a duplicate.", body, thief),
		s.act(tx.Unauthorised, "A provider's grant holds for what it carries itself: without its fee it may not.", by(s.Provider), pays(juma, amina, 1_00)),
		s.act(tx.Unauthorised, "A right that is lost within the transaction: the grant is revoked before it is used.", by(s.Provider),
			tx.RevokeGrant{Account: juma, Grantee: s.Provider.Public()}, s.carried(pays(juma, amina, 1_00))),
	)
	s.tick(1)
	s.batch("A millisecond later the far expiry is seven days ahead.", s.ok("The same payment, and it is good.", by(owner), pays(baraka, juma, 11_00)))
}

func voidBatches(s *story) {
	s.funded(1_000_00, "Baraka")
	owner, baraka := s.wallet("Baraka")
	juma := s.Juma.Account
	good := s.ok("A good payment.", by(owner), pays(baraka, juma, 1_00))
	broken := *good
	broken.envelope = append([]byte(nil), good.envelope...)
	broken.envelope[len(broken.envelope)-1] ^= 1
	garbage := *good
	garbage.envelope = []byte{0xff}
	s.void("number", "Not the next number.", func(h *tx.BatchHeader) { h.Number++ }, nil, good)
	s.void("epoch", "Not the epoch in force.", func(h *tx.BatchHeader) { h.Epoch++ }, nil, good)
	s.void("previous", "Not on the batch before.", func(h *tx.BatchHeader) { h.PreviousHash[0] ^= 1 }, nil, good)
	s.void("time", "A time before the batch before.", func(h *tx.BatchHeader) { h.TimeUnixMs = now }, nil, good)
	s.void("leader", "A leader who is no validator.", func(h *tx.BatchHeader) { h.Leader = "v9" }, nil, good)
	s.void("signature", "Signed by another validator than the header names.", nil, s.Validators["v2"], good)
	s.void("envelope", "A signature that does not verify: the good payment beside it is not applied either.", nil, nil, good, &broken)
	s.void("envelope", "An envelope that is not in form.", nil, nil, &garbage)
	var nine, heavy []*act
	for i := range 9 {
		nine = append(nine, s.act(tx.Unauthorised, "A thief's payment.", by(s.Key(s.t, "thief")), pays(baraka, juma, amount.Amount(i+1))))
	}
	s.void("unauthorised", "More than eight transactions that the signers may not do.", nil, nil, nine...)
	for range 3 {
		var ops []tx.Operation
		for range 310 {
			ops = append(ops, tx.SetLimits{Asset: ledgertest.KES, Issuer: s.IssuerAccount})
		}
		heavy = append(heavy, s.ok("Limits replaced 310 times.", by(s.Issuer), ops...))
	}
	s.void("weight", "930 times eleven entries are more than 10,000.", nil, nil, heavy...)
	s.batch("And then an honest leader packs the payment.", good)
	s.batch("A batch may be empty.")
}

func credits(s *story) {
	k, baraka := s.wallet("Baraka")
	juma := s.Juma.Account
	s.batch("Accounts opened by their own keys share one bucket of the network.",
		s.ok("Baraka opens an account: one credit of the network.", by(k), s.opens("Baraka")),
		s.ok("The issuer pays Baraka: one credit of the issuer.", by(s.Issuer), pays(s.IssuerAccount, baraka, 100_00)),
	)
	s.batch("Baraka has five credits.",
		s.ok("Two operations cost two.", by(k), pays(baraka, juma, 1), pays(baraka, juma, 2)),
		s.act(tx.InsufficientBalance, "A refusal costs as much.", by(k), pays(baraka, juma, 200_00)),
		s.ok("A signature more costs one more.", append(by(k), s.Key(s.t, "witness")), pays(baraka, juma, 3)),
		s.act(tx.QuotaExhausted, "Nothing is left: recorded under the envelope's hash, and the id is free.", by(k), pays(baraka, juma, 4)),
	)
	s.tick(9_000)
	s.batch("Ten seconds after the batch that spent them, one credit is back.", s.ok("One.", by(k), pays(baraka, juma, 5)), s.act(tx.QuotaExhausted, "And no more.", by(k), pays(baraka, juma, 6)))
	bulk := tx.BulkTransfer{Debit: juma, Asset: ledgertest.KES, Mode: tx.Each, Fee: &tx.Fee{Provider: s.ProviderAccount, ScheduleVersion: 1, Amount: 3_00}}
	for range 3 {
		bulk.Legs = append(bulk.Legs, tx.BulkLeg{Credit: baraka, Amount: 1})
	}
	s.batch("A provider that signs pays from its pool.",
		s.ok("Three legs cost three of the provider's five.", by(s.Provider), bulk),
		s.act(tx.QuotaExhausted, "Three more.", by(s.Provider), bulk),
		s.ok("Two single payments.", by(s.Provider), s.carried(pays(juma, baraka, 1)), s.carried(pays(juma, baraka, 1))),
	)
	s.tick(day)
	s.batch("However long one waits, five are the most.",
		s.act(tx.QuotaExhausted, "Six operations.", by(k), pays(baraka, juma, 1), pays(baraka, juma, 1), pays(baraka, juma, 1), pays(baraka, juma, 1), pays(baraka, juma, 1), pays(baraka, juma, 1)),
		s.ok("Five.", by(k), pays(baraka, juma, 1), pays(baraka, juma, 1), pays(baraka, juma, 1), pays(baraka, juma, 1), pays(baraka, juma, 1)),
	)
}
