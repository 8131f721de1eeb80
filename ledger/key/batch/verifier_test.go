package batch

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"math/big"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/secp256k1/fp"
	"github.com/consensys/gnark-crypto/ecc/secp256k1/fr"

	"github.com/umoja-ledger/umoja/ledger/key"
)

// secret is a private key as a number, so that tests can sign what no honest signer does.
func secret(label string) *big.Int {
	d := sha256.Sum256([]byte(label))
	return new(big.Int).SetBytes(d[:])
}

func private(t testing.TB, label string) key.Private {
	t.Helper()
	p, err := key.NewPrivate(sha256.Sum256([]byte(label)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// signed gives valid items of some signers in turn.
func signed(t testing.TB, n, signers int) []Item {
	t.Helper()
	items := make([]Item, n)
	for i := range items {
		p := private(t, fmt.Sprint("signer ", i%signers))
		digest := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
		sig, err := p.SignAux(digest, [32]byte{})
		if err != nil {
			t.Fatal(err)
		}
		items[i] = Item{p.Public(), digest, sig}
	}
	return items
}

// reference is what single verification says.
func reference(items []Item) (bad []int) {
	for i, item := range items {
		if item.Key.Verify(item.Digest, item.Signature) != nil {
			bad = append(bad, i)
		}
	}
	return bad
}

// TestVectorsOfBIP340: each vector has its verdict alone, beside valid signatures, and beside all other vectors.
func TestVectorsOfBIP340(t *testing.T) {
	f, err := os.Open("../testdata/bip340.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	v := NewVerifier()
	valid := signed(t, 7, 3)
	var all []Item
	var bad []int
	for i, row := range rows[1:] {
		item := Item{key.Public(unhexed(t, row[2])), [32]byte(unhexed(t, row[4])), key.Signature(unhexed(t, row[5]))}
		all = append(all, item)
		var want []int
		if row[6] != "TRUE" {
			bad = append(bad, i)
			want = []int{3}
		}
		if got := v.Verify(slices.Insert(slices.Clone(valid), 3, item)); !slices.Equal(got, want) {
			t.Errorf("vector %s (%s) beside valid ones: bad are %v, want %v", row[0], row[7], got, want)
		}
		if got := v.Verify([]Item{item}); (got != nil) != (want != nil) {
			t.Errorf("vector %s alone: bad are %v", row[0], got)
		}
	}
	if got := v.Verify(all); !slices.Equal(got, bad) || len(bad) < 8 {
		t.Errorf("all vectors: bad are %v, want %v", got, bad)
	}
}

// TestSizes: any number of items, with bad ones at the edges of slices and halves.
func TestSizes(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of signatures")
	}
	v := NewVerifier()
	items := signed(t, maxSlice+130, 40)
	for _, n := range []int{0, 1, 2, 3, 4, 5, 7, 16, 33, 100, maxSlice, maxSlice + 1, maxSlice + 2, maxSlice + 130} {
		if got := v.Verify(items[:n]); got != nil {
			t.Errorf("%d valid ones: bad are %v", n, got)
		}
	}
	for _, want := range [][]int{{0}, {maxSlice - 1, maxSlice}, {0, 1, 2, 3, maxSlice + 129}, {5, 511, 512, 700, maxSlice, maxSlice + 1}} {
		some := slices.Clone(items)
		for _, i := range want {
			some[i].Digest[31] ^= 1
		}
		if got := v.Verify(some); !slices.Equal(got, want) {
			t.Errorf("bad are %v, want %v", got, want)
		}
	}
	all := slices.Clone(items[:50])
	for i := range all {
		all[i].Signature[63] ^= 1
	}
	if got := v.Verify(all); len(got) != len(all) {
		t.Errorf("all are bad, and these were found: %v", got)
	}
}

// TestEveryFlippedBit: a bit of a key, a digest or a signature is found, and nothing beside it.
func TestEveryFlippedBit(t *testing.T) {
	v := NewVerifier()
	items := signed(t, 12, 5)
	const bits = 8 * 128
	step := 3
	if testing.Short() {
		step = 23
	}
	for bit := 0; bit < bits; bit += step {
		some := slices.Clone(items)
		at := bit % len(some)
		raw := slices.Concat(some[at].Key[:], some[at].Digest[:], some[at].Signature[:])
		raw[bit/8] ^= 1 << (bit % 8)
		some[at] = itemOf(raw)
		if got := v.Verify(some); !slices.Equal(got, []int{at}) {
			t.Errorf("bit %d of item %d: bad are %v", bit, at, got)
		}
	}
}

func itemOf(raw []byte) Item {
	return Item{key.Public(raw[:32]), [32]byte(raw[32:64]), key.Signature(raw[64:128])}
}

// TestBadInForm: what is a number too large or no point, in a key, a nonce or a scalar.
func TestBadInForm(t *testing.T) {
	field, order := fp.Modulus(), fr.Modulus()
	plus := func(a *big.Int, b int64) [32]byte {
		var raw [32]byte
		new(big.Int).Add(a, big.NewInt(b)).FillBytes(raw[:])
		return raw
	}
	ones := [32]byte(bytes.Repeat([]byte{0xff}, 32))
	offCurve := [32]byte(unhexed(t, "eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34"))
	v := NewVerifier()
	for name, change := range map[string]func(item *Item){
		"key zero":                    func(i *Item) { i.Key = key.Public{} },
		"key of the field's order":    func(i *Item) { i.Key = plus(field, 0) },
		"key above":                   func(i *Item) { i.Key = plus(field, 1) },
		"key of ones":                 func(i *Item) { i.Key = ones },
		"key off the curve":           func(i *Item) { i.Key = offCurve },
		"key one, which is a point":   func(i *Item) { i.Key = plus(big.NewInt(0), 1) },
		"nonce zero":                  func(i *Item) { *(*[32]byte)(i.Signature[:32]) = [32]byte{} },
		"nonce one, which is a point": func(i *Item) { *(*[32]byte)(i.Signature[:32]) = plus(big.NewInt(0), 1) },
		"nonce one, above the field":  func(i *Item) { *(*[32]byte)(i.Signature[:32]) = plus(field, 1) },
		"nonce of the field's order":  func(i *Item) { *(*[32]byte)(i.Signature[:32]) = plus(field, 0) },
		"nonce below":                 func(i *Item) { *(*[32]byte)(i.Signature[:32]) = plus(field, -1) },
		"nonce of ones":               func(i *Item) { *(*[32]byte)(i.Signature[:32]) = ones },
		"nonce off the curve":         func(i *Item) { *(*[32]byte)(i.Signature[:32]) = offCurve },
		"scalar zero":                 func(i *Item) { *(*[32]byte)(i.Signature[32:]) = [32]byte{} },
		"scalar of the group's order": func(i *Item) { *(*[32]byte)(i.Signature[32:]) = plus(order, 0) },
		"scalar above":                func(i *Item) { *(*[32]byte)(i.Signature[32:]) = plus(order, 1) },
		"scalar below":                func(i *Item) { *(*[32]byte)(i.Signature[32:]) = plus(order, -1) },
		"scalar of ones":              func(i *Item) { *(*[32]byte)(i.Signature[32:]) = ones },
		"scalar negated":              func(i *Item) { negate(i) },
		"the digest of another":       func(i *Item) { i.Digest = [32]byte{1} },
		"nonce and scalar interchanged": func(i *Item) {
			s := i.Signature
			copy(i.Signature[:], s[32:])
			copy(i.Signature[32:], s[:])
		},
		"everything zero": func(i *Item) { *i = Item{} },
	} {
		t.Run(name, func(t *testing.T) {
			items := signed(t, 6, 6)
			change(&items[4])
			if got := v.Verify(items); !slices.Equal(got, []int{4}) || !slices.Equal(reference(items), got) {
				t.Errorf("bad are %v, want 4", got)
			}
			items[0] = items[4]
			if got := v.Verify(items); !slices.Equal(got, []int{0, 4}) {
				t.Errorf("twice: bad are %v, want 0 and 4", got)
			}
			if got := v.Verify(items[4:5]); !slices.Equal(got, []int{0}) {
				t.Errorf("alone: bad are %v", got)
			}
		})
	}
}

func negate(i *Item) {
	s := new(big.Int).SetBytes(i.Signature[32:])
	s.Sub(fr.Modulus(), s).FillBytes(i.Signature[32:])
}

// TestTheSameAgain: duplicates of good and bad items, and many items of one key.
func TestTheSameAgain(t *testing.T) {
	v := NewVerifier()
	item := signed(t, 1, 1)[0]
	for _, n := range []int{2, 3, 64, 200} {
		if n > 3 && testing.Short() {
			continue
		}
		items := slices.Repeat([]Item{item}, n)
		if got := v.Verify(items); got != nil {
			t.Errorf("one valid item %d times: bad are %v", n, got)
		}
		bad := item
		bad.Signature[40] ^= 4
		items[0], items[n-1] = bad, bad
		if got := v.Verify(items); !slices.Equal(got, []int{0, n - 1}) {
			t.Errorf("%d with a bad one twice: bad are %v", n, got)
		}
		if got := v.Verify(slices.Repeat([]Item{bad}, n)); len(got) != n {
			t.Errorf("one bad item %d times: bad are %v", n, got)
		}
	}
	items := signed(t, 100, 1)
	if got := v.Verify(items); got != nil {
		t.Errorf("100 of one key: bad are %v", got)
	}
	items[50].Digest[0] ^= 1
	if got := v.Verify(items); !slices.Equal(got, []int{50}) {
		t.Errorf("100 of one key: bad are %v, want 50", got)
	}
}

// TestKeysOfBadSignaturesAreNotRemembered: whoever sends signatures that do not verify, by keys that he makes up, pushes no key of others
// out of the memory. A key is remembered when one signature of it is good, also beside bad ones.
func TestKeysOfBadSignaturesAreNotRemembered(t *testing.T) {
	for name, bad := range map[string][]int{
		"none is bad": nil, "one": {3}, "more": {0, 4, 5, 11}, "more than are searched for": {0, 1, 2, 3, 4, 5, 6, 7}, "all": {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
		"one of two of a key": {9}, "both of a key": {8, 10},
	} {
		t.Run(name, func(t *testing.T) {
			items := signed(t, 12, 12)
			for from, to := range map[int]int{8: 10, 9: 11} { // Two each of the last two keys.
				p := private(t, fmt.Sprint("signer ", from))
				sig, err := p.SignAux(items[to].Digest, [32]byte{})
				if err != nil {
					t.Fatal(err)
				}
				items[to] = Item{p.Public(), items[to].Digest, sig}
			}
			want := make(map[key.Public]bool)
			for i := range items {
				if slices.Contains(bad, i) {
					items[i].Signature[63] ^= 1
				} else {
					want[items[i].Key] = true
				}
			}
			v := NewVerifier()
			for range 2 {
				if got := v.Verify(items); !slices.Equal(got, bad) {
					t.Fatalf("bad are %v, want %v", got, bad)
				}
				if len(v.keys.recent) != len(want) || len(v.keys.older) != 0 {
					t.Fatalf("%d keys are remembered, and %d have signed", len(v.keys.recent), len(want))
				}
				for k := range want {
					if p, ok := v.keys.recent[k]; !ok || p.X.Bytes() != k {
						t.Errorf("of key %x another point is remembered, or none", k)
					}
				}
			}
		})
	}
}

// TestManyGoroutines share one verifier.
func TestManyGoroutines(t *testing.T) {
	v := NewVerifier()
	items := signed(t, 60, 60)
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for round := range 5 {
				some := slices.Clone(items[g*10 : g*10+30])
				at := (g + round) % len(some)
				some[at].Digest[5] ^= 1
				if got := v.Verify(some); !slices.Equal(got, []int{at}) {
					t.Errorf("bad are %v, want %d", got, at)
				}
			}
		})
	}
	all.Wait()
}

func unhexed(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
