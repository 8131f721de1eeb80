package smpp

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/umoja-ledger/umoja/ussd/gsm7"
)

// Alphabet is what data_coding 0, the "SMSC default alphabet", means to a peer. The specification leaves it open, and
// peers differ.
type Alphabet string

// The alphabets. GSM7 is one septet an octet, unpacked.
const (
	GSM7   Alphabet = "gsm7"
	Latin1 Alphabet = "latin1"
	ASCII  Alphabet = "ascii"
)

func (a Alphabet) known() bool { return a == GSM7 || a == Latin1 || a == ASCII }

// Values of data_coding.
const (
	codingDefault uint8 = 0
	codingASCII   uint8 = 1
	codingLatin1  uint8 = 3
	codingUCS2    uint8 = 8
	// codingUSSD is GSM-7 by the coding scheme of USSD (TS 23.038, 5), which some operators write into data_coding.
	codingUSSD uint8 = 15
)

// letters are what ASCII has instead of a letter that is more than one with a mark. The euro is in neither it nor Latin-1.
var letters = strings.NewReplacer("€", "EUR", "£", "GBP", "¥", "JPY", "Ø", "O", "ø", "o", "Æ", "AE", "æ", "ae", "ß", "ss", "¡", "!", "¿", "?")

// plain is the text as the alphabet can have it. A letter without its mark is read, and UCS-2 would take half of the screen.
// A text that still does not fit is returned as it was.
func (a Alphabet) plain(text string) string {
	switch a {
	case Latin1:
		return strings.ReplaceAll(text, "€", "EUR")
	case GSM7:
		return text
	}
	var out strings.Builder
	for _, char := range norm.NFD.String(letters.Replace(text)) {
		if !unicode.Is(unicode.Mn, char) {
			out.WriteRune(char)
		}
	}
	if !ascii(out.String()) {
		return text
	}
	return out.String()
}

// encode writes text in the alphabet. It takes only what GSM-7 has too: that is what goes over the air in the end.
func (a Alphabet) encode(text string) ([]byte, bool) {
	septets, err := gsm7.Encode(text)
	if err != nil {
		return nil, false
	}
	switch a {
	case GSM7:
		return septets, true
	case Latin1:
		octets := make([]byte, 0, len(text))
		for _, char := range text {
			if char > 0xFF {
				return nil, false
			}
			octets = append(octets, byte(char))
		}
		return octets, true
	}
	return []byte(text), ascii(text)
}

// decode reads what a person sent. It shows what a phone would show: an extension that is not known is the character of
// the main table (TS 23.038, 6.2.1).
func (a Alphabet) decode(octets []byte) (string, error) {
	switch a {
	case GSM7:
		return decodeSeptets(octets)
	case ASCII:
		if !ascii(string(octets)) {
			return "", fmt.Errorf("%w: not ASCII", ErrText)
		}
		return string(octets), nil
	}
	text := make([]byte, 0, len(octets)+8)
	for _, octet := range octets {
		text = utf8.AppendRune(text, rune(octet))
	}
	return string(text), nil
}

const escape = 0x1B

func decodeSeptets(octets []byte) (string, error) {
	var text strings.Builder
	for i := 0; i < len(octets); i++ {
		one := octets[i : i+1]
		if octets[i] == escape {
			if i+1 == len(octets) {
				break
			}
			i++
			one = octets[i : i+1]
			if char, err := gsm7.Decode(octets[i-1 : i+1]); err == nil {
				text.WriteString(char)
				continue
			}
			if octets[i] == escape {
				text.WriteByte(' ')
				continue
			}
		}
		char, err := gsm7.Decode(one)
		if err != nil {
			return "", fmt.Errorf("%w: octet %d is no septet", ErrText, i)
		}
		text.WriteString(char)
	}
	return text.String(), nil
}

// decode reads a text by its data_coding.
func decode(octets []byte, coding uint8, standard Alphabet) (string, error) {
	if coding&0xF0 == 0xF0 { // A message class (TS 23.038, 4): bit 2 is 8-bit data.
		if coding&0x04 != 0 {
			return "", fmt.Errorf("%w: 8-bit data", ErrText)
		}
		coding = codingDefault
	}
	switch coding {
	case codingDefault:
		return standard.decode(octets)
	case codingUSSD:
		return GSM7.decode(octets)
	case codingASCII:
		return ASCII.decode(octets)
	case codingLatin1:
		return Latin1.decode(octets)
	case codingUCS2:
		return decodeUCS2(octets)
	}
	return "", fmt.Errorf("%w: data_coding %d is not known here", ErrText, coding)
}

func encodeUCS2(units []uint16) []byte {
	octets := make([]byte, 0, 2*len(units))
	for _, unit := range units {
		octets = append(octets, byte(unit>>8), byte(unit))
	}
	return octets
}

func decodeUCS2(octets []byte) (string, error) {
	if len(octets)%2 != 0 {
		return "", fmt.Errorf("%w: UCS-2 of an odd length", ErrText)
	}
	units := make([]uint16, 0, len(octets)/2)
	for i := 0; i < len(octets); i += 2 {
		units = append(units, uint16(octets[i])<<8|uint16(octets[i+1]))
	}
	return string(utf16.Decode(units)), nil
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] > 127 {
			return false
		}
	}
	return true
}

// unitsOf is a text in UTF-16.
func unitsOf(text string) []uint16 { return utf16.Encode([]rune(text)) }
