// Package ledgertest makes whole networks for tests.
//
// Network gives a World: a genesis document of four validators with every key that a test may need, all made from a
// seed, so that two runs with one seed see the same bytes. The world has an issuer of KES, one provider with a fee
// schedule, and two phones that hold money, the founding document of the sandbox in small. Nothing here is secret and
// nothing is fit for a real network: whoever knows the seed holds all the keys.
package ledgertest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// What every world has in common.
const (
	// GenesisTimeUnixMs is the ledger time of the genesis: 2026-01-01 00:00 UTC.
	GenesisTimeUnixMs uint64 = 1_767_225_600_000
	// KES is the asset, scale 2.
	KES tx.Asset = 1
	// FlatFee is the provider's fee: 1.00 KES.
	FlatFee amount.Amount = 100
	// CapTransaction and CapDay are the lowest tier's limits and those of the phones' grants.
	CapTransaction amount.Amount = 5_000_00
	CapDay         amount.Amount = 20_000_00
	// FeeCeiling is that of the phones' grants: 10.00 KES.
	FeeCeiling amount.Amount = 10_00
	// GrantExpiresAtUnixMs ends the phones' grants, ten years after the genesis.
	GrantExpiresAtUnixMs = GenesisTimeUnixMs + 3652*24*3600*1000
	// IssuerFunds, JumaFunds and AminaFunds are the balances at the genesis.
	IssuerFunds amount.Amount = 1_000_000_00
	JumaFunds   amount.Amount = 10_000_00
	AminaFunds  amount.Amount = 500_00
)

// Phone is a phone account of a world.
type Phone struct {
	Number  string // E.164
	Name    string
	Account tx.AccountID
	Alias   key.Alias
}

// World is a network with all its keys.
type World struct {
	// Seed is what everything is made from.
	Seed string
	// Raw is the genesis file's bytes, and Genesis what they say.
	Raw     []byte
	Genesis *genesis.Genesis
	Network tx.NetworkID
	Set     checkpoint.ValidatorSet

	// Validators and TLS hold the Ed25519 keys by validator name: those that sign, and those of the TLS certificates.
	Validators map[string]ed25519.PrivateKey
	TLS        map[string]ed25519.PrivateKey

	// Issuer issues KES and owns IssuerAccount.
	Issuer        key.Private
	IssuerAccount tx.AccountID
	// Provider carries the phones' payments and owns ProviderAccount.
	Provider        key.Private
	ProviderAccount tx.AccountID
	AliasKey        key.AliasKey
	// Attestors are three, with their accounts; none belongs to a provider.
	Attestors        []key.Private
	AttestorAccounts []tx.AccountID
	// Governors hold the keys of the accounts that speak for the validators, by validator name.
	Governors        map[string]key.Private
	GovernorAccounts map[string]tx.AccountID

	Juma, Amina Phone
}

// Network makes the world of a seed: validators v1 to v4.
func Network(t testing.TB, seed string) *World {
	t.Helper()
	return NetworkOf(t, seed, 4, nil)
}

// NetworkOf makes a world of any number of validators (4, 7, 10 …), and lets change alter the document before it is
// encoded and hashed; change is nil for none. A change of a validator's record must sign it again.
func NetworkOf(t testing.TB, seed string, validators int, change func(w *World, g *genesis.Genesis)) *World {
	t.Helper()
	w := &World{Seed: seed, Validators: make(map[string]ed25519.PrivateKey), TLS: make(map[string]ed25519.PrivateKey)}
	w.Issuer, w.Provider = w.Key(t, "issuer"), w.Key(t, "provider")
	w.AliasKey = key.NewAliasKey(w.bytes("alias key"))
	g := w.document(t, validators)
	if change != nil {
		change(w, g)
	}
	raw, err := g.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if w.Genesis, err = genesis.Parse(raw); err != nil {
		t.Fatal(err)
	}
	w.Raw, w.Network, w.Set = raw, w.Genesis.Network(), w.Genesis.ValidatorSet()
	return w
}

// document writes the genesis.
func (w *World) document(t testing.TB, validators int) *genesis.Genesis {
	t.Helper()
	g := &genesis.Genesis{
		Format: genesis.Format, Name: "umoja-test", Test: true, TimeUnixMs: GenesisTimeUnixMs, DayOffsetMinutes: 180, RulesVersion: 1,
		Parameters: genesis.DefaultParameters(),
	}
	// Nothing costs credits in a test that does not say so.
	g.Parameters.CreditIntervalMs = 0
	g.Tiers = []genesis.Tier{
		{Asset: KES, CapTransaction: CapTransaction, CapDay: CapDay},
		{Asset: KES, Tier: 1, CapTransaction: 10 * CapTransaction, CapDay: 10 * CapDay},
	}
	for i := range validators {
		g.Validators = append(g.Validators, w.validator(t, i))
	}
	issuer := w.open(g, "issuer", tx.SingleKey(w.Issuer.Public()))
	provider := w.open(g, "provider", tx.SingleKey(w.Provider.Public()))
	w.IssuerAccount, w.ProviderAccount = issuer, provider
	g.Assets = []genesis.Asset{{Code: "KES", Scale: 2, Issuer: issuer}}
	g.Providers = []genesis.Provider{{
		Account: provider, Name: "Mwanga", Key: w.Provider.Public(), Shares: 1,
		Schedules: []genesis.FeeSchedule{{Asset: KES, Bands: genesis.FlatFee(FlatFee), EffectiveAtUnixMs: GenesisTimeUnixMs}},
	}}
	g.Issues = []genesis.Issue{{Asset: KES, Credit: issuer, Amount: IssuerFunds}}
	w.Juma = w.phone(t, g, "+254711000001", "JUMA OTIENO", JumaFunds)
	w.Amina = w.phone(t, g, "+254711000002", "AMINA WANJIRU", AminaFunds)
	w.Governors, w.GovernorAccounts = make(map[string]key.Private), make(map[string]tx.AccountID)
	w.Attestors, w.AttestorAccounts = nil, nil
	for i := range 3 {
		name := fmt.Sprintf("attestor %d", i+1)
		k := w.Key(t, name)
		account := w.open(g, name, tx.SingleKey(k.Public()))
		w.Attestors, w.AttestorAccounts = append(w.Attestors, k), append(w.AttestorAccounts, account)
		g.Attestors = append(g.Attestors, genesis.Attestor{Account: account, Key: k.Public(), Name: name})
	}
	for _, v := range g.Validators {
		k := w.Key(t, "governor "+v.Name)
		w.Governors[v.Name], w.GovernorAccounts[v.Name] = k, w.open(g, "governor "+v.Name, tx.SingleKey(k.Public()))
		g.Governors = append(g.Governors, genesis.Governor{Validator: v.Name, Account: w.GovernorAccounts[v.Name]})
	}
	return g
}

// validator makes the keys and the public record of the i-th validator, counted from 0.
func (w *World) validator(t testing.TB, i int) genesis.ValidatorRecord {
	t.Helper()
	name := fmt.Sprintf("v%d", i+1)
	if i >= 9 { // So that the order of names is the order of numbers.
		name = fmt.Sprintf("v9%d", i+1)
	}
	w.Validators[name] = w.ed25519("validator " + name)
	w.TLS[name] = w.ed25519("tls " + name)
	spki, err := x509.MarshalPKIXPublicKey(w.TLS[name].Public())
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(spki)
	return genesis.ValidatorRecord{
		Name: name, TLSKeyHash: hash[:],
		PeerAddress: fmt.Sprintf("%s.example.org:7000", name), Address: fmt.Sprintf("%s.example.org:7070", name),
	}.Sign(w.Validators[name])
}

// Newcomer makes the keys of a validator that the genesis does not name.
func (w *World) Newcomer(name string) {
	w.Validators[name] = w.ed25519("validator " + name)
	w.TLS[name] = w.ed25519("tls " + name)
}

// SetOf is the decision for a validator set of these names. Who is not in the genesis has the governor of v1, and its name for an address.
func (w *World) SetOf(names ...string) (tx.SetValidators, error) {
	var out tx.SetValidators
	for _, name := range slices.Sorted(slices.Values(names)) {
		spki, err := x509.MarshalPKIXPublicKey(w.TLS[name].Public())
		if err != nil {
			return out, fmt.Errorf("encode TLS key of %s: %w", name, err)
		}
		g := tx.Governor{Name: name, Key: w.Validators[name].Public().(ed25519.PublicKey), TLSKeyHash: sha256.Sum256(spki), Account: w.GovernorAccounts["v1"]}
		if account, known := w.GovernorAccounts[name]; known {
			g.Account = account
		} else {
			g.PeerAddress = name
		}
		out.Validators = append(out.Validators, g)
	}
	return out, nil
}

// GovernorOf is the key that speaks for a validator of SetOf.
func (w *World) GovernorOf(name string) key.Private {
	if k, known := w.Governors[name]; known {
		return k
	}
	return w.Governors["v1"]
}

// open adds an account to the document.
func (w *World) open(g *genesis.Genesis, label string, authority tx.Authority) tx.AccountID {
	salt := w.bytes("salt " + label)
	open := tx.OpenAccount{Authority: authority, Salt: [16]byte(salt[:16])}
	g.Accounts = append(g.Accounts, genesis.Account{ID: open.Account(), Salt: open.Salt[:], Authority: genesis.AuthorityOf(authority)})
	return open.Account()
}

// phone adds a phone account with an attested alias, money and a grant to the provider.
func (w *World) phone(t testing.TB, g *genesis.Genesis, number, name string, funds amount.Amount) Phone {
	t.Helper()
	p := Phone{Number: number, Name: name, Account: w.open(g, number, tx.PhoneAuthority(2)), Alias: w.AliasKey.Alias(number)}
	nonce := w.bytes("seal " + number)
	sealed, err := w.AliasKey.SealName(bytes.NewReader(nonce[:]), number, name)
	if err != nil {
		t.Fatal(err)
	}
	g.Issues = append(g.Issues, genesis.Issue{Asset: KES, Credit: p.Account, Amount: funds})
	g.Aliases = append(g.Aliases, genesis.Alias{Alias: p.Alias, Account: p.Account, SealedName: sealed})
	g.Grants = append(g.Grants, genesis.Grant{
		Account: p.Account, Grantee: w.Provider.Public(), Asset: KES, CapTransaction: CapTransaction, CapDay: CapDay,
		FeeCeiling: FeeCeiling, ExpiresAtUnixMs: GrantExpiresAtUnixMs,
	})
	return p
}

// Key makes the key of a label, for wallets of a test's own.
func (w *World) Key(t testing.TB, label string) key.Private {
	t.Helper()
	p, err := key.NewPrivate(w.bytes("key " + label))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Nonce makes the nonce of a number: one transaction, one number.
func (w *World) Nonce(n uint64) [8]byte {
	b := w.bytes("nonce " + string(binary.BigEndian.AppendUint64(nil, n)))
	return [8]byte(b[:8])
}

func (w *World) ed25519(label string) ed25519.PrivateKey {
	seed := w.bytes(label)
	return ed25519.NewKeyFromSeed(seed[:])
}

func (w *World) bytes(label string) [32]byte {
	return key.TaggedHash("umoja/test/"+label, []byte(w.Seed))
}
