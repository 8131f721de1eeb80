package gsm7

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheTableHas127CharactersAndTenExtended(t *testing.T) {
	if len(codes) != 127+10 {
		t.Fatalf("the alphabet has %d characters, want 137", len(codes))
	}
	// Places that are often wrong in other tables (TS 23.038, 6.2.1).
	for char, want := range map[rune]byte{'@': 0x00, '$': 0x02, '\n': 0x0A, '_': 0x11, 'Ξ': 0x1A, 'Æ': 0x1C, ' ': 0x20,
		'¤': 0x24, '?': 0x3F, '¡': 0x40, 'Z': 0x5A, '§': 0x5F, '¿': 0x60, 'z': 0x7A, 'à': 0x7F} {
		if got := codes[char]; got.septet != want || got.extended {
			t.Errorf("%q is %#x extended %v, want %#x", char, got.septet, got.extended, want)
		}
	}
}

func TestSeptets(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
		ok   bool
	}{
		{"", 0, true},
		{"CON 1 Send money\n2 Balance", 26, true},
		{"€5 [a]", 9, true},
		{"^{}\\[~]|€\f", 20, true},
		{"é à Ç ñ", 7, true},
		{"ç", 0, false},
		{"\u2019", 0, false},
		{"ሰላም", 0, false},
		{"a\x00", 0, false},
		{"\xff", 0, false},
		{"\uFFFF", 0, false},
	} {
		got, ok := Septets(c.text)
		if got != c.want || ok != c.ok {
			t.Errorf("Septets(%q) = %d, %v; want %d, %v", c.text, got, ok, c.want, c.ok)
		}
		if _, err := Encode(c.text); (err == nil) != c.ok || (err != nil && !errors.Is(err, ErrUnrepresentable)) {
			t.Errorf("Encode(%q): %v", c.text, err)
		}
	}
}

// The packed octets are the ones printed in many SMS descriptions.
func TestPackIsTheKnownOctets(t *testing.T) {
	for text, want := range map[string]string{"hellohello": "e8329bfd4697d9ec37", "": "", "@": "00", "1234567": "31d98c56b3dd00"} {
		septets, err := Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(Pack(septets)); got != want {
			t.Errorf("Pack(%q) = %s, want %s", text, got, want)
		}
	}
	if _, err := Unpack([]byte{0xFF}, 1); !errors.Is(err, ErrMalformed) {
		t.Errorf("a spare bit that is set: %v", err)
	}
	if _, err := Unpack([]byte{0x00, 0x00}, 1); !errors.Is(err, ErrMalformed) {
		t.Errorf("an octet too many: %v", err)
	}
}

func TestDecodeRefusesWhatEncodeNeverMakes(t *testing.T) {
	for _, septets := range [][]byte{{escape}, {escape, 0x00}, {escape, escape}, {0x80}, {escape, 0xFF}} {
		if text, err := Decode(septets); !errors.Is(err, ErrMalformed) {
			t.Errorf("Decode(%x) = %q, %v", septets, text, err)
		}
	}
}

func TestSplitNeverCutsAnExtensionPair(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []int
	}{
		{"one part of 160", strings.Repeat("a", 160), []int{160}},
		{"161 are two parts", strings.Repeat("a", 161), []int{153, 8}},
		{"a pair over the border moves whole", strings.Repeat("a", 152) + "€" + strings.Repeat("b", 10), []int{152, 12}},
		{"only pairs", strings.Repeat("€", 81), []int{152, 10}},
		{"three parts", strings.Repeat("a", 307), []int{153, 153, 1}},
	} {
		parts, err := Split(c.text)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var counts []int
		for _, part := range parts {
			count, _ := Septets(part)
			counts = append(counts, count)
		}
		if diff := cmp.Diff(c.want, counts); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if strings.Join(parts, "") != c.text {
			t.Errorf("%s: the parts joined are another text", c.name)
		}
	}
	if _, err := Split(strings.Repeat("a", MaxParts*ConcatenatedPart+1)); err == nil {
		t.Error("256 parts were taken")
	}
}

func TestTransliterate(t *testing.T) {
	for text, want := range map[string]string{
		"Amina":              "Amina",
		"Ọlá Ṣọlá":           "Ola Sola",
		"ɓauna ɗan ƙasa":     "bauna dan kasa",
		"Ɛkow Ɔfori":         "Ekow Ofori",
		"Ɔ\u0301lɛ":          "Ole",
		"Ng\u2019ang\u2019a": "Ng'ang'a",
		"François Côté":      "Francois Coté",
		"e\u0301":            "é",
		"João Conceição":     "Joao Conceicao",
		"Zoë":                "Zoe",
		"Þór Œuvre":          "THor OEuvre",
		"ሰላም":                "ሰላም",
		"日本":                 "日本",
	} {
		if got := Transliterate(text); got != want {
			t.Errorf("Transliterate(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestTruncateNeverExceedsItsLimit(t *testing.T) {
	if got := Truncate("ab€cd", 3); got != "ab" {
		t.Errorf("got %q", got)
	}
	if got := Truncate("aሰb", 5); got != "ab" {
		t.Errorf("got %q", got)
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, seed := range []string{"", "hello", "€[]", "é\n\r", strings.Repeat("a", 161), "Ọlá", "\uFFFF", "ɓ\u0301"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		plain := Transliterate(text)
		if again := Transliterate(plain); again != plain && Representable(plain) {
			t.Fatalf("transliterating %q again gives %q", plain, again)
		}
		count, ok := Septets(text)
		septets, err := Encode(text)
		if ok != (err == nil) {
			t.Fatalf("Septets says %v, Encode says %v", ok, err)
		}
		if !ok {
			return
		}
		if len(septets) != count {
			t.Fatalf("counted %d, encoded %d", count, len(septets))
		}
		back, err := Decode(septets)
		if err != nil || back != text {
			t.Fatalf("decoded %q, %v", back, err)
		}
		unpacked, err := Unpack(Pack(septets), count)
		if err != nil || !bytes.Equal(unpacked, septets) {
			t.Fatalf("unpacked %x, %v; want %x", unpacked, err, septets)
		}
		parts, err := Split(text)
		if err != nil {
			return
		}
		for _, part := range parts {
			if !Fits(part, SinglePart) {
				t.Fatalf("a part has more than %d septets", SinglePart)
			}
		}
		if strings.Join(parts, "") != text {
			t.Fatal("the parts joined are another text")
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{0x1B, 0x65})
	f.Fuzz(func(t *testing.T, septets []byte) {
		text, err := Decode(septets)
		if err != nil {
			return
		}
		again, err := Encode(text)
		if err != nil || !bytes.Equal(again, septets) {
			t.Fatalf("%x decodes to %q, which encodes to %x (%v)", septets, text, again, err)
		}
	})
}
