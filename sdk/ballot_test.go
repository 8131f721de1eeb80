package sdk_test

import (
	"errors"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
)

// TestBallot: a governor proposes, others vote, everybody sees where it stands, and with a quorum it takes effect.
func TestBallot(t *testing.T) {
	n := sdktest.New(t)
	client := n.Client(t)
	governor := func(name string) *sdk.Wallet { return sdk.NewWallet(client, n.Governors[name], sdk.WalletOptions{}) }
	ctx := within(t, 30*time.Second)

	evidence := [32]byte{7}
	delay := tx.SetParameter{Parameter: tx.MoveDelayMs, Value: 72 * 3_600_000}
	id, outcome, err := governor("v1").Propose(ctx, sdk.Proposal{Validator: "v1", Decision: delay, Open: time.Hour, EvidenceHash: &evidence})
	done(t, tx.OK)(outcome, err)
	b, err := client.Ballot(ctx, id)
	if err != nil || b.ID != id || b.Decision != tx.Decision(delay) || b.PassedAtUnixMs != 0 || b.EffectiveAtUnixMs != 0 || b.ExpiresAtUnixMs <= n.NowUnixMs() ||
		len(b.Votes) != 1 || b.Votes[0] != (sdk.BallotVote{Validator: "v1", Yes: true}) {
		t.Fatalf("%+v, %v", b, err)
	}
	var refused *sdk.RefusedError
	if _, err := governor("v1").Vote(ctx, id, "v2", true); !errors.As(err, &refused) {
		t.Errorf("a vote for another validator: %v", err)
	}
	done(t, tx.OK)(governor("v2").Vote(ctx, id, "v2", false))
	done(t, tx.AlreadyVoted)(governor("v2").Vote(ctx, id, "v2", true))
	done(t, tx.OK)(governor("v3").Vote(ctx, id, "v3", true))
	done(t, tx.OK)(governor("v4").Vote(ctx, id, "v4", true))
	if b, err = client.Ballot(ctx, id); err == nil && b.PassedAtUnixMs == 0 {
		t.Errorf("three of four agree: %+v", b)
	}
	n.Advance(time.Second)
	n.Fund(t, n.ProviderAccount, 1) // A ballot takes effect at the head of a batch.
	if _, err := client.Ballot(ctx, id); !errors.Is(err, sdk.ErrNotFound) {
		t.Errorf("after its effect: %v", err)
	}
	network, err := client.Network(ctx)
	if err != nil || network.Parameters[tx.MoveDelayMs] != delay.Value {
		t.Errorf("parameters %v, %v", network.Parameters, err)
	}
}

// TestGovernors: the set with who speaks for each is the genesis's until a ballot changes it.
func TestGovernors(t *testing.T) {
	n := sdktest.New(t)
	all, err := n.Client(t).Governors(within(t, 10*time.Second))
	if err != nil || len(all) != len(n.Set) {
		t.Fatalf("%+v, %v", all, err)
	}
	for i, v := range n.Set {
		if g := all[i]; g.Name != v.Name || string(g.Key) != string(v.Key[:]) || g.TLSKeyHash != v.TLSKeyHash || g.Account != n.GovernorAccounts[v.Name] {
			t.Errorf("%s: %+v", v.Name, g)
		}
	}
}
