package finality

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// The state on disk, integers big-endian:
//
//	"umoja-signer"  version u16
//	network [32]  name u8+bytes  key [32]
//	epoch u64
//	attested: epoch u64  size u64  root [32]  signature [64]
//	ratified: the same
//	highest: epoch u64  size u64  root [32]  signatures: count u8, each: validator u8+bytes  signature [64]
//	wished: epoch u64  certified: epoch u64  size u64  root [32]  signature [64]  certificate: signatures as above
//	final: epoch u64  size u64  root [32]
//	ratifications: signatures as above
//	cosigned: size u64  root [32]  time u64  signature [64]
//	sealed: length u16, note
//	SHA-256 of all of the above
const (
	stateMagic    = "umoja-signer"
	stateVersion  = 2
	maxStateBytes = 64 << 10
	maxSignatures = 31
)

func encodeState(s State, identity Identity) []byte {
	b := binary.BigEndian.AppendUint16([]byte(stateMagic), stateVersion)
	b = append(b, identity.Network[:]...)
	b = append(append(b, byte(len(identity.Name))), identity.Name...)
	b = append(b, identity.Key[:]...)
	b = binary.BigEndian.AppendUint64(b, s.Epoch)
	for _, v := range []SignedVote{s.Attested, s.Ratified} {
		b = append(appendVote(b, v.Vote), v.Signature[:]...)
	}
	b = appendSignatures(appendVote(b, s.Highest.Vote), s.Highest.Signatures)
	b = appendVote(binary.BigEndian.AppendUint64(b, s.Wished.Epoch), s.Wished.Certified)
	b = appendSignatures(append(b, s.Wished.Signature[:]...), s.Wished.Certificate)
	b = appendVote(b, s.Final)
	b = appendSignatures(b, s.Ratifications)
	b = binary.BigEndian.AppendUint64(b, s.Cosigned.Size)
	b = append(b, s.Cosigned.Root[:]...)
	b = binary.BigEndian.AppendUint64(b, s.Cosigned.TimeUnixS)
	b = append(b, s.Cosigned.Signature[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(s.Sealed)))
	b = append(b, s.Sealed...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

func appendVote(b []byte, v checkpoint.Vote) []byte {
	b = binary.BigEndian.AppendUint64(b, v.Epoch)
	b = binary.BigEndian.AppendUint64(b, v.Size)
	return append(b, v.Root[:]...)
}

func appendSignatures(b []byte, signatures []Signature) []byte {
	b = append(b, byte(len(signatures)))
	for _, s := range signatures {
		b = append(append(b, byte(len(s.Validator))), s.Validator...)
		b = append(b, s.Signature[:]...)
	}
	return b
}

// parseState reads what encodeState wrote, and nothing else.
func parseState(raw []byte, identity Identity) (State, error) {
	head := len(stateMagic) + 2
	if len(raw) < head+sha256.Size || len(raw) > maxStateBytes || string(raw[:len(stateMagic)]) != stateMagic {
		return State{}, fmt.Errorf("length or first bytes: %w", ErrCorrupt)
	}
	body, sum := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	if want := sha256.Sum256(body); !bytes.Equal(want[:], sum) {
		return State{}, fmt.Errorf("checksum: %w", ErrCorrupt)
	}
	if v := binary.BigEndian.Uint16(raw[len(stateMagic):]); v != stateVersion {
		return State{}, fmt.Errorf("version %d, not %d: %w", v, stateVersion, ErrFormat)
	}
	d := decoder{rest: body[head:]}
	found := Identity{Network: d.array32(), Name: string(d.take(int(d.byte()))), Key: d.array32()}
	if !d.short && found != identity {
		return State{}, fmt.Errorf("state of validator %q: %w", found.Name, ErrWrongSigner)
	}
	var s State
	s.Epoch = d.uint64()
	s.Attested = SignedVote{Vote: d.vote(), Signature: d.array64()}
	s.Ratified = SignedVote{Vote: d.vote(), Signature: d.array64()}
	s.Highest = checkpoint.Certificate{Vote: d.vote(), Signatures: d.signatures()}
	s.Wished = EpochWord{Epoch: d.uint64(), Certified: d.vote(), Signature: d.array64(), Certificate: d.signatures()}
	s.Final = d.vote()
	s.Ratifications = d.signatures()
	s.Cosigned = SignedCheckpoint{Size: d.uint64(), Root: d.array32(), TimeUnixS: d.uint64(), Signature: d.array64()}
	if note := d.take(int(binary.BigEndian.Uint16(d.take(2)))); len(note) > 0 {
		s.Sealed = bytes.Clone(note)
	}
	if d.short || len(d.rest) > 0 {
		return State{}, fmt.Errorf("length of the parts: %w", ErrCorrupt)
	}
	return s, nil
}

// decoder reads fixed parts from the front. When they run out it gives zeros and notes it.
type decoder struct {
	rest  []byte
	short bool
}

func (d *decoder) take(n int) []byte {
	if n > len(d.rest) {
		d.short = true
		return make([]byte, n)
	}
	part := d.rest[:n]
	d.rest = d.rest[n:]
	return part
}

func (d *decoder) byte() byte        { return d.take(1)[0] }
func (d *decoder) uint64() uint64    { return binary.BigEndian.Uint64(d.take(8)) }
func (d *decoder) array32() [32]byte { return [32]byte(d.take(32)) }
func (d *decoder) array64() [64]byte { return [64]byte(d.take(64)) }
func (d *decoder) vote() checkpoint.Vote {
	return checkpoint.Vote{Epoch: d.uint64(), Size: d.uint64(), Root: d.array32()}
}

func (d *decoder) signatures() []Signature {
	n := int(d.byte())
	if n > maxSignatures {
		d.short = true
		return nil
	}
	var out []Signature
	for range n {
		out = append(out, Signature{Validator: string(d.take(int(d.byte()))), Signature: d.array64()})
	}
	return out
}
