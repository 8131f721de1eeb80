package ledger_test

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestRulesAgreeWithModel runs random batches of all operations through the ledger and through the model: results, what time does, and
// everything that can be read afterwards are the same after every batch; what a leader would pack is what is recorded; no transaction
// changes more than its bytes allow; every batch is audited, and at the end all of it is taken back, batch by batch, to the same
// bytes as on the way.
func TestRulesAgreeWithModel(t *testing.T) {
	setRapid(t)
	if setByTests["rapid.checks"] {
		setFlag(t, "rapid.checks", "5")
	}
	runMachines(t, newTally())
}

// TestEveryRuleIsReached is the same with a fixed seed, whatever the command line says. Each code and each effect must come up, so that the agreement is about all of
// them.
func TestEveryRuleIsReached(t *testing.T) {
	setRapid(t)
	setFlag(t, "rapid.checks", "30")
	setFlag(t, "rapid.seed", "20260101")
	seen := newTally()
	runMachines(t, seen)
	if testing.Short() {
		return // Under -short rapid makes a fifth of the runs, which do not reach every rule.
	}
	for code := tx.OK; code <= tx.LeafTooLarge; code++ {
		if why := unreached[code]; code.Known() && seen.codes[code] == 0 && why == "" {
			t.Errorf("no transaction was %v", code)
		} else if seen.codes[code] > 0 && why != "" {
			t.Errorf("%v was reached, though %s", code, why)
		}
	}
	for kind := tx.HoldReturned; kind <= tx.GrantExpired; kind++ {
		if seen.effects[kind] == 0 {
			t.Errorf("no effect was of kind %d", kind)
		}
	}
	t.Log(seen)
}

// unreached are the codes that no well-formed transaction gets.
var unreached = map[tx.Code]string{
	tx.LeafTooLarge: "no transaction within the limits makes such a leaf: TestLargestLeafFits",
}

// tally counts what came up: results of transactions and legs, effects, and of each kind of operation its results.
type tally struct {
	codes, legs           map[tx.Code]int
	effects               map[tx.EffectKind]int
	operations            map[string]map[tx.Code]int
	transactions, batches int
}

func newTally() *tally {
	return &tally{
		codes: make(map[tx.Code]int), legs: make(map[tx.Code]int), effects: make(map[tx.EffectKind]int), operations: make(map[string]map[tx.Code]int),
	}
}

func (s *tally) count(signed *tx.Signed, result tx.Result) {
	s.codes[result.Code]++
	for _, leg := range result.Legs {
		s.legs[leg.Code]++
	}
	for i, op := range signed.Body.Operations {
		name := fmt.Sprintf("%T", op)[3:]
		if s.operations[name] == nil {
			s.operations[name] = make(map[tx.Code]int)
		}
		if result.Code != tx.OK && i == int(result.Operation) {
			s.operations[name][result.Code]++
			return
		}
		s.operations[name][tx.OK]++
	}
}

// String is a table.
func (s *tally) String() string {
	out := fmt.Sprintf("%d transactions in %d batches\n", s.transactions, s.batches)
	counts := func(of map[tx.Code]int) (line string) {
		for _, code := range slices.Sorted(maps.Keys(of)) {
			line += fmt.Sprintf(" %v %d", code, of[code])
		}
		return line + "\n"
	}
	out += "results:" + counts(s.codes) + "legs:" + counts(s.legs) + "effects:"
	for _, kind := range slices.Sorted(maps.Keys(s.effects)) {
		out += fmt.Sprintf(" %d: %d", kind, s.effects[kind])
	}
	out += "\n"
	for _, name := range slices.Sorted(maps.Keys(s.operations)) {
		out += name + ":" + counts(s.operations[name])
	}
	return out
}

func runMachines(t *testing.T, seen *tally) {
	casts := []*cast{newCast(t, 0), newCast(t, 20*aMinute)}
	rapid.Check(t, func(rt *rapid.T) {
		m := newMachine(rt, casts[min(1, rapid.IntRange(0, 3).Draw(rt, "credits")/3)])
		m.seen = seen
		m.begin()
		for range 80 {
			m.step(rt)
		}
		m.undo(rt, 0)
	})
}

// setRapid bounds what rapid does, when the command line does not say otherwise. A failure prints its seed; no file is left behind.
func setRapid(t *testing.T) {
	t.Helper()
	given := make(map[string]bool)
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, value := range map[string]string{"rapid.checks": "12", "rapid.nofailfile": "true", "rapid.shrinktime": "8s"} {
		if !given[name] || setByTests[name] {
			setByTests[name] = true
			setFlag(t, name, value)
		}
	}
}

// setByTests are the flags that setRapid has set; to package flag they look given.
var setByTests = make(map[string]bool)

// setFlag sets a flag until the test ends.
func setFlag(t *testing.T, name, value string) {
	t.Helper()
	before := flag.Lookup(name).Value.String()
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set(name, before) })
}

// machine is the ledger, the model, and what was done so far.
type machine struct {
	*cast
	t       ledgertest.TB
	chain   *ledgertest.Chain
	model   *model
	seen    *tally
	sent    []*tx.Signed
	late    []*tx.Signed // drawn, and not sent yet
	effects []*ledger.Effects
	exports [][32]byte
	nonce   uint64
	// haste leaves out what other tests do often enough.
	haste bool
	// stale lets those sign for an account who did before a recovery that is overdue.
	stale bool
	// need is who should sign the transaction that is being drawn.
	need []key.Public
}

func newMachine(t ledgertest.TB, c *cast) *machine {
	m := &machine{cast: c, t: t, chain: ledgertest.NewChain(t, c.world), seen: newTally()}
	m.model = newModel(c.world.Genesis, func(leaf uint64) []byte {
		raw, err := m.chain.Memory.Leaf(leaf)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	})
	m.chain.Audited = 6
	// The rules look at who signed; that the signatures are true is the verifier's matter, and slow.
	m.chain.Verify = ledgertest.Remember(func(envelope []byte) (*tx.Signed, error) { return tx.Parse(c.world.Network, envelope) })
	return m
}

// step lets time pass sometimes, and applies a batch of a few transactions: new ones, late ones, and old ones in new envelopes. What is
// drawn follows from a number for each; 0 leaves it out, which is what a failure shrinks to.
func (m *machine) step(t *rapid.T) {
	if n := rapid.Uint64().Draw(t, "time"); n > 0 {
		if d := randomDice(n, m.nonce); d.oneIn(4) {
			m.time(d)
		}
	}
	most := 6
	if len(m.effects)%2 == 0 {
		most = 1 // So that what one transaction changes is seen alone.
	}
	var signed []*tx.Signed
	for range most {
		if n := rapid.Uint64().Draw(t, "transaction"); n > 0 {
			if s := m.transaction(randomDice(n, m.nonce)); s != nil {
				signed = append(signed, s)
				m.sent = append(m.sent, s)
			}
		}
	}
	m.apply(t, signed...)
	m.check(t)
}

// apply does a batch on both sides.
func (m *machine) apply(t ledgertest.TB, signed ...*tx.Signed) {
	t.Helper()
	var envelopes [][]byte
	for _, s := range signed {
		envelopes = append(envelopes, s.Envelope())
	}
	packed := m.pack(t, signed)
	fx := m.batch(t, envelopes, m.bound(t, signed))
	m.effectsAgree(t, fx)
	for i, s := range signed {
		result, duplicate, decided := m.model.apply(s, m.chain.TimeUnixMs, fx.Before.Size)
		if m.seen.transactions++; !duplicate {
			m.seen.count(s, result)
		}
		o := fx.Outcomes[i]
		if !o.Result.Equal(result) || o.Duplicate != duplicate {
			t.Fatalf("transaction %d of batch %d: ledger %v (again %v), model %v (again %v)\n%s",
				i, fx.After.Batch, o.Result, o.Duplicate, result, duplicate, bodies(signed[:i+1]))
		}
		if byID := duplicate || fx.Leaves[o.LeafIndex-fx.Before.Size].Lookup == [32]byte(s.ID()); byID != decided {
			t.Fatalf("transaction %d of batch %d, %v: the ledger holds it decided %v, the model %v", i, fx.After.Batch, result, byID, decided)
		}
		if packed != nil && (packed[i] != tx.OK && packed[i] != result.Code || (packed[i] == tx.OK) != decided) {
			t.Fatalf("transaction %d of batch %d, %v: a leader would have said %v", i, fx.After.Batch, result, packed[i])
		}
		if recorded, leaf, found, err := m.chain.State().Applied(s.ID(), s.Body.ExpiresAtUnixMs); err != nil || decided &&
			(!found || recorded.Code != result.Code || recorded.Operation != result.Operation || leaf != o.LeafIndex) {
			t.Fatalf("transaction %d of batch %d: recorded %v at leaf %d, not %v at %d: %v", i, fx.After.Batch, recorded, leaf, result, o.LeafIndex, err)
		}
	}
	m.model.leaves++ // The header.
	if m.model.leaves != fx.After.Size {
		t.Fatalf("batch %d: %d leaves, the model counts %d", fx.After.Batch, fx.After.Size, m.model.leaves)
	}
}

// batch applies envelopes on the ledger's side. In haste it does so once, without a header, and leaves audits to the end.
func (m *machine) batch(t ledgertest.TB, envelopes [][]byte, bound int) *ledger.Effects {
	t.Helper()
	m.seen.batches++
	if m.haste {
		fx, err := ledger.Reapply(m.chain.Memory, m.chain.Memory.Head(), m.world.Network, m.chain.Verify, ledger.Position{TimeUnixMs: m.chain.TimeUnixMs}, envelopes)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.chain.Memory.Commit(fx); err != nil {
			t.Fatal(err)
		}
		m.effects = append(m.effects, fx)
		return fx
	}
	m.exports = append(m.exports, sha256.Sum256(m.chain.Memory.Export()))
	fx := m.chain.Batch(t, envelopes...)
	m.effects = append(m.effects, fx)
	if len(fx.Changes) > bound {
		t.Errorf("batch %d changes %d entries, its bytes allow %d", fx.After.Batch, len(fx.Changes), bound)
	}
	return fx
}

// pack is what a leader would say of each.
func (m *machine) pack(t ledgertest.TB, signed []*tx.Signed) (codes []tx.Code) {
	t.Helper()
	if m.haste {
		return nil
	}
	b, err := ledger.Build(m.chain.Memory, m.chain.Memory.Head(), m.chain.TimeUnixMs)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range signed {
		code, err := b.Add(s)
		if err != nil {
			t.Fatalf("pack %s: %v", bodies([]*tx.Signed{s}), err)
		}
		codes = append(codes, code)
	}
	if !testing.Short() { // It is as much work as the batch itself.
		m.built(t, b)
	}
	return codes
}

// bound is how many entries a batch may change: what time changes, and what the bytes of each transaction allow.
func (m *machine) bound(t ledgertest.TB, signed []*tx.Signed) int {
	t.Helper()
	if m.haste {
		return 0
	}
	empty, err := ledger.Reapply(m.chain.Memory, m.chain.Memory.Head(), m.world.Network, m.chain.Verify, ledger.Position{TimeUnixMs: m.chain.TimeUnixMs}, nil)
	if err != nil {
		t.Fatal(err)
	}
	n := len(empty.Changes)
	for _, s := range signed {
		n += s.Body.Entries()
	}
	return n
}

// effectsAgree compares what time did.
func (m *machine) effectsAgree(t ledgertest.TB, fx *ledger.Effects) {
	t.Helper()
	want := m.model.pass(m.chain.TimeUnixMs, ledger.MaxDue)
	var got []effect
	for _, l := range fx.Leaves {
		leaf, err := tx.ParseLeaf(l.Raw)
		if err != nil {
			t.Fatal(err)
		}
		if e := leaf.Effect; e != nil {
			got = append(got, effect{e.Kind, e.DueUnixMs, string(e.Subject), e.Debit, e.Credit, e.Asset, uint64(e.Amount), e.Accounts})
		}
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !got[i].equal(want[i]) {
			t.Fatalf("batch %d: effect %d differs\nledger %v\nmodel  %v", fx.After.Batch, i, got[min(i, len(got)):], want[min(i, len(want)):])
		}
		m.seen.effects[want[i].kind]++
	}
}

func (e effect) equal(o effect) bool {
	same := func(a, b *tx.AccountID) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }
	return e.kind == o.kind && e.due == o.due && e.subject == o.subject && same(e.debit, o.debit) && same(e.credit, o.credit) &&
		e.asset == o.asset && e.amount == o.amount && slices.Equal(e.others, o.others)
}

// String is for failures.
func (e effect) String() string {
	return fmt.Sprintf("kind %d due %d of %x: %v to %v %d of %d, %v", e.kind, e.due, e.subject, e.debit, e.credit, e.amount, e.asset, e.others)
}

func bodies(signed []*tx.Signed) (out string) {
	for _, s := range signed {
		out += fmt.Sprintf("%v by", s.ID())
		for _, sig := range s.Signatures {
			out += fmt.Sprintf(" %x", sig.Signer[:3])
		}
		for _, op := range s.Body.Operations {
			out += fmt.Sprintf("\n   %T%+v", op, op)
		}
		out += "\n"
	}
	return out
}

// undo takes batches back until so many are left.
func (m *machine) undo(t ledgertest.TB, left int) {
	t.Helper()
	for i := len(m.effects) - 1; i >= left; i-- {
		if err := m.chain.Memory.Undo(m.effects[i]); err != nil {
			t.Fatal(err)
		}
		if sha256.Sum256(m.chain.Memory.Export()) != m.exports[i] {
			t.Fatalf("taking back batch %d does not give the bytes before it", m.effects[i].After.Batch)
		}
	}
}

// ascendingKeys sorts keys and takes out repetitions.
func ascendingKeys(all []key.Public) []key.Public {
	slices.SortFunc(all, func(a, b key.Public) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(all)
}
