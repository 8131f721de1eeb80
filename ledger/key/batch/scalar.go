package batch

import (
	"encoding/binary"
	"math/bits"

	"github.com/consensys/gnark-crypto/ecc/secp256k1/fr"
)

// short is a scalar below 2^128.
type short struct{ hi, lo uint64 }

func (s short) isZero() bool { return s.hi|s.lo == 0 }

// digit is the count bits from an offset on; count is below 64.
func (s short) digit(offset, count uint) uint64 {
	var v uint64
	switch {
	case offset >= 128:
	case offset >= 64:
		v = s.hi >> (offset - 64)
	case offset == 0:
		v = s.lo
	default:
		v = s.lo>>offset | s.hi<<(64-offset)
	}
	return v & (1<<count - 1)
}

// raw is a scalar below the group order by its value, not in Montgomery's form. Sums of raw scalars are raw, and so is the product of a raw one and
// one in Montgomery's form.
type raw = fr.Element

func rawShort(s short) raw { return raw{s.lo, s.hi} }

// order are the limbs of the group order.
var order = [4]uint64{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff}

// rawReduced reads 32 bytes, and subtracts the group order if they are not below it: 2^256 is less than twice the order.
func rawReduced(b *[32]byte) raw {
	z := raw{binary.BigEndian.Uint64(b[24:]), binary.BigEndian.Uint64(b[16:]), binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[:])}
	var r raw
	var borrow uint64
	for i := range r {
		r[i], borrow = bits.Sub64(z[i], order[i], borrow)
	}
	if borrow == 0 {
		return r
	}
	return z
}

// product is a·b mod the group order, of two raw scalars.
func product(a, b raw) raw {
	var inMontgomery, z raw
	inMontgomery.Mul(&b, &squareOfR)
	z.Mul(&a, &inMontgomery)
	return z
}

// squareOfR is 2^512 mod the group order: the factor that puts a raw scalar into Montgomery's form, and the number 2^256 in
// that form.
var squareOfR = func() raw {
	var z fr.Element
	z.SetOne()
	for range 256 {
		z.Double(&z)
	}
	return z
}()

// Constants of the endomorphism (x, y) → (β·x, y), which multiplies by lambda. The vectors (a1, b1) and (a2, b2) with
// a + b·lambda = 0 mod the order are short, and g1, g2 are -b1 and -b2 scaled by 2^384 over the order; rounding with them
// leaves both halves of a scalar below 2^128 (proved for these constants in libsecp256k1, src/scalar_impl.h).
var (
	minusLambda = raw{0xe0cfc810b51283cf, 0xa880b9fc8ec739c2, 0x5ad9e3fd77ed9ba4, 0xac9c52b33fa3cf1f}
	minusB1     = raw{0x6f547fa90abfe4c3, 0xe4437ed6010e8828, 0, 0}
	minusB2     = raw{0xd765cda83db1562c, 0x8a280ac50774346d, 0xfffffffffffffffe, 0xffffffffffffffff}
	g1          = [4]uint64{0xe893209a45dbb031, 0x3daa8a1471e8ca7f, 0xe86c90e49284eb15, 0x3086d221a7d46bcd}
	g2          = [4]uint64{0x1571b4ae8ac47f71, 0x221208ac9df506c6, 0x6f547fa90abfe4c4, 0xe4437ed6010e8828}
)

// half is one half of a scalar, with its sign.
type half struct {
	short
	negative bool
}

// split writes k as a + b·lambda. It is false if a half were too long, which the constants exclude; the caller then has
// nothing to add up.
func split(k raw) (a, b half, ok bool) {
	r2 := product(rawShort(scaled(k, g1)), minusB1)
	other := product(rawShort(scaled(k, g2)), minusB2)
	r2.Add(&r2, &other)
	r1 := product(r2, minusLambda)
	r1.Add(&r1, &k)
	a, okA := halve(r1)
	b, okB := halve(r2)
	return a, b, okA && okB
}

// scaled is k·g / 2^384, rounded.
func scaled(k raw, g [4]uint64) short {
	var p [8]uint64
	for i := range 4 {
		var carry uint64
		for j := range 4 {
			hi, lo := bits.Mul64(k[i], g[j])
			var c uint64
			lo, c = bits.Add64(lo, p[i+j], 0)
			hi += c
			p[i+j], c = bits.Add64(lo, carry, 0)
			carry = hi + c
		}
		p[i+4] = carry
	}
	lo, c := bits.Add64(p[6], p[5]>>63, 0)
	return short{hi: p[7] + c, lo: lo}
}

// halve takes a scalar that is near 0 or near the group order.
func halve(k raw) (half, bool) {
	if k[2]|k[3] == 0 {
		return half{short: short{hi: k[1], lo: k[0]}}, true
	}
	k.Neg(&k)
	return half{short: short{hi: k[1], lo: k[0]}, negative: true}, k[2]|k[3] == 0
}
