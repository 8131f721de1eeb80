package checkpoint_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// electorate is four validators and their keys.
func electorate(t testing.TB) (checkpoint.ValidatorSet, map[string]ed25519.PrivateKey) {
	t.Helper()
	keys := map[string]ed25519.PrivateKey{}
	var all []checkpoint.Validator
	for i := range 4 {
		name := fmt.Sprintf("v%d", i+1)
		keys[name] = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(i + 1)}, ed25519.SeedSize))
		all = append(all, checkpoint.Validator{Name: name, Key: [32]byte(keys[name].Public().(ed25519.PublicKey)), TLSKeyHash: [32]byte{byte(i + 101)}})
	}
	set, err := checkpoint.NewValidatorSet(all)
	if err != nil {
		t.Fatal(err)
	}
	return set, keys
}

// electionVote is what a validator signs for a candidate in term 7.
func electionVote(network tx.NetworkID, keys map[string]ed25519.PrivateKey, by, candidate string) checkpoint.ElectionVote {
	e := checkpoint.Election{Term: 7, Candidate: candidate, LastIndex: 40, LastTerm: 6}
	return checkpoint.ElectionVote{Election: e, Validator: by, Signature: e.Sign(network, keys[by])}
}

// Two votes of one validator for two candidates in one term are evidence against it, and nothing else is.
func TestDoubleVote(t *testing.T) {
	set, keys := electorate(t)
	network := tx.NetworkID{1}
	guilty := checkpoint.NewDoubleVote(electionVote(network, keys, "v3", "v2"), electionVote(network, keys, "v3", "v1"))
	if err := guilty.Verify(network, set); err != nil || guilty.Guilty() != "v3" {
		t.Fatalf("evidence against %q: %v", guilty.Guilty(), err)
	}
	again, err := checkpoint.ParseDoubleVote(guilty.Encode())
	if err != nil || again != guilty {
		t.Fatalf("round trip: %v", err)
	}
	for _, row := range []struct {
		name   string
		mutate func(*checkpoint.DoubleVote)
		want   error
	}{
		{"one vote twice", func(d *checkpoint.DoubleVote) { d.Votes[1] = d.Votes[0] }, checkpoint.ErrBadEvidence},
		{"the same candidate with a longer log", func(d *checkpoint.DoubleVote) {
			e := checkpoint.Election{Term: 7, Candidate: "v1", LastIndex: 41, LastTerm: 6}
			d.Votes[1] = checkpoint.ElectionVote{Election: e, Validator: "v3", Signature: e.Sign(network, keys["v3"])}
		}, checkpoint.ErrBadEvidence},
		{"two terms", func(d *checkpoint.DoubleVote) { d.Votes[1].Term++ }, checkpoint.ErrBadEvidence},
		{"two validators", func(d *checkpoint.DoubleVote) { d.Votes[1] = electionVote(network, keys, "v4", "v2") }, checkpoint.ErrBadEvidence},
		{"the other order", func(d *checkpoint.DoubleVote) { d.Votes[0], d.Votes[1] = d.Votes[1], d.Votes[0] }, checkpoint.ErrBadEvidence},
		{"a stranger", func(d *checkpoint.DoubleVote) { d.Votes[0].Validator, d.Votes[1].Validator = "x", "x" }, checkpoint.ErrBadEvidence},
		{"blamed on another", func(d *checkpoint.DoubleVote) { d.Votes[0].Validator, d.Votes[1].Validator = "v4", "v4" }, checkpoint.ErrBadSignature},
		{"a vote changed", func(d *checkpoint.DoubleVote) { d.Votes[1].LastIndex++ }, checkpoint.ErrBadSignature},
	} {
		d := guilty
		row.mutate(&d)
		if err := d.Verify(network, set); !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", row.name, err, row.want)
		}
	}
	if err := guilty.Verify(tx.NetworkID{2}, set); !errors.Is(err, checkpoint.ErrBadSignature) {
		t.Errorf("on another network: %v", err)
	}
}

// Whatever bytes are given out as evidence, reading them ends, and what is read has one form.
func FuzzParseDoubleVote(f *testing.F) {
	_, keys := electorate(f)
	d := checkpoint.NewDoubleVote(electionVote(tx.NetworkID{1}, keys, "v3", "v2"), electionVote(tx.NetworkID{1}, keys, "v3", "v1"))
	f.Add(d.Encode())
	f.Add(d.Encode()[:100])
	f.Add(append(d.Encode(), 0))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := checkpoint.ParseDoubleVote(raw)
		if err == nil && !bytes.Equal(d.Encode(), raw) {
			t.Fatalf("%x reads as %x", raw, d.Encode())
		}
	})
}
