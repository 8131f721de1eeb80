package tx_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// TestCheckBody walks bytes made by hand. Each refusal differs from an accepted body by the one thing it is named after,
// and the error must say that thing.
func TestCheckBody(t *testing.T) {
	transfer := wireBody(6, wireTransfer)
	for _, row := range []struct {
		name string
		raw  []byte
		want string // part of the error; empty means canonical
	}{
		{"a payment", transfer, ""},
		{"no bytes: the walker asks for no field", nil, ""},
		{"a grant with a packed list", wireBody(2, wireGrant), ""},
		{"two operations", cat(transfer, ld(3, ld(6, wireTransfer))), ""},
		{"an empty message is present, not zero", cat(wireNonce, ld(3, nil)), ""},
		{"a reference of two-byte letters", wireBody(6, cat(wireTransfer, ld(7, []byte("ñandú")))), ""},
		{"the greatest uint64", cat(wireNonce, h("10 ffffffffffffffffff01")), ""},
		{"the greatest uint32", wireBody(5, vi(1, 1<<32-1)), ""},

		{"unknown field at the end", cat(transfer, vi(4, 1)), "unknown field 4"},
		{"unknown field inside", wireBody(6, cat(wireTransfer, vi(9, 1))), "unknown field 9"},
		{"unknown operation", wireAct(33, nil), "unknown field 33"},
		{"field number 0", cat(h("02 00"), transfer), "unknown field 0"},
		{"field number above 2^29 - 1", cat(transfer, h("8080808010 01")), "field number"},
		{"field number of 64 bits", cat(transfer, h("ffffffffffffffffff01")), "field number"},

		{"out of order", cat(wireExpiry, wireNonce), "nonce: out of order or twice"},
		{"out of order inside", wireBody(5, cat(ld(2, fill(2, 16)), vi(1, 1))), "asset: out of order or twice"},
		{"operations before expiry", cat(wireNonce, ld(3, ld(6, wireTransfer)), wireExpiry), "expires_at_unix_ms: out of order"},
		{"scalar twice", cat(wireNonce, wireExpiry, wireExpiry), "expires_at_unix_ms: out of order or twice"},
		{"bytes twice", cat(wireNonce, wireNonce), "nonce: out of order or twice"},
		{"message twice, which a parser merges", wireBody(6, cat(wireTransfer, ld(5, vi(2, 2)))), "fee: out of order or twice"},
		{"packed list in two runs", wireBody(2, cat(ld(3, []byte{1}), ld(3, []byte{1}))), "operations: out of order or twice"},

		{"tag of two bytes", cat(wireNonce, h("9000 01")), "tag"},
		{"value of two bytes", cat(wireNonce, h("10 8100")), "varint"},
		{"length of two bytes", h("0a 8800 0707070707070707"), "length"},
		{"packed element of two bytes", wireBody(2, ld(3, h("8100"))), "varint"},
		{"varint without end", cat(wireNonce, h("10 ff")), "varint"},
		{"varint of 11 bytes", cat(wireNonce, h("10 ffffffffffffffffffff01")), "varint"},
		{"varint above 64 bits", cat(wireNonce, h("10 ffffffffffffffffff02")), "varint"},
		{"tag without value", cat(wireNonce, h("10")), "varint"},
		{"tag without length", cat(wireNonce, h("1a")), "length"},

		{"zero scalar present", cat(wireNonce, vi(2, 0)), "zero must be absent"},
		{"zero scalar inside", wireBody(6, cat(ld(1, fill(1, 16)), vi(3, 0))), "zero must be absent"},
		{"empty bytes present", cat(ld(1, nil), wireExpiry), "empty value must be absent"},
		{"empty string present", wireBody(6, cat(wireTransfer, ld(7, nil))), "empty value must be absent"},
		{"empty packed list present", wireBody(2, ld(3, nil)), "empty list must be absent"},

		{"unpacked repeated scalar", wireBody(2, vi(3, 1)), "operations: wire type 0"},
		{"varint as bytes", cat(wireNonce, ld(2, []byte{1})), "expires_at_unix_ms: wire type 2"},
		{"varint as 64-bit fixed", cat(wireNonce, h("11 0100000000000000")), "expires_at_unix_ms: wire type 1"},
		{"varint as 32-bit fixed", cat(wireNonce, h("15 01000000")), "expires_at_unix_ms: wire type 5"},
		{"bytes as varint", vi(1, 7), "nonce: wire type 0"},
		{"group", cat(wireNonce, wireExpiry, h("1b 1c")), "operations: wire type 3"},
		{"end of a group that never began", cat(wireNonce, wireExpiry, h("1c")), "operations: wire type 4"},
		{"wire type 6", cat(wireNonce, h("16 01")), "wire type 6"},
		{"wire type 7", cat(wireNonce, h("17 01")), "wire type 7"},

		{"trailing byte", cat(transfer, h("00")), "unknown field 0"},
		{"trailing half of a tag", cat(transfer, h("80")), "tag"},
		{"length past the end", h("0a 09 0707070707070707"), "length"},
		{"length past the end of its message", cat(wireNonce, h("1a 02 32 05"), fill(0, 8)), "transfer: length"},
		{"length of 2^63", h("0a 80808080808080808001"), "length"},
		{"length of 2^64 - 1", h("0a ffffffffffffffffff01"), "length"},
		{"packed element past the end of its run", wireBody(2, ld(3, h("80"))), "varint"},

		{"bad UTF-8", wireBody(6, cat(wireTransfer, ld(7, h("c328")))), "not UTF-8"},
		{"UTF-8 of a surrogate", wireBody(6, cat(wireTransfer, ld(7, h("eda080")))), "not UTF-8"},
		{"overlong UTF-8", wireBody(6, cat(wireTransfer, ld(7, h("c0af")))), "not UTF-8"},
		{"unknown enum value", wireBody(2, ld(3, []byte{7})), "unknown enum value 7"},
		{"negative enum value", wireBody(2, ld(3, h("ffffffffffffffffff01"))), "unknown enum value"},
		{"uint32 of 33 bits, which a parser cuts", wireBody(5, vi(1, 1<<32|1)), "more than 32 bits"},
		{"two acts in one operation", cat(wireNonce, ld(3, cat(ld(5, vi(1, 1)), ld(6, wireTransfer)))), "second member of a oneof"},
		{"one act twice in one operation", cat(wireNonce, ld(3, cat(ld(6, wireTransfer), ld(6, wireTransfer)))), "out of order or twice"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := tx.CheckBody(row.raw)
			if row.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				checkOneEncoding(t, row.raw, &umojav1.TransactionBody{})
				return
			}
			if !errors.Is(err, tx.ErrNotCanonical) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want ErrNotCanonical with %q", err, row.want)
			}
		})
	}
}

// TestCheckNamesThePath: the error leads to the field, however deep.
func TestCheckNamesThePath(t *testing.T) {
	fee := cat(ld(1, fill(3, 16)), vi(2, 0))
	err := tx.CheckBody(wireBody(6, cat(ld(1, fill(1, 16)), ld(5, fee))))
	want := "TransactionBody.operations: Operation.transfer: Transfer.fee: Fee.schedule_version: zero must be absent: not in canonical form"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestCheckOfOtherMessages: each decoder walks its own table.
func TestCheckOfOtherMessages(t *testing.T) {
	for _, row := range []struct {
		name   string
		check  func([]byte) error
		accept []byte
		refuse []byte
	}{
		{"envelope", tx.CheckEnvelope, cat(ld(1, []byte{1}), ld(2, cat(ld(1, fill(1, 32)), ld(2, fill(2, 64))))), cat(ld(2, nil), ld(1, []byte{1}))},
		{"leaf", tx.CheckLeaf, ld(1, vi(1, 1)), cat(ld(1, vi(1, 1)), ld(2, nil))},
		{"receipt", tx.CheckReceipt, cat(ld(1, []byte{1}), vi(2, 1), ld(3, fill(1, 32)), ld(3, fill(2, 32))), cat(vi(2, 1), ld(1, []byte{1}))},
		{"validator set", tx.CheckValidatorSet, ld(1, ld(1, []byte("v1"))), ld(1, ld(1, []byte("v\xff")))},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := row.check(row.accept); err != nil {
				t.Errorf("accepted form: %v", err)
			}
			if err := row.check(row.refuse); !errors.Is(err, tx.ErrNotCanonical) {
				t.Errorf("got %v, want ErrNotCanonical", err)
			}
		})
	}
}

// checkOneEncoding: what the walker accepts, another implementation reads and writes back as the same bytes.
func checkOneEncoding(t rapid.TB, raw []byte, m proto.Message) {
	t.Helper()
	if err := proto.Unmarshal(raw, m); err != nil {
		t.Fatalf("accepted, but protobuf does not read it: %v", err)
	}
	again, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil || !bytes.Equal(again, raw) {
		t.Fatalf("accepted\n%x\nis written back as\n%x, %v", raw, again, err)
	}
}

func FuzzCheckBody(f *testing.F) {
	f.Add(wireBody(6, cat(wireTransfer, ld(6, fill(4, 32)), ld(7, []byte("kodi ya Machi")))))
	f.Add(wireBody(2, wireGrant))
	f.Add(wireBody(1, cat(ld(1, cat(ld(1, cat(ld(1, testPublic[:]), vi(2, 1))), vi(2, 1))), ld(2, fill(9, 16)))))
	f.Add(cat(wireNonce, h("10 8100")))
	f.Add(wireBody(2, cat(ld(3, h("0001")))))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if tx.CheckBody(raw) == nil {
			checkOneEncoding(t, raw, &umojav1.TransactionBody{})
		}
	})
}
