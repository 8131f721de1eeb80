package consensus

// A batch's time is its leader's word. Clocks are for attesting, packing only: no batch is void by one, since
// clocks differ and a state may not. What nobody attests is taken back by the next epoch, and with it the time.

// maxAheadMs is how far a batch may be ahead of a validator's clock when it attests it: SPEC.md, 5.8.
const maxAheadMs = 10_000

// early says whether a time is too far ahead of the clock of this node. One that is not later than what is final, or than where the epoch starts, is not: it
// can not be taken back, and all would wait for their clocks in vain, while payments can go on as time stands still. An epoch starts at what is
// final or certified, so honest validators have attested that time.
func (n *Node) early(timeUnixMs uint64) bool {
	if timeUnixMs <= n.nowUnixMs()+maxAheadMs || timeUnixMs <= n.store.FinalHead().TimeUnixMs {
		return false
	}
	start, err := n.epochStart(n.store.Head())
	return err != nil || timeUnixMs > start.TimeUnixMs
}

// mayAttest says whether the clock has come to the batch at a size of the own tree, and so to all before it, and nothing overdue
// is left out of it.
func (n *Node) mayAttest(size uint64) bool {
	h, err := n.store.HeaderAfter(size - 1)
	return err == nil && h.Size == size && !n.early(h.TimeUnixMs) && !n.leavesOutOverdue()
}

func (n *Node) nowUnixMs() uint64 { return uint64(n.now().UnixMilli()) }
