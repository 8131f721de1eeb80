package gateway

import (
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
)

// noticed is what else an entry says to people. Operations of another asset than this gateway's say nothing.
func (r *remote) noticed(e sdk.Entry) []ussd.Notice {
	if e.Effect != nil {
		return r.noticedOfTime(e.Effect)
	}
	if e.Signed == nil || e.Record.Result.Code != tx.OK {
		return nil
	}
	var all []ussd.Notice
	for i, op := range e.Signed.Body.Operations {
		if notice := r.noticeOf(e, op, uint32(i)); notice != nil {
			all = append(all, notice)
		}
		if notice := r.step(op); notice != nil {
			all = append(all, notice)
		}
	}
	return all
}

// noticedOfTime is what ledger time did that concerns people.
func (r *remote) noticedOfTime(e *tx.Effect) []ussd.Notice {
	var all []ussd.Notice
	if e.Kind == tx.MoveCompleted && len(e.Subject) == len(key.Alias{}) {
		all = append(all, ussd.AliasAttested{Alias: key.Alias(e.Subject)})
	}
	if e.Kind == tx.MoveCompleted || e.Kind == tx.MoveLapsed {
		for _, account := range e.Accounts {
			all = append(all, ussd.MoveNotice{Step: ussd.MoveEnded, Account: account})
		}
	}
	return all
}

// step is what an applied operation says of a move; nil when it says nothing.
func (r *remote) step(op tx.Operation) ussd.Notice {
	switch o := op.(type) {
	case tx.StartMove:
		return ussd.MoveNotice{Step: ussd.MoveBegan, Account: o.From}
	case tx.CancelMove:
		return ussd.MoveNotice{Step: ussd.MoveStopped, Account: o.Account}
	case tx.ConfirmMove:
		return ussd.MoveNotice{Step: ussd.MoveConfirmed, Account: o.Account}
	case tx.RevokeGrant:
		if o.Grantee == r.provider.Public() {
			return ussd.MoveNotice{Step: ussd.GrantRevoked, Account: o.Account}
		}
	}
	return nil
}

// noticeOf is what an applied operation says; nil when it says nothing.
func (r *remote) noticeOf(e sdk.Entry, op tx.Operation, position uint32) ussd.Notice {
	switch o := op.(type) {
	case tx.PlaceHold:
		if o.Asset != r.asset {
			return nil
		}
		return r.placed(e, o, position)
	case tx.ReleaseHold:
		n := ussd.HoldReleased{Hold: o.Hold, Payer: o.Debit, ReceiptCode: e.Code}
		n.Balance, n.HasBalance = r.after(e, o.Debit)
		return n
	case tx.RequestPayment:
		if o.Asset != r.asset {
			return nil
		}
		return ussd.RequestMade{ID: tx.NewRequestID(e.Signed.ID(), position), Credit: o.Credit, Debit: o.Debit, Amount: o.Amount, EndsAtUnixMs: o.ExpiresAtUnixMs}
	case tx.DeclineRequest:
		return ussd.RequestEnded{ID: o.Request, By: o.Account}
	case tx.Transfer:
		if o.Request != nil {
			return ussd.RequestEnded{ID: *o.Request, By: o.Debit, Paid: true}
		}
	case tx.AttestAlias:
		return ussd.AliasAttested{Alias: o.Alias}
	case tx.StartMove: // One that everybody agrees to completes at once.
		return ussd.AliasAttested{Alias: o.Alias}
	case tx.ConfirmMove:
		return ussd.AliasAttested{Alias: o.Alias}
	}
	return nil
}

func (r *remote) placed(e sdk.Entry, o tx.PlaceHold, position uint32) ussd.HoldPlaced {
	n := ussd.HoldPlaced{
		Hold: tx.NewHoldID(e.Signed.ID(), position), Payment: e.Signed.ID(), Payer: o.Debit, Amount: o.Amount, UntilUnixMs: o.ExpiresAtUnixMs,
		Completes: o.OnExpiry == tx.ExpiryCompletes, Secret: o.Hashlock != nil, MayRelease: o.PayerMayRelease, ReceiptCode: e.Code,
	}
	if o.Fee != nil {
		n.Fee = o.Fee.Amount
	}
	if o.Credit != nil {
		n.Payee = *o.Credit
	} else {
		n.Alias = *o.Alias
	}
	n.Balance, _ = r.after(e, o.Debit)
	return n
}

// after is what an account can spend after an entry; false when the entry does not say.
func (r *remote) after(e sdk.Entry, account tx.AccountID) (balance amount.Amount, ok bool) {
	for _, p := range e.Record.PostStates {
		if p.Account == account && p.Asset == r.asset {
			return p.Posted - p.Held, true
		}
	}
	return 0, false
}
