package ussd

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// The feed reads every final leaf once, in order. For money that moves from or to an account of this gateway, by whatever operation or by
// ledger time, it puts the SMS to payer and payee in the outbox and settles the payment, in the same store transaction that moves the cursor: a crash
// repeats a leaf or does not, and a message goes out once either way.

var cursorKey = []byte("cursor/feed")

// cursorEvery is after how many leaves that touch nobody here the cursor is stored all the same.
const cursorEvery = 256

// errStore marks an error of our own store, which ends Run; the ledger's errors only interrupt the feed.
var errStore = errors.New("ussd: store")

func (s *Service) feed(ctx context.Context) error {
	var next uint64
	err := s.store.View(ctx, func(r Reader) (err error) {
		next, err = cursor(r)
		return err
	})
	if err != nil {
		return fmt.Errorf("read cursor: %w", err)
	}
	skipped := 0
	err = s.ledger.WatchFinal(ctx, next, func(leaf FinalLeaf) error {
		if leaf.Index < next {
			return nil
		}
		leaf, err := s.look(ctx, leaf)
		if err != nil {
			return fmt.Errorf("look at what leaf %d says: %w", leaf.Index, err)
		}
		touched, numbers, err := s.parties(ctx, leaf)
		if err != nil {
			return err
		}
		if skipped++; !touched && skipped < cursorEvery {
			return nil
		}
		skipped = 0
		if err := s.store.Update(ctx, func(w Writer) error { return s.takeLeaf(w, leaf, numbers) }); err != nil {
			return fmt.Errorf("%w: take leaf %d: %w", errStore, leaf.Index, err)
		}
		return nil
	})
	switch {
	case ctx.Err() != nil:
		return nil
	case errors.Is(err, ErrOutboxFull):
		s.log.Error("outbox is full: notices wait", "error", err)
	case errors.Is(err, errStore):
		return err
	default:
		s.log.Warn("feed of final payments broke off", "error", err)
	}
	return nil
}

// parties tells whether a leaf touches an account of this gateway, and finds the numbers of both accounts of each transfer
// that does, before the store transaction that needs them. A number that cannot be had breaks the feed off at this leaf,
// which is then taken again; a leaf that touches nobody here asks for none.
func (s *Service) parties(ctx context.Context, leaf FinalLeaf) (bool, map[tx.AccountID]tx.AccountNumber, error) {
	numbers := make(map[tx.AccountID]tx.AccountNumber)
	if len(leaf.Transfers) == 0 && len(leaf.Notices) == 0 {
		return false, numbers, nil
	}
	touched := false
	err := s.store.View(ctx, func(r Reader) error {
		for _, t := range leaf.Transfers {
			payer, err := userOf(r, t.Debit)
			if err != nil {
				return err
			}
			payee, err := userOf(r, t.Credit)
			if err != nil {
				return err
			}
			if payer == nil && payee == nil {
				if group, err := groupIn(r, t); err != nil || !group {
					if err != nil {
						return err
					}
					continue
				}
			}
			touched = true
			numbers[t.Debit] = 0
			if t.How != HoldReturned {
				numbers[t.Credit] = 0
			}
		}
		for _, notice := range leaf.Notices {
			ours, err := concerns(r, notice)
			if err != nil {
				return err
			}
			if !ours {
				continue
			}
			touched = true
			for _, account := range notice.accounts() {
				numbers[account] = 0
			}
		}
		return nil
	})
	if err != nil {
		return false, nil, fmt.Errorf("%w: find users of leaf %d: %w", errStore, leaf.Index, err)
	}
	for account := range numbers {
		if numbers[account], err = s.ledger.NumberOf(ctx, account); err != nil {
			return false, nil, fmt.Errorf("number of an account in leaf %d: %w", leaf.Index, err)
		}
	}
	return touched, numbers, nil
}

func cursor(r Reader) (uint64, error) {
	raw, err := r.Get(cursorKey)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil || len(raw) != 8 {
		return 0, errors.Join(err, fmt.Errorf("cursor of %d bytes", len(raw)))
	}
	return binary.BigEndian.Uint64(raw), nil
}

// takeLeaf is the transaction for one leaf; numbers are those of its parties.
func (s *Service) takeLeaf(w Writer, leaf FinalLeaf, numbers map[tx.AccountID]tx.AccountNumber) error {
	next, err := cursor(w)
	if err != nil {
		return err
	}
	if leaf.Index < next {
		return nil
	}
	for i, transfer := range leaf.Transfers {
		m := moved{reference: fmt.Sprintf("leaf/%d/%d", leaf.Index, i), timeUnixMs: leaf.TimeUnixMs, numbers: numbers}
		if err := s.takeTransfer(w, m, transfer); err != nil {
			return err
		}
	}
	for i, notice := range leaf.Notices {
		if err := s.takeNotice(w, leaf, i, notice, numbers); err != nil {
			return err
		}
	}
	return w.Set(cursorKey, binary.BigEndian.AppendUint64(nil, leaf.Index+1))
}

// takeNotice takes the notice at a place of a leaf, if it concerns a user here.
func (s *Service) takeNotice(w Writer, leaf FinalLeaf, place int, notice Notice, numbers map[tx.AccountID]tx.AccountNumber) error {
	ours, err := concerns(w, notice)
	if err != nil || !ours {
		return err
	}
	return notice.take(s, w, noticed{reference: fmt.Sprintf("leaf/%d/notice/%d", leaf.Index, place), timeUnixMs: leaf.TimeUnixMs, numbers: numbers})
}

// look has those notices look at the ledger that say too little by themselves, before the store transaction.
func (s *Service) look(ctx context.Context, leaf FinalLeaf) (FinalLeaf, error) {
	for i, notice := range leaf.Notices {
		n, ok := notice.(interface {
			look(ctx context.Context, s *Service) (Notice, error)
		})
		if !ok {
			continue
		}
		looked, err := n.look(ctx, s)
		if err != nil {
			return leaf, err
		}
		leaf.Notices = slices.Clone(leaf.Notices)
		leaf.Notices[i] = looked
	}
	return leaf, nil
}

// Notice is what a leaf says to a user of this gateway, beside money that moved: somebody asks for money, a number moves away.
type Notice interface {
	// accounts are those whose numbers are wanted. One of them must be of a user here for the notice to be taken, unless it says by a
	// method found itself whether it is about something kept here.
	accounts() []tx.AccountID
	// take records it and tells people, in the store transaction that moves the cursor.
	take(s *Service, w Writer, n noticed) error
}

// noticed is where and when a notice stands.
type noticed struct {
	// reference is unique to it: messages take their own from it.
	reference  string
	timeUnixMs uint64
	// numbers are those of the accounts that it concerns.
	numbers map[tx.AccountID]tx.AccountNumber
}

// concerns tells whether a notice is about a user of this gateway.
func concerns(r Reader, notice Notice) (bool, error) {
	if n, ok := notice.(interface {
		found(r Reader) (bool, error)
	}); ok {
		return n.found(r)
	}
	for _, account := range notice.accounts() {
		user, err := userOf(r, account)
		if err != nil || user != nil {
			return user != nil, err
		}
	}
	return false, nil
}

// moved is where and when money moved, with the numbers of the accounts.
type moved = noticed

func (s *Service) takeTransfer(w Writer, m moved, t FinalTransfer) error {
	p, err := getPayment(w, t.ID)
	if err != nil {
		return err
	}
	if p != nil && p.Stage != StageSettled {
		outcome := Outcome{Code: OutcomeOK, ReceiptCode: t.ReceiptCode, Balance: t.DebitBalance, HasBalance: true}
		if p.Order.Debit() != t.Debit {
			outcome.Balance = t.CreditBalance // Who took it is told what they have.
		}
		if err := s.settleStored(w, t.ID, outcome, nowUnixMs()); err != nil {
			return err
		}
	}
	held, err := s.takeHeld(w, t)
	if err != nil {
		return err
	}
	if t.How == ByReturn {
		if _, err := endAsk(w, t.Of, AskReturned); err != nil {
			return err
		}
	}
	payer, err := userOf(w, t.Debit)
	if err != nil {
		return err
	}
	payee, err := userOf(w, t.Credit)
	if err != nil {
		return err
	}
	if err := s.watchFloats(w, m, t, payer, payee); err != nil {
		return err
	}
	if err := s.groupMoved(w, m, t, p); err != nil {
		return err
	}
	if p != nil && p.Order.Kind == KindCashGive {
		return s.cashGiven(w, m.reference, t, held, payer, payee, *p)
	}
	if held != nil && t.How == HoldReturned {
		if done, err := s.cashBack(w, m.reference, *held, t.DebitBalance); err != nil || done {
			return err
		}
	}
	if err := s.tellPayer(w, m, t, p, payer, held); err != nil {
		return err
	}
	return s.tellPayee(w, m, t, p, payer, payee, held)
}

// tellPayee tells who got it, or who was to get what did not come.
func (s *Service) tellPayee(w Writer, m moved, t FinalTransfer, p *Payment, payer, payee *User, held *Held) error {
	from := Payee{Account: t.Debit, Number: m.numbers[t.Debit], Name: nameIf(payer)}
	switch {
	case t.How == HoldReturned && held != nil:
		return s.tellOther(w, m.reference, *held, menu.SMSNotFetched, from)
	case payee == nil || t.How == HoldReturned:
		return nil
	}
	key := menu.SMSReceived
	if p != nil && kindOf(p.Order.Kind).smsGot != "" {
		key = kindOf(p.Order.Kind).smsGot
	}
	if t.How == ByReturn {
		key = menu.SMSGotBack
	}
	if p != nil && p.Order.GroupName != "" {
		key, from.Name = menu.SMSGroupPaidYou, p.Order.GroupName
	}
	return s.tell(w, m.reference+"/payee", *payee, key, from, menu.Args{Group: from.Name, Amount: s.machine.money(t.Amount), Code: t.ReceiptCode,
		Balance: s.machine.money(t.CreditBalance)})
}

// payerTold is what the payer is told of money that moved; who pays many at once, or issues, has other means to see it.
var payerTold = map[How]menu.Key{ByPayment: menu.SMSPaid, ByHold: menu.SMSHoldPaid, HoldReturned: menu.SMSHoldReturned, ByReturn: menu.SMSGaveBack}

// tellPayer tells whose money it was; held is what was kept of it, nil when that is not known.
func (s *Service) tellPayer(w Writer, m moved, t FinalTransfer, p *Payment, payer *User, held *Held) error {
	key, told := payerTold[t.How]
	if payer == nil || !told {
		return nil
	}
	name, err := nameOf(w, t.Credit, t.ID)
	if err != nil {
		return err
	}
	args := menu.Args{Amount: s.machine.money(t.Amount), Fee: s.machine.money(t.Fee), Code: t.ReceiptCode, Balance: s.machine.money(t.DebitBalance)}
	other := Payee{Account: t.Credit, Number: m.numbers[t.Credit], Name: name}
	switch {
	case held != nil && t.How == HoldReturned:
		key, other = menu.SMSHoldReturnedTo, held.other()
	case held != nil && name == "":
		if other.Name = held.Name; held.Phone != "" && held.Name == "" {
			other = Payee{Phone: held.Phone} // The payer knows the number and no name.
		}
	case p != nil && kindOf(p.Order.Kind).smsPaid != "":
		key, args.Group = kindOf(p.Order.Kind).smsPaid, p.Order.Payee.Name
	}
	return s.tell(w, m.reference+"/payer", *payer, key, other, args)
}

func (s *Service) notify(w Writer, reference string, to Phone, text string) error {
	return s.outbox.Enqueue(w, Message{Reference: reference, To: to, Text: text}, nowUnixMs())
}
