package tx

import (
	"slices"

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
	AccountUnknown       = Code(umojav1.ResultCode_RESULT_CODE_ACCOUNT_UNKNOWN)
	DebitAccountUnknown  = Code(umojav1.ResultCode_RESULT_CODE_DEBIT_ACCOUNT_UNKNOWN)
	QuotaExhausted       = Code(umojav1.ResultCode_RESULT_CODE_QUOTA_EXHAUSTED)
	AccountExists        = Code(umojav1.ResultCode_RESULT_CODE_ACCOUNT_EXISTS)
	CreditAccountUnknown = Code(umojav1.ResultCode_RESULT_CODE_CREDIT_ACCOUNT_UNKNOWN)
	AssetUnknown         = Code(umojav1.ResultCode_RESULT_CODE_ASSET_UNKNOWN)
	AliasUnknown         = Code(umojav1.ResultCode_RESULT_CODE_ALIAS_UNKNOWN)
	GrantUnknown         = Code(umojav1.ResultCode_RESULT_CODE_GRANT_UNKNOWN)
	HoldUnknown          = Code(umojav1.ResultCode_RESULT_CODE_HOLD_UNKNOWN)
	RequestUnknown       = Code(umojav1.ResultCode_RESULT_CODE_REQUEST_UNKNOWN)
	MoveUnknown          = Code(umojav1.ResultCode_RESULT_CODE_MOVE_UNKNOWN)
	RecoveryUnknown      = Code(umojav1.ResultCode_RESULT_CODE_RECOVERY_UNKNOWN)
	ProviderUnknown      = Code(umojav1.ResultCode_RESULT_CODE_PROVIDER_UNKNOWN)
	AttestorUnknown      = Code(umojav1.ResultCode_RESULT_CODE_ATTESTOR_UNKNOWN)
	BallotUnknown        = Code(umojav1.ResultCode_RESULT_CODE_BALLOT_UNKNOWN)
	TransferUnknown      = Code(umojav1.ResultCode_RESULT_CODE_TRANSFER_UNKNOWN)
	SelfTransfer         = Code(umojav1.ResultCode_RESULT_CODE_SELF_TRANSFER)
	AliasTaken           = Code(umojav1.ResultCode_RESULT_CODE_ALIAS_TAKEN)
	AliasQuarantined     = Code(umojav1.ResultCode_RESULT_CODE_ALIAS_QUARANTINED)
	AliasNotBoundToPayee = Code(umojav1.ResultCode_RESULT_CODE_ALIAS_NOT_BOUND_TO_PAYEE)
	AliasProvisional     = Code(umojav1.ResultCode_RESULT_CODE_ALIAS_PROVISIONAL)
	AssetCodeTaken       = Code(umojav1.ResultCode_RESULT_CODE_ASSET_CODE_TAKEN)
	KeyTaken             = Code(umojav1.ResultCode_RESULT_CODE_KEY_TAKEN)
	MovePending          = Code(umojav1.ResultCode_RESULT_CODE_MOVE_PENDING)
	RecoveryPending      = Code(umojav1.ResultCode_RESULT_CODE_RECOVERY_PENDING)
	AlreadyHeld          = Code(umojav1.ResultCode_RESULT_CODE_ALREADY_HELD)
	NotHeld              = Code(umojav1.ResultCode_RESULT_CODE_NOT_HELD)
	AlreadyVoted         = Code(umojav1.ResultCode_RESULT_CODE_ALREADY_VOTED)
	NothingToChange      = Code(umojav1.ResultCode_RESULT_CODE_NOTHING_TO_CHANGE)
	HoldMismatch         = Code(umojav1.ResultCode_RESULT_CODE_HOLD_MISMATCH)
	RequestMismatch      = Code(umojav1.ResultCode_RESULT_CODE_REQUEST_MISMATCH)
	PreimageMismatch     = Code(umojav1.ResultCode_RESULT_CODE_PREIMAGE_MISMATCH)
	TimeNotValid         = Code(umojav1.ResultCode_RESULT_CODE_TIME_NOT_VALID)
	VersionNotNext       = Code(umojav1.ResultCode_RESULT_CODE_VERSION_NOT_NEXT)
	AssetIsNoVoucher     = Code(umojav1.ResultCode_RESULT_CODE_ASSET_IS_NO_VOUCHER)
	AccountFrozen        = Code(umojav1.ResultCode_RESULT_CODE_ACCOUNT_FROZEN)
	VoucherExpired       = Code(umojav1.ResultCode_RESULT_CODE_VOUCHER_EXPIRED)
	PayeeNotListed       = Code(umojav1.ResultCode_RESULT_CODE_PAYEE_NOT_LISTED)
	GrantAboveTier       = Code(umojav1.ResultCode_RESULT_CODE_GRANT_ABOVE_TIER)
	FeeProviderUnknown   = Code(umojav1.ResultCode_RESULT_CODE_FEE_PROVIDER_UNKNOWN)
	FeeScheduleNotValid  = Code(umojav1.ResultCode_RESULT_CODE_FEE_SCHEDULE_NOT_VALID)
	FeeSchedulePending   = Code(umojav1.ResultCode_RESULT_CODE_FEE_SCHEDULE_PENDING)
	FeeRaiseTooSoon      = Code(umojav1.ResultCode_RESULT_CODE_FEE_RAISE_TOO_SOON)
	FeeMismatch          = Code(umojav1.ResultCode_RESULT_CODE_FEE_MISMATCH)
	FeeAboveCeiling      = Code(umojav1.ResultCode_RESULT_CODE_FEE_ABOVE_CEILING)
	CapTransaction       = Code(umojav1.ResultCode_RESULT_CODE_CAP_TRANSACTION)
	CapDay               = Code(umojav1.ResultCode_RESULT_CODE_CAP_DAY)
	LimitTransaction     = Code(umojav1.ResultCode_RESULT_CODE_LIMIT_TRANSACTION)
	LimitDay             = Code(umojav1.ResultCode_RESULT_CODE_LIMIT_DAY)
	ProvisionalInflow    = Code(umojav1.ResultCode_RESULT_CODE_PROVISIONAL_INFLOW)
	InsufficientBalance  = Code(umojav1.ResultCode_RESULT_CODE_INSUFFICIENT_BALANCE)
	CaptureAboveHold     = Code(umojav1.ResultCode_RESULT_CODE_CAPTURE_ABOVE_HOLD)
	ReturnAboveTransfer  = Code(umojav1.ResultCode_RESULT_CODE_RETURN_ABOVE_TRANSFER)
	AmountOverflow       = Code(umojav1.ResultCode_RESULT_CODE_AMOUNT_OVERFLOW)
	NoLegApplied         = Code(umojav1.ResultCode_RESULT_CODE_NO_LEG_APPLIED)
	LeafTooLarge         = Code(umojav1.ResultCode_RESULT_CODE_LEAF_TOO_LARGE)
)

// Decides says whether the code is recorded under the transaction's id for ever. The others depend on the envelope or on
// the moment.
func (c Code) Decides() bool { return c == OK || c > 9 }

// Known says whether this version defines the code.
func (c Code) Known() bool { return c > 0 && umojav1.ResultCode_name[int32(c)] != "" }

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
	// Legs are the refused legs of bulk transfers whose other legs stand, ascending. Invariant: empty unless Code is OK.
	Legs []LegResult
}

// Equal says whether two results are one.
func (r Result) Equal(other Result) bool {
	return r.Code == other.Code && r.Operation == other.Operation && slices.Equal(r.Legs, other.Legs)
}

// LegResult is a refused leg of a bulk transfer.
type LegResult struct {
	Operation, Leg uint32
	Code           Code
}

// Proto gives the message of a result, as leaves and answers carry it.
func (r Result) Proto() *umojav1.Result {
	m := &umojav1.Result{Code: umojav1.ResultCode(r.Code), Operation: r.Operation}
	for _, leg := range r.Legs {
		m.Legs = append(m.Legs, &umojav1.LegResult{Operation: leg.Operation, Leg: leg.Leg, Code: umojav1.ResultCode(leg.Code)})
	}
	return m
}
