package gateway

import (
	"context"
	"fmt"
	"net/http"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/attestor"
	"github.com/umoja-ledger/umoja/ussd/consent"
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

// rivals tells other providers who comes. It implements ussd.Rivals.
type rivals struct {
	client *sdk.Client
	asker  consent.Asker
}

// Invite finds the provider in the directory and tells it.
func (r rivals) Invite(ctx context.Context, to ussd.Provider, invitation ussd.Invitation) error {
	p, err := r.client.ProviderByKey(ctx, to.Key)
	if err != nil {
		return fmt.Errorf("invite: %w", err)
	}
	return r.asker.Invite(ctx, p, invitation)
}

// mountPeers answers other providers: the one that a user leaves gives its consent, the one that a user goes to is told.
func (w *gateway) mountPeers(mux *http.ServeMux) {
	mux.Handle(consent.Path, consent.NewHandler(consent.Config{Network: w.network, Signer: w.signer, Agreements: w.service, Log: w.log}))
	mux.Handle(consent.InvitePath, consent.NewHostHandler(consent.HostConfig{Network: w.network, Signer: w.signer, Host: w.service, Log: w.log}))
}

// asker asks other providers.
func (c Config) asker(network tx.NetworkID, signer key.Signer) (consent.Asker, error) {
	a := consent.Asker{Network: network, Signer: signer, At: make(map[tx.AccountID]string)}
	for _, p := range c.Providers {
		account, err := tx.ParseAccountID(p.Account)
		if err != nil {
			return a, fmt.Errorf("providers: account: %w", err)
		}
		a.At[account] = p.URL
	}
	return a, nil
}
