package ledger_test

import (
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

type grantName struct {
	account tx.AccountID
	grantee key.Public
}

type grantDay struct {
	grantName
	day uint64
}

func (a *attempt) openAccount(o tx.OpenAccount) tx.Code {
	if a.exists(o.Account()) {
		return tx.AccountExists
	}
	a.open(o.Account(), o.Authority, 0)
	return tx.OK
}

func (a *attempt) setAuthority(o tx.SetAuthority) tx.Code {
	of := a.accounts[o.Account]
	of.authority = o.Authority
	a.accounts[o.Account] = of
	delete(a.recoveries, o.Account) // Who signs has not lost his keys.
	return tx.OK
}

func (a *attempt) issueGrant(o tx.IssueGrant) tx.Code {
	lowest, limited := a.tierLimit(o.Asset, 0)
	code := first(
		broken{tx.AssetUnknown, !a.known(o.Asset)},
		broken{tx.GrantAboveTier, a.founding[o.Account].sponsored && !(limited && within(o, lowest))},
	)
	if code == tx.OK {
		a.putGrant(o, a.now)
	}
	return code
}

// within says whether the caps of a grant are within a limit.
func within(g tx.IssueGrant, l limit) bool {
	return uint64(g.CapTransaction) <= l.transaction && uint64(g.CapDay) <= l.day
}

// putGrant gives or replaces a grant. What one for the same asset was used for today still counts.
func (m *model) putGrant(g tx.IssueGrant, now uint64) {
	name := grantName{g.Account, g.Grantee}
	if m.grants[name].Asset != g.Asset {
		m.endGrant(name, now)
	}
	m.grants[name] = g
}

func (m *model) endGrant(name grantName, now uint64) {
	delete(m.grants, name)
	delete(m.used, grantDay{name, m.day(now)})
}

func (a *attempt) revokeGrant(o tx.RevokeGrant) tx.Code {
	name := grantName{o.Account, o.Grantee}
	if _, there := a.grants[name]; !there {
		return tx.GrantUnknown
	}
	a.endGrant(name, a.now)
	return tx.OK
}

// exposure is what all grants to a key may take in a day, in an asset: a number of two words.
func (m *model) exposure(k key.Public, n tx.Asset) (high, low, grants uint64) {
	for name, g := range m.grants {
		if name.grantee == k && g.Asset == n {
			if low += uint64(g.CapDay); low < uint64(g.CapDay) {
				high++
			}
			grants++
		}
	}
	return high, low, grants
}
