package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// ErrNotTest means that the network's money is not play money.
var ErrNotTest = errors.New("not a network for tests: its issuer gives nothing away")

// fundWithin is how long a payment from the issuer may take.
const fundWithin = 30 * time.Second

// Funded is a payment from the issuer that was made.
type Funded struct {
	Outcome sdk.Outcome
	Amount  amount.Amount
	Scale   uint8
	Code    string
}

// Fund pays from the issuer and returns when the payment is final. Account is a phone number, an account number or an
// account's text.
func (f Folder) Fund(ctx context.Context, account, text string) (Funded, error) {
	g, err := f.ReadGenesis()
	if err != nil {
		return Funded{}, err
	}
	if !g.Test {
		return Funded{}, fmt.Errorf("%s: %w", g.Name, ErrNotTest)
	}
	number, asset, ok := g.AssetByCode(AssetCode)
	if !ok {
		return Funded{}, fmt.Errorf("%s has no %s: %w", g.Name, AssetCode, ErrOtherNetwork)
	}
	a, err := amount.Parse(text, asset.Scale)
	if err != nil {
		return Funded{}, fmt.Errorf("amount %q: %w", text, err)
	}
	addresses, err := f.ReadAddresses()
	if err != nil {
		return Funded{}, err
	}
	keys, err := f.readKeys(len(g.Validators))
	if err != nil {
		return Funded{}, err
	}
	client, err := sdk.Open(sdk.Config{Genesis: g, Addresses: addresses.GRPC, AliasKey: &keys.Alias})
	if err != nil {
		return Funded{}, err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, fundWithin)
	defer cancel()
	if res, err := f.ask(ctx, request{}); err != nil {
		return Funded{}, err
	} else if !res.Ready {
		return Funded{}, errors.New("the sandbox is still starting: try again when it says ready")
	}
	outcome, err := sdk.NewWallet(client, keys.Issuer, sdk.WalletOptions{}).Pay(ctx, account, number, a, "")
	if err != nil {
		return Funded{}, fmt.Errorf("pay %s: %w", account, err)
	}
	if err := applied(outcome); err != nil {
		return Funded{}, fmt.Errorf("pay %s: %w", account, err)
	}
	return Funded{Outcome: outcome, Amount: a, Scale: asset.Scale, Code: asset.Code}, nil
}

// Gift is money for one account.
type Gift struct {
	To     tx.AccountID
	Amount amount.Amount
}

// giftsAtOnce is how many gifts one transaction makes.
const giftsAtOnce = 200

// Give pays gifts from the issuer, in order, and returns when all are final.
func Give(ctx context.Context, client *sdk.Client, issuer key.Private, asset tx.Asset, gifts []Gift) error {
	wallet := sdk.NewWallet(client, issuer, sdk.WalletOptions{})
	for some := range slices.Chunk(gifts, giftsAtOnce) {
		var transfers []tx.Operation
		for _, g := range some {
			transfers = append(transfers, tx.Transfer{Debit: wallet.Account(), Credit: g.To, Asset: asset, Amount: g.Amount})
		}
		o, err := wallet.Do(ctx, transfers...)
		if err == nil {
			err = applied(o)
		}
		if err != nil {
			return fmt.Errorf("give money: %w", err)
		}
	}
	return nil
}

// applied turns an outcome that moved no money into an error.
func applied(o sdk.Outcome) error {
	switch {
	case o.Expired:
		return errors.New("the payment expired before it was made: no money moved")
	case o.Result.Code != tx.OK:
		return fmt.Errorf("the ledger refused it: %s: no money moved", o.Result.Code)
	case !o.Final:
		return errors.New("the payment is not final yet")
	}
	return nil
}
