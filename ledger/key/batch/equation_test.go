package batch

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/secp256k1"
	"github.com/consensys/gnark-crypto/ecc/secp256k1/fp"
	"github.com/consensys/gnark-crypto/ecc/secp256k1/fr"

	"github.com/umoja-ledger/umoja/ledger/key"
)

// prepared gives the shares of items that are all in form.
func prepared(t testing.TB, items []Item) *equation {
	t.Helper()
	e := newEquation()
	var known keys
	if odd := e.take(items, &known, nil); odd != nil {
		t.Fatalf("in no form: %v", odd)
	}
	return e
}

// shifted adds a number to an item's scalar.
func shifted(item Item, by *big.Int) Item {
	s := new(big.Int).SetBytes(item.Signature[32:])
	s.Add(s, by).Mod(s, fr.Modulus()).FillBytes(item.Signature[32:])
	return item
}

// TestErrorsDoNotCancel: two bad items whose errors add up to nothing. With equal coefficients the equation holds, which
// shows that it is the coefficients that tell.
func TestErrorsDoNotCancel(t *testing.T) {
	delta := big.NewInt(12345)
	items := signed(t, 9, 4)
	items[2] = shifted(items[2], delta)
	items[7] = shifted(items[7], new(big.Int).Neg(delta))
	e := prepared(t, items)
	if e.holds(e.shares) {
		t.Error("errors cancel")
	}
	if got := NewVerifier().Verify(items); !slices.Equal(got, []int{2, 7}) {
		t.Errorf("bad are %v, want 2 and 7", got)
	}
	for i := range e.shares {
		s := &e.shares[i]
		var back raw
		for _, product := range []*raw{&s.challenge, &s.scalar} {
			factor := rawShort(s.coefficient)
			back.Mul(&factor, &squareOfR) // In Montgomery's form,
			back.Inverse(&back)
			product.Mul(product, &back)
		}
		s.coefficient = short{lo: 1}
	}
	if !e.holds(e.shares) {
		t.Error("with equal coefficients the errors should cancel: this test shows nothing")
	}
}

// TestNonceNobodyMay: signatures by somebody who knows the key, and chooses what an honest signer would not: R = O, and a
// nonce with an odd y.
func TestNonceNobodyMay(t *testing.T) {
	d, k := secret("signer 0"), secret("nonce")
	public := private(t, "signer 0").Public()
	if point := new(secp256k1.G1Affine).ScalarMultiplicationBase(d); point.Y.Bits()[0]&1 == 1 {
		d.Sub(fr.Modulus(), d)
	}
	R := new(secp256k1.G1Affine).ScalarMultiplicationBase(k)
	if R.Y.Bits()[0]&1 == 1 {
		k.Sub(fr.Modulus(), k)
	}
	make := func(digest [32]byte, k *big.Int) Item {
		x := R.X.Bytes()
		e := new(big.Int).SetBytes(tagged(x[:], public[:], digest[:]))
		s := e.Mul(e, d).Add(e, k).Mod(e, fr.Modulus())
		item := Item{Key: public, Digest: digest}
		copy(item.Signature[:], x[:])
		s.FillBytes(item.Signature[32:])
		return item
	}
	items := signed(t, 8, 3)
	v := NewVerifier()
	for i, row := range []struct {
		name string
		k    *big.Int
		bad  []int
	}{
		{"as it should be", k, nil},
		{"s·G = e·P, so that R is O", big.NewInt(0), []int{5}},
		{"R with an odd y", new(big.Int).Sub(fr.Modulus(), k), []int{5}},
	} {
		some := slices.Clone(items)
		some[5] = make([32]byte{byte(i)}, row.k)
		if got := v.Verify(some); !slices.Equal(got, row.bad) || !slices.Equal(reference(some), got) {
			t.Errorf("%s: bad are %v, want %v", row.name, got, row.bad)
		}
	}
}

func tagged(parts ...[]byte) []byte {
	h := key.TaggedHash("BIP0340/challenge", parts...)
	return h[:]
}

// TestCoefficients: they are the same for the same slice, and all others once one bit of one item is another.
func TestCoefficients(t *testing.T) {
	items := signed(t, 8, 4)
	of := func(items []Item) map[short]bool {
		all := make(map[short]bool)
		for _, s := range prepared(t, items).shares {
			if s.coefficient.isZero() {
				t.Error("a coefficient is zero")
			}
			all[s.coefficient] = true
		}
		return all
	}
	first := of(items)
	if again := of(items); len(first) != len(items) || len(again) != len(items) {
		t.Errorf("%d and %d coefficients for %d items", len(first), len(again), len(items))
	}
	disjoint := func(name string, some []Item) {
		t.Helper()
		for a := range of(some) {
			if first[a] {
				t.Errorf("%s: a coefficient stays", name)
			}
		}
	}
	for a := range of(items) {
		if !first[a] {
			t.Error("the same items have other coefficients")
		}
	}
	e, known := prepared(t, signed(t, 3, 3)), new(keys)
	e.take(items, known, nil)
	for _, s := range e.shares {
		if !first[s.coefficient] {
			t.Error("memory that was used before gives other coefficients")
		}
	}
	digest, scalar, other := slices.Clone(items), slices.Clone(items), slices.Clone(items)
	digest[7].Digest[31] ^= 1
	scalar[7].Signature[63] ^= 1
	other[7].Key = items[0].Key
	disjoint("a digest", digest)
	disjoint("a scalar", scalar)
	disjoint("a key", other)
	disjoint("one more", append(slices.Clone(items), items[0]))
	disjoint("one less", items[:7])
	slices.Reverse(other)
	disjoint("another order", other)
}

// TestLift: a point is found exactly where btcec finds one, at edges and at random.
func TestLift(t *testing.T) {
	try := func(x [32]byte) bool {
		_, err := key.ParsePublic(x[:])
		p, ok := lift(&x)
		if ok != (err == nil) {
			t.Errorf("%x: lifted %v, and btcec says %v", x, ok, err)
		}
		if ok && (!p.IsOnCurve() || p.X.Bytes() != x || p.Y.Bits()[0]&1 == 1) {
			t.Errorf("%x: lifted to %v", x, p.String())
		}
		return ok
	}
	points := 0
	for i := range int64(200) {
		var x [32]byte
		random := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
		for _, x = range [][32]byte{
			random,
			[32]byte(big.NewInt(i).FillBytes(x[:])),
			[32]byte(new(big.Int).Add(fp.Modulus(), big.NewInt(100-i)).FillBytes(x[:])),
			[32]byte(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(i+1)).FillBytes(x[:])),
			[32]byte(bytes.Repeat([]byte{byte(i)}, 32)),
		} {
			if try(x) {
				points++
			}
		}
	}
	if points < 150 {
		t.Errorf("only %d points were met", points)
	}
}

// TestKeysAreBounded: generations of keys are forgotten, and one that is met again stays.
func TestKeysAreBounded(t *testing.T) {
	var k keys
	p := private(t, "signer 0").Public()
	first, recent, ok := k.find(&p)
	if !ok || recent {
		t.Fatal("a key is on no curve, or known before it was met")
	}
	k.remember([]met{{key: p}}, []point{first})
	for i := range uint64(3 * generation) {
		var other key.Public
		binary.BigEndian.PutUint64(other[:], i+1)
		k.remember([]met{{key: other}}, []point{generator})
		if i%generation == 5 {
			again, _, ok := k.find(&p)
			if !ok || !again.Equal(&first) {
				t.Fatal("a key has another point")
			}
			k.remember([]met{{key: p}}, []point{again})
		}
	}
	_, kept := k.recent[p]
	if _, older := k.older[p]; len(k.recent) > generation || len(k.older) > generation || !kept && !older {
		t.Errorf("%d and %d keys are remembered", len(k.recent), len(k.older))
	}
	off := key.Public(bytes.Repeat([]byte{0xff}, 32))
	if _, _, ok := k.find(&off); ok {
		t.Error("a key that is on no curve has a point")
	}
}
