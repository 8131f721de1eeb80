package pin

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
)

// Pepper is a secret of the provider's PIN records and digests. It prints as "redacted". Its zero value is no pepper and
// panics when it is used.
type Pepper struct {
	// secret is two pointers away, because fmt asks no String method of a field that is not exported, and follows one
	// pointer: a struct that keeps a Pepper to itself then prints an address, not the secret.
	secret **[32]byte
}

// PepperID names a pepper in the records that were made under it. It says nothing about the pepper, and depends on nothing
// else, so that no list of names can get lost.
type PepperID [6]byte

// String writes the id in hexadecimal.
func (id PepperID) String() string { return hex.EncodeToString(id[:]) }

// ParsePepperID reads what String wrote.
func ParsePepperID(text string) (id PepperID, err error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(id) {
		return PepperID{}, fmt.Errorf("%w: its name has %d hexadecimal digits", ErrPepper, 2*len(id))
	}
	return PepperID(raw), nil
}

// NewPepper takes the secret.
func NewPepper(secret [32]byte) Pepper {
	kept := &secret
	return Pepper{secret: &kept}
}

// Reveal shows the secret, to whoever writes it to a key file.
func (p Pepper) Reveal() [32]byte { return **p.secret }

// ID names the pepper.
func (p Pepper) ID() PepperID {
	derived := p.Derive("id")
	return PepperID(derived[:len(PepperID{})])
}

// Derive makes a key for another purpose, such as digests of transcripts, that says nothing about the pepper.
func (p Pepper) Derive(purpose string) [32]byte {
	mac := hmac.New(sha256.New, (*p.secret)[:])
	mac.Write([]byte("umoja/pepper/v1\x00" + purpose))
	return [32]byte(mac.Sum(nil))
}

// zero tells whether there is no secret.
func (p Pepper) zero() bool { return p.secret == nil || **p.secret == [32]byte{} }

// String hides the secret.
func (p Pepper) String() string { return redacted }

// GoString hides the secret from %#v.
func (p Pepper) GoString() string { return redacted }

// LogValue hides the secret from slog.
func (p Pepper) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the secret from encoders.
func (p Pepper) MarshalText() ([]byte, error) { return []byte(redacted), nil }
