package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
)

// Prepare fixes the transaction of an order and reads what the payer may spend. Its reads run at once: a
// person waits for the slowest, not for the sum.
func (r *remote) Prepare(ctx context.Context, order ussd.Order) (ussd.Offer, error) {
	if attested(order.Kind) {
		return r.prepareAttested(ctx, order)
	}
	var fees sdk.FeeSchedule
	var balance sdk.Balance
	var grant sdk.Grant
	reads, reading := errgroup.WithContext(ctx)
	reads.Go(func() (err error) {
		fees, err = r.currentFees(reading)
		return err
	})
	reads.Go(func() (err error) {
		balance, err = r.client.Balance(reading, order.Debit(), r.asset, sdk.Final)
		return err
	})
	reads.Go(func() (err error) {
		grant, err = r.client.Grant(reading, order.Debit(), r.provider.Public())
		if errors.Is(err, sdk.ErrNotFound) {
			err = ussd.ErrNotGranted
		}
		return err
	})
	var pending []tx.ID
	reads.Go(func() error {
		pending = r.pending(reading, order.Payer)
		return nil
	})
	if err := reads.Wait(); err != nil {
		return ussd.Offer{}, err
	}
	plan, err := r.plan(ctx, order, fees)
	if err != nil {
		return ussd.Offer{}, err
	}
	// A grant that ends before the payment would is taken for ended: a PIN is asked for only when it can pay.
	if grant.Asset != r.asset || grant.ExpiresAtUnixMs < order.ExpiresAtUnixMs || grant.FeeCeiling < plan.fee.Amount ||
		plan.granted != 0 && !slices.Contains(grant.Operations, plan.granted) {
		return ussd.Offer{}, ussd.ErrNotGranted
	}
	prepared, err := r.prepare(order.ExpiresAtUnixMs, plan.operations...)
	if err != nil {
		return ussd.Offer{}, err
	}
	return ussd.Offer{
		Prepared: prepared, Fee: plan.fee.Amount, Available: balance.Available(),
		CapTransaction: grant.CapTransaction, LeftToday: grant.LeftToday, Opens: plan.opens, Pending: pending,
	}, nil
}

// plan is what an order comes to on the ledger.
type plan struct {
	operations []tx.Operation
	// granted is what the provider's grant must allow; zero where there only has to be one.
	granted tx.GrantedOperation
	// fee is the provider's; zero where the operations carry none.
	fee tx.Fee
	// opens is the account that the operations open; zero when none.
	opens tx.AccountID
}

// plan makes the operations of an order.
func (r *remote) plan(ctx context.Context, order ussd.Order, fees sdk.FeeSchedule) (plan, error) {
	switch order.Kind {
	case ussd.KindTransfer, ussd.KindCashIn, ussd.KindFloat, ussd.KindGroupIn, ussd.KindGroupOut:
		return r.planTransfer(order, fees)
	case ussd.KindRequest, ussd.KindDecline:
		return r.planRequest(order)
	case ussd.KindClose:
		return plan{operations: []tx.Operation{tx.RevokeGrant{Account: order.Payer, Grantee: r.provider.Public()}}}, nil
	case ussd.KindKeep, ussd.KindDelay:
		return r.planHold(order, fees)
	case ussd.KindRelease:
		return plan{operations: []tx.Operation{tx.ReleaseHold{Hold: order.Hold, Debit: order.Payer}}, granted: tx.GrantHold}, nil
	case ussd.KindClaim:
		return plan{granted: tx.GrantCapture, operations: []tx.Operation{tx.CaptureHold{
			Hold: order.Hold, Debit: order.Payee.Account, Credit: order.Payer, Asset: r.asset, Amount: order.Amount,
		}}}, nil
	case ussd.KindReturn:
		return r.planReturn(ctx, order)
	case ussd.KindStopMove:
		stop := tx.CancelMove{Alias: r.aliasKey.Alias(string(order.Payee.Phone)), Account: order.Payer}
		return plan{operations: []tx.Operation{stop}, granted: tx.GrantCancel}, nil
	case ussd.KindCashOut:
		return r.planCashOut(order, fees)
	case ussd.KindCashGive:
		return r.planCashGive(order)
	case ussd.KindGroupOpen:
		return r.planGroup(ctx, order, fees)
	}
	return plan{}, fmt.Errorf("prepare %q: %w", order.Kind, errKind)
}

// errKind means that the session machine orders what is not made here: a mistake in this package.
var errKind = errors.New("an order of a kind that is not known")

func (r *remote) planTransfer(order ussd.Order, fees sdk.FeeSchedule) (plan, error) {
	fee, ok := fees.For(order.Amount)
	if !ok {
		return plan{}, fmt.Errorf("fee of %d: %w", order.Amount, sdk.ErrNoFee)
	}
	transfer := tx.Transfer{
		Debit: order.Debit(), Credit: order.Payee.Account, Asset: r.asset, Amount: order.Amount, Fee: &fee, Request: order.Request,
		Reference: references[order.Kind],
	}
	if order.Payee.Alias != (key.Alias{}) {
		transfer.Alias = &order.Payee.Alias
	}
	return plan{operations: []tx.Operation{transfer}, granted: tx.GrantTransfer, fee: fee}, nil
}

func (r *remote) planRequest(order ussd.Order) (plan, error) {
	if order.Kind == ussd.KindDecline {
		if order.Request == nil {
			return plan{}, fmt.Errorf("decline without a request: %w", errKind)
		}
		return plan{operations: []tx.Operation{tx.DeclineRequest{Request: *order.Request, Account: order.Payer}}, granted: tx.GrantRequest}, nil
	}
	return plan{granted: tx.GrantRequest, operations: []tx.Operation{tx.RequestPayment{
		Credit: order.Payer, Debit: order.Payee.Account, Asset: r.asset, Amount: order.Amount, ExpiresAtUnixMs: order.EndsAtUnixMs,
	}}}, nil
}

func (r *remote) prepare(expiresAtUnixMs uint64, operations ...tx.Operation) (ussd.Prepared, error) {
	body, err := sdk.NewBody(rand.Reader, expiresAtUnixMs, operations...)
	if err != nil {
		return ussd.Prepared{}, err
	}
	raw, err := body.Encode()
	if err != nil {
		return ussd.Prepared{}, err
	}
	return ussd.Prepared{ID: tx.NewID(r.genesis.Network(), raw), Body: raw, ExpiresAtUnixMs: expiresAtUnixMs}, nil
}
