package ledger_test

import (
	"slices"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// binding is what a number is bound to; the zero binding is to nobody.
type binding struct {
	status    status
	account   tx.AccountID
	name      key.SealedName
	vouchedBy tx.AccountID // the provider, if provisional
	until     uint64       // the end of the quarantine, if released
}

type status int

const (
	free status = iota
	provisional
	attested
	released
)

// alias is the binding of a number now: a move whose time has come counts, though its leaf may be still to come.
func (a *attempt) alias(n key.Alias) binding {
	if m, waits := a.moves[n]; waits && m.done(a.now) {
		return m.rebind(a.aliases[n])
	}
	return a.aliases[n]
}

// bound says whether a number is bound to an account, by whatever word.
func (a *attempt) bound(n key.Alias, to tx.AccountID) bool {
	b := a.alias(n)
	return (b.status == provisional || b.status == attested) && b.account == to
}

func (a *attempt) bindAlias(o tx.BindAlias) tx.Code {
	b := a.alias(o.Alias)
	code := first(
		broken{tx.AliasTaken, b.status == provisional || b.status == attested},
		broken{tx.AliasQuarantined, b.status == released && a.now <= b.until},
	)
	if code == tx.OK {
		a.aliases[o.Alias] = binding{status: provisional, account: o.Account, name: o.SealedName, vouchedBy: a.founder(o.Account)}
	}
	return code
}

// founder is the provider that vouches for a number: the one that grants itself the account, else the first that signs.
func (a *attempt) founder(id tx.AccountID) tx.AccountID {
	for _, op := range a.body.Operations {
		if g, ok := op.(tx.IssueGrant); ok && g.Account == id {
			if p := a.providerOf(g.Grantee); p != nil {
				return *p
			}
		}
	}
	return *a.sponsor()
}

// mayAttest: as many attestors as the network asks for, and the owner if there is one.
func (a *attempt) mayAttest(o tx.AttestAlias) tx.Code {
	authority, there := a.authority(o.Account)
	c := concern{accounts: []tx.AccountID{o.Account}}
	if b := a.alias(o.Alias); b.status == provisional && b.account == o.Account {
		c.provider = &b.vouchedBy // It has vouched for this once.
	}
	return first(
		broken{tx.AccountUnknown, !there},
		broken{tx.Unauthorised, len(authority.Keys) > 0 && !a.owns(o.Account)},
		broken{tx.Unauthorised, !a.attestedBy(a.parameters[tx.Attestations], c)},
	)
}

func (a *attempt) attestAlias(o tx.AttestAlias) tx.Code {
	b := a.alias(o.Alias)
	_, moving := a.moves[o.Alias]
	other := b.account != o.Account
	code := first(
		broken{tx.AliasTaken, b.status == attested && other},
		broken{tx.AliasQuarantined, b.status == released && other && a.now <= b.until},
		broken{tx.MovePending, moving},
		broken{tx.NothingToChange, b.status == attested && b.name == o.SealedName},
	)
	if code == tx.OK {
		a.aliases[o.Alias] = binding{status: attested, account: o.Account, name: o.SealedName}
	}
	return code
}

func (a *attempt) mayReleaseAlias(o tx.ReleaseAlias) tx.Code {
	authority, there := a.authority(o.Account)
	return first(
		broken{tx.AccountUnknown, !there},
		broken{tx.Unauthorised, !a.owns(o.Account) && !a.attestedBy(uint64(authority.Attestors), about(o.Account))},
	)
}

// releaseAlias: nobody else gets a number sooner than by a move; one that was bound provisionally leaves no quarantine.
func (a *attempt) releaseAlias(o tx.ReleaseAlias) tx.Code {
	_, moving := a.moves[o.Alias]
	code := first(
		broken{tx.AliasUnknown, !a.bound(o.Alias, o.Account)},
		broken{tx.MovePending, moving},
	)
	switch {
	case code != tx.OK:
	case a.aliases[o.Alias].status == provisional:
		delete(a.aliases, o.Alias)
	default:
		quarantine := max(a.parameters[tx.QuarantineMs], a.parameters[tx.MoveDelayMs])
		a.aliases[o.Alias] = binding{status: released, account: o.Account, until: a.now + quarantine}
	}
	return code
}

// concern is what an operation is about: accounts, keys that begin or end to act on them, a provider that has vouched for it.
type concern struct {
	accounts []tx.AccountID
	keys     []key.Public
	provider *tx.AccountID
}

func about(id tx.AccountID) concern { return concern{accounts: []tx.AccountID{id}} }

// attestedBy says whether so many attestors sign that have no part in what they attest; those of one provider count once.
func (a *attempt) attestedBy(needed uint64, c concern) bool {
	counted := make(map[tx.AccountID]bool)
	for id, at := range a.attestors {
		if a.signed(at.Key) && !a.hasPart(at, c) {
			if at.Provider != nil {
				id = *at.Provider
			}
			counted[id] = true
		}
	}
	return needed > 0 && uint64(len(counted)) >= needed
}

// hasPart: it is the attestor's own account or its provider's; the provider has vouched for it or opens it; or a key of one of them has a
// grant on it, or begins or ends to have one.
func (a *attempt) hasPart(at tx.Attestor, c concern) bool {
	theirs, opens := []key.Public{at.Key}, false
	for k, p := range a.providerKeys {
		if at.Provider != nil && *at.Provider == p {
			theirs, opens = append(theirs, k), opens || a.signed(k)
		}
	}
	for _, k := range theirs {
		if slices.Contains(c.keys, k) || slices.ContainsFunc(c.accounts, func(id tx.AccountID) bool { return a.live(id, k) }) {
			return true
		}
	}
	for _, id := range c.accounts {
		if id == at.Account || at.Provider != nil && id == *at.Provider || opens && a.founding[id].sponsored {
			return true
		}
	}
	return c.provider != nil && at.Provider != nil && *c.provider == *at.Provider
}

// firstAttestor is the account of the first attestor that signs.
func (a *attempt) firstAttestor() tx.AccountID {
	for _, k := range a.signers {
		for id, at := range a.attestors {
			if at.Key == k {
				return id
			}
		}
	}
	return tx.AccountID{}
}
