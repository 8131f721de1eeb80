package ussd

import (
	"strconv"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Requests to pay. One is made on the ledger, so that the other side hears of it at whatever provider it is; who is asked pays it or
// declines, and it ends by itself.

const (
	// KindRequest asks an account for money.
	KindRequest Kind = "request"
	// KindDecline ends a request without paying.
	KindDecline Kind = "decline"
)

var requestKind = kind{
	confirm: menu.AskConfirm, confirmAccount: menu.AskConfirmAccount, done: menu.AskDone, processing: menu.AskProcessing, busy: menu.AskProcessing,
	lineDone: menu.LineAskDone, lineProcessing: menu.LineAskProcessing, lineNotMade: menu.LineAskNotMade,
	notMade: menu.AskNotMade, smsNotMade: menu.SMSAskNotMade, plain: true,
}

var declineKind = kind{
	confirm: menu.DeclineConfirm, done: menu.DeclineDone, processing: menu.DeclineProcessing, busy: menu.DeclineProcessing,
	lineDone: menu.LineDeclineDone, lineProcessing: menu.LineDeclineProcessing, lineNotMade: menu.LineDeclineNotMade,
	notMade: menu.DeclineNotMade, smsNotMade: menu.SMSDeclineNotMade, plain: true,
}

// requestLife is how long a request can be paid.
const requestLife = 7 * 24 * time.Hour

const (
	promptAskFrom   Prompt = "ask/from"
	promptAskAmount Prompt = "ask/amount"
	promptAskedList Prompt = "asked/list"
	promptAskedOne  Prompt = "asked/one"
)

func askFlow() flow {
	return flow{show: (*Machine).showAsk, take: (*Machine).takeAsk, resumes: true, enter: func(m *Machine, f Facts, s *Session) Action {
		s.Draft.Order.Kind = KindRequest
		return m.goTo(f, s, promptAskFrom)
	}}
}

func (m *Machine) showAsk(_ Facts, s *Session) Action {
	if s.Prompt == promptAskFrom {
		return m.ask(s, menu.AskFrom, menu.Args{})
	}
	return m.ask(s, menu.AskAmount, menu.Args{Name: m.payeeName(s, s.Draft.Order.Payee)})
}

// takeAsk takes who is asked and for how much.
func (m *Machine) takeAsk(f Facts, s *Session, e Event) Action {
	if action, ok := m.offered(f, s, e); ok {
		return action
	}
	switch e := e.(type) {
	case Answer:
		if s.Prompt == promptAskFrom {
			return m.namePayee(s, e)
		}
		value, refusal := m.readAmount(s, e)
		if refusal != nil {
			return *refusal
		}
		order := s.Draft.Order
		order.Amount, order.EndsAtUnixMs = value, f.NowUnixMs+uint64(requestLife.Milliseconds())
		return m.propose(f, s, order)
	case PayeeFound:
		if e.Payee.Account == f.User.Account {
			return m.again(s, menu.PayeeSelf, menu.Args{})
		}
		s.Draft.Order.Payee = e.Payee
		return m.goTo(f, s, promptAskAmount)
	case PayeeMissing:
		return m.again(s, menu.PayeeUnknown, menu.Args{Number: e.Destination.text()})
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

// Request is a request to pay that a user of this gateway was asked.
type Request struct {
	ID tx.RequestID `json:"id"`
	// From asks, by the name that this gateway knows.
	From   Payee         `json:"from"`
	Amount amount.Amount `json:"amount"`
	// EndsAtUnixMs is ledger time.
	EndsAtUnixMs uint64 `json:"ends_at_unix_ms"`
}

// listedRequests is how many requests a screen offers.
const listedRequests = 4

func askedFlow() flow {
	return flow{show: (*Machine).showAsked, take: (*Machine).takeAsked, enter: func(m *Machine, f Facts, s *Session) Action {
		return m.goTo(f, s, promptAskedList)
	}}
}

// showAsked lists the requests that are open, or shows the one chosen.
func (m *Machine) showAsked(f Facts, s *Session) Action {
	if s.Prompt == promptAskedOne && s.Draft.Asked != nil {
		r := s.Draft.Asked
		return m.ask(s, menu.AskedOne, menu.Args{Name: m.payeeName(s, r.From), Amount: m.money(r.Amount)})
	}
	return Action{Ask: AskRequests{s.Phone}}
}

func (m *Machine) takeAsked(f Facts, s *Session, e Event) Action {
	if action, ok := m.offered(f, s, e); ok {
		return action
	}
	switch e := e.(type) {
	case RequestsRead:
		s.Draft.Requests = e.Requests
		if len(e.Requests) == 0 {
			s.Prompt = PromptMain
			return m.goHome(f, s, m.text(s, menu.LineNoRequests, menu.Args{}))
		}
		lines := make([]string, 0, len(e.Requests)+1)
		for i, r := range e.Requests {
			lines = append(lines, strconv.Itoa(i+1)+" "+r.Amount.Grouped(m.asset.Scale)+" "+m.payeeName(s, r.From))
		}
		return m.askText(s, s.Screen.lines(m.text(s, menu.AskedTitle, menu.Args{}), append(lines, m.text(s, menu.BackLine, menu.Args{}))))
	case Answer:
		if s.Prompt == promptAskedList {
			place, err := strconv.Atoi(trim(e.Input))
			if err != nil || place < 1 || place > len(s.Draft.Requests) {
				return m.againForm(s, e, menu.ChoiceUnknown)
			}
			chosen := s.Draft.Requests[place-1]
			s.Draft.Asked = &chosen
			return m.goTo(f, s, promptAskedOne)
		}
		return m.answerRequest(f, s, e)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

// answerRequest pays or declines.
func (m *Machine) answerRequest(f Facts, s *Session, a Answer) Action {
	r := s.Draft.Asked
	if r == nil {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	order := Order{Payee: r.From, Amount: r.Amount, Request: &r.ID}
	switch trim(a.Input) {
	case "1":
		if f.User.Attempts.Stopped(f.NowUnixMs) {
			return m.stopped(f, s, *f.User)
		}
		order.Kind = KindTransfer
	case "2":
		order.Kind = KindDecline
	default:
		return m.againForm(s, a, menu.ChoiceUnknown)
	}
	return m.propose(f, s, order)
}
