package checkpoint

import (
	"bytes"
	"cmp"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Offence says what a validator did.
type Offence string

// The offences. An honest validator commits none of them, whatever it is told and however often it crashes, as long as it
// keeps what it signed.
const (
	// TwoAttestations: of two trees of one size in one epoch.
	TwoAttestations Offence = "two attestations"
	// TwoRatifications: of two trees of one size in one epoch.
	TwoRatifications Offence = "two ratifications"
	// TwoCosignatures: of two trees of one size.
	TwoCosignatures Offence = "two cosignatures"
	// TwoEpochVotes: for one epoch, naming two trees.
	TwoEpochVotes Offence = "two epoch votes"
	// HiddenCertificate: a vote for an epoch that names a lower tree than one it ratified in an epoch before.
	HiddenCertificate Offence = "hidden certificate"
	// ForkedAttestations: in one epoch, of two trees of which the larger does not begin with the smaller.
	ForkedAttestations Offence = "forked attestations"
	// ForkedCosignatures: of two trees of which the larger does not begin with the smaller.
	ForkedCosignatures Offence = "forked cosignatures"
	// TwoBatches: of one epoch and number, in one term of a leader.
	TwoBatches Offence = "two batches"
	// TwoElections: votes for two candidates in one raft term.
	TwoElections Offence = "two elections"
)

// SignedCheckpoint is a validator's cosignature with what it is of.
type SignedCheckpoint struct {
	Size      uint64
	Root      [32]byte
	TimeUnixS uint64
	Signature [64]byte
}

// SignedEpoch is a validator's vote for an epoch.
type SignedEpoch struct {
	Epoch uint64
	// Certified is as in EpochVote.
	Certified Vote
	Signature [64]byte
}

// SignedHeader is what a leader signed of a batch.
type SignedHeader struct {
	// Header is the canonical BatchHeader.
	Header    []byte
	Signature [64]byte
}

// SignedElection is a validator's vote in an election.
type SignedElection struct {
	Election
	Signature [64]byte
}

// Evidence is two statements of one validator of which an honest one gives at most one. Anybody can check it who knows the
// network and the validator set in which they were given.
//
// Invariant: the lists that are set are those of one offence, and the statements are in ascending order (by epoch or term,
// number or size, then root, hash or candidate), so that two statements make one Evidence.
type Evidence struct {
	Validator     string
	Attestations  []SignedVote
	Ratifications []SignedVote
	Cosignatures  []SignedCheckpoint
	EpochVotes    []SignedEpoch
	Batches       []SignedHeader
	Elections     []SignedElection

	// PrefixRoot is the root that the larger of two trees has at the size of the smaller, which the Proof proves. Both are
	// set for forks only.
	PrefixRoot [32]byte
	Proof      [][32]byte
}

// Verify checks the evidence against the validator set in which the statements were given, and says who did what.
func (e Evidence) Verify(network tx.NetworkID, set ValidatorSet) (culprit string, offence Offence, err error) {
	by, ok := set.Find(e.Validator)
	if !ok {
		return "", "", fmt.Errorf("evidence against %q, who is not in the set: %w", e.Validator, ErrBadEvidence)
	}
	offence, err = e.contradiction(network)
	if err == nil {
		err = e.signed(network, set, by)
	}
	if err != nil {
		return "", "", fmt.Errorf("evidence against %q: %w", e.Validator, err)
	}
	return e.Validator, offence, nil
}

// counts is how many statements there are of each kind, in order of the fields.
func (e Evidence) counts() [6]int {
	return [6]int{len(e.Attestations), len(e.Ratifications), len(e.Cosignatures), len(e.EpochVotes), len(e.Batches), len(e.Elections)}
}

// contradiction says which rule the statements break together, if they were made.
func (e Evidence) contradiction(network tx.NetworkID) (Offence, error) {
	forked := len(e.Proof) > 0
	bare := e.PrefixRoot == [32]byte{} && !forked
	switch e.counts() {
	case [6]int{2, 0, 0, 0, 0, 0}:
		a, b := e.Attestations[0], e.Attestations[1]
		switch {
		case bare && twoRoots(a.Vote, b.Vote):
			return TwoAttestations, nil
		case a.Epoch == b.Epoch && e.forks(a.Vote, b.Vote):
			return ForkedAttestations, nil
		}
	case [6]int{0, 2, 0, 0, 0, 0}:
		if bare && twoRoots(e.Ratifications[0].Vote, e.Ratifications[1].Vote) {
			return TwoRatifications, nil
		}
	case [6]int{0, 0, 2, 0, 0, 0}:
		a, b := e.Cosignatures[0].vote(), e.Cosignatures[1].vote()
		switch {
		case bare && twoRoots(a, b):
			return TwoCosignatures, nil
		case e.forks(a, b):
			return ForkedCosignatures, nil
		}
	case [6]int{0, 0, 0, 2, 0, 0}:
		a, b := e.EpochVotes[0], e.EpochVotes[1]
		if bare && a.Epoch == b.Epoch && compareVotes(a.Certified, b.Certified) < 0 {
			return TwoEpochVotes, nil
		}
	case [6]int{0, 1, 0, 1, 0, 0}:
		r, w := e.Ratifications[0], e.EpochVotes[0]
		if bare && r.Epoch < w.Epoch && r.Above(w.Certified) {
			return HiddenCertificate, nil
		}
	case [6]int{0, 0, 0, 0, 2, 0}:
		if bare {
			return e.twoBatches(network)
		}
	case [6]int{0, 0, 0, 0, 0, 2}:
		a, b := e.Elections[0], e.Elections[1]
		if bare && a.Term == b.Term && a.Candidate < b.Candidate {
			return TwoElections, nil
		}
	}
	return "", fmt.Errorf("the statements do not contradict each other, or are not in order: %w", ErrBadEvidence)
}

// twoRoots says that the votes are of one epoch and size, and of two trees in ascending order.
func twoRoots(a, b Vote) bool {
	return a.Epoch == b.Epoch && a.Size == b.Size && a.Size > 0 && bytes.Compare(a.Root[:], b.Root[:]) < 0
}

func compareVotes(a, b Vote) int {
	return cmp.Or(cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Size, b.Size), bytes.Compare(a.Root[:], b.Root[:]))
}

// forks says that the proof shows the larger tree to begin with another tree than the smaller one.
func (e Evidence) forks(small, large Vote) bool {
	return small.Size > 0 && small.Size < large.Size && e.PrefixRoot != small.Root &&
		CheckConsistency(e.Proof, small.Size, e.PrefixRoot, large.Size, large.Root) == nil
}

// CheckConsistency checks the RFC 6962 proof that the larger tree begins with the smaller one.
func CheckConsistency(proof [][32]byte, small uint64, smallRoot [32]byte, size uint64, root [32]byte) error {
	if small == 0 || small > size || size > 1<<62 {
		return fmt.Errorf("consistency of size %d with size %d: %w", small, size, ErrBadEvidence)
	}
	hashes := make(tlog.TreeProof, len(proof))
	for i, h := range proof {
		hashes[i] = h
	}
	if err := tlog.CheckTree(hashes, int64(size), root, int64(small), smallRoot); err != nil {
		return fmt.Errorf("consistency of size %d with size %d: %v: %w", small, size, err, ErrBadEvidence)
	}
	return nil
}

func (e Evidence) twoBatches(network tx.NetworkID) (Offence, error) {
	a, hashA, err := tx.ParseBatchHeader(network, e.Batches[0].Header)
	if err != nil {
		return "", err
	}
	b, hashB, err := tx.ParseBatchHeader(network, e.Batches[1].Header)
	if err != nil {
		return "", err
	}
	if a.Leader != e.Validator || b.Leader != e.Validator || a.Epoch != b.Epoch || a.Number != b.Number ||
		a.Term != b.Term || a.Term == 0 || bytes.Compare(hashA[:], hashB[:]) >= 0 {
		return "", fmt.Errorf("headers are not two of one leader, epoch, number and term, in order: %w", ErrBadEvidence)
	}
	return TwoBatches, nil
}

// signed checks that the validator made the statements.
func (e Evidence) signed(network tx.NetworkID, set ValidatorSet, by Validator) error {
	for _, v := range e.Attestations {
		if err := v.Verify(network, Attestation, by, v.Signature); err != nil {
			return err
		}
	}
	for _, v := range e.Ratifications {
		if err := v.Verify(network, Ratification, by, v.Signature); err != nil {
			return err
		}
	}
	for _, c := range e.Cosignatures {
		of := Checkpoint{Network: network, Size: c.Size, Root: c.Root}
		if err := of.VerifyCosignature(set, c.By(by.Name)); err != nil {
			return err
		}
	}
	for _, w := range e.EpochVotes {
		if err := (EpochVote{by.Name, w.Certified, w.Signature}).Verify(network, w.Epoch, by); err != nil {
			return err
		}
	}
	for _, b := range e.Batches {
		if err := tx.VerifyHeader(network, b.Header, b.Signature, by.PublicKey()); err != nil {
			return err
		}
	}
	for _, v := range e.Elections {
		if err := v.Verify(network, by.PublicKey(), v.Signature); err != nil {
			return err
		}
	}
	return nil
}

// By gives the cosignature in the form that is sealed into notes.
func (c SignedCheckpoint) By(name string) Cosignature {
	return Cosignature{name, c.TimeUnixS, c.Signature}
}

func (c SignedCheckpoint) vote() Vote { return Vote{Size: c.Size, Root: c.Root} }

// Ordered gives the evidence with its statements in the order that Verify demands.
func (e Evidence) Ordered(network tx.NetworkID) Evidence {
	e.Attestations = ascending(e.Attestations, func(a, b SignedVote) int { return compareVotes(a.Vote, b.Vote) })
	e.Ratifications = ascending(e.Ratifications, func(a, b SignedVote) int { return compareVotes(a.Vote, b.Vote) })
	e.Cosignatures = ascending(e.Cosignatures, func(a, b SignedCheckpoint) int { return compareVotes(a.vote(), b.vote()) })
	e.EpochVotes = ascending(e.EpochVotes, func(a, b SignedEpoch) int { return compareVotes(a.Certified, b.Certified) })
	e.Elections = ascending(e.Elections, func(a, b SignedElection) int { return cmp.Compare(a.Candidate, b.Candidate) })
	e.Batches = ascending(e.Batches, func(a, b SignedHeader) int {
		_, hashA, _ := tx.ParseBatchHeader(network, a.Header) // One that is malformed fails Verify in any order.
		_, hashB, _ := tx.ParseBatchHeader(network, b.Header)
		return bytes.Compare(hashA[:], hashB[:])
	})
	return e
}

func ascending[T any](two []T, compare func(a, b T) int) []T {
	if len(two) == 2 && compare(two[0], two[1]) > 0 {
		return []T{two[1], two[0]}
	}
	return two
}
