package ussd

import (
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// The menus are data (menu.Tree): each choice leads to another menu or to a flow.

func menuFlow() flow {
	return flow{show: (*Machine).showMenu, take: (*Machine).takeMenu}
}

// promptNews shows a line that is too long to stand above the main menu on this screen.
const promptNews Prompt = "menu/news"

// greeting is the line above the main menu when there is no news. It is empty where the screen has no room for both: the menu then stands alone.
func (m *Machine) greeting(s *Session, name string) string {
	line := m.text(s, menu.Greeting, menu.Args{Name: name})
	if !s.Screen.fits(line + "\n" + m.mainChoices(s)) {
		return ""
	}
	return line
}

func (m *Machine) mainChoices(s *Session) string {
	main, _ := m.tree.Menu(PromptMain.part())
	return main.Text(m.book, s.Language)
}

// menuUnder shows the main menu under a line, or the line first where a screen does not hold both; without a line the menu alone.
func (m *Machine) menuUnder(s *Session, line string, effects []Effect) Action {
	s.Prompt = PromptMain
	text := m.mainChoices(s)
	switch both := line + "\n" + text; {
	case line == "":
	case s.Screen.fits(both):
		text = both
	default:
		s.Prompt, s.Trail = promptNews, []Prompt{PromptMain}
		text = line + "\n" + m.text(s, menu.BackLine, menu.Args{})
	}
	action := m.askText(s, text)
	action.Effects = effects
	return action
}

func (m *Machine) showMenu(f Facts, s *Session) Action {
	if s.Prompt == PromptMain {
		return m.goHome(f, s, m.greeting(s, f.User.Name))
	}
	shown, ok := m.tree.Menu(s.Prompt.part())
	if !ok {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	return m.askText(s, shown.Text(m.book, s.Language))
}

// takeMenu takes a choice. Whatever is typed under news that stood alone leads to the main menu; what is on it is taken at once.
func (m *Machine) takeMenu(f Facts, s *Session, e Event) Action {
	a, ok := e.(Answer)
	if !ok {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	if s.Prompt == promptNews {
		s.Prompt, s.Trail = PromptMain, nil
	}
	shown, ok := m.tree.Menu(s.Prompt.part())
	if !ok {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	// What the line above the main menu offers has digits of its own.
	if s.Prompt == PromptMain && trim(a.Input) == "7" && m.cancellable(f) != nil {
		return m.enter(f, s, "cancel")
	}
	if s.Prompt == PromptMain && trim(a.Input) == "8" && m.firstAsk(f) != nil {
		return m.enter(f, s, "giveback")
	}
	target, ok := shown.Choose(trim(a.Input))
	switch {
	case !ok && s.Prompt == PromptMain && !a.Joined:
		// The list is shown again: there is nothing to go back to.
		if s.Refusals++; s.Refusals > maxRefusals {
			return m.end(s, menu.DialAgain, menu.Args{})
		}
		action := m.menuUnder(s, m.text(s, menu.LineChoice, menu.Args{}), nil)
		action.Drop = true
		return action
	case !ok:
		return m.againForm(s, a, menu.ChoiceUnknown)
	case target.Menu == agentMenu && f.User.Role != RoleAgent:
		return m.again(s, menu.AgentsOnly, menu.Args{})
	case target.Menu != "":
		return m.goTo(f, s, Prompt("menu/"+target.Menu))
	}
	return m.enter(f, s, target.Flow)
}
