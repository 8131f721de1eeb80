package batch

import (
	"sync"

	"github.com/consensys/gnark-crypto/ecc/secp256k1/fp"

	"github.com/umoja-ledger/umoja/ledger/key"
)

// keys remembers the points of keys whose signatures were good, since a square root for each costs a third of a verification. What is in
// it never changes a verdict. A key that nobody has signed with is not remembered: anybody can make up thousands of them, and would push
// out those of all who pay.
type keys struct {
	mu sync.RWMutex
	// recent and older are two generations. Invariant: each holds at most generation keys.
	recent, older map[key.Public]point
}

// generation bounds what is remembered: two generations of about 130 bytes a key.
const generation = 1 << 15

// find gives the point of a key; ok is false when it is on no curve. Recent is whether there is nothing to remember.
func (k *keys) find(public *key.Public) (p point, recent, ok bool) {
	k.mu.RLock()
	p, recent = k.recent[*public]
	ok = recent
	if !recent {
		p, ok = k.older[*public]
	}
	k.mu.RUnlock()
	if !ok {
		p, ok = lift((*[32]byte)(public))
	}
	return p, recent, ok
}

// met is a key of a slice that is not among the recent ones, and its place in the slice's points.
type met struct {
	key   key.Public
	place int32
}

// remember takes keys of good signatures.
func (k *keys) remember(all []met, points []point) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, m := range all {
		if k.recent == nil || len(k.recent) >= generation {
			k.older, k.recent = k.recent, make(map[key.Public]point)
		}
		k.recent[m.key] = points[m.place]
	}
}

// seven is the curve's: y² = x³ + 7.
var seven = fp.NewElement(7)

// lift gives the point with an x and an even y; false when x is not below the field's modulus or has no point. There is none
// with y = 0.
func lift(x *[32]byte) (point, bool) {
	var p point
	var err error
	if p.X, err = fp.BigEndian.Element(x); err != nil {
		return point{}, false
	}
	var square fp.Element
	square.Square(&p.X).Mul(&square, &p.X).Add(&square, &seven)
	if p.Y.Sqrt(&square) == nil {
		return point{}, false
	}
	if p.Y.Bits()[0]&1 == 1 {
		p.Y.Neg(&p.Y)
	}
	return p, true
}
