package amount

import (
	"errors"
	"math"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text  string
		scale uint8
		want  Amount
		err   error
	}{
		{"150", 2, 15000, nil},
		{"150.5", 2, 15050, nil},
		{"150.50", 2, 15050, nil},
		{"0.01", 2, 1, nil},
		{"007", 0, 7, nil},
		{"92233720368547758.07", 2, Max, nil},
		{"92233720368547758.08", 2, 0, ErrTooLarge},
		{"99999999999999999999999", 2, 0, ErrTooLarge},
		{"10.005", 2, 0, ErrTooManyDecimals},
		{"10.", 2, 0, ErrSyntax},
		{".5", 2, 0, ErrSyntax},
		{"5.0", 0, 0, ErrTooManyDecimals},
		{"0", 2, 0, ErrZero},
		{"0.00", 2, 0, ErrZero},
		{"", 2, 0, ErrSyntax},
		{"-5", 2, 0, ErrSyntax},
		{"+5", 2, 0, ErrSyntax},
		{"1e3", 2, 0, ErrSyntax},
		{"1,000", 2, 0, ErrSyntax},
		{" 5", 2, 0, ErrSyntax},
		{"٥", 2, 0, ErrSyntax},
		{"1.2.3", 2, 0, ErrSyntax},
	} {
		got, err := Parse(c.text, c.scale)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("Parse(%q, %d) = %d, %v; want %d, %v", c.text, c.scale, got, err, c.want, c.err)
		}
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		a             Amount
		scale         uint8
		text, grouped string
	}{
		{0, 2, "0.00", "0.00"},
		{5, 2, "0.05", "0.05"},
		{123450, 2, "1234.50", "1,234.50"},
		{100, 0, "100", "100"},
		{1000000, 0, "1000000", "1,000,000"},
		{Max, 2, "92233720368547758.07", "92,233,720,368,547,758.07"},
	} {
		if got := c.a.Text(c.scale); got != c.text {
			t.Errorf("%d.Text(%d) = %q, want %q", c.a, c.scale, got, c.text)
		}
		if got := c.a.Grouped(c.scale); got != c.grouped {
			t.Errorf("%d.Grouped(%d) = %q, want %q", c.a, c.scale, got, c.grouped)
		}
	}
}

func TestSumsAreChecked(t *testing.T) {
	if _, ok := Max.Add(1); ok {
		t.Error("Max + 1 is no amount")
	}
	if got, ok := (Max - 1).Add(1); !ok || got != Max {
		t.Error("Max - 1 + 1 is Max")
	}
	if _, ok := Amount(math.MaxUint64).Add(1); ok {
		t.Error("a sum that wraps is no amount")
	}
	if _, ok := Amount(1).Sub(2); ok {
		t.Error("1 - 2 is no amount")
	}
}

// FuzzParse: whatever Parse accepts, Text writes back and Parse reads again as the same amount.
func FuzzParse(f *testing.F) {
	f.Add("150.50", uint8(2))
	f.Add("1e3", uint8(2))
	f.Fuzz(func(t *testing.T, text string, scale uint8) {
		a, err := Parse(text, scale)
		if err != nil {
			return
		}
		again, err := Parse(a.Text(scale), scale)
		if err != nil || again != a {
			t.Errorf("Parse(%q, %d) = %d, but Parse(Text) = %d, %v", text, scale, a, again, err)
		}
	})
}
