package sdk

import (
	"errors"
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Errors of this package.
var (
	// ErrUnknown means the outcome is not known yet: the transaction may have been applied, may still be applied, or may
	// never be. Ask again with the same bytes, never with new ones. It wraps the context's error.
	ErrUnknown = errors.New("outcome is not known yet")
	// ErrUnavailable means no validator answered a read, or too few to be sure of the answer.
	ErrUnavailable = errors.New("not enough validators answered")
	// ErrDisagreement means validators answered differently, so that one of them is behind or lies.
	ErrDisagreement = errors.New("validators do not agree on the answer")
	// ErrQuotaExhausted means that the account that acts, or the provider that carries it, has no credits left for now. They come back with
	// time, and the same bytes are taken then, until they expire: this is no outcome.
	ErrQuotaExhausted = errors.New("no credits left for now")
	// ErrTooMany means that a list is longer than what this package reads.
	ErrTooMany = errors.New("list is too long to be read whole")
	// ErrNotFound means there is no such account, grant, asset, provider, hold, request or transaction.
	ErrNotFound = errors.New("not found")
	// ErrUnknownAlias means no account is bound to the phone number.
	ErrUnknownAlias = errors.New("phone number has no account")
	// ErrBadAnswer means a validator's answer does not verify or makes no sense.
	ErrBadAnswer = errors.New("answer of the validator does not verify")
	// ErrWrongNetwork means a validator is of another network than the genesis.
	ErrWrongNetwork = errors.New("validator is of another network")
	// ErrBadPayee means a text names neither a phone number, nor an account number, nor an account.
	ErrBadPayee = errors.New("payee is not a phone number (+254…), an account number or an account (umoja1…)")
	// ErrBadConfig means a Client cannot be opened with these settings.
	ErrBadConfig = errors.New("client configuration is not valid")
)

// RefusedError means validators would not take the envelope: nothing was recorded, no money moved by it, and the same
// transaction may be taken later or with other signatures. Later, that is when what it lacked has come (a right, an account), by whoever has it, until it
// expires: who makes a payment anew before then makes sure of that.
type RefusedError struct {
	// Reason is the stable name of the rule, such as UNAUTHORISED.
	Reason string
	// Unsettled says that an earlier hand-over of the same bytes was left without an answer, or that they were refused for a time that comes nearer by
	// itself (EXPIRY_TOO_FAR), so that a validator may still bring them to the ledger until they expire. Ask with Client.Outcome before giving the
	// payment up.
	Unsettled bool
}

// Error names the reason.
func (e *RefusedError) Error() string { return "transaction was refused: " + e.Reason }

// domain is that of every validator's ErrorInfo.
const domain = "umoja"

// Reasons that this package acts on; SPEC and the server's table say what each means.
const (
	reasonTooLarge     = "TOO_LARGE"
	reasonNotCanonical = "NOT_CANONICAL"
	reasonMalformed    = "MALFORMED"
	reasonBadSignature = "BAD_SIGNATURE"
	reasonExpired      = "EXPIRED"
	reasonNotExpired   = "NOT_EXPIRED"
	reasonNotFound     = "NOT_FOUND"
	reasonQuota        = "QUOTA_EXHAUSTED"
	reasonRateLimited  = "RATE_LIMITED"
	reasonTooFar       = "EXPIRY_TOO_FAR"
)

// refusals are the reasons that answer the envelope: asking the same validator again changes nothing soon.
var refusals = map[string]bool{
	reasonTooLarge: true, reasonNotCanonical: true, reasonMalformed: true, reasonBadSignature: true,
	"UNAUTHORISED": true, reasonTooFar: true, "ACCOUNT_UNKNOWN": true, "DEBIT_ACCOUNT_UNKNOWN": true,
}

// reasonOf is the stable reason of a validator's error, "" when it carries none.
func reasonOf(err error) string {
	s, ok := status.FromError(err)
	if !ok {
		return ""
	}
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.GetDomain() == domain {
			return info.GetReason()
		}
	}
	return ""
}

// decisive says whether a read's error is an answer, which another validator would give too, and under which name answers
// are alike. Everything else is one validator's trouble.
func decisive(err error) (string, bool) {
	if reason := reasonOf(err); reason == reasonNotFound || refusals[reason] {
		return reason, true
	}
	switch status.Code(err) {
	case codes.NotFound:
		return reasonNotFound, true
	case codes.InvalidArgument:
		return reasonMalformed, true
	}
	return "", false
}

// plain makes this package's error of a decisive one.
func plain(err error, reason string) error {
	if reason == reasonNotFound {
		return ErrNotFound
	}
	return fmt.Errorf("%s: %w", status.Convert(err).Message(), &RefusedError{Reason: reason})
}
