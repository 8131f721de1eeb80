package finality

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// SignedVote is a validator's attestation or ratification. Size zero means that it was not given yet.
type SignedVote = checkpoint.SignedVote

// Signature is one validator's part of a certificate or of a final checkpoint's ratifications.
type Signature = checkpoint.Signature

// SignedCheckpoint is a validator's cosignature. Size zero means that it was not given yet.
type SignedCheckpoint = checkpoint.SignedCheckpoint

// treeOf is what a cosignature is of, without an epoch.
func treeOf(c SignedCheckpoint) checkpoint.Vote { return checkpoint.Vote{Size: c.Size, Root: c.Root} }

// EpochWord is a validator's vote for an epoch, with what proves the certificate that it names. Epoch zero means that it
// was not given yet.
type EpochWord struct {
	Epoch uint64
	// Certified is the highest tree that it held a certificate of; size zero when none.
	Certified checkpoint.Vote
	Signature [64]byte
	// Certificate is the quorum of attestations of Certified, sorted by validator.
	Certificate []Signature
}

// by gives the vote in the form that package checkpoint verifies.
func (w EpochWord) by(name string) checkpoint.EpochVote {
	return checkpoint.EpochVote{Validator: name, Certified: w.Certified, Signature: w.Signature}
}

// certificate is what the vote names.
func (w EpochWord) certificate() checkpoint.Certificate {
	return checkpoint.Certificate{Vote: w.Certified, Signatures: w.Certificate}
}

// verify checks the vote, and that the certificate which it names is there.
// A tree of an epoch before first, which is the set's own, starts nothing and needs no certificate.
func (w EpochWord) verify(network tx.NetworkID, set checkpoint.ValidatorSet, first uint64, by checkpoint.Validator) error {
	if w.Certified.Size == 0 && len(w.Certificate) > 0 {
		return fmt.Errorf("epoch vote of %q has a certificate of nothing: %w", by.Name, ErrBadMessage)
	}
	if w.Certified.Size > 0 && w.Certified.Epoch >= first {
		if err := w.certificate().Verify(network, set, checkpoint.Attestation); err != nil {
			return err
		}
	}
	return w.by(by.Name).Verify(network, w.Epoch, by)
}

// Named is the round that the leader of a raft term opens. Size zero means none.
type Named struct {
	Epoch uint64
	Term  uint64
	// Size is a header leaf's boundary.
	Size uint64
}

// newer orders rounds by term, epoch and size.
func (n Named) newer(last Named) bool {
	switch {
	case n.Term != last.Term:
		return n.Term > last.Term
	case n.Epoch != last.Epoch:
		return n.Epoch > last.Epoch
	}
	return n.Size > last.Size
}

// Messages is what one validator has last said of each kind.
type Messages struct {
	Validator    string
	Named        Named
	Attestation  SignedVote
	Ratification SignedVote
	Cosignature  SignedCheckpoint
	// FinalSize is the size of its newest sealed checkpoint.
	FinalSize uint64
	// Wish is its vote for the epoch after the one in force.
	Wish EpochWord
}
