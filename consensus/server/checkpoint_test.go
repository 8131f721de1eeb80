package server

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// TestCheckpointGrowth: the newest checkpoint comes with the proof that it continues what the caller knows, between any two
// final sizes too; a caller who knows more is told nothing wrong.
func TestCheckpointGrowth(t *testing.T) {
	n := theNetwork(t)
	c := n.client(t, 0)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	get := func(req *apiv1.GetCheckpointRequest) (*apiv1.GetCheckpointResponse, checkpoint.Checkpoint) {
		t.Helper()
		res, err := c.GetCheckpoint(ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		at, _, err := checkpoint.Open(n.world.Network, n.world.Set, res.GetCheckpoint())
		if err != nil {
			t.Fatal(err)
		}
		return res, at
	}
	n.pay(t, c)
	first, old := get(&apiv1.GetCheckpointRequest{})
	if len(first.GetFromRoot()) != 0 || len(first.GetConsistency()) != 0 {
		t.Error("a proof that nobody asked for")
	}
	n.pay(t, c)
	set := n.world.Set.Hash()
	res, at := get(&apiv1.GetCheckpointRequest{FromSize: old.Size, ValidatorSetHash: set[:]})
	growth, err := checkpoint.GrowthOf(old.Size, res.GetFromRoot(), res.GetConsistency())
	if err == nil {
		err = growth.Verify(at)
	}
	if err != nil || growth.FromRoot != old.Root || at.Size <= old.Size {
		t.Errorf("from %d to %d: %v", old.Size, at.Size, err)
	}
	res, _ = get(&apiv1.GetCheckpointRequest{FromSize: 1, ToSize: old.Size})
	if growth, err = checkpoint.GrowthOf(1, res.GetFromRoot(), res.GetConsistency()); err == nil {
		err = growth.Verify(old)
	}
	if err != nil {
		t.Errorf("from 1 to %d: %v", old.Size, err)
	}
	if res, _ = get(&apiv1.GetCheckpointRequest{FromSize: at.Size + 1000}); len(res.GetFromRoot()) != 0 {
		t.Error("a proof from beyond what is final")
	}
	_, err = c.GetCheckpoint(ctx, &apiv1.GetCheckpointRequest{FromSize: 1, ToSize: at.Size + 1000})
	refused(t, "to a size that is not final", err, codes.NotFound, "NOT_FOUND")
	_, err = c.GetCheckpoint(ctx, &apiv1.GetCheckpointRequest{FromSize: 2, ToSize: 1})
	refused(t, "backwards", err, codes.InvalidArgument, "INVALID_FIELD")
	_, err = c.GetCheckpoint(ctx, &apiv1.GetCheckpointRequest{ValidatorSetHash: make([]byte, 32)})
	refused(t, "from a set that never was", err, codes.NotFound, "NOT_FOUND")
}
