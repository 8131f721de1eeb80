package menu

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/umoja-ledger/umoja/ussd/gsm7"
)

// Language is the tag of a language, such as "sw".
type Language string

// The languages.
const (
	English    Language = "en"
	Swahili    Language = "sw"
	French     Language = "fr"
	Portuguese Language = "pt"
	Hausa      Language = "ha"
	Luganda    Language = "lg"
	Amharic    Language = "am"
	Arabic     Language = "ar"
)

// Languages lists them by their number on the language screen, counted from 1. A number never changes its meaning: a new
// language goes to the end, and the numbers of languages that a provider does not offer stay unused.
func Languages() []Language {
	return []Language{English, Swahili, French, Portuguese, Hausa, Luganda, Amharic, Arabic}
}

// Reader says who has read a language's texts.
type Reader string

const (
	// Native means that a native speaker has read every text.
	Native Reader = "native"
	// Draft means that none has. A draft is shown to nobody until the provider switches it on.
	Draft Reader = "draft"
)

// Header is what a language file says of itself.
type Header struct {
	// Name is the language's name as its speakers write it.
	Name string
	// Alphabet is what its texts are sent in. Texts in GSM-7 are written with all their letters and lose the marks that the
	// alphabet lacks when they are read; texts in UCS-2 are written for 70 characters.
	Alphabet gsm7.Alphabet
	Reader   Reader
	// joins are the words of a text that change before a name.
	joins []join
}

// join is a word that changes before a name: in French "de " before one that begins with "A" becomes "d'".
type join struct{ word, begins, joined string }

// nameData are the names of texts' data that are somebody's name.
var nameData = []string{"name", "other", "group"}

// joined changes the words of a text before the names that it is about to be filled with.
func (h Header) joined(text string, args Args) string {
	if len(h.joins) == 0 {
		return text
	}
	values := args.values()
	for i := 0; i < len(values); i += 2 {
		if !slices.Contains(nameData, values[i]) {
			continue
		}
		for _, j := range h.joins {
			if hole := "{" + values[i] + "}"; strings.HasPrefix(values[i+1], j.begins) {
				text = strings.ReplaceAll(text, " "+j.word+hole, " "+j.joined+hole)
			}
		}
	}
	return text
}

// readJoins takes pairs such as "de A" and "d'A".
func readJoins(pairs map[string]string) (joins []join, err error) {
	for _, apart := range slices.Sorted(maps.Keys(pairs)) {
		word, begins, ok := strings.Cut(apart, " ")
		joined, ends := strings.CutSuffix(pairs[apart], begins)
		if !ok || !ends || begins == "" || !gsm7.Representable(apart+joined) {
			return nil, fmt.Errorf("%w: language.joins: %q needs a word and how a name begins, and %q has to end with that", ErrText, apart, pairs[apart])
		}
		joins = append(joins, join{word + " ", begins, joined})
	}
	return joins, nil
}

// ErrLanguage means that a language was switched on that does not exist.
var ErrLanguage = errors.New("menu: no such language")

// fileHeader is a Header as it stands in the file.
type fileHeader struct {
	Name     string            `toml:"name"`
	Alphabet string            `toml:"alphabet"`
	Reader   string            `toml:"reader"`
	Joins    map[string]string `toml:"joins"`
}

// header checks what the file says.
func (f fileHeader) header() (Header, error) {
	h := Header{Name: f.Name, Reader: Reader(f.Reader)}
	switch f.Alphabet {
	case gsm7.GSM7.String():
		h.Alphabet = gsm7.GSM7
		h.Name = gsm7.Transliterate(f.Name)
	case gsm7.UCS2.String():
		h.Alphabet = gsm7.UCS2
	default:
		return Header{}, fmt.Errorf("%w: language.alphabet is %q, it must be %q or %q", ErrText, f.Alphabet, gsm7.GSM7, gsm7.UCS2)
	}
	if h.Name == "" {
		return Header{}, fmt.Errorf("%w: language.name is missing", ErrText)
	}
	if h.Reader != Native && h.Reader != Draft {
		return Header{}, fmt.Errorf("%w: language.reader is %q, it must be %q or %q", ErrText, f.Reader, Native, Draft)
	}
	var err error
	h.joins, err = readJoins(f.Joins)
	return h, err
}

// languagesPerPage keeps the language screen readable; with the line that leads to the next page it has seven lines.
const languagesPerPage = 6

// nextPage is the answer that shows the next page of languages.
const nextPage = "9"

// LanguagePage writes a page of the language screen, counted from 0; after the last page the first one comes again. A
// page that holds no language that is offered does not exist. The title is in the language that is spoken so far, which
// is none at the first dial; one of 70 characters goes without it where it has no room.
func (b *Book) LanguagePage(page int, spoken Language, args Args) string {
	spoken = b.spoken(spoken)
	pages := b.languagePages()
	page = max(page, 0) % len(pages)
	text := strings.Join(pages[page], "\n")
	if len(pages) > 1 {
		// A word in UCS-2 can be what makes a page of other names too long.
		text += "\n"
		if next := b.Text(spoken, NextLine, Args{}); gsm7.FitsScreen(text+next, screenSeptets, screenUCS2) {
			text += next
		} else {
			text += b.Text(English, NextLine, Args{})
		}
	}
	if page > 0 {
		return text
	}
	return titled(b.Text(spoken, LanguageTitle, args), text)
}

// ChooseLanguage takes the answer to a page: a language, or that the next page is wanted. A number means the same on
// every page.
func (b *Book) ChooseLanguage(answer string) (language Language, next, ok bool) {
	if answer == nextPage && len(b.languagePages()) > 1 {
		return "", true, true
	}
	number, err := strconv.Atoi(answer)
	if err != nil || number < 1 || number > len(Languages()) || answer != strconv.Itoa(number) {
		return "", false, false
	}
	language = Languages()[number-1]
	return language, false, b.Has(language)
}

// languagePages writes the lines of the offered languages, page by page.
func (b *Book) languagePages() [][]string {
	var pages [][]string
	for chunk := range slices.Chunk(Languages(), languagesPerPage) {
		var lines []string
		for _, language := range chunk {
			if b.Has(language) {
				number := slices.Index(Languages(), language) + 1
				lines = append(lines, strconv.Itoa(number)+" "+b.headers[language].Name)
			}
		}
		if len(lines) > 0 {
			pages = append(pages, lines)
		}
	}
	return pages
}
