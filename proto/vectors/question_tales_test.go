package vectors_test

import (
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// questionTales answer the questions of SPEC.md 12: what happens when two things meet.
func questionTales(m *maker) []vectors.Ledger {
	return []vectors.Ledger{
		m.tell("hold-to-alias-expires-while-claim-in-flight", "four-validators", "Money held for a number returns to its payer at the head of the first batch after the expiry; the claim in that batch is HOLD_UNKNOWN and changes nothing, though it was signed in time. The same claim in a batch at the expiry is good.", claimInFlight),
		m.tell("grant-revoked-in-the-batch-before", "four-validators", "A payment under a grant that was revoked is UNAUTHORISED: recorded under the envelope's hash, so that the owner can still sign the same body. One in the batch of the revocation, but before it, is good.", revokedBefore),
		m.tell("fee-schedule-replaced-between-signing-and-applying", "four-validators", "A payment names the version of the schedule that was shown; it stays good until seven days after that was replaced, and the payer never pays another fee than he saw.", scheduleReplaced),
		m.tell("move-completes-between-confirm-and-pin", "four-validators", "A payment carries the number and the account that were shown. When the number has moved in between it is ALIAS_NOT_BOUND_TO_PAYEE: nobody is paid whom the payer did not see.", movedMeanwhile),
		m.tell("same-payment-by-two-relays-one-broken-signature", "four-validators", "A broken signature never burns the payment: a batch that packs it is void, whole, and leaves no trace; the good copy is applied once, and the other relay's good copy is a duplicate.", twoRelays),
		m.tell("ledger-time-stands-still", "four-validators", "Batches may have the time of the batch before. Nothing expires, nothing comes due, no day ends and no credit comes back meanwhile; when time goes on, what is overdue is done in its order, at the head of one batch.", standstill),
	}
}

func claimInFlight(s *story) {
	const number = "+254711000009"
	juma, provider := s.Juma.Account, by(s.Provider)
	alias := s.number(number)
	hold := s.holds(juma, juma, 100_00)
	hold.Credit, hold.Alias, hold.Fee = nil, &alias, s.fee()
	kofi := s.phone("Kofi")
	placed, second := s.ok("100.00 for a number that nobody has, for an hour.", provider, hold), s.ok("And 100.00 more.", provider, hold)
	s.batch("Juma sends money to somebody who has no account.", placed, second)
	s.batch("Kofi registers, and two attestors reach him.",
		s.ok("An account, and a grant to its provider.", provider, kofi, s.grant(kofi.Account())),
		s.ok("The number is his.", by(s.Attestors[0], s.Attestors[1]), tx.AttestAlias{Alias: alias, Account: kofi.Account(), SealedName: s.sealed(number, "KOFI")}),
	)
	s.lifetime = 2 * 60 * minute
	inTime := s.ok("Kofi claims the first, signed in time.", provider, capturing(placed.hold(), juma, kofi.Account(), 100_00))
	late := s.act(tx.HoldUnknown, "Kofi claims the second, signed in time, and on its way too long.", provider, capturing(second.hold(), juma, kofi.Account(), 100_00))
	s.tick(hold.ExpiresAtUnixMs - s.chain.TimeUnixMs)
	s.pace = 1
	s.batch("The batch at the expiry.", inTime)
	s.does(tx.HoldReturned)
	s.batch("The batch a millisecond later: the money is Juma's again before the claim is looked at.", late)
	s.batch("The claim once more: it stays what it became.", late.again("The recorded result."))
}

func revokedBefore(s *story) {
	s.funded(100_00, "Baraka")
	owner, baraka := s.wallet("Baraka")
	amina, provider := s.Amina.Account, by(s.Provider)
	s.batch("", s.ok("Baraka lets the provider pay for him.", by(owner), s.grant(baraka)))
	before := s.ok("A payment under the grant, packed before its end.", provider, s.carried(pays(baraka, amina, 10_00)))
	after := s.act(tx.Unauthorised, "A payment that was signed before the revocation, and packed after it.", provider, s.carried(pays(baraka, amina, 20_00)))
	revoke := tx.RevokeGrant{Account: baraka, Grantee: s.Provider.Public()}
	s.batch("The revocation takes effect in its own batch, from its place on.",
		before, s.ok("Baraka revokes the grant.", by(owner), revoke),
		s.act(tx.Unauthorised, "One behind it in the same batch comes too late.", provider, s.carried(pays(baraka, amina, 30_00))),
	)
	s.batch("The batch after.", after, s.by(tx.OK, "The owner signs the very same body: the id was not burnt.", after, owner))
	s.batch("And now it is decided, whoever sends it.", after.becomes(tx.OK).again("The provider's envelope again: a duplicate of what the owner signed."))
}

func scheduleReplaced(s *story) {
	juma, amina, provider := s.Juma.Account, s.Amina.Account, by(s.Provider)
	s.lifetime = tx.MaxLifetimeMs
	shown := s.ok("1.00 was shown, and is paid.", provider, s.carried(pays(juma, amina, 10_00)))
	cheaper := tx.PublishFees{
		Provider: s.ProviderAccount, Asset: ledgertest.KES, Version: 2, Bands: []tx.FeeBand{{Flat: 50}}, EffectiveAtUnixMs: s.chain.TimeUnixMs + 60*minute,
	}
	two := func(cents amount.Amount) tx.Transfer {
		o := pays(juma, amina, 11_00+cents)
		o.Fee = &tx.Fee{Provider: s.ProviderAccount, ScheduleVersion: 2, Amount: 50}
		return o
	}
	s.batch("The provider publishes a lower fee, from an hour on.",
		s.ok("Version 2: 0.50.", provider, cheaper),
		s.act(tx.FeeScheduleNotValid, "It cannot be named before it is in effect.", provider, two(1)),
	)
	s.tick(cheaper.EffectiveAtUnixMs - s.chain.TimeUnixMs)
	s.batch("Now it is in effect; a payment that was confirmed before it arrives.", shown, s.ok("Who confirms now sees 0.50.", provider, two(2)))
	s.tick(cheaper.EffectiveAtUnixMs + 7*day - 1 - s.chain.TimeUnixMs)
	s.lifetime, s.pace = 10*minute, 1
	s.batch("The last millisecond of seven days.", s.ok("Version 1 is still good.", provider, s.carried(pays(juma, amina, 12_00))))
	s.batch("And then it is over.",
		s.act(tx.FeeScheduleNotValid, "Version 1 was replaced too long ago.", provider, s.carried(pays(juma, amina, 13_00))),
		s.ok("The payer confirms again, and sees version 2.", provider, two(3)),
	)
}

func movedMeanwhile(s *story) {
	s.funded(0, "Zawadi")
	owner, zawadi := s.wallet("Zawadi")
	juma, amina, provider := s.Juma.Account, s.Amina.Account, by(s.Provider)
	number := s.Amina.Alias
	s.batch("Amina wants her number on an account of her own: two attestors have asked her, and the new account's key agrees.",
		s.ok("The move begins; it completes after a day.", by(s.Attestors[0], s.Attestors[1], owner), tx.StartMove{Alias: number, From: amina, To: zawadi, OldGrantee: ptr(s.Provider.Public())}),
	)
	started := s.chain.TimeUnixMs - s.pace
	to := func(id tx.AccountID, sum amount.Amount) tx.Transfer {
		o := s.carried(pays(juma, id, sum))
		o.Alias = &number
		return o
	}
	s.tick(started + day - s.chain.TimeUnixMs)
	s.pace = 1
	confirmed := s.act(tx.AliasNotBoundToPayee, "The payment to her old account, confirmed before, with a PIN typed after.", provider, to(amina, 10_00))
	s.batch("In the last millisecond the number is still on the old account.", s.ok("A payment that is quick enough.", provider, to(amina, 20_00)))
	s.does(tx.MoveCompleted)
	s.batch("The move completes at the head of the batch that has the payment.", confirmed)
	s.batch("The payer sees the screen again, with the new account.", s.ok("And pays.", provider, to(zawadi, 10_00)))
}

func twoRelays(s *story) {
	s.funded(100_00, "Baraka")
	owner, baraka := s.wallet("Baraka")
	amina := s.Amina.Account
	good := s.ok("Baraka's payment, as the first neighbour's phone carried it.", by(owner), pays(baraka, amina, 10_00))
	broken := *good
	broken.envelope = append([]byte(nil), good.envelope...)
	broken.envelope[len(broken.envelope)-7] ^= 0x10
	broken.comment = "The same payment as the second carried it: one bit of the signature is wrong."
	s.void("envelope", "A validator refuses the broken copy at the door. If a leader packs it all the same, the batch is void and leaves no trace.", nil, nil, &broken, good)
	s.void("envelope", "In whatever order.", nil, nil, good, &broken)
	s.batch("The good copy is applied: nothing has burnt its id.", good)
	s.batch("When the second relay has a good copy too, it is answered with the same result.", good.again("Paid once."))
}

func standstill(s *story) {
	s.funded(100_00, "Baraka")
	owner, baraka := s.wallet("Baraka")
	amina, juma := s.Amina.Account, s.Juma.Account
	hold, request := s.holds(baraka, amina, 5_00), tx.RequestPayment{Credit: baraka, Debit: juma, Asset: ledgertest.KES, Amount: 1_00}
	hold.ExpiresAtUnixMs = s.chain.TimeUnixMs + minute
	request.ExpiresAtUnixMs = hold.ExpiresAtUnixMs
	earlier := request
	earlier.ExpiresAtUnixMs = hold.ExpiresAtUnixMs - 1
	placed := s.ok("A hold of a minute.", by(owner), hold)
	asked := s.ok("A request of the same minute.", by(owner), request)
	s.batch("What will come due.", asked, placed, s.ok("A request of a millisecond less.", by(owner), earlier))
	s.tick(hold.ExpiresAtUnixMs - 1 - s.chain.TimeUnixMs)
	s.pace, s.lifetime = 0, 0
	s.batch("A millisecond before the expiry, time stops.", s.ok("A payment that expires now is good now.", by(owner), pays(baraka, amina, 1_00)))
	again := s.ok("Another, and another batch at the same time.", by(owner), pays(baraka, amina, 2_00))
	s.batch("A second batch of the same time.", again)
	s.batch("A third: nothing is forgotten yet.", again.again("A duplicate is still known."), s.ok("The hold is still open.", by(s.Provider), capturing(placed.hold(), baraka, amina, 1_00)))
	s.void("time", "Time never goes back, not by a millisecond.", func(h *tx.BatchHeader) { h.TimeUnixMs-- }, nil)
	s.lifetime = minute
	s.tick(2)
	s.does(tx.RequestExpired, tx.HoldReturned, tx.RequestExpired)
	s.batch("Two milliseconds later everything is overdue: by due time first, then by kind: holds before requests.",
		s.act(tx.HoldUnknown, "The hold is over.", by(s.Provider), capturing(placed.hold(), baraka, amina, 1_00)),
		s.ok("Its units are there to spend.", by(owner), pays(baraka, amina, 96_00)),
	)
}
