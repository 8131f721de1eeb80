package compact_test

import (
	"testing"

	"github.com/umoja-ledger/umoja/ledger/compact"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// FuzzParse: what is read is written again letter for letter, white space and case aside.
func FuzzParse(f *testing.F) {
	for _, text := range samples(f) {
		f.Add(text)
		f.Add(" " + text[:80] + "\r\n" + text[80:] + "\t")
	}
	f.Fuzz(func(t *testing.T, text string) { wantWrittenAgain(t, text) })
}

// FuzzParseBytes takes the bytes before the checksum, so that what is made up reaches the rules behind it.
func FuzzParseBytes(f *testing.F) {
	f.Add(make([]byte, 104))
	for _, text := range samples(f) {
		f.Add(bytesOf(text)[:104])
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) != 104 {
			return
		}
		m := wantWrittenAgain(t, lettersOf(append(data[:104:104], checksum(data)...)))
		// Whatever is accepted and rebuilt is what somebody signed, and is shortened to the same message.
		signed, err := m.Rebuild(network, w.book)
		if err != nil {
			return
		}
		if again, err := compact.Of(signed, w.book); err != nil || again != m {
			t.Errorf("%s was rebuilt, and shortened to %v, %v", m, again, err)
		}
		if err := signed.VerifySignatures(); err != nil || signed.Body.Operations[0].(tx.Transfer).Debit != w.payer {
			t.Errorf("%s was rebuilt: %v", m, err)
		}
	})
}

func wantWrittenAgain(t *testing.T, text string) compact.Message {
	t.Helper()
	m, err := compact.Parse(text)
	if err != nil {
		if m != (compact.Message{}) {
			t.Errorf("%q is refused, and yet read as %v", text, m)
		}
		return m
	}
	if got := m.String(); got != normal(text) {
		t.Errorf("%q is written again as %q", text, got)
	}
	if again, err := compact.Parse(m.String()); err != nil || again != m {
		t.Errorf("%q is read again as %v, %v", m, again, err)
	}
	return m
}

// bytesOf reads what lettersOf wrote.
func bytesOf(text string) []byte {
	value := map[byte]int{}
	for i, c := range []byte("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ=,%*+-./:") {
		value[c] = i
	}
	var raw []byte
	for i := 0; i < len(text); i += 3 {
		n := value[text[i]] + 45*value[text[i+1]] + 2025*value[text[i+2]]
		raw = append(raw, byte(n>>8), byte(n))
	}
	return raw
}
