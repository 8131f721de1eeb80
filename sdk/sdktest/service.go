package sdktest

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// service answers for one validator, from the one true ledger.
type service struct {
	apiv1.UnimplementedLedgerServiceServer
	network   *Network
	validator *Validator
}

// read runs f on the state of the freshness, with the lock held.
func (s *service) read(f apiv1.Freshness, read func(m *ledgertest.Memory) error) error {
	n := s.network
	n.mu.Lock()
	defer n.mu.Unlock()
	if f == apiv1.Freshness_FRESHNESS_ACCEPTED || f == apiv1.Freshness_FRESHNESS_LOCAL {
		return read(n.accepted)
	}
	return read(n.final)
}

func asOf(m *ledgertest.Memory) *apiv1.AsOf {
	return &apiv1.AsOf{Size: m.Head().Size, TimeUnixMs: m.Head().TimeUnixMs}
}

// ingress refuses what is not to be ordered: ill formed, badly signed, expired or not admitted.
func (n *Network) ingress(signed *tx.Signed) error {
	if signed.Body.ExpiresAtUnixMs < n.now() {
		return Refusal("EXPIRED")
	}
	head := n.accepted.Head()
	batch, err := ledger.Build(n.accepted, head, max(head.TimeUnixMs, n.now()))
	if err != nil {
		return err
	}
	code, err := batch.Add(signed)
	if err == nil && code != tx.OK {
		err = Refusal(code.String())
	}
	return err
}

// Submit orders a transaction and waits.
func (s *service) Submit(ctx context.Context, req *apiv1.SubmitRequest) (*apiv1.SubmitResponse, error) {
	n := s.network
	signed, err := ledger.Verify(n.Network)(req.GetEnvelope())
	switch {
	case errors.Is(err, tx.ErrTooLarge):
		return nil, Refusal("TOO_LARGE")
	case errors.Is(err, tx.ErrNotCanonical):
		return nil, Refusal("NOT_CANONICAL")
	case errors.Is(err, tx.ErrBadSignature):
		return nil, Refusal("BAD_SIGNATURE")
	case err != nil:
		return nil, Refusal("MALFORMED")
	}
	if err := s.take(signed); err != nil {
		return nil, err
	}
	res := &apiv1.SubmitResponse{Status: s.await(ctx, signed.ID(), req.GetWait())}
	if req.GetWantReceipt() {
		res.Receipt = s.promise(signed.ID())
	}
	return res, nil
}

// promise signs a submission receipt.
func (s *service) promise(id tx.ID) *apiv1.SubmissionReceipt {
	n := s.network
	n.mu.Lock()
	size := n.accepted.Head().Size
	n.mu.Unlock()
	r := checkpoint.SubmissionReceipt{ID: id, SeenSize: size, IncludeBySize: size + 1000, Validator: s.validator.Name}
	r = r.Sign(n.Network, n.World.Validators[s.validator.Name])
	return &apiv1.SubmissionReceipt{
		Id: r.ID[:], SeenSize: r.SeenSize, IncludeBySize: r.IncludeBySize, Validator: r.Validator, Signature: r.Signature[:],
	}
}

// take orders a transaction that is new, or holds it.
func (s *service) take(signed *tx.Signed) error {
	n := s.network
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.status(signed.ID()).GetStage() != apiv1.Stage_STAGE_UNSPECIFIED {
		return nil
	}
	if err := n.ingress(signed); err != nil {
		return err
	}
	if n.holdOrder {
		n.held = append(n.held, signed)
		n.moved()
	} else {
		n.order(signed)
	}
	return nil
}

// status is what is known of an id; the lock is held.
func (n *Network) status(id tx.ID) *apiv1.TransactionStatus {
	st := &apiv1.TransactionStatus{Id: id[:]}
	index, ok := n.history.byID[id]
	if !ok {
		for _, h := range n.held {
			if h.ID() == id {
				st.Stage = apiv1.Stage_STAGE_PENDING
			}
		}
		return st
	}
	raw := n.history.leaves[index].Raw
	leaf, err := tx.ParseLeaf(raw)
	if err != nil {
		panic("sdktest: leaf of its own making: " + err.Error())
	}
	hash := checkpoint.LeafHash(raw)
	st.Stage, st.LeafIndex, st.TimeUnixMs, st.LeafHash = apiv1.Stage_STAGE_ACCEPTED, index, n.history.times[index], hash[:]
	st.Result = leaf.Record.Result.Proto()
	if index < n.final.Head().Size {
		st.Stage = apiv1.Stage_STAGE_FINAL
	}
	return st
}

// await waits for a stage or the end of the call, and tells what is known then.
func (s *service) await(ctx context.Context, id tx.ID, stage apiv1.Stage) *apiv1.TransactionStatus {
	var st *apiv1.TransactionStatus
	_ = s.network.wait(ctx, func() bool { // At the end of the call the answer is what is known.
		st = s.network.status(id)
		return st.GetStage() >= stage
	})
	return st
}

// GetTransaction tells how far a transaction is.
func (s *service) GetTransaction(ctx context.Context, req *apiv1.GetTransactionRequest) (*apiv1.GetTransactionResponse, error) {
	return &apiv1.GetTransactionResponse{Status: s.await(ctx, tx.ID(req.GetId()), req.GetWait())}, nil
}

// ListPending lists what is not final.
func (s *service) ListPending(_ context.Context, req *apiv1.ListPendingRequest) (*apiv1.ListPendingResponse, error) {
	n := s.network
	account, signer := tx.AccountID(req.GetAccount()), key.Public(req.GetSigner())
	digest := tx.PendingDigest(n.Network, account, req.GetTimeUnixMs())
	if err := signer.Verify(digest, key.Signature(req.GetSignature())); err != nil {
		return nil, Refusal("BAD_SIGNATURE")
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	may, err := ledger.Read(n.accepted).MayAct(account, signer, n.accepted.Head().TimeUnixMs)
	if err != nil {
		return nil, err
	}
	if !may {
		return nil, Refusal("UNAUTHORISED")
	}
	res := &apiv1.ListPendingResponse{}
	for _, signed := range n.open() {
		for _, a := range signed.Body.Accounts() {
			if id := signed.ID(); a == account {
				res.Transactions = append(res.Transactions, &apiv1.PendingTransaction{Id: id[:], ExpiresAtUnixMs: signed.Body.ExpiresAtUnixMs})
			}
		}
	}
	return res, nil
}

// open lists what was taken and is not final.
func (n *Network) open() []*tx.Signed {
	all := append([]*tx.Signed(nil), n.held...)
	for _, leaf := range n.history.leaves[n.final.Head().Size:] {
		parsed, err := tx.ParseLeaf(leaf.Raw)
		if err != nil || parsed.Record == nil {
			continue
		}
		if signed, err := tx.Parse(n.Network, parsed.Record.Envelope); err == nil {
			all = append(all, signed)
		}
	}
	return all
}

// GetReceipt proves a transaction.
func (s *service) GetReceipt(_ context.Context, req *apiv1.GetReceiptRequest) (*apiv1.GetReceiptResponse, error) {
	n := s.network
	n.mu.Lock()
	defer n.mu.Unlock()
	index, ok := n.history.byID[[32]byte(req.GetId())]
	switch {
	case !ok:
		return nil, Refusal("NOT_FOUND")
	case index >= n.final.Head().Size:
		return nil, Refusal("NOT_FINAL")
	}
	return &apiv1.GetReceiptResponse{Receipt: n.receipt(index).Proto()}, nil
}

// GetCheckpoint gives the final checkpoint, and how the history grew.
func (s *service) GetCheckpoint(_ context.Context, req *apiv1.GetCheckpointRequest) (*apiv1.GetCheckpointResponse, error) {
	n := s.network
	n.mu.Lock()
	defer n.mu.Unlock()
	changes := n.sets.Changes
	if hash := req.GetValidatorSetHash(); len(hash) == 32 {
		var known bool
		if changes, known = n.sets.AfterSet([32]byte(hash), req.GetFromSize()); !known {
			return nil, Refusal("NOT_FOUND")
		}
	}
	res := &apiv1.GetCheckpointResponse{Checkpoint: n.checkpoint(), Changes: checkpoint.ChangesProto(changes)}
	size := n.final.Head().Size
	from, to := req.GetFromSize(), req.GetToSize()
	if to == 0 {
		to = size
	}
	switch {
	case to > size:
		return nil, Refusal("NOT_FOUND")
	case from == 0 || from > to:
		return res, nil
	}
	root, err := tlog.TreeHash(int64(from), n.final)
	if err != nil {
		panic(fmt.Sprintf("sdktest: root of %d: %v", from, err))
	}
	proof, err := tlog.ProveTree(int64(to), int64(from), n.final)
	if err != nil {
		panic(fmt.Sprintf("sdktest: prove growth: %v", err))
	}
	res.FromRoot = root[:]
	for _, h := range proof {
		res.Consistency = append(res.Consistency, h[:])
	}
	return res, nil
}

// GetExpiryStatement signs that an id has no leaf and never will.
func (s *service) GetExpiryStatement(_ context.Context, req *apiv1.GetExpiryStatementRequest) (*apiv1.GetExpiryStatementResponse, error) {
	n := s.network
	n.mu.Lock()
	defer n.mu.Unlock()
	id, expires := tx.ID(req.GetId()), req.GetExpiresAtUnixMs()
	if _, ok := n.history.byID[id]; ok || n.now() <= expires {
		return nil, Refusal("NOT_EXPIRED")
	}
	if n.accepted.Head().TimeUnixMs <= expires {
		n.order() // Asking makes an empty batch due, so that an idle ledger passes the expiry.
	}
	head := n.final.Head()
	if head.TimeUnixMs <= expires {
		return nil, Refusal("NOT_EXPIRED")
	}
	return s.validator.SignExpiry(checkpoint.ExpiryStatement{
		ID: id, ExpiresAtUnixMs: expires, HeaderIndex: head.Size - 1, HeaderTimeUnixMs: head.TimeUnixMs, Root: head.Root, Size: head.Size,
	}), nil
}

// SignExpiry signs a statement as the validator, true or not.
func (v *Validator) SignExpiry(e checkpoint.ExpiryStatement) *apiv1.GetExpiryStatementResponse {
	e.Validator = v.Name
	e = e.Sign(v.network.Network, v.network.World.Validators[v.Name])
	return &apiv1.GetExpiryStatementResponse{Statement: &umojav1.ExpiryStatement{
		Id: e.ID[:], ExpiresAtUnixMs: e.ExpiresAtUnixMs, HeaderIndex: e.HeaderIndex, HeaderTimeUnixMs: e.HeaderTimeUnixMs,
		CheckpointRoot: e.Root[:], CheckpointSize: e.Size, Validator: e.Validator, Signature: e.Signature[:],
	}}
}

// Watch streams final leaves.
func (s *service) Watch(req *apiv1.WatchRequest, stream grpc.ServerStreamingServer[apiv1.WatchResponse]) error {
	n := s.network
	for next := req.GetFromLeaf(); ; next++ {
		var entry *apiv1.HistoryEntry
		err := n.wait(stream.Context(), func() bool {
			if next < n.final.Head().Size {
				entry = n.entry(next)
			}
			return entry != nil
		})
		if err != nil {
			return status.FromContextError(err).Err()
		}
		if err := stream.Send(&apiv1.WatchResponse{Entry: entry}); err != nil {
			return err
		}
	}
}

func (n *Network) entry(index uint64) *apiv1.HistoryEntry {
	return &apiv1.HistoryEntry{LeafIndex: index, Leaf: n.history.leaves[index].Raw, TimeUnixMs: n.history.times[index]}
}

// invalid is the answer to a field that breaks a rule.
func invalid(text string) error { return status.Error(codes.InvalidArgument, text) }
