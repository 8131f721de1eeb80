package vectors_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// rulesOfForm are the rules of SPEC.md 2.
var rulesOfForm = map[string]string{
	"known": "unknown field", "number": "field number", "order": "out of order or twice", "oneof": "second member of a oneof",
	"wire-type": "wire type", "minimal-tag": ": tag:", "minimal-length": ": length:", "minimal-value": ": varint:", "zero": "zero must be absent",
	"empty": "empty value must be absent", "empty-list": "empty list must be absent", "length": ": length:", "range": "more than 32 bits|bool above 1",
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
	header := must(ledgertest.NewChain(m.t, m.World).Memory.Leaf(0))(m)
	all := []vectors.Vector{
		ok("transfer-with-fee", "The plainest payment: nested messages, each field once and ascending.", "TransactionBody", good),
		ok("grant-with-packed-list", "A repeated enum is one packed run, also when it has one element.", "TransactionBody", act(2, grant)),
		ok("packed-list-of-the-unspecified", "An element 0 of a packed list is present, so it is in form; what it means is for the rules of a grant.", "TransactionBody", act(2, ld(3, []byte{0, 1, 6}))),
		ok("two-operations", "A repeated message is one field per element, side by side.", "TransactionBody", cat(good, ld(3, ld(6, transfer)))),
		ok("empty-message-present", "An empty message is present and not zero: the form allows it, the rules of a body then refuse it.", "TransactionBody", cat(nonce, ld(3, nil))),
		ok("no-bytes", "The form asks for no field; which must be there is for the rules of each message.", "TransactionBody", nil),
		ok("widest-varint", "Ten bytes, the last of which is 1: 2^64 - 1.", "TransactionBody", cat(nonce, []byte{0x10}, fill(0xff, 9), []byte{1})),
		ok("tag-of-two-bytes-that-needs-them", "Fields from 16 on have a tag of two bytes: this is a vote, the last of the operations.", "TransactionBody", wideAct(32, vi(3, 1))),
		ok("bool-that-is-true", "True is the varint 1; false is absent.", "TransactionBody", wideAct(19, vi(4, 1))),
		ok("repeated-messages-inside", "Three bands of fees, the last of them empty: elements of a list may be empty messages.", "TransactionBody", wideAct(30, cat(ld(4, vi(1, 5)), ld(4, vi(2, 7)), ld(4, nil)))),
		ok("repeated-text", "Elements of a list of texts stand side by side, and one of them may be empty.", "TransactionBody", wideAct(29, cat(ld(4, []byte("*384*1#")), ld(4, nil), ld(4, []byte("*483#"))))),
		ok("oneof-inside-of-a-oneof", "A decision stands alone in its message, as an operation does.", "TransactionBody", wideAct(31, cat(ld(1, []byte("v1")), ld(2, ld(3, vi(1, 2)))))),
		ok("oneof-of-an-empty-message", "The member that is set is a message without fields.", "TransactionBody", wideAct(31, ld(2, ld(4, nil)))),
		ok("text-of-four-byte-letters", "UTF-8 up to U+10FFFF.", "TransactionBody", act(6, cat(transfer, ld(7, []byte("\U0010ffff"))))),
		ok("operation-without-a-member", "A oneof with no member set has no bytes.", "TransactionBody", cat(expiry, ld(3, nil))),
		ok("body-of-an-envelope-is-bytes", "The envelope's form does not look into the body: here it is one byte that is no message.", "Envelope", cat(ld(1, []byte{0xff}), ld(2, cat(ld(1, fill(1, 32)), ld(2, fill(2, 64)))))),
		ok("header-leaf-of-a-genesis", "Batch number 0 is zero and so it is absent: the header begins with field 2.", "Leaf", header),
		ok("effect-leaf", "Kind, time, subject, accounts: bytes in a list, each with its own tag.", "Leaf", ld(3, cat(vi(1, 4), vi(2, 9), ld(3, fill(7, 32)), ld(9, fill(1, 16)), ld(9, fill(2, 16))))),
		ok("leaf-with-refused-legs", "A result inside of a leaf, with two legs whose first position is zero.", "Leaf", ld(2, cat(ld(1, []byte{1}), ld(2, cat(vi(1, 1), ld(3, vi(3, 80)), ld(3, cat(vi(2, 1), vi(3, 11)))))))),
		ok("set-of-four", "Strings of ASCII are UTF-8.", "ValidatorSet", m.Set.Encode()),
		ok("receipt-with-an-empty-hash", "A list of hashes is a list of bytes; that each has 32 is for the rules of a receipt.", "Receipt", cat(ld(1, []byte{1}), ld(3, nil), ld(3, fill(2, 32)))),
	}
	return append(append(all, m.malformed(nonce, expiry, transfer, act, wideAct)...), m.malformedElsewhere(header)...)
}

// wideAct is a body of one operation whose number is above 15: its tag has two bytes.
func wideAct(number uint64, value []byte) []byte {
	operation := cat(binary.AppendUvarint(nil, number<<3|2), binary.AppendUvarint(nil, uint64(len(value))), value)
	return cat(ld(1, fill(7, 8)), vi(2, now), ld(3, operation))
}

// malformed are bodies that are not in form.
func (m *maker) malformed(nonce, expiry, transfer []byte, act func(byte, []byte) []byte, wide func(uint64, []byte) []byte) []vectors.Vector {
	no := func(name, rule, comment string, raw []byte) vectors.Vector {
		return reject(name, rule, comment, fields{"message": "TransactionBody", "bytes": hx(raw)})
	}
	good := act(6, transfer)
	text := func(raw ...byte) []byte { return act(6, cat(transfer, ld(7, raw))) }
	return []vectors.Vector{
		no("unknown-field-after", "known", "A field of a later version is refused, never skipped: what is skipped would be signed unread.", cat(good, vi(4, 1))),
		no("unknown-field-inside", "known", "The same in a nested message: a transfer has no field 9.", act(6, cat(transfer, vi(9, 1)))),
		no("unknown-operation", "known", "An operation of a later version.", wide(33, vi(1, 1))),
		no("unknown-decision", "known", "And a decision of one.", wide(31, ld(2, ld(9, vi(1, 1))))),
		no("trailing-zero", "known", "A byte more reads as a field of number 0.", cat(good, []byte{0})),
		no("number-beyond-29-bits", "number", "A parser that keeps 32 bits of the tag could take it for a known field.", cat(good, []byte{0x82, 0x80, 0x80, 0x80, 0x10, 0x00})),
		no("number-of-61-bits", "number", "Nor is one of 64 bits with the wire type cut to fewer.", cat(good, fill(0xff, 9), []byte{1})),
		no("fields-descend", "order", "Parsers take any order, so the order must be fixed.", cat(expiry, nonce)),
		no("fields-descend-inside", "order", "In nested messages too.", act(5, cat(ld(2, fill(2, 16)), vi(1, 1)))),
		no("scalar-twice", "order", "Parsers keep the last of two; another program may show the first.", cat(nonce, expiry, expiry)),
		no("bytes-twice", "order", "The same for bytes.", cat(nonce, nonce, expiry)),
		no("message-twice", "order", "Parsers merge two messages of one field.", act(6, cat(transfer, ld(5, vi(2, 2))))),
		no("member-of-a-oneof-twice", "order", "Parsers merge the two.", cat(nonce, expiry, ld(3, cat(ld(6, transfer), ld(6, transfer))))),
		no("packed-list-in-two-runs", "order", "Parsers join two runs of one list.", act(2, cat(ld(3, []byte{1}), ld(3, []byte{1})))),
		no("list-interrupted", "order", "Elements of a repeated message stand side by side.", wide(22, cat(ld(4, vi(2, 1)), ld(6, []byte("x")), ld(4, vi(2, 1))))),
		no("two-acts", "oneof", "Parsers keep the last member of a oneof.", cat(nonce, expiry, ld(3, cat(ld(5, vi(1, 1)), ld(6, transfer))))),
		no("two-decisions", "oneof", "So of a decision inside of an operation.", wide(31, ld(2, cat(ld(2, vi(1, 1)), ld(3, vi(1, 2)))))),
		no("group", "wire-type", "Groups are an older way to nest.", cat(nonce, expiry, []byte{0x1b, 0x1c})),
		no("end-of-a-group-alone", "wire-type", "Nor does the end of one stand for anything.", cat(nonce, expiry, []byte{0x1c})),
		no("list-not-packed", "wire-type", "Parsers take packed and unpacked lists alike.", act(2, vi(3, 1))),
		no("bytes-for-varint", "wire-type", "A field has one wire type.", cat(nonce, ld(2, []byte{1}))),
		no("varint-for-bytes", "wire-type", "In either direction.", vi(1, 7)),
		no("fixed-for-varint", "wire-type", "No field here has a fixed width of 64 bits.", cat(nonce, []byte{0x11, 1, 0, 0, 0, 0, 0, 0, 0})),
		no("fixed-of-32-bits-for-varint", "wire-type", "Nor of 32.", cat(nonce, []byte{0x15, 1, 0, 0, 0})),
		no("reserved-wire-type-6", "wire-type", "Wire types 6 and 7 mean nothing.", cat(nonce, []byte{0x16, 1})),
		no("reserved-wire-type-7", "wire-type", "The last of the eight.", cat(nonce, []byte{0x17, 1})),
		no("tag-of-two-bytes", "minimal-tag", "0x90 0x00 is 0x10 written longer.", cat(nonce, []byte{0x90, 0x00, 0x01})),
		no("tag-without-end", "minimal-tag", "The last byte says that another follows.", cat(good, []byte{0x80})),
		no("length-of-two-bytes", "minimal-length", "0x88 0x00 is 0x08 written longer.", cat([]byte{0x0a, 0x88, 0x00}, fill(7, 8))),
		no("value-of-two-bytes", "minimal-value", "0x81 0x00 is 1 written longer.", cat(nonce, []byte{0x10, 0x81, 0x00})),
		no("list-element-of-two-bytes", "minimal-value", "Elements of a packed run are varints like others.", act(2, ld(3, []byte{0x81, 0x00}))),
		no("list-element-past-its-run", "minimal-value", "A run ends with an element.", act(2, ld(3, []byte{0x01, 0x80}))),
		no("value-beyond-64-bits", "minimal-value", "The tenth byte may be 1 and no more.", cat(nonce, []byte{0x10}, fill(0xff, 9), []byte{2})),
		no("value-of-eleven-bytes", "minimal-value", "And no eleventh follows.", cat(nonce, []byte{0x10}, fill(0xff, 10), []byte{1})),
		no("value-without-end", "minimal-value", "The last byte says that another follows.", cat(nonce, []byte{0x10, 0xff})),
		no("value-absent", "minimal-value", "A tag alone.", cat(nonce, []byte{0x10})),
		no("zero-present", "zero", "Absent means zero, so zero is absent.", cat(nonce, vi(2, 0))),
		no("zero-present-inside", "zero", "However deep: the version of a fee.", act(6, cat(ld(1, fill(1, 16)), ld(5, vi(2, 0))))),
		no("false-present", "zero", "False is the zero of a bool.", wide(19, vi(4, 0))),
		no("enum-zero-present", "zero", "The value 0 of an enum stands for nothing, and is absent.", wide(22, vi(3, 0))),
		no("empty-bytes-present", "empty", "Absent means empty, so empty is absent.", cat(ld(1, nil), expiry)),
		no("empty-text-present", "empty", "The same for a string.", act(6, cat(transfer, ld(7, nil)))),
		no("empty-list-present", "empty-list", "A packed run of nothing is no list.", act(2, ld(3, nil))),
		no("length-past-the-end", "length", "One byte fewer than the length says.", cat([]byte{0x0a, 9}, fill(7, 8))),
		no("length-past-its-message", "length", "The bytes are there, but belong to the message around.", cat(nonce, []byte{0x1a, 2, 0x32, 5}, fill(1, 8))),
		no("length-beyond-63-bits", "length", "A length that turns negative where integers are signed.", cat([]byte{0x0a}, fill(0xff, 9), []byte{1})),
		no("length-absent", "length", "A tag alone, of a field with a length.", cat(nonce, []byte{0x1a})),
		no("asset-of-33-bits", "range", "Parsers keep the low 32 bits: asset 2^32 + 1 would be read as asset 1.", act(5, vi(1, 1<<32|1))),
		no("bool-of-two", "range", "Parsers read any number but 0 as true.", wide(19, vi(4, 2))),
		no("unknown-enum-value", "enum", "An operation that this version does not know cannot be granted.", act(2, ld(3, []byte{7}))),
		no("enum-that-is-negative", "enum", "Ten bytes, which parsers read as -1.", act(2, ld(3, cat(fill(0xff, 9), []byte{1})))),
		no("unknown-mode", "enum", "A singular enum as well.", wide(22, vi(3, 3))),
		no("unknown-parameter", "enum", "And one inside of a decision.", wide(31, ld(2, ld(2, vi(1, 7))))),
		no("text-not-utf8", "utf8", "0xc3 asks for a continuation, and 0x28 is none.", text(0xc3, 0x28)),
		no("text-of-a-surrogate", "utf8", "Half of a UTF-16 pair is no character.", text(0xed, 0xa0, 0x80)),
		no("text-written-longer", "utf8", "0xc0 0xaf is a slash in two bytes.", text(0xc0, 0xaf)),
		no("text-beyond-unicode", "utf8", "U+110000 is one past the last character.", text(0xf4, 0x90, 0x80, 0x80)),
		no("list-element-not-utf8", "utf8", "Elements of a list of texts are texts.", wide(29, ld(4, []byte{0xff}))),
	}
}

// malformedElsewhere are other messages that are not in form: each has a table of its own.
func (m *maker) malformedElsewhere(header []byte) []vectors.Vector {
	no := func(name, message, rule, comment string, raw []byte) vectors.Vector {
		return reject(name, rule, comment, fields{"message": message, "bytes": hx(raw)})
	}
	return []vectors.Vector{
		no("envelope-with-a-third-field", "Envelope", "known", "Nothing travels beside body and signatures.", cat(ld(1, []byte{1}), ld(3, []byte{1}))),
		no("signature-before-body", "Envelope", "order", "An envelope has its order.", cat(ld(2, ld(1, fill(1, 32))), ld(1, []byte{1}))),
		no("leaf-of-two-kinds", "Leaf", "oneof", "A leaf is one of its kinds, not two.", cat(header, ld(2, nil))),
		no("leaf-of-a-fourth-kind", "Leaf", "known", "A kind of a later version.", ld(4, nil)),
		no("leaf-with-an-unknown-code", "Leaf", "enum", "A result code that this version does not know.", ld(2, ld(2, vi(1, 9)))),
		no("leaf-with-an-unknown-effect", "Leaf", "enum", "An effect that this version does not know.", ld(3, vi(1, 12))),
		no("header-of-batch-0-written-out", "Leaf", "zero", "Batch number 0 is absent, as every zero.", ld(1, cat(vi(1, 0), vi(2, 9)))),
		no("set-with-a-name-not-utf8", "ValidatorSet", "utf8", "A name is a string.", ld(1, ld(1, []byte("v\xff")))),
		no("receipt-with-index-0", "Receipt", "zero", "Index 0 is absent.", cat(ld(1, []byte{1}), vi(2, 0))),
		no("receipt-with-its-proof-before-its-leaf", "Receipt", "order", "A receipt has its order.", cat(ld(3, fill(1, 32)), ld(1, []byte{1}))),
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
	if err := check(raw); err != nil {
		return nil, err
	}
	// Another implementation reads what is accepted, and writes the same bytes.
	message := map[string]proto.Message{
		"TransactionBody": &umojav1.TransactionBody{}, "Envelope": &umojav1.Envelope{}, "Leaf": &umojav1.Leaf{}, "Receipt": &umojav1.Receipt{},
		"ValidatorSet": &umojav1.ValidatorSet{},
	}[v.In["message"]]
	if err := proto.Unmarshal(raw, message); err != nil {
		return nil, err
	}
	if again, err := (proto.MarshalOptions{Deterministic: true}).Marshal(message); err != nil || !bytes.Equal(again, raw) {
		return nil, errors.Join(errDiffers, err)
	}
	return fields{"canonical": "yes"}, nil
}
