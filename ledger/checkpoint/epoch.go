package checkpoint

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// The upper half of an epoch's number counts the validator sets, from 0 for that of the genesis, and the lower half the epochs of each. So an
// epoch has one set; and a set begins in the same epoch whatever epochs the set before has opened at the boundary, in any log: were it the
// next one, a liar could have a set begin in two epochs, and no word of one would bind in the other.
const setEpochs = 1 << 32

// FirstEpoch is the epoch in which the set begins that follows the set of an epoch.
func FirstEpoch(epoch uint64) uint64 { return (epoch/setEpochs + 1) * setEpochs }

// OneSet says whether two epochs are of one validator set.
func OneSet(epoch, other uint64) bool { return epoch/setEpochs == other/setEpochs }

// Signature is one validator's part of a certificate.
type Signature struct {
	Validator string
	Signature [64]byte
}

// Certificate is a quorum's votes of one kind on one tree. Size zero means that there is none.
type Certificate struct {
	Vote
	// Signatures are ascending by validator.
	Signatures []Signature
}

// Verify checks that a quorum of the set gave votes of the kind, each once, in order of their names.
func (c Certificate) Verify(network tx.NetworkID, set ValidatorSet, kind VoteKind) error {
	for i, s := range c.Signatures {
		if i > 0 && c.Signatures[i-1].Validator >= s.Validator {
			return fmt.Errorf("certificate of size %d: %q is out of order or stands twice: %w", c.Size, s.Validator, ErrBadEpoch)
		}
		by, ok := set.Find(s.Validator)
		if !ok {
			return fmt.Errorf("certificate of size %d: %q is not in the set: %w", c.Size, s.Validator, ErrBadEpoch)
		}
		if err := c.Vote.Verify(network, kind, by, s.Signature); err != nil {
			return fmt.Errorf("certificate of size %d: %w", c.Size, err)
		}
	}
	if len(c.Signatures) < set.Quorum() {
		return fmt.Errorf("certificate of size %d has %d signatures: %w", c.Size, len(c.Signatures), ErrNoQuorum)
	}
	return nil
}

// Above orders votes by epoch, then by size: the order in which certificates are the highest.
func (v Vote) Above(w Vote) bool {
	return v.Epoch > w.Epoch || v.Epoch == w.Epoch && v.Size > w.Size
}

// EpochVote is a validator's word that it has ended every epoch before one, attests and ratifies in them no more, and
// held no certificate above the one named. A ratification of an earlier epoch above it is proof of a lie.
type EpochVote struct {
	Validator string
	// Certified is the highest certificate; size zero when there was none.
	Certified Vote
	Signature [64]byte
}

func epochDigest(network tx.NetworkID, epoch uint64, certified Vote) [32]byte {
	var numbers [24]byte
	binary.BigEndian.PutUint64(numbers[:], epoch)
	binary.BigEndian.PutUint64(numbers[8:], certified.Epoch)
	binary.BigEndian.PutUint64(numbers[16:], certified.Size)
	return key.TaggedHash("umoja/epoch/v1", network[:], numbers[:], certified.Root[:])
}

// SignEpoch signs the vote for an epoch. The caller must have persisted it before.
func SignEpoch(network tx.NetworkID, epoch uint64, certified Vote, secret ed25519.PrivateKey) [64]byte {
	digest := epochDigest(network, epoch, certified)
	return [64]byte(ed25519.Sign(secret, digest[:]))
}

// Verify checks the signature of a vote for an epoch, and that it names a certificate of an earlier one.
func (v EpochVote) Verify(network tx.NetworkID, epoch uint64, by Validator) error {
	if v.Certified.Size == 0 && v.Certified != (Vote{}) || v.Certified.Size > 0 && v.Certified.Epoch >= epoch {
		return fmt.Errorf("epoch vote of %q names a certificate of epoch %d: %w", by.Name, v.Certified.Epoch, ErrBadEpoch)
	}
	digest := epochDigest(network, epoch, v.Certified)
	if v.Validator != by.Name || !ed25519.Verify(by.PublicKey(), digest[:], v.Signature[:]) {
		return fmt.Errorf("epoch vote of %q: %w", by.Name, ErrBadSignature)
	}
	return nil
}

// EpochChange opens an epoch. Any quorum of votes has one of an honest validator that ratified what was final before, so
// the start extends everything final.
type EpochChange struct {
	Epoch uint64
	// Votes are ascending by validator.
	Votes []EpochVote
	// Certificate is of the highest tree that the votes name; none when they name none.
	Certificate Certificate
}

// Start is the tree from which the epoch goes on; size zero is the genesis.
func (c EpochChange) Start() Vote { return c.Certificate.Vote }

// StartIn is the tree from which the epoch goes on in a log where another epoch is in force. It is not known by the change
// alone (false) when no vote names a tree of that epoch: what was certified before that epoch and is not in it was given
// up when it was opened, so the new one starts from where it started. A start of a later epoch than the one in force is in
// another log.
func (c EpochChange) StartIn(inForce uint64) (start Vote, ok bool) {
	start = c.Start()
	return start, start.Size > 0 && start.Epoch >= inForce
}

// Verify checks that a quorum of the set has voted for the epoch, and that the certificate is the highest they name. What votes name of an
// epoch of a set before is not above the boundary from which this set began: it starts nothing, and counts as naming none.
func (c EpochChange) Verify(network tx.NetworkID, set ValidatorSet) error {
	if c.Epoch == 0 {
		return fmt.Errorf("change to epoch 0: %w", ErrBadEpoch)
	}
	start, named := c.Start(), false
	for i, v := range c.Votes {
		if i > 0 && c.Votes[i-1].Validator >= v.Validator {
			return fmt.Errorf("change to epoch %d: %q is out of order or votes twice: %w", c.Epoch, v.Validator, ErrBadEpoch)
		}
		by, ok := set.Find(v.Validator)
		if !ok {
			return fmt.Errorf("change to epoch %d: %q is not in the set: %w", c.Epoch, v.Validator, ErrBadEpoch)
		}
		if err := v.Verify(network, c.Epoch, by); err != nil {
			return fmt.Errorf("change to epoch %d: %w", c.Epoch, err)
		}
		if !OneSet(v.Certified.Epoch, c.Epoch) {
			v.Certified = Vote{}
		}
		named = named || v.Certified == start
		// Not above and not below is the same epoch and size: the root must be the same too.
		if v.Certified != start && !start.Above(v.Certified) {
			return fmt.Errorf("change to epoch %d: %q names a tree that is not below the start: %w", c.Epoch, v.Validator, ErrBadEpoch)
		}
	}
	if len(c.Votes) < set.Quorum() {
		return fmt.Errorf("change to epoch %d has %d votes: %w", c.Epoch, len(c.Votes), ErrNoQuorum)
	}
	if !named {
		return fmt.Errorf("change to epoch %d: no vote names the start: %w", c.Epoch, ErrBadEpoch)
	}
	if start.Size == 0 {
		if start != (Vote{}) || len(c.Certificate.Signatures) > 0 {
			return fmt.Errorf("change to epoch %d: certificate of nothing: %w", c.Epoch, ErrBadEpoch)
		}
		return nil
	}
	if start.Epoch >= c.Epoch {
		return fmt.Errorf("change to epoch %d: starts in epoch %d: %w", c.Epoch, start.Epoch, ErrBadEpoch)
	}
	if err := c.Certificate.Verify(network, set, Attestation); err != nil {
		return fmt.Errorf("change to epoch %d: %w", c.Epoch, err)
	}
	return nil
}

// Proto gives the message form.
func (v EpochVote) Proto() *umojav1.EpochVote {
	m := &umojav1.EpochVote{Validator: v.Validator, Signature: v.Signature[:]}
	if c := v.Certified; c.Size > 0 {
		m.CertifiedEpoch, m.CertifiedSize, m.CertifiedRoot = c.Epoch, c.Size, c.Root[:]
	}
	return m
}

// EpochVoteOf reads the message form. It checks lengths only.
func EpochVoteOf(m *umojav1.EpochVote) (EpochVote, error) {
	v := EpochVote{Validator: m.GetValidator(), Certified: Vote{Epoch: m.GetCertifiedEpoch(), Size: m.GetCertifiedSize()}}
	if v.Certified.Size > 0 || len(m.GetCertifiedRoot()) > 0 {
		if len(m.GetCertifiedRoot()) != 32 {
			return EpochVote{}, fmt.Errorf("epoch vote: root is %d bytes, not 32: %w", len(m.GetCertifiedRoot()), ErrBadEpoch)
		}
		v.Certified.Root = [32]byte(m.GetCertifiedRoot())
	}
	if len(m.GetSignature()) != 64 {
		return EpochVote{}, fmt.Errorf("epoch vote: signature is %d bytes, not 64: %w", len(m.GetSignature()), ErrBadEpoch)
	}
	v.Signature = [64]byte(m.GetSignature())
	return v, nil
}

// Proto gives the message form; nil when there is no certificate.
func (c Certificate) Proto() *umojav1.Certificate {
	if c.Size == 0 {
		return nil
	}
	m := &umojav1.Certificate{Epoch: c.Epoch, Size: c.Size, Root: c.Root[:]}
	for _, s := range c.Signatures {
		m.Signatures = append(m.Signatures, &umojav1.ValidatorSignature{Validator: s.Validator, Signature: s.Signature[:]})
	}
	return m
}

// maxSignatures bounds the parts of a certificate: the largest validator set.
const maxSignatures = 31

// CertificateOf reads the message form; none gives the zero Certificate. It checks lengths only.
func CertificateOf(m *umojav1.Certificate) (Certificate, error) {
	if m == nil {
		return Certificate{}, nil
	}
	if m.GetSize() == 0 || len(m.GetRoot()) != 32 || len(m.GetSignatures()) > maxSignatures {
		return Certificate{}, fmt.Errorf("certificate of size %d with a root of %d bytes and %d signatures: %w",
			m.GetSize(), len(m.GetRoot()), len(m.GetSignatures()), ErrBadEpoch)
	}
	c := Certificate{Vote: Vote{Epoch: m.GetEpoch(), Size: m.GetSize(), Root: [32]byte(m.GetRoot())}}
	for _, s := range m.GetSignatures() {
		if len(s.GetSignature()) != 64 {
			return Certificate{}, fmt.Errorf("certificate: signature of %q is %d bytes, not 64: %w", s.GetValidator(), len(s.GetSignature()), ErrBadEpoch)
		}
		c.Signatures = append(c.Signatures, Signature{Validator: s.GetValidator(), Signature: [64]byte(s.GetSignature())})
	}
	return c, nil
}

// Encode gives the canonical bytes of the change.
func (c EpochChange) Encode() []byte {
	m := &umojav1.EpochChange{Epoch: c.Epoch, Certificate: c.Certificate.Proto()}
	for _, v := range c.Votes {
		m.Votes = append(m.Votes, v.Proto())
	}
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic("encode epoch change: " + err.Error()) // Cannot happen: names are ASCII.
	}
	return raw
}

// ParseEpochChange reads canonical bytes. Whether the change is true is for Verify.
func ParseEpochChange(raw []byte) (EpochChange, error) {
	if err := tx.CheckEpochChange(raw); err != nil {
		return EpochChange{}, err
	}
	var m umojav1.EpochChange
	if err := proto.Unmarshal(raw, &m); err != nil || len(m.GetVotes()) > maxSignatures {
		return EpochChange{}, fmt.Errorf("parse epoch change: %w", ErrBadEpoch)
	}
	c := EpochChange{Epoch: m.GetEpoch()}
	for _, mv := range m.GetVotes() {
		v, err := EpochVoteOf(mv)
		if err != nil {
			return EpochChange{}, err
		}
		c.Votes = append(c.Votes, v)
	}
	var err error
	if c.Certificate, err = CertificateOf(m.GetCertificate()); err != nil {
		return EpochChange{}, err
	}
	if !bytes.Equal(c.Encode(), raw) {
		return EpochChange{}, fmt.Errorf("parse epoch change: not in its one form: %w", ErrBadEpoch)
	}
	return c, nil
}
