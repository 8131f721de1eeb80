package ledger

import (
	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// A return gives back some or all of what one leaf of the history moved, from the payee to the payer. It carries that leaf, so that
// nothing about a payment is kept for the day it is given back: the history tree says that the leaf is there, the leaf says what
// moved, and all that is state is how much of it has been returned.
//
// A transfer, a capture and a completed hold can be returned; their fee stays with the provider, who has done the work. A leg of a bulk
// transfer cannot: its leaf is larger than a transaction. It is paid back by a transfer, like everything else that is not linked.

// Returned is how much of what an operation of a leaf moved was given back.
func (s State) Returned(leaf uint64, operation uint32) (amount.Amount, error) {
	sum, err := lookup(s, keyReturned(leaf, operation), func(raw []byte) (amount.Amount, error) {
		r := reader{rest: raw}
		sum := amount.Amount(r.u64())
		return sum, r.end("returned")
	})
	if err != nil || sum == nil {
		return 0, err
	}
	return *sum, nil
}

// movement is what a leaf moved from one account to another.
type movement struct {
	debit, credit tx.AccountID
	asset         tx.Asset
	amount        amount.Amount
}

// admitReturn: the account debited consents, by its authority or by a grant that allows returns; or the arbiter signs.
func (d *draft) admitReturn(o tx.Return, ended []tx.RevokeGrant) (tx.Code, error) {
	code, err := d.admitDebit(debit{o.Debit, o.Asset, tx.GrantReturn, o.Carrier}, ended)
	if err != nil || code != tx.Unauthorised {
		return code, err
	}
	arbiter, err := d.arbiter(o)
	if err != nil || arbiter == nil {
		return tx.Unauthorised, err
	}
	return tx.OK, nil
}

// arbiter is the account that may arbitrate returns of the asset, if its authority signs; else nil. When the payee signs as well, it
// is an arbitration all the same: that is the wider right, so that a signature more takes nothing away.
func (d *draft) arbiter(o tx.Return) (*tx.AccountID, error) {
	asset, err := d.Asset(o.Asset)
	if err != nil || asset == nil || asset.Arbiter == (tx.AccountID{}) {
		return nil, err
	}
	code, err := d.admitOwner(asset.Arbiter, nil, tx.Unauthorised)
	if err != nil || code != tx.OK {
		return nil, err
	}
	return &asset.Arbiter, nil
}

// giver is the account that a return acts for, whose credits pay for it: the payee, or the arbiter, who could
// otherwise spend the credits of anybody.
func (d *draft) giver(o tx.Return) (tx.AccountID, error) {
	arbiter, err := d.arbiter(o)
	if err != nil || arbiter == nil {
		return o.Debit, err
	}
	return *arbiter, nil
}

// giveBack applies a return.
func (d *draft) giveBack(o tx.Return) (tx.Code, error) {
	if code, err := d.returnable(o); err != nil || code != tx.OK {
		return code, err
	}
	moved, err := d.moved(o)
	switch {
	case err != nil:
		return 0, err
	case moved == nil || moved.debit != o.Credit || moved.credit != o.Debit || moved.asset != o.Asset:
		return tx.TransferUnknown, nil
	}
	p, code, err := d.returner(o)
	if err != nil || code != tx.OK {
		return code, err
	}
	returned, err := d.Returned(o.LeafIndex, o.Operation)
	if err != nil {
		return 0, err
	}
	returned, ok := returned.Add(o.Amount)
	if !ok || returned > moved.amount {
		return tx.ReturnAboveTransfer, nil
	}
	d.put(keyReturned(o.LeafIndex, o.Operation), put64(nil, uint64(returned)))
	p.balance.Posted -= o.Amount
	if err := p.settle(); err != nil {
		return 0, err
	}
	return d.credit(o.Credit, o.Asset, o.Amount)
}

// returnable checks what the return names.
func (d *draft) returnable(o tx.Return) (tx.Code, error) {
	credit, err := d.Account(o.Credit)
	if err != nil || credit == nil {
		return tx.CreditAccountUnknown, err
	}
	asset, err := d.Asset(o.Asset)
	if err != nil || asset == nil {
		return tx.AssetUnknown, err
	}
	if o.Carrier == nil {
		return tx.OK, nil
	}
	// The leaf will show in the carrier's history, which only who carries something may fill.
	carrier, err := d.Provider(*o.Carrier)
	if err != nil || carrier == nil {
		return tx.ProviderUnknown, err
	}
	return tx.OK, nil
}

// moved reads what the leaf named moved; nil when it is not in the history before this batch, or moved nothing at that position.
func (d *draft) moved(o tx.Return) (*movement, error) {
	if o.LeafIndex >= d.before {
		return nil, nil
	}
	stored, err := d.stored(tlog.StoredHashIndex(0, int64(o.LeafIndex)))
	if err != nil {
		return nil, err
	}
	if stored[0] != tlog.RecordHash(o.Leaf) {
		return nil, nil
	}
	leaf, err := tx.ParseLeaf(o.Leaf)
	if err != nil {
		return nil, nil // Nothing that this version of the rules knows.
	}
	switch {
	case leaf.Effect != nil:
		return movedByEffect(leaf.Effect, o.Operation), nil
	case leaf.Record != nil:
		return movedByRecord(leaf.Record, o.Operation), nil
	}
	return nil, nil
}

// movedByEffect: an effect has one movement, and it has one name, so that it is not returned twice.
func movedByEffect(e *tx.Effect, operation uint32) *movement {
	if e.Kind != tx.HoldCompleted || operation != 0 {
		return nil
	}
	return &movement{debit: *e.Debit, credit: *e.Credit, asset: e.Asset, amount: e.Amount}
}

func movedByRecord(r *tx.Record, operation uint32) *movement {
	if r.Result.Code != tx.OK {
		return nil
	}
	// The network is part of the id only, which the leaf's place in this history stands for.
	signed, err := tx.Parse(tx.NetworkID{}, r.Envelope)
	if err != nil || uint64(operation) >= uint64(len(signed.Body.Operations)) {
		return nil
	}
	switch op := signed.Body.Operations[operation].(type) {
	case tx.Transfer:
		return &movement{debit: op.Debit, credit: op.Credit, asset: op.Asset, amount: op.Amount}
	case tx.CaptureHold:
		return &movement{debit: op.Debit, credit: op.Credit, asset: op.Asset, amount: op.Amount}
	}
	return nil
}

// returner is the payee who gives back, with the return drawn from what the payee's grants, limits and balance leave. An arbiter takes
// from the balance alone: caps and limits bound who acts for the payee, and a freeze is there to keep the units for exactly this.
func (d *draft) returner(o tx.Return) (*payer, tx.Code, error) {
	arbiter, err := d.arbiter(o)
	if err != nil {
		return nil, 0, err
	}
	over, err := d.outlived(o)
	if err != nil {
		return nil, 0, err
	}
	if arbiter != nil {
		p := &payer{d: d, account: o.Debit, number: o.Asset}
		p.balance, err = d.Balance(o.Debit, o.Asset)
		switch {
		case err != nil:
			return nil, 0, err
		case over:
			return nil, tx.VoucherExpired, nil
		case p.balance.Available() < o.Amount:
			return nil, tx.InsufficientBalance, nil
		}
		return p, tx.OK, nil
	}
	p, code, err := d.payer(o.Debit, o.Asset, tx.GrantReturn)
	switch {
	case err != nil || code != tx.OK:
		return nil, code, err
	case over:
		return nil, tx.VoucherExpired, nil
	}
	if err := p.grantedTo(o.Carrier); err != nil {
		return nil, 0, err
	}
	return p, p.draw(o.Amount, 0, nil), nil
}

// outlived says whether these are vouchers that can no longer be spent, which go nowhere but to the issuer.
func (d *draft) outlived(o tx.Return) (bool, error) {
	asset, err := d.Asset(o.Asset)
	if err != nil || asset == nil {
		return false, corrupt(err, "return of an asset without an entry")
	}
	return asset.Kind == tx.Voucher && d.timeUnixMs > asset.SpendUntilUnixMs && o.Credit != asset.Issuer, nil
}
