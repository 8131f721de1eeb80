package vectors_test

import (
	"crypto/ed25519"
	"maps"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// governor signs for a validator.
func (s *story) governor(name string) []key.Private { return by(s.Governors[name]) }

// proposes is a proposal of v1 that may pass within a week and takes effect at once.
func (s *story) proposes(d tx.Decision) tx.Propose {
	return tx.Propose{Validator: "v1", Decision: d, ExpiresAtUnixMs: s.chain.TimeUnixMs + 7*day}
}

// decided has three of four validators decide in one batch; it takes effect at the head of the next.
func (s *story) decided(comment string, d tx.Decision) {
	s.t.Helper()
	proposal := s.ok(comment, s.governor("v1"), s.proposes(d))
	ballot := proposal.ballot()
	s.batch("Three of four validators decide: "+comment, proposal,
		s.ok("v2 agrees.", s.governor("v2"), tx.Vote{Ballot: ballot, Validator: "v2", Yes: true}),
		s.ok("v3 agrees: that is a quorum.", s.governor("v3"), tx.Vote{Ballot: ballot, Validator: "v3", Yes: true}),
	)
}

// ballotTales are about what the validators decide.
func ballotTales(m *maker) []vectors.Ledger {
	return []vectors.Ledger{
		m.tell("ballot-passes-or-lapses", "four-validators", "Each validator votes once; with three of four a ballot has passed, and takes effect at the head of a later batch; without, it lapses.", ballots),
		m.tell("decisions", "two-providers", "Each kind of decision takes effect; a ballot on what is so already, or cannot be, is refused.", decisions),
		m.tell("decision-that-became-impossible", "four-validators", "What has passed and can no longer be carried out lapses when it would take effect.", becameImpossible),
		m.tell("validator-set-replaced", "four-validators", "A set keeps its size and replaces at most f; the header that ends the batch names the new set, which leads from the next batch on.", setReplaced),
		m.tell("rules-raised", "four-validators", "The header names the version after the ballot; the batch before it took effect was still under the version before, and a program that does not know the new one stops here.", rulesRaised),
	}
}

func ballots(s *story) {
	vote := func(b tx.BallotID, name string, yes bool) tx.Vote {
		return tx.Vote{Ballot: b, Validator: name, Yes: yes}
	}
	days := func(n uint64) tx.SetParameter { return tx.SetParameter{Parameter: tx.MoveDelayMs, Value: n * day} }
	two, three := s.ok("v1 proposes two days for a move.", s.governor("v1"), s.proposes(days(2))), s.ok("And v2 three.", s.governor("v2"), func() tx.Propose {
		p := s.proposes(days(3))
		p.Validator = "v2"
		return p
	}())
	far := s.proposes(days(4))
	far.ExpiresAtUnixMs = s.chain.TimeUnixMs + 30*day + 1
	gone, late := s.proposes(days(4)), s.proposes(days(4))
	gone.ExpiresAtUnixMs, late.EffectiveAtUnixMs = s.chain.TimeUnixMs, s.chain.TimeUnixMs+90*day+1
	s.batch("Who proposes agrees.", two, three,
		s.act(tx.Unauthorised, "A validator's own key is not its governor's account.", by(s.Key(s.t, "stranger")), s.proposes(days(2))),
		s.act(tx.Unauthorised, "v2's governor does not speak for v1.", s.governor("v2"), s.proposes(days(2))),
		s.act(tx.TimeNotValid, "Open for more than thirty days.", s.governor("v1"), far),
		s.act(tx.TimeNotValid, "Over before it begins.", s.governor("v1"), gone),
		s.act(tx.TimeNotValid, "An effect in more than ninety days.", s.governor("v1"), late),
		s.act(tx.NothingToChange, "A day is what is in force.", s.governor("v1"), s.proposes(days(1))),
	)
	s.batch("",
		s.act(tx.AlreadyVoted, "The proposer has.", s.governor("v1"), vote(two.ballot(), "v1", true)),
		s.ok("v2 agrees.", s.governor("v2"), vote(two.ballot(), "v2", true)),
		s.ok("v3 does not.", s.governor("v3"), vote(two.ballot(), "v3", false)),
		s.act(tx.AlreadyVoted, "A word is given once.", s.governor("v3"), vote(two.ballot(), "v3", true)),
		s.ok("v4 agrees: three of four.", s.governor("v4"), vote(two.ballot(), "v4", true)),
		s.act(tx.BallotUnknown, "A ballot that nobody proposed.", s.governor("v4"), vote(tx.BallotID{9}, "v4", true)),
	)
	s.does(tx.BallotEffective)
	s.batch("It takes effect.", s.act(tx.BallotUnknown, "And is over.", s.governor("v3"), vote(two.ballot(), "v3", true)))
	later := s.proposes(days(5))
	later.EffectiveAtUnixMs = s.chain.TimeUnixMs + 2*day
	five := s.ok("Five days for a move, from the day after tomorrow on.", s.governor("v1"), later)
	s.batch("An effect may wait for its time.", five,
		s.ok("v2.", s.governor("v2"), vote(five.ballot(), "v2", true)), s.ok("v3.", s.governor("v3"), vote(five.ballot(), "v3", true)),
		s.act(tx.NothingToChange, "It has passed: a vote more changes nothing.", s.governor("v4"), vote(five.ballot(), "v4", false)),
	)
	s.tick(2 * day)
	s.does(tx.BallotEffective)
	s.batch("Two days later.")
	s.tick(5 * day)
	s.does(tx.BallotLapsed)
	s.batch("v2's own proposal found no friends within its week.", s.act(tx.BallotUnknown, "Too late.", s.governor("v1"), vote(three.ballot(), "v1", true)))
}

func decisions(s *story) {
	juma := s.Juma.Account
	s.funded(0, "Baraka")
	owner, baraka := s.wallet("Baraka")
	posta := s.Key(s.t, "posta")
	entry := tx.Attestor{Account: baraka, Key: posta.Public(), Name: "Posta", Endpoints: []string{"https://posta.example/"}}
	stranger, taken := entry, entry
	stranger.Account, taken.Key = s.id(1), s.Attestors[0].Public()
	ofNobody := entry
	ofNobody.Provider = &baraka
	refuse := func(code tx.Code, comment string, d tx.Decision) *act {
		return s.act(code, comment, s.governor("v1"), s.proposes(d))
	}
	s.batch("What cannot be decided.",
		refuse(tx.CreditAccountUnknown, "An issuer whom nobody knows.", tx.SetIssuer{Account: s.id(1), Issuer: true}),
		refuse(tx.NothingToChange, "An issuer who is one.", tx.SetIssuer{Account: s.IssuerAccount, Issuer: true}),
		refuse(tx.CreditAccountUnknown, "An attestor whom nobody knows.", tx.SetAttestor{Attestor: stranger}),
		refuse(tx.KeyTaken, "An attestor with another's key.", tx.SetAttestor{Attestor: taken}),
		refuse(tx.ProviderUnknown, "An attestor of a provider that is none.", tx.SetAttestor{Attestor: ofNobody}),
		refuse(tx.AttestorUnknown, "The removal of an attestor who is none.", tx.RemoveAttestor{Account: baraka}),
		refuse(tx.CreditAccountUnknown, "A freeze of nobody.", tx.Freeze{Account: s.id(1), UntilUnixMs: s.chain.TimeUnixMs + day}),
		refuse(tx.TimeNotValid, "A freeze of more than thirty days after the last effect.", tx.Freeze{Account: juma, UntilUnixMs: s.chain.TimeUnixMs + 37*day + 1}),
		refuse(tx.NothingToChange, "The end of a freeze that there is not.", tx.Freeze{Account: juma}),
		refuse(tx.ProviderUnknown, "A pool for who carries nothing.", tx.SetPool{Provider: baraka, Shares: 2}),
		refuse(tx.NothingToChange, "A pool that has that size.", tx.SetPool{Provider: s.ProviderAccount, Shares: 10}),
		refuse(tx.VersionNotNext, "Rules of version 3.", tx.SetRules{Version: 3}),
	)
	define := tx.DefineAsset{Issuer: baraka, Code: "POINTS", Kind: tx.Money}
	s.decided("Baraka may define assets.", tx.SetIssuer{Account: baraka, Issuer: true})
	s.does(tx.BallotEffective)
	s.batch("", s.ok("And does.", by(owner), define))
	s.decided("No longer.", tx.SetIssuer{Account: baraka})
	s.does(tx.BallotEffective)
	define.Code = "MORE"
	s.batch("", s.act(tx.Unauthorised, "No other.", by(owner), define), s.ok("What he defined stays his to issue.", by(owner), tx.Issue{Asset: 3, Credit: juma, Amount: 1}))
	s.decided("The post office becomes an attestor.", tx.SetAttestor{Attestor: entry})
	s.does(tx.BallotEffective)
	tier := tx.SetTier{Account: juma, Tier: 1, CheckedAtUnixMs: now, EvidenceHash: evidence("passport")}
	s.batch("", s.ok("It checks who Juma is.", by(posta), tier))
	s.decided("It leaves.", tx.RemoveAttestor{Account: baraka})
	s.does(tx.BallotEffective)
	tier.Tier = 2
	s.batch("", s.act(tx.Unauthorised, "Its word counts no more.", by(posta), tier))
	s.decided("A larger pool for the second provider.", tx.SetPool{Provider: s.accountOf("rival"), Shares: 50})
	s.does(tx.BallotEffective)
	s.decided("A first binding needs three attestors.", tx.SetParameter{Parameter: tx.Attestations, Value: 3})
	s.does(tx.BallotEffective)
	attest := tx.AttestAlias{Alias: s.number("+254711000009"), Account: juma, SealedName: s.sealed("+254711000009", "JUMA")}
	s.batch("A parameter holds for the transactions of the batch at whose head it takes effect.",
		s.act(tx.Unauthorised, "Two are not enough any more.", by(s.Attestors[:2]...), attest),
		s.ok("Three are.", by(s.Attestors...), attest),
	)
}

func becameImpossible(s *story) {
	s.funded(0, "Baraka")
	_, baraka := s.wallet("Baraka")
	entry := tx.Attestor{Account: baraka, Key: s.Key(s.t, "posta").Public(), Name: "Posta"}
	other := entry
	other.Account, other.Name = s.Amina.Account, "Simu"
	one, two := s.ok("A key for one attestor.", s.governor("v1"), s.proposes(tx.SetAttestor{Attestor: entry})), s.ok("The same key for another.", s.governor("v1"), s.proposes(tx.SetAttestor{Attestor: other}))
	acts := []*act{one, two}
	for _, name := range []string{"v2", "v3"} {
		for _, a := range []*act{one, two} {
			acts = append(acts, s.ok(name+" agrees.", s.governor(name), tx.Vote{Ballot: a.ballot(), Validator: name, Yes: true}))
		}
	}
	s.batch("Two ballots that exclude each other may both pass.", acts...)
	s.does(tx.BallotEffective, tx.BallotLapsed)
	s.batch("The one whose id is smaller takes effect, and the other lapses.")
}

func setReplaced(s *story) {
	fresh := s.ed("v5")
	set := tx.SetValidators{}
	for _, v := range s.Set {
		set.Validators = append(set.Validators, tx.Governor{Name: v.Name, Key: v.PublicKey(), TLSKeyHash: v.TLSKeyHash, Account: s.GovernorAccounts[v.Name]})
	}
	same := tx.SetValidators{Validators: slices.Clone(set.Validators)}
	set.Validators[3] = tx.Governor{Name: "v5", Key: fresh, TLSKeyHash: evidence("tls v5"), Account: s.IssuerAccount}
	two := tx.SetValidators{Validators: slices.Clone(set.Validators)}
	two.Validators[2].Key = s.ed("v3 again")
	phone := tx.SetValidators{Validators: slices.Clone(set.Validators)}
	phone.Validators[3].Account = s.Juma.Account
	seven := tx.SetValidators{Validators: slices.Clone(same.Validators)}
	for _, name := range []string{"v5", "v6", "v7"} {
		seven.Validators = append(seven.Validators, tx.Governor{Name: name, Key: s.ed(name), TLSKeyHash: evidence("tls " + name), Account: s.IssuerAccount})
	}
	refuse := func(code tx.Code, comment string, d tx.Decision) *act {
		return s.act(code, comment, s.governor("v1"), s.proposes(d))
	}
	s.batch("What a set cannot become.",
		refuse(tx.NothingToChange, "Itself.", same),
		refuse(tx.NothingToChange, "One with two others, of whom one only has another key: f is 1.", two),
		refuse(tx.CreditAccountUnknown, "One whose governor has no key.", phone),
		s.ok("It can grow by three at once: whoever trusts the old set knows all of it but those.", s.governor("v1"), s.proposes(seven)),
	)
	s.decided("v4 leaves, and v5 comes.", set)
	s.does(tx.BallotEffective)
	s.batch("The batch is still led by the set before; its header names the set after.")
	s.void("set-checkpoint", "The set after begins with the proof that the set before has made its header final.", func(h *tx.BatchHeader) { h.SetCheckpoint = nil }, nil)
	s.void("set-checkpoint", "A set does not vouch for itself.", func(h *tx.BatchHeader) { h.SetCheckpoint = s.noteOf("v1", "v2", "v5") }, nil)
	s.void("epoch", "It begins the first epoch of its own, whatever the set before has opened.", func(h *tx.BatchHeader) { h.Epoch = 1 }, nil)
	again := func(epoch uint64) func(h *tx.BatchHeader) {
		return func(h *tx.BatchHeader) { h.SetCheckpoint, h.Epoch, h.EpochChange = nil, epoch, s.change(epoch, true) }
	}
	s.void("epoch", "The set before opens none of the epochs of the set after.", again(checkpoint.FirstEpoch(0)+1), nil)
	opening := s.chain.Header()
	again(1)(&opening)
	s.under("The set before may open an epoch of its own. At the boundary that has no leaf.", opening)
	s.void("epoch", "That epoch is open.", again(1), nil)
	s.void("leader", "Who left leads no more.", func(h *tx.BatchHeader) { h.Leader = "v4" }, s.Validators["v4"])
	s.batch("Who stayed does.",
		s.act(tx.Unauthorised, "Who left has no say.", s.governor("v4"), tx.Propose{Validator: "v4", Decision: tx.SetIssuer{Account: s.Juma.Account, Issuer: true}, ExpiresAtUnixMs: s.chain.TimeUnixMs + day}),
		s.ok("The new one's governor has.", by(s.Issuer), tx.Propose{Validator: "v5", Decision: tx.SetIssuer{Account: s.Juma.Account, Issuer: true}, ExpiresAtUnixMs: s.chain.TimeUnixMs + day}),
	)
	s.void("set-checkpoint", "No set begins here.", func(h *tx.BatchHeader) { h.SetCheckpoint = s.noteOf("v1", "v2", "v3") }, nil)
}

// noteOf is a checkpoint of the head, cosigned by some.
func (s *story) noteOf(by ...string) []byte {
	head := s.chain.Memory.Head()
	c := checkpoint.Checkpoint{Network: s.Network, Size: head.Size, Root: head.Root}
	set := must(s.chain.State().ValidatorSet())(s.maker)
	keys := maps.Clone(s.Validators)
	keys["v5"] = ed25519.NewKeyFromSeed(s.edSeed("v5"))
	var cosigs []checkpoint.Cosignature
	for _, name := range by {
		cosigs = append(cosigs, c.Cosign(name, keys[name], cosignTimeUnixS))
	}
	return must(c.Seal(set, cosigs))(s.maker)
}

func rulesRaised(s *story) {
	s.decided("Version 2 of the rules.", tx.SetRules{Version: 2})
	s.does(tx.BallotEffective)
	s.batch("The last batch that version 1 judges.", s.ok("A payment under version 1.", by(s.Provider), s.carried(pays(s.Juma.Account, s.Amina.Account, 1_00))))
}
