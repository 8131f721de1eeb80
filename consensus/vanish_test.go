package consensus

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestTheCertifiedDoesNotVanish: a liar, v4, led f+1 honest validators to commit a batch that the third has not, and had them attest it; then it had that third elected, which
// contradicted them until they went back. Now nobody's log has the batch, and the liar shows the certificate that it made with their attestations, and is silent. No
// epoch can start but there, and it does: the batch comes back, and the network goes on with it.
func TestTheCertifiedDoesNotVanish(t *testing.T) {
	c := newCluster(t)
	c.vanishes(func(*Node, sent) {})
}

// TestTheCertifiedDoesNotVanishUnderASnapshot: the liar has them take a true snapshot after they went back, at a place in raft's log beyond any
// other.
func TestTheCertifiedDoesNotVanishUnderASnapshot(t *testing.T) {
	c := newCluster(t)
	c.vanishes(func(n *Node, far sent) {
		if n.Name() != "v3" {
			c.farAway(n, far)
		}
	})
}

// TestTheThirdHasTheFarSnapshot: the liar has only the third take it, who lacks what is certified. Its place in raft's log is beyond all others', so
// that nobody else could ever be elected if it kept that.
func TestTheThirdHasTheFarSnapshot(t *testing.T) {
	c := newCluster(t)
	c.vanishes(func(n *Node, far sent) {
		if n.Name() == "v3" {
			c.farAway(n, far)
		}
	})
}

// farAway has a node take a snapshot, as if it ended far on in raft's log.
func (c *cluster) farAway(n *Node, far sent) {
	c.t.Helper()
	far.index = farAhead
	err := errors.Join(deliver(n, c.members(), far), restore(n), n.raftLog.clear(),
		n.raftLog.StoreLog(&raft.Log{Index: farAhead + 1, Term: far.term, Type: raft.LogNoop}))
	if err != nil {
		c.t.Fatal(err)
	}
}

// vanishes plays the attack, with what the liar does to each: to v1 and v2 when they went back, and to v3 before.
func (c *cluster) vanishes(after func(n *Node, final sent)) {
	t := c.t
	t.Helper()
	final := c.snapshotOf(c.leader())
	for name := range c.nodes {
		c.calm(name)
	}
	head, epoch := c.nodes["v1"].store.Head(), c.nodes["v1"].store.Head().Epoch
	for name := range c.addresses {
		c.stop(name)
	}
	last := c.lastEntry("v3")
	vanished := c.pay(c.world.Amina.Account, 7)
	data := tx.SealBatch(c.world.Network, tx.BatchHeader{
		Epoch: head.Epoch, Number: head.Batch + 1, PreviousHash: head.BatchHash, TimeUnixMs: head.TimeUnixMs, Leader: "v4", Term: last.Term,
	}, [][]byte{vanished.Envelope()}, c.world.Validators["v4"])
	lie := &raft.Log{Index: last.Index + 1, Term: last.Term, Type: raft.LogCommand, Data: data}
	var certified ledger.Head
	for _, name := range []string{"v1", "v2"} {
		certified = c.goesBackFrom(name, lie, epoch+1)
		after(c.nodes[name], final)
		c.stop(name)
	}
	// The third was elected in a later term, and it alone has heard of the certificate.
	c.restart("v3")
	after(c.nodes["v3"], final)
	c.stop("v3")
	last = c.lastEntry("v3")
	w := c.stoppedLog("v3")
	if err := w.StoreLogs([]*raft.Log{{Index: last.Index + 1, Term: last.Term + 1, Type: raft.LogNoop}}); err != nil {
		t.Fatal(err)
	}
	if err := w.SetUint64([]byte("CurrentTerm"), last.Term+1); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c.signs("v3", c.certified(certified))
	c.signs("v3", c.wished("v3", epoch+1))
	c.restart("v1")
	c.restart("v2")
	var s Status
	signed := c.pay(c.world.Juma.Account, 1)
	for deadline := time.Now().Add(2*resyncPause + time.Minute); ; { // Who went back too early goes back again after a pause, and again.
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second) // What is taken back is to be submitted again.
		var err error
		s, err = c.nodes["v1"].Submit(ctx, signed.Envelope(), Final)
		cancel()
		if err == nil && s.Stage == Final {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no payment becomes final again: %v", err)
		}
	}
	c.agree(s.LeafIndex + 1)
	for name, n := range c.nodes {
		if root, err := n.store.Root(certified.Size); err != nil || root != certified.Root {
			t.Errorf("%s has another tree than the certified one: %v", name, err)
		}
		if status, err := n.lookup(vanished.ID()); err != nil || status.Stage != Final {
			t.Errorf("%s: the payment of the certified tree: stage %v, %v", name, status.Stage, err)
		}
	}
}

// lastEntry is the end of the log of a stopped node.
func (c *cluster) lastEntry(name string) (last raft.Log) {
	c.t.Helper()
	w := c.stoppedLog(name)
	defer w.Close()
	index, err := w.LastIndex()
	if err == nil {
		err = w.GetLog(index, &last)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return last
}

// goesBackFrom starts a node, has it commit and attest a batch and then vote for an epoch, and lets it go back in a dispute.
func (c *cluster) goesBackFrom(name string, lie *raft.Log, epoch uint64) (attested ledger.Head) {
	c.t.Helper()
	c.restart(name)
	n := c.nodes[name]
	if err := n.raftLog.StoreLog(lie); err != nil {
		c.t.Fatal(err)
	}
	if a, ok := (fsm{n}).apply(lie).(*applied); !ok || a.void != nil {
		c.t.Fatalf("%s: the batch: %+v", name, a)
	}
	attested = n.store.Head()
	c.signs(name, c.attested(name, attested))
	n = c.signs(name, c.wished(name, epoch))
	n.disputed(suspectPatience + time.Second)
	n.lookAgain()
	c.eventually(name+" goes back", func() bool {
		n.astray.mu.Lock()
		defer n.astray.mu.Unlock()
		return !n.astray.last.IsZero() && !n.astray.due
	})
	n.astray.running.Lock()
	defer n.astray.running.Unlock()
	if n.store.Head().Size >= attested.Size {
		c.t.Fatalf("%s has not gone back", name)
	}
	return attested
}
