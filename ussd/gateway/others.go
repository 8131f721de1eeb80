package gateway

import (
	"context"
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd/attestor"
	"github.com/umoja-ledger/umoja/ussd/consent"
	"github.com/umoja-ledger/umoja/ussd/peer"
)

func (a Attestor) key() (key.Public, error) { return key.ParsePublicHex(a.Key) }

// panel makes the clients of the attestors.
func (c Config) panel(network tx.NetworkID, signer key.Signer) (*attestor.Panel, error) {
	var clients []*attestor.Client
	for _, a := range c.Attestors {
		public, err := a.key()
		if err != nil {
			return nil, fmt.Errorf("attestors: key of %q: %w", a.Name, err)
		}
		client, err := attestor.NewClient(attestor.ClientConfig{Name: a.Name, Address: a.URL, Key: public, Network: network, Signer: signer})
		if err != nil {
			return nil, fmt.Errorf("attestors: %w", err)
		}
		clients = append(clients, client)
	}
	return attestor.NewPanel(clients...), nil
}

// askConsent asks the provider that a user leaves for its signature over a move, at the address that the configuration has for it, or else at
// the first endpoint of its directory entry that is one to send to.
func (c Config) askConsent(ctx context.Context, network tx.NetworkID, signer key.Signer, old sdk.Provider, body []byte) (tx.Signature, error) {
	addresses := slices.Clone(old.Endpoints)
	if i := slices.IndexFunc(c.Providers, func(p Provider) bool { return p.Account == old.Account.String() }); i >= 0 {
		addresses = []string{c.Providers[i].URL}
	}
	addresses = slices.DeleteFunc(addresses, func(a string) bool { return peer.CheckAddress(a) != nil })
	if len(addresses) == 0 {
		return tx.Signature{}, fmt.Errorf("ask for consent: %w: the provider has no endpoint", peer.ErrUnreachable)
	}
	caller, err := peer.NewCaller(peer.CallerConfig{Network: network, Address: addresses[0], To: old.Key, Signer: signer})
	if err != nil {
		return tx.Signature{}, fmt.Errorf("ask for consent: %w", err)
	}
	defer caller.Close()
	return consent.Ask(ctx, caller, network, body)
}
