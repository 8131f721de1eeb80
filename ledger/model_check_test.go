package ledger_test

import (
	"testing"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

var _ ledgertest.TB = (*testing.T)(nil)

// check compares everything that the model knows with what the ledger says.
func (m *machine) check(t ledgertest.TB) {
	t.Helper()
	s := m.chain.State()
	for i, id := range m.accounts {
		m.checkAccount(t, s, i, id)
	}
	for n, of := range m.model.assets {
		a, err := s.Asset(n)
		if err != nil || a == nil || uint64(a.Supply) != of.supply || a.Code != of.code || uint64(a.Reserve) != of.reserve || a.Issuer != of.issuer ||
			a.Kind != of.kind || a.SpendUntilUnixMs != of.until || uint64(a.ProvisionalInflowDay) != of.inflowDay || a.ReserveAsOfUnixMs != of.reserveOf {
			t.Fatalf("asset %d: ledger %+v, model %+v: %v", n, a, of, err)
		}
		for tier := range uint8(tx.MaxTier + 1) {
			l, err := s.Limit(n, tier)
			want, there := of.limits[uint32(tier)]
			if err != nil || (l != nil) != there || there && (limit{uint64(l.CapTransaction), uint64(l.CapDay)}) != want {
				t.Fatalf("limit of asset %d, tier %d: ledger %v, model %v: %v", n, tier, l, want, err)
			}
		}
	}
	if n, err := s.AssetCount(); err != nil || n != uint64(len(m.model.assets)) {
		t.Fatalf("%d assets, model %d: %v", n, len(m.model.assets), err)
	}
	for i, alias := range m.aliases {
		bound, err := s.Alias(alias)
		want := m.model.aliases[alias]
		statuses := map[status]ledger.AliasStatus{provisional: ledger.AliasProvisional, attested: ledger.AliasAttested, released: ledger.AliasReleased}
		if err != nil || (bound != nil) != (want.status != free) ||
			bound != nil && (bound.Account != want.account || bound.Status != statuses[want.status] || bound.UntilUnixMs != want.until ||
				bound.VouchedBy != want.vouchedBy || bound.SealedName != want.name) {
			t.Fatalf("alias %d: ledger %v, model %v: %v", i, bound, want, err)
		}
		move, err := s.Move(alias)
		waits, there := m.model.moves[alias]
		if err != nil || (move != nil) != there || there && (move.DueUnixMs != waits.due || move.From != waits.From || move.To != waits.To) {
			t.Fatalf("move of alias %d: ledger %v, model %v: %v", i, move, waits, err)
		}
	}
	next, waits, err := ledger.NextDue(m.chain.Memory)
	if first := m.model.waiting(m.now()); err != nil || len(first) > 0 && (!waits || next > first[0].due+1) {
		t.Fatalf("the ledger wakes up at %d (%v), the model has something due at %d: %v", next, waits, first[0].due, err)
	}
	m.checkWaiting(t, s)
	m.checkNetwork(t, s)
}

func (m *machine) checkAccount(t ledgertest.TB, s ledger.State, i int, id tx.AccountID) {
	t.Helper()
	for n := range m.model.assets {
		b, err := s.Balance(id, n)
		if b.Day != uint32(m.model.day(m.now())) {
			b.Used = 0
		}
		if spent := m.model.spent[holdingDay{holding{id, n}, m.model.day(m.now())}]; uint64(b.Used) != spent {
			t.Fatalf("account %d in asset %d: ledger counts %d today, model %d", i, n, b.Used, spent)
		}
		if want := m.model.balances[holding{id, n}]; err != nil || (balance{uint64(b.Posted), uint64(b.Held)}) != want {
			t.Fatalf("balance of account %d in asset %d: ledger %d (%d held), model %v: %v", i, n, b.Posted, b.Held, want, err)
		}
		listed, err := s.Listed(n, id)
		if err != nil || listed != m.model.payees[payeeName{n, id}] {
			t.Fatalf("payee %d of asset %d: ledger %v: %v", i, n, listed, err)
		}
	}
	a, err := s.Account(id)
	want, there := m.model.accounts[id]
	if err != nil || (a != nil) != there || there && (!sameAuthority(a.Authority, want.authority) || uint32(a.Tier) != want.tier ||
		a.FrozenUntilUnixMs != want.frozenUntil || uint64(a.Number) != want.number || (a.Pending > 0) != m.model.pending(id)) {
		t.Fatalf("account %d: ledger %+v, model %+v: %v", i, a, want, err)
	}
	for j, k := range m.keys {
		name := grantName{id, k}
		g, err := s.Grant(id, k)
		want, there := m.model.grants[name]
		if err != nil || (g != nil) != there {
			t.Fatalf("grant of account %d to key %d: ledger %v, model %v: %v", i, j, g, there, err)
		}
		if g == nil {
			continue
		}
		left, err := s.LeftToday(*g, m.chain.TimeUnixMs)
		used := m.model.used[grantDay{name, m.model.day(m.chain.TimeUnixMs)}]
		if err != nil || left != uint64(want.CapDay)-min(used, uint64(want.CapDay)) {
			t.Fatalf("grant of account %d to key %d: ledger leaves %d today, model used %d of %d: %v", i, j, left, used, want.CapDay, err)
		}
	}
	r, err := s.Recovery(id)
	waits, there := m.model.recoveries[id]
	if err != nil || (r != nil) != there || there && r.DueUnixMs != waits.due {
		t.Fatalf("recovery of account %d: ledger %v, model %v: %v", i, r, waits, err)
	}
}

// checkWaiting compares holds, requests and ballots; those that have ended are looked for too.
func (m *machine) checkWaiting(t ledgertest.TB, s ledger.State) {
	t.Helper()
	for _, signed := range m.sent[max(0, len(m.sent)-20):] {
		for i, op := range signed.Body.Operations {
			switch op.(type) {
			case tx.PlaceHold:
				id := tx.NewHoldID(signed.ID(), uint32(i))
				h, err := s.Hold(id)
				want, there := m.model.holds[id]
				if err != nil || (h != nil) != there || there && (uint64(h.Left) != want.left || uint64(h.Fee) != want.fee) {
					t.Fatalf("hold %v: ledger %v, model %v: %v", id, h, want, err)
				}
			case tx.RequestPayment:
				id := tx.NewRequestID(signed.ID(), uint32(i))
				q, err := s.Request(id)
				if _, there := m.model.requests[id]; err != nil || (q != nil) != there {
					t.Fatalf("request %v: ledger %v, model %v: %v", id, q, there, err)
				}
			case tx.Propose:
				id := tx.NewBallotID(signed.ID(), uint32(i))
				b, err := s.Ballot(id)
				want, there := m.model.ballots[id]
				if err != nil || (b != nil) != there || there && (b.PassedAtUnixMs != want.passed || len(b.Votes) != len(want.votes)) {
					t.Fatalf("ballot %v: ledger %v, model %v: %v", id, b, want, err)
				}
			}
		}
	}
}

// checkNetwork compares parameters, directory and validators, and what all grants to a key allow together.
func (m *machine) checkNetwork(t ledgertest.TB, s ledger.State) {
	t.Helper()
	for p, want := range m.model.parameters {
		if v, err := s.Parameter(p); err != nil || v != want {
			t.Fatalf("parameter %d: ledger %d, model %d: %v", p, v, want, err)
		}
	}
	for id, want := range m.model.providers {
		p, err := s.Provider(id)
		if err != nil || p == nil || p.Entry.Key != want.key || uint64(p.Shares) != want.shares || p.LastVersion != want.last {
			t.Fatalf("provider %v: ledger %v, model %v: %v", id, p, want, err)
		}
	}
	for _, id := range m.accounts {
		a, err := s.Attestor(id)
		if want, there := m.model.attestors[id]; err != nil || (a != nil) != there || there && a.Key != want.Key {
			t.Fatalf("attestor %v: ledger %v, model %v: %v", id, a, want, err)
		}
	}
	set, err := s.ValidatorSet()
	if err != nil || len(set) != len(m.model.validators) {
		t.Fatalf("%d validators, model %d: %v", len(set), len(m.model.validators), err)
	}
	for _, v := range set {
		if want, there := m.model.validators[v.Name]; !there || v.Key != [32]byte(want.Key) {
			t.Fatalf("validator %s: ledger %x, model %x", v.Name, v.Key, want.Key)
		}
	}
	for _, k := range m.keys {
		for n := range m.model.assets {
			e, err := s.Exposure(k, n)
			if high, low, grants := m.model.exposure(k, n); err != nil || e != (ledger.Exposure{High: high, Low: low, Grants: grants}) {
				t.Fatalf("exposure of %x in asset %d: ledger %v, model %d %d of %d: %v", k[:3], n, e, high, low, grants, err)
			}
		}
	}
}
