package ledger

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// A hold reserves units of an account for a payee: an account, or an alias that nobody may have bound yet. Placing it is the
// payer's debit: authority, grants, caps, limits, fee and freeze are judged then and not again. From then on the units are promised.
// They stay in the payer's balance, but only the payee's capture, a release or the expiry moves them, and a freeze that comes later
// does not: who delivers against a hold must be able to rely on it, and who is about to be frozen could have paid instead.
//
// What a hold used of caps and limits is not given back when its units are. A cap bounds what may leave in a day, and a key that could
// place, release and place again would tie up a balance all day under a cap that never fills.

// The bounds of an expiry.
const (
	// MaxAheadMs is how far ahead of ledger time a hold or a request may expire: 90 days.
	MaxAheadMs = 90 * 24 * 3600 * 1000
	// MinHashlockMs is how far ahead a hold with a hashlock must expire at least. A leader can shift ledger time by 10 s either way, and
	// who learns a secret elsewhere needs what remains to capture: a minute is more than twice the shift.
	MinHashlockMs = 60_000
)

// The bits of a hold's flags.
const (
	holdCompletes = 1 << iota
	holdHashlock
	holdPayerMayRelease
)

// Hold is a hold entry: debit(16) credit(16) alias(32) asset(4) left(8) fee(8) provider(16) expires(8) flags(1) hashlock(32). The flags
// are 1 completes, 2 has a hashlock, 4 payer may release.
type Hold struct {
	Debit tx.AccountID
	// Credit is the payee; zero when Alias alone names it. Invariant: one of Credit and Alias is zero. An alias that was named beside
	// the account is not kept: it was checked when the hold was placed, and the account is what the payer has seen.
	Credit tx.AccountID
	Alias  key.Alias
	Asset  tx.Asset
	// Left is not captured yet. Invariant: at least 1, and with Fee part of the payer's Held.
	Left amount.Amount
	// Fee is the provider's and not paid yet; 0 after the first capture.
	Fee             amount.Amount
	Provider        tx.AccountID
	ExpiresAtUnixMs uint64
	// Completes says that the expiry credits the payee.
	Completes       bool
	PayerMayRelease bool
	// Hashlock is what a capture's secret must hash to; nil when none is asked for.
	Hashlock *[32]byte
}

func (h Hold) encode() []byte {
	out := append(append(append(make([]byte, 0, 141), h.Debit[:]...), h.Credit[:]...), h.Alias[:]...)
	out = put64(put64(put32(out, uint32(h.Asset)), uint64(h.Left)), uint64(h.Fee))
	out = put64(append(out, h.Provider[:]...), h.ExpiresAtUnixMs)
	var flags byte
	var hashlock [32]byte
	if h.Completes {
		flags |= holdCompletes
	}
	if h.PayerMayRelease {
		flags |= holdPayerMayRelease
	}
	if h.Hashlock != nil {
		flags |= holdHashlock
		hashlock = *h.Hashlock
	}
	return append(append(out, flags), hashlock[:]...)
}

func decodeHold(raw []byte) (Hold, error) {
	r := reader{rest: raw}
	var h Hold
	copy(h.Debit[:], r.take(16))
	copy(h.Credit[:], r.take(16))
	copy(h.Alias[:], r.take(32))
	h.Asset, h.Left, h.Fee = tx.Asset(r.u32()), amount.Amount(r.u64()), amount.Amount(r.u64())
	copy(h.Provider[:], r.take(16))
	h.ExpiresAtUnixMs = r.u64()
	flags, hashlock := r.u8(), [32]byte(r.take(32))
	h.Completes, h.PayerMayRelease = flags&holdCompletes != 0, flags&holdPayerMayRelease != 0
	if flags&holdHashlock != 0 {
		h.Hashlock = &hashlock
	}
	if sum, ok := h.Left.Add(h.Fee); h.Left == 0 || !ok || sum > amount.Max || flags > holdCompletes|holdHashlock|holdPayerMayRelease {
		return h, fmt.Errorf("hold entry: left %d, fee %d, flags %d: %w", h.Left, h.Fee, flags, ErrCorrupt)
	}
	return h, r.end("hold")
}

// Hold reads a hold; one that has ended is not there. A hold whose expiry is before ledger time has ended too, though its leaf may
// be still to come.
func (s State) Hold(id tx.HoldID) (*Hold, error) { return lookup(s, keyHold(id), decodeHold) }

// HoldOf reads a state entry as a hold; false when it is of another kind. Audits compare what balances hold with these.
func HoldOf(e Entry) (Hold, bool, error) {
	if len(e.Key) != 1+16 || e.Key[0] != kindHold {
		return Hold{}, false, nil
	}
	h, err := decodeHold(e.Value)
	return h, true, err
}

// openHold reads a hold that has not ended.
func (b *batch) openHold(id tx.HoldID) (*Hold, error) {
	h, err := b.Hold(id)
	if err != nil || h == nil || h.ExpiresAtUnixMs < b.timeUnixMs {
		return nil, err
	}
	return h, nil
}

// toAlias says whether an alias alone names the payee.
func (h *Hold) toAlias() bool { return h.Credit == tx.AccountID{} }

// placeHold reserves amount and fee.
func (d *draft) placeHold(o tx.PlaceHold) (tx.Code, error) {
	code, err := d.heldFor(o)
	if err != nil || code != tx.OK {
		return code, err
	}
	id := tx.NewHoldID(d.signed.ID(), d.operation)
	// An id has 16 bytes, so whoever spends 2^64 hashes has two bodies with one. The second must not take the place of the first.
	if earlier, err := d.Hold(id); err != nil || earlier != nil {
		return tx.NothingToChange, err
	}
	if code, err := d.holdTime(o); err != nil || code != tx.OK {
		return code, err
	}
	p, code, err := d.payer(o.Debit, o.Asset, tx.GrantHold)
	if err != nil || code != tx.OK {
		return code, err
	}
	if code, err := p.mayHold(o.Credit); err != nil || code != tx.OK {
		return code, err
	}
	if code, err := p.carriedBy(o.Fee); err != nil || code != tx.OK {
		return code, err
	}
	fee := feeOf(o.Fee)
	if code := p.feeIs(o.Fee, o.Amount, fee); code != tx.OK {
		return code, nil
	}
	if code := p.draw(o.Amount, fee, nil); code != tx.OK {
		return code, nil
	}
	p.balance.Held += o.Amount + fee
	if err := p.settle(); err != nil {
		return 0, err
	}
	h := Hold{
		Debit: o.Debit, Asset: o.Asset, Left: o.Amount, Fee: fee, ExpiresAtUnixMs: o.ExpiresAtUnixMs,
		Completes: o.OnExpiry == tx.ExpiryCompletes, PayerMayRelease: o.PayerMayRelease, Hashlock: o.Hashlock,
	}
	if o.Fee != nil {
		h.Provider = o.Fee.Provider
	}
	if o.Credit != nil {
		h.Credit = *o.Credit
	} else {
		h.Alias = *o.Alias
	}
	d.put(keyHold(id), h.encode())
	d.schedule(h.ExpiresAtUnixMs, dueHold, id[:])
	return tx.OK, nil
}

// heldFor checks whom the units are held for. An account that is named with an alias must be the one that the alias is bound to by
// attestation: who is vouched for by a provider alone has no claim on what is held for a number, now or later.
func (d *draft) heldFor(o tx.PlaceHold) (tx.Code, error) {
	if o.Credit == nil {
		asset, err := d.Asset(o.Asset)
		if err != nil || asset == nil {
			return tx.AssetUnknown, err
		}
		return tx.OK, nil
	}
	_, code, err := d.payee(o.Debit, *o.Credit, o.Asset, o.Alias)
	if err != nil || code != tx.OK || o.Alias == nil {
		return code, err
	}
	return d.claims(*o.Alias, *o.Credit)
}

// holdTime checks the expiry. A hold of vouchers must end before they do, so that what it gives back or moves is there to return to
// the issuer.
func (d *draft) holdTime(o tx.PlaceHold) (tx.Code, error) {
	asset, err := d.Asset(o.Asset)
	if err != nil || asset == nil {
		return 0, corrupt(err, "hold of an asset without an entry")
	}
	switch {
	case !d.ahead(o.ExpiresAtUnixMs),
		o.Hashlock != nil && o.ExpiresAtUnixMs-d.timeUnixMs < MinHashlockMs,
		asset.Kind == tx.Voucher && o.ExpiresAtUnixMs > asset.SpendUntilUnixMs:
		return tx.TimeNotValid, nil
	}
	return tx.OK, nil
}

// ahead says whether an expiry is later than ledger time, and not too far.
func (b *batch) ahead(expiresAtUnixMs uint64) bool {
	return expiresAtUnixMs > b.timeUnixMs && expiresAtUnixMs-b.timeUnixMs <= MaxAheadMs
}

// mayHold decides whether the units may be held for a payee. Nobody can say whether the account that claims an alias will be
// listed, so vouchers are held for an alias alone by the issuer only, who may give them to anybody.
func (p *payer) mayHold(credit *tx.AccountID) (tx.Code, error) {
	if credit != nil {
		return p.mayPay(*credit)
	}
	if p.asset.Kind == tx.Voucher && p.account != p.asset.Issuer {
		return tx.PayeeNotListed, nil
	}
	return tx.OK, nil
}

// mayReceive asks again, when units move, what was asked when they were held: whether the issuer of vouchers lists who takes them, the
// provider of a fee included. Who was taken off the list since is not paid for having been quick to have units held.
func (a *act) mayReceive(h *Hold, credit tx.AccountID) (bool, error) {
	asset, err := a.Asset(h.Asset)
	if err != nil || asset == nil {
		return false, corrupt(err, "hold of an asset without an entry")
	}
	if asset.Kind != tx.Voucher || h.Debit == asset.Issuer {
		return true, nil
	}
	takers := []tx.AccountID{credit, h.Provider}
	if h.Fee == 0 {
		takers = takers[:1]
	}
	for _, id := range takers {
		if id == asset.Issuer {
			continue
		}
		if listed, err := a.Listed(h.Asset, id); err != nil || !listed {
			return false, err
		}
	}
	return true, nil
}

// payHold moves units of a hold to the payee, and the fee to the provider unless that was done. The fee is for the payment, not for a
// share of it, so the first capture pays it whole.
func (a *act) payHold(h *Hold, credit tx.AccountID, sum amount.Amount) error {
	if err := a.unhold(h, sum+h.Fee, true); err != nil {
		return err
	}
	if code, err := a.credit(credit, h.Asset, sum); err != nil || code != tx.OK {
		return corrupt(err, "held units above the supply")
	}
	if h.Fee > 0 {
		if code, err := a.credit(h.Provider, h.Asset, h.Fee); err != nil || code != tx.OK {
			return corrupt(err, "held fee above the supply")
		}
	}
	h.Left, h.Fee = h.Left-sum, 0
	return nil
}

// endHold makes what is left of a hold the payer's again and takes the hold away.
func (a *act) endHold(id tx.HoldID, h *Hold) error {
	a.put(keyHold(id), nil)
	a.unschedule(h.ExpiresAtUnixMs, dueHold, id[:])
	if h.Left+h.Fee == 0 {
		return nil
	}
	return a.unhold(h, h.Left+h.Fee, false)
}

// unhold takes units out of what the payer's balance holds, and out of the balance if they leave.
func (a *act) unhold(h *Hold, sum amount.Amount, leave bool) error {
	b, err := a.Balance(h.Debit, h.Asset)
	if err != nil || b.Held < sum {
		return corrupt(err, "hold above what the balance holds")
	}
	b.Held -= sum
	if leave {
		b.Posted -= sum
	}
	return a.touch(h.Debit, h.Asset, b)
}

// payee is who may have the units, by what an alias is bound to; nil when it is bound to nobody, not by attestation, or to the payer.
func (h *Hold) payee(bindings func(key.Alias) (*Alias, error)) (*tx.AccountID, error) {
	if !h.toAlias() {
		return &h.Credit, nil
	}
	bound, err := bindings(h.Alias)
	if err != nil || !bound.Bound() || bound.Status != AliasAttested || bound.Account == h.Debit {
		return nil, err
	}
	return &bound.Account, nil
}

// expireHold does what the hold says of its expiry. One that completes returns when nobody can be credited.
func (a *act) expireHold(id tx.HoldID) (*tx.Effect, error) {
	h, err := a.Hold(id)
	if err != nil || h == nil {
		return nil, corrupt(err, "hold due without an entry")
	}
	effect := &tx.Effect{Kind: tx.HoldReturned, Debit: &h.Debit, Asset: h.Asset, Amount: h.Left}
	if h.Completes {
		// As bound at the expiry: what was due before has been done, and what is due after is not done yet.
		payee, err := h.payee(a.State.Alias)
		if err != nil {
			return nil, err
		}
		if payee != nil {
			may, err := a.mayReceive(h, *payee)
			if err != nil {
				return nil, err
			}
			if may {
				effect.Kind, effect.Credit = tx.HoldCompleted, payee
				if err := a.payHold(h, *payee, h.Left); err != nil {
					return nil, err
				}
			}
		}
	}
	if effect.Credit == nil && h.Credit != (tx.AccountID{}) {
		effect.Accounts = []tx.AccountID{h.Credit} // The payee, who may have counted on it.
	}
	return effect, a.endHold(id, h)
}
