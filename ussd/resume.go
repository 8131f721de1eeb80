package ussd

import "github.com/umoja-ledger/umoja/ussd/menu"

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
