package ussd

import (
	"time"

	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Resuming: a phone that dials within ten minutes of a session that was lost is offered to go on where it was. The PIN is always asked
// for again.

func resumeFlow() flow {
	return flow{show: (*Machine).showResume, take: (*Machine).takeResume}
}

// promptResume is the offer to go on.
const promptResume Prompt = "resume/offer"

func (m *Machine) showResume(f Facts, s *Session) Action {
	if f.Draft == nil {
		return m.mainMenu(f, s, nil)
	}
	order := f.Draft.Draft.Order
	if texts := kindOf(order.Kind); order.Amount == 0 || order.Payee == (Payee{}) || texts.plain || !texts.spends || order.Kind == KindReturn {
		return m.ask(s, menu.ResumePlain, menu.Args{})
	}
	args := menu.Args{Amount: m.money(order.Amount), Name: m.payeeName(s, order.Payee)}
	if !s.Screen.fits(m.text(s, menu.Resume, args)) {
		return m.ask(s, menu.ResumePlain, menu.Args{})
	}
	return m.ask(s, menu.Resume, args)
}

func (m *Machine) takeResume(f Facts, s *Session, e Event) Action {
	a, ok := e.(Answer)
	switch {
	case !ok:
		return m.end(s, menu.DialAgain, menu.Args{})
	case f.Draft == nil, trim(a.Input) == "2":
		action := m.mainMenu(f, s, nil)
		action.Effects = append(action.Effects, DropDraft{s.Phone})
		return action
	case trim(a.Input) == "1":
		s.Prompt, s.Trail, s.Draft, s.Refusals = f.Draft.Prompt, f.Draft.Trail, f.Draft.Draft, 0
		return m.show(f, s)
	}
	return m.againForm(s, a, menu.ChoiceUnknown)
}

// madeUnread finds a payment of the last ten minutes that an order would repeat, for somebody who has dialled it in one piece and so has not
// read the first screen: whoever lost the answer to the PIN dials the same again. It is told first; who means to pay twice goes on from there.
func madeUnread(f Facts, s *Session, order Order) *Payment {
	if !s.Unread {
		return nil
	}
	return madeLately(f, order, PaymentLife, func(p Payment) bool { return !p.Ended })
}

// madeLately finds a payment of the last while that was made and is the same as an order.
func madeLately(f Facts, order Order, within time.Duration, wanted func(Payment) bool) *Payment {
	if !kindOf(order.Kind).spends {
		return nil
	}
	return newest(f.Payments, func(p Payment) bool {
		return p.Stage == StageSettled && p.Outcome.Code == OutcomeOK && f.NowUnixMs < p.SubmittedAtUnixMs+uint64(within.Milliseconds()) &&
			p.Order.Amount == order.Amount && p.Order.Payee.is(order.Payee) && p.Order.Proposal == order.Proposal &&
			kindOf(p.Order.Kind).spends && wanted(p)
	})
}
