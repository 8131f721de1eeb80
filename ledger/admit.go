package ledger

import (
	"slices"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Admit says whether a leader may pack a transaction into a batch of the given time, on the state of the view:
//
//   - tx.OK: pack it; what becomes of it will be recorded under its id;
//   - a code up to tx.DebitAccountUnknown that is not OK: the answer is for this envelope only, nothing is recorded, and
//     the same transaction may be admitted later or with other signatures.
//
// An expired transaction is not asked about: it is never packed.
func Admit(view View, head Head, signed *tx.Signed, timeUnixMs uint64) (tx.Code, error) {
	b, err := open(view, head, timeUnixMs)
	if err != nil {
		return 0, err
	}
	d := &draft{batch: b, signed: signed, founding: make(map[tx.AccountID]*founding)}
	return d.admit()
}

// admit checks that the signers may do every operation. It depends on the envelope, so its refusals never decide the
// transaction's id.
func (d *draft) admit() (tx.Code, error) {
	code, err := d.admitOperations()
	if err == nil && code != tx.Unauthorised && d.signed.Body.ExpiresAtUnixMs > d.timeUnixMs+tx.MaxLifetimeMs {
		return tx.ExpiryTooFar, nil
	}
	return code, err
}

func (d *draft) admitOperations() (tx.Code, error) {
	var ended []tx.RevokeGrant
	for _, op := range d.signed.Body.Operations {
		code, err := d.admitOperation(op, ended)
		if err != nil || code != tx.OK {
			return code, err
		}
		if o, ok := op.(tx.RevokeGrant); ok {
			ended = append(ended, o)
		}
	}
	return tx.OK, nil
}

// admitOperation judges on the state before the transaction, and on what the operations before this one do to it:
// founding are the accounts they open, ended the grants they revoke.
func (d *draft) admitOperation(op tx.Operation, ended []tx.RevokeGrant) (tx.Code, error) {
	switch o := op.(type) {
	case tx.OpenAccount:
		return d.admitOpening(o)
	case tx.IssueGrant:
		return d.admitOwner(o.Account, &o.Grantee, tx.AccountUnknown)
	case tx.RevokeGrant:
		if d.signed.SignedBy(o.Grantee) {
			return tx.OK, nil
		}
		return d.admitOwner(o.Account, nil, tx.AccountUnknown)
	case tx.BindAlias:
		// A provisional alias is bound by the founding provider, in the transaction that opens the account, or not at all.
		if f := d.founding[o.Account]; f != nil && f.sponsored {
			return tx.OK, nil
		}
		return tx.Unauthorised, nil
	case tx.Issue:
		asset, err := d.Asset(o.Asset)
		if err != nil || asset == nil {
			return tx.Unauthorised, err // Nobody issues what does not exist.
		}
		return d.admitOwner(asset.Issuer, nil, tx.AccountUnknown)
	case tx.Transfer:
		code, err := d.admitOwner(o.Debit, nil, tx.DebitAccountUnknown)
		if err != nil || code != tx.Unauthorised {
			return code, err
		}
		for _, sig := range d.signed.Signatures {
			g, err := d.grantFor(o, sig.Signer)
			if err != nil {
				return 0, err
			}
			if g != nil && !slices.Contains(ended, tx.RevokeGrant{Account: o.Debit, Grantee: sig.Signer}) {
				return tx.OK, nil
			}
		}
		return tx.Unauthorised, nil
	}
	return tx.Unauthorised, nil
}

// admitOpening: an account with keys is opened by those keys, one without by a registered provider.
func (d *draft) admitOpening(o tx.OpenAccount) (tx.Code, error) {
	f := &founding{authority: o.Authority}
	if len(o.Authority.Keys) > 0 {
		if !d.meets(o.Authority) {
			return tx.Unauthorised, nil
		}
	} else {
		for _, sig := range d.signed.Signatures {
			provider, err := d.ProviderByKey(sig.Signer)
			if err != nil {
				return 0, err
			}
			f.sponsored = f.sponsored || provider != nil
		}
		if !f.sponsored {
			return tx.Unauthorised, nil
		}
	}
	d.founding[o.Account()] = f
	return tx.OK, nil
}

// admitOwner: the signers meet the account's authority; or the account is being founded by providers and one of them acts
// for itself (grantee).
func (d *draft) admitOwner(id tx.AccountID, grantee *key.Public, unknown tx.Code) (tx.Code, error) {
	if f := d.founding[id]; f != nil {
		if d.meets(f.authority) {
			return tx.OK, nil
		}
		if !f.sponsored || grantee == nil || !d.signed.SignedBy(*grantee) {
			return tx.Unauthorised, nil
		}
		provider, err := d.ProviderByKey(*grantee)
		if err != nil || provider == nil {
			return tx.Unauthorised, err
		}
		return tx.OK, nil
	}
	account, err := d.Account(id)
	if err != nil {
		return 0, err
	}
	if account == nil {
		return unknown, nil
	}
	if d.meets(account.Authority) {
		return tx.OK, nil
	}
	return tx.Unauthorised, nil
}

// meets says whether the signers reach the authority's threshold. Without keys nobody does.
func (d *draft) meets(a tx.Authority) bool {
	var sum uint64
	for _, k := range a.Keys {
		if d.signed.SignedBy(k.Key) {
			sum += uint64(k.Weight)
		}
	}
	return len(a.Keys) > 0 && sum >= uint64(a.Threshold)
}

// grantFor reads the grant of the debited account to a key, if it holds for the transfer; nil when it does not. A
// registered provider's grant holds only for transfers that pay its own fee: else a rival with a grant on the same account
// could take a body made by another, sign it alone, and have its refusal recorded.
func (d *draft) grantFor(o tx.Transfer, grantee key.Public) (*Grant, error) {
	g, err := d.Grant(o.Debit, grantee)
	if err != nil || g == nil || g.Asset != o.Asset || g.ExpiresAtUnixMs < d.timeUnixMs || !g.allows(tx.GrantTransfer) {
		return nil, err
	}
	carrier, err := d.ProviderByKey(grantee)
	if err != nil || carrier != nil && (o.Fee == nil || o.Fee.Provider != *carrier) {
		return nil, err
	}
	return g, nil
}
