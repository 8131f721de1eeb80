package finality

import "github.com/umoja-ledger/umoja/ledger/checkpoint"

// SignedVote is a validator's attestation or ratification. Size zero means that it was not given yet.
type SignedVote struct {
	checkpoint.Vote
	Signature [64]byte
}

// SignedCheckpoint is a validator's cosignature. Size zero means that it was not given yet.
type SignedCheckpoint struct {
	Size      uint64
	Root      [32]byte
	TimeUnixS uint64
	Signature [64]byte
}

// Signature is one validator's part of a certificate or of a final checkpoint's ratifications.
type Signature struct {
	Validator string
	Signature [64]byte
}

// Named is the round that the leader of a raft term opens. Size zero means none.
type Named struct {
	Epoch uint64
	Term  uint64
	// Size is a header leaf's boundary.
	Size uint64
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
}

// Kind says which of a validator's words is meant.
type Kind string

// The kinds of words that are signed.
const (
	KindAttestation  Kind = "attestation"
	KindRatification Kind = "ratification"
	KindCosignature  Kind = "cosignature"
)

// Evidence is two signatures of one validator that an honest one never gives: two roots for one epoch and size. Anybody
// who knows the validator's key can check it.
type Evidence struct {
	Validator string
	Kind      Kind
	// Votes are set for attestations and ratifications.
	Votes [2]SignedVote
	// Cosignatures are set for cosignatures.
	Cosignatures [2]SignedCheckpoint
}
