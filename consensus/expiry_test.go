package consensus

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
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

// TestExpiryStatement: a payment that was never made is settled by statements, on an idle ledger too.
func TestExpiryStatement(t *testing.T) {
	c := newCluster(t)
	c.leader()
	signed := c.sign(tx.Transfer{Debit: c.world.IssuerAccount, Credit: c.world.Juma.Account, Asset: ledgertest.KES, Amount: 1}, 100*time.Millisecond, c.world.Issuer)
	expires := signed.Body.ExpiresAtUnixMs
	for uint64(time.Now().UnixMilli()) <= expires {
		time.Sleep(10 * time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for name, n := range c.nodes {
		statement, err := n.Expired(ctx, signed.ID(), expires)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := statement.Verify(c.world.Network, c.world.Set, signed.ID(), expires); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	late := c.pay(c.world.Juma.Account, 1)
	c.submit(c.follower(), late, Final)
	if _, err := c.leader().Expired(ctx, late.ID(), expires); !errors.Is(err, ErrNotExpired) {
		t.Errorf("statement about a payment that was made: %v", err)
	}
}
