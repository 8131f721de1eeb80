package batch

import (
	"github.com/consensys/gnark-crypto/ecc/secp256k1"
	"github.com/consensys/gnark-crypto/ecc/secp256k1/fp"
)

// point is an affine point. O is (0, 0): no point of the curve has y = 0, since the group has odd order.
type point = secp256k1.G1Affine

// multiexp adds up points times scalars by Pippenger's buckets: each scalar is written in signed digits, each digit of each
// scalar puts its point into the bucket of that digit and window, and a bucket's points are added up once for all of them. It keeps
// its memory from one sum to the next.
//
// All additions but the last few are affine and made in rounds, so that one inversion serves a whole round: an addition
// then costs six multiplications, less than in any other coordinates.
type multiexp struct {
	points  []point
	scalars []short

	window  uint
	windows int
	// digits holds the digit of scalar i in window w at w·len(scalars)+i.
	digits []int16
	// work holds the points of some windows' buckets, one bucket after the other.
	work          []point
	counts, start []int32
	// buckets holds the sum of each bucket, window after window.
	buckets []point
	adder   adder
}

// reset begins a sum.
func (m *multiexp) reset() {
	m.points, m.scalars = m.points[:0], m.scalars[:0]
}

// add adds a term, with the sign of the scalar beside it.
func (m *multiexp) add(p *point, s short, negative bool) {
	if s.isZero() {
		return
	}
	m.points = append(m.points, *p)
	m.scalars = append(m.scalars, s)
	if negative {
		y := &m.points[len(m.points)-1].Y
		y.Neg(y)
	}
}

// bitsOfShort is how many bits the digits have to hold: those of a short scalar, and a carry.
const bitsOfShort = 129

// groupTerms is how many points are sorted into buckets at a time: enough for one inversion to be shared by many, and few enough
// to stay in the processor's second cache.
const groupTerms = 4096

// isZero says whether the sum is O.
func (m *multiexp) isZero() bool {
	if len(m.points) == 0 {
		return true
	}
	return m.isZeroBy(windowFor(len(m.points)))
}

// isZeroBy sums with digits of a number of bits, from 2 to 13.
func (m *multiexp) isZeroBy(window uint) bool {
	m.window = window
	m.windows = int((bitsOfShort + m.window - 1) / m.window)
	m.recode()
	perWindow := 1 << (m.window - 1)
	m.buckets = resized(m.buckets, m.windows*perWindow)
	group := max(1, groupTerms/len(m.points))
	for from := 0; from < m.windows; from += group {
		m.fill(from, min(from+group, m.windows))
	}
	m.fold(perWindow)
	sum := m.gather(perWindow)
	return sum.Z.IsZero()
}

// windowFor gives the width that was fastest for a number of points (BenchmarkWindow tries its neighbours): wider digits
// are fewer, and leave more buckets to add up.
func windowFor(points int) uint {
	for _, row := range []struct {
		below int
		width uint
	}{{12, 3}, {24, 4}, {130, 5}, {190, 6}, {350, 7}, {1500, 8}, {2700, 9}} {
		if points < row.below {
			return row.width
		}
	}
	return 10
}

// recode writes the scalars in digits from 1-2^(window-1) to 2^(window-1).
func (m *multiexp) recode() {
	n := len(m.scalars)
	m.digits = resized(m.digits, n*m.windows)
	top := int64(1) << (m.window - 1)
	for i, s := range m.scalars {
		var carry int64
		for w := range m.windows {
			d := int64(s.digit(uint(w)*m.window, m.window)) + carry
			carry = 0
			if d > top {
				d, carry = d-2*top, 1
			}
			m.digits[w*n+i] = int16(d)
		}
		// There is no carry left: the last window has a spare bit.
	}
}

// fill sums the buckets of the windows from, from+1, …, to-1.
func (m *multiexp) fill(from, to int) {
	n, perWindow := len(m.scalars), 1<<(m.window-1)
	m.counts = resized(m.counts, (to-from)*perWindow)
	clear(m.counts)
	for w := from; w < to; w++ {
		first := (w-from)*perWindow - 1
		for _, d := range m.digits[w*n : (w+1)*n] {
			if d != 0 {
				m.counts[first+int(max(d, -d))]++
			}
		}
	}
	m.start = resized(m.start, len(m.counts))
	var total, most int32
	for b, count := range m.counts {
		m.start[b] = total
		total += count
		most = max(most, count)
	}
	m.work = resized(m.work, int(total))
	for w := from; w < to; w++ {
		first := (w-from)*perWindow - 1
		for i, d := range m.digits[w*n : (w+1)*n] {
			if d == 0 {
				continue
			}
			at := &m.start[first+int(max(d, -d))]
			m.work[*at] = m.points[i]
			if d < 0 {
				y := &m.work[*at].Y
				y.Neg(y)
			}
			*at++ // start is the end now, until below.
		}
	}
	for step := int32(1); step < most; step *= 2 {
		for b, count := range m.counts {
			first := m.start[b] - count
			for i := int32(0); i+step < count; i += 2 * step {
				m.adder.plan(first+i, first+i+step)
			}
		}
		m.adder.run(m.work)
	}
	for b, count := range m.counts {
		at := from*perWindow + b
		if count == 0 {
			m.buckets[at] = point{}
		} else {
			m.buckets[at] = m.work[m.start[b]-count]
		}
	}
}

// fold turns the buckets of each window, of the weights 1 to 2^k, into k+1 sums at their head: S of all of them, and V[i] of those
// whose weight less one has bit i. Then Σ weight·bucket = S + Σ 2^i·V[i].
//
// A run of 2^level buckets has S and V[0] … V[level-1] at its head. Two runs become one by adding these pairwise; V[level] of
// the new run is S of the right one.
func (m *multiexp) fold(perWindow int) {
	for level, run := 0, 1; run < perWindow; level, run = level+1, 2*run {
		for left := 0; left < len(m.buckets); left += 2 * run {
			right := left + run
			for i := range level + 1 {
				m.adder.plan(int32(left+i), int32(right+i))
			}
		}
		m.adder.run(m.buckets)
		for left := 0; left < len(m.buckets); left += 2 * run {
			// Additions leave the right operand as it is.
			m.buckets[left+level+1] = m.buckets[left+run]
		}
	}
}

// gather adds up what fold left, from the highest bit down.
func (m *multiexp) gather(perWindow int) secp256k1.G1Jac {
	var sum secp256k1.G1Jac
	sum.X.SetOne()
	sum.Y.SetOne() // Z is zero: O.
	for w := m.windows - 1; w >= 0; w-- {
		head := m.buckets[w*perWindow : (w+1)*perWindow]
		for bit := int(m.window) - 1; bit >= 0; bit-- {
			sum.DoubleAssign()
			if bit < int(m.window)-1 {
				sum.AddMixed(&head[bit+1])
			}
			if bit == 0 {
				sum.AddMixed(&head[0])
			}
		}
	}
	return sum
}

// adder makes affine additions, many with one inversion.
type adder struct {
	pairs []pair
	// dens are the denominators of the additions' slopes, and products those of the denominators before each.
	dens, products []fp.Element
}

// pair is an addition: the left place becomes left + right.
type pair struct{ left, right int32 }

// plan adds an addition to the next run. Invariant: no place is in two pairs of a run.
func (a *adder) plan(left, right int32) { a.pairs = append(a.pairs, pair{left, right}) }

// run makes the planned additions.
func (a *adder) run(points []point) {
	a.dens, a.products = resized(a.dens, len(a.pairs)), resized(a.products, len(a.pairs))
	var product, den fp.Element
	product.SetOne()
	k := 0
	for _, p := range a.pairs {
		l, r := &points[p.left], &points[p.right]
		if r.Y.IsZero() {
			continue
		}
		if l.Y.IsZero() {
			*l = *r
			continue
		}
		den.Sub(&r.X, &l.X)
		if den.IsZero() {
			if !l.Y.Equal(&r.Y) {
				*l = point{}
				continue
			}
			den.Double(&l.Y) // A tangent's slope.
		}
		a.pairs[k], a.dens[k], a.products[k] = p, den, product
		product.Mul(&product, &den)
		k++
	}
	if k > 0 {
		product.Inverse(&product)
	}
	var slope, x, y fp.Element
	for k--; k >= 0; k-- {
		l, r := &points[a.pairs[k].left], &points[a.pairs[k].right]
		slope.Mul(&product, &a.products[k])
		product.Mul(&product, &a.dens[k])
		if l.X.Equal(&r.X) {
			x.Square(&l.X)
			y.Double(&x).Add(&y, &x)
		} else {
			y.Sub(&r.Y, &l.Y)
		}
		slope.Mul(&slope, &y)
		x.Square(&slope).Sub(&x, &l.X).Sub(&x, &r.X)
		y.Sub(&l.X, &x).Mul(&y, &slope).Sub(&y, &l.Y)
		l.X, l.Y = x, y
	}
	a.pairs = a.pairs[:0]
}

// resized gives a slice of a length, with any content.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}
