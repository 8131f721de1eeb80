package checkpoint

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// ErrBadEvidence means that two votes do not prove anything against anybody.
var ErrBadEvidence = errors.New("evidence does not hold")

// Election is what a validator votes on when the validators choose who orders transactions for a term: this candidate,
// whose log ends with this entry. A validator votes for one candidate in a term.
type Election struct {
	Term      uint64
	Candidate string
	// LastIndex and LastTerm are those of the candidate's last entry, as it said.
	LastIndex, LastTerm uint64
}

func (e Election) digest(network tx.NetworkID) [32]byte {
	var numbers [24]byte
	binary.BigEndian.PutUint64(numbers[:], e.Term)
	binary.BigEndian.PutUint64(numbers[8:], e.LastIndex)
	binary.BigEndian.PutUint64(numbers[16:], e.LastTerm)
	return key.TaggedHash("umoja/raft-vote/v1", network[:], numbers[:], []byte(e.Candidate))
}

// Sign signs a vote for the candidate. The caller must have persisted it before.
func (e Election) Sign(network tx.NetworkID, secret ed25519.PrivateKey) [64]byte {
	digest := e.digest(network)
	return [64]byte(ed25519.Sign(secret, digest[:]))
}

// Verify checks a validator's vote by its key.
func (e Election) Verify(network tx.NetworkID, public ed25519.PublicKey, sig [64]byte) error {
	digest := e.digest(network)
	if !ed25519.Verify(public, digest[:], sig[:]) {
		return fmt.Errorf("vote for %q in term %d: %w", e.Candidate, e.Term, ErrBadSignature)
	}
	return nil
}

// ElectionVote is a validator's vote.
type ElectionVote struct {
	Election
	Validator string
	Signature [64]byte
}

// DoubleVote is evidence: one validator voted for two candidates in one term, which an honest one never does.
//
// Invariant of evidence that Verify accepts: the votes are ascending by candidate, so that it has one form.
type DoubleVote struct {
	Votes [2]ElectionVote
}

// NewDoubleVote puts two votes in order.
func NewDoubleVote(a, b ElectionVote) DoubleVote {
	if a.Candidate > b.Candidate {
		a, b = b, a
	}
	return DoubleVote{[2]ElectionVote{a, b}}
}

// Guilty is the validator that voted twice, when Verify accepts the evidence.
func (d DoubleVote) Guilty() string { return d.Votes[0].Validator }

// Verify checks the evidence against the validator set in which the votes were given.
func (d DoubleVote) Verify(network tx.NetworkID, set ValidatorSet) error {
	a, b := d.Votes[0], d.Votes[1]
	if a.Validator != b.Validator || a.Term != b.Term || a.Candidate >= b.Candidate {
		return fmt.Errorf("votes of %q and %q in terms %d and %d are not one validator's for two candidates in one term: %w",
			a.Validator, b.Validator, a.Term, b.Term, ErrBadEvidence)
	}
	by, ok := set.Find(a.Validator)
	if !ok {
		return fmt.Errorf("%q is not in the validator set: %w", a.Validator, ErrBadEvidence)
	}
	for _, vote := range d.Votes {
		if err := vote.Verify(network, by.PublicKey(), vote.Signature); err != nil {
			return fmt.Errorf("evidence against %q: %w", by.Name, err)
		}
	}
	return nil
}

// Encode gives the evidence as bytes: term(8), length(1) and name of the validator, then for each vote length(1) and name
// of the candidate, last index(8), last term(8), signature(64).
func (d DoubleVote) Encode() []byte {
	raw := binary.BigEndian.AppendUint64(nil, d.Votes[0].Term)
	raw = appendName(raw, d.Guilty())
	for _, vote := range d.Votes {
		raw = appendName(raw, vote.Candidate)
		raw = binary.BigEndian.AppendUint64(raw, vote.LastIndex)
		raw = binary.BigEndian.AppendUint64(raw, vote.LastTerm)
		raw = append(raw, vote.Signature[:]...)
	}
	return raw
}

// appendName writes a validator's name, which CheckName holds to 64 bytes.
func appendName(raw []byte, name string) []byte {
	return append(append(raw, byte(len(name))), name...)
}

// ParseDoubleVote reads what Encode wrote. Whether the evidence holds is for Verify.
func ParseDoubleVote(raw []byte) (DoubleVote, error) {
	rest, short := raw, false
	take := func(n int) []byte {
		if n > len(rest) {
			short = true
			return make([]byte, n)
		}
		taken := rest[:n]
		rest = rest[n:]
		return taken
	}
	number := func() uint64 { return binary.BigEndian.Uint64(take(8)) }
	name := func() string { return string(take(int(take(1)[0]))) }

	var d DoubleVote
	term, validator := number(), name()
	for i := range d.Votes {
		vote := ElectionVote{Validator: validator}
		vote.Election = Election{Term: term, Candidate: name(), LastIndex: number(), LastTerm: number()}
		vote.Signature = [64]byte(take(64))
		d.Votes[i] = vote
	}
	if short || len(rest) > 0 || !bytes.Equal(d.Encode(), raw) {
		return DoubleVote{}, fmt.Errorf("two votes in %d bytes: %w", len(raw), ErrBadEvidence)
	}
	for _, n := range []string{validator, d.Votes[0].Candidate, d.Votes[1].Candidate} {
		if err := CheckName(n); err != nil {
			return DoubleVote{}, fmt.Errorf("%v: %w", err, ErrBadEvidence)
		}
	}
	return d, nil
}
