package vectors_test

import (
	"bytes"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// accountTales are about who may act on an account and who gets it when keys are lost.
func accountTales(m *maker) []vectors.Ledger {
	return []vectors.Ledger{
		m.tell("accounts-opened", "two-providers", "An account with keys is opened by them, one without by a registered provider, who may grant itself what the lowest tier allows.", openings),
		m.tell("authority", "four-validators", "Keys with weights act together, and are replaced by themselves; the account's id stays.", authorities),
		m.tell("recovery-by-guardians", "two-providers", "Guardians give an account new keys after three days; its owner can end that.", guardiansRecover),
		m.tell("recovery-by-attestors", "two-providers", "A phone account gets its first key: attestors start it, the provider holds it up once, and a second word completes it whatever the provider says.", attestorsRecover),
		m.tell("tiers-and-attestors", "two-providers", "An attestor has no say where its provider has an interest.", interests),
	}
}

func openings(s *story) {
	rival := s.Key(s.t, "rival")
	kofi, dada := s.phone("Kofi"), s.phone("Dada")
	const number = "+254711000009"
	bind := func(id tx.AccountID) tx.BindAlias {
		return tx.BindAlias{Alias: s.number(number), Account: id, SealedName: s.sealed(number, "KOFI")}
	}
	k, _ := s.wallet("Baraka")
	wide := s.grant(kofi.Account())
	wide.CapDay++
	s.batch("Accounts are numbered in the order of opening.",
		s.ok("Baraka opens an account with his key.", by(k), s.opens("Baraka")),
		s.act(tx.AccountExists, "Once.", by(k), s.opens("Baraka")),
		s.act(tx.Unauthorised, "Nobody opens an account with somebody else's key.", by(s.Issuer), s.opens("Chebet")),
		s.act(tx.Unauthorised, "Who is no provider opens no phone account.", by(k), kofi),
		s.act(tx.GrantAboveTier, "A provider grants itself no more than the lowest tier has.", by(s.Provider), kofi, wide).at(1),
		s.act(tx.AliasTaken, "Nor does it bind a number that is bound.", by(s.Provider), kofi, tx.BindAlias{
			Alias: s.Juma.Alias, Account: kofi.Account(), SealedName: s.sealed(s.Juma.Number, "KOFI"),
		}).at(1),
		s.ok("Kofi registers by phone: account, number and grant in one.", by(s.Provider), kofi, bind(kofi.Account()), s.grant(kofi.Account())),
		s.act(tx.AliasTaken, "A second provider cannot take the number by binding it.", by(rival), dada, bind(dada.Account())).at(1),
		s.act(tx.Unauthorised, "A number is bound in the transaction that opens its account, or by attestors.", by(s.Provider), bind(kofi.Account())),
		s.act(tx.Unauthorised, "A founding provider grants itself, and nobody else.", by(s.Provider), dada, tx.IssueGrant{
			Account: dada.Account(), Grantee: rival.Public(), Operations: tx.GrantAll(), Asset: 1, CapTransaction: 1, CapDay: 1, ExpiresAtUnixMs: now + day,
		}),
	)
	// An asset without a limit of the lowest tier allows no founding grant: nobody has said what it should be.
	unlimited := s.grant(dada.Account())
	unlimited.Asset = tzs
	s.batch("Where nobody has said what the lowest tier is, nothing can be granted.",
		s.act(tx.GrantAboveTier, "TZS has no tiers here.", by(rival), dada, func() tx.IssueGrant { g := unlimited; g.Grantee = rival.Public(); return g }()).at(1),
	)
}

func authorities(s *story) {
	first, second, third := s.Key(s.t, "first key"), s.Key(s.t, "second key"), s.Key(s.t, "third key")
	weights := func(threshold uint32, keys ...tx.AuthorityKey) tx.Authority {
		slices.SortFunc(keys, func(a, b tx.AuthorityKey) int { return bytes.Compare(a.Key[:], b.Key[:]) })
		return tx.Authority{Keys: keys, Threshold: threshold}
	}
	pair := weights(3, tx.AuthorityKey{Key: first.Public(), Weight: 2}, tx.AuthorityKey{Key: second.Public(), Weight: 1})
	open := tx.OpenAccount{Authority: pair, Salt: [16]byte(fill(5, 16))}
	id := open.Account()
	s.batch("A shop of two owners: weights 2 and 1, and both are needed.",
		s.act(tx.Unauthorised, "One alone does not open it.", by(first), open),
		s.ok("Both do.", by(first, second), open),
		s.ok("The issuer pays it.", by(s.Issuer), pays(s.IssuerAccount, id, 100_00)),
	)
	alone := weights(2, tx.AuthorityKey{Key: first.Public(), Weight: 2}, tx.AuthorityKey{Key: third.Public(), Weight: 2})
	s.batch("",
		s.act(tx.Unauthorised, "One alone does not pay.", by(first), pays(id, s.Juma.Account, 1_00)),
		s.act(tx.Unauthorised, "A stranger's signature adds nothing.", by(second, third), pays(id, s.Juma.Account, 2_00)),
		s.ok("Both do.", by(first, second), pays(id, s.Juma.Account, 1_00)),
		s.act(tx.Unauthorised, "One alone does not replace the authority.", by(first), tx.SetAuthority{Account: id, Authority: alone}),
		s.ok("Both replace it: the first and a third, each alone.", by(first, second), tx.SetAuthority{Account: id, Authority: alone}),
		s.act(tx.Unauthorised, "The second key is out at once.", by(second), pays(id, s.Juma.Account, 3_00)),
		s.ok("The third pays alone.", by(third), pays(id, s.Juma.Account, 1_00)),
		s.act(tx.AccountUnknown, "The authority of an account that nobody has opened is nobody's to replace.", by(first), tx.SetAuthority{Account: s.id(1), Authority: alone}),
	)
	s.batch("A right that is lost within a transaction is lost for its later operations.",
		s.act(tx.Unauthorised, "New keys, and then a payment signed by the old one: neither happens, and the id stays free.", by(third),
			tx.SetAuthority{Account: id, Authority: tx.SingleKey(first.Public())}, pays(id, s.Juma.Account, 1_00)),
	)
}

func guardiansRecover(s *story) {
	chebet, brother, sister := s.Key(s.t, "chebet"), s.Key(s.t, "chebet's brother"), s.Key(s.t, "chebet's sister")
	id := s.accountOf("chebet")
	fresh := s.Key(s.t, "chebet's new phone")
	start := tx.StartRecovery{Account: id, Authority: tx.SingleKey(fresh.Public())}
	founded := tx.Authority{Keys: weighted(m32(chebet)), Threshold: 1, Guardians: weighted(s.publics("chebet's brother", "chebet's sister")), GuardianThreshold: 3}
	s.batch("Brother and sister together.",
		s.act(tx.Unauthorised, "One alone does not recover.", by(brother), start),
		s.act(tx.NothingToChange, "To what is already so.", by(brother, sister), tx.StartRecovery{Account: id, Authority: founded}),
		s.ok("Both start it.", by(brother, sister), start),
		s.act(tx.RecoveryPending, "Once.", by(brother, sister), start),
		s.act(tx.AccountUnknown, "Not of an account that nobody has opened.", by(brother, sister), tx.StartRecovery{Account: s.id(1), Authority: start.Authority}),
		s.act(tx.NotHeld, "It was not held up, so it needs no second word.", by(brother, sister), tx.CompleteRecovery{Account: id}),
	)
	s.batch("Meanwhile the limits are a quarter.",
		s.act(tx.LimitTransaction, "Tier 1 is 50,000.00: 12,500.01 is too much.", by(chebet), pays(id, s.Juma.Account, 12_500_01)),
		s.ok("12,500.00 is not.", by(chebet), pays(id, s.Juma.Account, 12_500_00)),
	)
	s.batch("The owner has lost nothing.",
		s.ok("She ends it.", by(chebet), tx.CancelRecovery{Account: id}),
		s.act(tx.RecoveryUnknown, "There is none to end.", by(chebet), tx.CancelRecovery{Account: id}),
		s.act(tx.RecoveryUnknown, "Nor to complete.", by(brother, sister), tx.CompleteRecovery{Account: id}),
		s.ok("And pays without the lower limit.", by(chebet), pays(id, s.Juma.Account, 12_500_01)),
	)
	s.batch("A month later she has.", s.ok("Both start it again.", by(brother, sister), start))
	due := s.chain.TimeUnixMs - s.pace + 3*day
	s.tick(due - s.chain.TimeUnixMs)
	s.pace = 1
	s.batch("In the last millisecond the old key still acts.", s.ok("A payment by the old key.", by(chebet), pays(id, s.Juma.Account, 1)))
	s.does(tx.RecoveryCompleted)
	s.batch("Three days are over.",
		s.act(tx.Unauthorised, "The old key is out.", by(chebet), pays(id, s.Juma.Account, 2)),
		s.ok("The new one is in.", by(fresh), pays(id, s.Juma.Account, 3)),
	)
	s.batch("An owner who sets new keys ends a recovery that waits.",
		s.ok("New keys with guardians.", by(fresh), tx.SetAuthority{Account: id, Authority: founded}),
		s.ok("The guardians start once more.", by(brother, sister), start),
		s.ok("The owner replaces her keys.", by(chebet), tx.SetAuthority{Account: id, Authority: founded}),
		s.act(tx.RecoveryUnknown, "So there is nothing to end.", by(chebet), tx.CancelRecovery{Account: id}),
	)
}

func m32(keys ...key.Private) (all []key.Public) {
	for _, k := range keys {
		all = append(all, k.Public())
	}
	return all
}

// accountOf is an account of the genesis of two providers, by the label of its founding.
func (s *story) accountOf(label string) tx.AccountID {
	s.t.Helper()
	salt := key.TaggedHash("umoja/test/salt "+label, []byte(s.Seed))
	for _, a := range s.Genesis.Accounts {
		if bytes.Equal(a.Salt, salt[:16]) {
			return a.ID
		}
	}
	s.t.Fatalf("no account of %s", label)
	return tx.AccountID{}
}

func attestorsRecover(s *story) {
	juma, provider := s.Juma.Account, by(s.Provider)
	one, two, rivals := s.Attestors[0], s.Attestors[1], s.Attestors[2]
	fresh := s.Key(s.t, "juma's first app")
	start := tx.StartRecovery{Account: juma, Authority: tx.SingleKey(fresh.Public())}
	cancel, complete := tx.CancelRecovery{Account: juma}, tx.CompleteRecovery{Account: juma}
	s.batch("",
		s.act(tx.Unauthorised, "One attestor is not enough.", by(one), start),
		s.ok("Two are; one may belong to another provider.", by(two, rivals), start),
		s.ok("Juma's provider holds it up: for three days and then some.", provider, cancel),
		s.act(tx.AlreadyHeld, "Once.", provider, cancel),
		s.act(tx.Unauthorised, "A stranger holds nothing up.", by(s.Key(s.t, "stranger")), cancel),
	)
	s.does(tx.RecoveryLapsed)
	s.tick(10 * day)
	s.batch("It was not confirmed within seven days after that.", s.act(tx.RecoveryUnknown, "So it cannot be any more.", by(one, two), complete))
	s.batch("Again, and this time they mean it.",
		s.ok("A new start.", by(one, two), start),
		s.ok("The provider holds it up.", provider, cancel),
		s.ok("Two attestors say it once more.", by(one, two), complete),
		s.act(tx.NothingToChange, "Once is enough.", by(one, two), complete),
		s.act(tx.AlreadyHeld, "And the provider has had its turn.", provider, cancel),
	)
	s.does(tx.RecoveryCompleted)
	s.tick(3 * day)
	s.batch("It completes when the hold-up is over.",
		s.ok("Juma pays with his own key.", by(fresh), pays(juma, s.Amina.Account, 1_00)),
		s.ok("His provider's grant is still there: it carries him as before.", provider, s.carried(pays(juma, s.Amina.Account, 1_00))),
		s.act(tx.Unauthorised, "Attestors have no say over an account with keys that does not ask for them.", by(one, two), start),
	)
	s.batch("Who can start one can end it, where there are no keys.",
		s.ok("A recovery of Amina's account.", by(one, two), tx.StartRecovery{Account: s.Amina.Account, Authority: start.Authority}),
		s.ok("The attestors take it back.", by(one, rivals), tx.CancelRecovery{Account: s.Amina.Account}),
	)
}

func interests(s *story) {
	rival, own, rivals := s.Key(s.t, "rival"), s.Attestors[0], s.Attestors[2]
	k, baraka := s.wallet("Baraka")
	s.funded(1_000_00, "Baraka")
	tier := func(id tx.AccountID, tier uint32) tx.SetTier {
		return tx.SetTier{Account: id, Tier: tier, CheckedAtUnixMs: now, EvidenceHash: evidence("passport")}
	}
	grant := tx.IssueGrant{
		Account: baraka, Grantee: rival.Public(), Operations: []tx.GrantedOperation{tx.GrantTransfer}, Asset: ledgertest.KES, CapTransaction: 10_00,
		CapDay: 10_00, ExpiresAtUnixMs: s.chain.TimeUnixMs + day,
	}
	s.batch("A tier is worth money to who carries the account.",
		s.ok("The attestor of the second provider sets a tier, while that has no grant.", by(rivals), tier(baraka, 1)),
		s.ok("Baraka grants that provider something.", by(k), grant),
		s.act(tx.Unauthorised, "From then on its attestor has an interest.", by(rivals), tier(baraka, 2)),
		s.ok("Another has none.", by(own), tier(baraka, 2)),
		s.act(tx.Unauthorised, "An attestor does not check itself.", by(own), tier(s.AttestorAccounts[0], 1)),
		s.act(tx.Unauthorised, "Nor does anybody who is none.", by(k), tier(baraka, 9)),
		s.act(tx.AccountUnknown, "An account that nobody has opened has no tier.", by(own), tier(s.id(1), 1)),
	)
	s.tick(day)
	s.does(tx.GrantExpired)
	s.batch("When the grant has expired it has none either.", s.ok("The attestor of the second provider.", by(rivals), tier(baraka, 0)))
}
