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

// ErrText means that a language file cannot be used.
var ErrText = errors.New("menu: bad language file")

// Book holds the texts of the languages that are offered. It does not change after Load.
type Book struct {
	headers map[Language]Header
	// texts has every key of every language that is offered: what a language lacks is there in English.
	texts   map[Language]map[Key]string
	missing map[Language][]Key
}

// Load reads the texts that are built in. Offered are the languages that a native speaker has read, and those that are
// given here, which is how a provider switches a draft on.
func Load(on ...Language) (*Book, error) {
	book := &Book{
		headers: make(map[Language]Header),
		texts:   make(map[Language]map[Key]string),
		missing: make(map[Language][]Key),
	}
	for _, language := range on {
		if !slices.Contains(Languages(), language) {
			return nil, fmt.Errorf("%w: %q, there are %v", ErrLanguage, language, Languages())
		}
	}
	for _, language := range Languages() {
		raw, err := files.ReadFile(path.Join("text", string(language)+".toml"))
		if err != nil {
			return nil, fmt.Errorf("read texts of %q: %w", language, err)
		}
		read, err := parse(raw)
		if err == nil && language == English {
			err = read.whole()
		}
		if err != nil {
			return nil, fmt.Errorf("texts of %q: %w", language, err)
		}
		book.headers[language] = read.header
		for _, e := range entries {
			if _, ok := read.texts[e.key]; !ok {
				read.texts[e.key] = book.texts[English][e.key]
				book.missing[language] = append(book.missing[language], e.key)
			}
		}
		if read.header.Reader == Native || slices.Contains(on, language) {
			book.texts[language] = read.texts
		}
	}
	return book, nil
}

// Has tells whether a language is offered.
func (b *Book) Has(language Language) bool { return b.texts[language] != nil }

// Offered lists the languages that are offered, in the order of Languages.
func (b *Book) Offered() []Language {
	return slices.DeleteFunc(Languages(), func(l Language) bool { return !b.Has(l) })
}

// Header tells what a language's file says of itself, offered or not.
func (b *Book) Header(language Language) Header { return b.headers[language] }

// Missing lists the keys whose texts a language lacks, or has with other data than the key's; English stands there.
func (b *Book) Missing(language Language) []Key { return slices.Clone(b.missing[language]) }

// spoken is the language that is shown to somebody who chose this one: English when it is not offered (any more).
func (b *Book) spoken(language Language) Language {
	if b.Has(language) {
		return language
	}
	return English
}

// Text fills in a text. A language that is not offered falls back to English. In a language of GSM-7 the names lose the
// marks that the alphabet lacks; a language of UCS-2 keeps them as they are.
func (b *Book) Text(language Language, key Key, args Args) string {
	language = b.spoken(language)
	text := b.texts[language][key]
	if args.Provider == "" {
		args.Provider = defaultProvider
	}
	if b.headers[language].Alphabet == gsm7.GSM7 {
		args = args.plain()
	}
	// "Paid to Amina W." has one point.
	if strings.HasSuffix(args.Name, ".") {
		text = strings.ReplaceAll(text, "{name}.", "{name}")
	}
	if strings.HasSuffix(args.Other, ".") {
		text = strings.ReplaceAll(text, "{other}.", "{other}")
	}
	return args.replacer().Replace(b.headers[language].joined(text, args))
}

// carrierPrefix is what the carrier takes of a screen, "CON " or "END ".
const carrierPrefix = 4

// What is left of a screen, in each alphabet.
const (
	screenSeptets = gsm7.ScreenSeptets - carrierPrefix
	screenUCS2    = gsm7.ScreenUCS2 - carrierPrefix
)

// titled puts a title above a text, unless the screen has no room for both, as it happens in UCS-2.
func titled(title, text string) string {
	if whole := title + "\n" + text; gsm7.FitsScreen(whole, screenSeptets, screenUCS2) {
		return whole
	}
	return text
}

// reading is one language file.
type reading struct {
	header Header
	texts  map[Key]string
	// faults are the texts that cannot be used, and names of none.
	faults []error
}

// parse takes one language file. An error means that nothing of it can be used.
func parse(raw []byte) (reading, error) {
	var file struct {
		Language fileHeader `toml:"language"`
	}
	found := make(map[string]any)
	if err := errors.Join(toml.Unmarshal(raw, &file), toml.Unmarshal(raw, &found)); err != nil {
		return reading{}, fmt.Errorf("%w: %w", ErrText, err)
	}
	delete(found, "language")
	header, err := file.Language.header()
	if err != nil {
		return reading{}, err
	}
	r := reading{header: header, texts: make(map[Key]string, len(entries))}
	for _, e := range entries {
		text, _ := found[string(e.key)].(string)
		delete(found, string(e.key))
		if text == "" {
			r.faults = append(r.faults, fmt.Errorf("%w: %s is missing", ErrText, e.key))
			continue
		}
		if header.Alphabet == gsm7.GSM7 {
			text = gsm7.Transliterate(text)
		}
		if err := e.check(text, header.Alphabet); err != nil {
			r.faults = append(r.faults, err)
			continue
		}
		r.texts[e.key] = text
	}
	for key := range found {
		r.faults = append(r.faults, fmt.Errorf("%w: %s is not the name of a text", ErrText, key))
	}
	return r, nil
}

// whole refuses a file with a fault.
func (r reading) whole() error { return errors.Join(r.faults...) }

// check takes a text that mentions its data, each once, in characters of its alphabet.
func (e entry) check(text string, alphabet gsm7.Alphabet) error {
	short := alphabet == gsm7.UCS2
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
		if _, may := e.data.needs(name, short); !ok || !may || slices.Contains(mentioned, name) {
			return fmt.Errorf("%w: %s mentions {%s}, it can mention %v, each once", ErrText, e.key, name, e.data)
		}
		mentioned, rest = append(mentioned, name), after
	}
	for _, name := range e.data {
		name = strings.TrimSuffix(name, "?")
		if must, _ := e.data.needs(name, short); must && !slices.Contains(mentioned, name) {
			return fmt.Errorf("%w: %s does not mention {%s}", ErrText, e.key, name)
		}
	}
	if alphabet == gsm7.GSM7 && !gsm7.Representable(text) {
		return fmt.Errorf("%w: %s has a character that GSM-7 lacks", ErrText, e.key)
	}
	return nil
}
