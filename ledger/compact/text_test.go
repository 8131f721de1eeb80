package compact_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/compact"
)

// samples are messages of different letters: a signed one, one of many zeros, one of many ones.
func samples(t tester) []string {
	zeros, ones := func(n int) string { return strings.Repeat("00", n) }, func(n int) string { return strings.Repeat("ff", n) }
	low := fields{
		template: "01", nonce: zeros(8), expiry: "000000000001", payer: "00000001", payee: "00000001", asset: "0001", amount: "0000000001",
		provider: zeros(4), schedule: zeros(2), fee: zeros(4), signature: zeros(64),
	}
	high := fields{
		template: "01", nonce: ones(8), expiry: ones(6), payer: ones(4), payee: ones(4), asset: ones(2), amount: ones(5),
		provider: ones(4), schedule: ones(2), fee: ones(4), signature: ones(64),
	}
	return []string{newWorld(t).message(t).String(), low.text(t), high.text(t)}
}

func wantParsed(t *testing.T, text, want string) {
	t.Helper()
	m, err := compact.Parse(text)
	if err != nil || m.String() != want {
		t.Errorf("%q reads as %v, %v", text, m, err)
	}
}

func wantRefused(t *testing.T, text string, want error) {
	t.Helper()
	if m, err := compact.Parse(text); !errors.Is(err, want) || m != (compact.Message{}) {
		t.Errorf("%q reads as %v, %v, want %v", text, m, err, want)
	}
}

// TestOneByteChanged: every byte in every place, other than the letter itself in either case, is refused. No ledger is
// needed for that.
func TestOneByteChanged(t *testing.T) {
	for _, good := range samples(t) {
		wantParsed(t, good, good)
		for at := range good {
			for b := range 256 {
				if strings.EqualFold(string(rune(b)), good[at:at+1]) {
					continue
				}
				changed := []byte(good)
				changed[at] = byte(b)
				if m, err := compact.Parse(string(changed)); err == nil {
					t.Fatalf("letter %d %q changed to %q reads as %v", at, good[at], rune(b), m)
				} else if !errors.Is(err, compact.ErrText) && !errors.Is(err, compact.ErrChecksum) {
					t.Fatalf("letter %d %q changed to %q: %v", at, good[at], rune(b), err)
				}
			}
		}
	}
}

// TestLettersLostAndAdded: a letter lost, one doubled, two of a group swapped.
func TestLettersLostAndAdded(t *testing.T) {
	for _, good := range samples(t) {
		for at := range good {
			wantRefused(t, good[:at]+good[at+1:], compact.ErrText)
			wantRefused(t, good[:at]+good[at:at+1]+good[at:], compact.ErrText)
			if at%3 == 2 || good[at] == good[at+1] {
				continue
			}
			swapped := []byte(good)
			swapped[at], swapped[at+1] = good[at+1], good[at]
			if m, err := compact.Parse(string(swapped)); err == nil {
				t.Errorf("letters %d and %d swapped read as %v", at, at+1, m)
			}
		}
	}
}

// TestAsCarriersAndPeopleLeaveIt: white space anywhere and either case are the same message.
func TestAsCarriersAndPeopleLeaveIt(t *testing.T) {
	for _, good := range samples(t) {
		for at := range len(good) + 1 {
			for _, space := range []string{" ", "\t", "\n", "\r\n", "\r"} {
				wantParsed(t, good[:at]+space+good[at:], good)
			}
		}
		wantParsed(t, strings.ToLower(good), good)
		var folded, sentences strings.Builder
		for at := 0; at < len(good); at += 40 {
			fmt.Fprintf(&folded, "%s\r\n", good[at:min(at+40, len(good))])
		}
		wantParsed(t, folded.String(), good)
		for i, sentence := range strings.SplitAfter(strings.ToLower(good), ".") {
			if i > 0 && sentence != "" {
				sentence = " " + strings.ToUpper(sentence[:1]) + sentence[1:]
			}
			sentences.WriteString(sentence)
		}
		wantParsed(t, sentences.String(), good)
	}
}

// TestParseRefusals: each rule of the form, broken alone; the checksum is right unless the case is about it.
func TestParseRefusals(t *testing.T) {
	good := plain().text(t)
	text := func(change func(*fields)) string {
		f := plain()
		change(&f)
		return f.text(t)
	}
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"nothing", "", compact.ErrText},
		{"white space only", " \r\n\t ", compact.ErrText},
		{"a menu's answer", "1*2*150", compact.ErrText},
		{"one letter short", good[1:], compact.ErrText},
		{"one group short", good[3:], compact.ErrText},
		{"one letter more", good + "0", compact.ErrText},
		{"twice", good + good, compact.ErrText},
		{"dollar sign of RFC 9285", "$" + good[1:], compact.ErrText},
		{"no-break space", good[:80] + "\u00a0" + good[80:], compact.ErrText},
		{"zero-width space", good[:80] + "\u200b" + good[80:], compact.ErrText},
		{"form feed", good[:80] + "\f" + good[80:], compact.ErrText},
		{"full-width letter", "\uff21" + good[1:], compact.ErrText},
		{"a letter that folds to S", strings.Repeat("\u017f", compact.Letters), compact.ErrText},
		{"quoted", `"` + good + `"`, compact.ErrText},
		{"zero byte", "\x00" + good, compact.ErrText},
		{"white space without end", good + strings.Repeat(" ", 2000), compact.ErrText},
		{"group above two bytes", good[:3] + ":::" + good[6:], compact.ErrText},
		{"group of 65536", good[:3] + "GGW" + good[6:], compact.ErrText},
		{"checksum of zeros", good[:156] + "000", compact.ErrChecksum},
		{"all zeros", strings.Repeat("0", compact.Letters), compact.ErrChecksum},
		{"groups in another order", good[3:6] + good[:3] + good[6:], compact.ErrChecksum},
		{"template 0", text(func(f *fields) { f.template = "00" }), compact.ErrTemplate},
		{"template 2", text(func(f *fields) { f.template = "02" }), compact.ErrTemplate},
		{"expiry 0", text(func(f *fields) { f.expiry = "000000000000" }), compact.ErrField},
		{"payer 0", text(func(f *fields) { f.payer = "00000000" }), compact.ErrField},
		{"payee 0", text(func(f *fields) { f.payee = "00000000" }), compact.ErrField},
		{"asset 0", text(func(f *fields) { f.asset = "0000" }), compact.ErrField},
		{"amount 0", text(func(f *fields) { f.amount = "0000000000" }), compact.ErrField},
		{"fee without provider", text(func(f *fields) { f.provider = "00000000" }), compact.ErrField},
		{"fee of version 0", text(func(f *fields) { f.schedule = "0000" }), compact.ErrField},
		{"version alone", text(func(f *fields) { f.provider, f.fee = "00000000", "00000000" }), compact.ErrField},
		{"provider alone", text(func(f *fields) { f.schedule, f.fee = "0000", "00000000" }), compact.ErrField},
		{"amount of a fee alone", text(func(f *fields) { f.provider, f.schedule = "00000000", "0000" }), compact.ErrField},
	} {
		t.Run(c.name, func(t *testing.T) { wantRefused(t, c.text, c.want) })
	}
	wantParsed(t, text(func(f *fields) { f.fee = "00000000" }), text(func(f *fields) { f.fee = "00000000" })) // A fee may be 0.
}

// TestErrorsShowNoSignature: a log of refusals must not hold what somebody could submit.
func TestErrorsShowNoSignature(t *testing.T) {
	good := newWorld(t).message(t).String()
	for at := range good {
		_, err := compact.Parse(good[:at] + "!" + good[at+1:])
		if err == nil || len(err.Error()) > 100 {
			t.Fatalf("letter %d: %v", at, err)
		}
	}
}
