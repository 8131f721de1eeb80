package consensus

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Domain is the domain of every error's google.rpc.ErrorInfo.
const Domain = "umoja"

// public is one row of the table from sentinel to what the world sees.
type public struct {
	err    error
	code   codes.Code
	reason string
}

// table gives each sentinel its gRPC code and its stable reason. Of an error that is several, the first row counts: what
// leaves more open comes first. Reasons are never reused. A Refusal's reason is the name of
// its result code.
var table = []public{
	{ErrUnknownOutcome, codes.Unavailable, "UNKNOWN_OUTCOME"},
	{tx.ErrTooLarge, codes.InvalidArgument, "TOO_LARGE"},
	{tx.ErrNotCanonical, codes.InvalidArgument, "NOT_CANONICAL"},
	{tx.ErrMalformed, codes.InvalidArgument, "MALFORMED"},
	{tx.ErrBadSignature, codes.Unauthenticated, "BAD_SIGNATURE"},
	{ErrExpired, codes.FailedPrecondition, "EXPIRED"},
	{ErrNotExpired, codes.FailedPrecondition, "NOT_EXPIRED"},
	{ErrNotFound, codes.NotFound, "NOT_FOUND"},
	{ErrNotFinal, codes.FailedPrecondition, "NOT_FINAL"},
	{ErrOverloaded, codes.ResourceExhausted, "OVERLOADED"},
	{ErrRateLimited, codes.ResourceExhausted, "RATE_LIMITED"},
	{ErrField, codes.InvalidArgument, "INVALID_FIELD"},
	{ErrNoAliasKey, codes.FailedPrecondition, "NO_ALIAS_KEY"},
	{ErrNoLeader, codes.Unavailable, "NO_LEADER"},
	{ErrNotLeader, codes.Unavailable, "NO_LEADER"},
	{ErrStopped, codes.Unavailable, "STOPPING"},
	{ErrRemoved, codes.Unavailable, "STOPPING"},
	{transport.ErrStranger, codes.Unauthenticated, "STRANGER"},
	{ErrReplaced, codes.Unavailable, "STATE_REPLACED"},
	{context.DeadlineExceeded, codes.DeadlineExceeded, "DEADLINE"},
	{context.Canceled, codes.Canceled, "CANCELED"},
}

// refusals are the result codes that a Refusal may carry.
var refusals = []tx.Code{tx.Unauthorised, tx.ExpiryTooFar, tx.AccountUnknown, tx.DebitAccountUnknown, tx.QuotaExhausted}

// ToStatus makes a gRPC error of an error of this package. What is in no table is an internal error, and its text stays
// in the node's log.
func ToStatus(err error) error {
	if err == nil {
		return nil
	}
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return withReason(codes.PermissionDenied, refusal.Code.String(), err.Error())
	}
	for _, row := range table {
		if errors.Is(err, row.err) {
			return withReason(row.code, row.reason, err.Error())
		}
	}
	return withReason(codes.Internal, "INTERNAL", "internal error")
}

func withReason(code codes.Code, reason, message string) error {
	s := status.New(code, message)
	if detailed, err := s.WithDetails(&errdetails.ErrorInfo{Domain: Domain, Reason: reason}); err == nil {
		s = detailed
	}
	return s.Err()
}

// fromStatus makes this package's error of a peer's gRPC error.
func fromStatus(err error) error {
	s := status.Convert(err)
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.GetDomain() == Domain {
			if known := fromReason(info.GetReason()); known != nil {
				return known
			}
		}
	}
	return errors.Join(ErrUnknownOutcome, err)
}

// fromReason is the error of a stable reason; nil when there is none.
func fromReason(reason string) error {
	for _, code := range refusals {
		if reason == code.String() {
			return &Refusal{Code: code}
		}
	}
	for _, row := range table {
		if reason == row.reason {
			return row.err
		}
	}
	return nil
}

// fromFailure is fromStatus for one result among many.
func fromFailure(f *apiv1.SubmitFailure) error {
	if known := fromReason(f.GetReason()); known != nil {
		return known
	}
	return fmt.Errorf("failure %d: %w", f.GetCode(), ErrUnknownOutcome)
}

// ToFailure is ToStatus for one result among many.
func ToFailure(err error) *apiv1.SubmitFailure {
	s := status.Convert(ToStatus(err))
	f := &apiv1.SubmitFailure{Code: uint32(s.Code()), Message: s.Message()}
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			f.Reason = info.GetReason()
		}
	}
	return f
}
