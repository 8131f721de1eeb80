package ledger

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"lukechampine.com/blake3/guts"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// LtHash is a homomorphic hash over a set of state entries: 1,024 sums of 16 bits (LtHash16; Lewi, Kim, Maykov, Weis,
// "Securing Update Propagation with Homomorphic Hashing", 2019). An entry is added or taken away at the price of hashing
// it alone, in any order, so the state root costs only what a batch changes.
type LtHash [1024]uint16

// stateHasher expands entries under the network's key, one at a time, and sums them up. The sums are kept as 256 words of
// four lanes, which a plain 64-bit add moves at once: adding word by word would cost a third of the hashing.
//
// The parts of BLAKE3 are put together here because a hasher gives out its stream block by block; two calls of
// CompressBlocks give all 32 blocks at half the price.
type stateHasher struct {
	key   [8]uint32
	input []byte
	words [2][guts.ChunkSize]byte
	sums  [256]uint64
}

func newStateHasher(network tx.NetworkID) *stateHasher {
	secret := key.TaggedHash("umoja/state/v1", network[:])
	h := &stateHasher{}
	for i := range h.key {
		h.key[i] = binary.LittleEndian.Uint32(secret[4*i:])
	}
	return h
}

// expand is keyed BLAKE3 over the key's length in two bytes, the key and the value, read as 1,024 little-endian words. The
// words hold until the next call.
func (h *stateHasher) expand(k, v []byte) *[2][guts.ChunkSize]byte {
	h.input = binary.BigEndian.AppendUint16(h.input[:0], uint16(len(k)))
	h.input = append(append(h.input, k...), v...)
	node := blake3Node(h.input, &h.key, 0, guts.FlagKeyedHash)
	node.Flags |= guts.FlagRoot
	node.Counter = 0
	guts.CompressBlocks(&h.words[0], node)
	node.Counter = guts.MaxSIMD
	guts.CompressBlocks(&h.words[1], node)
	return &h.words
}

// blake3Node is the uncompressed node over the input, whose first chunk has the number given.
func blake3Node(input []byte, secret *[8]uint32, chunk uint64, flags uint32) guts.Node {
	if len(input) <= guts.ChunkSize {
		return guts.CompressChunk(input, secret, chunk, flags)
	}
	// The left subtree takes the largest power of two chunks that leaves something to the right one.
	left := uint64(1) << (bits.Len64(uint64(len(input)-1)/guts.ChunkSize) - 1)
	cut := left * guts.ChunkSize
	return guts.ParentNode(
		guts.ChainingValue(blake3Node(input[:cut], secret, chunk, flags)),
		guts.ChainingValue(blake3Node(input[cut:], secret, chunk+left, flags)), secret, flags)
}

// tops are the highest bits of the four lanes of a word.
const tops = 0x8000_8000_8000_8000

// add puts an entry into the sums.
func (h *stateHasher) add(k, v []byte) {
	words := h.expand(k, v)
	for half := range words {
		sums, raw := h.sums[128*half:128*half+128], &words[half]
		for i := range sums {
			// Without the top bits no lane carries into the next; they are added without carry.
			a, b := sums[i], binary.LittleEndian.Uint64(raw[8*i:])
			sums[i] = (a&^tops + b&^tops) ^ (a^b)&tops
		}
	}
}

// remove takes an entry out of the sums.
func (h *stateHasher) remove(k, v []byte) {
	words := h.expand(k, v)
	for half := range words {
		sums, raw := h.sums[128*half:128*half+128], &words[half]
		for i := range sums {
			a, b := sums[i], binary.LittleEndian.Uint64(raw[8*i:])
			sums[i] = (a | tops - b&^tops) ^ (a^^b)&tops
		}
	}
}

// start sets the sums, end reads them.
func (h *stateHasher) start(l *LtHash) {
	for i := range h.sums {
		h.sums[i] = uint64(l[4*i]) | uint64(l[4*i+1])<<16 | uint64(l[4*i+2])<<32 | uint64(l[4*i+3])<<48
	}
}

func (h *stateHasher) end(l *LtHash) {
	for i, sum := range h.sums {
		l[4*i], l[4*i+1], l[4*i+2], l[4*i+3] = uint16(sum), uint16(sum>>16), uint16(sum>>32), uint16(sum>>48)
	}
}

// change moves the hash from the state before the changes to the state after.
func (l *LtHash) change(h *stateHasher, changes []Change) {
	h.start(l)
	for _, c := range changes {
		if c.Before != nil {
			h.remove(c.Key, c.Before)
		}
		if c.After != nil {
			h.add(c.Key, c.After)
		}
	}
	h.end(l)
}

// Add makes it the hash of both sets, which have no entry in common.
func (l *LtHash) Add(other *LtHash) {
	for i := range l {
		l[i] += other[i]
	}
}

// Root is BLAKE3 of the sums, which stands in the header leaf.
func (l *LtHash) Root() [32]byte {
	node := blake3Node(l.Bytes(), &guts.IV, 0, 0)
	node.Flags |= guts.FlagRoot
	var root [32]byte
	for i, word := range guts.ChainingValue(node) {
		binary.LittleEndian.PutUint32(root[4*i:], word)
	}
	return root
}

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
			h.end(&l)
			return l, err
		}
		h.add(e.Key, e.Value)
	}
}
