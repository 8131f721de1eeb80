package tx

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/amount"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// Code is the recorded outcome of a transaction: the rule that decided. Codes are in order of precedence and never
// reused (SPEC.md 5).
type Code uint32

// The codes; result.proto says what each means.
const (
	OK                   = Code(umojav1.ResultCode_RESULT_CODE_OK)
	Unauthorised         = Code(umojav1.ResultCode_RESULT_CODE_UNAUTHORISED)
	ExpiryTooFar         = Code(umojav1.ResultCode_RESULT_CODE_EXPIRY_TOO_FAR)
	AccountExists        = Code(umojav1.ResultCode_RESULT_CODE_ACCOUNT_EXISTS)
	AccountUnknown       = Code(umojav1.ResultCode_RESULT_CODE_ACCOUNT_UNKNOWN)
	DebitAccountUnknown  = Code(umojav1.ResultCode_RESULT_CODE_DEBIT_ACCOUNT_UNKNOWN)
	CreditAccountUnknown = Code(umojav1.ResultCode_RESULT_CODE_CREDIT_ACCOUNT_UNKNOWN)
	AssetUnknown         = Code(umojav1.ResultCode_RESULT_CODE_ASSET_UNKNOWN)
	SelfTransfer         = Code(umojav1.ResultCode_RESULT_CODE_SELF_TRANSFER)
	AliasTaken           = Code(umojav1.ResultCode_RESULT_CODE_ALIAS_TAKEN)
	AliasNotBoundToPayee = Code(umojav1.ResultCode_RESULT_CODE_ALIAS_NOT_BOUND_TO_PAYEE)
	GrantUnknown         = Code(umojav1.ResultCode_RESULT_CODE_GRANT_UNKNOWN)
	GrantAboveTier       = Code(umojav1.ResultCode_RESULT_CODE_GRANT_ABOVE_TIER)
	FeeProviderUnknown   = Code(umojav1.ResultCode_RESULT_CODE_FEE_PROVIDER_UNKNOWN)
	FeeScheduleNotValid  = Code(umojav1.ResultCode_RESULT_CODE_FEE_SCHEDULE_NOT_VALID)
	FeeMismatch          = Code(umojav1.ResultCode_RESULT_CODE_FEE_MISMATCH)
	FeeAboveCeiling      = Code(umojav1.ResultCode_RESULT_CODE_FEE_ABOVE_CEILING)
	CapTransaction       = Code(umojav1.ResultCode_RESULT_CODE_CAP_TRANSACTION)
	CapDay               = Code(umojav1.ResultCode_RESULT_CODE_CAP_DAY)
	InsufficientBalance  = Code(umojav1.ResultCode_RESULT_CODE_INSUFFICIENT_BALANCE)
	AmountOverflow       = Code(umojav1.ResultCode_RESULT_CODE_AMOUNT_OVERFLOW)
	LeafTooLarge         = Code(umojav1.ResultCode_RESULT_CODE_LEAF_TOO_LARGE)
)

// String is the code's public name, such as INSUFFICIENT_BALANCE.
func (c Code) String() string {
	name := umojav1.ResultCode(c).String()
	const prefix = "RESULT_CODE_"
	if len(name) > len(prefix) && name[:len(prefix)] == prefix {
		return name[len(prefix):]
	}
	return name
}

// Result is the outcome of a transaction.
type Result struct {
	Code Code
	// Operation is the position of the refused operation. Invariant: 0 when Code is OK.
	Operation uint32
}

// Header is the leaf that ends a batch.
type Header struct {
	Batch            uint64
	TimeUnixMs       uint64
	StateRoot        [32]byte
	ValidatorSetHash [32]byte
	RulesVersion     uint32
	// BatchHash is the batch's; for the genesis the network id.
	BatchHash BatchHash
	Epoch     uint64
}

// Record is the leaf of a transaction.
type Record struct {
	// Envelope is the bytes as received.
	Envelope []byte
	Result   Result
	// PostStates are ascending by account and asset; empty for a refusal.
	PostStates []PostState
}

// PostState is a balance as a transaction left it.
type PostState struct {
	Account      AccountID
	Asset        Asset
	Posted, Held amount.Amount
	// PreviousLeaf touched this balance before; 0 when none did since the genesis.
	PreviousLeaf uint64
}

// Leaf is one record of the history: exactly one of its parts is set.
type Leaf struct {
	Header *Header
	Record *Record
}

// Encode gives the canonical bytes of a header leaf.
func (h Header) Encode() []byte {
	return marshal(&umojav1.Leaf{Leaf: &umojav1.Leaf_Header{Header: &umojav1.HeaderLeaf{
		Batch: h.Batch, TimeUnixMs: h.TimeUnixMs, StateRoot: h.StateRoot[:],
		ValidatorSetHash: h.ValidatorSetHash[:], RulesVersion: h.RulesVersion,
		BatchHash: h.BatchHash[:], Epoch: h.Epoch,
	}}}, formLeaf)
}

// Encode gives the canonical bytes of a transaction leaf; the caller checks MaxLeafBytes.
func (r Record) Encode() []byte {
	m := &umojav1.TransactionLeaf{
		Envelope: r.Envelope,
		Result:   &umojav1.Result{Code: umojav1.ResultCode(r.Result.Code), Operation: r.Result.Operation},
	}
	for _, p := range r.PostStates {
		m.PostStates = append(m.PostStates, &umojav1.PostState{
			Account: p.Account[:], Asset: uint32(p.Asset), Posted: uint64(p.Posted), Held: uint64(p.Held), PreviousLeaf: p.PreviousLeaf,
		})
	}
	return marshal(&umojav1.Leaf{Leaf: &umojav1.Leaf_Transaction{Transaction: m}}, formLeaf)
}

// ParseLeaf reads canonical bytes. The envelope inside is not parsed.
func ParseLeaf(raw []byte) (Leaf, error) {
	if len(raw) > MaxLeafBytes {
		return Leaf{}, fmt.Errorf("leaf is %d bytes, above %d: %w", len(raw), MaxLeafBytes, ErrTooLarge)
	}
	if err := formLeaf.check(raw); err != nil {
		return Leaf{}, err
	}
	var m umojav1.Leaf
	if err := proto.Unmarshal(raw, &m); err != nil {
		return Leaf{}, fmt.Errorf("leaf: %w", ErrNotCanonical)
	}
	switch l := m.GetLeaf().(type) {
	case *umojav1.Leaf_Header:
		h := &Header{Batch: l.Header.GetBatch(), TimeUnixMs: l.Header.GetTimeUnixMs(), RulesVersion: l.Header.GetRulesVersion(), Epoch: l.Header.GetEpoch()}
		if err := fixed(h.StateRoot[:], l.Header.GetStateRoot(), "header state_root"); err != nil {
			return Leaf{}, err
		}
		if err := fixed(h.ValidatorSetHash[:], l.Header.GetValidatorSetHash(), "header validator_set_hash"); err != nil {
			return Leaf{}, err
		}
		if err := fixed(h.BatchHash[:], l.Header.GetBatchHash(), "header batch_hash"); err != nil {
			return Leaf{}, err
		}
		return Leaf{Header: h}, nil
	case *umojav1.Leaf_Transaction:
		r := &Record{Envelope: l.Transaction.GetEnvelope()}
		r.Result = Result{Code: Code(l.Transaction.GetResult().GetCode()), Operation: l.Transaction.GetResult().GetOperation()}
		if r.Result.Code == 0 {
			return Leaf{}, fmt.Errorf("transaction leaf has no result: %w", ErrMalformed)
		}
		for _, pb := range l.Transaction.GetPostStates() {
			p := PostState{
				Asset: Asset(pb.GetAsset()), Posted: amount.Amount(pb.GetPosted()), Held: amount.Amount(pb.GetHeld()),
				PreviousLeaf: pb.GetPreviousLeaf(),
			}
			if err := fixed(p.Account[:], pb.GetAccount(), "post_state account"); err != nil {
				return Leaf{}, err
			}
			r.PostStates = append(r.PostStates, p)
		}
		return Leaf{Record: r}, nil
	}
	return Leaf{}, fmt.Errorf("leaf is empty: %w", ErrMalformed)
}
