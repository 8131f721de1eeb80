package gsm7

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// letters maps what does not decompose into a letter and marks. Hooked and open letters of African orthographies go to
// the letter people type for them on a phone that lacks them.
var letters = map[rune]string{
	'ɓ': "b", 'Ɓ': "B", 'ɗ': "d", 'Ɗ': "D", 'ɖ': "d", 'Ɖ': "D", 'ƙ': "k", 'Ƙ': "K", 'ƴ': "y", 'Ƴ': "Y",
	'ɛ': "e", 'Ɛ': "E", 'ɔ': "o", 'Ɔ': "O", 'ŋ': "ng", 'Ŋ': "NG", 'ƒ': "f", 'Ƒ': "F", 'ɣ': "g", 'Ɣ': "G",
	'ʋ': "v", 'Ʋ': "V", 'ɲ': "ny", 'Ɲ': "NY", 'ə': "e", 'Ə': "E", 'ǝ': "e", 'Ǝ': "E", 'ɩ': "i", 'Ɩ': "I",
	'ʊ': "u", 'Ʊ': "U", 'ʒ': "z", 'Ʒ': "Z", 'ŧ': "t", 'Ŧ': "T", 'đ': "d", 'Đ': "D", 'ð': "d", 'Ð': "D",
	'þ': "th", 'Þ': "TH", 'ł': "l", 'Ł': "L", 'ı': "i", 'œ': "oe", 'Œ': "OE", 'ħ': "h", 'Ħ': "H",
	'\u02BC': "'", '\u2018': "'", '\u2019': "'", '\u201B': "'", '\u02BB': "'", '\u2032': "'", '`': "'", '\u00B4': "'",
	'\u201C': "\"", '\u201D': "\"", '\u201E': "\"", '«': "\"", '»': "\"",
	'\u2010': "-", '\u2011': "-", '\u2012': "-", '\u2013': "-", '\u2014': "-", '\u2212': "-",
	'\u2026': "...", '\u00A0': " ", '\u2009': " ", '\u202F': " ", '\t': " ",
}

// Transliterate brings text into the alphabet as far as that loses no letter: marks are dropped where the marked letter
// is not in the alphabet, hooked letters and typographic punctuation go by a table. What it does not know it leaves,
// so that the caller sees with Representable that the text does not fit.
func Transliterate(text string) string {
	var out strings.Builder
	out.Grow(len(text))
	for _, char := range norm.NFC.String(text) {
		if _, ok := codes[char]; ok {
			out.WriteRune(char)
			continue
		}
		if plain, ok := letters[char]; ok {
			out.WriteString(plain)
			continue
		}
		out.WriteString(stripped(char))
	}
	return out.String()
}

// stripped drops the marks of one character. A mark that stands alone here belongs to the letter before it, for which
// no composed form exists, and goes too.
func stripped(char rune) string {
	if unicode.Is(unicode.Mn, char) {
		return ""
	}
	var base strings.Builder
	for _, part := range norm.NFD.String(string(char)) {
		switch plain, known := letters[part]; {
		case unicode.Is(unicode.Mn, part):
		case known:
			base.WriteString(plain)
		default:
			if _, ok := codes[part]; !ok {
				return string(char)
			}
			base.WriteRune(part)
		}
	}
	return base.String()
}
