package ledger

import (
	"encoding/binary"
	"fmt"

	"github.com/zeebo/blake3"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// LtHash is a homomorphic hash over a set of state entries: 1,024 sums of 16 bits (LtHash16; Lewi, Kim, Maykov, Weis,
// "Securing Update Propagation with Homomorphic Hashing", 2019). An entry is added or taken away at the price of hashing
// it alone, in any order, so the state root costs only what a batch changes.
type LtHash [1024]uint16

// stateHasher expands entries under the network's key. It works on one entry at a time and keeps its memory: a new keyed
// hasher for every entry would cost as much as the hashing.
type stateHasher struct {
	keyed *blake3.Hasher
	words [2048]byte
}

func newStateHasher(network tx.NetworkID) *stateHasher {
	secret := key.TaggedHash("umoja/state/v1", network[:])
	keyed, err := blake3.NewKeyed(secret[:])
	if err != nil {
		panic("key BLAKE3: " + err.Error()) // Cannot happen: the key is 32 bytes.
	}
	return &stateHasher{keyed: keyed}
}

// expand is keyed BLAKE3 over the key's length in two bytes, the key and the value, read as 1,024 little-endian words. The
// words hold until the next call.
func (h *stateHasher) expand(k, v []byte) *[2048]byte {
	h.keyed.Reset()
	var length [2]byte
	binary.BigEndian.PutUint16(length[:], uint16(len(k)))
	h.keyed.Write(length[:])
	h.keyed.Write(k)
	h.keyed.Write(v)
	if _, err := h.keyed.Digest().Read(h.words[:]); err != nil {
		panic("expand BLAKE3: " + err.Error()) // Cannot happen: the output has no end.
	}
	return &h.words
}

// add puts an entry into the set.
func (l *LtHash) add(h *stateHasher, k, v []byte) {
	words := h.expand(k, v)
	for i := range l {
		l[i] += binary.LittleEndian.Uint16(words[2*i:])
	}
}

// remove takes an entry out of the set.
func (l *LtHash) remove(h *stateHasher, k, v []byte) {
	words := h.expand(k, v)
	for i := range l {
		l[i] -= binary.LittleEndian.Uint16(words[2*i:])
	}
}

// change moves the hash from the state before the changes to the state after.
func (l *LtHash) change(h *stateHasher, changes []Change) {
	for _, c := range changes {
		if c.Before != nil {
			l.remove(h, c.Key, c.Before)
		}
		if c.After != nil {
			l.add(h, c.Key, c.After)
		}
	}
}

// Root is BLAKE3 of the sums, which stands in the header leaf.
func (l *LtHash) Root() [32]byte { return blake3.Sum256(l.Bytes()) }

// Bytes writes the sums as little-endian words.
func (l *LtHash) Bytes() []byte {
	out := make([]byte, 0, 2*len(l))
	for _, word := range l {
		out = binary.LittleEndian.AppendUint16(out, word)
	}
	return out
}

// LtHashOf reads what Bytes wrote.
func LtHashOf(raw []byte) (LtHash, error) {
	var l LtHash
	if len(raw) != 2*len(l) {
		return l, fmt.Errorf("state hash is %d bytes, not %d: %w", len(raw), 2*len(l), ErrCorrupt)
	}
	for i := range l {
		l[i] = binary.LittleEndian.Uint16(raw[2*i:])
	}
	return l, nil
}

// Rescan hashes every entry that next gives until it returns false: what the incremental hash must equal.
func Rescan(network tx.NetworkID, next func() (Entry, bool, error)) (LtHash, error) {
	h := newStateHasher(network)
	var l LtHash
	for {
		e, ok, err := next()
		if err != nil || !ok {
			return l, err
		}
		l.add(h, e.Key, e.Value)
	}
}
