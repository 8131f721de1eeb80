package vectors_test

import (
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// aliasTales are about numbers: what they are bound to, and how they move.
func aliasTales(m *maker) []vectors.Ledger {
	return []vectors.Ledger{
		m.tell("alias-attested", "two-providers", "What attestors bind displaces what a provider vouched for alone, and nothing displaces that but a move or a release.", attestations),
		m.tell("alias-released", "four-validators", "A released number stays away from others until its quarantine is over.", releasesOfNumbers),
		m.tell("move-to-another-provider", "two-providers", "A user changes provider as one changes e-mail clients: attested, seen by all, after a day.", moveOfProvider),
		m.tell("move-held-up", "two-providers", "The old provider holds a move up once; confirmed, it completes whatever the provider says; not confirmed, it lapses.", heldMoves),
		m.tell("move-at-once", "two-providers", "Keys of an owner, or the old provider together with the attestors, make a move immediate.", immediateMoves),
	}
}

func attestations(s *story) {
	const number = "+254711000009"
	rival := s.Key(s.t, "rival")
	kofi, dada := s.phone("Kofi"), s.phone("Dada")
	bind := tx.BindAlias{Alias: s.number(number), Account: kofi.Account(), SealedName: s.sealed(number, "THIEF")}
	attest := func(id tx.AccountID, name string) tx.AttestAlias {
		return tx.AttestAlias{Alias: s.number(number), Account: id, SealedName: s.sealed(number, name)}
	}
	own := s.grant(kofi.Account())
	own.Grantee = rival.Public()
	both, foreign := by(s.Attestors[0], s.Attestors[1]), by(s.Attestors[0], s.Attestors[2])
	toKofi, toDada := s.carried(pays(s.Juma.Account, kofi.Account(), 1_00)), s.carried(pays(s.Juma.Account, dada.Account(), 1_00))
	toKofi.Alias, toDada.Alias = &bind.Alias, &bind.Alias
	s.batch("A provider claims a number that is Dada's.",
		s.ok("For an account of its own.", by(rival), kofi, bind, own),
		s.ok("Until anybody is attested to have it, payments by that number go there.", by(s.Provider), toKofi),
		s.ok("Dada registers with another provider, without a number.", by(s.Provider), dada, s.grant(dada.Account())),
		s.act(tx.Unauthorised, "One attestor is not enough.", by(s.Attestors[0]), attest(dada.Account(), "DADA")),
		s.act(tx.Unauthorised, "The attestor of the claiming provider has no say over an account that it carries.", foreign, attest(kofi.Account(), "THIEF")),
	)
	s.batch("Two attestors have reached Dada.",
		s.ok("The number is hers at once.", both, attest(dada.Account(), "DADA")),
		s.act(tx.AliasNotBoundToPayee, "The claim is gone.", by(s.Provider), toKofi),
		s.ok("Payments by number reach her.", by(s.Provider), toDada),
		s.act(tx.AliasTaken, "What is attested stays.", both, attest(kofi.Account(), "THIEF")),
		s.act(tx.AccountUnknown, "A number is bound to an account that exists.", both, attest(s.id(1), "NOBODY")),
	)
	s.batch("A binding that a provider vouches for becomes full where it is.",
		s.ok("Another account, with another number.", by(s.Provider), s.phone("Farida"), tx.BindAlias{
			Alias: s.number("+254711000010"), Account: s.phone("Farida").Account(), SealedName: s.sealed("+254711000010", "FARIDA"),
		}),
		s.ok("Attested to the same account.", both, tx.AttestAlias{
			Alias: s.number("+254711000010"), Account: s.phone("Farida").Account(), SealedName: s.sealed("+254711000010", "FARIDA"),
		}),
	)
}

func releasesOfNumbers(s *story) {
	s.funded(100_00, "Baraka", "Dada")
	owner, baraka := s.wallet("Baraka")
	other, dada := s.wallet("Dada")
	attestors := by(s.Attestors[0], s.Attestors[1])
	const number = "+254711000009"
	attest := func(id tx.AccountID, name string) tx.AttestAlias {
		return tx.AttestAlias{Alias: s.number(number), Account: id, SealedName: s.sealed(number, name)}
	}
	release := tx.ReleaseAlias{Alias: s.number(number), Account: baraka}
	s.batch("",
		s.act(tx.Unauthorised, "Attestors alone do not put a number on an account that has an owner.", attestors, attest(baraka, "BARAKA")),
		s.ok("With the owner they do.", append(attestors, owner), attest(baraka, "BARAKA")),
		s.act(tx.NothingToChange, "Once.", append(attestors, owner), attest(baraka, "BARAKA")),
		s.ok("Under another name it is a change.", append(attestors, owner), attest(baraka, "BARAKA M")),
		s.act(tx.AliasTaken, "Nobody else is attested to have it.", append(attestors, other), attest(dada, "DADA")),
		s.act(tx.AliasUnknown, "Nobody else releases it.", by(other), tx.ReleaseAlias{Alias: release.Alias, Account: dada}),
		s.act(tx.Unauthorised, "Not even in the owner's name.", by(other), release),
		s.ok("The owner does.", by(owner), release),
		s.act(tx.AliasUnknown, "Once.", by(owner), release),
	)
	kofi := s.phone("Kofi")
	to := pays(dada, baraka, 1_00)
	to.Alias = &release.Alias
	s.batch("People still pay to the number they know.",
		s.act(tx.AliasNotBoundToPayee, "A payment by a number that is nobody's.", by(other), to),
		s.act(tx.AliasQuarantined, "Nobody else is attested to have it.", append(attestors, other), attest(dada, "DADA")),
		s.act(tx.AliasQuarantined, "Nor founded with it.", by(s.Provider), kofi, tx.BindAlias{Alias: release.Alias, Account: kofi.Account(), SealedName: s.sealed(number, "KOFI")}).at(1),
		s.ok("The account that had it can have it again.", append(attestors, owner), attest(baraka, "BARAKA")),
		s.ok("And release it again.", by(owner), release),
	)
	s.tick(90*day - s.pace)
	s.batch("Ninety days later it is free.",
		s.act(tx.AliasQuarantined, "In the last millisecond it is not.", append(attestors, other), attest(dada, "DADA")))
	s.batch("And then it is.", s.ok("Dada has it.", append(attestors, other), attest(dada, "DADA M")))
}

func moveOfProvider(s *story) {
	rival := s.Key(s.t, "rival")
	juma, old := s.Juma.Account, s.Provider.Public()
	attestors := by(s.Attestors[0], s.Attestors[1], rival)
	grant := s.grant(juma)
	grant.Grantee = rival.Public()
	move := tx.StartMove{Alias: s.Juma.Alias, From: juma, To: juma, OldGrantee: &old, Grant: &grant}
	wide, unknown, other, noGrant, noAsset := move, move, move, move, move
	wide.Grant = ptr(grant)
	wide.Grant.CapDay++
	unknown.Alias = s.number("+254711999999")
	other.From, other.To, other.Grant = s.Amina.Account, s.Amina.Account, ptr(s.grant(s.Amina.Account))
	other.Grant.Grantee = rival.Public()
	noGrant.OldGrantee = ptr(s.Key(s.t, "nobody").Public())
	noAsset.Grant = ptr(grant)
	noAsset.Grant.Asset = 77
	s.batch("Juma leaves his provider for another.",
		s.act(tx.Unauthorised, "Without the new provider's own signature nobody grants it anything.", attestors[:2], move),
		s.act(tx.Unauthorised, "Its own attestor has an interest.", by(s.Attestors[0], s.Attestors[2], rival), move),
		s.act(tx.AssetUnknown, "A grant in an asset that nobody has defined.", attestors, noAsset),
		s.act(tx.AliasUnknown, "A number that nobody has.", attestors, unknown),
		s.act(tx.AliasUnknown, "A number that another account has.", attestors, other),
		s.act(tx.GrantUnknown, "The end of a grant that is not there.", attestors, noGrant),
		s.act(tx.GrantAboveTier, "A grant above what Juma's tier allows.", attestors, wide),
		s.ok("The move begins.", attestors, move),
		s.act(tx.MovePending, "Once.", attestors, move),
		s.act(tx.NotHeld, "It was not held up, so it needs no second word.", by(s.Attestors[0], s.Attestors[1]), tx.ConfirmMove{Alias: s.Juma.Alias, Account: juma}),
		s.act(tx.MovePending, "A number that moves is not attested anew.", by(s.Attestors[0], s.Attestors[1]), tx.AttestAlias{
			Alias: s.Juma.Alias, Account: juma, SealedName: s.sealed("other", "JUMA O"),
		}),
		s.act(tx.MovePending, "Nor released.", by(s.Attestors[0], s.Attestors[1]), tx.ReleaseAlias{Alias: s.Juma.Alias, Account: juma}),
		s.act(tx.LimitTransaction, "Meanwhile the limits are a quarter: 1,250.00.", by(s.Provider), s.carried(pays(juma, s.Amina.Account, 1_250_00))),
	)
	pay := pays(juma, s.Amina.Account, 10_00)
	pay.Fee = &tx.Fee{Provider: s.accountOf("rival"), ScheduleVersion: 1, Amount: rivalsFee}
	s.tick(day)
	s.does(tx.MoveCompleted)
	s.batch("A day later.",
		s.act(tx.Unauthorised, "The old provider has no grant any more.", by(s.Provider), s.carried(pays(juma, s.Amina.Account, 10_00))),
		s.ok("The new one carries.", by(rival), pay),
		s.act(tx.MoveUnknown, "There is nothing to cancel.", by(rival), tx.CancelMove{Alias: s.Juma.Alias, Account: juma}),
		s.act(tx.MoveUnknown, "Nor to confirm.", by(s.Attestors[0], s.Attestors[1]), tx.ConfirmMove{Alias: s.Juma.Alias, Account: juma}),
	)
}

func heldMoves(s *story) {
	rival := s.Key(s.t, "rival")
	juma, old := s.Juma.Account, s.Provider.Public()
	attestors := by(s.Attestors[0], s.Attestors[1])
	grant := s.grant(juma)
	grant.Grantee = rival.Public()
	move := tx.StartMove{Alias: s.Juma.Alias, From: juma, To: juma, OldGrantee: &old, Grant: &grant}
	cancel, confirm := tx.CancelMove{Alias: s.Juma.Alias, Account: juma}, tx.ConfirmMove{Alias: s.Juma.Alias, Account: juma}
	s.batch("A move that nobody confirms.",
		s.ok("It begins.", append(attestors, rival), move),
		s.act(tx.Unauthorised, "The new provider does not hold it up.", by(rival), cancel),
		s.ok("The old one does: for a day.", by(s.Provider), cancel),
		s.act(tx.AlreadyHeld, "Once.", by(s.Provider), cancel),
	)
	s.tick(8 * day)
	s.does(tx.MoveLapsed)
	s.batch("After a day and seven more it lapses.", s.act(tx.MoveUnknown, "Too late for a second word.", attestors, confirm))
	s.batch("A move that is meant.",
		s.ok("It begins.", append(attestors, rival), move),
		s.ok("The old provider holds it up.", by(s.Provider), cancel),
		s.act(tx.Unauthorised, "Its user's new provider cannot confirm it.", by(rival), confirm),
		s.ok("Two attestors can.", attestors, confirm),
		s.act(tx.NothingToChange, "Once is enough.", attestors, confirm),
		s.act(tx.AlreadyHeld, "The old provider has had its turn.", by(s.Provider), cancel),
	)
	s.tick(day)
	s.does(tx.MoveCompleted)
	s.batch("It completes when the hold-up is over, whatever the old provider says.")
	back := s.grant(juma)
	s.batch("Who can start a move can take it back, where there are no keys.",
		s.ok("A move back.", append(attestors, s.Provider), tx.StartMove{Alias: s.Juma.Alias, From: juma, To: juma, OldGrantee: ptr(rival.Public()), Grant: &back}),
		s.ok("The attestors end it.", attestors, cancel),
		s.act(tx.MoveUnknown, "It is over.", attestors, cancel),
	)
}

func immediateMoves(s *story) {
	rival, chebet := s.Key(s.t, "rival"), s.Key(s.t, "chebet")
	juma, amina, owner, old := s.Juma.Account, s.Amina.Account, s.accountOf("chebet"), s.Provider.Public()
	grant := s.grant(juma)
	grant.Grantee = rival.Public()
	to := pays(juma, owner, 1_00)
	to.Fee, to.Alias = &tx.Fee{Provider: s.accountOf("rival"), ScheduleVersion: 1, Amount: rivalsFee}, &s.Juma.Alias
	s.batch("The old provider agrees, and so waives the delay that is there for it.",
		s.ok("Juma's number goes to the new provider at once.", by(s.Attestors[0], s.Attestors[1], s.Provider, rival), tx.StartMove{
			Alias: s.Juma.Alias, From: juma, To: juma, OldGrantee: &old, Grant: &grant,
		}),
		s.ok("Which carries at once.", by(rival), func() tx.Transfer { o := to; o.Alias = nil; return o }()),
	)
	aminasMove := tx.StartMove{Alias: s.Amina.Alias, From: amina, To: owner, SealedName: ptr(s.sealed(s.Amina.Number, "CHEBET"))}
	s.batch("An account of an owner's keys takes a number from a phone.",
		s.act(tx.Unauthorised, "Nobody puts a number on an owner's account without her.", by(s.Attestors[0], s.Attestors[1]), aminasMove),
		s.ok("She agrees; it takes a day, because Amina's provider did not.", by(s.Attestors[0], s.Attestors[1], chebet), aminasMove),
	)
	s.tick(day)
	s.does(tx.MoveCompleted)
	s.batch("The number is hers.",
		s.ok("And with her key she moves it on at once, where the other account's provider takes it.", by(chebet, rival), tx.StartMove{
			Alias: s.Amina.Alias, From: owner, To: juma,
		}),
		s.act(tx.AliasUnknown, "It has left her.", by(chebet), tx.ReleaseAlias{Alias: s.Amina.Alias, Account: owner}),
	)
	s.batch("", s.act(tx.SelfTransfer, "Juma has two numbers now, and pays himself by neither.", by(rival), func() tx.Transfer {
		o := to
		o.Credit, o.Asset, o.Alias = juma, ledgertest.KES, &s.Amina.Alias
		return o
	}()))
	const third = "+254711000010"
	kofi := s.phone("Kofi")
	s.batch("What is provisional does not move: nobody was attested to be there.",
		s.ok("Kofi registers.", by(rival), kofi, tx.BindAlias{Alias: s.number(third), Account: kofi.Account(), SealedName: s.sealed(third, "KOFI")}),
		s.act(tx.AliasProvisional, "His number cannot move yet.", by(s.Attestors[0], s.Attestors[1], chebet), tx.StartMove{Alias: s.number(third), From: kofi.Account(), To: owner}),
	)
}
