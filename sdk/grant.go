package sdk

import (
	"context"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Grant is what a key may do on an account.
type Grant struct {
	Asset tx.Asset
	// CapTransaction and CapDay bound what one transaction and one day may debit, amount and fee together.
	CapTransaction, CapDay amount.Amount
	// LeftToday is what is left of CapDay.
	LeftToday       amount.Amount
	FeeCeiling      amount.Amount
	ExpiresAtUnixMs uint64
	// Operations are what it allows, ascending.
	Operations []tx.GrantedOperation
}

// Grant reads the grant of an account to a key; ErrNotFound means there is none.
func (c *Client) Grant(ctx context.Context, account tx.AccountID, grantee key.Public) (Grant, error) {
	var g Grant
	err := c.read(ctx, func(ctx context.Context, v *validator) error {
		res, err := v.GetGrant(ctx, &apiv1.GetGrantRequest{Account: account[:], Grantee: grantee[:]})
		if err != nil {
			return err
		}
		g = grantOf(res)
		return nil
	})
	if err != nil {
		return Grant{}, fmt.Errorf("get grant: %w", err)
	}
	return g, nil
}

func grantOf(m *apiv1.GetGrantResponse) Grant {
	g := Grant{
		Asset: tx.Asset(m.GetAsset()), CapTransaction: amount.Amount(m.GetCapTransaction()), CapDay: amount.Amount(m.GetCapDay()),
		LeftToday: amount.Amount(m.GetLeftToday()), FeeCeiling: amount.Amount(m.GetFeeCeiling()), ExpiresAtUnixMs: m.GetExpiresAtUnixMs(),
	}
	for _, op := range m.GetOperations() {
		g.Operations = append(g.Operations, tx.GrantedOperation(op))
	}
	return g
}

// IssueGrant lets a key act on the wallet's account within caps; its Account is the wallet's, whatever it says.
func (w *Wallet) IssueGrant(ctx context.Context, grant tx.IssueGrant) (Outcome, error) {
	grant.Account = w.account
	return w.Do(ctx, grant)
}

// RevokeGrant ends the grant of the wallet's account to a key, in the batch that contains it.
func (w *Wallet) RevokeGrant(ctx context.Context, grantee key.Public) (Outcome, error) {
	return w.Do(ctx, tx.RevokeGrant{Account: w.account, Grantee: grantee})
}

// SetAuthority replaces who may act on the wallet's account: keys, weights, threshold, attestors and guardians at once. A wallet whose key is
// not among them any more can do nothing after it.
func (w *Wallet) SetAuthority(ctx context.Context, authority tx.Authority) (Outcome, error) {
	return w.Do(ctx, tx.SetAuthority{Account: w.account, Authority: authority})
}
