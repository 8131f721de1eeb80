package tx

import (
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

func (o PlaceHold) proto() *umojav1.Operation {
	m := &umojav1.PlaceHold{
		Debit:           o.Debit[:],
		Credit:          bytes16(o.Credit),
		Alias:           bytes32(o.Alias),
		Asset:           uint32(o.Asset),
		Amount:          uint64(o.Amount),
		Fee:             o.Fee.proto(),
		OnExpiry:        umojav1.HoldExpiry(o.OnExpiry),
		ExpiresAtUnixMs: o.ExpiresAtUnixMs,
		Hashlock:        bytes32(o.Hashlock),
		PayerMayRelease: o.PayerMayRelease,
		Reference:       o.Reference,
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_PlaceHold{PlaceHold: m}}
}

func placeHoldOf(m *umojav1.PlaceHold) (Operation, error) {
	o := PlaceHold{
		Asset: Asset(m.GetAsset()), Amount: amount.Amount(m.GetAmount()), OnExpiry: HoldExpiry(m.GetOnExpiry()),
		ExpiresAtUnixMs: m.GetExpiresAtUnixMs(), PayerMayRelease: m.GetPayerMayRelease(), Reference: m.GetReference(),
	}
	r := reader{of: "place_hold"}
	r.fixed(o.Debit[:], m.GetDebit(), "debit")
	o.Credit = optional16[AccountID](&r, m.GetCredit(), "credit")
	o.Alias = optional32[key.Alias](&r, m.GetAlias(), "alias")
	o.Fee = feeOf(&r, m.GetFee())
	o.Hashlock = optional32[[32]byte](&r, m.GetHashlock(), "hashlock")
	return o, r.err
}

func (o CaptureHold) proto() *umojav1.Operation {
	m := &umojav1.CaptureHold{
		Hold:        o.Hold[:],
		Debit:       o.Debit[:],
		Credit:      o.Credit[:],
		Asset:       uint32(o.Asset),
		Amount:      uint64(o.Amount),
		Preimage:    bytes32(o.Preimage),
		ReleaseRest: o.ReleaseRest,
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_CaptureHold{CaptureHold: m}}
}

func captureHoldOf(m *umojav1.CaptureHold) (Operation, error) {
	o := CaptureHold{Asset: Asset(m.GetAsset()), Amount: amount.Amount(m.GetAmount()), ReleaseRest: m.GetReleaseRest()}
	r := reader{of: "capture_hold"}
	r.fixed(o.Hold[:], m.GetHold(), "hold")
	r.fixed(o.Debit[:], m.GetDebit(), "debit")
	r.fixed(o.Credit[:], m.GetCredit(), "credit")
	o.Preimage = optional32[[32]byte](&r, m.GetPreimage(), "preimage")
	return o, r.err
}

func (o ReleaseHold) proto() *umojav1.Operation {
	m := &umojav1.ReleaseHold{
		Hold:  o.Hold[:],
		Debit: o.Debit[:],
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_ReleaseHold{ReleaseHold: m}}
}

func releaseHoldOf(m *umojav1.ReleaseHold) (Operation, error) {
	var o ReleaseHold
	r := reader{of: "release_hold"}
	r.fixed(o.Hold[:], m.GetHold(), "hold")
	r.fixed(o.Debit[:], m.GetDebit(), "debit")
	return o, r.err
}

func (o RequestPayment) proto() *umojav1.Operation {
	m := &umojav1.RequestPayment{
		Credit:          o.Credit[:],
		Debit:           o.Debit[:],
		Asset:           uint32(o.Asset),
		Amount:          uint64(o.Amount),
		ExpiresAtUnixMs: o.ExpiresAtUnixMs,
		Reference:       o.Reference,
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_RequestPayment{RequestPayment: m}}
}

func requestPaymentOf(m *umojav1.RequestPayment) (Operation, error) {
	o := RequestPayment{
		Asset: Asset(m.GetAsset()), Amount: amount.Amount(m.GetAmount()), ExpiresAtUnixMs: m.GetExpiresAtUnixMs(),
		Reference: m.GetReference(),
	}
	r := reader{of: "request_payment"}
	r.fixed(o.Credit[:], m.GetCredit(), "credit")
	r.fixed(o.Debit[:], m.GetDebit(), "debit")
	return o, r.err
}

func (o DeclineRequest) proto() *umojav1.Operation {
	m := &umojav1.DeclineRequest{
		Request: o.Request[:],
		Account: o.Account[:],
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_DeclineRequest{DeclineRequest: m}}
}

func declineRequestOf(m *umojav1.DeclineRequest) (Operation, error) {
	var o DeclineRequest
	r := reader{of: "decline_request"}
	r.fixed(o.Request[:], m.GetRequest(), "request")
	r.fixed(o.Account[:], m.GetAccount(), "account")
	return o, r.err
}
