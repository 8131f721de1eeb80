package batch

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/secp256k1"
	"github.com/consensys/gnark-crypto/ecc/secp256k1/fp"
	"github.com/consensys/gnark-crypto/ecc/secp256k1/fr"
)

func bigOf(r raw) *big.Int {
	n := new(big.Int)
	for i := 3; i >= 0; i-- {
		n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(r[i]))
	}
	return n
}

func bigShort(s short) *big.Int { return bigOf(rawShort(s)) }

func rawOf(n *big.Int) raw {
	var b [32]byte
	n.FillBytes(b[:])
	return rawReduced(&b)
}

// edges are numbers near which carries go wrong, and some at random.
func edges(modulus *big.Int) []*big.Int {
	var all []*big.Int
	one := big.NewInt(1)
	for _, bit := range []uint{0, 1, 31, 32, 33, 63, 64, 65, 127, 128, 129, 191, 192, 193, 254, 255} {
		n := new(big.Int).Lsh(one, bit)
		all = append(all, n, new(big.Int).Sub(n, one), new(big.Int).Sub(modulus, n), new(big.Int).Add(n, one))
	}
	all = append(all, new(big.Int).Rsh(modulus, 1))
	for i := range uint64(60) {
		h := sha256.Sum256(binary.BigEndian.AppendUint64(nil, i))
		all = append(all, new(big.Int).SetBytes(h[:]))
	}
	for _, n := range all {
		n.Mod(n, modulus)
	}
	return all
}

// TestField holds the field's arithmetic, on which every verdict stands, to that of math/big.
func TestField(t *testing.T) {
	p := fp.Modulus()
	all := edges(p)
	elements := make([]fp.Element, len(all))
	for i, n := range all {
		var raw [32]byte
		n.FillBytes(raw[:])
		var err error
		if elements[i], err = fp.BigEndian.Element(&raw); err != nil {
			t.Fatal(err)
		}
	}
	check := func(what string, i, j int, got *fp.Element, want *big.Int) {
		t.Helper()
		if got.BigInt(new(big.Int)).Cmp(want.Mod(want, p)) != 0 {
			t.Fatalf("%s of %x and %x is %s", what, all[i], all[j], got.Text(16))
		}
	}
	var z fp.Element
	for i := range all {
		check("square", i, i, z.Square(&elements[i]), new(big.Int).Mul(all[i], all[i]))
		check("double", i, i, z.Double(&elements[i]), new(big.Int).Lsh(all[i], 1))
		check("opposite", i, i, z.Neg(&elements[i]), new(big.Int).Neg(all[i]))
		if all[i].Sign() != 0 {
			check("inverse", i, i, z.Inverse(&elements[i]), new(big.Int).ModInverse(all[i], p))
		}
		for j := range all {
			check("product", i, j, z.Mul(&elements[i], &elements[j]), new(big.Int).Mul(all[i], all[j]))
			check("sum", i, j, z.Add(&elements[i], &elements[j]), new(big.Int).Add(all[i], all[j]))
			check("difference", i, j, z.Sub(&elements[i], &elements[j]), new(big.Int).Sub(all[i], all[j]))
		}
	}
}

// TestScalars: products and reductions, and halves that are short and lead back.
func TestScalars(t *testing.T) {
	n := fr.Modulus()
	lambda := new(big.Int).Sub(n, bigOf(minusLambda))
	if bigOf(raw(order)).Cmp(n) != 0 {
		t.Fatal("the order is another")
	}
	all := edges(n)
	for range 4 { // Multiples of lambda have one half.
		all = append(all, new(big.Int).Mod(new(big.Int).Mul(all[len(all)-1], lambda), n))
	}
	for i := range int64(20) {
		all = append(all, new(big.Int).Mod(new(big.Int).Mul(lambda, big.NewInt(i-10)), n))
	}
	for _, a := range all {
		if got := bigOf(rawOf(a)); got.Cmp(a) != 0 {
			t.Fatalf("%x reduced is %x", a, got)
		}
		for _, b := range all {
			want := new(big.Int).Mul(a, b)
			if got := bigOf(product(rawOf(a), rawOf(b))); got.Cmp(want.Mod(want, n)) != 0 {
				t.Fatalf("product of %x and %x is %x", a, b, got)
			}
		}
		low, high, ok := split(rawOf(a))
		if !ok {
			t.Fatalf("%x is not split", a)
		}
		back := new(big.Int)
		for _, h := range []struct {
			half
			factor *big.Int
		}{{low, big.NewInt(1)}, {high, lambda}} {
			part := new(big.Int).Mul(bigShort(h.short), h.factor)
			if h.negative {
				part.Neg(part)
			}
			back.Add(back, part)
		}
		if back.Mod(back, n).Cmp(a) != 0 {
			t.Fatalf("%x splits into %v and %v", a, low, high)
		}
	}
	for i := int64(-2); i <= 2; i++ {
		var b [32]byte
		above := new(big.Int).Add(n, big.NewInt(i))
		above.FillBytes(b[:])
		if got := bigOf(rawReduced(&b)); got.Cmp(above.Mod(above, n)) != 0 {
			t.Errorf("order%+d reduced is %x", i, got)
		}
	}
}

// TestEndomorphism: beta and lambda belong together.
func TestEndomorphism(t *testing.T) {
	lambda := new(big.Int).Sub(fr.Modulus(), bigOf(minusLambda))
	want := new(secp256k1.G1Affine).ScalarMultiplicationBase(lambda)
	turned := generator
	turned.X.Mul(&turned.X, &beta)
	if !turned.Equal(want) {
		t.Error("(β·x, y) is not lambda times the point")
	}
}

// TestDigits: the digits of a scalar lead back to it, in each width.
func TestDigits(t *testing.T) {
	for window := uint(2); window <= 13; window++ {
		var m multiexp
		m.scalars = []short{
			{}, {lo: 1}, {hi: 1}, {^uint64(0), ^uint64(0)}, {1 << 63, 0}, {0x8080808080808080, 0x8080808080808080},
			{0x7fffffffffffffff, ^uint64(0)}, {0xaaaaaaaaaaaaaaaa, 0x5555555555555555}, {0x0123456789abcdef, 0xfedcba9876543210},
		}
		m.window, m.windows = window, int((bitsOfShort+window-1)/window)
		m.recode()
		for i, s := range m.scalars {
			back := new(big.Int)
			for w := m.windows - 1; w >= 0; w-- {
				d := int64(m.digits[w*len(m.scalars)+i])
				if d > 1<<(window-1) || -d >= 1<<(window-1) {
					t.Errorf("window %d: digit %d", window, d)
				}
				back.Lsh(back, window).Add(back, big.NewInt(d))
			}
			if back.Cmp(bigShort(s)) != 0 {
				t.Errorf("window %d: %x came back as %x", window, bigShort(s), back)
			}
		}
	}
}

// TestMultiexp compares sums with those of single multiplications: of many points, of few that meet themselves and their opposites
// in every bucket, and of none.
func TestMultiexp(t *testing.T) {
	base := func(i int) point {
		return *new(point).ScalarMultiplicationBase(big.NewInt(int64(i) + 1))
	}
	opposite := func(p point) point { return *new(point).Neg(&p) }
	random := func(i int) short {
		h := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
		return short{binary.BigEndian.Uint64(h[:]), binary.BigEndian.Uint64(h[8:])}
	}
	var m multiexp
	for _, row := range []struct {
		name string
		n    int
		term func(i int) (point, short, bool)
	}{
		{"nothing", 0, nil},
		{"one", 1, func(i int) (point, short, bool) { return base(0), random(0), false }},
		{"one negative", 1, func(i int) (point, short, bool) { return base(0), random(0), true }},
		{"zeros", 5, func(i int) (point, short, bool) { return base(i), short{}, false }},
		{"small ones", 9, func(i int) (point, short, bool) { return base(i), short{lo: uint64(i)}, i%2 == 0 }},
		{"largest", 7, func(i int) (point, short, bool) { return base(i), short{^uint64(0), ^uint64(0)}, false }},
		{"one point, one scalar", 50, func(i int) (point, short, bool) { return base(3), random(1), false }},
		{"one point, both signs", 51, func(i int) (point, short, bool) { return base(3), random(1), i%2 == 0 }},
		{"opposite points", 64, func(i int) (point, short, bool) {
			if i%2 == 0 {
				return opposite(base(3)), random(1), false
			}
			return base(3), random(1), false
		}},
		{"few points, few scalars", 200, func(i int) (point, short, bool) { return base(i % 3), random(i % 5), i%7 == 0 }},
		{"sums that are points", 100, func(i int) (point, short, bool) { return base(i), short{lo: 1}, i%2 == 0 }},
		{"40", 40, func(i int) (point, short, bool) { return base(i), random(i), i%3 == 0 }},
		{"300", 300, func(i int) (point, short, bool) { return base(i), random(i), i%3 == 0 }},
		{"3000", 3000, func(i int) (point, short, bool) { return base(i % 100), random(i), i%3 == 0 }},
	} {
		t.Run(row.name, func(t *testing.T) {
			var want secp256k1.G1Jac
			m.reset()
			scalars := make(map[point]*big.Int)
			for i := range row.n {
				p, s, negative := row.term(i)
				m.add(&p, s, negative)
				k := bigShort(s)
				if negative {
					k.Neg(k)
				}
				if scalars[p] == nil {
					scalars[p] = new(big.Int)
				}
				scalars[p].Add(scalars[p], k)
			}
			for p, k := range scalars {
				term := new(secp256k1.G1Affine).ScalarMultiplication(&p, k.Mod(k, fr.Modulus()))
				want.AddMixed(term)
			}
			if got := m.isZero(); got != want.Z.IsZero() {
				t.Errorf("the sum is zero: %v", got)
			}
			if len(m.points) == 0 {
				return
			}
			sum := m.gather(1 << (m.window - 1))
			if !sum.Equal(&want) {
				t.Errorf("the sum is another")
			}
		})
	}
}

// BenchmarkWindow shows which width is best for a number of points; windowFor says so.
func BenchmarkWindow(b *testing.B) {
	items := signed(b, 1024, 1024)
	for _, n := range []int{2, 4, 8, 16, 32, 64, 128, 256, 512, 1024} {
		e := prepared(b, items[:n])
		if !e.holds(e.shares) {
			b.Fatal("valid items")
		}
		usual := windowFor(len(e.sum.points))
		for window := max(usual, 3) - 1; window <= usual+1; window++ {
			b.Run(fmt.Sprintf("points=%d/window=%d", len(e.sum.points), window), func(b *testing.B) {
				for b.Loop() {
					if !e.sum.isZeroBy(window) {
						b.Fatal("valid items")
					}
				}
			})
		}
	}
}
