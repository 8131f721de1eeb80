package ledger

import (
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// A request asks an account for a payment. It moves and reserves nothing: the payer's transfer names it, which ends it, so that a bill
// is paid once however often it is shown. It ends as well when either side declines, and at its expiry.

// Request is a request entry: credit(16) debit(16) asset(4) amount(8) expires(8).
type Request struct {
	Credit, Debit   tx.AccountID
	Asset           tx.Asset
	Amount          amount.Amount
	ExpiresAtUnixMs uint64
}

func (q Request) encode() []byte {
	out := append(append(make([]byte, 0, 52), q.Credit[:]...), q.Debit[:]...)
	return put64(put64(put32(out, uint32(q.Asset)), uint64(q.Amount)), q.ExpiresAtUnixMs)
}

func decodeRequest(raw []byte) (Request, error) {
	r := reader{rest: raw}
	var q Request
	copy(q.Credit[:], r.take(16))
	copy(q.Debit[:], r.take(16))
	q.Asset, q.Amount, q.ExpiresAtUnixMs = tx.Asset(r.u32()), amount.Amount(r.u64()), r.u64()
	return q, r.end("request")
}

// Request reads a request; one that has ended is not there. A request whose expiry is before ledger time has ended too, though its
// leaf may be still to come.
func (s State) Request(id tx.RequestID) (*Request, error) {
	return lookup(s, keyRequest(id), decodeRequest)
}

// openRequest reads a request that has not ended.
func (b *batch) openRequest(id tx.RequestID) (*Request, error) {
	q, err := b.Request(id)
	if err != nil || q == nil || q.ExpiresAtUnixMs < b.timeUnixMs {
		return nil, err
	}
	return q, nil
}

// admitRequest: the payee asks, and who is asked exists. A bill may be made before its payer's account is open, so that this is
// not recorded, as for a transfer that arrives before the account it debits.
func (d *draft) admitRequest(o tx.RequestPayment, ended []tx.RevokeGrant) (tx.Code, error) {
	code, err := d.admitRight(right{o.Credit, tx.GrantRequest, o.Asset, tx.AccountUnknown}, ended)
	if err != nil || code != tx.OK || d.founding[o.Debit] != nil {
		return code, err
	}
	asked, err := d.Account(o.Debit)
	if err != nil || asked == nil {
		return tx.DebitAccountUnknown, err
	}
	return tx.OK, nil
}

// requestPayment makes a request.
func (d *draft) requestPayment(o tx.RequestPayment) (tx.Code, error) {
	asset, err := d.Asset(o.Asset)
	switch {
	case err != nil:
		return 0, err
	case asset == nil:
		return tx.AssetUnknown, nil
	case o.Debit == o.Credit:
		return tx.SelfTransfer, nil
	}
	id := tx.NewRequestID(d.signed.ID(), d.operation)
	// As for holds: two bodies may have one id, if somebody has looked for them.
	if earlier, err := d.Request(id); err != nil || earlier != nil {
		return tx.NothingToChange, err
	}
	if !d.ahead(o.ExpiresAtUnixMs) {
		return tx.TimeNotValid, nil
	}
	q := Request{Credit: o.Credit, Debit: o.Debit, Asset: o.Asset, Amount: o.Amount, ExpiresAtUnixMs: o.ExpiresAtUnixMs}
	d.put(keyRequest(id), q.encode())
	d.schedule(q.ExpiresAtUnixMs, dueRequest, id[:])
	return tx.OK, nil
}

// declineRequest ends a request for its payer or its payee.
func (d *draft) declineRequest(o tx.DeclineRequest) (tx.Code, error) {
	q, err := d.openRequest(o.Request)
	switch {
	case err != nil:
		return 0, err
	case q == nil:
		return tx.RequestUnknown, nil
	case o.Account != q.Debit && o.Account != q.Credit:
		return tx.RequestMismatch, nil
	}
	d.endRequest(o.Request, *q)
	return tx.OK, nil
}

// requested reads the request that a transfer pays; nil when it names none.
func (d *draft) requested(o tx.Transfer) (*Request, tx.Code, error) {
	if o.Request == nil {
		return nil, tx.OK, nil
	}
	q, err := d.openRequest(*o.Request)
	switch {
	case err != nil:
		return nil, 0, err
	case q == nil:
		return nil, tx.RequestUnknown, nil
	case o.Debit != q.Debit || o.Credit != q.Credit || o.Asset != q.Asset || o.Amount != q.Amount:
		return nil, tx.RequestMismatch, nil
	}
	return q, tx.OK, nil
}

// endRequest takes a request away.
func (d *draft) endRequest(id tx.RequestID, q Request) {
	d.put(keyRequest(id), nil)
	d.unschedule(q.ExpiresAtUnixMs, dueRequest, id[:])
}

// expireRequest ends a request that was not paid in time.
func (a *act) expireRequest(id tx.RequestID) (*tx.Effect, error) {
	q, err := a.Request(id)
	if err != nil || q == nil {
		return nil, corrupt(err, "request due without an entry")
	}
	a.put(keyRequest(id), nil)
	return &tx.Effect{Kind: tx.RequestExpired, Accounts: []tx.AccountID{q.Debit, q.Credit}}, nil
}
