package consensus

import (
	"context"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// peerServer serves other validators, whose names the transport has proved.
type peerServer struct {
	peerv1.UnimplementedPeerServiceServer
	node *Node
}

// ReadIndex gives the batch that covers everything accepted before the call.
func (p peerServer) ReadIndex(ctx context.Context, _ *peerv1.ReadIndexRequest) (*peerv1.ReadIndexResponse, error) {
	covers, err := p.node.readIndex(ctx)
	if err != nil {
		return nil, ToStatus(err)
	}
	return &peerv1.ReadIndexResponse{Epoch: covers.epoch, Batch: covers.batch}, nil
}

// AdvanceTime packs a batch whose time is later than the one given.
func (p peerServer) AdvanceTime(ctx context.Context, req *peerv1.AdvanceTimeRequest) (*peerv1.AdvanceTimeResponse, error) {
	n := p.node
	from, err := n.transport.PeerName(ctx)
	if err == nil && n.store.Head().TimeUnixMs <= req.GetPastUnixMs() {
		err = n.passFor(ctx, from, req.GetPastUnixMs())
	}
	if err != nil {
		return nil, ToStatus(err)
	}
	return &peerv1.AdvanceTimeResponse{}, nil
}

// Exchange carries finality's words.
func (p peerServer) Exchange(ctx context.Context, req *peerv1.ExchangeRequest) (*peerv1.ExchangeResponse, error) {
	from, err := p.node.transport.PeerName(ctx)
	if err != nil {
		return nil, ToStatus(err)
	}
	return p.node.finality.Exchange(ctx, from, req)
}

// Complain takes another validator's complaint of the leader.
func (p peerServer) Complain(ctx context.Context, req *peerv1.ComplainRequest) (*peerv1.ComplainResponse, error) {
	from, err := p.node.transport.PeerName(ctx)
	if err != nil {
		return nil, ToStatus(err)
	}
	if len(req.GetSignature()) != 64 {
		return nil, ToStatus(fmt.Errorf("complaint: signature is %d bytes, not 64: %w", len(req.GetSignature()), ErrField))
	}
	p.node.heardComplaint(from, checkpoint.Complaint{
		Validator: req.GetValidator(), Term: req.GetTerm(), Leader: req.GetLeader(), Signature: [64]byte(req.GetSignature()),
	})
	return &peerv1.ComplainResponse{}, nil
}

// Offer takes a transaction that the leader has not ordered for another validator.
func (p peerServer) Offer(ctx context.Context, req *peerv1.OfferRequest) (*peerv1.OfferResponse, error) {
	from, err := p.node.transport.PeerName(ctx)
	if err == nil {
		err = p.node.offeredBy(from, req.GetEnvelope())
	}
	if err != nil {
		return nil, ToStatus(err)
	}
	return &peerv1.OfferResponse{}, nil
}

// Proto gives the message form.
func (s Status) Proto() *apiv1.TransactionStatus {
	m := &apiv1.TransactionStatus{Id: s.ID[:], Stage: stageProto[s.Stage]}
	if s.Stage >= Accepted {
		m.Result = s.Result.Proto()
		m.LeafIndex, m.TimeUnixMs, m.LeafHash = s.LeafIndex, s.TimeUnixMs, s.LeafHash[:]
	}
	return m
}

var stageProto = map[Stage]apiv1.Stage{
	Unknown: apiv1.Stage_STAGE_UNSPECIFIED, Taken: apiv1.Stage_STAGE_PENDING, Accepted: apiv1.Stage_STAGE_ACCEPTED, Final: apiv1.Stage_STAGE_FINAL,
}

// StageOf reads the message form of a stage.
func StageOf(m apiv1.Stage) (Stage, error) {
	for stage, proto := range stageProto {
		if proto == m {
			return stage, nil
		}
	}
	return Unknown, fmt.Errorf("stage %d: %w", m, tx.ErrMalformed)
}
