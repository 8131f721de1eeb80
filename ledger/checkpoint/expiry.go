package checkpoint

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// ExpiryStatement is a validator's word that a transaction has no leaf, and that a final header leaf is later than its
// expiry, so that it can never have one. The same from f+1 validators settles the payment as never made.
type ExpiryStatement struct {
	ID               tx.ID
	ExpiresAtUnixMs  uint64
	HeaderIndex      uint64
	HeaderTimeUnixMs uint64
	Root             [32]byte
	Size             uint64
	Validator        string
	Signature        [64]byte
}

func (e ExpiryStatement) digest(network tx.NetworkID) [32]byte {
	var numbers [32]byte
	for i, n := range []uint64{e.ExpiresAtUnixMs, e.HeaderIndex, e.HeaderTimeUnixMs, e.Size} {
		binary.BigEndian.PutUint64(numbers[8*i:], n)
	}
	return key.TaggedHash("umoja/expired/v1", network[:], e.ID[:], numbers[:], e.Root[:], []byte(e.Validator))
}

// Sign fills in the signature.
func (e ExpiryStatement) Sign(network tx.NetworkID, secret ed25519.PrivateKey) ExpiryStatement {
	digest := e.digest(network)
	e.Signature = [64]byte(ed25519.Sign(secret, digest[:]))
	return e
}

// Verify checks the signature and that the statement says what it must.
func (e ExpiryStatement) Verify(network tx.NetworkID, set ValidatorSet, id tx.ID, expiresAtUnixMs uint64) error {
	v, ok := set.Find(e.Validator)
	if !ok {
		return fmt.Errorf("expiry statement of %q, who is not in the set: %w", e.Validator, ErrBadSignature)
	}
	if e.ID != id || e.ExpiresAtUnixMs != expiresAtUnixMs || e.HeaderTimeUnixMs <= expiresAtUnixMs || e.HeaderIndex >= e.Size {
		return fmt.Errorf("expiry statement of %q is of something else: %w", e.Validator, ErrBadSignature)
	}
	digest := e.digest(network)
	if !ed25519.Verify(v.PublicKey(), digest[:], e.Signature[:]) {
		return fmt.Errorf("expiry statement of %q: %w", e.Validator, ErrBadSignature)
	}
	return nil
}
