package consensus

import (
	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// leavesOutOverdue says whether the own tree lacks something that is overdue and could stand in it. It then gets no attestation:
// package complaint says why. Four things excuse a leader: that the submission has expired, that the rules would not record it, that so
// much is tentative that nothing more can be packed before something is final, and that a validator set waits to begin.
func (n *Node) leavesOutOverdue() bool {
	g := n.grievances
	g.mu.Lock()
	all := g.overdue.All()
	g.mu.Unlock()
	if len(all) == 0 || n.store.Pending() >= maxTentative/2 || n.reignNow().coming != nil {
		return false
	}
	head, view := n.store.Head(), n.store.View()
	defer view.Close()
	if view.Head().Batch != head.Batch {
		return true // A batch came between: the next look is at it.
	}
	now := max(n.nowUnixMs(), head.TimeUnixMs)
	b, err := ledger.Build(view, head, now)
	if err != nil {
		_ = n.Fatal(err)
		return true
	}
	for _, signed := range all {
		if signed.Body.ExpiresAtUnixMs < now || n.done(signed) || !b.Fits(signed) {
			continue
		}
		code, err := b.Add(signed)
		if err != nil {
			_ = n.Fatal(err)
			return true
		}
		if code == tx.OK {
			return true
		}
	}
	return false
}

// done says whether a submission has been ordered, or can not be any more. While batches are taken back nobody knows.
func (n *Node) done(signed *tx.Signed) bool {
	status, err := n.lookup(signed.ID())
	return err == nil && (status.Stage >= Accepted || signed.Body.ExpiresAtUnixMs < n.store.Head().TimeUnixMs)
}

// strike takes off the lists what is done.
func (n *Node) strike() {
	g := n.grievances
	g.mu.Lock()
	listed := g.overdue.Listed()
	g.mu.Unlock()
	for _, signed := range listed {
		if n.done(signed) {
			g.mu.Lock()
			g.overdue.Strike(signed.ID())
			g.mu.Unlock()
		}
	}
}
