package ussdtest

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ussd/menu"
)

// spoken are the languages whose conversations show every text.
var spoken = []menu.Language{menu.English, menu.Swahili, menu.French}

// unshown are the texts that no conversation can show, each with the reason.
var unshown = map[menu.Key]string{
	menu.MoveDone:           "a number that is here is asked for a PIN, and one on its way is told when it comes",
	menu.LineMoveProcessing: "who moves here is no user yet, and has no main menu to stand above",
	menu.LineMoveNotMade:    "who was not moved is no user, and has no main menu to stand above",
	menu.WordBalance:        "a word that people send: texts name the first of each, which the test of words compares",
	menu.WordLast:           "as word_balance",
	menu.WordSend:           "as word_balance",
	menu.WordPay:            "as word_balance",
	menu.WordHelp:           "as word_balance",
	menu.WordStop:           "as word_balance",
	menu.WordStart:          "as word_balance",
}

// TestEveryTextIsShownInThreeLanguages fails when a text of a language is on no screen and in no message of the conversation files: then
// nobody has read it where it stands.
func TestEveryTextIsShownInThreeLanguages(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads files and takes a while")
	}
	book, err := allTexts()
	if err != nil {
		t.Fatal(err)
	}
	shown := readShown(t)
	for _, language := range spoken {
		for _, kind := range kinds {
			for _, key := range menu.Keys(kind) {
				found := shown.has(book, language, key)
				switch reason, excused := unshown[key]; {
				case !found && !excused:
					t.Errorf("no conversation shows %s in %q: %q", key, language, book.Text(language, key, menu.Args{}))
				case found && excused:
					t.Errorf("a conversation shows %s in %q, which is excused: %s", key, language, reason)
				}
			}
		}
	}
}

var kinds = []menu.Kind{menu.KindScreen, menu.KindPrompt, menu.KindRefusal, menu.KindCorrection, menu.KindStatus, menu.KindLine, menu.KindSMS}

// shown is what stands in the conversation files: each screen and each message, or several of them, between two empty lines.
type shown struct {
	screens, messages string
}

// readShown reads every conversation file.
func readShown(t *testing.T) shown {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	var all shown
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		to := &all.screens
		for line := range strings.Lines(string(raw)) {
			switch {
			case strings.HasPrefix(line, "! sms "):
				to = &all.messages
				*to += "\n"
			case strings.HasPrefix(line, "> "), strings.HasPrefix(line, "! "):
				to = &all.screens
				*to += "\n"
			case !strings.HasPrefix(line, "#"):
				*to += strings.TrimPrefix(strings.TrimPrefix(line, "CON "), "END ")
			}
		}
	}
	return all
}

// has tells whether a text is shown, whatever it was filled with. A screen begins with it, or has it as a line of its own; a label stands
// anywhere in a line.
func (s shown) has(book *menu.Book, language menu.Language, key menu.Key) bool {
	text := pattern(book, language, key)
	in := s.screens
	switch menu.KindOf(key) {
	case menu.KindSMS:
		in, text = s.messages, `\n`+text+`\n`
	case menu.KindLine:
		text = `[\n ]` + text + `[\n .]`
	default:
		text = `\n\n` + text + `\n`
	}
	return regexp.MustCompile(text).MatchString(in)
}

// filled are the forms of what texts are filled with. Everything else is in words.
var filled = map[string]string{
	"Dial": `\*384\*2050#`, "Away": `\*384\*[0-9]+#`, "Provider": `Umoja`, "Telephone": `\+[0-9]+`, "Account": `[0-9]+`, "Number": `[+0-9]+`,
	"Asset": `KES`, "Code": `[0-9A-Z]{4,8}`, "Case": `[0-9]+`, "Tries": `[0-9]`, "Count": `[0-9]+`, "Of": `[0-9]+`, "Minutes": `[0-9]+`,
	"Hours": `[0-9]+`, "Days": `[0-9]+`, "Time": `[0-9]{2}:[0-9]{2}`, "Date": `[0-9]{2}/[0-9]{2}`,
	"Name": words, "Other": words, "Group": words, "State": words, "Reason": words,
}

const (
	words  = `[^\n]{1,24}?`
	number = `-?[0-9.,]+%?(?: KES)?`
)

// pattern is the expression for a text. Its words may change with how a name begins.
func pattern(book *menu.Book, language menu.Language, key menu.Key) string {
	account := book.Text(language, menu.AccountLabel, menu.Args{})
	var forms []string
	for _, begins := range []string{"", "A", account} {
		if form := patternOf(book, language, key, begins); !slices.Contains(forms, form) {
			forms = append(forms, form)
		}
	}
	return "(?:" + strings.Join(forms, "|") + ")"
}

// patternOf is the expression for a text whose names begin with these letters.
func patternOf(book *menu.Book, language menu.Language, key menu.Key, begins string) string {
	var args menu.Args
	fields := reflect.ValueOf(&args).Elem()
	marks := make([]string, 0, 2*fields.NumField())
	for i := range fields.NumField() {
		name := fields.Type().Field(i).Name
		mark, form := "Q"+strings.ToUpper(name)+"Q", filled[name]
		if form == "" {
			form = number
		}
		// A name that ends with a point brings the point of its sentence.
		if form == words {
			mark = begins + mark
			marks = append(marks, mark+`\.`, form)
		}
		fields.Field(i).SetString(mark)
		marks = append(marks, mark, form)
	}
	return strings.NewReplacer(marks...).Replace(regexp.QuoteMeta(book.Text(language, key, args)))
}

func TestExcusedTextsExist(t *testing.T) {
	for key := range unshown {
		if !slices.Contains(menu.Keys(kinds...), key) {
			t.Errorf("there is no text %s", key)
		}
	}
}
