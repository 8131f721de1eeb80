package ledger_test

import (
	"slices"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// admit says whether the signers may do all of it: it looks at what is before the transaction, the accounts that it opens and the
// grants that it revokes.
func (a *attempt) admit(body tx.Body) tx.Code {
	missing := tx.OK
	for _, op := range body.Operations {
		switch code := a.may(op); code {
		case tx.OK:
		case tx.Unauthorised:
			return code
		default:
			if missing == tx.OK {
				missing = code
			}
		}
		if o, ok := op.(tx.RevokeGrant); ok {
			a.ended[grantName{o.Account, o.Grantee}] = true
		}
	}
	const week = 7 * aDay
	if code := first(broken{tx.ExpiryTooFar, body.ExpiresAtUnixMs > a.now+week}, broken{missing, missing != tx.OK}); code != tx.OK {
		return code
	}
	return a.charge(body)
}

// may says whether the signers may do one operation.
func (a *attempt) may(op tx.Operation) tx.Code {
	switch o := op.(type) {
	case tx.OpenAccount:
		return a.mayOpen(o)
	case tx.BindAlias:
		return first(broken{tx.Unauthorised, !a.founding[o.Account].sponsored})
	case tx.SetAuthority:
		return a.owner(o.Account, tx.AccountUnknown)
	case tx.IssueGrant:
		if a.founding[o.Account].sponsored {
			return first(broken{tx.Unauthorised, !a.signed(o.Grantee) || a.providerOf(o.Grantee) == nil})
		}
		return a.owner(o.Account, tx.AccountUnknown)
	case tx.RevokeGrant:
		if _, there := a.grants[grantName{o.Account, o.Grantee}]; there && a.signed(o.Grantee) {
			return tx.OK
		}
		return a.owner(o.Account, tx.AccountUnknown)
	case tx.Transfer:
		return a.mayDebit(o.Debit, o.Asset, tx.GrantTransfer, o.Fee)
	case tx.BulkTransfer:
		return a.mayDebit(o.Debit, o.Asset, tx.GrantTransfer, o.Fee)
	case tx.PlaceHold:
		return a.mayDebit(o.Debit, o.Asset, tx.GrantHold, o.Fee)
	case tx.CaptureHold:
		return a.mayAct(o.Credit, tx.GrantCapture, o.Asset)
	case tx.ReleaseHold:
		return a.mayRelease(o)
	case tx.RequestPayment:
		_, here := a.founding[o.Debit]
		return lowest(a.mayAct(o.Credit, tx.GrantRequest, o.Asset), first(broken{tx.DebitAccountUnknown, !here && !a.exists(o.Debit)}))
	case tx.DeclineRequest:
		return a.mayAct(o.Account, tx.GrantRequest, 0)
	case tx.Return:
		return a.mayReturn(o)
	case tx.CancelMove:
		m, _ := a.openMove(o.Alias, o.Account)
		return a.mayCancel(o.Account, m)
	case tx.CancelRecovery:
		return a.mayCancel(o.Account, move{})
	}
	return a.mayGovern(op)
}

// mayGovern is for operations that no grant allows and that are not about the account that acts alone.
func (a *attempt) mayGovern(op tx.Operation) tx.Code {
	switch o := op.(type) {
	case tx.SetTier:
		return a.maySetTier(o)
	case tx.StartRecovery:
		return a.mayRecover(o.Account)
	case tx.CompleteRecovery:
		return a.mayRecover(o.Account)
	case tx.AttestAlias:
		return a.mayAttest(o)
	case tx.ReleaseAlias:
		return a.mayReleaseAlias(o)
	case tx.StartMove:
		return a.mayMove(o)
	case tx.ConfirmMove:
		return a.mayConfirm(o)
	case tx.DefineAsset:
		return lowest(first(broken{tx.Unauthorised, !a.issuers[o.Issuer]}), a.owner(o.Issuer, tx.AccountUnknown))
	case tx.Issue:
		return a.issuerOf(o.Asset, a.assets[o.Asset].issuer)
	case tx.SetLimits:
		return a.issuerOf(o.Asset, o.Issuer)
	case tx.ListPayee:
		return a.issuerOf(o.Asset, o.Issuer)
	case tx.Redeem:
		return a.issuerOf(o.Asset, o.Issuer)
	case tx.StateReserve:
		return a.issuerOf(o.Asset, o.Issuer)
	case tx.RegisterProvider:
		return lowest(first(broken{tx.Unauthorised, !a.signed(o.Key)}), a.owner(o.Account, tx.AccountUnknown))
	case tx.PublishFees:
		return a.owner(o.Provider, tx.AccountUnknown)
	case tx.Propose:
		return a.governor(o.Validator)
	case tx.Vote:
		return a.governor(o.Validator)
	}
	panic("an operation that nobody is admitted for")
}

// owner: the account's authority signs.
func (a *attempt) owner(id tx.AccountID, unknown tx.Code) tx.Code {
	_, here := a.founding[id]
	return first(broken{unknown, !here && !a.exists(id)}, broken{tx.Unauthorised, !a.owns(id)})
}

func (a *attempt) issuerOf(n tx.Asset, issuer tx.AccountID) tx.Code {
	return first(broken{tx.Unauthorised, !a.known(n) || a.assets[n].issuer != issuer || !a.owns(issuer)})
}

func (a *attempt) governor(validator string) tx.Code {
	v, there := a.validators[validator]
	return first(broken{tx.Unauthorised, !there || !a.owns(v.Account)})
}

// mayOpen: its keys open an account; a provider opens one without keys, with the authority that the network says.
func (a *attempt) mayOpen(o tx.OpenAccount) tx.Code {
	phone := len(o.Authority.Keys) == 0
	asWished := uint64(o.Authority.Attestors) == a.parameters[tx.Attestations] && len(o.Authority.Guardians) == 0
	if phone && (a.sponsor() == nil || !asWished) || !phone && !a.reach(o.Authority.Keys, o.Authority.Threshold) {
		return tx.Unauthorised
	}
	a.founding[o.Account()] = founding{o.Authority, phone}
	return tx.OK
}

// sponsor is the first provider among the signers.
func (a *attempt) sponsor() *tx.AccountID {
	for _, k := range a.signers {
		if p := a.providerOf(k); p != nil {
			return p
		}
	}
	return nil
}

// mayAct: the account's authority signs, or somebody with a grant that allows it.
func (a *attempt) mayAct(id tx.AccountID, what tx.GrantedOperation, asset tx.Asset) tx.Code {
	code := a.owner(id, tx.AccountUnknown)
	for _, k := range a.signers {
		if code == tx.Unauthorised && a.granted(id, k, what, asset) && !a.ended[grantName{id, k}] {
			code = tx.OK
		}
	}
	return code
}

// mayDebit is mayAct for units that leave the account. The grant of a provider is for payments with a fee of its own.
func (a *attempt) mayDebit(id tx.AccountID, asset tx.Asset, what tx.GrantedOperation, fee *tx.Fee) tx.Code {
	return a.mayDebitBy(id, asset, what, carrierOf(fee))
}

func (a *attempt) mayDebitBy(id tx.AccountID, asset tx.Asset, what tx.GrantedOperation, carrier *tx.AccountID) tx.Code {
	code := a.owner(id, tx.DebitAccountUnknown)
	for _, k := range a.signers {
		if code == tx.Unauthorised && a.carries(id, k, what, asset, carrier) && !a.ended[grantName{id, k}] {
			code = tx.OK
		}
	}
	return code
}

func carrierOf(fee *tx.Fee) *tx.AccountID {
	if fee == nil {
		return nil
	}
	return &fee.Provider
}

// granted says whether a key has a grant that allows it; asset 0 is any.
func (a *attempt) granted(id tx.AccountID, k key.Public, what tx.GrantedOperation, asset tx.Asset) bool {
	g := a.grants[grantName{id, k}]
	return a.live(id, k) && slices.Contains(g.Operations, what) && (asset == 0 || g.Asset == asset)
}

// carries says whether a key has a grant for a debit with a carrier.
func (a *attempt) carries(id tx.AccountID, k key.Public, what tx.GrantedOperation, asset tx.Asset, carrier *tx.AccountID) bool {
	p, kept := a.providerKeys[k]
	return a.granted(id, k, what, asset) && (!kept || carrier != nil && *carrier == p)
}

// debt is what an account has to earn back, in milliseconds, since a time.
type debt struct{ since, owed uint64 }

// charge takes the credits that the transaction costs.
func (a *attempt) charge(body tx.Body) tx.Code {
	interval, burst := a.parameters[tx.CreditIntervalMs], a.parameters[tx.CreditBurst]
	if interval == 0 {
		return tx.OK
	}
	who, shares := a.actor(body.Operations[0]), uint64(1)
	if p := a.sponsor(); p != nil {
		who, shares = *p, a.providers[*p].shares
	}
	cost := uint64(len(a.signers) - 1)
	for _, op := range body.Operations {
		if bulk, ok := op.(tx.BulkTransfer); ok {
			cost += uint64(len(bulk.Legs))
		} else {
			cost++
		}
	}
	before := a.debts[who]
	owed := before.owed - min(before.owed, (a.now-before.since)*shares) + cost*interval
	if owed > burst*interval*shares {
		return tx.QuotaExhausted
	}
	a.debts[who] = debt{a.now, owed}
	return tx.OK
}

// actor is the account that an operation acts for. What no account acts for yet is paid by the network's own bucket.
func (a *attempt) actor(op tx.Operation) tx.AccountID {
	switch o := op.(type) {
	case tx.Transfer:
		return o.Debit
	case tx.BulkTransfer:
		return o.Debit
	case tx.PlaceHold:
		return o.Debit
	case tx.Return:
		return a.giver(o)
	case tx.ReleaseHold:
		return a.releaser(o)
	case tx.SetTier:
		return a.firstAttestor()
	case tx.CaptureHold:
		return o.Credit
	case tx.RequestPayment:
		return o.Credit
	case tx.Issue:
		return a.assets[o.Asset].issuer
	case tx.Redeem:
		return o.Issuer
	case tx.DefineAsset:
		return o.Issuer
	case tx.SetLimits:
		return o.Issuer
	case tx.ListPayee:
		return o.Issuer
	case tx.StateReserve:
		return o.Issuer
	case tx.StartMove:
		return o.From
	case tx.PublishFees:
		return o.Provider
	case tx.Propose:
		return a.validators[o.Validator].Account
	case tx.Vote:
		return a.validators[o.Validator].Account
	}
	return accountOf(op)
}

// accountOf is the account that an operation calls just that.
func accountOf(op tx.Operation) tx.AccountID {
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
	case tx.CancelMove:
		return o.Account
	case tx.ConfirmMove:
		return o.Account
	case tx.DeclineRequest:
		return o.Account
	case tx.RegisterProvider:
		return o.Account
	}
	return tx.AccountID{}
}
