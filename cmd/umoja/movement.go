package main

import (
	"encoding/hex"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// movement is what a leaf did to one account, as a line of its history.
type movement struct {
	// Sign is "+", "-", or "" when no money moved.
	Sign string `json:"sign"`
	*money
	// Fee is what the account paid on top.
	Fee *money `json:"fee,omitempty"`
	// Other is whom the money went to or came from.
	Other *tx.AccountID `json:"other,omitempty"`
	// What names an act that moves nothing, and says how money moved that no transfer moved.
	What      string `json:"what,omitempty"`
	Reference string `json:"reference,omitempty"`
}

// ledgerLines collects the movements of one account.
type ledgerLines struct {
	units   *units
	account tx.AccountID
	all     []movement
}

func (l *ledgerLines) add(m movement, asset tx.Asset, a amount.Amount) {
	named := l.units.money(asset, a)
	m.money = &named
	l.all = append(l.all, m)
}

// between adds money that went from one account to another, as the account sees it.
func (l *ledgerLines) between(debit, credit tx.AccountID, asset tx.Asset, a amount.Amount, m movement) {
	if debit == l.account {
		m := m
		m.Sign, m.Other = "-", &credit
		l.add(m, asset, a)
	}
	if credit == l.account {
		m.Sign, m.Other, m.Fee = "+", &debit, nil
		l.add(m, asset, a)
	}
}

// fee is what a fee leg is to the payer.
func (l *ledgerLines) fee(asset tx.Asset, f *tx.Fee) *money {
	if f == nil {
		return nil
	}
	m := l.units.money(asset, f.Amount)
	return &m
}

// feeOf adds the fee that the account was paid as a provider.
func (l *ledgerLines) feeOf(asset tx.Asset, f *tx.Fee, payer tx.AccountID) {
	if f != nil && f.Provider == l.account {
		l.add(movement{Sign: "+", Other: &payer, What: "fee"}, asset, f.Amount)
	}
}

// movementsOf lists what the operations mean to an account.
func movementsOf(u *units, account tx.AccountID, body tx.Body, result tx.Result) []movement {
	l := &ledgerLines{units: u, account: account}
	for i, operation := range body.Operations {
		switch o := operation.(type) {
		case tx.Transfer:
			l.between(o.Debit, o.Credit, o.Asset, o.Amount, movement{Fee: l.fee(o.Asset, o.Fee), Reference: o.Reference})
			l.feeOf(o.Asset, o.Fee, o.Debit)
		case tx.BulkTransfer:
			l.bulk(o, uint32(i), result)
		case tx.Issue:
			if o.Credit == account {
				l.add(movement{Sign: "+", What: "issue"}, o.Asset, o.Amount)
			}
		case tx.Redeem:
			if o.Issuer == account {
				l.add(movement{Sign: "-", What: "redeemed"}, o.Asset, o.Amount)
			}
		case tx.PlaceHold:
			l.hold(o)
		case tx.CaptureHold:
			l.between(o.Debit, o.Credit, o.Asset, o.Amount, movement{What: "out of hold " + o.Hold.String()})
		case tx.Return:
			l.between(o.Debit, o.Credit, o.Asset, o.Amount, movement{What: fmt.Sprintf("return of leaf %d", o.LeafIndex)})
		case tx.RequestPayment:
			if o.Debit == account {
				l.add(movement{Other: &o.Credit, What: "is asked for", Reference: o.Reference}, o.Asset, o.Amount)
			}
			if o.Credit == account {
				l.add(movement{Other: &o.Debit, What: "asked for", Reference: o.Reference}, o.Asset, o.Amount)
			}
		default:
			l.other(actOf(u, operation))
		}
	}
	return l.all
}

// bulk adds one line for the payer and one for each leg that was applied to the account.
func (l *ledgerLines) bulk(o tx.BulkTransfer, position uint32, result tx.Result) {
	refused := make(map[uint32]bool)
	for _, leg := range result.Legs {
		if leg.Operation == position {
			refused[leg.Leg] = true
		}
	}
	var sum amount.Amount
	for i, leg := range o.Legs {
		if refused[uint32(i)] {
			continue
		}
		sum += leg.Amount // Not above the sum of all legs, which is an amount.
		if leg.Credit == l.account {
			l.add(movement{Sign: "+", Other: &o.Debit, What: "of a payment to many", Reference: o.Reference}, o.Asset, leg.Amount)
		}
	}
	if o.Debit == l.account {
		m := movement{Sign: "-", What: fmt.Sprintf("to %d payees", len(o.Legs)-len(refused)), Reference: o.Reference}
		if len(refused) > 0 {
			m.What += fmt.Sprintf(", %d refused", len(refused)) // Then the fee is less than the one signed: the legs that stand paid theirs.
		} else {
			m.Fee = l.fee(o.Asset, o.Fee)
		}
		l.add(m, o.Asset, sum)
	}
	if len(refused) == 0 {
		l.feeOf(o.Asset, o.Fee, o.Debit)
	} else if o.Fee != nil && o.Fee.Provider == l.account {
		l.all = append(l.all, movement{What: "fees of the legs that were paid", Other: &o.Debit})
	}
}

func (l *ledgerLines) hold(o tx.PlaceHold) {
	if o.Debit == l.account {
		l.add(movement{Other: o.Credit, What: "held", Fee: l.fee(o.Asset, o.Fee), Reference: o.Reference}, o.Asset, o.Amount)
	}
	if o.Credit != nil && *o.Credit == l.account {
		l.add(movement{Other: &o.Debit, What: "held for this account", Reference: o.Reference}, o.Asset, o.Amount)
	}
}

// other adds an act that moves nothing, for whom it concerns.
func (l *ledgerLines) other(a act) {
	for _, id := range []*tx.AccountID{a.Account, a.From, a.To} {
		if id != nil && *id == l.account {
			l.all = append(l.all, movement{What: a.Kind})
			return
		}
	}
}

// effectWords say what ledger time did; {id} is the hold, request or ballot.
var effectWords = map[tx.EffectKind]string{
	tx.HoldReturned:      "hold %s ended and was given back",
	tx.HoldCompleted:     "hold %s ended and was paid",
	tx.RequestExpired:    "request %s expired",
	tx.MoveCompleted:     "a phone number was moved",
	tx.MoveLapsed:        "a move of a phone number was not confirmed",
	tx.RecoveryCompleted: "the account was recovered",
	tx.RecoveryLapsed:    "a recovery was not confirmed",
	tx.VoucherReturned:   "vouchers went back to their issuer",
	tx.BallotEffective:   "ballot %s took effect",
	tx.BallotLapsed:      "ballot %s did not pass",
	tx.GrantExpired:      "a grant expired",
}

// effectText says what ledger time did.
func effectText(e *tx.Effect) string {
	words, ok := effectWords[e.Kind]
	if !ok {
		return fmt.Sprintf("effect %d", e.Kind)
	}
	switch e.Kind {
	case tx.HoldReturned, tx.HoldCompleted, tx.RequestExpired, tx.BallotEffective, tx.BallotLapsed:
		return fmt.Sprintf(words, hex.EncodeToString(e.Subject))
	}
	return words
}

// movementsByTime lists what an effect means to an account.
func movementsByTime(u *units, account tx.AccountID, e *tx.Effect) []movement {
	l := &ledgerLines{units: u, account: account}
	what := effectText(e)
	switch {
	case e.Debit != nil && e.Credit != nil:
		l.between(*e.Debit, *e.Credit, e.Asset, e.Amount, movement{What: what})
	case e.Debit != nil:
		// Kept for somebody, and the payer's again: to either side it is the other who matters.
		m := movement{What: what}
		if *e.Debit != account {
			m.Other = e.Debit
		} else if len(e.Accounts) > 0 {
			m.Other = &e.Accounts[0]
		}
		l.add(m, e.Asset, e.Amount)
	}
	if len(l.all) == 0 {
		l.all = append(l.all, movement{What: what})
	}
	return l.all
}
