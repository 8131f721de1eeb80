package consensus

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestNothingIsFinalWithoutWhatIsOverdue: two validators list a payment that the leader leaves out. What the leader orders meanwhile
// is accepted, and becomes final only after the payment stands in the history too.
func TestNothingIsFinalWithoutWhatIsOverdue(t *testing.T) {
	c := newStopped(t, Snapshots{})
	var liar atomic.Pointer[string]
	var censored atomic.Pointer[tx.ID]
	c.leaveOut = func(leader string, signed *tx.Signed) bool {
		l, id := liar.Load(), censored.Load()
		return l != nil && id != nil && *l == leader && *id == signed.ID()
	}
	c.startAll()
	leader := c.leader()
	name := leader.Name()
	left, other := c.pay(c.world.Juma.Account, 2), c.pay(c.world.Juma.Account, 3)
	id := left.ID()
	censored.Store(&id)
	liar.Store(&name)
	listers := 0
	for at, n := range c.nodes {
		if at == name {
			continue
		}
		if _, err := n.Submit(t.Context(), left.Envelope(), Taken); err != nil {
			t.Fatal(err)
		}
		for by := range c.nodes {
			if by != name {
				n.listOverdue(by, left)
			}
		}
		listers++
	}
	if listers < 2 {
		t.Fatalf("%d validators beside the leader", listers)
	}
	c.submit(leader, other, Accepted)
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	n := c.follower()
	if s, err := n.Transaction(ctx, other.ID(), Final); err != nil || s.Stage != Final {
		t.Fatalf("stage %d of the other payment: %v", s.Stage, err)
	}
	if s, err := n.lookup(id); err != nil || s.Stage < Accepted {
		t.Errorf("stage %d of what was overdue, when the other payment is final: %v", s.Stage, err)
	}
}

// TestWhatIsOverdue: what one validator lists binds nobody; nor what can not be recorded, has expired or has been ordered.
func TestWhatIsOverdue(t *testing.T) {
	c := newCluster(t)
	c.leader()
	n := c.follower()
	bound := func(why string, want bool) {
		t.Helper()
		if got := n.leavesOutOverdue(); got != want {
			t.Errorf("%s: the tree leaves out something overdue: %v", why, got)
		}
	}
	signed := c.pay(c.world.Juma.Account, 2)
	n.listOverdue("v1", signed)
	n.listOverdue("v1", signed)
	n.listOverdue("nobody", signed)
	bound("one validator's list", false)
	n.listOverdue("v2", signed)
	bound("two validators' lists", true)
	c.submit(n, signed, Final)
	bound("ordered", false)
	n.strike()
	if left := n.grievances.overdue.Listed(); len(left) > 0 {
		t.Errorf("%d are listed still", len(left))
	}

	owed := tx.Transfer{Debit: c.world.IssuerAccount, Credit: c.world.Juma.Account, Asset: ledgertest.KES, Amount: 5}
	stranger := c.sign(owed, time.Minute, c.world.Key(t, "stranger"))
	expired := c.sign(owed, -time.Hour, c.world.Issuer)
	for _, by := range []string{"v1", "v2", "v3"} {
		n.listOverdue(by, stranger)
		n.listOverdue(by, expired)
	}
	bound("expired, or signed by who may not", false)

	// What a stranger signs under a payer's body neither counts for the payer's nor hides it.
	payers := c.sign(owed, time.Minute, c.world.Issuer)
	strangers, err := tx.Seal(c.world.Network, payers.RawBody(), c.world.Key(t, "stranger"))
	if err != nil {
		t.Fatal(err)
	}
	n.listOverdue("v1", strangers)
	n.listOverdue("v2", payers)
	bound("one list of the payer's, one of the stranger's", false)
	for _, by := range []string{"v1", "v2", "v3"} {
		n.listOverdue(by, strangers)
	}
	bound("three lists of the stranger's", false)
	n.listOverdue("v3", payers)
	for range 20 { // Lists are gone through in no order.
		bound("two lists of the payer's, and three of the stranger's", true)
	}
}
