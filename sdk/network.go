package sdk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Network is the network as one validator describes it.
type Network struct {
	ID        tx.NetworkID
	Assets    []Asset
	Providers []Provider
	// Validator is who answered, Leader whom it knows to lead, if any.
	Validator, Leader string
	// AcceptedSize, AcceptedRoot and FinalSize say how far it is.
	AcceptedSize uint64
	AcceptedRoot [32]byte
	FinalSize    uint64
	// TimeUnixMs is ledger time.
	TimeUnixMs uint64
}

// Asset is a unit of value.
type Asset struct {
	Number tx.Asset
	Code   string
	Scale  uint8
	Issuer tx.AccountID
	Supply amount.Amount
}

// Provider carries payments.
type Provider struct {
	Account tx.AccountID
	Name    string
	Key     key.Public
	// Schedules are ascending by version.
	Schedules []FeeSchedule
}

// FeeSchedule is a published price.
type FeeSchedule struct {
	Version           uint32
	Asset             tx.Asset
	Flat              amount.Amount
	EffectiveAtUnixMs uint64
}

// ErrNoFee means the provider is not registered or has no fee schedule in force for the asset.
var ErrNoFee = errors.New("provider has no fee schedule in force for the asset")

// AssetByCode finds an asset.
func (n Network) AssetByCode(code string) (Asset, bool) {
	i := slices.IndexFunc(n.Assets, func(a Asset) bool { return a.Code == code })
	if i < 0 {
		return Asset{}, false
	}
	return n.Assets[i], true
}

// Fee is the fee leg of a provider's transfer of an asset now, by ledger time: a schedule that was replaced stays valid
// for a week, one that is not yet in force is refused.
func (n Network) Fee(provider tx.AccountID, asset tx.Asset) (tx.Fee, error) {
	for _, p := range n.Providers {
		if p.Account != provider {
			continue
		}
		for _, s := range slices.Backward(p.Schedules) {
			if s.Asset == asset && s.EffectiveAtUnixMs <= n.TimeUnixMs {
				return tx.Fee{Provider: provider, ScheduleVersion: s.Version, Amount: s.Flat}, nil
			}
		}
	}
	return tx.Fee{}, ErrNoFee
}

// Network describes the network.
func (c *Client) Network(ctx context.Context) (Network, error) {
	var n Network
	err := c.read(ctx, func(ctx context.Context, v *validator) (err error) {
		n, err = c.network(ctx, v)
		return err
	})
	if err != nil {
		return Network{}, fmt.Errorf("get network: %w", err)
	}
	return n, nil
}

// Fee looks up the fee leg of a provider's transfer of an asset now.
func (c *Client) Fee(ctx context.Context, provider tx.AccountID, asset tx.Asset) (tx.Fee, error) {
	n, err := c.Network(ctx)
	if err != nil {
		return tx.Fee{}, err
	}
	return n.Fee(provider, asset)
}

// ValidatorStatus is what one validator says of itself.
type ValidatorStatus struct {
	Address string
	// Network is what it answered. Invariant: zero when Err is set.
	Network Network
	// Err says why there is no answer.
	Err error
}

// Status asks each validator separately, all at once; the answers are in the order of the addresses.
func (c *Client) Status(ctx context.Context) []ValidatorStatus {
	all := make([]ValidatorStatus, len(c.validators))
	var wait sync.WaitGroup
	for i, v := range c.validators {
		wait.Go(func() {
			all[i].Address = v.address
			all[i].Err = c.attempt(ctx, v, func(ctx context.Context, v *validator) (err error) {
				all[i].Network, err = c.network(ctx, v)
				return err
			})
		})
	}
	wait.Wait()
	return all
}

func (c *Client) network(ctx context.Context, v *validator) (Network, error) {
	m, err := v.GetNetwork(ctx, &apiv1.GetNetworkRequest{})
	if err != nil {
		return Network{}, err
	}
	if id := c.config.Genesis.Network(); string(m.GetNetworkId()) != string(id[:]) {
		c.log.Warn("validator is of another network", "validator", v.address)
		return Network{}, ErrWrongNetwork
	}
	n := Network{
		ID: c.config.Genesis.Network(), Validator: m.GetValidator(), Leader: m.GetLeader(), AcceptedSize: m.GetAcceptedSize(),
		FinalSize: m.GetFinalSize(), TimeUnixMs: m.GetTimeUnixMs(),
	}
	if len(m.GetAcceptedRoot()) != 32 {
		return Network{}, fmt.Errorf("length of accepted root: %w", ErrBadAnswer)
	}
	n.AcceptedRoot = [32]byte(m.GetAcceptedRoot())
	for _, a := range m.GetAssets() {
		if len(a.GetIssuer()) != 16 || a.GetScale() > amount.MaxScale {
			return Network{}, fmt.Errorf("asset %q: %w", a.GetCode(), ErrBadAnswer)
		}
		n.Assets = append(n.Assets, Asset{
			Number: tx.Asset(a.GetNumber()), Code: a.GetCode(), Scale: uint8(a.GetScale()), Issuer: tx.AccountID(a.GetIssuer()),
			Supply: amount.Amount(a.GetSupply()),
		})
	}
	for _, m := range m.GetProviders() {
		if len(m.GetAccount()) != 16 || len(m.GetKey()) != 32 {
			return Network{}, fmt.Errorf("provider %q: %w", m.GetName(), ErrBadAnswer)
		}
		p := Provider{Account: tx.AccountID(m.GetAccount()), Name: m.GetName(), Key: key.Public(m.GetKey())}
		for _, s := range m.GetSchedules() {
			p.Schedules = append(p.Schedules, FeeSchedule{
				Version: s.GetVersion(), Asset: tx.Asset(s.GetAsset()), Flat: amount.Amount(s.GetFlat()), EffectiveAtUnixMs: s.GetEffectiveAtUnixMs(),
			})
		}
		n.Providers = append(n.Providers, p)
	}
	return n, nil
}
