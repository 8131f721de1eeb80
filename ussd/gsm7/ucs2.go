package gsm7

import (
	"encoding/binary"
	"fmt"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Alphabet is what a text is sent in.
type Alphabet int

const (
	// GSM7 is the 7-bit alphabet; its unit is the septet.
	GSM7 Alphabet = iota
	// UCS2 is UTF-16, which carriers call UCS-2; its unit is 16 bits, and an emoji has two.
	UCS2
)

// String names the alphabet as files do.
func (a Alphabet) String() string {
	if a == UCS2 {
		return "ucs-2"
	}
	return "gsm-7"
}

// ScreenUCS2 is what fits on one USSD screen or in one SMS when a character of the text is outside the 7-bit alphabet.
const ScreenUCS2 = 70

// Units counts what text costs in the alphabet that it needs: septets, or UTF-16 units when a character is outside the
// 7-bit alphabet.
func Units(text string) (int, Alphabet) {
	if septets, ok := Septets(text); ok {
		return septets, GSM7
	}
	units := 0
	for _, char := range text {
		units += utf16.RuneLen(char)
	}
	return units, UCS2
}

// FitsScreen tells whether text fits in the budget of the alphabet that it needs.
func FitsScreen(text string, septets, ucs2 int) bool {
	units, alphabet := Units(text)
	return units <= budget(alphabet, septets, ucs2)
}

func budget(alphabet Alphabet, septets, ucs2 int) int {
	if alphabet == UCS2 {
		return ucs2
	}
	return septets
}

// Fit cuts text to the budget of the alphabet that it needs, at the end of a character as people see it: never inside
// an extension pair or a surrogate pair, nor between a letter and its marks.
func Fit(text string, septets, ucs2 int) string {
	_, alphabet := Units(text)
	kept, _ := cut(text, alphabet, budget(alphabet, septets, ucs2))
	// What was cut off may be all that GSM-7 lacks; the rest then costs septets.
	if _, left := Units(kept); left != alphabet {
		kept, _ = cut(kept, left, septets)
	}
	return kept
}

// cut divides text after as many characters as limit holds. When not even the first one fits whole, it is cut inside its
// marks; a code point that does not fit is left in the rest.
func cut(text string, alphabet Alphabet, limit int) (kept, rest string) {
	count, whole := 0, 0
	var before rune
	for i, char := range text {
		if count <= limit && begins(before, char) {
			whole = i
		}
		count += cost(char, alphabet)
		if count > limit {
			if whole == 0 {
				whole = i
			}
			return text[:whole], text[whole:]
		}
		before = char
	}
	return text, ""
}

// cost is what one code point takes.
func cost(char rune, alphabet Alphabet) int {
	if alphabet == UCS2 {
		return utf16.RuneLen(char)
	}
	if codes[char].extended {
		return 2
	}
	return 1
}

const (
	zeroWidthJoiner = '\u200D'
	lastSkinTone    = '\U0001F3FF'
	firstSkinTone   = '\U0001F3FB'
)

// begins tells whether a character as people see it begins at char. It knows marks, joined emoji and skin tones; the
// letters of flags and of Hangul it may part, which no text here has.
func begins(before, char rune) bool {
	return before != zeroWidthJoiner && char != zeroWidthJoiner && !unicode.In(char, unicode.Mn, unicode.Me, unicode.Mc) &&
		(char < firstSkinTone || char > lastSkinTone)
}

// EncodeUCS2 turns text into octets, the high one of each unit first.
func EncodeUCS2(text string) ([]byte, error) {
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("%w: not UTF-8", ErrUnrepresentable)
	}
	octets := make([]byte, 0, 2*len(text))
	for _, unit := range utf16.Encode([]rune(text)) {
		octets = binary.BigEndian.AppendUint16(octets, unit)
	}
	return octets, nil
}

// DecodeUCS2 turns octets into text. It is strict: half a unit or half a surrogate pair is no text.
func DecodeUCS2(octets []byte) (string, error) {
	if len(octets)%2 != 0 {
		return "", fmt.Errorf("%w: %d octets are no 16-bit units", ErrMalformed, len(octets))
	}
	text := make([]byte, 0, len(octets))
	for i := 0; i < len(octets); i += 2 {
		char := rune(binary.BigEndian.Uint16(octets[i:]))
		if utf16.IsSurrogate(char) {
			if i += 2; i == len(octets) {
				return "", fmt.Errorf("%w: half a surrogate pair at the end", ErrMalformed)
			}
			if char = utf16.DecodeRune(char, rune(binary.BigEndian.Uint16(octets[i:]))); char == unicode.ReplacementChar {
				return "", fmt.Errorf("%w: half a surrogate pair at octet %d", ErrMalformed, i-2)
			}
		}
		text = utf8.AppendRune(text, char)
	}
	return string(text), nil
}
