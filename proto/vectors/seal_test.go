package vectors_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/key"
)

// nameCipher is the cipher of a sealed name, written from SPEC.md 4.
func nameCipher(t testing.TB, k key.AliasKey, number string) cipher.AEAD {
	t.Helper()
	secret, err := hex.DecodeString(k.Text())
	if err != nil {
		t.Fatal(err)
	}
	derived, err := hkdf.Key(sha256.New, secret, []byte(number), "umoja/name/v1", 32)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return aead
}
