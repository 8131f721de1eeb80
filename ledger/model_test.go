package ledger_test

import (
	"maps"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// model is the rules written a second time, as plainly as they can be: maps that are copied whole before each
// transaction, and for every operation a list of rules of which the first that is broken is the result. It knows no
// bytes, leaves or hashes. TestRulesAgreeWithModel holds the ledger to it.
type model struct {
	genesis  *genesis.Genesis
	accounts map[tx.AccountID]tx.Authority
	balances map[holding]uint64
	supply   map[tx.Asset]uint64
	aliases  map[key.Alias]tx.AccountID
	grants   map[grantName]tx.IssueGrant
	used     map[grantDay]uint64
	seen     map[tx.ID]tx.Result
}

type holding struct {
	account tx.AccountID
	asset   tx.Asset
}

type grantName struct {
	account tx.AccountID
	grantee key.Public
}

type grantDay struct {
	grantName
	day uint64
}

// maxAmount is 2^63 - 1, written without the package that the rules use.
const maxAmount = 9223372036854775807

func newModel(g *genesis.Genesis) *model {
	m := &model{
		genesis: g, accounts: make(map[tx.AccountID]tx.Authority), balances: make(map[holding]uint64), supply: make(map[tx.Asset]uint64),
		aliases: make(map[key.Alias]tx.AccountID), grants: make(map[grantName]tx.IssueGrant), used: make(map[grantDay]uint64),
		seen: make(map[tx.ID]tx.Result),
	}
	for _, a := range g.Accounts {
		m.accounts[a.ID] = a.Authority.Tx()
	}
	for _, i := range g.Issues {
		m.balances[holding{i.Credit, i.Asset}] += uint64(i.Amount)
		m.supply[i.Asset] += uint64(i.Amount)
	}
	for _, a := range g.Aliases {
		m.aliases[a.Alias] = a.Account
	}
	for _, gr := range g.Grants {
		m.grants[grantName{gr.Account, gr.Grantee}] = gr.Tx()
	}
	return m
}

func (m *model) clone() *model {
	return &model{
		genesis: m.genesis, accounts: maps.Clone(m.accounts), balances: maps.Clone(m.balances), supply: maps.Clone(m.supply),
		aliases: maps.Clone(m.aliases), grants: maps.Clone(m.grants), used: maps.Clone(m.used), seen: maps.Clone(m.seen),
	}
}

// provider finds the provider of an account, and providerOf that of a key.
func (m *model) provider(id tx.AccountID) *genesis.Provider {
	for i := range m.genesis.Providers {
		if m.genesis.Providers[i].Account == id {
			return &m.genesis.Providers[i]
		}
	}
	return nil
}

func (m *model) providerOf(k key.Public) *genesis.Provider {
	for i := range m.genesis.Providers {
		if m.genesis.Providers[i].Key == k {
			return &m.genesis.Providers[i]
		}
	}
	return nil
}

func (m *model) known(asset tx.Asset) bool { return asset >= 1 && int(asset) <= len(m.genesis.Assets) }

// day counts calendar days at the network's offset.
func (m *model) day(now uint64) uint64 {
	return (now + uint64(m.genesis.DayOffsetMinutes)*60_000) / 86_400_000
}

// attempt is one transaction that is tried on a copy of the model.
type attempt struct {
	*model
	now     uint64
	signers []key.Public // ascending
	// opened are the accounts that it opens, moved what it debits under each grant.
	opened map[tx.AccountID]bool
	moved  map[grantName]uint64
}

// apply is what becomes of a transaction; decided says whether its id is.
func (m *model) apply(s *tx.Signed, now uint64) (result tx.Result, duplicate, decided bool) {
	if earlier, ok := m.seen[s.ID()]; ok {
		return earlier, true, true
	}
	a := attempt{model: m.clone(), now: now, opened: make(map[tx.AccountID]bool), moved: make(map[grantName]uint64)}
	for _, sig := range s.Signatures {
		a.signers = append(a.signers, sig.Signer)
	}
	if code := a.admit(s.Body); code != tx.OK {
		return tx.Result{Code: code}, false, false
	}
	result = tx.Result{Code: tx.OK}
	for i, op := range s.Body.Operations {
		if code := a.operation(op); code != tx.OK {
			result = tx.Result{Code: code, Operation: uint32(i)}
			break
		}
	}
	if result.Code == tx.OK {
		*m = *a.model
	}
	m.seen[s.ID()] = result
	return result, false, true
}

// rule is a code and whether it is broken.
type broken struct {
	code tx.Code
	is   bool
}

func first(rules ...broken) tx.Code {
	for _, r := range rules {
		if r.is {
			return r.code
		}
	}
	return tx.OK
}

func (a *attempt) signed(k key.Public) bool {
	for _, s := range a.signers {
		if s == k {
			return true
		}
	}
	return false
}

// owns says whether the signers reach the threshold of an authority.
func (a *attempt) owns(authority tx.Authority) bool {
	weight := uint32(0)
	for _, k := range authority.Keys {
		if a.signed(k.Key) {
			weight += k.Weight
		}
	}
	return len(authority.Keys) > 0 && weight >= authority.Threshold
}

// admit says whether the signers may do all of it.
func (a *attempt) admit(body tx.Body) tx.Code {
	opened := make(map[tx.AccountID]tx.Authority)
	revoked := make(map[grantName]bool)
	owner := func(id tx.AccountID, unknown tx.Code) tx.Code {
		authority, here := opened[id]
		if !here {
			authority, here = a.accounts[id]
		}
		return first(broken{unknown, !here}, broken{tx.Unauthorised, !a.owns(authority)})
	}
	code := tx.OK
	for _, op := range body.Operations {
		switch o := op.(type) {
		case tx.OpenAccount:
			sponsored := false
			for _, k := range a.signers {
				sponsored = sponsored || a.providerOf(k) != nil
			}
			phone := len(o.Authority.Keys) == 0
			code = first(broken{tx.Unauthorised, phone && (!sponsored || o.Authority.Attestors != 2) || !phone && !a.owns(o.Authority)})
			opened[o.Account()] = o.Authority
		case tx.BindAlias:
			authority, here := opened[o.Account]
			code = first(broken{tx.Unauthorised, !here || len(authority.Keys) > 0})
		case tx.IssueGrant:
			authority, here := opened[o.Account]
			if code = owner(o.Account, tx.AccountUnknown); here && len(authority.Keys) == 0 {
				code = first(broken{tx.Unauthorised, !a.signed(o.Grantee) || a.providerOf(o.Grantee) == nil})
			}
		case tx.RevokeGrant:
			if code = owner(o.Account, tx.AccountUnknown); a.signed(o.Grantee) {
				code = tx.OK
			}
			revoked[grantName{o.Account, o.Grantee}] = true
		case tx.Issue:
			code = tx.Unauthorised
			if a.known(o.Asset) {
				code = owner(a.genesis.Assets[o.Asset-1].Issuer, tx.AccountUnknown)
			}
		case tx.Transfer:
			code = owner(o.Debit, tx.DebitAccountUnknown)
			for _, k := range a.signers {
				if code == tx.Unauthorised && a.holds(o, k) && !revoked[grantName{o.Debit, k}] {
					code = tx.OK
				}
			}
		}
		if code != tx.OK {
			break
		}
	}
	const week = 7 * 86_400_000
	if code != tx.Unauthorised && body.ExpiresAtUnixMs > a.now+week {
		return tx.ExpiryTooFar
	}
	return code
}

// holds says whether the key has a grant for the transfer; a provider's is for transfers with its own fee.
func (a *attempt) holds(o tx.Transfer, k key.Public) bool {
	g, ok := a.grants[grantName{o.Debit, k}]
	if p := a.providerOf(k); p != nil && (o.Fee == nil || o.Fee.Provider != p.Account) {
		return false
	}
	return ok && g.Asset == o.Asset && g.ExpiresAtUnixMs >= a.now
}

func (a *attempt) operation(op tx.Operation) tx.Code {
	switch o := op.(type) {
	case tx.OpenAccount:
		if _, there := a.accounts[o.Account()]; there {
			return tx.AccountExists
		}
		a.accounts[o.Account()] = o.Authority
		a.opened[o.Account()] = true
	case tx.BindAlias:
		if _, taken := a.aliases[o.Alias]; taken {
			return tx.AliasTaken
		}
		a.aliases[o.Alias] = o.Account
	case tx.IssueGrant:
		return a.grant(o)
	case tx.RevokeGrant:
		name := grantName{o.Account, o.Grantee}
		if _, there := a.grants[name]; !there {
			return tx.GrantUnknown
		}
		delete(a.grants, name)
		delete(a.used, grantDay{name, a.day(a.now)})
	case tx.Issue:
		_, there := a.accounts[o.Credit]
		code := first(broken{tx.CreditAccountUnknown, !there}, broken{tx.AmountOverflow, uint64(o.Amount) > maxAmount-a.supply[o.Asset]})
		if code != tx.OK {
			return code
		}
		a.supply[o.Asset] += uint64(o.Amount)
		a.balances[holding{o.Credit, o.Asset}] += uint64(o.Amount)
	case tx.Transfer:
		return a.transfer(o)
	}
	return tx.OK
}

func (a *attempt) grant(o tx.IssueGrant) tx.Code {
	if !a.known(o.Asset) {
		return tx.AssetUnknown
	}
	if a.opened[o.Account] && len(a.accounts[o.Account].Keys) == 0 {
		within := false
		for _, t := range a.genesis.Tiers {
			within = within || t.Asset == o.Asset && o.CapTransaction <= t.CapTransaction && o.CapDay <= t.CapDay
		}
		if !within {
			return tx.GrantAboveTier
		}
	}
	name := grantName{o.Account, o.Grantee}
	if a.grants[name].Asset != o.Asset {
		delete(a.used, grantDay{name, a.day(a.now)})
	}
	a.grants[name] = o
	return tx.OK
}

func (a *attempt) transfer(o tx.Transfer) tx.Code {
	_, there := a.accounts[o.Credit]
	code := first(
		broken{tx.CreditAccountUnknown, !there},
		broken{tx.AssetUnknown, !a.known(o.Asset)},
		broken{tx.SelfTransfer, o.Debit == o.Credit},
		broken{tx.AliasNotBoundToPayee, o.Alias != nil && a.aliases[*o.Alias] != o.Credit},
	)
	if code != tx.OK {
		return code
	}
	total := uint64(o.Amount)
	if o.Fee != nil {
		total += uint64(o.Fee.Amount)
	}
	if a.owns(a.accounts[o.Debit]) {
		code = a.fee(o, maxAmount)
	} else {
		code = a.underGrant(o, total)
	}
	if code == tx.OK && total > a.balances[holding{o.Debit, o.Asset}] {
		code = tx.InsufficientBalance
	}
	if code != tx.OK {
		return code
	}
	a.balances[holding{o.Debit, o.Asset}] -= total
	a.balances[holding{o.Credit, o.Asset}] += uint64(o.Amount)
	if o.Fee != nil {
		a.balances[holding{o.Fee.Provider, o.Asset}] += uint64(o.Fee.Amount)
	}
	return tx.OK
}

// underGrant tries the grant of each signer; the best that one of them says is the result.
func (a *attempt) underGrant(o tx.Transfer, total uint64) tx.Code {
	best := tx.Code(0)
	for _, k := range a.signers {
		if !a.holds(o, k) {
			continue
		}
		name := grantName{o.Debit, k}
		day := grantDay{name, a.day(a.now)}
		g := a.grants[name]
		code := a.fee(o, uint64(g.FeeCeiling))
		if code == tx.OK {
			code = first(
				broken{tx.CapTransaction, a.moved[name]+total > uint64(g.CapTransaction)},
				broken{tx.CapDay, a.used[day]+total > uint64(g.CapDay)},
			)
		}
		if code == tx.OK {
			a.moved[name] += total
			a.used[day] += total
			return tx.OK
		}
		best = max(best, code)
	}
	return best
}

func (a *attempt) fee(o tx.Transfer, ceiling uint64) tx.Code {
	if o.Fee == nil {
		return tx.OK
	}
	p := a.provider(o.Fee.Provider)
	if p == nil {
		return tx.FeeProviderUnknown
	}
	v := int(o.Fee.ScheduleVersion)
	if v > len(p.Schedules) {
		return tx.FeeScheduleNotValid
	}
	s := p.Schedules[v-1]
	for _, later := range p.Schedules[v:] { // The next for the same asset ends it, seven days later.
		if later.Asset == s.Asset {
			if a.now >= later.EffectiveAtUnixMs+7*86_400_000 {
				return tx.FeeScheduleNotValid
			}
			break
		}
	}
	return first(
		broken{tx.FeeScheduleNotValid, s.Asset != o.Asset || a.now < s.EffectiveAtUnixMs},
		broken{tx.FeeMismatch, o.Fee.Amount != s.Bands[0].Flat},
		broken{tx.FeeAboveCeiling, uint64(o.Fee.Amount) > ceiling},
	)
}
