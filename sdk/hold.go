package sdk

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Hold is units of an account that are reserved for a payee.
type Hold struct {
	ID    tx.HoldID
	Debit tx.AccountID
	// Credit is the payee; nil when Alias alone names who may claim it.
	Credit *tx.AccountID
	Alias  *key.Alias
	Asset  tx.Asset
	// Left is not captured yet; Fee is what the first capture pays, 0 once it was paid.
	Left, Fee       amount.Amount
	OnExpiry        tx.HoldExpiry
	ExpiresAtUnixMs uint64
	Hashlock        *[32]byte // nil when a capture needs no secret
	PayerMayRelease bool
	AsOf            AsOf
}

// Hold reads a hold; ErrNotFound means that it was never placed or has ended. It is one validator's word: the ledger refuses a capture that does
// not fit the hold.
func (c *Client) Hold(ctx context.Context, id tx.HoldID) (Hold, error) {
	h, err := readFresh(ctx, c, func(h Hold) AsOf { return h.AsOf }, func(ctx context.Context, v *validator) (Hold, error) {
		m, err := v.GetHold(ctx, &apiv1.GetHoldRequest{Hold: id[:]})
		if err != nil {
			return Hold{}, err
		}
		return holdOf(id, m)
	})
	if err != nil {
		return Hold{}, fmt.Errorf("get hold: %w", err)
	}
	return h, nil
}

func holdOf(id tx.HoldID, m *apiv1.GetHoldResponse) (Hold, error) {
	if len(m.GetDebit()) != 16 || m.GetLeft() > uint64(amount.Max) || m.GetFee() > uint64(amount.Max) {
		return Hold{}, fmt.Errorf("hold: %w", ErrBadAnswer)
	}
	h := Hold{
		ID: id, Debit: tx.AccountID(m.GetDebit()), Asset: tx.Asset(m.GetAsset()), Left: amount.Amount(m.GetLeft()), Fee: amount.Amount(m.GetFee()),
		OnExpiry: tx.HoldExpiry(m.GetOnExpiry()), ExpiresAtUnixMs: m.GetExpiresAtUnixMs(), PayerMayRelease: m.GetPayerMayRelease(), AsOf: asOf(m.GetAsOf()),
	}
	if raw := m.GetCredit(); len(raw) == 16 {
		credit := tx.AccountID(raw)
		h.Credit = &credit
	}
	if raw := m.GetAlias(); len(raw) == 32 {
		alias := key.Alias(raw)
		h.Alias = &alias
	}
	if raw := m.GetHashlock(); len(raw) == 32 {
		hashlock := [32]byte(raw)
		h.Hashlock = &hashlock
	}
	if (h.Credit == nil) == (h.Alias == nil) {
		return Hold{}, fmt.Errorf("hold names not one payee: %w", ErrBadAnswer)
	}
	return h, nil
}

// HoldOrder is what a hold shall be.
type HoldOrder struct {
	// To names the payee as in Pay; a phone number may be one that nobody has registered.
	To     string
	Asset  tx.Asset
	Amount amount.Amount
	// Lasts is how long the payee has to capture it, at most 90 days.
	Lasts time.Duration
	// OnExpiry says what becomes of what is not captured; 0 is tx.ExpiryReturns.
	OnExpiry tx.HoldExpiry
	// Secret must be shown by a capture; nil when none is asked for. Who gives it away lets the payee capture.
	Secret *[32]byte
	// PayerMayRelease lets the wallet take it back before it expires.
	PayerMayRelease bool
	Reference       string
}

// NewHold finds the payee and makes the operation of a hold.
func (w *Wallet) NewHold(ctx context.Context, o HoldOrder) (tx.PlaceHold, error) {
	hold := tx.PlaceHold{
		Debit: w.account, Asset: o.Asset, Amount: o.Amount, OnExpiry: o.OnExpiry, PayerMayRelease: o.PayerMayRelease, Reference: o.Reference,
	}
	if hold.OnExpiry == 0 {
		hold.OnExpiry = tx.ExpiryReturns
	}
	if o.Secret != nil {
		hashlock := sha256.Sum256(o.Secret[:])
		hold.Hashlock = &hashlock
	}
	payee, err := w.client.FindPayee(ctx, o.To)
	switch {
	case err == nil:
		hold.Credit, hold.Alias = &payee.Account, payee.Alias
	case errors.Is(err, ErrUnknownAlias):
		alias, err := w.client.Alias(ctx, o.To)
		if err != nil {
			return hold, err
		}
		hold.Alias = &alias
	default:
		return hold, err
	}
	hold.ExpiresAtUnixMs, err = w.client.ExpiryIn(ctx, o.Lasts)
	return hold, err
}

// PlaceHold reserves units for a payee, and gives the hold's id beside the outcome. Each call is a hold of its own.
func (w *Wallet) PlaceHold(ctx context.Context, o HoldOrder) (tx.HoldID, Outcome, error) {
	hold, err := w.NewHold(ctx, o)
	if err != nil {
		return tx.HoldID{}, Outcome{}, err
	}
	outcome, err := w.Do(ctx, hold)
	return tx.NewHoldID(outcome.ID, 0), outcome, err
}

// Capture is how much of a hold is taken.
type Capture struct {
	// Amount is how much; 0 is all that is left.
	Amount amount.Amount
	// Secret opens the hold's hashlock; nil when it has none.
	Secret *[32]byte
	// ReleaseRest gives the rest back to the payer at once.
	ReleaseRest bool
}

// NewCapture makes the operation that takes some or all of a hold.
func (w *Wallet) NewCapture(h Hold, c Capture) tx.CaptureHold {
	if c.Amount == 0 {
		c.Amount = h.Left
	}
	return tx.CaptureHold{
		Hold: h.ID, Debit: h.Debit, Credit: w.account, Asset: h.Asset, Amount: c.Amount, Preimage: c.Secret, ReleaseRest: c.ReleaseRest,
	}
}

// CaptureHold credits the wallet's account with some or all of a hold that names it, or a phone number of it.
func (w *Wallet) CaptureHold(ctx context.Context, id tx.HoldID, c Capture) (Outcome, error) {
	h, err := w.client.Hold(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	return w.Do(ctx, w.NewCapture(h, c))
}

// ReleaseHold ends a hold: what is left of it is the payer's again. The payee may, and the payer if the hold says so.
func (w *Wallet) ReleaseHold(ctx context.Context, id tx.HoldID) (Outcome, error) {
	h, err := w.client.Hold(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	return w.Do(ctx, tx.ReleaseHold{Hold: id, Debit: h.Debit})
}
