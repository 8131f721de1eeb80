package ussd

import (
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Cash in: a customer gives cash, the agent pays the amount from the float. The agent types the customer's number, the amount, and the
// agent's own PIN; the customer's phone only gets the receipt. The customer pays nothing for it.

// KindCashIn pays a customer for cash.
const KindCashIn Kind = "cashin"

var cashInKind = kind{
	confirm: menu.CashInConfirm, confirmAccount: menu.CashInConfirmAccount, done: menu.CashInDone, doneBalance: menu.CashInDoneFloat,
	processing: menu.Processing, busy: menu.ProcessingBusy, lineDone: menu.LinePaid, lineProcessing: menu.LineProcessing,
	lineNotMade: menu.LineNotMade, notMade: menu.NotMade, smsNotMade: menu.SMSNotMade, spends: true,
	smsPaid: menu.SMSCashInAgent, smsGot: menu.SMSCashIn, settled: (*Service).countCash,
}

const (
	promptCashInFrom   Prompt = "cashin/customer"
	promptCashInAmount Prompt = "cashin/amount"
)

func cashInFlow() flow {
	return flow{show: (*Machine).showCashIn, take: (*Machine).takeCashIn, resumes: true,
		enter: forAgents(func(m *Machine, f Facts, s *Session) Action {
			if f.User.Attempts.Stopped(f.NowUnixMs) {
				return m.stopped(f, s, *f.User)
			}
			s.Draft.Order.Kind = KindCashIn
			return m.goTo(f, s, promptCashInFrom)
		})}
}

func (m *Machine) showCashIn(_ Facts, s *Session) Action {
	if s.Prompt == promptCashInFrom {
		return m.ask(s, menu.CashInCustomer, menu.Args{})
	}
	return m.ask(s, menu.CashInAmount, menu.Args{Name: m.payeeName(s, s.Draft.Order.Payee)})
}

// takeCashIn takes customer and amount.
func (m *Machine) takeCashIn(f Facts, s *Session, e Event) Action {
	if action, ok := m.offered(f, s, e); ok {
		return action
	}
	switch e := e.(type) {
	case Answer:
		if s.Prompt == promptCashInFrom {
			return m.namePayee(s, e)
		}
		value, refusal := m.readAmount(s, e)
		if refusal != nil {
			return *refusal
		}
		order := s.Draft.Order
		order.Amount = value
		return m.propose(f, s, order)
	case PayeeFound:
		if e.Payee.Account == f.User.Account {
			return m.again(s, menu.PayeeSelf, menu.Args{})
		}
		s.Draft.Order.Payee = e.Payee
		return m.goTo(f, s, promptCashInAmount)
	case PayeeMissing:
		return m.again(s, menu.PayeeUnknown, menu.Args{Number: e.Destination.text()})
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}
