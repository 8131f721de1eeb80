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
	// Epoch is the epoch in which the validator attests and ratifies. Invariant: no vote is of a later one.
	Epoch uint64

	// Attested is the highest attestation, by epoch, then by size.
	Attested SignedVote

	// Ratified is the highest ratification.
	Ratified SignedVote
	// Highest is the highest certificate held. Invariant: Ratified is not above it.
	Highest checkpoint.Certificate

	// Wished is the last epoch vote. Invariant: no ratification of an epoch before it is above what it names, and that is of
	// an epoch before it.
	Wished EpochWord

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

// follows says that a state may replace an earlier one: no word went back or changed, and none was given in an epoch that
// had been ended.
func (s State) follows(old State) error {
	for _, word := range []struct {
		kind     checkpoint.VoteKind
		was, now checkpoint.Vote
	}{
		{checkpoint.Attestation, old.Attested.Vote, s.Attested.Vote},
		{checkpoint.Ratification, old.Ratified.Vote, s.Ratified.Vote},
		{"cosignature", treeOf(old.Cosigned), treeOf(s.Cosigned)},
		{"final checkpoint", checkpoint.Vote{Size: old.Final.Size, Root: old.Final.Root}, checkpoint.Vote{Size: s.Final.Size, Root: s.Final.Root}},
		{"certificate", old.Highest.Vote, s.Highest.Vote},
		{"epoch vote", checkpoint.Vote{Epoch: old.Wished.Epoch, Root: old.Wished.Certified.Root}, checkpoint.Vote{Epoch: s.Wished.Epoch, Root: s.Wished.Certified.Root}},
	} {
		if word.now != word.was && !word.now.Above(word.was) {
			return fmt.Errorf("%s of epoch %d and size %d after epoch %d and size %d: %w",
				word.kind, word.now.Epoch, word.now.Size, word.was.Epoch, word.was.Size, ErrWatermark)
		}
	}
	for _, vote := range []struct{ was, now checkpoint.Vote }{{old.Attested.Vote, s.Attested.Vote}, {old.Ratified.Vote, s.Ratified.Vote}} {
		if vote.now != vote.was && vote.now.Epoch < old.Wished.Epoch {
			return fmt.Errorf("vote in epoch %d after a vote for epoch %d: %w", vote.now.Epoch, old.Wished.Epoch, ErrWatermark)
		}
	}
	if s.Wished.Epoch == old.Wished.Epoch && s.Wished.Certified != old.Wished.Certified {
		return fmt.Errorf("two votes for epoch %d: %w", s.Wished.Epoch, ErrWatermark)
	}
	if s.Epoch < old.Epoch {
		return fmt.Errorf("epoch %d after epoch %d: %w", s.Epoch, old.Epoch, ErrWatermark)
	}
	return s.sound()
}

// sound checks the invariants of a state.
func (s State) sound() error {
	switch {
	case s.Attested.Epoch > s.Epoch || s.Ratified.Epoch > s.Epoch:
		return fmt.Errorf("vote of an epoch after %d: %w", s.Epoch, ErrWatermark)
	case s.Ratified.Above(s.Highest.Vote):
		return fmt.Errorf("ratified size %d without its certificate: %w", s.Ratified.Size, ErrWatermark)
	case s.Ratified.Epoch < s.Wished.Epoch && s.Ratified.Above(s.Wished.Certified):
		return fmt.Errorf("vote for epoch %d hides the certificate of size %d: %w", s.Wished.Epoch, s.Ratified.Size, ErrWatermark)
	case s.Cosigned.Size > s.Final.Size:
		return fmt.Errorf("cosigned size %d, final is %d: %w", s.Cosigned.Size, s.Final.Size, ErrWatermark)
	}
	return nil
}

// signer signs words above its watermarks, and nothing else. It is the only place where the key is used.
type signer struct {
	network tx.NetworkID
	name    string
	key     ed25519.PrivateKey
	state   State
}

// check refuses a state that this signer did not make.
func (s *signer) check(r Reign) error {
	if len(s.key) != ed25519.PrivateKeySize {
		return fmt.Errorf("key of %q is %d bytes: %w", s.name, len(s.key), ErrConfig)
	}
	self := checkpoint.Validator{Name: s.name, Key: [32]byte(s.key.Public().(ed25519.PublicKey))}
	if known, ok := r.Validators.Find(s.name); !ok && !r.Outside {
		return fmt.Errorf("validator %q is not in the set: %w", s.name, ErrConfig)
	} else if ok && !r.Outside && known.Key != self.Key {
		return fmt.Errorf("key is not the one that the set names for %q: %w", s.name, ErrConfig)
	}
	st := s.state
	errs := []error{st.sound()}
	if st.Attested.Size > 0 {
		errs = append(errs, st.Attested.Verify(s.network, checkpoint.Attestation, self, st.Attested.Signature))
	}
	if st.Ratified.Size > 0 {
		errs = append(errs, st.Ratified.Verify(s.network, checkpoint.Ratification, self, st.Ratified.Signature))
	}
	// Certificates are not looked at: another set may have given them. Whoever is shown one verifies it.
	if st.Wished.Epoch > 0 {
		errs = append(errs, st.Wished.by(s.name).Verify(s.network, st.Wished.Epoch, self))
	}
	if st.Cosigned.Size > 0 {
		c := checkpoint.Checkpoint{Network: s.network, Size: st.Cosigned.Size, Root: st.Cosigned.Root}
		errs = append(errs, c.VerifyCosignature(checkpoint.ValidatorSet{self}, st.Cosigned.By(s.name)))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%w: %w", ErrWrongSigner, err)
	}
	return nil
}

// current says that nothing was said that ends the epoch in force.
func (s *signer) current() bool { return s.state.Wished.Epoch <= s.state.Epoch }

// attest signs an attestation above the last one. The same vote again gives the same signature.
func (s *signer) attest(vote checkpoint.Vote) error {
	return s.vote(vote, checkpoint.Attestation, &s.state.Attested)
}

// ratify signs a ratification above the last one of what the highest certificate is for.
func (s *signer) ratify() error {
	return s.vote(s.state.Highest.Vote, checkpoint.Ratification, &s.state.Ratified)
}

func (s *signer) vote(vote checkpoint.Vote, kind checkpoint.VoteKind, last *SignedVote) error {
	if vote == last.Vote {
		return nil
	}
	if vote.Epoch != s.state.Epoch || !s.current() || !vote.Above(last.Vote) {
		return fmt.Errorf("sign %s of epoch %d and size %d, signed epoch %d and size %d before, epoch is %d: %w",
			kind, vote.Epoch, vote.Size, last.Epoch, last.Size, max(s.state.Epoch, s.state.Wished.Epoch), ErrWatermark)
	}
	*last = SignedVote{Vote: vote, Signature: vote.Sign(s.network, kind, s.key)}
	return nil
}

// wish signs the vote for an epoch above every one so far, with the highest certificate. It ends all epochs before.
func (s *signer) wish(epoch uint64) error {
	held := s.state.Highest
	if epoch <= s.state.Wished.Epoch || epoch <= s.state.Epoch || epoch <= held.Epoch {
		return fmt.Errorf("vote for epoch %d, voted for %d in epoch %d, with a certificate of epoch %d: %w",
			epoch, s.state.Wished.Epoch, s.state.Epoch, held.Epoch, ErrWatermark)
	}
	s.state.Wished = EpochWord{
		Epoch: epoch, Certified: held.Vote, Certificate: held.Signatures,
		Signature: checkpoint.SignEpoch(s.network, epoch, held.Vote, s.key),
	}
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
