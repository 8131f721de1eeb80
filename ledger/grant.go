package ledger

import (
	"math/bits"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Grant is a grant entry with what was used of it today: asset(4) cap transaction(8) cap day(8) fee ceiling(8) expires(8) day(4)
// used(8) operations(4).
type Grant struct {
	Asset           tx.Asset
	CapTransaction  amount.Amount
	CapDay          amount.Amount
	FeeCeiling      amount.Amount
	ExpiresAtUnixMs uint64
	// Day is the calendar day that Used counts. Used is above CapDay only after a wider grant was replaced on that day.
	Day  uint32
	Used amount.Amount
	// Operations is a set of bits, 1 << GrantedOperation.
	Operations uint32
}

func (g Grant) encode() []byte {
	out := put32(make([]byte, 0, 52), uint32(g.Asset))
	for _, v := range []uint64{uint64(g.CapTransaction), uint64(g.CapDay), uint64(g.FeeCeiling), g.ExpiresAtUnixMs} {
		out = put64(out, v)
	}
	return put32(put64(put32(out, g.Day), uint64(g.Used)), g.Operations)
}

func decodeGrant(raw []byte) (Grant, error) {
	r := reader{rest: raw}
	g := Grant{
		Asset: tx.Asset(r.u32()), CapTransaction: amount.Amount(r.u64()), CapDay: amount.Amount(r.u64()),
		FeeCeiling: amount.Amount(r.u64()), ExpiresAtUnixMs: r.u64(), Day: r.u32(), Used: amount.Amount(r.u64()), Operations: r.u32(),
	}
	return g, r.end("grant")
}

// Allows says whether the grant is for the operation.
func (g Grant) Allows(op tx.GrantedOperation) bool { return g.Operations&(1<<op) != 0 }

func grantOf(op tx.IssueGrant) Grant {
	g := Grant{
		Asset: op.Asset, CapTransaction: op.CapTransaction, CapDay: op.CapDay, FeeCeiling: op.FeeCeiling, ExpiresAtUnixMs: op.ExpiresAtUnixMs,
	}
	for _, allowed := range op.Operations {
		g.Operations |= 1 << allowed
	}
	return g
}

// Exposure is an exposure entry: day caps, high(8) and low(8) word, grants(8). It is what all grants to a key, for an asset, allow
// together in one day, so that the worst that a key can do is a number on the ledger.
type Exposure struct {
	// High and Low are the words of the sum of the day caps.
	High, Low uint64
	// Grants is how many there are. Invariant: the sum is 0 when there are none.
	Grants uint64
}

func (e Exposure) encode() []byte { return put64(put64(put64(nil, e.High), e.Low), e.Grants) }

func decodeExposure(raw []byte) (Exposure, error) {
	r := reader{rest: raw}
	e := Exposure{High: r.u64(), Low: r.u64(), Grants: r.u64()}
	return e, r.end("exposure")
}

// putGrant writes a grant, or ends it (nil), with what follows from it: the exposure of its key and its expiry.
func (b *batch) putGrant(account tx.AccountID, grantee key.Public, g *Grant) error {
	subject := append(append([]byte(nil), account[:]...), grantee[:]...)
	earlier, err := b.Grant(account, grantee)
	if err != nil {
		return err
	}
	if earlier != nil {
		b.unschedule(earlier.ExpiresAtUnixMs, dueGrant, subject)
		if err := b.expose(grantee, earlier.Asset, earlier.CapDay, false); err != nil {
			return err
		}
	}
	if g == nil {
		b.put(keyGrant(account, grantee), nil)
		return nil
	}
	b.schedule(g.ExpiresAtUnixMs, dueGrant, subject)
	b.put(keyGrant(account, grantee), g.encode())
	return b.expose(grantee, g.Asset, g.CapDay, true)
}

// expose counts a grant into the exposure of its key, or out of it.
func (b *batch) expose(grantee key.Public, asset tx.Asset, capDay amount.Amount, in bool) error {
	e, err := b.Exposure(grantee, asset)
	if err != nil {
		return err
	}
	var carry uint64
	if in {
		e.Low, carry = bits.Add64(e.Low, uint64(capDay), 0)
		e.High += carry
		e.Grants++
	} else {
		e.Low, carry = bits.Sub64(e.Low, uint64(capDay), 0)
		e.High -= carry
		e.Grants--
	}
	if e.Grants == 0 {
		b.put(keyExposure(grantee, asset), nil)
		return nil
	}
	b.put(keyExposure(grantee, asset), e.encode())
	return nil
}

// issueGrant writes the grant; what an earlier one was used for today still counts, so that replacing a grant does not
// double a day's cap.
func (d *draft) issueGrant(o tx.IssueGrant) (tx.Code, error) {
	asset, err := d.Asset(o.Asset)
	if err != nil {
		return 0, err
	}
	if asset == nil {
		return tx.AssetUnknown, nil
	}
	if f := d.founding[o.Account]; f != nil && f.sponsored {
		within, err := d.withinTier(o, 0)
		if err != nil {
			return 0, err
		}
		if !within {
			return tx.GrantAboveTier, nil
		}
	}
	g := grantOf(o)
	earlier, err := d.Grant(o.Account, o.Grantee)
	if err != nil {
		return 0, err
	}
	if earlier != nil && earlier.Asset == g.Asset {
		g.Day, g.Used = earlier.Day, earlier.Used
	}
	return tx.OK, d.putGrant(o.Account, o.Grantee, &g)
}

// withinTier says whether a grant's caps are within the limits of a tier. A tier without limits allows no such grant: nobody has said
// what it should be.
func (b *batch) withinTier(o tx.IssueGrant, tier uint8) (bool, error) {
	limit, err := b.tierLimit(o.Asset, tier)
	if err != nil || limit == nil {
		return false, err
	}
	return o.CapTransaction <= limit.CapTransaction && o.CapDay <= limit.CapDay, nil
}

// admitRevocation: the account's authority signs, or the grantee of a grant that is there. A key without one has no say in the account, nor
// in its credits.
func (d *draft) admitRevocation(o tx.RevokeGrant) (tx.Code, error) {
	if d.signed.SignedBy(o.Grantee) {
		if g, err := d.Grant(o.Account, o.Grantee); err != nil || g != nil {
			return tx.OK, err
		}
	}
	return d.admitOwner(o.Account, nil, tx.AccountUnknown)
}

func (d *draft) revokeGrant(o tx.RevokeGrant) (tx.Code, error) {
	g, err := d.Grant(o.Account, o.Grantee)
	if err != nil {
		return 0, err
	}
	if g == nil {
		return tx.GrantUnknown, nil
	}
	return tx.OK, d.putGrant(o.Account, o.Grantee, nil)
}

// expireGrant ends a grant whose time is over.
func (a *act) expireGrant(subject []byte) (*tx.Effect, error) {
	account, grantee := tx.AccountID(subject[:16]), key.Public(subject[16:])
	g, err := a.Grant(account, grantee)
	if err != nil || g == nil {
		return nil, corrupt(err, "grant due without an entry")
	}
	return &tx.Effect{Kind: tx.GrantExpired, Accounts: []tx.AccountID{account}}, a.putGrant(account, grantee, nil)
}
