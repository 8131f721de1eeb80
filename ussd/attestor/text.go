package attestor

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/pelletier/go-toml/v2"

	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd/gsm7"
)

//go:embed text/*.toml
var files embed.FS

// errText means that a language file cannot be used.
var errText = errors.New("attestor: bad language file")

// act is what a transaction does that attestors sign, and the name of its text.
type act string

// The acts.
const (
	actMove    act = "move"
	actRenew   act = "renew"
	actConfirm act = "confirm"
	actCancel  act = "cancel"
	actAttest  act = "attest"
	actRelease act = "release"
)

// acts are all of them.
var acts = []act{actMove, actRenew, actConfirm, actCancel, actAttest, actRelease}

// notice is what a person is told that did not ask, and the name of its text.
type notice string

// The notices.
const (
	noticeMoving      notice = "moving"
	noticeMovingAlone notice = "moving_alone"
	noticeMoved       notice = "moved"
)

var notices = []notice{noticeMoving, noticeMovingAlone, noticeMoved}

// defaultLanguage is spoken to who has one that is not here.
const defaultLanguage = "en"

// book holds the texts by language.
type book map[string]texts

type texts struct {
	Code   map[act]string    `toml:"code"`
	Notice map[notice]string `toml:"notice"`
}

// loadBook reads the texts that are built in.
func loadBook() (book, error) {
	entries, err := files.ReadDir("text")
	if err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	b := make(book)
	for _, e := range entries {
		raw, err := files.ReadFile("text/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read texts: %w", err)
		}
		var t texts
		d := toml.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&t); err != nil {
			return nil, fmt.Errorf("%s: %v: %w", e.Name(), err, errText)
		}
		if err := t.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
		b[strings.TrimSuffix(e.Name(), ".toml")] = t
	}
	return b, nil
}

// in gives the texts of a language, or of the default one.
func (b book) in(language string) texts {
	if t, ok := b[language]; ok {
		return t
	}
	return b[defaultLanguage]
}

// check: every text is there, fits one message with the longest data, and a code text says the code and, where somebody gains by it, who.
func (t texts) check() error {
	if len(t.Code) != len(acts) || len(t.Notice) != len(notices) {
		return fmt.Errorf("%d code texts and %d notices, not %d and %d: %w", len(t.Code), len(t.Notice), len(acts), len(notices), errText)
	}
	for _, a := range acts {
		if err := checkText(string(a), t.Code[a], needs[a]); err != nil {
			return err
		}
	}
	for _, n := range notices {
		if err := checkText(string(n), t.Notice[n], []string{"attestor", "provider"}); err != nil {
			return err
		}
	}
	return nil
}

// needs are the data that a code text must say.
var needs = map[act][]string{
	actMove: {"attestor", "code", "provider", "dial"}, actRenew: {"attestor", "code", "provider"}, actConfirm: {"attestor", "code", "provider"},
	actCancel: {"attestor", "code"}, actAttest: {"attestor", "code", "provider", "name"}, actRelease: {"attestor", "code"},
}

// longest is the longest of each datum.
var longest = map[string]string{
	"attestor": strings.Repeat("W", maxAttestorName), "code": "888888", "provider": strings.Repeat("W", maxProviderName), "dial": strings.Repeat("8", maxDial),
	"name": strings.Repeat("W", maxPersonName), "time": "31/12 23:59", "old": strings.Repeat("W", maxProviderName), "old_dial": strings.Repeat("8", maxDial),
}

const (
	maxAttestorName = 14
	maxProviderName = 20
	maxDial         = 14
	maxPersonName   = 14
	// oneMessage is what one message holds, in septets.
	oneMessage = 160
)

var place = regexp.MustCompile(`\{([a-z_]*)\}`)

func checkText(name, text string, needed []string) error {
	var said []string
	for _, m := range place.FindAllStringSubmatch(text, -1) {
		if _, known := longest[m[1]]; !known {
			return fmt.Errorf("%s says {%s}, which is not one of %v: %w", name, m[1], slices.Sorted(maps.Keys(longest)), errText)
		}
		said = append(said, m[1])
	}
	for _, n := range needed {
		if !slices.Contains(said, n) {
			return fmt.Errorf("%s does not say {%s}: %w", name, n, errText)
		}
	}
	if !gsm7.Fits(fill(text, longest), oneMessage) {
		return fmt.Errorf("%s does not fit one message with the longest data: %w", name, errText)
	}
	return nil
}

// fill puts data into a text; what there is none for stays.
func fill(text string, data map[string]string) string {
	return place.ReplaceAllStringFunc(text, func(p string) string {
		if value, ok := data[p[1:len(p)-1]]; ok {
			return value
		}
		return p
	})
}

// plain brings a name of the directory into what a message shows: letters, digits and a few signs between them. A name is chosen by its
// owner, and one with sentences in it would speak in the attestor's name.
func plain(name string, most int) string {
	kept := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), strings.ContainsRune("-&'", r):
			return r
		}
		return ' '
	}, gsm7.Transliterate(name))
	kept = strings.Map(func(r rune) rune {
		if !gsm7.Representable(string(r)) {
			return -1
		}
		return r
	}, kept)
	return strings.TrimSpace(gsm7.Truncate(strings.Join(strings.Fields(kept), " "), most))
}

// dialled is the first thing that a provider is dialled by, if it can be dialled.
func dialled(p sdk.Provider) string {
	for _, code := range p.Codes {
		if len(code) <= maxDial && strings.Trim(code, "0123456789*#") == "" {
			return code
		}
	}
	return ""
}
