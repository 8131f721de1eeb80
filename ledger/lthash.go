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

// stateHasher expands entries under the network's key and sums them up.
//
// The parts of BLAKE3 are put together here because a hasher gives out its stream block by block; two calls of
// CompressBlocks give all 32 blocks at half the price.
//
// The sums are kept as 256 words of four lanes of 16 bits, in two forms. In all, words were added to words, so that each lane has gone over
// into the next; even has the lanes 0 and 2 alone, each with the room of the next. What went over can be told from the two (fold), so adding
// and taking away cost a few plain operations on 64 bits for each word: lane by lane they would cost as much as the hashing.
type stateHasher struct {
	key   [8]uint32
	input []byte
	// entered and gone are where an entry's words are expanded.
	entered, gone stream
	all, even     [256]uint64
	// summed is how many entries were added or taken away since lanes were folded. Invariant: at most maxSummed.
	summed int
}

// stream is what an entry expands to, in two halves.
type stream [2][guts.ChunkSize]byte

// none is the stream of an entry that is not there.
var none stream

const (
	// evens are the lanes 0 and 2 of a word.
	evens = 0x0000_ffff_0000_ffff
	// maxSummed keeps the sum of a lane below 2^31, so that it can be told from its lowest 32 bits whether it is negative.
	maxSummed = 1 << 14
)

func newStateHasher(network tx.NetworkID) *stateHasher {
	secret := key.TaggedHash("umoja/state/v1", network[:])
	h := &stateHasher{}
	for i := range h.key {
		h.key[i] = binary.LittleEndian.Uint32(secret[4*i:])
	}
	return h
}

// expand is keyed BLAKE3 over the key's length in two bytes, the key and the value, read as 1,024 little-endian words.
func (h *stateHasher) expand(to *stream, k, v []byte) *stream {
	h.input = binary.BigEndian.AppendUint16(h.input[:0], uint16(len(k)))
	h.input = append(append(h.input, k...), v...)
	node := guts.Node{CV: h.key, BlockLen: uint32(len(h.input)), Flags: guts.FlagKeyedHash | guts.FlagChunkStart | guts.FlagChunkEnd}
	if len(h.input) <= guts.BlockSize { // As a balance, an id and credits.
		var block [guts.BlockSize]byte
		copy(block[:], h.input)
		node.Block = guts.BytesToWords(block)
	} else {
		node = blake3Node(h.input, &h.key, 0, guts.FlagKeyedHash)
	}
	node.Flags |= guts.FlagRoot
	node.Counter = 0
	guts.CompressBlocks(&to[0], node)
	node.Counter = guts.MaxSIMD
	guts.CompressBlocks(&to[1], node)
	return to
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

// sum adds one stream to the sums and takes another away.
func (h *stateHasher) sum(in, out *stream) {
	for half := range in {
		in, out, all, even := &in[half], &out[half], h.all[128*half:128*half+128], h.even[128*half:128*half+128]
		for i := range 128 {
			a, b := binary.LittleEndian.Uint64(in[8*i:8*i+8]), binary.LittleEndian.Uint64(out[8*i:8*i+8])
			all[i] += a - b
			even[i] += a&evens - b&evens
		}
	}
	if h.summed++; h.summed == maxSummed {
		h.fold()
	}
}

// fold brings every lane back to its 16 bits. even is lane 0 and 2^32 times lane 2, and what all has more is 2^16 times lane 1 and 2^48 times
// lane 3; a lane may be negative, and then has borrowed from the one above it.
func (h *stateHasher) fold() {
	for i, even := range h.even {
		odd := h.all[i] - even
		lane0, lane1 := uint64(int32(even)), uint64(int32(odd>>16))
		lane2, lane3 := (even-lane0)>>32, (odd-lane1<<16)>>48
		h.all[i] = lane0&0xffff | lane1&0xffff<<16 | lane2&0xffff<<32 | lane3<<48
		h.even[i] = h.all[i] & evens
	}
	h.summed = 0
}

// start sets the sums, end reads them.
func (h *stateHasher) start(l *LtHash) {
	for i := range h.all {
		h.all[i] = uint64(l[4*i]) | uint64(l[4*i+1])<<16 | uint64(l[4*i+2])<<32 | uint64(l[4*i+3])<<48
		h.even[i] = h.all[i] & evens
	}
	h.summed = 0
}

func (h *stateHasher) end(l *LtHash) {
	h.fold()
	for i, sum := range h.all {
		l[4*i], l[4*i+1], l[4*i+2], l[4*i+3] = uint16(sum), uint16(sum>>16), uint16(sum>>32), uint16(sum>>48)
	}
}

// change moves the hash from the state before the changes to the state after.
func (l *LtHash) change(h *stateHasher, changes []Change) {
	h.start(l)
	for _, c := range changes {
		in, out := &none, &none
		if c.Before != nil {
			out = h.expand(&h.gone, c.Key, c.Before)
		}
		if c.After != nil {
			in = h.expand(&h.entered, c.Key, c.After)
		}
		h.sum(in, out)
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
		h.sum(h.expand(&h.entered, e.Key, e.Value), &none)
	}
}
