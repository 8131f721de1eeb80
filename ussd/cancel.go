package ussd

import (
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Cancelling a payment that waits: 7 under the line that tells of it, then 1. No PIN is asked for, since the money stays where it is.

func cancelFlow() flow {
	return flow{enter: (*Machine).enterCancel, take: (*Machine).takeCancel, show: func(m *Machine, f Facts, s *Session) Action {
		return m.mainMenu(f, s, nil) // What lies behind the question is the line with the offer.
	}}
}

// promptCancel stands while the transaction is prepared, and behind the question.
const promptCancel Prompt = "cancel/ask"

// cancellable is the payment that the first screen offers to cancel.
func (m *Machine) cancellable(f Facts) *Payment {
	if p := m.news(f); p != nil && p.waiting(f.NowUnixMs) {
		return p
	}
	return nil
}

func (m *Machine) enterCancel(f Facts, s *Session) Action {
	p := m.cancellable(f)
	if p == nil {
		return m.mainMenu(f, s, nil)
	}
	s.Prompt, s.Trail = promptCancel, []Prompt{PromptMain}
	return m.propose(f, s, Order{Kind: KindRelease, Payee: p.Order.Payee, Amount: p.Order.Amount, Of: p.Prepared.ID, Hold: tx.NewHoldID(p.Prepared.ID, 0)})
}

func (m *Machine) takeCancel(f Facts, s *Session, e Event) Action {
	if action, ok := m.offered(f, s, e); ok {
		return action
	}
	return m.mainMenu(f, s, nil)
}
