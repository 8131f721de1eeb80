package ledger_test

import (
	"bytes"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

type ballot struct {
	tx.Propose
	votes  map[string]bool // replaced whole, never changed
	passed uint64          // when it had a quorum; 0 while it has not
	put    uint64          // the time that its effect was put off to
}

// due is when a ballot ends.
func (b ballot) due() uint64 {
	if b.passed == 0 {
		return b.ExpiresAtUnixMs
	}
	return max(b.passed, max(1, b.EffectiveAtUnixMs)-1, b.put) // At its time, so after the millisecond before.
}

func (a *attempt) propose(o tx.Propose) tx.Code {
	earliest := max(a.now, o.EffectiveAtUnixMs)
	refused := a.impossible(o.Decision, earliest, max(o.ExpiresAtUnixMs, earliest))
	late := o.ExpiresAtUnixMs <= a.now || o.ExpiresAtUnixMs > a.now+30*aDay || o.EffectiveAtUnixMs > a.now+90*aDay
	code := first(
		broken{refused, refused != tx.OK && refused < tx.TimeNotValid},
		broken{tx.TimeNotValid, late},
		broken{refused, refused != tx.OK},
	)
	if code == tx.OK {
		a.ballots[tx.NewBallotID(a.id, a.position)] = ballot{Propose: o, votes: map[string]bool{o.Validator: true}}
	}
	return code
}

func (a *attempt) vote(o tx.Vote) tx.Code {
	b, there := a.ballots[o.Ballot]
	b.put = 0 // One that is put off is over for who votes.
	_, voted := b.votes[o.Validator]
	code := first(
		broken{tx.BallotUnknown, !there || b.due() < a.now},
		broken{tx.AlreadyVoted, voted},
		broken{tx.NothingToChange, b.passed != 0},
	)
	if code != tx.OK {
		return code
	}
	b.votes = copied(b.votes)
	b.votes[o.Validator] = o.Yes
	yes, n := 0, len(a.validators)
	for name := range a.validators {
		if b.votes[name] {
			yes++
		}
	}
	if yes >= 2*n/3+1 {
		b.passed = a.now
	}
	a.ballots[o.Ballot] = b
	return tx.OK
}

// impossible says why a decision cannot be carried out at a time from earliest to latest.
func (m *model) impossible(decision tx.Decision, earliest, latest uint64) tx.Code {
	switch o := decision.(type) {
	case tx.SetValidators:
		return m.impossibleSet(o)
	case tx.SetParameter:
		return first(broken{tx.NothingToChange, m.parameters[o.Parameter] == o.Value})
	case tx.SetRules:
		return first(broken{tx.VersionNotNext, o.Version != m.rules+1})
	case tx.SetIssuer:
		return first(broken{tx.CreditAccountUnknown, !m.exists(o.Account)}, broken{tx.NothingToChange, m.issuers[o.Account] == o.Issuer})
	case tx.SetAttestor:
		_, registered := m.providers[providerIn(o.Attestor)]
		return first(
			broken{tx.CreditAccountUnknown, !m.exists(o.Attestor.Account)},
			broken{tx.ProviderUnknown, o.Attestor.Provider != nil && !registered},
			broken{tx.KeyTaken, m.attestorHas(o.Attestor)},
		)
	case tx.RemoveAttestor:
		_, there := m.attestors[o.Account]
		return first(broken{tx.AttestorUnknown, !there})
	case tx.Freeze:
		return first(
			broken{tx.CreditAccountUnknown, !m.exists(o.Account)},
			broken{tx.NothingToChange, m.accounts[o.Account].frozenUntil == o.UntilUnixMs},
			broken{tx.TimeNotValid, o.UntilUnixMs != 0 && (o.UntilUnixMs <= earliest || o.UntilUnixMs > latest+30*aDay)},
		)
	case tx.SetPool:
		p, registered := m.providers[o.Provider]
		return first(broken{tx.ProviderUnknown, !registered}, broken{tx.NothingToChange, p.shares == uint64(o.Shares)})
	}
	panic("a decision without a rule")
}

func providerIn(a tx.Attestor) tx.AccountID {
	if a.Provider == nil {
		return tx.AccountID{}
	}
	return *a.Provider
}

// attestorHas says whether another attestor has the key.
func (m *model) attestorHas(a tx.Attestor) bool {
	for id, other := range m.attestors {
		if id != a.Account && other.Key == a.Key {
			return true
		}
	}
	return false
}

// impossibleSet: f validators change places at most, or three come, or three go.
func (m *model) impossibleSet(o tx.SetValidators) tx.Code {
	spoken := true
	for _, v := range o.Validators {
		spoken = spoken && m.exists(v.Account) && len(m.accounts[v.Account].authority.Keys) > 0
	}
	in, out := m.change(o)
	f := (len(m.validators) - 1) / 3
	may := in == out && 0 < out && out <= f || in == 3 && out == 0 || in == 0 && out == 3 || in+out == 0 && m.otherSpeakers(o)
	return first(broken{tx.CreditAccountUnknown, !spoken}, broken{tx.NothingToChange, !may})
}

// otherSpeakers says whether a validator is to have another account that speaks for it.
func (m *model) otherSpeakers(o tx.SetValidators) bool {
	for _, v := range o.Validators {
		if m.validators[v.Name].Account != v.Account || m.validators[v.Name].PeerAddress != v.PeerAddress {
			return true
		}
	}
	return false
}

// change is how many validators come and go; one with another key is another.
func (m *model) change(o tx.SetValidators) (in, out int) {
	kept := 0
	for _, v := range o.Validators {
		is := m.validators[v.Name]
		if is.Name == v.Name && bytes.Equal(is.Key, v.Key) && is.TLSKeyHash == v.TLSKeyHash {
			kept++
		}
	}
	return len(o.Validators) - kept, len(m.validators) - kept
}

// endBallot does what a ballot has decided, if it has and that can still be.
func (m *model) endBallot(id tx.BallotID, now uint64) effect {
	b := m.ballots[id]
	set, isSet := b.Decision.(tx.SetValidators)
	if isSet && b.passed != 0 && m.reformed {
		b.put = now // One change of the set in a batch.
		m.ballots[id] = b
		return effect{}
	}
	delete(m.ballots, id)
	if b.passed == 0 || m.impossible(b.Decision, now, now) != tx.OK {
		return effect{kind: tx.BallotLapsed}
	}
	switch o := b.Decision.(type) {
	case tx.SetValidators:
		in, out := m.change(set)
		m.reformed = in+out > 0
		m.validators = make(map[string]tx.Governor)
		for _, v := range o.Validators {
			m.validators[v.Name] = v
		}
	case tx.SetParameter:
		m.parameters[o.Parameter] = o.Value
	case tx.SetRules:
		m.rules = o.Version
	case tx.SetIssuer:
		m.issuers[o.Account] = o.Issuer
	case tx.SetAttestor:
		m.attestors[o.Attestor.Account] = o.Attestor
	case tx.RemoveAttestor:
		delete(m.attestors, o.Account)
	case tx.Freeze:
		of := m.accounts[o.Account]
		of.frozenUntil = o.UntilUnixMs
		m.accounts[o.Account] = of
	case tx.SetPool:
		p := m.providers[o.Provider]
		p.shares = uint64(o.Shares)
		m.providers[o.Provider] = p
	}
	return effect{kind: tx.BallotEffective}
}
