package sdk

import (
	"context"
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Request is a request to pay.
type Request struct {
	ID tx.RequestID
	// Credit asks, Debit is asked.
	Credit, Debit   tx.AccountID
	Asset           tx.Asset
	Amount          amount.Amount
	ExpiresAtUnixMs uint64
	AsOf            AsOf
}

// Request reads a request to pay; ErrNotFound means that it was never made or has ended. Who pays it pays whom it names, so f+1 validators must
// answer alike.
func (c *Client) Request(ctx context.Context, id tx.RequestID) (Request, error) {
	word := func(m *apiv1.GetRequestResponse) string {
		return word(&apiv1.GetRequestResponse{Credit: m.GetCredit(), Debit: m.GetDebit(), Asset: m.GetAsset(), Amount: m.GetAmount()})
	}
	answers, err := agreeSoon(ctx, c, word, func(ctx context.Context, v *validator) (*apiv1.GetRequestResponse, error) {
		return v.GetRequest(ctx, &apiv1.GetRequestRequest{Request: id[:]})
	})
	if err != nil {
		return Request{}, fmt.Errorf("get request: %w", err)
	}
	m := answers[0]
	if len(m.GetCredit()) != 16 || len(m.GetDebit()) != 16 || m.GetAmount() > uint64(amount.Max) {
		return Request{}, fmt.Errorf("get request: %w", ErrBadAnswer)
	}
	return Request{
		ID: id, Credit: tx.AccountID(m.GetCredit()), Debit: tx.AccountID(m.GetDebit()), Asset: tx.Asset(m.GetAsset()),
		Amount: amount.Amount(m.GetAmount()), ExpiresAtUnixMs: m.GetExpiresAtUnixMs(), AsOf: asOf(m.GetAsOf()),
	}, nil
}

// RequestPayment asks whoever the text names for a payment to the wallet's account, and gives the request's id beside the outcome. The
// request can be paid as long as it lasts, at most 90 days.
func (w *Wallet) RequestPayment(
	ctx context.Context, from string, asset tx.Asset, a amount.Amount, lasts time.Duration, reference string,
) (tx.RequestID, Outcome, error) {
	payer, err := w.client.FindPayee(ctx, from)
	if err != nil {
		return tx.RequestID{}, Outcome{}, err
	}
	expires, err := w.client.ExpiryIn(ctx, lasts)
	if err != nil {
		return tx.RequestID{}, Outcome{}, err
	}
	outcome, err := w.Do(ctx, tx.RequestPayment{
		Credit: w.account, Debit: payer.Account, Asset: asset, Amount: a, ExpiresAtUnixMs: expires, Reference: reference,
	})
	return tx.NewRequestID(outcome.ID, 0), outcome, err
}

// PayRequest pays what a request asks for, to whom it says. A request is paid at most once.
func (w *Wallet) PayRequest(ctx context.Context, r Request, reference string) (Outcome, error) {
	return w.Do(ctx, tx.Transfer{Debit: w.account, Credit: r.Credit, Asset: r.Asset, Amount: r.Amount, Reference: reference, Request: &r.ID})
}

// DeclineRequest ends a request that the wallet's account was asked to pay, or takes back one that it made.
func (w *Wallet) DeclineRequest(ctx context.Context, id tx.RequestID) (Outcome, error) {
	return w.Do(ctx, tx.DeclineRequest{Request: id, Account: w.account})
}
