package ledger_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// The fuzzers' inputs are numbers, each of which a batch is drawn by, and not bytes: go test spends minutes to make bytes shorter, and a
// number changed changes one batch and leaves the others.

// FuzzApply applies eight batches of all operations by anybody, with amounts and times on edges, and time that passes. Nothing panics, the
// ledger agrees with the model, money is conserved, and all of it is taken back to the same bytes.
func FuzzApply(f *testing.F) {
	r := randomDice(1, 1)
	for range 24 {
		n := func() uint64 { return uint64(r.below(1 << 40)) }
		f.Add(n(), n(), n(), n(), n(), n(), n(), n())
	}
	s := stage{cast: newCast(f, 0)}
	f.Fuzz(func(t *testing.T, a, b, c, d, e, g, h, i uint64) {
		m, done := s.enter(t)
		defer done()
		for at, n := range []uint64{a, b, c, d, e, g, h, i} {
			m.drawBatch(randomDice(n, uint64(at)))
		}
		m.check(t)
		ledgertest.Audit(t, m.chain.Memory, m.chain.Memory.Leaf, m.chain.Memory.Head(), m.world.Network)
	})
}

// drawBatch lets time pass sometimes, and applies a few transactions.
func (m *machine) drawBatch(d dice) {
	switch d.below(8) {
	case 0, 1:
		m.time(d)
	case 2:
		m.chain.Tick(1 << d.below(36))
	}
	var signed []*tx.Signed
	for range d.below(7) {
		if s := m.transaction(d); s != nil {
			signed, m.sent = append(signed, s), append(m.sent, s)
		}
	}
	m.apply(m.t, signed...)
}

// FuzzDue makes much due at few times, more than one batch does, and looks at what is done in which order, and at what operations on what is
// overdue get.
func FuzzDue(f *testing.F) {
	for n := range uint64(12) {
		f.Add(n, n+1, 2*n, 3*n, n, n, n+2, n)
	}
	s := stage{cast: newCast(f, 0)}
	f.Fuzz(func(t *testing.T, a, b, c, d, e, g, h, i uint64) {
		m, done := s.enter(t)
		defer done()
		m.apply(t, m.begun(randomDice(a, 0), 4, m.drawMove, m.drawRecovery)...)
		for at, n := range []uint64{b, c, d} {
			m.apply(t, m.crowded(randomDice(n, uint64(at)))...)
		}
		for at, n := range []uint64{e, g, h, i} {
			d := randomDice(n, uint64(at))
			m.chain.Tick(pick[uint64](d, 0, 1, 2, aMinute, aDay, 2*aDay+1))
			m.stale = d.oneIn(2)
			m.apply(t, m.begun(d, 4, m.drawCapture, m.drawRelease, m.drawPaidRequest, m.drawDecline, m.drawEndOfMove, m.drawTransfer, m.drawTransfer,
				m.drawGrant, m.drawAliasRelease, m.drawMove)...)
		}
		m.check(t)
	})
}

// begun are transactions of operations that one of these draws.
func (m *machine) begun(d dice, most int, draws ...func(dice) []tx.Operation) (signed []*tx.Signed) {
	for range most {
		m.need = nil
		signed = append(signed, m.signedBody(pick(d, draws...)(d))...)
	}
	return signed
}

// crowded are holds, requests and grants that are due at few times.
func (m *machine) crowded(d dice) (signed []*tx.Signed) {
	nyoka := m.opening("NYOKA").Account()
	shop := m.shop()
	due := func() uint64 { return m.now() + pick[uint64](d, 1, 1, 2, aMinute, aDay-1, aDay) }
	for range 2 {
		var ops []tx.Operation
		for range 30 + d.below(70) {
			switch d.below(8) {
			case 0:
				g := m.grantOf(d, nyoka)
				g.Asset, g.ExpiresAtUnixMs = 1, due()
				ops = append(ops, g)
			case 1, 2:
				ops = append(ops, tx.RequestPayment{Credit: nyoka, Debit: shop, Asset: 1, Amount: 1, ExpiresAtUnixMs: due()})
			default:
				ops = append(ops, tx.PlaceHold{
					Debit: nyoka, Credit: &shop, Asset: 1, Amount: 1, ExpiresAtUnixMs: due(), OnExpiry: pick(d, tx.ExpiryReturns, tx.ExpiryCompletes),
				})
			}
		}
		if len(ops) > 0 {
			m.need = m.owners(nyoka)
			signed = append(signed, m.signedBody(ops)...)
		}
	}
	return signed
}

// signedBody is a transaction of the operations by those who need to sign, or none if it cannot be said.
func (m *machine) signedBody(ops []tx.Operation) []*tx.Signed {
	m.nonce++
	encoded, err := tx.Body{Nonce: m.world.Nonce(m.nonce), ExpiresAtUnixMs: m.now() + aMinute, Operations: ops}.Encode()
	if err != nil || len(m.need) == 0 {
		return nil
	}
	s := m.seal(encoded, ascendingKeys(slices.Clone(m.need)))
	m.sent = append(m.sent, s)
	return []*tx.Signed{s}
}

// stage is a machine after its beginning, which every run of a fuzz target gets and leaves as it was.
type stage struct {
	cast *cast
	at   *machine
}

// enter gives the machine; done takes everything back, for the next.
func (s *stage) enter(t *testing.T) (m *machine, done func()) {
	if s.at == nil {
		s.at = newMachine(t, s.cast)
		s.at.begin()
		s.at.sent = nil
	}
	entered, chain := *s.at, *s.at.chain
	chain.Verify = ledgertest.Remember(func(envelope []byte) (*tx.Signed, error) { return tx.Parse(s.cast.world.Network, envelope) })
	m = &entered
	m.t, m.chain, m.model, m.seen, m.haste = t, &chain, s.at.model.clone(), newTally(), true
	m.effects = nil
	before := chain.Memory.Export()
	return m, func() {
		for i := len(m.effects) - 1; i >= 0 && !t.Failed(); i-- {
			if err := chain.Memory.Undo(m.effects[i]); err != nil {
				t.Error(err)
			}
		}
		if !t.Failed() && !bytes.Equal(before, chain.Memory.Export()) {
			t.Error("taking all batches back does not give the bytes before them")
		}
		if t.Failed() {
			s.at = nil // What is left of it is not the beginning.
		}
	}
}
