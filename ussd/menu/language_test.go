package menu

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ussd/gsm7"
)

func TestADraftIsShownToNobodyUntilItIsSwitchedOn(t *testing.T) {
	book, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Language{English}, book.Offered()); diff != "" {
		t.Error(diff)
	}
	if got := book.Text(Swahili, BackLine, Args{}); got != "0 Back" {
		t.Errorf("a language that is off says %q", got)
	}
	book, err = Load(Swahili, Arabic)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Language{English, Swahili, Arabic}, book.Offered()); diff != "" {
		t.Error(diff)
	}
	if got := book.Text(Swahili, BackLine, Args{}); got != "0 Rudi" {
		t.Errorf("a language that is on says %q", got)
	}
	if _, err := Load("xx"); !errors.Is(err, ErrLanguage) {
		t.Errorf("a language that does not exist: %v", err)
	}
}

// The pages of every choice of languages that a provider can make are screens.
func TestEveryPageOfLanguagesIsAScreen(t *testing.T) {
	for bits := range 1 << len(Languages()) {
		if testing.Short() && bits%15 != 0 { // Each reads all texts.
			continue
		}
		var on []Language
		for i, language := range Languages() {
			if bits&(1<<i) != 0 {
				on = append(on, language)
			}
		}
		book, err := Load(on...)
		if err != nil {
			t.Fatal(err)
		}
		listed := ""
		for page := range book.languagePages() {
			for _, spoken := range book.Offered() {
				fits(t, spoken, "languages", book.LanguagePage(page, spoken, longest), screenSeptets, screenUCS2)
			}
			text := book.LanguagePage(page, "", longest)
			choices := 0
			for line := range strings.Lines(text) {
				if choiceLine.MatchString(line) && !strings.HasPrefix(line, nextPage) {
					choices++
				}
			}
			if choices == 0 || choices > languagesPerPage {
				t.Errorf("%v: %d choices on a page: %q", on, choices, text)
			}
			listed += text
		}
		for _, language := range Languages() {
			if strings.Contains(listed, book.Header(language).Name) != book.Has(language) {
				t.Errorf("%v: %s is offered: %v; pages %q", on, language, book.Has(language), listed)
			}
		}
	}
}

func TestANumberOfALanguageNeverChangesItsMeaning(t *testing.T) {
	all, some := load(t), func() *Book {
		book, err := Load(French, Arabic)
		if err != nil {
			t.Fatal(err)
		}
		return book
	}()
	for _, c := range []struct {
		book   *Book
		answer string
		want   Language
		next   bool
		ok     bool
	}{
		{all, "1", English, false, true},
		{all, "3", French, false, true},
		{all, "8", Arabic, false, true},
		{all, "9", "", true, true},
		{some, "3", French, false, true},
		{some, "8", Arabic, false, true},
		{some, "2", Swahili, false, false},
		{all, "0", "", false, false},
		{all, "03", "", false, false},
		{all, "+3", "", false, false},
		{all, "98", "", false, false},
		{all, "", "", false, false},
	} {
		got, next, ok := c.book.ChooseLanguage(c.answer)
		if ok != c.ok || next != c.next || ok && got != c.want {
			t.Errorf("%q is %q, next page %v, %v", c.answer, got, next, ok)
		}
	}
	if want := "Welcome to Umoja\nLanguage / Langue / Lugha\n1 English\n2 Kiswahili\n3 Francais\n4 Portugues\n5 Hausa\n6 Luganda\n9 More"; all.LanguagePage(0, "", Args{}) != want {
		t.Errorf("the first page is %q", all.LanguagePage(0, "", Args{}))
	}
	if got := all.LanguagePage(2, English, Args{}); got != all.LanguagePage(0, "", Args{}) {
		t.Errorf("after the last page: %q", got)
	}
}

func TestOnlyEnglishHasBeenReadByANativeSpeaker(t *testing.T) {
	book := load(t)
	for _, language := range Languages() {
		header := book.Header(language)
		if (header.Reader == Native) != (language == English) {
			t.Errorf("%s is %s", language, header.Reader)
		}
		if (header.Alphabet == gsm7.UCS2) != (language == Amharic || language == Arabic) {
			t.Errorf("%s is sent in %s", language, header.Alphabet)
		}
	}
}

func TestWordsChangeBeforeANameInFrench(t *testing.T) {
	book := load(t)
	for _, c := range []struct {
		language Language
		key      Key
		args     Args
		want     string
	}{
		{French, LineClaimed, Args{Amount: "5", Name: "Juma", Code: "8"}, "Vous avez recu 5 de Juma. Réf. 8"},
		{French, LineClaimed, Args{Amount: "5", Name: "Amina", Code: "8"}, "Vous avez recu 5 d'Amina. Réf. 8"},
		{French, LineClaimed, Args{Amount: "5", Name: "Ézéchiel", Code: "8"}, "Vous avez recu 5 d'Ézéchiel. Réf. 8"},
		{French, LineClaimed, Args{Amount: "5", Name: "compte 10008", Code: "8"}, "Vous avez recu 5 du compte 10008. Réf. 8"},
		{French, LinePaid, Args{Amount: "5", Name: "compte 10008", Code: "8"}, "Payé 5 au compte 10008. Réf. 8"},
		{French, LinePaid, Args{Amount: "5", Name: "Amina", Code: "8"}, "Payé 5 à Amina. Réf. 8"},
		{French, SMSNotFetched, Args{Amount: "5", Name: "Esta"}, "Les 5 qu'Esta vous a envoyés n'ont pas été pris à temps et sont repartis."},
		{English, LineClaimed, Args{Amount: "5", Name: "Amina", Code: "8"}, "You received 5 from Amina. Code 8"},
	} {
		if got := book.Text(c.language, c.key, c.args); got != c.want {
			t.Errorf("%q instead of %q", got, c.want)
		}
	}
}

func TestJoinsAreAWordAndHowANameBegins(t *testing.T) {
	for _, pairs := range []map[string]string{{"de": "d'"}, {"de ": "d'"}, {"de A": "d'"}, {"de A": "d'B"}, {"de ሀ": "d'ሀ"}} {
		if _, err := readJoins(pairs); !errors.Is(err, ErrText) {
			t.Errorf("%v: %v", pairs, err)
		}
	}
}
