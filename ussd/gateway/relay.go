package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/ledger/compact"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
)

// What other wallets sign, and what other providers hand over.

// Rebuild reads a signed payment out of a text message.
func (r *remote) Rebuild(ctx context.Context, text string) (ussd.Relayed, error) {
	for _, wrong := range []error{compact.ErrText, compact.ErrChecksum, compact.ErrTemplate, compact.ErrField} {
		if _, err := compact.Parse(text); errors.Is(err, wrong) {
			return ussd.Relayed{}, fmt.Errorf("%w: %w", ussd.ErrLetters, err)
		}
	}
	signed, err := r.client.Rebuild(ctx, text)
	for _, wrong := range []error{compact.ErrUnknownAccount, compact.ErrNotSingleKey, tx.ErrBadSignature} {
		if errors.Is(err, wrong) {
			return ussd.Relayed{}, fmt.Errorf("%w: %w", ussd.ErrUnsigned, err)
		}
	}
	if err != nil {
		return ussd.Relayed{}, err
	}
	transfer, ok := signed.Body.Operations[0].(tx.Transfer)
	if !ok {
		return ussd.Relayed{}, ussd.ErrLetters
	}
	asset, err := r.client.Asset(ctx, transfer.Asset)
	if errors.Is(err, sdk.ErrNotFound) {
		return ussd.Relayed{}, fmt.Errorf("%w: %w", ussd.ErrUnsigned, err)
	}
	return ussd.Relayed{ID: signed.ID(), Envelope: signed.Envelope(), Amount: transfer.Amount, Asset: ussd.Asset{Code: asset.Code, Scale: asset.Scale}}, err
}

// Relay hands over what its payer signed and waits for its final outcome.
func (r *remote) Relay(ctx context.Context, payment ussd.Relayed) (ussd.Outcome, error) {
	signed, err := tx.Parse(r.genesis.Network(), payment.Envelope)
	if err != nil {
		return ussd.Outcome{}, err
	}
	o, err := r.client.Submit(ctx, signed)
	var refused *sdk.RefusedError
	switch {
	case errors.As(err, &refused) && !refused.Unsettled:
		return ussd.Outcome{}, fmt.Errorf("%w: %w", ussd.ErrNotTaken, err)
	case err != nil:
		return ussd.Outcome{}, err
	}
	return r.outcomeOf(o)
}

// outcomeOf is what became of a transaction, for people.
func (r *remote) outcomeOf(o sdk.Outcome) (ussd.Outcome, error) {
	if o.Expired {
		return ussd.Outcome{Code: ussd.OutcomeExpired}, nil
	}
	if !o.Final {
		return ussd.Outcome{}, sdk.ErrUnknown
	}
	code, known := outcomes[o.Result.Code]
	if !known {
		code = ussd.OutcomeRefused
	}
	return ussd.Outcome{Code: code, ReceiptCode: o.ReceiptCode}, nil
}

// pendingWait is how long a confirm screen waits to hear of payments at other providers: it can do without.
const pendingWait = time.Second

// pending are the open transactions of an account, as far as validators say soon.
func (r *remote) pending(ctx context.Context, account tx.AccountID) []tx.ID {
	brief, cancel := context.WithTimeout(ctx, pendingWait)
	defer cancel()
	open, err := r.client.Pending(brief, account, r.provider)
	if err != nil {
		return nil
	}
	ids := make([]tx.ID, 0, len(open))
	for _, p := range open {
		ids = append(ids, p.ID)
	}
	return ids
}
