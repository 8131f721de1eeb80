package finality

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// encodeMessages gives the wire form. Words that were not said are absent.
func encodeMessages(m Messages) *peerv1.FinalityMessages {
	p := &peerv1.FinalityMessages{
		Validator: m.Validator, FinalSize: m.FinalSize,
		Attestation: encodeVote(m.Attestation), Ratification: encodeVote(m.Ratification),
	}
	if m.Named.Size > 0 {
		p.Named = &peerv1.NamedSize{Epoch: m.Named.Epoch, Term: m.Named.Term, Size: m.Named.Size}
	}
	if c := m.Cosignature; c.Size > 0 {
		p.Cosignature = &peerv1.Cosignature{Size: c.Size, Root: c.Root[:], TimeUnixS: c.TimeUnixS, Signature: c.Signature[:]}
	}
	if w := m.Wish; w.Epoch > 0 {
		p.WishedEpoch, p.EpochVote, p.Certificate = w.Epoch, w.by(m.Validator).Proto(), w.certificate().Proto()
	}
	return p
}

func encodeVote(v SignedVote) *peerv1.Vote {
	if v.Size == 0 {
		return nil
	}
	return &peerv1.Vote{Epoch: v.Epoch, Size: v.Size, Root: v.Root[:], Signature: v.Signature[:]}
}

// parseMessages reads the wire form. It checks lengths only; the machine verifies.
func parseMessages(p *peerv1.FinalityMessages) (Messages, error) {
	if err := checkpoint.CheckName(p.GetValidator()); err != nil {
		return Messages{}, fmt.Errorf("validator: %w", ErrBadMessage)
	}
	m := Messages{Validator: p.GetValidator(), FinalSize: p.GetFinalSize()}
	if n := p.GetNamed(); n != nil {
		m.Named = Named{Epoch: n.GetEpoch(), Term: n.GetTerm(), Size: n.GetSize()}
	}
	var err error
	if m.Attestation, err = parseVote("attestation", p.GetAttestation()); err != nil {
		return Messages{}, err
	}
	if m.Ratification, err = parseVote("ratification", p.GetRatification()); err != nil {
		return Messages{}, err
	}
	if c := p.GetCosignature(); c != nil {
		if err := checkLengths("cosignature", c.GetSize(), c.GetRoot(), c.GetSignature()); err != nil {
			return Messages{}, err
		}
		m.Cosignature = SignedCheckpoint{
			Size: c.GetSize(), Root: [32]byte(c.GetRoot()), TimeUnixS: c.GetTimeUnixS(), Signature: [64]byte(c.GetSignature()),
		}
	}
	m.Wish, err = parseWish(p)
	return m, err
}

// parseWish reads a vote for an epoch with its certificate. Both name the tree, and one is enough.
func parseWish(p *peerv1.FinalityMessages) (EpochWord, error) {
	if p.GetEpochVote() == nil {
		if p.GetWishedEpoch() > 0 || p.GetCertificate() != nil {
			return EpochWord{}, fmt.Errorf("epoch_vote is missing: %w", ErrBadMessage)
		}
		return EpochWord{}, nil
	}
	vote, err := checkpoint.EpochVoteOf(p.GetEpochVote())
	if err != nil {
		return EpochWord{}, fmt.Errorf("%w: %w", ErrBadMessage, err)
	}
	certificate, err := checkpoint.CertificateOf(p.GetCertificate())
	if err != nil {
		return EpochWord{}, fmt.Errorf("%w: %w", ErrBadMessage, err)
	}
	switch {
	case p.GetWishedEpoch() == 0:
		return EpochWord{}, fmt.Errorf("wished_epoch is zero: %w", ErrBadMessage)
	case vote.Validator != p.GetValidator():
		return EpochWord{}, fmt.Errorf("epoch_vote is of %q: %w", vote.Validator, ErrBadMessage)
	case vote.Certified != certificate.Vote:
		return EpochWord{}, fmt.Errorf("certificate is not of the tree that epoch_vote names: %w", ErrBadMessage)
	}
	return EpochWord{
		Epoch: p.GetWishedEpoch(), Certified: vote.Certified, Signature: vote.Signature, Certificate: certificate.Signatures,
	}, nil
}

func parseVote(field string, p *peerv1.Vote) (SignedVote, error) {
	if p == nil {
		return SignedVote{}, nil
	}
	if err := checkLengths(field, p.GetSize(), p.GetRoot(), p.GetSignature()); err != nil {
		return SignedVote{}, err
	}
	vote := checkpoint.Vote{Epoch: p.GetEpoch(), Size: p.GetSize(), Root: [32]byte(p.GetRoot())}
	return SignedVote{Vote: vote, Signature: [64]byte(p.GetSignature())}, nil
}

func checkLengths(field string, size uint64, root, signature []byte) error {
	switch {
	case size == 0:
		return fmt.Errorf("%s: size is zero: %w", field, ErrBadMessage)
	case len(root) != 32:
		return fmt.Errorf("%s: root is %d bytes, not 32: %w", field, len(root), ErrBadMessage)
	case len(signature) != 64:
		return fmt.Errorf("%s: signature is %d bytes, not 64: %w", field, len(signature), ErrBadMessage)
	}
	return nil
}
