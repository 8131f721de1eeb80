package key

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const number = "+254711000001"

var (
	aliasKey      = NewAliasKey(sha256.Sum256([]byte("alias")))
	otherAliasKey = NewAliasKey(sha256.Sum256([]byte("other")))
)

// TestAliasIsHMAC computes the alias by its definition.
func TestAliasIsHMAC(t *testing.T) {
	secret := sha256.Sum256([]byte("alias"))
	mac := hmac.New(sha256.New, secret[:])
	io.WriteString(mac, "umoja/alias/v1\x00+254711000001")
	if got := aliasKey.Alias(number); !bytes.Equal(got[:], mac.Sum(nil)) {
		t.Errorf("alias is %v", got)
	}
	if aliasKey.Alias(number) == aliasKey.Alias("+254711000002") {
		t.Error("two numbers share an alias")
	}
	if aliasKey.Alias(number) == otherAliasKey.Alias(number) {
		t.Error("two networks share an alias: outsiders could compare their users")
	}
}

func TestAliasKeyText(t *testing.T) {
	again, err := ParseAliasKey(aliasKey.Text())
	if err != nil || again.Alias(number) != aliasKey.Alias(number) {
		t.Errorf("parse what Text wrote: %v", err)
	}
	for _, text := range []string{"", "00", strings.Repeat("0", 63), strings.Repeat("0", 66), strings.Repeat("g", 64)} {
		if _, err := ParseAliasKey(text); err == nil {
			t.Errorf("%q was read", text)
		} else if text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("the error shows what was given for a key: %v", err)
		}
	}
}

func TestZeroAliasKeyIsNoKey(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the zero key made an alias that everybody can make")
		}
	}()
	AliasKey{}.Alias(number)
}

func TestSealNameRoundTrip(t *testing.T) {
	for _, name := range []string{"J", "JUMA OTIENO", "Zoë Ørsted-Ñáñez", strings.Repeat("x", 32), strings.Repeat("é", MaxNameLetters)} {
		sealed, err := aliasKey.SealName(rand.Reader, number, name)
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if got, err := aliasKey.OpenName(number, sealed); err != nil || got != name {
			t.Errorf("opened %q, %v, want %q", got, err, name)
		}
	}
	a, _ := aliasKey.SealName(rand.Reader, number, "JUMA")
	b, _ := aliasKey.SealName(rand.Reader, number, "JUMA")
	if a == b {
		t.Error("one name sealed twice looks the same: the nonce is not random")
	}
}

func TestSealNameRefusals(t *testing.T) {
	for _, row := range []struct{ name, text string }{
		{"empty", ""},
		{"33 bytes", strings.Repeat("x", 33)},
		{"ends in what pads", "JUMA\x00"},
		{"a new line, which forges a second line on a screen", "JUMA\nPAID"},
		{"an escape, which a terminal obeys", "\x1b[2J"},
		{"delete", "JUMA\x7f"},
		{"a control of Latin-1", "JUMA\u0085"},
		{"a turn of direction, which shows 12 as 21", "JUMA\u202e12"},
		{"a mark of direction", "JUMA\u061c"},
		{"an isolate", "JUMA\u2066"},
		{"a character without width, which makes two names look alike", "JU\u200bMA"},
		{"a byte order mark", "\ufeffJUMA"},
		{"a separator of lines", "JUMA\u2028PAID"},
		{"not UTF-8", "JUMA\xff"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := aliasKey.SealName(rand.Reader, number, row.text); !errors.Is(err, ErrBadName) {
				t.Errorf("got %v, want ErrBadName", err)
			}
			if len(row.text) > 32 || row.name == "ends in what pads" {
				return // Nobody can seal it: it does not fit, or the padding swallows it.
			}
			// A provider with a program of its own seals it all the same; the reader refuses.
			if _, err := aliasKey.OpenName(number, sealRaw(t, row.text)); !errors.Is(err, ErrBadName) {
				t.Errorf("opened with %v, want ErrBadName", err)
			}
		})
	}
	if _, err := aliasKey.SealName(strings.NewReader("short"), number, "JUMA"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a random source that ends: %v, want io.ErrUnexpectedEOF", err)
	}
}

// sealRaw seals any text, as SealName does before it looks at the name.
func sealRaw(t *testing.T, text string) SealedName {
	t.Helper()
	aead, err := aliasKey.nameCipher(number)
	if err != nil {
		t.Fatal(err)
	}
	var sealed SealedName
	var plain [sealedNamePlain]byte
	copy(plain[:], text)
	aead.Seal(sealed[:12], sealed[:12], plain[:], nil)
	return sealed
}

func TestOpenNameNeedsKeyAndNumber(t *testing.T) {
	sealed, err := aliasKey.SealName(rand.Reader, number, "JUMA OTIENO")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := otherAliasKey.OpenName(number, sealed); !errors.Is(err, ErrSeal) {
		t.Errorf("another key: %v, want ErrSeal", err)
	}
	if _, err := aliasKey.OpenName("+254711000002", sealed); !errors.Is(err, ErrSeal) {
		t.Errorf("another number: %v, want ErrSeal", err)
	}
	for bit := range 8 * len(sealed) {
		flipped := sealed
		flipped[bit/8] ^= 1 << (bit % 8)
		if _, err := aliasKey.OpenName(number, flipped); !errors.Is(err, ErrSeal) {
			t.Errorf("bit %d: %v, want ErrSeal", bit, err)
		}
	}
}

func TestAliasAndSealText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		alias := Alias(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "alias"))
		seal := SealedName(rapid.SliceOfN(rapid.Byte(), 60, 60).Draw(t, "seal"))
		var alias2 Alias
		var seal2 SealedName
		a, _ := alias.MarshalText()
		s, _ := seal.MarshalText()
		if err := alias2.UnmarshalText(a); err != nil || alias2 != alias {
			t.Fatalf("alias: %v", err)
		}
		if err := seal2.UnmarshalText(s); err != nil || seal2 != seal {
			t.Fatalf("seal: %v", err)
		}
		if alias2.UnmarshalText(s) == nil || seal2.UnmarshalText(a) == nil || alias2.UnmarshalText(a[1:]) == nil {
			t.Fatal("a text of the wrong length was read")
		}
	})
}
