package vectors_test

import (
	"testing"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// rulesOfForm are the rules of SPEC.md 2.
var rulesOfForm = map[string]string{
	"known": "unknown field", "number": "field number", "order": "out of order or twice", "oneof": "second member of a oneof",
	"wire-type": "wire type", "minimal-tag": "tag", "minimal-length": "length", "minimal-value": "varint", "zero": "zero must be absent",
	"empty": "empty value must be absent", "empty-list": "empty list must be absent", "length": "length", "range": "more than 32 bits",
	"enum": "unknown enum value", "utf8": "not UTF-8",
}

func makeCanonical(m *maker) []vectors.Vector {
	nonce, expiry := ld(1, fill(7, 8)), vi(2, ledgertest.GenesisTimeUnixMs)
	fee := cat(ld(1, fill(3, 16)), vi(2, 1), vi(3, 100))
	transfer := cat(ld(1, fill(1, 16)), ld(2, fill(2, 16)), vi(3, 1), vi(4, 15_000), ld(5, fee))
	act := func(number byte, value []byte) []byte { return cat(nonce, expiry, ld(3, ld(number, value))) }
	good := act(6, transfer)
	grantee := m.Provider.Public()
	grant := cat(ld(1, fill(1, 16)), ld(2, grantee[:]), ld(3, []byte{1}), vi(4, 1), vi(5, 10), vi(6, 20), vi(7, 1), vi(8, 9))
	ok := func(name, comment, message string, raw []byte) vectors.Vector {
		return accept(name, comment, fields{"message": message, "bytes": hx(raw)}, fields{"canonical": "yes"})
	}
	no := func(name, rule, comment string, raw []byte) vectors.Vector {
		return reject(name, rule, comment, fields{"message": "TransactionBody", "bytes": hx(raw)})
	}
	header := must(ledgertest.NewChain(m.t, m.World).Memory.Leaf(0))(m)
	return []vectors.Vector{
		ok("transfer-with-fee", "The plainest payment: nested messages, each field once and ascending.", "TransactionBody", good),
		ok("grant-with-packed-list", "A repeated enum is one packed run, also when it has one element.", "TransactionBody", act(2, grant)),
		ok("two-operations", "A repeated message is one field per element, side by side.", "TransactionBody", cat(good, ld(3, ld(6, transfer)))),
		ok("empty-message-present", "An empty message is present and not zero: the form allows it, the rules of a body then refuse it.", "TransactionBody", cat(nonce, ld(3, nil))),
		ok("no-bytes", "The form asks for no field; which must be there is for the rules of each message.", "TransactionBody", nil),
		ok("widest-varint", "Ten bytes, the last of which is 1: 2^64 - 1.", "TransactionBody", cat(nonce, []byte{0x10}, fill(0xff, 9), []byte{1})),
		ok("header-leaf-of-a-genesis", "Batch number 0 is zero and so it is absent: the header begins with field 2.", "Leaf", header),
		ok("set-of-four", "Strings of ASCII are UTF-8.", "ValidatorSet", m.Set.Encode()),

		no("unknown-field-after", "known", "A field of a later version is refused, never skipped: what is skipped would be signed unread.", cat(good, vi(4, 1))),
		no("unknown-field-inside", "known", "The same in a nested message.", act(6, cat(transfer, vi(8, 1)))),
		no("trailing-zero", "known", "A byte more reads as a field of number 0.", cat(good, []byte{0})),
		no("number-beyond-29-bits", "number", "A parser that keeps 32 bits of the tag could take it for a known field.", cat(good, []byte{0x82, 0x80, 0x80, 0x80, 0x10, 0x00})),
		no("fields-descend", "order", "Parsers take any order, so the order must be fixed.", cat(expiry, nonce)),
		no("scalar-twice", "order", "Parsers keep the last of two; another program may show the first.", cat(nonce, expiry, expiry)),
		no("message-twice", "order", "Parsers merge two messages of one field.", act(6, cat(transfer, ld(5, vi(2, 2))))),
		no("packed-list-in-two-runs", "order", "Parsers join two runs of one list.", act(2, cat(ld(3, []byte{1}), ld(3, []byte{1})))),
		no("two-acts", "oneof", "Parsers keep the last member of a oneof.", cat(nonce, expiry, ld(3, cat(ld(5, vi(1, 1)), ld(6, transfer))))),
		no("group", "wire-type", "Groups are an older way to nest.", cat(nonce, expiry, []byte{0x1b, 0x1c})),
		no("list-not-packed", "wire-type", "Parsers take packed and unpacked lists alike.", act(2, vi(3, 1))),
		no("fixed-for-varint", "wire-type", "A field has one wire type.", cat(nonce, []byte{0x11, 1, 0, 0, 0, 0, 0, 0, 0})),
		no("reserved-wire-type", "wire-type", "Wire types 6 and 7 mean nothing.", cat(nonce, []byte{0x16, 1})),
		no("tag-of-two-bytes", "minimal-tag", "0x90 0x00 is 0x10 written longer.", cat(nonce, []byte{0x90, 0x00, 0x01})),
		no("length-of-two-bytes", "minimal-length", "0x88 0x00 is 0x08 written longer.", cat([]byte{0x0a, 0x88, 0x00}, fill(7, 8))),
		no("value-of-two-bytes", "minimal-value", "0x81 0x00 is 1 written longer.", cat(nonce, []byte{0x10, 0x81, 0x00})),
		no("list-element-of-two-bytes", "minimal-value", "Elements of a packed run are varints like others.", act(2, ld(3, []byte{0x81, 0x00}))),
		no("value-beyond-64-bits", "minimal-value", "The tenth byte may be 1 and no more.", cat(nonce, []byte{0x10}, fill(0xff, 9), []byte{2})),
		no("value-without-end", "minimal-value", "The last byte says that another follows.", cat(nonce, []byte{0x10, 0xff})),
		no("zero-present", "zero", "Absent means zero, so zero is absent.", cat(nonce, vi(2, 0))),
		no("empty-bytes-present", "empty", "Absent means empty, so empty is absent.", cat(ld(1, nil), expiry)),
		no("empty-text-present", "empty", "The same for a string.", act(6, cat(transfer, ld(7, nil)))),
		no("empty-list-present", "empty-list", "A packed run of nothing is no list.", act(2, ld(3, nil))),
		no("length-past-the-end", "length", "One byte fewer than the length says.", cat([]byte{0x0a, 9}, fill(7, 8))),
		no("length-past-its-message", "length", "The bytes are there, but belong to the message around.", cat(nonce, []byte{0x1a, 2, 0x32, 5}, fill(1, 8))),
		no("length-beyond-63-bits", "length", "A length that turns negative where integers are signed.", cat([]byte{0x0a}, fill(0xff, 9), []byte{1})),
		no("asset-of-33-bits", "range", "Parsers keep the low 32 bits: asset 2^32 + 1 would be read as asset 1.", act(5, vi(1, 1<<32|1))),
		no("unknown-enum-value", "enum", "An operation that this version does not know cannot be granted.", act(2, ld(3, []byte{2}))),
		no("text-not-utf8", "utf8", "0xc3 asks for a continuation, and 0x28 is none.", act(6, cat(transfer, ld(7, []byte{0xc3, 0x28})))),
		no("text-of-a-surrogate", "utf8", "Half of a UTF-16 pair is no character.", act(6, cat(transfer, ld(7, []byte{0xed, 0xa0, 0x80})))),
	}
}

func checkCanonical(t *testing.T, v vectors.Vector) (fields, error) {
	raw := unhex(t, v, "bytes")
	check := map[string]func([]byte) error{
		"TransactionBody": tx.CheckBody, "Envelope": tx.CheckEnvelope, "Leaf": tx.CheckLeaf, "Receipt": tx.CheckReceipt,
		"ValidatorSet": tx.CheckValidatorSet,
	}[v.In["message"]]
	if check == nil {
		t.Fatalf("message %q", v.In["message"])
	}
	return fields{"canonical": "yes"}, check(raw)
}
