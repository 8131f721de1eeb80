package ussd

import (
	"context"
	"strconv"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// A wrong payment that was found out later: the payer picks it from the last ones. One that still waits is cancelled; one that was paid to
// a user of this gateway is asked back, which the payee decides; for one that went to another provider's user the provider helps.

func wrongFlow() flow {
	return flow{show: (*Machine).showWrong, take: (*Machine).takeWrong, enter: func(m *Machine, f Facts, s *Session) Action {
		return m.goTo(f, s, promptWrongList)
	}}
}

const (
	promptWrongList Prompt = "wrong/list"
	promptWrongSure Prompt = "wrong/sure"
)

const (
	// lookedAt is how many of the newest movements are looked at for payments that may have been wrong, listedWrong how many are offered.
	lookedAt    = 15
	listedWrong = 4
)

type (
	// AskOutgoing asks for the user's last payments.
	AskOutgoing struct{ Account tx.AccountID }
	// OutgoingRead answers AskOutgoing.
	OutgoingRead struct{ Lines []PaymentLine }
	// AskReturnable asks whether a payment can be asked back.
	AskReturnable struct {
		Phone Phone
		Line  PaymentLine
	}
	// ReturnableAnswered answers AskReturnable.
	ReturnableAnswered struct {
		// Ask is what would be asked.
		Ask ReturnAsk
		// Elsewhere means that the payee is no user of this gateway, Already that the payment was asked back before, Many that several are
		// asked back and not answered yet.
		Elsewhere, Already, Many bool
	}
)

func (OutgoingRead) event()       {}
func (ReturnableAnswered) event() {}

func (a AskOutgoing) find(ctx context.Context, s *Service, _ Facts) (Event, error) {
	lines, err := s.pastPayments(ctx, a.Account, lookedAt)
	var read OutgoingRead
	for _, line := range lines {
		undo := line.Returnable
		if line.Kept {
			undo = line.MayRelease
		}
		if !line.Incoming && undo && len(read.Lines) < listedWrong {
			read.Lines = append(read.Lines, line)
		}
	}
	return read, err
}

func (m *Machine) showWrong(f Facts, s *Session) Action {
	if back := s.Draft.Back; s.Prompt == promptWrongSure && back != nil {
		return m.ask(s, menu.WrongSure, menu.Args{Amount: m.money(back.Amount), Name: m.payeeName(s, back.PayeeAs)})
	}
	return Action{Ask: AskOutgoing{f.User.Account}}
}

func (m *Machine) takeWrong(f Facts, s *Session, e Event) Action {
	if action, ok := m.offered(f, s, e); ok {
		return action
	}
	switch e := e.(type) {
	case OutgoingRead:
		return m.listWrong(s, e.Lines)
	case ReturnableAnswered:
		s.Draft.Back = &e.Ask
		args := menu.Args{Amount: m.money(e.Ask.Amount), Name: m.payeeName(s, e.Ask.PayeeAs), Code: e.Ask.Code}
		switch {
		case e.Elsewhere && m.telephone != "":
			return m.end(s, menu.WrongElsewhereCall, args)
		case e.Elsewhere:
			return m.end(s, menu.WrongElsewhere, args)
		case e.Already:
			return m.end(s, menu.WrongAlready, args)
		case e.Many:
			return m.end(s, menu.WrongMany, args)
		}
		return m.goTo(f, s, promptWrongSure)
	case Answer:
		if s.Prompt == promptWrongSure {
			return m.askBack(f, s, e)
		}
		return m.pickWrong(f, s, e)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

// listWrong offers the payments, as many as fit.
func (m *Machine) listWrong(s *Session, lines []PaymentLine) Action {
	if len(lines) == 0 {
		return m.end(s, menu.WrongNone, menu.Args{})
	}
	texts := make([]string, 0, len(lines))
	for _, line := range lines {
		texts = append(texts, line.Amount.Grouped(m.asset.Scale)+" "+m.payeeName(s, line.other())+" "+line.ReceiptCode)
	}
	action, shown := m.choices(s, menu.WrongTitle, texts)
	s.Draft.Outgoing = lines[:shown]
	return action
}

func (m *Machine) pickWrong(f Facts, s *Session, a Answer) Action {
	place, err := strconv.Atoi(trim(a.Input))
	if err != nil || place < 1 || place > len(s.Draft.Outgoing) {
		return m.againForm(s, a, menu.ChoiceUnknown)
	}
	line := s.Draft.Outgoing[place-1]
	if line.Kept {
		return m.propose(f, s, Order{Kind: KindRelease, Payee: line.other(), Amount: line.Amount, Of: line.ID, Hold: line.Hold})
	}
	return Action{Ask: AskReturnable{Phone: s.Phone, Line: line}}
}

// askBack stores the question to the payee. Nothing moves by it, so it takes no PIN.
func (m *Machine) askBack(f Facts, s *Session, a Answer) Action {
	back := s.Draft.Back
	switch {
	case back == nil:
		return m.end(s, menu.DialAgain, menu.Args{})
	case trim(a.Input) != "1":
		return m.againForm(s, a, menu.ChoiceUnknown)
	}
	ask := *back
	ask.AskedAtUnixMs, ask.EndsAtUnixMs = f.NowUnixMs, f.NowUnixMs+askedFor
	action := m.end(s, menu.WrongAsked, menu.Args{Amount: m.money(ask.Amount), Name: m.payeeName(s, ask.PayeeAs)})
	action.Effects = []Effect{SaveReturnAsk{ask}}
	return action
}

// other is the other side of a past payment.
func (l PaymentLine) other() Payee {
	return Payee{Account: l.Other, Number: l.OtherNumber, Name: l.Name, Phone: l.Phone}
}
