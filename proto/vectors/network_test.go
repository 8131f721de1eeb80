package vectors_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// rulesOfGenesis are the rules of SPEC.md 13.3.
var rulesOfGenesis = map[string]string{
	"one-form": `not in the form`, "known": `unknown field`, "document": `^(format is|name is|rules_version|time_unix_ms|day_offset_minutes)`,
	"proof": `proof does not verify`, "address": `addresses must`, "set": `^validators:|validator name|keys must be 32 bytes`, "parameter": `^parameter \d`,
	"account-id": `salt is not|id is not the hash|authority`, "account": `^account \d+: (twice|tier)`, "asset": `^asset`, "issue": `^issue \d`, "tier": `^tier \d`,
	"provider": `^provider \d+: (account|shares|operation)`, "schedule": `^provider \d+: schedule`, "governor": `^governor`, "attestor": `^attestor \d`,
	"alias": `^alias \d`, "grant": `^grant \d`,
}

// seed is what the worlds of the vectors are made from.
const seed = "umoja vectors v1"

// worlds are the networks of the vectors, by the names of their cases.
var worlds = []struct {
	name, comment string
	validators    int
	change        func(m *maker, w *ledgertest.World, g *genesis.Genesis)
}{
	{"four-validators", "The network of most vectors: an issuer, a provider, two phones, three attestors, and a governor for each validator.", 4, nil},
	{"seven-validators", "Seven validators, of which two may lie.", 7, nil},
	{"two-providers", "A second provider with an attestor of its own, a second asset, an arbiter, a bound on what provisional numbers receive, a tier and guardians from the start.", 4, twoProviders},
	{"credits", "A credit every ten seconds, and at most five.", 4, func(_ *maker, _ *ledgertest.World, g *genesis.Genesis) {
		g.Parameters.CreditIntervalMs, g.Parameters.CreditBurst = 10_000, 5
	}},
	{"least", "The least that a network needs: four validators, and lists that are empty. Nobody can decide anything, or pay.", 4, func(_ *maker, _ *ledgertest.World, g *genesis.Genesis) {
		*g = genesis.Genesis{
			Format: g.Format, Name: "m", TimeUnixMs: 1, DayOffsetMinutes: -840, RulesVersion: 1, Validators: g.Validators, Parameters: g.Parameters,
			Assets: []genesis.Asset{}, Governors: []genesis.Governor{}, Tiers: []genesis.Tier{}, Accounts: []genesis.Account{}, Providers: []genesis.Provider{},
			Attestors: []genesis.Attestor{}, Issues: []genesis.Issue{}, Aliases: []genesis.Alias{}, Grants: []genesis.Grant{},
		}
	}},
}

// world makes the network of a case.
func (m *maker) world(name string) *ledgertest.World {
	m.t.Helper()
	for _, w := range worlds {
		if w.name != name {
			continue
		}
		return ledgertest.NetworkOf(m.t, seed, w.validators, func(made *ledgertest.World, g *genesis.Genesis) {
			if w.change != nil {
				w.change(&maker{m.t, made}, made, g)
			}
		})
	}
	m.t.Fatalf("no world %s", name)
	return nil
}

// founded adds an account to a genesis.
func (m *maker) founded(g *genesis.Genesis, label string, a tx.Authority) tx.AccountID {
	salt := key.TaggedHash("umoja/test/salt "+label, []byte(m.Seed))
	open := tx.OpenAccount{Authority: a, Salt: [16]byte(salt[:16])}
	g.Accounts = append(g.Accounts, genesis.Account{ID: open.Account(), Salt: open.Salt[:], Authority: genesis.AuthorityOf(a)})
	return open.Account()
}

const (
	tzs          tx.Asset      = 2
	inflowDay    amount.Amount = 1_000_00
	rivalsFee    amount.Amount = 2_00
	chebetsFunds amount.Amount = 100_000_00
)

func twoProviders(m *maker, w *ledgertest.World, g *genesis.Genesis) {
	rival, arbiter := m.Key(m.t, "rival"), m.Key(m.t, "arbiter")
	account := m.founded(g, "rival", tx.SingleKey(rival.Public()))
	judge := m.founded(g, "arbiter", tx.SingleKey(arbiter.Public()))
	owner := m.founded(g, "chebet", tx.Authority{
		Keys: weighted(m.publics("chebet")), Threshold: 1, Guardians: weighted(m.publics("chebet's brother", "chebet's sister")), GuardianThreshold: 3,
	})
	g.Accounts[len(g.Accounts)-1].Tier = 1
	g.Assets[0].Arbiter, g.Assets[0].ProvisionalInflowDay = &judge, inflowDay
	g.Assets = append(g.Assets, genesis.Asset{Code: "TZS", Issuer: w.IssuerAccount})
	g.Providers[0].Shares = 10
	g.Providers[0].Codes, g.Providers[0].Languages = []string{"*384*1#"}, []string{"sw", "en-KE"}
	g.Providers[0].Endpoints, g.Providers[0].Telephone = []string{"https://mwanga.example/"}, "+254700000000"
	g.Providers[0].Schedules = append(g.Providers[0].Schedules, genesis.FeeSchedule{
		Asset: ledgertest.KES, EffectiveAtUnixMs: now + 10*day, Bands: []genesis.FeeBand{{UpTo: 100_00, Flat: 0}, {UpTo: 1_000_00, Flat: 1_00}, {Flat: 2_00, BasisPoints: 50}},
	})
	g.Providers = append(g.Providers, genesis.Provider{
		Account: account, Name: "Jirani", Key: rival.Public(), Shares: 1,
		Schedules: []genesis.FeeSchedule{{Asset: ledgertest.KES, Bands: genesis.FlatFee(rivalsFee), EffectiveAtUnixMs: now}},
	})
	g.Attestors[2].Provider, g.Attestors[2].Endpoints = &account, []string{"https://jirani.example/"}
	g.Issues = append(g.Issues, genesis.Issue{Asset: ledgertest.KES, Credit: owner, Amount: chebetsFunds}, genesis.Issue{Asset: tzs, Credit: w.Juma.Account, Amount: 5_000})
}

func makeNetwork(m *maker) []vectors.Vector {
	var all []vectors.Vector
	for _, w := range worlds {
		made := m.world(w.name)
		all = append(all, accept(w.name, w.comment, fields{"genesis": string(made.Raw)}, must(networkOut(made.Genesis))(m)))
	}
	return append(all, append(m.otherForms(), m.wrongNetworks()...)...)
}

// otherForms say the same as a good document in other bytes, or in bytes that JSON readers disagree on.
func (m *maker) otherForms() []vectors.Vector {
	no := func(name, rule, comment, old, new string) vectors.Vector {
		return m.replaced(name, rule, comment, string(m.Raw), strings.Replace(string(m.Raw), old, new, 1))
	}
	salt := hx(m.Genesis.Accounts[0].Salt)
	return []vectors.Vector{
		no("a-space-more", "one-form", "The id is of the bytes, so a document that says the same in other bytes is another network: none.", `"format": `, `"format":  `),
		no("a-field-twice", "one-form", "JSON readers disagree on which of two counts.", `"test": true,`, `"test": false,`+"\n  "+`"test": true,`),
		no("a-field-missing", "one-form", "Absent is not false.", `"test": true,`+"\n  ", ``),
		no("a-field-in-another-case", "one-form", "Some JSON readers fold the case of names.", `"rules_version"`, `"Rules_Version"`),
		no("fields-exchanged", "one-form", "Fields have one order.", `"name": "umoja-test",`+"\n  "+`"test": true,`, `"test": true,`+"\n  "+`"name": "umoja-test",`),
		no("a-letter-escaped", "one-form", "A letter has one form.", `"KES"`, `"\u004bES"`),
		no("hexadecimal-in-upper-case", "one-form", "Digits have one case.", salt, strings.ToUpper(salt)),
		no("last-line-unfinished", "one-form", "The file ends with a line feed.", "}\n", "}"),
		no("an-unknown-field", "known", "A rule that one program reads and another skips would make two ledgers.", `"test": true,`, `"test": true,`+"\n  "+`"faucet": true,`),
		no("an-unknown-field-inside", "known", "In nested objects too.", `"code": `, `"issued_by": 1, "code": `),
	}
}

// wrongNetworks break one rule each.
func (m *maker) wrongNetworks() []vectors.Vector {
	no := func(name, rule, comment string, change func(w *ledgertest.World, g *genesis.Genesis)) vectors.Vector {
		g, err := genesis.Parse(m.Raw)
		if err != nil {
			m.t.Fatal(err)
		}
		change(m.World, g)
		return m.replaced(name, rule, comment, string(m.Raw), string(must(g.Encode())(m)))
	}
	var all []vectors.Vector
	for _, w := range wrongNetworks {
		all = append(all, no(w.name, w.rule, w.comment, w.change))
	}
	return all
}

// replaced is a rejected document, as the one place in which it differs from the first case.
func (m *maker) replaced(name, rule, comment, good, bad string) vectors.Vector {
	m.t.Helper()
	from := 0
	for from < len(good) && from < len(bad) && good[from] == bad[from] {
		from++
	}
	to := 0
	for to < len(good)-from && to < len(bad)-from && good[len(good)-1-to] == bad[len(bad)-1-to] {
		to++
	}
	// Wide enough that the text stands in the document once.
	for from > 0 && strings.Count(good, good[from:len(good)-to]) != 1 {
		from--
	}
	if from == 0 || good == bad {
		m.t.Fatalf("%s differs nowhere, or everywhere", name)
	}
	return reject(name, rule, comment, fields{
		"base": "network.json four-validators", "replace": good[from : len(good)-to], "with": bad[from : len(bad)-to],
	})
}

// documentOf is the text of a case: whole, or as it differs from another.
func documentOf(t *testing.T, v vectors.Vector) (string, error) {
	t.Helper()
	if text, whole := v.In["genesis"]; whole {
		return text, nil
	}
	base := find(t, "network.json", strings.TrimPrefix(v.In["base"], "network.json ")).In["genesis"]
	if n := strings.Count(base, v.In["replace"]); n != 1 {
		return "", fmt.Errorf("the text to replace stands there %d times", n)
	}
	return strings.Replace(base, v.In["replace"], v.In["with"], 1), nil
}

func networkOut(g *genesis.Genesis) (fields, error) {
	fx, err := ledger.Found(g)
	if err != nil {
		return nil, err
	}
	return fields{
		"network": g.Network().String(), "validator_set": hx(g.ValidatorSet().Encode()), "validator_set_hash": hx32(g.ValidatorSet().Hash()),
		"leaf_0": hx(fx.Leaves[0].Raw),
	}, nil
}

func checkNetwork(t *testing.T, v vectors.Vector) (fields, error) {
	text, err := documentOf(t, v)
	if err != nil {
		return nil, err
	}
	g, err := genesis.Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	if again, err := g.Encode(); err != nil || string(again) != text {
		return nil, errDiffers
	}
	return networkOut(g)
}
