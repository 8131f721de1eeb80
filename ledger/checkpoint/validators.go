// Package checkpoint proves things about the ledger to people who do not run it.
//
// A checkpoint is the size and root of the history tree, written as C2SP tlog-checkpoint text. Each validator that knows
// it final gives a cosignature (C2SP tlog-cosignature, Ed25519); with a quorum of them the checkpoint proves itself to
// anybody who knows the validator set. A receipt carries one leaf, its inclusion proof and such a checkpoint, so that a
// payment can be proved on paper, years later, without asking any server: Receipt.Verify needs only the network's Trust,
// which the genesis file gives.
//
// The package promises that verification is strict: a receipt verifies only in the one form that Encode writes, so that a
// flipped bit anywhere is an error. It refuses signatures of strangers, signatures that do not verify, and fewer than a
// quorum. It also defines what validators sign on the way to finality (votes.go), when they elect a leader (election.go),
// and their word that an expired transaction can never happen (expiry.go).
package checkpoint

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// Errors of this package.
var (
	// ErrBadSet means the validators do not form a set: count, order, names or keys.
	ErrBadSet = errors.New("validator set is malformed")
	// ErrBadCheckpoint means the text is not a checkpoint of this network.
	ErrBadCheckpoint = errors.New("checkpoint is malformed")
	// ErrNoQuorum means fewer than a quorum of the validator set signed.
	ErrNoQuorum = errors.New("fewer than a quorum signed")
	// ErrBadSignature means a signature does not verify.
	ErrBadSignature = errors.New("signature does not verify")
	// ErrBadReceipt means the receipt does not prove its leaf.
	ErrBadReceipt = errors.New("receipt does not verify")
	// ErrBadEpoch means that a certificate or an epoch change does not prove what it says.
	ErrBadEpoch = errors.New("certificate or epoch change does not hold")
)

// Validator is one cooperative's node as the world knows it.
type Validator struct {
	// Name is also its raft id and its C2SP key name. Invariant: as CheckName says.
	Name string
	// Key verifies cosignatures, votes and batch headers.
	Key [32]byte
	// TLSKeyHash is SHA-256 of the SubjectPublicKeyInfo of its TLS key.
	TLSKeyHash [32]byte
}

// PublicKey is the Ed25519 key.
func (v Validator) PublicKey() ed25519.PublicKey { return v.Key[:] }

// ValidatorSet is who may cosign.
//
// Invariant: 3f+1 validators, f >= 1, ascending by name, no name or key twice.
type ValidatorSet []Validator

// NewValidatorSet sorts the validators and checks that they form a set.
func NewValidatorSet(validators []Validator) (ValidatorSet, error) {
	s := ValidatorSet(slices.SortedFunc(slices.Values(validators), func(a, b Validator) int {
		return strings.Compare(a.Name, b.Name)
	}))
	return s, s.check()
}

func (s ValidatorSet) check() error {
	if len(s) < 4 || len(s) > 31 || len(s)%3 != 1 {
		return fmt.Errorf("%d validators, not 4, 7, 10 … 31: %w", len(s), ErrBadSet)
	}
	keys := make(map[[32]byte]bool, len(s))
	for i, v := range s {
		if i > 0 && s[i-1].Name >= v.Name {
			return fmt.Errorf("validator name %q out of order or twice: %w", v.Name, ErrBadSet)
		}
		if err := CheckName(v.Name); err != nil {
			return err
		}
		if keys[v.Key] || keys[v.TLSKeyHash] {
			return fmt.Errorf("validator %q has another's key: %w", v.Name, ErrBadSet)
		}
		keys[v.Key], keys[v.TLSKeyHash] = true, true
	}
	return nil
}

// CheckName says whether a validator may be called so: 1 to 64 of [a-z0-9.-], beginning with a letter or digit, so that a
// name is never taken for a flag or a parent folder.
func CheckName(name string) error {
	if len(name) == 0 || len(name) > 64 || name[0] == '.' || name[0] == '-' ||
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		return fmt.Errorf("validator name %q is not 1 to 64 of [a-z0-9.-], a letter or digit first: %w", name, ErrBadSet)
	}
	return nil
}

// Faults is f: how many validators may lie without harm to what is final.
func (s ValidatorSet) Faults() int { return (len(s) - 1) / 3 }

// Quorum is floor(2n/3)+1: two quorums share at least one honest validator.
func (s ValidatorSet) Quorum() int { return 2*len(s)/3 + 1 }

// Find returns the validator of that name.
func (s ValidatorSet) Find(name string) (Validator, bool) {
	i, found := slices.BinarySearchFunc(s, name, func(v Validator, name string) int { return strings.Compare(v.Name, name) })
	if !found {
		return Validator{}, false
	}
	return s[i], true
}

// Encode gives the canonical bytes of the set.
func (s ValidatorSet) Encode() []byte {
	m := &umojav1.ValidatorSet{}
	for _, v := range s {
		m.Validators = append(m.Validators, &umojav1.Validator{Name: v.Name, Key: v.Key[:], TlsKeyHash: v.TLSKeyHash[:]})
	}
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err == nil {
		err = tx.CheckValidatorSet(raw)
	}
	if err != nil {
		panic("encode validator set: " + err.Error()) // Cannot happen: names and keys are not empty.
	}
	return raw
}

// Hash is what header leaves name.
func (s ValidatorSet) Hash() [32]byte { return key.TaggedHash("umoja/validators/v1", s.Encode()) }

// ParseValidatorSet reads canonical bytes.
func ParseValidatorSet(raw []byte) (ValidatorSet, error) {
	if err := tx.CheckValidatorSet(raw); err != nil {
		return nil, err
	}
	var m umojav1.ValidatorSet
	if err := proto.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("parse validator set: %w", ErrBadSet)
	}
	var s ValidatorSet
	for _, v := range m.GetValidators() {
		if len(v.GetKey()) != 32 || len(v.GetTlsKeyHash()) != 32 {
			return nil, fmt.Errorf("validator %q: keys must be 32 bytes: %w", v.GetName(), ErrBadSet)
		}
		s = append(s, Validator{Name: v.GetName(), Key: [32]byte(v.GetKey()), TLSKeyHash: [32]byte(v.GetTlsKeyHash())})
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if !bytes.Equal(s.Encode(), raw) {
		return nil, fmt.Errorf("parse validator set: %w", ErrBadSet)
	}
	return s, nil
}
