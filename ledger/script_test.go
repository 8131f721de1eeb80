package ledger_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

var update = flag.Bool("update", false, "rewrite what the scripts in testdata expect")

// A script is a paragraph that says which rule it shows, and blocks. A block is one batch: one act a line, then ----, then
// what came of each act. act_test.go and operation_test.go read the acts.
const rule = "----"

func TestScripts(t *testing.T) {
	for _, file := range scripts(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := newScript(t).run(string(raw))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.Split(string(raw), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("%s (-want +got; -update rewrites):\n%s", file, diff)
			}
		})
	}
}

// TestEveryCodeHasAScript: a rule without a script is a rule that nobody has seen decide.
func TestEveryCodeHasAScript(t *testing.T) {
	shown := make(map[string]bool)
	for _, file := range scripts(t) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(raw), "\n") {
			code, _, _ := strings.Cut(line, " ")
			shown[code] = true
		}
	}
	for code := tx.OK; code <= tx.LeafTooLarge; code++ {
		if !code.Known() || code == tx.LeafTooLarge {
			continue // No transaction that fits its own limits reaches the last: TestLargestLeafFits.
		}
		if !shown[code.String()] {
			t.Errorf("no script shows %v", code)
		}
	}
}

func scripts(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in testdata: %v", err)
	}
	return files
}

// script is a ledger that a script runs on. Besides what every world has, there is a second provider RIVAL with a flat
// fee of its own, a second asset TZS without a tier, and more fee schedules of PROVIDER:
//
//	v1 KES  1.00 from the genesis     v2 KES  2.00 from day 10
//	v3 KES 50.00 from day 20          v4 TZS  5.00 from the genesis
type script struct {
	t     testing.TB
	world *ledgertest.World
	chain *ledgertest.Chain
	nonce uint64
	// accounts by name, and the key that signs for each when an act does not say by whom.
	accounts map[string]tx.AccountID
	signers  map[string]string
	named    map[string]*tx.Signed
}

func newScript(t testing.TB) *script {
	t.Helper()
	const day = 24 * 3600 * 1000
	s := &script{t: t, accounts: make(map[string]tx.AccountID), signers: make(map[string]string), named: make(map[string]*tx.Signed)}
	s.world = ledgertest.NetworkOf(t, "scripts", 4, func(w *ledgertest.World, g *genesis.Genesis) {
		s.world = w
		rival := w.Key(t, "RIVAL").Public()
		open := tx.OpenAccount{Authority: tx.SingleKey(rival), Salt: salt("RIVAL")}
		g.Accounts = append(g.Accounts, genesis.Account{ID: open.Account(), Salt: open.Salt[:], Authority: genesis.AuthorityOf(open.Authority)})
		g.Assets = append(g.Assets, genesis.Asset{Code: "TZS", Scale: 2, Issuer: w.IssuerAccount})
		from := func(asset tx.Asset, flat, days uint64) genesis.FeeSchedule {
			return genesis.FeeSchedule{Asset: asset, Bands: genesis.FlatFee(minor(flat)), EffectiveAtUnixMs: g.TimeUnixMs + days*day}
		}
		g.Providers[0].Schedules = append(g.Providers[0].Schedules, from(1, 2_00, 10), from(1, 50_00, 20), from(2, 5_00, 0))
		g.Providers = append(g.Providers, genesis.Provider{
			Account: open.Account(), Name: "Rival", Key: rival, Shares: 1, Schedules: []genesis.FeeSchedule{from(1, 3_00, 0)},
		})
		s.know("RIVAL", open.Account(), "RIVAL")
	})
	s.chain = ledgertest.NewChain(t, s.world)
	s.know("ISSUER", s.world.IssuerAccount, "ISSUER")
	s.know("PROVIDER", s.world.ProviderAccount, "PROVIDER")
	s.know("JUMA", s.world.Juma.Account, "PROVIDER")
	s.know("AMINA", s.world.Amina.Account, "PROVIDER")
	for i, id := range s.world.AttestorAccounts {
		name := fmt.Sprintf("ATTESTOR%d", i+1)
		s.know(name, id, name)
	}
	for validator, id := range s.world.GovernorAccounts {
		s.know(strings.ToUpper(validator), id, strings.ToUpper(validator))
	}
	return s
}

func (s *script) know(name string, id tx.AccountID, signer string) {
	s.accounts[name], s.signers[name] = id, signer
}

// account names an account; one that nobody opened has an id too.
func (s *script) account(name string) tx.AccountID {
	if id, ok := s.accounts[name]; ok {
		return id
	}
	return tx.OpenAccount{Authority: tx.SingleKey(s.key(name).Public()), Salt: salt(name)}.Account()
}

func (s *script) key(name string) key.Private {
	switch name {
	case "ISSUER":
		return s.world.Issuer
	case "PROVIDER":
		return s.world.Provider
	case "ATTESTOR1", "ATTESTOR2", "ATTESTOR3":
		return s.world.Attestors[name[len(name)-1]-'1']
	}
	if k, ok := s.world.Governors[strings.ToLower(name)]; ok {
		return k
	}
	return s.world.Key(s.t, name)
}

// name finds the name of an account.
func (s *script) name(id tx.AccountID) string {
	for name, known := range s.accounts {
		if known == id {
			return name
		}
	}
	return id.String()
}

// run gives the script's text with what came of it.
func (s *script) run(text string) string {
	var out []string
	for i, block := range strings.Split(strings.TrimRight(text, "\n"), "\n\n") {
		acts, _, isBlock := strings.Cut(block, "\n"+rule)
		if !isBlock {
			if i > 0 {
				s.t.Fatalf("paragraph %d is neither prose at the head nor a block with %s:\n%s", i+1, rule, block)
			}
			out = append(out, block)
			continue
		}
		if i == 0 {
			s.t.Fatal("the script does not say which rule it shows")
		}
		lines := append([]string{acts, rule}, s.block(strings.Split(acts, "\n"))...)
		out = append(out, strings.Join(lines, "\n"))
	}
	return strings.Join(out, "\n\n") + "\n"
}

// block runs the acts of one batch.
func (s *script) block(lines []string) []string {
	s.t.Helper()
	b := &block{script: s}
	for _, line := range lines {
		if !strings.HasPrefix(line, "#") {
			b.act(line)
		}
	}
	if len(b.envelopes) > 0 || b.sealed {
		b.apply()
	}
	var out []string
	switch {
	case b.sealed && b.fx != nil:
		out = append(out, "applied")
	case b.void != nil:
		out = append(out, "void: "+strings.TrimSuffix(b.void.Error(), ": "+ledger.ErrVoid.Error()))
	}
	for _, answer := range b.answers {
		out = append(out, answer()...)
	}
	return out
}

// block is a batch in the making.
type block struct {
	*script
	// header changes what the leader says; sealed says that there is a batch even without transactions.
	header []func(h *tx.BatchHeader)
	signer string
	sealed bool

	envelopes [][]byte
	fx        *ledger.Effects
	void      error
	answers   []func() []string
}

// apply seals the batch.
func (b *block) apply() {
	b.t.Helper()
	h := b.chain.Header()
	for _, change := range b.header {
		change(&h)
	}
	if b.signer == "" {
		b.signer = b.chain.Leader
	}
	admitted := b.admit()
	b.fx, b.void = b.chain.Apply(b.t, h, b.world.Validators[b.signer], b.envelopes...)
	if b.void != nil && !errors.Is(b.void, ledger.ErrVoid) {
		b.t.Fatal(b.void)
	}
	if b.fx != nil && len(b.fx.Outcomes) > 0 && admitted != 0 {
		b.agree(admitted, b.fx.Outcomes[0])
	}
}

// admit is what a leader does with the first transaction; 0 is that it would not pack it.
func (b *block) admit() tx.Code {
	b.t.Helper()
	if len(b.envelopes) == 0 {
		return 0
	}
	signed, err := b.chain.Verify(b.envelopes[0])
	if err != nil || signed.Body.ExpiresAtUnixMs < b.chain.TimeUnixMs {
		return 0
	}
	builder, err := ledger.Build(b.chain.Memory, b.chain.Memory.Head(), b.chain.TimeUnixMs)
	if err != nil {
		b.t.Fatal(err)
	}
	code, err := builder.Add(signed)
	if err != nil {
		b.t.Fatal(err)
	}
	return code
}

// agree: what Build said of the first transaction is what Apply did with it.
func (b *block) agree(admitted tx.Code, o ledger.Outcome) {
	b.t.Helper()
	if o.Duplicate {
		return
	}
	decided := slices.ContainsFunc(b.fx.Leaves, func(l ledger.Leaf) bool { return l.Index == o.LeafIndex && l.Lookup == [32]byte(o.ID) })
	if decided != (admitted == tx.OK) || !decided && o.Result.Code != admitted {
		b.t.Errorf("Build says %v of a transaction that Apply gives %v, decided %v", admitted, o.Result.Code, decided)
	}
}

// outcome is the line of one transaction.
func (b *block) outcome(i int) string {
	if b.fx == nil {
		return "nothing"
	}
	o := b.fx.Outcomes[i]
	line := o.Result.Code.String()
	if o.Result.Operation > 0 {
		line += fmt.Sprintf(" at operation %d", o.Result.Operation)
	}
	for _, leg := range o.Result.Legs {
		line += fmt.Sprintf(", leg %d %v", leg.Leg, leg.Code)
	}
	if o.Duplicate {
		line += " (again)"
	}
	return line
}
