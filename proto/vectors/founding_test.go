package vectors_test

import (
	"strings"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// stranger is an account that no genesis has.
var stranger = tx.AccountID{9}

// wrongNetworks break one rule of SPEC.md 13.3 each, in a document that is otherwise good.
var wrongNetworks = []struct {
	name, rule, comment string
	change              func(w *ledgertest.World, g *genesis.Genesis)
}{
	{"another-format", "document", "A later format may mean anything.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Format = "umoja-genesis/v2" }},
	{"no-name", "document", "People tell networks by their names.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Name = "" }},
	{"name-of-65-bytes", "document", "Names are short.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Name = strings.Repeat("n", 65) }},
	{"name-turned-around", "document", "Names hold what is seen, in the order in which it is written.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Name = "umoja\u202e1" }},
	{"name-with-del", "document", "Names are plain text.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Name = "umoja\x7f" }},
	{"rules-of-a-later-version", "document", "Networks begin with version 1.", func(_ *ledgertest.World, g *genesis.Genesis) { g.RulesVersion = 2 }},
	{"no-time", "document", "Ledger time begins somewhere.", func(_ *ledgertest.World, g *genesis.Genesis) { g.TimeUnixMs = 0 }},
	{"year-10000", "document", "Sums with a time must not overflow.", func(_ *ledgertest.World, g *genesis.Genesis) { g.TimeUnixMs = 253_402_300_800_000 }},
	{"offset-of-15-hours", "document", "No place on earth is so far from UTC.", func(_ *ledgertest.World, g *genesis.Genesis) { g.DayOffsetMinutes = 900 }},
	{"offset-of-15-hours-west", "document", "In either direction.", func(_ *ledgertest.World, g *genesis.Genesis) { g.DayOffsetMinutes = -900 }},

	{"a-validator-moved", "proof", "A validator's record is signed by its key: nobody else enters an address for it.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Validators[0].Address = "v1.example.net:7070" }},
	{"an-address-with-a-space", "address", "Addresses hold letters that every JSON writer writes alike.", func(w *ledgertest.World, g *genesis.Genesis) {
		r := g.Validators[0]
		r.Address = "v1 example.org:7070"
		g.Validators[0] = r.Sign(w.Validators["v1"])
	}},
	{"three-validators", "set", "Sets have 3f + 1 members.", func(_ *ledgertest.World, g *genesis.Genesis) {
		g.Validators, g.Governors = g.Validators[:3], g.Governors[:3]
	}},
	{"a-validator-twice", "set", "One validator, one vote.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Validators[1] = g.Validators[0] }},
	{"a-key-of-31-bytes", "set", "An Ed25519 key has 32.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Validators[0].Key = g.Validators[0].Key[1:] }},
	{"a-name-in-capital-letters", "set", "Names are of lower case, and signed.", func(w *ledgertest.World, g *genesis.Genesis) {
		r := g.Validators[0]
		r.Name = "V1"
		g.Validators[0] = r.Sign(w.Validators["v1"])
	}},

	{"no-attestations", "parameter", "Anybody could bind any number.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Parameters.Attestations = 0 }},
	{"a-move-after-two-years", "parameter", "The bounds are those of a ballot.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Parameters.MoveDelayMs = 730 * day }},

	{"a-credit-burst-of-nothing", "parameter", "Nobody could ever pay.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Parameters.CreditBurst = 0 }},
	{"a-credit-in-two-days", "parameter", "Interval, burst and shares multiply to less than 2^63.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Parameters.CreditIntervalMs = 2 * day }},

	{"another-salt", "account-id", "An account's id is the hash of authority and salt.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Accounts[0].Salt[0] ^= 1 }},
	{"salt-of-15-bytes", "account-id", "A salt has 16 bytes.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Accounts[0].Salt = g.Accounts[0].Salt[1:] }},
	{"another-authority", "account-id", "Under the id of a phone of two attestors, one of one.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Accounts[2].Authority.Attestors = 1 }},
	{"an-account-of-nobody", "account-id", "The rules of an authority hold here too.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Accounts[2].Authority.Attestors = 0 }},
	{"an-account-twice", "account", "It would have two numbers.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Accounts = append(g.Accounts, g.Accounts[0]) }},
	{"an-account-of-tier-ten", "account", "Tiers are 0 to 9.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Accounts[0].Tier = 10 }},

	{"a-code-in-lower-case", "asset", "Codes are of A-Z and 0-9.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Assets[0].Code = "kes" }},
	{"nineteen-decimals", "asset", "A whole unit would pass 2^63.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Assets[0].Scale = 19 }},
	{"a-code-twice", "asset", "People name assets by their codes.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Assets = append(g.Assets, g.Assets[0]) }},
	{"an-issuer-without-account", "asset", "Nobody could issue.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Assets[0].Issuer = stranger }},
	{"an-arbiter-without-account", "asset", "Nobody could arbitrate.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Assets[0].Arbiter = &stranger }},

	{"money-of-an-unknown-asset", "issue", "Assets are numbered in the order of their list.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Issues[0].Asset = 2 }},
	{"money-of-nobody", "issue", "Somebody owns it.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Issues[1].Credit = stranger }},
	{"no-money", "issue", "An issue is of something.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Issues[2].Amount = 0 }},
	{"money-of-2-to-63-together", "issue", "Each fits, the supply does not.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Issues[0].Amount = amount.Max }},

	{"a-tier-of-an-unknown-asset", "tier", "Limits are of an asset.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Tiers[0].Asset = 2 }},
	{"a-tier-twice", "tier", "One tier has one limit.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Tiers[1].Tier = 0 }},
	{"tier-ten", "tier", "Tiers are 0 to 9.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Tiers[1].Tier = 10 }},
	{"a-tier-above-its-day", "tier", "A day holds at least one transaction.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Tiers[0].CapDay = 1 }},

	{"a-provider-without-account", "provider", "Its fees would go nowhere.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Providers[0].Account = stranger }},
	{"a-provider-without-name", "provider", "The rules of its directory entry hold.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Providers[0].Name = "" }},
	{"two-providers-of-one-key", "provider", "A grant to the key would be to both.", func(w *ledgertest.World, g *genesis.Genesis) {
		g.Providers = append(g.Providers, g.Providers[0])
		g.Providers[1].Account = w.IssuerAccount
	}},
	{"a-provider-of-no-shares", "provider", "It could carry nothing.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Providers[0].Shares = 0 }},
	{"a-provider-of-65537-shares", "provider", "65,536 are the most.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Providers[0].Shares = 1<<16 + 1 }},
	{"fees-in-an-unknown-asset", "schedule", "A schedule is for an asset.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Providers[0].Schedules[0].Asset = 2 }},
	{"a-fee-of-2-to-63", "schedule", "Fees are amounts.", func(_ *ledgertest.World, g *genesis.Genesis) {
		g.Providers[0].Schedules[0].Bands[0].Flat = amount.Max + 1
	}},
	{"a-schedule-of-no-time", "schedule", "It is in effect from some time on.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Providers[0].Schedules[0].EffectiveAtUnixMs = 0 }},
	{"a-schedule-replaced-before-it-began", "schedule", "Schedules of an asset follow each other.", func(_ *ledgertest.World, g *genesis.Genesis) {
		g.Providers[0].Schedules = append(g.Providers[0].Schedules, g.Providers[0].Schedules[0])
	}},

	{"three-governors-for-four", "governor", "All validators have one, or none.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Governors = g.Governors[:3] }},
	{"governors-exchanged", "governor", "They stand in the order of the validators' names.", func(_ *ledgertest.World, g *genesis.Genesis) {
		g.Governors[0], g.Governors[1] = g.Governors[1], g.Governors[0]
	}},
	{"a-governor-without-account", "governor", "Nobody could vote.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Governors[0].Account = stranger }},

	{"an-attestor-without-account", "attestor", "An attestor acts for an account.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Attestors[0].Account = stranger }},
	{"two-attestors-of-one-key", "attestor", "One voice would count twice.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Attestors[1].Key = g.Attestors[0].Key }},
	{"two-attestors-of-one-account", "attestor", "And one account.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Attestors[1].Account = g.Attestors[0].Account }},
	{"an-attestor-without-name", "attestor", "The rules of its directory entry hold.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Attestors[0].Name = "" }},

	{"an-alias-of-nobody", "alias", "A number leads to an account.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Aliases[0].Account = stranger }},
	{"a-number-with-two-owners", "alias", "And to one.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Aliases[1].Alias = g.Aliases[0].Alias }},
	{"a-grant-on-nobodys-account", "grant", "A grant is on an account.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Grants[0].Account = stranger }},
	{"a-grant-in-an-unknown-asset", "grant", "And for an asset.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Grants[0].Asset = 7 }},
	{"a-grant-twice", "grant", "One account has one grant to one key.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Grants[1].Account = g.Grants[0].Account }},
	{"a-grant-for-ever", "grant", "The rules of a grant hold.", func(_ *ledgertest.World, g *genesis.Genesis) { g.Grants[1].ExpiresAtUnixMs = 0 }},
}
