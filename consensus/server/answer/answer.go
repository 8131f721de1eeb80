// Package answer writes what the ledger holds as the messages of umoja.api.v1.
//
// An answer is made from one consistent view: the function reads the entries that it needs, gives the message, and keeps nothing. It is nil
// when there is no such entry, and then nobody has done anything wrong; an error is the storage's, or ledger.ErrCorrupt. The package promises
// bounded messages: a list has at most the limit asked for, a provider at most MaxSchedules fee schedules. It checks no field of a
// request; the service that calls it does.
package answer

import (
	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// MaxList bounds a list.
const MaxList = 100

// Account describes an account.
func Account(s ledger.State, id tx.AccountID) (*apiv1.GetAccountResponse, error) {
	account, err := s.Account(id)
	if err != nil || account == nil {
		return nil, err
	}
	return &apiv1.GetAccountResponse{
		Id: id[:], Number: uint64(account.Number), Authority: account.Authority.Encode(), Tier: uint32(account.Tier),
		FrozenUntilUnixMs: account.FrozenUntilUnixMs, Pending: uint32(account.Pending),
	}, nil
}

// Parameters are the numbers that ballots may change.
func Parameters(s ledger.State) ([]*umojav1.SetParameter, error) {
	var all []*umojav1.SetParameter
	for p := tx.Attestations; p <= tx.CreditBurst; p++ {
		value, err := s.Parameter(p)
		if err != nil {
			return nil, err
		}
		all = append(all, &umojav1.SetParameter{Parameter: umojav1.Parameter(p), Value: value})
	}
	return all, nil
}

// Grant reads a grant, and what is left of it on the day of the time.
func Grant(s ledger.State, account tx.AccountID, grantee key.Public, timeUnixMs uint64) (*apiv1.GetGrantResponse, error) {
	g, err := s.Grant(account, grantee)
	if err != nil || g == nil {
		return nil, err
	}
	return grant(s, *g, timeUnixMs)
}

func grant(s ledger.State, g ledger.Grant, timeUnixMs uint64) (*apiv1.GetGrantResponse, error) {
	left, err := s.LeftToday(g, timeUnixMs)
	if err != nil {
		return nil, err
	}
	m := &apiv1.GetGrantResponse{
		Asset: uint32(g.Asset), CapTransaction: uint64(g.CapTransaction), CapDay: uint64(g.CapDay), LeftToday: left,
		FeeCeiling: uint64(g.FeeCeiling), ExpiresAtUnixMs: g.ExpiresAtUnixMs,
	}
	for _, op := range tx.GrantAll() {
		if g.Allows(op) {
			m.Operations = append(m.Operations, umojav1.GrantedOperation(op))
		}
	}
	return m, nil
}

// Asset describes an asset.
func Asset(s ledger.State, number tx.Asset) (*apiv1.Asset, error) {
	a, err := s.Asset(number)
	if err != nil || a == nil {
		return nil, err
	}
	m := &apiv1.Asset{
		Number: uint32(number), Code: a.Code, Scale: uint32(a.Scale), Issuer: a.Issuer[:], Supply: uint64(a.Supply),
		Kind: umojav1.AssetKind(a.Kind), SpendUntilUnixMs: a.SpendUntilUnixMs, ProvisionalInflowDay: uint64(a.ProvisionalInflowDay),
	}
	if a.Arbiter != (tx.AccountID{}) {
		m.Arbiter = a.Arbiter[:]
	}
	if a.ReserveStatedUnixMs != 0 {
		m.Reserve, m.ReserveAsOfUnixMs, m.ReserveStatedUnixMs = uint64(a.Reserve), a.ReserveAsOfUnixMs, a.ReserveStatedUnixMs
		m.ReserveEvidenceHash = a.ReserveEvidence[:]
	}
	for tier := range uint8(tx.MaxTier + 1) {
		limit, err := s.Limit(number, tier)
		if err != nil {
			return nil, err
		}
		if limit != nil {
			m.Limits = append(m.Limits, &umojav1.TierLimit{
				Tier: uint32(tier), CapTransaction: uint64(limit.CapTransaction), CapDay: uint64(limit.CapDay),
			})
		}
	}
	return m, nil
}

// AssetByCode describes the asset with a code.
func AssetByCode(s ledger.State, code string) (*apiv1.Asset, error) {
	number, err := s.AssetByCode(code)
	if err != nil || number == nil {
		return nil, err
	}
	return Asset(s, *number)
}

// Assets lists the assets with a number above after, at most limit.
func Assets(s ledger.State, after uint32, limit int) ([]*apiv1.Asset, error) {
	count, err := s.AssetCount()
	if err != nil {
		return nil, err
	}
	var all []*apiv1.Asset
	// In uint64, so that the largest number ends the loop.
	for n := uint64(after) + 1; n <= count && len(all) < min(limit, MaxList); n++ {
		m, err := Asset(s, tx.Asset(n))
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// Hold reads a hold that has not ended at the time of the view.
func Hold(s ledger.State, id tx.HoldID, timeUnixMs uint64) (*apiv1.GetHoldResponse, error) {
	h, err := s.Hold(id)
	if err != nil || h == nil || h.ExpiresAtUnixMs < timeUnixMs {
		return nil, err
	}
	m := &apiv1.GetHoldResponse{
		Debit: h.Debit[:], Asset: uint32(h.Asset), Left: uint64(h.Left), Fee: uint64(h.Fee), OnExpiry: umojav1.HoldExpiry_HOLD_EXPIRY_RETURN,
		ExpiresAtUnixMs: h.ExpiresAtUnixMs, PayerMayRelease: h.PayerMayRelease,
	}
	if h.Completes {
		m.OnExpiry = umojav1.HoldExpiry_HOLD_EXPIRY_COMPLETE
	}
	if h.Credit != (tx.AccountID{}) {
		m.Credit = h.Credit[:]
	} else {
		m.Alias = h.Alias[:]
	}
	if h.Hashlock != nil {
		m.Hashlock = h.Hashlock[:]
	}
	return m, nil
}

// Request reads a request that has not ended at the time of the view.
func Request(s ledger.State, id tx.RequestID, timeUnixMs uint64) (*apiv1.GetRequestResponse, error) {
	q, err := s.Request(id)
	if err != nil || q == nil || q.ExpiresAtUnixMs < timeUnixMs {
		return nil, err
	}
	return &apiv1.GetRequestResponse{
		Credit: q.Credit[:], Debit: q.Debit[:], Asset: uint32(q.Asset), Amount: uint64(q.Amount), ExpiresAtUnixMs: q.ExpiresAtUnixMs,
	}, nil
}
