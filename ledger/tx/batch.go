package tx

import (
	"crypto/ed25519"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/key"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// BatchHash identifies a batch and, through its header, every batch before it.
type BatchHash [32]byte

// BatchHeader binds a batch to its place, its time and its leader.
type BatchHeader struct {
	Epoch         uint64
	Number        uint64
	PreviousHash  BatchHash
	TimeUnixMs    uint64
	Leader        string
	EnvelopesHash [32]byte
	// EpochChange is the canonical EpochChange in the first batch of an epoch, else nil. Only its form is checked here.
	EpochChange []byte
	// Term is the raft term in which the leader packed the batch. It signs one batch of an epoch and number in a term; after
	// another leader's term it may sign another, since raft can drop what was not committed.
	Term uint64
	// SetCheckpoint is, in the first batch of a validator set, the checkpoint that ends with the header which names the set; else
	// nil. Only its length is checked here.
	SetCheckpoint []byte
}

// maxSetCheckpoint bounds a checkpoint with its cosignatures, as package checkpoint does.
const maxSetCheckpoint = 16 << 10

// Batch is what one raft entry carries.
type Batch struct {
	rawHeader []byte
	hash      BatchHash
	// envelopeHashes are those of Envelopes: the header's hash is of them.
	envelopeHashes []EnvelopeHash

	Header BatchHeader
	// Signature is the leader's, over the batch hash; the ledger checks it against the validator set in force.
	Signature [64]byte
	// Envelopes are the transactions as received. They are not parsed here: one that is malformed voids the batch.
	Envelopes [][]byte
}

// maxBatchMessage bounds the encoded batch: envelopes, their length prefixes, header and signature.
const maxBatchMessage = MaxBatchBytes + 64<<10

// EnvelopesHash is the tagged hash over the hashes of the envelopes in order.
func EnvelopesHash(network NetworkID, envelopes [][]byte) [32]byte {
	return hashOfHashes(envelopeHashes(network, envelopes))
}

func envelopeHashes(network NetworkID, envelopes [][]byte) []EnvelopeHash {
	hashes := make([]EnvelopeHash, len(envelopes))
	for i, e := range envelopes {
		hashes[i] = NewEnvelopeHash(network, e)
	}
	return hashes
}

func hashOfHashes(hashes []EnvelopeHash) [32]byte {
	all := make([]byte, 0, 32*len(hashes))
	for _, h := range hashes {
		all = append(all, h[:]...)
	}
	return key.TaggedHash("umoja/envelopes/v1", all)
}

// SealBatch fills in the envelopes' hash, signs the header and gives the bytes for the raft entry.
func SealBatch(network NetworkID, h BatchHeader, envelopes [][]byte, leader ed25519.PrivateKey) []byte {
	raw, _ := seal(network, h, envelopes, envelopeHashes(network, envelopes), leader)
	return raw
}

// SealSigned is SealBatch of transactions, whose envelopes were hashed when they were parsed. The batch is what ParseBatch gives for the bytes.
func SealSigned(network NetworkID, h BatchHeader, all []*Signed, leader ed25519.PrivateKey) ([]byte, *Batch) {
	envelopes, hashes := make([][]byte, len(all)), make([]EnvelopeHash, len(all))
	for i, s := range all {
		envelopes[i], hashes[i] = s.envelope, s.hash
	}
	return seal(network, h, envelopes, hashes, leader)
}

func seal(network NetworkID, h BatchHeader, envelopes [][]byte, hashes []EnvelopeHash, leader ed25519.PrivateKey) ([]byte, *Batch) {
	h.EnvelopesHash = hashOfHashes(hashes)
	b := &Batch{Header: h, Envelopes: envelopes, envelopeHashes: hashes}
	b.rawHeader = marshal(&umojav1.BatchHeader{
		Epoch: h.Epoch, Number: h.Number, PreviousHash: h.PreviousHash[:], TimeUnixMs: h.TimeUnixMs,
		Leader: h.Leader, EnvelopesHash: h.EnvelopesHash[:], EpochChange: h.EpochChange, Term: h.Term,
		SetCheckpoint: h.SetCheckpoint,
	}, formBatchHeader)
	b.hash = newBatchHash(network, b.rawHeader)
	copy(b.Signature[:], ed25519.Sign(leader, b.hash[:]))
	return marshal(&umojav1.Batch{Header: b.rawHeader, Signature: b.Signature[:], Envelopes: envelopes}, formBatch), b
}

// ParseBatch reads a raft entry and checks its form and that the header is of these envelopes.
func ParseBatch(network NetworkID, raw []byte) (*Batch, error) {
	if len(raw) > maxBatchMessage {
		return nil, fmt.Errorf("batch is %d bytes, above %d: %w", len(raw), maxBatchMessage, ErrTooLarge)
	}
	if err := formBatch.check(raw); err != nil {
		return nil, err
	}
	var m umojav1.Batch
	if err := proto.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("batch: %w", ErrNotCanonical)
	}
	header, hash, err := ParseBatchHeader(network, m.GetHeader())
	if err != nil {
		return nil, err
	}
	b := &Batch{rawHeader: m.GetHeader(), hash: hash, Header: header, Envelopes: m.GetEnvelopes()}
	if err := fixed(b.Signature[:], m.GetSignature(), "batch signature"); err != nil {
		return nil, err
	}
	size := 0
	for _, e := range b.Envelopes {
		size += len(e)
	}
	if size > MaxBatchBytes {
		return nil, fmt.Errorf("batch envelopes are %d bytes, above %d: %w", size, MaxBatchBytes, ErrTooLarge)
	}
	if b.envelopeHashes = envelopeHashes(network, b.Envelopes); hashOfHashes(b.envelopeHashes) != b.Header.EnvelopesHash {
		return nil, fmt.Errorf("batch envelopes are not the header's: %w", ErrMalformed)
	}
	return b, nil
}

// ParseBatchHeader reads the header of a batch, of which the rest may be unknown, and gives the batch's hash.
func ParseBatchHeader(network NetworkID, raw []byte) (BatchHeader, BatchHash, error) {
	if err := formBatchHeader.check(raw); err != nil {
		return BatchHeader{}, BatchHash{}, err
	}
	var m umojav1.BatchHeader
	if err := proto.Unmarshal(raw, &m); err != nil {
		return BatchHeader{}, BatchHash{}, fmt.Errorf("batch header: %w", ErrNotCanonical)
	}
	h := BatchHeader{
		Epoch: m.GetEpoch(), Number: m.GetNumber(), TimeUnixMs: m.GetTimeUnixMs(), Leader: m.GetLeader(),
		EpochChange: m.GetEpochChange(), Term: m.GetTerm(), SetCheckpoint: m.GetSetCheckpoint(),
	}
	if len(h.SetCheckpoint) > maxSetCheckpoint {
		return BatchHeader{}, BatchHash{}, fmt.Errorf("batch set_checkpoint is %d bytes, above %d: %w", len(h.SetCheckpoint), maxSetCheckpoint, ErrTooLarge)
	}
	if len(h.EpochChange) > 0 {
		if err := CheckEpochChange(h.EpochChange); err != nil {
			return BatchHeader{}, BatchHash{}, fmt.Errorf("batch epoch_change: %w", err)
		}
	}
	if err := fixed(h.PreviousHash[:], m.GetPreviousHash(), "batch previous_hash"); err != nil {
		return BatchHeader{}, BatchHash{}, err
	}
	if err := fixed(h.EnvelopesHash[:], m.GetEnvelopesHash(), "batch envelopes_hash"); err != nil {
		return BatchHeader{}, BatchHash{}, err
	}
	return h, newBatchHash(network, raw), nil
}

// EnvelopeHashes are those of Envelopes, in order. They must not be changed.
func (b *Batch) EnvelopeHashes() []EnvelopeHash { return b.envelopeHashes }

// Hash is the batch's hash.
func (b *Batch) Hash() BatchHash { return b.hash }

// RawHeader is the header's bytes as received: with the signature, evidence of what a leader said.
func (b *Batch) RawHeader() []byte { return b.rawHeader }

// VerifyLeader checks the signature of the leader's key over the batch hash.
func (b *Batch) VerifyLeader(leader ed25519.PublicKey) error {
	if len(leader) != ed25519.PublicKeySize || !ed25519.Verify(leader, b.hash[:], b.Signature[:]) {
		return fmt.Errorf("batch header: %w", ErrBadSignature)
	}
	return nil
}

// VerifyHeader checks the signature of the leader's key over a batch of which only the header is known.
func VerifyHeader(network NetworkID, rawHeader []byte, signature [64]byte, leader ed25519.PublicKey) error {
	b := Batch{hash: newBatchHash(network, rawHeader), Signature: signature}
	return b.VerifyLeader(leader)
}

func newBatchHash(network NetworkID, rawHeader []byte) BatchHash {
	return BatchHash(key.TaggedHash("umoja/batch/v1", network[:], rawHeader))
}
