package checkpoint

import (
	"bytes"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// Trust is what a verifier must know beforehand; the genesis file gives it.
type Trust struct {
	Network    tx.NetworkID
	Validators ValidatorSet
}

// Proof places a leaf in the history: its index and its inclusion proof under a cosigned checkpoint.
type Proof struct {
	Leaf       []byte
	LeafIndex  uint64
	Inclusion  [][32]byte
	Checkpoint []byte
}

// SetChange proves one change of the validator set: Proof is of the header leaf that names the new set.
type SetChange struct {
	Proof
	Set ValidatorSet
}

// Receipt proves what the ledger did with a transaction, offline.
type Receipt struct {
	Proof
	// Changes lead from the genesis set to the set that cosigned.
	Changes []SetChange
}

// Verified is what a valid receipt proves.
type Verified struct {
	Transaction *tx.Signed
	Record      tx.Record
	LeafIndex   uint64
	LeafHash    [32]byte
	Checkpoint  Checkpoint
	Cosigners   []string
}

// Code is the receipt code that a phone shows.
func (v Verified) Code() string { return ReceiptCode(v.LeafHash) }

// LeafHash is the RFC 6962 hash of a leaf.
func LeafHash(leaf []byte) [32]byte { return [32]byte(tlog.RecordHash(leaf)) }

// crockford is Crockford's base 32 alphabet: no I, L, O or U, so that a code can be read out loud.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// ReceiptCode is the first 40 bits of a leaf's hash as 8 characters of Crockford's base 32. It is bound to the leaf and
// short enough to read out; it is checked by asking a provider, never by itself.
func ReceiptCode(leafHash [32]byte) string {
	var code [8]byte
	for i := range code {
		bit := 5 * i
		window := uint16(leafHash[bit/8])<<8 | uint16(leafHash[bit/8+1])
		code[i] = crockford[window>>(11-bit%8)&31]
	}
	return string(code[:])
}

// verify checks that the leaf is in the tree of a checkpoint that a quorum of the set cosigned.
func (p Proof) verify(network tx.NetworkID, set ValidatorSet) (Checkpoint, []Cosignature, error) {
	c, cosigs, err := Open(network, set, p.Checkpoint)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	if p.LeafIndex >= c.Size || c.Size > 1<<62 || len(p.Inclusion) > 64 {
		return Checkpoint{}, nil, fmt.Errorf("leaf %d in a tree of %d: %w", p.LeafIndex, c.Size, ErrBadReceipt)
	}
	proof := make(tlog.RecordProof, len(p.Inclusion))
	for i, h := range p.Inclusion {
		proof[i] = h
	}
	if err := tlog.CheckRecord(proof, int64(c.Size), c.Root, int64(p.LeafIndex), tlog.RecordHash(p.Leaf)); err != nil {
		return Checkpoint{}, nil, fmt.Errorf("inclusion of leaf %d: %w", p.LeafIndex, ErrBadReceipt)
	}
	return c, cosigs, nil
}

// Verify checks the whole receipt: the chain of validator sets, the checkpoint's cosignatures, the inclusion proof, and
// the transaction's own signatures.
func (r Receipt) Verify(trust Trust) (*Verified, error) {
	set, err := Follow(trust, r.Changes)
	if err != nil {
		return nil, err
	}
	c, cosigs, err := r.verify(trust.Network, set)
	if err != nil {
		return nil, err
	}
	if n := len(r.Changes); n > 0 && c.Size <= r.Changes[n-1].LeafIndex {
		return nil, fmt.Errorf("checkpoint of %d leaves is older than its validator set: %w", c.Size, ErrBadReceipt)
	}
	leaf, err := tx.ParseLeaf(r.Leaf)
	if err != nil {
		return nil, fmt.Errorf("receipt leaf: %w", err)
	}
	if leaf.Record == nil {
		return nil, fmt.Errorf("leaf is not of a transaction: %w", ErrBadReceipt)
	}
	signed, err := tx.Parse(trust.Network, leaf.Record.Envelope)
	if err != nil {
		return nil, fmt.Errorf("receipt transaction: %w", err)
	}
	if err := signed.VerifySignatures(); err != nil {
		return nil, fmt.Errorf("receipt transaction: %w", err)
	}
	v := &Verified{Transaction: signed, Record: *leaf.Record, LeafIndex: r.LeafIndex, LeafHash: LeafHash(r.Leaf), Checkpoint: c}
	for _, cosig := range cosigs {
		v.Cosigners = append(v.Cosigners, cosig.Validator)
	}
	return v, nil
}

// Follow walks from the genesis set to the set that the last change names. Each change is proved under the set before it,
// comes later than the one before, and changes something, so that there is one chain and not many.
func Follow(trust Trust, changes []SetChange) (ValidatorSet, error) {
	set := trust.Validators
	for i, change := range changes {
		if _, _, err := change.verify(trust.Network, set); err != nil {
			return nil, fmt.Errorf("validator set change %d: %w", i, err)
		}
		leaf, err := tx.ParseLeaf(change.Leaf)
		if err != nil {
			return nil, fmt.Errorf("validator set change %d: %w", i, err)
		}
		switch hash := change.Set.Hash(); {
		case leaf.Header == nil || leaf.Header.ValidatorSetHash != hash:
			return nil, fmt.Errorf("validator set change %d: header names another set: %w", i, ErrBadReceipt)
		case hash == set.Hash():
			return nil, fmt.Errorf("validator set change %d: changes nothing: %w", i, ErrBadReceipt)
		case i > 0 && change.LeafIndex <= changes[i-1].LeafIndex:
			return nil, fmt.Errorf("validator set change %d: out of order: %w", i, ErrBadReceipt)
		}
		set = change.Set
	}
	return set, nil
}

// maxReceiptBytes bounds a receipt with a long chain of set changes.
const maxReceiptBytes = 1 << 20

// Proto gives the message form, for services.
func (r Receipt) Proto() *umojav1.Receipt {
	m := &umojav1.Receipt{Leaf: r.Leaf, LeafIndex: r.LeafIndex, Proof: hashesOut(r.Inclusion), Checkpoint: r.Checkpoint}
	m.Changes = ChangesProto(r.Changes)
	return m
}

// ChangesProto gives the message form of a chain of set changes.
func ChangesProto(changes []SetChange) []*umojav1.ValidatorSetChange {
	var out []*umojav1.ValidatorSetChange
	for _, c := range changes {
		out = append(out, &umojav1.ValidatorSetChange{
			HeaderLeaf: c.Leaf, LeafIndex: c.LeafIndex, Proof: hashesOut(c.Inclusion), Checkpoint: c.Checkpoint, ValidatorSet: c.Set.Encode(),
		})
	}
	return out
}

// Encode gives the canonical bytes, which is what a receipt file holds.
func (r Receipt) Encode() ([]byte, error) {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(r.Proto())
	if err != nil {
		return nil, fmt.Errorf("encode receipt: %w", err)
	}
	return raw, tx.CheckReceipt(raw)
}

// ParseReceipt reads canonical bytes; Verify does the rest.
func ParseReceipt(raw []byte) (Receipt, error) {
	if len(raw) > maxReceiptBytes {
		return Receipt{}, fmt.Errorf("receipt is above 1 MiB: %w", ErrBadReceipt)
	}
	if err := tx.CheckReceipt(raw); err != nil {
		return Receipt{}, fmt.Errorf("receipt: %w", err)
	}
	var m umojav1.Receipt
	if err := proto.Unmarshal(raw, &m); err != nil {
		return Receipt{}, fmt.Errorf("receipt: %w", ErrBadReceipt)
	}
	r, err := ReceiptOf(&m)
	if err != nil {
		return Receipt{}, err
	}
	if again, err := r.Encode(); err != nil || !bytes.Equal(again, raw) {
		return Receipt{}, fmt.Errorf("receipt has more than one reading: %w", ErrBadReceipt)
	}
	return r, nil
}

// ReceiptOf reads the message form.
func ReceiptOf(m *umojav1.Receipt) (Receipt, error) {
	var r Receipt
	var err error
	r.Leaf, r.LeafIndex, r.Checkpoint = m.GetLeaf(), m.GetLeafIndex(), m.GetCheckpoint()
	if r.Inclusion, err = hashesIn(m.GetProof()); err != nil {
		return Receipt{}, err
	}
	if r.Changes, err = ChangesOf(m.GetChanges()); err != nil {
		return Receipt{}, err
	}
	return r, nil
}

// ChangesOf reads the message form of a chain of set changes; Follow checks it.
func ChangesOf(messages []*umojav1.ValidatorSetChange) ([]SetChange, error) {
	var out []SetChange
	var err error
	for _, m := range messages {
		var c SetChange
		c.Leaf, c.LeafIndex, c.Checkpoint = m.GetHeaderLeaf(), m.GetLeafIndex(), m.GetCheckpoint()
		if c.Inclusion, err = hashesIn(m.GetProof()); err != nil {
			return nil, err
		}
		if c.Set, err = ParseValidatorSet(m.GetValidatorSet()); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func hashesOut(hashes [][32]byte) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}
	return out
}

func hashesIn(raw [][]byte) ([][32]byte, error) {
	out := make([][32]byte, len(raw))
	for i, h := range raw {
		if len(h) != 32 {
			return nil, fmt.Errorf("proof hash %d is not 32 bytes: %w", i, ErrBadReceipt)
		}
		out[i] = [32]byte(h)
	}
	return out, nil
}
