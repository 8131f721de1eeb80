package pin

import "errors"

// Length is how many digits a PIN has.
const Length = 4

var (
	// ErrForm means that a PIN is not exactly four digits.
	ErrForm = errors.New("pin: not four digits")
	// ErrWeak means that a PIN is among the ones a thief tries first.
	ErrWeak = errors.New("pin: easy to guess")
)

// keypad gives the place of each digit on a phone's keys: column and row.
var keypad = [10][2]int{
	{1, 3}, {0, 0}, {1, 0}, {2, 0}, {0, 1}, {1, 1}, {2, 1}, {0, 2}, {1, 2}, {2, 2},
}

// CheckForm tells whether the secret has the form of a PIN.
func CheckForm(secret Secret) error {
	text := secret.Reveal()
	if len(text) != Length {
		return ErrForm
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return ErrForm
		}
	}
	return nil
}

// Check tells whether the secret may become somebody's PIN.
func Check(secret Secret) error {
	if err := CheckForm(secret); err != nil {
		return err
	}
	var digits [Length]int
	for i := range digits {
		digits[i] = int(secret.Reveal()[i] - '0')
	}
	if counts(digits) || repeats(digits) || line(digits) || year(digits) {
		return ErrWeak
	}
	return nil
}

// counts tells of 1234, 9876, 0246, 7890 and every other walk with one step; a step of zero is 0000.
func counts(digits [Length]int) bool {
	step := (digits[1] - digits[0] + 10) % 10
	for i := 2; i < Length; i++ {
		if (digits[i]-digits[i-1]+10)%10 != step {
			return false
		}
	}
	return step <= 2 || step >= 8
}

// repeats tells of 1212, 1122, 1221 and every PIN with three equal digits.
func repeats(digits [Length]int) bool {
	a, b, c, d := digits[0], digits[1], digits[2], digits[3]
	if a == c && b == d || a == b && c == d || a == d && b == c {
		return true
	}
	times := [10]int{}
	for _, digit := range digits {
		times[digit]++
		if times[digit] >= 3 {
			return true
		}
	}
	return false
}

// line tells of a straight walk over the keys, such as 2580, 0852, 1470, 3690 and 1590: down or up a column, along a
// diagonal, and from there to the zero or from it: under an outer column, thumbs take it for the column's end.
func line(digits [Length]int) bool {
	for _, straight := range [...][Length]int{
		{1, 4, 7, 0}, {2, 5, 8, 0}, {3, 6, 9, 0}, {1, 5, 9, 0}, {3, 5, 7, 0},
		{7, 4, 1, 0}, {9, 6, 3, 0}, {1, 4, 7, 8}, {3, 6, 9, 8}, {1, 2, 3, 6}, {1, 4, 5, 6}, {7, 8, 9, 6}, {3, 2, 1, 4}, {1, 3, 7, 9}, {1, 3, 9, 7},
		{1, 7, 9, 3}, {1, 5, 9, 3}, {1, 5, 9, 7}, {2, 4, 6, 8}, {2, 6, 8, 4}, {2, 4, 8, 6},
	} {
		reversed := [Length]int{straight[3], straight[2], straight[1], straight[0]}
		if digits == straight || digits == reversed {
			return true
		}
	}
	// What is left is a walk that never leaves one row or column, such as 1231.
	return sameLine(digits, 0) || sameLine(digits, 1)
}

// sameLine tells whether all keys share a column (0) or a row (1).
func sameLine(digits [Length]int, axis int) bool {
	for _, digit := range digits[1:] {
		if keypad[digit][axis] != keypad[digits[0]][axis] {
			return false
		}
	}
	return true
}

// year tells of a year of birth, or of this century so far: 1930 to 2029.
func year(digits [Length]int) bool {
	value := digits[0]*1000 + digits[1]*100 + digits[2]*10 + digits[3]
	return value >= 1930 && value <= 2029
}
