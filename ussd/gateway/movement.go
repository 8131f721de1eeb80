package gateway

import (
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
)

// moved is what an entry of the history moved in this gateway's asset, in order, with the balances after it.
func (r *remote) moved(e sdk.Entry) []ussd.FinalTransfer {
	var all []ussd.FinalTransfer
	var states []tx.PostState
	switch {
	case e.Effect != nil:
		all, states = r.movedByTime(e.Effect), e.Effect.PostStates
	case e.Signed != nil && e.Record.Result.Code == tx.OK:
		states = e.Record.PostStates
		for i, op := range e.Signed.Body.Operations {
			for _, t := range r.movedBy(op, uint32(i), e.Record.Result) {
				t.ID, t.Position = e.Signed.ID(), uint32(i)
				all = append(all, t)
			}
		}
	}
	available := make(map[tx.AccountID]tx.PostState, len(states))
	for _, p := range states {
		if p.Asset == r.asset {
			available[p.Account] = p
		}
	}
	for i := range all {
		t := &all[i]
		t.ReceiptCode = e.Code
		t.DebitBalance = available[t.Debit].Posted - available[t.Debit].Held
		t.CreditBalance = available[t.Credit].Posted - available[t.Credit].Held
	}
	return all
}

// movedBy is what an applied operation moved.
func (r *remote) movedBy(op tx.Operation, position uint32, result tx.Result) []ussd.FinalTransfer {
	switch o := op.(type) {
	case tx.Transfer:
		t := ussd.FinalTransfer{Debit: o.Debit, Credit: o.Credit, Amount: o.Amount}
		if o.Fee != nil {
			t.Fee = o.Fee.Amount
		}
		return r.ours(o.Asset, t)
	case tx.Return:
		return r.ours(o.Asset, ussd.FinalTransfer{
			How: ussd.ByReturn, Debit: o.Debit, Credit: o.Credit, Amount: o.Amount, Of: ussd.Movement{Leaf: o.LeafIndex, Position: o.Operation},
		})
	case tx.CaptureHold:
		return r.ours(o.Asset, ussd.FinalTransfer{
			How: ussd.ByHold, Debit: o.Debit, Credit: o.Credit, Amount: o.Amount, Hold: o.Hold, HoldEnds: o.ReleaseRest,
		})
	case tx.Issue:
		if int(o.Asset) > len(r.genesis.Assets) {
			return nil // Another asset than this gateway's, which the genesis defines.
		}
		return r.ours(o.Asset, ussd.FinalTransfer{
			How: ussd.ByIssue, Debit: r.genesis.Assets[o.Asset-1].Issuer, Credit: o.Credit, Amount: o.Amount,
		})
	case tx.BulkTransfer:
		refused := make(map[uint32]bool, len(result.Legs))
		for _, leg := range result.Legs {
			if leg.Operation == position {
				refused[leg.Leg] = true
			}
		}
		var all []ussd.FinalTransfer
		for i, leg := range o.Legs {
			if !refused[uint32(i)] {
				all = append(all, r.ours(o.Asset, ussd.FinalTransfer{How: ussd.ByBulk, Debit: o.Debit, Credit: leg.Credit, Amount: leg.Amount})...)
			}
		}
		return all
	}
	return nil
}

// movedByTime is what ledger time moved: a hold that was paid at its expiry, or given back.
func (r *remote) movedByTime(e *tx.Effect) []ussd.FinalTransfer {
	var hold tx.HoldID
	copy(hold[:], e.Subject)
	switch {
	case e.Kind == tx.HoldCompleted && e.Debit != nil && e.Credit != nil:
		return r.ours(e.Asset, ussd.FinalTransfer{How: ussd.ByHold, Debit: *e.Debit, Credit: *e.Credit, Amount: e.Amount, Hold: hold, HoldEnds: true})
	case e.Kind == tx.HoldReturned && e.Debit != nil:
		return r.ours(e.Asset, ussd.FinalTransfer{How: ussd.HoldReturned, Debit: *e.Debit, Amount: e.Amount, Hold: hold, HoldEnds: true})
	}
	return nil
}

// ours leaves out what is of another asset.
func (r *remote) ours(asset tx.Asset, t ussd.FinalTransfer) []ussd.FinalTransfer {
	if asset != r.asset {
		return nil
	}
	return []ussd.FinalTransfer{t}
}
