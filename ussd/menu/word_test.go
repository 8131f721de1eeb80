package menu

import (
	"slices"
	"strings"
	"testing"
)

// A text names a command by the language's own first word for it, and a word means one command only, in the language and in English.
func TestTextsNameTheWordsOfTheirLanguage(t *testing.T) {
	book := load(t)
	words := []Key{WordBalance, WordLast, WordSend, WordPay, WordHelp, WordStop, WordStart}
	names := map[Key][]Key{
		TextHelp: {WordBalance, WordLast, WordSend}, TextHelpLooks: {WordBalance, WordLast}, TextSendForm: {WordSend}, TextCodeLate: {WordSend},
		TextOffer: {WordPay}, TextOfferAccount: {WordPay}, TextStopped: {WordStart}, TextStarted: {WordStop},
	}
	for _, language := range Languages() {
		missing := book.Missing(language)
		meaning := make(map[string]Key)
		for _, spoken := range []Language{English, language} {
			for _, key := range words {
				for word := range strings.FieldsSeq(strings.ToUpper(book.Text(spoken, key, Args{}))) {
					if other, taken := meaning[word]; taken && other != key {
						t.Errorf("%s: %s is both %s and %s", language, word, other, key)
					}
					meaning[word] = key
				}
			}
		}
		for text, of := range names {
			for _, key := range of {
				if slices.Contains(missing, text) || slices.Contains(missing, key) {
					continue // English stands there, which is understood as well.
				}
				word, _, _ := strings.Cut(book.Text(language, key, Args{}), " ")
				if !strings.Contains(book.Text(language, text, longest), word) {
					t.Errorf("%s %s does not name %s", language, text, word)
				}
			}
		}
	}
}
