package gateway

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
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

// asker asks the providers that users leave.
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
