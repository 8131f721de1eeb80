package pin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// The cost of argon2id: OWASP's minimum. It is written into each record, so that it can be raised later.
const (
	memoryKiB   = 19 * 1024
	iterations  = 2
	parallelism = 1
	saltBytes   = 16
	hashBytes   = 32
)

// prefix is how a record with these costs begins (the PHC string form).
const prefix = "$argon2id$v=19$m=19456,t=2,p=1$"

// ErrRecord means that a stored record is not one that Hash made.
var ErrRecord = errors.New("pin: record is malformed")

// Record is what is stored of a PIN, in the PHC string form. It is no PIN, but it has no place in a log either.
type Record string

// Hasher makes and compares records.
type Hasher struct {
	// pepper is behind a pointer so that fmt does not print it.
	pepper *[32]byte
	// slots bounds how many hashes run at once: each takes 19 MiB and a core, and a flood of PINs must not starve
	// the rest of the gateway.
	slots chan struct{}
}

// NewHasher makes a hasher under the provider's pepper that runs at most concurrent hashes at once; 0 means 2.
func NewHasher(pepper [32]byte, concurrent int) *Hasher {
	if concurrent <= 0 {
		concurrent = 2
	}
	return &Hasher{pepper: &pepper, slots: make(chan struct{}, concurrent)}
}

// Hash makes the record of a PIN for an account, with a salt of the caller's randomness.
func (h *Hasher) Hash(ctx context.Context, account tx.AccountID, secret Secret, salt [saltBytes]byte) (Record, error) {
	hash, err := h.derive(ctx, account, secret, salt[:])
	if err != nil {
		return "", err
	}
	encoding := base64.RawStdEncoding
	return Record(prefix + encoding.EncodeToString(salt[:]) + "$" + encoding.EncodeToString(hash)), nil
}

// Verify compares a PIN with an account's record. An error says nothing about the PIN.
func (h *Hasher) Verify(ctx context.Context, account tx.AccountID, secret Secret, record Record) (bool, error) {
	salt, want, err := record.parse()
	if err != nil {
		return false, err
	}
	got, err := h.derive(ctx, account, secret, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

func (h *Hasher) derive(ctx context.Context, account tx.AccountID, secret Secret, salt []byte) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to hash a PIN: %w", context.Cause(ctx))
	}
	defer func() { <-h.slots }()
	mac := hmac.New(sha256.New, h.pepper[:])
	mac.Write([]byte("umoja/pin/v1\x00"))
	mac.Write(account[:])
	mac.Write([]byte(secret.Reveal()))
	return argon2.IDKey(mac.Sum(nil), salt, iterations, memoryKiB, parallelism, hashBytes), nil
}

// parse takes only what Hash writes.
func (r Record) parse() (salt, hash []byte, err error) {
	rest, ok := strings.CutPrefix(string(r), prefix)
	if !ok {
		return nil, nil, ErrRecord
	}
	saltText, hashText, ok := strings.Cut(rest, "$")
	if !ok {
		return nil, nil, ErrRecord
	}
	encoding := base64.RawStdEncoding.Strict()
	salt, err = encoding.DecodeString(saltText)
	if err != nil || len(salt) != saltBytes {
		return nil, nil, ErrRecord
	}
	hash, err = encoding.DecodeString(hashText)
	if err != nil || len(hash) != hashBytes {
		return nil, nil, ErrRecord
	}
	return salt, hash, nil
}
