package sms

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/umoja-ledger/umoja/ussd/gsm7"
)

const (
	// MaxParts is how many parts a text may have on the air.
	MaxParts = 3
	// ucs2Single and ucs2Part are the UTF-16 units of a text of one part, and of each part of a longer one.
	ucs2Single = 70
	ucs2Part   = 67
)

var (
	errTooLong = fmt.Errorf("text has more than %d parts", MaxParts)
	errNoText  = errors.New("text is empty or not UTF-8")
)

// Parts cuts a text as it goes on the air: in GSM-7 if every character is in that alphabet, and in UCS-2 otherwise. Neither an
// extension pair nor a surrogate pair is cut in two. Joined, the parts are the text.
func Parts(text string) (parts []string, ucs2 bool, err error) {
	switch {
	case text == "" || !utf8.ValidString(text):
		return nil, false, errNoText
	case len(text) > MaxParts*gsm7.ConcatenatedPart*utf8.UTFMax:
		return nil, false, errTooLong
	case gsm7.Representable(text):
		parts, err = gsm7.Split(text)
	default:
		parts, ucs2 = splitUCS2(text), true
	}
	if err == nil && len(parts) > MaxParts {
		err = errTooLong
	}
	if err != nil {
		return nil, false, err
	}
	return parts, ucs2, nil
}

func splitUCS2(text string) (parts []string) {
	if units(text) <= ucs2Single {
		return []string{text}
	}
	start, count := 0, 0
	for i, char := range text {
		cost := units(string(char))
		if count+cost > ucs2Part {
			parts = append(parts, text[start:i])
			start, count = i, 0
		}
		count += cost
	}
	return append(parts, text[start:])
}

// units counts what a text is in UTF-16: characters beyond the first plane are two.
func units(text string) (count int) {
	for _, char := range text {
		if count++; char > 0xFFFF {
			count++
		}
	}
	return count
}
