package carrier

import "regexp"

var (
	word   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 _.,:()/-]{0,79}$`)
	number = regexp.MustCompile(`[0-9]{7}`)
)

// Word returns a carrier's word for a failure if it can stand in a log, and otherwise instead: what looks like a phone number or is no plain
// text stays out.
func Word(text, instead string) string {
	if !word.MatchString(text) || number.MatchString(text) {
		return instead
	}
	return text
}
