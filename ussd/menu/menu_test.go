package menu

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryKeyIsListedOnce(t *testing.T) {
	seen := make(map[Key]bool)
	for _, e := range entries {
		if seen[e.key] {
			t.Errorf("%s is listed twice", e.key)
		}
		seen[e.key] = true
	}
	paths, err := filepath.Glob("key*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(source)) {
			if _, after, ok := strings.Cut(line, " Key = \""); ok {
				if key := Key(strings.TrimSuffix(strings.TrimSpace(after), `"`)); !seen[key] {
					t.Errorf("%s: %s is not in entries", path, key)
				}
			}
		}
	}
}

func TestEveryKeyNamesDataThatExists(t *testing.T) {
	names := make(map[string]bool)
	for i, value := range (Args{}).values() {
		if i%2 == 0 {
			names[value] = true
		}
	}
	if fields := reflect.TypeFor[Args]().NumField(); len(names) != fields {
		t.Errorf("%d names for %d fields", len(names), fields)
	}
	for _, e := range entries {
		for _, name := range e.data {
			if !names[strings.TrimSuffix(name, "?")] {
				t.Errorf("%s: {%s} is no data", e.key, name)
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
		{"a letter that no transliteration knows", "Enter amount", "Enter ብር amount"},
		{"no text", `back_line = "0 Back"`, `back_line = 0`},
		{"no TOML", "send_payee = ", "send_payee "},
		{"no header", "language = {", "# language = {"},
		{"an unknown alphabet", `"gsm-7"`, `"ascii"`},
		{"an unknown reader", `"native"`, `"nobody"`},
		{"no name", `"English"`, `""`},
	} {
		bad := strings.Replace(string(good), c.from, c.to, 1)
		if bad == string(good) {
			t.Fatalf("%s: nothing was changed", c.name)
		}
		read, err := parse([]byte(bad))
		if err == nil {
			err = read.whole()
		}
		if !errors.Is(err, ErrText) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A translation that is behind English is no reason to show nothing: English stands where a text is missing.
func TestATranslationMayBeBehind(t *testing.T) {
	read, err := parse([]byte(`language = { name = "Français", alphabet = "gsm-7", reader = "draft" }
back_line = "0 Retour"
balance = "Votre solde est {solde}"
title_more = "Être plus là, ça va"
`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[Key]string{BackLine: "0 Retour", "title_more": "Etre plus là, ca va"}
	if diff := cmp.Diff(want, read.texts); diff != "" {
		t.Error(diff)
	}
	if read.header.Name != "Francais" || len(read.faults) != len(entries)-len(want) {
		t.Errorf("named %q, %d faults", read.header.Name, len(read.faults))
	}
}

// A screen of 70 characters has no room for what an SMS says too.
func TestAShortLanguageMayLeaveOutWhatIsMarked(t *testing.T) {
	e := entry{Paid, KindScreen, data{"amount", "fee?"}}
	for _, c := range []struct {
		text        string
		long, short bool
	}{
		{"{amount} {fee}", true, true},
		{"{amount}", false, true},
		{"{fee}", false, false},
		{"{amount} {fee} {balance}", false, false},
	} {
		if err := e.check(c.text, 0); (err == nil) != c.long {
			t.Errorf("%q in GSM-7: %v", c.text, err)
		}
		if err := e.check(c.text, 1); (err == nil) != c.short {
			t.Errorf("%q in UCS-2: %v", c.text, err)
		}
	}
}

func TestAShortenedNameAtTheEndOfASentenceHasOnePoint(t *testing.T) {
	got := load(t).Text(English, PaidNoBalance, Args{Amount: "1.00 KES", Name: "Amina W.", Fee: "1.00 KES", Code: "8XK2M9QD"})
	if want := "Paid 1.00 KES to Amina W. Fee 1.00 KES. Code 8XK2M9QD."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// One letter outside GSM-7 would make a screen of 160 characters one of 70.
func TestANameNeverChangesTheAlphabetOfAScreen(t *testing.T) {
	book := load(t)
	for _, c := range []struct {
		language   Language
		name, want string
	}{
		{English, "Ọlá Ṣọlá", "Ola Sola"},
		{French, "Benoît Gênée", "Benoit Genée"},
		{Portuguese, "João Conceição", "Joao Conceicao"},
		{Hausa, "Ɗanladi Ƙwari", "Danladi Kwari"},
		{Amharic, "João", "João"},
		{Arabic, "Zoë", "Zoë"},
	} {
		got := book.Text(c.language, Greeting, Args{Provider: "Mwanga", Name: c.name})
		if want := "Mwanga: " + c.want; got != want {
			t.Errorf("%s: got %q, want %q", c.language, got, want)
		}
	}
}
