package menu

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ussd/gsm7"
)

// longest is the longest data that a text is filled with: a name is at most 14 letters, or an account number with its
// label; a number is E.164.
var longest = Args{
	Dial: "*384*20501#", Name: "NNNNNNNNNNNNNN", Number: "+254711000002", Account: "1234567890128", Asset: "KES",
	Amount: "9,999,999.99 KES", Fee: "99,999.99 KES", Balance: "9,999,999.99 KES", Limit: "9,999,999.99 KES",
	Code: "8XK2M9QD", Tries: "2", Time: "23:59",
}

// prefix is what the carrier takes of a screen.
const prefix = "CON "

func load(t *testing.T) *Book {
	t.Helper()
	book, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return book
}

func TestEveryScreenAndMessageFitsInEveryLanguage(t *testing.T) {
	book := load(t)
	for _, language := range Languages() {
		args := longest
		for _, name := range []string{longest.Name, book.Text(language, AccountLabel, Args{Account: "1234567890128"})} {
			args.Name = name
			for _, e := range entries {
				text := book.Text(language, e.key, args)
				switch e.kind {
				case KindScreen, KindRefusal:
					text = prefix + text
				}
				if septets, ok := gsm7.Septets(text); !ok || septets > gsm7.ScreenSeptets {
					t.Errorf("%s %s: %d septets: %q", language, e.key, septets, text)
				}
				if strings.ContainsAny(text, "{}") {
					t.Errorf("%s %s: a brace is left: %q", language, e.key, text)
				}
			}
		}
	}
}

func TestEveryFirstScreenFitsWithItsLine(t *testing.T) {
	book := load(t)
	for _, language := range Languages() {
		for _, name := range []string{longest.Name, book.Text(language, AccountLabel, Args{Account: "1234567890128"})} {
			args := longest
			args.Name = name
			for _, line := range []Key{Greeting, LinePaid, LineProcessing, LineNotMade, LineRegistered} {
				text := prefix + book.Text(language, line, args) + "\n" + book.Text(language, MainMenu, args)
				if !gsm7.Fits(text, gsm7.ScreenSeptets) {
					septets, _ := gsm7.Septets(text)
					t.Errorf("%s %s: %d septets: %q", language, line, septets, text)
				}
			}
		}
	}
}

func TestThreeOfTheLongestPaymentsFitOnOneScreen(t *testing.T) {
	book := load(t)
	args := longest
	args.Amount = "9,999,999.99"
	for _, language := range Languages() {
		text := prefix + book.Text(language, LinePayments, args)
		for range 3 {
			text += "\n" + book.Text(language, LineOut, args)
		}
		if !gsm7.Fits(text, gsm7.ScreenSeptets) {
			t.Errorf("%s: %q", language, text)
		}
	}
}

func TestEachRefusalSaysThatNoMoneyWasMoved(t *testing.T) {
	book := load(t)
	for _, language := range Languages() {
		sentence := book.Text(language, NoMoneySentence, Args{})
		for _, e := range entries {
			if e.kind != KindRefusal {
				continue
			}
			text := book.Text(language, e.key, longest)
			if strings.Count(text, sentence) != 1 {
				t.Errorf("%s %s: %q", language, e.key, text)
			}
			if !strings.HasSuffix(text, ".") || strings.HasSuffix(text, sentence) && e.key != LineNotMade {
				t.Errorf("%s %s does not say what to do: %q", language, e.key, text)
			}
		}
	}
}

func TestNoTextUsesAWordThatPeopleDoNotKnow(t *testing.T) {
	book := load(t)
	never := map[Language][]string{
		English: {"transaction", "invalid", "session", "error", "failed", "timeout"},
		Swahili: {"muamala", "miamala", "kikao", "batili", "transaction", "invalid", "session"},
	}
	for language, words := range never {
		for _, e := range entries {
			text := strings.ToLower(book.Text(language, e.key, longest))
			for _, word := range words {
				if strings.Contains(text, word) {
					t.Errorf("%s %s says %q: %q", language, e.key, word, text)
				}
			}
		}
	}
}

// 98 and 00 belong to the carrier's own pages.
func TestNoMenuOffersTheCarriersNumbers(t *testing.T) {
	book := load(t)
	for _, language := range Languages() {
		for _, e := range entries {
			for line := range strings.Lines(book.Text(language, e.key, Args{})) {
				if strings.HasPrefix(line, "98") || strings.HasPrefix(line, "00") {
					t.Errorf("%s %s: %q", language, e.key, line)
				}
			}
		}
	}
}

func TestEveryKeyIsListedOnce(t *testing.T) {
	seen := make(map[Key]bool)
	for _, e := range entries {
		if seen[e.key] {
			t.Errorf("%s is listed twice", e.key)
		}
		seen[e.key] = true
	}
	source, err := os.ReadFile("key.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(source)) {
		if _, after, ok := strings.Cut(line, " Key = \""); ok {
			if key := Key(strings.TrimSuffix(strings.TrimSpace(after), `"`)); !seen[key] {
				t.Errorf("%s is not in entries", key)
			}
		}
	}
}

func TestEveryLanguageFileIsALanguage(t *testing.T) {
	paths, err := filepath.Glob("text/*.toml")
	if err != nil || len(paths) != len(Languages()) {
		t.Errorf("%d files, %d languages: %v", len(paths), len(Languages()), err)
	}
}

func TestABadLanguageFileIsRefused(t *testing.T) {
	good, err := files.ReadFile("text/en.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, from, to string }{
		{"a text is missing", "send_payee = ", "# send_payee = "},
		{"a text too many", "send_payee = ", "send_payer = \"x\"\nsend_payee = "},
		{"data is forgotten", "Tries left: {tries}.", ""},
		{"data that the text does not have", "Tries left: {tries}.", "Tries left: {tries}, {balance}."},
		{"data twice", "Tries left: {tries}.", "{tries} {tries}"},
		{"a brace is open", "Tries left: {tries}.", "Tries left: {tries"},
		{"a brace too many", "Tries left: {tries}.", "Tries left: {tries}}."},
		{"a letter that GSM-7 lacks", "Enter amount", "Ẹnter amount"},
		{"no TOML", "send_payee = ", "send_payee "},
	} {
		bad := strings.Replace(string(good), c.from, c.to, 1)
		if bad == string(good) {
			t.Fatalf("%s: nothing was changed", c.name)
		}
		if _, err := parse([]byte(bad)); !errors.Is(err, ErrText) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestAShortenedNameAtTheEndOfASentenceHasOnePoint(t *testing.T) {
	got := load(t).Text(English, PaidNoBalance, Args{Amount: "1.00 KES", Name: "Amina W.", Fee: "1.00 KES", Code: "8XK2M9QD"})
	if want := "Paid 1.00 KES to Amina W. Fee 1.00 KES. Code 8XK2M9QD."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
