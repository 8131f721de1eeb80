package ussd

import (
	"errors"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// What the ledger says of money that waits. The gateway keeps a record of each hold that concerns a user here, and of each that waits for
// whoever registers a number: that may be a user here tomorrow.

// HoldPlaced is a notice that an amount is kept.
type HoldPlaced struct {
	Hold    tx.HoldID
	Payment tx.ID
	Payer   tx.AccountID
	// Payee is zero when Alias alone says for whom it is.
	Payee       tx.AccountID
	Alias       key.Alias
	Amount, Fee amount.Amount
	UntilUnixMs uint64
	// Completes means that it is paid when its time is over. Secret means that whoever takes it has to know a secret.
	Completes, Secret bool
	// MayRelease means that the payer may take it back.
	MayRelease  bool
	ReceiptCode string
	// Balance is the payer's after it.
	Balance amount.Amount
}

func (h HoldPlaced) accounts() []tx.AccountID {
	if h.Payee == (tx.AccountID{}) {
		return []tx.AccountID{h.Payer}
	}
	return []tx.AccountID{h.Payer, h.Payee}
}

// found tells whether it concerns a user here, or waits for whoever registers a number.
func (h HoldPlaced) found(r Reader) (bool, error) {
	if h.Payee == (tx.AccountID{}) && !h.Secret {
		return true, nil
	}
	payer, payee, err := h.users(r)
	return payer != nil || payee != nil, err
}

func (h HoldPlaced) users(r Reader) (payer, payee *User, err error) {
	if payer, err = userOf(r, h.Payer); err != nil {
		return nil, nil, err
	}
	payee, err = userOf(r, h.Payee)
	return payer, payee, err
}

// take keeps the record, and tells both sides.
func (h HoldPlaced) take(s *Service, w Writer, n noticed) error {
	payer, payee, err := h.users(w)
	if err != nil {
		return err
	}
	held := Held{Hold: h.Hold, Payment: h.Payment, Payer: h.Payer, Payee: h.Payee, Alias: h.Alias, Left: h.Amount, UntilUnixMs: h.UntilUnixMs,
		Completes: h.Completes, Secret: h.Secret, Number: n.numbers[h.Payee], Name: nameIf(payee)}
	p, err := getPayment(w, h.Payment)
	if err != nil {
		return err
	}
	if p != nil {
		held.Phone, held.Name = p.Order.Payee.Phone, p.Order.Payee.Name
		outcome := Outcome{Code: OutcomeOK, ReceiptCode: h.ReceiptCode, Balance: h.Balance, HasBalance: true}
		if err := s.settleStored(w, h.Payment, outcome, nowUnixMs()); err != nil {
			return err
		}
	}
	if p != nil && p.Order.Kind == KindCashOut {
		if err := s.cashWaits(w, n, h, payer, payee, *p); err != nil {
			return err
		}
	}
	if payer != nil && p != nil {
		if held.Invited, err = h.tellPayer(s, w, n, *payer, *p); err != nil {
			return err
		}
	}
	if payee != nil && h.Completes {
		if err := s.tell(w, n.reference+"/payee", *payee, menu.SMSComing, Payee{Account: h.Payer, Number: n.numbers[h.Payer], Name: nameIf(payer)},
			menu.Args{Amount: s.machine.money(h.Amount), Time: s.machine.at(h.UntilUnixMs)}); err != nil {
			return err
		}
	}
	if h.Payee == (tx.AccountID{}) && !h.Secret {
		if err := claimSoon(w, h.Alias, 0); err != nil {
			return err
		}
	}
	return newHeld(w, held)
}

// tellPayer sends the receipt, and tells the owner of a number that nobody has registered. It says whether it did.
func (h HoldPlaced) tellPayer(s *Service, w Writer, n noticed, payer User, p Payment) (invited bool, err error) {
	key, args := menu.SMSDelayed, menu.Args{Amount: s.machine.money(h.Amount), Fee: s.machine.money(h.Fee), Code: h.ReceiptCode,
		Balance: s.machine.money(h.Balance), Time: s.machine.at(h.UntilUnixMs), Date: s.machine.day(h.UntilUnixMs)}
	switch p.Order.Kind {
	case KindKeep:
		key = menu.SMSKept
		if invited, err = s.invite(w, n.reference, payer, p); err != nil {
			return false, err
		}
	case KindDelay:
	default:
		return false, nil // Who made another kind of hold says so.
	}
	return invited, s.tell(w, n.reference+"/payer", payer, key, p.Order.Payee, args)
}

const (
	// maxInvites bounds what a number that nobody has registered is told in a day, maxInviting what is told in a day for one payer.
	maxInvites  = 3
	maxInviting = 10
)

// invite tells the owner of a number that money waits. The language is the payer's, the best guess there is.
func (s *Service) invite(w Writer, reference string, payer User, p Payment) (bool, error) {
	to := p.Order.Payee.Phone
	for _, list := range []struct {
		prefix []byte
		limit  int
	}{{phonePrefix("invited", to), maxInvites}, {phonePrefix("inviting", payer.Phone), maxInviting}} {
		count := 0
		if err := w.Scan(list.prefix, nil, list.limit, func(_, _ []byte) error { count++; return nil }); err != nil {
			return false, err
		}
		if count >= list.limit {
			return false, nil
		}
		key := append(list.prefix, p.Prepared.ID[:]...)
		if err := errors.Join(w.Set(key, nil), forgetAt(w, nowUnixMs()+sessionKept, key)); err != nil {
			return false, err
		}
	}
	stranger := User{Phone: to, Language: payer.Language}
	return true, s.tell(w, reference+"/invite", stranger, menu.SMSInvite, Payee{Name: payer.Name, Number: payer.Number},
		menu.Args{Amount: s.machine.money(p.Order.Amount), Days: days(keptDays)})
}

// tell sends a message in a user's language about somebody else.
func (s *Service) tell(w Writer, reference string, to User, key menu.Key, other Payee, args menu.Args) error {
	session := Session{Language: to.Language}
	args.Name = s.machine.payeeName(&session, other)
	return s.notify(w, reference, to.Phone, s.machine.text(&session, key, args))
}

func nameIf(user *User) string {
	if user == nil {
		return ""
	}
	return user.Name
}

// HoldReleased is a notice that a hold was given up, by its payer or its payee.
type HoldReleased struct {
	Hold        tx.HoldID
	Payer       tx.AccountID
	ReceiptCode string
	// Balance is the payer's after it, when HasBalance.
	Balance    amount.Amount
	HasBalance bool
}

func (h HoldReleased) accounts() []tx.AccountID { return []tx.AccountID{h.Payer} }

func (h HoldReleased) found(r Reader) (bool, error) {
	held, err := getHeld(r, h.Hold)
	return held != nil, err
}

// take forgets the hold, and tells both sides.
func (h HoldReleased) take(s *Service, w Writer, n noticed) error {
	held, err := getHeld(w, h.Hold)
	if err != nil || held == nil {
		return err
	}
	if err := endHeld(w, *held); err != nil {
		return err
	}
	if done, err := s.cashBack(w, n.reference, *held, h.Balance); err != nil || done {
		return err
	}
	payer, err := userOf(w, h.Payer)
	if err != nil {
		return err
	}
	amount := s.machine.money(held.Left)
	if payer != nil {
		args := menu.Args{Amount: amount, Balance: s.machine.money(h.Balance)}
		if err := s.tell(w, n.reference+"/payer", *payer, menu.SMSCancelled, held.other(), args); err != nil {
			return err
		}
	}
	return s.tellOther(w, n.reference, *held, menu.SMSComingCancelled, Payee{Account: h.Payer, Number: n.numbers[h.Payer], Name: nameIf(payer)})
}

// other is how the payer knows the payee.
func (h Held) other() Payee {
	return Payee{Account: h.Payee, Number: h.Number, Phone: h.Phone, Name: h.Name}
}

// tellOther tells who was told that money is coming that it does not come.
func (s *Service) tellOther(w Writer, reference string, held Held, key menu.Key, payer Payee) error {
	to, err := userOf(w, held.Payee)
	if err != nil {
		return err
	}
	if to == nil && held.Invited {
		if to, err = getUser(w, held.Phone); err != nil {
			return err
		}
		if to == nil {
			from, err := userOf(w, held.Payer)
			if err != nil || from == nil {
				return err
			}
			to = &User{Phone: held.Phone, Language: from.Language}
		}
	} else if !held.Completes {
		return nil
	}
	if to == nil {
		return nil
	}
	return s.tell(w, reference+"/payee", *to, key, payer, menu.Args{Amount: s.machine.money(held.Left)})
}

// AliasAttested is a notice that attestors bound a number, or that a number moved: money may wait for it.
type AliasAttested struct{ Alias key.Alias }

func (a AliasAttested) accounts() []tx.AccountID { return nil }

func (a AliasAttested) found(r Reader) (found bool, err error) {
	err = r.Scan(waitingPrefix(a.Alias), nil, 1, func(_, _ []byte) error {
		found = true
		return nil
	})
	return found, err
}

func (a AliasAttested) take(_ *Service, w Writer, _ noticed) error { return claimSoon(w, a.Alias, 0) }

// takeHeld does what a movement of money does to a hold: it is smaller, or has ended. It gives the hold as it was; nil when it is not known.
func (s *Service) takeHeld(w Writer, t FinalTransfer) (*Held, error) {
	if t.Hold == (tx.HoldID{}) {
		return nil, nil
	}
	held, err := getHeld(w, t.Hold)
	if err != nil || held == nil {
		return nil, err
	}
	if !t.HoldEnds && t.Amount < held.Left {
		smaller := *held
		smaller.Left -= t.Amount
		return held, put(w, heldKey(t.Hold), smaller)
	}
	if err := endHeld(w, *held); err != nil || t.How == HoldReturned {
		return held, err
	}
	p, err := getPayment(w, held.Payment)
	if err != nil || p == nil || p.Order.Kind != KindDelay {
		return held, err
	}
	return held, remember(w, *p)
}
