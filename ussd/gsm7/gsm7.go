package gsm7

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// ScreenSeptets is what fits on one USSD screen or in one SMS.
const ScreenSeptets = 160

var (
	// ErrUnrepresentable means that a text has a character outside the alphabet.
	ErrUnrepresentable = errors.New("gsm7: character outside the GSM-7 alphabet")
	// ErrMalformed means that septets or octets are no text: a value above 127, an escape without a character of the
	// extension table after it, or a packed length that does not match.
	ErrMalformed = errors.New("gsm7: malformed septets")
)

// Septets counts what text costs. The second result is false when text cannot be represented; the count is then of no
// meaning.
func Septets(text string) (int, bool) {
	count := 0
	for _, char := range text {
		c, ok := codes[char]
		if !ok {
			return 0, false
		}
		count++
		if c.extended {
			count++
		}
	}
	return count, true
}

// Representable tells whether every character of text is in the alphabet.
func Representable(text string) bool {
	_, ok := Septets(text)
	return ok
}

// Fits tells whether text is representable in at most limit septets.
func Fits(text string, limit int) bool {
	count, ok := Septets(text)
	return ok && count <= limit
}

// Encode turns text into septets, one a byte.
func Encode(text string) ([]byte, error) {
	septets := make([]byte, 0, len(text))
	for i, char := range text {
		c, ok := codes[char]
		if !ok {
			return nil, fmt.Errorf("%w: at byte %d", ErrUnrepresentable, i)
		}
		if c.extended {
			septets = append(septets, escape)
		}
		septets = append(septets, c.septet)
	}
	return septets, nil
}

// Decode turns septets, one a byte, into text. It is strict: every sequence it takes is what Encode makes of the
// result.
func Decode(septets []byte) (string, error) {
	text := make([]byte, 0, len(septets))
	for i := 0; i < len(septets); i++ {
		septet, table := septets[i], &basicRunes
		if septet == escape {
			i++
			if i == len(septets) {
				return "", fmt.Errorf("%w: escape at the end", ErrMalformed)
			}
			septet, table = septets[i], &extensionRunes
		}
		if septet > 127 || table[septet] == noRune {
			return "", fmt.Errorf("%w: at septet %d", ErrMalformed, i)
		}
		text = utf8.AppendRune(text, table[septet])
	}
	return string(text), nil
}

// Truncate cuts text to at most limit septets, at a character. What cannot be represented is left out.
func Truncate(text string, limit int) string {
	kept, count := make([]rune, 0, len(text)), 0
	for _, char := range text {
		c, ok := codes[char]
		if !ok {
			continue
		}
		cost := 1
		if c.extended {
			cost = 2
		}
		if count+cost > limit {
			break
		}
		kept, count = append(kept, char), count+cost
	}
	return string(kept)
}
