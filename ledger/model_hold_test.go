package ledger_test

import (
	"crypto/sha256"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

type hold struct {
	tx.PlaceHold
	// left is not captured yet, fee not paid.
	left, fee uint64
}

// openHold is a hold that has not ended; one whose time is over has ended, though its leaf may be still to come.
func (a *attempt) openHold(id tx.HoldID) (hold, bool) {
	h, there := a.holds[id]
	return h, there && a.now <= h.ExpiresAtUnixMs
}

func (a *attempt) placeHold(o tx.PlaceHold) tx.Code {
	toAccount := o.Credit != nil
	credit := tx.AccountID{}
	if toAccount {
		credit = *o.Credit
	}
	byNumber := toAccount && o.Alias != nil
	p := payment{debit: o.Debit, asset: o.Asset, what: tx.GrantHold, carrier: carrierOf(o.Fee), amount: uint64(o.Amount)}
	listed := toAccount && a.mayReceive(o.Debit, credit, o.Asset) || !toAccount && (!a.vouchers(o.Asset) || o.Debit == a.assets[o.Asset].issuer)
	code := lowest(first(
		broken{tx.CreditAccountUnknown, toAccount && !a.exists(credit)},
		broken{tx.AssetUnknown, !a.known(o.Asset)},
		broken{tx.SelfTransfer, toAccount && o.Debit == credit},
		broken{tx.AliasNotBoundToPayee, byNumber && !a.bound(*o.Alias, credit)},
		broken{tx.AliasProvisional, byNumber && a.alias(*o.Alias).status == provisional},
		broken{tx.TimeNotValid, !a.ahead(o.ExpiresAtUnixMs) || o.Hashlock != nil && o.ExpiresAtUnixMs < a.now+aMinute ||
			a.vouchers(o.Asset) && o.ExpiresAtUnixMs > a.assets[o.Asset].until},
		broken{tx.AccountFrozen, a.frozen(o.Debit)},
		broken{tx.VoucherExpired, a.outlived(o.Debit, o.Asset) || toAccount && a.tooLate(o.Debit, credit, o.Asset) || a.feeTooLate(o.Debit, o.Asset, o.Fee)},
		broken{tx.PayeeNotListed, !listed || !a.mayReceiveFee(o.Debit, o.Asset, o.Fee)},
	), a.feeNamed(o.Asset, o.Fee), a.feeAmount(o.Fee, p.amount, feeOf(o.Fee)))
	if code == tx.OK {
		code = a.draw(p, feeOf(o.Fee))
	}
	if code == tx.OK {
		a.reserve(o.Debit, o.Asset, p.amount+feeOf(o.Fee))
		a.holds[tx.NewHoldID(a.id, a.position)] = hold{o, p.amount, feeOf(o.Fee)}
	}
	return code
}

// ahead says whether a hold or request may expire then.
func (a *attempt) ahead(expires uint64) bool { return expires > a.now && expires <= a.now+90*aDay }

func (m *model) reserve(id tx.AccountID, n tx.Asset, sum uint64) {
	b := m.balances[holding{id, n}]
	b.held += sum
	m.balances[holding{id, n}] = b
}

func (m *model) unreserve(id tx.AccountID, n tx.Asset, sum uint64) {
	b := m.balances[holding{id, n}]
	b.held -= sum
	m.balances[holding{id, n}] = b
}

func (a *attempt) captureHold(o tx.CaptureHold) tx.Code {
	h, open := a.openHold(o.Hold)
	toNumber := open && h.Credit == nil
	locked, shown := h.Hashlock != nil, o.Preimage != nil
	code := first(
		broken{tx.HoldUnknown, !open},
		broken{tx.SelfTransfer, o.Debit == o.Credit},
		broken{tx.AliasNotBoundToPayee, toNumber && !a.bound(*h.Alias, o.Credit)},
		broken{tx.AliasProvisional, toNumber && a.alias(*h.Alias).status == provisional},
		broken{tx.HoldMismatch, o.Debit != h.Debit || o.Asset != h.Asset || open && !toNumber && o.Credit != *h.Credit},
		broken{tx.PreimageMismatch, locked != shown || locked && sha256.Sum256(o.Preimage[:]) != *h.Hashlock},
		broken{tx.PayeeNotListed, !a.mayReceive(o.Debit, o.Credit, o.Asset)},
		broken{tx.CaptureAboveHold, uint64(o.Amount) > h.left},
	)
	if code != tx.OK {
		return code
	}
	h = a.capture(h, o.Credit, uint64(o.Amount))
	a.holds[o.Hold] = h
	if h.left == 0 || o.ReleaseRest {
		a.release(o.Hold)
	}
	return tx.OK
}

// capture pays some of a hold, and its fee if that is not paid yet.
func (m *model) capture(h hold, credit tx.AccountID, sum uint64) hold {
	m.unreserve(h.Debit, h.Asset, sum+h.fee)
	m.debit(h.Debit, h.Asset, sum+h.fee)
	m.credit(credit, h.Asset, sum)
	if h.fee > 0 {
		m.credit(h.Fee.Provider, h.Asset, h.fee)
	}
	h.left, h.fee = h.left-sum, 0
	return h
}

// release ends a hold: what is left is the payer's.
func (m *model) release(id tx.HoldID) {
	h := m.holds[id]
	m.unreserve(h.Debit, h.Asset, h.left+h.fee)
	delete(m.holds, id)
}

func (a *attempt) releaseHold(o tx.ReleaseHold) tx.Code {
	h, open := a.openHold(o.Hold)
	code := first(broken{tx.HoldUnknown, !open}, broken{tx.HoldMismatch, h.Debit != o.Debit})
	if code == tx.OK {
		a.release(o.Hold)
	}
	return code
}

// mayRelease: the payee signs, or the payer if the hold says so. Of a hold that is not there, or not that payer's, only the payer
// hears.
func (a *attempt) mayRelease(o tx.ReleaseHold) tx.Code {
	h, open := a.openHold(o.Hold)
	if !open || h.Debit != o.Debit {
		return a.mayAct(o.Debit, tx.GrantHold, 0)
	}
	payee := h.payee(a.alias)
	payer := h.PayerMayRelease && a.mayAct(h.Debit, tx.GrantHold, h.Asset) == tx.OK
	return first(broken{tx.Unauthorised, !payer && (payee == nil || a.mayAct(*payee, tx.GrantCapture, h.Asset) != tx.OK)})
}

// releaser pays the credits of a release: the payer if the payer signs, else the payee.
func (a *attempt) releaser(o tx.ReleaseHold) tx.AccountID {
	h, open := a.openHold(o.Hold)
	if !open || h.Debit != o.Debit || a.mayAct(o.Debit, tx.GrantHold, 0) == tx.OK {
		return o.Debit
	}
	return *h.payee(a.alias)
}

// payee is who may have what is held: the account named, or the one that the number is bound to by attestation.
func (h hold) payee(bound func(key.Alias) binding) *tx.AccountID {
	if h.Credit != nil {
		return h.Credit
	}
	b := bound(*h.Alias)
	if b.status != attested || b.account == h.Debit {
		return nil
	}
	return &b.account
}

// expireHold does what a hold says of its expiry.
func (m *model) expireHold(id tx.HoldID) effect {
	h := m.holds[id]
	out := effect{kind: tx.HoldReturned, debit: &h.Debit, asset: h.Asset, amount: h.left}
	if h.Credit != nil {
		out.others = []tx.AccountID{*h.Credit}
	}
	if payee := h.payee(func(n key.Alias) binding { return m.aliases[n] }); payee != nil && h.OnExpiry == tx.ExpiryCompletes && m.mayTake(h, *payee) {
		out.kind, out.credit, out.others = tx.HoldCompleted, payee, nil
		h = m.capture(h, *payee, h.left)
		m.holds[id] = h
	}
	m.release(id)
	return out
}

// mayTake says whether a payee may still have vouchers that are held for it.
func (m *model) mayTake(h hold, payee tx.AccountID) bool {
	return (&attempt{model: m}).mayReceive(h.Debit, payee, h.Asset)
}
