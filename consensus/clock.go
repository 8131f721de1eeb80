package consensus

import (
	"sync/atomic"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// A batch's time is its leader's word. Clocks are for attesting, packing and complaining only: no batch is void by one, since
// clocks differ and a state may not. What nobody attests is taken back by the next epoch, and with it the time.

// maxAheadMs is how far a batch may be ahead of a validator's clock when it attests it: SPEC.md, 5.8.
const maxAheadMs = 10_000

// clock is what this node remembers to judge batches by its clock.
type clock struct {
	// newest is the place of the batch that was applied last; nil after a start.
	newest atomic.Pointer[batchPlace]
}

// early says whether a time is too far ahead of the clock of this node. One that is not later than what is final is not: it
// can not be taken back, and all would wait for their clocks in vain, while payments can go on as time stands still.
func (n *Node) early(timeUnixMs uint64) bool {
	return timeUnixMs > n.nowUnixMs()+maxAheadMs && timeUnixMs > n.store.FinalHead().TimeUnixMs
}

// mayAttest says whether the clock has come to the batch at a size of the own tree, and so to all before it, and nothing overdue
// is left out of it.
func (n *Node) mayAttest(size uint64) bool {
	h, err := n.store.HeaderAfter(size - 1)
	return err == nil && h.Size == size && !n.early(h.TimeUnixMs) && !n.leavesOutOverdue()
}

// ledBy notes who made the batch that was applied last.
func (c *clock) ledBy(h tx.BatchHeader) {
	c.newest.Store(&batchPlace{h.Leader, h.Epoch, h.Term, h.Number})
}

// hurries says whether the newest batch is one of the leader of this term, and too early: its clock is wrong, and as long as
// it leads nothing becomes final.
func (n *Node) hurries(leader string, term uint64) bool {
	newest, head := n.clock.newest.Load(), n.store.Head()
	return newest != nil && newest.leader == leader && newest.term == term && newest.number == head.Batch && newest.epoch == head.Epoch &&
		n.early(head.TimeUnixMs)
}

func (n *Node) nowUnixMs() uint64 { return uint64(n.now().UnixMilli()) }
