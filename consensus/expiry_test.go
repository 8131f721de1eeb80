package consensus

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestExpiryBeforeTheFirstCheckpoint: nothing is final yet, so nothing can be stated; the node waits, and lives.
func TestExpiryBeforeTheFirstCheckpoint(t *testing.T) {
	c := newStopped(t, Snapshots{})
	c.restart("v1")
	n := c.nodes["v1"]
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if s, err := n.Expired(ctx, tx.ID{1}, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("statement %+v, %v: want none in time", s, err)
	}
	if err := n.Err(); err != nil {
		t.Errorf("a question has ended the node: %v", err)
	}
	for _, name := range []string{"v2", "v3", "v4"} {
		c.restart(name)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s, err := n.Expired(ctx, tx.ID{1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(c.world.Network, c.world.Set, tx.ID{1}, 1); err != nil {
		t.Error(err)
	}
}
