package ussdtest

import (
	"context"
	"strings"

	"github.com/umoja-ledger/umoja/ussd"
)

// Answer answers a complaint, as the provider does.
func (w *World) Answer(number string, state ussd.CaseState, answer string) error {
	n, err := ussd.ParseCaseNumber(number)
	if err != nil {
		return err
	}
	return w.Service.Answer(context.Background(), n, state, answer)
}

func caseAnswer(text string) (number string, state ussd.CaseState, answer string) {
	number, text, _ = strings.Cut(text, " ")
	word, answer, _ := strings.Cut(text, " ")
	return number, ussd.CaseState(word), answer
}
