package ussd

import (
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Cash out: the customer sets the amount and the agent's commission aside for one agent, by the customer's own PIN on the customer's own
// phone. The agent takes it before giving the cash; the customer takes it back before that, or gets it back by itself.

// KindCashOut sets money aside for an agent.
const KindCashOut Kind = "cashout"

// cashWaits is how long money is set aside, counted from the latest moment at which the PIN is taken: time to stand in a queue, and short
// enough that a forgotten one is back the same day.
const cashWaits = uint64(30 * time.Minute / time.Millisecond)

var cashOutKind = kind{
	confirm: menu.CashOutConfirm, done: menu.CashOutDone, processing: menu.Processing, busy: menu.ProcessingBusy,
	lineDone: menu.LineCashOut, lineProcessing: menu.LineProcessing, lineNotMade: menu.LineNotMade, notMade: menu.NotMade,
	smsNotMade: menu.SMSNotMade, spends: true, waits: cashWaits, settled: (*Service).cashKept,
}

const (
	promptCashOutWaits  Prompt = "cashout/waits"
	promptCashOutAgent  Prompt = "cashout/agent"
	promptCashOutAmount Prompt = "cashout/amount"
)

func cashOutFlow() flow {
	return flow{enter: (*Machine).enterCashOut, show: (*Machine).showCashOut, take: (*Machine).takeCashOut, resumes: true}
}

// enterCashOut shows what waits already, which can be cancelled even by who may not send for the moment.
func (m *Machine) enterCashOut(f Facts, s *Session) Action {
	switch {
	case waitingCash(f) != nil:
		return m.goTo(f, s, promptCashOutWaits)
	case f.User.Attempts.Stopped(f.NowUnixMs):
		return m.stopped(f, s, *f.User)
	}
	return m.goTo(f, s, promptCashOutAgent)
}

// waitingCash is the newest cash out that the agent has not taken.
func waitingCash(f Facts) *Payment {
	return newest(f.Payments, func(p Payment) bool { return p.Order.Kind == KindCashOut && p.waiting(f.NowUnixMs) })
}

func (m *Machine) showCashOut(f Facts, s *Session) Action {
	switch p := waitingCash(f); {
	case s.Prompt == promptCashOutAgent:
		return m.ask(s, menu.AgentNumber, menu.Args{})
	case s.Prompt == promptCashOutAmount:
		return m.ask(s, menu.CashOutAmount, menu.Args{Name: m.payeeName(s, s.Draft.Order.Payee)})
	case p != nil:
		return m.ask(s, menu.CashOutWaits, m.args(s, *p))
	}
	return m.mainMenu(f, s, nil)
}

// takeCashOut takes agent and amount, or cancels what waits.
func (m *Machine) takeCashOut(f Facts, s *Session, e Event) Action {
	if action, ok := m.offered(f, s, e); ok {
		return action
	}
	switch e := e.(type) {
	case Answer:
		switch s.Prompt {
		case promptCashOutWaits:
			return m.answerWaiting(f, s, e)
		case promptCashOutAgent:
			return m.nameAgent(s, e)
		}
		value, refusal := m.readAmount(s, e)
		if refusal != nil {
			return *refusal
		}
		order := s.Draft.Order
		order.Kind, order.Amount = KindCashOut, value
		var ok bool
		if order.Commission, ok = m.commissionFor(value); !ok {
			return m.again(s, menu.AmountForm, menu.Args{})
		}
		return m.propose(f, s, order)
	case AgentFound:
		return m.agentFound(f, s, e.Agent, promptCashOutAmount)
	case AgentMissing:
		return m.again(s, menu.AgentUnknown, menu.Args{Number: e.Destination.text()})
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

// answerWaiting cancels what waits, or goes on to take out more.
func (m *Machine) answerWaiting(f Facts, s *Session, a Answer) Action {
	p := waitingCash(f)
	switch {
	case p == nil:
		return m.mainMenu(f, s, nil) // Taken or back meanwhile: the first screen tells.
	case trim(a.Input) == "1":
		return m.propose(f, s, Order{Kind: KindRelease, Payee: p.Order.Payee, Amount: p.Order.Amount, Of: p.Prepared.ID, Hold: tx.NewHoldID(p.Prepared.ID, 0)})
	case trim(a.Input) != "2":
		return m.againForm(s, a, menu.ChoiceUnknown)
	case f.User.Attempts.Stopped(f.NowUnixMs):
		return m.stopped(f, s, *f.User)
	}
	return m.goTo(f, s, promptCashOutAgent)
}
