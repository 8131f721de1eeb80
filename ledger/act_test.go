package ledger_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

func minor(n uint64) amount.Amount { return amount.Amount(n) }

func salt(name string) [16]byte {
	h := sha256.Sum256([]byte("salt " + name))
	return [16]byte(h[:16])
}

// words is a line being read.
type words struct {
	*block
	line string
	rest []string
}

func (w *words) fail(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("act %q: %s", w.line, fmt.Sprintf(format, args...))
}

func (w *words) next() string {
	w.t.Helper()
	if len(w.rest) == 0 {
		w.fail("ends too early")
	}
	word := w.rest[0]
	w.rest = w.rest[1:]
	return word
}

// is takes the word if it is the next.
func (w *words) is(word string) bool {
	if len(w.rest) == 0 || w.rest[0] != word {
		return false
	}
	w.rest = w.rest[1:]
	return true
}

func (w *words) end() {
	w.t.Helper()
	if len(w.rest) > 0 {
		w.fail("%q is too much", w.rest)
	}
}

// money reads an amount with two decimals; max is the largest, and 0 is read too.
func (w *words) money() amount.Amount {
	w.t.Helper()
	switch text := w.next(); text {
	case "max":
		return amount.Max
	case "0":
		return 0
	default:
		a, err := amount.Parse(text, 2)
		if err != nil {
			w.fail("amount %q: %v", text, err)
		}
		return a
	}
}

// when reads a time from now on, such as +10m, -1ms or +7d.
func (w *words) when() uint64 { return w.chain.TimeUnixMs + uint64(w.span().Milliseconds()) }

func (w *words) span() time.Duration {
	w.t.Helper()
	text := strings.TrimPrefix(w.next(), "+")
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil {
			w.fail("days %q", text)
		}
		return time.Duration(n) * 24 * time.Hour
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		w.fail("time %q", text)
	}
	return d
}

func (w *words) count() int {
	w.t.Helper()
	text := w.next()
	n, err := strconv.Atoi(strings.TrimPrefix(text, "v"))
	if err != nil {
		w.fail("number %q", text)
	}
	return n
}

func (w *words) asset() tx.Asset {
	w.t.Helper()
	switch code := w.next(); code {
	case "KES":
		return ledgertest.KES
	case "TZS":
		return 2
	case "XXX":
		return 77 // Nobody defined it.
	default:
		// One that a block before has defined.
		all, err := ledger.Assets(w.chain.Memory)
		at := slices.IndexFunc(all, func(a ledger.Asset) bool { return a.Code == code })
		if err != nil || at < 0 {
			w.fail("asset %q: %v", code, err)
		}
		return tx.Asset(at + 1)
	}
}

// assetOf reads "asset CODE", KES when it is not there.
func (w *words) assetOf() tx.Asset {
	if w.is("asset") {
		return w.asset()
	}
	return ledgertest.KES
}

// act reads one line.
func (b *block) act(line string) {
	b.t.Helper()
	w := &words{block: b, line: line, rest: strings.Fields(line)}
	switch verb := w.next(); verb {
	case "tick":
		b.chain.Tick(uint64(w.span().Milliseconds()))
	case "clock":
		w.clock()
	case "batch":
		w.batch()
	case "again":
		w.again()
	case "garbage":
		b.envelopes = append(b.envelopes, []byte("not an envelope"))
	case "balance", "grant?", "alias?", "number", "supply", "leaves":
		w.read(verb)
		return
	default:
		if read, ok := reads[verb]; ok {
			// What the script looks at is read when the batch is applied.
			b.answers = append(b.answers, func() []string { return []string{read(w)} })
			return
		}
		w.transaction()
		return
	}
	w.end()
}

// clock lets time pass until it is next that time of day where the network is.
func (w *words) clock() {
	w.t.Helper()
	text := w.next()
	at, err := time.Parse("15:04:05.000", text)
	if err != nil {
		w.fail("clock %q: %v", text, err)
	}
	const day = 24 * 3600 * 1000
	offset := uint64(w.world.Genesis.DayOffsetMinutes) * 60_000
	now := (w.chain.TimeUnixMs + offset) % day
	want := uint64(at.Sub(at.Truncate(24 * time.Hour)).Milliseconds())
	w.chain.Tick((want + day - now) % day)
}

// batch changes what the leader says of the block.
func (w *words) batch() {
	w.t.Helper()
	w.sealed = true
	change := func(f func(h *tx.BatchHeader)) { w.block.header = append(w.block.header, f) }
	switch what := w.next(); what {
	case "empty":
	case "number":
		n := w.count()
		change(func(h *tx.BatchHeader) { h.Number = uint64(n) })
	case "epoch":
		n := w.count()
		change(func(h *tx.BatchHeader) { h.Epoch = uint64(n) })
	case "time":
		d := w.span()
		change(func(h *tx.BatchHeader) { h.TimeUnixMs += uint64(d.Milliseconds()) })
	case "previous":
		w.next()
		change(func(h *tx.BatchHeader) { h.PreviousHash[31] ^= 1 })
	case "leader":
		name := w.next()
		change(func(h *tx.BatchHeader) { h.Leader = name })
		if _, known := w.world.Validators[name]; known {
			w.block.signer = name
		}
	case "signed":
		w.block.signer = w.next()
	default:
		w.fail("nothing in a batch is called %q", what)
	}
}

// options are what follows the | of a transaction.
type options struct {
	by      []string // signers, when the act says
	forged  []string // signers whose signature is not theirs
	name    string
	times   int
	expires uint64
}

func (w *words) options() options {
	w.t.Helper()
	o := options{times: 1, expires: w.chain.TimeUnixMs + 10*60_000}
	at := slices.Index(w.rest, "|")
	if at < 0 {
		return o
	}
	tail := &words{block: w.block, line: w.line, rest: w.rest[at+1:]}
	w.rest = w.rest[:at]
	for len(tail.rest) > 0 {
		switch option := tail.next(); option {
		case "by":
			o.by = strings.Split(tail.next(), ",")
		case "forged":
			o.forged = strings.Split(tail.next(), ",")
		case "name":
			o.name = tail.next()
		case "times":
			o.times = tail.count()
		case "expires":
			o.expires = tail.when()
		default:
			w.fail("there is no option %q", option)
		}
	}
	return o
}

// transaction reads "operation; operation… | option…".
func (w *words) transaction() {
	w.t.Helper()
	w.rest = strings.Fields(strings.ReplaceAll(w.line, ";", " ; "))
	o := w.options()
	body := tx.Body{ExpiresAtUnixMs: o.expires}
	var signers []string
	for {
		op, signer := w.operation(o)
		body.Operations = append(body.Operations, op)
		if !slices.Contains(signers, signer) {
			signers = append(signers, signer)
		}
		if !w.is(";") {
			break
		}
	}
	w.end()
	if o.by != nil {
		signers = o.by
	}
	first := len(w.envelopes)
	for range o.times {
		w.nonce++
		body.Nonce = w.world.Nonce(w.nonce)
		raw, err := body.Encode()
		if err != nil {
			w.fail("%v", err)
		}
		signed := w.sign(raw, signers, o.forged)
		if o.name != "" {
			w.named[o.name] = signed
		}
		w.block.envelopes = append(w.block.envelopes, signed.Envelope())
	}
	w.answer(first, o.times)
}

// sign makes an envelope.
func (w *words) sign(body []byte, signers, forged []string) *tx.Signed {
	w.t.Helper()
	id := tx.NewID(w.world.Network, body)
	var signatures []tx.Signature
	for _, name := range append(slices.Clone(signers), forged...) {
		sig, err := w.key(name).Sign(id)
		if err != nil {
			w.fail("%v", err)
		}
		if slices.Contains(forged, name) {
			sig[40] ^= 1
		}
		signatures = append(signatures, tx.Signature{Signer: w.key(name).Public(), Signature: sig})
	}
	signed, err := tx.Pack(w.world.Network, body, signatures)
	if err != nil {
		w.fail("%v", err)
	}
	return signed
}

// again sends the body of a named transaction once more, in the same envelope or by other signers.
func (w *words) again() {
	w.t.Helper()
	o := w.options()
	signed := w.named[w.next()]
	if signed == nil {
		w.fail("no transaction has that name")
	}
	if o.by != nil || o.forged != nil {
		signed = w.sign(signed.RawBody(), o.by, o.forged)
	}
	first := len(w.envelopes)
	for range o.times {
		w.block.envelopes = append(w.block.envelopes, signed.Envelope())
	}
	w.answer(first, o.times)
}

// answer promises the outcome of the envelopes from first on.
func (w *words) answer(first, times int) {
	b := w.block
	b.answers = append(b.answers, func() []string {
		line := b.outcome(first)
		for i := range times {
			if b.outcome(first+i) != line {
				return []string{fmt.Sprintf("%s, then %s at the %d. time", line, b.outcome(first+i), i+1)}
			}
		}
		if times > 1 {
			line += fmt.Sprintf(" ×%d", times)
		}
		return []string{line}
	})
}
