// Package key holds the keys that move money and the secrets that hide phone numbers.
//
// A user's or provider's key lives as 32 secret bytes (Private), signs digests by BIP340 Schnorr over secp256k1, and is
// known to the world as an x-only public key (Public). Nothing is ever signed but a tagged hash (TaggedHash), so that a
// signature for one purpose or network is worth nothing for another. An AliasKey turns a phone number into the keyed hash
// that stands on the ledger, and seals the name that its owner wants payers to see.
//
// The package promises that a Signature it accepts is valid by BIP340 and nothing else (64 bytes, no alternative
// encodings), and that secrets print as "redacted". It is the only importer of btcec.
package key

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/btcutil/bech32"
)

// Errors of this package.
var (
	// ErrBadPublic means the bytes are not the x coordinate of a point on secp256k1.
	ErrBadPublic = errors.New("public key is not 32 bytes on the curve")
	// ErrBadPrivate means the text or bytes are not a private key.
	ErrBadPrivate = errors.New("private key is malformed")
	// ErrBadSignature means the signature is not the key's over the digest.
	ErrBadSignature = errors.New("signature is not valid")
)

// Public is a BIP340 public key: the x coordinate, 32 bytes.
type Public [32]byte

// Signature is a BIP340 signature.
type Signature [64]byte

// Signer signs digests without showing its key. Custody back ends implement it; Private does too.
type Signer interface {
	// Public is the key that verifies.
	Public() Public
	// Sign signs a tagged hash.
	Sign(digest [32]byte) (Signature, error)
}

// Private is a secret key. It prints as "redacted".
type Private struct {
	// secret is two pointers away because fmt asks no String method of a field that is not exported, and follows one
	// pointer: a struct that keeps a Private to itself then prints an address, not the secret.
	secret **btcec.PrivateKey
}

// privateHRP is the human-readable part of a private key's bech32m text.
const privateHRP = "umojasecret"

// Generate makes a key from 32 random bytes of rand, crypto/rand.Reader outside of tests.
func Generate(rand io.Reader) (Private, error) {
	for {
		var secret [32]byte
		if _, err := io.ReadFull(rand, secret[:]); err != nil {
			return Private{}, fmt.Errorf("read random bytes for a key: %w", err)
		}
		if p, err := NewPrivate(secret); err == nil {
			return p, nil
		} // Else the bytes were zero or above the group order: once in 2^127 draws.
	}
}

// NewPrivate takes a secret scalar; zero and values above the group order are ErrBadPrivate.
func NewPrivate(secret [32]byte) (Private, error) {
	var scalar btcec.ModNScalar
	if overflow := scalar.SetBytes(&secret); overflow != 0 || scalar.IsZero() {
		return Private{}, ErrBadPrivate
	}
	k, _ := btcec.PrivKeyFromBytes(secret[:])
	return Private{secret: &k}, nil
}

// ParsePrivate reads the text that Text wrote.
func ParsePrivate(text string) (Private, error) {
	hrp, data, version, err := bech32.DecodeGeneric(text)
	if err != nil || hrp != privateHRP || version != bech32.VersionM {
		return Private{}, ErrBadPrivate
	}
	raw, err := bech32.ConvertBits(data, 5, 8, false)
	if err != nil || len(raw) != 32 {
		return Private{}, ErrBadPrivate
	}
	return NewPrivate([32]byte(raw))
}

// Text writes the secret as bech32m, for a key file that only its owner can read.
func (p Private) Text() string {
	data, err := bech32.ConvertBits((*p.secret).Serialize(), 8, 5, true)
	if err != nil {
		panic("convert 32 bytes to 5-bit groups: " + err.Error()) // Cannot happen: padding is allowed.
	}
	text, err := bech32.EncodeM(privateHRP, data)
	if err != nil {
		panic("encode bech32m: " + err.Error()) // Cannot happen: the prefix is valid.
	}
	return text
}

// Public is the key that verifies what p signs.
func (p Private) Public() Public {
	return Public(schnorr.SerializePubKey((*p.secret).PubKey()))
}

// Sign signs a tagged hash by BIP340. The nonce is btcec's, by RFC 6979 and not by the auxiliary bytes of BIP340, which
// verifiers cannot tell: one digest always gets one signature. btcec verifies the signature before it gives it out, so that
// a fault in the arithmetic never leaks the key.
func (p Private) Sign(digest [32]byte) (Signature, error) {
	sig, err := schnorr.Sign(*p.secret, digest[:])
	if err != nil {
		return Signature{}, fmt.Errorf("sign digest: %w", err)
	}
	return Signature(sig.Serialize()), nil
}

// SignAux signs with the BIP340 nonce for the given auxiliary random bytes; test vectors use zero bytes.
func (p Private) SignAux(digest, aux [32]byte) (Signature, error) {
	sig, err := schnorr.Sign(*p.secret, digest[:], schnorr.CustomNonce(aux))
	if err != nil {
		return Signature{}, fmt.Errorf("sign digest: %w", err)
	}
	return Signature(sig.Serialize()), nil
}

// String hides the secret.
func (p Private) String() string { return "redacted" }

// GoString hides the secret from %#v.
func (p Private) GoString() string { return "redacted" }

// LogValue hides the secret from slog.
func (p Private) LogValue() slog.Value { return slog.StringValue("redacted") }

// MarshalText refuses: a secret is written by Text and nothing else.
func (p Private) MarshalText() ([]byte, error) {
	return nil, errors.New("marshal private key: refused")
}

// ParsePublic takes 32 bytes that are on the curve.
func ParsePublic(raw []byte) (Public, error) {
	if len(raw) != 32 {
		return Public{}, ErrBadPublic
	}
	if _, err := schnorr.ParsePubKey(raw); err != nil {
		return Public{}, ErrBadPublic
	}
	return Public(raw), nil
}

// ParsePublicHex takes the text that String wrote.
func ParsePublicHex(text string) (Public, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || hex.EncodeToString(raw) != text {
		return Public{}, ErrBadPublic
	}
	return ParsePublic(raw)
}

// String writes the key in lower-case hexadecimal.
func (k Public) String() string { return hex.EncodeToString(k[:]) }

// MarshalText writes the key in hexadecimal.
func (k Public) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads it.
func (k *Public) UnmarshalText(text []byte) error {
	parsed, err := ParsePublicHex(string(text))
	if err != nil {
		return err
	}
	*k = parsed
	return nil
}

// Verify checks the key's signature over a digest; anything but a valid one is ErrBadSignature or ErrBadPublic.
func (k Public) Verify(digest [32]byte, sig Signature) error {
	point, err := schnorr.ParsePubKey(k[:])
	if err != nil {
		return ErrBadPublic
	}
	// btcec reduces s by the group order, which BIP340 forbids: a signature would have a second form.
	var s btcec.ModNScalar
	if s.SetByteSlice(sig[32:]) {
		return ErrBadSignature
	}
	parsed, err := schnorr.ParseSignature(sig[:])
	if err != nil || !parsed.Verify(digest[:], point) {
		return ErrBadSignature
	}
	return nil
}

// shortMessage is up to which length a message is hashed without memory of its own: an envelope of one payment fits.
const shortMessage = 512

// TaggedHash is BIP340's: SHA-256 over SHA-256(tag) twice and the parts in order. Parts of variable length must be
// last or stand behind their length, else two meanings share a hash.
func TaggedHash(tag string, parts ...[]byte) [32]byte {
	prefix := sha256.Sum256([]byte(tag))
	size := 2 * len(prefix)
	for _, part := range parts {
		size += len(part)
	}
	if size <= shortMessage { // Most are, and need no memory of their own.
		var short [shortMessage]byte
		message := append(append(short[:0], prefix[:]...), prefix[:]...)
		for _, part := range parts {
			message = append(message, part...)
		}
		return sha256.Sum256(message)
	}
	h := sha256.New()
	h.Write(prefix[:])
	h.Write(prefix[:])
	for _, part := range parts {
		h.Write(part)
	}
	return [32]byte(h.Sum(nil))
}
