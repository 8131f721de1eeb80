package sdk

import (
	"context"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Account is an account as the ledger knows it.
type Account struct {
	ID     tx.AccountID
	Number tx.AccountNumber
	// Authority says who may act on it without a grant.
	Authority tx.Authority
	// Tier decides its limits.
	Tier uint32
	// FrozenUntilUnixMs is the ledger time until which nothing can be debited; 0 when it was never frozen.
	FrozenUntilUnixMs uint64
	// Pending is how many moves and recoveries wait; while there are any, its limits are a quarter.
	Pending uint32
	AsOf    AsOf
}

// Account reads an account; ErrNotFound means it is not open.
func (c *Client) Account(ctx context.Context, id tx.AccountID) (Account, error) {
	a, err := readFresh(ctx, c, func(a Account) AsOf { return a.AsOf }, func(ctx context.Context, v *validator) (Account, error) {
		res, err := v.GetAccount(ctx, &apiv1.GetAccountRequest{Account: &apiv1.GetAccountRequest_Id{Id: id[:]}})
		if err != nil {
			return Account{}, err
		}
		a, err := accountOf(res)
		if err == nil && a.ID != id {
			err = fmt.Errorf("another account than asked for: %w", ErrBadAnswer)
		}
		return a, err
	})
	if err != nil {
		return Account{}, fmt.Errorf("get account: %w", err)
	}
	return a, nil
}

// AccountByNumber finds an account by its number. A number is how people name a payee, so f+1 validators must answer alike:
// one alone could name itself.
func (c *Client) AccountByNumber(ctx context.Context, number tx.AccountNumber) (Account, error) {
	word := func(a Account) string { return string(a.ID[:]) + string(a.Authority.Encode()) }
	a, err := agree(ctx, c, word, func(ctx context.Context, v *validator) (Account, error) {
		res, err := v.GetAccount(ctx, &apiv1.GetAccountRequest{Account: &apiv1.GetAccountRequest_Number{Number: uint64(number)}})
		if err != nil {
			return Account{}, err
		}
		a, err := accountOf(res)
		if err == nil && a.Number != number {
			err = fmt.Errorf("another number than asked for: %w", ErrBadAnswer)
		}
		return a, err
	})
	if err != nil {
		return Account{}, fmt.Errorf("get account by number: %w", err)
	}
	return a, nil
}

func accountOf(m *apiv1.GetAccountResponse) (Account, error) {
	if len(m.GetId()) != 16 {
		return Account{}, fmt.Errorf("account id of %d bytes: %w", len(m.GetId()), ErrBadAnswer)
	}
	authority, err := tx.ParseAuthority(m.GetAuthority())
	if err != nil {
		return Account{}, fmt.Errorf("authority: %v: %w", err, ErrBadAnswer)
	}
	return Account{
		ID: tx.AccountID(m.GetId()), Number: tx.AccountNumber(m.GetNumber()), Authority: authority, Tier: m.GetTier(),
		FrozenUntilUnixMs: m.GetFrozenUntilUnixMs(), Pending: m.GetPending(), AsOf: asOf(m.GetAsOf()),
	}, nil
}

// Balance is what an account has of an asset.
//
// Invariant: Held <= Posted <= amount.Max.
type Balance struct {
	// Posted is what is owned, held units included.
	Posted amount.Amount
	// Held is what is reserved.
	Held amount.Amount
	AsOf AsOf
}

// Available is what may be spent.
func (b Balance) Available() amount.Amount { return b.Posted - b.Held }

// Balance reads a balance; it is zero where the account never had the asset.
func (c *Client) Balance(ctx context.Context, account tx.AccountID, asset tx.Asset, fresh Freshness) (Balance, error) {
	b, err := readFresh(ctx, c, func(b Balance) AsOf { return b.AsOf }, func(ctx context.Context, v *validator) (Balance, error) {
		res, err := v.GetBalance(ctx, &apiv1.GetBalanceRequest{Account: account[:], Asset: uint32(asset), Freshness: fresh.proto()})
		if err != nil {
			return Balance{}, err
		}
		b := Balance{Posted: amount.Amount(res.GetPosted()), Held: amount.Amount(res.GetHeld()), AsOf: asOf(res.GetAsOf())}
		if b.Held > b.Posted || b.Posted > amount.Max {
			return Balance{}, fmt.Errorf("balance is not held <= posted < 2^63: %w", ErrBadAnswer)
		}
		return b, nil
	})
	if err != nil {
		return Balance{}, fmt.Errorf("get balance: %w", err)
	}
	return b, nil
}
