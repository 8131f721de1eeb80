// Package genesis is the founding document of a network.
//
// A genesis file is written once, by `umoja network init` from the public records that each cooperative made on its own
// machine (`umojad init`), and never changes: the network's id is the hash of its bytes, and that id is part of everything
// that is ever signed. It names the first validators, the assets and their issuers, the providers and their fees, the
// accounts, aliases and grants that exist from the start, and the limits of each tier. A validator founds its state from
// it; a wallet takes from it the validator set that receipts are checked against, and needs nothing else.
//
// Parse promises that the document is whole and consistent (a record's keys are proved to be held, every account it names
// exists, every sum fits) and that its bytes are what Encode writes: an unknown or repeated field, another order or another
// letter case, which JSON readers disagree on, would found two ledgers under one id.
package genesis

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// ErrBadGenesis means the document breaks a rule; the message names it.
var ErrBadGenesis = errors.New("genesis is not valid")

// Format is the first field of every document of this version.
const Format = "umoja-genesis/v1"

// Genesis is the document.
type Genesis struct {
	Format string `json:"format"`
	// Name is for people, such as "umoja-sandbox".
	Name string `json:"name"`
	// Test says that the network's money is worth nothing; faucets exist on such networks only.
	Test bool `json:"test"`
	// TimeUnixMs is the ledger time of the genesis.
	TimeUnixMs uint64 `json:"time_unix_ms"`
	// DayOffsetMinutes is the fixed UTC offset of the calendar day that caps count in. Invariant: within 14 hours.
	DayOffsetMinutes int32 `json:"day_offset_minutes"`
	// RulesVersion is the version of the ledger's rules in force. Invariant: 1.
	RulesVersion uint32            `json:"rules_version"`
	Validators   []ValidatorRecord `json:"validators"`
	Assets       []Asset           `json:"assets"`
	// Parameters are the numbers that ballots may change.
	Parameters Parameters `json:"parameters"`
	// Governors say which account speaks for each validator in ballots. Invariant: all validators, or none; without them nothing is
	// ever decided by ballot.
	Governors []Governor `json:"governors"`
	// Tiers are the limits of each tier for each asset. Those of the lowest also bound what a provider may grant itself when it founds a
	// phone account.
	Tiers     []Tier     `json:"tiers"`
	Accounts  []Account  `json:"accounts"`
	Providers []Provider `json:"providers"`
	Attestors []Attestor `json:"attestors"`
	Issues    []Issue    `json:"issues"`
	Aliases   []Alias    `json:"aliases"`
	Grants    []Grant    `json:"grants"`

	network tx.NetworkID
	set     checkpoint.ValidatorSet
}

// Asset is a unit of value; assets are numbered from 1 in the order of the list.
type Asset struct {
	Code   string       `json:"code"`
	Scale  uint8        `json:"scale"`
	Issuer tx.AccountID `json:"issuer"`
	// Arbiter may arbitrate returns; absent when nobody may.
	Arbiter *tx.AccountID `json:"arbiter,omitempty"`
	// ProvisionalInflowDay bounds what provisional aliases receive a day, for each provider; absent means not bounded.
	ProvisionalInflowDay amount.Amount `json:"provisional_inflow_day,omitempty"`
}

// Parameters are the numbers that ballots may change (tx.Parameter).
type Parameters struct {
	Attestations     uint64 `json:"attestations"`
	MoveDelayMs      uint64 `json:"move_delay_ms"`
	RecoveryDelayMs  uint64 `json:"recovery_delay_ms"`
	QuarantineMs     uint64 `json:"quarantine_ms"`
	CreditIntervalMs uint64 `json:"credit_interval_ms"`
	CreditBurst      uint64 `json:"credit_burst"`
}

// DefaultParameters suit a real network: two attestors, a day for a move, three for a recovery, ninety before a number is used again, a
// credit every ten seconds and at most a thousand.
func DefaultParameters() Parameters {
	const day = 24 * 3600 * 1000
	return Parameters{
		Attestations: 2, MoveDelayMs: day, RecoveryDelayMs: 3 * day, QuarantineMs: 90 * day, CreditIntervalMs: 10_000, CreditBurst: 1000,
	}
}

// Values gives each parameter as a ballot would set it.
func (p Parameters) Values() []tx.SetParameter {
	return []tx.SetParameter{
		{Parameter: tx.Attestations, Value: p.Attestations}, {Parameter: tx.MoveDelayMs, Value: p.MoveDelayMs},
		{Parameter: tx.RecoveryDelayMs, Value: p.RecoveryDelayMs}, {Parameter: tx.QuarantineMs, Value: p.QuarantineMs},
		{Parameter: tx.CreditIntervalMs, Value: p.CreditIntervalMs}, {Parameter: tx.CreditBurst, Value: p.CreditBurst},
	}
}

// Governor is the account that speaks for a validator.
type Governor struct {
	Validator string       `json:"validator"`
	Account   tx.AccountID `json:"account"`
}

// Attestor is the directory entry of an attestor.
type Attestor struct {
	Account   tx.AccountID  `json:"account"`
	Key       key.Public    `json:"key"`
	Name      string        `json:"name"`
	Provider  *tx.AccountID `json:"provider,omitempty"`
	Endpoints []string      `json:"endpoints,omitempty"`
}

// Tx gives the plain type.
func (a Attestor) Tx() tx.Attestor {
	return tx.Attestor{Account: a.Account, Key: a.Key, Name: a.Name, Provider: a.Provider, Endpoints: a.Endpoints}
}

// Tier is the limits of a tier for an asset.
type Tier struct {
	Asset tx.Asset `json:"asset"`
	// Tier is 0, the lowest, to tx.MaxTier.
	Tier           uint8         `json:"tier,omitempty"`
	CapTransaction amount.Amount `json:"cap_transaction"`
	CapDay         amount.Amount `json:"cap_day"`
}

// Account exists from the start; accounts are numbered from 1 in the order of the list.
type Account struct {
	ID        tx.AccountID `json:"id"`
	Salt      Hex          `json:"salt"`
	Authority Authority    `json:"authority"`
	// Tier decides the account's limits.
	Tier uint8 `json:"tier,omitempty"`
}

// Authority is the document form of tx.Authority.
type Authority struct {
	Keys              []AuthorityKey `json:"keys,omitempty"`
	Threshold         uint32         `json:"threshold,omitempty"`
	Attestors         uint32         `json:"attestors,omitempty"`
	Guardians         []AuthorityKey `json:"guardians,omitempty"`
	GuardianThreshold uint32         `json:"guardian_threshold,omitempty"`
}

// AuthorityKey is one owner's or guardian's key.
type AuthorityKey struct {
	Key    key.Public `json:"key"`
	Weight uint32     `json:"weight"`
}

// Tx gives the plain type.
func (a Authority) Tx() tx.Authority {
	return tx.Authority{
		Keys: keysTo[tx.AuthorityKey](a.Keys), Threshold: a.Threshold, Attestors: a.Attestors,
		Guardians: keysTo[tx.AuthorityKey](a.Guardians), GuardianThreshold: a.GuardianThreshold,
	}
}

// AuthorityOf gives the document form.
func AuthorityOf(a tx.Authority) Authority {
	return Authority{
		Keys: keysTo[AuthorityKey](a.Keys), Threshold: a.Threshold, Attestors: a.Attestors,
		Guardians: keysTo[AuthorityKey](a.Guardians), GuardianThreshold: a.GuardianThreshold,
	}
}

// authorityKey is either form: they have the same fields.
type authorityKey interface{ AuthorityKey | tx.AuthorityKey }

func keysTo[To, From authorityKey](from []From) []To {
	var out []To
	for _, k := range from {
		out = append(out, To(k))
	}
	return out
}

// Provider is an operator that carries payments.
type Provider struct {
	Account   tx.AccountID `json:"account"`
	Name      string       `json:"name"`
	Key       key.Public   `json:"key"`
	Codes     []string     `json:"codes,omitempty"`
	Languages []string     `json:"languages,omitempty"`
	Endpoints []string     `json:"endpoints,omitempty"`
	Telephone string       `json:"telephone,omitempty"`
	// Shares is the size of its pool of credits. Invariant: at least 1.
	Shares    uint32        `json:"shares"`
	Schedules []FeeSchedule `json:"schedules"`
}

// Tx gives the directory entry.
func (p Provider) Tx() tx.RegisterProvider {
	return tx.RegisterProvider{
		Account: p.Account, Key: p.Key, Name: p.Name, Codes: p.Codes, Languages: p.Languages, Endpoints: p.Endpoints, Telephone: p.Telephone,
	}
}

// FeeSchedule is a published price; versions are numbered from 1 in the order of the list.
type FeeSchedule struct {
	Asset tx.Asset `json:"asset"`
	// Bands ascend by bound; only the last has none.
	Bands             []FeeBand `json:"bands"`
	EffectiveAtUnixMs uint64    `json:"effective_at_unix_ms"`
}

// FeeBand is the fee for amounts up to a bound.
type FeeBand struct {
	UpTo        amount.Amount `json:"up_to,omitempty"`
	Flat        amount.Amount `json:"flat"`
	BasisPoints uint32        `json:"basis_points,omitempty"`
}

// FlatFee is the same fee for every amount.
func FlatFee(flat amount.Amount) []FeeBand { return []FeeBand{{Flat: flat}} }

// Tx gives the plain type.
func (s FeeSchedule) Tx() []tx.FeeBand {
	var out []tx.FeeBand
	for _, b := range s.Bands {
		out = append(out, tx.FeeBand(b))
	}
	return out
}

// Issue is money that exists from the start.
type Issue struct {
	Asset  tx.Asset      `json:"asset"`
	Credit tx.AccountID  `json:"credit"`
	Amount amount.Amount `json:"amount"`
}

// Alias is bound from the start, as attested.
type Alias struct {
	Alias      key.Alias      `json:"alias"`
	Account    tx.AccountID   `json:"account"`
	SealedName key.SealedName `json:"sealed_name"`
}

// Grant holds from the start.
type Grant struct {
	Account         tx.AccountID  `json:"account"`
	Grantee         key.Public    `json:"grantee"`
	Asset           tx.Asset      `json:"asset"`
	CapTransaction  amount.Amount `json:"cap_transaction"`
	CapDay          amount.Amount `json:"cap_day"`
	FeeCeiling      amount.Amount `json:"fee_ceiling"`
	ExpiresAtUnixMs uint64        `json:"expires_at_unix_ms"`
}

// Encode writes the document as it is stored; Parse reads it back. A list without elements is written as one, never as null.
func (g *Genesis) Encode() ([]byte, error) {
	whole := *g
	listed(&whole.Validators)
	listed(&whole.Assets)
	listed(&whole.Governors)
	listed(&whole.Tiers)
	listed(&whole.Accounts)
	listed(&whole.Providers)
	listed(&whole.Attestors)
	listed(&whole.Issues)
	listed(&whole.Aliases)
	listed(&whole.Grants)
	whole.Providers = slices.Clone(whole.Providers)
	for i := range whole.Providers {
		listed(&whole.Providers[i].Schedules)
	}
	raw, err := json.MarshalIndent(whole, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode genesis: %w", err)
	}
	return append(raw, '\n'), nil
}

// listed makes a list of none of a list that is not there.
func listed[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}

// maxGenesisBytes bounds the document.
const maxGenesisBytes = 16 << 20

// Parse reads the bytes of a genesis file. The network id is the tagged hash of exactly these bytes.
func Parse(raw []byte) (*Genesis, error) {
	if len(raw) > maxGenesisBytes {
		return nil, fmt.Errorf("above 16 MiB: %w", ErrBadGenesis)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var g Genesis
	if err := d.Decode(&g); err != nil {
		return nil, fmt.Errorf("%v: %w", err, ErrBadGenesis)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("text after the document: %w", ErrBadGenesis)
	}
	if err := g.check(); err != nil {
		return nil, err
	}
	again, err := g.Encode()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, raw) {
		return nil, fmt.Errorf("not in the form that is written (fields repeated, missing, in another order or case, or spaces): %w", ErrBadGenesis)
	}
	g.network = tx.NetworkID(key.TaggedHash("umoja/genesis/v1", raw))
	return &g, nil
}

// Network is the network's id.
func (g *Genesis) Network() tx.NetworkID { return g.network }

// ValidatorSet is the first set.
func (g *Genesis) ValidatorSet() checkpoint.ValidatorSet { return g.set }

// Trust is what a verifier of receipts needs.
func (g *Genesis) Trust() checkpoint.Trust {
	return checkpoint.Trust{Network: g.network, Validators: g.set}
}

// AssetByCode finds an asset and its number.
func (g *Genesis) AssetByCode(code string) (tx.Asset, Asset, bool) {
	for i, a := range g.Assets {
		if a.Code == code {
			return tx.Asset(i + 1), a, true
		}
	}
	return 0, Asset{}, false
}
