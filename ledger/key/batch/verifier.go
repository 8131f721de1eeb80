package batch

import (
	"slices"
	"sync"

	"github.com/umoja-ledger/umoja/ledger/key"
)

// Item is one signature to verify: Key's over Digest. A transaction has one for each of its signatures.
type Item struct {
	Key       key.Public
	Digest    [32]byte
	Signature key.Signature
}

// Verifier verifies slices of items. A process has one, for all its goroutines: it remembers the points of keys, and memory to work in.
type Verifier struct {
	keys      keys
	equations sync.Pool
}

// NewVerifier makes a verifier.
func NewVerifier() *Verifier {
	return &Verifier{equations: sync.Pool{New: func() any { return newEquation() }}}
}

const (
	// maxSlice bounds the items of one equation, and the memory for it. Above it the gain of each further item is small.
	maxSlice = 1024
	// fewItems are verified one by one: up to here an equation costs as much.
	fewItems = 1
)

// Verify gives the places of the items that key.Public.Verify refuses, ascending; nil when all are valid. It takes any
// number of items, and works in the caller's goroutine.
func (v *Verifier) Verify(items []Item) (bad []int) {
	e := v.equations.Get().(*equation)
	defer v.equations.Put(e)
	for from := 0; from < len(items); from += maxSlice {
		slice := items[from:min(from+maxSlice, len(items))]
		for _, i := range v.slice(e, slice) {
			bad = append(bad, from+int(i))
		}
	}
	return bad
}

// slice judges at most maxSlice items.
func (v *Verifier) slice(e *equation, items []Item) []int32 {
	if len(items) <= fewItems {
		var bad []int32
		for i := range items {
			bad = judge(items, int32(i), bad)
		}
		return bad
	}
	var bad []int32
	for _, i := range e.take(items, &v.keys, nil) {
		bad = judge(items, i, bad)
	}
	e.patience = len(bad) + len(e.shares)/manyBad
	bad = e.search(items, e.shares, false, bad)
	slices.Sort(bad)
	e.remember(&v.keys, bad)
	return bad
}

// manyBad is the part of a slice that may be bad before the rest is looked at one by one: to find each of more would cost
// more, and whoever sends bad signatures should not choose what they cost.
const manyBad = 64

// search appends the bad items among some shares. It halves them until the equation of a half holds. Known says that there is a bad
// one, because the whole is false and the other half true.
func (e *equation) search(items []Item, shares []share, known bool, bad []int32) []int32 {
	if len(shares) <= fewItems || len(bad) > e.patience {
		for _, s := range shares {
			bad = judge(items, s.item, bad)
		}
		return bad
	}
	if !known && e.holds(shares) {
		return bad
	}
	middle := len(shares) / 2
	before := len(bad)
	bad = e.search(items, shares[:middle], false, bad)
	return e.search(items, shares[middle:], len(bad) == before, bad)
}

// judge asks the reference about one item. A refusal is nobody else's word.
func judge(items []Item, i int32, bad []int32) []int32 {
	if items[i].Key.Verify(items[i].Digest, items[i].Signature) != nil {
		bad = append(bad, i)
	}
	return bad
}
