package gsm7

import (
	"fmt"
	"unicode/utf8"
)

const (
	// SinglePart is what an SMS of one part holds.
	SinglePart = 160
	// ConcatenatedPart is what each part of a longer SMS holds: the header of concatenation takes seven septets.
	ConcatenatedPart = 153
	// SinglePartUCS2 and ConcatenatedPartUCS2 are the same in UTF-16 units: the header takes six octets of 140.
	SinglePartUCS2       = 70
	ConcatenatedPartUCS2 = 67
	// MaxParts is how many parts the header of concatenation can count.
	MaxParts = 255
)

// Split cuts text into the parts of an SMS: one of at most 160 septets or several of at most 153, or, when a character
// is outside the 7-bit alphabet, one of at most 70 UTF-16 units or several of at most 67. A character is never cut in
// two, and all parts go out in the alphabet that the whole text needs, even one that alone would not need it. Joined,
// the parts are the text.
func Split(text string) ([]string, error) {
	units, alphabet := Units(text)
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("split text: %w: not UTF-8", ErrUnrepresentable)
	}
	if units <= budget(alphabet, SinglePart, SinglePartUCS2) {
		return []string{text}, nil
	}
	limit := budget(alphabet, ConcatenatedPart, ConcatenatedPartUCS2)
	if least := (units + limit - 1) / limit; least > MaxParts {
		return nil, fmt.Errorf("split text: at least %d parts, the most is %d", least, MaxParts)
	}
	var parts []string
	for rest := text; rest != ""; {
		var part string
		part, rest = cut(rest, alphabet, limit)
		parts = append(parts, part)
	}
	if len(parts) > MaxParts {
		return nil, fmt.Errorf("split text: %d parts, the most is %d", len(parts), MaxParts)
	}
	return parts, nil
}
