package checkpoint_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
)

func validators(n int) []checkpoint.Validator {
	var out []checkpoint.Validator
	for i := range n {
		v := checkpoint.Validator{Name: fmt.Sprintf("v%02d", i)}
		v.Key[0], v.TLSKeyHash[0] = byte(i+1), byte(i+101)
		out = append(out, v)
	}
	return out
}

func TestValidatorSet(t *testing.T) {
	for _, row := range []struct{ n, faults, quorum int }{{4, 1, 3}, {7, 2, 5}, {10, 3, 7}, {13, 4, 9}, {31, 10, 21}} {
		given := validators(row.n)
		slices.Reverse(given)
		set, err := checkpoint.NewValidatorSet(given)
		if err != nil {
			t.Fatal(err)
		}
		if set.Faults() != row.faults || set.Quorum() != row.quorum {
			t.Errorf("%d validators: f = %d, q = %d, want %d, %d", row.n, set.Faults(), set.Quorum(), row.faults, row.quorum)
		}
		if 2*set.Quorum()-row.n <= set.Faults() {
			t.Errorf("%d validators: two quorums may share liars only", row.n)
		}
		again, err := checkpoint.ParseValidatorSet(set.Encode())
		if err != nil || !slices.Equal(again, set) || again.Hash() != set.Hash() {
			t.Errorf("%d validators: round trip: %v", row.n, err)
		}
	}
}

func TestValidatorSetRefusals(t *testing.T) {
	for _, row := range []struct {
		name   string
		mutate func(v []checkpoint.Validator) []checkpoint.Validator
	}{
		{"none", func(v []checkpoint.Validator) []checkpoint.Validator { return nil }},
		{"one, who would be alone", func(v []checkpoint.Validator) []checkpoint.Validator { return v[:1] }},
		{"five", func(v []checkpoint.Validator) []checkpoint.Validator { return validators(5) }},
		{"34", func(v []checkpoint.Validator) []checkpoint.Validator { return validators(34) }},
		{"a name twice", func(v []checkpoint.Validator) []checkpoint.Validator { v[0].Name = v[1].Name; return v }},
		{"a key twice, which would vote twice", func(v []checkpoint.Validator) []checkpoint.Validator { v[0].Key = v[1].Key; return v }},
		{"a TLS key twice", func(v []checkpoint.Validator) []checkpoint.Validator { v[0].TLSKeyHash = v[1].TLSKeyHash; return v }},
		{"no name", func(v []checkpoint.Validator) []checkpoint.Validator { v[0].Name = ""; return v }},
		{"a space in a name", func(v []checkpoint.Validator) []checkpoint.Validator { v[0].Name = "v 1"; return v }},
		{"a plus in a name", func(v []checkpoint.Validator) []checkpoint.Validator { v[0].Name = "v+1"; return v }},
		{"a new line in a name", func(v []checkpoint.Validator) []checkpoint.Validator { v[0].Name = "v\n1"; return v }},
		{"upper case", func(v []checkpoint.Validator) []checkpoint.Validator { v[0].Name = "V1"; return v }},
		{"a flag for a name", func(v []checkpoint.Validator) []checkpoint.Validator { v[0].Name = "-v"; return v }},
		{"a parent folder for a name", func(v []checkpoint.Validator) []checkpoint.Validator { v[0].Name = ".."; return v }},
		{"65 letters", func(v []checkpoint.Validator) []checkpoint.Validator { v[0].Name = strings.Repeat("v", 65); return v }},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := checkpoint.NewValidatorSet(row.mutate(validators(4))); !errors.Is(err, checkpoint.ErrBadSet) {
				t.Errorf("got %v, want ErrBadSet", err)
			}
		})
	}
}

func TestParseValidatorSetRefusesDisorder(t *testing.T) {
	set, err := checkpoint.NewValidatorSet(validators(4))
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(set)
	if _, err := checkpoint.ParseValidatorSet(set.Encode()); !errors.Is(err, checkpoint.ErrBadSet) {
		t.Errorf("descending names: %v, want ErrBadSet", err)
	}
	if _, err := checkpoint.ParseValidatorSet(nil); !errors.Is(err, checkpoint.ErrBadSet) {
		t.Errorf("nobody: %v, want ErrBadSet", err)
	}
}

func TestVote(t *testing.T) {
	w := ledgertest.Network(t, "votes")
	v1, _ := w.Set.Find("v1")
	v2, _ := w.Set.Find("v2")
	vote := checkpoint.Vote{Epoch: 1, Size: 5, Root: [32]byte{7}}
	sig := vote.Sign(w.Network, checkpoint.Attestation, w.Validators["v1"])
	if err := vote.Verify(w.Network, checkpoint.Attestation, v1, sig); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"as a ratification":  vote.Verify(w.Network, checkpoint.Ratification, v1, sig),
		"of another":         vote.Verify(w.Network, checkpoint.Attestation, v2, sig),
		"on another network": vote.Verify(ledgertest.Network(t, "other").Network, checkpoint.Attestation, v1, sig),
		"in another epoch":   checkpoint.Vote{Epoch: 2, Size: 5, Root: [32]byte{7}}.Verify(w.Network, checkpoint.Attestation, v1, sig),
		"of another size":    checkpoint.Vote{Epoch: 1, Size: 6, Root: [32]byte{7}}.Verify(w.Network, checkpoint.Attestation, v1, sig),
		"of another root":    checkpoint.Vote{Epoch: 1, Size: 5, Root: [32]byte{8}}.Verify(w.Network, checkpoint.Attestation, v1, sig),
	} {
		if !errors.Is(err, checkpoint.ErrBadSignature) {
			t.Errorf("%s: %v, want ErrBadSignature", name, err)
		}
	}
}

func TestExpiryStatement(t *testing.T) {
	w := ledgertest.Network(t, "expiry")
	id, expires := [32]byte{1}, uint64(1000)
	said := checkpoint.ExpiryStatement{
		ID: id, ExpiresAtUnixMs: expires, HeaderIndex: 6, HeaderTimeUnixMs: 1001, Root: [32]byte{2}, Size: 7, Validator: "v1",
	}
	signed := said.Sign(w.Network, w.Validators["v1"])
	if err := signed.Verify(w.Network, w.Set, id, expires); err != nil {
		t.Fatal(err)
	}
	resign := func(change func(e *checkpoint.ExpiryStatement)) checkpoint.ExpiryStatement {
		e := said
		change(&e)
		return e.Sign(w.Network, w.Validators["v1"])
	}
	keep := func(change func(e *checkpoint.ExpiryStatement)) checkpoint.ExpiryStatement {
		e := signed
		change(&e)
		return e
	}
	for name, e := range map[string]checkpoint.ExpiryStatement{
		"of another transaction":        resign(func(e *checkpoint.ExpiryStatement) { e.ID[0]++ }),
		"of another expiry":             resign(func(e *checkpoint.ExpiryStatement) { e.ExpiresAtUnixMs-- }),
		"header at the expiry itself":   resign(func(e *checkpoint.ExpiryStatement) { e.HeaderTimeUnixMs = 1000 }),
		"header outside the checkpoint": resign(func(e *checkpoint.ExpiryStatement) { e.HeaderIndex = 7 }),
		"signed by another":             resign(func(e *checkpoint.ExpiryStatement) { e.Validator = "v2" }),
		"of a stranger":                 resign(func(e *checkpoint.ExpiryStatement) { e.Validator = "v9" }),
		"header index changed after":    keep(func(e *checkpoint.ExpiryStatement) { e.HeaderIndex-- }),
		"header time changed after":     keep(func(e *checkpoint.ExpiryStatement) { e.HeaderTimeUnixMs++ }),
		"root changed after":            keep(func(e *checkpoint.ExpiryStatement) { e.Root[0]++ }),
		"size changed after":            keep(func(e *checkpoint.ExpiryStatement) { e.Size++ }),
		"signature changed":             keep(func(e *checkpoint.ExpiryStatement) { e.Signature[63] ^= 1 }),
	} {
		if err := e.Verify(w.Network, w.Set, id, expires); !errors.Is(err, checkpoint.ErrBadSignature) {
			t.Errorf("%s: %v, want ErrBadSignature", name, err)
		}
	}
	other := ledgertest.Network(t, "elsewhere").Network
	if err := signed.Verify(other, w.Set, id, expires); !errors.Is(err, checkpoint.ErrBadSignature) {
		t.Errorf("on another network: %v, want ErrBadSignature", err)
	}
}
