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

// voters are four validators and their keys.
func voters(t testing.TB) (checkpoint.ValidatorSet, map[string]ed25519.PrivateKey) {
	t.Helper()
	keys := make(map[string]ed25519.PrivateKey)
	var all []checkpoint.Validator
	for i := range 4 {
		name := fmt.Sprintf("v%d", i+1)
		keys[name] = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(i + 1)}, 32))
		all = append(all, checkpoint.Validator{
			Name: name, Key: [32]byte(keys[name].Public().(ed25519.PublicKey)), TLSKeyHash: [32]byte{0xff, byte(i)},
		})
	}
	set, err := checkpoint.NewValidatorSet(all)
	if err != nil {
		t.Fatal(err)
	}
	return set, keys
}

var epochNetwork = tx.NetworkID{7}

// change is a true change to epoch 3: v1 held nothing, v2 a tree of epoch 1, v3 the highest, of epoch 2.
func change(keys map[string]ed25519.PrivateKey) checkpoint.EpochChange {
	low := checkpoint.Vote{Epoch: 1, Size: 90, Root: [32]byte{1}}
	high := checkpoint.Vote{Epoch: 2, Size: 40, Root: [32]byte{2}}
	c := checkpoint.EpochChange{Epoch: 3, Certificate: checkpoint.Certificate{Vote: high}}
	for name, held := range map[string]checkpoint.Vote{"v1": {}, "v2": low, "v3": high} {
		c.Votes = append(c.Votes, epochVote(keys, name, 3, held))
	}
	for i := range c.Votes { // In the order of names, which the map has not.
		name := fmt.Sprintf("v%d", i+1)
		for j, v := range c.Votes {
			if v.Validator == name {
				c.Votes[i], c.Votes[j] = c.Votes[j], c.Votes[i]
			}
		}
	}
	c.Certificate.Signatures = attestations(keys, high, "v1", "v2", "v4")
	return c
}

func epochVote(keys map[string]ed25519.PrivateKey, name string, epoch uint64, held checkpoint.Vote) checkpoint.EpochVote {
	return checkpoint.EpochVote{Validator: name, Certified: held, Signature: checkpoint.SignEpoch(epochNetwork, epoch, held, keys[name])}
}

func attestations(keys map[string]ed25519.PrivateKey, vote checkpoint.Vote, names ...string) (all []checkpoint.Signature) {
	for _, name := range names {
		all = append(all, checkpoint.Signature{Validator: name, Signature: vote.Sign(epochNetwork, checkpoint.Attestation, keys[name])})
	}
	return all
}

func TestEpochChange(t *testing.T) {
	set, keys := voters(t)
	for _, c := range []struct {
		rule string
		with func(*checkpoint.EpochChange)
		want error
	}{
		{"is true", func(*checkpoint.EpochChange) {}, nil},
		{"four votes", func(c *checkpoint.EpochChange) {
			c.Votes = append(c.Votes, epochVote(keys, "v4", 3, checkpoint.Vote{}))
		}, nil},
		{"nobody holds anything", func(c *checkpoint.EpochChange) {
			*c = checkpoint.EpochChange{Epoch: 1}
			for _, name := range []string{"v1", "v2", "v4"} {
				c.Votes = append(c.Votes, epochVote(keys, name, 1, checkpoint.Vote{}))
			}
		}, nil},
		{"two votes", func(c *checkpoint.EpochChange) { c.Votes = c.Votes[:2] }, checkpoint.ErrNoQuorum},
		{"a vote twice", func(c *checkpoint.EpochChange) { c.Votes[1] = c.Votes[0] }, checkpoint.ErrBadEpoch},
		{"out of order", func(c *checkpoint.EpochChange) { c.Votes[0], c.Votes[1] = c.Votes[1], c.Votes[0] }, checkpoint.ErrBadEpoch},
		{"a stranger", func(c *checkpoint.EpochChange) { c.Votes[2].Validator = "v9" }, checkpoint.ErrBadEpoch},
		{"a vote for another epoch", func(c *checkpoint.EpochChange) { c.Votes[0] = epochVote(keys, "v1", 4, checkpoint.Vote{}) }, checkpoint.ErrBadSignature},
		{"a higher tree than the start", func(c *checkpoint.EpochChange) {
			c.Votes[0] = epochVote(keys, "v1", 3, checkpoint.Vote{Epoch: 2, Size: 41, Root: [32]byte{9}})
		}, checkpoint.ErrBadEpoch},
		{"another root than the start's", func(c *checkpoint.EpochChange) {
			c.Votes[0] = epochVote(keys, "v1", 3, checkpoint.Vote{Epoch: 2, Size: 40, Root: [32]byte{9}})
		}, checkpoint.ErrBadEpoch},
		{"a start that nobody names", func(c *checkpoint.EpochChange) { c.Votes[2] = epochVote(keys, "v3", 3, checkpoint.Vote{}) }, checkpoint.ErrBadEpoch},
		{"a tree of its own epoch", func(c *checkpoint.EpochChange) {
			c.Votes[0] = epochVote(keys, "v1", 3, checkpoint.Vote{Epoch: 3, Size: 1, Root: [32]byte{9}})
		}, checkpoint.ErrBadEpoch},
		{"certificate without a quorum", func(c *checkpoint.EpochChange) { c.Certificate.Signatures = c.Certificate.Signatures[1:] }, checkpoint.ErrNoQuorum},
		{"certificate without signatures", func(c *checkpoint.EpochChange) { c.Certificate.Signatures = nil }, checkpoint.ErrNoQuorum},
		{"an attestation twice", func(c *checkpoint.EpochChange) { c.Certificate.Signatures[1] = c.Certificate.Signatures[0] }, checkpoint.ErrBadEpoch},
		{"ratifications for attestations", func(c *checkpoint.EpochChange) {
			c.Certificate.Signatures[0].Signature = c.Start().Sign(epochNetwork, checkpoint.Ratification, keys["v1"])
		}, checkpoint.ErrBadSignature},
		{"no certificate of the highest", func(c *checkpoint.EpochChange) { c.Certificate = checkpoint.Certificate{} }, checkpoint.ErrBadEpoch},
		{"epoch 0", func(c *checkpoint.EpochChange) { c.Epoch = 0 }, checkpoint.ErrBadEpoch},
	} {
		t.Run(c.rule, func(t *testing.T) {
			e := change(keys)
			c.with(&e)
			if err := e.Verify(epochNetwork, set); !errors.Is(err, c.want) || err == nil && c.want != nil {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if parsed, err := checkpoint.ParseEpochChange(e.Encode()); e.Epoch > 0 && (err != nil || !bytes.Equal(parsed.Encode(), e.Encode())) {
				t.Errorf("parse what was encoded: %v", err)
			}
		})
	}
}

// TestCertificateKinds: a certificate is of attestations or of ratifications, and worth nothing as the other.
func TestCertificateKinds(t *testing.T) {
	set, keys := voters(t)
	vote := checkpoint.Vote{Epoch: 2, Size: 40, Root: [32]byte{2}}
	for _, given := range []checkpoint.VoteKind{checkpoint.Attestation, checkpoint.Ratification} {
		c := checkpoint.Certificate{Vote: vote}
		for _, name := range []string{"v1", "v2", "v4"} {
			c.Signatures = append(c.Signatures, checkpoint.Signature{Validator: name, Signature: vote.Sign(epochNetwork, given, keys[name])})
		}
		for _, taken := range []checkpoint.VoteKind{checkpoint.Attestation, checkpoint.Ratification} {
			if err := c.Verify(epochNetwork, set, taken); (err == nil) != (given == taken) {
				t.Errorf("%s taken as %s: %v", given, taken, err)
			}
		}
	}
}

// TestStartIn: an epoch goes on from the certified tree if that is of the epoch in force. One of an earlier epoch was given up
// when the epoch in force was opened without it; one of a later epoch is of another log, whose tree it names.
func TestStartIn(t *testing.T) {
	_, keys := voters(t)
	certified := change(keys) // Of epoch 2.
	for _, c := range []struct {
		change  checkpoint.EpochChange
		inForce uint64
		known   bool
	}{
		{certified, 1, true}, {certified, 2, true}, {certified, 3, false}, {checkpoint.EpochChange{Epoch: 3}, 0, false},
	} {
		start, known := c.change.StartIn(c.inForce)
		if known != c.known || known && start != c.change.Start() {
			t.Errorf("start of epoch %d in epoch %d is %+v, %v", c.change.Epoch, c.inForce, start, known)
		}
	}
}

func FuzzEpochChange(f *testing.F) {
	set, keys := voters(f)
	f.Add(change(keys).Encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := checkpoint.ParseEpochChange(raw)
		if err != nil {
			return
		}
		if !bytes.Equal(c.Encode(), raw) {
			t.Error("a second form")
		}
		_ = c.Verify(epochNetwork, set)
	})
}
