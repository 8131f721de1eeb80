package tx_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

var offCurve = key.Public(fill(0xff, 32))

func TestAuthorityRules(t *testing.T) {
	open := func(a tx.Authority) tx.Operation { return tx.OpenAccount{Authority: a} }
	full := func(change func(*tx.Authority)) tx.Operation { return open(but(fullAuthority(), change)) }
	keys := testKeys(17)
	lower, higher := keys[0], keys[1]
	checkRules(t, []rule{
		{"keys, attestors and guardians", open(fullAuthority()), ""},
		{"of nobody", open(tx.Authority{}), "authority without keys needs 1 to 8 attestors"},
		{"of guardians alone", full(func(a *tx.Authority) { a.Keys, a.Threshold, a.Attestors = nil, 0, 0 }), "needs 1 to 8 attestors"},
		{"of attestors and guardians", full(func(a *tx.Authority) { a.Keys, a.Threshold = nil, 0 }), ""},
		{"one attestor", open(tx.PhoneAuthority(1)), ""},
		{"8 attestors", open(tx.PhoneAuthority(8)), ""},
		{"9 attestors", open(tx.PhoneAuthority(9)), "authority attestors are 9, above 8"},
		{"keys and 9 attestors", full(func(a *tx.Authority) { a.Attestors = 9 }), "authority attestors are 9, above 8"},
		{"threshold without keys", open(tx.Authority{Attestors: 2, Threshold: 1}), "threshold must be zero exactly when there are no keys"},
		{"threshold 0", open(authority(0, lower, 1)), "threshold must be zero exactly when there are no keys"},
		{"two keys", open(authority(3, lower, 1, higher, 2)), ""},
		{"keys out of order", open(authority(2, higher, 1, lower, 1)), "keys out of order"},
		{"one key twice, to count twice", open(authority(2, lower, 1, lower, 1)), "keys out of order or twice"},
		{"key off the curve", open(authority(1, offCurve, 1)), "authority key 0"},
		{"key of no weight", open(authority(1, lower, 1, higher, 0)), "authority key 1 has no weight"},
		{"threshold out of reach", open(authority(4, lower, 1, higher, 2)), "threshold cannot be reached"},
		{"weights that overflow 32 bits", open(authority(1<<32-1, lower, 1<<32-1, higher, 1<<32-1)), ""},
		{"16 keys", open(tx.Authority{Keys: weights(keys[:16]), Threshold: 16}), ""},
		{"17 keys", open(tx.Authority{Keys: weights(keys), Threshold: 1}), "authority keys are 17, above 16"},
		{"a guardian who is an owner too", full(func(a *tx.Authority) { a.Guardians = a.Keys }), ""},
		{"guardians out of order", full(func(a *tx.Authority) { a.Guardians[0], a.Guardians[1] = a.Guardians[1], a.Guardians[0] }), "guardians out of order"},
		{"guardian off the curve", full(func(a *tx.Authority) { a.Guardians[1].Key = offCurve }), "authority guardian 1"},
		{"guardian of no weight", full(func(a *tx.Authority) { a.Guardians[1].Weight = 0 }), "authority guardian 1 has no weight"},
		{"guardians without threshold", full(func(a *tx.Authority) { a.GuardianThreshold = 0 }), "guardian_threshold must be zero exactly when"},
		{"guardian threshold without guardians", full(func(a *tx.Authority) { a.Guardians = nil }), "guardian_threshold must be zero exactly when"},
		{"guardian threshold out of reach", full(func(a *tx.Authority) { a.GuardianThreshold = 3 }), "guardian_threshold cannot be reached"},
		{"17 guardians", full(func(a *tx.Authority) { a.Guardians = weights(keys) }), "authority guardians are 17, above 16"},

		{"set to keys", tx.SetAuthority{Authority: tx.SingleKey(lower)}, ""},
		{"set to nobody's keys", tx.SetAuthority{Authority: tx.PhoneAuthority(2)}, "set_authority authority needs keys"},
		{"set to a key off the curve", tx.SetAuthority{Authority: tx.SingleKey(offCurve)}, "authority key 0"},
		{"recovered to keys", tx.StartRecovery{Authority: tx.SingleKey(lower)}, ""},
		{"recovered to nobody's keys", tx.StartRecovery{Authority: tx.PhoneAuthority(2)}, "start_recovery authority needs keys"},
		{"recovered to a key off the curve", tx.StartRecovery{Authority: tx.SingleKey(offCurve)}, "authority key 0"},
	})
}

func TestGrantRules(t *testing.T) {
	grant := func(change func(*tx.IssueGrant)) tx.Operation { return but(sampleGrant(), change) }
	checkRules(t, []rule{
		{"everything", sampleGrant(), ""},
		{"one thing", grant(func(o *tx.IssueGrant) { o.Operations = []tx.GrantedOperation{tx.GrantCancel} }), ""},
		{"grantee off the curve", grant(func(o *tx.IssueGrant) { o.Grantee = offCurve }), "grant grantee"},
		{"of nothing", grant(func(o *tx.IssueGrant) { o.Operations = nil }), "grant allows no operation"},
		{"of one thing twice", grant(func(o *tx.IssueGrant) { o.Operations = []tx.GrantedOperation{1, 1} }), "grant operations must be ascending, each once"},
		{"descending", grant(func(o *tx.IssueGrant) { o.Operations = []tx.GrantedOperation{2, 1} }), "grant operations must be ascending"},
		{"of the unspecified", grant(func(o *tx.IssueGrant) { o.Operations = []tx.GrantedOperation{0} }), "grant operation 0 is unknown"},
		{"of the unknown", grant(func(o *tx.IssueGrant) { o.Operations = []tx.GrantedOperation{7} }), "grant operation 7 is unknown"},
		{"for asset 0", grant(func(o *tx.IssueGrant) { o.Asset = 0 }), "grant names no asset"},
		{"without cap", grant(func(o *tx.IssueGrant) { o.CapTransaction, o.FeeCeiling = 0, 0 }), "grant caps"},
		{"one transaction a day", grant(func(o *tx.IssueGrant) { o.CapDay = o.CapTransaction }), ""},
		{"whose day is less than a transaction", grant(func(o *tx.IssueGrant) { o.CapDay = 9 }), "grant caps"},
		{"of 2^63 - 1", grant(func(o *tx.IssueGrant) { o.CapDay = amount.Max }), ""},
		{"of 2^63", grant(func(o *tx.IssueGrant) { o.CapDay = amount.Max + 1 }), "grant caps"},
		{"whose fee may be all", grant(func(o *tx.IssueGrant) { o.FeeCeiling = o.CapTransaction }), ""},
		{"whose fee may pass the cap", grant(func(o *tx.IssueGrant) { o.FeeCeiling = 11 }), "grant fee ceiling"},
		{"for ever", grant(func(o *tx.IssueGrant) { o.ExpiresAtUnixMs = 0 }), "grant has no expiry"},

		{"tier 9", tx.SetTier{Tier: 9, CheckedAtUnixMs: 1}, ""},
		{"tier 10", tx.SetTier{Tier: 10, CheckedAtUnixMs: 1}, "set_tier tier is 10, above 9"},
		{"tier of no day", tx.SetTier{Tier: 1}, "set_tier checked_at_unix_ms is zero"},
	})
}

func TestParseAuthority(t *testing.T) {
	for _, a := range []tx.Authority{tx.PhoneAuthority(2), tx.SingleKey(testPublic), fullAuthority()} {
		again, err := tx.ParseAuthority(a.Encode())
		if err != nil || !cmp.Equal(a, again) {
			t.Errorf("round trip of %v: %v, %v", a, again, err)
		}
	}
	if _, err := tx.ParseAuthority(nil); !errors.Is(err, tx.ErrMalformed) {
		t.Errorf("nobody: %v, want ErrMalformed", err)
	}
	if _, err := tx.ParseAuthority(vi(6, 1)); !errors.Is(err, tx.ErrNotCanonical) {
		t.Errorf("an unknown field: %v, want ErrNotCanonical", err)
	}
	if a, err := tx.DecodeAuthority(tx.SingleKey(offCurve).Encode()); err != nil || a.Keys[0].Key != offCurve {
		t.Errorf("DecodeAuthority judged what was written: %v", err)
	}
}

// authority takes keys and weights in turn.
func authority(threshold uint32, keysAndWeights ...any) tx.Authority {
	a := tx.Authority{Threshold: threshold}
	for i := 0; i < len(keysAndWeights); i += 2 {
		a.Keys = append(a.Keys, tx.AuthorityKey{Key: keysAndWeights[i].(key.Public), Weight: uint32(keysAndWeights[i+1].(int))})
	}
	return a
}

func TestNewAccountDependsOnGuardians(t *testing.T) {
	a := tx.OpenAccount{Authority: fullAuthority()}
	b := tx.OpenAccount{Authority: but(fullAuthority(), func(a *tx.Authority) { a.GuardianThreshold = 1 })}
	if x, y := a.Account(), b.Account(); bytes.Equal(x[:], y[:]) {
		t.Error("guardians are not part of the account's id")
	}
}
