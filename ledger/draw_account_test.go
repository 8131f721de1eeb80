package ledger_test

import (
	"slices"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

func (m *machine) drawOpening(d dice) []tx.Operation {
	o := pick(d, m.openings...)
	for _, other := range m.openings {
		if !m.model.exists(other.Account()) && (other.Authority.Attestors == 2 || d.oneIn(8)) && !d.oneIn(3) {
			o = other
		}
	}
	m.signFor(d, o)
	return []tx.Operation{o}
}

// signFor lets those sign who may open the account.
func (m *machine) signFor(d dice, o tx.OpenAccount) {
	if keys := m.owners(o.Account()); len(keys) > 0 {
		m.sign(keys...)
		return
	}
	m.sign(m.model.providers[pick(d, listed(m.model.providers)...)].key)
}

// drawFounding opens a phone account as a provider does, or tries to with one that has keys.
func (m *machine) drawFounding(d dice) []tx.Operation {
	open := pick(d, m.openings...)
	for _, o := range m.openings {
		if len(o.Authority.Keys) == 0 && !m.model.exists(o.Account()) && !d.oneIn(4) {
			open = o
		}
	}
	m.signFor(d, open)
	g := m.grantOf(d, open.Account())
	if !d.oneIn(4) && len(m.need) > 0 {
		g.Grantee, g.Asset, g.CapTransaction, g.CapDay, g.FeeCeiling = m.need[len(m.need)-1], 1, pick[amount.Amount](d, 1000_00, 5000_00, 5000_01), 20_000_00, 10_00
	}
	alias := m.alias(d)
	for _, n := range m.aliases {
		if m.model.aliases[n].status == released && d.oneIn(2) {
			alias = n
		}
	}
	return []tx.Operation{open, tx.BindAlias{Alias: alias, Account: open.Account(), SealedName: m.sealed[0]}, g}
}

// grantOf draws a grant on an account.
func (m *machine) grantOf(d dice, id tx.AccountID) tx.IssueGrant {
	caps := []amount.Amount{100_00, 600_00, 5_000_00, 5_000_01, 20_000_00, 20_000_01, maxAmount, 1, amount.Amount(d.power())}
	g := tx.IssueGrant{
		Account: id, Grantee: pick(d, m.named["SHOP"], m.named["PROVIDER"], m.named["RIVAL"], pick(d, m.keys...)),
		Asset: m.asset(d), CapTransaction: pick(d, caps...), Operations: tx.GrantAll(),
		ExpiresAtUnixMs: m.later(d, m.now(), m.now()-1, m.now()+300*aDay, m.now()+300*aDay, m.now()+300*aDay),
	}
	g.CapDay = max(g.CapTransaction, pick(d, caps...))
	g.FeeCeiling = min(g.CapTransaction, pick[amount.Amount](d, 10_00, 10_00, 1_00, 0, maxAmount))
	if from := d.below(6); d.oneIn(3) {
		g.Operations = g.Operations[from : from+1+d.below(6-from)]
	}
	return g
}

// owned draws an account with keys, which sign.
func (m *machine) owned(d dice) tx.AccountID {
	ids := []tx.AccountID{m.opening("NYOKA").Account(), m.opening("NYOKA").Account(), m.opening("BAKARI").Account(), m.opening("SACCO").Account()}
	id := pick(d, append(ids, m.account(d))...)
	m.sign(m.owners(id)...)
	return id
}

func (m *machine) drawGrant(d dice) []tx.Operation {
	return []tx.Operation{m.grantOf(d, m.owned(d))}
}

func (m *machine) drawRevocation(d dice) []tx.Operation {
	names := m.grantNames()
	if len(names) == 0 || d.oneIn(8) {
		return []tx.Operation{tx.RevokeGrant{Account: m.owned(d), Grantee: pick(d, m.keys...)}}
	}
	name := pick(d, names...)
	if owners := m.owners(name.account); len(owners) > 0 && d.oneIn(2) {
		m.sign(owners...)
	} else {
		m.sign(name.grantee)
	}
	return []tx.Operation{tx.RevokeGrant{Account: name.account, Grantee: name.grantee}}
}

// newAuthority draws who may act on an account from now on.
func (m *machine) newAuthority(d dice) tx.Authority {
	a := tx.SingleKey(pick(d, m.named["NYOKA"], m.named["BAKARI"], m.named["STRANGER"]))
	a.Attestors = uint32(d.between(0, 2))
	if d.oneIn(3) {
		a.Guardians, a.GuardianThreshold = weights(m.named["GUARDIAN"]), 1
	}
	return a
}

func (m *machine) drawAuthority(d dice) []tx.Operation {
	return []tx.Operation{tx.SetAuthority{Account: m.owned(d), Authority: m.newAuthority(d)}}
}

func (m *machine) drawTier(d dice) []tx.Operation {
	m.attest(d, 1)
	return []tx.Operation{tx.SetTier{
		Account: m.person(d), Tier: pick[uint32](d, 0, 0, 1, 2, 9), CheckedAtUnixMs: m.now() + pick[uint64](d, 0, 0, 1),
	}}
}

// recover lets guardians or attestors sign.
func (m *machine) recover(d dice, id tx.AccountID) {
	authority := m.model.accounts[id].authority
	for _, g := range authority.Guardians {
		if !d.oneIn(5) {
			m.sign(g.Key)
		}
	}
	if len(authority.Guardians) == 0 || d.oneIn(4) {
		m.attest(d, max(1, int(authority.Attestors)))
	}
}

func (m *machine) drawRecovery(d dice) []tx.Operation {
	o := tx.StartRecovery{Account: m.person(d), Authority: m.newAuthority(d)}
	if of := m.model.accounts[o.Account].authority; len(of.Keys) > 0 && d.oneIn(8) {
		o.Authority = of
	}
	m.recover(d, o.Account)
	return []tx.Operation{o}
}

func (m *machine) drawEndOfRecovery(d dice) []tx.Operation {
	if len(m.model.recoveries) == 0 && !d.oneIn(12) {
		return m.drawRecovery(d)
	}
	id := m.person(d)
	if ids := listed(m.model.recoveries); len(ids) > 0 && !d.oneIn(12) {
		id = pick(d, ids...)
	}
	if m.model.recoveries[id].held && d.oneIn(2) || d.oneIn(4) {
		m.recover(d, id)
		return []tx.Operation{tx.CompleteRecovery{Account: id}}
	}
	m.cancel(d, id)
	return []tx.Operation{tx.CancelRecovery{Account: id}}
}

// cancel lets the owner, a grantee or attestors sign.
func (m *machine) cancel(d dice, id tx.AccountID) {
	if d.oneIn(6) {
		m.attest(d, max(1, int(m.model.accounts[id].authority.Attestors)))
		return
	}
	if names := slices.DeleteFunc(m.grantNames(), func(n grantName) bool { return n.account != id }); len(names) > 0 && !d.oneIn(4) {
		m.sign(pick(d, names...).grantee)
		return
	}
	m.sign(m.owners(id)...)
}

func (m *machine) drawAttestation(d dice) []tx.Operation {
	o := tx.AttestAlias{Alias: m.alias(d), Account: m.person(d), SealedName: pick(d, m.sealed...)}
	if b := m.model.aliases[o.Alias]; b.status != free && (b.status != released || d.oneIn(3)) && !d.oneIn(3) {
		o.Account = b.account
	}
	m.attest(d, int(m.model.parameters[tx.Attestations]))
	m.sign(m.owners(o.Account)...)
	return []tx.Operation{o}
}

func (m *machine) drawAliasRelease(d dice) []tx.Operation {
	o := tx.ReleaseAlias{Alias: m.alias(d), Account: m.person(d)}
	if b := m.model.aliases[o.Alias]; b.status != free && !d.oneIn(6) {
		o.Account = b.account
	}
	if owners := m.owners(o.Account); len(owners) > 0 {
		m.sign(owners...)
	} else {
		m.attest(d, max(1, int(m.model.accounts[o.Account].authority.Attestors)))
	}
	return []tx.Operation{o}
}

// drawMoves moves several numbers of Juma's away from a provider.
func (m *machine) drawMoves(d dice) (ops []tx.Operation) {
	from := m.world.Juma.Account
	for _, name := range m.grantNames() {
		if name.account != from {
			continue
		}
		for _, n := range m.aliases {
			if m.model.aliases[n].account == from && len(ops) < 5 && !d.oneIn(8) {
				ops = append(ops, tx.StartMove{Alias: n, From: from, To: from, OldGrantee: &name.grantee})
			}
		}
	}
	if len(ops) == 0 {
		return m.drawMove(d)
	}
	m.attest(d, 2)
	return ops
}

func (m *machine) drawMove(d dice) []tx.Operation {
	o := tx.StartMove{Alias: m.alias(d), From: m.person(d)}
	if b := m.model.aliases[o.Alias]; b.status != free && !d.oneIn(15) {
		o.From = b.account
	}
	if o.To = o.From; d.oneIn(3) {
		o.To = m.person(d)
	}
	names := slices.DeleteFunc(m.grantNames(), func(n grantName) bool { return n.account != o.From })
	if len(names) > 0 && !d.oneIn(4) {
		old := pick(d, names...).grantee
		o.OldGrantee = &old
	}
	if o.From == o.To || d.oneIn(3) {
		g := m.grantOf(d, o.To)
		if g.ExpiresAtUnixMs += pick[uint64](d, 0, 20*aDay); d.oneIn(2) {
			g.Asset, g.CapTransaction, g.CapDay, g.FeeCeiling = 1, 1000_00, 2000_00, 5_00
		}
		o.Grant = &g
		m.sign(g.Grantee)
	}
	if d.oneIn(4) {
		o.SealedName = &m.sealed[1]
	}
	m.attest(d, max(1, int(m.model.accounts[o.From].authority.Attestors)))
	m.agree(d, o)
	return []tx.Operation{o}
}

// agree lets those sign who agree to a move besides attestors and the new grantee.
func (m *machine) agree(d dice, o tx.StartMove) {
	if d.oneIn(4) {
		m.sign(m.owners(o.From)...)
	}
	if o.OldGrantee != nil && d.oneIn(4) {
		m.sign(*o.OldGrantee)
	}
	if o.To == o.From {
		return
	}
	m.sign(m.owners(o.To)...)
	for _, name := range m.grantNames() {
		if name.account == o.To && len(m.owners(o.To)) == 0 {
			m.sign(name.grantee)
			return
		}
	}
}

func (m *machine) drawEndOfMove(d dice) []tx.Operation {
	if len(m.model.moves) == 0 && !d.oneIn(12) {
		return m.drawMove(d)
	}
	n := m.alias(d)
	if moving := listed(m.model.moves); len(moving) > 0 && !d.oneIn(10) {
		n = pick(d, moving...)
	}
	id := m.model.moves[n].From
	if id == (tx.AccountID{}) || d.oneIn(20) {
		id = m.person(d)
	}
	if d.oneIn(4) {
		m.attest(d, max(1, int(m.model.accounts[id].authority.Attestors)))
		return []tx.Operation{tx.ConfirmMove{Alias: n, Account: id}}
	}
	m.cancel(d, id)
	return []tx.Operation{tx.CancelMove{Alias: n, Account: id}}
}
