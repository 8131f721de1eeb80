package tx_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// everyOperation is a body with each operation once, and every field set.
func everyOperation() tx.Body {
	b := payment()
	open := tx.OpenAccount{Authority: tx.PhoneAuthority(2), Salt: [16]byte(fill(9, 16))}
	alias := key.Alias(fill(4, 32))
	b.Operations = []tx.Operation{
		open,
		tx.OpenAccount{Authority: tx.SingleKey(testPublic), Salt: [16]byte(fill(8, 16))},
		tx.BindAlias{Alias: alias, Account: open.Account(), SealedName: key.SealedName(fill(5, 60))},
		tx.IssueGrant{
			Account: open.Account(), Grantee: testPublic, Operations: []tx.GrantedOperation{tx.GrantTransfer}, Asset: 1,
			CapTransaction: 10, CapDay: 20, FeeCeiling: 1, ExpiresAtUnixMs: 9,
		},
		tx.RevokeGrant{Account: account(1), Grantee: testPublic},
		tx.Issue{Asset: 1, Credit: account(2), Amount: 5},
		tx.Transfer{
			Debit: account(1), Credit: account(2), Asset: 1, Amount: 15_000,
			Fee: &tx.Fee{Provider: account(3), ScheduleVersion: 1, Amount: 100}, Alias: &alias, Reference: "kodi ya Machi",
		},
	}
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

// TestBodyRules breaks one static rule a row. Encode and ParseBody must refuse alike, so nobody signs what a validator
// would refuse; rows whose bytes the plain types cannot express are in TestParseBodyFields.
func TestBodyRules(t *testing.T) {
	one := func(op tx.Operation) func(*tx.Body) { return func(b *tx.Body) { b.Operations = []tx.Operation{op} } }
	transfer := func(change func(*tx.Transfer)) func(*tx.Body) {
		return func(b *tx.Body) {
			o := b.Operations[0].(tx.Transfer)
			change(&o)
			b.Operations[0] = o
		}
	}
	grant := func(change func(*tx.IssueGrant)) func(*tx.Body) {
		return func(b *tx.Body) {
			o := everyOperation().Operations[3].(tx.IssueGrant)
			change(&o)
			b.Operations[0] = o
		}
	}
	open := func(a tx.Authority) func(*tx.Body) { return one(tx.OpenAccount{Authority: a}) }
	lower, higher := testKey("a").Public(), testKey("b").Public()
	if bytes.Compare(lower[:], higher[:]) > 0 {
		lower, higher = higher, lower
	}
	for _, row := range []struct {
		name   string
		mutate func(*tx.Body)
		want   error // nil: accepted
		says   string
	}{
		{"no expiry", func(b *tx.Body) { b.ExpiresAtUnixMs = 0 }, tx.ErrMalformed, "expires_at_unix_ms"},
		{"no operation", func(b *tx.Body) { b.Operations = nil }, tx.ErrMalformed, "0 operations"},
		{"400 operations", repeat(tx.MaxOperations, nil), nil, ""},
		{"401 operations", repeat(tx.MaxOperations+1, nil), tx.ErrMalformed, "401 operations"},

		{"asset 0", transfer(func(o *tx.Transfer) { o.Asset = 0 }), tx.ErrMalformed, "transfer names no asset"},
		{"amount 0", transfer(func(o *tx.Transfer) { o.Amount = 0 }), tx.ErrMalformed, "transfer amount"},
		{"amount 2^63 - 1, fee 0", transfer(func(o *tx.Transfer) { o.Amount = amount.Max; o.Fee.Amount = 0 }), nil, ""},
		{"amount 2^63", transfer(func(o *tx.Transfer) { o.Amount = amount.Max + 1; o.Fee = nil }), tx.ErrMalformed, "transfer amount"},
		{"amount and fee 2^63", transfer(func(o *tx.Transfer) { o.Amount = amount.Max - 99 }), tx.ErrMalformed, "amount and fee"},
		{"fee 2^64 - 1", transfer(func(o *tx.Transfer) { o.Fee.Amount = 1<<64 - 1 }), tx.ErrMalformed, "amount and fee"},
		{"no fee", transfer(func(o *tx.Transfer) { o.Fee = nil }), nil, ""},
		{"fee of no schedule", transfer(func(o *tx.Transfer) { o.Fee.ScheduleVersion = 0 }), tx.ErrMalformed, "schedule version"},
		{"reference of 64 bytes", transfer(func(o *tx.Transfer) { o.Reference = strings.Repeat("é", 32) }), nil, ""},
		{"reference of 65 bytes", transfer(func(o *tx.Transfer) { o.Reference = strings.Repeat("x", 65) }), tx.ErrMalformed, "reference"},
		{"reference not UTF-8", transfer(func(o *tx.Transfer) { o.Reference = "\xff" }), tx.ErrMalformed, "reference"},
		{"to oneself: the ledger's to refuse, with a code", transfer(func(o *tx.Transfer) { o.Credit = o.Debit }), nil, ""},

		{"issue of asset 0", one(tx.Issue{Credit: account(1), Amount: 1}), tx.ErrMalformed, "issue names no asset"},
		{"issue of nothing", one(tx.Issue{Credit: account(1), Asset: 1}), tx.ErrMalformed, "issue amount"},
		{"issue of 2^63", one(tx.Issue{Credit: account(1), Asset: 1, Amount: amount.Max + 1}), tx.ErrMalformed, "issue amount"},

		{"grant", grant(func(*tx.IssueGrant) {}), nil, ""},
		{"grantee off the curve", grant(func(o *tx.IssueGrant) { o.Grantee = key.Public(fill(0xff, 32)) }), tx.ErrMalformed, "grantee"},
		{"grant of nothing", grant(func(o *tx.IssueGrant) { o.Operations = nil }), tx.ErrMalformed, "no operation"},
		{"grant of one thing twice", grant(func(o *tx.IssueGrant) { o.Operations = append(o.Operations, tx.GrantTransfer) }), tx.ErrMalformed, "each once"},
		{"grant of the unspecified", grant(func(o *tx.IssueGrant) { o.Operations = []tx.GrantedOperation{0} }), tx.ErrMalformed, "ascending"},
		{"grant for asset 0", grant(func(o *tx.IssueGrant) { o.Asset = 0 }), tx.ErrMalformed, "grant names no asset"},
		{"grant without cap", grant(func(o *tx.IssueGrant) { o.CapTransaction = 0; o.FeeCeiling = 0 }), tx.ErrMalformed, "caps"},
		{"grant whose day is less than a transaction", grant(func(o *tx.IssueGrant) { o.CapDay = 9 }), tx.ErrMalformed, "caps"},
		{"grant above 2^63 - 1", grant(func(o *tx.IssueGrant) { o.CapDay = amount.Max + 1 }), tx.ErrMalformed, "caps"},
		{"grant whose fee may eat the cap", grant(func(o *tx.IssueGrant) { o.FeeCeiling = 11 }), tx.ErrMalformed, "fee ceiling"},
		{"grant for ever", grant(func(o *tx.IssueGrant) { o.ExpiresAtUnixMs = 0 }), tx.ErrMalformed, "expiry"},

		{"authority of nobody", open(tx.Authority{}), tx.ErrMalformed, "1 to 16 attestors"},
		{"authority of 17 attestors", open(tx.PhoneAuthority(17)), tx.ErrMalformed, "1 to 16 attestors"},
		{"threshold without keys", open(tx.Authority{Attestors: 2, Threshold: 1}), tx.ErrMalformed, "no threshold"},
		{"keys and attestors", open(withAttestors(tx.SingleKey(lower))), tx.ErrMalformed, "no attestors"},
		{"two keys", open(authority(3, lower, 1, higher, 2)), nil, ""},
		{"keys out of order", open(authority(2, higher, 1, lower, 1)), tx.ErrMalformed, "out of order"},
		{"one key twice, to count twice", open(authority(2, lower, 1, lower, 1)), tx.ErrMalformed, "twice"},
		{"key off the curve", open(authority(1, key.Public(fill(0xff, 32)), 1)), tx.ErrMalformed, "authority key 0"},
		{"key of no weight", open(authority(1, lower, 1, higher, 0)), tx.ErrMalformed, "no weight"},
		{"threshold 0", open(authority(0, lower, 1)), tx.ErrMalformed, "threshold"},
		{"threshold out of reach", open(authority(4, lower, 1, higher, 2)), tx.ErrMalformed, "cannot be reached"},
		{"weights that overflow 32 bits", open(authority(1<<32-1, lower, 1<<32-1, higher, 1<<32-1)), nil, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := payment()
			row.mutate(&b)
			raw, err := b.Encode()
			if row.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				if _, err := tx.ParseBody(raw); err != nil {
					t.Errorf("encoded, but not read back: %v", err)
				}
				return
			}
			if !errors.Is(err, row.want) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want %v with %q", err, row.want, row.says)
			}
		})
	}
}

// repeat makes n transfers; account gives the payee of each, nil for one payee.
func repeat(n int, payee func(i int) tx.AccountID) func(*tx.Body) {
	return func(b *tx.Body) {
		b.Operations = nil
		for i := range n {
			op := tx.Issue{Credit: account(2), Asset: 1, Amount: 1}
			if payee != nil {
				op.Credit = payee(i)
			}
			b.Operations = append(b.Operations, op)
		}
	}
}

// TestBodyLimits: both doors hold the bounds on size and on accounts.
func TestBodyLimits(t *testing.T) {
	big := everyOperation()
	for range 140 {
		big.Operations = append(big.Operations, big.Operations[6])
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

// TestParseBodyFields: canonical bytes whose fields have the wrong length or are missing.
func TestParseBodyFields(t *testing.T) {
	act := func(number byte, value ...[]byte) []byte { return wireBody(number, cat(value...)) }
	tail := wireTransfer[18:] // without the debit
	for _, row := range []struct {
		name string
		raw  []byte
		says string
	}{
		{"empty", nil, "nonce must be 8 bytes, not 0"},
		{"nonce of 7 bytes", cat(ld(1, fill(7, 7)), wireExpiry), "nonce must be 8 bytes, not 7"},
		{"empty operation", cat(wireNonce, wireExpiry, ld(3, nil)), "operation 0: operation is empty"},
		{"transfer without debit", act(6, tail), "transfer debit must be 16 bytes, not 0"},
		{"debit of 15 bytes", act(6, ld(1, fill(1, 15)), tail), "transfer debit must be 16"},
		{"debit of 17 bytes", act(6, ld(1, fill(1, 17)), tail), "transfer debit must be 16"},
		{"credit of 1 byte", act(6, ld(1, fill(1, 16)), ld(2, fill(2, 1)), vi(3, 1), vi(4, 1)), "transfer credit must be 16"},
		{"empty fee", act(6, ld(1, fill(1, 16)), ld(2, fill(2, 16)), vi(3, 1), vi(4, 1), ld(5, nil)), "transfer fee provider must be 16"},
		{"alias of 31 bytes", act(6, wireTransfer, ld(6, fill(4, 31))), "transfer alias must be 32"},
		{"grantee of 33 bytes", act(2, ld(1, fill(1, 16)), ld(2, fill(2, 33))), "issue_grant grantee must be 32"},
		{"grant of no account", act(2, ld(2, testPublic[:])), "issue_grant account must be 16"},
		{"revocation of no key", act(3, ld(1, fill(1, 16))), "revoke_grant grantee must be 32"},
		{"issue to nobody", act(5, vi(1, 1), vi(3, 1)), "issue credit must be 16"},
		{"bound to nobody", act(4, ld(1, fill(4, 32)), ld(3, fill(5, 60))), "bind_alias account must be 16"},
		{"seal of 59 bytes", act(4, ld(1, fill(4, 32)), ld(2, fill(1, 16)), ld(3, fill(5, 59))), "bind_alias sealed_name must be 60"},
		{"no authority", act(1, ld(2, fill(9, 16))), "open_account has no authority"},
		{"salt of 8 bytes", act(1, ld(1, vi(3, 2)), ld(2, fill(9, 8))), "open_account salt must be 16"},
		{"owner key of 33 bytes", act(1, ld(1, cat(ld(1, cat(ld(1, fill(2, 33)), vi(2, 1))), vi(2, 1))), ld(2, fill(9, 16))), "authority key 0 must be 32"},
		{"17 owner keys", act(1, ld(1, cat(bytes.Repeat(ld(1, vi(2, 1)), 17), vi(2, 1))), ld(2, fill(9, 16))), "more than 16 keys"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := tx.ParseBody(row.raw)
			if !errors.Is(err, tx.ErrMalformed) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want ErrMalformed with %q", err, row.says)
			}
		})
	}
}

func TestParseAuthority(t *testing.T) {
	for _, a := range []tx.Authority{tx.PhoneAuthority(2), tx.SingleKey(testPublic)} {
		again, err := tx.ParseAuthority(a.Encode())
		if err != nil || !cmp.Equal(a, again) {
			t.Errorf("round trip of %v: %v, %v", a, again, err)
		}
	}
	if _, err := tx.ParseAuthority(nil); !errors.Is(err, tx.ErrMalformed) {
		t.Errorf("nobody: %v, want ErrMalformed", err)
	}
	if _, err := tx.ParseAuthority(vi(4, 1)); !errors.Is(err, tx.ErrNotCanonical) {
		t.Errorf("an unknown field: %v, want ErrNotCanonical", err)
	}
}

func authority(threshold uint32, keysAndWeights ...any) tx.Authority {
	a := tx.Authority{Threshold: threshold}
	for i := 0; i < len(keysAndWeights); i += 2 {
		a.Keys = append(a.Keys, tx.AuthorityKey{Key: keysAndWeights[i].(key.Public), Weight: uint32(keysAndWeights[i+1].(int))})
	}
	return a
}

func withAttestors(a tx.Authority) tx.Authority {
	a.Attestors = 2
	return a
}
