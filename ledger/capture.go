package ledger

import (
	"crypto/sha256"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// A hold ends by captures and releases, or by its expiry (hold.go). The payee captures; nobody else is credited, whatever secret he
// knows. A frozen payer changes nothing: see hold.go.

// captureHold credits the payee with some or all of a hold.
func (d *draft) captureHold(o tx.CaptureHold) (tx.Code, error) {
	h, err := d.openHold(o.Hold)
	switch {
	case err != nil:
		return 0, err
	case h == nil:
		return tx.HoldUnknown, nil
	case o.Debit == o.Credit:
		return tx.SelfTransfer, nil
	}
	if h.toAlias() {
		if code, err := d.claims(h.Alias, o.Credit); err != nil || code != tx.OK {
			return code, err
		}
	}
	switch {
	case o.Debit != h.Debit || o.Asset != h.Asset || !h.toAlias() && o.Credit != h.Credit:
		return tx.HoldMismatch, nil
	case !h.opens(o.Preimage):
		return tx.PreimageMismatch, nil
	}
	may, err := d.mayReceive(h, o.Credit)
	switch {
	case err != nil:
		return 0, err
	case !may:
		return tx.PayeeNotListed, nil
	case o.Amount > h.Left:
		return tx.CaptureAboveHold, nil
	}
	if err := d.payHold(h, o.Credit, o.Amount); err != nil {
		return 0, err
	}
	if h.Left == 0 || o.ReleaseRest {
		return tx.OK, d.endHold(o.Hold, h)
	}
	d.put(keyHold(o.Hold), h.encode())
	return tx.OK, nil
}

// claims says whether an account may have what is held for an alias.
func (d *draft) claims(alias key.Alias, account tx.AccountID) (tx.Code, error) {
	bound, err := d.Alias(alias)
	switch {
	case err != nil:
		return 0, err
	case !bound.Bound() || bound.Account != account:
		return tx.AliasNotBoundToPayee, nil
	case bound.Status != AliasAttested:
		return tx.AliasProvisional, nil
	}
	return tx.OK, nil
}

// opens says whether a capture shows what the hashlock asks for: the secret, or nothing.
func (h *Hold) opens(preimage *[32]byte) bool {
	if h.Hashlock == nil || preimage == nil {
		return h.Hashlock == nil && preimage == nil
	}
	return sha256.Sum256(preimage[:]) == *h.Hashlock
}

// releaseHold gives back what is left. That the signers may is decided by admitRelease.
func (d *draft) releaseHold(o tx.ReleaseHold) (tx.Code, error) {
	h, err := d.openHold(o.Hold)
	switch {
	case err != nil:
		return 0, err
	case h == nil:
		return tx.HoldUnknown, nil
	case h.Debit != o.Debit:
		return tx.HoldMismatch, nil
	}
	return tx.OK, d.endHold(o.Hold, h)
}

// admitRelease: the payee signs; or the payer, if the hold says that the payer may. Of a hold that is not there nobody knows the
// payee, so only who acts for the account named as payer gets an answer that stays: a stranger could otherwise burn a release, or spend
// that account's credits, by asking for holds that do not exist.
func (d *draft) admitRelease(o tx.ReleaseHold, ended []tx.RevokeGrant) (tx.Code, error) {
	h, err := d.openHold(o.Hold)
	if err != nil {
		return 0, err
	}
	if h == nil || h.Debit != o.Debit {
		return d.admitRight(right{o.Debit, tx.GrantHold, 0, tx.AccountUnknown}, ended)
	}
	if h.PayerMayRelease {
		if code, err := d.admitRight(right{h.Debit, tx.GrantHold, h.Asset, tx.AccountUnknown}, ended); err != nil || code == tx.OK {
			return code, err
		}
	}
	payee, err := h.payee(d.Alias)
	if err != nil || payee == nil {
		return tx.Unauthorised, err
	}
	return d.admitRight(right{*payee, tx.GrantCapture, h.Asset, tx.AccountUnknown}, ended)
}

// releaser is the account that a release acts for, whose credits pay for it: the payer if the payer signs, else the payee.
func (d *draft) releaser(o tx.ReleaseHold) (tx.AccountID, error) {
	code, err := d.admitRight(right{o.Debit, tx.GrantHold, 0, tx.AccountUnknown}, nil)
	if err != nil || code == tx.OK {
		return o.Debit, err
	}
	h, err := d.openHold(o.Hold)
	if err != nil || h == nil {
		return o.Debit, corrupt(err, "admitted release by the payee of no hold")
	}
	payee, err := h.payee(d.Alias)
	if err != nil || payee == nil {
		return o.Debit, corrupt(err, "admitted release by nobody")
	}
	return *payee, nil
}
