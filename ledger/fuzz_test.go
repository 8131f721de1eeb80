package ledger_test

import (
	"slices"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// FuzzApply reads the fuzzer's bytes as the choices of the machine: transactions of all operations by anybody, with amounts and times on
// edges, and time that passes. Nothing panics, the ledger agrees with the model after every batch, and all of it is taken back to the same
// bytes; at the end it is audited.
func FuzzApply(f *testing.F) {
	f.Add([]byte{0})
	for seed := range byte(24) {
		f.Add(mixed(seed, 700))
	}
	s := stage{cast: newCast(f, 0)}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, done := s.enter(t)
		defer done()
		d := diceOf(&raw)
		for range 10 {
			if d.oneIn(2) {
				m.time(d)
			}
			if d.oneIn(6) {
				m.chain.Tick(1 << d.below(36))
			}
			var signed []*tx.Signed
			for range d.below(5) {
				if s := m.transaction(d); s != nil {
					signed, m.sent = append(signed, s), append(m.sent, s)
				}
			}
			m.apply(t, signed...)
			if m.check(t); len(raw) == 0 {
				break
			}
		}
		ledgertest.Audit(t, m.chain.Memory, m.chain.Memory.Leaf, m.chain.Memory.Head(), m.world.Network)
	})
}

// FuzzDue makes much due at few times, more than one batch does, and looks at what is done in which order, and at what operations on what is
// overdue get.
func FuzzDue(f *testing.F) {
	for seed := range byte(6) {
		f.Add(mixed(seed, 900))
	}
	s := stage{cast: newCast(f, 0)}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, done := s.enter(t)
		defer done()
		d := diceOf(&raw)
		for range 4 {
			m.apply(t, m.crowded(d)...)
		}
		for range 6 {
			m.chain.Tick(pick[uint64](d, 0, 1, 1, 2, aMinute, aDay))
			var signed []*tx.Signed
			for range d.below(4) {
				m.need = nil
				if ops := pick(d, m.drawCapture, m.drawRelease, m.drawPaidRequest, m.drawDecline, m.drawEndOfMove, m.drawTransfer)(d); len(ops) > 0 {
					signed = append(signed, m.signedBody(ops)...)
				}
			}
			m.apply(t, signed...)
			m.check(t)
		}
	})
}

// crowded are holds, requests and grants that are due at few times.
func (m *machine) crowded(d dice) (signed []*tx.Signed) {
	nyoka := m.opening("NYOKA").Account()
	shop := m.shop()
	due := func() uint64 { return m.now() + pick[uint64](d, 1, 1, 2, aMinute, aDay) }
	for range 2 {
		var ops []tx.Operation
		for range d.below(100) {
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
	}
	entered, chain := *s.at, *s.at.chain
	m = &entered
	m.t, m.chain, m.model, m.seen = t, &chain, s.at.model.clone(), newTally()
	m.effects, m.exports, m.sent = slices.Clone(m.effects), slices.Clone(m.exports), nil
	return m, func() {
		if t.Failed() {
			s.at = nil // What is left of it is not the beginning.
			return
		}
		m.undo(t, len(s.at.effects))
	}
}

// diceOf takes choices from bytes; after their end every choice is the first.
func diceOf(raw *[]byte) dice {
	next := func() int {
		if len(*raw) == 0 {
			return 0
		}
		b := (*raw)[0]
		*raw = (*raw)[1:]
		return int(b)
	}
	return dice{below: func(n int) int {
		if n > 256 {
			return (next()<<8 + next()) % n
		}
		return next() % n
	}}
}

// mixed are bytes to begin with; any that differ will do.
func mixed(seed byte, n int) []byte {
	r := randomDice(uint64(seed), 1)
	raw := make([]byte, n)
	for i := range raw {
		raw[i] = byte(r.below(256))
	}
	return raw
}
