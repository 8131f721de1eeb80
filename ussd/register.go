package ussd

import (
	"errors"
	"strings"

	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Registration: LANG*NAME*PIN*PIN. The account's transaction is stored with the user before it is submitted; from then
// on the phone has a user whose account is being opened, and every turn and every dial finishes that.

func trim(input pin.Secret) string { return strings.TrimSpace(input.Reveal()) }

func (m *Machine) register(f Facts, s *Session, e Event) Action {
	if f.User != nil && f.User.Opening == nil {
		// Registered meanwhile, in another session.
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	switch e := e.(type) {
	case Answer:
		return m.registerAnswer(f, s, e)
	case Founded:
		user := User{Phone: s.Phone, Name: s.Name, Language: s.Language, Account: e.Founding.Account, PIN: e.PIN,
			Opening: &Opening{Prepared: e.Founding.Prepared, SubmittedAtUnixMs: f.NowUnixMs}}
		// Once the user is stored, a crash before or after the submission leaves an account that is being opened: a
		// duplicate of this turn, the next dial or the Settler finishes it.
		return Action{Effects: []Effect{SaveUser{user}}, Ask: AskOutcome{Prepared: e.Founding.Prepared}}
	case Decided, Undecided:
		return m.finishOpening(f, s, e, false)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

func (m *Machine) registerAnswer(f Facts, s *Session, a Answer) Action {
	switch s.Prompt {
	case PromptLanguage:
		for i, language := range menu.Languages() {
			if trim(a.Input) == string(rune('1'+i)) {
				s.Language = language
				return m.prompt(s, PromptName, menu.RegisterName, menu.Args{})
			}
		}
		return m.refuseForm(s, a, menu.ChoiceUnknown)
	case PromptName:
		name, err := CheckName(a.Input.Reveal())
		switch {
		case errors.Is(err, errNameLong):
			return m.refuseForm(s, a, menu.NameTooLong)
		case errors.Is(err, errNameEmpty):
			return m.refuseForm(s, a, menu.NameEmpty)
		case err != nil:
			return m.refuseForm(s, a, menu.NameLetters)
		}
		s.Name = name
		return m.prompt(s, PromptPIN, menu.RegisterPIN, menu.Args{})
	case PromptPIN:
		switch err := pin.Check(a.Input); {
		case errors.Is(err, pin.ErrWeak):
			return m.refuseForm(s, a, menu.PINWeak)
		case err != nil:
			return m.refuseForm(s, a, menu.PINForm)
		}
		first := f.Digest("pin", a.Input.Reveal())
		s.FirstPIN = &first
		return m.prompt(s, PromptPINAgain, menu.RegisterPINAgain, menu.Args{})
	}
	if len(a.Rest) > 0 {
		return m.refuse(s, menu.StarOrHash, menu.Args{})
	}
	if f.User != nil {
		// The user is stored: this is the same turn after a crash.
		return Action{Ask: AskOutcome{Prepared: f.User.Opening.Prepared}}
	}
	if s.FirstPIN == nil || *s.FirstPIN != f.Digest("pin", a.Input.Reveal()) {
		return m.refuseForm(s, a, menu.PINsDiffer)
	}
	return Action{Ask: AskFounding{Registration: Registration{Phone: s.Phone, Name: s.Name}, PIN: a.Input}}
}

// finishOpening takes the outcome of a registration, in the session that began it or at a later dial.
func (m *Machine) finishOpening(f Facts, s *Session, e Event, atDial bool) Action {
	user := *f.User
	decided, ok := e.(Decided)
	if !ok {
		opening := *user.Opening
		opening.Promised = true
		user.Opening = &opening
		action := m.end(s, menu.RegisterWaiting, menu.Args{})
		action.Effects = []Effect{SaveUser{user}}
		return action
	}
	switch decided.Outcome.Code {
	case OutcomeOK:
		user.Opening, user.Number = nil, decided.Outcome.Number
		args := menu.Args{Name: user.Name, Account: user.Number.Text()}
		if atDial {
			return m.menuUnder(s, m.text(s, menu.LineRegistered, args), []Effect{SaveUser{user}})
		}
		action := m.end(s, menu.Registered, args)
		action.Effects = []Effect{SaveUser{user}}
		return action
	case OutcomeAliasTaken, OutcomeAliasResting:
		key := menu.NumberTaken
		if decided.Outcome.Code == OutcomeAliasResting {
			key = menu.NumberResting
		}
		action := m.refuse(s, key, menu.Args{})
		action.Effects = []Effect{DropUser{user}}
		return action
	}
	if atDial {
		// What was begun can never be completed: begin again.
		action := m.prompt(s, PromptLanguage, menu.ChooseLanguage, menu.Args{})
		action.Effects = []Effect{DropUser{user}}
		return action
	}
	action := m.refuse(s, menu.NotRegistered, menu.Args{})
	action.Effects = []Effect{DropUser{user}}
	return action
}
