package tx

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
)

// HoldID, RequestID and BallotID name what an operation makes. They follow from the transaction's id and the operation's
// position, so an author knows them before the ledger does.
type (
	HoldID    [16]byte
	RequestID [16]byte
	BallotID  [16]byte
)

// NewHoldID names the hold that an operation places.
func NewHoldID(id ID, operation uint32) HoldID { return HoldID(madeID("umoja/hold/v1", id, operation)) }

// NewRequestID names the request that an operation makes.
func NewRequestID(id ID, operation uint32) RequestID {
	return RequestID(madeID("umoja/request/v1", id, operation))
}

// NewBallotID names the ballot that an operation opens.
func NewBallotID(id ID, operation uint32) BallotID {
	return BallotID(madeID("umoja/ballot/v1", id, operation))
}

func madeID(tag string, id ID, operation uint32) [16]byte {
	h := key.TaggedHash(tag, id[:], binary.BigEndian.AppendUint32(nil, operation))
	return [16]byte(h[:16])
}

// String writes the id in hexadecimal.
func (h HoldID) String() string { return hex.EncodeToString(h[:]) }

// String writes the id in hexadecimal.
func (r RequestID) String() string { return hex.EncodeToString(r[:]) }

// String writes the id in hexadecimal.
func (b BallotID) String() string { return hex.EncodeToString(b[:]) }

// HoldExpiry says what the expiry of a hold does.
type HoldExpiry uint32

// What the expiry of a hold does.
const (
	ExpiryReturns   HoldExpiry = 1
	ExpiryCompletes HoldExpiry = 2
)

// PlaceHold reserves units for a payee.
type PlaceHold struct {
	Debit AccountID
	// Credit is the payee; nil when Alias alone names it. Invariant: one of Credit and Alias is set.
	Credit          *AccountID
	Alias           *key.Alias
	Asset           Asset
	Amount          amount.Amount
	Fee             *Fee // nil when no provider carries it
	OnExpiry        HoldExpiry
	ExpiresAtUnixMs uint64
	Hashlock        *[32]byte // nil when a capture needs no secret
	PayerMayRelease bool
	Reference       string
}

// Total is amount and fee together; false when they pass amount.Max.
func (o PlaceHold) Total() (amount.Amount, bool) { return total(o.Amount, o.Fee) }

func (o PlaceHold) check() error {
	if err := checkUnits("place_hold", o.Asset, o.Amount); err != nil {
		return err
	}
	switch {
	case o.Credit == nil && o.Alias == nil:
		return fmt.Errorf("place_hold names neither credit nor alias: %w", ErrMalformed)
	case o.OnExpiry != ExpiryReturns && o.OnExpiry != ExpiryCompletes:
		return fmt.Errorf("place_hold on_expiry is unknown: %w", ErrMalformed)
	case o.ExpiresAtUnixMs == 0:
		return fmt.Errorf("place_hold expires_at_unix_ms is zero: %w", ErrMalformed)
	}
	if err := checkReference("place_hold", o.Reference); err != nil {
		return err
	}
	_, ok := o.Total()
	return checkFee("place_hold", o.Fee, ok)
}

func (o PlaceHold) accounts(to []AccountID) []AccountID {
	to = append(to, o.Debit)
	if o.Credit != nil {
		to = append(to, *o.Credit)
	}
	return o.Fee.accounts(to)
}
func (o PlaceHold) entries() int { return 10 }

// CaptureHold credits the payee with some or all of a hold.
type CaptureHold struct {
	Hold          HoldID
	Debit, Credit AccountID
	Asset         Asset
	Amount        amount.Amount
	Preimage      *[32]byte // nil when there is no hashlock
	ReleaseRest   bool
}

func (o CaptureHold) check() error                        { return checkUnits("capture_hold", o.Asset, o.Amount) }
func (o CaptureHold) accounts(to []AccountID) []AccountID { return append(to, o.Debit, o.Credit) }
func (o CaptureHold) entries() int                        { return 8 }

// ReleaseHold ends a hold; what is left is the payer's again.
type ReleaseHold struct {
	Hold  HoldID
	Debit AccountID
}

func (o ReleaseHold) check() error                        { return nil }
func (o ReleaseHold) accounts(to []AccountID) []AccountID { return append(to, o.Debit) }
func (o ReleaseHold) entries() int                        { return 6 }

// RequestPayment asks an account for a payment.
type RequestPayment struct {
	Credit, Debit   AccountID
	Asset           Asset
	Amount          amount.Amount
	ExpiresAtUnixMs uint64
	Reference       string
}

func (o RequestPayment) check() error {
	if err := checkUnits("request_payment", o.Asset, o.Amount); err != nil {
		return err
	}
	if o.ExpiresAtUnixMs == 0 {
		return fmt.Errorf("request_payment expires_at_unix_ms is zero: %w", ErrMalformed)
	}
	return checkReference("request_payment", o.Reference)
}
func (o RequestPayment) accounts(to []AccountID) []AccountID { return append(to, o.Credit, o.Debit) }

// The request and when it is due.
func (o RequestPayment) entries() int { return 2 }

// DeclineRequest ends a request.
type DeclineRequest struct {
	Request RequestID
	Account AccountID
}

func (o DeclineRequest) check() error                        { return nil }
func (o DeclineRequest) accounts(to []AccountID) []AccountID { return append(to, o.Account) }
func (o DeclineRequest) entries() int                        { return 2 }
