package ledger_test

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// cast is who takes part, made once: keys are slow to make.
//
// There are an issuer of KES and TZS, two providers (the second, RIVAL, with two attestors of its own), three attestors that belong to nobody,
// four governors, a shop that arbitrates KES, and people: Nyoka with a key and attestors behind it, Bakari with a key and guardians, a
// cooperative with three keys, and four phones.
type cast struct {
	world    *ledgertest.World
	keys     []key.Public // ascending
	named    map[string]key.Public
	accounts []tx.AccountID
	// openings are those that the genesis does not make: Nyoka, Bakari, the cooperative, the shop, Neema, Pili, and two that no provider may open.
	openings []tx.OpenAccount
	aliases  []key.Alias
	sealed   []key.SealedName
	secrets  [][32]byte
	// sets are validator sets that may be decided.
	governors []tx.Governor
}

var people = []string{"NYOKA", "BAKARI", "SHOP", "GUARDIAN", "STRANGER", "RIVAL"}

// newCast makes the cast; interval is how long an account needs for a credit, 0 for none.
func newCast(t testing.TB, interval uint64) *cast {
	t.Helper()
	c := &cast{named: make(map[string]key.Public)}
	var rival, shop tx.OpenAccount
	c.world = ledgertest.NetworkOf(t, "machine", 4, func(w *ledgertest.World, g *genesis.Genesis) {
		for _, name := range people {
			c.named[name] = w.Key(t, name).Public()
		}
		rival = tx.OpenAccount{Authority: tx.SingleKey(c.named["RIVAL"]), Salt: salt("RIVAL")}
		shop = tx.OpenAccount{Authority: tx.SingleKey(c.named["SHOP"]), Salt: salt("SHOP")}
		for _, o := range []tx.OpenAccount{rival, shop} {
			g.Accounts = append(g.Accounts, genesis.Account{ID: o.Account(), Salt: o.Salt[:], Authority: genesis.AuthorityOf(o.Authority)})
		}
		arbiter := shop.Account()
		g.Assets[0].Arbiter, g.Assets[0].ProvisionalInflowDay = &arbiter, 150_00
		g.Tiers[0].CapDay = 7_000_00
		for i := range g.Grants {
			g.Grants[i].CapDay = 6_000_00
		}
		g.Assets = append(g.Assets, genesis.Asset{Code: "TZS", Scale: 2, Issuer: w.IssuerAccount})
		g.Providers[0].Schedules = append(g.Providers[0].Schedules, flatFrom(1, 2_00, 3), flatFrom(2, 5_00, 0))
		g.Providers = append(g.Providers, genesis.Provider{
			Account: rival.Account(), Name: "Rival", Key: c.named["RIVAL"], Shares: 2, Schedules: []genesis.FeeSchedule{flatFrom(1, 3_00, 0)},
		})
		provider := rival.Account()
		for name, account := range map[string]tx.AccountID{"RIVAL ATTESTS": provider, "RIVAL ATTESTS TOO": w.GovernorAccounts["v1"]} {
			theirs := w.Key(t, name)
			c.named[name] = theirs.Public()
			g.Attestors = append(g.Attestors, genesis.Attestor{Account: account, Key: theirs.Public(), Name: name, Provider: &provider})
		}
		slices.SortFunc(g.Attestors, func(a, b genesis.Attestor) int { return cmp.Compare(a.Name, b.Name) })
		g.Parameters = genesis.Parameters{
			Attestations: 2, MoveDelayMs: aDay, RecoveryDelayMs: 2 * aDay, QuarantineMs: 3 * aDay, CreditIntervalMs: interval, CreditBurst: 8,
		}
	})
	c.gather(t)
	return c
}

func flatFrom(asset tx.Asset, flat, days uint64) genesis.FeeSchedule {
	return genesis.FeeSchedule{Asset: asset, Bands: genesis.FlatFee(minor(flat)), EffectiveAtUnixMs: ledgertest.GenesisTimeUnixMs + days*aDay}
}

// gather lists keys, accounts, numbers and sets.
func (c *cast) gather(t testing.TB) {
	w := c.world
	c.named["ISSUER"], c.named["PROVIDER"] = w.Issuer.Public(), w.Provider.Public()
	for i, k := range w.Attestors {
		c.named["ATTESTOR"+string(rune('1'+i))] = k.Public()
	}
	for name, k := range w.Governors {
		c.named[name] = k.Public()
	}
	for _, k := range c.named {
		c.keys = append(c.keys, k)
	}
	slices.SortFunc(c.keys, func(a, b key.Public) int { return bytes.Compare(a[:], b[:]) })
	nyoka, bakari := tx.SingleKey(c.named["NYOKA"]), tx.SingleKey(c.named["BAKARI"])
	nyoka.Attestors = 2
	bakari.Guardians = weights(c.named["SHOP"], c.named["GUARDIAN"])
	bakari.GuardianThreshold = 3
	sacco := tx.Authority{Keys: weights(c.named["NYOKA"], c.named["BAKARI"], c.named["STRANGER"]), Threshold: 4, Attestors: 1}
	trap := tx.PhoneAuthority(2)
	trap.Guardians, trap.GuardianThreshold = weights(c.named["RIVAL"]), 1
	for name, authority := range map[string]tx.Authority{
		"NYOKA": nyoka, "BAKARI": bakari, "SACCO": sacco, "NEEMA": tx.PhoneAuthority(2), "PILI": tx.PhoneAuthority(2), "LOSE": tx.PhoneAuthority(1), "TRAP": trap,
		"ZURI": tx.PhoneAuthority(2), "JABALI": tx.PhoneAuthority(2), "SUBIRA": tx.PhoneAuthority(2),
	} {
		c.openings = append(c.openings, tx.OpenAccount{Authority: authority, Salt: salt(name)})
	}
	slices.SortFunc(c.openings, func(a, b tx.OpenAccount) int { return bytes.Compare(a.Salt[:], b.Salt[:]) })
	for _, a := range w.Genesis.Accounts {
		c.accounts = append(c.accounts, a.ID)
	}
	for _, o := range c.openings {
		c.accounts = append(c.accounts, o.Account())
	}
	c.accounts = append(c.accounts, tx.AccountID{1, 2, 3}) // Nobody's.
	for last := range 9 {
		c.aliases = append(c.aliases, w.AliasKey.Alias(fmt.Sprintf("+25471100000%d", 1+last)))
	}
	for _, a := range w.Genesis.Aliases {
		c.sealed = append(c.sealed, a.SealedName)
	}
	for i := range byte(2) {
		c.secrets = append(c.secrets, sha256.Sum256([]byte{i}))
	}
	for _, v := range w.Genesis.ValidatorSet() {
		c.governors = append(c.governors, tx.Governor{Name: v.Name, Key: v.Key[:], TLSKeyHash: v.TLSKeyHash, Account: w.GovernorAccounts[v.Name]})
	}
	for _, name := range []string{"v5", "v6", "v7"} {
		seed := sha256.Sum256([]byte(name))
		w.Validators[name] = ed25519.NewKeyFromSeed(seed[:])
		c.governors = append(c.governors, tx.Governor{
			Name: name, Key: w.Validators[name].Public().(ed25519.PublicKey), TLSKeyHash: seed, Account: w.GovernorAccounts["v4"],
		})
	}
}

// weights gives the keys weights 1, 2, ….
func weights(keys ...key.Public) (all []tx.AuthorityKey) {
	for i, k := range keys {
		all = append(all, tx.AuthorityKey{Key: k, Weight: uint32(i + 1)})
	}
	slices.SortFunc(all, func(a, b tx.AuthorityKey) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	return all
}

// opening finds an account's opening by the name that its salt is made of.
func (c *cast) opening(name string) tx.OpenAccount {
	at := slices.IndexFunc(c.openings, func(o tx.OpenAccount) bool { return o.Salt == salt(name) })
	return c.openings[at]
}
