package tx_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// everyOperation is a body with each operation once, and every field set.
func everyOperation() tx.Body {
	b := payment()
	b.Operations = operations()
	return b
}

func TestBodyRoundTrip(t *testing.T) {
	for name, b := range map[string]tx.Body{"a payment": payment(), "every operation": everyOperation()} {
		raw := encode(t, b)
		again, err := tx.ParseBody(raw)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(b, again); diff != "" {
			t.Errorf("%s: read something else (-want +got):\n%s", name, diff)
		}
		checkOneEncoding(t, raw, &umojav1.TransactionBody{})
	}
	if got := encode(t, payment()); !bytes.Equal(got, wireBody(6, wireTransfer)) {
		t.Errorf("a payment is %x, want the bytes made by hand %x", got, wireBody(6, wireTransfer))
	}
}

// TestBodyRules breaks one rule of the body a row; the rules of the operations are in the tests named after them.
func TestBodyRules(t *testing.T) {
	for _, row := range []struct {
		name   string
		mutate func(*tx.Body)
		says   string // empty: accepted
	}{
		{"no expiry", func(b *tx.Body) { b.ExpiresAtUnixMs = 0 }, "expires_at_unix_ms"},
		{"no operation", func(b *tx.Body) { b.Operations = nil }, "0 operations"},
		{"400 operations", repeat(tx.MaxOperations), ""},
		{"401 operations", repeat(tx.MaxOperations + 1), "401 operations"},
		{"which operation", func(b *tx.Body) { b.Operations = append(b.Operations, tx.Issue{}) }, "operation 1: issue"},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := payment()
			row.mutate(&b)
			raw, err := b.Encode()
			if row.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				if _, err := tx.ParseBody(raw); err != nil {
					t.Errorf("encoded, but not read back: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("Encode: got %v, want %q", err, row.says)
			}
			if raw, err = b.EncodeUnchecked(); err != nil {
				t.Fatal(err)
			}
			if _, err = tx.ParseBody(raw); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("ParseBody: got %v, want %q", err, row.says)
			}
		})
	}
}

// repeat makes n operations.
func repeat(n int) func(*tx.Body) {
	return func(b *tx.Body) {
		b.Operations = nil
		for range n {
			b.Operations = append(b.Operations, tx.Issue{Credit: account(2), Asset: 1, Amount: 1})
		}
	}
}

// TestBodyLimits: both doors hold the bounds on size and on accounts.
func TestBodyLimits(t *testing.T) {
	big := everyOperation()
	for range 140 {
		big.Operations = append(big.Operations, sampleTransfer())
	}
	if _, err := big.Encode(); !errors.Is(err, tx.ErrTooLarge) {
		t.Errorf("a body above 16 KiB: %v, want ErrTooLarge", err)
	}
	if _, err := tx.ParseBody(make([]byte, tx.MaxEnvelopeBytes+1)); !errors.Is(err, tx.ErrTooLarge) {
		t.Errorf("17 KiB: %v, want ErrTooLarge", err)
	}

	// 171 transfers with a payer, a payee and a provider of their own each name 513 accounts.
	wide := payment()
	wide.Operations = nil
	for i := range 171 {
		id := func(b byte) tx.AccountID { a := account(b); a[0] = byte(i); return a }
		wide.Operations = append(wide.Operations, tx.Transfer{
			Debit: id(1), Credit: id(2), Asset: 1, Amount: 1, Fee: &tx.Fee{Provider: id(3), ScheduleVersion: 1},
		})
	}
	if n := len(wide.Accounts()); n != 513 {
		t.Fatalf("%d accounts, want 513", n)
	}
	if _, err := wide.Encode(); !errors.Is(err, tx.ErrTooLarge) {
		t.Errorf("513 accounts: %v, want ErrTooLarge", err)
	}
	wide.Operations = wide.Operations[:170]
	if _, err := wide.Encode(); err != nil {
		t.Errorf("510 accounts: %v", err)
	}
}

// TestParseBodyFields: canonical bytes in which something is missing or of the wrong size. TestFieldLengths goes through
// every field of fixed length.
func TestParseBodyFields(t *testing.T) {
	act := func(number byte, value ...[]byte) []byte { return wireBody(number, cat(value...)) }
	legs := bytes.Repeat(ld(4, nil), 401)
	for _, row := range []struct {
		name string
		raw  []byte
		says string
	}{
		{"empty", nil, "nonce must be 8 bytes, not 0"},
		{"nonce of 7 bytes", cat(ld(1, fill(7, 7)), wireExpiry), "nonce must be 8 bytes, not 7"},
		{"empty operation", cat(wireNonce, wireExpiry, ld(3, nil)), "operation 0: operation is empty"},
		{"transfer without debit", act(6, wireTransfer[18:]), "transfer debit must be 16 bytes, not 0"},
		{"empty fee", act(6, ld(1, fill(1, 16)), ld(2, fill(2, 16)), vi(3, 1), vi(4, 1), ld(5, nil)), "transfer fee provider must be 16"},
		{"no authority", act(1, ld(2, fill(9, 16))), "open_account has no authority"},
		{"set to no authority", act(7, ld(1, fill(9, 16))), "set_authority has no authority"},
		{"recovered to no authority", act(9, ld(1, fill(9, 16))), "start_recovery has no authority"},
		{"17 owner keys", act(1, ld(1, cat(bytes.Repeat(ld(1, vi(2, 1)), 17), vi(2, 1))), ld(2, fill(9, 16))), "authority keys are 17, above 16"},
		{"401 legs", wireAct(22, cat(ld(1, fill(1, 16)), vi(2, 1), vi(3, 1), legs)), "bulk_transfer has 401 legs"},
		{"leg of nobody", wireAct(22, cat(ld(1, fill(1, 16)), vi(2, 1), vi(3, 1), ld(4, vi(2, 1)))), "bulk_transfer leg 0 credit must be 16"},
		{"scale of 9 bits", wireAct(17, vi(3, 256)), "define_asset scale is 256, above 18"},
		{"no decision", wireAct(31, nil), "propose has no decision"},
		{"empty decision", wireAct(31, ld(2, nil)), "decision is empty"},
		{"no attestor", wireAct(31, ld(2, ld(5, nil))), "set_attestor has no attestor"},
		{"32 validators", wireAct(31, ld(2, ld(1, bytes.Repeat(ld(1, nil), 32)))), "set_validators has 32 validators"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := tx.ParseBody(row.raw)
			if !errors.Is(err, tx.ErrMalformed) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want ErrMalformed with %q", err, row.says)
			}
		})
	}
}

// optional are the fields of fixed length that may be absent.
var optional = map[protoreflect.FullName]bool{
	"umoja.v1.Transfer.alias": true, "umoja.v1.Transfer.request": true, "umoja.v1.BulkLeg.alias": true,
	"umoja.v1.StartMove.old_grantee": true, "umoja.v1.StartMove.sealed_name": true, "umoja.v1.DefineAsset.arbiter": true,
	"umoja.v1.PlaceHold.credit": true, "umoja.v1.PlaceHold.alias": true, "umoja.v1.PlaceHold.hashlock": true, "umoja.v1.Propose.evidence_hash": true,
	"umoja.v1.CaptureHold.preimage": true, "umoja.v1.Return.carrier": true, "umoja.v1.Attestor.provider": true,
}

// TestFieldLengths: every field of bytes of every operation, however deep, refuses one byte more and one less, and to be
// absent unless it may, and the error names it.
func TestFieldLengths(t *testing.T) {
	checked := map[protoreflect.FullName]bool{}
	for _, op := range operations() {
		raw := encode(t, tx.Body{ExpiresAtUnixMs: 1, Operations: []tx.Operation{op}})
		var m umojav1.TransactionBody
		if err := proto.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		eachBytes(m.GetOperations()[0].ProtoReflect(), func(of protoreflect.Message, fd protoreflect.FieldDescriptor) {
			if fd.FullName() == "umoja.v1.Return.leaf" {
				return // As long as it is.
			}
			checked[fd.FullName()] = true
			good := of.Get(fd).Bytes()
			try := func(value []byte, name string) error {
				of.Set(fd, protoreflect.ValueOfBytes(value))
				bad, err := proto.MarshalOptions{Deterministic: true}.Marshal(&m)
				if err != nil {
					t.Fatal(err)
				}
				_, err = tx.ParseBody(bad)
				if name != "" && (!errors.Is(err, tx.ErrMalformed) || !strings.Contains(err.Error(), string(fd.Name())) && fd.FullName() != "umoja.v1.AuthorityKey.key" ||
					!strings.Contains(err.Error(), name)) {
					t.Errorf("%s of %d bytes: got %v, want ErrMalformed that names it", fd.FullName(), len(value), err)
				}
				return err
			}
			size := fmt.Sprintf("must be %d bytes, not %d", len(good), len(good)-1)
			_ = try(good[1:], size)
			size = fmt.Sprintf("must be %d bytes, not %d", len(good), len(good)+1)
			_ = try(append(slices.Clone(good), 1), size)
			if optional[fd.FullName()] {
				if err := try(nil, ""); err != nil {
					t.Errorf("%s may be absent: %v", fd.FullName(), err)
				}
			} else {
				_ = try(nil, fmt.Sprintf("must be %d bytes, not 0", len(good)))
			}
			of.Set(fd, protoreflect.ValueOfBytes(good))
		})
	}
	for name := range optional {
		if !checked[name] {
			t.Errorf("no operation here has %s", name)
		}
	}
	if len(checked) < 60 {
		t.Errorf("only %d fields were looked at", len(checked))
	}
}

// eachBytes visits every field of bytes that is set, in the message and below.
func eachBytes(m protoreflect.Message, visit func(protoreflect.Message, protoreflect.FieldDescriptor)) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.Kind() == protoreflect.BytesKind:
			visit(m, fd)
		case fd.Kind() != protoreflect.MessageKind:
		case fd.IsList():
			for i := range v.List().Len() {
				eachBytes(v.List().Get(i).Message(), visit)
			}
		default:
			eachBytes(v.Message(), visit)
		}
		return true
	})
}

// TestAccounts: a body names the account in every field that holds one, and no other id of 16 bytes.
func TestAccounts(t *testing.T) {
	noAccount := map[protoreflect.Name]bool{"salt": true, "hold": true, "request": true, "ballot": true}
	for _, op := range operations() {
		raw := encode(t, tx.Body{ExpiresAtUnixMs: 1, Operations: []tx.Operation{op}})
		var m umojav1.TransactionBody
		if err := proto.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		var want []tx.AccountID
		if o, ok := op.(tx.OpenAccount); ok {
			want = append(want, o.Account())
		}
		eachBytes(m.GetOperations()[0].ProtoReflect(), func(of protoreflect.Message, fd protoreflect.FieldDescriptor) {
			if v := of.Get(fd).Bytes(); len(v) == 16 && !noAccount[fd.Name()] {
				id := account(byte(100 + len(want)))
				if _, moves := op.(tx.StartMove); moves && fd.Name() != "from" {
					id = account(2) // The grant's account is to.
				}
				of.Set(fd, protoreflect.ValueOfBytes(id[:]))
				want = append(want, id)
			}
		})
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(&m)
		if err != nil {
			t.Fatal(err)
		}
		b, err := tx.ParseBody(raw)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(want, func(x, y tx.AccountID) int { return bytes.Compare(x[:], y[:]) })
		if want = slices.Compact(want); !slices.Equal(b.Accounts(), want) {
			t.Errorf("%T names %v, want %v", op, b.Accounts(), want)
		}
	}
}

// TestEntries: an operation counts each time, a leg counts, and the id and the credits count once.
func TestEntries(t *testing.T) {
	plain := tx.Transfer{Debit: tx.AccountID{1}, Credit: tx.AccountID{2}, Asset: 1, Amount: 1}
	one := tx.Body{Operations: []tx.Operation{plain}}
	two := tx.Body{Operations: []tx.Operation{plain, sampleTransfer()}}
	if got := one.Entries(); got != 8 {
		t.Errorf("a transfer changes up to %d entries, want 8", got)
	}
	if got := two.Entries(); got != 18 {
		t.Errorf("a transfer and one with all its fields change up to %d entries, want 18", got)
	}
	bulk := sampleBulk()
	bulk.Legs = make([]tx.BulkLeg, tx.MaxLegs)
	if got := (tx.Body{Operations: []tx.Operation{bulk}}).Entries(); got != 811 {
		t.Errorf("400 legs change up to %d entries, want 811", got)
	}
	for _, op := range operations() {
		if got := (tx.Body{Operations: []tx.Operation{op}}).Entries(); got < 5 {
			t.Errorf("%T changes up to %d entries, fewer than the id, the credits and two of its own", op, got)
		}
	}
}
