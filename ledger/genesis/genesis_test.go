package genesis_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

func TestRoundTrip(t *testing.T) {
	w := ledgertest.Network(t, "genesis")
	again, err := genesis.Parse(w.Raw)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w.Genesis, again, cmpopts.IgnoreUnexported(genesis.Genesis{})); diff != "" {
		t.Errorf("read something else (-want +got):\n%s", diff)
	}
	raw, err := again.Encode()
	if err != nil || !bytes.Equal(raw, w.Raw) {
		t.Errorf("written again as other bytes: %v", err)
	}
	if again.Network() != tx.NetworkID(key.TaggedHash("umoja/genesis/v1", w.Raw)) {
		t.Errorf("network id %v is not the tagged hash of the file", again.Network())
	}
	if trust := again.Trust(); trust.Network != again.Network() || len(trust.Validators) != 4 {
		t.Errorf("trust is %+v", trust)
	}
	if n, a, ok := again.AssetByCode("KES"); !ok || n != 1 || a.Scale != 2 {
		t.Errorf("KES is %d, %+v, %v", n, a, ok)
	}
	if _, _, ok := again.AssetByCode("USD"); ok {
		t.Error("USD was found")
	}
}

// TestFounded: the sandbox's story holds: the phones' names open with the alias key, and the money is where it should be.
func TestFounded(t *testing.T) {
	w := ledgertest.Network(t, "genesis")
	for i, phone := range []ledgertest.Phone{w.Juma, w.Amina} {
		a := w.Genesis.Aliases[i]
		name, err := w.AliasKey.OpenName(phone.Number, a.SealedName)
		if err != nil || name != phone.Name || a.Alias != w.AliasKey.Alias(phone.Number) || a.Account != phone.Account {
			t.Errorf("%s is sealed as %q, %v", phone.Name, name, err)
		}
	}
	var supply amount.Amount
	for _, is := range w.Genesis.Issues {
		supply += is.Amount
	}
	if got := supply.Grouped(2); got != "1,010,500.00" {
		t.Errorf("supply is %s", got)
	}
}

// TestRules breaks one rule of a good document a row.
func TestRules(t *testing.T) {
	stranger := tx.AccountID{9}
	for _, row := range []struct {
		name   string
		mutate func(w *ledgertest.World, g *genesis.Genesis)
		says   string // empty: accepted
	}{
		{"as it is", func(*ledgertest.World, *genesis.Genesis) {}, ""},
		{"of a later format", func(_ *ledgertest.World, g *genesis.Genesis) { g.Format = "umoja-genesis/v2" }, "format"},
		{"without a name", func(_ *ledgertest.World, g *genesis.Genesis) { g.Name = "" }, "name"},
		{"with a name that moves the cursor", func(_ *ledgertest.World, g *genesis.Genesis) { g.Name = "umoja\x1b[2J" }, "name"},
		{"with a name of 65 bytes", func(_ *ledgertest.World, g *genesis.Genesis) { g.Name = strings.Repeat("n", 65) }, "name"},
		{"of later rules", func(_ *ledgertest.World, g *genesis.Genesis) { g.RulesVersion = 2 }, "rules_version"},
		{"without time", func(_ *ledgertest.World, g *genesis.Genesis) { g.TimeUnixMs = 0 }, "time_unix_ms"},
		{"in the year 10000", func(_ *ledgertest.World, g *genesis.Genesis) { g.TimeUnixMs = 253_402_300_800_000 }, "time_unix_ms"},
		{"beyond the date line", func(_ *ledgertest.World, g *genesis.Genesis) { g.DayOffsetMinutes = 14*60 + 1 }, "day_offset_minutes"},
		{"west of the date line", func(_ *ledgertest.World, g *genesis.Genesis) { g.DayOffsetMinutes = -14*60 - 1 }, "day_offset_minutes"},

		{"three validators", func(_ *ledgertest.World, g *genesis.Genesis) { g.Validators = g.Validators[:3] }, "3 validators"},
		{"a validator twice", func(_ *ledgertest.World, g *genesis.Genesis) { g.Validators[1] = g.Validators[0] }, "out of order or twice"},
		{"a validator's key of 31 bytes", func(_ *ledgertest.World, g *genesis.Genesis) { g.Validators[0].Key = g.Validators[0].Key[1:] }, "keys must be 32 bytes"},
		{"a TLS key hash of 20 bytes", func(_ *ledgertest.World, g *genesis.Genesis) {
			g.Validators[0].TLSKeyHash = g.Validators[0].TLSKeyHash[:20]
		}, "keys must be 32 bytes"},

		{"a salt of 15 bytes", func(_ *ledgertest.World, g *genesis.Genesis) { g.Accounts[0].Salt = g.Accounts[0].Salt[1:] }, "salt"},
		{"another salt", func(_ *ledgertest.World, g *genesis.Genesis) { g.Accounts[0].Salt[0] ^= 1 }, "id is not the hash"},
		{"another authority under the same id", func(_ *ledgertest.World, g *genesis.Genesis) { g.Accounts[2].Authority.Attestors = 1 }, "id is not the hash"},
		{"an account of nobody", func(_ *ledgertest.World, g *genesis.Genesis) { g.Accounts[2].Authority.Attestors = 0 }, "account 3"},
		{"an account twice", func(_ *ledgertest.World, g *genesis.Genesis) { g.Accounts = append(g.Accounts, g.Accounts[0]) }, "account 12: twice"},

		{"a code in lower case", func(_ *ledgertest.World, g *genesis.Genesis) { g.Assets[0].Code = "kes" }, "code"},
		{"no code", func(_ *ledgertest.World, g *genesis.Genesis) { g.Assets[0].Code = "" }, "code"},
		{"a code of 13 letters", func(_ *ledgertest.World, g *genesis.Genesis) { g.Assets[0].Code = "ABCDEFGHIJKLM" }, "code"},
		{"two assets of one code", func(_ *ledgertest.World, g *genesis.Genesis) { g.Assets = append(g.Assets, g.Assets[0]) }, "code KES twice"},
		{"19 decimals", func(_ *ledgertest.World, g *genesis.Genesis) { g.Assets[0].Scale = 19 }, "scale"},
		{"an issuer without account", func(_ *ledgertest.World, g *genesis.Genesis) { g.Assets[0].Issuer = stranger }, "issuer is not in accounts"},

		{"money of no asset", func(_ *ledgertest.World, g *genesis.Genesis) { g.Issues[0].Asset = 2 }, "issue 1"},
		{"money of asset 0", func(_ *ledgertest.World, g *genesis.Genesis) { g.Issues[0].Asset = 0 }, "issue 1"},
		{"money of nobody", func(_ *ledgertest.World, g *genesis.Genesis) { g.Issues[1].Credit = stranger }, "issue 2"},
		{"no money", func(_ *ledgertest.World, g *genesis.Genesis) { g.Issues[2].Amount = 0 }, "issue 3"},
		{"2^63 units", func(_ *ledgertest.World, g *genesis.Genesis) { g.Issues[0].Amount = amount.Max + 1 }, "supply"},
		{"2^63 units together", func(_ *ledgertest.World, g *genesis.Genesis) { g.Issues[0].Amount = amount.Max }, "supply"},

		{"a tier of no asset", func(_ *ledgertest.World, g *genesis.Genesis) { g.Tiers[0].Asset = 2 }, "tier 1"},
		{"two lowest tiers", func(_ *ledgertest.World, g *genesis.Genesis) { g.Tiers = append(g.Tiers, g.Tiers[0]) }, "tier 3"},
		{"a tier of nothing", func(_ *ledgertest.World, g *genesis.Genesis) { g.Tiers[0].CapTransaction = 0 }, "tier 1"},
		{"a tier whose day is less than a transaction", func(_ *ledgertest.World, g *genesis.Genesis) { g.Tiers[0].CapDay = 1 }, "tier 1"},

		{"a provider without account", func(_ *ledgertest.World, g *genesis.Genesis) { g.Providers[0].Account = stranger }, "provider 1"},
		{"a provider without name", func(_ *ledgertest.World, g *genesis.Genesis) { g.Providers[0].Name = "" }, "provider 1"},
		{"a provider's name on two lines", func(_ *ledgertest.World, g *genesis.Genesis) { g.Providers[0].Name = "M\nW" }, "provider 1"},
		{"two providers of one key", func(w *ledgertest.World, g *genesis.Genesis) {
			g.Providers = append(g.Providers, g.Providers[0])
			g.Providers[1].Account = w.IssuerAccount
		}, "provider 2"},
		{"a fee in no asset", func(_ *ledgertest.World, g *genesis.Genesis) { g.Providers[0].Schedules[0].Asset = 2 }, "schedule 1"},
		{"a fee of 2^63", func(_ *ledgertest.World, g *genesis.Genesis) {
			g.Providers[0].Schedules[0].Bands[0].Flat = amount.Max + 1
		}, "schedule 1"},
		{"a schedule replaced before it began", func(_ *ledgertest.World, g *genesis.Genesis) {
			s := g.Providers[0].Schedules[0]
			s.EffectiveAtUnixMs--
			g.Providers[0].Schedules = append(g.Providers[0].Schedules, s)
		}, "schedule 2: not later"},
		{"a schedule of no time", func(_ *ledgertest.World, g *genesis.Genesis) { g.Providers[0].Schedules[0].EffectiveAtUnixMs = 0 }, "schedule 1: not later"},

		{"an alias of nobody", func(_ *ledgertest.World, g *genesis.Genesis) { g.Aliases[0].Account = stranger }, "alias 1"},
		{"a number with two owners", func(_ *ledgertest.World, g *genesis.Genesis) { g.Aliases[1].Alias = g.Aliases[0].Alias }, "alias 2"},

		{"a grant on nobody's account", func(_ *ledgertest.World, g *genesis.Genesis) { g.Grants[0].Account = stranger }, "grant 1"},
		{"a grant in no asset", func(_ *ledgertest.World, g *genesis.Genesis) { g.Grants[0].Asset = 7 }, "grant 1"},
		{"a grant twice", func(_ *ledgertest.World, g *genesis.Genesis) { g.Grants = append(g.Grants, g.Grants[0]) }, "grant 3"},
		{"a grant without cap", func(_ *ledgertest.World, g *genesis.Genesis) { g.Grants[0].CapTransaction = 0 }, "grant 1: operation 0: grant caps"},
		{"a grant for ever", func(_ *ledgertest.World, g *genesis.Genesis) { g.Grants[1].ExpiresAtUnixMs = 0 }, "grant 2: operation 0: grant has no expiry"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := ledgertest.Network(t, "rules")
			g, err := genesis.Parse(w.Raw) // a document of the row's own
			if err != nil {
				t.Fatal(err)
			}
			row.mutate(w, g)
			raw, err := g.Encode()
			if err != nil {
				t.Fatal(err)
			}
			_, err = genesis.Parse(raw)
			if row.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, genesis.ErrBadGenesis) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want ErrBadGenesis with %q", err, row.says)
			}
		})
	}
}

// TestOneForm: JSON has many ways to say one thing, and readers that disagree on some. The document has one.
func TestOneForm(t *testing.T) {
	good := string(ledgertest.Network(t, "form").Raw)
	for _, row := range []struct{ name, raw, says string }{
		{"an unknown field", strings.Replace(good, "{", `{"more": 1,`, 1), "unknown field"},
		{"an unknown field inside", strings.Replace(good, `"code":`, `"issued_by": 1, "code":`, 1), "unknown field"},
		{"a field twice", strings.Replace(good, `"test": true,`, `"test": true, "test": true,`, 1), "not in the form"},
		{"a field in another case", strings.Replace(good, `"test":`, `"Test":`, 1), "not in the form"},
		{"a field missing", strings.Replace(good, `"test": true,`, ``, 1), "not in the form"},
		{"fields in another order", strings.Replace(strings.Replace(good, `"test": true,`, ``, 1), "{", `{"test": true,`, 1), "not in the form"},
		{"a space more", good + " ", "not in the form"},
		{"the last line unfinished", strings.TrimSuffix(good, "\n"), "not in the form"},
		{"lines of another system", strings.ReplaceAll(good, "\n", "\r\n"), "not in the form"},
		{"a letter escaped", strings.Replace(good, `"KES"`, `"\u004bES"`, 1), "not in the form"},
		{"hexadecimal in upper case", upperHex(good, `"key": "`), "not in the form"},
		{"an account in upper case", strings.Replace(good, `"id": "umoja1`, `"id": "UMOJA1`, 1), "not an account"},
		{"text after", good + "{}", "text after the document"},
		{"half", good[:len(good)/2], "unexpected EOF"},
		{"empty", "", "EOF"},
		{"not hexadecimal", strings.Replace(good, `"salt": "`, `"salt": "zz`, 1), "not hexadecimal"},
		{"a negative time", strings.Replace(good, `"time_unix_ms": `, `"time_unix_ms": -`, 1), "cannot unmarshal"},
		{"a fraction of a cent", strings.Replace(good, `"flat": 100`, `"flat": 100.5`, 1), "cannot unmarshal"},
		{"a number in letters", strings.Replace(good, `"flat": 100`, `"flat": 1e2`, 1), "cannot unmarshal"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.raw == good {
				t.Fatal("nothing was changed")
			}
			_, err := genesis.Parse([]byte(row.raw))
			if !errors.Is(err, genesis.ErrBadGenesis) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want ErrBadGenesis with %q", err, row.says)
			}
		})
	}
	if _, err := genesis.Parse(make([]byte, 17<<20)); !errors.Is(err, genesis.ErrBadGenesis) || !strings.Contains(err.Error(), "16 MiB") {
		t.Errorf("17 MiB: %v", err)
	}
}

// upperHex writes the 64 digits after the first marker in upper case.
func upperHex(text, marker string) string {
	i := strings.Index(text, marker) + len(marker)
	return text[:i] + strings.ToUpper(text[i:i+64]) + text[i+64:]
}

// TestProofOfPossession: nobody enters another's key as their own, or another's record with an address of their own.
func TestProofOfPossession(t *testing.T) {
	w := ledgertest.Network(t, "possession")
	secret, other := w.Validators["v1"], w.Validators["v2"]
	good := genesis.ValidatorRecord{
		Name: "v1", TLSKeyHash: bytes.Repeat([]byte{1}, 32), PeerAddress: "10.0.0.1:7000", Address: "[2001:db8::1]:7070",
	}.Sign(secret)
	v, err := good.Validator()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(v.Key[:], secret.Public().(ed25519.PublicKey)) || v.Name != "v1" || v.TLSKeyHash[0] != 1 {
		t.Errorf("record gives %+v", v)
	}
	for _, row := range []struct {
		name   string
		mutate func(r *genesis.ValidatorRecord)
		says   string
	}{
		{"another's key", func(r *genesis.ValidatorRecord) { r.Key = genesis.Hex(other.Public().(ed25519.PublicKey)) }, "proof does not verify"},
		{"another's name", func(r *genesis.ValidatorRecord) { r.Name = "v2" }, "proof does not verify"},
		{"another TLS key", func(r *genesis.ValidatorRecord) { r.TLSKeyHash = bytes.Repeat([]byte{2}, 32) }, "proof does not verify"},
		{"another peer address", func(r *genesis.ValidatorRecord) { r.PeerAddress = "10.0.0.2:7000" }, "proof does not verify"},
		{"another address", func(r *genesis.ValidatorRecord) { r.Address = "evil.example:7070" }, "proof does not verify"},
		{"addresses exchanged", func(r *genesis.ValidatorRecord) { r.Address, r.PeerAddress = r.PeerAddress, r.Address }, "proof does not verify"},
		{"no proof", func(r *genesis.ValidatorRecord) { r.Proof = nil }, "proof does not verify"},
		{"a proof cut short", func(r *genesis.ValidatorRecord) { r.Proof = r.Proof[:63] }, "proof does not verify"},
		{"a name that is none", func(r *genesis.ValidatorRecord) {
			*r = genesis.ValidatorRecord{Name: "V 1", TLSKeyHash: r.TLSKeyHash}.Sign(secret)
		}, "validator name"},
		{"an address in which JSON escapes", func(r *genesis.ValidatorRecord) { r.Address = `a"b`; *r = r.Sign(secret) }, "addresses"},
		{"an address with a space", func(r *genesis.ValidatorRecord) { r.PeerAddress = "a b"; *r = r.Sign(secret) }, "addresses"},
		{"an address of 256 letters", func(r *genesis.ValidatorRecord) { r.Address = strings.Repeat("a", 256); *r = r.Sign(secret) }, "addresses"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := good
			row.mutate(&r)
			if _, err := r.Validator(); !errors.Is(err, genesis.ErrBadGenesis) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want ErrBadGenesis with %q", err, row.says)
			}
		})
	}
}

func TestAuthorityForms(t *testing.T) {
	k := ledgertest.Network(t, "authority").Issuer.Public()
	for _, a := range []tx.Authority{tx.PhoneAuthority(2), tx.SingleKey(k)} {
		if diff := cmp.Diff(a, genesis.AuthorityOf(a).Tx()); diff != "" {
			t.Errorf("document form says something else (-want +got):\n%s", diff)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(ledgertest.Network(f, "fuzz").Raw)
	f.Add([]byte(`{"format":"umoja-genesis/v1"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		g, err := genesis.Parse(raw)
		if err != nil {
			if !errors.Is(err, genesis.ErrBadGenesis) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		if again, err := g.Encode(); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("encodes again as other bytes: %v", err)
		}
	})
}
