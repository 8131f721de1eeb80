package ledger_test

import (
	"maps"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// issuing draws an asset, whose issuer signs.
func (m *machine) issuing(d dice) (tx.Asset, tx.AccountID) {
	n := m.asset(d)
	issuer := m.model.assets[n].issuer
	m.sign(m.owners(issuer)...)
	if d.oneIn(25) {
		issuer = m.account(d)
	}
	return n, issuer
}

func (m *machine) limits(d dice) (all []tx.TierLimit) {
	for tier := range uint32(2) {
		if d.oneIn(2) {
			cap := pick[amount.Amount](d, 5_000_00, 500_00, 20_000_00, 3)
			all = append(all, tx.TierLimit{Tier: tier, CapTransaction: cap, CapDay: cap * pick[amount.Amount](d, 1, 4)})
		}
	}
	return all
}

func (m *machine) drawAsset(d dice) []tx.Operation {
	o := tx.DefineAsset{
		Issuer: m.issuer(d), Code: pick(d, "AAA", "BBB", "CCC", "KES", "FOOD"), Scale: 2, Kind: pick(d, tx.Voucher, tx.Money),
		Limits: m.limits(d), ProvisionalInflowDay: pick[amount.Amount](d, 0, 100_00),
	}
	if o.Kind == tx.Voucher {
		o.SpendUntilUnixMs = m.later(d, m.now(), m.now()+1827*aDay, m.now()+1827*aDay+1, m.now()+2*aDay, m.now()+3*aDay)
	}
	if d.oneIn(3) {
		arbiter := m.account(d)
		o.Arbiter = &arbiter
	}
	return []tx.Operation{o}
}

// issuer draws an account that may define assets, and signs.
func (m *machine) issuer(d dice) tx.AccountID {
	id := m.world.IssuerAccount
	if n := m.opening("NYOKA").Account(); m.model.issuers[n] && d.oneIn(2) || d.oneIn(10) {
		id = n
	}
	m.sign(m.owners(id)...)
	return id
}

func (m *machine) drawLimits(d dice) []tx.Operation {
	n, issuer := m.issuing(d)
	return []tx.Operation{tx.SetLimits{Asset: n, Issuer: issuer, Limits: m.limits(d), ProvisionalInflowDay: pick[amount.Amount](d, 150_00, 100_00, 0)}}
}

func (m *machine) drawPayee(d dice) []tx.Operation {
	n, issuer := m.issuing(d)
	if m.model.assets[n].kind != tx.Voucher && !d.oneIn(6) {
		n, issuer = 3, m.world.IssuerAccount
		m.sign(m.owners(issuer)...)
	}
	return []tx.Operation{tx.ListPayee{Asset: n, Issuer: issuer, Payee: pick(d, m.shop(), m.person(d)), Listed: !d.oneIn(2)}}
}

func (m *machine) drawIssue(d dice) []tx.Operation {
	n, _ := m.issuing(d)
	supply := m.model.assets[n].supply
	sum := pick(d, 1000_00, 1000_00, 1000_00, 20_00, 1, maxAmount-supply+1)
	return []tx.Operation{tx.Issue{Asset: n, Credit: m.person(d), Amount: amount.Amount(sum)}}
}

func (m *machine) drawRedemption(d dice) []tx.Operation {
	n, issuer := m.issuing(d)
	has := m.model.available(issuer, n)
	return []tx.Operation{tx.Redeem{Asset: n, Issuer: issuer, Amount: amount.Amount(max(1, pick(d, 1, has/2, has, has+1)))}}
}

func (m *machine) drawReserve(d dice) []tx.Operation {
	n, issuer := m.issuing(d)
	of := m.model.assets[n].reserveOf
	return []tx.Operation{tx.StateReserve{
		Asset: n, Issuer: issuer, Reserve: pick[amount.Amount](d, 0, 1000_00), AsOfUnixMs: max(1, pick(d, m.now(), m.now(), m.now()+1, of, of+1)),
	}}
}

func (m *machine) drawProvider(d dice) []tx.Operation {
	k := pick(d, m.named["PROVIDER"], m.named["RIVAL"], m.named["STRANGER"], m.named["GUARDIAN"])
	m.sign(k)
	id := pick(d, m.world.ProviderAccount, m.world.Genesis.Providers[1].Account, m.shop())
	m.sign(m.owners(id)...)
	return []tx.Operation{tx.RegisterProvider{Account: id, Key: k, Name: "Other"}}
}

func (m *machine) drawFees(d dice) []tx.Operation {
	id := pick(d, listed(m.model.providers)...)
	if d.oneIn(12) {
		id = m.account(d)
	}
	m.sign(m.owners(id)...)
	n := m.asset(d)
	if d.oneIn(3) {
		n = 1 // One after the other.
	}
	before, _ := m.model.latest(id, n)
	o := tx.PublishFees{Provider: id, Asset: n, Version: m.model.providers[id].last + 1}
	if d.oneIn(15) {
		o.Version++
	}
	o.EffectiveAtUnixMs = m.later(d, m.now(), m.now(), m.now()+8*aDay-1, m.now()+8*aDay, m.now()-1, m.now()+365*aDay+1, before.from, before.from+1)
	o.EffectiveAtUnixMs = max(1, o.EffectiveAtUnixMs)
	for _, bound := range [][]amount.Amount{{0}, {0}, {500, 0}, {300, 1000, 0}}[d.between(0, 3)] {
		o.Bands = append(o.Bands, tx.FeeBand{
			UpTo: bound, Flat: pick[amount.Amount](d, 1_00, 50, 0, 2_00, 3_00), BasisPoints: pick[uint32](d, 0, 0, 100, 99, 10_000),
		})
	}
	return []tx.Operation{o}
}

// governor draws a validator, whose account signs.
func (m *machine) governor(d dice) string {
	names := slices.Sorted(maps.Keys(m.model.validators))
	name := pick(d, names...)
	m.sign(m.owners(m.model.validators[name].Account)...)
	if d.oneIn(30) {
		return "v9"
	}
	return name
}

func (m *machine) drawProposal(d dice) []tx.Operation {
	now := m.now()
	o := tx.Propose{
		Validator: m.governor(d), ExpiresAtUnixMs: pick(d, now, now+1, now+aDay, now+2*aDay, now+5*aDay, now+5*aDay, now+5*aDay, now+30*aDay, now+30*aDay+1),
		EffectiveAtUnixMs: pick(d, 0, 0, 0, 0, 0, now+aMinute, now+aDay, now+aDay, now+90*aDay, now+90*aDay+1),
	}
	o.Decision = m.decision(d, max(now, o.ExpiresAtUnixMs, o.EffectiveAtUnixMs))
	return []tx.Operation{o}
}

// drawSets proposes two validator sets for one moment.
func (m *machine) drawSets(d dice) (ops []tx.Operation) {
	by := m.governor(d)
	for range 2 {
		ops = append(ops, tx.Propose{
			Validator: by, Decision: tx.SetValidators{Validators: m.set(d)}, ExpiresAtUnixMs: m.now() + 5*aDay, EffectiveAtUnixMs: m.now() + aDay,
		})
	}
	return ops
}

func (m *machine) drawVote(d dice) []tx.Operation {
	if len(m.model.ballots) == 0 && !d.oneIn(12) {
		return m.drawProposal(d)
	}
	o := tx.Vote{Ballot: tx.BallotID{1}, Yes: !d.oneIn(6)}
	ids := listed(m.model.ballots)
	// The ballots that have most votes already pass sooner.
	slices.SortStableFunc(ids, func(a, b tx.BallotID) int { return len(m.model.ballots[b].votes) - len(m.model.ballots[a].votes) })
	if len(ids) > 0 && !d.oneIn(25) {
		o.Ballot = ids[d.between(0, min(2, len(ids)-1))]
	}
	o.Validator = m.governor(d)
	for _, name := range slices.Sorted(maps.Keys(m.model.validators)) {
		if _, voted := m.model.ballots[o.Ballot].votes[name]; !voted && !d.oneIn(4) {
			o.Validator = name
			m.sign(m.owners(m.model.validators[name].Account)...)
			break
		}
	}
	return []tx.Operation{o}
}

// drawVotes lets two validators agree to all that is open.
func (m *machine) drawVotes(d dice) (ops []tx.Operation) {
	names := slices.Sorted(maps.Keys(m.model.validators))
	for _, id := range listed(m.model.ballots) {
		agreed := 0
		for _, name := range names {
			if _, voted := m.model.ballots[id].votes[name]; !voted && m.model.ballots[id].passed == 0 && agreed < 2 && len(ops) < 12 {
				ops = append(ops, tx.Vote{Ballot: id, Validator: name, Yes: true})
				m.sign(m.owners(m.model.validators[name].Account)...)
				agreed++
			}
		}
	}
	if len(ops) == 0 {
		return m.drawProposal(d)
	}
	return ops
}

// decision draws what may be decided until a time. The rules never get a version that this program does not know: the ledger would stop.
func (m *machine) decision(d dice, latest uint64) tx.Decision {
	switch d.below(14) {
	case 0:
		return tx.SetRules{Version: pick[uint32](d, 1, 3)}
	case 1:
		return tx.SetIssuer{Account: pick(d, m.opening("NYOKA").Account(), m.account(d)), Issuer: !d.oneIn(3)}
	case 2:
		return tx.SetAttestor{Attestor: m.attestor(d)}
	case 3:
		return tx.RemoveAttestor{Account: pick(d, append(m.world.AttestorAccounts, m.account(d))...)}
	case 4, 5, 8, 9:
		until := pick(d, m.now()+10*aDay, m.now()+10*aDay, m.now()+6*aDay, m.now()+3*aDay, latest+30*aDay, latest+30*aDay+1,
			0, m.now(), m.now()+30*aDay, m.now()+120*aDay, m.now()+180*aDay)
		return tx.Freeze{Account: pick(d, m.world.Juma.Account, m.person(d), m.world.IssuerAccount), UntilUnixMs: until}
	case 6:
		return tx.SetPool{Provider: pick(d, append(listed(m.model.providers), m.account(d))...), Shares: pick[uint32](d, 1, 2, 5, 1<<16)}
	case 7, 10:
		return tx.SetValidators{Validators: m.set(d)}
	}
	p := pick(d, tx.Attestations, tx.MoveDelayMs, tx.RecoveryDelayMs, tx.QuarantineMs, tx.CreditIntervalMs, tx.CreditBurst)
	values := map[tx.Parameter][]uint64{
		tx.Attestations: {2, 1, 3}, tx.MoveDelayMs: {aDay, aMinute, 0}, tx.RecoveryDelayMs: {aDay, aMinute, 0}, tx.QuarantineMs: {aDay, aMinute, 0},
		tx.CreditIntervalMs: {0, aMinute, 20 * aMinute, 1 << 27}, tx.CreditBurst: {8, 20, 1 << 20},
	}
	return tx.SetParameter{Parameter: p, Value: pick(d, values[p]...)}
}

func (m *machine) attestor(d dice) tx.Attestor {
	a := tx.Attestor{Account: m.account(d), Key: pick(d, m.keys...), Name: "Another"}
	if d.oneIn(2) {
		a.Account = pick(d, m.world.AttestorAccounts...)
	}
	if d.oneIn(3) {
		p := pick(d, m.world.ProviderAccount, m.world.Genesis.Providers[1].Account, m.shop())
		a.Provider = &p
	}
	return a
}

// set draws a validator set near the one in force; the machine's leader stays.
func (m *machine) set(d dice) []tx.Governor {
	set := maps.Clone(m.model.validators)
	var others []tx.Governor
	for _, v := range m.governors {
		if _, in := set[v.Name]; !in {
			others = append(others, v)
		}
	}
	switch d.below(6) {
	case 0: // Three come.
		for _, v := range others {
			set[v.Name] = v
		}
	case 1: // Three go.
		for _, v := range m.governors[len(m.governors)-3:] {
			delete(set, v.Name)
		}
	default:
		for range 1 + d.below(5)/4 { // One leaves for another; sometimes two do.
			if len(others) > 0 {
				in := others[d.below(len(others))]
				delete(set, pick(d, slices.Sorted(maps.Keys(set))[1:]...))
				set[in.Name] = in
			}
		}
	}
	var all []tx.Governor
	for _, name := range slices.Sorted(maps.Keys(set)) {
		v := set[name]
		if name != "v1" && d.oneIn(12) {
			v.Account = m.account(d)
		}
		all = append(all, v)
	}
	return all
}

// begin opens most accounts and gives them money, numbers and grants, so that a run is not spent on getting there. A tick between the
// transactions earns their credits.
func (m *machine) begin() {
	nyoka, bakari, sacco, neema := m.opening("NYOKA"), m.opening("BAKARI"), m.opening("SACCO"), m.opening("NEEMA")
	year := m.now() + 365*aDay
	phone := tx.IssueGrant{
		Account: neema.Account(), Grantee: m.named["RIVAL"], Operations: tx.GrantAll(), Asset: 1,
		CapTransaction: 2000_00, CapDay: 5000_00, FeeCeiling: 5_00, ExpiresAtUnixMs: year,
	}
	phone.Operations = tx.GrantAll()[:5] // It may not hold up a move.
	shop := phone
	shop.Operations = tx.GrantAll()
	shop.Account, shop.Grantee, shop.CapTransaction, shop.CapDay, shop.FeeCeiling = nyoka.Account(), m.named["SHOP"], 500_00, 600_00, 50
	carried := phone
	carried.Account, carried.Grantee = nyoka.Account(), m.named["PROVIDER"]
	food := tx.DefineAsset{Issuer: m.world.IssuerAccount, Code: "FOOD", Scale: 2, Kind: tx.Voucher, SpendUntilUnixMs: m.now() + 6*aDay}
	attest := func(i int, to tx.AccountID) tx.Operation {
		return tx.AttestAlias{Alias: m.aliases[i], Account: to, SealedName: m.sealed[0]}
	}
	issue := func(n tx.Asset, to tx.AccountID, sum amount.Amount) tx.Operation {
		return tx.Issue{Asset: n, Credit: to, Amount: sum}
	}
	payee := m.shop()
	meals := tx.PlaceHold{Debit: nyoka.Account(), Credit: &payee, Asset: 3, Amount: 50_00, OnExpiry: tx.ExpiryReturns, ExpiresAtUnixMs: m.now() + 5*aDay}
	held := tx.PlaceHold{Debit: m.world.IssuerAccount, Credit: &payee, Asset: 1, Amount: 50_00, OnExpiry: tx.ExpiryCompletes, ExpiresAtUnixMs: m.now() + 60*aDay}
	for _, ops := range [][]tx.Operation{
		{nyoka}, {bakari}, {sacco},
		{neema, tx.BindAlias{Alias: m.aliases[2], Account: neema.Account(), SealedName: m.sealed[0]}, phone},
		{shop, carried},
		{attest(3, nyoka.Account()), attest(4, neema.Account())},
		{attest(5, m.world.Juma.Account), attest(6, m.world.Juma.Account), attest(7, m.world.Juma.Account), attest(8, m.world.Juma.Account)},
		{food},
		{tx.ListPayee{Asset: 3, Issuer: m.world.IssuerAccount, Payee: m.shop(), Listed: true}},
		{issue(3, nyoka.Account(), 900_00), issue(3, m.world.IssuerAccount, 900_00), issue(3, neema.Account(), 70_00)},
		{issue(1, nyoka.Account(), 60_000_00), issue(1, bakari.Account(), 9_000_00), issue(1, neema.Account(), 4_000_00)},
		{issue(1, sacco.Account(), 90_000_00), issue(2, sacco.Account(), 900_00), issue(2, nyoka.Account(), 500_00)},
		{meals}, {held},
	} {
		m.nonce++
		encoded, err := tx.Body{Nonce: m.world.Nonce(m.nonce), ExpiresAtUnixMs: m.now(), Operations: ops}.Encode()
		if err != nil {
			m.t.Fatal(err)
		}
		by := []string{"ISSUER"}
		switch o := ops[0].(type) {
		case tx.OpenAccount:
			if by = []string{"NYOKA", "BAKARI", "STRANGER"}; len(o.Authority.Keys) == 0 {
				by = []string{"RIVAL"}
			}
		case tx.IssueGrant:
			by = []string{"NYOKA"}
		case tx.PlaceHold:
			if o.Asset == 3 {
				by = []string{"NYOKA"}
			}
		case tx.AttestAlias:
			by = []string{"NYOKA", "ATTESTOR1", "ATTESTOR2"}
		}
		m.need = nil
		for _, name := range by {
			m.sign(m.named[name])
		}
		s := m.seal(encoded, ascendingKeys(m.need))
		m.apply(m.t, s)
		if result := m.model.seen[s.ID()]; result.Code != tx.OK {
			m.t.Fatalf("the beginning is refused: %v\n%s", result, bodies([]*tx.Signed{s}))
		}
		m.chain.Tick(4 * 3600_000)
	}
}
