package ussd

import (
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// The first screen. A phone that is not registered chooses a language. A registered one gets the main menu, and above it
// what became of the last payment: for ten minutes after it was submitted, and until it was told once.

// dialled answers the first turn. A transaction on its way is asked for first, so that dialling again finishes what a
// lost reply left open.
func (m *Machine) dialled(f Facts, s *Session) Action {
	if f.User == nil {
		return m.prompt(s, PromptLanguage, menu.ChooseLanguage, menu.Args{})
	}
	if f.User.Opening != nil {
		return Action{Ask: AskOutcome{Prepared: f.User.Opening.Prepared}}
	}
	if p := newest(f.Payments, func(p Payment) bool { return p.Stage == StageSubmitted }); p != nil {
		return Action{Ask: AskOutcome{Prepared: p.Prepared, Brief: true}}
	}
	return m.mainMenu(f, s, nil)
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
	return m.mainMenu(f, s, []Effect{SettlePayment{ID: p.Prepared.ID, Outcome: decided.Outcome}})
}

// mainMenu shows the main menu under one line: an open payment, one whose outcome was not told, one of the last ten
// minutes, or the user's name, in this order.
func (m *Machine) mainMenu(f Facts, s *Session, effects []Effect) Action {
	s.Prompt = PromptMenu
	recent := uint64(PaymentLife.Milliseconds())
	line := m.text(s, menu.Greeting, menu.Args{Name: f.User.Name})
	for _, wanted := range []func(p Payment) bool{
		func(p Payment) bool { return p.Stage == StageSubmitted },
		func(p Payment) bool { return p.Stage == StageSettled && !p.Told },
		func(p Payment) bool { return p.Stage == StageSettled && f.NowUnixMs < p.SubmittedAtUnixMs+recent },
	} {
		p := newest(f.Payments, wanted)
		if p == nil {
			continue
		}
		line = m.paymentLine(s, *p)
		if p.Stage == StageSettled {
			effects = append(effects, TellPayment{p.Prepared.ID})
		} else {
			effects = append(effects, PromisePayment{p.Prepared.ID})
		}
		break
	}
	return m.menuUnder(s, line, effects)
}

func (m *Machine) menuUnder(s *Session, line string, effects []Effect) Action {
	s.Prompt = PromptMenu
	text := line + "\n" + m.text(s, menu.MainMenu, menu.Args{})
	return Action{Effects: effects, Reply: &Reply{Text: fit(text)}}
}

// paymentLine tells what became of a payment.
func (m *Machine) paymentLine(s *Session, p Payment) string {
	args := menu.Args{Amount: m.money(p.Amount), Name: m.payeeName(s, p.Payee), Code: p.Outcome.ReceiptCode}
	switch {
	case p.Stage != StageSettled:
		return m.text(s, menu.LineProcessing, args)
	case p.Outcome.Code == OutcomeOK:
		return m.text(s, menu.LinePaid, args)
	}
	return m.text(s, menu.LineNotMade, args)
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

// choose takes the choice on the main menu.
func (m *Machine) choose(f Facts, s *Session, e Event) Action {
	if f.User == nil || f.User.Opening != nil {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	switch e := e.(type) {
	case Answer:
		switch trim(e.Input) {
		case "1":
			if f.User.Attempts.Stopped(f.NowUnixMs) {
				return m.stopped(f, s, *f.User)
			}
			return m.prompt(s, PromptPayee, menu.SendPayee, menu.Args{})
		case "2":
			return Action{Ask: AskBalance{f.User.Account}}
		case "3":
			return Action{Ask: AskPayments{f.User.Account}}
		}
		return m.refuseForm(s, e, menu.ChoiceUnknown)
	case BalanceRead:
		return m.end(s, menu.Balance, menu.Args{Balance: m.money(e.Balance), Account: f.User.Number.Text()})
	case PaymentsRead:
		return m.payments(f, s, e.Lines)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

// payments lists as many of the last payments as fit.
func (m *Machine) payments(f Facts, s *Session, lines []PaymentLine) Action {
	if len(lines) == 0 {
		return m.end(s, menu.NoPayments, menu.Args{Account: f.User.Number.Text()})
	}
	text := m.text(s, menu.LinePayments, menu.Args{})
	for _, line := range lines {
		key := menu.LineOut
		if line.Incoming {
			key = menu.LineIn
		}
		name := ShortName(line.Name)
		if name == "" {
			name = m.text(s, menu.AccountLabel, menu.Args{Account: line.OtherNumber.Text()})
		}
		longer := text + "\n" + m.text(s, key, menu.Args{Amount: line.Amount.Grouped(m.asset.Scale), Name: name, Code: line.ReceiptCode})
		if fit(longer) != longer {
			break
		}
		text = longer
	}
	s.Prompt = PromptEnded
	return Action{Reply: &Reply{Text: fit(text), End: true}}
}

// stopped says until when sending is stopped.
func (m *Machine) stopped(f Facts, s *Session, user User) Action {
	at, later := m.clock(user.Attempts.StoppedUntilUnixMs, f.NowUnixMs)
	key := menu.StoppedToday
	if later {
		key = menu.StoppedTomorrow
	}
	return m.refuse(s, key, menu.Args{Time: at})
}
