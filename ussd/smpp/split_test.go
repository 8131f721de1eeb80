package smpp

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestSplitNeverCutsAPair(t *testing.T) {
	for _, c := range []struct {
		name, text string
		alphabet   Alphabet
		coding     uint8
		want       []int
	}{
		{"160 septets", strings.Repeat("a", 160), GSM7, 0, []int{160}},
		{"161 septets", strings.Repeat("a", 161), GSM7, 0, []int{153, 8}},
		{"an extension over the border", strings.Repeat("a", 152) + "€" + strings.Repeat("b", 10), GSM7, 0, []int{152, 12}},
		{"Latin-1 counts what goes over the air", strings.Repeat("[", 81), Latin1, 0, []int{76, 5}},
		{"70 units", strings.Repeat("ሰ", 70), GSM7, 8, []int{140}},
		{"71 units", strings.Repeat("ሰ", 71), GSM7, 8, []int{134, 8}},
		{"a surrogate pair over the border", strings.Repeat("ሰ", 66) + "😀" + strings.Repeat("ሰ", 10), GSM7, 8, []int{132, 24}},
		{"one letter makes all of it UCS-2", strings.Repeat("a", 70) + "ሰ", GSM7, 8, []int{134, 8}},
		{"ASCII without marks", strings.Repeat("é", 160), ASCII, 0, []int{160}},
		{"Greek is not in Latin-1", strings.Repeat("Δ", 10), Latin1, 8, []int{20}},
	} {
		parts, err := split(c.text, c.alphabet, 7)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var lengths []int
		for i, p := range parts {
			lengths = append(lengths, len(p.text))
			if p.coding != c.coding {
				t.Errorf("%s: coding %d", c.name, p.coding)
			}
			var header []byte
			if len(parts) > 1 {
				header = []byte{5, 0, 3, 7, byte(len(parts)), byte(i + 1)}
			}
			if diff := cmp.Diff(header, p.header); diff != "" {
				t.Errorf("%s: %s", c.name, diff)
			}
		}
		if diff := cmp.Diff(c.want, lengths); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	if _, err := split(strings.Repeat("a", 153*maxParts+1), GSM7, 0); !errors.Is(err, ErrText) {
		t.Errorf("too many parts: %v", err)
	}
}

// Whatever is split is, joined and read, the text again, and no part is too long.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{"hello", strings.Repeat("€", 100), strings.Repeat("😀", 50), "ሰላም", "a" + strings.Repeat("[]", 90), "\xff"} {
		f.Add(seed, uint8(0))
		f.Add(seed, uint8(1))
	}
	f.Fuzz(func(t *testing.T, text string, which uint8) {
		alphabet := []Alphabet{GSM7, Latin1, ASCII}[which%3]
		parts, err := split(text, alphabet, 1)
		if err != nil {
			return
		}
		var whole []byte
		for _, p := range parts {
			if len(p.octets()) > 160 || (p.coding == codingUCS2 && len(p.octets()) > 140) {
				t.Fatalf("a part of %d octets", len(p.octets()))
			}
			if _, err := decode(p.text, p.coding, alphabet); err != nil {
				t.Fatalf("a part alone: %v", err)
			}
			whole = append(whole, p.text...)
		}
		got, err := decode(whole, parts[0].coding, alphabet)
		if err != nil || (got != text && got != alphabet.plain(text)) {
			t.Fatalf("%q became %q, %v", text, got, err)
		}
	})
}

// A text that came is a text, whatever octets it was.
func FuzzDecodeText(f *testing.F) {
	f.Add([]byte("a\x1be"), uint8(0), uint8(0))
	f.Add([]byte{0xD8, 0x3D}, uint8(8), uint8(1))
	f.Fuzz(func(t *testing.T, octets []byte, coding, which uint8) {
		text, err := decode(octets, coding, []Alphabet{GSM7, Latin1, ASCII}[which%3])
		if err == nil && (!utf8.ValidString(text) || len(utf16.Encode([]rune(text))) > len(octets)) {
			t.Fatalf("%x became %q", octets, text)
		}
	})
}
