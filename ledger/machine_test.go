package ledger_test

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestRulesAgreeWithModel runs random batches through the ledger and through the model: the codes, balances, supplies,
// grants and aliases are the same after every batch, every batch is audited, and at the end all of it is taken back,
// batch by batch, to the same bytes as on the way.
func TestRulesAgreeWithModel(t *testing.T) {
	setRapid(t)
	cast := newCast(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := newMachine(rt, cast)
		m.begin(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"batch":         m.batch,
			"another batch": m.batch,
			"time":          m.time,
			"":              m.check,
		})
		m.undo(rt)
	})
}

// setRapid bounds what rapid does when the command line does not say otherwise. A failure prints its seed; no file is
// left behind.
func setRapid(t *testing.T) {
	t.Helper()
	want := map[string]string{"rapid.nofailfile": "true", "rapid.checks": "12"}
	flag.Visit(func(f *flag.Flag) { delete(want, f.Name) })
	for name, value := range want {
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
}

// cast is who takes part, made once: keys are slow to make.
type cast struct {
	world    *ledgertest.World
	keys     []key.Public
	shop     key.Public
	accounts []tx.AccountID
	openings []tx.OpenAccount
	aliases  []key.Alias
	sealed   key.SealedName
}

func newCast(t testing.TB) *cast {
	t.Helper()
	s := newScript(t)
	c := &cast{world: s.world, sealed: s.world.Genesis.Aliases[0].SealedName, shop: s.key("SHOP").Public()}
	for _, name := range []string{"ISSUER", "PROVIDER", "RIVAL", "NYOKA", "BAKARI", "SHOP", "STRANGER"} {
		c.keys = append(c.keys, s.key(name).Public())
	}
	slices.SortFunc(c.keys, func(a, b key.Public) int { return bytes.Compare(a[:], b[:]) })
	for _, name := range []string{"NYOKA", "BAKARI"} {
		c.openings = append(c.openings, tx.OpenAccount{Authority: tx.SingleKey(s.key(name).Public()), Salt: salt(name)})
	}
	sacco := tx.Authority{Threshold: 3}
	for i, k := range c.keys[:3] {
		sacco.Keys = append(sacco.Keys, tx.AuthorityKey{Key: k, Weight: uint32(i + 1)})
	}
	c.openings = append(c.openings, tx.OpenAccount{Authority: sacco, Salt: salt("SACCO")},
		tx.OpenAccount{Authority: tx.PhoneAuthority(2), Salt: salt("NEEMA")}, tx.OpenAccount{Authority: tx.PhoneAuthority(2), Salt: salt("PILI")},
		tx.OpenAccount{Authority: tx.PhoneAuthority(3), Salt: salt("TATU")})
	for _, a := range s.world.Genesis.Accounts {
		c.accounts = append(c.accounts, a.ID)
	}
	for _, o := range c.openings {
		c.accounts = append(c.accounts, o.Account())
	}
	c.accounts = append(c.accounts, s.account("NOBODY"))
	for _, number := range []string{"+254711000001", "+254711000002", "+254711000003", "+254711000004"} {
		c.aliases = append(c.aliases, s.world.AliasKey.Alias(number))
	}
	return c
}

// machine is the ledger, the model, and what was done so far.
type machine struct {
	*cast
	chain   *ledgertest.Chain
	model   *model
	sent    []*tx.Signed
	effects []*ledger.Effects
	exports [][32]byte
	nonce   uint64
}

func newMachine(t ledgertest.TB, c *cast) *machine {
	m := &machine{cast: c, chain: ledgertest.NewChain(t, c.world), model: newModel(c.world.Genesis)}
	// The rules look at who signed; that the signatures are true is the verifier's matter, and slow.
	m.chain.Verify = ledgertest.Remember(func(envelope []byte) (*tx.Signed, error) { return tx.Parse(c.world.Network, envelope) })
	return m
}

// begin opens some of the accounts and gives money to most, so that a run is not spent on getting there.
func (m *machine) begin(t *rapid.T) {
	ops := []tx.Operation{m.openings[0], m.openings[2], m.openings[4]}
	for _, id := range []tx.AccountID{m.world.Juma.Account, m.world.ProviderAccount, m.openings[0].Account(), m.openings[2].Account()} {
		ops = append(ops, tx.Issue{Asset: ledgertest.KES, Credit: id, Amount: 60_000_00}, tx.Issue{Asset: 2, Credit: id, Amount: 500_00})
	}
	grant := tx.IssueGrant{ // The provider's fee is above the ceiling; the shop reaches its cap of the day soon.
		Account: m.openings[0].Account(), Grantee: m.world.Provider.Public(), Operations: []tx.GrantedOperation{tx.GrantTransfer},
		Asset: ledgertest.KES, CapTransaction: 5_000_00, CapDay: 6_000_00, FeeCeiling: 50, ExpiresAtUnixMs: m.chain.TimeUnixMs * 2,
	}
	ops = append(ops, grant)
	grant.Grantee = m.shop
	ops = append(ops, grant)
	raw, err := tx.Body{ExpiresAtUnixMs: m.chain.TimeUnixMs, Operations: ops}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	m.apply(t, m.seal(t, raw, m.keys))
	if m.model.supply[2] == 0 {
		t.Fatal("the beginning was refused")
	}
}

// time lets time pass, often to an edge.
func (m *machine) time(t *rapid.T) {
	const minute, day = 60_000, 86_400_000
	offset := uint64(m.world.Genesis.DayOffsetMinutes) * minute
	midnight := (m.chain.TimeUnixMs+offset)/day*day + day - offset
	next := rapid.SampledFrom([]uint64{
		m.chain.TimeUnixMs + 1, m.chain.TimeUnixMs + minute, m.chain.TimeUnixMs + minute, midnight - 1, midnight, m.chain.TimeUnixMs + 3*day,
	}).Draw(t, "time")
	m.chain.TimeUnixMs = max(m.chain.TimeUnixMs, next)
}

// batch applies up to four transactions, new ones and old ones in new envelopes.
func (m *machine) batch(t *rapid.T) {
	var signed []*tx.Signed
	for range rapid.IntRange(1, 5).Draw(t, "transactions") {
		signed = append(signed, m.transaction(t))
		m.sent = append(m.sent, signed[len(signed)-1])
	}
	m.apply(t, signed...)
}

// apply does a batch on both sides.
func (m *machine) apply(t *rapid.T, signed ...*tx.Signed) {
	var envelopes [][]byte
	for _, s := range signed {
		envelopes = append(envelopes, s.Envelope())
	}
	m.exports = append(m.exports, sha256.Sum256(m.chain.Memory.Export()))
	fx := m.chain.Batch(t, envelopes...)
	m.effects = append(m.effects, fx)
	for i, s := range signed {
		result, duplicate, decided := m.model.apply(s, m.chain.TimeUnixMs)
		o := fx.Outcomes[i]
		if !o.Result.Equal(result) || o.Duplicate != duplicate {
			t.Fatalf("transaction %d of batch %d: ledger %v (again %v), model %v (again %v)\n%+v",
				i, fx.After.Batch, o.Result, o.Duplicate, result, duplicate, s.Body)
		}
		if byID := duplicate || fx.Leaves[o.LeafIndex-fx.Before.Size].Lookup == [32]byte(s.ID()); byID != decided {
			t.Fatalf("transaction %d of batch %d, %v: the ledger holds it decided %v, the model %v", i, fx.After.Batch, result, byID, decided)
		}
		if recorded, leaf, found, err := m.chain.State().Applied(s.ID(), s.Body.ExpiresAtUnixMs); err != nil || decided &&
			(!found || !recorded.Equal(result) || leaf != o.LeafIndex) {
			t.Fatalf("transaction %d of batch %d: recorded %v at leaf %d, not %v at %d: %v", i, fx.After.Batch, recorded, leaf, result, o.LeafIndex, err)
		}
	}
}

// check compares everything that the model knows.
func (m *machine) check(t *rapid.T) {
	s := m.chain.State()
	for i, id := range m.accounts {
		for asset := tx.Asset(1); asset <= 2; asset++ {
			b, err := s.Balance(id, asset)
			if err != nil || uint64(b.Posted) != m.model.balances[holding{id, asset}] || b.Held != 0 {
				t.Fatalf("balance of account %d in asset %d: ledger %d, model %d: %v", i, asset, b.Posted, m.model.balances[holding{id, asset}], err)
			}
		}
		a, err := s.Account(id)
		if _, there := m.model.accounts[id]; err != nil || (a != nil) != there {
			t.Fatalf("account %d: ledger %v, model %v: %v", i, a, there, err)
		}
		for j, k := range m.keys {
			m.checkGrant(t, s, fmt.Sprintf("grant of account %d to key %d", i, j), grantName{id, k})
		}
	}
	for asset, supply := range m.model.supply {
		if a, err := s.Asset(asset); err != nil || uint64(a.Supply) != supply {
			t.Fatalf("supply of asset %d: ledger %d, model %d: %v", asset, a.Supply, supply, err)
		}
	}
	for i, alias := range m.aliases {
		bound, err := s.Alias(alias)
		want, there := m.model.aliases[alias]
		if err != nil || (bound != nil) != there || there && bound.Account != want {
			t.Fatalf("alias %d: ledger %v, model %v: %v", i, bound, want, err)
		}
	}
}

func (m *machine) checkGrant(t *rapid.T, s ledger.State, what string, name grantName) {
	g, err := s.Grant(name.account, name.grantee)
	want, there := m.model.grants[name]
	if err != nil || (g != nil) != there {
		t.Fatalf("%s: ledger %v, model %v: %v", what, g, there, err)
	}
	if g == nil {
		return
	}
	left, err := s.LeftToday(*g, m.chain.TimeUnixMs)
	if err != nil {
		t.Fatal(err)
	}
	used := m.model.used[grantDay{name, m.model.day(m.chain.TimeUnixMs)}]
	if left != uint64(want.CapDay)-min(used, uint64(want.CapDay)) {
		t.Fatalf("%s: ledger leaves %d today, model used %d of %d", what, left, used, want.CapDay)
	}
}

// undo takes everything back.
func (m *machine) undo(t *rapid.T) {
	for i := len(m.effects) - 1; i >= 0; i-- {
		if err := m.chain.Memory.Undo(m.effects[i]); err != nil {
			t.Fatal(err)
		}
		if sha256.Sum256(m.chain.Memory.Export()) != m.exports[i] {
			t.Fatalf("taking back batch %d does not give the bytes before it", m.effects[i].After.Batch)
		}
	}
}

// transaction draws one that the ledger may pack.
func (m *machine) transaction(t *rapid.T) *tx.Signed {
	if len(m.sent) > 0 && rare(t, 5, "again") {
		s := m.sent[rapid.IntRange(0, len(m.sent)-1).Draw(t, "earlier")]
		if s.Body.ExpiresAtUnixMs >= m.chain.TimeUnixMs {
			return m.seal(t, s.RawBody(), m.signers(t, s.Body))
		}
	}
	m.nonce++
	body := tx.Body{Nonce: m.world.Nonce(m.nonce)}
	body.ExpiresAtUnixMs = m.chain.TimeUnixMs + rapid.SampledFrom([]uint64{600_000, 600_000, 600_000, 600_000, 600_000, 86_400_000, 0, tx.MaxLifetimeMs, tx.MaxLifetimeMs + 1}).Draw(t, "lifetime")
	for len(body.Operations) == 0 || len(body.Operations) < 4 && rare(t, 4, "more") {
		body.Operations = append(body.Operations, m.operations(t)...)
	}
	raw, err := body.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return m.seal(t, raw, m.signers(t, body))
}

// seal packs the body with signatures that nobody made; the machine's verifier does not look.
func (m *machine) seal(t *rapid.T, body []byte, signers []key.Public) *tx.Signed {
	var signatures []tx.Signature
	for _, k := range signers {
		signatures = append(signatures, tx.Signature{Signer: k})
	}
	s, err := tx.Pack(m.world.Network, body, signatures)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// signers draws who signs: mostly those who may, sometimes fewer, more or others.
func (m *machine) signers(t *rapid.T, body tx.Body) []key.Public {
	var all []key.Public
	for _, op := range body.Operations {
		all = append(all, m.may(t, op)...)
	}
	if len(all) == 0 || rare(t, 6, "others") {
		all = append(all, rapid.SliceOfN(rapid.SampledFrom(m.keys), 1, 3).Draw(t, "signers")...)
	}
	slices.SortFunc(all, func(a, b key.Public) int { return bytes.Compare(a[:], b[:]) })
	all = slices.Compact(all)
	if len(all) > 1 && rare(t, 5, "fewer") {
		all = slices.Delete(all, 0, 1)
	}
	return all
}

// may lists keys that have something to do with an operation.
func (m *machine) may(t *rapid.T, op tx.Operation) []key.Public {
	var id tx.AccountID
	switch o := op.(type) {
	case tx.OpenAccount:
		id = o.Account()
	case tx.IssueGrant:
		id = o.Account
	case tx.RevokeGrant:
		id = o.Account
	case tx.BindAlias:
		id = o.Account
	case tx.Issue:
		return []key.Public{m.world.Issuer.Public()}
	case tx.Transfer:
		id = o.Debit
		var grantees []key.Public
		for _, k := range m.keys {
			if _, held := m.model.grants[grantName{id, k}]; held {
				grantees = append(grantees, k)
			}
		}
		if len(grantees) > 0 && !rare(t, 5, "by owner") {
			return []key.Public{rapid.SampledFrom(grantees).Draw(t, "grantee")}
		}
	}
	authority := m.model.accounts[id]
	for _, o := range m.openings {
		if o.Account() == id {
			authority = o.Authority
		}
	}
	var keys []key.Public
	for _, k := range authority.Keys {
		keys = append(keys, k.Key)
	}
	if keys == nil {
		keys = []key.Public{m.world.Provider.Public()}
	}
	return keys
}

// rare is true about once in n times; rapid prefers small numbers, so it is the largest that counts.
func rare(t *rapid.T, n int, label string) bool { return rapid.IntRange(1, n).Draw(t, label) == n }

// anyAmount draws amounts near the caps, the fees, and the edges of the bits.
func anyAmount(t *rapid.T, label string) amount.Amount {
	return rapid.SampledFrom([]amount.Amount{
		1_00, 10_00, 10_00, 50_00, 100_00, 499_00, 500_00, 1, 99, 4_999_00, 5_000_00, 5_000_01, 20_000_00, 1_000_000_00, amount.Max - 1, amount.Max,
	}).Draw(t, label)
}
