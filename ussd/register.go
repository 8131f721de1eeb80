package ussd

import (
	"errors"
	"strings"

	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Registration: LANGUAGE*NAME*PIN*PIN. The account's transaction is stored with the user before it is submitted; from then
// on the phone has a user whose account is being opened, and every turn and every dial finishes that.

func trim(input pin.Secret) string { return strings.TrimSpace(input.Reveal()) }

func registerFlow() flow {
	return flow{show: (*Machine).showRegister, take: (*Machine).register, open: true}
}

const (
	promptLanguage Prompt = "register/language"
	promptName     Prompt = "register/name"
	promptNewPIN   Prompt = "register/choose"
	promptNewAgain Prompt = "register/again"
)

func (m *Machine) showRegister(_ Facts, s *Session) Action {
	switch s.Prompt {
	case promptLanguage:
		return m.askText(s, m.book.LanguagePage(s.Page, s.Language, menu.Args{Provider: m.provider}))
	case promptName:
		return m.ask(s, menu.RegisterName, menu.Args{})
	case promptNewPIN:
		return m.ask(s, menu.RegisterPIN, menu.Args{})
	}
	return m.ask(s, menu.RegisterPINAgain, menu.Args{})
}

func (m *Machine) register(f Facts, s *Session, e Event) Action {
	if f.User != nil && f.User.Opening == nil {
		// Registered meanwhile, in another session.
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	switch e := e.(type) {
	case Answer:
		return m.registerAnswer(f, s, e)
	case Founded:
		user := User{Provisional: true, Phone: s.Phone, Name: s.Name, Language: s.Language, Account: e.Founding.Account, PIN: e.PIN,
			Opening: &Opening{Prepared: e.Founding.Prepared, SubmittedAtUnixMs: f.NowUnixMs}}
		// Once the user is stored, a crash before or after the submission leaves an account that is being opened: a
		// duplicate of this turn, the next dial or the Settler finishes it.
		return Action{Effects: []Effect{SaveUser{user}}, Ask: AskOutcome{Prepared: e.Founding.Prepared}}
	case HomeRead:
		if e.Unknown {
			return m.goTo(f, s, promptName) // The ledger decides in the end.
		}
		return m.arrived(f, s, e.Home)
	case Decided, Undecided:
		return m.finishOpening(f, s, e, false)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

func (m *Machine) registerAnswer(f Facts, s *Session, a Answer) Action {
	switch s.Prompt {
	case promptLanguage:
		language, next, ok := m.book.ChooseLanguage(trim(a.Input))
		switch {
		case next:
			s.Page++
			return m.show(f, s)
		case !ok:
			return m.againForm(s, a, menu.ChoiceUnknown)
		}
		s.Language, s.Page = language, 0
		if m.attests {
			return Action{Ask: AskHome{Phone: s.Phone, Gently: true}}
		}
		return m.goTo(f, s, promptName)
	case promptName:
		name, err := CheckName(a.Input.Reveal())
		switch {
		case errors.Is(err, errNameLong):
			return m.againForm(s, a, menu.NameTooLong)
		case errors.Is(err, errNameEmpty):
			return m.againForm(s, a, menu.NameEmpty)
		case err != nil:
			return m.againForm(s, a, menu.NameLetters)
		}
		s.Name = name
		return m.goTo(f, s, promptNewPIN)
	case promptNewPIN:
		if refusal := m.choosePIN(f, s, a); refusal != nil {
			return *refusal
		}
		return m.goTo(f, s, promptNewAgain)
	}
	if len(a.Rest) > 0 {
		return m.again(s, menu.StarOrHash, menu.Args{})
	}
	if f.User != nil {
		// The user is stored: this is the same turn after a crash.
		return Action{Ask: AskOutcome{Prepared: f.User.Opening.Prepared}}
	}
	if s.FirstPIN == nil || *s.FirstPIN != f.Digest("pin", a.Input.Reveal()) {
		// Which of the two was meant is not known: both are asked for again.
		s.Prompt, s.Trail = promptNewPIN, s.Trail[:max(len(s.Trail)-1, 0)]
		return m.againForm(s, a, menu.PINsDiffer)
	}
	return Action{Ask: AskFounding{Registration: Registration{Phone: s.Phone, Name: s.Name, Unbound: s.Unbound}, PIN: a.Input}}
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
		if m.attests {
			s.Prompt, s.Trail = promptRegistered, []Prompt{PromptMain}
			action = m.ask(s, menu.Welcome, args)
		}
		action.Effects = []Effect{SaveUser{user}}
		return action
	case OutcomeAliasTaken, OutcomeAliasResting:
		key := menu.NumberTaken
		if decided.Outcome.Code == OutcomeAliasResting {
			key = menu.NumberResting
		}
		action := m.end(s, key, menu.Args{})
		action.Effects = []Effect{DropUser{user}}
		return action
	}
	if atDial {
		// What was begun can never be completed: begin again.
		action := m.goTo(f, s, promptLanguage)
		action.Effects = []Effect{DropUser{user}}
		return action
	}
	action := m.end(s, menu.NotRegistered, menu.Args{})
	action.Effects = []Effect{DropUser{user}}
	return action
}

// choosePIN takes a new PIN to be typed again, or refuses a bad one. Any flow may use it.
func (m *Machine) choosePIN(f Facts, s *Session, a Answer) *Action {
	var refusal Action
	switch err := pin.Check(a.Input); {
	case errors.Is(err, pin.ErrWeak):
		refusal = m.againForm(s, a, menu.PINWeak)
	case err != nil:
		refusal = m.againForm(s, a, menu.PINForm)
	default:
		first := f.Digest("pin", a.Input.Reveal())
		s.FirstPIN = &first
		return nil
	}
	return &refusal
}
