// Package amount counts money in whole minor units and never rounds.
//
// An Amount is born from text a person typed (Parse, with the asset's scale), travels and is added as an integer, and
// becomes text again only on a screen (Text, Grouped). Every sum is checked: Add and Sub say whether the result is an
// amount, and a caller that ignores the answer does not compile past vet's eye. The package promises that Parse accepts
// exactly one reading of a text and refuses the rest: "1,000", "1.000" at scale 2, "1e3", "-5", "٥" and "" are errors,
// because on a phone a misread amount is somebody's rent.
package amount

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Amount is a number of minor units of an asset.
//
// Invariant: an Amount that the ledger holds is at most Max, so that the sum of two fits in 64 bits.
type Amount uint64

// Max is the largest amount, balance or supply: 2^63 - 1.
const Max Amount = 1<<63 - 1

// MaxScale is the most decimals an asset may have: 10^18 still fits an Amount.
const MaxScale = 18

// Errors of Parse.
var (
	// ErrSyntax means the text is not digits with at most one decimal point between digits.
	ErrSyntax = errors.New("amount is not a plain decimal number")
	// ErrTooManyDecimals means the text has more decimals than the asset.
	ErrTooManyDecimals = errors.New("amount has more decimals than the asset")
	// ErrZero means the amount is nothing.
	ErrZero = errors.New("amount is zero")
	// ErrTooLarge means the amount is above Max.
	ErrTooLarge = errors.New("amount is too large")
)

// Add returns a + b, and false when the sum is above Max.
func (a Amount) Add(b Amount) (Amount, bool) {
	if a > Max || b > Max-a {
		return 0, false
	}
	return a + b, true
}

// Saturate returns a + b, and Max when the sum is above it.
func (a Amount) Saturate(b Amount) Amount {
	if sum, ok := a.Add(b); ok {
		return sum
	}
	return Max
}

// Sub returns a - b, and false when b is larger than a.
func (a Amount) Sub(b Amount) (Amount, bool) {
	if b > a {
		return 0, false
	}
	return a - b, true
}

// Parse reads a positive amount of an asset with the given scale (decimals of a minor unit): "150", "150.5" and
// "150.50" are the same at scale 2. It accepts ASCII digits and at most one point with digits on both sides.
func Parse(text string, scale uint8) (Amount, error) {
	if scale > MaxScale {
		return 0, fmt.Errorf("scale %d: %w", scale, ErrTooManyDecimals)
	}
	whole, fraction, hasPoint := strings.Cut(text, ".")
	if !digits(whole) || hasPoint && !digits(fraction) {
		return 0, ErrSyntax
	}
	if len(fraction) > int(scale) {
		return 0, ErrTooManyDecimals
	}
	minor := strings.TrimLeft(whole+fraction+strings.Repeat("0", int(scale)-len(fraction)), "0")
	if minor == "" {
		return 0, ErrZero
	}
	value, err := strconv.ParseUint(minor, 10, 64)
	if err != nil || Amount(value) > Max {
		return 0, ErrTooLarge
	}
	return Amount(value), nil
}

// Text writes the amount with exactly scale decimals, such as 1234.50.
func (a Amount) Text(scale uint8) string {
	digits := strconv.FormatUint(uint64(a), 10)
	if scale == 0 {
		return digits
	}
	if short := int(scale) + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	point := len(digits) - int(scale)
	return digits[:point] + "." + digits[point:]
}

// Grouped writes the amount as Text does, with a comma between each three digits before the point, such as 1,234.50.
func (a Amount) Grouped(scale uint8) string {
	whole, fraction, hasPoint := strings.Cut(a.Text(scale), ".")
	var b strings.Builder
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(whole[i])
	}
	if hasPoint {
		b.WriteByte('.')
		b.WriteString(fraction)
	}
	return b.String()
}

func digits(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
