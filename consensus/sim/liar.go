package sim

import (
	"context"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// liar is a validator's keys in bad hands. Its node runs on, since a liar knows what everybody knows; its tap changes what
// the node says, and say sends whatever the liar likes, in its own name.
type liar struct {
	*member
}

// liars are the liars of the run.
func (c *chaos) liars() []liar {
	var out []liar
	for _, m := range c.cluster.lying() {
		out = append(out, liar{m})
	}
	return out
}

// liePatience is how long a liar waits for an answer to one of its lies.
const liePatience = 2 * time.Second

// link is a way past the liar's own tap; nil while its node is down.
func (l liar) link(to string) *link {
	life := l.cluster.wire.lifeOf(l.name)
	if life == nil || life.isDead() {
		return nil
	}
	return &link{from: life, to: to, raw: true}
}

// say makes a call. An error is the victim's refusal, or the network's.
func (l liar) say(ctx context.Context, to, method string, args, reply protoMessage) error {
	link := l.link(to)
	if link == nil {
		return errUnreachable
	}
	ctx, cancel := context.WithTimeout(ctx, liePatience)
	defer cancel()
	ctx = metadata.NewOutgoingContext(ctx, nil)
	return link.Invoke(ctx, method, args, reply)
}

// header says who speaks, truly: the filter would not take another name.
func (l liar) header() *peerv1.RaftHeader {
	return &peerv1.RaftHeader{ProtocolVersion: 3, Id: []byte(l.name), Addr: []byte(l.name)}
}

// pays makes the envelope of a payment that nobody else makes.
func (c *chaos) pays() []byte {
	c.workload.mu.Lock()
	c.workload.nonce++
	n := 1_000_000 + c.workload.nonce
	c.workload.mu.Unlock()
	return c.envelope(n, 1+amount.Amount(n%50), false)
}

// envelope is a payment of the issuer; a spoiled one has a bad signature.
func (c *chaos) envelope(n uint64, a amount.Amount, spoiled bool) []byte {
	world := c.cluster.world
	body, err := tx.Body{
		Nonce: world.Nonce(n), ExpiresAtUnixMs: uint64(c.cluster.now().Add(30 * time.Minute).UnixMilli()),
		Operations: []tx.Operation{tx.Transfer{Debit: world.IssuerAccount, Credit: world.Juma.Account, Asset: ledgertest.KES, Amount: a}},
	}.Encode()
	if err != nil {
		return nil
	}
	signer := world.Issuer
	if spoiled {
		signer = world.Provider
	}
	signed, err := tx.Seal(world.Network, body, signer)
	if err != nil {
		return nil
	}
	envelope := signed.Envelope()
	if spoiled && len(envelope) > 0 {
		envelope[len(envelope)-1] ^= 1
	}
	return envelope
}

// batch is a batch that continues a head, sealed by a liar for an entry of a term.
func (c *chaos) batch(l liar, term uint64, head ledger.Head, envelopes ...[]byte) []byte {
	world := c.cluster.world
	return tx.SealBatch(world.Network, tx.BatchHeader{
		Epoch: head.Epoch, Number: head.Batch + 1, PreviousHash: head.BatchHash,
		TimeUnixMs: max(head.TimeUnixMs+1, uint64(c.cluster.now().UnixMilli())), Leader: l.name,
		Term: term,
	}, envelopes, world.Validators[l.name])
}

// resealed is the batch of an entry, made anew with other envelopes by a leader that lies; nil when the entry is none.
func (c *chaos) resealed(l liar, data []byte, envelopes ...[]byte) []byte {
	world := c.cluster.world
	b, err := tx.ParseBatch(world.Network, data)
	if err != nil || b.Header.Leader != l.name {
		return nil
	}
	h := b.Header
	h.TimeUnixMs++
	return tx.SealBatch(world.Network, h, envelopes, world.Validators[l.name])
}

// vote signs a word of finality.
func (c *chaos) vote(l liar, kind checkpoint.VoteKind, v checkpoint.Vote) *peerv1.Vote {
	sig := v.Sign(c.cluster.world.Network, kind, c.cluster.world.Validators[l.name])
	return &peerv1.Vote{Epoch: v.Epoch, Size: v.Size, Root: v.Root[:], Signature: sig[:]}
}

// agreement is everything that a liar can sign for a tree.
func (c *chaos) agreement(l liar, v checkpoint.Vote) *peerv1.FinalityMessages {
	point := checkpoint.Checkpoint{Network: c.cluster.world.Network, Size: v.Size, Root: v.Root}
	cosig := point.Cosign(l.name, c.cluster.world.Validators[l.name], uint64(c.cluster.now().Unix()))
	return &peerv1.FinalityMessages{
		Validator: l.name, Attestation: c.vote(l, checkpoint.Attestation, v), Ratification: c.vote(l, checkpoint.Ratification, v),
		Cosignature: &peerv1.Cosignature{Size: v.Size, Root: v.Root[:], TimeUnixS: cosig.TimeUnixS, Signature: cosig.Signature[:]},
	}
}

// The methods that liars call.
const (
	callAppend     = "/umoja.peer.v1.RaftService/AppendEntries"
	callHeartbeat  = "/umoja.peer.v1.RaftService/Heartbeat"
	callVote       = "/umoja.peer.v1.RaftService/RequestVote"
	callPreVote    = "/umoja.peer.v1.RaftService/RequestPreVote"
	callTimeoutNow = "/umoja.peer.v1.RaftService/TimeoutNow"
	callInstall    = "/umoja.peer.v1.RaftService/InstallSnapshot"
	callForward    = "/umoja.peer.v1.PeerService/Forward"
	callExchange   = "/umoja.peer.v1.PeerService/Exchange"
)
