package sandbox

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/consensus/validator"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// What every sandbox has. Scripts rely on it.
const (
	// ServiceCode is what the phones dial, and SecondCode what leads to the second provider.
	ServiceCode = "*384*2050#"
	SecondCode  = "*384*3060#"
	// AssetCode is the sandbox's money, of scale assetScale.
	AssetCode = "KES"

	assetScale uint8         = 2
	issued     amount.Amount = 100_000_000_00
	flatFee    amount.Amount = 1_00
	capPayment amount.Amount = 5_000_00
	capDay     amount.Amount = 20_000_00
	feeCeiling amount.Amount = 10_00
	// inflowDay is what numbers that the provider vouches for alone may receive a day.
	inflowDay amount.Amount = 500_000_00
	// poolShares is the provider's pool of credits: a sandbox is for trying out, so nobody runs out of them by accident.
	poolShares  = 1000
	providedBy  = "Umoja Sandbox"
	secondBy    = "Tumaini"
	regionCode  = "KE"
	dayOffset   = 180 // Nairobi
	grantYears  = 10
	attestorsOf = 2
)

// parameters are those of a sandbox: what takes days on a real network takes a minute, and credits are plenty.
var parameters = genesis.Parameters{
	Attestations: 2, MoveDelayMs: 60_000, RecoveryDelayMs: 120_000, QuarantineMs: 300_000, CreditIntervalMs: 10, CreditBurst: 100_000,
}

// tierOne is the tier of those who keep agents and issuers: limits ten times as high.
const tierOne = 1

// secondFees are the second provider's: less for small amounts, more for large ones.
var secondFees = []genesis.FeeBand{{UpTo: 500_00, Flat: 50}, {Flat: 2_00}}

// phone is one of those that are there from the start.
type phone struct {
	number, name, pin, language string
	funds                       amount.Amount
	// role is what its provider takes it for; an agent's account is of tier one.
	role string
	tier uint8
}

// phones hold money, so that a payment can be made at once. Their PINs are public: the money is worth nothing.
var phones = []phone{
	{number: "+254711000001", name: "JUMA OTIENO", pin: "4071", language: "en", funds: 10_000_00},
	{number: "+254711000002", name: "AMINA WANJIRU", pin: "8306", language: "sw", funds: 500_00},
	{number: "+254711000003", name: "MAMA MBOGA", pin: "2917", language: "en", funds: 50_000_00, role: "agent", tier: tierOne},
	{number: "+254711000004", name: "DUKA LA JUMA", pin: "5283", language: "en", role: "till"},
}

// found makes the keys of everybody and the network's genesis. The genesis is written last: a founding that is cut off
// is taken up by the next one, which keeps the keys, and no child has started before it is whole.
func (f Folder) found(validators int, plan plan) (*genesis.Genesis, error) {
	keys, err := f.makeKeys(validators)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	g := &genesis.Genesis{
		Format: genesis.Format, Name: "umoja-sandbox", Test: true, TimeUnixMs: uint64(now.UnixMilli()),
		DayOffsetMinutes: dayOffset, RulesVersion: 1, Parameters: parameters,
	}
	for i := range validators {
		r, err := validator.Init(f.Validator(i+1), "validator"+strconv.Itoa(i+1), plan.raft[i], dialled(plan.grpc[i]))
		if err != nil {
			return nil, err
		}
		if err := writeJSON(filepath.Join(f.Validator(i+1), validator.RecordFile), r, 0o644); err != nil {
			return nil, err
		}
		g.Validators = append(g.Validators, r)
	}
	if err := fill(g, keys, uint64(now.AddDate(grantYears, 0, 0).UnixMilli())); err != nil {
		return nil, err
	}
	raw, err := g.Encode()
	if err != nil {
		return nil, err
	}
	if g, err = genesis.Parse(raw); err != nil {
		return nil, err
	}
	folders := []string{string(f)}
	for i := range validators {
		folders = append(folders, f.Validator(i+1))
	}
	for _, folder := range folders {
		if err := writeFile(filepath.Join(folder, networkFile), []byte(g.Network().String()+"\n"), 0o644); err != nil {
			return nil, err
		}
	}
	return g, writeFile(f.Genesis(), raw, 0o644)
}

// fill puts issuer, providers, money, phones and grants into the document. There are two providers also where one of them runs: a folder can be
// resumed with either number.
func fill(g *genesis.Genesis, keys Keys, grantExpiresAtUnixMs uint64) error {
	const kes tx.Asset = 1
	open := func(o tx.OpenAccount, tier uint8) tx.AccountID {
		g.Accounts = append(g.Accounts, genesis.Account{
			ID: o.Account(), Salt: o.Salt[:], Authority: genesis.AuthorityOf(o.Authority), Tier: tier,
		})
		return o.Account()
	}
	// Accounts with keys are those that a wallet with the key uses.
	issuer, provider := open(sdk.Opening(keys.Issuer.Public()), tierOne), open(sdk.Opening(keys.Provider.Public()), tierOne)
	second := open(sdk.Opening(keys.Second.Public()), tierOne)
	g.Assets = []genesis.Asset{{Code: AssetCode, Scale: assetScale, Issuer: issuer, ProvisionalInflowDay: inflowDay}}
	g.Tiers = []genesis.Tier{
		{Asset: kes, CapTransaction: capPayment, CapDay: capDay},
		{Asset: kes, Tier: tierOne, CapTransaction: 10 * capPayment, CapDay: 10 * capDay},
	}
	g.Providers = []genesis.Provider{{
		Account: provider, Name: providedBy, Key: keys.Provider.Public(), Codes: []string{ServiceCode}, Languages: []string{"en", "sw"}, Shares: poolShares,
		Schedules: []genesis.FeeSchedule{{Asset: kes, Bands: genesis.FlatFee(flatFee), EffectiveAtUnixMs: g.TimeUnixMs}},
	}, {
		Account: second, Name: secondBy, Key: keys.Second.Public(), Codes: []string{SecondCode}, Languages: []string{"en", "sw"}, Shares: poolShares,
		Schedules: []genesis.FeeSchedule{{Asset: kes, Bands: secondFees, EffectiveAtUnixMs: g.TimeUnixMs}},
	}}
	for i, v := range g.Validators {
		g.Governors = append(g.Governors, genesis.Governor{Validator: v.Name, Account: open(sdk.Opening(keys.Governors[i].Public()), 0)})
	}
	// validator10 stands before validator2.
	slices.SortFunc(g.Governors, func(a, b genesis.Governor) int { return strings.Compare(a.Validator, b.Validator) })
	for i, k := range keys.Attestors {
		g.Attestors = append(g.Attestors, genesis.Attestor{
			Account: open(sdk.Opening(k.Public()), 0), Key: k.Public(), Name: "Attestor " + strconv.Itoa(i+1),
		})
	}
	g.Issues = []genesis.Issue{{Asset: kes, Credit: issuer, Amount: issued}}
	for _, p := range phones {
		o := tx.OpenAccount{Authority: tx.PhoneAuthority(attestorsOf)}
		if _, err := rand.Read(o.Salt[:]); err != nil {
			return fmt.Errorf("read random bytes for a salt: %w", err)
		}
		account := open(o, p.tier)
		sealed, err := keys.Alias.SealName(rand.Reader, p.number, p.name)
		if err != nil {
			return err
		}
		if p.funds > 0 {
			g.Issues = append(g.Issues, genesis.Issue{Asset: kes, Credit: account, Amount: p.funds})
		}
		g.Aliases = append(g.Aliases, genesis.Alias{Alias: keys.Alias.Alias(p.number), Account: account, SealedName: sealed})
		limit := g.Tiers[p.tier]
		g.Grants = append(g.Grants, genesis.Grant{
			Account: account, Grantee: keys.Provider.Public(), Asset: kes, CapTransaction: limit.CapTransaction, CapDay: limit.CapDay,
			FeeCeiling: feeCeiling, ExpiresAtUnixMs: grantExpiresAtUnixMs,
		})
	}
	return nil
}
