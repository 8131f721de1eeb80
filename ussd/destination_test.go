package ussd

import (
	"errors"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

func TestParseDestination(t *testing.T) {
	for text, want := range map[string]Destination{
		"0711000002":                     {Phone: "+254711000002"},
		"711000002":                      {Phone: "+254711000002"},
		"254711000002":                   {Phone: "+254711000002"},
		"+254711000002":                  {Phone: "+254711000002"},
		"+254 711 000-002":               {Phone: "+254711000002"},
		"0110000002":                     {Phone: "+254110000002"},
		"+255754000001":                  {Phone: "+255754000001"},
		tx.AccountNumber(1).Text():       {Number: 1},
		tx.AccountNumber(1234567).Text(): {Number: 1234567},
	} {
		got, err := ParseDestination(text, "KE")
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "+", "abc", "071100000a", "12", "12345678", "07110000021234567", "+254", "++254711000002",
		"0711.000.002", "٠٧١١٠٠٠٠٠٢", "1;DROP", strings.Repeat("1", 300)} {
		if got, err := ParseDestination(text, "KE"); !errors.Is(err, ErrPayeeForm) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestParsePhone(t *testing.T) {
	for _, text := range []string{"", "+", "254711000001", "+0711000001", "+25471100000x", "+123456", "+1234567890123456", " +254711000001"} {
		if _, err := ParsePhone(text); !errors.Is(err, ErrPhone) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if got := Phone("+254711000001").Short(); got != "+…001" {
		t.Errorf("a log shows %s", got)
	}
}

func TestNames(t *testing.T) {
	for text, want := range map[string]string{
		"Amina Wanjiru": "Amina W.", "AMINA": "AMINA", "Ng'ang'a": "Ng'ang'a", "  Juma   A ": "Juma A",
		"Ann Mary Otie": "Ann Mary O.", "Duka 24/7": "", "José Ñandú": "José Ñ.", "A": "A",
	} {
		name, err := CheckName(text)
		if (err != nil) != (want == "") {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := ShortName(name); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]error{
		"": errNameEmpty, "   ": errNameEmpty, "...": errNameEmpty, "07110": errNameEmpty, "Bartholomew Nje": errNameLong,
		"日本": errNameLetters, "Amina😀": errNameLetters, "A\x00B": errNameLetters, "[A]": errNameLetters, "A{name}": errNameLetters,
	} {
		if _, err := CheckName(text); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

func FuzzParseDestination(f *testing.F) {
	for _, seed := range []string{"0711000002", "+254711000002", "19", "7 1 1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDestination(text, "KE")
		if err != nil {
			return
		}
		if (d.Phone == "") == (d.Number == 0) && !strings.HasPrefix(strings.TrimLeft(text, " -"), "0") {
			t.Fatalf("%q is %+v", text, d)
		}
		if d.Phone != "" {
			if _, err := ParsePhone(string(d.Phone)); err != nil {
				t.Fatalf("%q became %q", text, string(d.Phone))
			}
		}
	})
}

// Whatever is typed, reading the transcript of a session turn by turn yields the answers, and reading any turn a second
// time yields its reply.
func FuzzRead(f *testing.F) {
	f.Add("1", "0711000002", "150")
	f.Add("", "*", "1**")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		d := digester{key: [32]byte{1}, session: "s"}
		s := &Session{}
		transcript := ""
		s.record(len(transcript), d.transcript(transcript), Reply{Text: "dialled"}, 0)
		for i, answer := range []string{a, b, c} {
			before := transcript
			if transcript != "" {
				transcript += "*"
			}
			transcript += answer
			if transcript == before {
				continue // An empty first answer looks like dialling.
			}
			said := read(s.Turns, transcript, d, 0)
			if said.repeated != nil || said.lost {
				t.Fatalf("answer %d %q: %+v", i, answer, said)
			}
			if got := strings.Join(said.answers, "*"); got != answer {
				t.Fatalf("answer %q was read as %q", answer, said.answers)
			}
			s.record(len(transcript), d.transcript(transcript), Reply{Text: transcript}, 0)
			if again := read(s.Turns, transcript, d, 0); again.repeated == nil || again.repeated.Text != transcript {
				t.Fatalf("a duplicate of %q was read as %+v", transcript, again)
			}
			if again := read(s.Turns, "", d, 0); again.repeated == nil {
				t.Fatal("the first turn is forgotten")
			}
		}
	})
}
