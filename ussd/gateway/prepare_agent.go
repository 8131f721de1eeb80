package gateway

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
)

// references are what transfers say of themselves on the ledger, for whoever reads a history: they decide nothing.
var references = map[ussd.Kind]string{
	ussd.KindCashIn: "cash in", ussd.KindFloat: "float", ussd.KindGroupIn: "savings", ussd.KindGroupOut: "savings",
}

// planCashOut sets an amount and the agent's commission aside in one hold, so that they are agreed to, and come back, together. The
// reference says both.
func (r *remote) planCashOut(order ussd.Order, fees sdk.FeeSchedule) (plan, error) {
	value, ok := order.Value()
	fee, priced := fees.For(value)
	if !ok || !priced {
		return plan{}, fmt.Errorf("fee of %d and %d: %w", order.Amount, order.Commission, sdk.ErrNoFee)
	}
	scale := r.genesis.Assets[r.asset-1].Scale
	return plan{granted: tx.GrantHold, fee: fee, operations: []tx.Operation{tx.PlaceHold{
		Debit: order.Payer, Credit: &order.Payee.Account, Asset: r.asset, Amount: value, Fee: &fee, OnExpiry: tx.ExpiryReturns,
		ExpiresAtUnixMs: order.EndsAtUnixMs, PayerMayRelease: true,
		Reference: fmt.Sprintf("cash %s commission %s", order.Amount.Text(scale), order.Commission.Text(scale)),
	}}}, nil
}

// planCashGive takes the whole of such a hold: the cash is one leg, the commission another, so that the history shows what the agent earned.
func (r *remote) planCashGive(order ussd.Order) (plan, error) {
	capture := tx.CaptureHold{Hold: order.Hold, Debit: order.Payee.Account, Credit: order.Payer, Asset: r.asset, Amount: order.Amount}
	operations := []tx.Operation{capture}
	if order.Commission != 0 {
		capture.Amount = order.Commission
		operations = append(operations, capture)
	}
	return plan{operations: operations, granted: tx.GrantCapture}, nil
}
