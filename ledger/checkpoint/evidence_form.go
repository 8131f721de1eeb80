package checkpoint

import (
	"bytes"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// maxEvidence bounds the encoded evidence: two batch headers that open epochs are the largest.
const maxEvidence = 128 << 10

// Encode gives the canonical bytes, which are also the form of the file.
func (e Evidence) Encode() []byte {
	m := &umojav1.Evidence{Validator: e.Validator}
	m.Attestations, m.Ratifications = signedTrees(e.Attestations), signedTrees(e.Ratifications)
	for _, c := range e.Cosignatures {
		m.Cosignatures = append(m.Cosignatures, &umojav1.SignedCheckpoint{
			Size: c.Size, Root: c.Root[:], TimeUnixS: c.TimeUnixS, Signature: c.Signature[:],
		})
	}
	for _, w := range e.EpochVotes {
		vote := EpochVote{e.Validator, w.Certified, w.Signature}
		m.EpochVotes = append(m.EpochVotes, &umojav1.SignedEpoch{Epoch: w.Epoch, Vote: vote.Proto()})
	}
	for _, b := range e.Batches {
		m.Batches = append(m.Batches, &umojav1.SignedHeader{Header: b.Header, Signature: b.Signature[:]})
	}
	for _, v := range e.Elections {
		m.Elections = append(m.Elections, &umojav1.SignedElection{
			Term: v.Term, Candidate: v.Candidate, LastIndex: v.LastIndex, LastTerm: v.LastTerm, Signature: v.Signature[:],
		})
	}
	if e.PrefixRoot != [32]byte{} {
		m.PrefixRoot = e.PrefixRoot[:]
	}
	for _, h := range e.Proof {
		m.Proof = append(m.Proof, h[:])
	}
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic("encode evidence: " + err.Error()) // Cannot happen: names are ASCII.
	}
	return raw
}

func signedTrees(votes []SignedVote) (all []*umojav1.SignedTree) {
	for _, v := range votes {
		all = append(all, &umojav1.SignedTree{Epoch: v.Epoch, Size: v.Size, Root: v.Root[:], Signature: v.Signature[:]})
	}
	return all
}

// ParseEvidence reads canonical bytes. Whether the evidence holds is for Verify.
func ParseEvidence(raw []byte) (Evidence, error) {
	if len(raw) > maxEvidence {
		return Evidence{}, fmt.Errorf("parse evidence: above 128 KiB: %w", ErrBadEvidence)
	}
	if err := tx.CheckEvidence(raw); err != nil {
		return Evidence{}, fmt.Errorf("parse evidence: %w", err)
	}
	var m umojav1.Evidence
	if err := proto.Unmarshal(raw, &m); err != nil {
		return Evidence{}, fmt.Errorf("parse evidence: %w", ErrBadEvidence)
	}
	var r lengths
	e := Evidence{Validator: m.GetValidator()}
	r.expect(CheckName(e.Validator) == nil)
	e.Attestations, e.Ratifications = r.votes(m.GetAttestations()), r.votes(m.GetRatifications())
	for _, c := range m.GetCosignatures() {
		e.Cosignatures = append(e.Cosignatures, SignedCheckpoint{c.GetSize(), r.hash(c.GetRoot()), c.GetTimeUnixS(), r.signature(c.GetSignature())})
	}
	for _, w := range m.GetEpochVotes() {
		vote, err := EpochVoteOf(w.GetVote())
		r.expect(err == nil && vote.Validator == e.Validator)
		e.EpochVotes = append(e.EpochVotes, SignedEpoch{w.GetEpoch(), vote.Certified, vote.Signature})
	}
	for _, b := range m.GetBatches() {
		e.Batches = append(e.Batches, SignedHeader{b.GetHeader(), r.signature(b.GetSignature())})
	}
	for _, v := range m.GetElections() {
		election := Election{v.GetTerm(), v.GetCandidate(), v.GetLastIndex(), v.GetLastTerm()}
		r.expect(CheckName(election.Candidate) == nil)
		e.Elections = append(e.Elections, SignedElection{election, r.signature(v.GetSignature())})
	}
	if len(m.GetPrefixRoot()) > 0 {
		e.PrefixRoot = r.hash(m.GetPrefixRoot())
	}
	for _, h := range m.GetProof() {
		e.Proof = append(e.Proof, r.hash(h))
	}
	if r.wrong || !bytes.Equal(e.Encode(), raw) {
		return Evidence{}, fmt.Errorf("parse evidence: a name or a length: %w", ErrBadEvidence)
	}
	return e, nil
}

// lengths reads parts of fixed length and notes when one has another.
type lengths struct{ wrong bool }

func (r *lengths) expect(ok bool) { r.wrong = r.wrong || !ok }

func (r *lengths) hash(raw []byte) (h [32]byte) {
	r.expect(len(raw) == len(h))
	copy(h[:], raw)
	return h
}

func (r *lengths) signature(raw []byte) (s [64]byte) {
	r.expect(len(raw) == len(s))
	copy(s[:], raw)
	return s
}

func (r *lengths) votes(trees []*umojav1.SignedTree) (all []SignedVote) {
	for _, t := range trees {
		vote := Vote{Epoch: t.GetEpoch(), Size: t.GetSize(), Root: r.hash(t.GetRoot())}
		all = append(all, SignedVote{Vote: vote, Signature: r.signature(t.GetSignature())})
	}
	return all
}
