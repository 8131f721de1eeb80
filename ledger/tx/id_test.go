package tx_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestHashesAreOfDifferentThings: one tag each, so that no hash is worth anything in another place.
func TestHashesAreOfDifferentThings(t *testing.T) {
	body := encode(t, payment())
	seen := map[[32]byte]string{}
	for name, hash := range map[string][32]byte{
		"id":       tx.NewID(testNetwork, body),
		"envelope": tx.NewEnvelopeHash(testNetwork, body),
		"untagged": key.TaggedHash("", testNetwork[:], body),
		"pending":  tx.PendingDigest(testNetwork, account(1), 1),
		"later":    tx.PendingDigest(testNetwork, account(1), 2),
		"other":    tx.PendingDigest(testNetwork, account(2), 1),
		"network":  tx.PendingDigest(tx.NetworkID{1}, account(1), 1),
	} {
		if other, twice := seen[hash]; twice {
			t.Errorf("%s and %s share a hash", name, other)
		}
		seen[hash] = name
	}
}

func TestPendingDigestLayout(t *testing.T) {
	id := account(1)
	want := key.TaggedHash("umoja/pending/v1", cat(testNetwork[:], id[:], []byte{0, 0, 1, 0x9b, 0x77, 0x45, 0xa4, 0}))
	if got := tx.PendingDigest(testNetwork, id, 0x19b7745a400); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestAccountIDDependsOnAuthorityAndSalt(t *testing.T) {
	a := tx.OpenAccount{Authority: tx.PhoneAuthority(2)}
	b := tx.OpenAccount{Authority: tx.PhoneAuthority(3)}
	c := tx.OpenAccount{Authority: tx.PhoneAuthority(2), Salt: [16]byte{1}}
	if a.Account() == b.Account() || a.Account() == c.Account() || b.Account() == c.Account() {
		t.Error("two foundings share an account")
	}
	if a.Account() != (tx.OpenAccount{Authority: tx.PhoneAuthority(2)}).Account() {
		t.Error("one founding gives two accounts")
	}
}

func TestAccountText(t *testing.T) {
	// The texts here were made by another implementation of bech32m.
	text := "umoja1qyqszqgpqyqszqgpqyqszqgpqy38ucl2"
	if got := account(1).String(); got != text {
		t.Errorf("account of ones is %s, want %s", got, text)
	}
	for _, row := range []struct {
		name, text string
	}{
		{"empty", ""},
		{"prefix alone", "umoja1"},
		{"one letter wrong", text[:10] + "p" + text[11:]},
		{"two neighbours swapped", swap(account(0xa5).String(), 9)},
		{"cut short", text[:len(text)-1]},
		{"one letter more", text + "q"},
		{"mixed case", "Umoja" + text[5:]},
		{"another network's prefix", "bc" + text[5:]},
		{"bech32, not bech32m", "umoja1qqqqqqqqqqqqqqqqqqqqqqqqqqssr5ra"},
		{"bits set that only pad", "umoja1qqqqqqqqqqqqqqqqqqqqqqqqqpc68dmd"},
		{"17 bytes", "umoja1qqqqqqqqqqqqqqqqqqqqqqqqqqqq9uakyt"},
		{"space around", " " + text},
		{"hexadecimal", strings.Repeat("00", 16)},
		{"very long", "umoja1" + strings.Repeat("q", 4096)},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := tx.ParseAccountID(row.text); !errors.Is(err, tx.ErrBadAccount) {
				t.Errorf("%q: %v, want ErrBadAccount", row.text, err)
			}
			id := account(1)
			if err := id.UnmarshalText([]byte(row.text)); !errors.Is(err, tx.ErrBadAccount) || id != account(1) {
				t.Errorf("unmarshal %q: %v, want ErrBadAccount and nothing changed", row.text, err)
			}
		})
	}
}

func swap(text string, i int) string {
	b := []byte(text)
	for b[i] == b[i+1] {
		i++
	}
	b[i], b[i+1] = b[i+1], b[i]
	return string(b)
}

func TestAccountTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := tx.AccountID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		for _, text := range []string{id.String(), strings.ToUpper(id.String())} {
			if got, err := tx.ParseAccountID(text); err != nil || got != id {
				t.Fatalf("%s reads as %v, %v", text, got, err)
			}
		}
		// bech32m finds any one wrong letter.
		text := []byte(id.String())
		at := rapid.IntRange(6, len(text)-1).Draw(t, "at")
		letter := rapid.SampledFrom([]byte("qpzry9x8gf2tvdw0s3jn54khce6mua7l")).Draw(t, "letter")
		if text[at] == letter {
			return
		}
		text[at] = letter
		if _, err := tx.ParseAccountID(string(text)); err == nil {
			t.Fatalf("%s was read with a wrong letter", text)
		}
	})
}

// TestAccountNumber types numbers as people do: every single wrong digit and every swap of neighbours must be found.
func TestAccountNumber(t *testing.T) {
	if got := tx.AccountNumber(572).Text(); got != "5724" {
		t.Errorf("572 is written %s; Damm's own example is 5724", got)
	}
	numbers := []tx.AccountNumber{math.MaxUint32, 999_999_999_999, math.MaxUint64}
	for n := tx.AccountNumber(1); n <= 3000; n++ {
		numbers = append(numbers, n)
	}
	for _, n := range numbers {
		text := n.Text()
		if got, err := tx.ParseAccountNumber(text); err != nil || got != n {
			t.Fatalf("%s reads as %d, %v, want %d", text, got, err, n)
		}
		for i := range text {
			for d := byte('0'); d <= '9'; d++ {
				wrong := []byte(text)
				wrong[i] = d
				refuseNumber(t, text, string(wrong))
			}
			if i > 0 {
				wrong := []byte(text)
				wrong[i-1], wrong[i] = wrong[i], wrong[i-1]
				refuseNumber(t, text, string(wrong))
			}
		}
	}
}

func refuseNumber(t *testing.T, right, wrong string) {
	t.Helper()
	if right == wrong {
		return
	}
	if n, err := tx.ParseAccountNumber(wrong); err == nil {
		t.Errorf("%s mistyped as %s reads as %d", right, wrong, n)
	}
}

func TestAccountNumberRefusals(t *testing.T) {
	for _, text := range []string{"", "0", "5", "00", "05724", " 5724", "5724 ", "57-24", "+5724", "57.24", "٥٧٢٤", "5725", strings.Repeat("9", 22), "184467440737095516160"} {
		if n, err := tx.ParseAccountNumber(text); !errors.Is(err, tx.ErrBadAccount) {
			t.Errorf("%q reads as %d, %v, want ErrBadAccount", text, n, err)
		}
	}
}

func TestParseID(t *testing.T) {
	id := tx.NewID(testNetwork, encode(t, payment()))
	if got, err := tx.ParseID(id.String()); err != nil || got != id {
		t.Errorf("parse what String wrote: %v, %v", got, err)
	}
	for _, text := range []string{"", id.String()[1:], id.String() + "00", strings.Repeat("zz", 32)} {
		if _, err := tx.ParseID(text); !errors.Is(err, tx.ErrMalformed) {
			t.Errorf("%q: %v, want ErrMalformed", text, err)
		}
	}
}

func ExampleAccountNumber_Text() {
	fmt.Println(tx.AccountNumber(572).Text())
	// Output: 5724
}
