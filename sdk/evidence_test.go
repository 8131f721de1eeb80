package sdk_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
)

// TestEvidence: all validators are asked, each piece is given once with who holds it, and one that is down or lists what does
// not verify hides nothing of what the others have.
func TestEvidence(t *testing.T) {
	n := sdktest.New(t)
	c := n.Client(t)
	if all, err := c.Evidence(t.Context()); err != nil || len(all) != 0 {
		t.Fatalf("of honest validators: %v, %v", all, err)
	}
	guilty := n.Validators[3].Name
	one, two := n.DoubleVote(guilty, 5), n.DoubleVote(guilty, 6)
	forged := slices.Clone(one)
	forged[len(forged)-1] ^= 1
	n.Validators[0].Keeps(one)
	n.Validators[1].Keeps(two, one)
	n.Validators[2].Keeps(forged)
	n.Validators[3].Stop()
	all, err := c.Evidence(t.Context())
	if !errors.Is(err, checkpoint.ErrBadSignature) || !strings.Contains(err.Error(), n.Validators[3].Address()) {
		t.Errorf("of a forger and one that is down: %v", err)
	}
	if len(all) != 2 {
		t.Fatalf("%d pieces", len(all))
	}
	for _, e := range all {
		if e.Validator != guilty || e.Offence != checkpoint.TwoElections {
			t.Errorf("%s by %s", e.Offence, e.Validator)
		}
		want := []string{n.Validators[0].Address(), n.Validators[1].Address()}
		if string(e.Raw) == string(two) {
			want = want[1:]
		}
		if !slices.Equal(e.HeldBy, want) {
			t.Errorf("held by %v, want %v", e.HeldBy, want)
		}
	}
	for _, v := range n.Validators {
		v.Stop()
	}
	if _, err := c.Evidence(t.Context()); !errors.Is(err, sdk.ErrUnavailable) {
		t.Errorf("of nobody: %v", err)
	}
}
