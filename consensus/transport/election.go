package transport

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// Certificate proves that a majority of the voters elected a candidate in a term.
type Certificate struct {
	checkpoint.Election
	// Votes are ascending by validator.
	Votes []VoteSignature
}

// VoteSignature is one validator's part of a certificate.
type VoteSignature struct {
	Validator string
	Signature [64]byte
}

// electorate is who may vote, and with which key.
type electorate struct {
	network tx.NetworkID
	keys    map[string]ed25519.PublicKey
	// left are those of them that have left the validator set, and are members of raft until it has caught up: their votes count there,
	// and nobody elects or follows them who has had a leader lately.
	left map[string]bool
}

// verify checks one vote.
func (e electorate) verify(v checkpoint.ElectionVote) error {
	public, ok := e.keys[v.Validator]
	if !ok {
		return fmt.Errorf("%w: %q is no validator", ErrCertificate, v.Validator)
	}
	if err := v.Verify(e.network, public, v.Signature); err != nil {
		return fmt.Errorf("%w: %q: %w", ErrCertificate, v.Validator, err)
	}
	return nil
}

// certify checks that a certificate holds the votes of enough validators, each once and in order of their names, and gives it with those
// alone. Votes of others count for nothing: the leader may have been elected by one who has left since, or whom this node does not know yet. Bad
// votes are not skipped: an honest leader sends none, and skipping would let a liar have more of them verified.
func (e electorate) certify(c Certificate, enough int) (Certificate, error) {
	if len(c.Votes) > maxVotes {
		return c, fmt.Errorf("%w: %d votes for term %d, want at most %d", ErrCertificate, len(c.Votes), c.Term, maxVotes)
	}
	counted := Certificate{Election: c.Election}
	for i, vote := range c.Votes {
		if i > 0 && c.Votes[i-1].Validator >= vote.Validator {
			return c, fmt.Errorf("%w: vote of %q is out of order or stands twice", ErrCertificate, vote.Validator)
		}
		if _, known := e.keys[vote.Validator]; known {
			counted.Votes = append(counted.Votes, vote)
		}
	}
	if len(counted.Votes) < enough {
		return c, fmt.Errorf("%w: %d votes of %d for term %d, want %d", ErrCertificate, len(counted.Votes), len(c.Votes), c.Term, enough)
	}
	for _, vote := range counted.votes() {
		if err := e.verify(vote); err != nil {
			return c, err
		}
	}
	return counted, nil
}

// maxVotes bounds the votes that are looked at: more than raft has voters between two sets of ten.
const maxVotes = 32

// votes gives each vote as its validator signed it.
func (c Certificate) votes() []checkpoint.ElectionVote {
	out := make([]checkpoint.ElectionVote, len(c.Votes))
	for i, v := range c.Votes {
		out[i] = checkpoint.ElectionVote{Election: c.Election, Validator: v.Validator, Signature: v.Signature}
	}
	return out
}

// ballot is this node's own candidacy: the votes it was given.
type ballot struct {
	checkpoint.Election
	// votes holds each validator's signature. Invariant: verified.
	votes map[string][64]byte
}

// certificate lists the votes.
func (b *ballot) certificate() *Certificate {
	c := &Certificate{Election: b.Election}
	for name, sig := range b.votes {
		c.Votes = append(c.Votes, VoteSignature{name, sig})
	}
	slices.SortFunc(c.Votes, func(a, b VoteSignature) int { return strings.Compare(a.Validator, b.Validator) })
	return c
}

// Transfer is a leader's signed word that one follower may call an election while the leader is known.
type Transfer struct {
	// Term is the one that the leader leads.
	Term      uint64
	Leader    string
	Signature [64]byte
}

// transferDigest is what a leader signs for the follower that it hands over to.
func transferDigest(network tx.NetworkID, term uint64, to string) [32]byte {
	return key.TaggedHash("umoja/raft-transfer/v1", network[:], binary.BigEndian.AppendUint64(nil, term), []byte(to))
}

func signTransfer(network tx.NetworkID, term uint64, leader, to string, secret ed25519.PrivateKey) *Transfer {
	digest := transferDigest(network, term, to)
	return &Transfer{Term: term, Leader: leader, Signature: [64]byte(ed25519.Sign(secret, digest[:]))}
}

// announced says whether the leader of the term signed that the follower may take over.
func (e electorate) announced(tr *Transfer, term uint64, leader, to string) bool {
	if tr == nil || tr.Term != term || tr.Leader != leader || leader == "" {
		return false
	}
	digest := transferDigest(e.network, term, to)
	return ed25519.Verify(e.keys[leader], digest[:], tr.Signature[:])
}

func certificateToProto(c *Certificate) *peerv1.ElectionCertificate {
	if c == nil {
		return nil
	}
	out := &peerv1.ElectionCertificate{LastLogIndex: c.LastIndex, LastLogTerm: c.LastTerm}
	for i := range c.Votes {
		out.Signatures = append(out.Signatures, &peerv1.ElectionSignature{Validator: c.Votes[i].Validator, Signature: c.Votes[i].Signature[:]})
	}
	return out
}

// certificateFromProto reads a certificate of the term of the request that carries it, for whoever sent that.
func certificateFromProto(m *peerv1.ElectionCertificate, term uint64, candidate string) (*Certificate, error) {
	if m == nil {
		return nil, nil
	}
	c := &Certificate{Election: checkpoint.Election{
		Term: term, Candidate: candidate, LastIndex: m.GetLastLogIndex(), LastTerm: m.GetLastLogTerm(),
	}}
	for _, s := range m.GetSignatures() {
		sig, err := signatureFromProto(s.GetSignature())
		if err != nil {
			return nil, fmt.Errorf("vote of %q: %w", s.GetValidator(), err)
		}
		c.Votes = append(c.Votes, VoteSignature{s.GetValidator(), sig})
	}
	return c, nil
}

func signatureFromProto(raw []byte) ([64]byte, error) {
	if len(raw) != 64 {
		return [64]byte{}, fmt.Errorf("%w: signature of %d bytes, want 64", ErrMalformed, len(raw))
	}
	return [64]byte(raw), nil
}

func transferToProto(tr *Transfer) *peerv1.LeadershipTransfer {
	if tr == nil {
		return nil
	}
	return &peerv1.LeadershipTransfer{Term: tr.Term, Leader: tr.Leader, Signature: tr.Signature[:]}
}

func transferFromProto(m *peerv1.LeadershipTransfer) (*Transfer, error) {
	if m == nil {
		return nil, nil
	}
	sig, err := signatureFromProto(m.GetSignature())
	if err != nil {
		return nil, fmt.Errorf("transfer: %w", err)
	}
	return &Transfer{Term: m.GetTerm(), Leader: m.GetLeader(), Signature: sig}, nil
}
