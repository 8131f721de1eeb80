package sdk

import (
	"context"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// Stage says how far a transaction has come, as one validator tells it.
type Stage uint8

// The stages, in order.
const (
	// StageUnknown means no validator asked knows the id. That is no outcome: it may be on its way.
	StageUnknown Stage = iota
	// StagePending means a validator took it and it is not ordered yet.
	StagePending
	// StageAccepted means it is applied and its result may still change.
	StageAccepted
	// StageFinal means its result cannot change.
	StageFinal
)

// Outcome is what became of a transaction.
type Outcome struct {
	// ID is the transaction's.
	ID tx.ID
	// Final says that Result, LeafIndex and ReceiptCode are proved by a receipt that was verified against the genesis.
	Final bool
	// Result is what the ledger recorded: tx.OK, or the rule that was broken, in which case no money moved; and the legs of a bulk
	// transfer that were refused while the others stand. Invariant: provisional unless Final.
	Result tx.Result
	// Expired says that the transaction was never made and never can be, by the statements of f+1 validators. Invariant:
	// never together with Final.
	Expired bool
	// LeafIndex is the place in the history.
	LeafIndex uint64
	// TimeUnixMs is ledger time, as the validator tells it: a receipt proves order, not time.
	TimeUnixMs uint64
	// ReceiptCode is the 8 characters that a phone shows, made of the proved leaf.
	ReceiptCode string
	// Stage is the furthest that a validator told of. Invariant: StageFinal exactly when Final.
	Stage Stage
}

// Applied says that the transaction is final and did what it says.
func (o Outcome) Applied() bool { return o.Final && o.Result.Code == tx.OK }

// Receipt fetches the receipt of a final transaction and verifies it against the genesis. ErrNotFound means that f+1
// validators know no such transaction.
func (c *Client) Receipt(ctx context.Context, id tx.ID) (checkpoint.Receipt, *checkpoint.Verified, error) {
	var receipt checkpoint.Receipt
	var verified *checkpoint.Verified
	err := c.read(ctx, func(ctx context.Context, v *validator) (err error) {
		receipt, verified, err = c.receipt(ctx, v, id)
		return err
	})
	if err != nil {
		return checkpoint.Receipt{}, nil, fmt.Errorf("get receipt: %w", err)
	}
	return receipt, verified, nil
}

// Verify checks a receipt against the genesis, offline.
func (c *Client) Verify(receipt checkpoint.Receipt) (*checkpoint.Verified, error) {
	return receipt.Verify(c.config.Genesis.Trust())
}

// receipt fetches and verifies one validator's receipt of an id.
func (c *Client) receipt(ctx context.Context, v *validator, id tx.ID) (checkpoint.Receipt, *checkpoint.Verified, error) {
	res, err := v.GetReceipt(ctx, &apiv1.GetReceiptRequest{Id: id[:]})
	if err != nil {
		return checkpoint.Receipt{}, nil, err
	}
	receipt, verified, err := c.prove(res.GetReceipt(), id)
	if err != nil {
		c.log.Warn("receipt of a validator does not verify", "validator", v.address, "error", err)
		return checkpoint.Receipt{}, nil, fmt.Errorf("%v: %w", err, ErrBadAnswer)
	}
	c.seen(verified.Checkpoint.Size)
	return receipt, verified, nil
}

// prove says whether a receipt decides the id.
func (c *Client) prove(m *umojav1.Receipt, id tx.ID) (checkpoint.Receipt, *checkpoint.Verified, error) {
	receipt, err := checkpoint.ReceiptOf(m)
	if err != nil {
		return receipt, nil, err
	}
	verified, err := receipt.Verify(c.config.Genesis.Trust())
	if err != nil {
		return receipt, nil, err
	}
	if verified.Transaction.ID() != id {
		return receipt, nil, fmt.Errorf("receipt is of transaction %s", verified.Transaction.ID())
	}
	if !verified.Record.Result.Code.Decides() {
		// Such a leaf is a true one, of an envelope only: the id may still be decided otherwise.
		return receipt, nil, fmt.Errorf("receipt is of an envelope that was refused (%s)", verified.Record.Result.Code)
	}
	return receipt, verified, nil
}

// expiryStatement fetches and verifies one validator's word that the id can never have a leaf.
func (c *Client) expiryStatement(ctx context.Context, v *validator, id tx.ID, expiresAtUnixMs uint64) (*checkpoint.ExpiryStatement, error) {
	res, err := v.GetExpiryStatement(ctx, &apiv1.GetExpiryStatementRequest{Id: id[:], ExpiresAtUnixMs: expiresAtUnixMs})
	if err != nil {
		return nil, err
	}
	m := res.GetStatement()
	if len(m.GetId()) != 32 || len(m.GetCheckpointRoot()) != 32 || len(m.GetSignature()) != 64 {
		return nil, fmt.Errorf("expiry statement: length of a field: %w", ErrBadAnswer)
	}
	e := &checkpoint.ExpiryStatement{
		ID: tx.ID(m.GetId()), ExpiresAtUnixMs: m.GetExpiresAtUnixMs(), HeaderIndex: m.GetHeaderIndex(),
		HeaderTimeUnixMs: m.GetHeaderTimeUnixMs(), Root: [32]byte(m.GetCheckpointRoot()), Size: m.GetCheckpointSize(),
		Validator: m.GetValidator(), Signature: [64]byte(m.GetSignature()),
	}
	g := c.config.Genesis
	if err := e.Verify(g.Network(), g.ValidatorSet(), id, expiresAtUnixMs); err != nil {
		c.log.Warn("expiry statement of a validator does not verify", "validator", v.address, "error", err)
		return nil, fmt.Errorf("%v: %w", err, ErrBadAnswer)
	}
	return e, nil
}
