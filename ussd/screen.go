package ussd

import (
	"unicode/utf16"
	"unicode/utf8"

	"github.com/umoja-ledger/umoja/ussd/gsm7"
)

// Screen is how much a screen holds.
type Screen struct {
	// Septets are of GSM-7, the aggregator's own prefix such as "CON " not counted.
	Septets int `json:"septets"`
	// UCS2 are the UTF-16 units of a text that GSM-7 cannot write.
	UCS2 int `json:"ucs2"`
}

// DefaultScreen is what every carrier that we know of shows whole: 160 septets with a prefix of four, or 70 units.
var DefaultScreen = Screen{Septets: gsm7.ScreenSeptets - 4, UCS2: 70 - 4}

// fits tells whether a text can be shown whole.
func (c Screen) fits(text string) bool {
	if septets, ok := gsm7.Septets(text); ok {
		return septets <= c.Septets
	}
	return units(text) <= c.UCS2
}

// fit cuts what no test foresaw, such as a balance of a hundred trillion.
func (c Screen) fit(text string) string {
	if c.fits(text) {
		return text
	}
	if gsm7.Representable(text) {
		return gsm7.Truncate(text, c.Septets)
	}
	left := c.UCS2
	for i, char := range text {
		if left -= max(utf16.RuneLen(char), 1); left < 0 {
			return text[:i]
		}
	}
	return text
}

// units counts the UTF-16 units of a text.
func units(text string) int {
	count := 0
	for _, char := range text {
		if count++; utf8.RuneLen(char) == 4 {
			count++
		}
	}
	return count
}

// lines joins as many lines as fit under a first one.
func (c Screen) lines(text string, more []string) string {
	for _, line := range more {
		longer := text + "\n" + line
		if !c.fits(longer) {
			break
		}
		text = longer
	}
	return text
}
