package consent

import (
	"context"
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd/peer"
)

// Asker asks other providers, for one.
type Asker struct {
	Network tx.NetworkID
	// Signer is the asking provider's grant key.
	Signer key.Signer
	// At says where a provider is reached, instead of the endpoints that the ledger's directory has.
	At map[tx.AccountID]string
}

// Ask gets an old provider's signature over a move. An error is a *peer.Refusal or peer.ErrUnreachable, and then the move takes its delay.
func (a Asker) Ask(ctx context.Context, old sdk.Provider, body []byte) (tx.Signature, error) {
	caller, err := a.caller(old)
	if err != nil {
		return tx.Signature{}, fmt.Errorf("ask for consent: %w", err)
	}
	defer caller.Close()
	return Ask(ctx, caller, a.Network, body)
}

// caller reaches a provider at the first of its endpoints that is one to send to.
func (a Asker) caller(p sdk.Provider) (*peer.Caller, error) {
	addresses := slices.Clone(p.Endpoints)
	if at, ok := a.At[p.Account]; ok {
		addresses = []string{at}
	}
	addresses = slices.DeleteFunc(addresses, func(address string) bool { return peer.CheckAddress(address) != nil })
	if len(addresses) == 0 {
		return nil, fmt.Errorf("%w: the provider has no endpoint", peer.ErrUnreachable)
	}
	return peer.NewCaller(peer.CallerConfig{Network: a.Network, Address: addresses[0], To: p.Key, Signer: a.Signer})
}
