package ledger

import (
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// admit checks that the signers may do every operation, and that their credits pay for it. It depends on the envelope and on the
// moment, so its refusals never decide the transaction's id.
func (d *draft) admit() (tx.Code, error) {
	var ended []tx.RevokeGrant
	furthest := tx.OK
	for _, op := range d.signed.Body.Operations {
		code, err := d.admitOperation(op, ended)
		if err != nil || code == tx.Unauthorised {
			return code, err
		}
		if furthest == tx.OK {
			furthest = code
		}
		if o, ok := op.(tx.RevokeGrant); ok {
			ended = append(ended, o)
		}
	}
	switch {
	case d.signed.Body.ExpiresAtUnixMs > d.timeUnixMs+tx.MaxLifetimeMs:
		return tx.ExpiryTooFar, nil
	case furthest != tx.OK:
		return furthest, nil
	}
	return d.charge()
}

// right is what a signer must be allowed: by the account's authority, or by a grant.
type right struct {
	account tx.AccountID
	// allowed is what a grant must allow; 0 when no grant is enough.
	allowed tx.GrantedOperation
	// asset is what a grant must be for; 0 when any is.
	asset tx.Asset
	// unknown is the code when the account does not exist.
	unknown tx.Code
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
		return d.admitRevocation(o)
	case tx.SetAuthority:
		return d.admitOwner(o.Account, nil, tx.AccountUnknown)
	case tx.BindAlias:
		// A provisional alias is bound by the founding provider, in the transaction that opens the account, or not at all.
		if f := d.founding[o.Account]; f != nil && f.sponsored {
			return tx.OK, nil
		}
		return tx.Unauthorised, nil
	case tx.Transfer:
		return d.admitDebit(debit{o.Debit, o.Asset, tx.GrantTransfer, carrierOf(o.Fee)}, ended)
	case tx.BulkTransfer:
		return d.admitDebit(debit{o.Debit, o.Asset, tx.GrantTransfer, carrierOf(o.Fee)}, ended)
	case tx.PlaceHold:
		return d.admitDebit(debit{o.Debit, o.Asset, tx.GrantHold, carrierOf(o.Fee)}, ended)
	case tx.CaptureHold:
		return d.admitRight(right{o.Credit, tx.GrantCapture, o.Asset, tx.AccountUnknown}, ended)
	case tx.ReleaseHold:
		return d.admitRelease(o, ended)
	case tx.RequestPayment:
		return d.admitRequest(o, ended)
	case tx.DeclineRequest:
		return d.admitRight(right{o.Account, tx.GrantRequest, 0, tx.AccountUnknown}, ended)
	case tx.Return:
		return d.admitReturn(o, ended)
	case tx.SetTier:
		return d.admitTier(o)
	case tx.StartRecovery:
		return d.admitRecovery(o.Account)
	case tx.CompleteRecovery:
		return d.admitRecovery(o.Account)
	case tx.CancelRecovery:
		return d.admitRecoveryCancel(o, ended)
	case tx.AttestAlias:
		return d.admitAttestation(o)
	case tx.ReleaseAlias:
		return d.admitAliasRelease(o)
	case tx.StartMove:
		return d.admitMove(o)
	case tx.ConfirmMove:
		return d.admitMoveConfirmation(o)
	case tx.CancelMove:
		return d.admitMoveCancel(o, ended)
	}
	return d.admitAuthority(op)
}

// admitAuthority judges the operations for which only the authority of one account counts.
func (d *draft) admitAuthority(op tx.Operation) (tx.Code, error) {
	switch o := op.(type) {
	case tx.DefineAsset:
		return d.admitIssuer(o.Issuer)
	case tx.Issue:
		asset, err := d.Asset(o.Asset)
		if err != nil || asset == nil {
			return tx.Unauthorised, err // Nobody issues what does not exist.
		}
		return d.admitOwner(asset.Issuer, nil, tx.AccountUnknown)
	case tx.SetLimits:
		return d.admitIssuerOf(o.Asset, o.Issuer)
	case tx.ListPayee:
		return d.admitIssuerOf(o.Asset, o.Issuer)
	case tx.Redeem:
		return d.admitIssuerOf(o.Asset, o.Issuer)
	case tx.StateReserve:
		return d.admitIssuerOf(o.Asset, o.Issuer)
	case tx.RegisterProvider:
		if !d.signed.SignedBy(o.Key) {
			return tx.Unauthorised, nil
		}
		return d.admitOwner(o.Account, nil, tx.AccountUnknown)
	case tx.PublishFees:
		return d.admitOwner(o.Provider, nil, tx.AccountUnknown)
	case tx.Propose:
		return d.admitGovernor(o.Validator)
	case tx.Vote:
		return d.admitGovernor(o.Validator)
	}
	return tx.Unauthorised, nil
}

// actor is the account that an operation acts for, whose credits pay for it.
func (d *draft) actor(op tx.Operation) (tx.AccountID, error) {
	switch o := op.(type) {
	case tx.Issue:
		asset, err := d.Asset(o.Asset)
		if err != nil || asset == nil {
			return tx.AccountID{}, corrupt(err, "admitted issue of an asset without an entry")
		}
		return asset.Issuer, nil
	case tx.SetTier:
		return d.attestor()
	case tx.ReleaseHold:
		return d.releaser(o)
	case tx.Return:
		return d.giver(o)
	case tx.Propose:
		return d.governor(o.Validator)
	case tx.Vote:
		return d.governor(o.Validator)
	}
	return actorNamed(op), nil
}

// actorNamed is the account that acts, where the operation names it.
func actorNamed(op tx.Operation) tx.AccountID {
	if id, ok := debited(op); ok {
		return id
	}
	switch o := op.(type) {
	case tx.IssueGrant:
		return o.Account
	case tx.RevokeGrant:
		return o.Account
	case tx.SetAuthority:
		return o.Account
	case tx.StartRecovery:
		return o.Account
	case tx.CancelRecovery:
		return o.Account
	case tx.CompleteRecovery:
		return o.Account
	case tx.BindAlias:
		return o.Account
	case tx.AttestAlias:
		return o.Account
	case tx.ReleaseAlias:
		return o.Account
	case tx.StartMove:
		return o.From
	case tx.CancelMove:
		return o.Account
	case tx.ConfirmMove:
		return o.Account
	case tx.DefineAsset:
		return o.Issuer
	case tx.SetLimits:
		return o.Issuer
	case tx.ListPayee:
		return o.Issuer
	case tx.StateReserve:
		return o.Issuer
	case tx.CaptureHold:
		return o.Credit
	case tx.RequestPayment:
		return o.Credit
	case tx.DeclineRequest:
		return o.Account
	case tx.RegisterProvider:
		return o.Account
	case tx.PublishFees:
		return o.Provider
	}
	return tx.AccountID{} // The network's own bucket, as for accounts opened by their own keys.
}

// admitOpening: an account with keys is opened by those keys, one without by a registered provider.
func (d *draft) admitOpening(o tx.OpenAccount) (tx.Code, error) {
	f := &founding{authority: o.Authority}
	if len(o.Authority.Keys) > 0 {
		if !d.meets(o.Authority.Keys, o.Authority.Threshold) {
			return tx.Unauthorised, nil
		}
	} else {
		provider, err := d.sponsor()
		if err != nil {
			return 0, err
		}
		// What a provider opens for somebody else has the authority that the network says. With a guardian of its choice, or fewer
		// attestors, it could take the account; with more of them than there are, nobody could ever leave it.
		if provider == nil || uint64(o.Authority.Attestors) != d.parameters.attestations || len(o.Authority.Guardians) > 0 {
			return tx.Unauthorised, nil
		}
		f.sponsored = true
	}
	if d.founding == nil {
		d.founding = make(map[tx.AccountID]*founding)
	}
	d.founding[o.Account()] = f
	return tx.OK, nil
}

// admitOwner: the signers meet the account's authority; or the account is being founded by providers and one of them acts
// for itself (grantee).
func (d *draft) admitOwner(id tx.AccountID, grantee *key.Public, unknown tx.Code) (tx.Code, error) {
	if f := d.founding[id]; f != nil {
		if d.meets(f.authority.Keys, f.authority.Threshold) {
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
	account, err := d.accountOf(id)
	if err != nil {
		return 0, err
	}
	if account == nil {
		return unknown, nil
	}
	authority, err := d.authorityAt(account, id, d.timeUnixMs)
	if err != nil {
		return 0, err
	}
	if d.meets(authority.Keys, authority.Threshold) {
		return tx.OK, nil
	}
	return tx.Unauthorised, nil
}

// meets says whether the signers reach a threshold of keys. Without keys nobody does.
func (d *draft) meets(keys []tx.AuthorityKey, threshold uint32) bool {
	var sum uint64
	for _, k := range keys {
		if d.signed.SignedBy(k.Key) {
			sum += uint64(k.Weight)
		}
	}
	return len(keys) > 0 && sum >= uint64(threshold)
}

// admitRight: the account's authority signs, or a key with a grant that allows it and was not ended before.
func (d *draft) admitRight(r right, ended []tx.RevokeGrant) (tx.Code, error) {
	code, err := d.admitOwner(r.account, nil, r.unknown)
	if err != nil || code != tx.Unauthorised {
		return code, err
	}
	for _, sig := range d.signed.Signatures {
		g, err := d.liveGrant(r.account, sig.Signer)
		if err != nil {
			return 0, err
		}
		if g != nil && g.Allows(r.allowed) && (r.asset == 0 || g.Asset == r.asset) &&
			!endsGrant(ended, r.account, sig.Signer) {
			return tx.OK, nil
		}
	}
	return tx.Unauthorised, nil
}

// debit is what a grant must allow for units to leave an account.
type debit struct {
	account tx.AccountID
	asset   tx.Asset
	allowed tx.GrantedOperation
	carrier *tx.AccountID // the provider that the operation names; nil when none
}

// admitDebit: the account's authority signs, or a key with a grant that holds for the debit.
func (d *draft) admitDebit(o debit, ended []tx.RevokeGrant) (tx.Code, error) {
	code, err := d.admitOwner(o.account, nil, tx.DebitAccountUnknown)
	if err != nil || code != tx.Unauthorised {
		return code, err
	}
	for _, sig := range d.signed.Signatures {
		g, err := d.grantFor(o, sig.Signer)
		if err != nil {
			return 0, err
		}
		if g != nil && !endsGrant(ended, o.account, sig.Signer) {
			return tx.OK, nil
		}
	}
	return tx.Unauthorised, nil
}

// grantFor reads the grant of the debited account to a key, if it holds for the debit; nil when it does not. A
// registered provider's grant holds only for debits that it carries: else a rival with a grant on the same account
// could take a body made by another, sign it alone, and have its refusal recorded. A key that it has retired is its key still.
func (d *draft) grantFor(o debit, grantee key.Public) (*Grant, error) {
	g, err := d.liveGrant(o.account, grantee)
	if err != nil || g == nil || g.Asset != o.asset || !g.Allows(o.allowed) {
		return nil, err
	}
	carrier, err := d.keptKey(grantee)
	if err != nil || carrier != nil && (o.carrier == nil || *o.carrier != *carrier) {
		return nil, err
	}
	return g, nil
}

func carrierOf(f *tx.Fee) *tx.AccountID {
	if f == nil {
		return nil
	}
	return &f.Provider
}

func endsGrant(ended []tx.RevokeGrant, account tx.AccountID, grantee key.Public) bool {
	for _, e := range ended {
		if e.Account == account && e.Grantee == grantee {
			return true
		}
	}
	return false
}

// admitIssuer: the account may define assets, and its authority signs.
func (d *draft) admitIssuer(issuer tx.AccountID) (tx.Code, error) {
	raw, err := d.overlay.get(keyIssuer(issuer))
	if err != nil || raw == nil {
		return tx.Unauthorised, err
	}
	return d.admitOwner(issuer, nil, tx.AccountUnknown)
}

// admitIssuerOf: the account is the asset's issuer, and its authority signs.
func (d *draft) admitIssuerOf(number tx.Asset, issuer tx.AccountID) (tx.Code, error) {
	asset, err := d.Asset(number)
	if err != nil || asset == nil || asset.Issuer != issuer {
		return tx.Unauthorised, err
	}
	return d.admitOwner(issuer, nil, tx.AccountUnknown)
}

// admitGovernor: the authority of the account that speaks for the validator signs.
func (d *draft) admitGovernor(validator string) (tx.Code, error) {
	account, err := d.governor(validator)
	if err != nil || account == (tx.AccountID{}) {
		return tx.Unauthorised, err
	}
	return d.admitOwner(account, nil, tx.AccountUnknown)
}

// governor is the account that speaks for a validator; zero when there is none.
func (s State) governor(validator string) (tx.AccountID, error) {
	raw, err := s.get(keyGovernor(validator))
	if err != nil || raw == nil {
		return tx.AccountID{}, err
	}
	if len(raw) < 16 {
		return tx.AccountID{}, corrupt(nil, "governor entry")
	}
	return tx.AccountID(raw[:16]), nil
}
