package batch

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"slices"

	"github.com/consensys/gnark-crypto/ecc/secp256k1"
	"github.com/consensys/gnark-crypto/ecc/secp256k1/fp"
	"github.com/consensys/gnark-crypto/ecc/secp256k1/fr"

	"github.com/umoja-ledger/umoja/ledger/key"
)

// share is what one item adds to the equation.
type share struct {
	// item is its place among the items.
	item  int32
	key   int32
	nonce point
	// coefficient is a, the others are a·e and a·s.
	coefficient short
	challenge   raw
	scalar      raw
}

// equation is the memory in which slices of items are verified; one goroutine at a time uses it.
type equation struct {
	shares []share
	// places gives each key of the slice its place in points and sums.
	places map[key.Public]int32
	points []point
	// met are the keys to remember, if their signatures are good; good says whose are, by place.
	met  []met
	good []bool
	// sums holds Σ a·e of each key of the shares that are looked at; touched says whose is not nil.
	sums    []raw
	touched []int32
	sum     multiexp
	// patience is how many bad items are searched for; more are met one by one.
	patience int
	hash     hash.Hash
	text     [challengeBytes]byte
}

func newEquation() *equation {
	e := &equation{places: make(map[key.Public]int32), hash: sha256.New()}
	tag := sha256.Sum256([]byte("BIP0340/challenge"))
	copy(e.text[:], tag[:])
	copy(e.text[32:], tag[:])
	return e
}

// challengeBytes is the length of what BIP340 hashes: the tag twice, nonce, key and digest.
const challengeBytes = 5 * 32

// coefficientTag separates the hashes of this package from all others.
var coefficientTag = sha256.Sum256([]byte("umoja: coefficients of a batch of signatures"))

// take prepares the items, at most maxSlice of them, and leaves out those that are in no form to be valid: their places are
// appended to odd.
func (e *equation) take(items []Item, known *keys, odd []int32) []int32 {
	e.shares, e.points, e.met = e.shares[:0], e.points[:0], e.met[:0]
	clear(e.places)
	e.hash.Reset()
	e.hash.Write(coefficientTag[:])
	for i := range items {
		if !e.takeOne(&items[i], int32(i), known) {
			odd = append(odd, int32(i))
		}
	}
	e.sums = resized(e.sums, len(e.points))
	clear(e.sums)
	e.coefficients()
	return odd
}

func (e *equation) takeOne(item *Item, index int32, known *keys) bool {
	nonce, scalar := (*[32]byte)(item.Signature[:32]), (*[32]byte)(item.Signature[32:])
	s, err := fr.BigEndian.Element(scalar)
	if err != nil {
		return false
	}
	r, ok := lift(nonce)
	if !ok {
		return false
	}
	place, ok := e.places[item.Key]
	if !ok {
		p, recent, ok := known.find(&item.Key)
		if !ok {
			return false
		}
		place = int32(len(e.points))
		if !recent {
			e.met = append(e.met, met{item.Key, place})
		}
		e.points = append(e.points, p)
		e.places[item.Key] = place
	}
	copy(e.text[64:], nonce[:])
	copy(e.text[96:], item.Key[:])
	copy(e.text[128:], item.Digest[:])
	challenge := sha256.Sum256(e.text[:])
	c := rawReduced(&challenge)
	c.Mul(&c, &squareOfR)
	// The challenge is a hash of nonce, key and digest: with the scalar it stands for the whole item.
	e.hash.Write(challenge[:])
	e.hash.Write(scalar[:])
	e.shares = append(e.shares, share{item: index, key: place, nonce: r, challenge: c, scalar: s})
	return true
}

// remember has the keys remembered that have a good signature in the slice; bad are its bad items, ascending.
func (e *equation) remember(known *keys, bad []int32) {
	if len(e.met) == 0 {
		return
	}
	if len(bad) > 0 {
		e.good = resized(e.good, len(e.points))
		clear(e.good)
		for i := range e.shares {
			if _, found := slices.BinarySearch(bad, e.shares[i].item); !found {
				e.good[e.shares[i].key] = true
			}
		}
		e.met = slices.DeleteFunc(e.met, func(m met) bool { return !e.good[m.place] })
	}
	known.remember(e.met, e.points)
}

// coefficients gives each share its coefficient, and multiplies.
func (e *equation) coefficients() {
	var block [40]byte
	e.hash.Sum(block[:0])
	var drawn [32]byte
	for i := range e.shares {
		if i%2 == 0 {
			binary.BigEndian.PutUint64(block[32:], uint64(i))
			drawn = sha256.Sum256(block[:])
		}
		half := drawn[i%2*16:]
		a := short{hi: binary.BigEndian.Uint64(half), lo: binary.BigEndian.Uint64(half[8:])}
		if a.isZero() {
			a.lo = 1 // Once in 2^128 hashes an item would not be looked at.
		}
		s := &e.shares[i]
		s.coefficient = a
		factor := rawShort(a)
		s.challenge.Mul(&s.challenge, &factor)
		s.scalar.Mul(&s.scalar, &factor)
	}
}

// generator is G.
var _, generator = secp256k1.Generators()

// beta is the endomorphism's: (x, y) → (β·x, y).
var beta = fp.Element{0x58a4361c8e81894e, 0x03fde1631c4b80af, 0xf8e98978d02e3905, 0x7a4a36aebcbb3d53}

// holds says whether the equation of some shares is true. It is false as well if it cannot be told.
func (e *equation) holds(shares []share) bool {
	e.sum.reset()
	var base raw
	e.touched = e.touched[:0]
	for i := range shares {
		s := &shares[i]
		e.sum.add(&s.nonce, s.coefficient, false)
		base.Add(&base, &s.scalar)
		sum := &e.sums[s.key]
		if sum.IsZero() {
			e.touched = append(e.touched, s.key)
		}
		sum.Add(sum, &s.challenge)
	}
	base.Neg(&base)
	ok := e.addLong(&generator, base)
	for _, place := range e.touched {
		// A sum that came back to zero may be in here twice, and is zero the second time.
		ok = e.addLong(&e.points[place], e.sums[place]) && ok
		e.sums[place] = raw{}
	}
	return ok && e.sum.isZero()
}

// addLong adds a term whose scalar is of 256 bits.
func (e *equation) addLong(p *point, k raw) bool {
	a, b, ok := split(k)
	e.sum.add(p, a.short, a.negative)
	turned := *p
	turned.X.Mul(&turned.X, &beta)
	e.sum.add(&turned, b.short, b.negative)
	return ok
}
