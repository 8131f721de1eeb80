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

// Verify checks a receipt offline: against the genesis, and the validator sets that this client has seen.
func (c *Client) Verify(receipt checkpoint.Receipt) (*checkpoint.Verified, error) {
	return c.light.Verify(receipt)
}

// receipt fetches and verifies one validator's receipt of an id.
func (c *Client) receipt(ctx context.Context, v *validator, id tx.ID) (checkpoint.Receipt, *checkpoint.Verified, error) {
	res, err := v.GetReceipt(ctx, &apiv1.GetReceiptRequest{Id: id[:]})
	if err != nil {
		return checkpoint.Receipt{}, nil, err
	}
	receipt, verified, err := c.prove(ctx, v, res.GetReceipt(), id)
	if err != nil {
		c.log.Warn("receipt of a validator does not verify", "validator", v.address, "error", err)
		return checkpoint.Receipt{}, nil, fmt.Errorf("%v: %w", err, ErrBadAnswer)
	}
	c.seen(verified.Checkpoint.Size)
	return receipt, verified, nil
}

// prove says whether a receipt decides the id.
func (c *Client) prove(ctx context.Context, v *validator, m *umojav1.Receipt, id tx.ID) (checkpoint.Receipt, *checkpoint.Verified, error) {
	receipt, err := checkpoint.ReceiptOf(m)
	if err != nil {
		return receipt, nil, err
	}
	verified, err := c.verify(ctx, v, receipt)
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

// verify checks a validator's receipt. One of a set that is not known yet makes the client learn it. One of a set that is in force no
// more, whose keys may have leaked since, has to be of the history that was seen.
func (c *Client) verify(ctx context.Context, v *validator, r checkpoint.Receipt) (*checkpoint.Verified, error) {
	verified, err := c.light.Verify(r)
	if err != nil && !isFork(err) || len(r.Changes) > len(c.light.seen().changes) {
		if learnt := c.learn(ctx, v); learnt != nil {
			c.log.Debug("validator did not prove the validator sets", "validator", v.address, "error", learnt)
		}
		verified, err = c.light.Verify(r)
	}
	if err != nil {
		return nil, err
	}
	s := c.light.seen()
	if size := verified.Checkpoint.Size; size <= s.boundary() && size < s.highest.Size {
		if err := c.within(ctx, v, size, verified.Checkpoint.Root); err != nil {
			return nil, fmt.Errorf("receipt of a validator set that is in force no more: %w", err)
		}
	}
	return verified, nil
}

// expiryOf is a transaction whose expiry is asked about.
type expiryOf struct {
	id              tx.ID
	expiresAtUnixMs uint64
}

// expiryStatement fetches and verifies one validator's word that the id can never have a leaf. The tree that it speaks of is proved to be
// of the history that was seen: so it was signed after that tree was there.
func (c *Client) expiryStatement(ctx context.Context, v *validator, asked expiryOf) (*checkpoint.ExpiryStatement, error) {
	var e checkpoint.ExpiryStatement
	err := c.attempt(ctx, v, func(ctx context.Context, v *validator) error {
		res, err := v.GetExpiryStatement(ctx, &apiv1.GetExpiryStatementRequest{Id: asked.id[:], ExpiresAtUnixMs: asked.expiresAtUnixMs})
		if err == nil {
			e, err = expiryStatementOf(res.GetStatement())
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	// Its checkpoint is asked for after the statement, and so is as large.
	if err := c.learn(ctx, v); err != nil {
		c.log.Debug("validator did not prove the validator sets", "validator", v.address, "error", err)
	}
	c.rouse(ctx, v, asked)
	s := c.light.seen()
	if err := c.judge(s, e, asked); err != nil {
		c.log.Warn("expiry statement of a validator does not count", "validator", v.address, "error", err)
		return nil, err
	}
	if err := c.within(ctx, v, e.Size, e.Root); err != nil {
		return nil, fmt.Errorf("tree of an expiry statement: %w", err)
	}
	if err := c.tells(s, asked.expiresAtUnixMs); err != nil {
		return nil, err
	}
	return &e, nil
}

func expiryStatementOf(m *umojav1.ExpiryStatement) (checkpoint.ExpiryStatement, error) {
	if len(m.GetId()) != 32 || len(m.GetCheckpointRoot()) != 32 || len(m.GetSignature()) != 64 {
		return checkpoint.ExpiryStatement{}, fmt.Errorf("expiry statement: length of a field: %w", ErrBadAnswer)
	}
	return checkpoint.ExpiryStatement{
		ID: tx.ID(m.GetId()), ExpiresAtUnixMs: m.GetExpiresAtUnixMs(), HeaderIndex: m.GetHeaderIndex(),
		HeaderTimeUnixMs: m.GetHeaderTimeUnixMs(), Root: [32]byte(m.GetCheckpointRoot()), Size: m.GetCheckpointSize(),
		Validator: m.GetValidator(), Signature: [64]byte(m.GetSignature()),
	}, nil
}
