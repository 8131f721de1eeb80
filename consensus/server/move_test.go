package server

import (
	"bytes"
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// TestGrantsMovesAttestors: what a provider asks before it takes a user over, and what none of the three takes.
func TestGrantsMovesAttestors(t *testing.T) {
	n := theNetwork(t)
	c := n.client(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	w := n.world
	key := w.Provider.Public()

	grants, err := c.ListGrants(ctx, &apiv1.ListGrantsRequest{Account: w.Juma.Account[:], Limit: 100})
	if err != nil || len(grants.GetGrants()) != 1 || !bytes.Equal(grants.GetGrants()[0].GetGrantee(), key[:]) || grants.GetAsOf().GetSize() == 0 {
		t.Fatalf("grants %v, %v", grants, err)
	}
	if g := grants.GetGrants()[0].GetGrant(); g.GetCapDay() != uint64(ledgertest.CapDay) || g.GetLeftToday() > g.GetCapDay() || len(g.GetOperations()) == 0 {
		t.Errorf("grant %v", g)
	}
	if rest, err := c.ListGrants(ctx, &apiv1.ListGrantsRequest{Account: w.Juma.Account[:], After: key[:], Limit: 1}); err != nil || len(rest.GetGrants()) != 0 {
		t.Errorf("grants after the last: %v, %v", rest, err)
	}
	alias := w.Juma.Alias
	for _, of := range []*apiv1.ListMovesRequest{
		{Of: &apiv1.ListMovesRequest_Alias{Alias: alias[:]}}, {Of: &apiv1.ListMovesRequest_Account{Account: w.Juma.Account[:]}},
	} {
		if moves, err := c.ListMoves(ctx, of); err != nil || len(moves.GetMoves()) != 0 || moves.GetAsOf().GetTimeUnixMs() == 0 {
			t.Errorf("moves %v, %v", moves, err)
		}
	}
	attestors, err := c.ListAttestors(ctx, &apiv1.ListAttestorsRequest{Limit: 2})
	if err != nil || len(attestors.GetAttestors()) != 2 {
		t.Fatalf("attestors %v, %v", attestors, err)
	}
	rest, err := c.ListAttestors(ctx, &apiv1.ListAttestorsRequest{Limit: 2, After: attestors.GetAttestors()[1].GetAccount()})
	if err != nil || len(rest.GetAttestors()) != 1 || bytes.Compare(rest.GetAttestors()[0].GetAccount(), attestors.GetAttestors()[1].GetAccount()) <= 0 {
		t.Errorf("attestors after two: %v, %v", rest, err)
	}

	for _, bad := range []struct {
		what string
		call func() error
	}{
		{"grants of no account", func() error { _, err := c.ListGrants(ctx, &apiv1.ListGrantsRequest{Limit: 1}); return err }},
		{"no grants", func() error {
			_, err := c.ListGrants(ctx, &apiv1.ListGrantsRequest{Account: w.Juma.Account[:]})
			return err
		}},
		{"grants after a key of 3 bytes", func() error {
			_, err := c.ListGrants(ctx, &apiv1.ListGrantsRequest{Account: w.Juma.Account[:], After: []byte{1, 2, 3}, Limit: 1})
			return err
		}},
		{"moves of nothing", func() error { _, err := c.ListMoves(ctx, &apiv1.ListMovesRequest{}); return err }},
		{"moves of an alias of 31 bytes", func() error {
			_, err := c.ListMoves(ctx, &apiv1.ListMovesRequest{Of: &apiv1.ListMovesRequest_Alias{Alias: make([]byte, 31)}})
			return err
		}},
		{"moves of an account of 15 bytes", func() error {
			_, err := c.ListMoves(ctx, &apiv1.ListMovesRequest{Of: &apiv1.ListMovesRequest_Account{Account: make([]byte, 15)}})
			return err
		}},
		{"101 attestors", func() error { _, err := c.ListAttestors(ctx, &apiv1.ListAttestorsRequest{Limit: 101}); return err }},
		{"attestors after 3 bytes", func() error {
			_, err := c.ListAttestors(ctx, &apiv1.ListAttestorsRequest{Limit: 1, After: []byte{1, 2, 3}})
			return err
		}},
	} {
		refused(t, bad.what, bad.call(), codes.InvalidArgument, "INVALID_FIELD")
	}
}
