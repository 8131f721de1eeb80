package finality

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// State is what a validator must never forget: the highest word of each kind with its signature, so that after a crash
// the same bytes are sent again, and why they were given. A State is a value: its slices are replaced, never written to.
type State struct {
	// Epoch is the epoch in which the validator attests and ratifies.
	Epoch uint64

	// Attested is the highest attestation.
	Attested SignedVote

	// Ratified is the highest ratification.
	Ratified SignedVote
	// Certificate is the quorum of attestations of Ratified, sorted by validator.
	Certificate []Signature

	// Final is the highest final checkpoint, zero before the first.
	Final checkpoint.Vote
	// Ratifications is the quorum of ratifications of Final, sorted by validator. Empty when Final was learned from a
	// sealed note.
	Ratifications []Signature

	// Cosigned is the highest cosignature. Invariant: it was final before.
	Cosigned SignedCheckpoint
	// Sealed is the note of the highest checkpoint with a quorum of cosignatures, nil before the first. It is written
	// with the next signature rather than for itself, since peers have it too.
	Sealed []byte
}

// follows says that a state may replace an earlier one: no word went back or changed.
func (s State) follows(old State) error {
	for _, word := range []struct {
		kind     Kind
		was, now checkpoint.Vote
	}{
		{KindAttestation, old.Attested.Vote, s.Attested.Vote},
		{KindRatification, old.Ratified.Vote, s.Ratified.Vote},
		{
			KindCosignature, checkpoint.Vote{Size: old.Cosigned.Size, Root: old.Cosigned.Root},
			checkpoint.Vote{Size: s.Cosigned.Size, Root: s.Cosigned.Root},
		},
	} {
		if word.now != word.was && !above(word.now, word.was) {
			return fmt.Errorf("%s of size %d after size %d: %w", word.kind, word.now.Size, word.was.Size, ErrWatermark)
		}
	}
	if s.Epoch < old.Epoch {
		return fmt.Errorf("epoch %d after epoch %d: %w", s.Epoch, old.Epoch, ErrWatermark)
	}
	return nil
}

// above orders votes by epoch, then by size.
func above(a, b checkpoint.Vote) bool {
	return a.Epoch > b.Epoch || a.Epoch == b.Epoch && a.Size > b.Size
}

// signer signs words above its watermarks, and nothing else. It is the only place where the key is used.
type signer struct {
	network tx.NetworkID
	name    string
	key     ed25519.PrivateKey
	state   State
}

// check refuses a state that this signer did not make.
func (s *signer) check(set checkpoint.ValidatorSet) error {
	self, ok := set.Find(s.name)
	if !ok {
		return fmt.Errorf("validator %q is not in the set: %w", s.name, ErrConfig)
	}
	if len(s.key) != ed25519.PrivateKeySize || !self.PublicKey().Equal(s.key.Public()) {
		return fmt.Errorf("key is not the one that the set names for %q: %w", s.name, ErrConfig)
	}
	st := s.state
	var errs []error
	if st.Attested.Size > 0 {
		errs = append(errs, st.Attested.Verify(s.network, checkpoint.Attestation, self, st.Attested.Signature))
	}
	if st.Ratified.Size > 0 {
		errs = append(errs, st.Ratified.Verify(s.network, checkpoint.Ratification, self, st.Ratified.Signature))
	}
	if st.Cosigned.Size > 0 {
		c := checkpoint.Checkpoint{Network: s.network, Size: st.Cosigned.Size, Root: st.Cosigned.Root}
		errs = append(errs, c.VerifyCosignature(set, st.Cosigned.by(s.name)))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%w: %w", ErrWrongSigner, err)
	}
	return nil
}

// by gives the cosignature in the form that package checkpoint verifies.
func (c SignedCheckpoint) by(name string) checkpoint.Cosignature {
	return checkpoint.Cosignature{Validator: name, TimeUnixS: c.TimeUnixS, Signature: c.Signature}
}

// attest signs an attestation above the last one. The same vote again gives the same signature.
func (s *signer) attest(vote checkpoint.Vote) error {
	return s.vote(vote, checkpoint.Attestation, &s.state.Attested)
}

// ratify signs a ratification above the last one and keeps its certificate.
func (s *signer) ratify(vote checkpoint.Vote, certificate []Signature) error {
	if err := s.vote(vote, checkpoint.Ratification, &s.state.Ratified); err != nil {
		return err
	}
	s.state.Certificate = certificate
	return nil
}

func (s *signer) vote(vote checkpoint.Vote, kind checkpoint.VoteKind, last *SignedVote) error {
	if vote == last.Vote {
		return nil
	}
	if vote.Epoch != s.state.Epoch || !above(vote, last.Vote) {
		return fmt.Errorf("sign %s of size %d, signed %d before: %w", kind, vote.Size, last.Size, ErrWatermark)
	}
	*last = SignedVote{Vote: vote, Signature: vote.Sign(s.network, kind, s.key)}
	return nil
}

// cosign signs the final checkpoint.
func (s *signer) cosign(timeUnixS uint64) error {
	final, last := s.state.Final, s.state.Cosigned
	if final.Size == last.Size && final.Root == last.Root {
		return nil
	}
	if final.Size <= last.Size {
		return fmt.Errorf("cosign size %d, cosigned %d before: %w", final.Size, last.Size, ErrWatermark)
	}
	c := checkpoint.Checkpoint{Network: s.network, Size: final.Size, Root: final.Root}
	cosig := c.Cosign(s.name, s.key, timeUnixS)
	s.state.Cosigned = SignedCheckpoint{Size: c.Size, Root: c.Root, TimeUnixS: timeUnixS, Signature: cosig.Signature}
	return nil
}
