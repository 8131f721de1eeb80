package ledger

import (
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// payer is the account that an operation debits, or reserves units of: the owner's authority or grants that allow it, what they
// leave, the limits of its tier, and the balance. It is read once, drawn from once for each leg, and settled once. A draw that is
// refused changes nothing.
type payer struct {
	d       *draft
	account tx.AccountID
	asset   *Asset
	number  tx.Asset
	allowed tx.GrantedOperation
	owner   bool
	// grants are those of signers that allow the operation, ascending by signer; empty when the owner signs.
	grants   []carried
	schedule *FeeSchedule
	// limit is that of the account's tier, lowered while a move or recovery is pending; nil when there is none.
	limit   *Limit
	drawn   amount.Amount
	balance Balance
}

// carried is a grant with what this transaction has debited under it.
type carried struct {
	grantee key.Public
	grant   Grant
	total   amount.Amount
	used    bool
}

// payer reads the account that an operation debits, until the next one. ACCOUNT_FROZEN and VOUCHER_EXPIRED are decided here.
func (d *draft) payer(account tx.AccountID, asset tx.Asset, allowed tx.GrantedOperation) (*payer, tx.Code, error) {
	entry, err := d.accountOf(account)
	if err != nil {
		return nil, 0, err
	}
	if entry == nil {
		return nil, tx.DebitAccountUnknown, nil // Does not stay: admit has found it.
	}
	p := &d.paying
	*p = payer{d: d, account: account, number: asset, allowed: allowed, grants: p.grants[:0]}
	if p.asset, err = d.asset(asset); err != nil || p.asset == nil {
		return nil, tx.AssetUnknown, err // The caller has asked before.
	}
	if d.timeUnixMs <= entry.FrozenUntilUnixMs {
		return nil, tx.AccountFrozen, nil
	}
	if code, err := p.voucherExpired(); err != nil || code != tx.OK {
		return nil, code, err
	}
	code, err := d.admitOwner(account, nil, tx.DebitAccountUnknown)
	if err != nil {
		return nil, 0, err
	}
	p.owner = code == tx.OK
	if account != p.asset.Issuer {
		if p.limit, err = d.limitOf(entry, asset); err != nil {
			return nil, 0, err
		}
	}
	p.balance, err = d.Balance(account, asset)
	if today := d.rules.day(d.timeUnixMs); p.balance.Day != today {
		p.balance.Day, p.balance.Used = today, 0
	}
	return p, tx.OK, err
}

// limitOf is the limit of an account for an asset: that of its tier, a quarter of it while a move or recovery is pending.
func (b *batch) limitOf(account *Account, asset tx.Asset) (*Limit, error) {
	limit, err := b.tierLimit(asset, account.Tier)
	if err != nil || limit == nil || account.Pending == 0 {
		return limit, err
	}
	return &Limit{CapTransaction: limit.CapTransaction / 4, CapDay: limit.CapDay / 4}, nil
}

// tierLimit is the limit of a tier, or of the next lower one that has one: a tier that nobody thought of allows no more than those below it. An
// asset without any is not limited.
func (b *batch) tierLimit(asset tx.Asset, tier uint8) (*Limit, error) {
	for ; ; tier-- {
		if limit, err := known(b.overlay, keyLimit(asset, tier), decodeLimit); err != nil || limit != nil || tier == 0 {
			return limit, err
		}
	}
}

// carriedBy reads the fee schedule that the operation names, and the grants of the signers.
func (p *payer) carriedBy(fee *tx.Fee) (tx.Code, error) {
	var carrier *tx.AccountID
	if fee != nil {
		carrier = &fee.Provider
		// A fee is a payment too: else vouchers could be paid to anybody as a fee of all there is.
		if fee.Amount > 0 {
			if code, err := p.mayPay(fee.Provider); err != nil || code != tx.OK {
				return code, err
			}
		}
		raw, err := p.d.overlay.get(keyProvider(fee.Provider))
		if err != nil {
			return 0, err
		}
		if raw == nil {
			return tx.FeeProviderUnknown, nil
		}
		p.schedule, err = known(p.d.overlay, keyFees(fee.Provider, fee.ScheduleVersion), decodeFeeSchedule)
		if err != nil {
			return 0, err
		}
		if p.schedule == nil || p.schedule.Asset != p.number || !p.schedule.ValidAt(p.d.timeUnixMs) {
			return tx.FeeScheduleNotValid, nil
		}
	}
	return tx.OK, p.grantedTo(carrier)
}

// grantedTo reads the grants of the signers that allow the operation, if the owner does not sign.
func (p *payer) grantedTo(carrier *tx.AccountID) error {
	if p.owner {
		return nil
	}
	for _, sig := range p.d.signed.Signatures {
		g, err := p.d.grantFor(debit{p.account, p.number, p.allowed, carrier}, sig.Signer)
		if err != nil {
			return err
		}
		if g != nil {
			p.grants = append(p.grants, carried{grantee: sig.Signer, grant: *g, total: p.d.usedUnder(p.account, sig.Signer)})
		}
	}
	return nil
}

// feeIs checks the fee named against the schedule named.
func (p *payer) feeIs(named *tx.Fee, a, fee amount.Amount) tx.Code {
	if named == nil {
		return tx.OK
	}
	if want, ok := tx.FeeFor(p.schedule.Bands, a); !ok || want != fee {
		return tx.FeeMismatch
	}
	return tx.OK
}

// draw takes amount and fee from what the grants, the limits and the balance leave; the caller then moves or reserves the
// units in balance. When no grant has room, the one that fails at the latest rule decides: a signature that anybody adds to
// the envelope never takes something away.
func (p *payer) draw(a, fee amount.Amount, in *inflow) tx.Code {
	sum, ok := a.Add(fee)
	if !ok {
		return tx.AmountOverflow // Parse refuses such an operation.
	}
	var under *carried
	if !p.owner {
		furthest := tx.Unauthorised // Does not stay: admit has found a grant that holds.
		for i := range p.grants {
			c := &p.grants[i]
			code := c.takes(sum, fee, p.balance.Day)
			if code == tx.OK {
				under = c
				break
			}
			furthest = max(furthest, code)
		}
		if under == nil {
			return furthest
		}
	}
	drawn, used := p.drawn.Saturate(sum), p.balance.Used.Saturate(sum)
	switch {
	case p.limit != nil && drawn > p.limit.CapTransaction:
		return tx.LimitTransaction
	case p.limit != nil && used > p.limit.CapDay:
		return tx.LimitDay
	}
	if p.balance.Available() < sum {
		if in != nil && !(&inflow{cap: in.cap, received: in.received}).takes(a) {
			return tx.ProvisionalInflow
		}
		return tx.InsufficientBalance
	}
	if !in.takes(a) {
		return tx.ProvisionalInflow
	}
	p.drawn, p.balance.Used = drawn, used
	if under != nil {
		under.take(sum)
	}
	return tx.OK
}

// takes says whether a grant has room for a debit.
func (c *carried) takes(sum, fee amount.Amount, today uint32) tx.Code {
	if fee > c.grant.FeeCeiling {
		return tx.FeeAboveCeiling
	}
	if total, ok := c.total.Add(sum); !ok || total > c.grant.CapTransaction {
		return tx.CapTransaction
	}
	if c.grant.Day != today {
		c.grant.Day, c.grant.Used = today, 0
	}
	if used, ok := c.grant.Used.Add(sum); !ok || used > c.grant.CapDay {
		return tx.CapDay
	}
	return tx.OK
}

// take counts a debit that takes has allowed.
func (c *carried) take(sum amount.Amount) {
	c.total += sum
	c.grant.Used += sum
	c.used = true
}

// settle writes what was drawn.
func (p *payer) settle() error {
	for _, c := range p.grants {
		if c.used {
			p.d.put(keyGrant(p.account, c.grantee), c.grant.encode())
			p.d.useUnder(p.account, c.grantee, c.total)
		}
	}
	return p.d.touch(p.account, p.number, p.balance)
}

// usage is what one grant has been used for within a transaction.
type usage struct {
	account tx.AccountID
	grantee key.Public
	total   amount.Amount
}

func (d *draft) usedUnder(account tx.AccountID, grantee key.Public) amount.Amount {
	for _, u := range d.used {
		if u.account == account && u.grantee == grantee {
			return u.total
		}
	}
	return 0
}

func (d *draft) useUnder(account tx.AccountID, grantee key.Public, total amount.Amount) {
	for i := range d.used {
		if d.used[i].account == account && d.used[i].grantee == grantee {
			d.used[i].total = total
			return
		}
	}
	d.used = append(d.used, usage{account: account, grantee: grantee, total: total})
}
