package gateway

import (
	"context"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
)

// planHold keeps an amount. For whoever gets a phone number, the hold names the number alone. For a payee it names the account, and the
// number too when attestors bound it: the ledger refuses a hold that names a number which one provider alone vouches for.
func (r *remote) planHold(order ussd.Order, fees sdk.FeeSchedule) (plan, error) {
	fee, ok := fees.For(order.Amount)
	if !ok {
		return plan{}, fmt.Errorf("fee of %d: %w", order.Amount, sdk.ErrNoFee)
	}
	hold := tx.PlaceHold{
		Debit: order.Payer, Asset: r.asset, Amount: order.Amount, Fee: &fee, OnExpiry: tx.ExpiryReturns,
		ExpiresAtUnixMs: order.EndsAtUnixMs, PayerMayRelease: true,
	}
	if order.Kind == ussd.KindDelay {
		hold.Credit, hold.OnExpiry = &order.Payee.Account, tx.ExpiryCompletes
	}
	if order.Kind == ussd.KindKeep || order.VouchedBy == (tx.AccountID{}) {
		alias := r.AliasOf(order.Payee.Phone)
		hold.Alias = &alias
	}
	return plan{operations: []tx.Operation{hold}, granted: tx.GrantHold, fee: fee}, nil
}

// planReturn gives back what a leaf of the payer's history moved to it. The leaf is one validator's word: the ledger refuses one that is
// not in the history.
func (r *remote) planReturn(ctx context.Context, order ussd.Order) (plan, error) {
	entries, err := r.client.History(ctx, order.Payer, order.Leaf+1, 1)
	if err != nil {
		return plan{}, err
	}
	if len(entries) == 0 || entries[0].LeafIndex != order.Leaf {
		return plan{}, fmt.Errorf("leaf %d of the account: %w", order.Leaf, sdk.ErrNotFound)
	}
	for _, t := range r.moved(entries[0]) {
		if t.Position == order.Position && returnable(t) && t.Credit == order.Payer && t.Debit == order.Payee.Account && order.Amount <= t.Amount {
			return plan{granted: tx.GrantReturn, operations: []tx.Operation{tx.Return{
				LeafIndex: order.Leaf, Leaf: entries[0].Leaf, Operation: order.Position, Debit: order.Payer, Credit: t.Debit, Asset: r.asset,
				Amount: order.Amount, Carrier: &r.account,
			}}}, nil
		}
	}
	return plan{}, fmt.Errorf("leaf %d, operation %d: %w", order.Leaf, order.Position, sdk.ErrNothingToReturn)
}

// returnable tells whether a return can name what moved: a transfer, a capture or a completed hold.
func returnable(t ussd.FinalTransfer) bool { return t.How == ussd.ByPayment || t.How == ussd.ByHold }
