package smpp

import (
	"fmt"
	"unicode/utf8"

	"github.com/umoja-ledger/umoja/ussd/gsm7"
)

const (
	// singleUCS2 and partUCS2 are the UTF-16 units of an SMS of one part and of a part of a longer one.
	singleUCS2 = 70
	partUCS2   = 67
	// maxParts bounds a message that is sent, and one that is received.
	maxParts = 10
)

// part is one short_message of an SMS.
type part struct {
	coding uint8
	// header is the user data header of concatenation, nil for an SMS of one part.
	header []byte
	text   []byte
}

// octets is the short_message.
func (p part) octets() []byte { return append(append([]byte(nil), p.header...), p.text...) }

// split makes the parts of an SMS. reference tells the parts of one message from those of the next to the same phone.
func split(text string, alphabet Alphabet, reference uint8) ([]part, error) {
	if !utf8.ValidString(text) || text == "" {
		return nil, fmt.Errorf("%w: empty or not UTF-8", ErrText)
	}
	parts, ok := splitDefault(alphabet.plain(text), alphabet)
	if !ok {
		parts = splitUCS2(text)
	}
	if len(parts) > maxParts {
		return nil, fmt.Errorf("%w: %d parts, the most is %d", ErrText, len(parts), maxParts)
	}
	if len(parts) > 1 {
		for i := range parts {
			parts[i].header = []byte{5, headerConcat8, 3, reference, byte(len(parts)), byte(i + 1)}
		}
	}
	return parts, nil
}

// splitDefault is for texts of the default alphabet. Whatever that is, the limits are those of GSM-7, which goes over the
// air.
func splitDefault(text string, alphabet Alphabet) ([]part, bool) {
	if !gsm7.Representable(text) {
		return nil, false
	}
	texts, err := gsm7.Split(text)
	if err != nil {
		return nil, false
	}
	parts := make([]part, 0, len(texts))
	for _, one := range texts {
		octets, ok := alphabet.encode(one)
		if !ok {
			return nil, false
		}
		parts = append(parts, part{coding: codingDefault, text: octets})
	}
	return parts, true
}

func splitUCS2(text string) (parts []part) {
	units := unitsOf(text)
	if len(units) <= singleUCS2 {
		return []part{{coding: codingUCS2, text: encodeUCS2(units)}}
	}
	for len(units) > 0 {
		end := min(partUCS2, len(units))
		if end < len(units) && units[end-1] >= 0xD800 && units[end-1] < 0xDC00 {
			end-- // The first half of a pair goes with its second.
		}
		parts = append(parts, part{coding: codingUCS2, text: encodeUCS2(units[:end])})
		units = units[end:]
	}
	return parts
}
