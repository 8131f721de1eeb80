package key

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestBIP340 holds signing and verifying to the vectors of BIP340 itself.
func TestBIP340(t *testing.T) {
	f, err := os.Open("testdata/bip340.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 16 {
		t.Fatalf("%d rows, want a title and 15 vectors", len(rows))
	}
	for _, row := range rows[1:] {
		t.Run(row[0], func(t *testing.T) {
			public, digest, sig := Public(unhexed(t, row[2])), [32]byte(unhexed(t, row[4])), Signature(unhexed(t, row[5]))
			if err := public.Verify(digest, sig); (err == nil) != (row[6] == "TRUE") {
				t.Errorf("verify: %v, want %s (%s)", err, row[6], row[7])
			}
			if row[1] == "" {
				return
			}
			private, err := NewPrivate([32]byte(unhexed(t, row[1])))
			if err != nil {
				t.Fatal(err)
			}
			if private.Public() != public {
				t.Errorf("public key is %v, want %v", private.Public(), public)
			}
			got, err := private.SignAux(digest, [32]byte(unhexed(t, row[3])))
			if err != nil || got != sig {
				t.Errorf("signature is %x, %v, want %x", got, err, sig)
			}
		})
	}
}

func TestVerifyRefusesEveryFlippedBit(t *testing.T) {
	p := testKey(t, "flip")
	digest := sha256.Sum256([]byte("pay"))
	sig, err := p.Sign(digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Public().Verify(digest, sig); err != nil {
		t.Fatal(err)
	}
	for bit := range 8 * len(sig) {
		flipped := sig
		flipped[bit/8] ^= 1 << (bit % 8)
		if err := p.Public().Verify(digest, flipped); !errors.Is(err, ErrBadSignature) {
			t.Errorf("bit %d of the signature: %v, want ErrBadSignature", bit, err)
		}
	}
	for bit := range 8 * len(digest) {
		flipped := digest
		flipped[bit/8] ^= 1 << (bit % 8)
		if err := p.Public().Verify(flipped, sig); !errors.Is(err, ErrBadSignature) {
			t.Errorf("bit %d of the digest: %v, want ErrBadSignature", bit, err)
		}
	}
	if err := testKey(t, "stranger").Public().Verify(digest, sig); !errors.Is(err, ErrBadSignature) {
		t.Errorf("a stranger's key: %v, want ErrBadSignature", err)
	}
	offCurve := Public(bytes.Repeat([]byte{0xff}, 32))
	if err := offCurve.Verify(digest, sig); !errors.Is(err, ErrBadPublic) {
		t.Errorf("a key off the curve: %v, want ErrBadPublic", err)
	}
}

func TestSignIsDeterministicAndPerDigest(t *testing.T) {
	p := testKey(t, "one")
	a, _ := p.Sign([32]byte{1})
	b, _ := p.Sign([32]byte{1})
	c, _ := p.Sign([32]byte{2})
	if a != b {
		t.Error("one digest got two signatures")
	}
	if bytes.Equal(a[:32], c[:32]) {
		t.Error("two digests share a nonce, which gives the key away")
	}
}

func TestPrivateText(t *testing.T) {
	p := testKey(t, "text")
	text := p.Text()
	if !strings.HasPrefix(text, "umojasecret1") {
		t.Errorf("text does not say what it is")
	}
	again, err := ParsePrivate(text)
	if err != nil || again.Public() != p.Public() {
		t.Errorf("parse what Text wrote: %v", err)
	}
	for _, row := range []struct{ name, text string }{
		{"empty", ""},
		{"one letter wrong", text[:20] + other(text[20]) + text[21:]},
		{"cut short", text[:len(text)-1]},
		{"an account's prefix", "umoja" + text[len("umojasecret"):]},
		{"mixed case", text[:30] + strings.ToUpper(text[30:])},
		{"bare hexadecimal", strings.Repeat("01", 32)},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := ParsePrivate(row.text); !errors.Is(err, ErrBadPrivate) {
				t.Errorf("got %v, want ErrBadPrivate", err)
			}
		})
	}
}

func TestPrivateTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "secret"))
		p, err := NewPrivate(secret)
		if err != nil {
			t.Skip("not a scalar")
		}
		again, err := ParsePrivate(p.Text())
		if err != nil || again.Text() != p.Text() {
			t.Fatalf("round trip: %v", err)
		}
	})
}

func TestNewPrivateRefusesWhatIsNoScalar(t *testing.T) {
	order := unhexed(t, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	for name, secret := range map[string][32]byte{"zero": {}, "group order": [32]byte(order), "above": [32]byte(bytes.Repeat([]byte{0xff}, 32))} {
		if _, err := NewPrivate(secret); !errors.Is(err, ErrBadPrivate) {
			t.Errorf("%s: %v, want ErrBadPrivate", name, err)
		}
	}
	order[31]--
	if _, err := NewPrivate([32]byte(order)); err != nil {
		t.Errorf("group order - 1: %v", err)
	}
}

// TestGenerateDrawsAgain gives zeros first, which are no key.
func TestGenerateDrawsAgain(t *testing.T) {
	source := io.MultiReader(bytes.NewReader(make([]byte, 32)), strings.NewReader(strings.Repeat("k", 32)))
	p, err := Generate(source)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := NewPrivate([32]byte([]byte(strings.Repeat("k", 32))))
	if p.Public() != want.Public() {
		t.Error("the key is not of the second draw")
	}
	if _, err := Generate(strings.NewReader("short")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a source that ends: %v, want io.ErrUnexpectedEOF", err)
	}
}

func TestParsePublic(t *testing.T) {
	k := testKey(t, "public").Public()
	if got, err := ParsePublicHex(k.String()); err != nil || got != k {
		t.Errorf("parse what String wrote: %v", err)
	}
	for _, row := range []struct{ name, text string }{
		{"empty", ""},
		{"short", k.String()[:62]},
		{"compressed, 33 bytes", "02" + k.String()},
		{"upper case, a second way to write it", strings.ToUpper(k.String())},
		{"not hexadecimal", strings.Repeat("zz", 32)},
		{"off the curve", "eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34"},
		{"above the field", "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := ParsePublicHex(row.text); !errors.Is(err, ErrBadPublic) {
				t.Errorf("got %v, want ErrBadPublic", err)
			}
			var k Public
			if err := k.UnmarshalText([]byte(row.text)); !errors.Is(err, ErrBadPublic) || k != (Public{}) {
				t.Errorf("unmarshal: %v, want ErrBadPublic and nothing set", err)
			}
		})
	}
}

// TestTaggedHash compares with the definition, and with the tag of BIP340's own challenge.
func TestTaggedHash(t *testing.T) {
	prefix := sha256.Sum256([]byte("umoja/tx/v1"))
	want := sha256.Sum256(append(append(append([]byte(nil), prefix[:]...), prefix[:]...), "ab"...))
	if got := TaggedHash("umoja/tx/v1", []byte("a"), []byte("b")); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
	if TaggedHash("umoja/tx/v1") == TaggedHash("umoja/envelope/v1") {
		t.Error("two tags share a hash")
	}
}

func testKey(t testing.TB, label string) Private {
	t.Helper()
	p, err := NewPrivate(sha256.Sum256([]byte(label)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func unhexed(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// other is another letter of bech32's alphabet.
func other(c byte) string {
	if c == 'q' {
		return "p"
	}
	return "q"
}
