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

// RequestOrder is what a request to pay shall be.
type RequestOrder struct {
	// From names who is asked, as in Pay.
	From   string
	Asset  tx.Asset
	Amount amount.Amount
	// Lasts is how long it can be paid, at most 90 days.
	Lasts     time.Duration
	Reference string
}

// NewRequest finds who is asked and makes the operation of a request to pay the wallet's account.
func (w *Wallet) NewRequest(ctx context.Context, o RequestOrder) (tx.RequestPayment, error) {
	payer, err := w.client.FindPayee(ctx, o.From)
	if err != nil {
		return tx.RequestPayment{}, err
	}
	expires, err := w.client.ExpiryIn(ctx, o.Lasts)
	return tx.RequestPayment{
		Credit: w.account, Debit: payer.Account, Asset: o.Asset, Amount: o.Amount, ExpiresAtUnixMs: expires, Reference: o.Reference,
	}, err
}

// RequestPayment asks somebody for a payment to the wallet's account, and gives the request's id beside the outcome.
func (w *Wallet) RequestPayment(ctx context.Context, o RequestOrder) (tx.RequestID, Outcome, error) {
	request, err := w.NewRequest(ctx, o)
	if err != nil {
		return tx.RequestID{}, Outcome{}, err
	}
	outcome, err := w.Do(ctx, request)
	return tx.NewRequestID(outcome.ID, 0), outcome, err
}

// NewRequestedPayment makes the operation that pays what a request asks for, to whom it says.
func (w *Wallet) NewRequestedPayment(r Request, reference string) tx.Transfer {
	return tx.Transfer{Debit: w.account, Credit: r.Credit, Asset: r.Asset, Amount: r.Amount, Reference: reference, Request: &r.ID}
}

// PayRequest pays what a request asks for, to whom it says. A request is paid at most once.
func (w *Wallet) PayRequest(ctx context.Context, r Request, reference string) (Outcome, error) {
	return w.Do(ctx, w.NewRequestedPayment(r, reference))
}

// DeclineRequest ends a request that the wallet's account was asked to pay, or takes back one that it made.
func (w *Wallet) DeclineRequest(ctx context.Context, id tx.RequestID) (Outcome, error) {
	return w.Do(ctx, tx.DeclineRequest{Request: id, Account: w.account})
}
