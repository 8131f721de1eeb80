package tx_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Bytes of the wire format written by hand, so that no test of the walker depends on an encoder.

// cat joins bytes.
func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// h reads hexadecimal with spaces.
func h(text string) []byte {
	raw, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		panic(err)
	}
	return raw
}

// ld is a length-delimited field; numbers below 16 have a tag of one byte.
func ld(number byte, value []byte) []byte {
	return cat([]byte{number<<3 | 2}, binary.AppendUvarint(nil, uint64(len(value))), value)
}

// vi is a varint field.
func vi(number byte, value uint64) []byte {
	return cat([]byte{number << 3}, binary.AppendUvarint(nil, value))
}

// fill is n bytes that are not zero.
func fill(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }

// Parts of a body.
var (
	wireNonce    = ld(1, fill(7, 8))
	wireExpiry   = vi(2, 1_767_225_600_000)
	wireFee      = cat(ld(1, fill(3, 16)), vi(2, 1), vi(3, 100))
	wireTransfer = cat(ld(1, fill(1, 16)), ld(2, fill(2, 16)), vi(3, 1), vi(4, 15_000), ld(5, wireFee))
	wireGrant    = cat(ld(1, fill(1, 16)), ld(2, testPublic[:]), ld(3, []byte{1}), vi(4, 1), vi(5, 10), vi(6, 20), vi(7, 1), vi(8, 9))
)

var testPublic = testKey("grantee").Public()

// wireBody is a body of one operation, whose act has the given number and bytes.
func wireBody(act byte, value []byte) []byte {
	return cat(wireNonce, wireExpiry, ld(3, ld(act, value)))
}

// wireAct is wireBody for acts whose number is above 15: their tag has two bytes.
func wireAct(act uint64, value []byte) []byte {
	operation := cat(binary.AppendUvarint(nil, act<<3|2), binary.AppendUvarint(nil, uint64(len(value))), value)
	return cat(wireNonce, wireExpiry, ld(3, operation))
}

func testKey(label string) key.Private {
	p, err := key.NewPrivate(sha256.Sum256([]byte(label)))
	if err != nil {
		panic(err)
	}
	return p
}

var testNetwork = tx.NetworkID(sha256.Sum256([]byte("network")))

// account is an account id that is easy to see in a dump.
func account(b byte) tx.AccountID { return tx.AccountID(fill(b, 16)) }

// payment is a body that every rule accepts.
func payment() tx.Body {
	return tx.Body{
		Nonce: [8]byte(fill(7, 8)), ExpiresAtUnixMs: 1_767_225_600_000,
		Operations: []tx.Operation{tx.Transfer{
			Debit: account(1), Credit: account(2), Asset: 1, Amount: 15_000,
			Fee: &tx.Fee{Provider: account(3), ScheduleVersion: 1, Amount: 100},
		}},
	}
}

func encode(t testing.TB, b tx.Body) []byte {
	t.Helper()
	raw, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
