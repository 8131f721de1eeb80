package checkpoint

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// SubmissionReceipt is a validator's promise about a transaction that it took: it stands in the history before the tree has
// IncludeBySize leaves, or whoever submitted it was told why not, or the validator has complained of the leader. When a final
// tree is larger, the transaction is not in it and had not expired, the promise is broken; from f+1 validators such promises
// show that a leader left it out.
type SubmissionReceipt struct {
	ID tx.ID
	// SeenSize is the size of the validator's tree when it took the transaction.
	SeenSize uint64
	// IncludeBySize is the size by which it is there. Invariant: above SeenSize.
	IncludeBySize uint64
	Validator     string
	Signature     [64]byte
}

func (r SubmissionReceipt) digest(network tx.NetworkID) [32]byte {
	var sizes [16]byte
	binary.BigEndian.PutUint64(sizes[:], r.SeenSize)
	binary.BigEndian.PutUint64(sizes[8:], r.IncludeBySize)
	return key.TaggedHash("umoja/submission/v1", network[:], r.ID[:], sizes[:], []byte(r.Validator))
}

// Sign fills in the signature.
func (r SubmissionReceipt) Sign(network tx.NetworkID, secret ed25519.PrivateKey) SubmissionReceipt {
	digest := r.digest(network)
	r.Signature = [64]byte(ed25519.Sign(secret, digest[:]))
	return r
}

// Verify checks that a validator of the set gave the promise for the transaction.
func (r SubmissionReceipt) Verify(network tx.NetworkID, set ValidatorSet, id tx.ID) error {
	if r.ID != id || r.IncludeBySize <= r.SeenSize {
		return fmt.Errorf("submission receipt of %q is of something else: %w", r.Validator, ErrBadSignature)
	}
	by, ok := set.Find(r.Validator)
	if !ok {
		return fmt.Errorf("submission receipt of %q, who is not in the set: %w", r.Validator, ErrBadSignature)
	}
	digest := r.digest(network)
	if !ed25519.Verify(by.PublicKey(), digest[:], r.Signature[:]) {
		return fmt.Errorf("submission receipt of %q: %w", r.Validator, ErrBadSignature)
	}
	return nil
}
