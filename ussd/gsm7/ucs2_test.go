package gsm7

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestUnitsCountInTheAlphabetThatATextNeeds(t *testing.T) {
	for _, c := range []struct {
		text     string
		units    int
		alphabet Alphabet
	}{
		{"", 0, GSM7},
		{"Balance", 7, GSM7},
		{"5 €", 4, GSM7},
		{"5 € ç", 5, UCS2},
		{"ሰላም", 3, UCS2},
		{"رصيدك 150.00", 12, UCS2},
		{"e\u0301", 2, UCS2},
		{"😀", 2, UCS2},
	} {
		if units, alphabet := Units(c.text); units != c.units || alphabet != c.alphabet {
			t.Errorf("%q costs %d in %s, want %d in %s", c.text, units, alphabet, c.units, c.alphabet)
		}
	}
}

func TestAScreenHasABudgetInEachAlphabet(t *testing.T) {
	for _, c := range []struct {
		text string
		want bool
	}{
		{strings.Repeat("a", 156), true},
		{strings.Repeat("a", 157), false},
		{strings.Repeat("ሰ", 70), true},
		{strings.Repeat("ሰ", 71), false},
		{strings.Repeat("a", 70) + "ሰ", false},
	} {
		if got := FitsScreen(c.text, 156, ScreenUCS2); got != c.want {
			t.Errorf("%d letters: %v", utf8.RuneCountInString(c.text), got)
		}
	}
}

func TestFitCutsAtTheEndOfACharacter(t *testing.T) {
	for _, c := range []struct {
		name, text    string
		septets, ucs2 int
		want          string
	}{
		{"what fits stays", "abc", 3, 1, "abc"},
		{"the budget of the other alphabet", "abcሰ", 9, 3, "abc"},
		{"never inside an extension pair", "ab€", 3, 9, "ab"},
		{"never inside a surrogate pair", "ሰ😀", 9, 2, "ሰ"},
		{"never between a letter and its mark", "ሰe\u0301", 9, 2, "ሰ"},
		{"the mark goes with its letter", "ሰe\u0301x", 9, 3, "ሰe\u0301"},
		{"never inside a joined emoji", "a👩\u200D🌾b", 9, 5, "a"},
		{"never before a skin tone", "a👍🏾", 9, 3, "a"},
		{"Arabic vowels stay with their letter", "بِسم", 9, 1, "ب"},
		{"nothing fits", "😀", 9, 1, ""},
	} {
		if got := Fit(c.text, c.septets, c.ucs2); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func TestSplitOfAScriptThatGSM7Lacks(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []int
	}{
		{"one part of 70", strings.Repeat("ሰ", 70), []int{70}},
		{"71 are two parts", strings.Repeat("ሰ", 71), []int{67, 4}},
		{"a pair over the border moves whole", strings.Repeat("ሰ", 66) + "😀" + strings.Repeat("ሰ", 10), []int{66, 12}},
		{"a letter over the border moves with its mark", strings.Repeat("ሰ", 66) + "e\u0301" + strings.Repeat("ሰ", 10), []int{66, 12}},
		{"one letter makes all parts UCS-2", "ሰ" + strings.Repeat("a", 100), []int{67, 34}},
		{"more marks than a part holds are cut", "ሰe" + strings.Repeat("\u0301", 80), []int{1, 67, 14}},
	} {
		parts, err := Split(c.text)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var counts []int
		for _, part := range parts {
			counts = append(counts, len(utf16.Encode([]rune(part))))
		}
		if diff := cmp.Diff(c.want, counts); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if strings.Join(parts, "") != c.text {
			t.Errorf("%s: the parts joined are another text", c.name)
		}
	}
	if _, err := Split(strings.Repeat("ሰ", MaxParts*ConcatenatedPartUCS2+1)); err == nil {
		t.Error("256 parts were taken")
	}
	if _, err := Split("ሰ\xff"); !errors.Is(err, ErrUnrepresentable) {
		t.Errorf("what is not UTF-8: %v", err)
	}
}

func TestUCS2IsTheKnownOctets(t *testing.T) {
	for text, want := range map[string]string{"": "", "a": "0061", "ሰላም": "123012 0b121d", "😀": "d83dde00", "سلام": "06330644 06270645"} {
		octets, err := EncodeUCS2(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(octets); got != strings.ReplaceAll(want, " ", "") {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	if _, err := EncodeUCS2("\xff"); !errors.Is(err, ErrUnrepresentable) {
		t.Errorf("what is not UTF-8: %v", err)
	}
}

func TestDecodeUCS2RefusesHalves(t *testing.T) {
	for _, octets := range []string{"00", "d83d", "d83d0061", "de00d83d", "de00", "0061d83d"} {
		raw, err := hex.DecodeString(octets)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := DecodeUCS2(raw); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %q, %v", octets, text, err)
		}
	}
}

func FuzzUCS2(f *testing.F) {
	for _, seed := range []string{"", "ሰላም", "😀", "a\u0301\u0301", "👩\u200D🌾", "\uFFFD"} {
		octets, err := EncodeUCS2(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(octets, 3)
	}
	f.Fuzz(func(t *testing.T, octets []byte, limit int) {
		text, err := DecodeUCS2(octets)
		if err != nil {
			return
		}
		again, err := EncodeUCS2(text)
		if err != nil || string(again) != string(octets) {
			t.Fatalf("%x decodes to %q, which encodes to %x, %v", octets, text, again, err)
		}
		units, alphabet := Units(text)
		if alphabet == UCS2 && units != len(octets)/2 {
			t.Fatalf("%q costs %d, has %d octets", text, units, len(octets))
		}
		limit = min(max(limit, 0), 200)
		kept := Fit(text, limit, limit)
		if !strings.HasPrefix(text, kept) || !utf8.ValidString(kept) {
			t.Fatalf("%q is cut to %q", text, kept)
		}
		if units, _ := Units(kept); units > limit || len(kept) == len(text) != FitsScreen(text, limit, limit) {
			t.Fatalf("%q is cut to %q of %d, the limit is %d", text, kept, units, limit)
		}
		parts, err := Split(text)
		if err != nil {
			return
		}
		for _, part := range parts {
			if !FitsScreen(part, SinglePart, SinglePartUCS2) {
				t.Fatalf("a part of %q is too long: %q", text, part)
			}
		}
		if strings.Join(parts, "") != text {
			t.Fatal("the parts joined are another text")
		}
	})
}
