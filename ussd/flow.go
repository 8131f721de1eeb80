package ussd

import (
	"strings"

	"github.com/umoja-ledger/umoja/ussd/menu"
)

// flow is one thing that a person does: prompts whose names begin with the flow's own. It is as pure as the machine.
type flow struct {
	// enter begins it from a menu; nil for what no menu leads to.
	enter func(m *Machine, f Facts, s *Session) Action
	// show shows the prompt that the session stands at, for the first time or again, as after "0" on the screen behind it.
	show func(m *Machine, f Facts, s *Session) Action
	// take takes an answer at the prompt that the session stands at, or the event that a question of the flow led to.
	take func(m *Machine, f Facts, s *Session, e Event) Action
	// open means that it is for phones without an account too.
	open bool
	// resumes means that a draft of it is offered again after a session was lost.
	resumes bool
}

// flows are all of them, by name. It is a function because flows lead to each other.
func flows(name string) (flow, bool) {
	switch name {
	case "register":
		return registerFlow(), true
	case "menu":
		return menuFlow(), true
	case "resume":
		return resumeFlow(), true
	case "send":
		return sendFlow(), true
	case "confirm":
		return confirmFlow(), true
	case "balance":
		return balanceFlow(), true
	case "last":
		return lastFlow(), true
	case "limits":
		return limitsFlow(), true
	case "language":
		return languageFlow(), true
	case "pinchange":
		return pinChangeFlow(), true
	case "pinreset":
		return pinResetFlow(), true
	case "close":
		return closeFlow(), true
	case "check":
		return checkFlow(), true
	case "help":
		return helpFlow(), true
	case "ask":
		return askFlow(), true
	case "asked":
		return askedFlow(), true
	case "number":
		return numberFlow(), true
	case "codes":
		return codesFlow(), true
	case "arrive":
		return arriveFlow(), true
	case "provider":
		return providerFlow(), true
	case "leaving":
		return leavingFlow(), true
	case "cancel":
		return cancelFlow(), true
	case "wrong":
		return wrongFlow(), true
	case "giveback":
		return givebackFlow(), true
	}
	if f, ok := agentFlows(name); ok {
		return f, true
	}
	return groupFlows(name)
}

// Prompt says which answer a session waits for: the flow, a slash, and the flow's own name for it.
type Prompt string

// The prompts that every flow meets.
const (
	PromptNone  Prompt = ""
	PromptEnded Prompt = "ended"
	PromptMain  Prompt = "menu/main"
)

// flow is the name of the prompt's flow.
func (p Prompt) flow() string {
	name, _, _ := strings.Cut(string(p), "/")
	return name
}

// part is the flow's own name of the prompt.
func (p Prompt) part() string {
	_, part, _ := strings.Cut(string(p), "/")
	return part
}

// secret tells of a prompt for the PIN of an account: the answer is taken only from a turn after the one that showed it.
func (p Prompt) secret() bool { return strings.HasSuffix(string(p), "/pin") }

// seen tells of a prompt whose screen has to be seen before an answer counts: one that asks for a PIN, its first part, and one where "1" confirms.
func (p Prompt) seen() bool { return p.secret() || p == promptYes || p == promptPages }

// maxTrail bounds the prompts that "0" leads back through.
const maxTrail = 12

// goTo shows another prompt; "0" there leads back here.
func (m *Machine) goTo(f Facts, s *Session, next Prompt) Action {
	if s.Prompt != PromptNone && s.Prompt != next && len(s.Trail) < maxTrail {
		s.Trail = append(s.Trail, s.Prompt)
	}
	s.Prompt, s.Refusals = next, 0
	return m.show(f, s)
}

// goBack shows the prompt before this one, or from the main menu says goodbye.
func (m *Machine) goBack(f Facts, s *Session) Action {
	last := len(s.Trail) - 1
	if last < 0 {
		return m.end(s, menu.Goodbye, menu.Args{})
	}
	s.Prompt, s.Trail, s.Refusals = s.Trail[last], s.Trail[:last], 0
	return m.show(f, s)
}

// goHome shows the main menu under a line. What else came in the turn was meant for other screens.
func (m *Machine) goHome(f Facts, s *Session, line string, effects ...Effect) Action {
	s.Trail, s.Refusals, s.Draft, s.Payment = nil, 0, Draft{}, nil
	action := m.menuUnder(s, line, effects)
	action.Drop = true
	return action
}

// show shows the session's prompt.
func (m *Machine) show(f Facts, s *Session) Action {
	flow, ok := m.flowOf(f, s)
	if !ok {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	return flow.show(m, f, s)
}

// flowOf finds the flow of the session's prompt. A phone without an account, or whose account is being opened, has the open ones only.
func (m *Machine) flowOf(f Facts, s *Session) (flow, bool) {
	flow, ok := flows(s.Prompt.flow())
	return flow, ok && (flow.open || f.User != nil && f.User.Opening == nil)
}

// enter begins a flow from a menu.
func (m *Machine) enter(f Facts, s *Session, name string) Action {
	flow, ok := flows(name)
	if !ok || flow.enter == nil {
		return m.again(s, menu.NoService, menu.Args{})
	}
	s.Draft = Draft{}
	return flow.enter(m, f, s)
}

// ask shows the text of the session's prompt and waits for an answer.
func (m *Machine) ask(s *Session, key menu.Key, args menu.Args) Action {
	text := m.text(s, key, args)
	if withBack := text + "\n" + m.text(s, menu.BackLine, menu.Args{}); menu.KindOf(key) == menu.KindPrompt && len(s.Trail) > 0 && s.Screen.fits(withBack) {
		text = withBack
	}
	return m.askText(s, text)
}

func (m *Machine) askText(s *Session, text string) Action {
	return Action{Reply: &Reply{Text: s.Screen.fit(text)}}
}

// maxRefusals is how many answers in a row may be refused before the session ends.
const maxRefusals = 4

// again refuses an answer and waits for another at the same prompt. Nothing was moved. What else came in this turn is dropped: it was meant
// for the screens behind.
func (m *Machine) again(s *Session, key menu.Key, args menu.Args) Action {
	if s.Refusals++; s.Refusals > maxRefusals {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	text := m.text(s, key, args)
	if withBack := text + "\n" + m.text(s, menu.BackLine, menu.Args{}); !s.byText && s.Screen.fits(withBack) {
		text = withBack
	}
	action := m.askText(s, text)
	action.Drop = true
	return action
}

// againForm refuses an answer that cannot be read. When the turn brought several answers where one was asked for, the
// star between them is the reason.
func (m *Machine) againForm(s *Session, a Answer, key menu.Key) Action {
	if a.Joined {
		key = menu.StarOrHash
	}
	return m.again(s, key, menu.Args{})
}

// end shows the last screen.
func (m *Machine) end(s *Session, key menu.Key, args menu.Args) Action {
	return m.endText(s, m.text(s, key, args))
}

func (m *Machine) endText(s *Session, text string) Action {
	s.Prompt, s.FirstPIN = PromptEnded, nil
	return Action{Reply: &Reply{Text: s.Screen.fit(text), End: true}}
}
