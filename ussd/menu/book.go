package menu

import (
	"embed"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/umoja-ledger/umoja/ussd/gsm7"
)

//go:embed text/*.toml
var files embed.FS

// Language is the tag of a language, such as "sw".
type Language string

// The languages, in the order of the language screen.
const (
	English Language = "en"
	Swahili Language = "sw"
)

// Languages lists them in the order of the language screen.
func Languages() []Language { return []Language{English, Swahili} }

// ErrText means that a language file cannot be used.
var ErrText = errors.New("menu: bad language file")

// Args is the data of a text. Amounts carry their asset, such as "150.00 KES".
type Args struct {
	Dial, Name, Number, Account, Asset string
	Amount, Fee, Balance, Limit        string
	Code, Tries, Time                  string
}

func (a Args) replacer() *strings.Replacer {
	return strings.NewReplacer("{dial}", a.Dial, "{name}", a.Name, "{number}", a.Number, "{account}", a.Account,
		"{asset}", a.Asset, "{amount}", a.Amount, "{fee}", a.Fee, "{balance}", a.Balance, "{limit}", a.Limit,
		"{code}", a.Code, "{tries}", a.Tries, "{time}", a.Time)
}

// Book holds the texts of every language. It does not change after Load.
type Book struct {
	texts map[Language]map[Key]string
}

// Load reads the texts that are built in.
func Load() (*Book, error) {
	book := &Book{texts: make(map[Language]map[Key]string)}
	for _, language := range Languages() {
		raw, err := files.ReadFile(path.Join("text", string(language)+".toml"))
		if err != nil {
			return nil, fmt.Errorf("read texts of %q: %w", language, err)
		}
		texts, err := parse(raw)
		if err != nil {
			return nil, fmt.Errorf("texts of %q: %w", language, err)
		}
		book.texts[language] = texts
	}
	return book, nil
}

// Has tells whether the book has a language.
func (b *Book) Has(language Language) bool { return b.texts[language] != nil }

// Text fills in a text. A language that the book does not have falls back to English.
func (b *Book) Text(language Language, key Key, args Args) string {
	texts := b.texts[language]
	if texts == nil {
		texts = b.texts[English]
	}
	text := texts[key]
	if strings.HasSuffix(args.Name, ".") {
		// "Paid to Amina W." has one point.
		text = strings.ReplaceAll(text, "{name}.", "{name}")
	}
	return args.replacer().Replace(text)
}

// parse takes one language file.
func parse(raw []byte) (map[Key]string, error) {
	var found map[string]string
	if err := toml.Unmarshal(raw, &found); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrText, err)
	}
	texts := make(map[Key]string, len(entries))
	for _, e := range entries {
		text, ok := found[string(e.key)]
		if !ok || text == "" {
			return nil, fmt.Errorf("%w: %s is missing", ErrText, e.key)
		}
		if err := e.check(text); err != nil {
			return nil, err
		}
		texts[e.key] = text
		delete(found, string(e.key))
	}
	for key := range found {
		return nil, fmt.Errorf("%w: %s is not the name of a text", ErrText, key)
	}
	return texts, nil
}

// check takes a text that mentions exactly its data, each once, in characters that every phone has.
func (e entry) check(text string) error {
	var mentioned []string
	for rest := text; ; {
		before, after, ok := strings.Cut(rest, "{")
		if strings.Contains(before, "}") {
			return fmt.Errorf("%w: %s has a brace too many", ErrText, e.key)
		}
		if !ok {
			break
		}
		name, after, ok := strings.Cut(after, "}")
		if !ok || !slices.Contains(e.data, name) || slices.Contains(mentioned, name) {
			return fmt.Errorf("%w: %s mentions {%s}, it can mention %v, each once", ErrText, e.key, name, e.data)
		}
		mentioned, rest = append(mentioned, name), after
	}
	if len(mentioned) != len(e.data) {
		return fmt.Errorf("%w: %s mentions %v, it has to mention %v", ErrText, e.key, mentioned, e.data)
	}
	if !gsm7.Representable(text) {
		return fmt.Errorf("%w: %s has a character that GSM-7 lacks", ErrText, e.key)
	}
	return nil
}
