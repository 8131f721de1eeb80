package ussd

import "github.com/umoja-ledger/umoja/ussd/gsm7"

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
func (c Screen) fits(text string) bool { return gsm7.FitsScreen(text, c.Septets, c.UCS2) }

// fit cuts what no test foresaw, such as a balance of a hundred trillion.
func (c Screen) fit(text string) string { return gsm7.Fit(text, c.Septets, c.UCS2) }

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
