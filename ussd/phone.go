package ussd

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/nyaruka/phonenumbers/v2"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Phone is a phone number in E.164 form, such as +254711000001. In logs it shows its last three digits only.
type Phone string

// ParsePhone takes a number in E.164 form: a plus and 7 to 15 digits, the first of which is not 0.
func ParsePhone(text string) (Phone, error) {
	digits, ok := strings.CutPrefix(text, "+")
	if !ok || len(digits) < 7 || len(digits) > 15 || digits[0] == '0' || !allDigits(digits) {
		return "", ErrPhone
	}
	return Phone(text), nil
}

// Short is what a log may show.
func (p Phone) Short() string {
	if len(p) < 4 {
		return "+"
	}
	return "+…" + string(p[len(p)-3:])
}

// LogValue hides most of the number from slog.
func (p Phone) LogValue() slog.Value { return slog.StringValue(p.Short()) }

// maxAccountDigits is how many digits, with the check digit, are read as an account number rather than a phone number.
const maxAccountDigits = 8

// Destination is what the payer typed: a phone number or an account number, the other is zero.
type Destination struct {
	Phone  Phone
	Number tx.AccountNumber
}

// text is what the payer typed, in one form.
func (d Destination) text() string {
	if d.Phone != "" {
		return string(d.Phone)
	}
	return d.Number.Text()
}

// ParseDestination reads a phone number as people in the region write it (07…, 7…, 254…, +254…), or an account number
// of up to eight digits with its check digit. Spaces and hyphens between digits are no part of it.
func ParseDestination(text, region string) (Destination, error) {
	digits := strings.NewReplacer(" ", "", "-", "").Replace(text)
	bare := strings.TrimPrefix(digits, "+")
	if !allDigits(bare) || len(bare) > 15 {
		return Destination{}, ErrPayeeForm
	}
	if bare == digits && len(bare) <= maxAccountDigits {
		number, err := tx.ParseAccountNumber(bare)
		if err != nil {
			return Destination{}, fmt.Errorf("%w: %w", ErrPayeeForm, err)
		}
		return Destination{Number: number}, nil
	}
	parsed, err := phonenumbers.Parse(digits, region)
	if err != nil || !phonenumbers.IsPossibleNumber(parsed) {
		return Destination{}, ErrPayeeForm
	}
	phone, err := ParsePhone(phonenumbers.Format(parsed, phonenumbers.E164))
	if err != nil {
		return Destination{}, ErrPayeeForm
	}
	return Destination{Phone: phone}, nil
}

func allDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}
