package key

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode/utf8"
)

// Alias is the keyed hash of a phone number: HMAC-SHA256 of its E.164 text under the network's alias key (SPEC.md 4).
// Outsiders cannot enumerate numbers; whoever holds the key could.
type Alias [32]byte

// String writes the alias in hexadecimal.
func (a Alias) String() string { return hex.EncodeToString(a[:]) }

// SealedName is a display name that only a holder of the alias key who also knows the number can read:
// a 12-byte nonce, the name padded with zeros to 32 bytes under AES-256-GCM, and the 16-byte tag.
type SealedName [60]byte

const sealedNamePlain = 32

// MaxNameLetters is how many letters a display name may have. Those that people's names are written with in GSM-7 take at
// most two bytes in UTF-8, so the name fits the seal; SealName refuses the rare one that does not.
const MaxNameLetters = 14

// Errors of sealed names.
var (
	// ErrBadName means the name is empty, longer than a seal holds, or not plain text.
	ErrBadName = errors.New("display name is empty, too long or not plain text")
	// ErrSeal means the seal is not the key's for that number.
	ErrSeal = errors.New("sealed name does not open")
)

// AliasKey is the network's 32-byte secret for aliases, held by providers, attestors and validators. It prints as
// "redacted". Its zero value is no key and panics when it is used.
type AliasKey struct {
	// secret is two pointers away for the reason given at Private.
	secret **[32]byte
}

// NewAliasKey takes the secret.
func NewAliasKey(secret [32]byte) AliasKey {
	kept := &secret
	return AliasKey{secret: &kept}
}

func (k AliasKey) raw() []byte { return (*k.secret)[:] }

// ParseAliasKey reads 64 hexadecimal digits.
func ParseAliasKey(text string) (AliasKey, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 32 {
		return AliasKey{}, errors.New("alias key is not 64 hexadecimal digits")
	}
	return NewAliasKey([32]byte(raw)), nil
}

// Text writes the secret for a key file.
func (k AliasKey) Text() string { return hex.EncodeToString(k.raw()) }

// String hides the secret.
func (k AliasKey) String() string { return "redacted" }

// GoString hides the secret from %#v.
func (k AliasKey) GoString() string { return "redacted" }

// LogValue hides the secret from slog.
func (k AliasKey) LogValue() slog.Value { return slog.StringValue("redacted") }

// MarshalText refuses: a secret is written by Text and nothing else.
func (k AliasKey) MarshalText() ([]byte, error) {
	return nil, errors.New("marshal alias key: refused")
}

// Alias hashes a number in E.164 form, such as +254711000001.
func (k AliasKey) Alias(e164 string) Alias {
	mac := hmac.New(sha256.New, k.raw())
	mac.Write([]byte("umoja/alias/v1\x00" + e164))
	return Alias(mac.Sum(nil))
}

// SealName seals a display name for the number, with a nonce from rand.
func (k AliasKey) SealName(rand io.Reader, e164, name string) (SealedName, error) {
	if !plainName(name) {
		return SealedName{}, ErrBadName
	}
	var sealed SealedName
	if _, err := io.ReadFull(rand, sealed[:12]); err != nil {
		return SealedName{}, fmt.Errorf("read random bytes for a seal: %w", err)
	}
	var plain [sealedNamePlain]byte
	copy(plain[:], name)
	aead, err := k.nameCipher(e164)
	if err != nil {
		return SealedName{}, err
	}
	aead.Seal(sealed[:12], sealed[:12], plain[:], nil)
	return sealed, nil
}

// plainName says whether the name fits the seal, and is text that a screen shows as it is.
func plainName(name string) bool {
	return name != "" && len(name) <= sealedNamePlain && utf8.ValidString(name) && !strings.ContainsFunc(name, Unseen)
}

// Unseen says whether a character is not seen on a screen and changes what is: controls, which draw lines of their own; bidirectional
// controls, which turn digits around; those without width, which make two names look alike; and separators of lines. The list is fixed,
// because validators judge by it and tables of Unicode grow.
func Unseen(r rune) bool {
	switch {
	case r < 0x20, 0x7f <= r && r <= 0x9f, // Controls.
		r == 0x061c, r == 0x200e, r == 0x200f, 0x202a <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069, // Direction.
		0x200b <= r && r <= 0x200d, r == 0x2060, r == 0xfeff, // No width.
		r == 0x2028, r == 0x2029: // Lines.
		return true
	}
	return false
}

// OpenName reads a display name. A seal that the key opens may still hold what SealName refuses, for whoever holds the
// key can seal anything; that is ErrBadName.
func (k AliasKey) OpenName(e164 string, sealed SealedName) (string, error) {
	aead, err := k.nameCipher(e164)
	if err != nil {
		return "", err
	}
	plain, err := aead.Open(nil, sealed[:12], sealed[12:], nil)
	if err != nil {
		return "", ErrSeal
	}
	end := len(plain)
	for end > 0 && plain[end-1] == 0 {
		end--
	}
	name := string(plain[:end])
	if !plainName(name) {
		return "", ErrBadName
	}
	return name, nil
}

func (k AliasKey) nameCipher(e164 string) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, k.raw(), []byte(e164), "umoja/name/v1", 32)
	if err != nil {
		return nil, fmt.Errorf("derive name key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("make name cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make name cipher: %w", err)
	}
	return aead, nil
}

// MarshalText writes the alias in hexadecimal.
func (a Alias) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, a[:]), nil }

// UnmarshalText reads it.
func (a *Alias) UnmarshalText(text []byte) error { return unhex(a[:], text, "alias") }

// MarshalText writes the seal in hexadecimal.
func (s SealedName) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, s[:]), nil }

// UnmarshalText reads it.
func (s *SealedName) UnmarshalText(text []byte) error { return unhex(s[:], text, "sealed name") }

func unhex(to, text []byte, what string) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(to) {
		return fmt.Errorf("%s is not %d hexadecimal digits", what, 2*len(to))
	}
	copy(to, raw)
	return nil
}

// ShortName shortens a display name for a confirm screen: the first word, and the first letter of the last one. It lets
// a payer recognise somebody they know without telling a stranger the whole name.
func ShortName(name string) string {
	words := strings.Fields(name)
	if len(words) < 2 {
		return name
	}
	initial, _ := utf8.DecodeRuneInString(words[len(words)-1])
	return words[0] + " " + string(initial)
}
