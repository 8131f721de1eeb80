package ledger

import (
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// scheduleGraceMs is how long a replaced fee schedule may still be named: seven days.
const scheduleGraceMs = 7 * 24 * 3600 * 1000

// issue creates units and credits them.
func (d *draft) issue(o tx.Issue) (tx.Code, error) {
	account, err := d.Account(o.Credit)
	if err != nil {
		return 0, err
	}
	if account == nil {
		return tx.CreditAccountUnknown, nil
	}
	asset, err := d.Asset(o.Asset)
	if err != nil {
		return 0, err
	}
	if asset == nil {
		return tx.AssetUnknown, nil
	}
	supply, ok := asset.Supply.Add(o.Amount)
	if !ok {
		return tx.AmountOverflow, nil
	}
	asset.Supply = supply
	d.put(keyAsset(o.Asset), asset.encode())
	return d.credit(o.Credit, o.Asset, o.Amount)
}

// transfer moves amount from debit to credit and the fee from debit to the provider. The rules are checked in ascending
// order of their codes.
func (d *draft) transfer(o tx.Transfer) (tx.Code, error) {
	credit, err := d.Account(o.Credit)
	if err != nil {
		return 0, err
	}
	if credit == nil {
		return tx.CreditAccountUnknown, nil
	}
	asset, err := d.Asset(o.Asset)
	if err != nil {
		return 0, err
	}
	if asset == nil {
		return tx.AssetUnknown, nil
	}
	if o.Debit == o.Credit {
		return tx.SelfTransfer, nil
	}
	if o.Alias != nil {
		bound, err := d.Alias(*o.Alias)
		if err != nil {
			return 0, err
		}
		if bound == nil || bound.Account != o.Credit {
			return tx.AliasNotBoundToPayee, nil
		}
	}
	code, err := d.admitOwner(o.Debit, nil, tx.DebitAccountUnknown)
	if err != nil {
		return 0, err
	}
	if code == tx.OK {
		code, err = d.checkFee(o, nil)
	} else {
		code, err = d.carry(o)
	}
	if err != nil || code != tx.OK {
		return code, err
	}
	return d.move(o)
}

// carry finds a signer whose grant allows the transfer, and counts the transfer against it. When no grant does, the one
// that fails at the latest rule decides: a signature that anybody adds to the envelope never takes something away.
func (d *draft) carry(o tx.Transfer) (tx.Code, error) {
	furthest := tx.Unauthorised // Does not stay: admit has found a grant that holds.
	for _, sig := range d.signed.Signatures {
		g, err := d.grantFor(o, sig.Signer)
		if err != nil {
			return 0, err
		}
		if g == nil {
			continue
		}
		code, err := d.checkFee(o, g)
		if err == nil && code == tx.OK {
			code = d.use(o, sig.Signer, g)
		}
		if err != nil || code == tx.OK {
			return code, err
		}
		furthest = max(furthest, code)
	}
	return furthest, nil
}

// checkFee: whoever signs, a fee is what the provider named has published.
func (d *draft) checkFee(o tx.Transfer, grant *Grant) (tx.Code, error) {
	if o.Fee == nil {
		return tx.OK, nil
	}
	provider, err := d.Provider(o.Fee.Provider)
	if err != nil {
		return 0, err
	}
	if provider == nil {
		return tx.FeeProviderUnknown, nil
	}
	schedule, err := d.FeeSchedule(o.Fee.Provider, o.Fee.ScheduleVersion)
	if err != nil {
		return 0, err
	}
	if schedule == nil || schedule.Asset != o.Asset || schedule.EffectiveAtUnixMs > d.timeUnixMs ||
		schedule.ReplacedAtUnixMs != 0 && schedule.ReplacedAtUnixMs+scheduleGraceMs <= d.timeUnixMs {
		return tx.FeeScheduleNotValid, nil
	}
	if o.Fee.Amount != schedule.Flat {
		return tx.FeeMismatch, nil
	}
	if grant != nil && o.Fee.Amount > grant.FeeCeiling {
		return tx.FeeAboveCeiling, nil
	}
	return tx.OK, nil
}

// use counts a transfer against its grant: amount and fee, for the transaction and for the day.
func (d *draft) use(o tx.Transfer, grantee key.Public, g *Grant) tx.Code {
	total, ok := o.Total()
	if !ok {
		return tx.AmountOverflow // Parse refuses such a transfer.
	}
	at := -1
	for i := range d.used {
		if d.used[i].account == o.Debit && d.used[i].grantee == grantee {
			at = i
		}
	}
	if at < 0 {
		d.used = append(d.used, usage{account: o.Debit, grantee: grantee})
		at = len(d.used) - 1
	}
	inTransaction, ok := d.used[at].total.Add(total)
	if !ok || inTransaction > g.CapTransaction {
		return tx.CapTransaction
	}
	day := d.rules.day(d.timeUnixMs)
	if g.Day != day {
		g.Day, g.Used = day, 0
	}
	inDay, ok := g.Used.Add(total)
	if !ok || inDay > g.CapDay {
		return tx.CapDay
	}
	d.used[at].total = inTransaction
	g.Used = inDay
	d.put(keyGrant(o.Debit, grantee), g.encode())
	return tx.OK
}

// move changes the balances.
func (d *draft) move(o tx.Transfer) (tx.Code, error) {
	total, _ := o.Total()
	debit, err := d.Balance(o.Debit, o.Asset)
	if err != nil {
		return 0, err
	}
	if debit.Available() < total {
		return tx.InsufficientBalance, nil
	}
	debit.Posted -= total
	d.touch(o.Debit, o.Asset, debit)
	if code, err := d.credit(o.Credit, o.Asset, o.Amount); err != nil || code != tx.OK {
		return code, err
	}
	if o.Fee == nil || o.Fee.Amount == 0 {
		return tx.OK, nil
	}
	return d.credit(o.Fee.Provider, o.Asset, o.Fee.Amount)
}

// credit adds to a balance.
func (d *draft) credit(id tx.AccountID, asset tx.Asset, a amount.Amount) (tx.Code, error) {
	b, err := d.Balance(id, asset)
	if err != nil {
		return 0, err
	}
	posted, ok := b.Posted.Add(a)
	if !ok {
		return tx.AmountOverflow, nil
	}
	b.Posted = posted
	d.touch(id, asset, b)
	return tx.OK, nil
}

// touch writes a balance and remembers it for the leaf. The chain of leaves runs through LastLeaf: the first touch of a
// transaction keeps what was there before.
func (d *draft) touch(id tx.AccountID, asset tx.Asset, b Balance) {
	for i := range d.touched {
		if d.touched[i].account == id && d.touched[i].asset == asset {
			b.LastLeaf = d.leaf
			d.touched[i].balance = b
			d.put(keyBalance(id, asset), b.encode())
			return
		}
	}
	t := touch{account: id, asset: asset, previous: b.LastLeaf}
	b.LastLeaf = d.leaf
	t.balance = b
	d.touched = append(d.touched, t)
	d.put(keyBalance(id, asset), b.encode())
}
