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

// Asker asks the providers that users leave, for one new provider.
type Asker struct {
	Network tx.NetworkID
	// Signer is the new provider's grant key.
	Signer key.Signer
	// At says where a provider is reached, instead of the endpoints that the ledger's directory has.
	At map[tx.AccountID]string
}

// Ask gets an old provider's signature over a move, at the first of its endpoints that is one to send to. An error is a *peer.Refusal or
// peer.ErrUnreachable, and then the move takes its delay.
func (a Asker) Ask(ctx context.Context, old sdk.Provider, body []byte) (tx.Signature, error) {
	addresses := slices.Clone(old.Endpoints)
	if at, ok := a.At[old.Account]; ok {
		addresses = []string{at}
	}
	addresses = slices.DeleteFunc(addresses, func(address string) bool { return peer.CheckAddress(address) != nil })
	if len(addresses) == 0 {
		return tx.Signature{}, fmt.Errorf("ask for consent: %w: the provider has no endpoint", peer.ErrUnreachable)
	}
	caller, err := peer.NewCaller(peer.CallerConfig{Network: a.Network, Address: addresses[0], To: old.Key, Signer: a.Signer})
	if err != nil {
		return tx.Signature{}, fmt.Errorf("ask for consent: %w", err)
	}
	defer caller.Close()
	return Ask(ctx, caller, a.Network, body)
}
