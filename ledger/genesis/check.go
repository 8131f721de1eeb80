package genesis

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Hex is bytes written in hexadecimal.
type Hex []byte

// MarshalText writes it.
func (h Hex) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

// UnmarshalText reads it.
func (h *Hex) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil {
		return fmt.Errorf("not hexadecimal: %w", ErrBadGenesis)
	}
	*h = raw
	return nil
}

// maxTimeUnixMs is the end of the year 9999: sums with it stay far from overflow.
const maxTimeUnixMs = 253_402_300_799_999

// plainName says whether a name is there, short enough and fit for a screen.
func plainName(name string, maxBytes int) bool {
	return name != "" && len(name) <= maxBytes && !strings.ContainsFunc(name, key.Unseen)
}

// check says whether the document can found a ledger.
func (g *Genesis) check() error {
	switch {
	case g.Format != Format:
		return fmt.Errorf("format is %q, not %q: %w", g.Format, Format, ErrBadGenesis)
	case !plainName(g.Name, 64):
		return fmt.Errorf("name is empty, above 64 bytes or has control characters: %w", ErrBadGenesis)
	case g.RulesVersion != 1:
		return fmt.Errorf("rules_version is %d, not 1: %w", g.RulesVersion, ErrBadGenesis)
	case g.TimeUnixMs == 0 || g.TimeUnixMs > maxTimeUnixMs:
		return fmt.Errorf("time_unix_ms is not 1 to %d: %w", uint64(maxTimeUnixMs), ErrBadGenesis)
	case g.DayOffsetMinutes < -14*60 || g.DayOffsetMinutes > 14*60:
		return fmt.Errorf("day_offset_minutes is beyond 14 hours: %w", ErrBadGenesis)
	}
	var validators []checkpoint.Validator
	for _, r := range g.Validators {
		v, err := r.Validator()
		if err != nil {
			return err
		}
		validators = append(validators, v)
	}
	set, err := checkpoint.NewValidatorSet(validators)
	if err != nil {
		return fmt.Errorf("validators: %v: %w", err, ErrBadGenesis)
	}
	g.set = set
	if err := g.checkParameters(); err != nil {
		return err
	}
	accounts, err := g.checkAccounts()
	if err != nil {
		return err
	}
	if err := g.checkAssets(accounts); err != nil {
		return err
	}
	if err := g.checkProviders(accounts); err != nil {
		return err
	}
	if err := g.checkGovernors(accounts); err != nil {
		return err
	}
	if err := g.checkAttestors(accounts); err != nil {
		return err
	}
	return g.checkBindings(accounts)
}

func (g *Genesis) checkAccounts() (map[tx.AccountID]bool, error) {
	known := make(map[tx.AccountID]bool, len(g.Accounts))
	for i, a := range g.Accounts {
		if len(a.Salt) != 16 {
			return nil, fmt.Errorf("account %d: salt is not 16 bytes: %w", i+1, ErrBadGenesis)
		}
		authority := a.Authority.Tx()
		if _, err := tx.ParseAuthority(authority.Encode()); err != nil {
			return nil, fmt.Errorf("account %d: %v: %w", i+1, err, ErrBadGenesis)
		}
		open := tx.OpenAccount{Authority: authority, Salt: [16]byte(a.Salt)}
		if open.Account() != a.ID {
			return nil, fmt.Errorf("account %d: id is not the hash of salt and authority: %w", i+1, ErrBadGenesis)
		}
		if a.Tier > tx.MaxTier {
			return nil, fmt.Errorf("account %d: tier is above %d: %w", i+1, tx.MaxTier, ErrBadGenesis)
		}
		if known[a.ID] {
			return nil, fmt.Errorf("account %d: twice: %w", i+1, ErrBadGenesis)
		}
		known[a.ID] = true
	}
	return known, nil
}

func (g *Genesis) checkAssets(accounts map[tx.AccountID]bool) error {
	codes := make(map[string]bool, len(g.Assets))
	for i, a := range g.Assets {
		if len(a.Code) < 1 || len(a.Code) > 12 || strings.Trim(a.Code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" || a.Scale > amount.MaxScale {
			return fmt.Errorf("asset %d: code must be 1 to 12 of [A-Z0-9], scale at most %d: %w", i+1, amount.MaxScale, ErrBadGenesis)
		}
		if codes[a.Code] {
			return fmt.Errorf("asset %d: code %s twice: %w", i+1, a.Code, ErrBadGenesis)
		}
		codes[a.Code] = true
		if !accounts[a.Issuer] {
			return fmt.Errorf("asset %s: issuer is not in accounts: %w", a.Code, ErrBadGenesis)
		}
		if a.Arbiter != nil && !accounts[*a.Arbiter] || a.ProvisionalInflowDay > amount.Max {
			return fmt.Errorf("asset %s: arbiter is not in accounts, or provisional inflow too large: %w", a.Code, ErrBadGenesis)
		}
	}
	supply := make([]amount.Amount, len(g.Assets)+1)
	for i, is := range g.Issues {
		if !g.hasAsset(is.Asset) || !accounts[is.Credit] || is.Amount == 0 {
			return fmt.Errorf("issue %d: unknown asset or account, or no amount: %w", i+1, ErrBadGenesis)
		}
		sum, ok := supply[is.Asset].Add(is.Amount)
		if !ok {
			return fmt.Errorf("issue %d: supply passes 2^63 - 1: %w", i+1, ErrBadGenesis)
		}
		supply[is.Asset] = sum
	}
	type tier struct {
		asset tx.Asset
		tier  uint8
	}
	tiers := make(map[tier]bool)
	for i, t := range g.Tiers {
		one := tier{t.Asset, t.Tier}
		if !g.hasAsset(t.Asset) || tiers[one] || t.Tier > tx.MaxTier || t.CapTransaction == 0 || t.CapTransaction > t.CapDay || t.CapDay > amount.Max {
			return fmt.Errorf("tier %d: asset unknown, tier above %d or twice, or caps not 0 < transaction <= day: %w", i+1, tx.MaxTier, ErrBadGenesis)
		}
		tiers[one] = true
	}
	return nil
}

func (g *Genesis) checkProviders(accounts map[tx.AccountID]bool) error {
	seen := make(map[tx.AccountID]bool)
	keys := make(map[key.Public]bool)
	for i, p := range g.Providers {
		if !accounts[p.Account] || seen[p.Account] || keys[p.Key] {
			return fmt.Errorf("provider %d: account unknown, or account or key twice: %w", i+1, ErrBadGenesis)
		}
		if p.Shares < 1 || p.Shares > tx.MaxShares {
			return fmt.Errorf("provider %d: shares are not 1 to 65536: %w", i+1, ErrBadGenesis)
		}
		// The static rules are those of the operation.
		if err := static(p.Tx()); err != nil {
			return fmt.Errorf("provider %d: %v: %w", i+1, err, ErrBadGenesis)
		}
		latest := make(map[tx.Asset]uint64) // A schedule replaces the one before it for its asset, so it must be later.
		for j, s := range p.Schedules {
			if !g.hasAsset(s.Asset) {
				return fmt.Errorf("provider %d: schedule %d: asset unknown: %w", i+1, j+1, ErrBadGenesis)
			}
			publish := tx.PublishFees{
				Provider: p.Account, Asset: s.Asset, Version: uint32(j + 1), Bands: s.Tx(), EffectiveAtUnixMs: s.EffectiveAtUnixMs,
			}
			if err := static(publish); err != nil {
				return fmt.Errorf("provider %d: schedule %d: %v: %w", i+1, j+1, err, ErrBadGenesis)
			}
			if s.EffectiveAtUnixMs <= latest[s.Asset] {
				return fmt.Errorf("provider %d: schedule %d: not later than the one before: %w", i+1, j+1, ErrBadGenesis)
			}
			latest[s.Asset] = s.EffectiveAtUnixMs
		}
		seen[p.Account], keys[p.Key] = true, true
	}
	return nil
}

// static checks the rules of an operation that need no state.
func static(op tx.Operation) error {
	_, err := tx.Body{ExpiresAtUnixMs: 1, Operations: []tx.Operation{op}}.Encode()
	return err
}

func (g *Genesis) checkParameters() error {
	for _, p := range g.Parameters.Values() {
		if err := static(tx.Propose{Validator: "v", Decision: p, ExpiresAtUnixMs: 1}); err != nil {
			return fmt.Errorf("parameter %d: %v: %w", p.Parameter, err, ErrBadGenesis)
		}
	}
	return nil
}

func (g *Genesis) checkGovernors(accounts map[tx.AccountID]bool) error {
	if len(g.Governors) == 0 {
		return nil
	}
	if len(g.Governors) != len(g.set) {
		return fmt.Errorf("governors: %d for %d validators, not all or none: %w", len(g.Governors), len(g.set), ErrBadGenesis)
	}
	for i, v := range g.Governors {
		if v.Validator != g.set[i].Name || !accounts[v.Account] {
			return fmt.Errorf("governor %d: account unknown, or not in the order of the validators' names: %w", i+1, ErrBadGenesis)
		}
	}
	return nil
}

func (g *Genesis) checkAttestors(accounts map[tx.AccountID]bool) error {
	seen := make(map[tx.AccountID]bool)
	keys := make(map[key.Public]bool)
	for i, a := range g.Attestors {
		if !accounts[a.Account] || seen[a.Account] || keys[a.Key] {
			return fmt.Errorf("attestor %d: account unknown, or account or key twice: %w", i+1, ErrBadGenesis)
		}
		if err := static(tx.Propose{Validator: "v", Decision: tx.SetAttestor{Attestor: a.Tx()}, ExpiresAtUnixMs: 1}); err != nil {
			return fmt.Errorf("attestor %d: %v: %w", i+1, err, ErrBadGenesis)
		}
		seen[a.Account], keys[a.Key] = true, true
	}
	return nil
}

func (g *Genesis) checkBindings(accounts map[tx.AccountID]bool) error {
	aliases := make(map[key.Alias]bool)
	for i, a := range g.Aliases {
		if !accounts[a.Account] || aliases[a.Alias] {
			return fmt.Errorf("alias %d: account unknown, or bound twice: %w", i+1, ErrBadGenesis)
		}
		aliases[a.Alias] = true
	}
	type grantee struct {
		account tx.AccountID
		key     key.Public
	}
	grants := make(map[grantee]bool)
	for i, gr := range g.Grants {
		if !accounts[gr.Account] || !g.hasAsset(gr.Asset) || grants[grantee{gr.Account, gr.Grantee}] {
			return fmt.Errorf("grant %d: account or asset unknown, or the same grantee twice: %w", i+1, ErrBadGenesis)
		}
		grants[grantee{gr.Account, gr.Grantee}] = true
		if err := static(gr.Tx()); err != nil {
			return fmt.Errorf("grant %d: %v: %w", i+1, err, ErrBadGenesis)
		}
	}
	return nil
}

// Tx gives the operation form of a founding grant.
func (g Grant) Tx() tx.IssueGrant {
	return tx.IssueGrant{
		Account: g.Account, Grantee: g.Grantee, Operations: tx.GrantAll(), Asset: g.Asset,
		CapTransaction: g.CapTransaction, CapDay: g.CapDay, FeeCeiling: g.FeeCeiling, ExpiresAtUnixMs: g.ExpiresAtUnixMs,
	}
}

func (g *Genesis) hasAsset(n tx.Asset) bool { return n >= 1 && int(n) <= len(g.Assets) }
