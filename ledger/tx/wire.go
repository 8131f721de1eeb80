package tx

import (
	"fmt"
	"math/bits"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// What every payment brings — its envelope, a body with transfers, its leaf, the authority of who signs — is read from and written to the wire
// here, without messages in between: they would be most of what a validator allocates. Everything else goes by the library (convert.go). What
// is read here was accepted by the walker (canonical.go): fields are known, in order, of their type, and as long as they say.

// wire reads the fields of a message in canonical form.
type wire struct {
	rest []byte
	// number is that of the field read last, scalar its value or bytes its content.
	number protowire.Number
	scalar uint64
	bytes  []byte
}

// next reads a field; false at the end.
func (w *wire) next() bool {
	if len(w.rest) == 0 {
		return false
	}
	tag := w.varint()
	w.number, w.scalar, w.bytes = protowire.Number(tag>>3), 0, nil
	value := w.varint()
	if protowire.Type(tag&7) == protowire.VarintType {
		w.scalar = value
		return true
	}
	w.bytes, w.rest = w.rest[:value:value], w.rest[value:]
	return true
}

func (w *wire) varint() uint64 {
	value, n := consumeVarint(w.rest)
	w.rest = w.rest[n:]
	return value
}

// count is how many fields of a number there are.
func (w wire) count(number protowire.Number) (n int) {
	for w.next() {
		if w.number == number {
			n++
		}
	}
	return n
}

// readSignature reads a Signature; what is not there has no bytes.
func readSignature(raw []byte) (signer, signature []byte) {
	for w := (wire{rest: raw}); w.next(); {
		switch w.number {
		case 1:
			signer = w.bytes
		case 2:
			signature = w.bytes
		}
	}
	return signer, signature
}

// transferField is the number of a transfer among the operations.
const transferField = 6

// readOperation reads an Operation.
func readOperation(raw []byte) (Operation, error) {
	if w := (wire{rest: raw}); w.next() && w.number == transferField {
		return readTransfer(w.bytes)
	}
	var m umojav1.Operation
	if err := proto.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("operation: %w", ErrNotCanonical) // Cannot happen: the walker accepts less than the library.
	}
	return operationOf(&m)
}

// readTransfer reads a Transfer.
func readTransfer(raw []byte) (Operation, error) {
	var o Transfer
	// Fields that must be there are judged when all are known, in the order of their numbers.
	var debit, credit, alias, request []byte
	var fee []byte
	paid := false
	for w := (wire{rest: raw}); w.next(); {
		switch w.number {
		case 1:
			debit = w.bytes
		case 2:
			credit = w.bytes
		case 3:
			o.Asset = Asset(w.scalar)
		case 4:
			o.Amount = amount.Amount(w.scalar)
		case 5:
			fee, paid = w.bytes, true
		case 6:
			alias = w.bytes
		case 7:
			o.Reference = string(w.bytes)
		case 8:
			request = w.bytes
		}
	}
	r := reader{of: "transfer"}
	r.fixed(o.Debit[:], debit, "debit")
	r.fixed(o.Credit[:], credit, "credit")
	if paid {
		o.Fee = readFee(&r, fee)
	}
	o.Alias = optional32[key.Alias](&r, alias, "alias")
	o.Request = optional16[RequestID](&r, request, "request")
	return o, r.err
}

func readFee(r *reader, raw []byte) *Fee {
	f := new(Fee)
	var provider []byte
	for w := (wire{rest: raw}); w.next(); {
		switch w.number {
		case 1:
			provider = w.bytes
		case 2:
			f.ScheduleVersion = uint32(w.scalar)
		case 3:
			f.Amount = amount.Amount(w.scalar)
		}
	}
	r.fixed(f.Provider[:], provider, "fee provider")
	return f
}

// readAuthority reads an Authority.
func readAuthority(raw []byte) (Authority, error) {
	var a Authority
	w := wire{rest: raw}
	keys, guardians := w.count(1), w.count(4)
	switch {
	case keys > MaxAuthorityKeys:
		return a, tooManyKeys("key", keys)
	case keys > 0:
		a.Keys = make([]AuthorityKey, 0, keys)
	}
	if guardians > 0 && guardians <= MaxAuthorityKeys {
		a.Guardians = make([]AuthorityKey, 0, guardians)
	}
	for w.next() {
		var err error
		switch w.number {
		case 1:
			a.Keys, err = readAuthorityKey(a.Keys, w.bytes, "key")
		case 2:
			a.Threshold = uint32(w.scalar)
		case 3:
			a.Attestors = uint32(w.scalar)
		case 4:
			if guardians > MaxAuthorityKeys { // Keys stand before guardians, and are judged first.
				return a, tooManyKeys("guardian", guardians)
			}
			a.Guardians, err = readAuthorityKey(a.Guardians, w.bytes, "guardian")
		case 5:
			a.GuardianThreshold = uint32(w.scalar)
		}
		if err != nil {
			return a, err
		}
	}
	return a, nil
}

func readAuthorityKey(to []AuthorityKey, raw []byte, of string) ([]AuthorityKey, error) {
	var one AuthorityKey
	var public []byte
	for w := (wire{rest: raw}); w.next(); {
		switch w.number {
		case 1:
			public = w.bytes
		case 2:
			one.Weight = uint32(w.scalar)
		}
	}
	if len(public) != len(one.Key) {
		return nil, badAuthorityKey(of, len(to), len(public))
	}
	copy(one.Key[:], public)
	return append(to, one), nil
}

// The writing half. A field that is zero is absent.

func putScalar(to []byte, number protowire.Number, value uint64) []byte {
	if value == 0 {
		return to
	}
	return protowire.AppendVarint(protowire.AppendTag(to, number, protowire.VarintType), value)
}

func putBytes(to []byte, number protowire.Number, value []byte) []byte {
	if len(value) == 0 {
		return to
	}
	return protowire.AppendBytes(protowire.AppendTag(to, number, protowire.BytesType), value)
}

// putHead begins a message of so many bytes inside another; it is there also when it is empty.
func putHead(to []byte, number protowire.Number, size int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(to, number, protowire.BytesType), uint64(size))
}

// sizeScalar and sizeBytes are what putScalar and putBytes write, for numbers below 16, whose tag is one byte.
func sizeScalar(value uint64) int {
	if value == 0 {
		return 0
	}
	return 1 + sizeVarint(value)
}

func sizeBytes(n int) int {
	if n == 0 {
		return 0
	}
	return sizeMessage(n)
}

// sizeMessage is a message of n bytes with its head.
func sizeMessage(n int) int { return 1 + sizeVarint(uint64(n)) + n }

func sizeVarint(value uint64) int { return (bits.Len64(value|1) + 6) / 7 }

// size is that of the fields of the result's message.
func (r Result) size() int {
	n := sizeScalar(uint64(r.Code)) + sizeScalar(uint64(r.Operation))
	for _, leg := range r.Legs {
		n += sizeMessage(leg.size())
	}
	return n
}

func (r Result) put(to []byte) []byte {
	to = putScalar(putScalar(to, 1, uint64(r.Code)), 2, uint64(r.Operation))
	for _, leg := range r.Legs {
		to = putHead(to, 3, leg.size())
		to = putScalar(putScalar(putScalar(to, 1, uint64(leg.Operation)), 2, uint64(leg.Leg)), 3, uint64(leg.Code))
	}
	return to
}

func (l LegResult) size() int {
	return sizeScalar(uint64(l.Operation)) + sizeScalar(uint64(l.Leg)) + sizeScalar(uint64(l.Code))
}

func (p *PostState) size() int {
	return sizeBytes(len(p.Account)) + sizeScalar(uint64(p.Asset)) + sizeScalar(uint64(p.Posted)) + sizeScalar(uint64(p.Held)) +
		sizeScalar(p.PreviousLeaf)
}

func (p *PostState) put(to []byte) []byte {
	to = putScalar(putBytes(to, 1, p.Account[:]), 2, uint64(p.Asset))
	return putScalar(putScalar(putScalar(to, 3, uint64(p.Posted)), 4, uint64(p.Held)), 5, p.PreviousLeaf)
}

// Encode gives the canonical bytes of a transaction leaf; the caller checks MaxLeafBytes.
func (r Record) Encode() []byte {
	result := r.Result.size()
	inner := sizeBytes(len(r.Envelope)) + sizeMessage(result)
	for i := range r.PostStates {
		inner += sizeMessage(r.PostStates[i].size())
	}
	out := putHead(make([]byte, 0, sizeMessage(inner)), 2, inner)
	out = putBytes(out, 1, r.Envelope)
	out = r.Result.put(putHead(out, 2, result))
	for i := range r.PostStates {
		p := &r.PostStates[i]
		out = p.put(putHead(out, 3, p.size()))
	}
	if err := formLeaf.check(out); err != nil {
		panic(fmt.Sprintf("encode leaf: %v", err)) // As marshal does: nobody else would take it.
	}
	return out
}
