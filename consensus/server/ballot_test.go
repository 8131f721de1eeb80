package server

import (
	"bytes"
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// TestBallots: what is open is listed page by page with every word on it, beside who may vote.
func TestBallots(t *testing.T) {
	n := theNetwork(t)
	c := n.client(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	expires := uint64(time.Now().Add(time.Hour).UnixMilli())
	proposed := make(map[tx.BallotID]bool)
	for i := range 3 {
		n.mu.Lock()
		n.nonce++
		body := tx.Body{Nonce: n.world.Nonce(n.nonce), ExpiresAtUnixMs: expires, Operations: []tx.Operation{
			tx.Propose{Validator: "v1", Decision: tx.SetParameter{Parameter: tx.CreditBurst, Value: uint64(200_000 + i)}, ExpiresAtUnixMs: expires, EffectiveAtUnixMs: expires + 1},
		}}
		n.mu.Unlock()
		raw, err := body.Encode()
		if err != nil {
			t.Fatal(err)
		}
		signed, err := tx.Seal(n.world.Network, raw, n.world.Governors["v1"])
		if err != nil {
			t.Fatal(err)
		}
		res, err := c.Submit(ctx, &apiv1.SubmitRequest{Envelope: signed.Envelope(), Wait: apiv1.Stage_STAGE_FINAL})
		if err != nil || tx.Code(res.GetStatus().GetResult().GetCode()) != tx.OK {
			t.Fatalf("propose: %v, %v", res, err)
		}
		proposed[tx.NewBallotID(signed.ID(), 0)] = true
	}

	first, err := c.ListBallots(ctx, &apiv1.ListBallotsRequest{Limit: 2, Freshness: apiv1.Freshness_FRESHNESS_ACCEPTED})
	if err != nil || len(first.GetBallots()) != 2 {
		t.Fatalf("ballots %v, %v", first, err)
	}
	rest, err := c.ListBallots(ctx, &apiv1.ListBallotsRequest{Limit: 2, After: first.GetBallots()[1].GetId(), Freshness: apiv1.Freshness_FRESHNESS_ACCEPTED})
	if err != nil || len(rest.GetBallots()) != 1 {
		t.Fatalf("ballots after two: %v, %v", rest, err)
	}
	var last []byte
	for _, b := range append(first.GetBallots(), rest.GetBallots()...) {
		if !proposed[tx.BallotID(b.GetId())] || bytes.Compare(b.GetId(), last) <= 0 {
			t.Errorf("ballot %x was not proposed, or is out of order", b.GetId())
		}
		last = b.GetId()
		if v := b.GetVotes(); len(v) != 1 || v[0].GetValidator() != "v1" || !v[0].GetYes() || b.GetPassedAtUnixMs() != 0 || b.GetExpiresAtUnixMs() != expires ||
			b.GetEffectiveAtUnixMs() != expires+1 || b.GetDecision().GetSetParameter().GetValue() < 200_000 {
			t.Errorf("ballot %v", b)
		}
	}
	set, err := c.ListValidators(ctx, &apiv1.ListValidatorsRequest{})
	if err != nil || len(set.GetValidators()) != len(n.world.Set) {
		t.Fatalf("validators %v, %v", set, err)
	}
	for i, v := range set.GetValidators() {
		account := n.world.GovernorAccounts[v.GetName()]
		if w := n.world.Set[i]; v.GetName() != w.Name || !bytes.Equal(v.GetKey(), w.Key[:]) || !bytes.Equal(v.GetTlsKeyHash(), w.TLSKeyHash[:]) ||
			!bytes.Equal(v.GetAccount(), account[:]) {
			t.Errorf("validator %d: %v", i, v)
		}
	}
	for what, req := range map[string]*apiv1.ListBallotsRequest{
		"no ballots": {}, "101 ballots": {Limit: 101}, "ballots after 3 bytes": {Limit: 1, After: []byte{1, 2, 3}},
	} {
		_, err := c.ListBallots(ctx, req)
		refused(t, what, err, codes.InvalidArgument, "INVALID_FIELD")
	}
}
