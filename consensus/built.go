package consensus

import (
	"bytes"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// builtBatch is the batch that this node has packed and handed to raft. To pack it the packer has applied every transaction, so the FSM, which gets it back
// when it is committed, need not parse it and find out again what it does: it waits for what the packer has found, which ends before raft
// does. The effects are those of one head, and are taken for that head only (ledger.ApplyBuilt).
type builtBatch struct {
	raw   []byte
	batch *tx.Batch
	// done is closed when effects is there: nil when the packer could not find them, and then the FSM does.
	done    chan struct{}
	effects *ledger.Effects
}

// find tells what the batch does. The view that the builder began with must still be open.
func (b *builtBatch) find(network tx.NetworkID, builder *ledger.Builder) {
	defer close(b.done)
	if fx, err := builder.Effects(network, b.batch); err == nil { // Else the FSM meets the same error.
		b.effects = fx
	}
}

// ownBatch gives the batch of an entry, if this node has packed it last; else nil.
func (n *Node) ownBatch(raw []byte) *builtBatch {
	if b := n.built.Load(); b != nil && bytes.Equal(b.raw, raw) {
		return b
	}
	return nil
}

// wait gives what the packer has found; nil when it has found nothing, or has not packed the batch.
func (b *builtBatch) wait() *ledger.Effects {
	if b == nil {
		return nil
	}
	<-b.done
	return b.effects
}

// parse reads the batch of an entry, unless the node has made it.
func (n *Node) parse(raw []byte, own *builtBatch) (*tx.Batch, error) {
	if own != nil {
		return own.batch, nil
	}
	return n.parsed.applied(n.network, raw)
}
