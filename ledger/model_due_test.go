package ledger_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// effect is what time does.
type effect struct {
	kind          tx.EffectKind
	due           uint64
	subject       string
	debit, credit *tx.AccountID
	asset         tx.Asset
	amount        uint64
	others        []tx.AccountID // further accounts that it concerns
}

// happening is something that has a time: of a rank among what is due at the same, with a subject.
type happening struct {
	due     uint64
	rank    int
	subject string
	// still says whether it is still to happen, after what happened before it.
	still  func() bool
	happen func() effect
}

// pass does what was due before now, in order of time, rank and subject; most is how many a batch does.
func (m *model) pass(now uint64, most int) []effect {
	var effects []effect
	m.reformed = false
	for i, h := range m.waiting(now) {
		if i == most || h.due >= now {
			break
		}
		if !h.still() {
			continue
		}
		e := h.happen()
		if e.kind == 0 {
			continue
		}
		leaf := m.leaves
		m.leaves++
		e.due, e.subject = h.due, h.subject
		slices.SortFunc(e.others, func(a, b tx.AccountID) int { return bytes.Compare(a[:], b[:]) })
		e.others = slices.Compact(e.others)
		if e.kind == tx.HoldCompleted {
			m.movements[place{leaf, 0}] = movement{*e.debit, *e.credit, e.asset, e.amount}
		}
		effects = append(effects, e)
	}
	return effects
}

// waiting looks through everything for what has a time.
func (m *model) waiting(now uint64) []happening {
	var all []happening
	for id, h := range m.holds {
		all = append(all, happening{h.ExpiresAtUnixMs, 1, string(id[:]), func() bool { _, is := m.holds[id]; return is }, func() effect { return m.expireHold(id) }})
	}
	for id, q := range m.requests {
		all = append(all, happening{q.ExpiresAtUnixMs, 2, string(id[:]), func() bool { _, is := m.requests[id]; return is }, func() effect {
			delete(m.requests, id)
			return effect{kind: tx.RequestExpired, others: []tx.AccountID{q.Debit, q.Credit}}
		}})
	}
	for n, w := range m.moves {
		all = append(all, happening{w.due, 3, string(n[:]), func() bool { return m.moves[n].due == w.due }, func() effect { return m.endMove(n, now) }})
	}
	for id, r := range m.recoveries {
		all = append(all, happening{r.due, 4, string(id[:]), func() bool { return m.recoveries[id].due == r.due }, func() effect { return m.endRecovery(id) }})
	}
	for of, b := range m.balances {
		a := m.assets[of.asset]
		_, keeps := m.payees[payeeName{of.asset, of.account}]
		if a.kind == tx.Voucher && b.posted > 0 && of.account != a.issuer && !keeps {
			subject := string(binary.BigEndian.AppendUint32(nil, uint32(of.asset))) + string(of.account[:])
			all = append(all, happening{a.until, 5, subject, func() bool { return m.balances[of].posted > 0 }, func() effect { return m.returnVouchers(of) }})
		}
	}
	for id, b := range m.ballots {
		all = append(all, happening{b.due(), 6, string(id[:]), func() bool { _, is := m.ballots[id]; return is }, func() effect { return m.endBallot(id, now) }})
	}
	for name, g := range m.grants {
		subject := string(name.account[:]) + string(name.grantee[:])
		all = append(all, happening{g.ExpiresAtUnixMs, 7, subject, func() bool { return m.grants[name].ExpiresAtUnixMs == g.ExpiresAtUnixMs }, func() effect {
			m.endGrant(name, now)
			return effect{kind: tx.GrantExpired, others: []tx.AccountID{name.account}}
		}})
	}
	slices.SortFunc(all, func(a, b happening) int {
		return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.rank, b.rank), cmp.Compare(a.subject, b.subject))
	})
	return all
}

// returnVouchers: what was not spent is the issuer's again. What is held is not there: holds of vouchers end before the vouchers.
func (m *model) returnVouchers(of holding) effect {
	issuer := m.assets[of.asset].issuer
	left := m.available(of.account, of.asset)
	m.debit(of.account, of.asset, left)
	m.credit(issuer, of.asset, left)
	return effect{kind: tx.VoucherReturned, debit: &of.account, credit: &issuer, asset: of.asset, amount: left}
}
