package tx_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

func TestLeafRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaf := drawLeaf(t)
		raw := encodeLeaf(leaf)
		got, err := tx.ParseLeaf(raw)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(leaf, got); diff != "" {
			t.Fatalf("read something else (-want +got):\n%s", diff)
		}
	})
}

func encodeLeaf(l tx.Leaf) []byte {
	switch {
	case l.Header != nil:
		return l.Header.Encode()
	case l.Record != nil:
		return l.Record.Encode()
	}
	return l.Effect.Encode()
}

func TestParseLeafRefusals(t *testing.T) {
	header := cat(vi(1, 1), vi(2, 5), ld(3, fill(1, 32)), ld(4, fill(2, 32)), vi(5, 1))
	ok := ld(2, vi(1, 1))
	// post is a balance; leg is a refused leg.
	post := func(account byte, asset, posted, held uint64) []byte {
		return ld(3, cat(ld(1, fill(account, 16)), scalar(2, asset), scalar(3, posted), scalar(4, held)))
	}
	leg := func(operation, leg, code uint64) []byte {
		return ld(3, cat(scalar(1, operation), scalar(2, leg), scalar(3, code)))
	}
	result := func(parts ...[]byte) []byte { return ld(2, ld(2, cat(parts...))) }
	for _, row := range []struct {
		name string
		raw  []byte
		want error // nil: accepted
		says string
	}{
		{"empty", nil, tx.ErrMalformed, "leaf is empty"},
		{"header and transaction", cat(ld(1, header), ld(2, ok)), tx.ErrNotCanonical, "oneof"},
		{"state root of 31 bytes", ld(1, cat(ld(3, fill(1, 31)), ld(4, fill(2, 32)))), tx.ErrMalformed, "header state_root must be 32"},
		{"no validator set", ld(1, ld(3, fill(1, 32))), tx.ErrMalformed, "header validator_set_hash must be 32"},
		{"no batch hash", ld(1, header), tx.ErrMalformed, "header batch_hash must be 32"},
		{"no result", ld(2, ld(1, []byte{1})), tx.ErrMalformed, "no result"},
		{"empty result", ld(2, cat(ld(1, []byte{1}), ld(2, nil))), tx.ErrMalformed, "no result"},
		{"unknown code", result(vi(1, 99)), tx.ErrNotCanonical, "unknown enum value 99"},
		{"above 65,535 bytes", make([]byte, tx.MaxLeafBytes+1), tx.ErrTooLarge, "65535"},
		{"trailing bytes", cat(ld(1, header), []byte{0}), tx.ErrNotCanonical, "unknown field 0"},

		{"two refused legs", result(vi(1, 1), leg(0, 0, 80), leg(0, 1, 11), leg(1, 0, 11)), nil, ""},
		{"success at a position", result(vi(1, 1), vi(2, 3)), tx.ErrMalformed, "result operation must be zero for OK"},
		{"refusal at a position", result(vi(1, 80), vi(2, 3)), nil, ""},
		{"refusal with legs", result(vi(1, 80), leg(0, 1, 11)), tx.ErrMalformed, "result of a refusal has legs"},
		{"leg that stands", result(vi(1, 1), leg(0, 1, 1)), tx.ErrMalformed, "result leg 0 is no refusal"},
		{"leg without code", result(vi(1, 1), leg(0, 1, 0)), tx.ErrMalformed, "result leg 0 is no refusal"},
		{"legs descend", result(vi(1, 1), leg(0, 2, 11), leg(0, 1, 11)), tx.ErrMalformed, "result legs out of order or twice"},
		{"legs of operations that descend", result(vi(1, 1), leg(1, 0, 11), leg(0, 1, 11)), tx.ErrMalformed, "result legs out of order"},
		{"leg twice", result(vi(1, 1), leg(0, 1, 11), leg(0, 1, 80)), tx.ErrMalformed, "result legs out of order or twice"},

		{"three balances", ld(2, cat(ok, post(1, 1, 5, 5), post(1, 2, 5, 0), post(2, 1, 1<<63-1, 0))), nil, ""},
		{"balance of no account", ld(2, cat(ok, ld(3, vi(2, 1)))), tx.ErrMalformed, "post_state account must be 16"},
		{"balance of asset 0", ld(2, cat(ok, post(1, 0, 5, 0))), tx.ErrMalformed, "post_state names no asset"},
		{"balance of 2^63", ld(2, cat(ok, post(1, 1, 1<<63, 0))), tx.ErrMalformed, "post_state must be held <= posted < 2^63"},
		{"more held than posted", ld(2, cat(ok, post(1, 1, 5, 6))), tx.ErrMalformed, "post_state must be held <= posted"},
		{"accounts descend", ld(2, cat(ok, post(2, 1, 5, 0), post(1, 1, 5, 0))), tx.ErrMalformed, "post_states out of order"},
		{"assets descend", ld(2, cat(ok, post(1, 2, 5, 0), post(1, 1, 5, 0))), tx.ErrMalformed, "post_states out of order"},
		{"balance twice", ld(2, cat(ok, post(1, 1, 5, 0), post(1, 1, 5, 0))), tx.ErrMalformed, "post_states out of order or twice"},
		{"refusal that touches a balance", ld(2, cat(ld(2, vi(1, 80)), post(1, 1, 5, 0))), tx.ErrMalformed, "refusal has post_states"},
	} {
		t.Run(row.name, func(t *testing.T) { checkLeaf(t, row.raw, row.want, row.says) })
	}
}

// checkLeaf: a leaf is accepted and writes back as the same bytes, or refused with an error that says so.
func checkLeaf(t *testing.T, raw []byte, want error, says string) {
	t.Helper()
	got, err := tx.ParseLeaf(raw)
	if want == nil {
		if err != nil {
			t.Fatal(err)
		}
		if again := encodeLeaf(got); !bytes.Equal(again, raw) {
			t.Errorf("encodes again as\n%x, not\n%x", again, raw)
		}
		return
	}
	if !errors.Is(err, want) || !strings.Contains(err.Error(), says) {
		t.Errorf("got %v, want %v with %q", err, want, says)
	}
	if got.Header != nil || got.Record != nil || got.Effect != nil {
		t.Error("an error came with a leaf")
	}
}

// scalar is a varint field, absent when zero.
func scalar(number byte, value uint64) []byte {
	if value == 0 {
		return nil
	}
	return vi(number, value)
}

// TestEffectRules: each kind has a subject of its own length, and names accounts and units exactly when it has some.
func TestEffectRules(t *testing.T) {
	debit, credit := ld(4, fill(1, 16)), ld(5, fill(2, 16))
	for kind, row := range map[tx.EffectKind]struct {
		subject       int
		debit, credit bool
	}{
		tx.HoldReturned: {16, true, false}, tx.HoldCompleted: {16, true, true}, tx.RequestExpired: {16, false, false},
		tx.MoveCompleted: {32, false, false}, tx.MoveLapsed: {32, false, false}, tx.RecoveryCompleted: {16, false, false},
		tx.RecoveryLapsed: {16, false, false}, tx.VoucherReturned: {20, true, true}, tx.BallotEffective: {16, false, false},
		tx.BallotLapsed: {16, false, false}, tx.GrantExpired: {48, false, false},
	} {
		t.Run(umojav1.EffectKind(kind).String(), func(t *testing.T) {
			effect := func(subject int, debit, credit []byte, asset, units uint64, rest ...[]byte) []byte {
				return ld(3, cat(vi(1, uint64(kind)), vi(2, 9), ld(3, fill(7, subject)), debit, credit, scalar(6, asset), scalar(7, units), cat(rest...)))
			}
			d, c, asset := []byte(nil), []byte(nil), uint64(0)
			notD, notC := debit, credit
			if row.debit {
				d, notD, asset = debit, nil, 1
			}
			if row.credit {
				c, notC = credit, nil
			}
			checkLeaf(t, effect(row.subject, d, c, asset, asset*5), nil, "")
			checkLeaf(t, effect(row.subject+1, d, c, asset, 0), tx.ErrMalformed, "effect subject must be")
			checkLeaf(t, effect(row.subject-1, d, c, asset, 0), tx.ErrMalformed, "effect subject must be")
			checkLeaf(t, effect(row.subject, notD, c, asset, 0), tx.ErrMalformed, "effect debit must be there exactly when")
			checkLeaf(t, effect(row.subject, d, notC, asset, 0), tx.ErrMalformed, "effect credit must be there exactly when")
			checkLeaf(t, effect(row.subject, d, c, 1-asset, 0), tx.ErrMalformed, "effect asset must be there exactly when")
			checkLeaf(t, effect(row.subject, d, c, asset, 1<<63), tx.ErrMalformed, "effect amount must be < 2^63")
			if !row.debit {
				checkLeaf(t, effect(row.subject, d, c, 0, 5), tx.ErrMalformed, "zero when nothing moves")
			}
			state := ld(8, cat(ld(1, fill(1, 16)), vi(2, 1), vi(3, 5)))
			checkLeaf(t, effect(row.subject, d, c, asset, 0, state), nil, "")
			checkLeaf(t, effect(row.subject, d, c, asset, 0, state, state), tx.ErrMalformed, "post_states out of order or twice")
		})
	}
	for _, row := range []struct {
		name, says string
		raw        []byte
		want       error
	}{
		{"no kind", "effect kind is unknown", ld(3, nil), tx.ErrMalformed},
		{"unknown kind", "unknown enum value 12", ld(3, vi(1, 12)), tx.ErrNotCanonical},
		{"debit of 15 bytes", "effect debit must be 16", ld(3, cat(vi(1, 1), ld(3, fill(7, 16)), ld(4, fill(1, 15)))), tx.ErrMalformed},
		{"credit of 17 bytes", "effect credit must be 16", ld(3, cat(vi(1, 1), ld(3, fill(7, 16)), ld(5, fill(1, 17)))), tx.ErrMalformed},
	} {
		t.Run(row.name, func(t *testing.T) { checkLeaf(t, row.raw, row.want, row.says) })
	}
}

func TestResultEqual(t *testing.T) {
	a := tx.Result{Code: tx.OK, Legs: []tx.LegResult{{Leg: 1, Code: tx.CapDay}}}
	for name, b := range map[string]tx.Result{
		"code":      {Code: tx.CapDay, Legs: a.Legs},
		"operation": {Code: tx.OK, Operation: 1, Legs: a.Legs},
		"legs":      {Code: tx.OK},
		"a leg":     {Code: tx.OK, Legs: []tx.LegResult{{Leg: 2, Code: tx.CapDay}}},
	} {
		if a.Equal(b) {
			t.Errorf("%s does not count", name)
		}
	}
	if !a.Equal(tx.Result{Code: tx.OK, Legs: []tx.LegResult{{Leg: 1, Code: tx.CapDay}}}) {
		t.Error("a result is not equal to itself")
	}
}

func TestCodeNames(t *testing.T) {
	if got := tx.InsufficientBalance.String(); got != "INSUFFICIENT_BALANCE" {
		t.Errorf("got %s", got)
	}
	for number, name := range umojav1.ResultCode_name {
		if got := "RESULT_CODE_" + tx.Code(number).String(); got != name {
			t.Errorf("code %d is %s, want %s", number, got, name)
		}
	}
	if got := tx.Code(4000).String(); got != "4000" {
		t.Errorf("an unknown code is %q", got)
	}
}

// FuzzParseLeaf: whatever ParseLeaf accepts is written in one way.
func FuzzParseLeaf(f *testing.F) {
	f.Add(tx.Header{Batch: 3, TimeUnixMs: 9, RulesVersion: 1}.Encode())
	f.Add(tx.Record{Envelope: []byte("e"), Result: tx.Result{Code: tx.CapDay, Operation: 2}}.Encode())
	f.Add(tx.Record{
		Envelope: []byte("e"), Result: tx.Result{Code: tx.OK, Legs: []tx.LegResult{{Leg: 3, Code: tx.InsufficientBalance}, {Leg: 4, Code: tx.CapDay}}},
		PostStates: []tx.PostState{{Account: account(1), Asset: 1, Posted: 5}, {Account: account(2), Asset: 1, Posted: 5, Held: 1, PreviousLeaf: 7}},
	}.Encode())
	f.Add(tx.Effect{Kind: tx.GrantExpired, DueUnixMs: 9, Subject: fill(7, 48)}.Encode())
	f.Add(tx.Effect{
		Kind: tx.HoldCompleted, DueUnixMs: 9, Subject: fill(7, 16), Debit: ptr(account(1)), Credit: ptr(account(2)), Asset: 1, Amount: 5,
		PostStates: []tx.PostState{{Account: account(1), Asset: 1, Posted: 5}},
	}.Encode())
	f.Fuzz(func(t *testing.T, raw []byte) {
		leaf, err := tx.ParseLeaf(raw)
		if err != nil {
			if !errors.Is(err, tx.ErrNotCanonical) && !errors.Is(err, tx.ErrMalformed) && !errors.Is(err, tx.ErrTooLarge) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		if again := encodeLeaf(leaf); !bytes.Equal(again, raw) {
			t.Fatalf("leaf\n%x\nencodes again as\n%x", raw, again)
		}
		checkOneEncoding(t, raw, &umojav1.Leaf{})
	})
}
