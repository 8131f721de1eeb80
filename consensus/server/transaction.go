package server

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// Submit takes a transaction and waits for the stage asked for.
func (s *service) Submit(ctx context.Context, req *apiv1.SubmitRequest) (*apiv1.SubmitResponse, error) {
	wait, err := consensus.StageOf(req.GetWait())
	if err != nil {
		return nil, invalid("wait: %v", err)
	}
	ctx, cancel := margin(ctx)
	defer cancel()
	status, err := s.submit(ctx, req.GetEnvelope(), wait)
	if err != nil {
		return nil, consensus.ToStatus(err)
	}
	res := &apiv1.SubmitResponse{Status: status.Proto()}
	if !req.GetWantReceipt() {
		return res, nil
	}
	if r, promises := s.node.Promise(status.ID); promises {
		res.Receipt = &apiv1.SubmissionReceipt{
			Id: r.ID[:], SeenSize: r.SeenSize, IncludeBySize: r.IncludeBySize, Validator: r.Validator, Signature: r.Signature[:],
		}
	}
	return res, nil
}

// GetTransaction tells how far a transaction has come.
func (s *service) GetTransaction(ctx context.Context, req *apiv1.GetTransactionRequest) (*apiv1.GetTransactionResponse, error) {
	id, err := idOf(req.GetId())
	if err != nil {
		return nil, err
	}
	wait, err := consensus.StageOf(req.GetWait())
	if err != nil {
		return nil, invalid("wait: %v", err)
	}
	ctx, cancel := margin(ctx)
	defer cancel()
	status, err := s.node.Transaction(ctx, id, wait)
	if err != nil {
		return nil, consensus.ToStatus(err)
	}
	return &apiv1.GetTransactionResponse{Status: status.Proto()}, nil
}

// margin ends a wait a little before the caller's deadline, so that what is known by then still arrives, and before maxWait in any case.
func margin(ctx context.Context) (context.Context, context.CancelFunc) {
	left := maxWait
	if deadline, ok := ctx.Deadline(); ok {
		left = min(left, time.Until(deadline))
	}
	return context.WithTimeout(ctx, left-min(left/10, 100*time.Millisecond))
}

// ListPending lists the open transactions of an account to a key that may act on it.
func (s *service) ListPending(ctx context.Context, req *apiv1.ListPendingRequest) (*apiv1.ListPendingResponse, error) {
	account, err := accountOf(req.GetAccount())
	if err != nil {
		return nil, err
	}
	signer, err := key.ParsePublic(req.GetSigner())
	if err != nil {
		return nil, invalid("signer: %v", err)
	}
	if len(req.GetSignature()) != 64 {
		return nil, invalid("signature must be 64 bytes, not %d", len(req.GetSignature()))
	}
	const patience = uint64(5 * time.Minute / time.Millisecond)
	now, asked := uint64(time.Now().UnixMilli()), req.GetTimeUnixMs()
	if asked > now+patience || asked+patience < now {
		return nil, invalid("time_unix_ms is more than five minutes from this validator's clock")
	}
	digest := tx.PendingDigest(s.node.Network(), account, asked)
	if err := signer.Verify(digest, key.Signature(req.GetSignature())); err != nil {
		return nil, consensus.ToStatus(tx.ErrBadSignature)
	}
	r, err := s.read(ctx, apiv1.Freshness_FRESHNESS_LOCAL)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	may, err := r.State().MayAct(account, signer, r.TimeUnixMs)
	if err != nil {
		return nil, s.fatal(err)
	}
	if !may {
		return nil, consensus.ToStatus(&consensus.Refusal{Code: tx.Unauthorised})
	}
	res := &apiv1.ListPendingResponse{}
	for _, p := range s.node.Pending(account) {
		res.Transactions = append(res.Transactions, &apiv1.PendingTransaction{Id: p.ID[:], ExpiresAtUnixMs: p.ExpiresAtUnixMs})
	}
	return res, nil
}

// GetReceipt proves a final transaction.
func (s *service) GetReceipt(_ context.Context, req *apiv1.GetReceiptRequest) (*apiv1.GetReceiptResponse, error) {
	id, err := idOf(req.GetId())
	if err != nil {
		return nil, err
	}
	receipt, err := s.node.Receipt(id)
	if err != nil {
		return nil, consensus.ToStatus(err)
	}
	return &apiv1.GetReceiptResponse{Receipt: receipt.Proto()}, nil
}

// GetExpiryStatement signs that an expired transaction never was and never will be.
func (s *service) GetExpiryStatement(ctx context.Context, req *apiv1.GetExpiryStatementRequest) (*apiv1.GetExpiryStatementResponse, error) {
	id, err := idOf(req.GetId())
	if err != nil {
		return nil, err
	}
	if req.GetExpiresAtUnixMs() == 0 {
		return nil, invalid("expires_at_unix_ms must be set")
	}
	e, err := s.node.Expired(ctx, id, req.GetExpiresAtUnixMs())
	if err != nil {
		return nil, consensus.ToStatus(err)
	}
	return &apiv1.GetExpiryStatementResponse{Statement: &umojav1.ExpiryStatement{
		Id: e.ID[:], ExpiresAtUnixMs: e.ExpiresAtUnixMs, HeaderIndex: e.HeaderIndex, HeaderTimeUnixMs: e.HeaderTimeUnixMs,
		CheckpointRoot: e.Root[:], CheckpointSize: e.Size, Validator: e.Validator, Signature: e.Signature[:],
	}}, nil
}

// watchAhead is how far ahead of this node a caller may be who followed another.
const watchAhead = 1 << 20

// Watch streams final leaves from an index on.
func (s *service) Watch(req *apiv1.WatchRequest, stream grpc.ServerStreamingServer[apiv1.WatchResponse]) error {
	if head := s.node.Head().Size; req.GetFromLeaf() > head+watchAhead {
		return invalid("from_leaf is %d, and the history has %d leaves", req.GetFromLeaf(), head)
	}
	for next := req.GetFromLeaf(); ; next++ {
		if err := s.node.WaitFinal(stream.Context(), next); err != nil {
			return consensus.ToStatus(err)
		}
		leaf, err := s.node.Leaf(next)
		if err != nil {
			return consensus.ToStatus(err)
		}
		if err := stream.Send(&apiv1.WatchResponse{Entry: entryProto(leaf)}); err != nil {
			return err
		}
	}
}

func entryProto(l consensus.Leaf) *apiv1.HistoryEntry {
	return &apiv1.HistoryEntry{LeafIndex: l.Index, Leaf: l.Raw, TimeUnixMs: l.TimeUnixMs}
}

func idOf(raw []byte) (tx.ID, error) {
	if len(raw) != 32 {
		return tx.ID{}, invalid("id must be 32 bytes, not %d", len(raw))
	}
	return tx.ID(raw), nil
}

func accountOf(raw []byte) (tx.AccountID, error) {
	if len(raw) != 16 {
		return tx.AccountID{}, invalid("account must be 16 bytes, not %d", len(raw))
	}
	return tx.AccountID(raw), nil
}
