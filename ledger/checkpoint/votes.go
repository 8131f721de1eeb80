package checkpoint

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// VoteKind says which step on the way to finality a vote is.
type VoteKind string

// The kinds of votes, and their tags.
const (
	// Attestation: I applied and verified this tree.
	Attestation VoteKind = "umoja/attest/v1"
	// Ratification: I hold a certificate (a quorum of attestations) of this tree.
	Ratification VoteKind = "umoja/ratify/v1"
)

// Vote is what a validator signs in a round.
type Vote struct {
	Epoch uint64
	Size  uint64
	Root  [32]byte
}

// SignedVote is a validator's vote. Size zero means that it was not given.
type SignedVote struct {
	Vote
	Signature [64]byte
}

func (v Vote) digest(network tx.NetworkID, kind VoteKind) [32]byte {
	var numbers [16]byte
	binary.BigEndian.PutUint64(numbers[:], v.Epoch)
	binary.BigEndian.PutUint64(numbers[8:], v.Size)
	return key.TaggedHash(string(kind), network[:], numbers[:], v.Root[:])
}

// Sign signs the vote. The caller must have persisted it before.
func (v Vote) Sign(network tx.NetworkID, kind VoteKind, secret ed25519.PrivateKey) [64]byte {
	digest := v.digest(network, kind)
	return [64]byte(ed25519.Sign(secret, digest[:]))
}

// Verify checks a validator's signature.
func (v Vote) Verify(network tx.NetworkID, kind VoteKind, by Validator, sig [64]byte) error {
	digest := v.digest(network, kind)
	if !ed25519.Verify(by.PublicKey(), digest[:], sig[:]) {
		return fmt.Errorf("vote of %q: %w", by.Name, ErrBadSignature)
	}
	return nil
}
