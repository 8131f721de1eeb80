package ussd

import (
	"errors"
	"strconv"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Sending: 1*NUMBER*AMOUNT, then the confirm screen.

func sendFlow() flow {
	return flow{enter: (*Machine).enterSend, show: (*Machine).showSend, take: (*Machine).takeSend, resumes: true}
}

const (
	promptPayee  Prompt = "send/payee"
	promptAmount Prompt = "send/amount"
)

// mostAsked is the most that an order is prepared for. It is above every cap, and leaves room for the fee in an amount: what
// is typed beyond it is refused for the balance or a cap, not for a form that only the ledger knows.
const mostAsked = amount.Max / 2

// transferKind are the texts of a payment.
var transferKind = kind{
	confirm: menu.Confirm, confirmAccount: menu.ConfirmAccount, done: menu.PaidNoBalance, doneBalance: menu.Paid,
	processing: menu.Processing, busy: menu.ProcessingBusy, lineDone: menu.LinePaid, lineProcessing: menu.LineProcessing,
	lineNotMade: menu.LineNotMade, notMade: menu.NotMade, smsNotMade: menu.SMSNotMade, spends: true,
}

func (m *Machine) enterSend(f Facts, s *Session) Action {
	if f.User.Attempts.Stopped(f.NowUnixMs) {
		return m.stopped(f, s, *f.User)
	}
	return m.goTo(f, s, promptPayee)
}

// showSend asks for the payee, and offers those who were paid last by one digit, which no account number has; or it asks for the amount.
func (m *Machine) showSend(f Facts, s *Session) Action {
	if s.Prompt == promptAmount {
		payee := s.Draft.Order.Payee
		if payee.Account == (tx.AccountID{}) {
			return m.ask(s, menu.SendAmountNew, menu.Args{Number: string(payee.Phone), Days: days(keptDays)})
		}
		return m.ask(s, menu.SendAmountTo, menu.Args{Name: m.payeeName(s, payee)})
	}
	var names []string
	contacts := f.Contacts[:min(len(f.Contacts), listedContacts)]
	for _, c := range contacts {
		names = append(names, m.payeeName(s, c.payee()))
	}
	action, shown := m.choices(s, menu.SendPayee, names)
	s.Draft = Draft{Contacts: contacts[:shown]}
	action.Effects = []Effect{DropDraft{s.Phone}} // Nobody is to be paid yet.
	return action
}

// choices shows a list to choose from by number, as much of it as fits above the line that offers to go back, and tells how much that is.
func (m *Machine) choices(s *Session, title menu.Key, lines []string) (action Action, shown int) {
	text, back := m.text(s, title, menu.Args{}), "\n"+m.text(s, menu.BackLine, menu.Args{})
	for _, line := range lines {
		longer := text + "\n" + strconv.Itoa(shown+1) + " " + line
		if !s.Screen.fits(longer + back) {
			break
		}
		text, shown = longer, shown+1
	}
	if s.Screen.fits(text + back) {
		text += back
	}
	return m.askText(s, text), shown
}

// takeSend takes payee and amount.
func (m *Machine) takeSend(f Facts, s *Session, e Event) Action {
	if action, ok := m.offered(f, s, e); ok {
		return action
	}
	switch e := e.(type) {
	case Answer:
		if s.Prompt == promptPayee {
			if place, err := strconv.Atoi(trim(e.Input)); err == nil && 0 < place && place <= len(s.Draft.Contacts) && len(trim(e.Input)) == 1 {
				return Action{Ask: AskPayee{s.Draft.Contacts[place-1].destination()}}
			}
			return m.namePayee(s, e)
		}
		value, refusal := m.readAmount(s, e)
		if refusal != nil {
			return *refusal
		}
		order := s.Draft.Order
		order.Amount, order.Kind, order.VouchedBy = value, KindTransfer, tx.AccountID{}
		if order.Payee.Account == (tx.AccountID{}) {
			order.Kind = KindKeep
		}
		return m.protect(f, s, order)
	case FirstAnswered:
		return m.propose(f, s, e.Order)
	case PayeeFound:
		if e.Payee.Account == f.User.Account {
			return m.again(s, menu.PayeeSelf, menu.Args{})
		}
		s.Draft.Order.Payee = e.Payee
		return m.goTo(f, s, promptAmount)
	case PayeeMissing:
		if e.Destination.Phone != "" {
			// Nobody has the number yet: the money is kept for its owner.
			s.Draft.Order.Payee = Payee{Phone: e.Destination.Phone}
			return m.goTo(f, s, promptAmount)
		}
		return m.again(s, menu.PayeeUnknown, menu.Args{Number: e.Destination.text()})
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

func (m *Machine) namePayee(s *Session, a Answer) Action {
	destination, err := ParseDestination(trim(a.Input), m.region)
	if err != nil {
		return m.againForm(s, a, menu.PayeeForm)
	}
	if destination.Phone == s.Phone {
		return m.again(s, menu.PayeeSelf, menu.Args{})
	}
	return Action{Ask: AskPayee{destination}}
}

// readAmount takes an amount, or refuses what is none.
func (m *Machine) readAmount(s *Session, a Answer) (amount.Amount, *Action) {
	refuse := func(action Action) (amount.Amount, *Action) { return 0, &action }
	if len(a.Rest) > 1 || len(a.Rest) == 1 && pin.CheckForm(a.Rest[0]) != nil {
		// 10*50 is not 10 and a PIN.
		return refuse(m.again(s, menu.StarOrHash, menu.Args{}))
	}
	value, err := amount.Parse(trim(a.Input), m.asset.Scale)
	switch {
	case errors.Is(err, amount.ErrZero):
		return refuse(m.againForm(s, a, menu.AmountZero))
	case errors.Is(err, amount.ErrTooManyDecimals):
		return refuse(m.againForm(s, a, menu.AmountDecimals))
	case errors.Is(err, amount.ErrTooLarge):
		return mostAsked, nil
	case err != nil:
		return refuse(m.againForm(s, a, menu.AmountForm))
	}
	return min(value, mostAsked), nil
}
