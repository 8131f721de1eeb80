package menu

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ussd/gsm7"
)

// longest is the longest data that a text is filled with: a name is at most 14 letters, or an account number with its
// label; a number is E.164; amounts are below ten million, fees and commissions below ten thousand.
var longest = Args{
	Dial: "*384*20501#", Away: "*384*20501#", Provider: "PPPPPPPPPPPPPP", Telephone: "+254711000002",
	Name: "NNNNNNNNNNNNNN", Number: "+254711000002", Account: "1234567890128", Other: "OOOOOOOOOOOOOO",
	Asset: "KES", Amount: "9,999,999.99 KES", Fee: "9,999.99 KES", Balance: "9,999,999.99 KES",
	Limit: "9,999,999.99 KES", Total: "9,999,999.99 KES",
	Commission: "9,999.99 KES", Cash: "9,999,999.99 KES", Float: "9,999,999.99 KES",
	Code: "8XK2M9QD", Case: "12345678", State: "SSSSSSSSSSSSSSSS", Group: "GGGGGGGGGGGGGG", Reason: "RRRRRRRRRRRRRR",
	Tries: "2", Count: "99", Of: "99", Minutes: "59", Hours: "72", Days: "30", Time: "23:59", Date: "31/12",
}

const (
	// A message has at most three parts.
	smsSeptets = gsm7.SinglePart
	smsUCS2    = 3 * gsm7.ConcatenatedPartUCS2
)

func load(t *testing.T) *Book {
	t.Helper()
	book, err := Load(Languages()...)
	if err != nil {
		t.Fatal(err)
	}
	return book
}

func loadTree(t *testing.T) *Tree {
	t.Helper()
	tree, err := LoadTree()
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// own lists the keys that a language has itself. English texts that stand in for others are English's to count.
func own(book *Book, language Language) []entry {
	missing := book.Missing(language)
	return slices.DeleteFunc(slices.Clone(entries), func(e entry) bool { return slices.Contains(missing, e.key) })
}

// longestArgs are the two longest ways to call the other side. Where a number is shown, the name of its owner is known.
func longestArgs(book *Book, language Language) []Args {
	unnamed := longest
	unnamed.Name = book.Text(language, AccountLabel, Args{Account: longest.Account})
	unnamed.Other = unnamed.Name
	return []Args{longest, unnamed}
}

// fits fails the test when a text is longer than its budget.
func fits(t *testing.T, language Language, what, text string, septets, ucs2 int) {
	t.Helper()
	if !gsm7.FitsScreen(text, septets, ucs2) {
		units, alphabet := gsm7.Units(text)
		t.Errorf("%s %s: %d of %d %s: %q", language, what, units, map[gsm7.Alphabet]int{gsm7.GSM7: septets, gsm7.UCS2: ucs2}[alphabet],
			alphabet, text)
	}
}

func TestEveryScreenAndMessageFitsInEveryLanguage(t *testing.T) {
	book := load(t)
	for _, language := range Languages() {
		back := "\n" + book.Text(language, BackLine, Args{})
		for _, args := range longestArgs(book, language) {
			for _, e := range own(book, language) {
				filled := args
				if _, may := e.data.needs("number", false); may {
					filled.Name = longest.Name
				}
				text := book.Text(language, e.key, filled)
				switch e.kind {
				case KindScreen, KindRefusal:
					fits(t, language, string(e.key), text, screenSeptets, screenUCS2)
				case KindPrompt, KindCorrection:
					fits(t, language, string(e.key), text+back, screenSeptets, screenUCS2)
				case KindStatus:
					if book.Header(language).Alphabet == gsm7.UCS2 {
						fits(t, language, string(e.key), text+back, 0, screenUCS2)
					}
				case KindSMS:
					fits(t, language, string(e.key), text, smsSeptets, smsUCS2)
				}
				if strings.ContainsAny(text, "{}") {
					t.Errorf("%s %s: a brace is left: %q", language, e.key, text)
				}
				if strings.TrimSpace(text) != text || strings.Contains(text, "  ") || strings.Contains(text, " \n") {
					t.Errorf("%s %s: a space too many: %q", language, e.key, text)
				}
			}
		}
	}
}

func TestEveryTextIsInTheAlphabetOfItsLanguage(t *testing.T) {
	book := load(t)
	for _, language := range Languages() {
		want := book.Header(language).Alphabet
		for _, e := range own(book, language) {
			text := book.Text(language, e.key, longest)
			_, got := gsm7.Units(text)
			if want == gsm7.GSM7 && got != want {
				t.Errorf("%s %s is sent in %s: %q", language, e.key, got, text)
			}
		}
	}
}

func TestEveryMenuFitsInEveryLanguage(t *testing.T) {
	book, tree := load(t), loadTree(t)
	for _, language := range Languages() {
		for _, menu := range tree.Menus() {
			if !menu.isOwn(book, language) {
				continue
			}
			text := menu.Text(book, language)
			fits(t, language, menu.Name, text, screenSeptets, screenUCS2)
			if title := book.Text(language, menu.Title, Args{}); book.Header(language).Alphabet == gsm7.GSM7 && !strings.HasPrefix(text, title) {
				t.Errorf("%s %s has no room for its title: %q", language, menu.Name, text)
			}
		}
	}
}

// isOwn tells whether every label of a menu is in the language itself.
func (m Menu) isOwn(book *Book, language Language) bool {
	missing := book.Missing(language)
	return !slices.ContainsFunc(m.Choices, func(c Choice) bool { return slices.Contains(missing, c.Label) }) &&
		!slices.Contains(missing, BackLine)
}

// A language of GSM-7 shows its main menu under one line.
func TestEveryFirstScreenFitsWithItsLine(t *testing.T) {
	book := load(t)
	main, _ := loadTree(t).Menu(Main)
	for _, language := range Languages() {
		if book.Header(language).Alphabet != gsm7.GSM7 || !main.isOwn(book, language) {
			continue
		}
		for _, args := range longestArgs(book, language) {
			for _, e := range own(book, language) {
				if e.kind == KindStatus {
					text := book.Text(language, e.key, args) + "\n" + main.Text(book, language)
					fits(t, language, string(e.key)+" above the main menu", text, screenSeptets, 0)
				}
			}
		}
	}
}

// Names of 14 letters, amounts below ten million: three of them on one screen, or two in a language of 70 characters
// when they are shorter than that.
func TestTheLongestPaymentsFitOnOneScreen(t *testing.T) {
	book := load(t)
	for _, language := range Languages() {
		args, lines := longest, 3
		args.Amount = "9,999,999.99"
		if book.Header(language).Alphabet == gsm7.UCS2 {
			lines = 1
		}
		text := book.Text(language, LinePayments, args)
		for range lines {
			text += "\n" + book.Text(language, LineOut, args)
		}
		fits(t, language, "last payments", text, screenSeptets, screenUCS2)
	}
}

func TestEachRefusalSaysThatNoMoneyWasMoved(t *testing.T) {
	book := load(t)
	for _, language := range Languages() {
		sentence := book.Text(language, NoMoneySentence, Args{})
		for _, e := range own(book, language) {
			if e.kind != KindRefusal && e.kind != KindCorrection {
				continue
			}
			text := book.Text(language, e.key, longest)
			if strings.Count(text, sentence) != 1 {
				t.Errorf("%s %s does not say %q: %q", language, e.key, sentence, text)
			}
			if strings.HasPrefix(text, sentence) {
				t.Errorf("%s %s does not say what happened: %q", language, e.key, text)
			}
			end, _ := strings.CutSuffix(text, "።")
			end, _ = strings.CutSuffix(end, ".")
			if end == text || strings.HasSuffix(text, sentence) {
				t.Errorf("%s %s does not say what to do: %q", language, e.key, text)
			}
		}
	}
}

// What stays at the same question has no use for the service code.
func TestNoCorrectionAsksToDial(t *testing.T) {
	for _, e := range entries {
		if _, may := e.data.needs("dial", true); may && (e.kind == KindCorrection || e.kind == KindPrompt) {
			t.Errorf("%s mentions the service code", e.key)
		}
	}
}

// never are words that people do not know, in capitals and not.
var never = map[Language][]string{
	English:    {"transaction", "invalid", "session", "error", "failed", "timeout"},
	Swahili:    {"muamala", "miamala", "kikao", "batili", "transaction", "invalid", "session"},
	French:     {"transaction", "session", "invalide", "une erreur", "échec", "débit", "crédit"},
	Portuguese: {"transaç", "transac", "sess", "inválid", "invalid", "erro ", "falhou"},
	Hausa:      {"transaction", "session", "invalid", "error"},
	Luganda:    {"transaction", "session", "invalid", "error"},
	Amharic:    {"transaction", "session", "ግብይት", "ክፍለ ጊዜ"},
	Arabic:     {"transaction", "session", "معاملة", "جلسة", "غير صالح", "خطأ"},
}

func TestNoTextUsesAWordThatPeopleDoNotKnow(t *testing.T) {
	book := load(t)
	for _, language := range Languages() {
		for _, e := range own(book, language) {
			text := strings.ToLower(book.Text(language, e.key, longest))
			for _, word := range never[language] {
				if strings.Contains(text, word) {
					t.Errorf("%s %s says %q: %q", language, e.key, word, text)
				}
			}
		}
	}
}

// choiceLine is a line that offers a choice.
var choiceLine = regexp.MustCompile(`^([0-9]+)[ .:]`)

// 98 and 00 belong to the carrier's own pages; 1 to 6, 0 and 9 are ours. In a language where a text offers choices, it
// offers the same numbers as in English.
func TestEveryTextOffersTheSameNumbers(t *testing.T) {
	book := load(t)
	offered := func(language Language, key Key) []string {
		var numbers []string
		for line := range strings.Lines(book.Text(language, key, Args{})) {
			if found := choiceLine.FindStringSubmatch(line); found != nil {
				numbers = append(numbers, found[1])
			}
		}
		return numbers
	}
	for _, language := range Languages() {
		for _, e := range own(book, language) {
			numbers := offered(language, e.key)
			if !slices.Equal(numbers, offered(English, e.key)) {
				t.Errorf("%s %s offers %v, in English it offers %v", language, e.key, numbers, offered(English, e.key))
			}
			for _, number := range numbers {
				if !strings.Contains("0123456"+nextPage, number) {
					t.Errorf("%s %s offers %s", language, e.key, number)
				}
			}
		}
	}
}

// TestEveryLanguageIsWhole fails while a text stands in English only, or has other data than its key.
func TestEveryLanguageIsWhole(t *testing.T) {
	book := load(t)
	for _, language := range Languages() {
		if missing := book.Missing(language); len(missing) > 0 {
			t.Errorf("%s lacks %v", language, missing)
		}
		raw, err := files.ReadFile("text/" + string(language) + ".toml")
		if err != nil {
			t.Fatal(err)
		}
		read, err := parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range read.faults {
			if !strings.HasSuffix(fault.Error(), " is missing") {
				t.Errorf("%s: %v", language, fault)
			}
		}
	}
}
