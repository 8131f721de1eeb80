package sdktest

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// history is the leaves with what finds them.
type history struct {
	leaves    []ledger.Leaf
	times     []uint64
	byID      map[[32]byte]uint64
	byAccount map[tx.AccountID][]uint64
}

func newHistory() history {
	return history{byID: make(map[[32]byte]uint64), byAccount: make(map[tx.AccountID][]uint64)}
}

func (h *history) append(fx *ledger.Effects) {
	for _, leaf := range fx.Leaves {
		h.leaves = append(h.leaves, leaf)
		h.times = append(h.times, fx.After.TimeUnixMs)
		if leaf.Lookup != [32]byte{} {
			h.byID[leaf.Lookup] = leaf.Index
		}
		for _, a := range leaf.Accounts {
			h.byAccount[a] = append(h.byAccount[a], leaf.Index)
		}
	}
}

// order makes a batch of the transactions and applies it. A failure is a bug of the test or of the rules.
func (n *Network) order(transactions ...*tx.Signed) ledger.Outcome {
	var envelopes [][]byte
	for _, signed := range transactions {
		envelopes = append(envelopes, signed.Envelope())
	}
	head := n.accepted.Head()
	header := tx.BatchHeader{Epoch: head.Epoch, Number: head.Batch + 1, PreviousHash: head.BatchHash, TimeUnixMs: max(head.TimeUnixMs, n.now())}
	n.begins(&header, head)
	batch, err := tx.ParseBatch(n.Network, tx.SealBatch(n.Network, header, envelopes, n.World.Validators[header.Leader]))
	if err != nil {
		panic(fmt.Sprintf("sdktest: seal batch: %v", err))
	}
	fx, err := ledger.Apply(n.accepted, head, n.Network, ledger.Verify(n.Network), batch)
	if err != nil {
		panic(fmt.Sprintf("sdktest: apply batch: %v", err))
	}
	n.commit(fx)
	if !n.holdFinality {
		n.finalise()
	}
	n.moved()
	if len(fx.Outcomes) == 0 {
		return ledger.Outcome{}
	}
	return fx.Outcomes[0]
}

func (n *Network) commit(fx *ledger.Effects) {
	if err := n.accepted.Commit(fx); err != nil {
		panic("sdktest: " + err.Error())
	}
	n.history.append(fx)
	n.queue = append(n.queue, fx)
}

func (n *Network) finalise() {
	for _, fx := range n.queue {
		if err := n.final.Commit(fx); err != nil {
			panic("sdktest: " + err.Error())
		}
		n.succeed()
	}
	n.queue = nil
}

// checkpoint is the final checkpoint with everybody's cosignature.
func (n *Network) checkpoint() []byte {
	head := n.final.Head()
	c := checkpoint.Checkpoint{Network: n.Network, Size: head.Size, Root: head.Root}
	var cosigs []checkpoint.Cosignature
	set := n.sets.At(head.Size)
	for _, v := range set {
		cosigs = append(cosigs, c.Cosign(v.Name, n.World.Validators[v.Name], head.TimeUnixMs/1000))
	}
	note, err := c.Seal(set, cosigs)
	if err != nil {
		panic(fmt.Sprintf("sdktest: seal checkpoint: %v", err))
	}
	return note
}

// receipt proves a final leaf.
func (n *Network) receipt(index uint64) checkpoint.Receipt {
	proof, err := tlog.ProveRecord(int64(n.final.Head().Size), int64(index), n.final)
	if err != nil {
		panic(fmt.Sprintf("sdktest: prove leaf %d: %v", index, err))
	}
	r := checkpoint.Receipt{Proof: checkpoint.Proof{Leaf: n.history.leaves[index].Raw, LeafIndex: index, Checkpoint: n.checkpoint()}}
	for _, h := range proof {
		r.Inclusion = append(r.Inclusion, h)
	}
	r.Changes = n.sets.Changes[:len(n.sets.Changes)-len(n.sets.After(n.final.Head().Size-1))]
	return r
}
