package ussd

import (
	"strings"

	"github.com/umoja-ledger/umoja/ussd/menu"
)

// A confirm screen that is longer than the phone's screen, as amounts above ten million make it in a language of 70 characters, is shown as
// two: cut at its end it would ask for a PIN and not say the fee. The first has to be seen, and "9" leads to the second, which says again what
// the first line said, and takes the answer.

// promptPages waits for "9" under the first part of a confirm screen.
const promptPages Prompt = "confirm/pages"

// confirmPrompt is what the last part of a confirm screen waits for.
func confirmPrompt(kind Kind) Prompt {
	if kindOf(kind).plain {
		return promptYes
	}
	return promptConfirm
}

// askConfirm shows a confirm screen, or the first part of one that is too long.
func (m *Machine) askConfirm(s *Session, p Payment) Action {
	key, args := m.confirmText(s, p)
	if first, _ := m.pages(s, m.text(s, key, args), args.Amount); first != "" {
		s.Prompt = promptPages
		return m.askText(s, first)
	}
	s.Prompt = confirmPrompt(p.Order.Kind)
	return m.ask(s, key, args)
}

// pages cuts a text in two at the end of a line; first is empty when the text fits on one screen, or in a message. The second begins with the
// line of the first that has the amount, where there is room.
func (m *Machine) pages(s *Session, text, amount string) (first, second string) {
	lines := strings.Split(text, "\n")
	if s.byText || s.Screen.fits(text) || len(lines) < 2 {
		return "", ""
	}
	next := "\n" + m.text(s, menu.NextLine, menu.Args{})
	cut := len(lines) - 1
	for cut > 1 && !s.Screen.fits(strings.Join(lines[:cut], "\n")+next) {
		cut--
	}
	first, second = strings.Join(lines[:cut], "\n")+next, strings.Join(lines[cut:], "\n")
	for _, line := range lines[:cut] {
		if again := line + "\n" + second; strings.Contains(line, amount) && s.Screen.fits(again) {
			return first, again
		}
	}
	return first, second
}

// takePages shows the second part.
func (m *Machine) takePages(s *Session, p Payment, a Answer) Action {
	if trim(a.Input) != "9" {
		return m.againForm(s, a, menu.ChoiceUnknown)
	}
	key, args := m.confirmText(s, p)
	first, second := m.pages(s, m.text(s, key, args), args.Amount)
	s.Prompt, s.Refusals = confirmPrompt(p.Order.Kind), 0
	if first == "" { // It fits on the screen that this turn came from.
		return m.ask(s, key, args)
	}
	return m.askText(s, second)
}
