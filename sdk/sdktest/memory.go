package sdktest

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// memory is a state in memory: a ledger.View with its head.
type memory struct {
	entries map[string][]byte
	hashes  []tlog.Hash
	head    ledger.Head
}

func newMemory() *memory { return &memory{entries: make(map[string][]byte)} }

// Get reads an entry.
func (m *memory) Get(key []byte) ([]byte, error) { return m.entries[string(key)], nil }

// Scan lists entries in order.
func (m *memory) Scan(prefix, from []byte, limit int) ([]ledger.Entry, error) {
	var keys []string
	for k := range m.entries {
		if strings.HasPrefix(k, string(prefix)) && k >= string(from) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	var out []ledger.Entry
	for _, k := range keys[:min(limit, len(keys))] {
		out = append(out, ledger.Entry{Key: []byte(k), Value: m.entries[k]})
	}
	return out, nil
}

// ReadHashes reads stored hashes of the tree.
func (m *memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(m.hashes)) {
			return nil, fmt.Errorf("stored hash %d is not there", index)
		}
		out[i] = m.hashes[index]
	}
	return out, nil
}

func (m *memory) apply(fx *ledger.Effects) {
	for _, c := range fx.Changes {
		if c.After == nil {
			delete(m.entries, string(c.Key))
		} else {
			m.entries[string(c.Key)] = c.After
		}
	}
	m.hashes = append(m.hashes, fx.Hashes...)
	m.head = fx.After
}

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
	head, leader := n.accepted.head, n.Set[0].Name
	header := tx.BatchHeader{
		Epoch: head.Epoch, Number: head.Batch + 1, PreviousHash: head.BatchHash, TimeUnixMs: max(head.TimeUnixMs, n.now()), Leader: leader,
	}
	batch, err := tx.ParseBatch(n.Network, tx.SealBatch(n.Network, header, envelopes, n.World.Validators[leader]))
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
	n.accepted.apply(fx)
	n.history.append(fx)
	n.queue = append(n.queue, fx)
}

func (n *Network) finalise() {
	for _, fx := range n.queue {
		n.final.apply(fx)
	}
	n.queue = nil
}

// checkpoint is the final checkpoint with everybody's cosignature.
func (n *Network) checkpoint() []byte {
	head := n.final.head
	c := checkpoint.Checkpoint{Network: n.Network, Size: head.Size, Root: head.Root}
	var cosigs []checkpoint.Cosignature
	for _, v := range n.Set {
		cosigs = append(cosigs, c.Cosign(v.Name, n.World.Validators[v.Name], head.TimeUnixMs/1000))
	}
	note, err := c.Seal(n.Set, cosigs)
	if err != nil {
		panic(fmt.Sprintf("sdktest: seal checkpoint: %v", err))
	}
	return note
}

// receipt proves a final leaf.
func (n *Network) receipt(index uint64) checkpoint.Receipt {
	proof, err := tlog.ProveRecord(int64(n.final.head.Size), int64(index), n.final)
	if err != nil {
		panic(fmt.Sprintf("sdktest: prove leaf %d: %v", index, err))
	}
	r := checkpoint.Receipt{Proof: checkpoint.Proof{Leaf: n.history.leaves[index].Raw, LeafIndex: index, Checkpoint: n.checkpoint()}}
	for _, h := range proof {
		r.Inclusion = append(r.Inclusion, h)
	}
	return r
}
