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
	// Tiers are the lowest tier's limits: what a provider may grant itself when it founds a phone account.
	Tiers     []Tier     `json:"tiers"`
	Accounts  []Account  `json:"accounts"`
	Providers []Provider `json:"providers"`
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
}

// Tier is the lowest tier's limits for an asset.
type Tier struct {
	Asset          tx.Asset      `json:"asset"`
	CapTransaction amount.Amount `json:"cap_transaction"`
	CapDay         amount.Amount `json:"cap_day"`
}

// Account exists from the start; accounts are numbered from 1 in the order of the list.
type Account struct {
	ID        tx.AccountID `json:"id"`
	Salt      Hex          `json:"salt"`
	Authority Authority    `json:"authority"`
}

// Authority is the document form of tx.Authority.
type Authority struct {
	Keys      []AuthorityKey `json:"keys,omitempty"`
	Threshold uint32         `json:"threshold,omitempty"`
	Attestors uint32         `json:"attestors,omitempty"`
}

// AuthorityKey is one owner key.
type AuthorityKey struct {
	Key    key.Public `json:"key"`
	Weight uint32     `json:"weight"`
}

// Tx gives the plain type.
func (a Authority) Tx() tx.Authority {
	out := tx.Authority{Threshold: a.Threshold, Attestors: a.Attestors}
	for _, k := range a.Keys {
		out.Keys = append(out.Keys, tx.AuthorityKey{Key: k.Key, Weight: k.Weight})
	}
	return out
}

// AuthorityOf gives the document form.
func AuthorityOf(a tx.Authority) Authority {
	out := Authority{Threshold: a.Threshold, Attestors: a.Attestors}
	for _, k := range a.Keys {
		out.Keys = append(out.Keys, AuthorityKey{Key: k.Key, Weight: k.Weight})
	}
	return out
}

// Provider is an operator that carries payments.
type Provider struct {
	Account   tx.AccountID  `json:"account"`
	Name      string        `json:"name"`
	Key       key.Public    `json:"key"`
	Schedules []FeeSchedule `json:"schedules"`
}

// FeeSchedule is a published price; versions are numbered from 1 in the order of the list.
type FeeSchedule struct {
	Asset tx.Asset `json:"asset"`
	// Flat is the fee of a transfer of any amount, in minor units.
	Flat              amount.Amount `json:"flat"`
	EffectiveAtUnixMs uint64        `json:"effective_at_unix_ms"`
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

// Encode writes the document as it is stored; Parse reads it back.
func (g *Genesis) Encode() ([]byte, error) {
	raw, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode genesis: %w", err)
	}
	return append(raw, '\n'), nil
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
