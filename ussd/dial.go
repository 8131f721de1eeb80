package ussd

import (
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// The first screen. A phone that is not registered chooses a language. A registered one gets the main menu, and above it
// what became of the last payment: for ten minutes after it was submitted, and until it was told once. A session that was lost is offered
// again.

// dialled answers the first turn. A transaction on its way is asked for first, so that dialling again finishes what a
// lost reply left open.
func (m *Machine) dialled(f Facts, s *Session, e Dialled) Action {
	s.Unread = e.Behind
	if f.User == nil {
		return m.dialledAway(f, s)
	}
	if f.User.Opening != nil {
		return Action{Ask: AskOutcome{Prepared: f.User.Opening.Prepared}}
	}
	if p := newest(f.Payments, func(p Payment) bool { return p.Stage == StageSubmitted }); p != nil {
		return Action{Ask: AskOutcome{Prepared: p.Prepared, Brief: true}}
	}
	if !e.Behind && f.asksToStop() {
		return m.goTo(f, s, promptLeaving)
	}
	if p := awaitingCodes(f); p != nil && !e.Behind {
		s.Prompt, s.Trail = PromptMain, nil // "0" leads to the menu.
		return m.goToCodes(f, s, *p)
	}
	if !e.Behind && m.resumes(f) {
		s.Prompt = promptResume
		return m.show(f, s)
	}
	return m.mainMenu(f, s, nil)
}

// resumes tells whether what was begun is offered first: no news waits, or what there is was read, because the person went on from it.
func (m *Machine) resumes(f Facts) bool {
	if f.Draft == nil || f.paidAlready() {
		return false
	}
	p := m.news(f)
	return p == nil || p.Told && !p.waiting(f.NowUnixMs) && f.Draft.AtUnixMs > p.SubmittedAtUnixMs
}

// paidAlready tells that what was begun is the same as a payment that was made: an answer that came late, when the person had dialled again and
// paid, put it together for nobody. Who reads "you were sending" and goes on would pay twice.
func (f Facts) paidAlready() bool {
	return madeLately(f, f.Draft.Draft.Order, 2*PaymentLife, func(Payment) bool { return true }) != nil
}

// dialledAway answers a phone that is no user here: one that is moving here goes on with that, and every other chooses a language.
func (m *Machine) dialledAway(f Facts, s *Session) Action {
	if f.Arrival == nil || !m.attests {
		return m.goTo(f, s, promptLanguage)
	}
	s.Language, s.Prompt = f.Arrival.Language, promptHome
	if p := find(f.Payments, &f.Arrival.Payment); p != nil && p.Stage == StageSubmitted {
		s.Payment = &f.Arrival.Payment
		return Action{Ask: AskOutcome{Prepared: p.Prepared, Brief: true}}
	}
	return Action{Ask: AskHome{Phone: s.Phone}}
}

// finishDialled takes the outcome that dialled asked for.
func (m *Machine) finishDialled(f Facts, s *Session, e Event) Action {
	switch {
	case f.User == nil:
		return m.end(s, menu.DialAgain, menu.Args{})
	case f.User.Opening != nil:
		return m.finishOpening(f, s, e, true)
	}
	p := newest(f.Payments, func(p Payment) bool { return p.Stage == StageSubmitted })
	decided, ok := e.(Decided)
	if !ok || p == nil {
		return m.mainMenu(f, s, nil)
	}
	p.settle(decided.Outcome)
	if of := find(f.Payments, &p.Order.Of); p.Order.Kind == KindRelease && p.Outcome.Code == OutcomeOK && of != nil {
		of.Ended = true // As the effect will record it.
	}
	return m.mainMenu(f, s, []Effect{SettlePayment{ID: p.Prepared.ID, Outcome: decided.Outcome}})
}

// news is what the first screen tells: an open payment, one whose outcome was not told, or one of the last ten minutes, in this
// order; a payment that can still be cancelled comes before those that are made; nil when there is none.
func (m *Machine) news(f Facts) *Payment {
	recent := uint64(PaymentLife.Milliseconds())
	for _, wanted := range []func(p Payment) bool{
		func(p Payment) bool { return p.Stage == StageSubmitted },
		func(p Payment) bool { return p.Order.Kind == KindDelay && p.waiting(f.NowUnixMs) },
		func(p Payment) bool { return p.Stage == StageSettled && !p.Told },
		func(p Payment) bool { return p.Stage == StageSettled && f.NowUnixMs < p.SubmittedAtUnixMs+recent },
	} {
		if p := newest(f.Payments, func(p Payment) bool { return wanted(p) && p.tells(f.NowUnixMs) }); p != nil {
			return p
		}
	}
	return nil
}

// tells tells whether a first screen has something to say of a payment: not of one that nobody here asked for and that was not made, nor of
// one that waited and does so no longer, which messages told.
func (p Payment) tells(nowUnixMs uint64) bool {
	texts := kindOf(p.Order.Kind)
	switch {
	case p.Stage != StageSettled:
		return true
	case p.Outcome.Code != OutcomeOK:
		return texts.lineNotMade != ""
	}
	return texts.waits == 0 || p.waiting(nowUnixMs)
}

// mainMenu shows the main menu under the news, or the user's name.
func (m *Machine) mainMenu(f Facts, s *Session, effects []Effect) Action {
	line := m.greeting(s, f.User.Name)
	if p := m.news(f); p != nil {
		line = m.paymentLine(s, *p)
		if p.Stage == StageSettled {
			effects = append(effects, TellPayment{p.Prepared.ID})
		} else {
			effects = append(effects, PromisePayment{p.Prepared.ID})
		}
	} else if ask := m.firstAsk(f); ask != nil {
		line = m.text(s, menu.LineBack, menu.Args{Amount: m.money(ask.Amount), Name: m.payeeName(s, ask.Payer)})
	}
	action := m.goHome(f, s, line, effects...)
	action.Drop = false // Answers may be dialled behind the code.
	return action
}

// paymentLine tells what became of a payment.
func (m *Machine) paymentLine(s *Session, p Payment) string {
	texts, args := kindOf(p.Order.Kind), m.args(s, p)
	switch {
	case p.Stage != StageSettled:
		return m.text(s, texts.lineProcessing, args)
	case p.Outcome.Code == OutcomeOK:
		return m.text(s, texts.lineDone, args)
	}
	return m.text(s, texts.lineNotMade, args)
}

// newest finds the payment that was shown last among the wanted ones.
func newest(payments []Payment, wanted func(Payment) bool) *Payment {
	var found *Payment
	for i := range payments {
		if p := &payments[i]; wanted(*p) && (found == nil || p.ShownAtUnixMs > found.ShownAtUnixMs) {
			found = p
		}
	}
	return found
}
