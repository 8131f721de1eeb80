package ledger_test

import (
	"cmp"
	"crypto/sha256"
	"maps"
	"math/big"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// fee draws the fee of a provider for amounts, as the schedule says mostly.
func (m *machine) fee(d dice, carrier *tx.AccountID, n tx.Asset, amounts ...amount.Amount) *tx.Fee {
	if carrier == nil {
		if !d.oneIn(4) {
			return nil
		}
		p := pick(d, listed(m.model.providers)...)
		carrier = &p
	}
	if d.oneIn(30) {
		other := m.account(d)
		carrier = &other
	}
	f := &tx.Fee{Provider: *carrier, ScheduleVersion: 1}
	for v := uint32(1); v <= m.model.providers[*carrier].last; v++ {
		s := m.model.schedules[scheduleName{*carrier, v}]
		if s.asset == n && (s.from <= m.now() || d.oneIn(8)) && !d.oneIn(5) {
			f.ScheduleVersion = v
		}
	}
	if d.oneIn(25) {
		f.ScheduleVersion++
	}
	sum := new(big.Int)
	for _, a := range amounts {
		sum.Add(sum, feeFor(m.model.schedules[scheduleName{*carrier, f.ScheduleVersion}].bands, uint64(a)))
	}
	if f.Amount = amount.Amount(sum.Uint64()); d.oneIn(20) {
		f.Amount += 1 - 2*amount.Amount(d.below(2)) // One less, too.
	}
	return f
}

func (m *machine) drawTransfer(d dice) []tx.Operation {
	o := tx.Transfer{Debit: m.person(d), Credit: m.payeeFor(d)}
	o.Asset = m.assetOf(d, o.Debit)
	carrier := m.act(d, o.Debit, tx.GrantTransfer, o.Asset)
	o.Amount = m.sum(d, o.Debit, o.Asset, 1_00)
	o.Fee = m.fee(d, carrier, o.Asset, o.Amount)
	if d.oneIn(3) {
		n := m.alias(d)
		if o.Alias = &n; !d.oneIn(4) {
			o.Credit = m.model.aliases[n].account
		}
		if by := m.model.aliases[n].vouchedBy; m.model.aliases[n].status == provisional && d.oneIn(2) {
			inflow := m.model.inflows[inflowDay{by, o.Asset, m.model.day(m.now())}]
			cap := m.model.assets[o.Asset].inflowDay
			o.Amount = amount.Amount(max(1, cap-min(cap, inflow)+uint64(d.below(2))))
		}
	}
	if o.Debit == o.Credit && !d.oneIn(4) {
		o.Credit = m.world.Amina.Account
	}
	return []tx.Operation{o}
}

// drawSpree spends what caps and limits leave of a day.
func (m *machine) drawSpree(d dice) []tx.Operation {
	o := tx.Transfer{Debit: pick(d, m.world.Juma.Account, m.opening("BAKARI").Account()), Credit: m.shop(), Asset: 1}
	carrier := m.act(d, o.Debit, tx.GrantTransfer, 1)
	if o.Fee = m.fee(d, carrier, 1, 1); o.Fee == nil {
		o.Fee = &tx.Fee{}
	}
	left := slices.DeleteFunc(m.edges(o.Debit, 1), func(edge uint64) bool { return edge <= uint64(o.Fee.Amount) })
	o.Amount = amount.Amount(slices.Min(append(left, maxAmount))) - o.Fee.Amount + amount.Amount(d.below(3)/2)
	if o.Fee.Provider == (tx.AccountID{}) {
		o.Fee = nil
	}
	return []tx.Operation{o}
}

// payeeFor draws a payee; the shop often, since it is listed for vouchers.
func (m *machine) payeeFor(d dice) tx.AccountID {
	return pick(d, m.shop(), m.shop(), m.world.IssuerAccount, m.person(d), m.person(d), m.account(d))
}

func (m *machine) shop() tx.AccountID { return *m.world.Genesis.Assets[0].Arbiter }

func (m *machine) drawBulk(d dice) []tx.Operation {
	o := tx.BulkTransfer{Debit: m.person(d), Mode: pick(d, tx.Atomic, tx.Each, tx.Each)}
	o.Asset = m.assetOf(d, o.Debit)
	carrier := m.act(d, o.Debit, tx.GrantTransfer, o.Asset)
	var amounts []amount.Amount
	for range d.between(1, 5) {
		leg := tx.BulkLeg{Credit: m.payeeFor(d), Amount: m.sum(d, o.Debit, o.Asset, 1_00)}
		if leg.Amount > maxAmount/8 {
			leg.Amount = maxAmount / 8
		}
		if d.oneIn(5) {
			n := m.alias(d)
			if leg.Alias = &n; !d.oneIn(3) {
				leg.Credit = m.model.aliases[n].account
			}
		}
		o.Legs, amounts = append(o.Legs, leg), append(amounts, leg.Amount)
	}
	o.Fee = m.fee(d, carrier, o.Asset, amounts...)
	return []tx.Operation{o}
}

func (m *machine) drawHold(d dice) []tx.Operation {
	o := tx.PlaceHold{Debit: m.person(d), OnExpiry: pick(d, tx.ExpiryReturns, tx.ExpiryCompletes), PayerMayRelease: d.oneIn(2)}
	o.Asset = m.assetOf(d, o.Debit)
	carrier := m.act(d, o.Debit, tx.GrantHold, o.Asset)
	o.Amount = m.sum(d, o.Debit, o.Asset, 1_00)
	o.Fee = m.fee(d, carrier, o.Asset, o.Amount)
	until := m.model.assets[o.Asset].until
	o.ExpiresAtUnixMs = m.later(d, m.now(), m.now()+aMinute-1, m.now()+90*aDay, m.now()+90*aDay+1, max(until, 1), until+1)
	if m.model.vouchers(o.Asset) && d.oneIn(3) {
		o.ExpiresAtUnixMs = until + uint64(d.below(2))
	}
	if kind := d.between(0, 3); kind > 0 {
		credit := m.payeeFor(d)
		o.Credit = &credit
		if o.Debit == credit && !d.oneIn(4) {
			o.Credit = &m.world.Amina.Account
		}
	}
	if o.Credit == nil || d.oneIn(3) {
		n := m.alias(d)
		if o.Alias = &n; o.Credit != nil && !d.oneIn(4) {
			bound := m.model.aliases[n].account
			o.Credit = &bound
		}
	}
	if d.oneIn(3) {
		secret := pick(d, m.secrets...)
		lock := sha256.Sum256(secret[:])
		o.Hashlock = &lock
	}
	return []tx.Operation{o}
}

// hold draws one that was placed, or none.
func (m *machine) hold(d dice) (tx.HoldID, hold) {
	ids := listed(m.model.holds)
	if len(ids) == 0 || d.oneIn(20) {
		return tx.HoldID{1}, hold{PlaceHold: tx.PlaceHold{Debit: m.person(d), Asset: 1}}
	}
	id := pick(d, ids...)
	return id, m.model.holds[id]
}

func (m *machine) drawCapture(d dice) []tx.Operation {
	if len(m.model.holds) == 0 && !d.oneIn(12) {
		return m.drawHold(d)
	}
	id, h := m.hold(d)
	o := tx.CaptureHold{Hold: id, Debit: h.Debit, Credit: m.person(d), Asset: h.Asset, ReleaseRest: d.oneIn(3)}
	switch {
	case d.oneIn(12):
	case h.Credit != nil:
		o.Credit = *h.Credit
	case h.Alias != nil && m.model.aliases[*h.Alias].status != free:
		o.Credit = m.model.aliases[*h.Alias].account
	}
	if d.oneIn(20) {
		o.Debit = m.person(d)
	}
	o.Amount = amount.Amount(max(1, pick(d, h.left, h.left, h.left/2, 1, h.left+1)))
	for _, s := range m.secrets {
		if h.Hashlock != nil && sha256.Sum256(s[:]) == *h.Hashlock {
			o.Preimage = &s
		}
	}
	if d.oneIn(6) {
		o.Preimage = pick(d, nil, &m.secrets[0], &m.secrets[1])
	}
	m.act(d, o.Credit, tx.GrantCapture, o.Asset)
	return []tx.Operation{o}
}

func (m *machine) drawRelease(d dice) []tx.Operation {
	if len(m.model.holds) == 0 && !d.oneIn(12) {
		return m.drawHold(d)
	}
	id, h := m.hold(d)
	o := tx.ReleaseHold{Hold: id, Debit: h.Debit}
	if d.oneIn(8) {
		o.Debit = m.person(d)
	}
	var payee *tx.AccountID
	if h.left > 0 && d.oneIn(2) {
		payee = h.payee(func(n key.Alias) binding { return m.model.aliases[n] })
	}
	if payee != nil {
		m.act(d, *payee, tx.GrantCapture, h.Asset)
	} else {
		m.act(d, o.Debit, tx.GrantHold, 0)
	}
	return []tx.Operation{o}
}

func (m *machine) drawRequest(d dice) []tx.Operation {
	o := tx.RequestPayment{Credit: m.person(d), Debit: m.person(d), Asset: m.asset(d)}
	if o.Debit == o.Credit && !d.oneIn(4) {
		o.Debit = m.world.Amina.Account
	}
	o.Amount = m.sum(d, o.Debit, o.Asset, 0)
	o.ExpiresAtUnixMs = m.later(d, m.now(), m.now()+90*aDay, m.now()+90*aDay+1)
	m.act(d, o.Credit, tx.GrantRequest, o.Asset)
	return []tx.Operation{o}
}

// request draws one that was made, or none.
func (m *machine) request(d dice) (tx.RequestID, tx.RequestPayment) {
	ids := listed(m.model.requests)
	if len(ids) == 0 || d.oneIn(20) {
		return tx.RequestID{1}, tx.RequestPayment{Debit: m.person(d), Credit: m.person(d), Asset: 1, Amount: 1_00}
	}
	id := pick(d, ids...)
	return id, m.model.requests[id]
}

func (m *machine) drawPaidRequest(d dice) []tx.Operation {
	if len(m.model.requests) == 0 && !d.oneIn(12) {
		return m.drawRequest(d)
	}
	id, q := m.request(d)
	o := tx.Transfer{Debit: q.Debit, Credit: q.Credit, Asset: q.Asset, Amount: q.Amount, Request: &id}
	switch d.between(0, 12) {
	case 10:
		o.Debit = m.person(d)
	case 11:
		o.Credit = m.person(d)
	case 12:
		o.Amount = max(1, o.Amount/2)
	}
	o.Fee = m.fee(d, m.act(d, o.Debit, tx.GrantTransfer, o.Asset), o.Asset, o.Amount)
	return []tx.Operation{o}
}

func (m *machine) drawDecline(d dice) []tx.Operation {
	if len(m.model.requests) == 0 && !d.oneIn(12) {
		return m.drawRequest(d)
	}
	id, q := m.request(d)
	o := tx.DeclineRequest{Request: id, Account: pick(d, q.Debit, q.Credit)}
	if d.oneIn(6) {
		o.Account = m.person(d)
	}
	m.act(d, o.Account, tx.GrantRequest, 0)
	return []tx.Operation{o}
}

func (m *machine) drawReturn(d dice) []tx.Operation {
	places := slices.SortedFunc(maps.Keys(m.model.movements), func(a, b place) int {
		return cmp.Or(cmp.Compare(b.leaf, a.leaf), cmp.Compare(a.operation, b.operation)) // The newest first.
	})
	if len(places) == 0 {
		return m.drawTransfer(d)
	}
	at := places[d.between(0, min(8, len(places)-1))]
	moved := m.model.movements[at]
	o := tx.Return{LeafIndex: at.leaf, Leaf: m.model.truth(at.leaf), Operation: at.operation, Debit: moved.credit, Credit: moved.debit, Asset: moved.asset}
	left := moved.amount - m.model.returned[at]
	o.Amount = amount.Amount(max(1, pick(d, left, left, left/2, left+1, 1)))
	switch d.between(0, 20) {
	case 16:
		o.Operation++
	case 17:
		o.LeafIndex++
	case 18:
		o.Debit = m.person(d)
	case 19:
		o.Credit = m.person(d)
	case 20:
		o.Asset = m.asset(d)
	}
	if d.oneIn(4) {
		m.sign(m.owners(m.shop())...)
	} else {
		o.Carrier = m.act(d, o.Debit, tx.GrantReturn, o.Asset)
	}
	if d.oneIn(40) {
		carrier := m.account(d)
		o.Carrier = &carrier
	}
	return []tx.Operation{o}
}
