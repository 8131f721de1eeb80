package tx_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

func TestBallotRules(t *testing.T) {
	const days = 24 * 3600 * 1000
	set := func(change func(*tx.SetValidators)) tx.Operation { return propose(but(sampleSet(4), change)) }
	size := func(n int) tx.Operation { return propose(sampleSet(n)) }
	parameter := func(p tx.Parameter, value uint64) tx.Operation {
		return propose(tx.SetParameter{Parameter: p, Value: value})
	}
	good := propose(tx.SetRules{Version: 1})
	checkRules(t, []rule{
		{"as soon as it has passed", but(good, func(o *tx.Propose) { o.EffectiveAtUnixMs = 0 }), ""},
		{"on no evidence", but(good, func(o *tx.Propose) { o.EvidenceHash = nil }), ""},
		{"for ever", but(good, func(o *tx.Propose) { o.ExpiresAtUnixMs = 0 }), "propose expires_at_unix_ms is zero"},
		{"by nobody", but(good, func(o *tx.Propose) { o.Validator = "" }), "propose validator is not 1 to 64 of"},
		{"by a flag", but(good, func(o *tx.Propose) { o.Validator = "-v" }), "propose validator"},
		{"by a name of 65", but(good, func(o *tx.Propose) { o.Validator = strings.Repeat("v", 65) }), "propose validator"},
		{"vote of a name of 64", tx.Vote{Validator: strings.Repeat("v", 64)}, ""},
		{"vote of capital letters", tx.Vote{Validator: "V1"}, "vote validator"},
		{"vote of a parent folder", tx.Vote{Validator: "../v"}, "vote validator"},

		{"3 validators", size(3), "set_validators has 3 validators"},
		{"5 validators", size(5), "set_validators has 5 validators"},
		{"7 validators", size(7), ""},
		{"31 validators", size(31), ""},
		{"34 validators", size(34), "set_validators has 34 validators"},
		{"validators out of order", set(func(s *tx.SetValidators) { s.Validators[0], s.Validators[1] = s.Validators[1], s.Validators[0] }), "set_validators names out of order"},
		{"validator twice", set(func(s *tx.SetValidators) { s.Validators[0].Name = s.Validators[1].Name }), "set_validators names out of order or twice"},
		{"validator of a bad name", set(func(s *tx.SetValidators) { s.Validators[0].Name = "V" }), "set_validators validator is not"},
		{"validator with another's key", set(func(s *tx.SetValidators) { s.Validators[1].Key = s.Validators[0].Key }), "validator 1 has another's key"},
		{"validator with another's TLS key", set(func(s *tx.SetValidators) { s.Validators[1].TLSKeyHash = s.Validators[0].TLSKeyHash }), "validator 1 has another's key"},
		{"validator with a short key", set(func(s *tx.SetValidators) { s.Validators[1].Key = s.Validators[1].Key[:31] }), "key must be 32 bytes, not 31"},
		{"one account for two validators", set(func(s *tx.SetValidators) { s.Validators[1].Account = s.Validators[0].Account }), ""},

		{"no parameter", parameter(0, 1), "set_parameter parameter is unknown"},
		{"an unknown parameter", parameter(7, 1), "set_parameter parameter is unknown"},
		{"1 attestation", parameter(tx.Attestations, 1), ""},
		{"8 attestations", parameter(tx.Attestations, 8), ""},
		{"no attestation", parameter(tx.Attestations, 0), "set_parameter attestations are 0, not 1 to 8"},
		{"9 attestations", parameter(tx.Attestations, 9), "set_parameter attestations are 9, not 1 to 8"},
		{"a move at once", parameter(tx.MoveDelayMs, 0), ""},
		{"a move after a year", parameter(tx.MoveDelayMs, 365*days), ""},
		{"a move after more", parameter(tx.MoveDelayMs, 365*days+1), "set_parameter delay is above 365 days"},
		{"a recovery after more", parameter(tx.RecoveryDelayMs, 365*days+1), "set_parameter delay is above 365 days"},
		{"a quarantine of more", parameter(tx.QuarantineMs, 365*days+1), "set_parameter delay is above 365 days"},
		{"nothing costs credits", parameter(tx.CreditIntervalMs, 0), ""},
		{"a credit in 2^27 ms", parameter(tx.CreditIntervalMs, 1<<27), ""},
		{"a credit in more", parameter(tx.CreditIntervalMs, 1<<27+1), "set_parameter credit interval is above 2^27"},
		{"no credits to save", parameter(tx.CreditBurst, 0), "set_parameter credit burst is not 1 to 2^20"},
		{"2^20 credits and one", parameter(tx.CreditBurst, 1<<20+1), "set_parameter credit burst is not 1 to 2^20"},

		{"rules version 0", propose(tx.SetRules{}), "set_rules version is zero"},
		{"an issuer no more", propose(tx.SetIssuer{Account: account(1)}), ""},
		{"a freeze lifted", propose(tx.Freeze{Account: account(1)}), ""},
		{"a pool of no shares", propose(tx.SetPool{Provider: account(1)}), "set_pool shares are not 1 to 65536"},
		{"a pool of 65,537 shares", propose(tx.SetPool{Provider: account(1), Shares: 1<<16 + 1}), "set_pool shares are not 1 to 65536"},
	})
	if _, err := (tx.Body{ExpiresAtUnixMs: 1, Operations: []tx.Operation{propose(nil)}}).Encode(); !errors.Is(err, tx.ErrMalformed) {
		t.Errorf("a proposal of nothing: %v, want ErrMalformed", err)
	}
	if n := len((tx.Body{Operations: []tx.Operation{propose(nil)}}).Accounts()); n != 0 {
		t.Errorf("a proposal of nothing names %d accounts", n)
	}
}

// TestStoredForms: what the ledger keeps of decisions and directory entries reads back as it was.
func TestStoredForms(t *testing.T) {
	for _, d := range decisions() {
		again, err := tx.DecodeDecision(tx.EncodeDecision(d))
		if err != nil || !cmp.Equal(d, again) {
			t.Errorf("%T reads back as %v, %v", d, again, err)
		}
	}
	if again, err := tx.DecodeAttestor(tx.EncodeAttestor(sampleAttestor())); err != nil || !cmp.Equal(sampleAttestor(), again) {
		t.Errorf("attestor reads back as %v, %v", again, err)
	}
	if again, err := tx.DecodeProviderEntry(tx.EncodeProviderEntry(sampleProvider())); err != nil || !cmp.Equal(sampleProvider(), again) {
		t.Errorf("provider reads back as %v, %v", again, err)
	}
	_, err := tx.DecodeDecision(nil)
	_, err2 := tx.DecodeAttestor(ld(1, fill(1, 15)))
	_, err3 := tx.DecodeProviderEntry(ld(1, fill(1, 16)))
	for i, err := range []error{err, err2, err3} {
		if !errors.Is(err, tx.ErrMalformed) {
			t.Errorf("bad bytes %d: %v, want ErrMalformed", i, err)
		}
	}
	if _, err := tx.DecodeDecision(h("00")); !errors.Is(err, tx.ErrNotCanonical) {
		t.Errorf("a decision that is no message: %v, want ErrNotCanonical", err)
	}
}
