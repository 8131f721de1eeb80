package tx

import (
	"fmt"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
)

// RegisterProvider enters a provider into the directory, or replaces its entry.
type RegisterProvider struct {
	Account   AccountID
	Key       key.Public
	Name      string
	Codes     []string
	Languages []string
	Endpoints []string
	Telephone string // empty when it has none
}

func (o RegisterProvider) check() error {
	if err := checkEntry("register_provider", o.Key, o.Name, o.Endpoints); err != nil {
		return err
	}
	if err := checkTexts("register_provider codes", o.Codes, MaxCodes, MaxCodeBytes); err != nil {
		return err
	}
	if err := checkTexts("register_provider languages", o.Languages, MaxLanguages, MaxLanguageBytes); err != nil {
		return err
	}
	if o.Telephone == "" {
		return nil
	}
	digits, plus := strings.CutPrefix(o.Telephone, "+")
	if !plus || digits == "" || digits[0] == '0' || len(o.Telephone) > MaxTelephoneBytes || strings.Trim(digits, "0123456789") != "" {
		return fmt.Errorf("register_provider telephone is not in E.164 form: %w", ErrMalformed)
	}
	return nil
}

// checkEntry is the rules that the directory entries of providers and attestors share.
func checkEntry(of string, k key.Public, name string, endpoints []string) error {
	if err := checkKey(of+" key", k); err != nil {
		return err
	}
	if err := checkText(of+" name", name, MaxNameBytes); err != nil {
		return err
	}
	return checkTexts(of+" endpoints", endpoints, MaxEndpoints, MaxEndpointBytes)
}
func (o RegisterProvider) accounts(to []AccountID) []AccountID { return append(to, o.Account) }
func (o RegisterProvider) entries() int                        { return 6 }

// FeeBand is the fee for amounts up to a bound.
type FeeBand struct {
	UpTo        amount.Amount // 0 in the last band, which has no bound
	Flat        amount.Amount
	BasisPoints uint32 // ten-thousandths of the amount; Invariant: at most MaxBasisPoints
}

// PublishFees publishes a provider's next fee schedule for an asset.
type PublishFees struct {
	Provider AccountID
	Asset    Asset
	Version  uint32
	// Bands ascend by bound. Invariant: 1 to MaxFeeBands; only the last has no bound.
	Bands             []FeeBand
	EffectiveAtUnixMs uint64
}

func (o PublishFees) check() error {
	if err := checkAsset("publish_fees", o.Asset); err != nil {
		return err
	}
	switch {
	case o.Version == 0:
		return fmt.Errorf("publish_fees version is zero: %w", ErrMalformed)
	case len(o.Bands) == 0 || len(o.Bands) > MaxFeeBands:
		return fmt.Errorf("publish_fees has %d bands, not 1 to %d: %w", len(o.Bands), MaxFeeBands, ErrMalformed)
	}
	for i, b := range o.Bands {
		last := i == len(o.Bands)-1
		switch {
		case (b.UpTo == 0) != last:
			return fmt.Errorf("publish_fees band %d: the last band, and no other, has no bound: %w", i, ErrMalformed)
		case b.UpTo > amount.Max || !last && i > 0 && b.UpTo <= o.Bands[i-1].UpTo:
			return fmt.Errorf("publish_fees bands must be ascending by up_to, below 2^63: %w", ErrMalformed)
		case b.Flat > amount.Max:
			return fmt.Errorf("publish_fees band %d flat must be < 2^63: %w", i, ErrMalformed)
		case b.BasisPoints > MaxBasisPoints:
			return fmt.Errorf("publish_fees band %d basis_points are above %d: %w", i, MaxBasisPoints, ErrMalformed)
		}
	}
	return nil
}
func (o PublishFees) accounts(to []AccountID) []AccountID { return append(to, o.Provider) }
func (o PublishFees) entries() int                        { return 6 }

// FeeFor is what the bands say for an amount: the flat part and the share, rounded down, of the first band whose bound is not below
// the amount. False when it passes amount.Max.
func FeeFor(bands []FeeBand, a amount.Amount) (amount.Amount, bool) {
	for _, b := range bands {
		if b.UpTo != 0 && a > b.UpTo {
			continue
		}
		// a * bp / 10000 without overflow: a = 10000 q + r.
		q, r := uint64(a)/10_000, uint64(a)%10_000
		share := q*uint64(b.BasisPoints) + r*uint64(b.BasisPoints)/10_000
		return b.Flat.Add(amount.Amount(share))
	}
	return 0, false
}

// Attestor is the directory entry of an attestor.
type Attestor struct {
	Account   AccountID
	Key       key.Public
	Name      string
	Provider  *AccountID // the provider that it belongs to; nil when to none
	Endpoints []string
}

func (a Attestor) check() error {
	return checkEntry("attestor", a.Key, a.Name, a.Endpoints)
}
