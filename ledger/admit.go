package ledger

import (
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
	if signed.Body.ExpiresAtUnixMs > timeUnixMs+tx.MaxLifetimeMs {
		return tx.ExpiryTooFar, nil
	}
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
	if d.signed.Body.ExpiresAtUnixMs > d.timeUnixMs+tx.MaxLifetimeMs {
		return tx.ExpiryTooFar, nil
	}
	for _, op := range d.signed.Body.Operations {
		code, err := d.admitOperation(op)
		if err != nil || code != tx.OK {
			return code, err
		}
	}
	return tx.OK, nil
}

func (d *draft) admitOperation(op tx.Operation) (tx.Code, error) {
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
		if f := d.founding[o.Account]; f != nil && f.provider != nil {
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
		grantee, _, err := d.grantFor(o)
		if err != nil || grantee == nil {
			return tx.Unauthorised, err
		}
		return tx.OK, nil
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
			if provider != nil {
				f.provider = &sig.Signer
				break
			}
		}
		if f.provider == nil {
			return tx.Unauthorised, nil
		}
	}
	d.founding[o.Account()] = f
	return tx.OK, nil
}

// admitOwner: the signers meet the account's authority; or the account is being founded by a provider that acts for
// itself (grantee).
func (d *draft) admitOwner(id tx.AccountID, grantee *key.Public, unknown tx.Code) (tx.Code, error) {
	if f := d.founding[id]; f != nil {
		switch {
		case f.provider == nil && d.meets(f.authority):
			return tx.OK, nil
		case f.provider != nil && grantee != nil && *grantee == *f.provider:
			return tx.OK, nil
		}
		return tx.Unauthorised, nil
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

// grantFor finds the first signer, ascending, with a grant that holds for the transfer; nil when there is none.
func (d *draft) grantFor(o tx.Transfer) (*key.Public, *Grant, error) {
	for _, sig := range d.signed.Signatures {
		g, err := d.Grant(o.Debit, sig.Signer)
		if err != nil {
			return nil, nil, err
		}
		if g != nil && g.Asset == o.Asset && g.ExpiresAtUnixMs >= d.timeUnixMs && g.allows(tx.GrantTransfer) {
			return &sig.Signer, g, nil
		}
	}
	return nil, nil, nil
}
