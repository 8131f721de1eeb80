package vectors_test

import (
	"crypto/sha256"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// holdTales are about money that is reserved, asked for and given back.
func holdTales(m *maker) []vectors.Ledger {
	return []vectors.Ledger{
		m.tell("hold-captured", "four-validators", "A hold reserves amount and fee; captures take it in parts, the first with the whole fee, and the last ends it.", captures),
		m.tell("hold-expires", "four-validators", "What the expiry of a hold does: return, or complete; and that a hold ends with the millisecond that it names.", expiries),
		m.tell("hold-locked", "four-validators", "A hashlock asks for the secret of 32 bytes, and then it is in the history for everybody.", locks),
		m.tell("hold-released", "four-validators", "Who may give a hold back: the payee, and the payer if the hold says so.", releases),
		m.tell("hold-for-a-number", "four-validators", "A hold for a number that nobody has yet waits for whoever is attested to have it.", holdsForNumbers),
		m.tell("request", "four-validators", "A request moves nothing: the payer's transfer names it and ends it; so does a refusal of either side, or its expiry.", requests),
		m.tell("return-consented", "four-validators", "The payee gives back some or all of what a leaf moved, and never more than that.", returns),
		m.tell("return-arbitrated", "two-providers", "The arbiter of an asset signs a return in the payee's place, past freeze, caps and limits, and not past the balance.", arbitrations),
		m.tell("frozen", "two-providers", "An account that is frozen is not debited until a time; what was promised before stays promised.", frozen),
	}
}

// holds is a hold of KES that returns after an hour.
func (s *story) holds(debit, credit tx.AccountID, sum amount.Amount) tx.PlaceHold {
	return tx.PlaceHold{
		Debit: debit, Credit: &credit, Asset: ledgertest.KES, Amount: sum, OnExpiry: tx.ExpiryReturns, ExpiresAtUnixMs: s.chain.TimeUnixMs + 60*minute,
	}
}

// captures takes some of a hold.
func capturing(hold tx.HoldID, debit, credit tx.AccountID, sum amount.Amount) tx.CaptureHold {
	return tx.CaptureHold{Hold: hold, Debit: debit, Credit: credit, Asset: ledgertest.KES, Amount: sum}
}

func captures(s *story) {
	juma, amina, provider := s.Juma.Account, s.Amina.Account, by(s.Provider)
	hold := s.holds(juma, amina, 100_00)
	hold.Fee = s.fee()
	first := s.ok("101.00 of Juma's are reserved.", provider, hold)
	s.batch("A hold is the payer's debit: his grants, caps, limits and fee are judged now.",
		first,
		s.act(tx.InsufficientBalance, "What is held is not there to spend: the issuer's rest is a unit short.", by(s.Issuer), s.holds(s.IssuerAccount, juma, ledgertest.IssuerFunds), pays(s.IssuerAccount, juma, 1)).at(1),
		s.act(tx.CreditAccountUnknown, "For an account that nobody has opened.", by(s.Issuer), s.holds(s.IssuerAccount, s.id(1), 1)),
		s.act(tx.AssetUnknown, "Of an asset that nobody has defined.", by(s.Issuer), tx.PlaceHold{
			Debit: s.IssuerAccount, Credit: &juma, Asset: 77, Amount: 1, OnExpiry: tx.ExpiryReturns, ExpiresAtUnixMs: s.chain.TimeUnixMs + minute,
		}),
		s.act(tx.SelfTransfer, "For oneself.", by(s.Issuer), s.holds(s.IssuerAccount, s.IssuerAccount, 1)),
	)
	id := first.hold()
	s.batch("Captures, by the payee's provider.",
		s.ok("30.00, and the fee of 1.00 with it.", provider, capturing(id, juma, amina, 30_00)),
		s.act(tx.CaptureAboveHold, "A minor unit more than is left.", provider, capturing(id, juma, amina, 70_01)),
		s.act(tx.HoldMismatch, "In the name of another payer.", provider, capturing(id, s.IssuerAccount, amina, 1)),
		s.act(tx.HoldMismatch, "For another payee.", provider, capturing(id, s.IssuerAccount, juma, 1)),
		s.act(tx.SelfTransfer, "From a payee to himself.", provider, capturing(id, amina, amina, 1)),
		s.act(tx.HoldUnknown, "Of a hold that was never placed.", provider, capturing(tx.HoldID{9}, juma, amina, 1)),
		s.act(tx.PreimageMismatch, "With a secret that nobody asked for.", provider, tx.CaptureHold{
			Hold: id, Debit: juma, Credit: amina, Asset: ledgertest.KES, Amount: 1, Preimage: ptr(evidence("secret")),
		}),
		s.act(tx.Unauthorised, "By somebody who is not the payee.", by(s.Key(s.t, "thief")), capturing(id, juma, amina, 1)),
	)
	rest := capturing(id, juma, amina, 20_00)
	rest.ReleaseRest = true
	s.batch("The last capture ends the hold.",
		s.ok("20.00 more, and the rest goes back to Juma at once.", provider, rest),
		s.act(tx.HoldUnknown, "It is over.", provider, capturing(id, juma, amina, 1)),
	)
}

func expiries(s *story) {
	juma, amina, provider := s.Juma.Account, s.Amina.Account, by(s.Provider)
	returning := s.holds(juma, amina, 10_00)
	returning.Fee = s.fee()
	completing := s.holds(juma, amina, 20_00)
	completing.Fee, completing.OnExpiry = s.fee(), tx.ExpiryCompletes
	late := s.holds(juma, amina, 30_00)
	late.Fee = s.fee()
	now := s.chain.TimeUnixMs
	at := func(t uint64) tx.PlaceHold {
		h := s.holds(s.IssuerAccount, amina, 1)
		h.ExpiresAtUnixMs = t
		return h
	}
	captured := s.ok("30.00 that will be captured at the last moment.", provider, late)
	s.batch("Three holds of an hour.",
		s.ok("10.00 that return.", provider, returning), s.ok("20.00 that complete.", provider, completing), captured,
		s.act(tx.TimeNotValid, "An expiry that is not later than now.", by(s.Issuer), at(now)),
		s.act(tx.TimeNotValid, "One of more than ninety days.", by(s.Issuer), at(now+ledger.MaxAheadMs+1)),
		s.ok("One of exactly ninety days.", by(s.Issuer), at(now+ledger.MaxAheadMs)),
	)
	s.tick(returning.ExpiresAtUnixMs - s.chain.TimeUnixMs)
	s.batch("In the millisecond of its expiry a hold is still good.", s.ok("The capture at the last moment.", provider, capturing(captured.hold(), juma, amina, 30_00)))
	s.does(tx.HoldReturned, tx.HoldCompleted)
	s.batch("A second later both others have ended: at the head of the batch, in the order of (due, kind, subject).",
		s.act(tx.HoldUnknown, "A capture that comes too late changes nothing.", provider, capturing(captured.hold(), juma, amina, 1)),
	)
}

func locks(s *story) {
	juma, amina, provider := s.Juma.Account, s.Amina.Account, by(s.Provider)
	secret := evidence("secret")
	lock := sha256.Sum256(secret[:])
	hold := s.holds(juma, amina, 10_00)
	hold.Fee, hold.Hashlock = s.fee(), &lock
	short := hold
	short.ExpiresAtUnixMs = s.chain.TimeUnixMs + ledger.MinHashlockMs - 1
	placed := s.ok("10.00, for whoever shows the secret and is Amina.", provider, hold)
	s.batch("A leader can shift ledger time by ten seconds, so a hashlock leaves at least a minute.",
		placed, s.act(tx.TimeNotValid, "A millisecond less.", provider, short),
	)
	capture := capturing(placed.hold(), juma, amina, 10_00)
	wrong, right := capture, capture
	wrong.Preimage, right.Preimage = ptr(evidence("guess")), &secret
	s.batch("",
		s.act(tx.PreimageMismatch, "Without the secret.", provider, capture),
		s.act(tx.PreimageMismatch, "With another.", provider, wrong),
		s.act(tx.Unauthorised, "With the secret, by somebody who is not the payee.", by(s.Key(s.t, "thief")), right),
		s.ok("With the secret.", provider, right),
	)
}

func releases(s *story) {
	s.funded(100_00, "Baraka", "Dada")
	owner, baraka := s.wallet("Baraka")
	payee, dada := s.wallet("Dada")
	firm, loose := s.holds(baraka, dada, 10_00), s.holds(baraka, dada, 20_00)
	loose.PayerMayRelease = true
	a, b := s.ok("10.00 that only Dada may give back.", by(owner), firm), s.ok("20.00 that Baraka may take back too.", by(owner), loose)
	s.batch("", a, b)
	release := func(h tx.HoldID, debit tx.AccountID) tx.ReleaseHold { return tx.ReleaseHold{Hold: h, Debit: debit} }
	s.batch("",
		s.act(tx.Unauthorised, "Baraka takes back what is promised.", by(owner), release(a.hold(), baraka)),
		s.ok("Dada gives it back.", by(payee), release(a.hold(), baraka)),
		s.ok("Baraka takes back what he may.", by(owner), release(b.hold(), baraka)),
		s.act(tx.HoldUnknown, "Once.", by(owner), release(b.hold(), baraka)),
		s.ok("Everything is there to spend.", by(owner), pays(baraka, dada, 100_00)),
	)
	c := s.ok("5.00 for Baraka.", by(payee), s.holds(dada, baraka, 5_00))
	s.batch("A release names its payer, so that it shows in his history.",
		c,
		s.act(tx.HoldMismatch, "A release in the name of another payer, who signs it.", by(owner), release(c.hold(), baraka)),
	)
}

func holdsForNumbers(s *story) {
	const number = "+254711000009"
	juma, provider := s.Juma.Account, by(s.Provider)
	alias := s.number(number)
	place := func(sum amount.Amount, on tx.HoldExpiry) tx.PlaceHold {
		h := s.holds(juma, juma, sum)
		h.Credit, h.Alias, h.Fee, h.OnExpiry = nil, &alias, s.fee(), on
		return h
	}
	kofi := s.phone("Kofi")
	claimed := s.ok("100.00 for a number that nobody has.", provider, place(100_00, tx.ExpiryReturns))
	s.batch("Money for somebody who has no account yet.",
		claimed, s.ok("50.00 that return when nobody comes.", provider, place(50_00, tx.ExpiryReturns)),
		s.ok("20.00 that complete, to whoever has the number then.", provider, place(20_00, tx.ExpiryCompletes)),
	)
	beside := s.holds(juma, kofi.Account(), 1_00)
	beside.Alias, beside.Fee = &alias, s.fee()
	s.batch("A provider opens an account for the number, and vouches for it alone.",
		s.ok("Kofi registers by phone; the grant is no higher than the lowest tier.", provider, kofi,
			tx.BindAlias{Alias: alias, Account: kofi.Account(), SealedName: s.sealed(number, "KOFI")}, s.grant(kofi.Account())),
		s.act(tx.AliasProvisional, "That is no claim on money held for the number.", provider, capturing(claimed.hold(), juma, kofi.Account(), 100_00)),
		s.act(tx.AliasNotBoundToPayee, "Nor has Amina one.", provider, capturing(claimed.hold(), juma, s.Amina.Account, 100_00)),
		s.act(tx.AliasProvisional, "Nor can a hold name account and number together.", provider, beside),
	)
	s.batch("Attested, Kofi claims.",
		s.ok("Two attestors have reached him.", by(s.Attestors[0], s.Attestors[2]), tx.AttestAlias{Alias: alias, Account: kofi.Account(), SealedName: s.sealed(number, "KOFI")}),
		s.ok("All of the first hold.", provider, capturing(claimed.hold(), juma, kofi.Account(), 100_00)),
	)
	s.tick(60 * minute)
	s.does(tx.HoldReturned, tx.HoldCompleted)
	s.batch("What nobody has captured returns, or completes to whoever is attested by then.")
}

func requests(s *story) {
	s.funded(100_00, "Baraka")
	owner, baraka := s.wallet("Baraka")
	amina, provider := s.Amina.Account, by(s.Provider)
	ask := func(sum amount.Amount) tx.RequestPayment {
		return tx.RequestPayment{Credit: amina, Debit: baraka, Asset: ledgertest.KES, Amount: sum, ExpiresAtUnixMs: s.chain.TimeUnixMs + 60*minute, Reference: "mandazi"}
	}
	past, self, other := ask(1), ask(1), ask(1)
	past.ExpiresAtUnixMs = s.chain.TimeUnixMs
	self.Debit, other.Asset = amina, 77
	paid, declined, withdrawn, forgotten := s.ok("10.00, please.", provider, ask(10_00)), s.ok("20.00, please.", provider, ask(20_00)), s.ok("30.00, please.", provider, ask(30_00)), s.ok("40.00, please.", provider, ask(40_00))
	s.batch("Amina's provider asks Baraka for money.", paid, declined, withdrawn, forgotten,
		s.act(tx.TimeNotValid, "A request that has expired already.", provider, past),
		s.act(tx.SelfTransfer, "A request of oneself.", provider, self),
		s.act(tx.AssetUnknown, "A request of an asset that nobody has defined; the owner of a wallet asks.", by(owner), tx.RequestPayment{
			Credit: baraka, Debit: amina, Asset: 77, Amount: 1, ExpiresAtUnixMs: s.chain.TimeUnixMs + minute,
		}),
	)
	pay := func(r tx.RequestID, sum amount.Amount) tx.Transfer {
		o := pays(baraka, amina, sum)
		o.Request = &r
		return o
	}
	decline := func(r tx.RequestID, id tx.AccountID) tx.DeclineRequest {
		return tx.DeclineRequest{Request: r, Account: id}
	}
	s.batch("",
		s.act(tx.RequestMismatch, "Of another amount than was asked.", by(owner), pay(paid.request(), 9_99)),
		s.ok("As asked.", by(owner), pay(paid.request(), 10_00)),
		s.act(tx.RequestUnknown, "A bill is paid once.", by(owner), pay(paid.request(), 10_00)),
		s.ok("Baraka declines.", by(owner), decline(declined.request(), baraka)),
		s.ok("Amina's provider takes one back.", provider, decline(withdrawn.request(), amina)),
		s.act(tx.RequestMismatch, "Nobody else ends one.", by(s.Issuer), decline(forgotten.request(), s.IssuerAccount)),
		s.act(tx.RequestUnknown, "Nor one that is over.", by(owner), decline(declined.request(), baraka)),
	)
	s.tick(60 * minute)
	s.does(tx.RequestExpired)
	s.batch("And one is forgotten.", s.act(tx.RequestUnknown, "It can no longer be paid.", by(owner), pay(forgotten.request(), 40_00)))
}

// given is a return of what the first operation of the i-th transaction of a batch moved, from its payee.
func given(fx *ledger.Effects, i int, debit, credit tx.AccountID, sum amount.Amount) tx.Return {
	index := fx.Outcomes[i].LeafIndex
	return tx.Return{LeafIndex: index, Leaf: fx.Leaves[index-fx.Before.Size].Raw, Debit: debit, Credit: credit, Asset: ledgertest.KES, Amount: sum}
}

func returns(s *story) {
	s.funded(100_00, "Baraka")
	owner, baraka := s.wallet("Baraka")
	juma, amina, provider := s.Juma.Account, s.Amina.Account, by(s.Provider)
	hold := s.holds(juma, amina, 5_00)
	hold.Fee, hold.OnExpiry, hold.ExpiresAtUnixMs = s.fee(), tx.ExpiryCompletes, s.chain.TimeUnixMs+minute
	fx := s.batch("Payments that are to be given back.",
		s.ok("Juma pays Baraka 50.00, and then Amina 7.00.", provider, s.carried(pays(juma, baraka, 50_00)), s.carried(pays(juma, amina, 7_00))),
		s.ok("5.00 are held for Amina, and will complete.", provider, hold),
		s.act(tx.SelfTransfer, "A payment that was refused.", by(owner), pays(baraka, baraka, 1)),
	)
	back := given(fx, 0, baraka, juma, 20_00)
	more, other, second, refused, moved, nobody, asset := back, back, back, given(fx, 2, baraka, juma, 1), back, back, back
	more.Amount, other.Debit, other.Credit, second.Operation, moved.LeafIndex, nobody.Credit, asset.Asset = 30_01, baraka, amina, 1, back.LeafIndex+1, s.id(1), 77
	s.batch("The payee consents.",
		s.ok("20.00 of 50.00; the fee stays with the provider, who has done the work.", by(owner), back),
		s.act(tx.ReturnAboveTransfer, "30.01 more would be above what was moved.", by(owner), more),
		s.act(tx.TransferUnknown, "To somebody who did not pay.", by(owner), other),
		s.act(tx.TransferUnknown, "The second operation paid Amina.", by(owner), second),
		s.act(tx.TransferUnknown, "A payment that was refused moved nothing.", by(owner), refused),
		s.act(tx.TransferUnknown, "The leaf stands at another index.", by(owner), moved),
		s.act(tx.CreditAccountUnknown, "To an account that nobody has opened.", by(owner), nobody),
		s.act(tx.Unauthorised, "The payer takes it himself.", provider, back),
	)
	byProvider := given(fx, 0, amina, juma, 7_00)
	byProvider.Operation, byProvider.Carrier = 1, &s.ProviderAccount
	unknown := given(fx, 0, baraka, juma, 1_00)
	unknown.Carrier = &amina
	s.batch("By a provider under its grant for returns.",
		s.ok("Amina gives 7.00 back: the carrier named is the provider that signs.", provider, byProvider),
		s.act(tx.ProviderUnknown, "A carrier that is no provider.", by(owner), unknown),
	)
	s.tick(minute)
	s.does(tx.HoldCompleted)
	completed := s.batch("The hold completes.")
	effect := tx.Return{
		LeafIndex: completed.Before.Size, Leaf: completed.Leaves[0].Raw, Debit: amina, Credit: juma, Asset: ledgertest.KES, Amount: 5_00, Carrier: &s.ProviderAccount,
	}
	fresh := effect
	fresh.LeafIndex, fresh.Operation = completed.Before.Size, 1
	s.batch("What an effect moved is returned as well.",
		s.act(tx.TransferUnknown, "An effect has one movement, at position 0.", provider, fresh),
		s.ok("All of it.", provider, effect),
		s.act(tx.ReturnAboveTransfer, "Once.", provider, func() tx.Return { again := effect; again.Amount = 1; return again }()),
	)
}

func arbitrations(s *story) {
	arbiter := s.Key(s.t, "arbiter")
	juma, amina := s.Juma.Account, s.Amina.Account
	fx := s.batch("", s.ok("Juma pays Amina 50.00.", by(s.Provider), s.carried(pays(juma, amina, 50_00))), s.ok("And 400.00.", by(s.Provider), s.carried(pays(juma, amina, 400_00))))
	back, large := given(fx, 0, amina, juma, 50_00), given(fx, 1, amina, juma, 400_00)
	s.batch("The arbiter of KES finds for Juma.",
		s.act(tx.Unauthorised, "A stranger finds nothing.", by(s.Key(s.t, "stranger")), back),
		s.ok("50.00 back.", by(arbiter), back),
		s.act(tx.ReturnAboveTransfer, "Not twice.", by(arbiter), given(fx, 0, amina, juma, 1)),
	)
	spend := s.carried(pays(amina, s.ProviderAccount, 898_99))
	s.batch("What Amina has spent is not there.",
		s.ok("Amina pays nearly everything.", by(s.Provider), spend),
		s.act(tx.InsufficientBalance, "So 400.00 are not returned.", by(arbiter), large),
		s.ok("1 unit is.", by(arbiter), given(fx, 1, amina, juma, 1)),
	)
}

func frozen(s *story) {
	juma, amina := s.Juma.Account, s.Amina.Account
	hold := s.holds(juma, amina, 10_00)
	hold.Fee = s.fee()
	placed := s.ok("10.00 are held for Amina before.", by(s.Provider), hold)
	paid := s.ok("And 20.00 are paid.", by(s.Provider), s.carried(pays(amina, juma, 20_00)))
	fx := s.batch("", placed, paid)
	until := s.chain.TimeUnixMs + day
	s.decided("Juma's account is frozen for a day.", tx.Freeze{Account: juma, UntilUnixMs: until, EvidenceHash: evidence("order of the court")})
	s.does(tx.BallotEffective)
	s.batch("Nothing is debited.",
		s.act(tx.AccountFrozen, "No transfer.", by(s.Provider), s.carried(pays(juma, amina, 1))),
		s.act(tx.AccountFrozen, "No hold.", by(s.Provider), hold),
		s.ok("A hold that was placed before is captured: it was promised.", by(s.Provider), capturing(placed.hold(), juma, amina, 10_00)),
		s.ok("Money comes in.", by(s.Provider), s.carried(pays(amina, juma, 1_00))),
		s.ok("The arbiter gives back what is in dispute: that is what a freeze is for.", by(s.Key(s.t, "arbiter")), given(fx, 1, juma, amina, 20_00)),
	)
	s.tick(until - s.chain.TimeUnixMs)
	s.batch("Until a time is up to and with it.", s.act(tx.AccountFrozen, "In the last millisecond.", by(s.Provider), s.carried(pays(juma, amina, 1))))
	s.batch("It ends by itself.", s.ok("A second later.", by(s.Provider), s.carried(pays(juma, amina, 1))))
}
